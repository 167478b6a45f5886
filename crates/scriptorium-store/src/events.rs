//! The recorded events of a tenant. Delivering them is not the store's business.

use scriptorium_model::event::Event;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{Ctx, EventId, ExecutionId, ScriptId, TenantId, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, json};
use crate::error::{Error, Result};
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
}

#[derive(FromQueryResult)]
struct EventRow {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    script_id: Option<Uuid>,
    execution_id: Option<Uuid>,
    created_at: Micros,
    payload: String,
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
            created_at: row.created_at.into(),
        }
    }
}
