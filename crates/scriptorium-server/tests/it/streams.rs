//! Executions as server-sent events: order, end, resumption, and the end of a credential.

use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture};

const SOURCE: &str = "console.log('one'); console.progress(1, 2); console.warn('three'); return 7";

/// An event as it was sent.
#[derive(Debug, PartialEq)]
struct Sent {
    name: String,
    id: Option<u32>,
    data: Value,
}

/// Reads a stream to its end.
async fn read(server: &Fixture, execution: &str, after: Option<&str>) -> Vec<Sent> {
    let path = format!("/api/v1/executions/{execution}/stream");
    let mut request = server.request("GET", &path, BOOTSTRAP);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(!response.headers().contains_key("content-encoding"));
    let text = response.text().await.unwrap();
    text.split("\n\n")
        .filter(|block| block.contains("event:"))
        .map(parse)
        .collect()
}

fn parse(block: &str) -> Sent {
    let field = |name: &str| {
        let lines = block.lines();
        let mut values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        values.next().map(str::to_owned)
    };
    Sent {
        name: field("event").unwrap(),
        id: field("id").map(|id| id.parse().unwrap()),
        data: serde_json::from_str(&field("data").unwrap()).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_everything_once_and_ends_with_done() {
    let server = Fixture::start().await;
    let body = json!({"name": "talks", "type": "oneoff", "source": SOURCE});
    let script = server.script(body).await;
    let path = format!("/api/v1/scripts/{script}/execute");
    let (status, pending) = server.call("POST", &path, json!({"mode": "async"})).await;
    assert_eq!(status, 202, "{pending}");
    let id = pending["id"].as_str().unwrap();

    // While it happens or after, a watcher cannot tell.
    for _ in 0..2 {
        let sent = read(&server, id, None).await;
        let lines: Vec<_> = sent.iter().filter(|e| e.id.is_some()).collect();
        let told: Vec<_> = lines
            .iter()
            .map(|e| (e.name.as_str(), e.id.unwrap()))
            .collect();
        assert_eq!(told, [("log", 1), ("log", 2)], "{sent:?}");
        let progress: Vec<_> = sent.iter().filter(|e| e.name == "progress").collect();
        assert_eq!(progress.len(), 1, "{sent:?}");
        assert_eq!(progress[0].data["done"], 1.0);
        assert_eq!(progress[0].data["total"], 2.0);
        assert_eq!(lines[0].data["message"], "one");
        assert_eq!(lines[1].data["level"], "warn");
        let last = sent.last().unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data["output"]),
            ("done", &json!(7)),
            "{sent:?}"
        );
        let mut statuses = sent.iter().filter(|e| e.name == "status");
        assert_eq!(
            statuses.next_back().unwrap().data,
            json!({"status": "completed"}),
            "{sent:?}"
        );
    }

    let rest = read(&server, id, Some("1")).await;
    let ids: Vec<_> = rest.iter().filter_map(|event| event.id).collect();
    assert_eq!(ids, [2], "{rest:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_server_stops() {
    let server = Fixture::start().await;
    let source = "for (;;);";
    let body = json!({"name": "endless", "type": "oneoff", "source": source});
    let script = server.script(body).await;
    let path = format!("/api/v1/scripts/{script}/execute");
    let (_, pending) = server.call("POST", &path, json!({"mode": "async"})).await;
    let path = format!(
        "/api/v1/executions/{}/stream",
        pending["id"].as_str().unwrap()
    );
    let response = server
        .request("GET", &path, BOOTSTRAP)
        .send()
        .await
        .unwrap();
    let stopping = server.stop();
    let (_, text) = tokio::join!(stopping, response.text());
    assert!(!text.unwrap_or_default().contains("event: done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn executing_waits_or_not_and_invoking_gives_the_output_alone() {
    let server = Fixture::start().await;
    let body = json!({"name": "adds", "type": "oneoff", "source": "return input.a + 1"});
    let script = server.script(body).await;
    let path = format!("/api/v1/scripts/{script}/execute");
    let (status, done) = server.call("POST", &path, json!({"input": {"a": 1}})).await;
    assert_eq!(
        (status, &done["output"], &done["status"]),
        (200, &json!(2), &json!("completed")),
        "{done}"
    );

    let once = async || {
        let request = server
            .request("POST", &path, BOOTSTRAP)
            .header("idempotency-key", "k1");
        let body = json!({"input": {"a": 2}, "mode": "async"});
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), 202);
        assert!(response.headers().contains_key("location"));
        crate::fixture::json_of(response).await["id"].clone()
    };
    assert_eq!(once().await, once().await);

    let source = "function main(input) { if (input.fail) throw new Error('no'); if (input.loop) for (;;); return [input] }";
    let body = json!({"name": "embedded one", "type": "embedded", "source": source,
        "limits": {"wall_ms": 1000, "cpu_ms": 100}});
    server.script(body).await;
    for (input, status, expected) in [
        (json!({"a": 1}), 200, json!([{"a": 1}])),
        (json!({"fail": 1}), 422, json!("script.threw")),
        (json!({"loop": 1}), 504, json!("limit.cpu")),
    ] {
        let (found, body) = server
            .call("POST", "/api/v1/invoke/embedded%20one", input)
            .await;
        assert_eq!(found, status, "{body}");
        if status == 200 {
            assert_eq!(body, expected);
        } else {
            assert_eq!(body["code"], expected, "{body}");
            assert!(body["execution_id"].is_string(), "{body}");
        }
    }
    server.stop().await;
}
