//! Backups of the SQLite files: taken while they are written, checked, and put back. Blocking
//! functions over folders: whoever calls them chooses the thread. PostgreSQL has tools of its own.

mod copy;
mod keys;
mod manifest;
mod restore;
mod take;

pub use self::keys::{restore_keys, save_keys};
pub use self::manifest::{BackupFile, Manifest};
pub use self::restore::{Restore, restore};
pub use self::take::{Backup, TakeBackup, backups, take_offline};

/// The platform's file, in the data directory and in a backup.
pub(crate) const PLATFORM: &str = "scriptorium.db";
/// The folder of the tenants' own files, in both.
pub(crate) const TENANTS: &str = "tenants";
