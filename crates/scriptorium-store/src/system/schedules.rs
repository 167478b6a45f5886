//! Which schedules are due, in every tenant, and deciding a planned instant exactly once.

use scriptorium_model::execution::Execution;
use scriptorium_model::schedule::{Missed, Overlap, Schedule};
use scriptorium_model::{Ctx, ExecutionId, ScriptId, TenantId, Timestamp, Uuid};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::db::{FromRow, Micros, Tx, known, micros, number};
use crate::error::Result;
use crate::executions;
use crate::halts::halted;
use crate::schedules::{SKIPPED, Skipped, delay_of};
use crate::seats;
use crate::store::{Change, of_tenant};
use crate::versions;

/// A schedule whose planned instant has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueSchedule {
    /// The tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// The script's name.
    pub script_name: String,
    /// The script's current version.
    pub version: u32,
    /// Its settings.
    pub schedule: Schedule,
    /// The earliest planned instant that nobody has decided.
    pub due_at: Timestamp,
    /// The last planned instant that was decided.
    pub last_at: Option<Timestamp>,
    /// Whether it was looked at before, and waits ([`Store::hold_slot`]).
    pub held: bool,
}

/// A planned instant that is decided, and the one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The planned instant.
    pub planned_at: Timestamp,
    /// The next one.
    pub next_at: Option<Timestamp>,
    /// Whether it runs although it is late.
    pub catch_up: bool,
    /// How many before it nobody decided.
    pub passed_over: u32,
}

impl Decided {
    /// Decided when it is due, and none passed over.
    pub fn on_time(planned_at: Timestamp, next_at: Option<Timestamp>) -> Self {
        Self {
            planned_at,
            next_at,
            catch_up: false,
            passed_over: 0,
        }
    }
}

/// A schedule whose script failed as often as its author lets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailingSchedule {
    /// The tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// How often in a row.
    pub failures: u32,
}

impl Store {
    /// Schedules with a planned instant at `now` or before, the longest waiting first. What a halt
    /// concerns is not among them.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<DueSchedule>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(concat!(
                "select c.tenant_id, c.script_id, s.name, s.version, c.cron, c.timezone, \
                 c.missed, c.overlap, c.jitter_seconds, c.starts_at, c.ends_at, c.pause_after, c.retries, \
                 c.next_at, c.last_at, c.delay from schedules c join scripts s \
                 on s.tenant_id = c.tenant_id and s.id = c.script_id \
                 where c.next_at is not null and c.next_at + c.delay <= $1 and not ",
                halted!("c", "'cron'"),
                " order by c.next_at + c.delay limit $2",
            ))
            .with([Micros::from(now).into(), limit.into()]);
        let rows: Vec<DueRow> = db.all(sql).await?;
        rows.into_iter().map(DueSchedule::try_from).collect()
    }

    /// Schedules whose scripts are to be paused: as many failures in a row as their authors let them.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn failing_schedules(&self, limit: u32) -> Result<Vec<FailingSchedule>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select tenant_id, script_id, failures from schedules \
                 where active = true and failures >= pause_after limit $1",
            )
            .with([limit.into()]);
        let rows: Vec<FailingRow> = db.all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| FailingSchedule {
                tenant: TenantId(row.tenant_id),
                script: ScriptId(row.script_id),
                failures: number(row.failures),
            })
            .collect())
    }

    /// When the earliest schedule is due, its delay included: until then there is nothing to look for,
    /// unless [`Change::Schedules`] moves.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(concat!(
            "select next_at + delay as due_at from schedules \
             where next_at is not null and not ",
            halted!("schedules", "'cron'"),
            " order by next_at + delay limit 1",
        ));
        let row: Option<NextRow> = db.one(sql).await?;
        Ok(row.map(|row| row.due_at.into()))
    }

    /// Decides that the planned instant runs as `execution`, and plans the next one; all of it or
    /// nothing. `false` when somebody decided it before, or the schedule changed since it was read, or
    /// the version that was current then is gone.
    ///
    /// # Errors
    /// `NotFound` when the execution is of another tenant than the schedule.
    pub async fn fire_slot(
        &self,
        due: &DueSchedule,
        slot: &Decided,
        execution: &Execution,
    ) -> Result<bool> {
        let ctx = Ctx::platform(due.tenant);
        of_tenant(&ctx, execution.tenant)?;
        let tx = self.db().write(&ctx).await?;
        // Before its schedule, as everybody locks them: the execution refers to it.
        seats::lock_scripts(&tx, &[(due.tenant, due.script)].into()).await?;
        let decided = self.decide(&tx, due, slot, Ok(execution.id)).await?;
        if decided == Found::Open {
            executions::insert_pending(&tx, execution).await?;
            let named = [(execution.script, execution.version)];
            if !versions::are_there(&tx, due.tenant, &named).await? {
                tx.rollback().await?;
                return Ok(false);
            }
        }
        decided.end(tx).await?;
        if decided == Found::Open {
            self.signal(Change::Pending);
        }
        Ok(decided == Found::Open)
    }

    /// Decides that the planned instant does not run, and plans the next one. `false` as in
    /// [`Store::fire_slot`].
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn skip_slot(
        &self,
        due: &DueSchedule,
        slot: &Decided,
        reason: Skipped,
    ) -> Result<bool> {
        let tx = self.db().write(&Ctx::platform(due.tenant)).await?;
        let decided = self.decide(&tx, due, slot, Err(reason)).await?;
        if decided == Found::Open {
            let sql = tx.sql(
                "update schedules set last_status = $3 where tenant_id = $1 and script_id = $2",
            );
            tx.execute(sql.with([due.script.0.into(), SKIPPED.into()]))
                .await?;
        }
        decided.end(tx).await?;
        Ok(decided == Found::Open)
    }

    /// Puts off deciding: nobody looks at the schedule until then, unless it changes.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn hold_slot(&self, due: &DueSchedule, until: Timestamp) -> Result<()> {
        let tx = self.db().write(&Ctx::platform(due.tenant)).await?;
        let sql = tx
            .sql(
                "update schedules set delay = $3 - next_at \
                 where tenant_id = $1 and script_id = $2 and next_at = $4",
            )
            .with([
                due.script.0.into(),
                Micros::from(until).into(),
                Micros::from(due.due_at).into(),
            ]);
        tx.execute(sql).await?;
        tx.commit(unaudited("nothing is decided")).await
    }

    async fn decide(
        &self,
        tx: &Tx,
        due: &DueSchedule,
        slot: &Decided,
        came_to: std::result::Result<ExecutionId, Skipped>,
    ) -> Result<Found> {
        let planned = Micros::from(slot.planned_at);
        let due_at = Micros::from(due.due_at);
        let sql = tx
            .sql(
                "update schedules set next_at = $3, last_at = $4, delay = $6 \
                 where tenant_id = $1 and script_id = $2 and next_at = $5 and active = true",
            )
            .with([
                due.script.0.into(),
                micros(slot.next_at).into(),
                planned.into(),
                due_at.into(),
                delay_of(&due.schedule, due.script).into(),
            ]);
        if tx.execute(sql).await? == 0 {
            return Ok(Found::Changed);
        }
        let passed_from = (slot.passed_over > 0).then_some(due.due_at);
        let sql = tx
            .sql(
                "insert into schedule_slots (tenant_id, script_id, planned_at, execution_id, \
                 decided_at, skipped, catch_up, passed_over, passed_from) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
            )
            .with([
                due.script.0.into(),
                planned.into(),
                came_to.ok().map(|id| id.0).into(),
                Micros::from(self.inner.ambient.now()).into(),
                came_to.err().map(Skipped::as_str).into(),
                slot.catch_up.into(),
                slot.passed_over.into(),
                micros(passed_from).into(),
            ]);
        Ok(if tx.execute(sql).await? > 0 {
            Found::Open
        } else {
            Found::Before
        })
    }
}

/// What deciding a planned instant found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Nobody had decided it.
    Open,
    /// It was decided before; only the plan moves on, or it would be due for ever.
    Before,
    /// The schedule is no longer what was read.
    Changed,
}

impl Found {
    async fn end(self, tx: Tx) -> Result<()> {
        match self {
            Self::Open | Self::Before => {
                tx.commit(unaudited("an execution is noted when it ends"))
                    .await
            }
            Self::Changed => tx.rollback().await,
        }
    }
}

#[derive(FromRow)]
struct DueRow {
    tenant_id: Uuid,
    script_id: Uuid,
    name: String,
    version: i64,
    cron: String,
    timezone: String,
    missed: String,
    overlap: String,
    jitter_seconds: i64,
    starts_at: Option<Micros>,
    ends_at: Option<Micros>,
    pause_after: Option<i64>,
    retries: i64,
    next_at: Micros,
    last_at: Option<Micros>,
    delay: i64,
}

impl TryFrom<DueRow> for DueSchedule {
    type Error = crate::Error;
    fn try_from(row: DueRow) -> Result<Self> {
        let script = ScriptId(row.script_id);
        let schedule = Schedule {
            missed: known(Missed::from_name(&row.missed), "schedules.missed")?,
            overlap: known(Overlap::from_name(&row.overlap), "schedules.overlap")?,
            jitter_seconds: number(row.jitter_seconds),
            starts_at: row.starts_at.map(Into::into),
            ends_at: row.ends_at.map(Into::into),
            pause_after_failures: row.pause_after.map(number),
            retries: number(row.retries),
            ..Schedule::new(row.cron, row.timezone)
        };
        Ok(Self {
            tenant: TenantId(row.tenant_id),
            script,
            script_name: row.name,
            version: number(row.version),
            held: row.delay != delay_of(&schedule, script),
            schedule,
            due_at: row.next_at.into(),
            last_at: row.last_at.map(Into::into),
        })
    }
}

#[derive(FromRow)]
struct FailingRow {
    tenant_id: Uuid,
    script_id: Uuid,
    failures: i64,
}

#[derive(FromRow)]
struct NextRow {
    due_at: Micros,
}
