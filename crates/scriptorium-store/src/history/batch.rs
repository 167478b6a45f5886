//! One batch of the history writer: many records in few statements, all or none of it committed.
//! Should the batch fail, each record is tried in a savepoint of its own, so that a bad one fails
//! alone and the good ones still share one fsync.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, LogLine};
use scriptorium_model::notification::Notification;
use scriptorium_model::storage::{Change, Changed, Entry, Kept};
use scriptorium_model::{
    Ambient, IdempotencyKey, Json, ScriptId, TenantId, Timestamp, Uuid, retry,
};

use super::entries::Entries;
use super::{Accept, Begin, Finished, Quotas, Written};
use crate::audit::{By, Ends, Noted, Said, Trail, unaudited};
use crate::db::{Db, Dialect, Micros, Tx, Value};
use crate::deliveries;
use crate::error::{Error, Result};
use crate::events::lineage_text;
use crate::executions::{COLUMN_COUNT, COLUMNS, ExecutionRow, IdRow, Inserted, Packed, values};
use crate::idempotency::{self, KnownKey, Taken};
use crate::lifecycle::{self, Audience};
use crate::notifications;
use crate::schedules;
use crate::search::{self, Document};
use crate::seats::{self, Entered};
use crate::system;
use crate::system::queue::{Term, claim_row};
use crate::versions;

/// Something to write.
#[derive(Debug)]
pub(super) enum Write {
    Pending(Box<Accept>, Packed),
    /// With what it will be found by.
    Finished(Box<Finished>, Packed, Document),
    Event(Event),
    EventOnce(Event, IdempotencyKey),
    Set(TenantId, Entry, Option<By>),
    Delete(TenantId, String, Option<By>),
    Change(TenantId, String, Change),
    /// What a transaction of that number in the tenant's file has left.
    HandOver(TenantId, i64, BTreeMap<String, Option<Kept>>),
    Say(Said),
}

/// What a batch came to, beside the outcome of each of its writes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    /// Executions became pending.
    pub(super) pending: bool,
    /// Events wait for their delivery.
    pub(super) events: bool,
    /// Somebody is to stop what they run.
    pub(super) cancels: bool,
    /// Notifications wait to be sent.
    pub(super) notifications: bool,
}

impl std::ops::BitOrAssign for Moved {
    fn bitor_assign(&mut self, other: Self) {
        self.pending |= other.pending;
        self.events |= other.events;
        self.cancels |= other.cancels;
        self.notifications |= other.notifications;
    }
}

/// What writing it came to.
#[derive(Debug)]
pub(super) enum Outcome {
    Inserted(Inserted),
    Finished(Written),
    Changed(bool),
    /// What is known of a key that was used before.
    Keyed(Option<KnownKey>),
    Entry(Changed),
}

impl Outcome {
    /// Whether something was changed, and what the audit trail says of it.
    fn answer(changed: Result<(bool, Option<Said>)>, said: &mut Vec<Said>) -> Result<Self> {
        let (changed, told) = changed?;
        said.extend(told);
        Ok(Self::Changed(changed))
    }
}

impl Write {
    fn tenant(&self) -> TenantId {
        match self {
            Self::Pending(accept, _) => accept.execution.tenant,
            Self::Finished(finished, ..) => finished.execution.tenant,
            Self::Event(event) | Self::EventOnce(event, _) => event.tenant,
            Self::Set(tenant, ..)
            | Self::Delete(tenant, ..)
            | Self::Change(tenant, ..)
            | Self::HandOver(tenant, ..) => *tenant,
            Self::Say(said) => said.tenant,
        }
    }

    /// Roughly how many rows it is.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Finished(finished, ..) => {
                2 + finished.logs.len() + finished.events.len() + finished.notifications.len()
            }
            Self::HandOver(_, _, written) => 1 + written.len(),
            _ => 1,
        }
    }

    /// Roughly how much memory its payloads take.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Pending(accept, _) => payload(&accept.execution),
            Self::Finished(finished, _, document) => {
                let logs = finished
                    .logs
                    .iter()
                    .map(|line| line.message.len() + line.data.as_ref().map_or(0, Json::len));
                let events = finished.events.iter().map(|event| event.payload.len());
                let notifications = finished.notifications.iter().map(|one| one.content.len());
                payload(&finished.execution)
                    + document.words.len()
                    + logs.chain(events).chain(notifications).sum::<usize>()
            }
            Self::Event(event) | Self::EventOnce(event, _) => event.payload.len(),
            Self::Set(_, entry, _) => entry.value.len(),
            Self::Change(_, _, change) => match change {
                Change::Replace {
                    expected, value, ..
                } => [expected, value].into_iter().flatten().map(Json::len).sum(),
                Change::Add { .. } | Change::Expire(_) => 0,
            },
            Self::HandOver(_, _, written) => {
                let values = written.values().flatten();
                values.map(|kept| kept.value.len()).sum()
            }
            Self::Delete(..) | Self::Say(_) => 0,
        }
    }
}

fn payload(execution: &Execution) -> usize {
    let output = execution.output.as_ref().map_or(0, Json::len);
    let trigger = execution.trigger_data.as_ref().map_or(0, Json::len);
    execution.input.len() + output + trigger
}

/// Writes and commits; one outcome for each write, in order, and what others may want to know.
pub(super) async fn commit(
    db: &Db,
    trail: &Trail,
    writes: &[Write],
    quota: Quotas,
    now: Timestamp,
) -> (Vec<Result<Outcome>>, Moved) {
    if let Ok(done) = together(db, trail, writes, quota, now).await {
        return done;
    }
    match one_by_one(db, trail, writes, quota, now).await {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(%error, cause = ?error, "a batch of records was not committed");
            let outcomes = writes.iter().map(|_| Err(error.repeated())).collect();
            (outcomes, Moved::default())
        }
    }
}

async fn together(
    db: &Db,
    trail: &Trail,
    writes: &[Write],
    quota: Quotas,
    now: Timestamp,
) -> Result<(Vec<Result<Outcome>>, Moved)> {
    let tx = db.write_each(system::for_history_writer()).await?;
    let writes: Vec<&Write> = writes.iter().collect();
    let Rows {
        outcomes,
        moved,
        noted,
    } = write(&tx, trail, &writes, quota, now).await?;
    tx.commit(noted).await?;
    Ok((outcomes, moved))
}

async fn one_by_one(
    db: &Db,
    trail: &Trail,
    writes: &[Write],
    quota: Quotas,
    now: Timestamp,
) -> Result<(Vec<Result<Outcome>>, Moved)> {
    let tx = db.write_each(system::for_history_writer()).await?;
    let mut outcomes = Vec::with_capacity(writes.len());
    let mut moved = Moved::default();
    for single in writes {
        let savepoint = tx.savepoint().await?;
        match write(&savepoint, trail, &[single], quota, now).await {
            // Its entry is kept or forgotten with it.
            Ok(written) => {
                savepoint.release().await?;
                outcomes.extend(written.outcomes);
                moved |= written.moved;
            }
            Err(error) => {
                savepoint.rollback().await?;
                outcomes.push(Err(error));
            }
        }
    }
    tx.commit(unaudited("each record has left its own")).await?;
    Ok((outcomes, moved))
}

/// What writing came to, before it is committed.
struct Rows {
    outcomes: Vec<Result<Outcome>>,
    moved: Moved,
    noted: Noted,
}

/// Writes all of it; on PostgreSQL tenant by tenant, each named to row-level security, so that no
/// record can touch what is not its tenant's.
async fn write(
    tx: &Tx,
    trail: &Trail,
    writes: &[&Write],
    quota: Quotas,
    now: Timestamp,
) -> Result<Rows> {
    if tx.dialect() == Dialect::Sqlite {
        return write_rows(tx, trail, writes, quota, now).await;
    }
    let mut tenants: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
    for (place, write) in writes.iter().enumerate() {
        tenants.entry(write.tenant().0).or_default().push(place);
    }
    let mut placed = Vec::with_capacity(writes.len());
    let mut moved = Moved::default();
    for (tenant, places) in tenants {
        tx.enter(TenantId(tenant)).await?;
        let own: Vec<&Write> = places.iter().map(|place| writes[*place]).collect();
        let rows = write_rows(tx, trail, &own, quota, now).await?;
        moved |= rows.moved;
        placed.extend(places.into_iter().zip(rows.outcomes));
    }
    placed.sort_by_key(|(place, _)| *place);
    Ok(Rows {
        outcomes: placed.into_iter().map(|(_, outcome)| outcome).collect(),
        moved,
        noted: unaudited("each tenant's part has left its own"),
    })
}

/// Writes kind by kind; entries of storage in their order, because a key may come twice. What it
/// leaves in the audit trail comes last: the heads of the chains are locked from then on.
async fn write_rows(
    tx: &Tx,
    trail: &Trail,
    writes: &[&Write],
    quota: Quotas,
    now: Timestamp,
) -> Result<Rows> {
    let known = take_keys(tx, writes, now).await?;
    let mut begun = Vec::new();
    let mut pending = Vec::new();
    let mut finished = Vec::new();
    let mut documents = Vec::new();
    let mut events = Vec::new();
    for (write, known) in writes.iter().zip(&known) {
        match write {
            _ if known.is_some() => {}
            Write::Pending(accept, packed) => match &accept.begin {
                Some(begin) => begun.push((accept.as_ref(), *begin, &accept.execution, packed)),
                None => pending.push((&accept.execution, packed)),
            },
            Write::Finished(record, packed, document) => {
                finished.push((record.as_ref(), packed));
                documents.push(document);
            }
            Write::Event(event) | Write::EventOnce(event, _) => events.push(event),
            Write::Set(..)
            | Write::Delete(..)
            | Write::Change(..)
            | Write::HandOver(..)
            | Write::Say(_) => {}
        }
    }
    // As everybody locks rows of executions.
    finished.sort_by_key(|(record, _)| record.execution.id);
    let mut about: Vec<&Execution> = pending.iter().map(|(execution, _)| *execution).collect();
    about.extend(begun.iter().map(|(.., execution, _)| *execution));
    about.extend(finished.iter().map(|(record, _)| &record.execution));
    seats::lock(tx, &about).await?;
    let mut inserted = insert_pending(tx, &pending).await?;
    let waits = !inserted.is_empty();
    let mut new: Vec<&Execution> = pending.iter().map(|(execution, _)| *execution).collect();
    new.retain(|execution| inserted.contains(&execution.id.0));
    let mut gone = seats::enter_all(tx, &new, now).await?;
    let Begun {
        held,
        told: started_told,
        full,
    } = insert_begun(tx, trail.ambient(), &begun, now, &mut gone).await?;
    inserted.extend(held);
    let stored = store_ends(tx, &finished, now).await?;
    let mut finished: Vec<&Finished> = finished.into_iter().map(|(record, _)| record).collect();
    finished.retain(|record| stored.contains(&record.execution.id.0));
    insert_logs(tx, &finished).await?;
    let ends = finished.iter().map(|record| &record.execution);
    let again = schedules::note_ends(tx, trail.ambient(), ends).await?;
    documents.retain(|document| stored.contains(&document.id));
    search::note(tx, &documents).await?;
    // What is tried again publishes and sends then: nothing is told twice (decisions 0040 and 0044).
    let last = finished
        .iter()
        .filter(|record| !again.contains(&record.execution.id))
        .filter(|record| !retry::follows(&record.execution));
    events.extend(last.clone().flat_map(|record| &record.events));
    let messages: Vec<&Notification> = last.flat_map(|record| &record.notifications).collect();
    let to_send = notifications::insert(tx, &messages, quota.notifications_per_day, now).await?;
    let told = told(tx, trail.ambient(), &finished).await?;
    events.extend(&told);
    let new_events = insert_events(tx, &events).await?;
    let ends: Vec<&Execution> = finished.iter().map(|record| &record.execution).collect();
    let followed = deliveries::follow(tx, trail.ambient(), &ends).await?;
    let passed = seats::follow(tx, &ends).await?;
    let gone_said = seats::note_gone(tx, trail.ambient(), &gone).await?;
    let moved = Moved {
        pending: followed.pending || passed || waits || !again.is_empty() || !gone.is_empty(),
        cancels: !gone.is_empty() || !full.is_empty(),
        notifications: to_send,
        events: followed.events || started_told || !new_events.is_empty() || !gone.is_empty(),
    };

    let mut ends = Ends::default();
    for record in &finished {
        ends.add(&record.execution, &record.incidents);
    }
    let mut said: Vec<Said> = ends.said().chain(gone_said).collect();
    let dropped = |id: Uuid| gone.iter().find(|execution| execution.id.0 == id);

    let mut entries = Entries::new(quota.storage, now);
    let mut outcomes = Vec::with_capacity(writes.len());
    for (write, known) in writes.iter().zip(known) {
        outcomes.push(match write {
            Write::Pending(accept, _) => match known {
                Some(known) => existing(tx, accept.execution.tenant, known).await?,
                None if full.contains(&accept.execution.id.0) => {
                    Ok(Outcome::Inserted(Inserted::Full))
                }
                None if inserted.contains(&accept.execution.id.0) => {
                    let dropped = dropped(accept.execution.id.0).cloned().map(Box::new);
                    let came = dropped.map_or(Inserted::New, Inserted::Dropped);
                    Ok(Outcome::Inserted(came))
                }
                None => Err(Error::not_unique("id")),
            },
            Write::EventOnce(..) => Ok(Outcome::Keyed(known)),
            Write::Finished(record, ..) if stored.contains(&record.execution.id.0) => {
                Ok(Outcome::Finished(Written::Stored))
            }
            Write::Finished(..) => Ok(Outcome::Finished(Written::Discarded)),
            Write::Event(event) => Ok(Outcome::Changed(new_events.contains(&event.id.0))),
            Write::Set(tenant, entry, by) => {
                let set = entries.set(tx, *tenant, entry, by.as_ref()).await?;
                Outcome::answer(set, &mut said)
            }
            Write::Change(tenant, key, change) => {
                let changed = entries.change(tx, *tenant, key, change).await?;
                changed.map(Outcome::Entry)
            }
            Write::Delete(tenant, key, by) => {
                let deleted = entries.delete(tx, *tenant, key, by.as_ref()).await?;
                Outcome::answer(Ok(deleted), &mut said)
            }
            Write::HandOver(tenant, number, written) => {
                let new = entries.hand_over(tx, *tenant, *number, written).await?;
                Ok(Outcome::Changed(new))
            }
            Write::Say(what) => {
                said.push(what.clone());
                Ok(Outcome::Changed(true))
            }
        });
    }
    let noted = trail.append_all(tx, said).await?;
    Ok(Rows {
        outcomes,
        moved,
        noted,
    })
}

/// What the platform publishes about executions that ended: also that they began, of those that
/// nobody had claimed before.
async fn told(tx: &Tx, ambient: &Ambient, ends: &[&Finished]) -> Result<Vec<Event>> {
    let mut audience = Audience::default();
    let mut events = Vec::new();
    for end in ends {
        let execution = &end.execution;
        let listeners = audience.of(tx, execution).await?;
        if end.lease.is_none() && execution.started_at.is_some() {
            events.extend(listeners.started(execution, ambient));
        }
        events.extend(listeners.ended(execution, ambient));
    }
    Ok(events)
}

/// Takes the idempotency keys of what is to be written; what is known of each that was used before,
/// which is not written again.
async fn take_keys(tx: &Tx, writes: &[&Write], now: Timestamp) -> Result<Vec<Option<KnownKey>>> {
    let mut known = Vec::with_capacity(writes.len());
    for write in writes {
        let (subject, key) = match write {
            Write::Pending(accept, _) => (accept.execution.id.0, accept.key.as_ref()),
            Write::EventOnce(event, key) => (event.id.0, Some(key)),
            _ => (Uuid::nil(), None),
        };
        known.push(match key {
            None => None,
            Some(key) => match idempotency::take(tx, write.tenant(), key, subject, now).await? {
                Taken::Now => None,
                Taken::Before(known) => Some(known),
            },
        });
    }
    Ok(known)
}

/// What became of executions that were to begin at once.
#[derive(Default)]
struct Begun {
    /// Those that are recorded.
    held: HashSet<Uuid>,
    /// Whether it was published that they began.
    told: bool,
    /// Those that do not have their seat, and are not recorded.
    full: HashSet<Uuid>,
}

/// Inserts executions that somebody has begun, each under the lease it is held by, if it has its seat.
async fn insert_begun(
    tx: &Tx,
    ambient: &Ambient,
    begun: &[(&Accept, Begin, &Execution, &Packed)],
    now: Timestamp,
    gone: &mut Vec<Execution>,
) -> Result<Begun> {
    let mut came = Begun::default();
    if begun.is_empty() {
        return Ok(came);
    }
    let clock = tx.lease_clock(now).await?;
    let mut audience = Audience::default();
    for (accept, begin, execution, packed) in begun {
        let (tenant, id) = (execution.tenant, execution.id.0);
        let entered = seats::decide(tx, execution, now, gone).await?;
        if let Entered::Later = entered {
            // Who waits asks again, under the same key.
            if let Some(key) = &accept.key {
                idempotency::give_back(tx, tenant, key, id).await?;
            }
            came.full.insert(id);
            continue;
        }
        if insert_pending(tx, &[(execution, packed)]).await?.is_empty() {
            continue;
        }
        came.held.insert(id);
        if let Entered::Never = entered {
            gone.extend(seats::drop_one(tx, execution, now).await?);
            continue;
        }
        if execution.seat.is_some() {
            seats::let_in(tx, tenant, id).await?;
        }
        let term = Term::new(clock, begin.term);
        if let Some(execution) = claim_row(tx, (tenant, id), begin.lease, term, now).await? {
            lifecycle::tell_started(tx, ambient, &mut audience, &execution).await?;
        }
    }
    came.told = audience.is_told();
    Ok(came)
}

/// Inserts what is not there yet; the ids that were inserted. Refused as a whole when a version that
/// one of them names is gone.
pub(crate) async fn insert_pending(
    tx: &Tx,
    executions: &[(&Execution, &Packed)],
) -> Result<HashSet<Uuid>> {
    let mut inserted = HashSet::with_capacity(executions.len());
    for some in chunks(executions) {
        let mut sql = tx.sql("insert into executions (");
        sql.push(COLUMNS).push(") values ");
        sql.push_rows(some.len(), COLUMN_COUNT);
        sql.push(" on conflict do nothing returning id");
        let mut bound = Vec::with_capacity(some.len() * COLUMN_COUNT);
        for (execution, packed) in some {
            bound.extend(values(execution, packed, None)?);
        }
        let rows: Vec<IdRow> = tx.all(sql.with(bound)).await?;
        inserted.extend(rows.into_iter().map(|row| row.id));
    }
    let mut named: BTreeMap<TenantId, BTreeSet<(ScriptId, u32)>> = BTreeMap::new();
    for (execution, _) in executions {
        let of_tenant = named.entry(execution.tenant).or_default();
        of_tenant.insert((execution.script, execution.version));
    }
    for (tenant, named) in named {
        let named: Vec<_> = named.into_iter().collect();
        if !versions::are_there(tx, tenant, &named).await? {
            return Err(Error::NotFound);
        }
    }
    Ok(inserted)
}

/// Stores ends: of executions never recorded by inserting, of claimed ones by updating, provided
/// that the lease still holds. The ids that were stored.
async fn store_ends(
    tx: &Tx,
    ends: &[(&Finished, &Packed)],
    now: Timestamp,
) -> Result<HashSet<Uuid>> {
    let mut stored = HashSet::with_capacity(ends.len());
    if ends.is_empty() {
        return Ok(stored);
    }
    let now = tx.lease_clock(now).await?;
    for some in chunks(ends) {
        let mut sql = tx.sql("insert into executions (");
        sql.push(COLUMNS).push(") values ");
        sql.push_rows(some.len(), COLUMN_COUNT);
        sql.push(STORE_END);
        let mut bound = Vec::with_capacity(some.len() * COLUMN_COUNT + 1);
        for (record, packed) in some {
            let lease = record.lease.map(|lease| lease.0);
            let execution = &record.execution;
            bound.extend(values(execution, packed, lease)?);
        }
        let mut sql = sql.with(bound);
        sql.bind(now).push(" returning id");
        let rows: Vec<IdRow> = tx.all(sql).await?;
        stored.extend(rows.into_iter().map(|row| row.id));
    }
    Ok(stored)
}

/// An unknown id is inserted; a known one must be running under the very lease of the record, and
/// the lease must not have ended. Whoever has none is no match: null equals nothing.
const STORE_END: &str = " on conflict (tenant_id, id) do update set status = excluded.status, \
    version = excluded.version, started_at = excluded.started_at, \
    completed_at = excluded.completed_at, queued_us = excluded.queued_us, \
    duration_us = excluded.duration_us, cpu_us = excluded.cpu_us, \
    memory_peak_bytes = excluded.memory_peak_bytes, api_calls = excluded.api_calls, \
    db_queries = excluded.db_queries, dropped_logs = excluded.dropped_logs, \
    failure_code = excluded.failure_code, failure_message = excluded.failure_message, \
    failure_detail = excluded.failure_detail, output = excluded.output, \
    output_packed = excluded.output_packed, progress = excluded.progress, effects = excluded.effects, \
    lease_id = null, lease_until = null \
    where executions.status = 'running' and executions.lease_id = excluded.lease_id \
    and executions.lease_until > ";

async fn insert_logs(tx: &Tx, ends: &[&Finished]) -> Result<()> {
    const COLUMNS: usize = 7;
    let mut lines: Vec<(&Execution, &LogLine)> = Vec::new();
    for record in ends {
        lines.extend(record.logs.iter().map(|line| (&record.execution, line)));
    }
    for some in chunks(&lines) {
        let mut sql = tx.sql(
            "insert into execution_logs (tenant_id, execution_id, seq, level, at, message, data) \
             values ",
        );
        sql.push_rows(some.len(), COLUMNS);
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
        for (execution, line) in some {
            let data = line.data.as_ref().map(|data| data.as_str().to_owned());
            bound.extend([
                execution.tenant.0.into(),
                execution.id.0.into(),
                line.seq.into(),
                line.level.as_str().into(),
                Micros::from(line.at).into(),
                line.message.as_str().into(),
                data.into(),
            ] as [Value; COLUMNS]);
        }
        tx.execute(sql.with(bound)).await?;
    }
    Ok(())
}

/// Inserts what is not there yet; the ids that were inserted.
async fn insert_events(tx: &Tx, events: &[&Event]) -> Result<HashSet<Uuid>> {
    const COLUMNS: usize = 10;
    let mut inserted = HashSet::with_capacity(events.len());
    for some in chunks(events) {
        let mut sql = tx.sql(
            "insert into events (tenant_id, id, kind, script_id, execution_id, created_at, \
             payload, lineage, waiting, key) values ",
        );
        sql.push_rows(some.len(), COLUMNS);
        sql.push(" on conflict do nothing returning id");
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
        for event in some {
            bound.extend([
                event.tenant.0.into(),
                event.id.0.into(),
                event.kind.as_str().into(),
                event.script.map(|id| id.0).into(),
                event.execution.map(|id| id.0).into(),
                Micros::from(event.created_at).into(),
                event.payload.as_str().into(),
                lineage_text(&event.lineage).into(),
                true.into(),
                event.key.clone().into(),
            ] as [Value; COLUMNS]);
        }
        let rows: Vec<IdRow> = tx.all(sql.with(bound)).await?;
        inserted.extend(rows.into_iter().map(|row| row.id));
    }
    Ok(inserted)
}

/// What came of the request that a key stands for.
async fn existing(tx: &Tx, tenant: TenantId, known: KnownKey) -> Result<Result<Outcome>> {
    let KnownKey::Same(id) = known else {
        return Ok(Ok(Outcome::Inserted(Inserted::KeyReused)));
    };
    let sql = tx
        .sql_of(
            tenant,
            "select * from executions where tenant_id = $1 and id = $2",
        )
        .with([id.into()]);
    let row: Option<ExecutionRow> = tx.one(sql).await?;
    Ok(match row {
        Some(row) => Ok(Outcome::Inserted(Inserted::Existing(Box::new(
            row.try_into()?,
        )))),
        // It was removed with its script.
        None => Err(Error::NotFound),
    })
}

/// Cuts a list into pieces of few different lengths, so that few statements are ever prepared.
pub(crate) fn chunks<T>(items: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let length = [64, 32, 16, 8, 4, 2, 1]
            .into_iter()
            .find(|n| *n <= rest.len())?;
        let (piece, left) = rest.split_at(length);
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_lose_nothing_and_have_seven_lengths() {
        let items: Vec<u32> = (0..151).collect();
        let pieces: Vec<&[u32]> = chunks(&items).collect();
        assert_eq!(pieces.concat(), items);
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(lengths, [64, 64, 16, 4, 2, 1]);
    }
}
