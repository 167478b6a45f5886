//! Compatibility dates over HTTP: said, refused, told, and the upgrade report.

use scriptorium::Deprecation;
use scriptorium_server::Config;
use serde_json::{Value, json};

use crate::fixture::Fixture;

const SCRIPTS: &str = "/api/v1/scripts";
const REPORT: &str = "/api/v1/compatibility";

/// `storage.exists` is deprecated, and gone from 2026-03-01 on.
async fn deprecating() -> Fixture {
    let exists = Deprecation::new(
        "storage.exists",
        "2026-02-01".parse().unwrap(),
        "storage.get",
    );
    let exists = exists.gone_from("2026-03-01".parse().unwrap());
    Fixture::start_as(Config::default(), |builder| builder.deprecate(exists)).await
}

fn script(name: &str, more: Value) -> Value {
    let mut script =
        json!({"name": name, "type": "oneoff", "source": "return storage.exists('a')"});
    let more = more.as_object().unwrap().clone();
    script.as_object_mut().unwrap().extend(more);
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_says_its_date_and_every_version_has_its_own() {
    let server = Fixture::start().await;
    let (_, report) = server.call("GET", REPORT, Value::Null).await;
    let latest = report["latest"].as_str().unwrap().to_owned();
    let (status, new) = server.call("POST", SCRIPTS, script("new", json!({}))).await;
    assert_eq!(
        (status, new["compatibility"].as_str()),
        (201, Some(latest.as_str())),
        "{new}"
    );

    let path = format!("{SCRIPTS}/{}", new["id"].as_str().unwrap());
    let date = json!({"compatibility": "2026-02-03"});
    let (status, changed) = server.call("PATCH", &path, date.clone()).await;
    assert_eq!(
        (status, &changed["compatibility"]),
        (200, &date["compatibility"]),
        "{changed}"
    );
    let (_, same) = server.call("PATCH", &path, json!({"tags": []})).await;
    assert_eq!(
        (&same["version"], &same["compatibility"]),
        (&json!(2), &date["compatibility"])
    );
    let (_, diff) = server
        .call("GET", &format!("{path}/versions/1/diff/2"), Value::Null)
        .await;
    let expected = json!([{"field": "compatibility", "before": latest, "after": "2026-02-03"}]);
    assert_eq!(diff["changed_fields"], expected, "{diff}");
    let (_, restored) = server
        .call("POST", &format!("{path}/versions/1/restore"), Value::Null)
        .await;
    assert_eq!(restored["compatibility"].as_str(), Some(latest.as_str()));

    for (value, code) in [
        (json!("2026-2-3"), "bad_date"),
        (json!("2026-02-30"), "bad_date"),
        (json!(""), "bad_date"),
        (json!("2025-12-31"), "out_of_range"),
        (json!("9999-12-31"), "out_of_range"),
    ] {
        let date = json!({"compatibility": value});
        for (method, path, body) in [
            ("PATCH", path.as_str(), date.clone()),
            ("POST", SCRIPTS, script("another", date.clone())),
        ] {
            let (status, problem) = server.call(method, path, body).await;
            let error = &problem["errors"][0];
            let found = (status, error["field"].as_str(), error["code"].as_str());
            assert_eq!(
                found,
                (422, Some("compatibility"), Some(code)),
                "{date} {problem}"
            );
        }
    }
    for value in [json!(null), json!(20_261_130), json!({})] {
        let date = json!({"compatibility": value});
        let (status, problem) = server.call("PATCH", &path, date).await;
        assert!((400..500).contains(&status), "{status} {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_tells_of_changes_and_of_deprecated_functions() {
    let server = deprecating().await;
    for (name, compatibility) in [("first", "2026-01-01"), ("second", "2026-03-01")] {
        let date = json!({"compatibility": compatibility});
        let (status, made) = server.call("POST", SCRIPTS, script(name, date)).await;
        assert_eq!(status, 201, "a draft may name what is gone: {made}");
    }
    let (_, report) = server
        .call("GET", &format!("{REPORT}?limit=1"), Value::Null)
        .await;
    assert_eq!(report["first"], "2026-01-01");
    let deprecated = json!([{
        "function": "storage.exists", "since": "2026-02-01", "instead": "storage.get",
        "gone_from": "2026-03-01",
    }]);
    assert_eq!(report["deprecations"], deprecated);
    let changes = report["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .all(|change| change["what"].is_string() && change["since"].is_string())
    );
    let names: Vec<&Value> = changes.iter().map(|change| &change["name"]).collect();
    let item = |report: &Value, name: &str, date: &str, gone: bool| {
        let item = &report["items"][0];
        assert_eq!(
            (item["name"].as_str(), item["compatibility"].as_str()),
            (Some(name), Some(date))
        );
        assert_eq!(
            (&item["type"], &item["status"]),
            (&json!("oneoff"), &json!("draft"))
        );
        assert_eq!(item["changes"], json!(names), "{item}");
        let place = json!({"function": "storage.exists", "line": 1, "column": 8, "gone": gone});
        assert_eq!(item["deprecated"], json!([place]), "{item}");
    };
    item(&report, "first", "2026-01-01", false);
    let cursor = report["next_cursor"].as_str().unwrap();
    let next = format!("{REPORT}?limit=1&cursor={cursor}");
    let (_, report) = server.call("GET", &next, Value::Null).await;
    item(&report, "second", "2026-03-01", true);
    assert_eq!(report["next_cursor"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_editor_is_told_by_the_date_in_its_form() {
    let server = deprecating().await;
    let source = "return await storage.exists('a')";
    for (compatibility, code, severity) in [
        (Some("2026-02-28"), "script.deprecated", "warning"),
        (Some("2026-03-01"), "script.removed", "error"),
        (None, "script.removed", "error"),
    ] {
        let body =
            json!({"source": source, "language": "javascript", "compatibility": compatibility});
        let (_, found) = server.call("POST", "/api/v1/scripts/validate", body).await;
        let found = &found["diagnostics"][0];
        assert_eq!(
            (found["code"].as_str(), found["severity"].as_str()),
            (Some(code), Some(severity))
        );
        assert_eq!(
            (&found["line"], &found["column"]),
            (&json!(1), &json!(14)),
            "{found}"
        );
    }
    let body = json!({"source": source, "language": "javascript", "compatibility": "soon"});
    let (status, problem) = server.call("POST", "/api/v1/scripts/validate", body).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("compatibility"))
    );
}
