//! A circuit breaker for each script: one whose executions keep timing out, or that the platform
//! keeps failing to run, is not begun for a while, so that it does not hold room that others could
//! use (R-POOL-17). Then one execution is let through; if that goes well, all are again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
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

/// So many executions are looked at together.
const WINDOW: usize = 10;
/// This part of them must have gone wrong.
const RATE: f64 = 0.5;
/// How long none is begun afterwards.
const WAIT: Duration = Duration::from_secs(30);
/// Scripts whose executions are counted, and for how long without one.
const KNOWN: u64 = 10_000;
const IDLE: Duration = Duration::from_secs(3600);
/// Most scripts that the queue leaves out at once.
const NAMED: usize = 1_000;

/// A script that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The version whose executions went wrong.
    pub version: u32,
    /// Whether one execution is let through now, to see whether it goes well.
    pub half_open: bool,
    /// Since when it is held back.
    pub since: Timestamp,
    /// When the next execution is let through.
    pub retry_at: Timestamp,
}

/// A reading of the counters of the circuit breakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitStatistics {
    /// Scripts that are held back now.
    pub open: usize,
    /// How often one was.
    pub opened: u64,
    /// Executions that did not begin because of that.
    pub refused: u64,
}

/// What counts for a circuit.
pub(crate) trait Counted {
    fn failure(&self) -> Option<&Failure>;
}

pub(crate) struct Circuits<T> {
    known: Cache<Key, Arc<Switch<T>>>,
    open: Arc<Open>,
}

type Key = (TenantId, ScriptId);
pub(crate) type Work<T> = BoxFuture<'static, Result<T, Infallible>>;

/// One script's.
struct Switch<T> {
    version: u32,
    breaker: CircuitBreaker<Through<T>, Faults>,
}

/// Those that are not closed.
struct Open {
    wait: Duration,
    ambient: Ambient,
    scripts: Mutex<HashMap<Key, Opened>>,
    opens: AtomicU64,
    /// Who is told that one opened.
    listener: OnceLock<Box<dyn Fn(TenantId, ScriptId) + Send + Sync>>,
    refused: AtomicU64,
}

#[derive(Clone, Copy)]
struct Opened {
    at: Instant,
    circuit: Circuit,
}

impl<T: Counted + Send + 'static> Circuits<T> {
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
                scripts: Mutex::default(),
                opens: AtomicU64::new(0),
                listener: OnceLock::new(),
                refused: AtomicU64::new(0),
            }),
        }
    }

    /// How long a caller should wait before it asks again; `None` when the script may run now.
    pub(crate) fn held_back(
        &self,
        (tenant, script, version): (TenantId, ScriptId, u32),
    ) -> Option<Duration> {
        let opened = self.open.find((tenant, script))?;
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

    /// How many executions of it may be on their way at once, when it is held back.
    pub(crate) fn limit(&self, tenant: TenantId, script: ScriptId) -> Option<u32> {
        let opened = self.open.find((tenant, script))?;
        Some(u32::from(opened.at.elapsed() >= self.open.wait))
    }

    /// The scripts of which nothing is to be begun now; no more of them than a statement may name. What
    /// is begun of others all the same goes back to the queue.
    pub(crate) fn closed_to(&self) -> Vec<Key> {
        let scripts = self.open.lock();
        let waiting = |opened: &Opened| opened.at.elapsed() < self.open.wait;
        let waiting = scripts.iter().filter(|(_, opened)| waiting(opened));
        waiting.map(|(key, _)| *key).take(NAMED).collect()
    }

    pub(crate) fn find(&self, tenant: TenantId, script: ScriptId) -> Option<Circuit> {
        Some(self.open.find((tenant, script))?.circuit)
    }

    pub(crate) fn statistics(&self) -> CircuitStatistics {
        CircuitStatistics {
            open: self.open.lock().len(),
            opened: self.open.opens.load(Ordering::Relaxed),
            refused: self.open.refused.load(Ordering::Relaxed),
        }
    }

    /// Says who is told of circuits that open; the first one is.
    pub(crate) fn tell(&self, listener: impl Fn(TenantId, ScriptId) + Send + Sync + 'static) {
        drop(self.open.listener.set(Box::new(listener)));
    }

    /// Does the work of one execution and counts how it went; `None` when it may not begin.
    pub(crate) async fn run(
        &self,
        (tenant, script, version): (TenantId, ScriptId, u32),
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let key = (tenant, script);
        let known = self.known.get(&key);
        let mut breaker = match known.filter(|known| known.version == version) {
            Some(known) => known.breaker.clone(),
            None => match self.breaker(key, version) {
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
                    tracing::error!(%error, "an execution goes without a circuit breaker");
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
        key: Key,
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
            .on_state_transition(move |_, to| open.turned(key, version, to))
            .build()?;
        Ok(layer.layer_fn(Through::default()))
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Opened>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: Key) -> Option<Opened> {
        self.lock().get(&key).copied()
    }

    fn turned(&self, key: Key, version: u32, to: CircuitState) {
        let (tenant, script) = key;
        match to {
            CircuitState::Open => {
                let now = self.ambient.now();
                let circuit = Circuit {
                    version,
                    half_open: false,
                    since: now,
                    retry_at: now.checked_add(self.wait).unwrap_or(now),
                };
                let mut scripts = self.lock();
                let since = scripts.get(&key).map_or(now, |known| known.circuit.since);
                let circuit = Circuit { since, ..circuit };
                let at = Instant::now();
                // Nobody has asked for those any more.
                scripts.retain(|_, opened| opened.at.elapsed() < IDLE);
                scripts.insert(key, Opened { at, circuit });
                self.opens.fetch_add(1, Ordering::Relaxed);
                drop(scripts);
                tracing::warn!(%tenant, %script, version, "executions time out or cannot be run; the script is held back");
                if let Some(tell) = self.listener.get() {
                    tell(tenant, script);
                }
            }
            CircuitState::HalfOpen => {
                if let Some(opened) = self.lock().get_mut(&key) {
                    opened.circuit.half_open = true;
                }
            }
            CircuitState::Closed => {
                self.lock().remove(&key);
                tracing::info!(%tenant, %script, version, "an execution went well; the script is held back no more");
            }
        }
    }
}

/// What the script itself does wrong is its own business: it costs nobody else anything.
#[derive(Clone, Copy)]
struct Faults;

impl<T: Counted> FailureClassifier<T, Infallible> for Faults {
    fn classify(&self, done: &Result<T, Infallible>) -> bool {
        let done = match done {
            Ok(done) => done,
            Err(never) => match *never {},
        };
        done.failure().is_some_and(|failure| {
            failure.code.starts_with("platform.") || failure.status() == ExecutionStatus::Timeout
        })
    }
}

/// The work of an execution is what the breaker is asked for, and all that it gives.
pub(crate) struct Through<T>(PhantomData<fn() -> T>);

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
        fn failure(&self) -> Option<&Failure> {
            self.0.as_ref()
        }
    }

    const SCRIPT: Key = (TenantId(Uuid::from_u128(1)), ScriptId(Uuid::from_u128(2)));
    const OTHER: Key = (TenantId(Uuid::from_u128(1)), ScriptId(Uuid::from_u128(3)));

    fn circuits(wait: Duration) -> Circuits<Done> {
        Circuits::with(Ambient::new(Arc::new(Still), Arc::new(Still)), wait)
    }

    /// Whether it was begun.
    async fn run(circuits: &Circuits<Done>, key: Key, version: u32, code: &'static str) -> bool {
        let work = async move { Done::new(code) };
        let done = circuits.run((key.0, key.1, version), work).await;
        done.is_some()
    }

    async fn check(codes: &[&'static str], opens: bool) {
        let circuits = circuits(WAIT);
        for code in codes.iter().cycle().take(WINDOW) {
            assert!(run(&circuits, SCRIPT, 1, code).await, "{codes:?}");
        }
        assert_eq!(run(&circuits, SCRIPT, 1, "").await, !opens, "{codes:?}");
        let left = circuits.held_back((SCRIPT.0, SCRIPT.1, 1));
        assert_eq!(left.is_some(), opens, "{codes:?}");
        assert_eq!(circuits.limit(SCRIPT.0, SCRIPT.1), opens.then_some(0));
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
        let find = || circuits.find(SCRIPT.0, SCRIPT.1);
        for _ in 0..WINDOW {
            run(&circuits, SCRIPT, 1, "limit.wall").await;
        }
        assert!(find().is_some_and(|circuit| !circuit.half_open));
        assert_eq!(circuits.limit(SCRIPT.0, SCRIPT.1), Some(1));
        assert_eq!(circuits.closed_to(), []);

        // While one is on its way, there is no other.
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let probe = async move {
            let _ = gone.await;
            Done::new("limit.wall")
        };
        let mut probe = Box::pin(circuits.run((SCRIPT.0, SCRIPT.1, 1), probe));
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
        assert!(circuits.held_back((SCRIPT.0, SCRIPT.1, 1)).is_some());
        assert_eq!(circuits.held_back((SCRIPT.0, SCRIPT.1, 2)), None);
        assert!(run(&circuits, SCRIPT, 2, "").await);
        assert_eq!(circuits.find(SCRIPT.0, SCRIPT.1), None);
    }
}
