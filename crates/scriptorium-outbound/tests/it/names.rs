//! Names that lie: what a hostile name server says must not lead inside.

use std::sync::Arc;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use scriptorium_outbound::{Method, Outbound, Policy, Request, Servers};
use uuid::Uuid;

use crate::server::{Server, Table, answer, client, name_server};
use crate::zone::{Question, Said, Zone, address, alias};

/// A client that asks a zone, to which one server is open, and the outside.
fn asking(zone: &Zone, server: &Server) -> Outbound {
    let policy = Policy::default().allow([server.address]);
    client(
        policy,
        Arc::new(Servers::new(vec![name_server(zone.address)])),
    )
}

async fn code(outbound: &Outbound, server: &Server, name: &str) -> Result<u16, &'static str> {
    let url = format!("http://{name}.example.com:{}/", server.address.port());
    let sent = outbound
        .send(Request::new(Uuid::nil(), Method::GET, url))
        .await;
    sent.map(|answer| answer.status.as_u16())
        .map_err(|error| error.code())
}

/// An answer with an address for IPv4 and one for IPv6, each perhaps missing.
fn both(question: &Question, v4: &[&str], v6: &[&str]) -> Said {
    let given = match question.kind {
        RecordType::A => v4,
        RecordType::AAAA => v6,
        _ => &[],
    };
    let record = |text: &&str| (question.name.clone(), address(text));
    Said::Records(given.iter().map(record).collect())
}

fn lies(question: &Question) -> Said {
    let name = question.name.as_str();
    let records = |list: &[(&str, &str)]| {
        let is_v4 = question.kind == RecordType::A;
        let read = |(of, text): &(&str, &str)| match text.parse::<std::net::IpAddr>() {
            Ok(ip) => (ip.is_ipv4() == is_v4).then(|| ((*of).to_owned(), address(text))),
            Err(_) => Some(((*of).to_owned(), alias(text))),
        };
        Said::Records(list.iter().filter_map(read).collect())
    };
    match name.split('.').next().unwrap() {
        "plain" => both(question, &["127.0.0.1"], &[]),
        "metadata" => both(question, &["169.254.169.254"], &[]),
        "private" => both(question, &["10.0.0.1"], &[]),
        "this" => both(question, &["0.0.0.0"], &[]),
        "unspecified" => both(question, &[], &["::"]),
        "mapped" => both(question, &[], &["::ffff:127.0.0.1"]),
        "translated" => both(question, &[], &["64:ff9b::7f00:1"]),
        "unique" => both(question, &["127.0.0.1"], &["fd00::1"]),
        "mixed" => both(question, &["127.0.0.1", "10.0.0.1"], &[]),
        "last" => both(
            question,
            &["127.0.0.1", "93.184.216.34", "192.168.0.1"],
            &[],
        ),
        // Only the second lookup would be told the truth.
        "rebinding" => {
            let first = question.before == 0;
            both(
                question,
                if first { &["127.0.0.1"] } else { &["10.0.0.1"] },
                &[],
            )
        }
        "many" => {
            // More than fit into a message of UDP: as many as one of TCP takes.
            if !question.whole {
                return Said::Truncated;
            }
            let record = |i: u32| {
                (
                    name.to_owned(),
                    address(&format!("93.184.{}.{}", i / 250, i % 250 + 1)),
                )
            };
            match question.kind {
                RecordType::A => Said::Records((0..2_000).map(record).collect()),
                _ => Said::Records(Vec::new()),
            }
        }
        "truncated" if !question.whole => Said::Truncated,
        "truncated" => both(question, &["127.0.0.1"], &[]),
        "localhost" => records(&[(name, "localhost")]),
        "internal" => records(&[(name, "db.internal"), ("db.internal", "127.0.0.1")]),
        "word" => records(&[(name, "intranet"), ("intranet", "127.0.0.1")]),
        "alias" => records(&[
            (name, "plain.example.com"),
            ("plain.example.com", "127.0.0.1"),
        ]),
        "inner-alias" => records(&[
            (name, "private.example.com"),
            ("private.example.com", "10.0.0.1"),
        ]),
        "loop" => records(&[(name, "pool.example.com"), ("pool.example.com", name)]),
        chain if chain.starts_with("chain") => {
            let number: u32 = chain[5..].parse().unwrap();
            records(&[(name, &format!("chain{}.example.com", number + 1))])
        }
        "other" => records(&[("another.example.org", "127.0.0.1")]),
        "other-inside" => records(&[(name, "127.0.0.1"), ("another.example.org", "10.0.0.1")]),
        "shouting" => records(&[(&name.to_ascii_uppercase(), "127.0.0.1")]),
        "broken" => Said::Code(ResponseCode::ServFail),
        "later" if question.before == 0 && question.kind == RecordType::A => {
            Said::Code(ResponseCode::ServFail)
        }
        "later" => both(question, &["127.0.0.1"], &[]),
        "half" if question.kind == RecordType::AAAA => Said::Code(ResponseCode::ServFail),
        "half" => both(question, &["127.0.0.1"], &[]),
        "noise" => Said::Noise,
        "silent" => Said::Silence,
        "refused" => Said::Code(ResponseCode::Refused),
        _ => Said::Code(ResponseCode::NXDomain),
    }
}

#[tokio::test]
async fn a_hostile_name_server_leads_nowhere_inside() {
    let zone = Zone::start(lies).await;
    let server = Server::start(|_| answer("200 OK", "connection: close\r\n", b"")).await;
    let outbound = asking(&zone, &server);
    let mut reached = 0;
    for (name, expected) in [
        ("plain", Ok(200)),
        ("alias", Ok(200)),
        ("truncated", Ok(200)),
        ("shouting", Ok(200)),
        ("half", Ok(200)),
        ("later", Ok(200)),
        ("metadata", Err("SSRF_BLOCKED")),
        ("private", Err("SSRF_BLOCKED")),
        ("this", Err("SSRF_BLOCKED")),
        ("unspecified", Err("SSRF_BLOCKED")),
        ("mapped", Err("SSRF_BLOCKED")),
        ("translated", Err("SSRF_BLOCKED")),
        ("unique", Err("SSRF_BLOCKED")),
        ("mixed", Err("SSRF_BLOCKED")),
        ("last", Err("SSRF_BLOCKED")),
        ("localhost", Err("SSRF_BLOCKED")),
        ("internal", Err("SSRF_BLOCKED")),
        ("word", Err("SSRF_BLOCKED")),
        ("inner-alias", Err("SSRF_BLOCKED")),
        ("loop", Err("HTTP_ERROR")),
        ("chain0", Err("HTTP_ERROR")),
        ("many", Err("HTTP_ERROR")),
        ("other", Err("HTTP_ERROR")),
        ("broken", Err("HTTP_ERROR")),
        ("refused", Err("HTTP_ERROR")),
        ("missing", Err("HTTP_ERROR")),
        ("noise", Err("HTTP_ERROR")),
        ("silent", Err("HTTP_ERROR")),
    ] {
        assert_eq!(code(&outbound, &server, name).await, expected, "{name}");
        reached += usize::from(expected.is_ok());
        assert_eq!(server.asked().len(), reached, "{name}");
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_a_connection() {
    let zone = Zone::start(lies).await;
    let server = Server::start(|_| answer("200 OK", "", b"")).await;
    let outbound = asking(&zone, &server);
    assert_eq!(code(&outbound, &server, "rebinding").await, Ok(200));
    let mut asked = zone.asked();
    asked.sort_by_key(|(_, kind)| u16::from(*kind));
    let name = "rebinding.example.com".to_owned();
    assert_eq!(
        asked,
        [(name.clone(), RecordType::A), (name, RecordType::AAAA)]
    );
    // The connection that there is goes on; a new one is told something else, and is not made.
    assert_eq!(code(&outbound, &server, "rebinding").await, Ok(200));
    let another = asking(&zone, &server);
    assert_eq!(
        code(&another, &server, "rebinding").await,
        Err("SSRF_BLOCKED")
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn only_whole_names_are_asked_for() {
    let zone = Zone::start(lies).await;
    let server = Server::start(|_| answer("200 OK", "", b"")).await;
    let outbound = asking(&zone, &server);
    let _ = code(&outbound, &server, "missing").await;
    let asked: Vec<String> = zone.asked().into_iter().map(|(name, _)| name).collect();
    assert!(!asked.is_empty());
    assert!(
        asked.iter().all(|name| name == "missing.example.com"),
        "{asked:?}"
    );
    for name in [
        "localhost",
        "single",
        "printer.local",
        "metadata.google.internal",
    ] {
        let sent = outbound
            .send(Request::new(
                Uuid::nil(),
                Method::GET,
                format!("http://{name}/"),
            ))
            .await;
        assert_eq!(sent.unwrap_err().code(), "SSRF_BLOCKED", "{name}");
    }
    assert_eq!(zone.asked().len(), asked.len());
}

/// The system's `hosts` has `localhost` at least, and names of it are not special to the client.
#[tokio::test]
async fn the_systems_own_names_are_not_known() {
    let zone = Zone::start(|_| Said::Code(ResponseCode::NXDomain)).await;
    let server = Server::start(|_| answer("200 OK", "", b"")).await;
    let outbound = asking(&zone, &server);
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let names = hosts
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split_whitespace().skip(1));
    for name in names.chain(["localhost"]) {
        let url = format!("http://{name}:{}/", server.address.port());
        let sent = outbound
            .send(Request::new(Uuid::nil(), Method::GET, url))
            .await;
        assert!(sent.is_err(), "{name}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_tenant_has_its_part_of_lookups() {
    let outbound = client(Policy::default(), Table::of(&[]));
    let send = async |tenant: u128, number: usize| {
        let url = format!("http://n{number}.example.com/");
        let request = Request::new(Uuid::from_u128(tenant), Method::GET, url);
        outbound.send(request).await.unwrap_err().code()
    };
    let mut refused = 0;
    for number in 0..400 {
        refused += usize::from(send(1, number).await == "RATE_LIMIT");
    }
    // A minute's part is 300, which comes back while they are asked for.
    assert!((1..=100).contains(&refused), "{refused}");
    assert_eq!(send(2, 0).await, "HTTP_ERROR");
}
