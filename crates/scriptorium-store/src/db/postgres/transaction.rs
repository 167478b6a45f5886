//! One transaction on a pooled connection, and savepoints inside it. Not the driver's: that one needs a
//! message more to the server before the tenant is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scriptorium_model::TenantId;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
use tokio::sync::Mutex;

use super::Clock;
use crate::db::value::{Value, arguments};
use crate::error::{Error, Result};

type Begun = sqlx::Transaction<'static, sqlx::Postgres>;

/// A transaction, or a part of one that can be rolled back alone; parts do not nest. Rolled back when
/// it is dropped before its commit.
pub(crate) struct Transaction {
    begun: Arc<Mutex<Begun>>,
    clock: Clock,
    /// Whether a part was left open: nobody said whether to keep what it did, so nothing is kept.
    spoiled: Arc<AtomicBool>,
    /// Whether this is a part that has not ended.
    open_part: bool,
}

/// Whether the connection was closed by the other side: without a word, or by whoever administers the server.
fn was_cut(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().as_deref() == Some("57P01"),
        _ => false,
    }
}

impl Transaction {
    pub(super) async fn begin(pool: &PgPool, begin: String, clock: Clock) -> Result<Self> {
        // Connections that broke while they rested are not asked for it: they say so here, and go. Nothing was
        // done by then, and a new one is no worse off than the first would have been.
        let mut rested = pool.size();
        let begun = loop {
            match pool.begin_with(AssertSqlSafe(begin.clone())).await {
                Err(error) if rested > 0 && was_cut(&error) => rested -= 1,
                begun => break begun,
            }
        };
        Ok(Self {
            begun: Arc::new(Mutex::new(begun?)),
            clock,
            spoiled: Arc::default(),
            open_part: false,
        })
    }

    pub(crate) async fn query(&self, text: String, values: Vec<Value>) -> Result<Vec<PgRow>> {
        let mut begun = self.begun.lock().await;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments(values)?);
        Ok(query.fetch_all(&mut **begun).await?)
    }

    pub(crate) async fn execute(&self, text: String, values: Vec<Value>) -> Result<u64> {
        let mut begun = self.begun.lock().await;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments(values)?);
        let done = query.execute(&mut **begun).await?;
        Ok(done.rows_affected())
    }

    /// Tells row-level security whose rows come next.
    pub(crate) async fn enter(&self, tenant: TenantId) -> Result<()> {
        self.say(AssertSqlSafe(super::name(tenant))).await
    }

    /// Whether the server's clock decides about leases.
    pub(crate) fn keeps_time(&self) -> bool {
        self.clock == Clock::Server
    }

    /// The server's clock, in microseconds since 1970.
    pub(crate) async fn now(&self) -> Result<i64> {
        let mut begun = self.begun.lock().await;
        let now = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint";
        Ok(sqlx::query_scalar(now).fetch_one(&mut **begun).await?)
    }

    /// Begins a part.
    pub(crate) async fn savepoint(&self) -> Result<Self> {
        self.say("savepoint part").await?;
        Ok(Self {
            begun: Arc::clone(&self.begun),
            clock: self.clock,
            spoiled: Arc::clone(&self.spoiled),
            open_part: true,
        })
    }

    pub(crate) async fn commit(mut self) -> Result<()> {
        if self.open_part {
            return self.end_part("release savepoint part").await;
        }
        if self.spoiled.load(Ordering::Acquire) {
            let message = "a part of the transaction was neither kept nor rolled back";
            return Err(Error::platform(message));
        }
        Ok(self.alone()?.commit().await?)
    }

    pub(crate) async fn rollback(mut self) -> Result<()> {
        if self.open_part {
            let end = "rollback to savepoint part; release savepoint part";
            return self.end_part(end).await;
        }
        Ok(self.alone()?.rollback().await?)
    }

    async fn end_part(&mut self, end: &'static str) -> Result<()> {
        self.say(end).await?;
        self.open_part = false;
        Ok(())
    }

    fn alone(self) -> Result<Begun> {
        let begun = Arc::clone(&self.begun);
        drop(self);
        Arc::into_inner(begun)
            .map(Mutex::into_inner)
            .ok_or_else(|| Error::platform("a savepoint outlives its transaction"))
    }

    async fn say(&self, text: impl SqlSafeStr) -> Result<()> {
        let mut begun = self.begun.lock().await;
        begun.execute(text.into_sql_str()).await?;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.open_part {
            self.spoiled.store(true, Ordering::Release);
        }
    }
}
