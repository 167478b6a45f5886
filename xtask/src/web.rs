//! `cargo xtask web`: bundles the browser assets by `npm ci` and `node build.mjs` in `web/`.
//! Skips both when no input changed since the last time; `--force` bundles anyway.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

/// What the bundle is made from: its sources, and what Tailwind scans for class names.
const INPUTS: [&str; 3] = [
    "web",
    "crates/scriptorium-ui/templates",
    "crates/scriptorium-ui/src",
];

/// Written by the build, so never an input.
const OUTPUTS: [&str; 2] = ["node_modules", "dist"];

pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let force = match arguments {
        [] => false,
        [only] if only == "--force" => true,
        _ => bail!("`web` knows one option, --force"),
    };
    let web = root.join("web");
    let stamps = root.join(".tools");
    fs::create_dir_all(&stamps)?;

    let packages = Stamp {
        file: stamps.join("web-packages.stamp"),
        digest: digest(root, &["web/package.json", "web/package-lock.json"])?,
    };
    if force || !packages.is_current() || !web.join("node_modules").is_dir() {
        let npm = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        execute(Command::new("npm").args(npm).current_dir(&web))?;
        packages.write()?;
    }

    let bundle = Stamp {
        file: stamps.join("web.stamp"),
        digest: digest(root, &INPUTS)?,
    };
    if force || !bundle.is_current() || !web.join("dist/manifest.json").is_file() {
        execute(Command::new("node").arg("build.mjs").current_dir(&web))?;
        bundle.write()?;
    }
    Ok(())
}

/// The digest of some inputs, and the file that remembers it from the last build.
struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|written| written == self.digest)
    }

    fn write(&self) -> anyhow::Result<()> {
        fs::write(&self.file, &self.digest)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn execute(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// One digest over the paths and contents below `inputs`; a missing input counts as empty.
fn digest(root: &Path, inputs: &[&str]) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();

    let mut hasher = Sha256::new();
    for file in files {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file);
        hasher.update(name.as_os_str().as_encoded_bytes());
        hasher.update([0]);
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(content);
    }
    let mut text = String::new();
    for byte in hasher.finalize() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let Ok(entries) = fs::read_dir(path) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        if !OUTPUTS.iter().any(|output| entry.file_name() == *output) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_added_or_renamed_input_changes_the_digest() {
        let folder = std::env::temp_dir().join(format!("xtask-web-{}", std::process::id()));
        fs::create_dir_all(folder.join("web/dist")).unwrap();
        let mut seen = Vec::new();
        let mut look = || seen.push(digest(&folder, &["web"]).unwrap());

        fs::write(folder.join("web/a.mjs"), "1").unwrap();
        look();
        fs::write(folder.join("web/a.mjs"), "2").unwrap();
        look();
        fs::write(folder.join("web/b.mjs"), "").unwrap();
        look();
        fs::rename(folder.join("web/b.mjs"), folder.join("web/c.mjs")).unwrap();
        look();
        fs::write(folder.join("web/dist/out.js"), "built").unwrap();
        look();

        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(seen[3], seen[4], "outputs are no inputs");
        seen.pop();
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count, "each change shows");
    }
}
