//! What a fuzz target begins with and what it once found, each file once: part of every commit.

use std::fs;
use std::path::{Path, PathBuf};

/// Holds every seed and every regression of a target against its property.
pub(crate) fn replay(target: &str, check: impl Fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let mut files: Vec<PathBuf> = ["seeds", "regressions"]
        .into_iter()
        .filter_map(|kind| fs::read_dir(root.join(kind).join(target)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no seeds");
    for file in files {
        // The last one that is named is the one at fault.
        eprintln!("{}", file.display());
        check(&fs::read(&file).unwrap());
    }
}
