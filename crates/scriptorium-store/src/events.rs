//! The recorded events of a tenant, and which scripts each was delivered to. Delivering them is in
//! `system::dispatch`.

use scriptorium_model::event::Event;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{
    Ctx, EventId, ExecutionId, IdempotencyKey, ScriptId, TenantId, Timestamp, Uuid,
};

use crate::Store;
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, Tx, json};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::idempotency::KnownKey;
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

    /// Records an event durably under an idempotency key. When the key was used before, nothing is
    /// recorded, and the answer is what is known of it.
    ///
    /// # Errors
    /// `NotFound` for an unknown tenant.
    pub async fn insert_event_once(
        &self,
        ctx: &Ctx,
        event: Event,
        key: IdempotencyKey,
    ) -> Result<Option<KnownKey>> {
        of_tenant(ctx, event.tenant)?;
        self.inner.writer.insert_event_once(event, key).await
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

    /// The types of the tenant's recorded events, by name: when each was recorded last, and how often, up to
    /// [`EventType::MOST`] times; the first [`EventType::TYPES`] of them. The recursion hops from type to type
    /// in the index.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_event_types(&self, ctx: &Ctx) -> Result<Vec<EventType>> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(
            "with recursive seen (kind, place) as (\
             select (select v.kind from events v where v.tenant_id = $1 order by v.kind limit 1), 1 \
             union all \
             select (select v.kind from events v where v.tenant_id = $1 and v.kind > seen.kind \
             order by v.kind limit 1), seen.place + 1 \
             from seen where seen.kind is not null and seen.place < ",
        );
        sql.bind(i64::from(EventType::TYPES)).push(
            ") select seen.kind as kind, \
             (select max(v.created_at) from events v where v.tenant_id = $1 and v.kind = seen.kind) \
             as last_at, \
             (select count(*) from (select 1 from events v where v.tenant_id = $1 \
             and v.kind = seen.kind limit ",
        );
        sql.bind(i64::from(EventType::MOST));
        sql.push(") counted) as number from seen where seen.kind is not null order by seen.kind");
        let rows: Vec<TypeRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(EventType::from).collect())
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
                "select d.script_id, d.execution_id, d.created_at, d.discarded, \
                 case when w.position is null then 0 when w.parked = true then 2 else 1 end \
                 as waits from event_deliveries d left join waiting_deliveries w \
                 on w.tenant_id = d.tenant_id and w.script_id = d.script_id \
                 and w.event_id = d.event_id \
                 where d.tenant_id = $1 and d.event_id = $2 order by d.script_id",
            )
            .with([id.0.into()]);
        let rows: Vec<DeliveredRow> = db.all(sql).await?;
        Ok(Some(rows.into_iter().map(Delivered::from).collect()))
    }
}

/// A type of the events that a tenant has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The type.
    pub kind: String,
    /// When one was recorded last.
    pub last_at: Timestamp,
    /// How many there are, [`EventType::MOST`] at most.
    pub count: u64,
}

impl EventType {
    /// Beyond so many it is not counted.
    pub const MOST: u32 = 1_000;
    /// Most types that are told.
    pub const TYPES: u32 = 500;
}

#[derive(FromRow)]
struct TypeRow {
    kind: String,
    last_at: Micros,
    number: i64,
}

impl From<TypeRow> for EventType {
    fn from(row: TypeRow) -> Self {
        Self {
            kind: row.kind,
            last_at: row.last_at.into(),
            count: row.number.unsigned_abs(),
        }
    }
}

/// A script that an event was delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The script, which may be gone.
    pub script: ScriptId,
    /// The first execution; `None` when there is none.
    pub execution: Option<ExecutionId>,
    /// What became of it so far.
    pub state: DeliveryState,
    /// Why somebody discarded it.
    pub discarded: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of a delivery so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is an execution.
    Begun,
    /// It waits for the one before in its order.
    Waiting,
    /// Its script's subscription is suspended.
    Parked,
    /// Somebody decided that the script is not to be given it.
    Discarded,
    /// It became a dead letter at once.
    DeadLetter,
}

impl DeliveryState {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Discarded => "discarded",
            Self::DeadLetter => "dead_letter",
        }
    }
}

#[derive(FromRow)]
struct DeliveredRow {
    script_id: Uuid,
    execution_id: Option<Uuid>,
    created_at: Micros,
    discarded: Option<String>,
    waits: i32,
}

impl From<DeliveredRow> for Delivered {
    fn from(row: DeliveredRow) -> Self {
        let state = match (row.execution_id, row.waits, &row.discarded) {
            (Some(_), ..) => DeliveryState::Begun,
            (None, 1, _) => DeliveryState::Waiting,
            (None, 2, _) => DeliveryState::Parked,
            (None, _, Some(_)) => DeliveryState::Discarded,
            (None, _, None) => DeliveryState::DeadLetter,
        };
        Self {
            state,
            discarded: row.discarded,
            script: ScriptId(row.script_id),
            execution: row.execution_id.map(ExecutionId),
            at: row.created_at.into(),
        }
    }
}

#[derive(FromRow)]
pub(crate) struct EventRow {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    script_id: Option<Uuid>,
    execution_id: Option<Uuid>,
    created_at: Micros,
    payload: String,
    key: Option<String>,
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
            key: row.key,
            script: row.script_id.map(ScriptId),
            execution: row.execution_id.map(ExecutionId),
            lineage: lineage(row.lineage.as_deref()),
            created_at: row.created_at.into(),
        }
    }
}
