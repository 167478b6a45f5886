//! What of a tenant waits: events that are not delivered yet, and executions that have not begun.

use scriptorium_model::Ctx;

use crate::Store;
use crate::db::FromRow;
use crate::error::Result;

impl Store {
    /// How many wait, counted no further than `most` of each kind.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn count_waiting(&self, ctx: &Ctx, most: u32) -> Result<u32> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql_of(
            ctx.tenant,
            "select (select count(*) from (select 1 from events \
             where tenant_id = $1 and waiting = true limit ",
        );
        sql.bind(i64::from(most)).push(
            ") as e) + (select count(*) from (select 1 from executions \
             where tenant_id = $1 and status = 'pending' limit ",
        );
        sql.bind(i64::from(most)).push(") as x) as waiting");
        let row: Option<WaitingRow> = db.one(sql).await?;
        let waiting = row.map_or(0, |row| row.waiting);
        Ok(u32::try_from(waiting).unwrap_or(u32::MAX))
    }
}

#[derive(FromRow)]
struct WaitingRow {
    waiting: i64,
}
