//! What an operator can say about the server. Not where it is said: flags, environment and files
//! are the command's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

/// Settings of a [`crate::Server`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The address users see, when it differs from `listen`. Over `https` the session cookie is
    /// `Secure` and bound to the host, and browsers are told to stay on https.
    pub public_url: Option<Url>,
    /// Peers whose `X-Forwarded-For` is believed. Nobody's by default.
    pub trusted_proxies: Vec<IpNet>,
    /// How long the head of a request may take, and how long a connection may stay without a
    /// request. Default 10 s.
    pub header_timeout: Duration,
    /// How long the body of a request may take. Default 30 s.
    pub body_timeout: Duration,
    /// How long an answer may stand still because its client does not read: each kilobyte that it
    /// takes gives back a second. Default 30 s.
    pub write_patience: Duration,
    /// How many connections are served at once; further ones wait to be accepted. Default 4,096.
    pub max_connections: usize,
    /// How long requests in flight may go on after shutdown has begun. Default 20 s.
    pub drain: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_patience: Duration::from_secs(30),
            max_connections: 4_096,
            drain: Duration::from_secs(20),
        }
    }
}

impl Config {
    /// Whether users reach the server over https.
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }

    /// The session cookie: over https the browser itself binds `__Host-` names to the host.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.is_https() {
            HOST_COOKIE
        } else {
            PLAIN_COOKIE
        }
    }

    /// Whether a peer's word on whom it speaks for is believed.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }
}

const HOST_COOKIE: &str = "__Host-scriptorium";
const PLAIN_COOKIE: &str = "scriptorium";

/// Whether a cookie of this name is ours, in either spelling. Browsers compare the prefix without
/// regard to case.
pub(crate) fn is_own_cookie(name: &str) -> bool {
    [HOST_COOKIE, PLAIN_COOKIE]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
}
