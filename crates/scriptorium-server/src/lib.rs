//! The HTTP server: management API, sign-in, and the endpoints that tenants' scripts answer. It
//! speaks to the platform through the façade only and holds no rule of the domain: who may do
//! what, and what is valid, is decided below.
//!
//! Reading order: [`Server`] here, then `routes` (what there is), `layers` (what happens around
//! every request), `endpoint` (the wall between scripts and browsers), `api` (the rest).

mod api;
mod auth;
mod client;
mod config;
mod endpoint;
mod input;
mod layers;
mod listener;
mod login_limit;
mod operations;
mod patient;
mod problem;
mod raw_json;
mod refusal;
mod request_id;
mod routes;
mod state;
mod strict_json;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use scriptorium::Platform;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::Config;
pub use ipnet::IpNet;
pub use routes::openapi;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// That address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that listens and does not yet answer.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    config: Arc<Config>,
    closing: CancellationToken,
}

impl Server {
    /// Listens on the configured address.
    ///
    /// # Errors
    /// The address is taken, or not this machine's.
    pub async fn bind(config: Config, platform: Platform) -> Result<Self, Error> {
        let failed = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let config = Arc::new(config);
        let closing = CancellationToken::new();
        let metrics = operations::recorder();
        let app = state::App::new(platform, Arc::clone(&config), closing.clone(), metrics);
        Ok(Self {
            listener,
            address,
            router: routes::router(app),
            config,
            closing,
        })
    }

    /// Where it listens; tells the port when the configured one was 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` ends, then lets requests in flight end within the drain deadline
    /// and cuts off what is left. The platform stays up: its owner shuts it down afterwards.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let closing = self.closing.clone();
        let serving = listener::serve(self.listener, self.router, &self.config, closing.clone());
        tokio::pin!(serving);
        tokio::select! {
            () = &mut serving => {}
            () = shutdown => {
                closing.cancel();
                serving.await;
            }
        }
    }
}
