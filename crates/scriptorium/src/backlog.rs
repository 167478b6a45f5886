//! How much of a tenant may wait: events that are not delivered yet and executions that have not begun
//! (P4.7). What is more is refused before it is recorded, so that a producer which is faster than the
//! tenant's share fills no disk. What waits already is never dropped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::{Ctx, TenantId, Timestamp};

use crate::error::{Error, Result};
use crate::platform::Platform;

/// How long what was counted is added to; other servers take in and work off meanwhile.
const STANDS: Duration = Duration::from_secs(10);
/// The same while nothing is let in.
const FULL: Duration = Duration::from_millis(250);
/// When to try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Tenants whose count is remembered.
const TENANTS: u64 = 10_000;

/// What waits, by tenant, as this server knows it.
pub(crate) struct Backlogs(Cache<TenantId, Arc<Mutex<Counted>>>);

#[derive(Clone, Copy, Default)]
struct Counted {
    /// As counted, and what was let in since.
    waiting: u32,
    at: Option<Timestamp>,
}

impl Default for Backlogs {
    fn default() -> Self {
        Self(Cache::new(TENANTS))
    }
}

impl Counted {
    /// Whether that may be counted on, given how much may wait.
    fn stands(&self, most: u32, now: Timestamp) -> bool {
        let term = if self.waiting < most { STANDS } else { FULL };
        self.at.is_some_and(|at| {
            // One from the future is of a clock that went back.
            let age = Duration::try_from(now.duration_since(at));
            age.is_ok_and(|age| age < term)
        })
    }

    fn enter(&mut self, most: u32) -> Result<()> {
        if self.waiting >= most {
            return Err(Error::backlog_full(most, RETRY_AFTER));
        }
        self.waiting += 1;
        Ok(())
    }
}

impl Platform {
    /// Lets one more event or execution of a tenant wait.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ShareExhausted`] with the code `backlog_full` when as much waits as may.
    pub(crate) async fn enter_backlog(&self, ctx: &Ctx) -> Result<()> {
        let most = self.runtime().share(ctx.tenant).await?.backlog;
        let of_tenant = (self.0.backlogs.0).get_with(ctx.tenant, Arc::default);
        let lock = || of_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.ambient().now();
        {
            let mut counted = lock();
            if counted.stands(most, now) {
                return counted.enter(most);
            }
            // Who comes while it is counted goes by what was known.
            counted.at = Some(now);
        }
        let waiting = self.store().count_waiting(ctx, most).await?;
        let mut counted = lock();
        counted.waiting = waiting;
        counted.enter(most)
    }
}
