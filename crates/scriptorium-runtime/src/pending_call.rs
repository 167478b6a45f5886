//! A call of a script that answers later. It is worked on where the script waits for it, as long as the guest
//! threads have nothing else to do: nobody else has to be woken up then, which costs more than most calls. When
//! they have, it goes on on the I/O threads, so that what it holds (a lock, a connection) is not held for as long as
//! other scripts take; so it does when the script goes on computing after the call.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

/// Times that work is looked at again at once, because it has told meanwhile that it can go on.
const AGAIN: usize = 8;

/// What its work panicked with.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Whether whoever waits for a call would look at it at once.
pub(crate) type AtLeisure = Box<dyn Fn() -> bool + Send + Sync>;

/// The work of a call, and where it is done. Dropping it ends the work.
pub(crate) struct PendingCall<T: Send + 'static> {
    shared: Arc<Shared<T>>,
}

/// Where work that is not done here goes on.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    pub(crate) io: Handle,
    pub(crate) tasks: TaskTracker,
}

type Work<T> = Pin<Box<dyn Future<Output = Result<T, Panic>> + Send>>;

struct Shared<T: Send + 'static> {
    state: Mutex<State<T>>,
    elsewhere: Elsewhere,
    at_leisure: AtLeisure,
    /// Itself, for the work that goes on elsewhere to tell.
    this: Weak<Self>,
}

enum State<T> {
    /// Nobody works on it. Without a waker it has not begun.
    Here(Work<T>, Option<Waker>),
    /// Who waits for it works on it now; whether it has told meanwhile that it can go on.
    Polled {
        woken: bool,
    },
    /// On the I/O threads.
    Elsewhere(AbortHandle, Waker),
    Done(Result<T, Panic>),
    /// Its end was taken, or it was given up.
    Over,
}

impl<T: Send + 'static> PendingCall<T> {
    /// Nothing is done before somebody waits for it.
    pub(crate) fn new(
        elsewhere: Elsewhere,
        at_leisure: AtLeisure,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let work = Box::pin(AssertUnwindSafe(work).catch_unwind());
        let shared = Arc::new_cyclic(|this| Shared {
            state: Mutex::new(State::Here(work, None)),
            elsewhere,
            at_leisure,
            this: this.clone(),
        });
        Self { shared }
    }

    /// A way to have it begin, for as long as it is there.
    pub(crate) fn unbegun(&self) -> Weak<dyn Unbegun> {
        let shared: Arc<dyn Unbegun> = self.shared.clone();
        Arc::downgrade(&shared)
    }
}

/// A call that may not have begun.
pub(crate) trait Unbegun: Send + Sync {
    /// Has it begin on the I/O threads, unless it has.
    fn begin(&self);
}

impl<T: Send + 'static> Unbegun for Shared<T> {
    fn begin(&self) {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Here(work, None) => *state = self.send(work, Waker::noop().clone()),
            other => *state = other,
        }
    }
}

impl<T: Send + 'static> Future for PendingCall<T> {
    type Output = Result<T, Panic>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = &self.shared;
        let mut state = shared.lock();
        match std::mem::replace(&mut *state, State::Polled { woken: false }) {
            State::Here(work, _) => {
                drop(state);
                shared.poll(work, context.waker())
            }
            State::Elsewhere(task, _) => {
                *state = State::Elsewhere(task, context.waker().clone());
                Poll::Pending
            }
            State::Done(end) => {
                *state = State::Over;
                Poll::Ready(end)
            }
            other @ (State::Polled { .. } | State::Over) => {
                *state = other;
                Poll::Pending
            }
        }
    }
}

impl<T: Send + 'static> Drop for PendingCall<T> {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.shared.lock(), State::Over);
        self.shared.give_up(state);
    }
}

impl<T: Send + 'static> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on it, on the thread of whoever waits.
    fn poll(&self, mut work: Work<T>, waiter: &Waker) -> Poll<Result<T, Panic>> {
        // What it waits for (sockets, timers, tasks of its own) is the I/O threads'.
        let _inside = self.elsewhere.io.enter();
        let waker = self
            .this
            .upgrade()
            .map_or_else(|| waiter.clone(), Waker::from);
        let mut context = Context::from_waker(&waker);
        for _ in 0..AGAIN {
            let polled = work.as_mut().poll(&mut context);
            let mut state = self.lock();
            if polled.is_ready() {
                *state = State::Over;
                return polled;
            }
            if let State::Polled { woken: true } = *state {
                *state = State::Polled { woken: false };
                continue;
            }
            *state = State::Here(work, Some(waiter.clone()));
            return Poll::Pending;
        }
        let mut state = self.lock();
        *state = self.send(work, waiter.clone());
        Poll::Pending
    }

    /// Has the work go on on the I/O threads.
    fn send(&self, work: Work<T>, waiter: Waker) -> State<T> {
        let this = self.this.clone();
        let work = async move {
            let end = work.await;
            if let Some(this) = this.upgrade() {
                this.finish(end);
            }
        };
        let task = self.elsewhere.tasks.spawn_on(work, &self.elsewhere.io);
        State::Elsewhere(task.abort_handle(), waiter)
    }

    /// It has ended on the I/O threads.
    fn finish(&self, end: Result<T, Panic>) {
        let mut state = self.lock();
        // Unless it was given up meanwhile.
        if let State::Elsewhere(_, waiter) = &*state {
            let waiter = waiter.clone();
            *state = State::Done(end);
            drop(state);
            waiter.wake();
        }
    }

    fn give_up(&self, state: State<T>) {
        match state {
            State::Elsewhere(task, _) => task.abort(),
            // What it leaves behind (a connection, a transaction) is tidied up by tasks.
            State::Here(work, _) => {
                let _inside = self.elsewhere.io.enter();
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(work)));
                if dropped.is_err() {
                    tracing::error!("the work of a call broke down when it was given up");
                }
            }
            State::Polled { .. } | State::Done(_) | State::Over => {}
        }
    }
}

impl<T: Send + 'static> Wake for Shared<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Here(work, Some(waiter)) => {
                if (self.at_leisure)() {
                    *state = State::Here(work, Some(waiter.clone()));
                    drop(state);
                    waiter.wake();
                } else {
                    *state = self.send(work, waiter);
                }
            }
            State::Polled { .. } => *state = State::Polled { woken: true },
            other => *state = other,
        }
    }
}

#[cfg(test)]
mod tests;
