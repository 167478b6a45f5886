//! The executions that an operation on many is about, the oldest first and a part at a time.

use scriptorium_model::operation::OperationKind;
use scriptorium_model::{Ctx, ExecutionId, Uuid};

use super::list::{ExecutionFilter, ExecutionSummary};
use super::row::{SELECT_SUMMARY, SummaryRow};
use crate::Store;
use crate::db::{FromRow, Sql};
use crate::error::Result;

impl Store {
    /// The first `limit` executions after `after` that match and that the kind can be done to. The words
    /// and the order of the filter say nothing here.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn operation_targets(
        &self,
        ctx: &Ctx,
        kind: OperationKind,
        filter: &ExecutionFilter,
        after: Option<ExecutionId>,
        limit: u32,
    ) -> Result<Vec<ExecutionSummary>> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(SELECT_SUMMARY);
        narrow(&mut sql, &db, kind, filter, after);
        sql.push(" order by id limit ").bind(i64::from(limit));
        let rows: Vec<SummaryRow> = db.all(sql).await?;
        rows.into_iter().map(ExecutionSummary::try_from).collect()
    }

    /// How many of them there are, but no more than `most`.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn count_operation_targets(
        &self,
        ctx: &Ctx,
        kind: OperationKind,
        filter: &ExecutionFilter,
        most: u32,
    ) -> Result<u32> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql("select count(*) as number from (select id from executions");
        narrow(&mut sql, &db, kind, filter, None);
        sql.push(" limit ").bind(i64::from(most)).push(") as found");
        let row: Option<CountRow> = db.one(sql).await?;
        Ok(row.map_or(0, |row| u32::try_from(row.number).unwrap_or(most)))
    }
}

fn narrow(
    sql: &mut Sql,
    db: &crate::db::Scope,
    kind: OperationKind,
    filter: &ExecutionFilter,
    after: Option<ExecutionId>,
) {
    let (above, below) = filter.ids();
    sql.push(" where tenant_id = $1");
    filter.narrow(sql, db.dialect());
    if filter.status.is_none() {
        sql.push(match kind {
            OperationKind::Cancel => " and status in ('pending', 'running')",
            OperationKind::Replay => {
                " and status in ('completed', 'failed', 'timeout', 'cancelled')"
            }
        });
    }
    if above != Uuid::nil() {
        sql.push(" and id >= ").bind(above);
    }
    if below != Uuid::max() {
        sql.push(" and id < ").bind(below);
    }
    if let Some(after) = after {
        sql.push(" and id > ").bind(after.0);
    }
}

#[derive(FromRow)]
struct CountRow {
    number: i64,
}
