//! `Idempotency-Key` on the wire: the header that marks a repeated answer, and the two refusals.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture, json_of};

async fn post(server: &Fixture, path: &str, key: &str, body: &Value) -> Response {
    let request = server.request("POST", path, BOOTSTRAP);
    let request = request.header("idempotency-key", key).json(body);
    request.send().await.unwrap()
}

/// Status, whether it was so before, and the member of the body that tells.
async fn told(response: Response, member: &str) -> (u16, bool, Value) {
    let status = response.status().as_u16();
    let replayed = response.headers().get("idempotent-replayed");
    let replayed = replayed.is_some_and(|value| value == "true");
    let body = json_of(response).await;
    let told = match member {
        "" => body,
        member => body[member].clone(),
    };
    (status, replayed, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_answers_the_same_request_as_before() {
    let server = Fixture::start().await;
    let source = "async function main(input) {
        const runs = ((await storage.get('runs')) ?? 0) + 1;
        await storage.set('runs', runs);
        if (input?.fail) throw new Error('no');
        return runs;
    }";
    let of_type = |name: &str, kind: &str| json!({"name": name, "type": kind, "source": source});
    let script = server.script(of_type("one", "oneoff")).await;
    server.script(of_type("two", "embedded")).await;
    let handler = source.replace("main(input)", "handleRequest({ body: input })");
    server.endpoint("/three", "required", &handler).await;
    let letter = server.dead_letter().await;

    let execute = format!("/api/v1/scripts/{script}/execute");
    let first = post(&server, &execute, "first", &json!({})).await;
    let replay = format!("/api/v1/executions/{}/replay", {
        let body = json_of(first).await;
        body["id"].as_str().unwrap().to_owned()
    });
    let retry = format!("/api/v1/dead-letters/{letter}/retry");
    let fails = json!({"fail": true});
    let later = json!({"mode": "async"});
    let event = json!({"type": "order.paid"});
    for (path, member, body, status) in [
        (execute.as_str(), "id", &json!({}), 200),
        (&execute, "id", &later, 202),
        ("/api/v1/invoke/two", "", &json!({}), 200),
        ("/api/v1/invoke/two", "execution_id", &fails, 422),
        ("/api/scripts/three", "", &json!({}), 200),
        ("/api/scripts/three", "execution_id", &fails, 500),
        (&replay, "id", &json!({}), 202),
        ("/api/v1/events", "id", &event, 202),
        (&retry, "id", &json!({}), 202),
    ] {
        let key = format!("{path} {member} {status}").replace([' ', '/'], "-");
        let first = told(post(&server, path, &key, body).await, member).await;
        assert_eq!((first.0, first.1), (status, false), "{path} {body}");
        let again = told(post(&server, path, &key, body).await, member).await;
        assert_eq!(again, (status, true, first.2), "{path} {body}");
        let other = match path {
            "/api/v1/events" => json!({"type": "order.lost"}),
            path if path.contains("dead-letters") => json!({"payload": 1}),
            path if path.contains("/api/v1/invoke") => json!({"other": 1}),
            _ => json!({"input": 1}),
        };
        let other = post(&server, path, &key, &other).await;
        let reused = json!("idempotency_key_reused");
        assert_eq!(told(other, "code").await, (422, false, reused), "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_too_early_is_told_when_to_come_back() {
    let server = Fixture::start().await;
    let script = json!({"name": "slow", "type": "embedded", "source": "for (;;);",
        "limits": {"wall_ms": 60_000, "cpu_ms": 60_000}});
    server.script(script).await;
    let path = "/api/v1/invoke/slow";
    let ask = || post(&server, path, "k", &Value::Null);
    let stop = async {
        let running = loop {
            let path = "/api/v1/executions?status=running";
            let (_, found) = server.call("GET", path, Value::Null).await;
            if let Some(id) = found["items"][0]["id"].as_str() {
                break id.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let early = ask().await;
        assert_eq!(early.headers()["retry-after"], "1");
        let early = told(early, "code").await;
        assert_eq!(early, (409, false, json!("idempotency_key_in_use")));
        let path = format!("/api/v1/executions/{running}/cancel");
        assert_eq!(server.call("POST", &path, Value::Null).await.0, 200);
    };
    let (first, ()) = tokio::join!(ask(), stop);
    assert_eq!(told(first, "code").await, (422, false, json!("cancelled")));
    assert_eq!(
        told(ask().await, "code").await,
        (422, true, json!("cancelled"))
    );
    for key in ["", "a b", &"k".repeat(256)] {
        let refused = post(&server, path, key, &Value::Null).await;
        let refused = told(refused, "code").await;
        assert_eq!(refused, (422, false, json!("validation_failed")), "{key:?}");
    }
    server.stop().await;
}
