//! How often a script may call what costs others something, in a minute and over all its executions (R-LIM-04,
//! What is too often is refused, and the script may wait. Requests to other hosts are counted where
//! they are sent.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::sync::Cache;
use scriptorium_engine::HostError;
use scriptorium_model::{Ambient, ScriptId};
use serde_json::json;

use crate::elapsed::Elapsed;
use crate::scheduler::TenantShare;

/// Most buckets that are remembered; the one that was not used for longest goes first.
const BUCKETS: u64 = 10_000;
/// A bucket that nobody used for so long is full again.
const IDLE: Duration = Duration::from_secs(60);

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Statements in the business tables.
    Database,
    /// Entries of storage and of the cache.
    Storage,
    /// Events.
    Events,
}

/// The buckets of all scripts.
pub(crate) struct Rates {
    buckets: Cache<(ScriptId, Kind), Arc<Bucket>>,
    clock: Elapsed,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<Nanos>>;

impl Kind {
    /// What a call is, by its path.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.split_once('.')?.0 {
            "db" => Some(Self::Database),
            "storage" | "cache" => Some(Self::Storage),
            "events" => Some(Self::Events),
            _ => None,
        }
    }

    fn most(self, share: &TenantShare) -> Option<NonZeroU32> {
        let most = match self {
            Self::Database => share.database,
            Self::Storage => share.storage,
            Self::Events => share.events,
        };
        most.and_then(NonZeroU32::new)
    }

    fn calls(self) -> &'static str {
        match self {
            Self::Database => "calls of db",
            Self::Storage => "calls of storage and cache",
            Self::Events => "calls of events",
        }
    }
}

impl Rates {
    pub(crate) fn new(ambient: Ambient) -> Self {
        let buckets = Cache::builder().max_capacity(BUCKETS).time_to_idle(IDLE);
        Self {
            buckets: buckets.build(),
            clock: Elapsed::new(ambient),
        }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// `RATE_LIMIT`, with `retryAfterMs` among its details.
    pub(crate) fn count(
        &self,
        script: ScriptId,
        kind: Kind,
        share: &TenantShare,
    ) -> Result<(), HostError> {
        let Some(per_minute) = kind.most(share) else {
            return Ok(());
        };
        let make = || {
            let quota = Quota::per_minute(per_minute);
            Arc::new(RateLimiter::direct_with_clock(quota, self.clock.clone()))
        };
        let Err(until) = self.buckets.get_with((script, kind), make).check() else {
            return Ok(());
        };
        let wait = until.wait_time_from(self.clock.now());
        // Rounded up: who comes back then is let in.
        let wait = u64::try_from(wait.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let message = format!(
            "the script may make {per_minute} {} a minute, and can make the next in {wait} ms",
            kind.calls(),
        );
        Err(HostError {
            details: Some(json!({ "retryAfterMs": wait }).to_string()),
            ..HostError::new("RATE_LIMIT", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use scriptorium_model::ambient::{Clock, Entropy};
    use scriptorium_model::{Timestamp, Uuid};

    use super::*;

    struct Milliseconds(AtomicI64);

    impl Clock for Milliseconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
        }
    }

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[track_caller]
    fn check(path: &str, expected: Option<Kind>) {
        assert_eq!(Kind::of(path), expected, "{path}");
    }

    #[test]
    fn calls_are_counted_by_what_they_cost() {
        check("db.findOne", Some(Kind::Database));
        check("db.begin", Some(Kind::Database));
        check("storage.get", Some(Kind::Storage));
        check("cache.get", Some(Kind::Storage));
        check("events.publish", Some(Kind::Events));
        check("http.get", None);
        check("utils.uuid", None);
        check("services.db.x", None);
    }

    #[test]
    fn a_script_is_refused_alone_and_for_a_kind() {
        let clock = Arc::new(Milliseconds(AtomicI64::new(1_000_000)));
        let rates = Rates::new(Ambient::new(clock.clone(), Arc::new(Zeros)));
        let share = TenantShare {
            database: Some(2),
            ..TenantShare::TRUSTED
        };
        let [one, other] = [1, 2].map(|id| ScriptId(Uuid::from_u128(id)));
        let count = |script, kind| rates.count(script, kind, &share);
        for _ in 0..2 {
            count(one, Kind::Database).unwrap();
        }
        let refused = count(one, Kind::Database).unwrap_err();
        assert_eq!(refused.code, "RATE_LIMIT");
        let details: serde_json::Value = serde_json::from_str(&refused.details.unwrap()).unwrap();
        let wait = details["retryAfterMs"].as_u64().unwrap();
        assert_eq!(wait, 30_001);
        count(other, Kind::Database).unwrap();
        for _ in 0..100 {
            count(one, Kind::Storage).unwrap();
        }
        clock.0.fetch_add(29_999, Ordering::Relaxed);
        count(one, Kind::Database).unwrap_err();
        // Who comes when it was told is let in.
        clock.0.fetch_add(2, Ordering::Relaxed);
        count(one, Kind::Database).unwrap();
        count(one, Kind::Database).unwrap_err();
    }
}
