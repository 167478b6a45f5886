//! A script that answers HTTP: the whole server on the loopback, every execution recorded and on
//! disk before its answer. The load comes from a thread of this process, through the HTTP library
//! of the server itself, so that the client takes little of the processors they share.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use scriptorium::model::endpoint::Method;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium_server::{Config, Server};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::figures::{Figures, Rounds};
use crate::platform::{World, runtime};

/// Connections that stay open, each with one request at a time.
pub(crate) const CONNECTIONS: u32 = 16;

/// What the endpoint did.
pub(crate) struct Served {
    /// Each connection asks again as soon as it is answered.
    pub(crate) full: Rounds,
    /// Half of that rate, evenly; durations from when a request should have been sent.
    pub(crate) half: Rounds,
}

/// Measures an endpoint with a trivial script.
pub(crate) fn measure(time: Duration, rounds: usize) -> Result<Served> {
    let runtime = runtime()?;
    let world = runtime.block_on(World::start())?;
    let trigger = Trigger::Http(Endpoint {
        path: "/trivial".into(),
        methods: vec![Method::Get],
        auth: EndpointAuth::Public,
        permission: None,
        rate_limit_per_minute: None,
    });
    let source = "export default (request) => ({ method: request.method })";
    runtime.block_on(world.activate("trivial", trigger, source))?;
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Config::default()
    };
    let server = runtime.block_on(Server::bind(config, world.platform.clone()))?;
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = runtime.spawn(server.run(async {
        // Stops as well when the measurement is given up.
        let _ = stopped.await;
    }));
    let served = loads(address, time, rounds);
    drop(stop);
    runtime.block_on(async {
        let served_to_the_end = serving.await;
        world.stop().await;
        served_to_the_end
    })?;
    served
}

fn loads(address: SocketAddr, time: Duration, rounds: usize) -> Result<Served> {
    load(address, time / 5, None)?;
    let (mut full, mut half) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let figures = load(address, time, None)?;
        full.push(figures);
        half.push(load(address, time, Some(figures.per_second / 2.0))?);
    }
    Ok(Served {
        full: Rounds::of(full)?,
        half: Rounds::of(half)?,
    })
}

/// Loads the endpoint for a time: as fast as it answers, or at a rate per second.
fn load(address: SocketAddr, time: Duration, rate: Option<f64>) -> Result<Figures> {
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
            connections.spawn(connection(address, began + time, pace));
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
    until: Instant,
    mut pace: Option<Pace>,
) -> Result<Vec<Duration>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, driver) = handshake(TokioIo::new(stream)).await?;
    let mut drivers = JoinSet::new();
    drivers.spawn(driver);
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
        ask(&mut sender).await?;
        times.push(due.elapsed());
    }
    Ok(times)
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>) -> Result<()> {
    let request = Request::get("/api/scripts/trivial")
        .header("host", "localhost")
        .body(Empty::new())?;
    sender.ready().await.context("the server hung up")?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(
        status == StatusCode::OK && body == r#"{"method":"GET"}"#,
        anyhow!("{status}: {}", String::from_utf8_lossy(&body))
    );
    Ok(())
}
