//! Fires schedules: decides each planned instant exactly once, and records the execution that it
//! becomes. Everything it must remember is in the store, so that a restart forgets nothing.

use std::time::Duration;

use jiff::SignedDuration;
use scriptorium_model::execution::{Execution, ExecutionStatus, Metrics, Terms, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::{Ambient, Ctx, Json, Timestamp};
use scriptorium_store::system::schedules::DueSchedule;
use scriptorium_store::{ExecutionFilter, Store};
use serde_json::json;

use crate::Error;

/// A planned instant that was missed by more than this, because no server ran, does not run any
/// more (G-05). Of several missed instants only the last can run.
pub const TOO_LATE: SignedDuration = SignedDuration::from_hours(1);
/// Schedules decided in one pass (R-CRON-14).
const PER_PASS: u32 = 1_000;
/// The longest sleep: a bound on what a jump of the system's clock can do.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Planned instants that became executions.
    pub fired: u32,
    /// Planned instants that were decided not to run.
    pub skipped: u32,
}

/// Decides every schedule that is due.
///
/// # Errors
/// The store failed; what was decided before stays decided.
pub async fn pass(store: &Store, ambient: &Ambient) -> Result<Pass, Error> {
    let mut done = Pass::default();
    for due in store.due_schedules(ambient.now(), PER_PASS).await? {
        match decide(store, ambient, &due).await {
            Ok(true) => done.fired += 1,
            Ok(false) => done.skipped += 1,
            // One schedule that cannot be decided must not hold up the others.
            Err(error) => tracing::error!(script = %due.script, %error, "schedule not decided"),
        }
    }
    Ok(done)
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

/// Decides the latest planned instant of a due schedule; whether it became an execution.
async fn decide(store: &Store, ambient: &Ambient, due: &DueSchedule) -> Result<bool, Error> {
    let now = ambient.now();
    let planned = due
        .schedule
        .latest_until(now)?
        .map_or(due.due_at, |last| last.max(due.due_at));
    let next = due.schedule.next_after(now.max(planned))?;
    let late = now.duration_since(planned) > TOO_LATE;
    if late || is_busy(store, due).await? {
        let reason = if late { "missed" } else { "still running" };
        tracing::info!(script = %due.script, %planned, reason, "planned instant skipped");
        store.skip_slot(due, planned, next).await?;
        return Ok(false);
    }
    Ok(store
        .fire_slot(due, planned, next, &execution(ambient, due, planned))
        .await?)
}

/// Executions of one schedule never overlap (R-CRON-06).
async fn is_busy(store: &Store, due: &DueSchedule) -> Result<bool, Error> {
    let ctx = Ctx::platform(due.tenant);
    let one = PageRequest {
        limit: 1,
        cursor: None,
    };
    for status in [ExecutionStatus::Running, ExecutionStatus::Pending] {
        let filter = ExecutionFilter {
            script: Some(due.script),
            status: Some(status),
            trigger: Some(TriggerKind::Cron),
            ..ExecutionFilter::default()
        };
        if !store
            .list_executions(&ctx, &filter, &one)
            .await?
            .items
            .is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn execution(ambient: &Ambient, due: &DueSchedule, planned: Timestamp) -> Execution {
    let trigger = json!({ "planned_at": planned.to_string(), "cron": due.schedule.cron });
    Execution {
        id: ambient.new_id(),
        tenant: due.tenant,
        script: due.script,
        script_name: due.script_name.clone(),
        version: due.version,
        status: ExecutionStatus::Pending,
        trigger: TriggerKind::Cron,
        trigger_data: Some(Json::from(trigger)),
        input: Json::from(json!({})),
        output: None,
        failure: None,
        metrics: Metrics::default(),
        attempt: 1,
        terms: Terms::default(),
        first_execution: None,
        replay_of: None,
        test: false,
        triggered_by: None,
        idempotency_key: None,
        created_at: ambient.now(),
        started_at: None,
        completed_at: None,
    }
}
