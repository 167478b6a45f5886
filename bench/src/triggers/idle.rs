//! A server that has much, and nothing to do.

use std::time::Duration;

use anyhow::Result;
use scriptorium::model::trigger::{Subscription, Trigger};
use serde::Serialize;

use super::Postgres;
use crate::memory;
use crate::platform::activate;
use crate::site::Site;

/// Tenants, each with one script of each kind that waits for something.
const TENANTS: usize = 100;
/// How long it may take until pauses are as long as they get, and the first of the hourly maintenance, a
/// minute after the start, is over.
const CALM: Duration = Duration::from_secs(75);

/// What it asks of its database, and what it holds.
#[derive(Serialize)]
pub(crate) struct Idle {
    /// As the platform counts them; those that begin and end transactions are not among them.
    pub(crate) statements_per_second: f64,
    /// As PostgreSQL writes them down, every one.
    pub(crate) at_postgres_per_second: Option<f64>,
    /// Processor time over the time that passed.
    pub(crate) processor: f64,
    pub(crate) resident_bytes: u64,
}

pub(super) fn measure(site: &Site, postgres: Option<&Postgres>, time: Duration) -> Result<Idle> {
    let platform = &site.world.platform;
    site.runtime.block_on(async {
        for number in 0..TENANTS {
            let (_, author) = site.world.tenant(&format!("idle-{number}")).await?;
            let source = "export default () => 1";
            let event = Trigger::Event(Subscription::to(["bench.never"]));
            activate(platform, &author, "event", event, source).await?;
            let yearly = scriptorium::model::schedule::Schedule::new("0 0 29 2 *", "UTC");
            let schedule = Trigger::Scheduled(yearly);
            activate(platform, &author, "schedule", schedule, source).await?;
        }
        tokio::time::sleep(CALM).await;
        if let Some(postgres) = postgres {
            postgres.write_statements_down(true);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let before = postgres.map(Postgres::statements).transpose()?;
        let sent = platform.status().statements;
        let processor = memory::processor_time()?;
        tokio::time::sleep(time).await;
        let used = memory::processor_time()?.saturating_sub(processor);
        let sent = platform.status().statements - sent;
        let after = postgres.map(Postgres::statements).transpose()?;
        if let Some(postgres) = postgres {
            postgres.write_statements_down(false);
        }
        let seconds = time.as_secs_f64();
        Ok(Idle {
            statements_per_second: sent as f64 / seconds,
            at_postgres_per_second: after
                .zip(before)
                .map(|(after, before)| (after - before) as f64 / seconds),
            processor: used.as_secs_f64() / seconds,
            resident_bytes: memory::resident()?,
        })
    })
}
