//! The schedules of a tenant as its users see them. Which are due is in `system::schedules`.

use scriptorium_model::{Ctx, ScriptId, Timestamp, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::db::Micros;
use crate::error::Result;

/// The next planned instant of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// The script.
    pub script: ScriptId,
    /// Its name.
    pub script_name: String,
    /// When it will run.
    pub at: Timestamp,
}

impl Store {
    /// The tenant's next planned instants, one for each active schedule, the soonest first.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_upcoming(&self, ctx: &Ctx, limit: u32) -> Result<Vec<Upcoming>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select c.script_id, s.name, c.next_at from schedules c join scripts s \
                 on s.tenant_id = c.tenant_id and s.id = c.script_id \
                 where c.tenant_id = $1 and c.next_at is not null \
                 order by c.next_at, c.script_id limit $2",
            )
            .with([limit.into()]);
        let rows: Vec<UpcomingRow> = db.all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| Upcoming {
                script: ScriptId(row.script_id),
                script_name: row.name,
                at: row.next_at.into(),
            })
            .collect())
    }
}

#[derive(FromQueryResult)]
struct UpcomingRow {
    script_id: Uuid,
    name: String,
    next_at: Micros,
}
