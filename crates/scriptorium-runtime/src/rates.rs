//! How often a script may call what costs others something, in a minute and over all its executions (R-LIM-04,
//! What is too often is refused, and the script may wait. Requests to other hosts are counted where
//! they are sent.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use scriptorium_engine::HostError;
use scriptorium_model::ScriptId;
use serde_json::json;

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
pub(crate) struct Rates(Cache<(ScriptId, Kind), Bucket>);

/// How often a script may, and what it has used of that.
#[derive(Clone)]
struct Bucket {
    per_minute: NonZeroU32,
    used: Arc<DefaultDirectRateLimiter>,
}

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
    pub(crate) fn new() -> Self {
        let buckets = Cache::builder().max_capacity(BUCKETS).time_to_idle(IDLE);
        Self(buckets.build())
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
        let bucket = self.0.get_with((script, kind), || Bucket {
            per_minute,
            used: Arc::new(RateLimiter::direct(Quota::per_minute(per_minute))),
        });
        let Err(until) = bucket.used.check() else {
            return Ok(());
        };
        let wait = until.wait_time_from(DefaultClock::default().now());
        // Rounded up: who comes back then is let in.
        let wait = u64::try_from(wait.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let message = format!(
            "the script may make {} {} a minute, and can make the next in {wait} ms",
            bucket.per_minute,
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
    use scriptorium_model::Uuid;

    use super::*;

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
        let rates = Rates::new();
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
        assert!((1..=30_001).contains(&wait), "{wait}");
        count(other, Kind::Database).unwrap();
        for _ in 0..100 {
            count(one, Kind::Storage).unwrap();
        }
    }
}
