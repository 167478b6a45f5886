//! Thousands of schedules that are due in the same minute: how late each begins.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use scriptorium::model::schedule::Schedule;
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{Ctx, Timestamp};
use serde::Serialize;

use super::marks::Marks;
use crate::figures::{micros, percentile};
use crate::platform::activate;
use crate::site::Site;

/// Tenants that have them.
const TENANTS: usize = 50;
/// So many are made to see how long all will take.
const TRIED: usize = 100;
const MINUTE: Duration = Duration::from_secs(60);

/// From the planned instant to the first instruction.
#[derive(Serialize)]
pub(crate) struct Late {
    pub(crate) schedules: usize,
    #[serde(rename = "first_us", serialize_with = "micros")]
    pub(crate) first: Duration,
    #[serde(rename = "p50_us", serialize_with = "micros")]
    pub(crate) p50: Duration,
    #[serde(rename = "p99_us", serialize_with = "micros")]
    pub(crate) p99: Duration,
    #[serde(rename = "last_us", serialize_with = "micros")]
    pub(crate) last: Duration,
}

pub(super) fn measure(site: &Site, marks: &Marks, schedules: usize) -> Result<Late> {
    site.runtime.block_on(async {
        let mut authors = Vec::new();
        for number in 0..TENANTS {
            let (_, author) = site.world.tenant(&format!("schedules-{number}")).await?;
            authors.push(author);
        }
        let now = || site.world.platform.ambient().now();
        // Some that are never due, to see how long it takes to make one.
        let never = now().checked_add(jiff::Span::new().hours(24 * 300))?;
        let began = Instant::now();
        for number in 0..TRIED {
            make(site, &authors[number % TENANTS], "tried", number, never).await?;
        }
        let each = began.elapsed() / u32::try_from(TRIED)?;
        let whole = each.mul_f64(schedules as f64 * 1.3) + MINUTE;
        let planned = next_minute(now().checked_add(jiff::SignedDuration::try_from(whole)?)?)?;
        for number in 0..schedules {
            make(site, &authors[number % TENANTS], "due", number, planned).await?;
        }
        let left = Duration::try_from(planned.duration_since(now()))
            .ok()
            .context("making the schedules took longer than it was to")?;
        ensure!(left > Duration::from_secs(2), "{left:?} is too little rest");
        let due = Instant::now() + left;
        tokio::time::sleep_until(due.into()).await;
        marks.wait_for(schedules).await?;
        let marks = marks.all().into_iter();
        let mut times: Vec<Duration> = marks.map(|at| at.saturating_duration_since(due)).collect();
        times.sort_unstable();
        let at = |percent| percentile(&times, percent).context("nothing was measured");
        Ok(Late {
            schedules,
            first: at(0)?,
            p50: at(50)?,
            p99: at(99)?,
            last: *times.last().context("nothing was measured")?,
        })
    })
}

/// A script that is due once a year, in the minute of this instant.
async fn make(site: &Site, author: &Ctx, kind: &str, number: usize, at: Timestamp) -> Result<()> {
    let when = at.strftime("%-M %-H %-d %-m *").to_string();
    let source = format!("export default () => services.bench.mark({number})");
    let trigger = Trigger::Scheduled(Schedule::new(when, "UTC"));
    let name = format!("{kind}-{number}");
    activate(&site.world.platform, author, &name, trigger, &source).await?;
    Ok(())
}

fn next_minute(at: Timestamp) -> Result<Timestamp> {
    let second = at.as_second();
    Ok(Timestamp::from_second(second - second % 60 + 60)?)
}
