//! The one place where a socket is opened for a tenant. What is dialled is a socket address that was checked
//! right before, whoever named it: the client asks no resolver for a host that is an address, so a check in
//! the resolver would not see those.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::Service;

use crate::destination::{check_name, is_inner};
use crate::error::{Blocked, Error};
use crate::policy::Policy;
use crate::resolve::{Answer, Resolve};
use crate::tenant::Lookups;

/// How long a connection may take to come about, looking up included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one of several addresses may take.
const ONE_ADDRESS: Duration = Duration::from_secs(3);
/// How long looking up may take.
const LOOKUP: Duration = Duration::from_secs(5);
/// Most addresses of one name.
const ADDRESSES: usize = 64;
/// Most of them that are tried.
const TRIED: usize = 4;

/// Makes connections for one tenant.
#[derive(Clone)]
pub(crate) struct Dialer {
    pub(crate) policy: Arc<Policy>,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) lookups: Arc<Lookups>,
}

/// An address that a connection may be made to: only [`Dialer::checked`] makes one.
#[derive(Clone, Copy)]
struct Checked(SocketAddr);

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default();
            let port = uri.port_u16().unwrap_or_else(|| default_port(&uri));
            let shown = format!("{host}:{port}");
            let connecting = this.connect(host, port, &shown);
            timeout(CONNECT, connecting)
                .await
                .unwrap_or(Err(Error::Unreachable {
                    host: shown.clone(),
                }))
        })
    }
}

fn default_port(uri: &Uri) -> u16 {
    if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    }
}

impl Dialer {
    async fn connect(
        &self,
        host: &str,
        port: u16,
        shown: &str,
    ) -> Result<TokioIo<TcpStream>, Error> {
        let addresses = match literal(host) {
            Some(address) => vec![address],
            None => self.look_up(host, shown).await?,
        };
        let checked = self.checked(&addresses, port, shown)?;
        for Checked(address) in checked.into_iter().take(TRIED) {
            let Ok(Ok(stream)) = timeout(ONE_ADDRESS, TcpStream::connect(address)).await else {
                continue;
            };
            // A tripwire: nothing between here and there may turn the connection elsewhere.
            if stream.peer_addr().ok() != Some(address) {
                tracing::error!(%address, peer = ?stream.peer_addr(), "a connection went astray");
                return Err(blocked(shown));
            }
            // Only a matter of speed.
            let _ = stream.set_nodelay(true);
            return Ok(TokioIo::new(stream));
        }
        Err(Error::Unreachable {
            host: shown.to_owned(),
        })
    }

    /// All of them, or none: a name that also leads inside leads nowhere.
    fn checked(&self, addresses: &[IpAddr], port: u16, shown: &str) -> Result<Vec<Checked>, Error> {
        let check = |ip: &IpAddr| {
            let address = SocketAddr::new(*ip, port);
            match self.policy.permits(address) {
                Ok(()) => Ok(Checked(address)),
                Err(reason) => {
                    tracing::warn!(tenant = %self.lookups.tenant, host = shown, %address, reason, "a request was blocked");
                    Err(blocked(shown))
                }
            }
        };
        addresses.iter().map(check).collect()
    }

    async fn look_up(&self, name: &str, shown: &str) -> Result<Vec<IpAddr>, Error> {
        // The caller has looked at the name; whatever else comes by here is not looked up either.
        check_name(name)?;
        let unresolved = || Error::Unresolved {
            host: name.to_owned(),
        };
        let _turn = self.lookups.turn().await?;
        let asked = timeout(LOOKUP, self.resolver.resolve(name)).await;
        let answer = asked.ok().and_then(Result::ok).ok_or_else(unresolved)?;
        let Answer {
            mut addresses,
            names,
        } = answer;
        if names.iter().any(|name| is_inner(name)) {
            tracing::warn!(tenant = %self.lookups.tenant, host = shown, ?names, "a request was blocked: a name of the inside");
            return Err(blocked(shown));
        }
        if addresses.is_empty() || addresses.len() > ADDRESSES {
            return Err(unresolved());
        }
        // Not every network has a way out by IPv6, while nearly every host is on IPv4.
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.dedup();
        Ok(addresses)
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

fn blocked(shown: &str) -> Error {
    Error::Blocked(Blocked::Address {
        host: shown.to_owned(),
    })
}
