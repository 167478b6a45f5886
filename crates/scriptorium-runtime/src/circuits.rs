//! Circuit breakers. A script whose executions keep timing out, or that the platform keeps failing to run,
//! is not begun for a while, so that it does not hold room that others could use (R-POOL-17); a remote service
//! that keeps failing is not called, so that scripts hear so at once. Then one execution or call is let through;
//! if that goes well, all are again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use moka::sync::Cache;
use scriptorium_model::execution::{ExecutionStatus, Failure};
use scriptorium_model::{Ambient, ScriptId, TenantId, Timestamp};
use tokio::time::Instant;
use tower::Service;
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigError, CircuitBreakerError, CircuitBreakerLayer,
    CircuitState, FailureClassifier, SlidingWindowType,
};

/// So many executions or calls are looked at together.
const WINDOW: usize = 10;
/// This part of them must have gone wrong.
const RATE: f64 = 0.5;
/// How long none is begun afterwards.
const WAIT: Duration = Duration::from_secs(30);
/// Scripts or services that are counted, and for how long without an execution or call.
const KNOWN: u64 = 10_000;
const IDLE: Duration = Duration::from_secs(3600);
/// Most scripts that the queue leaves out at once.
const NAMED: usize = 1_000;

/// A script or a remote service that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The version whose executions went wrong; of a service, the revision whose calls did.
    pub version: u32,
    /// Whether one is let through now, to see whether it goes well.
    pub half_open: bool,
    /// Since when it is held back.
    pub since: Timestamp,
    /// When the next one is let through.
    pub retry_at: Timestamp,
}

/// A reading of the counters of the circuit breakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitStatistics {
    /// Scripts or services that are held back now.
    pub open: usize,
    /// How often one was.
    pub opened: u64,
    /// Executions that did not begin, or calls that were not made, because of that.
    pub refused: u64,
}

/// How an execution or a call went.
pub(crate) trait Counted: Send + 'static {
    /// Whether it counts against what was run or called.
    fn is_fault(&self) -> bool;
}

/// What is held back.
pub(crate) trait Guarded: Clone + Eq + Hash + Send + Sync + 'static {
    /// Says so in the log, or that it is no more.
    fn log(&self, version: u32, held_back: bool);
}

pub(crate) struct Circuits<K, T> {
    known: Cache<K, Arc<Switch<T>>>,
    open: Arc<Open<K>>,
}

type Work<T> = BoxFuture<'static, Result<T, Infallible>>;
type Listener<K> = Box<dyn Fn(&K) + Send + Sync>;

/// One script's, or one service's.
struct Switch<T> {
    version: u32,
    breaker: CircuitBreaker<Through<T>, Faults>,
}

/// Those that are not closed.
struct Open<K> {
    wait: Duration,
    ambient: Ambient,
    circuits: Mutex<HashMap<K, Opened>>,
    opens: AtomicU64,
    /// Who is told that one opened.
    listener: OnceLock<Listener<K>>,
    refused: AtomicU64,
}

#[derive(Clone, Copy)]
struct Opened {
    at: Instant,
    circuit: Circuit,
}

impl<K: Guarded, T: Counted> Circuits<K, T> {
    pub(crate) fn new(ambient: Ambient) -> Self {
        Self::with(ambient, WAIT)
    }

    fn with(ambient: Ambient, wait: Duration) -> Self {
        Self {
            known: Cache::builder()
                .max_capacity(KNOWN)
                .time_to_idle(IDLE)
                .build(),
            open: Arc::new(Open {
                wait,
                ambient,
                circuits: Mutex::default(),
                opens: AtomicU64::new(0),
                listener: OnceLock::new(),
                refused: AtomicU64::new(0),
            }),
        }
    }

    /// How long a caller should wait before it asks again; `None` when it may go on now.
    pub(crate) fn held_back(&self, key: &K, version: u32) -> Option<Duration> {
        let opened = self.open.find(key)?;
        // Another version may have mended it.
        if opened.circuit.version != version {
            return None;
        }
        let left = self.open.wait.checked_sub(opened.at.elapsed())?;
        if left.is_zero() {
            return None;
        }
        self.open.refused.fetch_add(1, Ordering::Relaxed);
        Some(left)
    }

    /// How many may be on their way at once, when it is held back.
    pub(crate) fn limit(&self, key: &K) -> Option<u32> {
        let opened = self.open.find(key)?;
        Some(u32::from(opened.at.elapsed() >= self.open.wait))
    }

    /// Those of which nothing is to be begun now; no more of them than a statement may name. What
    /// is begun of others all the same goes back to the queue.
    pub(crate) fn closed_to(&self) -> Vec<K> {
        let circuits = self.open.lock();
        let waiting = |opened: &Opened| opened.at.elapsed() < self.open.wait;
        let waiting = circuits.iter().filter(|(_, opened)| waiting(opened));
        waiting.map(|(key, _)| key.clone()).take(NAMED).collect()
    }

    pub(crate) fn find(&self, key: &K) -> Option<Circuit> {
        Some(self.open.find(key)?.circuit)
    }

    pub(crate) fn statistics(&self) -> CircuitStatistics {
        CircuitStatistics {
            open: self.open.lock().len(),
            opened: self.open.opens.load(Ordering::Relaxed),
            refused: self.open.refused.load(Ordering::Relaxed),
        }
    }

    /// Says who is told of circuits that open; the first one is.
    pub(crate) fn tell(&self, listener: impl Fn(&K) + Send + Sync + 'static) {
        drop(self.open.listener.set(Box::new(listener)));
    }

    /// Does the work of one execution or call and counts how it went; `None` when it may not begin.
    pub(crate) async fn run(
        &self,
        key: K,
        version: u32,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let known = self.known.get(&key);
        let mut breaker = match known.filter(|known| known.version == version) {
            Some(known) => known.breaker.clone(),
            None => match self.breaker(key.clone(), version) {
                Ok(breaker) => {
                    // What was held back was of another version, or is long ago.
                    self.open.lock().remove(&key);
                    let switch = Switch {
                        version,
                        breaker: breaker.clone(),
                    };
                    self.known.insert(key, Arc::new(switch));
                    breaker
                }
                Err(error) => {
                    tracing::error!(%error, "it goes without a circuit breaker");
                    return Some(work.await);
                }
            },
        };
        let work: Work<T> = Box::pin(async move { Ok(work.await) });
        let done = match std::future::poll_fn(|context| breaker.poll_ready(context)).await {
            Ok(()) => breaker.call(work).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => Some(done),
            Err(CircuitBreakerError::Inner(never)) => match never {},
            Err(CircuitBreakerError::OpenCircuit) => {
                self.open.refused.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    fn breaker(
        &self,
        key: K,
        version: u32,
    ) -> Result<CircuitBreaker<Through<T>, Faults>, CircuitBreakerConfigError> {
        let open = Arc::clone(&self.open);
        let layer = CircuitBreakerLayer::builder()
            .failure_classifier_type(Faults)
            .sliding_window_type(SlidingWindowType::CountBased)
            .sliding_window_size(WINDOW)
            .minimum_number_of_calls(WINDOW)
            .failure_rate_threshold(RATE)
            .wait_duration_in_open(self.open.wait)
            .permitted_calls_in_half_open(1)
            .on_state_transition(move |_, to| open.turned(&key, version, to))
            .build()?;
        Ok(layer.layer_fn(Through::default()))
    }
}

impl<K: Guarded> Open<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Opened>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &K) -> Option<Opened> {
        self.lock().get(key).copied()
    }

    fn turned(&self, key: &K, version: u32, to: CircuitState) {
        match to {
            CircuitState::Open => {
                let now = self.ambient.now();
                let circuit = Circuit {
                    version,
                    half_open: false,
                    since: now,
                    retry_at: now.checked_add(self.wait).unwrap_or(now),
                };
                let mut circuits = self.lock();
                let since = circuits.get(key).map_or(now, |known| known.circuit.since);
                let circuit = Circuit { since, ..circuit };
                let at = Instant::now();
                // Nobody has asked for those any more.
                circuits.retain(|_, opened| opened.at.elapsed() < IDLE);
                circuits.insert(key.clone(), Opened { at, circuit });
                self.opens.fetch_add(1, Ordering::Relaxed);
                drop(circuits);
                key.log(version, true);
                if let Some(tell) = self.listener.get() {
                    tell(key);
                }
            }
            CircuitState::HalfOpen => {
                if let Some(opened) = self.lock().get_mut(key) {
                    opened.circuit.half_open = true;
                }
            }
            CircuitState::Closed => {
                self.lock().remove(key);
                key.log(version, false);
            }
        }
    }
}

impl Guarded for (TenantId, ScriptId) {
    fn log(&self, version: u32, held_back: bool) {
        let (tenant, script) = self;
        if held_back {
            tracing::warn!(%tenant, %script, version, "executions time out or cannot be run; the script is held back");
        } else {
            tracing::info!(%tenant, %script, version, "an execution went well; the script is held back no more");
        }
    }
}

/// What a script itself does wrong is its own business: it costs nobody else anything.
pub(crate) fn is_fault(failure: &Failure) -> bool {
    failure.code.starts_with("platform.") || failure.status() == ExecutionStatus::Timeout
}

#[derive(Clone, Copy)]
struct Faults;

impl<T: Counted> FailureClassifier<T, Infallible> for Faults {
    fn classify(&self, done: &Result<T, Infallible>) -> bool {
        match done {
            Ok(done) => done.is_fault(),
            Err(never) => match *never {},
        }
    }
}

/// The work is what the breaker is asked for, and all that it gives.
struct Through<T>(PhantomData<fn() -> T>);

impl<T> Default for Through<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Through<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T> Service<Work<T>> for Through<T> {
    type Response = T;
    type Error = Infallible;
    type Future = Work<T>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, work: Work<T>) -> Work<T> {
        work
    }
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;
    use scriptorium_model::ambient::{Clock, Entropy};

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    impl Entropy for Still {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    struct Done(Option<Failure>);

    impl Done {
        fn new(code: &'static str) -> Self {
            Self((!code.is_empty()).then(|| Failure::new(code, "it went wrong")))
        }
    }

    impl Counted for Done {
        fn is_fault(&self) -> bool {
            self.0.as_ref().is_some_and(is_fault)
        }
    }

    type Key = (TenantId, ScriptId);

    const SCRIPT: Key = (TenantId(Uuid::from_u128(1)), ScriptId(Uuid::from_u128(2)));
    const OTHER: Key = (TenantId(Uuid::from_u128(1)), ScriptId(Uuid::from_u128(3)));

    fn circuits(wait: Duration) -> Circuits<Key, Done> {
        Circuits::with(Ambient::new(Arc::new(Still), Arc::new(Still)), wait)
    }

    /// Whether it was begun.
    async fn run(
        circuits: &Circuits<Key, Done>,
        key: Key,
        version: u32,
        code: &'static str,
    ) -> bool {
        let work = async move { Done::new(code) };
        let done = circuits.run(key, version, work).await;
        done.is_some()
    }

    async fn check(codes: &[&'static str], opens: bool) {
        let circuits = circuits(WAIT);
        for code in codes.iter().cycle().take(WINDOW) {
            assert!(run(&circuits, SCRIPT, 1, code).await, "{codes:?}");
        }
        assert_eq!(run(&circuits, SCRIPT, 1, "").await, !opens, "{codes:?}");
        let left = circuits.held_back(&SCRIPT, 1);
        assert_eq!(left.is_some(), opens, "{codes:?}");
        assert_eq!(circuits.limit(&SCRIPT), opens.then_some(0));
        assert_eq!(circuits.closed_to().len(), usize::from(opens));
        let counted = circuits.statistics();
        let expected = CircuitStatistics {
            open: usize::from(opens),
            opened: u64::from(opens),
            refused: 2 * u64::from(opens),
        };
        assert_eq!(counted, expected, "{codes:?}");
        // A sibling is not held back for it.
        assert!(run(&circuits, OTHER, 1, "").await);
    }

    #[tokio::test]
    async fn what_times_out_or_cannot_be_run_is_held_back() {
        check(&["limit.wall"], true).await;
        check(&["limit.cpu", ""], true).await;
        check(&["platform.engine"], true).await;
        check(&["limit.wall", "", ""], false).await;
        check(&["script.threw"], false).await;
        check(&["limit.memory", "cancelled", "script.bad_result"], false).await;
        check(&[""], false).await;
    }

    #[tokio::test]
    async fn one_execution_decides_how_it_goes_on() {
        // It may try again at once.
        let circuits = circuits(Duration::ZERO);
        let find = || circuits.find(&SCRIPT);
        for _ in 0..WINDOW {
            run(&circuits, SCRIPT, 1, "limit.wall").await;
        }
        assert!(find().is_some_and(|circuit| !circuit.half_open));
        assert_eq!(circuits.limit(&SCRIPT), Some(1));
        assert_eq!(circuits.closed_to(), []);

        // One that is given up leaves its place.
        let mut given_up = Box::pin(circuits.run(SCRIPT, 1, std::future::pending()));
        assert!(futures_util::poll!(&mut given_up).is_pending());
        assert!(find().is_some_and(|circuit| circuit.half_open));
        drop(given_up);

        // While one is on its way, there is no other.
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let probe = async move {
            let _ = gone.await;
            Done::new("limit.wall")
        };
        let mut probe = Box::pin(circuits.run(SCRIPT, 1, probe));
        assert!(futures_util::poll!(&mut probe).is_pending());
        assert!(find().is_some_and(|circuit| circuit.half_open));
        assert!(!run(&circuits, SCRIPT, 1, "").await);
        go.send(()).unwrap();
        assert!(probe.await.is_some());
        assert!(find().is_some_and(|circuit| !circuit.half_open));

        assert!(run(&circuits, SCRIPT, 1, "").await);
        assert_eq!(find(), None);
        let counted = circuits.statistics();
        assert_eq!((counted.open, counted.opened, counted.refused), (0, 2, 1));
    }

    #[tokio::test]
    async fn another_version_begins_anew() {
        let circuits = circuits(WAIT);
        for _ in 0..WINDOW {
            run(&circuits, SCRIPT, 1, "limit.wall").await;
        }
        assert!(circuits.held_back(&SCRIPT, 1).is_some());
        assert_eq!(circuits.held_back(&SCRIPT, 2), None);
        assert!(run(&circuits, SCRIPT, 2, "").await);
        assert_eq!(circuits.find(&SCRIPT), None);
    }
}
