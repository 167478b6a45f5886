//! `order-report`.

use rstest::rstest;
use scriptorium::EndpointRefusal;
use scriptorium::model::Ctx;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::{Request, World, body};

async fn report(world: &World, caller: &Ctx, query: &str) -> (u16, Option<String>, Value) {
    let request = Request {
        method: "GET",
        path: "/reports/orders",
        query: Some(query),
        ..Request::default()
    };
    let reply = world.request(Some(caller), request).await.unwrap();
    let cache = reply
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-cache"));
    let cache = cache.map(|(_, value)| value.clone());
    let (status, body) = body(&reply);
    (status, cache, body)
}

#[rstest]
#[tokio::test]
async fn the_second_answer_comes_from_storage_for_five_minutes(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let admin = world.user("default", "admin@localhost").await;
    let query = "startDate=2026-02-01&endDate=2026-02-28&groupBy=week";

    let (status, cache, first) = report(&world, &admin, query).await;
    assert_eq!((status, cache.as_deref()), (200, Some("MISS")));
    world.pass(299);
    let (_, cache, second) = report(&world, &admin, query).await;
    assert_eq!(cache.as_deref(), Some("HIT"));
    assert_eq!(first, second);
    world.pass(2);
    let (_, cache, _) = report(&world, &admin, query).await;
    assert_eq!(cache.as_deref(), Some("MISS"));

    assert_eq!(world.events("report.generated").await.len(), 2);
    assert_eq!(first["generated_by"], "admin@localhost");
}

#[rstest]
#[tokio::test]
async fn the_sums_are_those_of_the_tables(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let admin = world.user("default", "admin@localhost").await;
    let sums = world
        .row(
            "SELECT COUNT(*) AS orders, SUM(total) AS revenue FROM orders WHERE status <> 'cancelled' \
             AND created_at >= '2026-02-01' AND created_at < '2026-03-01'",
        )
        .await;
    for (group, period) in [
        ("day", "2026-02-"),
        ("week", "2026-W"),
        ("month", "2026-02"),
    ] {
        let query = format!("startDate=2026-02-01&endDate=2026-02-28&groupBy={group}");
        let (_, _, report) = report(&world, &admin, &query).await;
        assert_eq!(report["summary"]["total_orders"], sums["orders"], "{group}");
        assert_eq!(
            report["summary"]["total_revenue"], sums["revenue"],
            "{group}"
        );
        let rows = report["data"].as_array().unwrap();
        let fits = |row: &Value| {
            row["period"]
                .as_str()
                .is_some_and(|p| p.starts_with(period))
        };
        assert!(
            !rows.is_empty() && rows.iter().all(fits),
            "{group}: {rows:?}"
        );
    }
}

#[rstest]
#[tokio::test]
async fn the_permission_decides(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let call = async |email: &str| {
        let caller = world.user("default", email).await;
        report(&world, &caller, "groupBy=month").await.0
    };
    assert_eq!(call("admin@localhost").await, 200);
    // A developer with the extra permission, and a colleague of hers without.
    assert_eq!(call("malika@default.example").await, 200);
    let tenant = world.default().await;
    let colleague = scriptorium::NewUser {
        email: "colleague@default.example".to_owned(),
        name: "Colleague".to_owned(),
        role: scriptorium::model::permission::Role::Developer,
        extra_permissions: Vec::new(),
        password: None,
        locale: "en".to_owned(),
    };
    world
        .platform
        .users()
        .create(tenant.ctx(), colleague)
        .await
        .unwrap();
    assert_eq!(call("colleague@default.example").await, 403);

    let request = Request {
        method: "GET",
        path: "/reports/orders",
        ..Request::default()
    };
    let refusal = world.request(None, request).await.unwrap_err();
    assert!(
        matches!(refusal, EndpointRefusal::Unauthenticated),
        "{refusal:?}"
    );
}

#[rstest]
#[tokio::test]
async fn parameters_that_make_no_sense_are_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let admin = world.user("default", "admin@localhost").await;
    for (query, complaint) in [
        ("groupBy=year", "groupBy must be day, week or month"),
        ("startDate=yesterday", "startDate must be a date"),
        ("endDate=2026-02-30", "endDate must be a date"),
        (
            "startDate=2026-02-01&startDate=2026-02-02",
            "startDate must be a date",
        ),
        (
            "startDate=2026-03-01&endDate=2026-02-01",
            "startDate must not be after",
        ),
    ] {
        let (status, _, body) = report(&world, &admin, query).await;
        assert_eq!(status, 400, "{query}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(complaint), "{query}: {message}");
    }
    assert_eq!(world.events("report.generated").await, Vec::<Value>::new());
}

#[rstest]
#[tokio::test]
async fn without_dates_it_is_the_last_thirty_days(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let admin = world.user("default", "admin@localhost").await;
    let (_, _, report) = report(&world, &admin, "").await;
    let period = json!({"start": "2026-01-31", "end": "2026-03-02", "group_by": "day"});
    assert_eq!(report["period"], period);
}
