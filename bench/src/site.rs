//! The whole server on the loopback: every execution is recorded and on disk before its answer.

use std::net::SocketAddr;

use anyhow::Result;
use scriptorium::Builder;
use scriptorium::model::endpoint::Method;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium_server::{Config, Server};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::platform::{World, runtime};

/// A server that runs.
pub(crate) struct Site {
    pub(crate) runtime: Runtime,
    pub(crate) world: World,
    pub(crate) address: SocketAddr,
    /// Dropping it stops the server as well.
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Site {
    pub(crate) fn start() -> Result<Self> {
        Self::with(|builder| builder)
    }

    /// The same with something said otherwise.
    pub(crate) fn with(more: impl FnOnce(Builder) -> Builder) -> Result<Self> {
        let runtime = runtime()?;
        let world = runtime.block_on(World::with(more))?;
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Config::default()
        };
        let server = runtime.block_on(Server::bind(config, world.platform.clone()))?;
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(server.run(async {
            // An error says that the site is gone, as a message would.
            let _ = stopped.await;
        }));
        Ok(Self {
            runtime,
            world,
            address,
            stop,
            serving,
        })
    }

    pub(crate) fn stop(self) -> Result<()> {
        let Self {
            runtime,
            world,
            stop,
            serving,
            ..
        } = self;
        drop(stop);
        runtime.block_on(async {
            let served_to_the_end = serving.await;
            world.stop().await;
            Ok(served_to_the_end?)
        })
    }
}

/// An endpoint that anybody may `GET`.
pub(crate) fn endpoint(path: &str) -> Trigger {
    Trigger::Http(Endpoint::new(path, &[Method::Get], EndpointAuth::Public))
}
