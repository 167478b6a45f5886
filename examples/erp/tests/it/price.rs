//! `price-rule`.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::World;

/// Discount in percent of one line of the second knife sheath-like product: any product will do.
async fn discount(world: &World, segment: &str, quantity: u32, promotion: Option<&str>) -> Value {
    let client = world.row("SELECT id FROM clients ORDER BY id").await;
    let id = client["id"].as_str().unwrap();
    let update = format!("services.clients.update('{id}', {{ segment: '{segment}' }})");
    assert_eq!(
        world.evaluate("default", &update).await["value"]["segment"],
        segment
    );
    let product = world
        .row("SELECT id, price FROM products ORDER BY id")
        .await;
    let mut basket = json!({
        "client_id": id,
        "items": [{"product_id": product["id"], "quantity": quantity}],
    });
    if let Some(code) = promotion {
        basket["promotion"] = json!(code);
    }
    let priced: Value = world.platform.invoke("price-rule", &basket).await.unwrap();
    let line = &priced["lines"][0];
    let list = product["price"].as_i64().unwrap() * i64::from(quantity);
    assert_eq!(line["list_price"], product["price"]);
    assert_eq!(priced["total"], line["total"]);
    assert_eq!(
        priced["total"].as_i64().unwrap() + priced["saved"].as_i64().unwrap(),
        list
    );
    line["discount_percent"].clone()
}

#[rstest]
#[tokio::test]
async fn discounts_add_up_to_a_ceiling(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    for (segment, quantity, promotion, percent) in [
        ("retail", 1, None, 0),
        ("retail", 20, None, 2),
        ("retail", 50, None, 5),
        ("retail", 200, None, 10),
        ("wholesale", 1, None, 5),
        ("vip", 1, None, 8),
        ("retail", 1, Some("NAVROZ"), 7),
        ("retail", 1, Some("NOBODY"), 0),
        ("retail", 1, Some("constructor"), 0),
        ("vip", 200, Some("NAVROZ"), 20),
    ] {
        let given = discount(&world, segment, quantity, promotion).await;
        assert_eq!(given, percent, "{segment} {quantity} {promotion:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_promotion_ends(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    world
        .store(
            "promotions",
            json!({"MARCH": {"percent": 4, "until": "2026-03-02"}}),
        )
        .await;
    assert_eq!(discount(&world, "retail", 1, Some("MARCH")).await, 4);
    world.pass(24 * 3600);
    assert_eq!(discount(&world, "retail", 1, Some("MARCH")).await, 0);
}

#[rstest]
#[tokio::test]
async fn an_unknown_client_is_a_failure_of_the_script(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let basket = json!({"client_id": "00000000-0000-4000-8000-000000000000", "items": []});
    let error = world
        .platform
        .invoke::<_, Value>("price-rule", &basket)
        .await
        .unwrap_err();
    let failure = error.execution().unwrap().failure.clone().unwrap();
    assert_eq!(failure.code, "script.threw");
    assert!(
        failure.message.contains("there is no client"),
        "{}",
        failure.message
    );
}
