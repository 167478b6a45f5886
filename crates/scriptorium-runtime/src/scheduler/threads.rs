//! The threads that run guests. Each run is a future; a thread polls it for one slice and asks the
//! queue what is next. A run that waits for a call is in no queue and on no thread: its waker puts
//! it back.

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use scriptorium_engine::thread_cpu;
use scriptorium_model::{ScriptId, TenantId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::ready::Ready;
use super::usage::{TenantUse, Usage};

/// The weight of what operators start by hand, beside tenants of 100 each.
const OPERATORS: u32 = 1_000;

/// Runs futures of guests, fairly between tenants. Dropping it ends the threads soon;
/// [`Threads::shutdown`] waits for them.
pub(crate) struct Threads {
    shared: Arc<Shared>,
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
}

/// On whose account a run goes.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) tenant: TenantId,
    pub(crate) slug: Arc<str>,
    pub(crate) weight: u32,
    pub(crate) script: ScriptId,
    /// Started by hand by an operator: it shares with other such runs, not with its tenant.
    pub(crate) by_operator: bool,
}

/// A run on its way; dropping it ends the run.
pub(crate) struct Running<T> {
    end: oneshot::Receiver<T>,
    control: Control,
    ended: bool,
}

/// A way to a run from outside.
#[derive(Clone)]
pub(crate) struct Control {
    shared: Arc<Shared>,
    id: u64,
}

/// The run panicked, or the threads are gone.
#[derive(Debug, thiserror::Error)]
#[error("the run broke down")]
pub(crate) struct Broken;

/// A reading of the scheduler's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchedulerStatistics {
    /// Guest threads.
    pub threads: usize,
    /// Guest threads that have nothing to do.
    pub idle: usize,
    /// Runs that wait for a thread.
    pub ready: usize,
    /// Runs that wait for something else, such as a call.
    pub waiting: usize,
    /// Slices given.
    pub slices: u64,
    /// Times that a thread slept because there was nothing to do.
    pub rests: u64,
    /// Times that running guests were interrupted for a tenant that was behind.
    pub interruptions: u64,
    /// Runs that panicked.
    pub panics: u64,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Shared {
    state: Mutex<State>,
    /// Where each thread sleeps.
    beds: Vec<Condvar>,
    /// Makes running guests yield.
    interrupt: Box<dyn Fn() + Send + Sync>,
    interruptions: AtomicU64,
}

struct State {
    ready: Ready<Share, ScriptId, u64>,
    tasks: HashMap<u64, Entry>,
    usage: Usage,
    next_id: u64,
    /// Threads that sleep and have not been called; who fell asleep last is last.
    asleep: Vec<usize>,
    stopping: bool,
    slices: u64,
    rests: u64,
    panics: u64,
}

/// Whom a slice is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Share {
    Operators,
    Tenant(TenantId),
}

struct Entry {
    task: Arc<Task>,
    phase: Phase,
    /// The thread that it was on last: what it works with is still near that one's processor.
    last: Option<usize>,
    /// It is to end: it goes before all others.
    urgent: bool,
    /// Nobody waits for it any more.
    dropped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In no queue, on no thread.
    Waiting,
    /// In the queue.
    Ready,
    /// On a thread; whether it was woken meanwhile.
    Running { woken: bool },
}

/// The clock of the guest threads; it stops with the last of them.
struct Clock {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

struct Task {
    id: u64,
    account: Account,
    shared: Arc<Shared>,
    /// `None` once it has ended.
    work: Mutex<Option<Work>>,
}

impl Threads {
    /// Starts the threads. Futures find a clock there, and nothing of I/O; `interrupt` is called
    /// when what runs should yield.
    pub(crate) fn start(
        threads: usize,
        interrupt: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                ready: Ready::new(),
                tasks: HashMap::new(),
                usage: Usage::new(),
                next_id: 0,
                asleep: Vec::with_capacity(threads),
                stopping: false,
                slices: 0,
                rests: 0,
                panics: 0,
            }),
            beds: std::iter::repeat_with(Condvar::new).take(threads).collect(),
            interrupt: Box::new(interrupt),
            interruptions: AtomicU64::new(0),
        });
        let started = Self {
            shared,
            handles: Mutex::default(),
        };
        let (clock, handle) = Clock::start()?;
        started.handles().push(handle);
        for number in 0..threads {
            let (shared, clock) = (started.shared.clone(), clock.clone());
            let handle = thread::Builder::new()
                .name(format!("guest-{number}"))
                .spawn(move || shared.serve(number, &clock))?;
            started.handles().push(handle);
        }
        Ok(started)
    }

    /// Takes a run. It begins when its tenant's turn comes.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        account: Account,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Running<T> {
        let (tell, end) = oneshot::channel();
        let work = Box::pin(async move {
            // Who does not listen any more has dropped the run.
            let _ = tell.send(work.await);
        });
        let id = self.shared.take(account, work);
        let control = Control {
            shared: self.shared.clone(),
            id,
        };
        Running {
            end,
            control,
            ended: false,
        }
    }

    pub(crate) fn statistics(&self) -> SchedulerStatistics {
        let state = self.shared.lock();
        let waiting = |entry: &&Entry| entry.phase == Phase::Waiting;
        SchedulerStatistics {
            threads: self.shared.beds.len(),
            idle: state.asleep.len(),
            ready: state.ready.len(),
            waiting: state.tasks.values().filter(waiting).count(),
            slices: state.slices,
            rests: state.rests,
            interruptions: self.shared.interruptions.load(Ordering::Relaxed),
            panics: state.panics,
        }
    }

    /// What each tenant has used.
    pub(crate) fn usage(&self) -> Vec<TenantUse> {
        self.shared.lock().usage.read()
    }

    /// Ends what still runs and waits until the threads are gone.
    pub(crate) async fn shutdown(&self, io: &Handle) {
        self.shared.stop();
        let handles = std::mem::take(&mut *self.handles());
        let join = move || {
            for handle in handles {
                // What panics is caught where guests are polled.
                let _ = handle.join();
            }
        };
        let _ = io.spawn_blocking(join).await;
    }

    fn handles(&self) -> MutexGuard<'_, Vec<thread::JoinHandle<()>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Not joined: the last handle may go away where waiting is not allowed.
        self.shared.stop();
    }
}

impl<T> Running<T> {
    pub(crate) fn control(&self) -> Control {
        self.control.clone()
    }
}

impl<T> Future for Running<T> {
    type Output = Result<T, Broken>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let end = Pin::new(&mut self.end).poll(context);
        self.ended = end.is_ready();
        end.map(|end| end.map_err(|_| Broken))
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if !self.ended {
            self.control.shared.hurry(self.control.id, true);
        }
    }
}

impl Control {
    /// Gives the run a slice before all others: it has been told to end.
    pub(crate) fn hurry(&self) {
        self.shared.hurry(self.id, false);
    }

    /// Whether the run waits, and would be on a thread at once if it were woken.
    pub(crate) fn is_at_leisure(&self) -> bool {
        let state = self.shared.lock();
        let waits = |entry: &Entry| entry.phase == Phase::Waiting;
        !state.asleep.is_empty() && state.tasks.get(&self.id).is_some_and(waits)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.shared.wake(self.id);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.wake(self.id);
    }
}

impl Account {
    fn share(&self) -> Share {
        if self.by_operator {
            Share::Operators
        } else {
            Share::Tenant(self.tenant)
        }
    }

    fn weight(&self) -> u32 {
        if self.by_operator {
            OPERATORS
        } else {
            self.weight
        }
    }
}

/// What is to be done after the lock is free.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Nobody,
    Sleeper(usize),
    /// Everybody is busy, and somebody should stop.
    Runners,
}

/// How a slice ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slice {
    /// The run goes on, when it is woken.
    Pending,
    Over,
    Panicked,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, account: Account, work: Work) -> u64 {
        let mut state = self.lock();
        let id = state.next_id;
        if state.stopping {
            return id;
        }
        state.next_id += 1;
        let task = Arc::new(Task {
            id,
            account,
            shared: self.clone(),
            work: Mutex::new(Some(work)),
        });
        let entry = Entry {
            task,
            phase: Phase::Waiting,
            last: None,
            urgent: false,
            dropped: false,
        };
        state.tasks.insert(id, entry);
        let call = state.line_up(id);
        drop(state);
        self.tell(call);
        id
    }

    fn wake(&self, id: u64) {
        let call = self.lock().wake(id);
        self.tell(call);
    }

    fn hurry(&self, id: u64, dropped: bool) {
        let call = self.lock().hurry(id, dropped);
        self.tell(call);
    }

    /// Ends every run; the threads go when none is left.
    fn stop(&self) {
        {
            let mut state = self.lock();
            state.stopping = true;
            let ids: Vec<u64> = state.tasks.keys().copied().collect();
            for id in ids {
                state.hurry(id, true);
            }
        }
        self.call_everybody();
        (self.interrupt)();
    }

    fn call_everybody(&self) {
        for bed in &self.beds {
            bed.notify_one();
        }
    }

    fn tell(&self, call: Call) {
        match call {
            Call::Nobody => {}
            Call::Sleeper(thread) => self.beds[thread].notify_one(),
            Call::Runners => {
                self.interruptions.fetch_add(1, Ordering::Relaxed);
                (self.interrupt)();
            }
        }
    }

    /// One thread's life.
    fn serve(&self, thread: usize, clock: &Clock) {
        let _inside = clock.handle.enter();
        let mut began = thread_cpu();
        let mut state = self.lock();
        loop {
            if let Some((task, dropped)) = state.next(thread) {
                drop(state);
                let slice = task.slice(dropped);
                let now = thread_cpu();
                state = self.lock();
                state.settle(&task, slice, now.saturating_sub(began));
                began = now;
            } else if state.is_over() {
                drop(state);
                // Whoever still sleeps finds the same.
                self.call_everybody();
                return;
            } else {
                state.asleep.push(thread);
                state.rests += 1;
                // Condition variables wake who was not called, too.
                state = self.beds[thread]
                    .wait_while(state, |state| {
                        state.asleep.contains(&thread) && !state.is_over()
                    })
                    .unwrap_or_else(PoisonError::into_inner);
                // It has used next to nothing meanwhile; to look how much would be another call of the system.
                state.asleep.retain(|other| *other != thread);
            }
        }
    }
}

impl State {
    /// Whether there is nothing left that a thread would have to wait for.
    fn is_over(&self) -> bool {
        self.stopping && self.tasks.is_empty()
    }

    /// The next run for a thread, and whether nobody waits for it any more.
    fn next(&mut self, thread: usize) -> Option<(Arc<Task>, bool)> {
        loop {
            let (share, id) = self.ready.pop()?;
            if let Some(entry) = self.tasks.get_mut(&id) {
                entry.phase = Phase::Running { woken: false };
                entry.last = Some(thread);
                return Some((entry.task.clone(), entry.dropped));
            }
            self.ready.settle(share, Duration::ZERO, None);
        }
    }

    /// A run is off its thread.
    fn settle(&mut self, task: &Task, slice: Slice, used: Duration) {
        let account = &task.account;
        self.slices += 1;
        self.panics += u64::from(slice == Slice::Panicked);
        self.usage.add(account.tenant, &account.slug, used);
        let mut again = None;
        if slice != Slice::Pending {
            self.tasks.remove(&task.id);
        } else if let Some(entry) = self.tasks.get_mut(&task.id) {
            let woken = entry.phase == Phase::Running { woken: true };
            if !woken && !entry.dropped {
                entry.phase = Phase::Waiting;
            } else {
                entry.phase = Phase::Ready;
                if entry.urgent {
                    self.ready
                        .push_urgent(account.share(), account.weight(), task.id);
                } else {
                    again = Some((account.script, task.id));
                }
            }
        }
        self.ready.settle(account.share(), used, again);
    }

    fn wake(&mut self, id: u64) -> Call {
        match self.tasks.get_mut(&id).map(|entry| &mut entry.phase) {
            Some(Phase::Waiting) => self.line_up(id),
            Some(Phase::Running { woken }) => {
                *woken = true;
                Call::Nobody
            }
            Some(Phase::Ready) | None => Call::Nobody,
        }
    }

    fn hurry(&mut self, id: u64, dropped: bool) -> Call {
        let Some(entry) = self.tasks.get_mut(&id) else {
            return Call::Nobody;
        };
        entry.dropped |= dropped;
        let was_urgent = std::mem::replace(&mut entry.urgent, true);
        let account = &entry.task.account;
        match entry.phase {
            // Who is only told to end is woken by that; who is dropped, by us.
            Phase::Waiting if entry.dropped => self.line_up(id),
            Phase::Ready if !was_urgent => {
                self.ready.hurry(account.share(), account.script, id);
                let last = entry.last;
                self.call(true, last)
            }
            Phase::Running { .. } => Call::Runners,
            Phase::Waiting | Phase::Ready => Call::Nobody,
        }
    }

    /// Puts a run that is not on a thread in line.
    fn line_up(&mut self, id: u64) -> Call {
        let Some(entry) = self.tasks.get_mut(&id) else {
            return Call::Nobody;
        };
        entry.phase = Phase::Ready;
        let (account, last) = (&entry.task.account, entry.last);
        let (share, weight) = (account.share(), account.weight());
        let behind = if entry.urgent {
            self.ready.push_urgent(share, weight, id);
            true
        } else {
            self.ready.push(share, weight, account.script, id)
        };
        self.call(behind, last)
    }

    /// Whom to call for a run: the thread that it was on, or whoever fell asleep last.
    fn call(&mut self, behind: bool, last: Option<usize>) -> Call {
        let asleep = &mut self.asleep;
        let place = asleep.iter().position(|thread| Some(*thread) == last);
        match place.or(asleep.len().checked_sub(1)) {
            Some(place) => Call::Sleeper(asleep.remove(place)),
            None if behind => Call::Runners,
            None => Call::Nobody,
        }
    }
}

impl Task {
    /// Polls the run once, or drops it. What panics in it is its own end only.
    fn slice(self: &Arc<Self>, dropped: bool) -> Slice {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(future) = work.as_mut() else {
            return Slice::Over;
        };
        let waker = Waker::from(self.clone());
        let mut context = Context::from_waker(&waker);
        let polled = if dropped {
            Ok(Poll::Ready(()))
        } else {
            catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)))
        };
        if matches!(polled, Ok(Poll::Pending)) {
            return Slice::Pending;
        }
        let ended = work.take();
        drop(work);
        let gone = catch_unwind(AssertUnwindSafe(|| drop(ended)));
        if polled.is_ok() && gone.is_ok() {
            Slice::Over
        } else {
            Slice::Panicked
        }
    }
}

impl Clock {
    /// A thread that tells the others when a time is over, apart from those of I/O: a limit must
    /// not be late because they are busy.
    fn start() -> std::io::Result<(Arc<Self>, thread::JoinHandle<()>)> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let handle = runtime.handle().clone();
        let thread = thread::Builder::new()
            .name("guest-clock".to_owned())
            .spawn(move || {
                // An error says that the last guest thread is gone, as a message would.
                let _ = runtime.block_on(stopped);
            })?;
        let clock = Self {
            handle,
            _stop: stop,
        };
        Ok((Arc::new(clock), thread))
    }
}

#[cfg(test)]
mod tests;
