//! What one tenant has of the client: its part of lookups and requests, and its own connections.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use uuid::Uuid;

use crate::connections::Connections;
use crate::error::Error;
use crate::request::Pace;

/// Requests of one tenant at once.
const REQUESTS: usize = 64;
/// Lookups of one tenant at once.
const LOOKUPS: usize = 8;
/// Lookups of one tenant in a minute. Connections are kept, so that few requests need one.
const LOOKUPS_A_MINUTE: NonZeroU32 = NonZeroU32::new(300).unwrap();
/// Client certificates and rules whose connections are kept.
const POOLS: u64 = 16;
/// Scripts whose requests are counted.
const PACES: u64 = 10_000;
/// After how long without a request connections are given up.
const IDLE: Duration = Duration::from_secs(90);

/// What no other tenant shares.
pub(crate) struct Tenant {
    requests: Arc<Semaphore>,
    pub(crate) lookups: Arc<Lookups>,
    /// By what they are made with: a connection that a certificate opened is nobody else's.
    pub(crate) pools: Cache<[u8; 32], Connections>,
    paces: Cache<Pace, Arc<DefaultDirectRateLimiter>>,
}

/// A tenant's part of looking names up.
pub(crate) struct Lookups {
    pub(crate) tenant: Uuid,
    turns: Semaphore,
    rate: DefaultDirectRateLimiter,
}

impl Lookups {
    /// A turn to look a name up, which waits while others of the tenant have theirs.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        let too_often = || Error::TooOften {
            what: "too many names were looked up",
        };
        self.rate.check().map_err(|_| too_often())?;
        self.turns.acquire().await.map_err(|_| too_often())
    }
}

impl Tenant {
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(REQUESTS)),
            lookups: Arc::new(Lookups {
                tenant: id,
                turns: Semaphore::new(LOOKUPS),
                rate: RateLimiter::direct(Quota::per_minute(LOOKUPS_A_MINUTE)),
            }),
            pools: Cache::builder()
                .max_capacity(POOLS)
                .time_to_idle(IDLE)
                .build(),
            paces: Cache::builder()
                .max_capacity(PACES)
                .time_to_idle(IDLE)
                .build(),
        }
    }

    /// Counts a request of somebody whose requests are bounded.
    pub(crate) fn keep_pace(&self, pace: Pace) -> Result<(), Error> {
        let make = || Arc::new(RateLimiter::direct(Quota::per_minute(pace.per_minute)));
        let bucket = self.paces.get_with(pace, make);
        bucket.check().map_err(|_| Error::TooOften {
            what: "too many requests were sent in a minute",
        })
    }

    /// Room for a request, and for its response until that was read.
    pub(crate) async fn request(&self) -> Option<OwnedSemaphorePermit> {
        self.requests.clone().acquire_owned().await.ok()
    }
}
