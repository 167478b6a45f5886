//! The recorded events of a tenant, and which scripts each was delivered to. Delivering them is in
//! `system::dispatch`.

use scriptorium_model::event::Event;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{Ctx, EventId, ExecutionId, ScriptId, TenantId, Timestamp, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, Tx, json};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::store::of_tenant;

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this type only.
    pub kind: Option<String>,
}

impl Store {
    /// Records an event durably. An event whose id is already recorded is left as it is; whether
    /// this one is new.
    ///
    /// # Errors
    /// `NotFound` for an unknown tenant.
    pub async fn insert_event(&self, ctx: &Ctx, event: Event) -> Result<bool> {
        of_tenant(ctx, event.tenant)?;
        self.inner.writer.insert_event(event).await
    }

    /// The tenant's events, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_events(
        &self,
        ctx: &Ctx,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<Event>> {
        let cursors = Cursors::new(ctx, "events", filter);
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql("select * from events where tenant_id = $1");
        if let Some(kind) = &filter.kind {
            sql.push(" and kind = ").bind(kind.as_str());
        }
        match cursors.start(page)? {
            Some(Key::Number(at, id)) => {
                sql.push(" and (created_at, id) < ");
                sql.bind_list([at.into(), id.into()]);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by created_at desc, id desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<EventRow> = db.all(sql).await?;
        let events = rows.into_iter().map(Event::from).collect();
        cursors.page(events, page, |last: &Event| {
            Key::Number(last.created_at.as_microsecond(), last.id.0)
        })
    }

    /// An event by id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_event(&self, ctx: &Ctx, id: EventId) -> Result<Event> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select * from events where tenant_id = $1 and id = $2")
            .with([id.0.into()]);
        let row: Option<EventRow> = db.one(sql).await?;
        row.map(Event::from).ok_or(Error::NotFound)
    }

    /// The scripts that an event was delivered to; `None` while nobody has looked who they are.
    ///
    /// # Errors
    /// `NotFound` for an unknown event.
    pub async fn list_deliveries(&self, ctx: &Ctx, id: EventId) -> Result<Option<Vec<Delivered>>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select id from events where tenant_id = $1 and id = $2 and waiting = true")
            .with([id.0.into()]);
        if db.one::<IdRow>(sql).await?.is_some() {
            return Ok(None);
        }
        self.find_event(ctx, id).await?;
        let sql = db
            .sql(
                "select script_id, execution_id, created_at from event_deliveries \
                 where tenant_id = $1 and event_id = $2 order by script_id",
            )
            .with([id.0.into()]);
        let rows: Vec<DeliveredRow> = db.all(sql).await?;
        Ok(Some(rows.into_iter().map(Delivered::from).collect()))
    }
}

/// A script that an event was delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The script, which may be gone.
    pub script: ScriptId,
    /// The first execution; `None` when the event became a dead letter at once.
    pub execution: Option<ExecutionId>,
    /// When.
    pub at: Timestamp,
}

#[derive(FromQueryResult)]
struct DeliveredRow {
    script_id: Uuid,
    execution_id: Option<Uuid>,
    created_at: Micros,
}

impl From<DeliveredRow> for Delivered {
    fn from(row: DeliveredRow) -> Self {
        Self {
            script: ScriptId(row.script_id),
            execution: row.execution_id.map(ExecutionId),
            at: row.created_at.into(),
        }
    }
}

#[derive(FromQueryResult)]
pub(crate) struct EventRow {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    script_id: Option<Uuid>,
    execution_id: Option<Uuid>,
    created_at: Micros,
    payload: String,
    lineage: Option<String>,
}

/// An event, unless its time is over.
pub(crate) async fn find(tx: &Tx, id: EventId) -> Result<Option<Event>> {
    let sql = tx
        .sql("select * from events where tenant_id = $1 and id = $2")
        .with([id.0.into()]);
    let row: Option<EventRow> = tx.one(sql).await?;
    Ok(row.map(Event::from))
}

/// The runs that led to an event, as stored; nothing when none did.
pub(crate) fn lineage_text(lineage: &[String]) -> Option<String> {
    (!lineage.is_empty()).then(|| serde_json::Value::from(lineage).to_string())
}

fn lineage(text: Option<&str>) -> Vec<String> {
    // It bounds loops, and nothing else: an event is not lost for it.
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            id: EventId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: row.kind,
            payload: json(row.payload),
            script: row.script_id.map(ScriptId),
            execution: row.execution_id.map(ExecutionId),
            lineage: lineage(row.lineage.as_deref()),
            created_at: row.created_at.into(),
        }
    }
}
