//! Whatever is wrong with a request, the answer is a problem document that names it, and nothing
//! has been stored.

use serde_json::{Value, json};

use crate::fixture::{BOOTSTRAP, Fixture, json_of};

/// What is sent, and what must come back.
struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    token: &'static str,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// Each refused field with its rule.
    errors: &'static [(&'static str, &'static str)],
}

const SCRIPTS: &str = "/api/v1/scripts";
const JSON: Option<&str> = Some("application/json");

fn case(name: &'static str, body: impl Into<Vec<u8>>, status: u16, code: &'static str) -> Case {
    Case {
        name,
        method: "POST",
        path: SCRIPTS,
        token: BOOTSTRAP,
        content_type: JSON,
        body: body.into(),
        status,
        code,
        errors: &[],
    }
}

fn refused(
    name: &'static str,
    body: Value,
    errors: &'static [(&'static str, &'static str)],
) -> Case {
    Case {
        errors,
        ..case(name, body.to_string(), 422, "validation_failed")
    }
}

fn at(method: &'static str, path: &'static str, case: Case) -> Case {
    Case {
        method,
        path,
        ..case
    }
}

/// A script that would be accepted, with one member set.
fn script(member: &str, value: Value) -> Value {
    let mut script = json!({"name": "valid name", "type": "oneoff", "source": "return 1"});
    script[member] = value;
    script
}

fn http(path: &str) -> Value {
    let mut body = script("type", json!("http"));
    body["http"] = json!({"path": path});
    body
}

fn scheduled(cron: &str, timezone: &str) -> Value {
    let mut body = script("type", json!("scheduled"));
    body["schedule"] = json!({"cron": cron, "timezone": timezone});
    body
}

fn shapes() -> Vec<Case> {
    let text = script("tags", json!([])).to_string();
    let duplicate = text.replacen('{', r#"{"name": "other","#, 1);
    vec![
        case(
            "broken JSON",
            &text[..text.len() - 1],
            400,
            "malformed_json",
        ),
        case(
            "trailing data",
            format!("{text} {{}}"),
            400,
            "malformed_json",
        ),
        case("a key twice", duplicate, 400, "malformed_json"),
        case(
            "not UTF-8",
            b"{\"name\": \"\xff\"}".to_vec(),
            400,
            "malformed_json",
        ),
        case(
            "a byte order mark",
            format!("\u{feff}{text}"),
            400,
            "malformed_json",
        ),
        case(
            "deeper than a stack",
            "[".repeat(100_000),
            400,
            "malformed_json",
        ),
        case("no body", "", 400, "malformed_json"),
        Case {
            content_type: Some("text/plain"),
            ..case("JSON as text", text.clone(), 415, "unsupported_media_type")
        },
        Case {
            content_type: None,
            ..case(
                "no content type",
                text.clone(),
                415,
                "unsupported_media_type",
            )
        },
        Case {
            errors: &[("body", "wrong_type")],
            ..case("an array", format!("[{text}]"), 422, "validation_failed")
        },
        refused(
            "an unknown member",
            script("colour", json!("red")),
            &[("colour", "unknown_field")],
        ),
        refused(
            "an unknown member inside",
            script("limits", json!({"walls": 1})),
            &[("limits.walls", "unknown_field")],
        ),
        refused(
            "a wrong type",
            script("name", json!(7)),
            &[("name", "wrong_type")],
        ),
        refused(
            "a wrong type inside",
            script("limits", json!({"wall_ms": "1000"})),
            &[("limits.wall_ms", "wrong_type")],
        ),
        refused(
            "null for a name",
            script("name", Value::Null),
            &[("name", "wrong_type")],
        ),
        refused(
            "nothing said",
            json!({}),
            &[
                ("name", "required"),
                ("type", "required"),
                ("source", "required"),
            ],
        ),
    ]
}

fn rules() -> Vec<Case> {
    let long = "x".repeat(100_001);
    vec![
        refused(
            "an unknown type",
            script("type", json!("cron")),
            &[("type", "unknown_value")],
        ),
        refused(
            "a short name",
            script("name", json!("ab")),
            &[("name", "too_short")],
        ),
        refused(
            "markup in a name",
            script("name", json!("<b>x</b>")),
            &[("name", "bad_characters")],
        ),
        refused(
            "a long source",
            script("source", json!(long)),
            &[("source", "too_long")],
        ),
        refused(
            "a bad cron",
            scheduled("61 * * * *", "UTC"),
            &[("schedule.cron", "bad_cron")],
        ),
        refused(
            "a date that never comes",
            scheduled("0 0 30 2 *", "UTC"),
            &[("schedule.cron", "never")],
        ),
        refused(
            "no such zone",
            scheduled("* * * * *", "Mars"),
            &[("schedule.timezone", "bad_timezone")],
        ),
        refused(
            "a path without slash",
            http("reports"),
            &[("http.path", "bad_path")],
        ),
        refused(
            "a path that climbs",
            http("/a/../b"),
            &[("http.path", "bad_path")],
        ),
        refused(
            "no path",
            script("type", json!("http")),
            &[("http.path", "required")],
        ),
        refused(
            "a limit beyond its range",
            script("limits", json!({"concurrency": 0})),
            &[("limits.concurrency", "out_of_range")],
        ),
        refused(
            "another type's settings",
            script("http", json!({})),
            &[("http", "not_allowed")],
        ),
        case(
            "10 MB of source",
            script("source", json!("x".repeat(10 << 20))).to_string(),
            413,
            "payload_too_large",
        ),
    ]
}

fn elsewhere() -> Vec<Case> {
    let nothing = |name, status, code| Case {
        content_type: None,
        ..case(name, "", status, code)
    };
    let revoked = Case {
        token: "scr_revoked",
        ..nothing("a token that is not valid", 401, "unauthenticated")
    };
    let anonymous = Case {
        token: "",
        ..nothing("no credential", 401, "unauthenticated")
    };
    let limit = Case {
        errors: &[("limit", "out_of_range")],
        ..nothing("too long a page", 422, "validation_failed")
    };
    let twice = Case {
        errors: &[("limit", "duplicate")],
        ..nothing("a parameter twice", 422, "validation_failed")
    };
    let unknown = Case {
        errors: &[("colour", "unknown_field")],
        ..nothing("an unknown parameter", 422, "validation_failed")
    };
    let cursor = Case {
        errors: &[("cursor", "bad_cursor")],
        ..nothing("a cursor of nobody", 422, "validation_failed")
    };
    let strange = Case {
        errors: &[("cursor", "bad_cursor")],
        ..nothing("a cursor of another list", 422, "validation_failed")
    };
    let deed = Case {
        errors: &[("action", "unknown_value")],
        ..nothing("an action nobody does", 422, "validation_failed")
    };
    let moment = Case {
        errors: &[("from", "bad_value")],
        ..nothing("no instant", 422, "validation_failed")
    };
    let part = Case {
        errors: &[("limit", "unknown_field")],
        ..nothing("a part of an export", 422, "validation_failed")
    };
    let token = json!({"name": "t", "tenant": "nowhere", "permissions": ["*"]});
    let event = json!({"type": "Order Created"});
    let endless = json!({"email": "x".repeat(255), "password": "x".repeat(1_025)});
    vec![
        at(
            "POST",
            "/api/v1/session",
            refused("an endless address", endless, &[("email", "too_long")]),
        ),
        at("GET", SCRIPTS, revoked),
        at("GET", SCRIPTS, anonymous),
        at("GET", "/api/v1/scripts?limit=201", limit),
        at("GET", "/api/v1/scripts?limit=1&limit=2", twice),
        at("GET", "/api/v1/scripts?colour=red", unknown),
        at("GET", "/api/v1/scripts?cursor=AAAA", cursor),
        at("GET", "/api/v1/audit?cursor=AAAA", strange),
        at("GET", "/api/v1/audit?action=script.painted", deed),
        at("GET", "/api/v1/audit?from=yesterday", moment),
        at("GET", "/api/v1/audit/export?limit=1", part),
        at(
            "GET",
            "/api/v1/scripts/not-an-id",
            nothing("no id", 404, "not_found"),
        ),
        at(
            "PUT",
            SCRIPTS,
            nothing("a method nobody has", 405, "method_not_allowed"),
        ),
        at(
            "GET",
            "/api/v1/nothing",
            nothing("a route nobody has", 404, "not_found"),
        ),
        at(
            "GET",
            "/t/nowhere/api/scripts/a",
            nothing("an unknown tenant", 404, "not_found"),
        ),
        at(
            "POST",
            "/api/v1/tokens",
            refused(
                "a token of an unknown tenant",
                token,
                &[("tenant", "not_found")],
            ),
        ),
        at(
            "POST",
            "/api/v1/events",
            refused("a bad event type", event, &[("type", "bad_event_type")]),
        ),
        at(
            "PUT",
            "/api/v1/retention",
            refused(
                "history for a day",
                json!({"execution_days": 1, "log_days": 90, "event_days": 731}),
                &[
                    ("execution_days", "out_of_range"),
                    ("event_days", "out_of_range"),
                    ("log_days", "out_of_range"),
                ],
            ),
        ),
        at(
            "GET",
            "/api/v1/schedules/preview?cron=1",
            Case {
                content_type: None,
                ..refused(
                    "a bad cron to preview",
                    json!(""),
                    &[("schedule.cron", "bad_cron")],
                )
            },
        ),
    ]
}

async fn counts(server: &Fixture) -> Vec<usize> {
    let mut counts = Vec::new();
    for list in [
        "scripts",
        "executions",
        "events",
        "users",
        "tokens",
        "templates",
    ] {
        let path = format!("/api/v1/{list}");
        let (status, body) = server.call("GET", &path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        counts.push(body["items"].as_array().unwrap().len());
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_problem_that_names_it_and_stores_nothing() {
    let server = Fixture::start().await;
    let before = counts(&server).await;
    for case in shapes().into_iter().chain(rules()).chain(elsewhere()) {
        let name = case.name;
        let mut request = server
            .request(case.method, case.path, case.token)
            .body(case.body);
        if let Some(content_type) = case.content_type {
            request = request.header("content-type", content_type);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), case.status, "{name}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{name}"
        );
        let id = response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let problem = json_of(response).await;
        assert_eq!(problem["code"], case.code, "{name}: {problem}");
        assert_eq!(problem["status"], case.status, "{name}: {problem}");
        assert_eq!(problem["request_id"], id, "{name}: {problem}");
        if !case.errors.is_empty() {
            let errors = problem["errors"].as_array().unwrap();
            let found: Vec<_> = errors
                .iter()
                .map(|e| (e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
                .collect();
            assert_eq!(found, case.errors, "{name}: {problem}");
        }
    }
    assert_eq!(counts(&server).await, before);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_at_once() {
    let server = Fixture::start().await;
    let body = json!({"name": "short", "permissions": ["scripts.read"]});
    let (_, token) = server.call("POST", "/api/v1/tokens", body).await;
    let secret = token["secret"].as_str().unwrap();
    let list = async || {
        let request = server.request("GET", SCRIPTS, secret);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(list().await, 200);
    let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(server.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(list().await, 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_against_an_old_version_is_a_conflict() {
    let server = Fixture::start().await;
    let id = server.script(script("tags", json!(["a"]))).await;
    let path = format!("/api/v1/scripts/{id}");
    let change = |base: u32| json!({"description": "new", "base_version": base});
    assert_eq!(server.call("PATCH", &path, change(1)).await.0, 200);
    let (status, problem) = server.call("PATCH", &path, change(1)).await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("stale_version")),
        "{problem}"
    );
    let (_, present) = server.call("GET", &path, Value::Null).await;
    assert_eq!(
        (&present["version"], &present["tags"]),
        (&json!(2), &json!(["a"]))
    );
    server.stop().await;
}
