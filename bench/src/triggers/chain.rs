//! Three scripts of which each starts the next by an event.

use std::time::{Duration, Instant};

use anyhow::Result;
use scriptorium::model::trigger::{Subscription, Trigger};
use serde::Serialize;

use super::events::{event, settle};
use super::marks::Marks;
use crate::figures::Figures;
use crate::platform::activate;
use crate::site::Site;

/// Type of the event that starts each step.
const STEPS: [&str; 3] = [
    "scripts.custom.step_one",
    "scripts.custom.step_two",
    "scripts.custom.step_three",
];

/// From publishing the first event to the first instruction of the third script.
#[derive(Serialize)]
pub(crate) struct Chain {
    /// One after the other.
    pub(crate) alone: Figures,
    pub(crate) chains: usize,
    /// Many at once: chains per second, to the end of the last.
    pub(crate) per_second: f64,
}

pub(super) fn measure(site: &Site, marks: &Marks, count: usize) -> Result<Chain> {
    let platform = &site.world.platform;
    site.runtime.block_on(async {
        let (_, author) = site.world.tenant("chain").await?;
        for (step, kind) in STEPS.iter().enumerate() {
            let source = match STEPS.get(step + 1) {
                Some(next) => {
                    format!("export default (event) => events.publish('{next}', event.payload)")
                }
                None => "export default (event) => services.bench.mark(event.payload.n)".to_owned(),
            };
            let trigger = Trigger::Event(Subscription::to([*kind]));
            activate(platform, &author, &format!("step-{step}"), trigger, &source).await?;
        }
        let own = std::slice::from_ref(&author);
        let (mut times, all, warm) = (Vec::new(), Instant::now(), count / 10);
        for n in 0..count + warm {
            let began = Instant::now();
            let n = n as u64;
            platform
                .events()
                .publish(&author, event(STEPS[0], n))
                .await?;
            let took = marks.wait(n).await?.duration_since(began);
            if n >= warm as u64 {
                times.push(took);
            }
            settle(platform, own).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let alone = Figures::of(times, all.elapsed())?;

        let (chains, began) = (count * 10, Instant::now());
        marks.clear();
        for n in 0..chains as u64 {
            platform
                .events()
                .publish(&author, event(STEPS[0], n))
                .await?;
        }
        marks.wait_for(chains).await?;
        settle(platform, own).await?;
        Ok(Chain {
            alone,
            chains,
            per_second: chains as f64 / began.elapsed().as_secs_f64(),
        })
    })
}
