//! Requests that come when they come (an open loop): the instant of each is fixed before the first is
//! sent, however slowly the server answers, and its duration counts from that instant.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use hyper::StatusCode;
use tokio::task::JoinSet;

use crate::client::Client;

/// A time in which requests come evenly.
#[derive(Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) per_second: f64,
    pub(crate) time: Duration,
}

/// One request.
pub(crate) struct Arrival {
    /// When it came, after the beginning of the first phase.
    pub(crate) due: Duration,
    /// From then to the end of its answer.
    pub(crate) took: Duration,
    /// `None` when there was no answer.
    pub(crate) status: Option<StatusCode>,
}

impl Arrival {
    /// When its answer was there, after the beginning of the first phase.
    pub(crate) fn ended(&self) -> Duration {
        self.due + self.took
    }
}

/// After so many requests that are late the answers have their turn.
const TURN: usize = 64;

/// Sends the requests of all phases, one phase after the other, and waits for the answers. On the
/// thread of the caller, over as many connections as it takes.
pub(crate) fn send(
    address: SocketAddr,
    path: &'static str,
    phases: &[Phase],
) -> Result<Vec<Arrival>> {
    let client = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let dues = dues(phases);
    client.block_on(async {
        let idle = Arc::new(Idle::default());
        let (mut arrivals, mut under_way) = (Vec::with_capacity(dues.len()), JoinSet::new());
        let began = Instant::now();
        for (number, due) in dues.into_iter().enumerate() {
            if began.elapsed() < due {
                tokio::time::sleep_until((began + due).into()).await;
            } else if number % TURN == 0 {
                tokio::task::yield_now().await;
            }
            let idle = idle.clone();
            under_way.spawn(async move {
                let status = idle.ask(address, path).await.ok();
                Arrival {
                    due,
                    took: began.elapsed().saturating_sub(due),
                    status,
                }
            });
            while let Some(ended) = under_way.try_join_next() {
                arrivals.push(ended?);
            }
        }
        while let Some(ended) = under_way.join_next().await {
            arrivals.push(ended?);
        }
        Ok(arrivals)
    })
}

fn dues(phases: &[Phase]) -> Vec<Duration> {
    let mut begin = Duration::ZERO;
    let mut dues = Vec::new();
    for phase in phases {
        let count = (phase.per_second * phase.time.as_secs_f64()) as u32;
        dues.extend((0..count).map(|number| begin + phase.time * number / count));
        begin += phase.time;
    }
    dues
}

/// Connections without a request, the one used last on top.
#[derive(Default)]
struct Idle(Mutex<Vec<Client>>);

impl Idle {
    async fn ask(&self, address: SocketAddr, path: &str) -> Result<StatusCode> {
        let mut client = match self.take() {
            Some(client) => client,
            None => Client::connect(address).await?,
        };
        let (status, _) = client.get(path).await?;
        self.clients().push(client);
        Ok(status)
    }

    /// The server hangs up on those that were idle for long.
    fn take(&self) -> Option<Client> {
        let mut clients = self.clients();
        std::iter::from_fn(|| clients.pop()).find(Client::is_open)
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, Vec<Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
