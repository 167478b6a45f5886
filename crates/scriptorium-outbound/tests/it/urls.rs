//! URLs that try to look like others, and what different parsers make of one.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use proptest::prelude::*;
use scriptorium_outbound::{Method, Outbound, Policy, Request, Rules};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::server::{Table, client, open_to};

/// The corpus: number, whether it is refused, URL.
pub(crate) fn corpus() -> Vec<(&'static str, bool, String)> {
    let lines = include_str!("../data/corpus.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let (id, verdict) = (parts.next().unwrap(), parts.next().unwrap());
            (id, verdict == "refused", unescaped(parts.next().unwrap()))
        })
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut out = text
        .replace("\\t", "\t")
        .replace("\\n", "\n")
        .replace("\\r", "\r")
        .replace("\\0", "\0");
    while let Some(start) = out.find("\\u{") {
        let end = start + out[start..].find('}').unwrap();
        let code = u32::from_str_radix(&out[start + 3..end], 16).unwrap();
        out.replace_range(start..=end, &char::from_u32(code).unwrap().to_string());
    }
    out
}

fn refusal(outbound: &Outbound, url: &str) -> Option<&'static str> {
    let checked = outbound.check(&Rules::default(), url);
    checked.err().map(|error| error.code())
}

#[test]
fn the_corpus_is_refused_and_its_neighbours_are_not() {
    let outbound = open_to(&[]);
    let mut wrong = String::new();
    for (id, refused, url) in corpus() {
        let code = refusal(&outbound, &url);
        let fits = match code {
            None => !refused,
            Some(code) => refused && ["SSRF_BLOCKED", "VALIDATION_ERROR"].contains(&code),
        };
        if !fits {
            writeln!(wrong, "{id} {url:?}: {code:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn an_address_is_reached_in_its_plain_spelling_only() {
    let outbound = open_to(&[]);
    let mut wrong = String::new();
    for line in include_str!("../data/spellings.txt").lines() {
        let (url, verdict) = line.split_once(' ').unwrap();
        let ours = match refusal(&outbound, url) {
            Some(_) => "refused",
            None => "open",
        };
        if ours != verdict {
            writeln!(wrong, "{url} is {ours}, and should be {verdict}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The same with an operator who has opened this machine for one port: only that is reached, and only plainly.
#[tokio::test]
async fn what_is_refused_is_never_dialled() {
    let canary = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let outbound = open_to(&[]);
    let mut tried = 0;
    for (_, refused, url) in corpus() {
        let aimed = ["127.0.0.1", "[::1]", "localhost", "2130706433", "0.0.0.0"]
            .iter()
            .find(|host| url == format!("http://{host}/"));
        let Some(host) = aimed.filter(|_| refused) else {
            continue;
        };
        let url = format!("http://{host}:{port}/");
        let sent = outbound
            .send(Request::new(Uuid::nil(), Method::GET, &url))
            .await;
        assert_eq!(sent.unwrap_err().code(), "SSRF_BLOCKED", "{url}");
        tried += 1;
    }
    assert_eq!(tried, 5);
    let accepted = futures_util::future::poll_immediate(canary.accept()).await;
    assert!(accepted.is_none(), "somebody came");
}

#[test]
fn refusals_of_places_sound_the_same() {
    let outbound = open_to(&[]);
    let message = |host: &str| {
        let url = format!("http://{host}:8080/");
        let error = outbound.check(&Rules::default(), &url).unwrap_err();
        error.to_string().replace(host, "HOST")
    };
    let first = message("127.0.0.1");
    for host in [
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00::1]",
        "192.0.2.1",
    ] {
        assert_eq!(message(host), first, "{host}");
    }
}

#[test]
fn listed_addresses_are_reached() {
    let listed = ["127.0.0.1:8081", "10.0.0.5:80", "[::1]:9000", "10.0.0.6:22"];
    let outbound = open_to(&listed.map(|text| text.parse().unwrap()));
    for (url, open) in [
        ("http://127.0.0.1:8081", true),
        ("http://127.0.0.1:8081/a?b#c", true),
        ("https://127.0.0.1:8081/", true),
        ("http://10.0.0.5/a", true),
        ("http://10.0.0.5:80/a", true),
        ("http://[::1]:9000/a", true),
        ("http://10.0.0.6:22/", true),
        ("http://127.0.0.1/", false),
        ("http://127.0.0.1:8082/", false),
        ("http://10.0.0.5:443/", false),
        ("http://2130706433:8081/", false),
        ("http://127.1:8081/", false),
        ("http://[::ffff:127.0.0.1]:8081/", false),
        ("http://[0:0:0:0:0:0:0:1]:9000/", false),
        ("http://user@127.0.0.1:8081/", false),
    ] {
        let reached = refusal(&outbound, url).is_none();
        assert_eq!(reached, open, "{url}");
    }
}

#[test]
fn what_is_closed_leaves_only_what_is_listed() {
    let policy = Policy::closed().allow(["93.184.216.34:443".parse().unwrap()]);
    let outbound = client(policy, Table::of(&[]));
    assert_eq!(refusal(&outbound, "https://93.184.216.34/"), None);
    assert_eq!(refusal(&outbound, "https://8.8.8.8/"), Some("SSRF_BLOCKED"));
}

/// Pieces that URLs are made of, also wrongly.
fn url() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "http",
        "https",
        ":",
        "/",
        "//",
        "://",
        "\\",
        "@",
        "#",
        "?",
        "[",
        "]",
        "%",
        "%2e",
        "%00",
        ".",
        "127.0.0.1",
        "0x7f",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "example.com",
        "localhost",
        "a",
        "80",
        "443",
        "\t",
        "\n",
        " ",
        "\u{ad}",
        "。",
        "１",
        "user",
        "xn--",
        "*",
        "_",
        "-",
        "8.8.8.8",
        "10.0.0.1",
    ]);
    prop::collection::vec(piece, 1..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever passes has one host for every reader: the browsers' parser, that of the HTTP library, and a
    /// plain look at the text.
    #[test]
    fn what_passes_has_one_host_for_every_reader(tail in url(), start in prop::sample::select(vec!["", "http://", "https://"])) {
        static OUTBOUND: LazyLock<Outbound> = LazyLock::new(|| open_to(&[]));
        let text = format!("{start}{tail}");
        if OUTBOUND.check(&Rules::default(), &text).is_ok() {
            let url = url::Url::parse(&text).unwrap();
            let host = url.host_str().unwrap();
            let uri: http::Uri = url.as_str().parse().unwrap();
            prop_assert_eq!(uri.host(), Some(host));
            prop_assert_eq!(uri.port_u16(), url.port());
            let rest = text.split_once("://").unwrap().1;
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let seen = &rest[..end];
            prop_assert!(!seen.contains(['@', '\\', '%', ' ']), "{}", text);
            let name = seen.rsplit_once(':').filter(|_| !seen.ends_with(']')).map_or(seen, |(name, _)| name);
            let known = url::Host::parse(name).unwrap().to_string();
            prop_assert_eq!(known.as_str(), host);
            prop_assert!(!["localhost", "127.0.0.1", "10.0.0.1", "[::1]"].contains(&host), "{}", text);
        }
    }
}
