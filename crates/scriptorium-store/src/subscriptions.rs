//! Who is subscribed to an event of a tenant. The rows are written with their script, in
//! [`crate::scripts`].

use scriptorium_model::filter::Filter;
use scriptorium_model::{Ctx, Json, ScriptId, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::db::number;
use crate::error::{Error, Result};

/// An active script that runs on events of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The script.
    pub script: ScriptId,
    /// Its name.
    pub script_name: String,
    /// Its current version.
    pub version: u32,
    /// What the payload must be like; anything when `None`.
    pub filter: Option<Filter>,
    /// Of several, those with a higher one begin first.
    pub priority: u32,
    /// Executions that one event may have in all.
    pub max_attempts: u32,
}

impl Store {
    /// The active scripts of the tenant that run on events of a type, in the order they begin
    /// (R-REPO-04).
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_subscribers(&self, ctx: &Ctx, event_type: &str) -> Result<Vec<Subscriber>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select b.script_id, b.filter, b.priority, b.max_attempts, s.name, s.version \
                 from subscriptions b join scripts s \
                 on s.tenant_id = b.tenant_id and s.id = b.script_id \
                 where b.tenant_id = $1 and b.event_type = $2 and b.active = true \
                 order by b.priority desc, b.script_id",
            )
            .with([event_type.into()]);
        let rows: Vec<SubscriberRow> = db.all(sql).await?;
        rows.into_iter().map(Subscriber::try_from).collect()
    }
}

#[derive(FromQueryResult)]
struct SubscriberRow {
    script_id: Uuid,
    filter: Option<String>,
    priority: i64,
    max_attempts: i64,
    name: String,
    version: i64,
}

impl TryFrom<SubscriberRow> for Subscriber {
    type Error = Error;
    fn try_from(row: SubscriberRow) -> Result<Self> {
        let filter = row.filter.map(Json::from_written).map(Filter::parse);
        Ok(Self {
            script: ScriptId(row.script_id),
            script_name: row.name,
            version: number(row.version),
            filter: filter
                .transpose()
                .map_err(|_| Error::corrupt("subscriptions.filter"))?,
            priority: number(row.priority),
            max_attempts: number(row.max_attempts),
        })
    }
}
