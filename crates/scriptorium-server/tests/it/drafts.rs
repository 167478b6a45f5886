//! Drafts, milestones and the trash as a browser with a session meets them.

use serde_json::{Value, json};

use crate::fixture::{Fixture, json_of};

/// A signed-in browser.
struct Browser<'a> {
    server: &'a Fixture,
    cookie: String,
}

impl Browser<'_> {
    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.server.request(method, &format!("/api/v1{path}"), "");
        let request = request.header("cookie", &self.cookie);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if status == 204 {
            return (status, Value::Null);
        }
        (status, json_of(response).await)
    }

    async fn is(&self, method: &str, path: &str, body: Value, expected: u16) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    }
}

async fn browser(server: &Fixture) -> Browser<'_> {
    let cookie = server.sign_in().await;
    Browser { server, cookie }
}

async fn script(browser: &Browser<'_>) -> String {
    let body = json!({"name": "drafted", "type": "oneoff", "source": "return 1"});
    let made = browser.is("POST", "/scripts", body, 201).await;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_kept_tried_and_ended_by_saving() {
    let server = Fixture::start().await;
    let browser = browser(&server).await;
    let path = format!("/scripts/{}", script(&browser).await);
    let draft = format!("{path}/draft");
    browser.is("GET", &draft, Value::Null, 404).await;
    let body = json!({"source": "return 'tried'", "base_version": 1,
        "settings": {"description": "later"}});
    let kept = browser.is("PUT", &draft, body, 200).await;
    assert_eq!(kept["settings"], json!({"description": "later"}));
    assert_eq!(browser.is("GET", &draft, Value::Null, 200).await, kept);

    let execute = format!("{path}/execute");
    let tried = browser
        .is("POST", &execute, json!({"draft": true}), 200)
        .await;
    assert_eq!(
        (&tried["output"], &tried["test"]),
        (&json!("tried"), &json!(true))
    );
    let both = json!({"draft": true, "version": 1});
    let refused = browser.is("POST", &execute, both, 422).await;
    assert_eq!(refused["errors"][0]["field"], "draft");

    let change = json!({"source": "return 'tried'", "base_version": 1});
    let saved = browser.is("PATCH", &path, change.clone(), 200).await;
    assert_eq!(saved["version"], 2);
    browser.is("GET", &draft, Value::Null, 404).await;
    // Saving the same again is no change.
    let again = json!({"source": "return 'tried'", "base_version": 2});
    assert_eq!(browser.is("PATCH", &path, again, 200).await["version"], 2);
    browser
        .is("POST", &execute, json!({"draft": true}), 404)
        .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_carries_what_the_other_saved() {
    let server = Fixture::start().await;
    let browser = browser(&server).await;
    let path = format!("/scripts/{}", script(&browser).await);
    let theirs = json!({"source": "return 'theirs'", "change_description": "better"});
    let (status, _) = server
        .call("PATCH", &format!("/api/v1{path}"), theirs)
        .await;
    assert_eq!(status, 200);
    let stale = json!({"source": "return 'mine'", "base_version": 1});
    for (method, path) in [("PUT", format!("{path}/draft")), ("PATCH", path)] {
        let conflict = browser.is(method, &path, stale.clone(), 409).await;
        assert_eq!(conflict["code"], "stale_version");
        let current = &conflict["current"];
        assert_eq!(current["version"], 2);
        assert_eq!(current["source"], "return 'theirs'");
        assert_eq!(current["change_description"], "better");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_draft_milestone_or_policy_is_refused_by_field() {
    let server = Fixture::start().await;
    let browser = browser(&server).await;
    let id = script(&browser).await;
    let draft = format!("/scripts/{id}/draft");
    let milestone = format!("/scripts/{id}/versions/1/milestone");
    let policy = "/version-policy".to_owned();
    let cases = [
        (
            &draft,
            json!({"source": "x".repeat(100_001), "base_version": 1}),
            "source",
        ),
        (
            &draft,
            json!({"source": "1", "base_version": 0}),
            "base_version",
        ),
        (&draft, json!({"source": "1"}), "base_version"),
        (
            &draft,
            json!({"source": "1", "base_version": 1, "settings": {"colour": 1}}),
            "settings",
        ),
        (
            &draft,
            json!({"source": "1", "base_version": 1,
                "settings": {"description": "x".repeat(262_145)}}),
            "settings",
        ),
        (&milestone, json!({"name": " "}), "name"),
        (&milestone, json!({"name": "x".repeat(101)}), "name"),
        (&policy, json!({"max_count": 0}), "max_count"),
        (&policy, json!({"max_age_days": 3_651}), "max_age_days"),
    ];
    for (path, body, field) in cases {
        let refused = browser.is("PUT", path, body, 422).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    browser.is("GET", &draft, Value::Null, 404).await;
    let kept = browser.is("GET", &policy, Value::Null, 200).await;
    assert_eq!(kept, json!({"max_count": null, "max_age_days": null}));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_lists_restores_and_ends() {
    let server = Fixture::start().await;
    let browser = browser(&server).await;
    let id = script(&browser).await;
    let path = format!("/scripts/{id}");
    let purge = format!("/trash/{id}");
    browser.is("DELETE", &purge, Value::Null, 404).await;
    browser.is("DELETE", &path, Value::Null, 204).await;
    let trash = browser.is("GET", "/trash", Value::Null, 200).await;
    let item = &trash["items"][0];
    assert_eq!(
        (&item["id"], &item["name"]),
        (&json!(id), &json!("drafted"))
    );
    assert!(item["deleted_by"].is_string() && item["deleted_at"].is_string());

    let taker = script(&browser).await;
    let restore = format!("{path}/restore");
    let taken = browser.is("POST", &restore, Value::Null, 409).await;
    assert_eq!(taken["errors"][0]["field"], "name");
    browser
        .is("DELETE", &format!("/scripts/{taker}"), Value::Null, 204)
        .await;
    browser.is("POST", &restore, Value::Null, 200).await;
    browser.is("DELETE", &path, Value::Null, 204).await;
    browser.is("DELETE", &purge, Value::Null, 204).await;
    browser.is("POST", &restore, Value::Null, 404).await;
    server.stop().await;
}
