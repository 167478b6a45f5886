//! Opening the platform's SQLite file: the settings that make an acknowledged write durable, the
//! version floor, the migrations.

mod apart;
mod connection;
mod readers;
mod writer;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use self::apart::Apart;
use self::connection::Access;
pub(super) use self::connection::{Connection, Question};
pub(super) use self::readers::Readers;
pub(super) use self::writer::{Transaction, Writer};
use super::{Db, Dialect, Writes, migrations};
use crate::error::{Error, Result};
use crate::files;

/// Releases before it may lose a WAL (security.md F13).
const VERSION_FLOOR: (u32, u32, u32) = (3, 51, 3);

/// A file up to this size is rewritten within a few seconds.
const QUICK_BYTES: i64 = 256 << 20;

/// The connections of one file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(super) write: Arc<Writer>,
    pub(super) read: Arc<Readers>,
    pub(super) writes: Arc<Writes>,
    apart: Apart,
}

/// Opens, checks and migrates the platform's file.
pub(crate) async fn open(path: &Path, readers: u32, max_bytes: Option<u64>) -> Result<Db> {
    files::make_private(path)?;
    check_version(rusqlite::version())?;
    let access = Access::Write { max_bytes };
    let write = opened(path, access).await?;
    let mut migrating = connect(path).await?;
    migrations::migrator(Dialect::Sqlite)
        .run(&mut migrating)
        .await
        .map_err(migrations::failed)?;
    sqlx::Connection::close(migrating).await?;
    let mut read = Vec::new();
    for _ in 0..readers.max(1) {
        read.push(opened(path, Access::Read).await?);
    }
    Ok(Db::Sqlite(File {
        write: Arc::new(Writer::new(path.to_owned(), access, write)),
        read: Arc::new(Readers::new(read)),
        writes: Arc::default(),
        apart: Apart::start()?,
    }))
}

impl File {
    /// Does work that writes much on a thread of its own.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        self.apart.does(work).await
    }

    /// Rewrites the file without what was deleted: unused pages and replaced parts of the search index
    /// keep it until they are used again. Nobody writes meanwhile, so a large file is left alone.
    pub(super) async fn forget_deleted(&self) -> Result<()> {
        let rewritten = self.write.alone(|connection| {
            let pages = connection.number("pragma page_count")?;
            let bytes = pages.saturating_mul(connection.number("pragma page_size")?);
            if bytes > QUICK_BYTES {
                return Ok(Some(bytes));
            }
            for text in [
                "insert into execution_words (execution_words) values ('optimize')",
                "insert into script_words (script_words) values ('optimize')",
                "vacuum",
                "pragma wal_checkpoint(truncate)",
            ] {
                connection.say(text)?;
            }
            Ok(None)
        });
        if let Some(bytes) = rewritten.await? {
            tracing::info!(bytes, "the database is too large to be rewritten at once");
        }
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

async fn opened(path: &Path, access: Access) -> Result<Connection> {
    let path = PathBuf::from(path);
    let opened = tokio::task::spawn_blocking(move || Connection::open(&path, access));
    opened.await.map_err(broke_down)?
}

fn broke_down(error: tokio::task::JoinError) -> Error {
    Error::caused("work on the database broke down", error)
}

fn closed() -> Error {
    Error::platform("the database is closed")
}

/// The number of the last migration that a file has had; 0 when there is no file.
pub(crate) async fn applied(path: &Path) -> Result<i64> {
    if !path.exists() {
        return Ok(0);
    }
    let mut connection = connect(path).await?;
    let tables = "select count(*) from sqlite_schema where name = '_sqlx_migrations'";
    let begun: i64 = sqlx::query_scalar(tables)
        .fetch_one(&mut connection)
        .await?;
    let applied = if begun > 0 {
        sqlx::query_scalar(migrations::APPLIED)
            .fetch_one(&mut connection)
            .await?
    } else {
        0
    };
    sqlx::Connection::close(connection).await?;
    Ok(applied)
}

/// A connection of the driver that knows migrations; the file is there.
async fn connect(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path);
    let connected = options.foreign_keys(true).connect().await;
    connected.map_err(|error| Error::caused(format!("cannot open {}", path.display()), error))
}

fn check_version(version: &str) -> Result<()> {
    if parse_version(version).is_some_and(|version| version >= VERSION_FLOOR) {
        return Ok(());
    }
    let (major, minor, patch) = VERSION_FLOOR;
    Err(Error::platform(format!(
        "SQLite {version} is too old: {major}.{minor}.{patch} or newer is needed"
    )))
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    let mut next = || parts.next()?.ok();
    Some((next()?, next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each connection is asked for again is what it was opened with.
    #[test]
    fn every_connection_syncs_what_it_commits() {
        const FULL: i64 = 2;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let write = Access::Write { max_bytes: None };
        for (access, name) in [(write, "write"), (Access::Read, "read")] {
            let connection = Connection::open(&path, access).unwrap();
            let number = |text| connection.number(text).ok();
            assert_eq!(number("pragma synchronous"), Some(FULL), "{name}");
            let wal = "select journal_mode = 'wal' from pragma_journal_mode";
            assert_eq!(number(wal), Some(1), "{name}");
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("3.9.0") < Some(VERSION_FLOOR));
        assert!(parse_version("3.51.2") < Some(VERSION_FLOOR));
        assert!(parse_version("3.100.0") > Some(VERSION_FLOOR));
        assert_eq!(parse_version("three"), None);
    }
}
