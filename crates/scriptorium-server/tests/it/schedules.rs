//! Schedules over HTTP: their settings, what an expression would mean, and how one keeps.

use serde_json::{Value, json};

use crate::fixture::Fixture;

async fn preview(server: &Fixture, query: &str) -> (u16, Value) {
    let path = format!("/api/v1/schedules/preview?{query}");
    server.call("GET", &path, Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_is_told_in_words_with_its_next_ten_instants_and_the_clock_change() {
    let server = Fixture::start().await;
    let nightly = "cron=30%202%20*%20*%20*&timezone=Europe/Stockholm&after=2026-03-01T00:00:00Z";
    let (status, body) = preview(&server, nightly).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["items"].as_array().unwrap().len(), 10);
    assert_eq!(body["items"][0], "2026-03-01T01:30:00Z");
    assert_eq!(body["description"], "At 02:30 every day");
    let change = json!({
        "at": "2026-03-29T01:00:00Z",
        "offset_before": "+01:00",
        "offset_after": "+02:00",
        "items": [
            "2026-03-27T01:30:00Z",
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:30:00Z",
            "2026-03-31T00:30:00Z",
        ],
    });
    assert_eq!(body["clock_change"], change);
    let (_, body) = preview(&server, "cron=0%209%20*%20*%201-5&locale=ru&count=1").await;
    assert_eq!(body["description"], "В 09:00 с понедельника по пятницу");
    assert_eq!(body["clock_change"], Value::Null);
    assert_eq!(body["items"].as_array().unwrap().len(), 1);
    let (status, body) = preview(&server, "cron=@daily&locale=fr").await;
    assert_eq!(
        (status, &body["errors"][0]["code"]),
        (422, &json!("bad_locale"))
    );
    let (status, body) = preview(&server, "cron=0%2024%20*%20*%20*").await;
    let params = json!({"part": "hour", "at": "3", "min": "0", "max": "23"});
    assert_eq!((status, &body["errors"][0]["params"]), (422, &params));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_schedule_are_set_one_by_one_and_taken_back() {
    let server = Fixture::start().await;
    let plain = json!({
        "cron": "0 9 * * *",
        "timezone": "UTC",
        "missed": "latest",
        "overlap": "forbid",
        "jitter_seconds": 0,
        "starts_at": null,
        "ends_at": null,
        "pause_after_failures": null,
        "retries": 0,
    });
    let body = json!({"name": "nightly", "type": "scheduled", "source": "return 1",
        "schedule": {"cron": "0 9 * * *"}});
    let id = server.script(body).await;
    let path = format!("/api/v1/scripts/{id}");
    let (_, script) = server.call("GET", &path, Value::Null).await;
    assert_eq!(script["schedule"], plain);
    let all = json!({
        "cron": "30 2 * * *",
        "timezone": "Europe/Stockholm",
        "missed": "all",
        "overlap": "replace",
        "jitter_seconds": 90,
        "starts_at": "2026-12-01T00:00:00Z",
        "ends_at": "2027-12-01T00:00:00Z",
        "pause_after_failures": 3,
        "retries": 2,
    });
    let (status, script) = server.call("PATCH", &path, json!({"schedule": all})).await;
    assert_eq!((status, &script["schedule"]), (200, &all));
    let back = json!({"schedule": {"starts_at": null, "ends_at": null, "missed": "skip"}});
    let (_, script) = server.call("PATCH", &path, back).await;
    assert_eq!(script["schedule"]["starts_at"], Value::Null);
    assert_eq!(script["schedule"]["missed"], "skip");
    assert_eq!(script["schedule"]["overlap"], "replace");
    for (change, field, code) in [
        (
            json!({"missed": "some"}),
            "schedule.missed",
            "unknown_value",
        ),
        (
            json!({"overlap": "queue"}),
            "schedule.overlap",
            "unknown_value",
        ),
        (
            json!({"jitter_seconds": 3_601}),
            "schedule.jitter_seconds",
            "out_of_range",
        ),
        (
            json!({"pause_after_failures": 0}),
            "schedule.pause_after_failures",
            "out_of_range",
        ),
        (
            json!({"starts_at": "2027-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}),
            "schedule.ends_at",
            "before_start",
        ),
    ] {
        let (status, body) = server
            .call("PATCH", &path, json!({"schedule": change}))
            .await;
        let error = &body["errors"][0];
        assert_eq!(
            (status, &error["field"], &error["code"]),
            (422, &json!(field), &json!(code))
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timetable_says_what_comes_next() {
    let server = Fixture::start().await;
    let body = json!({"name": "yearly", "type": "scheduled", "source": "return 1",
        "schedule": {"cron": "0 0 1 1 *"}});
    let (_, script) = server.call("POST", "/api/v1/scripts", body).await;
    let id = script["id"].as_str().unwrap();
    let path = format!("/api/v1/scripts/{id}/schedule");
    let (status, draft) = server.call("GET", &path, Value::Null).await;
    assert_eq!((status, &draft["next_at"]), (200, &Value::Null));
    let activate = format!("/api/v1/scripts/{id}/activate");
    server.call("POST", &activate, json!({})).await;
    let (_, active) = server
        .call("GET", &format!("{path}?locale=uz"), Value::Null)
        .await;
    let next = active["next_at"].as_str().unwrap();
    assert!(next.ends_with("-01-01T00:00:00Z"), "{next}");
    let expected = json!({
        "description": "Yanvar oyida oyning 1-kuni soat 00:00 da",
        "next_at": next,
        "overdue": false,
        "last_at": null,
        "last_run": null,
        "failures": 0,
        "items": [],
    });
    assert_eq!(active, expected);
    let (status, _) = server
        .call("GET", &format!("{path}?limit=0"), Value::Null)
        .await;
    assert_eq!(status, 422);
    let other = json!({"name": "by hand", "type": "oneoff", "source": "return 1"});
    let other = format!("/api/v1/scripts/{}/schedule", server.script(other).await);
    assert_eq!(server.call("GET", &other, Value::Null).await.0, 404);
    server.stop().await;
}
