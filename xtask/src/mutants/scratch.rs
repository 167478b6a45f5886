//! The copy of the tree that mutants are planted in. It stays between runs, and only what differs is
//! written, so that only what differs is compiled. The workspace is whole in it, because cargo unifies
//! the features of dependencies over all packages it is asked for: with fewer, dependencies would be
//! compiled anew. But only the package in question has tests, so that nothing above it is compiled.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::list::Mutant;
use crate::guest;
use crate::tidy::source;

/// What is built and not committed, and has to be there before anything compiles.
const BUILT: [&str; 2] = ["crates/scriptorium-engine/guest/dist", "web/dist"];
/// Where a change means another guest.
const GUEST: &str = "crates/scriptorium-engine/guest/";
/// The compiler of the guest, which is large.
const TOOLS: &str = ".tools";

/// A copy of a tree.
pub(super) struct Scratch {
    tree: PathBuf,
    root: PathBuf,
    target: PathBuf,
}

impl Scratch {
    pub(super) fn new(tree: &Path) -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| tree.join("target"), |target| tree.join(target));
        let root = target.join("mutants/tree");
        fs::create_dir_all(&root)?;
        match symlink(tree.join(TOOLS), root.join(TOOLS)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        Ok(Self {
            tree: tree.to_owned(),
            root,
            target,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Makes it what the tree is, with the tests of one package.
    pub(super) fn renew(&self, package: &str) -> Result<()> {
        let mut wanted: BTreeSet<String> = source::listed(&self.tree)?.into_iter().collect();
        for folder in BUILT {
            let all = files_below(&self.tree, folder);
            wanted.extend(all.with_context(|| format!("{folder} is missing: make ready"))?);
        }
        // A file that is deleted and not yet committed is still listed.
        wanted.retain(|path| self.tree.join(path).is_file());
        for path in files_below(&self.root, "")? {
            if !wanted.contains(&path) {
                fs::remove_file(self.root.join(path))?;
            }
        }
        for path in wanted {
            let content = fs::read(self.tree.join(&path))?;
            match path.strip_suffix("/Cargo.toml") {
                Some(folder) => self.write(&path, &self.manifest(folder, content, package)?)?,
                None => self.write(&path, &content)?,
            }
        }
        Ok(())
    }

    /// Takes out what the mutant takes out.
    pub(super) fn plant(&self, mutant: &Mutant) -> Result<()> {
        let text = fs::read_to_string(self.root.join(mutant.file))?;
        let found = text.matches(mutant.from).count();
        ensure!(
            found == 1,
            "its text occurs {found} times in {}",
            mutant.file
        );
        let text = text.replacen(mutant.from, mutant.to, 1);
        self.write(mutant.file, text.as_bytes())?;
        if mutant.file.starts_with(GUEST) {
            guest::run(&self.root, &["--accept".to_owned()])?;
        }
        Ok(())
    }

    /// What stands for the manifest in this folder.
    fn manifest(&self, folder: &str, content: Vec<u8>, package: &str) -> Result<Vec<u8>> {
        let manifest = String::from_utf8(content)?;
        let source = self.tree.join(folder).join("src");
        let [library, command] = ["lib.rs", "main.rs"].map(|file| source.join(file).exists());
        let quiet = match name_of(&manifest) {
            Some(name) if name != package => without_tests(&manifest, name, library, command),
            _ => manifest,
        };
        Ok(quiet.into_bytes())
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<()> {
        let path = self.root.join(path);
        if fs::read(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The manifest of a crate whose tests are switched off: it is built when something else needs it.
fn without_tests(manifest: &str, name: &str, has_library: bool, has_command: bool) -> String {
    let off = "[package]\nautotests = false\nautoexamples = false\nautobenches = false\n";
    let mut manifest = manifest.replacen("[package]\n", off, 1);
    let quiet = "[lib]\ntest = false\ndoctest = false\n";
    if manifest.contains("[lib]\n") {
        manifest = manifest.replacen("[lib]\n", quiet, 1);
    } else if has_library {
        manifest.push_str(&format!("\n{quiet}"));
    }
    if manifest.contains("[[bin]]\n") {
        manifest = manifest.replacen("[[bin]]\n", "[[bin]]\ntest = false\n", 1);
    } else if has_command {
        let command = format!("name = \"{name}\"\npath = \"src/main.rs\"\ntest = false\n");
        manifest.push_str(&format!("\n[[bin]]\n{command}"));
    }
    manifest
}

/// The name of the package, if it is not the workspace's manifest.
fn name_of(manifest: &str) -> Option<&str> {
    let quoted = manifest.strip_prefix("[package]\nname = \"")?;
    quoted.split('"').next()
}

/// Paths from the root, of files below one of its folders; links are not followed.
fn files_below(root: &Path, folder: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                let path = path
                    .strip_prefix(root)?
                    .to_str()
                    .context("a path in UTF-8")?;
                found.push(path.to_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, has_library: bool, has_command: bool, expected: &str) {
        let name = name_of(manifest).unwrap();
        let got = without_tests(manifest, name, has_library, has_command);
        let off = "[package]\nautotests = false\nautoexamples = false\nautobenches = false\n";
        assert_eq!(got, format!("{off}{expected}"));
    }

    #[test]
    fn crates_in_question_alone_keep_their_tests() {
        let plain = "[package]\nname = \"a\"\n";
        let library = "\n[lib]\ntest = false\ndoctest = false\n";
        let command = "\n[[bin]]\nname = \"a\"\npath = \"src/main.rs\"\ntest = false\n";
        check(plain, true, false, &format!("name = \"a\"\n{library}"));
        check(plain, false, true, &format!("name = \"a\"\n{command}"));
        check(
            plain,
            true,
            true,
            &format!("name = \"a\"\n{library}{command}"),
        );
        let named = "[package]\nname = \"a\"\n\n[[bin]]\nname = \"b\"\n";
        let quiet = "name = \"a\"\n\n[[bin]]\ntest = false\nname = \"b\"\n";
        check(named, false, true, quiet);
        let macros = "[package]\nname = \"a\"\n\n[lib]\nproc-macro = true\n";
        let quiet = "name = \"a\"\n\n[lib]\ntest = false\ndoctest = false\nproc-macro = true\n";
        check(macros, true, false, quiet);
        assert_eq!(name_of("[workspace]\nname = \"a\"\n"), None);
    }
}
