//! What follows from the end of an execution that an event started, in the transaction that records
//! the end: it is tried again later, or what it could not deal with becomes a dead letter; and when it
//! was in an order, the next event of that has its turn. When it is tried again is the model's rule
//! ([`retry`]).

use scriptorium_model::alert::AlertKind;
use scriptorium_model::dead_letter::{Cause, DeadLetter, DeadLetterStatus};
use scriptorium_model::delivery::Delivery;
use scriptorium_model::execution::{Execution, ExecutionStatus, Terms, TriggerKind};
use scriptorium_model::{Ambient, Json, Timestamp, retry};

use crate::alerts::{Alerts, Happened};
use crate::db::Tx;
use crate::error::Result;
use crate::turns::{self, Ended};
use crate::{dead_letters, executions};

/// What follows from some ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Followed {
    /// An execution became pending.
    pub(crate) pending: bool,
    /// An event was published.
    pub(crate) events: bool,
}

/// Does what follows from these ends.
pub(crate) async fn follow(tx: &Tx, ambient: &Ambient, ended: &[&Execution]) -> Result<Followed> {
    let mut pending = false;
    let mut alerts = Alerts::default();
    let mut turns = Ended::new();
    for execution in ended {
        if execution.trigger == TriggerKind::Event
            && !execution.test
            && !execution.dry_run
            && execution.replay_of.is_none()
            && let Some(delivery) = Delivery::of(execution)
        {
            let order = delivery.order.clone();
            let retried = follow_one(tx, ambient, execution, delivery, &mut alerts).await?;
            if let Some(order) = order.filter(|_| !retried) {
                let order = (execution.script, order);
                turns.insert((execution.tenant, order), execution.id);
            }
            pending |= retried;
        }
    }
    let passed = turns::pass_on(tx, ambient, turns).await?;
    Ok(Followed {
        pending: pending | passed,
        events: alerts.raise(tx, ambient).await?,
    })
}

/// Whether it is tried again by itself.
async fn follow_one(
    tx: &Tx,
    ambient: &Ambient,
    execution: &Execution,
    delivery: Delivery,
    alerts: &mut Alerts,
) -> Result<bool> {
    let (tenant, now) = (execution.tenant, ambient.now());
    let failure = execution.failure.as_ref();
    if delivery.dead_letter.is_some() {
        let cause = failure.map(Cause::from);
        dead_letters::settle(tx, tenant, execution.id, cause, now).await?;
        return Ok(false);
    }
    let Some(failure) = failure else {
        return Ok(false);
    };
    let chance = u32::from_le_bytes(ambient.random());
    if let Some(wait) = retry::wait(execution, chance) {
        // By the clock that the queue goes by: this server's may be wrong.
        let clock = Timestamp::from(tx.lease_clock(ambient.now()).await?);
        let again = retried(execution, ambient, clock.checked_add(wait).ok());
        executions::insert_pending(tx, &again).await?;
        if delivery.order.is_some() {
            turns::hand_on(tx, execution, &again).await?;
        }
        return Ok(true);
    }
    // What somebody stopped has been dealt with.
    if execution.status != ExecutionStatus::Cancelled {
        let lineage = delivery.lineage_of_run(&execution.script_name);
        let all = Delivery::all_of(execution);
        let all = all.unwrap_or_else(|| vec![(delivery, execution.input.clone())]);
        for of in all {
            let letter = letter(ambient, execution, of, Cause::from(failure));
            dead_letters::insert(tx, &letter).await?;
            let happened = happened(&letter, lineage.clone());
            alerts.add(tenant, AlertKind::DeadLetter, letter.script, happened);
        }
    }
    Ok(false)
}

/// What an alert says of a dead letter.
pub(crate) fn happened(letter: &DeadLetter, lineage: Vec<String>) -> Happened {
    Happened {
        name: letter.script_name.clone(),
        message: format!("{}: {}", letter.event_type, letter.cause.message),
        count: 1,
        lineage,
    }
}

/// The next attempt at what an execution failed to do.
fn retried(execution: &Execution, ambient: &Ambient, at: Option<Timestamp>) -> Execution {
    let now = ambient.now();
    Execution {
        terms: Terms {
            run_after: at,
            ..execution.terms
        },
        ..execution.retry(ambient.new_id(), now)
    }
}

/// An event with its payload that an execution could not deal with.
pub(crate) fn letter(
    ambient: &Ambient,
    execution: &Execution,
    (delivery, payload): (Delivery, Json),
    cause: Cause,
) -> DeadLetter {
    let now: Timestamp = ambient.now();
    tracing::warn!(
        tenant = %execution.tenant, script = %execution.script, event = %delivery.event,
        code = cause.code, "an event became a dead letter",
    );
    DeadLetter {
        id: ambient.new_id(),
        tenant: execution.tenant,
        script: execution.script,
        script_name: execution.script_name.clone(),
        execution: Some(execution.id),
        event: delivery.event,
        event_type: delivery.kind,
        payload,
        cause,
        attempts: execution.attempt,
        max_attempts: execution.terms.max_attempts,
        status: DeadLetterStatus::Pending,
        next_retry_at: None,
        last_retry_at: None,
        created_at: now,
        failed_at: execution.completed_at.unwrap_or(now),
    }
}
