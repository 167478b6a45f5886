//! From what starts a script to its first instruction, on a server that has nothing else to do.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hyper::StatusCode;
use scriptorium::model::Json;
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::{Execute, Mode};
use serde::Serialize;
use serde_json::{Value, json};

use super::events::{event, settle};
use super::marks::Marks;
use crate::client::Client;
use crate::figures::Figures;
use crate::platform::activate;
use crate::site::{Site, endpoint};

/// Rest between two, so that nothing of the one before is still being recorded.
const REST: Duration = Duration::from_millis(5);

/// One way in.
#[derive(Serialize)]
pub(crate) struct First {
    pub(crate) way: &'static str,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

pub(super) fn measure(site: &Site, marks: &Marks, count: usize) -> Result<Vec<First>> {
    let platform = &site.world.platform;
    site.runtime.block_on(async {
        let (tenant, author) = site.world.tenant("first").await?;
        let mark = "export default (input) => services.bench.mark(input.n)";
        activate(platform, &author, "called", Trigger::Embedded, mark).await?;
        let manual = activate(platform, &author, "manual", Trigger::OneOff, mark).await?;
        let on_event = "export default (event) => services.bench.mark(event.payload.n)";
        let subscribed = Trigger::Event(Subscription::to(["bench.first"]));
        activate(platform, &author, "event", subscribed, on_event).await?;
        let on_request = "export default (request) => services.bench.mark(Number(request.query.n))";
        let world = &site.world;
        world
            .activate("first", endpoint("/first"), on_request)
            .await?;
        let mut client = Client::connect(site.address).await?;

        let mut next = 0;
        let mut firsts = Vec::new();
        for way in ["call", "endpoint", "manual", "event"] {
            let (mut times, all) = (Vec::with_capacity(count), Instant::now());
            for round in 0..count + count / 10 {
                next += 1;
                let began = Instant::now();
                match way {
                    "call" => {
                        let _: Value = tenant.invoke("called", &json!({ "n": next })).await?;
                    }
                    "endpoint" => {
                        let path = format!("/api/scripts/first?n={next}");
                        let (status, _) = client.get(&path).await?;
                        ensure!(
                            matches!(status, StatusCode::OK | StatusCode::NO_CONTENT),
                            "{status}"
                        );
                    }
                    "manual" => {
                        let input = Json::from(json!({ "n": next }));
                        let what = Execute::new(manual.id, input, Mode::Async);
                        platform.executions().execute(&author, what).await?;
                    }
                    _ => {
                        let new = event("bench.first", next);
                        platform.events().publish(&author, new).await?;
                    }
                }
                let took = marks.wait(next).await?.duration_since(began);
                // The first of them find nothing ready.
                if round >= count / 10 {
                    times.push(took);
                }
                settle(platform, std::slice::from_ref(&author)).await?;
                tokio::time::sleep(REST).await;
            }
            firsts.push(First {
                way,
                figures: Figures::of(times, all.elapsed())?,
            });
        }
        Ok(firsts)
    })
}
