//! Where a script's request may go: the operator's addresses in their one spelling.

use std::net::{IpAddr, SocketAddr};

use scriptorium_engine::HostError;
use url::{Host, Url};

use crate::capabilities::invalid;

/// The parsed address of a request and where it leads, if that is on the list.
pub(super) fn check(text: &str, allow: &[SocketAddr]) -> Result<(Url, SocketAddr), HostError> {
    let url = Url::parse(text).map_err(|error| invalid("url", format!("is not a URL: {error}")))?;
    if url.scheme() != "http" {
        return Err(blocked(format!(
            "{}: requests are not allowed",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(blocked(
            "a URL with a user or password is not allowed".to_owned(),
        ));
    }
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        Some(Host::Domain(name)) => {
            let name: String = name.chars().take(100).collect();
            return Err(blocked(format!(
                "{name} is a name, and names are not looked up"
            )));
        }
        None => return Err(invalid("url", "must name a host")),
    };
    let address = SocketAddr::new(ip, url.port_or_known_default().unwrap_or(80));
    if !allow.contains(&address) {
        return Err(blocked(format!("{address} is not an allowed address")));
    }
    // The parser understands 2130706433, 0x7f.1 and 127.1 too. They lead to the same place, but a
    // script that spells an address so is not up to anything we want to support.
    if !is_plain(text, address) {
        return Err(blocked(format!("write the address as http://{address}/…")));
    }
    Ok((url, address))
}

/// Where a refused URL would have led, as the audit trail names it: without user, password, path
/// and query, which may hold what nobody should read there.
pub(super) fn destination(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return String::new();
    };
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

fn is_plain(text: &str, address: SocketAddr) -> bool {
    let mut spellings = vec![format!("http://{address}")];
    if address.port() == 80 {
        let host = match address.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        spellings.push(format!("http://{host}"));
    }
    spellings.iter().any(|start| {
        text.strip_prefix(start.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    })
}

fn blocked(reason: String) -> HostError {
    let hint = "the operator allows addresses with --http-allow ADDRESS:PORT";
    HostError {
        field: Some("url".into()),
        ..HostError::new("SSRF_BLOCKED", format!("{reason}; {hint}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow() -> Vec<SocketAddr> {
        ["127.0.0.1:8081", "10.0.0.5:80", "[::1]:9000"]
            .map(|text| text.parse().unwrap())
            .to_vec()
    }

    #[track_caller]
    fn check_allowed(text: &str, leads_to: &str) {
        let (_, address) = check(text, &allow()).unwrap();
        assert_eq!(address, leads_to.parse().unwrap(), "{text}");
    }

    #[track_caller]
    fn check_blocked(text: &str) {
        let error = check(text, &allow()).unwrap_err();
        assert!(
            ["SSRF_BLOCKED", "VALIDATION_ERROR"].contains(&error.code.as_str()),
            "{text}"
        );
    }

    #[test]
    fn the_trail_names_a_destination_without_secrets() {
        let named = destination("http://ada:secret@169.254.169.254:81/token?key=secret");
        assert_eq!(named, "http://169.254.169.254:81");
        assert_eq!(destination("http://0x7f.1/"), "http://127.0.0.1");
        assert_eq!(destination("nonsense"), "");
    }

    #[test]
    fn listed_addresses_are_reached() {
        check_allowed("http://127.0.0.1:8081", "127.0.0.1:8081");
        check_allowed("http://127.0.0.1:8081/a?b#c", "127.0.0.1:8081");
        check_allowed("http://10.0.0.5/a", "10.0.0.5:80");
        check_allowed("http://10.0.0.5:80/a", "10.0.0.5:80");
        check_allowed("http://[::1]:9000/a", "[::1]:9000");
    }

    #[test]
    fn everything_else_is_blocked() {
        for text in [
            "http://127.0.0.1/",
            "http://127.0.0.1:8082/",
            "https://127.0.0.1:8081/",
            "ftp://127.0.0.1:8081/",
            "file:///etc/passwd",
            "http://localhost:8081/",
            "http://localtest.me:8081/",
            "http://2130706433:8081/",
            "http://0x7f000001:8081/",
            "http://0177.0.0.1:8081/",
            "http://127.1:8081/",
            "http://127.0.0.1.:8081/",
            "http://[::ffff:127.0.0.1]:8081/",
            "http://[::ffff:7f00:1]:8081/",
            "http://[0:0:0:0:0:0:0:1]:9000/",
            "http://user@127.0.0.1:8081/",
            "http://127.0.0.1:8081@evil.example/",
            "http://evil.example#127.0.0.1:8081/",
            "http://127.0.0.1:8081\\@evil.example/",
            "http://１２７.0.0.1:8081/",
            "http:127.0.0.1:8081/",
            "http:/127.0.0.1:8081/",
            "http://127.0.0.1\t:8081/",
            " http://127.0.0.1:8081/",
            "HTTP://127.0.0.1:8081/",
            "http://169.254.169.254/",
            "",
        ] {
            check_blocked(text);
        }
    }

    #[test]
    fn without_a_list_nothing_is_reached() {
        assert_eq!(
            check("http://127.0.0.1:8081/", &[]).unwrap_err().code,
            "SSRF_BLOCKED"
        );
    }
}
