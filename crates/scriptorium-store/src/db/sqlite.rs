//! Opening the platform's SQLite file: the settings that make an acknowledged write durable, the
//! version floor, the migrations.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxSqliteConnector, Statement};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqliteConnection};

use super::{Db, Dialect, Writes, migrations};
use crate::error::{Error, Result};
use crate::files;

/// Releases before it may lose a WAL (security.md F13).
const VERSION_FLOOR: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A file up to this size is rewritten within a few seconds.
const QUICK_BYTES: i64 = 256 << 20;

/// What a connection is for.
#[derive(Clone, Copy)]
enum Access {
    Read,
    Write { max_bytes: Option<u64> },
}

/// The pools of one file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(super) write: DatabaseConnection,
    pub(super) read: DatabaseConnection,
    pub(super) writes: Arc<Writes>,
}

/// Opens, checks and migrates the platform's file.
pub(crate) async fn open(path: &Path, readers: u32, max_bytes: Option<u64>) -> Result<Db> {
    files::make_private(path)?;
    let write = connect(path, 1, Access::Write { max_bytes }).await?;
    check_version(&write).await?;
    migrations::migrator(Dialect::Sqlite)
        .run(&write)
        .await
        .map_err(migrations::failed)?;
    let read = connect(path, readers, Access::Read).await?;
    Ok(Db::Sqlite(File {
        write: SqlxSqliteConnector::from_sqlx_sqlite_pool(write),
        read: SqlxSqliteConnector::from_sqlx_sqlite_pool(read),
        writes: Arc::default(),
    }))
}

impl File {
    /// Rewrites the file without what was deleted: unused pages and replaced parts of the search index
    /// keep it until they are used again. Nobody writes meanwhile, so a large file is left alone.
    pub(super) async fn forget_deleted(&self) -> Result<()> {
        let pages = self.number("pragma page_count").await?;
        let bytes = pages.saturating_mul(self.number("pragma page_size").await?);
        if bytes > QUICK_BYTES {
            tracing::info!(bytes, "the database is too large to be rewritten at once");
            return Ok(());
        }
        for text in [
            "insert into execution_words (execution_words) values ('optimize')",
            "insert into script_words (script_words) values ('optimize')",
            "vacuum",
            "pragma wal_checkpoint(truncate)",
        ] {
            self.write.execute_unprepared(text).await?;
        }
        Ok(())
    }

    async fn number(&self, text: &str) -> Result<i64> {
        let sql = Statement::from_string(sea_orm::DatabaseBackend::Sqlite, text);
        let row = self.write.query_one_raw(sql).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }

    pub(super) async fn close(&self) {
        let closed = [
            self.read.close_by_ref().await,
            self.write.close_by_ref().await,
        ];
        for error in closed.into_iter().filter_map(std::result::Result::err) {
            tracing::warn!(%error, "closing the database");
        }
    }
}

/// The number of the last migration that a file has had; 0 when there is no file.
pub(crate) async fn applied(path: &Path) -> Result<i64> {
    if !path.exists() {
        return Ok(0);
    }
    let pool = connect(path, 1, Access::Read).await?;
    let tables = "select count(*) from sqlite_schema where name = '_sqlx_migrations'";
    let begun: i64 = sqlx::query_scalar(tables).fetch_one(&pool).await?;
    let applied = if begun > 0 {
        sqlx::query_scalar(migrations::APPLIED)
            .fetch_one(&pool)
            .await?
    } else {
        0
    };
    pool.close().await;
    Ok(applied)
}

async fn connect(path: &Path, connections: u32, access: Access) -> Result<SqlitePool> {
    let mut options = SqliteConnectOptions::new()
        .filename(PathBuf::from(path))
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(256)
        .pragma("trusted_schema", "off")
        .pragma("temp_store", "memory");
    options = match access {
        Access::Read => options
            .pragma("cache_size", "-8192")
            .pragma("query_only", "on"),
        Access::Write { max_bytes } => options
            .pragma("cache_size", "-32768")
            .pragma("max_page_count", max_pages(max_bytes).to_string())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A batch of history is a few hundred pages: checkpointing after each would double the
            // fsyncs. 32 MiB of WAL at most, give or take a batch.
            .pragma("wal_autocheckpoint", "8192")
            .pragma("journal_size_limit", "67108864"),
    };
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(has_ended(connection)))
        .idle_timeout(None)
        .max_lifetime(None);
    pool.connect_with(options)
        .await
        .map_err(|error| Error::caused(format!("cannot open {}", path.display()), error))
}

/// Whether the connection is outside of any transaction, and may be used again.
///
/// A full disk makes SQLite roll back by itself, and the driver's own rollback fails then: it goes on
/// counting a transaction that is none, begins the next one as a savepoint, and takes releasing that
/// for a commit. What such a connection acknowledges is not on disk, so it is closed instead.
async fn has_ended(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A dropped transaction is rolled back by then: the connection works through what it was
        // told in order.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Pages of the size that SQLite gives new files.
fn max_pages(max_bytes: Option<u64>) -> u64 {
    const PAGE: u64 = 4096;
    max_bytes.map_or(u64::from(u32::MAX) - 1, |bytes| (bytes / PAGE).max(1))
}

async fn check_version(pool: &SqlitePool) -> Result<()> {
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(pool)
        .await?;
    if parse_version(&version).is_some_and(|version| version >= VERSION_FLOOR) {
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
    #[tokio::test]
    async fn every_connection_syncs_what_it_commits() {
        const FULL: i64 = 2;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let write = Access::Write { max_bytes: None };
        for (access, name) in [(write, "write"), (Access::Read, "read")] {
            let pool = connect(&path, 1, access).await.unwrap();
            let asked = sqlx::query_scalar("pragma synchronous").fetch_one(&pool);
            let synchronous: i64 = asked.await.unwrap();
            assert_eq!(synchronous, FULL, "{name}");
            let asked = sqlx::query_scalar("pragma journal_mode").fetch_one(&pool);
            let journal: String = asked.await.unwrap();
            assert_eq!(journal, "wal", "{name}");
            pool.close().await;
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
