//! One connection to the platform's file, asked on the thread that it is asked from.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, ErrorCode, OpenFlags};

use super::super::row::{FromRow, Row};
use super::super::value::Value;
use crate::error::{Error, Result};

/// How long a statement waits for another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two looks at whether a statement may go on.
const LOOK_EVERY: i32 = 1_000;
/// Looks until a statement that is asked in passing has had its share, which is about a millisecond.
const LOOKS: u32 = 20;

/// Prepared statements that are kept.
const PREPARED: usize = 256;

/// What a connection is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    Read,
    Write { max_bytes: Option<u64> },
}

/// A statement and its values.
#[derive(Debug)]
pub(in super::super) struct Question {
    pub(in super::super) text: String,
    pub(in super::super) values: Vec<Value>,
}

/// Why it was not answered.
#[derive(Debug)]
pub(in super::super) enum Failure {
    Refused(rusqlite::Error),
    /// A row makes no sense.
    Read(Error),
    /// The transaction is over without its commit: so SQLite ends one when the disk is full.
    Over,
}

/// An open connection.
#[derive(Debug)]
pub(in super::super) struct Connection {
    file: rusqlite::Connection,
    watch: Arc<Watch>,
}

/// How far a statement may go.
#[derive(Debug)]
struct Watch {
    /// Looks that are left; as many as there are without end.
    looks: AtomicU32,
}

const ENDLESS: u32 = u32::MAX;

impl Watch {
    /// Whether the statement has to stop.
    fn looks(&self) -> bool {
        let left = self.looks.load(Ordering::Relaxed);
        if left != ENDLESS {
            self.looks.store(left.saturating_sub(1), Ordering::Relaxed);
        }
        left == 0
    }
}

impl Connection {
    pub(super) fn open(path: &Path, access: Access) -> Result<Self> {
        let failed = |error| Error::caused(format!("cannot open {}", path.display()), error);
        Self::opened(path, access).map_err(failed)
    }

    fn opened(path: &Path, access: Access) -> rusqlite::Result<Self> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if matches!(access, Access::Write { .. }) {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let file = rusqlite::Connection::open_with_flags(path, flags)?;
        // Otherwise one with `limit $1` is prepared anew for every value, which takes longer than asking it
        // (<https://sqlite.org/queryplanner-ng.html#qpstab>).
        file.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        file.busy_timeout(BUSY_TIMEOUT)?;
        file.set_prepared_statement_cache_capacity(PREPARED);
        file.execute_batch(
            "pragma foreign_keys = on; pragma synchronous = full; pragma trusted_schema = off; \
             pragma temp_store = memory",
        )?;
        match access {
            Access::Read => {
                file.execute_batch("pragma cache_size = -8192; pragma query_only = on")?
            }
            Access::Write { max_bytes } => {
                file.pragma_update(None, "max_page_count", max_pages(max_bytes))?;
                // A batch of history is a few hundred pages: checkpointing after each would double the
                // fsyncs. 32 MiB of WAL at most, give or take a batch.
                file.execute_batch(
                    "pragma cache_size = -32768; pragma journal_mode = wal; \
                     pragma wal_autocheckpoint = 8192; pragma journal_size_limit = 67108864",
                )?;
            }
        }
        let watch = Arc::new(Watch {
            looks: AtomicU32::new(ENDLESS),
        });
        let looking = Arc::clone(&watch);
        file.progress_handler(LOOK_EVERY, Some(move || looking.looks()))?;
        Ok(Self { file, watch })
    }

    /// Does work whose statements end soon, or are stopped.
    pub(super) fn in_passing<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        self.watch.looks.store(LOOKS, Ordering::Relaxed);
        let done = work(self);
        self.without_end();
        done
    }

    /// Lets statements take as long as they do.
    pub(super) fn without_end(&self) {
        self.watch.looks.store(ENDLESS, Ordering::Relaxed);
    }

    /// The rows of a query.
    pub(in super::super) fn all<R: FromRow>(&self, question: &Question) -> Result<Vec<R>, Failure> {
        let mut statement = self.bound(question)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(R::from_row(&Row::Sqlite(row)).map_err(Failure::Read)?);
        }
        Ok(found)
    }

    /// Its first row.
    pub(in super::super) fn one<R: FromRow>(
        &self,
        question: &Question,
    ) -> Result<Option<R>, Failure> {
        let mut statement = self.bound(question)?;
        let mut rows = statement.raw_query();
        let row = rows.next()?;
        row.map(|row| R::from_row(&Row::Sqlite(row)))
            .transpose()
            .map_err(Failure::Read)
    }

    /// Runs a statement; how many rows it changed.
    pub(in super::super) fn execute(&self, question: &Question) -> Result<u64, Failure> {
        let mut statement = self.bound(question)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        drop(statement);
        Ok(self.file.changes())
    }

    /// Statements without values and rows.
    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        Ok(self.file.execute_batch(text)?)
    }

    pub(super) fn number(&self, text: &str) -> Result<i64, Failure> {
        Ok(self.file.query_row(text, [], |row| row.get(0))?)
    }

    /// Whether a transaction is open.
    pub(super) fn is_within(&self) -> bool {
        !self.file.is_autocommit()
    }

    /// `$3` is the third value; those without a name are the first, the second and so on, beside the others.
    fn bound(&self, question: &Question) -> Result<CachedStatement<'_>, Failure> {
        let mut statement = self.file.prepare_cached(&question.text)?;
        let mut nameless = 0;
        for place in 1..=statement.parameter_count() {
            let named = statement.parameter_name(place);
            let number = match named.and_then(|name| name.get(1..)) {
                Some(number) => number.parse().unwrap_or(0),
                None => {
                    nameless += 1;
                    nameless
                }
            };
            let value = question.values.get(usize::wrapping_sub(number, 1));
            // What has no value is null, as it is on its own.
            if let Some(value) = value {
                statement.raw_bind_parameter(place, value)?;
            }
        }
        Ok(statement)
    }
}

impl Failure {
    /// Whether the statement was stopped because it went on for too long.
    pub(super) fn is_stopped(&self) -> bool {
        let Self::Refused(rusqlite::Error::SqliteFailure(cause, _)) = self else {
            return false;
        };
        cause.code == ErrorCode::OperationInterrupted
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => Self::of_sqlite(error),
            Failure::Read(error) => error,
            Failure::Over => Self::platform("the database has given the transaction up"),
        }
    }
}

/// Pages of the size that SQLite gives new files.
fn max_pages(max_bytes: Option<u64>) -> i64 {
    const PAGE: u64 = 4096;
    const MOST: u64 = u32::MAX as u64 - 1;
    let pages = max_bytes.map_or(MOST, |bytes| (bytes / PAGE).clamp(1, MOST));
    i64::try_from(pages).unwrap_or(i64::MAX)
}
