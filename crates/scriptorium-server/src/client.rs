//! Who is at the other end of a request: the peer, or whom a trusted proxy speaks for (WEB-46).

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{Extensions, HeaderMap};
use scriptorium::model::{Origin, audit};

use crate::config::Config;
use crate::request_id::RequestId;

/// The address of the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The address of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// Its address, an IPv4 one in that form.
    pub(crate) ip: IpAddr,
    /// Whether the request came straight from this machine, through no proxy at all.
    pub(crate) is_local: bool,
}

const FORWARDED_FOR: &str = "x-forwarded-for";

impl Client {
    /// The client of a request. Of the addresses a chain of proxies has noted, the last one that
    /// no trusted proxy has is the client; whatever is left of it is hearsay.
    pub(crate) fn of(peer: SocketAddr, headers: &HeaderMap, config: &Config) -> Self {
        let peer = peer.ip().to_canonical();
        let proxied = headers.contains_key(FORWARDED_FOR) || headers.contains_key("forwarded");
        let direct = Self {
            ip: peer,
            is_local: peer.is_loopback() && !proxied,
        };
        if !config.trusts(peer) {
            return direct;
        }
        let values = headers.get_all(FORWARDED_FOR).iter();
        let mut noted: Vec<&str> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let mut ip = peer;
        while let Some(address) = noted
            .pop()
            .and_then(|text| text.trim().parse::<IpAddr>().ok())
        {
            ip = address.to_canonical();
            if !config.trusts(ip) {
                break;
            }
        }
        Self { ip, ..direct }
    }
}

/// Where a request came from; for operations without a caller.
pub(crate) struct CameFrom(pub(crate) Origin);

impl<S: Sync> FromRequestParts<S> for CameFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(origin(&parts.headers, &parts.extensions)))
    }
}

/// Where a request came from, for the audit trail.
pub(crate) fn origin(headers: &HeaderMap, extensions: &Extensions) -> Origin {
    let user_agent = headers.get(USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let id = extensions.get::<RequestId>();
    Origin {
        address: extensions.get::<Client>().map(|client| client.ip),
        user_agent: user_agent.map(|text| audit::cut(&text, audit::USER_AGENT_CHARS)),
        request_id: id.map(|RequestId(id)| id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, forwarded: &[&str], ip: &str, is_local: bool) {
        let config = Config {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Config::default()
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let client = Client::of(SocketAddr::new(peer.parse().unwrap(), 1), &headers, &config);
        let ip = ip.parse().unwrap();
        assert_eq!(client, Client { ip, is_local }, "{peer} {forwarded:?}");
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_another() {
        check("192.0.2.1", &[], "192.0.2.1", false);
        check("192.0.2.1", &["198.51.100.1"], "192.0.2.1", false);
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1", false);
        check(
            "10.0.0.1",
            &["203.0.113.9, 198.51.100.1"],
            "198.51.100.1",
            false,
        );
        check(
            "10.0.0.1",
            &["203.0.113.9", "198.51.100.1, 10.0.0.2"],
            "198.51.100.1",
            false,
        );
        check("10.0.0.1", &["nonsense"], "10.0.0.1", false);
        check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1", false);
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_make_its_clients_local() {
        check("127.0.0.1", &[], "127.0.0.1", true);
        check("::1", &[], "::1", true);
        check("127.0.0.1", &["127.0.0.1"], "127.0.0.1", false);
    }
}
