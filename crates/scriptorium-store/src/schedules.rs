//! The schedules of a tenant as its users see them. Which are due is in `system::schedules`.

use std::collections::{BTreeMap, HashSet};

use scriptorium_model::execution::{Execution, ExecutionStatus, MAX_ATTEMPTS, Terms, TriggerKind};
use scriptorium_model::schedule::Schedule;
use scriptorium_model::{Ambient, Ctx, ExecutionId, ScriptId, Timestamp, Uuid, retry};

use crate::Store;
use crate::db::{FromRow, Micros, Tx, known, number};
use crate::error::Result;
use crate::{executions, turns};

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

/// What became of the planned instant that was decided last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRun {
    /// It ran, and ended so.
    Ended(ExecutionStatus),
    /// It did not run: it was missed, or the run before went on.
    Skipped,
}

/// Where the schedule of one script stands (R-DB-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleState {
    /// The next planned instant, while its script is active.
    pub next_at: Option<Timestamp>,
    /// The planned instant that was decided last.
    pub last_at: Option<Timestamp>,
    /// What became of the last one that is over.
    pub last_run: Option<LastRun>,
    /// Failures in a row since the script was activated.
    pub failures: u32,
}

/// One planned instant that was decided (R-CRON-09).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it was decided: later than planned by jitter, by waiting, or because no server ran.
    pub decided_at: Timestamp,
    /// What it came to.
    pub came_to: CameTo,
    /// Whether it ran although it was late.
    pub catch_up: bool,
    /// How many planned instants before it were passed over; at
    /// [`MOST_COUNTED`](scriptorium_model::schedule::MOST_COUNTED) there may be more.
    pub passed_over: u32,
    /// The first of those.
    pub passed_from: Option<Timestamp>,
}

/// What a planned instant came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameTo {
    /// It ran, or will: the execution with its status and its begin, while it is in the history.
    Execution {
        /// The execution.
        id: ExecutionId,
        /// Its status.
        status: Option<ExecutionStatus>,
        /// When it began.
        started_at: Option<Timestamp>,
    },
    /// It did not run. Slots of earlier releases do not say why.
    Skipped(Option<Skipped>),
}

/// Why a planned instant did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// No server ran, or none was in time.
    Missed,
    /// The run before went on.
    StillRunning,
}

impl Skipped {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::StillRunning => "still_running",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Missed, Self::StillRunning]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

impl LastRun {
    /// The name it is stored by: the status, or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended(status) => status.as_str(),
            Self::Skipped => SKIPPED,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        if name == SKIPPED {
            Some(Self::Skipped)
        } else {
            ExecutionStatus::from_name(name).map(Self::Ended)
        }
    }
}

pub(crate) const SKIPPED: &str = "skipped";

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

    /// Where the schedule of a script stands; `None` when the script has none, or is not there.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_schedule_state(
        &self,
        ctx: &Ctx,
        script: ScriptId,
    ) -> Result<Option<ScheduleState>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select next_at, last_at, last_status, failures from schedules \
                 where tenant_id = $1 and script_id = $2",
            )
            .with([script.0.into()]);
        let row: Option<StateRow> = db.one(sql).await?;
        row.map(ScheduleState::try_from).transpose()
    }

    /// The planned instants of a script that were decided last, the newest first.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_slots(&self, ctx: &Ctx, script: ScriptId, limit: u32) -> Result<Vec<Slot>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select p.planned_at, p.decided_at, p.execution_id, p.skipped, p.catch_up, \
                 p.passed_over, p.passed_from, e.status, e.started_at \
                 from schedule_slots p left join executions e \
                 on e.tenant_id = p.tenant_id and e.id = p.execution_id \
                 where p.tenant_id = $1 and p.script_id = $2 \
                 order by p.planned_at desc limit $3",
            )
            .with([script.0.into(), limit.into()]);
        let rows: Vec<SlotRow> = db.all(sql).await?;
        rows.into_iter().map(Slot::try_from).collect()
    }
}

/// How long after its planned instants a script is due, in microseconds.
pub(crate) fn delay_of(schedule: &Schedule, script: ScriptId) -> i64 {
    i64::try_from(schedule.delay(script).as_micros()).unwrap_or(0)
}

/// How the runs of one schedule ended that are recorded together.
struct Ends {
    last: ExecutionStatus,
    /// Whether one completed, so that what failed before counts no more.
    completed: bool,
    /// Failures since then.
    failures: i64,
}

/// Remembers how the runs of schedules ended, in the transaction that records their ends; which of them are
/// tried again. Trials and repetitions are a person's, and say nothing of the schedule. What is tried again
/// has not failed yet. Rows are locked in the order of their keys, so that two transactions never wait
/// for each other.
pub(crate) async fn note_ends<'a>(
    tx: &Tx,
    ambient: &Ambient,
    ends: impl IntoIterator<Item = &'a Execution>,
) -> Result<HashSet<ExecutionId>> {
    let mut schedules: BTreeMap<_, Vec<&Execution>> = BTreeMap::new();
    for end in ends {
        let real = !end.test && !end.dry_run && end.replay_of.is_none();
        let planned = end.trigger == TriggerKind::Cron && real;
        if planned && end.status.is_final() {
            let key = (end.tenant, end.script);
            schedules.entry(key).or_default().push(end);
        }
    }
    let mut again = HashSet::new();
    for ((tenant, script), runs) in schedules {
        let mut ends = None;
        for run in runs {
            let retried = retry_one(tx, ambient, run).await?;
            ends = Some(Ends::after(ends, run.status, retried));
            again.extend(retried.then_some(run.id));
        }
        let Some(ends) = ends else { continue };
        let sql = tx.sql_of(
            tenant,
            "update schedules set last_status = $3, \
             failures = case when $4 then $5 else failures + $5 end \
             where tenant_id = $1 and script_id = $2",
        );
        let values = [
            script.0.into(),
            ends.last.as_str().into(),
            ends.completed.into(),
            ends.failures.into(),
        ];
        tx.execute(sql.with(values)).await?;
    }
    Ok(again)
}

/// Lets a run that failed be tried again, if its schedule says so and no further instant comes before that.
async fn retry_one(tx: &Tx, ambient: &Ambient, run: &Execution) -> Result<bool> {
    if run.failure.is_none() || !retry::may_follow_schedule(run) {
        return Ok(false);
    }
    let mut sql = tx
        .sql_of(
            run.tenant,
            "select retries, next_at + delay as next_at from schedules \
             where tenant_id = $1 and script_id = $2 and active = true and retries > 0",
        )
        .with([run.script.0.into()]);
    turns::lock(tx, &mut sql);
    let Some(row) = tx.one::<RetriesRow>(sql).await? else {
        return Ok(false);
    };
    let (now, next) = (ambient.now(), row.next_at.map(Timestamp::from));
    let Some((at, retry)) = retry::of_schedule(run, number(row.retries), now, next) else {
        return Ok(false);
    };
    let after = Execution {
        trigger_data: Some(retry::data_of_retry(run, retry)),
        terms: Terms {
            run_after: Some(at),
            // What could not begin by then is not to run beside the next one.
            expires_at: next,
            max_attempts: run.attempt.saturating_add(MAX_ATTEMPTS),
            ..run.terms
        },
        ..run.retry(ambient.new_id(), now)
    };
    executions::insert_pending(tx, &after).await?;
    let sql = tx
        .sql_of(
            run.tenant,
            "update schedule_slots set execution_id = $3 where tenant_id = $1 \
             and script_id = $2 and execution_id = $4",
        )
        .with([run.script.0.into(), after.id.0.into(), run.id.0.into()]);
    tx.execute(sql).await?;
    Ok(true)
}

#[derive(FromRow)]
struct RetriesRow {
    retries: i64,
    next_at: Option<Micros>,
}

impl Ends {
    fn after(before: Option<Self>, last: ExecutionStatus, tried_again: bool) -> Self {
        let (completed, failures) = before.map_or((false, 0), |it| (it.completed, it.failures));
        match last {
            ExecutionStatus::Completed => Self {
                last,
                completed: true,
                failures: 0,
            },
            ExecutionStatus::Failed | ExecutionStatus::Timeout => Self {
                last,
                completed,
                failures: failures + i64::from(!tried_again),
            },
            _ => Self {
                last,
                completed,
                failures,
            },
        }
    }
}

#[derive(FromRow)]
struct SlotRow {
    planned_at: Micros,
    decided_at: Micros,
    execution_id: Option<Uuid>,
    skipped: Option<String>,
    catch_up: bool,
    passed_over: i64,
    passed_from: Option<Micros>,
    status: Option<String>,
    started_at: Option<Micros>,
}

impl TryFrom<SlotRow> for Slot {
    type Error = crate::Error;
    fn try_from(row: SlotRow) -> Result<Self> {
        let status = row.status.map(|name| {
            let status = ExecutionStatus::from_name(&name);
            known(status, "executions.status")
        });
        let reason = row.skipped.map(|name| {
            let reason = Skipped::from_name(&name);
            known(reason, "schedule_slots.skipped")
        });
        Ok(Self {
            planned_at: row.planned_at.into(),
            decided_at: row.decided_at.into(),
            came_to: match row.execution_id {
                Some(id) => CameTo::Execution {
                    id: ExecutionId(id),
                    status: status.transpose()?,
                    started_at: row.started_at.map(Into::into),
                },
                None => CameTo::Skipped(reason.transpose()?),
            },
            catch_up: row.catch_up,
            passed_over: number(row.passed_over),
            passed_from: row.passed_from.map(Into::into),
        })
    }
}

#[derive(FromRow)]
struct StateRow {
    next_at: Option<Micros>,
    last_at: Option<Micros>,
    last_status: Option<String>,
    failures: i64,
}

impl TryFrom<StateRow> for ScheduleState {
    type Error = crate::Error;
    fn try_from(row: StateRow) -> Result<Self> {
        let last_run = row.last_status.map(|name| {
            let last_run = LastRun::from_name(&name);
            known(last_run, "schedules.last_status")
        });
        Ok(Self {
            next_at: row.next_at.map(Into::into),
            last_at: row.last_at.map(Into::into),
            last_run: last_run.transpose()?,
            failures: number(row.failures),
        })
    }
}

#[derive(FromRow)]
struct UpcomingRow {
    script_id: Uuid,
    name: String,
    next_at: Micros,
}
