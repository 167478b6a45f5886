//! The URL of a request, read once, and refused when another reader might read it differently.

use std::net::IpAddr;

use http::Uri;
use url::{Host, Url};

use crate::error::Error;
use crate::policy::{Rules, spelled};

/// Most bytes of a URL.
pub(crate) const URL_BYTES: usize = 8 << 10;
/// Most bytes of a name in DNS.
const NAME_BYTES: usize = 253;
/// Most bytes of one part of a name.
const LABEL_BYTES: usize = 63;

/// Names that never mean somebody on the outside: special-use names of RFC 6761 and its followers, and
/// those that clouds and networks use for themselves.
const INNER_NAMES: [&str; 14] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "invalid",
    "onion",
];

/// Where one request goes, as far as its URL tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// As every part of the client reads it.
    pub(crate) uri: Uri,
    pub(crate) url: Url,
    /// An address that the URL names; `None` for a name.
    pub(crate) literal: Option<IpAddr>,
    /// Host and port, for people.
    pub(crate) shown: String,
}

impl Destination {
    /// Reads a URL that somebody wrote.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        if text.len() > URL_BYTES {
            return Err(Error::invalid(
                "url",
                format!("must have at most {URL_BYTES} bytes"),
            ));
        }
        let url = Url::parse(text)
            .map_err(|error| Error::invalid("url", format!("is not a URL: {error}")))?;
        plainly_written(text, &url)?;
        Self::check(url)
    }

    /// Where a redirect leads that came in the answer from here.
    pub(crate) fn follow(&self, location: &str) -> Result<Self, Error> {
        if location.len() > URL_BYTES {
            return Err(Error::url("a redirect leads to a URL that is too long"));
        }
        if location.contains(['\\', '\t', '\n', '\r']) || location.starts_with(' ') {
            return Err(Error::url(
                "a redirect leads to a URL that is not written plainly",
            ));
        }
        let url = self
            .url
            .join(location)
            .map_err(|_| Error::url("a redirect leads to what is not a URL"))?;
        // What has a scheme, or a host, is read like what a person wrote.
        let scheme = location.split_once(':').map(|(scheme, _)| scheme);
        if scheme.is_some_and(is_scheme) {
            plainly_written(location, &url)?;
        } else if let Some(rest) = location.strip_prefix("//") {
            plainly_written(&format!("{}://{rest}", self.url.scheme()), &url)?;
        }
        Self::check(url)
    }

    fn check(mut url: Url) -> Result<Self, Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::url(format!(
                "requests go by http and https, not by {}",
                shortened(url.scheme())
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::url("a URL with a user or password is not allowed"));
        }
        url.set_fragment(None);
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(name)) => {
                check_name(name)?;
                None
            }
            None => return Err(Error::invalid("url", "must name a host")),
        };
        let uri: Uri = url
            .as_str()
            .parse()
            .map_err(|_| Error::url("the URL is not written plainly"))?;
        // Another parser decides what is dialled, proven by TLS and written into `Host`.
        let same = uri.host() == url.host_str()
            && uri.port_u16() == url.port()
            && uri.scheme_str() == Some(url.scheme());
        if !same {
            return Err(Error::url("the URL is not written plainly"));
        }
        let port = url.port_or_known_default().unwrap_or(0);
        let shown = format!("{}:{port}", shortened(url.host_str().unwrap_or_default()));
        Ok(Self {
            uri,
            url,
            literal,
            shown,
        })
    }

    /// Whether a tenant's rules let a request go there.
    pub(crate) fn within(&self, rules: &Rules) -> Result<(), Error> {
        rules.check(self.url.host_str().unwrap_or_default())
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(0)
    }

    /// Scheme, host and port: what headers are meant for.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// Whether a text is scheme, host and port as requests are compared with them: `https://api.example.com`,
/// without the scheme's own port.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    Destination::read(text).is_ok_and(|read| read.origin() == text)
}

/// The browsers' parser forgives much. Whatever it had to forgive before the path, another reader may take
/// for another host.
fn plainly_written(text: &str, url: &Url) -> Result<(), Error> {
    let refused = || Error::url("the URL is not written plainly: scheme://host:port/path");
    let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case(url.scheme()) {
        return Err(refused());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '%');
    if authority.is_empty() || authority.ends_with(':') {
        return Err(refused());
    }
    if authority.contains(odd) || rest.contains(['\t', '\n', '\r']) {
        return Err(refused());
    }
    if authority.contains('@') {
        return Err(Error::url("a URL with a user or password is not allowed"));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        _ => None,
    };
    let Some(ip) = literal else {
        return Ok(());
    };
    // 2130706433, 0x7f.1, 127.1 and [::ffff:127.0.0.1] mean an address, too. Whoever spells it so is not up
    // to anything that we want to support.
    let host = spelled(ip);
    let port = url.port_or_known_default().unwrap_or(0);
    if authority == host || authority == format!("{host}:{port}") {
        return Ok(());
    }
    Err(Error::url(format!(
        "write the address as {}://{host}:{port}/…",
        url.scheme()
    )))
}

/// Whether a name may be looked up at all. The parser has made it lower-case ASCII.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if is_inner(name) {
        return Err(Error::Blocked(crate::error::Blocked::Address {
            host: shortened(name),
        }));
    }
    let label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !label.is_empty() && label.len() <= LABEL_BYTES && label.chars().all(plain)
    };
    if name.len() > NAME_BYTES || !name.split('.').all(label) {
        return Err(Error::url(format!(
            "{} is not the name of a host",
            shortened(name)
        )));
    }
    Ok(())
}

/// Whether a name means something of a network's inside: such a name, or a single word, which a resolver
/// would complete.
pub(crate) fn is_inner(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let below = |suffix: &&str| {
        name.strip_suffix(*suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    !name.contains('.') || INNER_NAMES.iter().any(below)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// For messages: nobody reads more of a host.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
