//! What the two tenants hold after the first start, and after the second.

use rstest::rstest;
use scriptorium::ScriptFilter;
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::ScriptStatus;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::{World, output};

const TABLES: [&str; 6] = [
    "clients",
    "products",
    "orders",
    "order_items",
    "invoices",
    "notifications",
];

async fn counts(world: &World, slug: &str) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        let rows = world
            .rows(slug, &format!("SELECT COUNT(*) AS total FROM {table}"))
            .await;
        counts.push(rows[0]["total"].as_i64().unwrap());
    }
    counts
}

#[rstest]
#[tokio::test]
async fn seeding_again_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let before = (
        counts(&world, "default").await,
        counts(&world, "acme").await,
    );
    assert!(before.0.iter().sum::<i64>() > 300, "{before:?}");
    assert!(before.1.iter().sum::<i64>() > 200, "{before:?}");
    assert_ne!(before.0, before.1);

    world.store("min_order_qty_tea", json!(3)).await;
    world.pass(40 * 24 * 3600);
    scriptorium_erp::seed(&world.platform, None).await.unwrap();
    let after = (
        counts(&world, "default").await,
        counts(&world, "acme").await,
    );
    assert_eq!(before, after);
    assert_eq!(world.stored("min_order_qty_tea").await, json!(3));
}

#[rstest]
#[tokio::test]
async fn both_tenants_have_every_sample_script_active(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    for slug in ["default", "acme"] {
        let tenant = world.tenant(slug).await;
        let scripts = world.platform.scripts();
        let found = scripts
            .list(
                tenant.ctx(),
                &ScriptFilter::default(),
                &PageRequest::first(),
            )
            .await
            .unwrap();
        assert_eq!(
            found.items.len(),
            scriptorium_erp::samples::definitions().unwrap().len()
        );
        for summary in found.items {
            assert_eq!(
                summary.script.status,
                ScriptStatus::Active,
                "{}",
                summary.script.name
            );
            if summary.script.name == "inactive-client-reminder" {
                // Nine in Tashkent, the next morning.
                let next = summary.next_run_at.unwrap().to_string();
                assert_eq!(next, "2026-03-03T04:00:00Z");
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_tenant_sees_its_own_rows_only(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let client = world.row("SELECT id FROM clients LIMIT 1").await;
    let id = client["id"].as_str().unwrap();
    let get = format!("services.clients.get('{id}')");
    assert_eq!(
        world.evaluate("default", &get).await["value"]["id"],
        json!(id)
    );
    assert_eq!(world.evaluate("acme", &get).await, json!({"value": null}));
}

#[rstest]
#[tokio::test]
async fn hello_greets(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    for (input, greeting) in [
        (json!({"name": "Ada"}), "Hello, Ada!"),
        (Value::Null, "Hello, world!"),
    ] {
        let execution = world.execute("default", "hello", input).await;
        assert_eq!(output(&execution), json!({"greeting": greeting}));
    }
}
