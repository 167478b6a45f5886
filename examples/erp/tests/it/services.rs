//! What the services refuse, as scripts see it: code, field, message.

use rstest::rstest;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::World;

const NOBODY: &str = "'00000000-0000-4000-8000-000000000000'";

#[rstest]
#[tokio::test]
async fn refusals_name_the_field(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let invalid = |field: &str| json!(["VALIDATION_ERROR", field]);
    for (expression, expected) in [
        ("clients.get()".to_owned(), invalid("id")),
        ("clients.get(5)".to_owned(), invalid("id")),
        ("clients.list({ limit: 0 })".to_owned(), invalid("limit")),
        ("clients.list({ where: 1 })".to_owned(), invalid("where")),
        (
            "clients.list({ filters: [{ field: 'name', operator: 'like', value: 'a' }] })".to_owned(),
            invalid("filters[0].operator"),
        ),
        (
            "clients.list({ filters: [{ field: \"name' OR 1=1 --\", operator: 'eq', value: 'a' }] })".to_owned(),
            invalid("filters[0].field"),
        ),
        ("clients.create({ name: 'A' })".to_owned(), invalid("phone")),
        ("clients.create({ name: 'A', phone: 'call me' })".to_owned(), invalid("phone")),
        ("clients.create({ name: 'A', phone: '+998 90 1234567', status: 'new' })".to_owned(), invalid("status")),
        ("clients.create({ name: 'A', phone: '+998 90 1234567', id: 1 })".to_owned(), invalid("id")),
        (format!("clients.update({NOBODY}, {{ name: 'A' }})"), json!(["NOT_FOUND", null])),
        (format!("clients.merge({NOBODY}, {NOBODY})"), invalid("duplicateId")),
        (format!("products.updateStock({NOBODY}, -1)"), invalid("quantity")),
        (format!("products.updateStock({NOBODY}, 1)"), json!(["NOT_FOUND", null])),
        ("orders.create({ items: [] })".to_owned(), invalid("customer_id")),
        (format!("orders.create({{ customer_id: {NOBODY}, items: [] }})"), invalid("items")),
        (
            format!("orders.create({{ customer_id: {NOBODY}, items: [{{ product_id: {NOBODY}, quantity: 1.5 }}] }})"),
            invalid("items[0].quantity"),
        ),
        (format!("orders.process({NOBODY})"), json!(["NOT_FOUND", null])),
        ("orders.getReport({ startDate: '2026-01-01' })".to_owned(), invalid("endDate")),
        (format!("invoices.getOutstandingAmount({NOBODY})"), json!(["NOT_FOUND", null])),
        ("notifications.sendSMS({ to: '+998901234567' })".to_owned(), invalid("message")),
        ("notifications.sendSMS({ to: 'x', message: 'a' })".to_owned(), invalid("to")),
        (
            "notifications.sendEmail({ to: 'a@b.example', subject: 'a\\nbcc: c@d.example', body: 'a' })".to_owned(),
            invalid("subject"),
        ),
        ("notifications.sendEmail({ to: 'a@b@c', subject: 'a', body: 'a' })".to_owned(), invalid("to")),
    ] {
        let refused = world.evaluate("default", &format!("services.{expression}")).await;
        let shown = json!([refused["code"], refused["field"]]);
        assert_eq!(shown, expected, "{expression}: {refused}");
    }
}

#[rstest]
#[tokio::test]
async fn lists_filter_order_and_limit(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let names = async |options: &str| -> Vec<Value> {
        let list = world
            .evaluate("default", &format!("services.clients.list({options})"))
            .await;
        let clients = list["value"].as_array().unwrap();
        clients
            .iter()
            .map(|client| client["name"].clone())
            .collect()
    };
    let all = names("{ limit: 1000 }").await;
    let blocked = "{ field: 'status', operator: 'eq', value: 'blocked' }";
    let others = "{ field: 'status', operator: 'ne', value: 'blocked' }";
    let count = async |filter: &str| {
        names(&format!("{{ filters: [{filter}], limit: 1000 }}"))
            .await
            .len()
    };
    assert_eq!(count(blocked).await + count(others).await, all.len());
    assert_eq!(count(&format!("{blocked}, {others}")).await, 0);
    assert_eq!(names("{ limit: 3 }").await, all[..3]);
    let mut opposite = names("{ orderBy: '-name', limit: 1000 }").await;
    opposite.reverse();
    let sorted = |mut names: Vec<Value>| {
        names.sort_by_key(Value::to_string);
        names
    };
    assert_eq!(sorted(opposite), sorted(all));
    assert_eq!(
        count("{ field: 'name', operator: 'contains', value: 'Savdo' }").await,
        1
    );
    assert_eq!(
        count("{ field: 'email', operator: 'eq', value: null }").await,
        6
    );
    assert_eq!(
        count("{ field: 'city', operator: 'in', value: ['Xiva'] }").await,
        count("{ field: 'city', operator: 'eq', value: 'Xiva' }").await
    );
}

#[rstest]
#[tokio::test]
async fn a_client_with_orders_stays(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let order = world.row("SELECT customer_id FROM orders").await;
    let delete = format!("services.clients.delete({})", order["customer_id"]);
    assert_eq!(world.evaluate("default", &delete).await["code"], "CONFLICT");
    let fresh = "(async () => { const c = await services.clients.create({ name: 'A', phone: '+998 00 1234567' }); return [await services.clients.delete(c.id), await services.clients.delete(c.id)]; })()";
    assert_eq!(
        world.evaluate("default", fresh).await,
        json!({"value": [true, false]})
    );
}
