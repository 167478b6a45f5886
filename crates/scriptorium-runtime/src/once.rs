//! An execution whose caller waits, and was promised that asking again does not run it again (D7). It is
//! on record before it runs, held by a lease like those from the queue: when this process is gone,
//! another one finds it there.

use std::sync::Arc;

use scriptorium_model::execution::{Execution, ExecutionStatus};
use scriptorium_model::{Ctx, ExecutionId};
use scriptorium_store::{Begin, Change, LeaseId};
use tokio::time::{MissedTickBehavior, interval};

use crate::executor;
use crate::job::{Finished, Job};
use crate::runtime::Shared;
use crate::scheduler::Refusal;
use crate::worker::{HEARTBEAT, LEASE, record, release};

/// What became of an execution that was to run once.
#[derive(Debug)]
pub enum Once<E> {
    /// There was no room: nothing was begun, and nothing is on record.
    Refused(Refusal),
    /// Somebody stopped it before it was on record.
    Cancelled(Box<Finished>),
    /// It could not be begun, and did not run.
    NotBegun(E),
    /// It ended like this, and that is on record.
    Ended {
        /// It, in its final state.
        execution: Box<Execution>,
    },
    /// It is on record, and somebody else finds out how it ends.
    Elsewhere,
}

pub(crate) async fn run<E>(
    shared: &Arc<Shared>,
    ctx: &Ctx,
    job: Job,
    begin: impl AsyncFnOnce(Begin) -> Result<(), E>,
) -> Once<E> {
    let (entry, permit) = match executor::enter(shared, &job).await {
        Ok(entered) => entered,
        Err(finished) => {
            return match finished.refused {
                Some(refusal) => Once::Refused(refusal),
                None => Once::Cancelled(finished),
            };
        }
    };
    let lease: LeaseId = shared.world.ambient.new_id();
    let term = Begin { lease, term: LEASE };
    if let Err(error) = begin(term).await {
        return Once::NotBegun(error);
    }
    let (id, live) = (job.execution.id, entry.live.clone());
    let finished = tokio::select! {
        biased;
        finished = executor::run_admitted(shared, job, entry, permit) => finished,
        never = keep(shared, lease, id) => match never {},
    };
    // What the process cuts off goes on elsewhere, and so does what is held back meanwhile.
    let cut_off = finished.execution.status == ExecutionStatus::Cancelled && live.was_cut_off();
    if cut_off || finished.refused.is_some() {
        release(shared, lease).await;
        return Once::Elsewhere;
    }
    if !record(shared, ctx, &finished, lease).await {
        return Once::Elsewhere;
    }
    Once::Ended {
        execution: Box::new(finished.execution),
    }
}

/// Gives signs of life, and stops the execution when the lease is lost or somebody wants it stopped.
async fn keep(shared: &Shared, lease: LeaseId, id: ExecutionId) -> std::convert::Infallible {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once: the lease is as long as it can be.
    heartbeat.tick().await;
    let mut cancels = shared.world.store.changes(Change::Cancel);
    loop {
        tokio::select! {
            _ = heartbeat.tick() => {}
            _ = cancels.changed() => {}
        }
        match shared.world.store.heartbeat(&[lease], LEASE).await {
            Ok(held) if held.first().is_some_and(|lease| !lease.cancel_requested) => {}
            Ok(_) => {
                shared.hub.cancel(id);
            }
            Err(error) => {
                tracing::error!(%error, "a lease could not be extended; trying again");
            }
        }
    }
}
