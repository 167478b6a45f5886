//! What a call does, asked of it alone: where it is worked on, when it begins, and what is left of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use tokio::sync::oneshot;

use super::*;

/// Counts how often whoever waits is told.
#[derive(Default)]
struct Waiter(AtomicUsize);

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A call, and what stands around it.
struct Stand {
    io: tokio::runtime::Runtime,
    elsewhere: Elsewhere,
    leisure: Arc<AtomicBool>,
    waiter: Arc<Waiter>,
}

impl Stand {
    fn new(leisure: bool) -> Self {
        let io = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("io")
            .enable_all()
            .build()
            .unwrap();
        let elsewhere = Elsewhere {
            io: io.handle().clone(),
            tasks: TaskTracker::new(),
        };
        Self {
            io,
            elsewhere,
            leisure: Arc::new(AtomicBool::new(leisure)),
            waiter: Arc::default(),
        }
    }

    fn call<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> PendingCall<T> {
        let leisure = self.leisure.clone();
        let at_leisure = Box::new(move || leisure.load(Ordering::SeqCst));
        PendingCall::new(self.elsewhere.clone(), at_leisure, work)
    }

    fn poll<T: Send + 'static>(&self, call: &mut PendingCall<T>) -> Poll<Result<T, Panic>> {
        let waker = Waker::from(self.waiter.clone());
        Pin::new(call).poll(&mut Context::from_waker(&waker))
    }

    fn told(&self) -> usize {
        self.waiter.0.load(Ordering::SeqCst)
    }

    /// Waits for the I/O threads to have done what was sent there.
    fn settle(&self) {
        self.elsewhere.tasks.close();
        self.io.block_on(self.elsewhere.tasks.wait());
        self.elsewhere.tasks.reopen();
    }
}

/// The thread that it is asked on.
fn here() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// Has it begin without anybody who waits.
fn begin<T: Send + 'static>(call: &PendingCall<T>) {
    call.unbegun().upgrade().unwrap().begin();
}

fn done<T>(polled: Poll<Result<T, Panic>>) -> Option<T> {
    match polled {
        Poll::Ready(Ok(done)) => Some(done),
        Poll::Ready(Err(_)) | Poll::Pending => None,
    }
}

/// Where work that waits once is begun and ended, and how often whoever waits is told.
#[test]
fn work_goes_on_where_nobody_has_to_wait_for_it() {
    let this = here();
    let io = || "io".to_owned();
    for (leisure, ended) in [(true, this.clone()), (false, io())] {
        let stand = Stand::new(leisure);
        let (tell, told) = oneshot::channel::<()>();
        let mut call = stand.call(async move {
            let began = here();
            told.await.unwrap();
            (began, here())
        });
        assert!(stand.poll(&mut call).is_pending());
        tell.send(()).unwrap();
        stand.settle();
        assert_eq!(stand.told(), 1, "leisure: {leisure}");
        let polled = done(stand.poll(&mut call));
        assert_eq!(polled, Some((this.clone(), ended)), "leisure: {leisure}");
    }
}

#[test]
fn what_needs_no_waiting_is_done_at_once() {
    let stand = Stand::new(false);
    let mut call = stand.call(async { here() });
    assert_eq!(done(stand.poll(&mut call)), Some(here()));
    assert_eq!(stand.told(), 0);
}

#[test]
fn what_is_begun_elsewhere_needs_nobody_to_wait() {
    let stand = Stand::new(true);
    let mut call = stand.call(async { here() });
    begin(&call);
    stand.settle();
    assert_eq!(done(stand.poll(&mut call)).as_deref(), Some("io"));
}

#[test]
fn what_has_begun_is_not_begun_again() {
    let stand = Stand::new(true);
    let (tell, told) = oneshot::channel::<()>();
    let mut call = stand.call(async move {
        told.await.unwrap();
        here()
    });
    assert!(stand.poll(&mut call).is_pending());
    begin(&call);
    tell.send(()).unwrap();
    stand.settle();
    assert_eq!(done(stand.poll(&mut call)), Some(here()));
}

/// It finds the I/O threads' clock, and may start tasks, wherever it is worked on.
#[test]
fn work_finds_the_io_threads_wherever_it_is_done() {
    for leisure in [true, false] {
        let stand = Stand::new(leisure);
        let mut call = stand.call(async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            Handle::current().spawn(async { here() }).await.unwrap()
        });
        let done = stand.io.block_on(std::future::poll_fn(|context| {
            Pin::new(&mut call).poll(context)
        }));
        assert_eq!(done.unwrap(), "io", "leisure: {leisure}");
    }
}

/// Work that always says that it can go on does not keep the thread.
#[test]
fn work_that_never_rests_is_sent_away() {
    let stand = Stand::new(true);
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let mut call = stand.call(std::future::poll_fn(move |context| {
        if here() == "io" {
            return Poll::Ready(());
        }
        counted.fetch_add(1, Ordering::SeqCst);
        context.waker().wake_by_ref();
        Poll::Pending
    }));
    assert!(stand.poll(&mut call).is_pending());
    stand.settle();
    assert_eq!(done(stand.poll(&mut call)), Some(()));
    assert_eq!(polls.load(Ordering::SeqCst), AGAIN);
}

#[test]
fn a_panic_is_the_end_of_its_call_only() {
    for (leisure, elsewhere) in [(true, false), (true, true), (false, false)] {
        let stand = Stand::new(leisure);
        let mut call = stand.call(async { panic!("told to") });
        if elsewhere {
            begin(&call);
            stand.settle();
        }
        let polled: Poll<Result<(), Panic>> = stand.poll(&mut call);
        assert!(matches!(polled, Poll::Ready(Err(_))));
    }
}

/// Tells when it is dropped, and needs the I/O threads for that.
struct Leaves(Arc<AtomicBool>);

impl Drop for Leaves {
    fn drop(&mut self) {
        let left = self.0.clone();
        Handle::current().spawn(async move { left.store(true, Ordering::SeqCst) });
    }
}

#[test]
fn given_up_it_leaves_nothing_behind() {
    for (leisure, elsewhere) in [(true, false), (true, true), (false, false)] {
        let stand = Stand::new(leisure);
        let left = Arc::new(AtomicBool::new(false));
        let leaves = Leaves(left.clone());
        let mut call = stand.call(async move {
            let _leaves = leaves;
            std::future::pending::<()>().await;
        });
        if elsewhere {
            begin(&call);
        }
        assert!(stand.poll(&mut call).is_pending());
        let shared = Arc::downgrade(&call.shared);
        drop(call);
        stand.settle();
        // The one I/O thread has done what was begun before.
        stand.io.block_on(stand.io.spawn(async {})).unwrap();
        assert!(left.load(Ordering::SeqCst), "{leisure} {elsewhere}");
        assert!(shared.upgrade().is_none(), "{leisure} {elsewhere}");
    }
}
