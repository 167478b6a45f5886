//! A folder of one test, copied from a template.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::database::build;

/// Copies into a folder what `prepare` leaves in one when it is first asked for. A rebuilt test binary
/// prepares its own.
pub async fn copied(template: &str, into: &Path, prepare: impl AsyncFnOnce(PathBuf)) {
    let binary = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    // Beside the test binaries, where whoever cleans up removes it, too.
    let templates = binary.with_extension("templates");
    let ready = templates.join(format!("{template}_{}", build()));
    let done = match copy(&ready, into) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = make(&templates, template, &ready, prepare).await;
            made.and_then(|()| copy(&ready, into))
        }
        done => done,
    };
    done.unwrap_or_else(|error| panic!("{}: {error}", ready.display()));
}

async fn make(
    templates: &Path,
    name: &str,
    ready: &Path,
    prepare: impl AsyncFnOnce(PathBuf),
) -> io::Result<()> {
    fs::create_dir_all(templates)?;
    let lock = File::create(templates.join("lock"))?;
    lock.lock()?;
    if ready.exists() {
        return Ok(());
    }
    // Those of earlier builds.
    for old in fs::read_dir(templates)?.flatten() {
        let of_this = |file: &str| file.starts_with(&format!("{name}_"));
        if old.file_name().to_str().is_some_and(of_this) {
            fs::remove_dir_all(old.path())?;
        }
    }
    let raw = templates.join(format!("raw_{name}"));
    if raw.exists() {
        fs::remove_dir_all(&raw)?;
    }
    fs::create_dir(&raw)?;
    prepare(raw.clone()).await;
    // Only what is ready gets the name that others look for.
    fs::rename(&raw, ready)
}

fn copy(from: &Path, into: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
