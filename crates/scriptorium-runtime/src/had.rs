//! What tenants have had of this process's workers lately, in relation to their weights: who has had the
//! least is served first. It fades within seconds, so that nobody pays long for a burst, and nobody
//! saves up for one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scriptorium_model::{TenantId, Timestamp};

/// After that half of what a tenant has had counts no more.
const HALF: f64 = 5.0;
/// What every execution counts besides its time, in seconds: taking it costs something, too.
const EACH: f64 = 0.001;
/// Of what has faded to less than that nothing is kept.
const NOTHING: f64 = EACH / 100.0;
/// How much the newest execution counts in what one is expected to take.
const NEWEST: f64 = 0.1;

/// The tenants of which something is known.
#[derive(Debug, Default)]
pub(crate) struct Had(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tenants: HashMap<TenantId, Tenant>,
    tidied: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Tenant {
    had: f64,
    at: Timestamp,
    /// Seconds that one of its executions takes.
    each: f64,
}

/// What one execution was counted for when it was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counted(f64);

impl Had {
    /// How much a tenant has had.
    pub(crate) fn of(&self, tenant: TenantId, now: Timestamp) -> f64 {
        let inner = self.lock();
        inner.tenants.get(&tenant).map_or(0.0, |one| one.faded(now))
    }

    /// How much one more of its executions probably makes, by weight.
    pub(crate) fn cost(&self, tenant: TenantId, weight: u32) -> f64 {
        let inner = self.lock();
        let each = inner.tenants.get(&tenant).map_or(EACH, |one| one.each);
        weighed(each, weight)
    }

    /// An execution is taken: it counts at once, so that many that are taken together do.
    pub(crate) fn take(&self, tenant: TenantId, weight: u32, now: Timestamp) -> Counted {
        let mut inner = self.lock();
        inner.tidy(now);
        let one = inner.tenants.entry(tenant).or_insert(Tenant {
            had: 0.0,
            at: now,
            each: EACH,
        });
        let expected = one.each;
        one.add(weighed(expected, weight), now);
        Counted(expected)
    }

    /// It has ended, and took so long.
    pub(crate) fn end(
        &self,
        tenant: TenantId,
        weight: u32,
        counted: Counted,
        took: Duration,
        now: Timestamp,
    ) {
        let took = took.as_secs_f64() + EACH;
        let mut inner = self.lock();
        if let Some(one) = inner.tenants.get_mut(&tenant) {
            one.add(weighed(took - counted.0, weight), now);
            one.each += NEWEST * (took - one.each);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets tenants that have had nothing for a while.
    fn tidy(&mut self, now: Timestamp) {
        let due = self
            .tidied
            .is_none_or(|at| seconds(at, now).abs() > 10.0 * HALF);
        if due {
            self.tidied = Some(now);
            self.tenants.retain(|_, one| one.faded(now) > NOTHING);
        }
    }
}

impl Tenant {
    fn faded(&self, now: Timestamp) -> f64 {
        // A clock that was put back lets nothing grow.
        self.had * (-seconds(self.at, now).max(0.0) / HALF).exp2()
    }

    fn add(&mut self, more: f64, now: Timestamp) {
        self.had = (self.faded(now) + more).max(0.0);
        self.at = now;
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Time by the weight of most tenants.
fn weighed(seconds: f64, weight: u32) -> f64 {
    seconds * 100.0 / f64::from(weight.max(1))
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;

    use super::*;

    const ONE: TenantId = TenantId(Uuid::from_u128(1));
    const OTHER: TenantId = TenantId(Uuid::from_u128(2));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }

    #[test]
    fn what_was_had_is_time_by_weight_and_fades() {
        let had = Had::default();
        assert_near(had.of(ONE, at(0)), 0.0);
        for (tenant, weight) in [(ONE, 100), (OTHER, 200)] {
            let counted = had.take(tenant, weight, at(0));
            assert_near(had.of(tenant, at(0)), EACH * 100.0 / f64::from(weight));
            had.end(tenant, weight, counted, Duration::from_secs(8), at(0));
        }
        assert_near(had.of(ONE, at(0)), 8.0 + EACH);
        assert_near(had.of(OTHER, at(0)), (8.0 + EACH) / 2.0);
        assert_near(had.of(ONE, at(5)), (8.0 + EACH) / 2.0);
        assert_near(had.of(ONE, at(10)), (8.0 + EACH) / 4.0);
        // An hour back it is what it was.
        assert_near(had.of(ONE, at(-3_600)), 8.0 + EACH);
        // In the end nothing is kept of it.
        had.take(OTHER, 100, at(300));
        assert!(!had.lock().tenants.contains_key(&ONE));
    }

    #[test]
    fn what_is_taken_counts_before_it_ends() {
        let had = Had::default();
        for _ in 0..100 {
            let counted = had.take(ONE, 100, at(0));
            had.end(ONE, 100, counted, Duration::from_secs(1), at(0));
        }
        let before = had.of(ONE, at(0));
        let expected = had.cost(ONE, 100);
        assert!((0.9..1.1).contains(&expected), "{expected}");
        had.take(ONE, 100, at(0));
        assert_near(had.of(ONE, at(0)), before + expected);
        assert_near(had.cost(ONE, 200), expected / 2.0);
        assert_near(had.cost(OTHER, 100), EACH);
    }
}
