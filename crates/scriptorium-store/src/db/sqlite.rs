//! Opening the platform's SQLite file: the settings that make an acknowledged write durable, the
//! version floor, the migrations.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::SqlxSqliteConnector;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::Db;
use crate::error::{Error, Result};
use crate::files;

/// Releases before it may lose a WAL (security.md F13).
const VERSION_FLOOR: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens, checks and migrates the platform's file.
pub(crate) async fn open(path: &Path, readers: u32) -> Result<Db> {
    files::make_private(path)?;
    let write = connect(path, 1, false).await?;
    check_version(&write).await?;
    migrator()
        .run(&write)
        .await
        .map_err(|error| Error::caused("the database could not be migrated", error))?;
    let read = connect(path, readers, true).await?;
    Ok(Db::new(
        SqlxSqliteConnector::from_sqlx_sqlite_pool(write),
        SqlxSqliteConnector::from_sqlx_sqlite_pool(read),
    ))
}

async fn connect(path: &Path, connections: u32, read_only: bool) -> Result<SqlitePool> {
    let mut options = SqliteConnectOptions::new()
        .filename(PathBuf::from(path))
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(256)
        .pragma("trusted_schema", "off")
        .pragma("temp_store", "memory")
        .pragma("cache_size", if read_only { "-8192" } else { "-32768" });
    options = if read_only {
        options.pragma("query_only", "on")
    } else {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A batch of history is a few hundred pages: checkpointing after each would double the
            // fsyncs. 32 MiB of WAL at most, give or take a batch.
            .pragma("wal_autocheckpoint", "8192")
            .pragma("journal_size_limit", "67108864")
    };
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None);
    pool.connect_with(options)
        .await
        .map_err(|error| Error::caused(format!("cannot open {}", path.display()), error))
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

fn migrator() -> Migrator {
    let migration = |version, name: &'static str, sql: &'static str| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(vec![migration(
        1,
        "platform",
        include_str!("../../migrations/sqlite/0001_platform.sql"),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("3.9.0") < Some(VERSION_FLOOR));
        assert!(parse_version("3.51.2") < Some(VERSION_FLOOR));
        assert!(parse_version("3.100.0") > Some(VERSION_FLOOR));
        assert_eq!(parse_version("three"), None);
    }
}
