//! What of all tenants waits, for the operator's machines.

use crate::db::FromRow;

use super::ACROSS_TENANTS;
use crate::Store;
use crate::error::Result;

/// What was accepted and has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Events that are not delivered yet.
    pub events: u64,
    /// Executions that have not begun.
    pub executions: u64,
}

impl Store {
    /// What waits in the whole database. It is counted, row by row.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn backlog(&self) -> Result<Backlog> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(
            "select (select count(*) from events where waiting = true) as events, \
             (select count(*) from executions where status = 'pending') as executions",
        );
        let row: Option<BacklogRow> = db.one(sql).await?;
        let count = |count: fn(&BacklogRow) -> i64| {
            let count = row.as_ref().map_or(0, count);
            u64::try_from(count).unwrap_or_default()
        };
        Ok(Backlog {
            events: count(|row| row.events),
            executions: count(|row| row.executions),
        })
    }
}

#[derive(FromRow)]
struct BacklogRow {
    events: i64,
    executions: i64,
}
