//! What the operator and the tenant say about where requests may go.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::address;
use crate::error::{Blocked, Error, SetupError};

/// Ports of 1024 and more that belong to services of a network's inside: nothing that speaks HTTP to
/// strangers listens there.
const INNER_PORTS: [u16; 23] = [
    1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 5900, 5984, 6000, 6379, 6667,
    9042, 9092, 9200, 9300, 10250, 11211, 27017,
];

/// Where requests may go, as the operator says: the same for every tenant. By default to every address
/// outside, on the ports 80, 443 and from 1024 except those of databases and the like.
#[derive(Clone, Debug)]
pub struct Policy {
    public: bool,
    addresses: Vec<SocketAddr>,
    networks: Vec<IpNet>,
    denied: Vec<IpNet>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            public: true,
            addresses: Vec::new(),
            networks: Vec::new(),
            denied: Vec::new(),
        }
    }
}

impl Policy {
    /// Nothing is open but what is opened.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            public: false,
            ..Self::default()
        }
    }

    /// Opens or closes the outside as a whole.
    #[must_use]
    pub fn public(mut self, public: bool) -> Self {
        self.public = public;
        self
    }

    /// Opens single addresses with their ports, wherever they are: also on this machine.
    #[must_use]
    pub fn allow(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.addresses.extend(addresses);
        self
    }

    /// Opens private networks. What is loopback, link-local or a cloud's metadata service stays closed.
    ///
    /// # Errors
    /// When one of them is not private as a whole.
    pub fn open(mut self, networks: impl IntoIterator<Item = IpNet>) -> Result<Self, SetupError> {
        for network in networks {
            let network = network.trunc();
            if !address::may_be_opened(&network) {
                return Err(SetupError::Setting {
                    field: "http_networks",
                    expectation: format!(
                        "must be parts of 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7, not {network}"
                    ),
                });
            }
            self.networks.push(network);
        }
        Ok(self)
    }

    /// Closes further networks, such as one's own public addresses. It comes before what is opened.
    #[must_use]
    pub fn deny(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.denied.extend(networks);
        self
    }

    /// Whether there may be an address behind a name to which a connection by this port may be made.
    pub(crate) fn knows_port(&self, port: u16) -> bool {
        is_open_port(port) || self.addresses.iter().any(|address| address.port() == port)
    }

    /// Whether a connection to an address may be made. It is asked about every address right before it is
    /// dialled, whatever name led there.
    ///
    /// # Errors
    /// The reason, for the operator: who asked is told the same whatever it is (P2.3).
    pub fn permits(&self, to: SocketAddr) -> Result<(), &'static str> {
        let ip = to.ip();
        if self.denied.iter().any(|network| network.contains(&ip)) {
            return Err("the operator closed it");
        }
        if self.addresses.contains(&to) {
            return Ok(());
        }
        if !is_open_port(to.port()) {
            return Err("the port");
        }
        if self.networks.iter().any(|network| network.contains(&ip)) {
            if address::is_metadata(ip) {
                return Err("a cloud's metadata");
            }
        } else {
            if !self.public {
                return Err("only listed addresses are open");
            }
            if let Some(what) = address::special(ip) {
                return Err(what);
            }
        }
        // This machine listens on more than what is meant for scripts, also on its public addresses.
        if address::is_own(ip) {
            return Err("this machine's own");
        }
        Ok(())
    }
}

fn is_open_port(port: u16) -> bool {
    matches!(port, 80 | 443 | 1024..) && !INNER_PORTS.contains(&port)
}

/// What a tenant says about where its own requests go. It only restricts: what the operator's [`Policy`]
/// closes stays closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The only hosts, when there is a list. Default: all.
    pub only: Option<Vec<HostPattern>>,
    /// Hosts that are left out.
    pub never: Vec<HostPattern>,
}

impl Rules {
    /// # Errors
    /// When the host is left out.
    pub(crate) fn check(&self, host: &str) -> Result<(), Error> {
        let listed = |list: &Vec<HostPattern>| list.iter().any(|pattern| pattern.matches(host));
        if self.only.as_ref().is_none_or(listed) && !listed(&self.never) {
            return Ok(());
        }
        Err(Error::Blocked(Blocked::Host {
            host: host.to_owned(),
        }))
    }
}

/// A host, or everything below one: `api.example.com`, `*.example.com`, `192.0.2.7`. Names are compared in
/// their canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    below: bool,
}

impl HostPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTATION: &str =
            "must be a host such as api.example.com, *.example.com or 192.0.2.7";
        let (name, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let host = url::Host::parse(name).map_err(|_| EXPECTATION)?;
        let plain = match &host {
            url::Host::Domain(domain) => !domain.ends_with('.') && !domain.contains('*'),
            _ => !below && host.to_string() == name,
        };
        if !plain {
            return Err(EXPECTATION);
        }
        Ok(Self {
            name: host.to_string(),
            below,
        })
    }

    /// Whether a host, as [`url::Url`] spells it, is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        if !self.below {
            return host == self.name;
        }
        host.strip_suffix(&self.name)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(out, "{star}{}", self.name)
    }
}

/// What an address is called beside its port.
pub(crate) fn spelled(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
