//! Answers in parts: each part when it is made, no faster than the client reads, and an end of the run
//! when the client hangs up.

use std::time::Duration;

use scriptorium_server::Config;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::fixture::Fixture;
use crate::raw::{connect, rest, until};

async fn endpoint(server: &Fixture, path: &str, source: &str, limits: Value) {
    let name = format!("at {}", path.trim_matches('/'));
    let http = json!({"path": path, "methods": ["GET", "POST"], "auth": "public"});
    let script =
        json!({"name": name, "type": "http", "source": source, "http": http, "limits": limits});
    server.script(script).await;
}

/// The status of the last of so many executions, once it has ended: before that it has no record.
async fn ended(server: &Fixture, count: usize) -> (String, Value) {
    let look = async {
        loop {
            let (_, list) = server
                .call("GET", "/api/v1/executions?trigger=http", Value::Null)
                .await;
            let last = &list["items"][0];
            let status = last["status"].as_str().unwrap_or("none");
            let is_there = list["items"]
                .as_array()
                .is_some_and(|all| all.len() == count);
            if is_there && !matches!(status, "none" | "running" | "pending") {
                let path = format!("/api/v1/executions/{}", last["id"].as_str().unwrap());
                let (_, execution) = server.call("GET", &path, Value::Null).await;
                return (status.to_owned(), execution);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, look).await.expect("it ends")
}

const TICKS: &str = "export default async function* handleRequest(req) {
    for (let n = 1; n <= 1000; n++) {
        yield { event: 'tick', id: n, data: n };
        if (req.query.fail == n) throw new Error('secret');
        if (req.query.last == n) return;
        if (n > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    }
}";

#[tokio::test(flavor = "multi_thread")]
async fn events_come_while_the_script_goes_on_and_end_with_it() {
    let server = Fixture::start().await;
    endpoint(&server, "/ticks", TICKS, json!({"wall_ms": 20_000})).await;
    let mut stream = connect(&server).await;
    let get = b"GET /api/scripts/ticks?last=4 HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
    stream.write_all(get).await.unwrap();
    let first = until(&mut stream, "data: 1\n\n").await;
    assert!(first.contains("content-type: text/event-stream"), "{first}");
    assert!(first.contains("transfer-encoding: chunked"), "{first}");
    assert!(first.contains("cache-control: no-store"), "{first}");
    assert!(first.contains("x-scriptorium-execution: "), "{first}");
    assert!(!first.contains("content-encoding"), "{first}");
    assert!(!first.contains("data: 4"), "it came with the last: {first}");
    let rest = rest(&mut stream).await;
    assert!(rest.contains("event: tick\nid: 4\ndata: 4\n\n"), "{rest}");
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
    let (status, execution) = ended(&server, 1).await;
    assert_eq!(status, "completed");
    assert_eq!(execution["output"]["body"]["parts"], 4, "{execution}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_cancels_the_run() {
    let server = Fixture::start().await;
    endpoint(&server, "/ticks", TICKS, json!({"wall_ms": 60_000})).await;
    for (count, method) in [(1, "GET"), (2, "HEAD")] {
        let mut stream = connect(&server).await;
        let get = format!("{method} /api/scripts/ticks HTTP/1.1\r\nhost: a\r\n\r\n");
        stream.write_all(get.as_bytes()).await.unwrap();
        let expected = if method == "GET" {
            "data: 2\n\n"
        } else {
            "\r\n\r\n"
        };
        until(&mut stream, expected).await;
        drop(stream);
        let (status, execution) = ended(&server, count).await;
        assert_eq!(status, "cancelled", "{method}: {execution}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_on_the_way_is_told_without_its_reason() {
    let server = Fixture::start().await;
    endpoint(&server, "/ticks", TICKS, json!({})).await;
    let text =
        "export default () => ({ headers: { 'content-type': 'text/plain' }, body: (function* () {
        yield 'one'; throw new Error('secret') })() })";
    endpoint(&server, "/text", text, json!({})).await;
    let mut stream = connect(&server).await;
    let get = b"GET /api/scripts/ticks?fail=2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(get).await.unwrap();
    let said = rest(&mut stream).await;
    assert!(
        said.contains("event: error\ndata: {\"code\":\"script_failed\",\"execution_id\""),
        "{said}"
    );
    assert!(!said.contains("secret"), "{said}");
    // What is no stream of events is broken off, so that nobody takes it for whole.
    let mut stream = connect(&server).await;
    let get = b"GET /api/scripts/text HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(get).await.unwrap();
    let said = rest(&mut stream).await;
    assert!(said.contains("one"), "{said}");
    assert!(
        !said.ends_with("0\r\n\r\n") && !said.contains("secret"),
        "{said}"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_no_faster_than_its_client_and_time_goes_on() {
    let server = Fixture::start_with(Config {
        write_patience: Duration::from_secs(60),
        ..Config::default()
    })
    .await;
    let source = "export default function* handleRequest() {
        for (let n = 0; n < 150; n++) { console.log(n); yield 'x'.repeat(64000); }
    }";
    let limits = json!({"wall_ms": 1_500, "cpu_ms": 1_000, "output_bytes": 10 << 20});
    endpoint(&server, "/much", source, limits).await;
    // A client that reads gets all of it.
    let response = server
        .request("GET", "/api/scripts/much", "")
        .send()
        .await
        .unwrap();
    assert!(response.bytes().await.unwrap().len() > 150 * 64_000);
    assert_eq!(ended(&server, 1).await.0, "completed");
    // One that does not, with little room on the way, stops the script.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
    let get = b"GET /api/scripts/much HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(get).await.unwrap();
    let (status, execution) = ended(&server, 2).await;
    assert_eq!(status, "timeout", "{execution}");
    assert_eq!(execution["error"]["code"], "limit.wall", "{execution}");
    server.stop().await;
}
