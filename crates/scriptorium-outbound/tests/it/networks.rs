//! What an operator opens and closes, and what a tenant leaves out.

use std::net::SocketAddr;

use scriptorium_outbound::{HostPattern, IpNet, Method, Policy, Request, Rules};
use uuid::Uuid;

use crate::server::{Server, Table, answer, client};

#[track_caller]
fn check(policy: Policy, url: &str, open: bool) {
    let checked = client(policy, Table::of(&[])).check(&Rules::default(), url);
    assert_eq!(checked.is_ok(), open, "{url}: {checked:?}");
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

#[test]
fn a_private_network_is_opened_and_no_more() {
    let policy = || {
        Policy::default()
            .open([net("10.1.0.0/16"), net("fd00::/16")])
            .unwrap()
    };
    for (url, open) in [
        ("http://10.1.2.3/", true),
        ("http://10.1.255.255:8080/", true),
        ("http://[fd00:1::5]/", true),
        ("http://10.1.2.3:22/", false),
        ("http://10.1.2.3:5432/", false),
        ("http://10.2.0.1/", false),
        ("http://10.0.255.255/", false),
        ("http://127.0.0.1/", false),
        ("http://169.254.169.254/", false),
        ("http://[fd00:ec2::254]/", false),
        ("http://[::ffff:10.1.2.3]/", false),
        ("http://[::ffff:a01:203]/", false),
        ("http://[64:ff9b::a01:203]/", false),
        ("http://[2002:a01:203::]/", false),
        ("http://167838211/", false),
        ("http://0xa.1.2.3/", false),
        ("http://10.1.515/", false),
    ] {
        check(policy(), url, open);
    }
    let provider = Policy::default().open([net("100.64.0.0/10")]).unwrap();
    check(provider.clone(), "http://100.64.0.1/", true);
    check(provider, "http://100.100.100.200/", false);
}

#[test]
fn only_private_networks_can_be_opened() {
    for text in [
        "127.0.0.0/8",
        "0.0.0.0/0",
        "169.254.0.0/16",
        "10.0.0.0/7",
        "8.8.8.0/24",
        "::/0",
        "::1/128",
        "fe80::/10",
        "fc00::/6",
        "::ffff:10.0.0.0/104",
        "224.0.0.0/4",
        "168.63.129.16/32",
    ] {
        let error = Policy::default().open([net(text)]).unwrap_err();
        assert!(
            error.to_string().starts_with("http_networks must be"),
            "{text}: {error}"
        );
    }
}

#[test]
fn what_is_closed_is_closed_first() {
    let policy = Policy::default()
        .allow(["10.0.0.5:80".parse().unwrap()])
        .open([net("10.0.0.0/8")])
        .unwrap()
        .deny([net("10.0.0.0/24"), net("93.184.216.0/24")]);
    check(policy.clone(), "http://10.0.0.5/", false);
    check(policy.clone(), "http://10.0.1.5/", true);
    check(policy.clone(), "http://93.184.216.34/", false);
    check(policy, "http://8.8.8.8/", true);
}

/// Of its own addresses this machine has one at least; where it has a private one, opening that network does
/// not open the machine.
#[test]
fn an_opened_network_does_not_open_this_machine() {
    // The address that this machine would write to the network from. Nothing is sent.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket
        .connect("10.255.255.254:9")
        .and_then(|()| socket.local_addr())
        .map(|address| address.ip());
    let Ok(std::net::IpAddr::V4(own)) = own else {
        return;
    };
    let network = IpNet::new(own.into(), 24).unwrap();
    let Ok(policy) = Policy::default().open([network]) else {
        return;
    };
    check(policy, &format!("http://{own}:8080/"), false);
}

#[test]
fn a_tenant_leaves_hosts_out() {
    let patterns = |texts: &[&str]| -> Vec<HostPattern> {
        texts
            .iter()
            .map(|text| HostPattern::parse(text).unwrap())
            .collect()
    };
    let rules = Rules {
        only: Some(patterns(&[
            "api.example.com",
            "*.bank.example",
            "8.8.8.8",
            "münchen.example",
            "127.0.0.1",
        ])),
        never: patterns(&["old.bank.example"]),
    };
    let outbound = client(Policy::default(), Table::of(&[]));
    for (url, open) in [
        ("https://api.example.com/", true),
        ("https://API.example.com/", true),
        ("https://a.bank.example/", true),
        ("https://a.b.bank.example/", true),
        ("https://MÜNCHEN.example/", true),
        ("https://xn--mnchen-3ya.example/", true),
        ("https://8.8.8.8/", true),
        ("https://bank.example/", false),
        ("https://old.bank.example/", false),
        ("https://evilbank.example/", false),
        ("https://api.example.com.evil.example/", false),
        ("https://xapi.example.com/", false),
        ("https://8.8.4.4/", false),
        // A list opens nothing.
        ("http://127.0.0.1/", false),
    ] {
        let checked = outbound.check(&rules, url);
        assert_eq!(checked.is_ok(), open, "{url}: {checked:?}");
    }
    for text in [
        "",
        "*",
        "*.",
        "a b",
        "http://a.example",
        "a.example/",
        "a.example:80",
        "*.8.8.8.8",
        "127.1",
        "*.*.example",
        "a.example.",
    ] {
        assert!(HostPattern::parse(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_tenants_rules_hold_after_a_redirect() {
    let other = Server::start(|_| answer("200 OK", "", b"reached")).await;
    let to = format!(
        "location: http://b.example.com:{}/\r\n",
        other.address.port()
    );
    let first = Server::start(move |_| answer("302 Found", &to, b"")).await;
    let addresses: [SocketAddr; 2] = [first.address, other.address];
    let names = Table::of(&[
        ("a.example.com", "127.0.0.1"),
        ("b.example.com", "127.0.0.1"),
    ]);
    let outbound = client(Policy::closed().allow(addresses), names);
    let send = async |only: Option<&str>| {
        let url = format!("http://a.example.com:{}/", first.address.port());
        let mut request = Request::new(Uuid::nil(), Method::GET, url);
        let only = only.map(|text| vec![HostPattern::parse(text).unwrap()]);
        request.rules = std::sync::Arc::new(Rules {
            only,
            never: Vec::new(),
        });
        outbound
            .send(request)
            .await
            .map(|response| response.status.as_u16())
    };
    assert_eq!(send(None).await.unwrap(), 200);
    assert_eq!(send(Some("*.example.com")).await.unwrap(), 200);
    assert_eq!(
        send(Some("a.example.com")).await.unwrap_err().code(),
        "SSRF_BLOCKED"
    );
    assert_eq!(other.asked().len(), 2);
}
