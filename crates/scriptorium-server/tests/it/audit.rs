//! The audit trail as its readers get it: who did what from where, checked and written out.

use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture, PASSWORD};

async fn entries(server: &Fixture, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/audit?{query}");
    let (status, body) = server.call("GET", &path, Value::Null).await;
    assert_eq!(status, 200, "{body}");
    body["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_names_the_client_and_a_forged_address_does_not() {
    let server = Fixture::start().await;
    let request = server
        .request("PUT", "/api/v1/templates/hello", BOOTSTRAP)
        .header("user-agent", "Browser/1")
        .header("x-request-id", "request-0001")
        .header("x-forwarded-for", "198.51.100.1")
        .json(&json!({"body": "Hi"}));
    assert!(request.send().await.unwrap().status().is_success());
    let entry = &entries(&server, "action=template.changed").await[0];
    assert_eq!(entry["subject"]["name"], "hello");
    assert_eq!(entry["actor"]["kind"], "host");
    assert_eq!(entry["after"], json!({"body": "Hi"}));
    assert_eq!(
        entry["origin"],
        json!({"address": "127.0.0.1", "user_agent": "Browser/1", "request_id": "request-0001"})
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_failing_to_are_told() {
    let server = Fixture::start().await;
    server.sign_in().await;
    for (email, password) in [("admin@localhost", "wrong"), ("nobody@localhost", PASSWORD)] {
        let body = json!({"email": email, "password": password});
        let request = server.request("POST", "/api/v1/session", "").json(&body);
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    // Committed behind what was said before.
    let (status, _) = server
        .call("PUT", "/api/v1/storage/k", json!({"value": 1}))
        .await;
    assert_eq!(status, 200);
    let told = entries(&server, "action=user").await;
    let told: Vec<(&str, &str)> = told
        .iter()
        .map(|entry| {
            (
                entry["action"].as_str().unwrap(),
                entry["actor"]["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("user.sign_in_failed", "stranger"),
            ("user.signed_in", "user"),
            ("user.created", "platform"),
        ]
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_checked_and_written_out_line_by_line() {
    let server = Fixture::start().await;
    let hostile = "a\u{202e}b\r\nc\u{1b}[31m";
    let script = json!({"name": "told", "type": "oneoff", "source": "return 1"});
    let id = server.script(script).await;
    let path = format!("/api/v1/scripts/{id}/execute");
    server.call("POST", &path, json!({})).await;
    let (status, body) = server
        .call("PUT", "/api/v1/templates/bidi", json!({"body": hostile}))
        .await;
    assert_eq!(status, 200, "{body}");
    let (_, found) = server
        .call("GET", "/api/v1/audit/verify", Value::Null)
        .await;
    assert_eq!(found["intact"], true, "{found}");
    assert_eq!(found["executions"], 1, "{found}");

    let export = server.request("GET", "/api/v1/audit/export", BOOTSTRAP);
    let response = export.send().await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-ndjson");
    assert!(header("content-disposition").starts_with("attachment"));
    let text = response.text().await.unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let listed = entries(&server, "limit=200").await;
    let listed: Vec<Value> = listed.into_iter().rev().collect();
    assert_eq!(lines, listed);
    assert_eq!(lines.len() as u64, found["entries"].as_u64().unwrap());
    let last = lines.last().unwrap();
    assert_eq!(last["after"]["body"], hostile);
    server.stop().await;
}
