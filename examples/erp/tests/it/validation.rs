//! `validate-order`: one good order, and each way in which it can be bad.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::World;

/// A company with credit and no open invoices would be luck; this one gets its credit set.
async fn order(world: &World) -> Value {
    let client = world
        .row("SELECT id FROM clients WHERE status = 'active' AND credit_limit > 0 ORDER BY id")
        .await;
    let id = client["id"].as_str().unwrap();
    let raise = format!("services.clients.update('{id}', {{ credit_limit: 1_000_000_000 }})");
    assert_eq!(world.evaluate("default", &raise).await["value"]["id"], id);
    let tea = world
        .row("SELECT id, price FROM products WHERE category = 'tea' AND stock >= 20 ORDER BY id")
        .await;
    json!({
        "customer_id": id,
        "items": [{"product_id": tea["id"], "quantity": 10}],
        "total": tea["price"].as_i64().unwrap() * 10,
        "delivery_date": "2026-03-04",
    })
}

async fn codes(world: &World, order: &Value) -> Vec<String> {
    let verdict: Value = world
        .platform
        .invoke("validate-order", order)
        .await
        .unwrap();
    let errors = verdict["errors"].as_array().unwrap();
    assert_eq!(verdict["valid"], errors.is_empty());
    errors
        .iter()
        .map(|error| error["code"].as_str().unwrap().to_owned())
        .collect()
}

#[rstest]
#[tokio::test]
async fn each_rule_has_its_objection(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let good = order(&world).await;
    assert_eq!(codes(&world, &good).await, Vec::<String>::new());

    let sold_out = world.row("SELECT id FROM products WHERE stock = 0 AND category <> 'tea' AND category <> 'dried_fruit'").await;
    let blocked = world
        .row("SELECT id FROM clients WHERE status = 'blocked'")
        .await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let cases: [(&str, Value, &[&str]); 9] = [
        ("/items", json!([]), &["empty"]),
        ("/items/0/quantity", json!(100_000), &["stock"]),
        ("/items/0/quantity", json!(9), &["min_quantity"]),
        ("/items/0/product_id", sold_out["id"].clone(), &["stock"]),
        ("/items/0/product_id", json!(nobody), &["unknown_product"]),
        ("/customer_id", json!(nobody), &["unknown_customer"]),
        ("/customer_id", blocked["id"].clone(), &["blocked_customer"]),
        ("/total", json!(2_000_000_000), &["credit_limit"]),
        // A Sunday.
        ("/delivery_date", json!("2026-03-08"), &["blocked_day"]),
    ];
    for (place, value, expected) in cases {
        let mut order = good.clone();
        *order.pointer_mut(place).unwrap() = value;
        assert_eq!(codes(&world, &order).await, expected, "{place}");
    }
}

#[rstest]
#[tokio::test]
async fn all_objections_come_at_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mut bad = order(&world).await;
    bad["items"][0]["quantity"] = json!(1);
    bad["total"] = json!(2_000_000_000);
    bad["delivery_date"] = json!("2026-03-08");
    assert_eq!(
        codes(&world, &bad).await,
        ["min_quantity", "credit_limit", "blocked_day"]
    );
}

#[rstest]
#[tokio::test]
async fn the_tenants_settings_are_the_rules(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let good = order(&world).await;
    world.store("min_order_qty_tea", json!(11)).await;
    assert_eq!(codes(&world, &good).await, ["min_quantity"]);
    world.store("min_order_qty_tea", json!(0)).await;
    world.store("blocked_delivery_days", json!([3])).await;
    assert_eq!(codes(&world, &good).await, ["blocked_day"]);
}
