//! Putting a backup back: everything is copied and checked first, then swapped in. What was there
//! before is set aside, never deleted.

use std::fs;
use std::path::{Path, PathBuf};

use scriptorium_model::{Ambient, Invalid};

use super::manifest::{Manifest, bad};
use super::take::entries;
use super::{PLATFORM, TENANTS, copy};
use crate::error::Result;
use crate::files::{self, LockFile, RESTORING};

/// What of a data directory a restore may find in it: none of it is the database.
const BESIDE: [&str; 5] = ["scriptorium.lock", "keys", "engine", "backups", RESTORING];

/// Which backup goes where.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The folder of the backup.
    pub folder: PathBuf,
    /// The data directory to fill; made when missing.
    pub data_dir: PathBuf,
    /// Whether databases that are there are set aside; refused otherwise.
    pub force: bool,
    /// Checks the backup and the target, and changes nothing.
    pub dry_run: bool,
}

/// Restores a backup; its manifest. Every file's digest is compared, and every database is read
/// through, before the first is put in place. With `force`, what was in the target is moved to
/// `replaced-<instant>` inside it.
///
/// # Errors
/// `Invalid` on `folder` for what is no backup, is damaged, or of a newer release, and on
/// `data_dir` for a target that is not empty; `Platform` when a server has it open.
pub fn restore(what: &Restore, ambient: &Ambient) -> Result<Manifest> {
    let manifest = Manifest::read(&what.folder)?;
    refuse_used(what)?;
    if what.dry_run {
        return try_out(what, manifest);
    }
    files::make_private_dir(&what.data_dir)?;
    let _lock = LockFile::take(&what.data_dir)?;
    let staged = what.data_dir.join(RESTORING);
    if staged.exists() {
        fs::remove_dir_all(&staged).map_err(|error| copy::cannot("remove", &staged, error))?;
    }
    if let Err(error) = stage(&what.folder, &staged, &manifest) {
        // The reason counts; the next attempt removes what is left.
        let _ = fs::remove_dir_all(&staged);
        return Err(error);
    }
    set_aside(&what.data_dir, ambient)?;
    copy::rename(&staged.join(TENANTS), &what.data_dir.join(TENANTS))?;
    copy::rename(&staged.join(PLATFORM), &what.data_dir.join(PLATFORM))?;
    copy::sync(&what.data_dir)?;
    fs::remove_dir_all(&staged).map_err(|error| copy::cannot("remove", &staged, error))?;
    copy::sync(&what.data_dir)?;
    Ok(manifest)
}

fn refuse_used(what: &Restore) -> Result<()> {
    let used = entries(&what.data_dir)?
        .into_iter()
        .find(|name| !BESIDE.contains(&name.as_str()));
    match used {
        Some(name) if !what.force => {
            let message = format!("{} is not empty: it holds {name}", what.data_dir.display());
            Err(Invalid::field("data_dir", "not_empty", message).into())
        }
        _ => Ok(()),
    }
}

/// The checks of a restore, where the backup is.
fn try_out(what: &Restore, manifest: Manifest) -> Result<Manifest> {
    if what.data_dir.exists() {
        LockFile::take(&what.data_dir)?;
    }
    for file in &manifest.files {
        let path = what.folder.join(&file.path);
        let found = copy::digest(&path)?;
        compare(&file.path, (file.bytes, &file.sha256), found)?;
        copy::check(&path)?;
    }
    check_schema(&what.folder, &manifest)?;
    Ok(manifest)
}

/// Copies every file beside its place and checks the copies, so that what was checked is what is
/// put in place.
fn stage(folder: &Path, staged: &Path, manifest: &Manifest) -> Result<()> {
    files::make_private_dir(&staged.join(TENANTS))?;
    for file in &manifest.files {
        let path = staged.join(&file.path);
        // What waits in it to be relayed is looked for, whatever became of it when the backup was taken.
        if let Some(tenant) = file
            .path
            .strip_suffix(".db")
            .filter(|path| path.starts_with(TENANTS))
        {
            copy::write(&staged.join(format!("{tenant}.outbox")), &[])?;
        }
        let found = copy::copy(&folder.join(&file.path), &path)?;
        compare(&file.path, (file.bytes, &file.sha256), found)?;
        copy::check(&path)?;
    }
    check_schema(staged, manifest)?;
    copy::sync(&staged.join(TENANTS))?;
    copy::sync(staged)
}

fn compare(path: &str, expected: (u64, &str), found: (u64, String)) -> Result<()> {
    if expected == (found.0, found.1.as_str()) {
        Ok(())
    } else {
        Err(bad(format!("{path} is not the file that was backed up")))
    }
}

/// The file's own word counts: a manifest that says less would let a newer schema through.
fn check_schema(folder: &Path, manifest: &Manifest) -> Result<()> {
    let found = copy::schema_version(&folder.join(PLATFORM))?;
    if found == manifest.schema_version {
        return Ok(());
    }
    Err(bad(format!(
        "{PLATFORM} has the schema {found:04}, and the manifest says {:04}",
        manifest.schema_version
    )))
}

/// Moves the databases of a data directory, and what SQLite keeps beside them, out of the way.
fn set_aside(data_dir: &Path, ambient: &Ambient) -> Result<()> {
    let now = ambient.now().strftime("%Y%m%dT%H%M%S.%6fZ");
    let aside = data_dir.join(format!("replaced-{now}"));
    for name in entries(data_dir)? {
        if name != TENANTS && !name.starts_with(PLATFORM) {
            continue;
        }
        files::make_private_dir(&aside)?;
        copy::rename(&data_dir.join(&name), &aside.join(&name))?;
    }
    if aside.exists() {
        copy::sync(&aside)?;
    }
    Ok(())
}
