//! Works on the executions that wait in the store. A worker holds each by a lease: who loses the
//! lease stops, and what it would have recorded is discarded. Executions whose worker is gone are
//! taken back and begun again, at most three times.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::{Ctx, ExecutionId, ScriptId, TenantId};
use scriptorium_store::{Change, Claimed, LeaseId, Written};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::job::{Finished, Job};
use crate::runtime::{Runtime, Shared};
use crate::{executor, load};

/// How long an execution stays ours without a sign of life (P4.3).
const LEASE: Duration = Duration::from_secs(15);
/// How often we give one, and look for executions of those who gave none.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often the queue is looked at when nobody says that there is something in it, and nothing is
/// known to become due.
const POLL: Duration = Duration::from_secs(2);
/// How soon it is looked at again when something is due that it did not hold: clocks differ a little.
const SOON: Duration = Duration::from_millis(10);
/// Executions held at once, as a multiple of those worked on: the others wait for their script.
const HELD: usize = 4;
/// Tries of recording an end before it is left to the lease.
const RECORD_TRIES: u32 = 5;

/// What is to be taken before all that waits.
type Firsts = mpsc::UnboundedReceiver<(TenantId, ExecutionId)>;

/// Works until the runtime stops, then until what was begun has ended.
pub(crate) async fn work(runtime: Runtime, firsts: Firsts) {
    Worker::new(runtime.0.clone(), firsts).run().await;
}

struct Worker {
    shared: Arc<Shared>,
    firsts: Firsts,
    /// Tasks that hold a lease.
    tasks: JoinSet<()>,
    held: HashMap<Id, Held>,
    /// Executions among the held ones that have room.
    running: Arc<AtomicUsize>,
    /// Someone asked to cancel an execution that could not be told yet.
    cancel_again: bool,
}

/// What a claim has seen of the queue.
enum Looked {
    /// There is nothing left to take.
    AtAll,
    /// There was no room, or it could not be read.
    AtNothing,
}

#[derive(Clone, Copy)]
struct Held {
    lease: LeaseId,
    execution: ExecutionId,
    script: ScriptId,
    tenant: TenantId,
}

impl Worker {
    fn new(shared: Arc<Shared>, firsts: Firsts) -> Self {
        Self {
            shared,
            firsts,
            tasks: JoinSet::new(),
            held: HashMap::new(),
            running: Arc::default(),
            cancel_again: false,
        }
    }

    async fn run(mut self) {
        let store = self.shared.world.store.clone();
        let mut pending = store.changes(Change::Pending);
        let mut cancels = store.changes(Change::Cancel);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pause = Duration::ZERO;
        let shared = self.shared.clone();
        loop {
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                Some((tenant, id)) = self.firsts.recv() => self.take_first(tenant, id).await,
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
                _ = cancels.changed() => self.keep_alive().await,
                _ = heartbeat.tick() => {
                    self.keep_alive().await;
                    self.recover().await;
                }
                _ = pending.changed() => {}
                () = shared.wake.notified() => {}
                () = sleep(pause) => {
                    if self.cancel_again {
                        self.keep_alive().await;
                    }
                }
            }
            pause = match self.claim().await {
                Looked::AtAll => self.until_due(),
                Looked::AtNothing => POLL,
            };
        }
        self.drain(heartbeat).await;
    }

    /// How long nothing becomes due that is known to the queue.
    fn until_due(&self) -> Duration {
        let world = &self.shared.world;
        let Some(due) = world.store.next_due() else {
            return POLL;
        };
        let wait = Duration::try_from(due.duration_since(world.ambient.now()));
        wait.unwrap_or_default().clamp(SOON, POLL)
    }

    /// What was begun goes on; what was not gives its lease back by itself.
    async fn drain(&mut self, mut heartbeat: tokio::time::Interval) {
        while !self.tasks.is_empty() {
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
                _ = heartbeat.tick() => self.keep_alive().await,
            }
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(broken) => {
                tracing::error!(%broken, "a worker's task broke down; its lease will run out");
                broken.id()
            }
        };
        self.held.remove(&id);
    }

    /// Takes executions while there is room for more.
    async fn claim(&mut self) -> Looked {
        loop {
            let free = (self.shared.workers).saturating_sub(self.running.load(Ordering::Acquire));
            let room = (self.shared.workers * HELD).saturating_sub(self.held.len());
            let limit = u32::try_from(free.min(room)).unwrap_or(u32::MAX);
            if limit == 0 {
                return Looked::AtNothing;
            }
            let busy = self.busy();
            let held = self.held_by_tenant().await;
            let room = |tenant| self.room(tenant, &held);
            let store = &self.shared.world.store;
            let claimed = match store.claim_pending(limit, LEASE, &busy, &room).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be read; trying again");
                    return Looked::AtNothing;
                }
            };
            if claimed.is_empty() {
                return Looked::AtAll;
            }
            for one in claimed {
                self.begin(one, false);
            }
            // Those who find room at once shall count before more are taken.
            tokio::task::yield_now().await;
        }
    }

    /// Scripts of which enough executions are held to keep them busy, or that are held back.
    fn busy(&self) -> Vec<ScriptId> {
        let mut held: HashMap<(TenantId, ScriptId), u32> = HashMap::new();
        for one in self.held.values() {
            *held.entry((one.tenant, one.script)).or_default() += 1;
        }
        let admission = &self.shared.admission;
        let circuits = &self.shared.circuits;
        held.retain(|(tenant, script), count| {
            let limit = circuits.limit(*tenant, *script);
            *count >= limit.unwrap_or_else(|| admission.limit(*tenant, *script))
        });
        let held = held.into_keys().chain(circuits.closed_to());
        held.map(|(_, script)| script).collect()
    }

    /// How many of each tenant are held. A tenant is forgotten after a while, and its share with it:
    /// those are looked for anew.
    async fn held_by_tenant(&self) -> HashMap<TenantId, u32> {
        let mut held = HashMap::new();
        for one in self.held.values() {
            *held.entry(one.tenant).or_default() += 1;
        }
        let Shared { tenants, world, .. } = &*self.shared;
        for tenant in held.keys() {
            if let Err(error) = tenants.find(&world.store, *tenant).await {
                tracing::warn!(%error, %tenant, "its share is not known for now");
            }
        }
        held
    }

    /// How many more executions of a tenant are to be held: those it may have at once are enough
    /// to keep it busy, and more would take room from others.
    fn room(&self, tenant: TenantId, held: &HashMap<TenantId, u32>) -> u32 {
        let shares = &self.shared.shares;
        let known = self.shared.tenants.known(tenant);
        let share = known.map_or(shares.others, |tenant| shares.of(&tenant.slug));
        let held = held.get(&tenant).copied().unwrap_or_default();
        share.running.saturating_sub(held)
    }

    /// An operator waits for this one: it is taken even if as much is held as may be.
    async fn take_first(&mut self, tenant: TenantId, id: ExecutionId) {
        let store = &self.shared.world.store;
        match store
            .claim_execution(&Ctx::platform(tenant), id, LEASE)
            .await
        {
            Ok(Some(claimed)) => self.begin(claimed, true),
            // Somebody else was faster.
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, execution = %id, "could not be taken; it waits its turn");
            }
        }
    }

    fn begin(&mut self, claimed: Claimed, by_operator: bool) {
        let held = Held {
            lease: claimed.lease,
            execution: claimed.execution.id,
            script: claimed.execution.script,
            tenant: claimed.execution.tenant,
        };
        let (shared, running) = (self.shared.clone(), self.running.clone());
        let task = run_one(shared, claimed, running, by_operator);
        let task = self.tasks.spawn(task);
        self.held.insert(task.id(), held);
    }

    /// Extends the leases, stops what is no longer ours, and what somebody wants stopped.
    async fn keep_alive(&mut self) {
        let leases: Vec<LeaseId> = self.held.values().map(|held| held.lease).collect();
        if leases.is_empty() {
            return;
        }
        let alive = match self.shared.world.store.heartbeat(&leases, LEASE).await {
            Ok(alive) => alive,
            Err(error) => {
                tracing::error!(%error, "leases could not be extended; trying again");
                return;
            }
        };
        let alive: HashMap<LeaseId, bool> = alive
            .into_iter()
            .map(|lease| (lease.id, lease.cancel_requested))
            .collect();
        self.cancel_again = false;
        for held in self.held.values() {
            let stop = alive.get(&held.lease).copied().unwrap_or(true);
            if stop && !self.shared.hub.cancel(held.execution) {
                self.cancel_again = true;
            }
        }
    }

    async fn recover(&self) {
        let world = &self.shared.world;
        if let Err(error) = world.store.recover_orphans(world.ambient.now()).await {
            tracing::error!(%error, "abandoned executions could not be taken back; trying again");
        }
    }
}

/// One claimed execution to its recorded end.
async fn run_one(
    shared: Arc<Shared>,
    claimed: Claimed,
    running: Arc<AtomicUsize>,
    by_operator: bool,
) {
    let Claimed { execution, lease } = claimed;
    let ctx = Ctx::platform(execution.tenant);
    let entry = shared.hub.enter(execution.tenant, execution.id);
    let live = entry.live.clone();
    let job = match load::claimed(&shared, &ctx, &execution).await {
        Ok(Ok(job)) => Job { by_operator, ..job },
        Ok(Err(failure)) => {
            let finished = executor::refused(&shared, &execution, entry, failure);
            return record(&shared, &ctx, finished, lease).await;
        }
        Err(error) => {
            tracing::error!(%error, execution = %execution.id, "could not be loaded; left to its lease");
            return;
        }
    };
    let permit = tokio::select! {
        biased;
        () = entry.live.cancel.cancelled() => None,
        permit = executor::admit(&shared, &job, true) => permit.ok(),
        () = shared.stop.cancelled() => return release(&shared, lease).await,
    };
    let finished = match permit {
        Some(permit) => {
            let _running = Running::new(running);
            executor::run_admitted(&shared, job, entry, permit).await
        }
        // It was cancelled: one who waits patiently is not refused.
        None => executor::refused(&shared, &execution, entry, executor::cancelled()),
    };
    // Its script is held back now: it waits in the queue like those that come after it.
    if finished.refused.is_some() {
        return release(&shared, lease).await;
    }
    // What the process cuts off goes on elsewhere; what somebody cancelled has ended.
    let cancelled = finished.execution.status == ExecutionStatus::Cancelled;
    if cancelled && live.was_cut_off() {
        return release(&shared, lease).await;
    }
    record(&shared, &ctx, finished, lease).await;
}

async fn release(shared: &Shared, lease: LeaseId) {
    if let Err(error) = shared.world.store.release(&[lease]).await {
        tracing::warn!(%error, "an execution was not given back; its lease will run out");
    }
}

/// Records the end. A store that fails is tried again; in the end the lease runs out and the
/// execution is begun again.
async fn record(shared: &Shared, ctx: &Ctx, finished: Finished, lease: LeaseId) {
    let id = finished.execution.id;
    for attempt in 1..=RECORD_TRIES {
        let record = scriptorium_store::Finished {
            execution: finished.execution.clone(),
            lease: Some(lease),
            logs: finished.logs.clone(),
            events: finished.events.clone(),
            incidents: finished.incidents.clone(),
        };
        let written = match shared.world.store.record(ctx, record).await {
            Ok(commit) => commit.await,
            Err(error) => Err(error),
        };
        match written {
            Ok(Written::Stored) => return,
            Ok(Written::Discarded) => {
                tracing::warn!(execution = %id, "its lease was lost; the end is not recorded");
                return;
            }
            Err(error) => {
                tracing::error!(%error, execution = %id, attempt, "the end could not be recorded");
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
            }
        }
    }
}

/// Counts an execution that has room, until dropped.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
