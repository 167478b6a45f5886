//! What hosts send back: too much, too slowly, or not what was asked for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use scriptorium_outbound::{Error, Method, Request, is_refused};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::server::{Asked, Server, answer, open_to, read};

type Serve = fn(TcpStream, Arc<Mutex<Vec<Asked>>>) -> BoxFuture<'static, ()>;

/// What a client makes of a server: the body's length, or the code.
async fn outcome(serve: Serve, timeout: Duration) -> Result<usize, &'static str> {
    let server = Server::raw(serve).await;
    let mut request = Request::new(Uuid::nil(), Method::GET, server.url("/"));
    request.timeout = timeout;
    request.largest = 1 << 20;
    let sent = open_to(&[server.address]).send(request).await;
    let code = |error: Error| error.code();
    sent.map_err(code)?
        .bytes()
        .await
        .map(|body| body.len())
        .map_err(code)
}

#[track_caller]
fn check(name: &str, seen: Result<usize, &'static str>, expected: Result<usize, &str>) {
    assert_eq!(seen, expected, "{name}");
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

/// Reads the request, writes this, and then the same again and again.
macro_rules! says {
    ($head:expr, $again:expr) => {
        |mut stream, _| {
            Box::pin(async move {
                read(&mut stream).await;
                let head: &[u8] = $head;
                let again: Vec<u8> = $again;
                if stream.write_all(head).await.is_err() || again.is_empty() {
                    return;
                }
                while stream.write_all(&again).await.is_ok() {}
            })
        }
    };
}

#[tokio::test]
async fn a_body_is_counted_as_it_is_after_decompression() {
    for (coding, bomb) in [
        ("gzip", &include_bytes!("../data/bomb.gz")[..]),
        ("br", &include_bytes!("../data/bomb.br")[..]),
    ] {
        // It says how many bytes come, which are few.
        assert!(bomb.len() < 64 << 10, "{coding}");
        let headers = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_| answer("200 OK", &headers, bomb)).await;
        let mut request = Request::new(Uuid::nil(), Method::GET, server.url("/"));
        request.largest = 1 << 20;
        let mut response = open_to(&[server.address]).send(request).await.unwrap();
        let error = response.bytes().await.unwrap_err();
        assert_eq!(error, Error::TooLarge { limit: 1 << 20 }, "{coding}");
    }
    let server = Server::start(|_| {
        answer(
            "200 OK",
            "content-encoding: gzip\r\n",
            include_bytes!("../data/hello.gz"),
        )
    })
    .await;
    let request = Request::new(Uuid::nil(), Method::GET, server.url("/"));
    let mut response = open_to(&[server.address]).send(request).await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), b"hello\n");
    assert_eq!(response.headers.get("content-encoding"), None);
}

#[tokio::test]
async fn a_body_without_end_ends() {
    let endless: Serve = says!(b"HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 1 << 16]);
    check(
        "endless",
        outcome(endless, LONG).await,
        Err("RESPONSE_TOO_LARGE"),
    );
    let chunked: Serve = says!(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        [&b"1000\r\n"[..], &[b'x'; 4096], b"\r\n"].concat()
    );
    check(
        "chunked",
        outcome(chunked, LONG).await,
        Err("RESPONSE_TOO_LARGE"),
    );
    let extension: Serve = says!(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1",
        vec![b';'; 1 << 16]
    );
    check(
        "extension of a chunk",
        outcome(extension, LONG).await,
        Err("HTTP_ERROR"),
    );
    let trailers: Serve = says!(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
        b"x-a: 1\r\n".repeat(1_000)
    );
    check("trailers", outcome(trailers, LONG).await, Err("HTTP_ERROR"));
    let short: Serve = says!(
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        Vec::new()
    );
    check("cut short", outcome(short, LONG).await, Err("HTTP_ERROR"));
}

#[tokio::test]
async fn headers_have_64_kib() {
    let headers: Serve = says!(
        b"HTTP/1.1 200 OK\r\n",
        b"x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1_000)
    );
    check("many", outcome(headers, LONG).await, Err("HTTP_ERROR"));
    // Complete, so that nothing else is wrong with it. What has come with one reading is read, however long.
    let one: Serve = says!(
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-a: ",
        [vec![b'a'; 1 << 18], b"\r\n\r\n".to_vec()].concat()
    );
    check("long", outcome(one, LONG).await, Err("HTTP_ERROR"));
    let server =
        Server::start(|_| answer("200 OK", &format!("x-a: {}\r\n", "a".repeat(60 << 10)), b""))
            .await;
    let request = Request::new(Uuid::nil(), Method::GET, server.url("/"));
    let response = open_to(&[server.address]).send(request).await.unwrap();
    assert_eq!(response.headers["x-a"].len(), 60 << 10);
    let interim: Serve = says!(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100));
    check(
        "interim answers",
        outcome(interim, SHORT).await,
        Err("TIMEOUT"),
    );
}

#[tokio::test]
async fn what_is_slow_is_over_when_its_time_is() {
    let silent: Serve = |stream, _| {
        Box::pin(async move {
            let _open = stream;
            std::future::pending().await
        })
    };
    check("silent", outcome(silent, SHORT).await, Err("TIMEOUT"));
    let dripping: Serve = |mut stream, _| {
        Box::pin(async move {
            read(&mut stream).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx")
                .await;
            std::future::pending().await
        })
    };
    check("dripping", outcome(dripping, SHORT).await, Err("TIMEOUT"));
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let upgrade: Serve = says!(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        Vec::new()
    );
    check("upgrade", outcome(upgrade, LONG).await, Err("HTTP_ERROR"));
    let redis: Serve = says!(b"-ERR unknown command\r\n", Vec::new());
    check("redis", outcome(redis, LONG).await, Err("HTTP_ERROR"));
    let old: Serve = says!(b"hello", Vec::new());
    check("HTTP/0.9", outcome(old, LONG).await, Err("HTTP_ERROR"));
    let nothing: Serve = says!(b"", Vec::new());
    check("nothing", outcome(nothing, LONG).await, Err("HTTP_ERROR"));
    let both: Serve = says!(
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde",
        Vec::new()
    );
    check("two lengths", outcome(both, LONG).await, Err("HTTP_ERROR"));
}

#[tokio::test]
async fn some_headers_are_the_platforms() {
    let server = Server::start(|_| answer("200 OK", "", b"")).await;
    let outbound = open_to(&[server.address]);
    let send = async |headers: HeaderMap| {
        let mut request = Request::new(Uuid::nil(), Method::POST, server.url("/"));
        request.headers = headers;
        request.body = "abc".into();
        outbound
            .send(request)
            .await
            .map(|_| ())
            .map_err(|error| error.code())
    };
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "proxy-authorization",
        "proxy-connection",
        "proxy-anything",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
        "via",
        "http2-settings",
    ] {
        let name = HeaderName::from_static(name);
        assert!(is_refused(&name), "{name}");
        let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("1"))]);
        assert_eq!(send(headers).await, Err("VALIDATION_ERROR"), "{name}");
    }
    let many = (0..101).map(|i| {
        (
            HeaderName::try_from(format!("x-{i}")).unwrap(),
            HeaderValue::from_static("1"),
        )
    });
    assert_eq!(send(many.collect()).await, Err("VALIDATION_ERROR"));
    let long = HeaderValue::from_str(&"a".repeat(33 << 10)).unwrap();
    assert_eq!(
        send(HeaderMap::from_iter([(
            HeaderName::from_static("x-a"),
            long
        )]))
        .await,
        Err("VALIDATION_ERROR")
    );
    assert!(server.asked().is_empty());
    assert_eq!(send(HeaderMap::new()).await, Ok(()));
    let asked = &server.asked()[0];
    assert_eq!(
        asked.header("host"),
        Some(server.address.to_string().as_str())
    );
    assert!(
        asked
            .header("user-agent")
            .unwrap()
            .starts_with("scriptorium/")
    );
    assert_eq!(asked.header("content-length"), Some("3"));
}

#[tokio::test]
async fn what_may_be_repeated_is() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let server = Server::start(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => answer("503 Busy", "retry-after: 0\r\n", b""),
        1 => b"noise\r\n\r\n".to_vec(),
        _ => answer("200 OK", "", b"at last"),
    })
    .await;
    let outbound = open_to(&[server.address]);
    let send = async |method: Method, retries: usize, repeatable: bool| {
        count.store(0, Ordering::Relaxed);
        let mut request = Request::new(Uuid::nil(), method, server.url("/"));
        (request.retries, request.repeatable) = (retries, repeatable);
        let sent = outbound.send(request).await;
        sent.map(|answer| (answer.status.as_u16(), answer.attempts))
            .map_err(|error| error.code())
    };
    assert_eq!(send(Method::GET, 2, false).await, Ok((200, 3)));
    assert_eq!(send(Method::GET, 1, false).await, Err("HTTP_ERROR"));
    assert_eq!(send(Method::GET, 0, false).await, Ok((503, 1)));
    assert_eq!(send(Method::POST, 2, false).await, Ok((503, 1)));
    assert_eq!(send(Method::POST, 2, true).await, Ok((200, 3)));
    // Who asks for more time than there is, is not waited for.
    let later = Server::start(|_| answer("503 Busy", "retry-after: 3600\r\n", b"")).await;
    let mut request = Request::new(Uuid::nil(), Method::GET, later.url("/"));
    request.retries = 5;
    let response = open_to(&[later.address]).send(request).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (503, 1));
}

#[tokio::test]
async fn a_connection_is_one_tenants() {
    let server = Server::raw(|mut stream, asked| {
        Box::pin(async move {
            // Each connection tells how many requests it has had.
            let mut number = 0;
            while let Some(one) = read(&mut stream).await {
                asked.lock().unwrap().push(one);
                number += 1;
                let _ = stream
                    .write_all(&answer("200 OK", "", number.to_string().as_bytes()))
                    .await;
            }
        })
    })
    .await;
    let outbound = open_to(&[server.address]);
    let number = async |tenant: u128| {
        let request = Request::new(Uuid::from_u128(tenant), Method::GET, server.url("/"));
        let mut response = outbound.send(request).await.unwrap();
        String::from_utf8(response.bytes().await.unwrap()).unwrap()
    };
    assert_eq!(number(1).await, "1");
    assert_eq!(number(1).await, "2");
    assert_eq!(number(2).await, "1");
    assert_eq!(number(1).await, "3");
}
