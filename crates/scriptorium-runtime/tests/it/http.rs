//! `http` against a small server on this machine.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cases::check;

#[test]
fn requests_reach_listed_addresses_only() {
    let address = serve();
    check("http", &[("ADDRESS", address.to_string())]);
}

#[test]
fn a_dry_run_sends_what_only_asks() {
    let address = serve();
    check("dry_http", &[("ADDRESS", address.to_string())]);
}

#[test]
fn without_a_list_nothing_is_reached() {
    check("closed", &[]);
}

/// How often the server was asked for what it is too busy for.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// A server of a few answers, on a thread that ends with the test.
pub(crate) fn serve() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(answer(stream));
            }
        });
    });
    told.recv().unwrap()
}

async fn answer(mut stream: TcpStream) {
    let Some((head, body)) = read(&mut stream).await else {
        return;
    };
    let target = head.lines().next().unwrap().split(' ').nth(1).unwrap();
    let path = target.split('?').next().unwrap();
    let (status, headers, body): (&str, &str, Vec<u8>) = match path {
        "/echo" => (
            "200 OK",
            "content-type: application/json; charset=utf-8",
            echo(&head, &body).to_string().into_bytes(),
        ),
        "/bytes" => ("200 OK", "content-type: image/png", vec![0, 255]),
        "/broken-json" => ("200 OK", "content-type: application/json", b"{".to_vec()),
        "/large" => ("200 OK", "content-type: text/plain", vec![b'x'; 2 << 20]),
        "/empty" => ("200 OK", "content-type: text/plain", Vec::new()),
        "/go" => ("302 Found", "location: /echo", Vec::new()),
        // Every third time there is an answer, whoever asks.
        "/busy" if ASKED.fetch_add(1, Ordering::Relaxed) % 3 < 2 => {
            ("503 Busy", "retry-after: 0", Vec::new())
        }
        "/busy" => ("200 OK", "content-type: text/plain", Vec::new()),
        "/redirect" => ("302 Found", "location: http://169.254.169.254/", Vec::new()),
        "/endless" => return endless(stream).await,
        "/silent" => return std::future::pending().await,
        _ => (
            "404 Not Found",
            "content-type: text/plain",
            b"not here".to_vec(),
        ),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A client that went away is its own affair.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

/// More than the limit, without saying so beforehand.
async fn endless(mut stream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let chunk = vec![b'x'; 1 << 20];
    while stream.write_all(&chunk).await.is_ok() {}
}

async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            return Some((head, bytes[end + 4..].to_vec()));
        }
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
}

fn echo(head: &str, body: &[u8]) -> Value {
    let mut line = head.lines().next().unwrap().split(' ');
    let headers: Map<String, Value> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into()))
        .collect();
    let text = String::from_utf8_lossy(body).into_owned();
    let value = serde_json::from_str(&text).unwrap_or(Value::from(text));
    json!({
        "method": line.next(),
        "target": line.next(),
        "headers": headers,
        "length": body.len(),
        "body": if body.is_empty() { Value::Null } else { value },
    })
}
