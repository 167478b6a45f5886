//! A thread of the store's own, on which work that writes much goes on: it asks the database without handing
//! each statement to another thread and waiting for it, and may block while it does.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::closed;
use crate::error::{Error, Result};

thread_local! {
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is such a one.
pub(super) fn may_block() -> bool {
    MAY_BLOCK.get()
}

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The thread. It ends when this is dropped and its work is done.
#[derive(Clone, Debug)]
pub(in super::super) struct Apart(mpsc::UnboundedSender<Job>);

/// What work ended with, or what it panicked with.
type Ended<T> = Result<T, Box<dyn Any + Send>>;

impl Apart {
    pub(super) fn start() -> Result<Self> {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let io = Handle::current();
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                MAY_BLOCK.set(true);
                io.block_on(work(waiting));
            })
            .map_err(|error| Error::caused("a thread cannot be started", error))?;
        Ok(Self(jobs))
    }

    /// Does work there. It is given up when this is dropped.
    pub(in super::super) async fn does<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        let (send, ended) = oneshot::channel();
        let (handle, registration) = AbortHandle::new_pair();
        let _guard = Guard(handle);
        let work = async move {
            let ended: Ended<T> = AssertUnwindSafe(work).catch_unwind().await;
            // Nobody may be waiting any more.
            let _ = send.send(ended);
        };
        let job = Abortable::new(work, registration).map(drop);
        self.0.send(Box::pin(job)).map_err(|_| closed())?;
        let ended = ended.await.map_err(|_| closed())?;
        Ok(ended.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn work(mut waiting: mpsc::UnboundedReceiver<Job>) {
    let mut jobs = FuturesUnordered::new();
    let mut open = true;
    while open || !jobs.is_empty() {
        tokio::select! {
            job = waiting.recv(), if open => match job {
                Some(job) => jobs.push(job),
                None => open = false,
            },
            Some(()) = jobs.next(), if !jobs.is_empty() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn work_is_done_on_the_thread_that_may_block() {
        let apart = Apart::start().unwrap();
        let there = || async { (thread::current().id(), may_block()) };
        let (first, second) = tokio::join!(apart.does(there()), apart.does(there()));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first, second);
        assert!(first.1 && !may_block());
        assert_ne!(first.0, thread::current().id());
    }

    #[tokio::test]
    async fn work_does_not_wait_for_other_work() {
        let apart = Apart::start().unwrap();
        let (send, waits) = oneshot::channel();
        let waiting = apart.does(waits);
        let sending = apart.does(async move { send.send(7) });
        let (waited, sent) = tokio::join!(waiting, sending);
        assert_eq!(waited.unwrap(), Ok(7));
        sent.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_that_of_whoever_waits() {
        let apart = Apart::start().unwrap();
        let broken = apart.does(async { panic!("of the test") });
        let broken: Result<Result<()>, _> = AssertUnwindSafe(broken).catch_unwind().await;
        assert!(broken.is_err());
        assert_eq!(apart.does(async { 1 }).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_given_up() {
        let apart = Apart::start().unwrap();
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let work = apart.does(async move {
            std::future::pending::<()>().await;
            drop(holds);
        });
        assert!(work.now_or_never().is_none());
        // What comes later is begun after what came before was looked at.
        while Arc::strong_count(&held) > 1 {
            apart.does(async {}).await.unwrap();
        }
    }
}
