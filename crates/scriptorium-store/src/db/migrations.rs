//! The migrations of both databases: the same names, side by side, compiled in. A file that was
//! released is never edited (checksums), and a database that is newer than they are is not opened.

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::Dialect;
use crate::error::Error;

/// A migration in both dialects.
struct Pair {
    /// Its number, an underscore, and what it is about.
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Pair {
    fn parts(&self) -> (i64, &'static str) {
        let (number, name) = self.name.split_once('_').unwrap_or((self.name, ""));
        (number.parse().unwrap_or(0), name)
    }
}

macro_rules! pairs {
    ($($name:literal),* $(,)?) => {
        [$(Pair {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// Every migration, in order.
const ALL: &[Pair] = &pairs![
    "0001_platform",
    "0002_keys_and_order",
    "0003_drafts",
    "0004_audit",
    "0005_search",
    "0006_nodes",
    "0010_imports",
    "0011_business_tables",
    "0012_change_marks",
    "0014_dead_letters",
    "0015_orders",
    "0018_addresses",
    "0019_large_tables",
    "0020_libraries",
    "0021_audit_days",
    "0022_orders_behind_the_wall",
    "0023_events_delivered",
    "0024_schedule_policies",
    "0025_keys_of_callers",
    "0026_seats",
    "0027_windows",
    "0028_event_order",
    "0029_outbox",
    "0030_alerts",
    "0031_endpoint_signatures",
    "0033_tenant_modes",
    "0034_storage_usage",
    "0035_secrets",
    "0036_halts",
    "0037_progress_and_dry_runs",
    "0038_operations",
    "0039_notifications",
    "0041_outgoing_rules",
    "0042_batches_and_retries",
    "0043_remote_services",
    "0044_compatibility_dates",
    "0046_storage_in_transactions",
];

/// How far a database has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The number of the last migration that was applied; 0 for an empty database.
    pub applied: i64,
    /// The number of the last migration that this release knows.
    pub known: i64,
}

/// The migrations of a dialect.
pub(crate) fn migrator(dialect: Dialect) -> Migrator {
    let migrations = ALL.iter().map(|pair| {
        let sql = match dialect {
            Dialect::Sqlite => pair.sqlite,
            Dialect::Postgres => pair.postgres,
        };
        let (number, name) = pair.parts();
        let kind = MigrationType::Simple;
        Migration::new(number, name.into(), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// The last migration that this release knows.
pub(crate) fn known() -> i64 {
    ALL.last().map_or(0, |pair| pair.parts().0)
}

/// Says more clearly than sqlx why migrating failed.
pub(crate) fn failed(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => newer(version),
        error => Error::caused("the database could not be migrated", error),
    }
}

/// The query for the number of the last applied migration.
pub(crate) const APPLIED: &str = "select coalesce(max(version), 0) from _sqlx_migrations";

/// Why a database of a later release is not opened.
pub(crate) fn newer(version: i64) -> Error {
    Error::platform(format!(
        "the database has the schema {version:04}, and this release knows {:04} at most: use the \
         release that migrated it, or restore a backup made before",
        known()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_in_their_order() {
        let numbers: Vec<i64> = ALL.iter().map(|pair| pair.parts().0).collect();
        assert!(
            numbers[0] == 1 && numbers.is_sorted_by(|a, b| a < b),
            "{numbers:?}"
        );
    }

    #[test]
    fn migrations_say_what_they_are_for_and_what_they_lock() {
        for pair in ALL {
            for text in [pair.sqlite, pair.postgres] {
                for heading in ["-- Intent: ", "-- Locks: "] {
                    assert!(text.contains(heading), "{}: {heading}", pair.name);
                }
            }
        }
    }
}
