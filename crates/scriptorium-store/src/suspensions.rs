//! Suspended subscriptions: while one is, what its script would be given is parked; when it resumes, that is
//! delivered first, in its order, by whoever delivers events (`system::dispatch`); or a person discards
//! it. What is parked are rows of [`crate::turns`].

use std::time::Duration;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{
    Ambient, Ctx, EventId, ExecutionId, Json, ScriptId, TenantId, Timestamp, UserId, Uuid,
};
use serde_json::json;

use crate::Store;
use crate::audit::Note;
use crate::db::cursor::{Cursors, Key};
use crate::db::{FromRow, Value};
use crate::db::{Micros, Scope, Tx, json as written, number};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::store::Change;
use crate::turns::{self, InOrder, Order, Target, WaitingRow};

/// A subscription that is suspended, or that delivers what was parked while it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The script.
    pub script: ScriptId,
    /// Since when.
    pub since: Timestamp,
    /// Who suspended it, if a user did.
    pub by: Option<UserId>,
    /// Why, in their words.
    pub reason: Option<String>,
    /// It resumes: what is parked is being delivered.
    pub resuming: bool,
    /// How many of those in a minute; as fast as it goes when `None`.
    pub per_minute: Option<u32>,
    /// Events that are parked now.
    pub parked: u64,
}

/// An event that is kept for a script.
#[derive(Clone, Debug, PartialEq)]
pub struct ParkedEvent {
    /// The event.
    pub event: EventId,
    /// Its type.
    pub event_type: String,
    /// Its payload.
    pub payload: Json,
    /// Since when.
    pub parked_at: Timestamp,
}

impl Store {
    /// Parks from now on what the script would be given, and what waits in its orders. Executions that
    /// are pending or running go on.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`forbidden_move`) when it is suspended.
    pub async fn suspend(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        reason: Option<&str>,
    ) -> Result<Suspension> {
        let tx = self.db().write(ctx).await?;
        let name = name_of(&tx, script).await?;
        let now = self.inner.ambient.now();
        let sql = tx
            .sql(
                "insert into suspensions (tenant_id, script_id, since, by_user, reason) \
                 values ($1, $2, $3, $4, $5) on conflict (tenant_id, script_id) do update set \
                 since = excluded.since, by_user = excluded.by_user, reason = excluded.reason, \
                 per_minute = null, due_at = null where suspensions.due_at is not null",
            )
            .with([
                script.0.into(),
                Micros::from(now).into(),
                ctx.actor.user().map(|user| user.0).into(),
                reason.map(str::to_owned).into(),
            ]);
        if tx.execute(sql).await? == 0 {
            return Err(forbidden());
        }
        let sql = tx
            .sql(
                "update waiting_deliveries set parked = true where tenant_id = $1 \
                 and script_id = $2 and parked = false",
            )
            .with([script.0.into()]);
        tx.execute(sql).await?;
        let note = note(Action::SubscriptionSuspended, script, &name);
        let note = note.after(json!({ "reason": reason }));
        let found = found(&tx, script).await?.ok_or(Error::NotFound)?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(found)
    }

    /// Delivers what is parked, the oldest first, so many a minute or as fast as it goes. What is published
    /// until that is done comes after it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`forbidden_move`) unless it is suspended.
    pub async fn resume(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        per_minute: Option<u32>,
    ) -> Result<Suspension> {
        let tx = self.db().write(ctx).await?;
        let name = name_of(&tx, script).await?;
        let now = self.inner.ambient.now();
        let sql = tx
            .sql(
                "update suspensions set due_at = $3, per_minute = $4 where tenant_id = $1 \
                 and script_id = $2 and due_at is null",
            )
            .with([script.0.into(), Micros::from(now).into(), per_minute.into()]);
        if tx.execute(sql).await? == 0 {
            return Err(forbidden());
        }
        let note = note(Action::SubscriptionResumed, script, &name);
        let note = note.after(json!({ "per_minute": per_minute }));
        let found = found(&tx, script).await?.ok_or(Error::NotFound)?;
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        self.signal(Change::Events);
        Ok(found)
    }

    /// Decides that the script is not to be given what is parked, or one event of that; how many events.
    ///
    /// # Errors
    /// `NotFound` for the script, or for an event that is not parked. What was discarded until an error
    /// stays so.
    pub async fn discard_parked(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        event: Option<EventId>,
        reason: &str,
    ) -> Result<u64> {
        let mut discarded = 0;
        loop {
            let tx = self.db().write(ctx).await?;
            let name = name_of(&tx, script).await?;
            let mut sql = tx.sql(
                "delete from waiting_deliveries where tenant_id = $1 and script_id = $2 \
                 and position in (select position from waiting_deliveries \
                 where tenant_id = $1 and script_id = $2 and parked = true",
            );
            sql = sql.with([script.0.into()]);
            if let Some(event) = event {
                sql.push(" and event_id = ").bind(event.0);
            }
            sql.push(" order by position limit ").bind(DISCARDED);
            sql.push(") returning event_id as id");
            let gone: Vec<IdRow> = tx.all(sql).await?;
            let count = gone.len();
            if count == 0 {
                break;
            }
            let mut sql = tx.sql(
                "update event_deliveries set discarded = $3 where tenant_id = $1 \
                 and script_id = $2 and event_id in ",
            );
            sql = sql.with([script.0.into(), reason.into()]);
            sql.bind_list(gone.iter().map(|row| Value::from(row.id)));
            tx.execute(sql).await?;
            let note = note(Action::SubscriptionDiscarded, script, &name);
            let note = note.after(json!({
                "reason": reason, "events": count, "event_id": event.map(|event| event.0),
            }));
            let noted = self.audited(&tx, ctx, note).await?;
            tx.commit(noted).await?;
            discarded += count as u64;
            if count < DISCARDED as usize {
                break;
            }
        }
        match event {
            Some(_) if discarded == 0 => Err(Error::NotFound),
            _ => Ok(discarded),
        }
    }

    /// The suspension of a script's subscription; `None` when there is none.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_suspension(&self, ctx: &Ctx, script: ScriptId) -> Result<Option<Suspension>> {
        found(&self.db().read(ctx).await?, script).await
    }

    /// What is parked for a script, in the order in which it will be delivered.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_parked(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        page: &PageRequest,
    ) -> Result<Page<ParkedEvent>> {
        let cursors = Cursors::new(ctx, "parked", &script);
        let db = self.db().read(ctx).await?;
        let mut sql = db
            .sql(
                "select position, event_id, event_type, created_at, payload \
                 from waiting_deliveries where tenant_id = $1 and script_id = $2 \
                 and parked = true",
            )
            .with([script.0.into()]);
        match cursors.start(page)? {
            Some(Key::Number(position, _)) => {
                sql.push(" and position > ").bind(position);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by position limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<ParkedRow> = db.all(sql).await?;
        let page = cursors.page(rows, page, |last| Key::Number(last.position, last.event_id))?;
        Ok(Page {
            items: page.items.into_iter().map(ParkedEvent::from).collect(),
            next_cursor: page.next_cursor,
        })
    }
}

/// Deliveries of one transaction.
const DISCARDED: i64 = 500;
/// Parked deliveries that are taken up in one transaction.
const BATCH: u32 = 128;
/// For how long what was due and not delivered is made up for: a server that was away does not deliver an
/// hour's worth at once.
const LATE: Duration = Duration::from_secs(5);

/// With what executions are made.
pub(crate) struct Making<'a> {
    pub(crate) ambient: &'a Ambient,
    pub(crate) ids: &'a InOrder,
}

/// What was taken up of what is parked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Released {
    pub(crate) executions: u64,
    /// There is more, and it is due.
    pub(crate) more: bool,
}

/// The scripts of a tenant of which something parked is due.
pub(crate) async fn due(db: &Scope, tenant: TenantId, now: Timestamp) -> Result<Vec<ScriptId>> {
    let sql = db
        .sql_of(
            tenant,
            "select script_id from suspensions where tenant_id = $1 and due_at <= $2 \
             order by script_id",
        )
        .with([Micros::from(now).into()]);
    let rows: Vec<ScriptRow> = db.all(sql).await?;
    Ok(rows
        .into_iter()
        .map(|row| ScriptId(row.script_id))
        .collect())
}

/// Takes up what is due of what is parked for a script, in a transaction of whoever delivers events.
pub(crate) async fn release(
    tx: &Tx,
    made: &Making<'_>,
    tenant: TenantId,
    script: ScriptId,
) -> Result<Released> {
    let target = Target::find(tx, tenant, script).await?;
    target.lock_seats(tx, tenant).await?;
    // Who suspends locks this before what waits, too.
    let mut sql = tx
        .sql_of(
            tenant,
            "select per_minute, due_at from suspensions \
             where tenant_id = $1 and script_id = $2 and due_at <= $3",
        )
        .with([script.0.into(), Micros::from(made.ambient.now()).into()]);
    turns::lock(tx, &mut sql);
    let Some(due) = tx.one::<DueRow>(sql).await? else {
        return Ok(Released::default());
    };
    let pace = Pace::of(&due, made.ambient.now());
    let mut sql = tx
        .sql_of(
            tenant,
            "select * from waiting_deliveries where tenant_id = $1 and script_id = $2 \
             and parked = true order by position limit $3",
        )
        .with([script.0.into(), i64::from(pace.count).into()]);
    turns::lock(tx, &mut sql);
    let rows: Vec<WaitingRow> = tx.all(sql).await?;
    let more = rows.len() == pace.count as usize;
    if !more {
        let sql = tx
            .sql_of(
                tenant,
                "delete from suspensions where tenant_id = $1 and script_id = $2",
            )
            .with([script.0.into()]);
        tx.execute(sql).await?;
    } else if let Some(next) = pace.next {
        let sql = tx
            .sql_of(
                tenant,
                "update suspensions set due_at = $3 where tenant_id = $1 and script_id = $2",
            )
            .with([script.0.into(), next.into()]);
        tx.execute(sql).await?;
    }
    let executions = target.release(tx, made, tenant, rows).await?;
    Ok(Released {
        executions,
        more: more && pace.next.is_none(),
    })
}

/// How many are due, and when the next ones are.
struct Pace {
    count: u32,
    next: Option<Micros>,
}

impl Pace {
    fn of(due: &DueRow, now: Timestamp) -> Self {
        let Some(rate) = due.per_minute else {
            return Self {
                count: BATCH,
                next: None,
            };
        };
        let every = 60_000_000 / i64::from(number(rate).max(1));
        let every = every.max(1);
        let late = i64::try_from(LATE.as_micros()).unwrap_or(i64::MAX);
        let begin = due.due_at.0.max(now.as_microsecond() - late);
        let count = (now.as_microsecond() - begin) / every + 1;
        let count = count.clamp(1, i64::from(BATCH));
        Self {
            count: u32::try_from(count).unwrap_or(BATCH),
            next: Some(Micros(begin + every * count)),
        }
    }
}

impl Target {
    /// Lets parked deliveries become executions, or wait for their turn; how many executions those are.
    async fn release(
        &self,
        tx: &Tx,
        made: &Making<'_>,
        tenant: TenantId,
        rows: Vec<WaitingRow>,
    ) -> Result<u64> {
        let mut executions = 0;
        let mut together = Vec::new();
        for row in rows {
            let id = made.ids.next(made.ambient);
            if row.order_value.is_none() && self.gathers() {
                let single = self.opened(id, made.ambient.now(), tenant, &row);
                together.push((EventId(row.event_id), single));
                row.remove(tx, tenant).await?;
                continue;
            }
            if let Some(value) = row.order_value.clone() {
                let order = (self.script(), value);
                if !has_turn(tx, tenant, order, id, &row).await? {
                    continue;
                }
            }
            self.begin(tx, made.ambient, tenant, (id, row)).await?;
            executions += 1;
        }
        let begun = self.begin_together(tx, made.ambient, tenant, together);
        Ok(executions + begun.await?)
    }
}

/// Takes the turn of a parked delivery; when it is another's, the delivery waits and is parked no longer.
async fn has_turn(
    tx: &Tx,
    tenant: TenantId,
    order: Order,
    id: ExecutionId,
    row: &WaitingRow,
) -> Result<bool> {
    let script = order.0;
    let wanted = std::iter::once((order, (EventId(row.event_id), id))).collect();
    if !turns::take(tx, tenant, &wanted).await?.is_empty() {
        return Ok(true);
    }
    let sql = tx
        .sql_of(
            tenant,
            "update waiting_deliveries set parked = false where tenant_id = $1 \
             and script_id = $2 and position = $3",
        )
        .with([script.0.into(), row.position.into()]);
    tx.execute(sql).await?;
    Ok(false)
}

async fn found(db: &Scope, script: ScriptId) -> Result<Option<Suspension>> {
    let sql = db
        .sql(
            "select p.*, (select count(*) from waiting_deliveries w where w.tenant_id = $1 \
             and w.script_id = $2 and w.parked = true) as parked \
             from suspensions p where p.tenant_id = $1 and p.script_id = $2",
        )
        .with([script.0.into()]);
    let row: Option<SuspensionRow> = db.one(sql).await?;
    Ok(row.map(Suspension::from))
}

async fn name_of(tx: &Tx, script: ScriptId) -> Result<String> {
    let sql = tx
        .sql(
            "select name from scripts where tenant_id = $1 and id = $2 and type = 'event' \
             and deleted_at is null",
        )
        .with([script.0.into()]);
    let row: Option<NameRow> = tx.one(sql).await?;
    row.map(|row| row.name).ok_or(Error::NotFound)
}

fn note(action: Action, script: ScriptId, name: &str) -> Note {
    Note::new(action, Subject::new(SubjectKind::Script, script.0, name))
}

fn forbidden() -> Error {
    Error::Conflict {
        what: "forbidden_move",
        field: "status",
    }
}

#[derive(FromRow)]
struct NameRow {
    name: String,
}

#[derive(FromRow)]
struct ScriptRow {
    script_id: Uuid,
}

#[derive(FromRow)]
struct DueRow {
    per_minute: Option<i64>,
    due_at: Micros,
}

#[derive(FromRow)]
struct SuspensionRow {
    script_id: Uuid,
    since: Micros,
    by_user: Option<Uuid>,
    reason: Option<String>,
    per_minute: Option<i64>,
    due_at: Option<Micros>,
    parked: i64,
}

impl From<SuspensionRow> for Suspension {
    fn from(row: SuspensionRow) -> Self {
        Self {
            script: ScriptId(row.script_id),
            since: row.since.into(),
            by: row.by_user.map(UserId),
            reason: row.reason,
            resuming: row.due_at.is_some(),
            per_minute: row.per_minute.map(number),
            parked: row.parked.unsigned_abs(),
        }
    }
}

#[derive(FromRow)]
struct ParkedRow {
    position: i64,
    event_id: Uuid,
    event_type: String,
    created_at: Micros,
    payload: String,
}

impl From<ParkedRow> for ParkedEvent {
    fn from(row: ParkedRow) -> Self {
        Self {
            event: EventId(row.event_id),
            event_type: row.event_type,
            payload: written(row.payload),
            parked_at: row.created_at.into(),
        }
    }
}
