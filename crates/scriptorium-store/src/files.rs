//! The store's files on disk: for the owner's eyes only, and used by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::error::{Error, Result};

/// The folder of a restore that has not ended. While it is there, the databases beside it are
/// missing or of two backups.
pub(crate) const RESTORING: &str = "restoring";

/// Refuses a data directory in which a restore was interrupted.
pub(crate) fn refuse_half_restored(dir: &Path) -> Result<()> {
    if dir.join(RESTORING).exists() {
        let message = format!(
            "a restore of {} has not ended: run it again with --force",
            dir.display()
        );
        return Err(Error::platform(message));
    }
    Ok(())
}

/// Makes a directory that others cannot read, unless it is there already.
pub(crate) fn make_private_dir(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder
        .create(path)
        .map_err(|error| Error::caused(format!("cannot make {}", path.display()), error))
}

/// Makes an empty file that others cannot read, unless it is there already. SQLite gives the files
/// beside it the same rights.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    open_private(path).map(drop)
}

/// Removes a file, unless it is not there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::caused(
            format!("cannot remove {}", path.display()),
            error,
        )),
        _ => Ok(()),
    }
}

fn open_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    options.mode(0o600);
    options
        .open(path)
        .map_err(|error| Error::caused(format!("cannot open {}", path.display()), error))
}

/// Proof that this process alone has the data directory open; released when dropped.
#[derive(Debug)]
pub(crate) struct LockFile(#[expect(dead_code, reason = "held for its lock")] File);

impl LockFile {
    /// Takes the lock or says who probably has it.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("scriptorium.lock");
        let shown = path.display();
        let file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::platform(format!(
                "{shown} is locked: another server uses this data directory"
            ))),
            Err(TryLockError::Error(error)) => {
                Err(Error::caused(format!("cannot lock {shown}"), error))
            }
        }
    }
}
