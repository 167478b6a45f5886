//! How often endpoints are called: token buckets of an endpoint, of one caller at it, and of a
//! tenant's endpoints together (R-HTTP-12, X-39), asked before any script begins. Each server counts
//! for itself.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::sync::Cache;
use scriptorium_model::{Ambient, ScriptId, TenantId, TokenId, UserId};
use scriptorium_runtime::Elapsed;

/// Most callers that are counted at once; more of them push out those that are seen least.
const CALLERS: u64 = 50_000;
/// Most endpoints and tenants that are counted at once.
const ENDPOINTS: u64 = 100_000;
/// A bucket that was left alone for so long is full again, whatever its figure.
const FULL_AFTER: Duration = Duration::from_secs(60);
/// The part of a minute's calls that may come at once: a fifth (X-39: 20 of 100).
const BURST: u32 = 5;

/// Who calls, as far as counting goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    User(UserId),
    Token(TokenId),
    /// The host application, or the bootstrap token.
    Host,
    /// Of IPv6 the network: who has one address has all of it.
    Address(IpAddr),
}

impl Who {
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
            }
        })
    }
}

/// Whose calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateScope {
    /// All calls of one endpoint.
    Endpoint,
    /// Those of one caller at one endpoint.
    Caller,
    /// All calls of the endpoints of one tenant.
    Tenant,
}

impl RateScope {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Caller => "caller",
            Self::Tenant => "tenant",
        }
    }
}

/// How a bucket stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Whose it is.
    pub scope: RateScope,
    /// Calls a minute.
    pub per_minute: u32,
    /// Calls that may come at once now.
    pub remaining: u32,
}

/// A bucket is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateExceeded {
    /// How it stands.
    pub rate: Rate,
    /// When the next call may come.
    pub retry_after: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Endpoint(TenantId, ScriptId, NonZeroU32),
    Caller(TenantId, ScriptId, Who, NonZeroU32),
    Tenant(TenantId, NonZeroU32),
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Elapsed, StateInformationMiddleware>;

/// All buckets of a platform.
pub(crate) struct Rates {
    endpoints: Cache<Key, Arc<Bucket>>,
    // Apart: a flood of addresses must not push out what bounds all of them together.
    callers: Cache<Key, Arc<Bucket>>,
    clock: Elapsed,
}

impl Rates {
    pub(crate) fn new(ambient: Ambient) -> Self {
        let cache = |most| {
            Cache::builder()
                .max_capacity(most)
                .time_to_idle(FULL_AFTER)
                .build()
        };
        Self {
            endpoints: cache(ENDPOINTS),
            callers: cache(CALLERS),
            clock: Elapsed::new(ambient),
        }
    }

    /// Counts a call of one caller at an endpoint.
    pub(crate) fn caller(
        &self,
        tenant: TenantId,
        script: ScriptId,
        who: Who,
        per_minute: Option<u32>,
    ) -> Result<Option<Rate>, RateExceeded> {
        let figure = per_minute.and_then(NonZeroU32::new);
        let Some(figure) = figure else {
            return Ok(None);
        };
        let key = Key::Caller(tenant, script, who, figure);
        self.count(&self.callers, key, figure, RateScope::Caller)
    }

    /// Counts a call of an endpoint.
    pub(crate) fn endpoint(
        &self,
        tenant: TenantId,
        script: ScriptId,
        per_minute: Option<u32>,
    ) -> Result<Option<Rate>, RateExceeded> {
        let figure = per_minute.and_then(NonZeroU32::new);
        let Some(figure) = figure else {
            return Ok(None);
        };
        let key = Key::Endpoint(tenant, script, figure);
        self.count(&self.endpoints, key, figure, RateScope::Endpoint)
    }

    /// Counts a call of any endpoint of a tenant.
    pub(crate) fn tenant(
        &self,
        tenant: TenantId,
        per_minute: Option<u32>,
    ) -> Result<Option<Rate>, RateExceeded> {
        let figure = per_minute.and_then(NonZeroU32::new);
        let Some(figure) = figure else {
            return Ok(None);
        };
        let key = Key::Tenant(tenant, figure);
        self.count(&self.endpoints, key, figure, RateScope::Tenant)
    }

    fn count(
        &self,
        buckets: &Cache<Key, Arc<Bucket>>,
        key: Key,
        figure: NonZeroU32,
        scope: RateScope,
    ) -> Result<Option<Rate>, RateExceeded> {
        let burst = NonZeroU32::new(figure.get().div_ceil(BURST)).unwrap_or(NonZeroU32::MIN);
        let bucket = buckets.get_with(key, || {
            let quota = Quota::per_minute(figure).allow_burst(burst);
            let plain = RateLimiter::direct_with_clock(quota, self.clock.clone());
            Arc::new(plain.with_middleware::<StateInformationMiddleware>())
        });
        let rate = |remaining| Rate {
            scope,
            per_minute: figure.get(),
            remaining,
        };
        match bucket.check() {
            Ok(state) => Ok(Some(rate(state.remaining_burst_capacity()))),
            Err(until) => Err(RateExceeded {
                rate: rate(0),
                retry_after: until.wait_time_from(self.clock.now()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use scriptorium_model::ambient::{Clock, Entropy};
    use scriptorium_model::{Timestamp, Uuid};

    use super::*;

    struct Seconds(AtomicI64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_000_000 + self.0.load(Ordering::Relaxed)).unwrap()
        }
    }

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn world() -> (Arc<Seconds>, Rates) {
        let clock = Arc::new(Seconds(AtomicI64::new(0)));
        let ambient = Ambient::new(clock.clone(), Arc::new(Zeros));
        (clock, Rates::new(ambient))
    }

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));
    const SCRIPT: ScriptId = ScriptId(Uuid::from_u128(2));

    fn calls(rates: &Rates, figure: u32, count: usize) -> usize {
        let call = |_: &usize| rates.endpoint(TENANT, SCRIPT, Some(figure)).is_ok();
        (0..count).filter(call).count()
    }

    #[test]
    fn a_fifth_of_a_minutes_calls_may_come_at_once_and_the_rest_in_time() {
        let (clock, rates) = world();
        assert_eq!(calls(&rates, 100, 50), 20);
        let refused = rates.endpoint(TENANT, SCRIPT, Some(100)).unwrap_err();
        assert_eq!(refused.rate.remaining, 0);
        assert_eq!(refused.retry_after, Duration::from_millis(600));
        clock.0.store(6, Ordering::Relaxed);
        assert_eq!(calls(&rates, 100, 50), 10);
        // In a minute of calls without pause: the burst, and what has come since.
        let (clock, rates) = world();
        let mut taken = 0;
        for second in 0..60 {
            clock.0.store(second, Ordering::Relaxed);
            taken += calls(&rates, 60, 10);
        }
        assert_eq!(taken, 12 + 59);
    }

    #[test]
    fn callers_are_counted_apart_and_a_network_is_one() {
        let (_, rates) = world();
        let call = |address: &str| {
            let who = Who::address(address.parse().unwrap());
            rates.caller(TENANT, SCRIPT, who, Some(5)).is_ok()
        };
        assert!(call("192.0.2.1") && !call("192.0.2.1") && !call("::ffff:192.0.2.1"));
        assert!(call("192.0.2.2"));
        assert!(call("2001:db8::1") && !call("2001:db8::2") && call("2001:db8:0:1::1"));
        assert_eq!(
            rates.caller(TENANT, SCRIPT, Who::User(UserId(Uuid::nil())), None),
            Ok(None)
        );
    }

    #[test]
    fn a_clock_that_is_set_back_freezes_no_bucket() {
        let (clock, rates) = world();
        clock.0.store(7_200, Ordering::Relaxed);
        assert_eq!(calls(&rates, 60, 20), 12);
        clock.0.store(3_600, Ordering::Relaxed);
        assert_eq!(calls(&rates, 60, 20), 0);
        clock.0.store(3_603, Ordering::Relaxed);
        assert_eq!(calls(&rates, 60, 20), 3);
    }

    #[test]
    fn many_addresses_take_bounded_memory() {
        let (_, rates) = world();
        for number in 0..CALLERS + 20_000 {
            let address = std::net::Ipv4Addr::from_bits(number as u32);
            let who = Who::address(address.into());
            let _ = rates.caller(TENANT, SCRIPT, who, Some(5));
        }
        rates.callers.run_pending_tasks();
        assert!(rates.callers.entry_count() <= CALLERS);
    }
}
