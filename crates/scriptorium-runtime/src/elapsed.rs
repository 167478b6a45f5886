//! The clock of buckets that count how often something is done.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::nanos::Nanos;
use scriptorium_model::{Ambient, Timestamp};

/// The platform's clock as time that only goes on: when somebody sets it back, no bucket stays
/// empty for as long (LOAD-13).
#[derive(Clone)]
pub struct Elapsed {
    ambient: Ambient,
    seen: Arc<Mutex<(Timestamp, Duration)>>,
}

impl Elapsed {
    /// From now on.
    pub fn new(ambient: Ambient) -> Self {
        let seen = Arc::new(Mutex::new((ambient.now(), Duration::ZERO)));
        Self { ambient, seen }
    }
}

impl Clock for Elapsed {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let now = self.ambient.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = Duration::try_from(now.duration_since(seen.0)).unwrap_or_default();
        *seen = (now, seen.1.saturating_add(passed));
        Nanos::from(seen.1)
    }
}
