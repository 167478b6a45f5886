//! Slows down guessing of passwords (WEB-08): after a few failures each further attempt waits
//! twice as long, by account and by address. Nobody is locked out: the wait is bounded, and an
//! address from which an account has signed in before is counted apart from strangers.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use moka::sync::Cache;

/// Failures of one account before attempts on it wait.
const FREE_PER_ACCOUNT: u32 = 5;
/// Failures of one address before its attempts wait; several people may share one.
const FREE_PER_ADDRESS: u32 = 20;
/// The longest wait for an account: strangers can cause it, so it stays short.
const ACCOUNT_WAIT: Duration = Duration::from_secs(30);
/// The longest wait for an address.
const ADDRESS_WAIT: Duration = Duration::from_secs(900);
/// Accounts and addresses remembered at once.
const REMEMBERED: u64 = 100_000;
/// How long failures count.
const MEMORY: Duration = Duration::from_secs(3_600);
/// How long an address stays known to an account.
const ACQUAINTANCE: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Counts attempts to sign in.
pub(crate) struct LoginLimit {
    attempts: Cache<Key, Count>,
    acquainted: Cache<(String, IpAddr), ()>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Acquaintance(String, IpAddr),
    Address(IpAddr),
}

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    open_at: Instant,
}

/// An attempt that was let through; counted as failed until [`LoginLimit::succeeded`].
pub(crate) struct Attempt {
    account: String,
    address: IpAddr,
}

impl LoginLimit {
    pub(crate) fn new() -> Self {
        let remembered = |memory| {
            Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(memory)
        };
        Self {
            attempts: remembered(MEMORY).build(),
            acquainted: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(ACQUAINTANCE)
                .build(),
        }
    }

    /// Lets an attempt through at `now`, or says how long to wait.
    ///
    /// The attempt counts as failed from here on, so that many at once are not all let through
    /// before the first has failed.
    pub(crate) fn begin(
        &self,
        email: &str,
        address: IpAddr,
        now: Instant,
    ) -> Result<Attempt, Duration> {
        let attempt = Attempt {
            account: email.trim().to_lowercase(),
            address: network(address),
        };
        self.count(attempt.address_key(), FREE_PER_ADDRESS, ADDRESS_WAIT, now)?;
        self.count(
            self.account_key(&attempt),
            FREE_PER_ACCOUNT,
            ACCOUNT_WAIT,
            now,
        )?;
        Ok(attempt)
    }

    /// Forgets the failures of the account and remembers the address as one of its own. The
    /// address's own failures stay, or one valid account would pay for guesses at others.
    pub(crate) fn succeeded(&self, attempt: Attempt) {
        self.attempts.invalidate(&self.account_key(&attempt));
        self.give_back(attempt.address_key());
        self.acquainted
            .insert((attempt.account, attempt.address), ());
    }

    fn account_key(&self, attempt: &Attempt) -> Key {
        let pair = (attempt.account.clone(), attempt.address);
        if self.acquainted.contains_key(&pair) {
            Key::Acquaintance(pair.0, pair.1)
        } else {
            Key::Account(pair.0)
        }
    }

    fn count(&self, key: Key, free: u32, most: Duration, now: Instant) -> Result<(), Duration> {
        let mut wait = None;
        self.attempts.entry(key).and_compute_with(|entry| {
            let before = entry.map(moka::Entry::into_value);
            if let Some(count) = before.filter(|count| count.open_at > now) {
                wait = Some(count.open_at - now);
                return Op::Nop;
            }
            let failures = before.map_or(0, |count| count.failures).saturating_add(1);
            Op::Put(Count {
                failures,
                open_at: now + pause(failures, free, most),
            })
        });
        wait.map_or(Ok(()), Err)
    }

    fn give_back(&self, key: Key) {
        self.attempts.entry(key).and_compute_with(|entry| {
            entry.map_or(Op::Nop, |entry| {
                let count = entry.into_value();
                Op::Put(Count {
                    failures: count.failures.saturating_sub(1),
                    ..count
                })
            })
        });
    }
}

impl Attempt {
    fn address_key(&self) -> Key {
        Key::Address(self.address)
    }
}

/// Nothing for the free failures, then 1, 2, 4, … seconds.
fn pause(failures: u32, free: u32, most: Duration) -> Duration {
    let Some(beyond) = failures.checked_sub(free.saturating_add(1)) else {
        return Duration::ZERO;
    };
    Duration::from_secs(1u64.checked_shl(beyond).unwrap_or(u64::MAX)).min(most)
}

/// Who has one IPv6 address has its whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            std::net::Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn guesses_at_one_account_wait_longer_and_longer() {
        let limit = LoginLimit::new();
        let mut now = Instant::now();
        for n in 0..6 {
            assert!(limit.begin("a@b.c", address(n), now).is_ok(), "attempt {n}");
        }
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let wait = limit.begin("A@b.c ", address(200), now).err();
            assert_eq!(wait, Some(Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
            assert!(limit.begin("a@b.c", address(201), now).is_ok());
        }
    }

    #[test]
    fn strangers_do_not_slow_down_an_address_the_account_knows() {
        let limit = LoginLimit::new();
        let now = Instant::now();
        let known = limit.begin("a@b.c", address(1), now).ok().unwrap();
        limit.succeeded(known);
        for n in 100..200 {
            let _ = limit.begin("a@b.c", address(n), now);
        }
        assert!(limit.begin("a@b.c", address(2), now).is_err());
        assert!(limit.begin("a@b.c", address(1), now).is_ok());
    }

    #[test]
    fn one_address_guessing_at_many_accounts_waits() {
        let limit = LoginLimit::new();
        let now = Instant::now();
        for n in 0..21 {
            assert!(limit.begin(&format!("{n}@b.c"), address(1), now).is_ok());
        }
        assert!(limit.begin("new@b.c", address(1), now).is_err());
        assert!(limit.begin("new@b.c", address(2), now).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(a), network(b));
        assert_ne!(network(a), network(other));
        assert_eq!(network(mapped), address(1));
    }
}
