//! Backups of the SQLite files: by a running platform for whoever manages tenants, and for a data
//! directory that no server has open. PostgreSQL is backed up by its own tools.

use std::path::{Path, PathBuf};

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, policy};
use scriptorium_store::backup as store;
use tokio_util::sync::CancellationToken;

pub use scriptorium_store::backup::{Backup, BackupFile, Manifest, Restore};

use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::wiring;

/// Backups of the whole platform; from [`Platform::backups`].
#[derive(Clone, Copy, Debug)]
pub struct Backups<'a>(pub(crate) &'a Platform);

impl Backups<'_> {
    /// Takes a backup into the platform's folder of backups while everything goes on, and removes
    /// the oldest beyond `keep`.
    ///
    /// # Errors
    /// Another is being taken (`backup_running`), the database is PostgreSQL, the disk is full, or
    /// the permission `tenants.manage` is missing.
    #[boxed]
    pub async fn take(&self, ctx: &Ctx, keep: Option<usize>) -> Result<Backup> {
        policy::require(ctx, Permission::TenantsManage)?;
        let turn = self.0.backing_up().try_lock_owned().map_err(|_| {
            let message = "a backup is being taken; wait until it has ended";
            Error::conflict("backup_running", None, message)
        })?;
        let store = self.0.store().clone();
        let what = store::TakeBackup {
            folder: self.0.backup_dir().to_owned(),
            keep,
            stop: self.0.stopping(),
        };
        let work = move || {
            let taken = store.back_up(&what);
            drop(turn);
            taken
        };
        blocking(work).await.map_err(|error| {
            if error.code() == "backup_of_postgres" {
                let message = "PostgreSQL is backed up by its own tools, such as pg_dump";
                return Error::conflict("backup_of_postgres", None, message);
            }
            error
        })
    }

    /// The backups in the platform's folder, the oldest first.
    ///
    /// # Errors
    /// The permission `tenants.manage` is missing, or the folder cannot be read.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Backup>> {
        policy::require(ctx, Permission::TenantsManage)?;
        let folder = self.0.backup_dir().to_owned();
        blocking(move || store::backups(&folder)).await
    }
}

/// Takes a backup of a data directory that no server has open into a folder of backups.
///
/// # Errors
/// A server has it, it holds no database, or the disk is full.
#[boxed]
pub async fn take_offline(
    data_dir: PathBuf,
    folder: PathBuf,
    keep: Option<usize>,
) -> Result<Backup> {
    let stop = CancellationToken::new();
    let what = store::TakeBackup { folder, keep, stop };
    blocking(move || store::take_offline(&data_dir, &what, &wiring::ambient())).await
}

/// Puts a backup into a data directory, after everything in it was checked; what it held.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] for what is no backup, is damaged or of a newer release, and for
/// a target that is not empty; a server has the target open.
#[boxed]
pub async fn restore(what: Restore) -> Result<Manifest> {
    blocking(move || store::restore(&what, &wiring::ambient())).await
}

/// Writes the keys of a data directory into one new file; how many there are.
///
/// # Errors
/// There are none, or the file exists.
pub fn save_keys(data_dir: &Path, to: &Path) -> Result<usize> {
    Ok(store::save_keys(data_dir, to)?)
}

/// Puts saved keys into a data directory; how many there are.
///
/// # Errors
/// The file holds no keys, or one that is there is another.
pub fn restore_keys(from: &Path, data_dir: &Path) -> Result<usize> {
    Ok(store::restore_keys(from, data_dir)?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> scriptorium_store::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Error::internal("the work on a backup failed"))??)
}
