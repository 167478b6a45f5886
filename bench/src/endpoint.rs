//! A script that answers HTTP. The load comes from a thread of this process.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hyper::StatusCode;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::figures::{Figures, Rounds};
use crate::site::{Site, endpoint};

/// Connections that stay open, each with one request at a time.
pub(crate) const CONNECTIONS: u32 = 16;

/// What the endpoint did.
#[derive(Serialize)]
pub(crate) struct Served {
    /// Each connection asks again as soon as it is answered.
    pub(crate) full: Rounds,
    /// Half of that rate, evenly; durations from when a request should have been sent.
    pub(crate) half: Rounds,
}

/// Measures an endpoint with a trivial script.
pub(crate) fn measure(time: Duration, rounds: usize) -> Result<Served> {
    let site = Site::start()?;
    let source = "export default (request) => ({ method: request.method })";
    let active = site.world.activate("trivial", endpoint("/trivial"), source);
    site.runtime.block_on(active)?;
    let served = loads(site.address, time, rounds);
    site.stop()?;
    served
}

fn loads(address: SocketAddr, time: Duration, rounds: usize) -> Result<Served> {
    let path = "/api/scripts/trivial";
    let body = r#"{"method":"GET"}"#;
    let load = |time, rate| load(address, path, body, time, rate);
    load(time / 5, None)?;
    let (mut full, mut half) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let figures = load(time, None)?;
        full.push(figures);
        half.push(load(time, Some(figures.per_second / 2.0))?);
    }
    Ok(Served {
        full: Rounds::of(full)?,
        half: Rounds::of(half)?,
    })
}

/// Loads an endpoint for a time: as fast as it answers, or at a rate per second. Each answer must have
/// this body.
pub(crate) fn load(
    address: SocketAddr,
    path: &'static str,
    body: &'static str,
    time: Duration,
    rate: Option<f64>,
) -> Result<Figures> {
    let client = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let every = rate.map(|rate| Duration::from_secs_f64(f64::from(CONNECTIONS) / rate));
    client.block_on(async {
        let began = Instant::now();
        let mut connections = JoinSet::new();
        for number in 0..CONNECTIONS {
            let pace = every.map(|every| Pace {
                next: began + every * number / CONNECTIONS,
                every,
            });
            connections.spawn(connection(address, path, body, began + time, pace));
        }
        let mut times = Vec::new();
        while let Some(ended) = connections.join_next().await {
            times.extend(ended??);
        }
        Figures::of(times, began.elapsed())
    })
}

/// When a connection sends its requests.
struct Pace {
    next: Instant,
    every: Duration,
}

async fn connection(
    address: SocketAddr,
    path: &str,
    expected: &str,
    until: Instant,
    mut pace: Option<Pace>,
) -> Result<Vec<Duration>> {
    let mut client = Client::connect(address).await?;
    let mut times = Vec::new();
    while Instant::now() < until {
        let due = match &mut pace {
            None => Instant::now(),
            Some(pace) => {
                tokio::time::sleep_until(pace.next.into()).await;
                let due = pace.next;
                pace.next += pace.every;
                due
            }
        };
        let (status, body) = client.get(path).await?;
        ensure!(
            status == StatusCode::OK && body == expected,
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        times.push(due.elapsed());
    }
    Ok(times)
}
