//! Removing what is past its retention (R-RET), a little at a time: each batch is a transaction of
//! its own, and between two of them whoever waits to write has their turn.

use std::time::Duration;

use scriptorium_model::retention::{DEFAULT_DAYS, Retention, TRASH_DAYS};
use scriptorium_model::{
    Ambient, Ctx, ScriptId, TenantId, Timestamp, Uuid, dead_letter, notification,
};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::{By, Noted, Removal, pruned, unaudited};
use crate::db::{FromRow, Micros, Tx, Value, number};
use crate::error::Result;
use crate::executions::IdRow;
use crate::history::hold_entries;
use crate::idempotency;
use crate::notifications;
use crate::search::{self, Kind};
use crate::store::Change;

/// Most rows that one transaction removes.
pub(super) const BATCH: u32 = 500;

/// What one maintenance removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Executions past their retention, with their log lines and search documents.
    pub executions: u64,
    /// Log lines whose execution stays.
    pub log_lines: u64,
    /// Events past their retention.
    pub events: u64,
    /// Dead letters that nobody can or need take up any more.
    pub dead_letters: u64,
    /// Operations on many executions, past the retention of executions.
    pub operations: u64,
    /// Notifications that were settled long ago.
    pub notifications: u64,
    /// Alerts that somebody acknowledged long ago.
    pub alerts: u64,
    /// Decided slots of schedules past the retention of executions.
    pub slots: u64,
    /// Idempotency keys that are forgotten.
    pub keys: u64,
    /// Months of executions that were dropped as a whole, for all tenants; on PostgreSQL only.
    pub months: u64,
    /// Ended sessions and expired storage entries.
    pub expired: u64,
    /// Versions that their tenants' policies do not keep.
    pub versions: u64,
    /// Scripts that were in the trash for too long.
    pub scripts: u64,
}

/// The oldest that a tenant has of each kind, and how long it keeps them.
#[derive(FromRow)]
struct OldestRow {
    tenant_id: Uuid,
    execution_days: Option<i64>,
    log_days: Option<i64>,
    event_days: Option<i64>,
    oldest_execution: Option<Uuid>,
    oldest_logged: Option<Uuid>,
    oldest_event: Option<Micros>,
    oldest_key: Option<Micros>,
    oldest_letter: Option<Uuid>,
    oldest_operation: Option<Uuid>,
    oldest_alert: Option<Uuid>,
    oldest_notification: Option<Uuid>,
}

/// An instant, and the first id that can have been made then.
#[derive(Clone, Copy)]
struct Cutoff {
    at: Micros,
    id: Uuid,
}

impl Store {
    /// Removes what is past its retention at `now`, in every tenant: executions that have ended,
    /// however they ended, with their lines and documents; log lines that go earlier; events;
    /// dead letters; decided slots; idempotency keys that are forgotten; sessions and storage entries that have expired. What is pending or running
    /// stays. One process at a time should do it; two do no harm.
    ///
    /// # Errors
    /// `Platform` only; what was removed until then stays removed.
    pub async fn maintain(&self, now: Timestamp) -> Result<Maintained> {
        let mut done = Maintained {
            expired: self.purge_expired().await?,
            months: self.turn_months(now).await?,
            ..Maintained::default()
        };
        let letters = Cutoff::days_before(now, dead_letter::DAYS);
        let messages = Cutoff::days_before(now, notification::DAYS);
        let forgotten = idempotency::forgotten(now);
        for oldest in self.oldest_records().await? {
            let tenant = TenantId(oldest.tenant_id);
            let keep = oldest.retention();
            let executions = Cutoff::days_before(now, keep.execution_days);
            let logs = Cutoff::days_before(now, keep.log_days);
            let events = Cutoff::days_before(now, keep.event_days);
            if oldest.oldest_execution.is_some_and(|id| id < executions.id) {
                done.executions += self.remove_executions(tenant, executions).await?;
                done.slots += self.remove_slots(tenant, executions).await?;
            }
            if oldest.oldest_key.is_some_and(|at| at.0 <= forgotten.0) {
                let values = [forgotten.into(), BATCH.into()];
                done.keys += self.remove(tenant, KEYS_BEFORE, &values).await?;
            }
            if oldest.oldest_logged.is_some_and(|id| id < logs.id) {
                done.log_lines += self.remove_logs(tenant, logs).await?;
            }
            if oldest.oldest_event.is_some_and(|at| at.0 < events.at.0) {
                done.events += self.remove_events(tenant, events).await?;
            }
            if oldest.oldest_operation.is_some_and(|id| id < executions.id) {
                let values = [executions.id.into(), BATCH.into()];
                done.operations += self.remove(tenant, OPERATIONS_BEFORE, &values).await?;
            }
            if oldest.oldest_alert.is_some_and(|id| id < letters.id) {
                let values = [letters.at.into(), BATCH.into()];
                done.alerts += self.remove(tenant, ALERTS_BEFORE, &values).await?;
            }
            if oldest
                .oldest_notification
                .is_some_and(|id| id < messages.id)
            {
                let values = [messages.id.into(), messages.at.into(), BATCH.into()];
                done.notifications += self.remove(tenant, NOTIFICATIONS_BEFORE, &values).await?;
                let today = [notifications::day(now).into(), BATCH.into()];
                self.remove(tenant, DAYS_BEFORE, &today).await?;
            }
            if oldest.oldest_letter.is_some_and(|id| id < letters.id) {
                let values = [letters.id.into(), letters.at.into(), BATCH.into()];
                done.dead_letters += self.remove(tenant, LETTERS_BEFORE, &values).await?;
            }
        }
        let trashed = Cutoff::days_before(now, TRASH_DAYS);
        self.empty_trash(trashed, &mut done).await?;
        done.scripts += self.purge_trash(trashed.at.into()).await?;
        done.versions += self.prune_versions(now).await?;
        if done != Maintained::default() {
            tracing::info!(?done, "removed what is past its retention");
        }
        Ok(done)
    }

    /// Removes ended sessions and expired storage entries; how many rows.
    ///
    /// # Errors
    /// `Platform` only; what was removed until then stays removed.
    pub async fn purge_expired(&self) -> Result<u64> {
        let now = Micros::from(self.inner.ambient.now());
        let mut removed = 0;
        for tenant in self.tenants_with_expired(now).await? {
            for text in [SESSIONS_ENDED, ENTRIES_EXPIRED] {
                let values = [now.into(), BATCH.into()];
                removed += self.remove(TenantId(tenant.id), text, &values).await?;
            }
        }
        Ok(removed)
    }

    async fn tenants_with_expired(&self, now: Micros) -> Result<Vec<IdRow>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select tenant_id as id from sessions where expires_at <= $1 \
                 union select tenant_id from storage where expires_at <= $1",
            )
            .with([now.into()]);
        db.all(sql).await
    }

    /// One statement for all tenants: most have nothing to remove, and ten thousand of them are not
    /// asked one by one.
    async fn oldest_records(&self) -> Result<Vec<OldestRow>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(
            "select t.id as tenant_id, r.execution_days, r.log_days, r.event_days, \
             (select e.id from executions e where e.tenant_id = t.id order by e.id limit 1) \
             as oldest_execution, \
             (select l.execution_id from execution_logs l where l.tenant_id = t.id \
             order by l.execution_id limit 1) as oldest_logged, \
             (select v.created_at from events v where v.tenant_id = t.id \
             order by v.created_at, v.id limit 1) as oldest_event, \
             (select k.created_at from idempotency_keys k where k.tenant_id = t.id \
             order by k.created_at limit 1) as oldest_key, \
             (select d.id from dead_letters d where d.tenant_id = t.id order by d.id limit 1) \
             as oldest_letter, \
             (select o.id from operations o where o.tenant_id = t.id order by o.id limit 1) \
             as oldest_operation, \
             (select a.id from alerts a where a.tenant_id = t.id and a.acknowledged_at is not null \
             order by a.id limit 1) as oldest_alert, \
             (select n.id from notifications n where n.tenant_id = t.id order by n.id limit 1) \
             as oldest_notification \
             from tenants t left join retention r on r.tenant_id = t.id",
        );
        db.all(sql).await
    }

    async fn remove_executions(&self, tenant: TenantId, before: Cutoff) -> Result<u64> {
        let values = [before.id.into(), before.at.into(), BATCH.into()];
        let removal = Removal::Before(before.at.into());
        self.remove_found(tenant, ENDED_BEFORE, &values, Some(removal))
            .await
    }

    /// Removes the executions that a statement finds, until it finds fewer than a batch has. Each
    /// batch is told of in the trail, unless that was done before.
    pub(super) async fn remove_found(
        &self,
        tenant: TenantId,
        text: &'static str,
        values: &[Value],
        removal: Option<Removal>,
    ) -> Result<u64> {
        let mut removed = 0;
        loop {
            let step = Step::begin(self, tenant).await?;
            let sql = step.tx.sql(text).with(values.iter().cloned());
            let ids: Vec<IdRow> = step.tx.all(sql).await?;
            let ids: Vec<Uuid> = ids.iter().map(|row| row.id).collect();
            removed += remove_these(&step.tx, tenant, &ids).await?;
            let noted = match removal.filter(|_| !ids.is_empty()) {
                None => unaudited("nothing is gone, or it was told before"),
                Some(removal) => {
                    let notes = vec![pruned(removal, Some(&ids))];
                    let trail = &self.inner.trail;
                    trail
                        .append(&step.tx, tenant, &By::platform(), notes)
                        .await?
                }
            };
            step.end(noted).await?;
            if ids.len() < BATCH as usize {
                return Ok(removed);
            }
        }
    }

    /// The words of the lines leave the index with them: those documents are made anew.
    async fn remove_logs(&self, tenant: TenantId, before: Cutoff) -> Result<u64> {
        let mut removed = 0;
        loop {
            let step = Step::begin(self, tenant).await?;
            let sql = step.tx.sql(LINES_BEFORE);
            let sql = sql.with([before.id.into(), BATCH.into()]);
            let rows: Vec<RemovedRow> = step.tx.all(sql).await?;
            let mut ids: Vec<Uuid> = rows.iter().map(|row| row.execution_id).collect();
            ids.sort_unstable();
            ids.dedup();
            search::forget(&step.tx, tenant, Kind::Execution, &ids).await?;
            for id in ids {
                let sql = step.tx.sql(search::NOTE_UNREAD).with([id.into()]);
                step.tx.execute(sql).await?;
            }
            step.end(unaudited(PAST)).await?;
            removed += rows.len() as u64;
            if rows.len() < BATCH as usize {
                self.signal(Change::Documents);
                return Ok(removed);
            }
        }
    }

    async fn remove_events(&self, tenant: TenantId, before: Cutoff) -> Result<u64> {
        let values = [before.at.into(), BATCH.into()];
        self.remove(tenant, EVENTS_BEFORE, &values).await
    }

    /// Slots are ordered by script, so it goes from script to script.
    async fn remove_slots(&self, tenant: TenantId, before: Cutoff) -> Result<u64> {
        let ctx = Ctx::platform(tenant);
        let mut removed = 0;
        let mut script = Uuid::nil();
        loop {
            let db = self.db().read(&ctx).await?;
            let sql = db.sql(NEXT_SLOTTED).with([script.into()]);
            let next: Option<IdRow> = db.one(sql).await?;
            drop(db);
            let Some(next) = next else {
                return Ok(removed);
            };
            script = next.id;
            let values = [before.at.into(), BATCH.into(), script.into()];
            removed += self.remove(tenant, SLOTS_BEFORE, &values).await?;
        }
    }

    /// Repeats a statement in a tenant until it finds fewer rows than a batch has.
    pub(super) async fn remove(
        &self,
        tenant: TenantId,
        text: &'static str,
        values: &[Value],
    ) -> Result<u64> {
        let mut removed = 0;
        loop {
            let step = Step::begin(self, tenant).await?;
            if [ENTRIES, ENTRIES_EXPIRED].contains(&text) {
                hold_entries(&step.tx, tenant).await?;
            }
            let sql = step.tx.sql(text).with(values.iter().cloned());
            let rows = step.tx.execute(sql).await?;
            step.end(unaudited(PAST)).await?;
            removed += rows;
            if rows < u64::from(BATCH) {
                return Ok(removed);
            }
        }
    }

    /// Removes the history of scripts that leave the trash for good before they do: a script with
    /// a million executions would otherwise take them along in one statement.
    async fn empty_trash(&self, before: Cutoff, done: &mut Maintained) -> Result<()> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql("select tenant_id, id from scripts where deleted_at <= $1")
            .with([before.at.into()]);
        let scripts: Vec<TrashRow> = db.all(sql).await?;
        drop(db);
        for script in scripts {
            let (tenant, id) = (TenantId(script.tenant_id), ScriptId(script.id));
            done.executions += self.remove_executions_of(tenant, id).await?;
            let values = [id.0.into(), BATCH.into()];
            done.dead_letters += self.remove(tenant, LETTERS_OF_SCRIPT, &values).await?;
        }
        Ok(())
    }

    async fn remove_executions_of(&self, tenant: TenantId, script: ScriptId) -> Result<u64> {
        let values = [script.0.into(), BATCH.into()];
        let removal = Some(Removal::Of(script));
        self.remove_found(tenant, ENDED_OF_SCRIPT, &values, removal)
            .await
    }
}

// What is not expired any more when its row is reached stays: the outer condition is looked at again.
const SESSIONS_ENDED: &str = "delete from sessions where tenant_id = $1 and expires_at <= $2 \
    and id in (select id from sessions where tenant_id = $1 and expires_at <= $2 limit $3)";

/// Storage of a tenant, and what of it has expired: what counts them has to be held first.
pub(super) const ENTRIES: &str = "delete from storage where tenant_id = $1 and key in \
    (select key from storage where tenant_id = $1 limit $2)";
const ENTRIES_EXPIRED: &str = "delete from storage where tenant_id = $1 and expires_at <= $2 \
    and key in (select key from storage where tenant_id = $1 and expires_at <= $2 limit $3)";

const ENDED_BEFORE: &str = "select id from executions where tenant_id = $1 and id < $2 \
    and created_at < $3 and status in ('completed', 'failed', 'timeout', 'cancelled') \
    order by id limit $4";

const ENDED_OF_SCRIPT: &str = "select id from executions where tenant_id = $1 \
    and script_id = $2 and status in ('completed', 'failed', 'timeout', 'cancelled') \
    order by id limit $3";

const LINES_BEFORE: &str = "delete from execution_logs where tenant_id = $1 \
    and (execution_id, seq) in (select execution_id, seq from execution_logs \
    where tenant_id = $1 and execution_id < $2 order by execution_id, seq limit $3) \
    returning execution_id";

/// Those that nobody has looked at stay, whatever their age.
const EVENTS_BEFORE: &str = "delete from events where tenant_id = $1 and id in \
    (select id from events where tenant_id = $1 and created_at < $2 and waiting = false \
    order by created_at, id limit $3)";

/// Those that have attempts left stay, and so does one whose event runs again (R-RET-04).
const LETTERS_BEFORE: &str = "delete from dead_letters where tenant_id = $1 and id in \
    (select id from dead_letters where tenant_id = $1 and id < $2 and created_at < $3 \
    and (status in ('resolved', 'discarded') \
    or (status = 'pending' and attempts >= max_attempts)) order by id limit $4)";

const OPERATIONS_BEFORE: &str = "delete from operations where tenant_id = $1 and id in \
    (select id from operations where tenant_id = $1 and id < $2 and state <> 'running' \
    order by id limit $3)";

/// Those that wait stay, whatever their age.
const NOTIFICATIONS_BEFORE: &str = "delete from notifications where tenant_id = $1 and id in \
    (select id from notifications where tenant_id = $1 and id < $2 and created_at < $3 \
    and status not in ('pending', 'sending') order by id limit $4)";

const DAYS_BEFORE: &str = "delete from notification_days where tenant_id = $1 and day in \
    (select day from notification_days where tenant_id = $1 and day < $2 limit $3)";

/// Those that nobody has acknowledged stay.
const ALERTS_BEFORE: &str = "delete from alerts where tenant_id = $1 and id in \
    (select id from alerts where tenant_id = $1 and acknowledged_at < $2 limit $3)";

const LETTERS_OF_SCRIPT: &str = "delete from dead_letters where tenant_id = $1 and id in \
    (select id from dead_letters where tenant_id = $1 and script_id = $2 limit $3)";

const KEYS_BEFORE: &str = "delete from idempotency_keys where tenant_id = $1 \
    and (caller, key) in (select caller, key from idempotency_keys \
    where tenant_id = $1 and created_at <= $2 order by created_at limit $3)";

const NEXT_SLOTTED: &str = "select script_id as id from schedule_slots \
    where tenant_id = $1 and script_id > $2 order by script_id limit 1";

const SLOTS_BEFORE: &str = "delete from schedule_slots where tenant_id = $1 \
    and script_id = $4 and planned_at in (select planned_at from schedule_slots \
    where tenant_id = $1 and script_id = $4 and planned_at < $2 order by planned_at limit $3)";

/// Removes executions with all that belongs to them; their log lines follow by the database's rule.
pub(super) async fn remove_these(tx: &Tx, tenant: TenantId, ids: &[Uuid]) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    search::forget(tx, tenant, Kind::Execution, ids).await?;
    let delete = "delete from executions where tenant_id = $1 and id in ";
    let mut sql = tx.sql_of(tenant, delete);
    sql.bind_list(ids.iter().copied().map(Value::from));
    tx.execute(sql).await
}

/// One batch: a transaction in a tenant, and a rest after it for as long as it took, so that the database
/// belongs to others at least half of the time.
struct Step<'a> {
    tx: Tx,
    ambient: &'a Ambient,
    begun: Timestamp,
}

/// Why no entry tells of it.
const PAST: &str = "retention removes what was recorded";

/// Longest rest after a batch.
const REST: Duration = Duration::from_millis(100);

impl<'a> Step<'a> {
    async fn begin(store: &'a Store, tenant: TenantId) -> Result<Self> {
        let tx = store.db().write(&Ctx::platform(tenant)).await?;
        let ambient = &store.inner.ambient;
        Ok(Self {
            tx,
            ambient,
            begun: ambient.now(),
        })
    }

    async fn end(self, noted: Noted) -> Result<()> {
        self.tx.commit(noted).await?;
        let took = self.ambient.now().duration_since(self.begun);
        tokio::time::sleep(took.unsigned_abs().min(REST)).await;
        Ok(())
    }
}

impl Cutoff {
    fn days_before(now: Timestamp, days: u32) -> Self {
        const DAY: i64 = 86_400_000_000;
        let at = now.as_microsecond() - i64::from(days) * DAY;
        let millis = u128::from((at.max(0) / 1_000).unsigned_abs());
        Self {
            at: Micros(at),
            // A moment later: an id may be made just before the instant of its record is read.
            id: Uuid::from_u128((millis + 1) << 80),
        }
    }
}

impl OldestRow {
    fn retention(&self) -> Retention {
        let days = |stored: Option<i64>| stored.map_or(DEFAULT_DAYS, number);
        Retention {
            execution_days: days(self.execution_days),
            log_days: days(self.log_days),
            event_days: days(self.event_days),
            ..Retention::default()
        }
    }
}

#[derive(FromRow)]
struct RemovedRow {
    execution_id: Uuid,
}

#[derive(FromRow)]
struct TrashRow {
    tenant_id: Uuid,
    id: Uuid,
}
