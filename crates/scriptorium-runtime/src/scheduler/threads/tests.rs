//! The threads with futures that stand for runs: who waits holds no thread, who ends gives its
//! place back, and nothing moves when there is nothing to do.

use std::future::poll_fn;
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;

use scriptorium_model::Uuid;
use tokio::sync::Notify;

use super::super::share::TenantShare;
use super::*;

fn account(tenant: u128) -> Account {
    Account {
        tenant: TenantId(Uuid::from_u128(tenant)),
        slug: format!("t{tenant}").into(),
        weight: TenantShare::TRUSTED.weight,
        script: ScriptId(Uuid::from_u128(tenant)),
        by_operator: false,
    }
}

fn threads(count: usize) -> Threads {
    Threads::start(count, || {}).unwrap()
}

/// A run that spins: it gives its thread back after each step, and wants it again at once.
fn spin(mut step: impl FnMut() -> bool + Send + 'static) -> impl Future<Output = ()> + Send {
    poll_fn(move |context| {
        if step() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn runs_end_with_their_result() {
    let threads = threads(2);
    let runs: Vec<_> = (0..100_u32)
        .map(|number| {
            let mut steps = 0;
            let work = async move {
                spin(move || {
                    steps += 1;
                    steps < number % 7
                })
                .await;
                number
            };
            threads.spawn(account(u128::from(number % 3)), work)
        })
        .collect();
    for (number, run) in (0..).zip(runs) {
        assert_eq!(run.await.unwrap(), number);
    }
    // Who waits for a run hears of its end before its slice is charged.
    until(|| threads.statistics().idle == 2).await;
    let statistics = threads.statistics();
    assert_eq!((statistics.ready, statistics.waiting), (0, 0));
    let slices: u64 = threads.usage().iter().map(|tenant| tenant.slices).sum();
    assert_eq!(slices, statistics.slices);
}

#[tokio::test]
async fn runs_that_wait_hold_no_thread() {
    let threads = threads(1);
    let go = Arc::new(Notify::new());
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let go = go.clone();
            threads.spawn(account(1), async move { go.notified().await })
        })
        .collect();
    until(|| threads.statistics().waiting == 50).await;
    threads.spawn(account(2), async {}).await.unwrap();
    go.notify_waiters();
    for run in waiting {
        run.await.unwrap();
    }
}

#[tokio::test]
async fn panic_ends_its_run_only() {
    let threads = threads(1);
    let broken = threads.spawn(account(1), async { panic!("at once") });
    assert!(broken.await.is_err());
    let mut steps = 0;
    let late = threads.spawn(
        account(1),
        spin(move || {
            steps += 1;
            assert!(steps < 3, "after a while");
            true
        }),
    );
    assert!(late.await.is_err());
    threads.spawn(account(1), async {}).await.unwrap();
    assert_eq!(threads.statistics().panics, 2);
}

/// Says when it is dropped.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn dropped_runs_are_ended_wherever_they_are() {
    let threads = threads(1);
    let dropped = Arc::new(AtomicUsize::new(0));
    let guarded = |work: Pin<Box<dyn Future<Output = ()> + Send>>| {
        let guard = Guard(dropped.clone());
        threads.spawn(account(1), async move {
            let _guard = guard;
            work.await;
        })
    };
    let spinning = guarded(Box::pin(spin(|| true)));
    let ready = guarded(Box::pin(spin(|| true)));
    let waiting = guarded(Box::pin(std::future::pending()));
    until(|| threads.statistics().waiting == 1).await;
    for (run, count) in [(waiting, 1), (ready, 2), (spinning, 3)] {
        drop(run);
        until(|| dropped.load(Ordering::SeqCst) == count).await;
    }
    let is_idle = || threads.statistics().idle == 1;
    until(is_idle).await;
}

/// One that was told to end goes before all the others of its tenant.
#[tokio::test]
async fn hurried_run_is_next() {
    let threads = threads(1);
    let (hold, held) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let holds = {
        let (hold, held) = (hold.clone(), held.clone());
        // On the only thread until everything is in line.
        move || {
            held.notify_one();
            while hold.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            false
        }
    };
    let holder = threads.spawn(account(1), spin(holds));
    held.notified().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let runs: Vec<_> = (0..20)
        .map(|number| {
            let order = order.clone();
            threads.spawn(
                account(1),
                async move { order.lock().unwrap().push(number) },
            )
        })
        .collect();
    runs[17].control().hurry();
    hold.store(1, Ordering::SeqCst);
    holder.await.unwrap();
    for run in runs {
        run.await.unwrap();
    }
    let expected: Vec<_> = [17]
        .into_iter()
        .chain((0..20).filter(|n| *n != 17))
        .collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test]
async fn busy_threads_are_interrupted_for_a_tenant_that_is_behind() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let threads = Threads::start(1, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    })
    .unwrap();
    // Spins until it is interrupted, like a guest. First it uses some time; then it does not leave
    // by itself.
    let (seen, began) = (calls.clone(), Arc::new(AtomicUsize::new(0)));
    let slices = began.clone();
    let hog = threads.spawn(
        account(1),
        spin(move || {
            let before = seen.load(Ordering::SeqCst);
            let limit = match slices.fetch_add(1, Ordering::SeqCst) {
                ..10 => super::super::ready::SLICE,
                10.. => Duration::from_secs(1),
            };
            let limit = thread_cpu() + limit;
            while seen.load(Ordering::SeqCst) == before && thread_cpu() < limit {
                std::hint::spin_loop();
            }
            true
        }),
    );
    let mut last = 10;
    for round in 0..5 {
        // It is on the thread again.
        until(|| began.load(Ordering::SeqCst) > last).await;
        last = began.load(Ordering::SeqCst);
        let before = calls.load(Ordering::SeqCst);
        threads.spawn(account(2), async {}).await.unwrap();
        assert!(calls.load(Ordering::SeqCst) > before, "round {round}");
    }
    drop(hog);
}

/// What it works with is near that thread's processor.
#[tokio::test]
async fn a_run_goes_on_where_it_was() {
    let threads = threads(3);
    let (both, steps) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let runs = [1, 2].map(|tenant| {
        let (go, places) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
        let (both, steps) = (both.clone(), steps.clone());
        let (wait, seen) = (go.clone(), places.clone());
        let run = threads.spawn(account(tenant), async move {
            both.wait();
            loop {
                seen.lock().unwrap().push(thread::current().id());
                steps.fetch_add(1, Ordering::SeqCst);
                wait.notified().await;
            }
        });
        (run, go, places)
    });
    for (step, run) in (2..).zip([0, 1, 1, 0, 0, 1, 0]) {
        let is_idle = || threads.statistics().idle == 3;
        until(|| steps.load(Ordering::SeqCst) == step && is_idle()).await;
        runs[run].1.notify_one();
    }
    until(|| steps.load(Ordering::SeqCst) == 9).await;
    let [one, other] = runs.map(|(run, _, places)| {
        drop(run);
        let mut places = places.lock().unwrap().clone();
        places.dedup();
        places
    });
    assert!(
        one.len() == 1 && other.len() == 1 && one != other,
        "{one:?} {other:?}"
    );
}

#[tokio::test]
async fn nothing_moves_when_nothing_is_to_do() {
    let threads = threads(3);
    let go = Arc::new(Notify::new());
    let waits = {
        let go = go.clone();
        threads.spawn(account(1), async move { go.notified().await })
    };
    until(|| threads.statistics().waiting == 1).await;
    let is_idle = || threads.statistics().idle == 3;
    until(is_idle).await;
    let rests = threads.statistics().rests;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(threads.statistics().rests, rests);
    go.notify_one();
    waits.await.unwrap();
    until(is_idle).await;
    // One of them was called, once, and slept again.
    assert_eq!(threads.statistics().rests, rests + 1);
}

#[tokio::test]
async fn shutdown_ends_everything_and_joins_the_threads() {
    let threads = threads(2);
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut runs = Vec::new();
    for number in 0..30 {
        let guard = Guard(dropped.clone());
        runs.push(threads.spawn(account(number % 4), async move {
            let _guard = guard;
            if number % 2 == 0 {
                spin(|| true).await;
            }
            std::future::pending::<()>().await;
        }));
    }
    threads.shutdown(&Handle::current()).await;
    assert_eq!(dropped.load(Ordering::SeqCst), 30);
    assert!(threads.handles().is_empty());
    for run in runs {
        assert!(run.await.is_err());
    }
    assert!(threads.spawn(account(1), async {}).await.is_err());
}
