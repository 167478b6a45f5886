//! The life of a connection: who says nothing is hung up on, who is served is not (F10, WEB-40,
//! WEB-47). The limits are set low, so that the tests wait milliseconds.

use std::time::{Duration, Instant};

use scriptorium_server::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::Fixture;

const PATIENCE: Duration = Duration::from_millis(300);

async fn impatient() -> Fixture {
    Fixture::start_with(Config {
        header_timeout: PATIENCE,
        max_connections: 4,
        drain: Duration::from_secs(1),
        ..Config::default()
    })
    .await
}

async fn connect(server: &Fixture) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap())
        .await
        .unwrap()
}

/// Sends the bytes and waits until the server has hung up; gives what it said and how long it took.
async fn until_hung_up(server: &Fixture, bytes: &[u8]) -> (String, Duration) {
    let mut stream = connect(server).await;
    stream.write_all(bytes).await.unwrap();
    let began = Instant::now();
    let mut said = Vec::new();
    let end = timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
    assert!(end.is_ok(), "the server did not hang up");
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_finish_a_head_is_hung_up_on() {
    let server = impatient().await;
    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("the beginning of HTTP/2", b"PRI * HT"),
        ("one letter", b"G"),
        (
            "half a head",
            b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ",
        ),
    ] {
        let (said, took) = until_hung_up(&server, bytes).await;
        assert!(!said.contains(" 200 "), "{name}: {said}");
        assert!(
            took >= PATIENCE - Duration::from_millis(50),
            "{name}: {took:?}"
        );
    }
    let whole = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let (said, _) = until_hung_up(&server, whole).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_cap_wait_and_are_served_afterwards() {
    let server = impatient().await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(connect(&server).await);
    }
    let response = server.request("GET", "/healthz", "").send().await.unwrap();
    assert_eq!(response.status(), 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_for_who_says_nothing() {
    let server = Fixture::start_with(Config {
        drain: Duration::from_millis(200),
        ..Config::default()
    })
    .await;
    let mut stream = connect(&server).await;
    stream.write_all(b"POST /api/v1/session HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n").await.unwrap();
    assert!(
        timeout(Duration::from_secs(10), server.stop())
            .await
            .is_ok()
    );
}
