//! Events published as fast as they are accepted, and executed as fast as they can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::page::PageRequest;
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::model::{Ctx, Json};
use scriptorium::{ExecutionFilter, NewEvent, Platform};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use super::marks::Marks;
use crate::figures::Figures;
use crate::platform::activate;
use crate::site::Site;

/// Tenants that publish.
const TENANTS: usize = 10;
/// Publishers at once.
const PUBLISHERS: usize = 64;

/// What became of them.
#[derive(Serialize)]
pub(crate) struct Events {
    pub(crate) events: usize,
    /// From publishing to the answer that it is on disk.
    pub(crate) publishing: Figures,
    /// Executed and recorded per second, from the first published to the end of the last.
    pub(crate) executed_per_second: f64,
}

pub(super) fn measure(site: &Site, marks: &Marks, events: usize) -> Result<Events> {
    let platform = &site.world.platform;
    site.runtime.block_on(async {
        let source = "export default (event) => services.bench.mark(event.payload.n)";
        let mut authors = Vec::new();
        for number in 0..TENANTS {
            let (_, author) = site.world.tenant(&format!("events-{number}")).await?;
            let trigger = Trigger::Event(Subscription::to(["bench.entry"]));
            activate(platform, &author, "entry", trigger, source).await?;
            authors.push(author);
        }
        let authors: Arc<[Ctx]> = authors.into();
        run(platform, &authors, marks, events / 10).await?;
        marks.clear();
        run(platform, &authors, marks, events).await
    })
}

async fn run(
    platform: &Platform,
    authors: &Arc<[Ctx]>,
    marks: &Marks,
    events: usize,
) -> Result<Events> {
    let began = Instant::now();
    let (next, mut publishers) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for _ in 0..PUBLISHERS {
        let (platform, authors, next) = (platform.clone(), authors.clone(), next.clone());
        publishers.spawn(async move {
            let mut times = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= events {
                    return anyhow::Ok(times);
                }
                let one = Instant::now();
                let new = event("bench.entry", n as u64);
                platform
                    .events()
                    .publish(&authors[n % TENANTS], new)
                    .await?;
                times.push(one.elapsed());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(own) = publishers.join_next().await {
        times.extend(own??);
    }
    let publishing = Figures::of(times, began.elapsed())?;
    marks.wait_for(events).await?;
    settle(platform, authors).await?;
    Ok(Events {
        events,
        publishing,
        executed_per_second: events as f64 / began.elapsed().as_secs_f64(),
    })
}

/// An event with a number.
pub(super) fn event(kind: &str, n: u64) -> NewEvent {
    NewEvent {
        kind: kind.into(),
        payload: Json::from(json!({ "n": n })),
        id: None,
        key: None,
    }
}

/// Waits until every execution of these tenants is recorded as ended.
pub(super) async fn settle(platform: &Platform, authors: &[Ctx]) -> Result<()> {
    let page = PageRequest {
        limit: 1,
        cursor: None,
    };
    for author in authors {
        for status in [ExecutionStatus::Pending, ExecutionStatus::Running] {
            let filter = ExecutionFilter {
                status: Some(status),
                ..ExecutionFilter::default()
            };
            let executions = platform.executions();
            while !executions
                .list(author, &filter, &page)
                .await?
                .items
                .is_empty()
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
    Ok(())
}
