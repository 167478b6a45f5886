//! A circuit breaker for each remote service of a tenant: one that cannot be reached, does not answer in time,
//! or fails, is not asked for a while, so that scripts hear so at once instead of waiting for it. Then one
//! call is let through; if that goes well, all are again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_engine::HostError;
use scriptorium_model::{Ambient, TenantId, Timestamp};
use tokio::time::Instant;
use tower::Service as _;
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigError, CircuitBreakerError, CircuitBreakerLayer,
    CircuitState, FailureClassifier, SlidingWindowType,
};

use crate::circuits::{CircuitStatistics, Through, Work};

/// So many calls are looked at together.
const WINDOW: usize = 10;
/// This part of them must have failed.
const RATE: f64 = 0.5;
/// How long none is made afterwards.
const WAIT: Duration = Duration::from_secs(30);
/// Services whose calls are counted, and for how long without one.
const KNOWN: u64 = 10_000;
const IDLE: Duration = Duration::from_secs(3600);

/// A remote service that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCircuit {
    /// Whether one call is let through now, to see whether it goes well.
    pub half_open: bool,
    /// Since when it is held back.
    pub since: Timestamp,
    /// When the next call is let through.
    pub retry_at: Timestamp,
}

/// How a call went.
pub(super) struct Done {
    /// Whether it is the service that failed, and not what it was asked for.
    pub(super) is_broken: bool,
    pub(super) outcome: Result<String, HostError>,
}

impl Done {
    /// Nothing that counts against the service.
    pub(super) fn well(outcome: Result<String, HostError>) -> Self {
        Self {
            is_broken: false,
            outcome,
        }
    }
}

type Key = (TenantId, String);

pub(crate) struct Breakers {
    known: Cache<Key, Arc<Switch>>,
    open: Arc<Open>,
}

/// One service's, as it was declared then.
struct Switch {
    revision: u32,
    breaker: CircuitBreaker<Through<Done>, Faults>,
}

/// Those that are not closed.
struct Open {
    wait: Duration,
    ambient: Ambient,
    services: Mutex<HashMap<Key, Opened>>,
    opens: AtomicU64,
    refused: AtomicU64,
}

#[derive(Clone, Copy)]
struct Opened {
    at: Instant,
    circuit: ServiceCircuit,
}

impl Breakers {
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
                services: Mutex::default(),
                opens: AtomicU64::new(0),
                refused: AtomicU64::new(0),
            }),
        }
    }

    pub(crate) fn find(&self, tenant: TenantId, name: &str) -> Option<ServiceCircuit> {
        let services = self.open.lock();
        let opened = services.get(&(tenant, name.to_owned()))?;
        Some(opened.circuit)
    }

    pub(crate) fn statistics(&self) -> CircuitStatistics {
        CircuitStatistics {
            open: self.open.lock().len(),
            opened: self.open.opens.load(Ordering::Relaxed),
            refused: self.open.refused.load(Ordering::Relaxed),
        }
    }

    /// Makes a call and counts how it went.
    ///
    /// # Errors
    /// How long the service is held back, when it is; then the call was not made.
    pub(super) async fn run(
        &self,
        key: Key,
        revision: u32,
        work: impl Future<Output = Done> + Send + 'static,
    ) -> Result<Done, Duration> {
        let known = self.known.get(&key);
        let mut breaker = match known.filter(|known| known.revision == revision) {
            Some(known) => known.breaker.clone(),
            None => match self.breaker(key.clone(), revision) {
                Ok(breaker) => breaker,
                Err(error) => {
                    tracing::error!(%error, "a remote service goes without a circuit breaker");
                    return Ok(work.await);
                }
            },
        };
        // Asked at once: who waits for a turn would wait for whoever tries it.
        let left = self.open.left(&key);
        if !left.is_zero() {
            self.open.refused.fetch_add(1, Ordering::Relaxed);
            return Err(left);
        }
        let work: Work<Done> = Box::pin(async move { Ok(work.await) });
        match breaker.call(work).await {
            Ok(done) => Ok(done),
            Err(CircuitBreakerError::Inner(never)) => match never {},
            Err(CircuitBreakerError::OpenCircuit) => {
                self.open.refused.fetch_add(1, Ordering::Relaxed);
                Err(self.open.left(&key))
            }
        }
    }

    fn breaker(
        &self,
        key: Key,
        revision: u32,
    ) -> Result<CircuitBreaker<Through<Done>, Faults>, CircuitBreakerConfigError> {
        let (open, named) = (Arc::clone(&self.open), key.clone());
        let layer = CircuitBreakerLayer::builder()
            .failure_classifier_type(Faults)
            .sliding_window_type(SlidingWindowType::CountBased)
            .sliding_window_size(WINDOW)
            .minimum_number_of_calls(WINDOW)
            .failure_rate_threshold(RATE)
            .wait_duration_in_open(self.open.wait)
            .permitted_calls_in_half_open(1)
            .on_state_transition(move |_, to| open.turned(&named, to))
            .build()?;
        let breaker = layer.layer_fn(Through::default());
        // What was held back was declared otherwise, or is long ago.
        self.open.lock().remove(&key);
        let switch = Switch {
            revision,
            breaker: breaker.clone(),
        };
        self.known.insert(key, Arc::new(switch));
        Ok(breaker)
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Opened>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a service is still held back.
    fn left(&self, key: &Key) -> Duration {
        let services = self.lock();
        let opened = services.get(key);
        opened.map_or(Duration::ZERO, |opened| {
            self.wait.saturating_sub(opened.at.elapsed())
        })
    }

    fn turned(&self, key: &Key, to: CircuitState) {
        let (tenant, service) = key;
        match to {
            CircuitState::Open => {
                let now = self.ambient.now();
                let mut services = self.lock();
                let since = services.get(key).map_or(now, |known| known.circuit.since);
                let circuit = ServiceCircuit {
                    half_open: false,
                    since,
                    retry_at: now.checked_add(self.wait).unwrap_or(now),
                };
                let at = Instant::now();
                // Nobody has called those any more.
                services.retain(|_, opened| opened.at.elapsed() < IDLE);
                services.insert(key.clone(), Opened { at, circuit });
                self.opens.fetch_add(1, Ordering::Relaxed);
                drop(services);
                tracing::warn!(%tenant, %service, "calls of a remote service fail; it is held back");
            }
            CircuitState::HalfOpen => {
                if let Some(opened) = self.lock().get_mut(key) {
                    opened.circuit.half_open = true;
                }
            }
            CircuitState::Closed => {
                self.lock().remove(key);
                tracing::info!(%tenant, %service, "a call went well; the remote service is held back no more");
            }
        }
    }
}

/// What a service refuses is no fault of it.
#[derive(Clone, Copy)]
struct Faults;

impl FailureClassifier<Done, Infallible> for Faults {
    fn classify(&self, done: &Result<Done, Infallible>) -> bool {
        match done {
            Ok(done) => done.is_broken,
            Err(never) => match *never {},
        }
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

    fn key(tenant: u128, name: &str) -> Key {
        (TenantId(Uuid::from_u128(tenant)), name.to_owned())
    }

    fn breakers(wait: Duration) -> Breakers {
        Breakers::with(Ambient::new(Arc::new(Still), Arc::new(Still)), wait)
    }

    /// Whether it was asked.
    async fn ask(breakers: &Breakers, key: &Key, revision: u32, is_broken: bool) -> bool {
        let outcome = Ok(String::new());
        let work = async move { Done { is_broken, outcome } };
        breakers.run(key.clone(), revision, work).await.is_ok()
    }

    async fn check(broken: &[bool], opens: bool) {
        let (breakers, mine) = (breakers(WAIT), key(1, "billing"));
        for broken in broken.iter().cycle().take(WINDOW) {
            assert!(ask(&breakers, &mine, 1, *broken).await, "{broken}");
        }
        assert_eq!(ask(&breakers, &mine, 1, false).await, !opens, "{broken:?}");
        assert_eq!(breakers.find(mine.0, &mine.1).is_some(), opens);
        let counted = breakers.statistics();
        let expected = CircuitStatistics {
            open: usize::from(opens),
            opened: u64::from(opens),
            refused: u64::from(opens),
        };
        assert_eq!(counted, expected, "{broken:?}");
        // Neither another service nor another tenant's is held back for it, nor one that was changed.
        assert!(ask(&breakers, &key(1, "stock"), 1, false).await);
        assert!(ask(&breakers, &key(2, "billing"), 1, false).await);
        assert!(ask(&breakers, &mine, 2, false).await);
        assert_eq!(breakers.find(mine.0, &mine.1), None);
    }

    #[tokio::test]
    async fn a_service_that_fails_is_held_back() {
        check(&[true], true).await;
        check(&[true, false], true).await;
        check(&[true, false, false], false).await;
        check(&[false], false).await;
    }

    #[tokio::test]
    async fn one_call_decides_how_it_goes_on() {
        // It may be tried again at once.
        let (breakers, mine) = (breakers(Duration::ZERO), key(1, "billing"));
        let half_open = || breakers.find(mine.0, &mine.1).map(|found| found.half_open);
        for _ in 0..WINDOW {
            ask(&breakers, &mine, 1, true).await;
        }
        assert_eq!(half_open(), Some(false));

        // While one is on its way, there is no other; one that is given up leaves its place.
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let never = async move {
            let _ = gone.await;
            Done::well(Ok(String::new()))
        };
        let mut probe = Box::pin(breakers.run(mine.clone(), 1, never));
        assert!(futures_util::poll!(&mut probe).is_pending());
        assert_eq!(half_open(), Some(true));
        assert!(!ask(&breakers, &mine, 1, false).await);
        drop((probe, go));

        assert!(ask(&breakers, &mine, 1, true).await);
        assert_eq!(half_open(), Some(false));
        assert!(ask(&breakers, &mine, 1, false).await);
        assert_eq!(half_open(), None);
        assert_eq!(breakers.statistics().opened, 2);
    }
}
