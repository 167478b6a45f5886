//! Taking backups, listing them, and removing the oldest.

use std::fs;
use std::path::{Path, PathBuf};

use scriptorium_model::Ambient;
use tokio_util::sync::CancellationToken;

use super::manifest::{self, BackupFile, Manifest, is_tenant_file};
use super::{PLATFORM, TENANTS, copy};
use crate::Store;
use crate::db::Dialect;
use crate::error::{Error, Result};
use crate::files::{self, LockFile};

/// What the folder of an unfinished backup begins with.
const UNFINISHED: &str = ".unfinished-";

/// Where a backup goes, and how many stay.
#[derive(Clone, Debug)]
pub struct TakeBackup {
    /// The folder of all backups; made when missing.
    pub folder: PathBuf,
    /// How many backups stay in the folder, the new one included; all of them when `None`.
    pub keep: Option<usize>,
    /// Ends it early: what was begun is removed.
    pub stop: CancellationToken,
}

/// A finished backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its folder, named after the instant.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

impl Store {
    /// Copies the platform's file and every tenant's into a new folder while they are in use. Each
    /// copy is its file as it was at one instant. Tenants' files come first: what they hand over to
    /// the platform they do again after a restore, and the platform knows it.
    ///
    /// # Errors
    /// `Conflict` on PostgreSQL, which has its own tools; the disk is full or not writable.
    pub fn back_up(&self, what: &TakeBackup) -> Result<Backup> {
        if self.db().dialect() == Dialect::Postgres {
            return Err(Error::Conflict {
                what: "backup_of_postgres",
                field: "database",
            });
        }
        take(self.data_dir(), what, &self.inner.ambient)
    }
}

/// The same for a data directory that no server has open.
///
/// # Errors
/// A server has it, there is no database in it, or the disk is full or not writable.
pub fn take_offline(data_dir: &Path, what: &TakeBackup, ambient: &Ambient) -> Result<Backup> {
    if !data_dir.join(PLATFORM).is_file() {
        let message = format!("{} holds no {PLATFORM}", data_dir.display());
        return Err(scriptorium_model::Invalid::field("data_dir", "not_found", message).into());
    }
    let _lock = LockFile::take(data_dir)?;
    take(data_dir, what, ambient)
}

/// The finished backups in a folder, the oldest first. A folder that is not there has none.
///
/// # Errors
/// The folder cannot be read.
pub fn backups(folder: &Path) -> Result<Vec<Backup>> {
    let mut found: Vec<Backup> = entries(folder)?
        .into_iter()
        .filter(|name| is_backup_name(name))
        .filter_map(|name| {
            let folder = folder.join(name);
            let manifest = Manifest::read(&folder).ok()?;
            Some(Backup { folder, manifest })
        })
        .collect();
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

fn take(data_dir: &Path, what: &TakeBackup, ambient: &Ambient) -> Result<Backup> {
    files::make_private_dir(&what.folder)?;
    for left in entries(&what.folder)? {
        if left.starts_with(UNFINISHED) {
            remove(&what.folder.join(left))?;
        }
    }
    let created_at = ambient.now();
    // Sorts by time, and is a name that every file system takes.
    let name = created_at.strftime("%Y%m%dT%H%M%S.%6fZ").to_string();
    let unfinished = what.folder.join(format!("{UNFINISHED}{name}"));
    let files = fill(data_dir, &unfinished, &what.stop);
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            // The reason counts; what is left goes with the next backup at the latest.
            let _ = fs::remove_dir_all(&unfinished);
            return Err(error);
        }
    };
    let schema = copy::schema_version(&unfinished.join(PLATFORM))?;
    let manifest = Manifest::new(schema, created_at, files);
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| Error::caused("the manifest could not be written", error))?;
    copy::write(&unfinished.join(manifest::NAME), &text)?;
    copy::sync(&unfinished)?;
    let folder = what.folder.join(name);
    copy::rename(&unfinished, &folder)?;
    copy::sync(&what.folder)?;
    if let Some(keep) = what.keep {
        remove_oldest(&what.folder, keep.max(1))?;
    }
    Ok(Backup { folder, manifest })
}

fn fill(data_dir: &Path, to: &Path, stop: &CancellationToken) -> Result<Vec<BackupFile>> {
    files::make_private_dir(&to.join(TENANTS))?;
    let mut paths: Vec<String> = entries(&data_dir.join(TENANTS))?
        .into_iter()
        .filter(|name| is_tenant_file(name))
        .map(|name| format!("{TENANTS}/{name}"))
        .collect();
    paths.push(PLATFORM.to_owned());
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        if stop.is_cancelled() {
            return Err(Error::platform("the backup was stopped"));
        }
        let target = to.join(&path);
        copy::snapshot(&data_dir.join(&path), &target, stop)?;
        let (bytes, sha256) = copy::digest(&target)?;
        files.push(BackupFile {
            path,
            bytes,
            sha256,
        });
    }
    copy::sync(&to.join(TENANTS))?;
    Ok(files)
}

fn remove_oldest(folder: &Path, keep: usize) -> Result<()> {
    let found = backups(folder)?;
    let surplus = found.len().saturating_sub(keep);
    found
        .iter()
        .take(surplus)
        .try_for_each(|old| remove(&old.folder))
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).map_err(|error| copy::cannot("remove", folder, error))
}

/// The names in a folder; none when it is not there. Names that are no UTF-8 are not ours.
pub(super) fn entries(folder: &Path) -> Result<Vec<String>> {
    let refused = |error| copy::cannot("read", folder, error);
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(refused(error)),
    };
    let mut names = Vec::new();
    for entry in found {
        names.extend(entry.map_err(refused)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a name is one that [`take`] gives, so that nothing else is ever removed.
fn is_backup_name(name: &str) -> bool {
    let shape = "ddddddddTdddddd.ddddddZ";
    name.len() == shape.len()
        && name.chars().zip(shape.chars()).all(|(found, expected)| {
            if expected == 'd' {
                found.is_ascii_digit()
            } else {
                found == expected
            }
        })
}
