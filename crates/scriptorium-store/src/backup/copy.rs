//! Single files on their way into a backup and out of it: copied whole, hashed, on disk before
//! anyone is told.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::manifest::bad;
use crate::error::{Error, Result};
use crate::files;

const CHUNK: usize = 1 << 20;
/// Steps of SQLite's machine between two looks at whether to stop: a few milliseconds.
const CHECK_EVERY: i32 = 100_000;

/// Copies a database as it is at one instant, while others write to it.
///
/// `VACUUM INTO` reads in one transaction, which in WAL mode holds nobody up and does not begin
/// again when somebody writes, so it ends under any load; SQLite's backup interface, page by page,
/// starts over with every commit of another connection. It also leaves free pages and every
/// damaged one behind: the copy is made by reading each row.
pub(super) fn snapshot(from: &Path, to: &Path, stop: &CancellationToken) -> Result<()> {
    files::make_private(to)?;
    let source = open(from)?;
    let stop = stop.clone();
    source.progress_handler(CHECK_EVERY, Some(move || stop.is_cancelled()))?;
    let target = to
        .to_str()
        .ok_or_else(|| Error::platform(format!("{} is no UTF-8", to.display())))?;
    source
        .execute("vacuum into ?1", [target])
        .map_err(|error| Error::caused(format!("cannot copy {}", from.display()), error))?;
    sync(to)
}

/// The last migration that a platform file has had; 0 when it never had any.
pub(super) fn schema_version(path: &Path) -> Result<i64> {
    let file = open(path)?;
    let begun = file.table_exists(None, "_sqlx_migrations")?;
    if !begun {
        return Ok(0);
    }
    let last = "select coalesce(max(version), 0) from _sqlx_migrations";
    Ok(file.query_row(last, [], |row| row.get(0))?)
}

/// Reads the whole database and refuses one that is damaged or whose rows point nowhere.
pub(super) fn check(path: &Path) -> Result<()> {
    let file = open(path)?;
    let found: String = file.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(bad(format!("{} is damaged: {found}", path.display())));
    }
    let mut orphans = file.prepare("pragma foreign_key_check")?;
    if orphans.exists([])? {
        return Err(bad(format!("{} has rows without owner", path.display())));
    }
    Ok(())
}

/// Size and digest of a plain file.
pub(super) fn digest(path: &Path) -> Result<(u64, String)> {
    through(path, None)
}

/// Copies a plain file to a new one; its size and digest.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(u64, String)> {
    let mut target = create(to)?;
    let done = through(from, Some(&mut target))?;
    target
        .sync_all()
        .map_err(|error| cannot("write", to, error))?;
    Ok(done)
}

/// Writes a new file that others cannot read, to the disk.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = create(path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| cannot("write", path, error))
}

/// Waits until a file's bytes, or a folder's names, are on the disk.
pub(super) fn sync(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| cannot("write", path, error))
}

/// Renames; what was there is replaced.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| cannot("rename", from, error))
}

/// What the file system refused, and where.
pub(super) fn cannot(verb: &str, path: &Path, error: io::Error) -> Error {
    Error::caused(format!("cannot {verb} {}", path.display()), error)
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| Error::caused(format!("cannot open {}", path.display()), error))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("pragma trusted_schema = off")?;
    Ok(connection)
}

fn create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|error| cannot("make", path, error))
}

fn through(from: &Path, mut target: Option<&mut File>) -> Result<(u64, String)> {
    let found = fs::symlink_metadata(from).map_err(|error| cannot("read", from, error))?;
    if !found.is_file() {
        return Err(bad(format!("{} is no plain file", from.display())));
    }
    let mut source = File::open(from).map_err(|error| cannot("read", from, error))?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = source
            .read(&mut chunk)
            .map_err(|error| cannot("read", from, error))?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        bytes += read as u64;
        if let Some(target) = target.as_deref_mut() {
            target
                .write_all(&chunk[..read])
                .map_err(|error| Error::caused("the copy could not be written", error))?;
        }
    }
    let digest = hash.finalize();
    let digits = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, digits))
}
