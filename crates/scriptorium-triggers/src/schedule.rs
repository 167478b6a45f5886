//! Fires schedules: decides each planned instant exactly once, and records the execution that it
//! becomes. Everything it must remember is in the store, so that a restart forgets nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use scriptorium_model::execution::{Execution, ExecutionStatus, NewExecution, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::schedule::{Missed, Overlap, Timing};
use scriptorium_model::script::ScriptStatus;
use scriptorium_model::{Ambient, Ctx, ExecutionId, Json, ScriptId, TenantId};
use scriptorium_store::schedules::Skipped;
use scriptorium_store::system::schedules::{Decided, DueSchedule};
use scriptorium_store::{ExecutionFilter, Store};
use serde_json::json;

use crate::Error;

/// Schedules decided in one pass (R-CRON-14).
const PER_PASS: u32 = 1_000;
/// The longest sleep: a bound on what a jump of the system's clock can do.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How long an instant waits, before it is looked at again, for the run before to end.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);
/// How long a schedule that could not be decided is left alone.
const AFTER_ERROR: SignedDuration = SignedDuration::from_secs(30);
/// Runs of one schedule that are looked for; there is one, unless they may overlap.
const MOST_RUNS: u32 = 100;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Planned instants that became executions.
    pub fired: u32,
    /// Planned instants that were decided not to run.
    pub skipped: u32,
    /// Planned instants that wait for the run before.
    pub held: u32,
    /// Schedules whose scripts were paused.
    pub paused: u32,
}

/// What became of one schedule that was due.
enum Done {
    Fired,
    Skipped,
    Held,
    Paused,
    /// Somebody else was faster.
    Nothing,
}

/// Pauses the scripts that failed too often, and decides every schedule that is due.
///
/// # Errors
/// The store failed; what was decided before stays decided.
pub async fn pass(store: &Store, ambient: &Ambient) -> Result<Pass, Error> {
    let mut pass = Pass::default();
    for failing in store.failing_schedules(PER_PASS).await? {
        let reason = format!("it failed {} times in a row", failing.failures);
        pause_script(store, failing.tenant, failing.script, &reason).await?;
        pass.paused += 1;
    }
    for due in store.due_schedules(ambient.now(), PER_PASS).await? {
        match decide(store, ambient, &due).await {
            Ok(Done::Fired) => pass.fired += 1,
            Ok(Done::Skipped) => pass.skipped += 1,
            Ok(Done::Held) => pass.held += 1,
            Ok(Done::Paused) => pass.paused += 1,
            Ok(Done::Nothing) => {}
            // One schedule that cannot be decided must not hold up the others.
            Err(error) => {
                tracing::error!(script = %due.script, %error, "schedule not decided");
                store.hold_slot(&due, ambient.now() + AFTER_ERROR).await?;
            }
        }
    }
    Ok(pass)
}

/// How long nothing can become due, by the platform's clock.
///
/// # Errors
/// The store failed.
pub async fn pause(store: &Store, ambient: &Ambient) -> Result<Duration, Error> {
    let Some(next) = store.next_due_at().await? else {
        return Ok(LONGEST_SLEEP);
    };
    let wait = Duration::try_from(next.duration_since(ambient.now())).unwrap_or_default();
    Ok(wait.min(LONGEST_SLEEP))
}

/// Decides a planned instant of a due schedule (docs/decisions/0006).
async fn decide(store: &Store, ambient: &Ambient, due: &DueSchedule) -> Result<Done, Error> {
    let schedule = &due.schedule;
    let times = match schedule.times() {
        Ok(times) => times,
        Err(invalid) => {
            let reason = format!("its schedule is not understood any more: {invalid}");
            pause_script(store, due.tenant, due.script, &reason).await?;
            return Ok(Done::Paused);
        }
    };
    // What the jitter delays has not come yet.
    let now = ambient.now() - schedule.delay(due.script);
    let decision = times.decision(schedule.missed, due.due_at, now);
    let slot = Decided {
        planned_at: decision.planned_at,
        next_at: times.next_after(decision.planned_at),
        catch_up: decision.timing == Timing::CatchUp,
        passed_over: decision.passed_over,
    };
    if decision.timing == Timing::Missed {
        return skip(store, due, &slot, Skipped::Missed).await;
    }
    let before = match schedule.overlap {
        Overlap::Allow => Vec::new(),
        Overlap::Forbid | Overlap::Replace => runs(store, ambient, due).await?,
    };
    if before.is_empty() {
        let execution = execution(ambient, due, &slot);
        let fired = store.fire_slot(due, &slot, &execution).await?;
        return Ok(if fired { Done::Fired } else { Done::Nothing });
    }
    let replaces = schedule.overlap == Overlap::Replace;
    // Missed instants that all have to run do so one after the other.
    let waits = replaces || slot.catch_up && schedule.missed == Missed::All;
    if !waits {
        return skip(store, due, &slot, Skipped::StillRunning).await;
    }
    if replaces && !due.held {
        for run in before {
            store
                .request_cancel(&Ctx::platform(due.tenant), run)
                .await?;
        }
    }
    store.hold_slot(due, ambient.now() + LOOK_AGAIN).await?;
    Ok(Done::Held)
}

async fn skip(
    store: &Store,
    due: &DueSchedule,
    slot: &Decided,
    reason: Skipped,
) -> Result<Done, Error> {
    let planned = slot.planned_at;
    let reason_name = reason.as_str();
    tracing::info!(script = %due.script, %planned, reason = reason_name, "planned instant skipped");
    let skipped = store.skip_slot(due, slot, reason).await?;
    Ok(if skipped {
        Done::Skipped
    } else {
        Done::Nothing
    })
}

/// Pauses a script, unless it is not active any more.
async fn pause_script(
    store: &Store,
    tenant: TenantId,
    script: ScriptId,
    reason: &str,
) -> Result<(), Error> {
    let ctx = Ctx::platform(tenant);
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    match store.set_status(&ctx, script, from, to, Some(reason)).await {
        Ok(_)
        | Err(scriptorium_store::Error::Conflict { .. } | scriptorium_store::Error::NotFound) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// What goes on of a schedule: executions of one never overlap, unless its author lets them
/// (R-CRON-06).
async fn runs(
    store: &Store,
    ambient: &Ambient,
    due: &DueSchedule,
) -> Result<Vec<ExecutionId>, Error> {
    let ctx = Ctx::platform(due.tenant);
    let page = PageRequest {
        limit: MOST_RUNS,
        cursor: None,
    };
    let mut runs = Vec::new();
    for status in [ExecutionStatus::Running, ExecutionStatus::Pending] {
        let filter = ExecutionFilter {
            script: Some(due.script),
            status: Some(status),
            trigger: Some(TriggerKind::Cron),
            ..ExecutionFilter::default()
        };
        let found = store.list_executions(&ctx, &filter, &page).await?;
        // A retry that has not begun by now is over.
        let over = |at: Timestamp| status == ExecutionStatus::Pending && at <= ambient.now();
        let found = found.items.into_iter();
        let found = found.filter(|execution| !execution.terms.expires_at.is_some_and(over));
        runs.extend(found.map(|execution| execution.id));
    }
    Ok(runs)
}

fn execution(ambient: &Ambient, due: &DueSchedule, slot: &Decided) -> Execution {
    let mut trigger = json!({
        "planned_at": slot.planned_at.to_string(),
        "cron": due.schedule.cron,
    });
    if slot.catch_up {
        trigger["catch_up"] = true.into();
    }
    let new = NewExecution {
        id: ambient.new_id(),
        tenant: due.tenant,
        script: due.script,
        script_name: due.script_name.clone(),
        version: due.version,
        trigger: TriggerKind::Cron,
        input: Json::from(json!({})),
        at: ambient.now(),
    };
    Execution {
        trigger_data: Some(Json::from(trigger)),
        ..Execution::pending(new)
    }
}
