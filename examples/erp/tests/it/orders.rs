//! The life of an order, from the wish to the invoice, or back.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::World;

async fn stock(world: &World, product: &Value) -> i64 {
    let id = product["id"].as_str().unwrap();
    let row = world
        .row(&format!("SELECT stock FROM products WHERE id = '{id}'"))
        .await;
    row["stock"].as_i64().unwrap()
}

async fn create(world: &World, product: &Value, quantity: i64) -> Value {
    let client = world.row("SELECT id FROM clients ORDER BY id").await;
    let expression = format!(
        "services.orders.create({{ customer_id: {}, items: [{{ product_id: {}, quantity: {quantity} }}], delivery_date: new Date('2026-03-05T10:00:00Z') }})",
        client["id"], product["id"],
    );
    let created = world.evaluate("default", &expression).await;
    assert_eq!(created["code"], Value::Null, "{created}");
    created["value"].clone()
}

async fn act(world: &World, action: &str, order: &Value) -> Value {
    let expression = format!("services.orders.{action}({})", order["id"]);
    world.evaluate("default", &expression).await
}

async fn product(world: &World) -> Value {
    world
        .row("SELECT id, price, stock FROM products WHERE stock >= 40 ORDER BY id")
        .await
}

#[rstest]
#[tokio::test]
async fn processing_takes_stock_and_writes_an_invoice_and_cancelling_undoes_both(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let product = product(&world).await;
    let before = stock(&world, &product).await;
    let order = create(&world, &product, 7).await;
    assert_eq!(order["status"], "new");
    assert_eq!(order["total"], product["price"].as_i64().unwrap() * 7);
    assert_eq!(order["delivery_date"], "2026-03-05");
    assert_eq!(stock(&world, &product).await, before);

    let processed = act(&world, "process", &order).await;
    assert_eq!(processed["value"]["status"], "processed", "{processed}");
    assert_eq!(stock(&world, &product).await, before - 7);
    let id = order["id"].as_str().unwrap();
    let invoice = format!("SELECT * FROM invoices WHERE order_id = '{id}'");
    let open = world.row(&invoice).await;
    assert_eq!(
        (&open["status"], &open["amount"]),
        (&json!("open"), &order["total"])
    );
    assert_eq!(open["due_at"], "2026-03-16T08:00:00.000Z");

    let cancelled = act(&world, "cancel", &order).await;
    assert_eq!(cancelled["value"]["status"], "cancelled", "{cancelled}");
    assert_eq!(stock(&world, &product).await, before);
    assert_eq!(world.row(&invoice).await["status"], "void");
    assert_eq!(act(&world, "process", &order).await["code"], "CONFLICT");

    // Each step was published with its rows; what was refused was not.
    for (kind, status) in [
        ("order.created", "new"),
        ("order.processed", "processed"),
        ("order.cancelled", "cancelled"),
    ] {
        let event = world.event(kind).await;
        assert_eq!(
            (&event["id"], event["status"].as_str()),
            (&order["id"], Some(status))
        );
    }
}

#[rstest]
#[tokio::test]
async fn an_order_beyond_the_stock_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let product = product(&world).await;
    let before = stock(&world, &product).await;
    let order = create(&world, &product, before + 1).await;
    let refused = act(&world, "process", &order).await;
    assert_eq!(refused["code"], "INSUFFICIENT_STOCK", "{refused}");
    world.event("order.created").await;
    assert_eq!(world.events("order.processed").await, [Value::Null; 0]);
    assert_eq!(stock(&world, &product).await, before);
    let get = format!("services.orders.get({})", order["id"]);
    assert_eq!(
        world.evaluate("default", &get).await["value"]["status"],
        "new"
    );
}

#[rstest]
#[tokio::test]
async fn a_paid_order_cannot_be_cancelled(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let product = product(&world).await;
    let order = create(&world, &product, 1).await;
    act(&world, "process", &order).await;
    let pay = format!(
        "(async () => {{ const [invoice] = await services.invoices.list({{ filters: [{{ field: 'order_id', operator: 'eq', value: {} }}] }}); return services.invoices.markPaid(invoice.id, {{ reference: 'r' }}); }})()",
        order["id"],
    );
    assert_eq!(
        world.evaluate("default", &pay).await["value"]["status"],
        "paid"
    );
    assert_eq!(act(&world, "cancel", &order).await["code"], "CONFLICT");
    assert_eq!(
        stock(&world, &product).await,
        product["stock"].as_i64().unwrap() - 1
    );
}
