//! `inactive-client-reminder`.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::{World, output};

const INACTIVE: &str = "SELECT name, phone FROM clients WHERE status = 'active' \
    AND last_activity < '2026-01-31T08:00:00.000Z'";
const OUTBOX: &str = "SELECT * FROM notifications ORDER BY recipient";

#[rstest]
#[tokio::test]
async fn every_inactive_client_hears_from_us_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let inactive = world.rows("default", INACTIVE).await;
    let count = inactive.len();
    assert!(count >= 5, "{count}");

    let execution = world
        .execute("default", "inactive-client-reminder", Value::Null)
        .await;
    let summary = json!({"processed": count, "sent": count, "skipped": 0, "failed": 0});
    assert_eq!(output(&execution), summary);

    let outbox = world.rows("default", OUTBOX).await;
    assert_eq!(outbox.len(), count);
    for message in &outbox {
        let client = inactive
            .iter()
            .find(|client| client["phone"] == message["recipient"]);
        let name = client.unwrap()["name"].as_str().unwrap();
        let body = message["body"].as_str().unwrap();
        assert!(
            body.starts_with(&format!("{name}, we have not seen you at Default since ")),
            "{body}"
        );
        assert_eq!(message["metadata"]["campaign"], "reactivation");
        assert_eq!(message["execution_id"], execution.id.to_string());
    }
    let events = world.events("client.reminder_sent").await;
    assert_eq!(events.len(), count);
    assert!(events.iter().all(|event| event["channel"] == "sms"));
    let stored = world.stored("last_reminder_run").await;
    assert_eq!(stored["sent"], count);
    assert_eq!(stored["at"], "2026-03-02T08:00:00.000Z");

    let again = world
        .execute("default", "inactive-client-reminder", Value::Null)
        .await;
    let summary = json!({"processed": count, "sent": 0, "skipped": count, "failed": 0});
    assert_eq!(output(&again), summary);
    assert_eq!(world.rows("default", OUTBOX).await.len(), count);

    world.pass(25 * 3600);
    assert_eq!(world.stored("last_reminder_run").await, Value::Null);
}

#[rstest]
#[tokio::test]
async fn a_bad_phone_number_does_not_silence_the_rest(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let tenant = world.default().await;
    let first = world
        .row(&format!("{INACTIVE} ORDER BY name LIMIT 1"))
        .await;
    let spoil = "UPDATE clients SET phone = 'unknown' WHERE phone = $1";
    let changed = tenant
        .data()
        .execute(tenant.ctx(), spoil, vec![first["phone"].clone()])
        .await;
    assert_eq!(changed.unwrap(), 1);

    let execution = world
        .execute("default", "inactive-client-reminder", Value::Null)
        .await;
    let summary = output(&execution);
    assert_eq!(summary["failed"], 1);
    assert_eq!(
        summary["sent"].as_i64(),
        summary["processed"].as_i64().map(|all| all - 1)
    );
}
