//! Works on the executions that wait in the store. A worker holds each by a lease: who loses the
//! lease stops, and what it would have recorded is discarded. Executions whose worker is gone are
//! taken back and begun again, at most three times.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::{Ctx, ExecutionId, ScriptId, TenantId, Timestamp};
use scriptorium_store::{Change, Claimed, Lanes, LeaseId, Written};
use tokio::sync::{Notify, mpsc};
use tokio::task::{Id, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::job::{Finished, Job};
use crate::runtime::{Runtime, Shared};
use crate::scheduler::TenantShare;
use crate::{executor, load};

/// How long an execution stays ours without a sign of life (P4.3).
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// How often we give one, and look for executions of those who gave none.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// How soon the queue is looked at again, when nobody says that there is something in it, after there
/// was something, and while there is what cannot be taken yet.
const POLL: Duration = Duration::from_secs(2);
/// How long it rests at most: each look that finds nothing doubles the pause, so that an idle server
/// leaves its database in peace, and what nobody was told of is found all the same.
pub const LONGEST_POLL: Duration = Duration::from_secs(16);
/// How soon it is looked at again when something is due that it did not hold: clocks differ a little.
const SOON: Duration = Duration::from_millis(10);
/// How soon it is looked at again while more waits than there was room for, or when something has ended:
/// what ends meanwhile makes room together, so that one claim, which is a transaction, takes many.
const TOGETHER: Duration = Duration::from_millis(5);
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
    running: Arc<Running>,
    /// Someone asked to cancel an execution that could not be told yet.
    cancel_again: bool,
    /// The last claim left scripts alone that were busy.
    passed_over: bool,
}

/// What a claim is told about tenants.
struct Served<'a> {
    shared: &'a Shared,
    held: HashMap<TenantId, u32>,
    now: Timestamp,
}

impl Lanes for Served<'_> {
    /// Those it may have at once are enough to keep it busy, and more would take room from others.
    fn room(&self, tenant: TenantId) -> u32 {
        let held = self.held.get(&tenant).copied().unwrap_or_default();
        self.shared.share_of(tenant).running.saturating_sub(held)
    }

    fn had(&self, tenant: TenantId) -> f64 {
        self.shared.had.of(tenant, self.now)
    }

    fn cost(&self, tenant: TenantId) -> f64 {
        self.shared
            .had
            .cost(tenant, self.shared.share_of(tenant).weight)
    }
}

impl Shared {
    /// The share of a tenant, as far as it is known by name.
    fn share_of(&self, tenant: TenantId) -> TenantShare {
        let known = self.tenants.known(tenant);
        known.map_or(self.shares.others, |tenant| self.shares.of(&tenant.slug))
    }
}

/// What a claim has seen of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    /// Something was taken, and nothing is left.
    AtAll,
    /// As much was taken as there was room for.
    AtRoom,
    /// There was nothing to take.
    InVain,
    /// There was no room, or it could not be read, or some of it may not begin yet.
    AtNothing,
}

/// How long the worker rests between two looks that nobody asked for.
#[derive(Clone, Copy, Debug)]
struct Rest(Duration);

impl Rest {
    /// After a look.
    fn after(self, looked: Looked) -> Self {
        match looked {
            Looked::AtAll | Looked::AtRoom | Looked::AtNothing => Self(POLL),
            Looked::InVain => Self((self.0 * 2).clamp(POLL, LONGEST_POLL)),
        }
    }
}

struct Held {
    lease: LeaseId,
    execution: ExecutionId,
    script: ScriptId,
    tenant: TenantId,
    /// Its script has ended: what is left is to put that on record.
    ended: Arc<AtomicBool>,
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
            passed_over: false,
        }
    }

    async fn run(mut self) {
        let store = self.shared.world.store.clone();
        let mut pending = store.changes(Change::Pending);
        let mut cancels = store.changes(Change::Cancel);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pause = Box::pin(sleep(Duration::ZERO));
        let (mut looked, mut rest) = (Looked::AtNothing, Rest(POLL / 2));
        let mut soon = false;
        let (shared, running) = (self.shared.clone(), self.running.clone());
        loop {
            // While as much as there was room for was taken, it is for room to say when more is.
            let mut at_once = looked != Looked::AtRoom;
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                Some((tenant, id)) = self.firsts.recv() => self.take_first(tenant, id).await,
                Some(ended) = self.tasks.join_next_with_id() => {
                    self.forget_all(ended);
                    at_once = false;
                }
                _ = cancels.changed() => self.keep_alive().await,
                _ = heartbeat.tick() => {
                    self.keep_alive().await;
                    self.recover().await;
                }
                _ = pending.changed() => {}
                () = shared.wake.notified() => {}
                () = running.ended.notified(), if looked == Looked::AtRoom || self.passed_over => {
                    at_once = false;
                }
                () = &mut pause => {
                    at_once = true;
                    if self.cancel_again {
                        self.keep_alive().await;
                    }
                }
            }
            at_once |= looked == Looked::AtRoom && self.room() >= shared.workers / 2;
            if !at_once {
                if !soon {
                    pause.set(sleep(TOGETHER));
                    soon = true;
                }
                continue;
            }
            looked = self.claim().await;
            soon = false;
            rest = rest.after(looked);
            let mut length = match looked {
                Looked::AtRoom if self.room() > 0 => TOGETHER,
                Looked::AtRoom | Looked::AtNothing => rest.0,
                Looked::AtAll | Looked::InVain => self.until_due(rest.0),
            };
            if self.cancel_again {
                length = length.min(POLL);
            }
            pause.set(sleep(length));
        }
        self.drain(heartbeat).await;
    }

    /// How long nothing becomes due that is known to the queue.
    fn until_due(&self, rest: Duration) -> Duration {
        let world = &self.shared.world;
        let Some(due) = world.store.next_due() else {
            return rest;
        };
        let wait = Duration::try_from(due.duration_since(world.ambient.now()));
        wait.unwrap_or_default().clamp(SOON, rest)
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

    /// With whatever else has ended meanwhile.
    fn forget_all(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        self.forget(ended);
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
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

    /// How many executions there is room for.
    fn room(&self) -> usize {
        let workers = self.shared.workers;
        let free = workers.saturating_sub(self.running.count.load(Ordering::Acquire));
        free.min((workers * HELD).saturating_sub(self.held.len()))
    }

    /// Takes as many executions as there is room for.
    async fn claim(&mut self) -> Looked {
        let room = self.room();
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        if limit == 0 {
            return Looked::AtNothing;
        }
        let busy = self.busy();
        self.passed_over = !busy.is_empty();
        let held = self.held_by_tenant().await;
        let lanes = Served {
            shared: &self.shared,
            held,
            now: self.shared.world.ambient.now(),
        };
        let store = &self.shared.world.store;
        let claimed = match store.claim_pending(limit, LEASE, &busy, &lanes).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read; trying again");
                return Looked::AtNothing;
            }
        };
        let looked = match claimed.len() {
            // Their time comes without anybody's saying so.
            0 if !busy.is_empty() => Looked::AtNothing,
            0 => Looked::InVain,
            taken if taken == room => Looked::AtRoom,
            _ => Looked::AtAll,
        };
        for one in claimed {
            self.begin(one, false);
        }
        // Those who find room at once shall count before more are taken.
        tokio::task::yield_now().await;
        looked
    }

    /// Those that run, or wait for room. Of the others the disk is all that is waited for, which many ends
    /// share: the more of them come at once, the less each of them takes.
    fn unended(&self) -> impl Iterator<Item = &Held> {
        let held = self.held.values();
        held.filter(|held| !held.ended.load(Ordering::Acquire))
    }

    /// Scripts of which enough executions are held to keep them busy, or that are held back.
    fn busy(&self) -> Vec<ScriptId> {
        let mut held: HashMap<(TenantId, ScriptId), u32> = HashMap::new();
        for one in self.unended() {
            *held.entry((one.tenant, one.script)).or_default() += 1;
        }
        let admission = &self.shared.admission;
        let circuits = &self.shared.circuits;
        held.retain(|key, count| {
            let limit = circuits.limit(key);
            *count >= limit.unwrap_or_else(|| admission.limit(key.0, key.1))
        });
        let held = held.into_keys().chain(circuits.closed_to());
        held.map(|(_, script)| script).collect()
    }

    /// How many of each tenant are held. A tenant is forgotten after a while, and its share with it:
    /// those are looked for anew.
    async fn held_by_tenant(&self) -> HashMap<TenantId, u32> {
        let mut held = HashMap::new();
        for one in self.unended() {
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
            ended: Arc::default(),
        };
        let (shared, ended) = (self.shared.clone(), held.ended.clone());
        let running = self.running.clone();
        let (tenant, now) = (held.tenant, shared.world.ambient.now());
        let weight = shared.share_of(tenant).weight;
        let counted = shared.had.take(tenant, weight, now);
        let task = async move {
            let took = run_one(&shared, claimed, running, &ended, by_operator).await;
            let now = shared.world.ambient.now();
            shared.had.end(tenant, weight, counted, took, now);
        };
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

/// One claimed execution to its recorded end; for how long it ran.
async fn run_one(
    shared: &Arc<Shared>,
    claimed: Claimed,
    running: Arc<Running>,
    ended: &AtomicBool,
    by_operator: bool,
) -> Duration {
    let Claimed { execution, lease } = claimed;
    let ctx = Ctx::platform(execution.tenant);
    let entry = shared.hub.enter(execution.tenant, execution.id);
    let live = entry.live.clone();
    let job = match load::claimed(shared, &ctx, &execution).await {
        Ok(Ok(job)) => Job { by_operator, ..job },
        Ok(Err(failure)) => {
            let finished = executor::refused(shared, &execution, entry, failure);
            record(shared, &ctx, &finished, lease).await;
            return Duration::ZERO;
        }
        Err(error) => {
            tracing::error!(%error, execution = %execution.id, "could not be loaded; left to its lease");
            return Duration::ZERO;
        }
    };
    let permit = tokio::select! {
        biased;
        () = entry.live.cancel.cancelled() => None,
        permit = executor::admit(shared, &job, true) => permit.ok(),
        () = shared.stop.cancelled() => {
            release(shared, lease).await;
            return Duration::ZERO;
        }
    };
    let finished = match permit {
        Some(permit) => {
            let _one = running.one_more(ended);
            executor::run_admitted(shared, job, entry, permit).await
        }
        // It was cancelled: one who waits patiently is not refused.
        None => executor::refused(shared, &execution, entry, executor::cancelled()),
    };
    let took = finished.execution.metrics.duration;
    // What the process cuts off goes on elsewhere; what somebody cancelled has ended. One whose script
    // is held back now waits in the queue like those that come after it.
    let cancelled = finished.execution.status == ExecutionStatus::Cancelled;
    if finished.refused.is_some() || cancelled && live.was_cut_off() {
        release(shared, lease).await;
    } else {
        record(shared, &ctx, &finished, lease).await;
    }
    took
}

pub(crate) async fn release(shared: &Shared, lease: LeaseId) {
    if let Err(error) = shared.world.store.release(&[lease]).await {
        tracing::warn!(%error, "an execution was not given back; its lease will run out");
    }
}

/// Records the end; whether that is how it ended. A store that fails is tried again; in the end the lease
/// runs out and the execution is begun again.
pub(crate) async fn record(
    shared: &Shared,
    ctx: &Ctx,
    finished: &Finished,
    lease: LeaseId,
) -> bool {
    let id = finished.execution.id;
    for attempt in 1..=RECORD_TRIES {
        let record = scriptorium_store::Finished {
            execution: finished.execution.clone(),
            lease: Some(lease),
            logs: finished.logs.clone(),
            events: finished.events.clone(),
            notifications: finished.notifications.clone(),
            incidents: finished.incidents.clone(),
        };
        let written = match shared.world.store.record(ctx, record).await {
            Ok(commit) => commit.await,
            Err(error) => Err(error),
        };
        match written {
            Ok(Written::Stored) => return true,
            Ok(Written::Discarded) => {
                tracing::warn!(execution = %id, "its lease was lost; the end is not recorded");
                return false;
            }
            Err(error) => {
                tracing::error!(%error, execution = %id, attempt, "the end could not be recorded");
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
            }
        }
    }
    false
}

/// The executions that have room.
#[derive(Default)]
struct Running {
    count: AtomicUsize,
    /// One of them has ended.
    ended: Notify,
}

/// One of them, until dropped.
struct OneRunning<'a> {
    all: &'a Running,
    ended: &'a AtomicBool,
}

impl Running {
    fn one_more<'a>(&'a self, ended: &'a AtomicBool) -> OneRunning<'a> {
        self.count.fetch_add(1, Ordering::AcqRel);
        OneRunning { all: self, ended }
    }
}

impl Drop for OneRunning<'_> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        self.all.count.fetch_sub(1, Ordering::AcqRel);
        self.all.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_grows_while_there_is_nothing_and_stays_bounded() {
        let mut rest = Rest(POLL / 2);
        let mut rests = Vec::new();
        for looked in [
            Looked::InVain,
            Looked::InVain,
            Looked::InVain,
            Looked::InVain,
            Looked::InVain,
            Looked::AtAll,
            Looked::InVain,
            Looked::AtNothing,
            Looked::AtNothing,
        ] {
            rest = rest.after(looked);
            rests.push(rest.0.as_secs());
        }
        assert_eq!(rests, [2, 4, 8, 16, 16, 2, 4, 2, 2]);
    }
}
