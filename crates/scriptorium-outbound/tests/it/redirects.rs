//! Redirects: each leads somewhere new, which is checked as if a person had asked for it.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue};
use scriptorium_outbound::{Error, Method, Outbound, Policy, Request, Response};
use uuid::Uuid;

use crate::server::{Asked, Server, Table, answer, client, open_to};
use crate::urls::corpus;

/// Answers `/302?WHERE` with a redirect of that status to there, and everything else with what it was asked.
fn sends_on(asked: &Asked) -> Vec<u8> {
    let target = asked.target();
    if target == "/long" {
        let headers = format!("location: /{}\r\n", "a".repeat(9_000));
        return answer("302 Found", &headers, b"");
    }
    let Some((status, to)) = target
        .strip_prefix('/')
        .and_then(|rest| rest.split_once('?'))
    else {
        return answer("200 OK", "", b"here");
    };
    let Some(to) = decoded(to) else {
        return answer("200 OK", "", b"here");
    };
    answer(
        &format!("{status} Moved"),
        &format!("location: {to}\r\n"),
        b"elsewhere",
    )
}

/// Hexadecimal digits, so that nothing on the way has an opinion about what they stand for.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded(text: &str) -> Option<String> {
    let digits = text.as_bytes().chunks(2);
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    String::from_utf8(digits.map(byte).collect::<Option<_>>()?).ok()
}

async fn get(outbound: &Outbound, url: String) -> Result<Response, Error> {
    outbound
        .send(Request::new(Uuid::nil(), Method::GET, url))
        .await
}

#[tokio::test]
async fn no_redirect_leads_where_a_request_may_not_go() {
    let server = Server::start(sends_on).await;
    let outbound = open_to(&[server.address]);
    let mut tried = 0;
    for (id, refused, to) in corpus() {
        // A line break ends a header; what has no scheme is a path here.
        let scheme = to.split_once(':').map_or("", |(scheme, _)| scheme);
        if !refused || to.contains(['\r', '\n', '\0']) || scheme.is_empty() || scheme.contains(' ')
        {
            continue;
        }
        for status in [301, 302, 303, 307, 308] {
            let url = server.url(&format!("/{status}?{}", encoded(&to)));
            let code = get(&outbound, url)
                .await
                .map(|answer| answer.status)
                .unwrap_err()
                .code();
            assert_eq!(code, "SSRF_BLOCKED", "{id} {status} {to}");
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
    // Nothing but the first hops.
    assert_eq!(server.asked().len(), tried);
}

#[tokio::test]
async fn what_redirects_look_like() {
    let server = Server::start(sends_on).await;
    let outbound = open_to(&[server.address]);
    let own = server.address;
    let check = async |to: &str, expected: Result<&str, &str>| {
        let url = server.url(&format!("/302?{}", encoded(to)));
        let sent = get(&outbound, url).await;
        let seen = match &sent {
            Ok(response) => Ok(response.url.strip_prefix(&format!("http://{own}")).unwrap()),
            Err(error) => Err(error.code()),
        };
        assert_eq!(seen, expected, "{to}");
    };
    check("/a", Ok("/a")).await;
    check("a/../b", Ok("/b")).await;
    check("../../../etc", Ok("/etc")).await;
    check(&format!("//{own}/c"), Ok("/c")).await;
    check(&format!("http://{own}/d#part"), Ok("/d")).await;
    check("?x=1", Ok("/302?x=1")).await;
    check("//127.0.0.1/", Err("SSRF_BLOCKED")).await;
    check(&format!("\\\\{own}/"), Err("SSRF_BLOCKED")).await;
    check(&format!("/\\{own}/"), Err("SSRF_BLOCKED")).await;
    check(&format!("http:{own}/"), Err("SSRF_BLOCKED")).await;
    check(&format!("http:/{own}/"), Err("SSRF_BLOCKED")).await;
    check(&format!("http:///{own}/"), Err("SSRF_BLOCKED")).await;
    check(&format!("http://user:pw@{own}/"), Err("SSRF_BLOCKED")).await;
    check(&format!("//user@{own}/"), Err("SSRF_BLOCKED")).await;
    let long = get(&outbound, server.url("/long")).await;
    assert_eq!(long.unwrap_err().code(), "SSRF_BLOCKED");
    check("javascript:alert(1)", Err("SSRF_BLOCKED")).await;
    check("file:///etc/passwd", Err("SSRF_BLOCKED")).await;
}

#[tokio::test]
async fn what_is_no_redirect_is_an_answer() {
    let server = Server::start(|asked| match asked.target() {
        "/two" => answer("302 Found", "location: /a\r\nlocation: /b\r\n", b""),
        "/refresh" => answer(
            "200 OK",
            "refresh: 0; url=http://127.0.0.1/\r\nlink: <http://127.0.0.1/>; rel=next\r\n",
            b"",
        ),
        "/none" => answer("302 Found", "", b""),
        "/choice" => answer("300 Multiple Choices", "location: /a\r\n", b""),
        "/created" => answer("201 Created", "location: /a\r\n", b""),
        _ => answer("200 OK", "", b""),
    })
    .await;
    let outbound = open_to(&[server.address]);
    let status = async |path: &str| {
        get(&outbound, server.url(path))
            .await
            .map(|answer| answer.status.as_u16())
    };
    assert_eq!(status("/two").await.unwrap_err().code(), "SSRF_BLOCKED");
    assert_eq!(status("/refresh").await.unwrap(), 200);
    assert_eq!(status("/none").await.unwrap(), 302);
    assert_eq!(status("/choice").await.unwrap(), 300);
    assert_eq!(status("/created").await.unwrap(), 201);
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn five_redirects_are_followed() {
    let server = Server::start(|asked| {
        let number: usize = asked.target()[1..].parse().unwrap();
        if number == 0 {
            return answer("200 OK", "", b"");
        }
        answer("302 Found", &format!("location: /{}\r\n", number - 1), b"")
    })
    .await;
    let outbound = open_to(&[server.address]);
    let response = get(&outbound, server.url("/5")).await.unwrap();
    assert_eq!((response.status.as_u16(), response.redirects), (200, 5));
    let error = get(&outbound, server.url("/6")).await.unwrap_err();
    assert_eq!(error.code(), "TOO_MANY_REDIRECTS");
    let looping = Server::start(|_| answer("302 Found", "location: /again\r\n", b"")).await;
    let error = get(&open_to(&[looping.address]), looping.url("/"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "TOO_MANY_REDIRECTS");
    assert_eq!(looping.asked().len(), 6);
    let mut request = Request::new(Uuid::nil(), Method::GET, looping.url("/"));
    request.redirects = 0;
    let response = open_to(&[looping.address]).send(request).await.unwrap();
    assert_eq!(response.status.as_u16(), 302);
    assert_eq!(response.headers["location"], "/again");
}

/// Two origins, each of which tells what it was asked.
async fn two() -> (Server, Server, Outbound) {
    let there = Server::start(sends_on).await;
    let here = Server::start(sends_on).await;
    let outbound = open_to(&[here.address, there.address]);
    (here, there, outbound)
}

#[tokio::test]
async fn another_origin_gets_no_header_that_could_be_a_secret() {
    let (here, there, outbound) = two().await;
    let send = async |to: String| {
        let url = here.url(&format!("/307?{}", encoded(&to)));
        let mut request = Request::new(Uuid::nil(), Method::POST, url);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer 1"),
            ("cookie", "a=1"),
            ("x-api-key", "secret"),
            ("x-anything", "secret"),
            ("referer", "http://inside/"),
            ("accept", "text/plain"),
            ("accept-language", "uz"),
            ("content-type", "text/plain"),
            ("user-agent", "me"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        request.headers = headers;
        request.body = "body".into();
        outbound.send(request).await.unwrap()
    };
    send(there.url("/there")).await;
    let asked = &there.asked()[0];
    let mut names: Vec<&str> = asked
        .head
        .lines()
        .skip(1)
        .filter_map(|line| Some(line.split_once(':')?.0))
        .collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "accept-encoding",
        "accept-language",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ];
    assert_eq!(names, expected);
    assert_eq!((asked.method(), &asked.body[..]), ("POST", &b"body"[..]));
    assert_eq!(
        asked.header("host"),
        Some(there.address.to_string().as_str())
    );
    // Back home they are gone, too: who was in between could have asked for anything.
    let back = there.url(&format!("/307?{}", encoded(&here.url("/home"))));
    send(back).await;
    let asked = here.asked();
    let home = asked
        .iter()
        .find(|asked| asked.target() == "/home")
        .unwrap();
    assert_eq!(
        (home.header("authorization"), home.header("x-api-key")),
        (None, None)
    );
    // On the same origin they stay.
    send(here.url("/same")).await;
    let asked = here.asked();
    let same = asked
        .iter()
        .find(|asked| asked.target() == "/same")
        .unwrap();
    assert_eq!(same.header("x-api-key"), Some("secret"));
}

#[tokio::test]
async fn methods_and_bodies_follow_the_rules_of_browsers() {
    let (here, there, outbound) = two().await;
    let mut count = 0;
    for (status, method, becomes) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "GET", "GET"),
        (307, "PATCH", "PATCH"),
    ] {
        let url = here.url(&format!("/{status}?{}", encoded(&there.url("/there"))));
        let mut request = Request::new(Uuid::nil(), method.parse().unwrap(), url);
        let has_body = ["POST", "PUT", "PATCH"].contains(&method);
        if has_body {
            request.body = "body".into();
            request
                .headers
                .insert("content-type", HeaderValue::from_static("text/plain"));
        }
        // A server that answers HEAD with a body breaks the connection.
        if method == "HEAD" {
            continue;
        }
        outbound.send(request).await.unwrap();
        let asked = there.asked();
        let last = &asked[count];
        count += 1;
        assert_eq!(last.method(), becomes, "{status} {method}");
        let kept = has_body && becomes != "GET";
        assert_eq!(!last.body.is_empty(), kept, "{status} {method}");
        assert_eq!(
            last.header("content-type").is_some(),
            kept,
            "{status} {method}"
        );
    }
}

#[tokio::test]
async fn a_name_is_looked_up_and_checked_after_a_redirect() {
    let server = Server::start(sends_on).await;
    let port = server.address.port();
    let names = Table::of(&[
        ("good.example.com", "127.0.0.1"),
        ("evil.example.com", "10.0.0.1"),
        ("both.example.com", "127.0.0.1"),
        ("both.example.com", "10.0.0.1"),
    ]);
    let listed: [SocketAddr; 1] = [server.address];
    let outbound = client(Policy::default().allow(listed), names);
    for (name, code) in [
        ("good", None),
        ("evil", Some("SSRF_BLOCKED")),
        ("both", Some("SSRF_BLOCKED")),
        ("none", Some("HTTP_ERROR")),
    ] {
        let to = format!("http://{name}.example.com:{port}/");
        let url = server.url(&format!("/302?{}", encoded(&to)));
        let sent = get(&outbound, url).await;
        assert_eq!(sent.err().map(|error| error.code()), code, "{name}");
    }
}
