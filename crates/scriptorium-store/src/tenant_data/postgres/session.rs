//! One transaction in one tenant as the login of scripts' own SQL, and its statements, which may be
//! anybody's. What is not a statement on rows is not run: `set` or `commit` would reach around the
//! wall, and `copy` or `do` out of it.

use std::sync::Arc;

use futures_util::TryStreamExt;
use moka::sync::Cache;
use scriptorium_model::Timestamp;
use scriptorium_model::event::Event;
use scriptorium_model::storage::{Batch, Quota};
use serde_json::Value;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgStatement, Postgres};
use sqlx::{AssertSqlSafe, Either, Executor, SqlSafeStr, Statement};

use super::super::bounds::{Bounds, Filling};
use super::super::{Row, gives_rows, refused, too_long};
use super::values;
use crate::error::{Error, Result};
use crate::storage::{Told, came_to};

/// Texts that are known to be one statement on rows; how many bytes of them are kept.
#[derive(Clone)]
pub(super) struct Checked(Arc<Cache<Arc<str>, ()>>);

const CHECKED_BYTES: u64 = 4 << 20;

/// A transaction. One that is dropped before its end closes its connection: the server stops what it
/// does for it, and keeps nothing.
pub(super) struct Session {
    connection: Option<PoolConnection<Postgres>>,
    checked: Checked,
}

/// Why a statement was not done.
pub(super) enum Failure {
    /// For a reason of ours.
    Ours(Error),
    /// The database said no.
    Theirs(sqlx::Error),
    /// A look has found that the replica does not answer.
    Silent,
}

/// What is to blame for a failure at a replica.
pub(super) enum Blame {
    /// The statement: it would fare no better elsewhere.
    Statement,
    /// What the replica was doing, or that it is late.
    Moment,
    /// The replica.
    Server,
}

impl Checked {
    pub(super) fn new() -> Self {
        let bytes = |text: &Arc<str>, (): &()| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let texts = Cache::builder().weigher(bytes).max_capacity(CHECKED_BYTES);
        Self(Arc::new(texts.build()))
    }
}

impl Session {
    /// Begins by a text of ours.
    pub(super) async fn begin(
        pool: &PgPool,
        begin: String,
        checked: &Checked,
    ) -> Result<Self, Failure> {
        let mut session = Self {
            connection: Some(pool.acquire().await?),
            checked: checked.clone(),
        };
        session.say(begin).await?;
        Ok(session)
    }

    /// Tells the database something of ours.
    pub(super) async fn say(&mut self, text: String) -> Result<(), Failure> {
        self.connection()?.execute(AssertSqlSafe(text)).await?;
        Ok(())
    }

    pub(super) async fn query(
        &mut self,
        sql: &str,
        params: &[Value],
        bounds: Bounds,
    ) -> Result<Vec<Row>, Failure> {
        let (statement, arguments) = self.prepare(sql, params).await?;
        let query = statement.query_with(arguments);
        let mut rows = query.fetch(self.connection()?);
        let (mut found, mut refusal) = (Filling::new(bounds), None);
        // To its end, so that the connection can be used afterwards.
        while let Some(row) = rows.try_next().await? {
            if refusal.is_none() {
                refusal = values::row(&row).and_then(|row| found.push(row)).err();
            }
        }
        match refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(found.rows()),
        }
    }

    pub(super) async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Failure> {
        let (statement, arguments) = self.prepare(sql, params).await?;
        if !statement.columns().is_empty() {
            return Err(gives_rows().into());
        }
        let query = statement.query_with(arguments);
        Ok(query.execute(self.connection()?).await?.rows_affected())
    }

    /// Commits what went well, and undoes what did not.
    pub(super) async fn end<T>(self, done: Result<T, Failure>) -> Result<T, Failure> {
        match done {
            Ok(done) => {
                self.commit().await?;
                Ok(done)
            }
            Err(failure) => {
                // When it cannot be said, the connection is closed, which does it too.
                drop(self.rollback().await);
                Err(failure)
            }
        }
    }

    /// Hands an event to the owner's function, which takes it from nobody that has not been told so by us:
    /// no statement of a script can set anything.
    pub(super) async fn publish(&mut self, event: &Event) -> Result<(), Failure> {
        self.say("set local app.publishes = 'on'".to_owned())
            .await?;
        let lineage = crate::events::lineage_text(&event.lineage);
        let text = |text: &str| text.replace('\0', "\u{2400}");
        let publish =
            sqlx::query("select scriptorium_data.publish($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(event.id.0)
                .bind(&event.kind)
                .bind(text(event.payload.as_str()))
                .bind(event.key.as_deref().map(text))
                .bind(event.script.map(|id| id.0))
                .bind(event.execution.map(|id| id.0))
                .bind(lineage.as_deref().map(text))
                .bind(event.created_at.as_microsecond());
        publish.execute(self.connection()?).await?;
        self.say("set local app.publishes = 'off'".to_owned()).await
    }

    /// Hands over what the transaction read and wrote of storage, to the owner's function in the same way.
    pub(super) async fn keep_entries(
        &mut self,
        batch: &Batch,
        now: Timestamp,
        quota: Quota,
    ) -> Result<(), Failure> {
        self.say("set local app.publishes = 'on'".to_owned())
            .await?;
        let told = Told::of(batch, now, quota);
        let keep = "select scriptorium_data.keep_entries($1::jsonb, $2::jsonb, $3, $4, $5)";
        let keep = sqlx::query_scalar::<_, String>(keep)
            .bind(told.read)
            .bind(told.written)
            .bind(told.at)
            .bind(told.entries)
            .bind(told.bytes);
        came_to(&keep.fetch_one(self.connection()?).await?, quota)?;
        self.say("set local app.publishes = 'off'".to_owned()).await
    }

    pub(super) async fn commit(self) -> Result<(), Failure> {
        self.last("commit").await
    }

    pub(super) async fn rollback(self) -> Result<(), Failure> {
        self.last("rollback").await
    }

    async fn last(mut self, text: &'static str) -> Result<(), Failure> {
        self.connection()?.execute(text).await?;
        // Back to the pool, which asks it whether nothing was left on it.
        drop(self.connection.take());
        Ok(())
    }

    fn connection(&mut self) -> Result<&mut PgConnection> {
        let gone = || Error::platform("a transaction has no connection any more");
        self.connection.as_deref_mut().ok_or_else(gone)
    }

    async fn prepare(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<(PgStatement, PgArguments), Failure> {
        self.check(sql).await?;
        let text = AssertSqlSafe(sql.to_owned()).into_sql_str();
        let statement = self.connection()?.prepare(text).await?;
        let types = match statement.parameters() {
            Some(Either::Left(types)) => types,
            _ => &[],
        };
        let arguments = values::arguments(types, params)?;
        Ok((statement, arguments))
    }

    /// Lets PostgreSQL's own parser say that a text is one statement that reads or changes rows. Only
    /// such a statement can stand behind `prepare … as`, and a message holds no second one.
    async fn check(&mut self, sql: &str) -> Result<(), Failure> {
        if self.checked.0.contains_key(sql) {
            return Ok(());
        }
        // It would end the message early.
        if sql.contains('\0') {
            return Err(refused("sql", "has a character that no statement has: U+0000").into());
        }
        let probe = AssertSqlSafe(format!("prepare probe as {sql}"));
        let probe = sqlx::query(probe).persistent(false);
        probe.execute(self.connection()?).await?;
        self.connection()?.execute("deallocate probe").await?;
        self.checked.0.insert(sql.into(), ());
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

impl Failure {
    /// Whether a statement changes rows in a transaction that only reads.
    pub(super) fn wants_to_write(&self) -> bool {
        matches!(self, Self::Theirs(error) if code(error).as_deref() == Some("25006"))
    }

    /// What is to blame, when a replica was asked.
    pub(super) fn blame(&self) -> Blame {
        let error = match self {
            Self::Ours(_) => return Blame::Statement,
            Self::Silent => return Blame::Server,
            Self::Theirs(error) => error,
        };
        let Some(code) = code(error) else {
            return match error {
                // Others have them.
                sqlx::Error::PoolTimedOut => Blame::Moment,
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Blame::Server,
                _ => Blame::Statement,
            };
        };
        match (code.get(..2).unwrap_or_default(), code.as_str()) {
            // It had to go on with what the primary has done (40001, 40P01); tables, columns and rights that are
            // not there yet; what cannot be done while it follows.
            ("40" | "XX", _) | (_, "3F000" | "42P01" | "42703" | "42501" | "55000") => {
                Blame::Moment
            }
            // 57014 is the statement's own timeout, 53400 its own room on the disk.
            (_, "57014" | "53400") => Blame::Statement,
            ("08" | "28" | "3D" | "53" | "57" | "58", _) => Blame::Server,
            _ => Blame::Statement,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Theirs(error)
    }
}

impl From<Failure> for Error {
    /// SQLSTATEs are in PostgreSQL's appendix A; what is to blame for them is said as for SQLite.
    fn from(failure: Failure) -> Self {
        let error = match failure {
            Failure::Ours(error) => return error,
            Failure::Silent => return Self::platform("the replica does not answer any more"),
            Failure::Theirs(error) => error,
        };
        let code = code(&error).unwrap_or_default();
        let message = || {
            let refusal = error.as_database_error();
            refusal.map_or_else(|| error.to_string(), |refusal| refusal.message().to_owned())
        };
        match (code.get(..2).unwrap_or_default(), code.as_str()) {
            (_, "23505") => Self::not_unique("params"),
            // Stopped, or not used for too long in the middle of a transaction.
            (_, "57014" | "25P03") => too_long(),
            // 54000 is a text that is too long for an index.
            ("22" | "23" | "44", _) | (_, "54000") => refused("params", message()),
            // 53400 is more on the server's disk than a statement may have.
            ("0A" | "21" | "2F" | "38" | "39" | "42" | "54" | "55" | "P0", _)
            | (_, "25006" | "53400") => refused("sql", message()),
            _ => error.into(),
        }
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}
