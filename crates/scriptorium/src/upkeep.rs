//! What a platform does in the background for as long as it runs, whether or not its triggers do:
//! it keeps the search index up, hears of halts, looks at the replica, writes down the heads of the audit trails, and removes what is past
//! its retention.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use scriptorium_store::Duty;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::error::Result;
use crate::platform::Platform;

/// When the first maintenance begins: a start has other things to do.
const FIRST: Duration = Duration::from_secs(60);
/// How often maintenance begins. Most find nothing, by one statement.
const EVERY: Duration = Duration::from_secs(3_600);

/// How often the replica is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the heads of the audit trails are written down.
const ANCHOR_EVERY: Duration = Duration::from_secs(60);

impl Platform {
    /// Starts the upkeep; it ends with the platform.
    pub(crate) fn start_upkeep(&self) {
        let tasks = &self.0.tasks;
        tasks.spawn(self.store().clone().keep_indexed(self.0.stop.clone()));
        tasks.spawn(self.clone().keep_halts());
        let relaying = self.store().clone();
        tasks.spawn(relaying.keep_relayed(self.0.data.clone(), self.0.stop.clone()));
        if self.store().replica().is_some() {
            let platform = self.clone();
            self.keep(async move { platform.keep_looking().await });
        }
        let platform = self.clone();
        self.keep(async move { platform.keep_maintained().await });
        let platform = self.clone();
        self.keep(async move { platform.keep_anchored().await });
    }

    /// Does work until the platform stops.
    fn keep(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.0.stop.clone();
        self.0.tasks.spawn(async move {
            // `None` when it was stopped.
            let _ = stop.run_until_cancelled(work).await;
        });
    }

    async fn keep_looking(&self) {
        let mut ticks = interval_at(tokio::time::Instant::now() + LOOK_EVERY, LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.store().look_at_replica().await;
        }
    }

    async fn keep_anchored(&self) {
        let mut ticks = interval_at(tokio::time::Instant::now() + ANCHOR_EVERY, ANCHOR_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.store().anchor_audit_heads().await {
                tracing::error!(%error, cause = ?error, "the heads of the audit trail were not anchored");
            }
            if let Err(error) = self.store().mend_turns().await {
                tracing::warn!(%error, cause = ?error, "orders of events were not looked at");
            }
        }
    }

    async fn keep_maintained(&self) {
        let mut ticks = interval_at(tokio::time::Instant::now() + FIRST, EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.maintain().await {
                tracing::warn!(%error, cause = ?error, "maintenance was not finished");
            }
        }
    }

    /// Removes what is past its retention, as it is done every hour, and prunes versions and audit trails. Of the servers
    /// that share a database one does it for all: `false` when another is at it.
    ///
    /// # Errors
    /// The database failed; what was removed until then stays removed.
    #[boxed]
    pub async fn maintain(&self) -> Result<bool> {
        let store = self.store();
        let Some(_on_duty) = store.take_duty(Duty::Maintenance).await? else {
            return Ok(false);
        };
        let now = self.ambient().now();
        let maintained = store.maintain(now).await;
        // The store keeps what each tenant keeps of its audit trail, whatever it is asked.
        let pruned = store.prune_audit(now).await;
        maintained?;
        pruned?;
        Ok(true)
    }
}
