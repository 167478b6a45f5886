//! What a host does with scripts in its own code: a price rule in a loop, a rule before an order is
//! saved, a list of plug-ins.

use rstest::rstest;
use scriptorium::model::limits::Limits;
use scriptorium::model::script::{Definition, Language, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::{Error, TenantHandle, Verdict};
use scriptorium_erp::ORDER_ACCEPT;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::World;

/// A tenant writes an embedded script and switches it on.
async fn embedded(world: &World, name: &str, tag: &str, source: &str) {
    let tenant = world.default().await;
    let scripts = world.platform.scripts();
    let definition = Definition {
        name: name.into(),
        description: String::new(),
        source: source.into(),
        language: Language::TypeScript,
        entry: None,
        trigger: Trigger::Embedded,
        limits: Limits::default(),
        input_schema: None,
        output_schema: None,
        compatibility: None,
        database: Default::default(),
        allowed_services: None,
        library: false,
        concurrency: None,
        run_as: None,
        tags: vec![tag.into()],
        metadata: Default::default(),
    };
    let script = scripts.create(tenant.ctx(), definition, "").await.unwrap();
    let (id, active) = (script.id, ScriptStatus::Active);
    scripts
        .set_status(tenant.ctx(), id, active, None)
        .await
        .unwrap();
}

#[derive(Serialize)]
struct Line {
    quantity: u32,
    price: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Priced {
    total: u32,
}

/// Each call is an execution of its own, in a fresh sandbox.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_orders_are_priced_by_the_tenants_rule() {
    let world = World::on(Sqlite).await;
    let rule = "export default ({ quantity, price }) => ({
        total: Math.round(quantity * price * (quantity >= 100 ? 0.9 : 1)) })";
    embedded(&world, "bulk-price", "price", rule).await;
    let tenant = world.default().await;
    for quantity in 0..10_000 {
        let line = Line {
            quantity,
            price: 10,
        };
        let priced: Priced = tenant.invoke("bulk-price", &line).await.unwrap();
        let percent = if quantity >= 100 { 90 } else { 100 };
        assert_eq!(
            priced,
            Priced {
                total: quantity * 10 * percent / 100
            }
        );
    }
}

/// What became of an order.
async fn place(tenant: &TenantHandle, order: Value) -> Result<Verdict<Value>, Error> {
    tenant
        .transaction(move |tx| {
            let verdict = tx.before(ORDER_ACCEPT, order)?;
            if let Verdict::Pass(order) = &verdict {
                let sql = "insert into orders (id, number, customer_id, status, total, created_at) \
                           values ($1, $2, $3, 'new', $4, $5)";
                let row = ["id", "number", "customer_id", "total", "created_at"];
                tx.execute(sql, &row.map(|column| order[column].clone()))?;
            }
            Ok(verdict)
        })
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_stored_only_when_the_tenants_rules_let_it_pass(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let tenant = world.default().await;
    let rounds = "export default (order) => ({ value: { ...order, total: Math.ceil(order.total / 100) * 100 } })";
    embedded(&world, "a-round-up", ORDER_ACCEPT, rounds).await;
    let client = world
        .row("SELECT id FROM clients WHERE status = 'active' AND credit_limit > 0 ORDER BY credit_limit DESC, id")
        .await;
    let product = world
        .row("SELECT id, price FROM products WHERE stock > 50 ORDER BY price, id")
        .await;
    let order = |id: &str, quantity: u32| {
        json!({
            "id": id,
            "number": id,
            "customer_id": client["id"],
            "items": [{ "product_id": product["id"], "quantity": quantity }],
            "total": 1_234,
            "created_at": world.now().to_string(),
        })
    };
    let (good, bad) = (
        "0190f3e0-0000-7000-8000-00000000000a",
        "0190f3e0-0000-7000-8000-00000000000b",
    );
    let stored = match place(&tenant, order(good, 12)).await.unwrap() {
        Verdict::Pass(stored) => stored,
        Verdict::Veto(veto) => panic!("{veto:?}"),
    };
    assert_eq!(stored["total"], 1_300);
    // The sample script `validate-order` asks the services for the stock, inside of the transaction.
    let Verdict::Veto(veto) = place(&tenant, order(bad, 1_000_000)).await.unwrap() else {
        panic!("there are not so many")
    };
    assert_eq!(veto.script, "validate-order");
    assert_eq!(veto.errors[0].field.as_deref(), Some("items[0]"));
    let sql = "select id, total from orders where id in ($1, $2)";
    let rows = tenant
        .data()
        .query(tenant.ctx(), sql, vec![json!(good), json!(bad)]);
    let rows = rows.await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["id"], &rows[0]["total"]),
        (&json!(good), &json!(1_300))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_made_of_the_tenants_widgets() {
    let world = World::on(Sqlite).await;
    let orders = "export default async () => ({ title: 'Orders', lines: (await services.orders.list({ limit: 3 })).length })";
    embedded(&world, "widget-orders", "dashboard", orders).await;
    embedded(
        &world,
        "widget-hello",
        "dashboard",
        "export default ({ user }) => ({ title: `Hello ${user}`, lines: 0 })",
    )
    .await;
    embedded(
        &world,
        "widget-broken",
        "dashboard",
        "export default () => { throw new Error('mend me') }",
    )
    .await;
    #[derive(Debug, Deserialize, PartialEq)]
    struct Widget {
        title: String,
        lines: usize,
    }
    let tenant = world.default().await;
    let user = json!({ "user": "Ann" });
    let widgets = tenant.invoke_tagged::<_, Widget>("dashboard", &user);
    let mut shown = Vec::new();
    for widget in widgets.await.unwrap() {
        match widget.output {
            Ok(output) => shown.push((widget.script, output.title, output.lines)),
            // The page is shown without it.
            Err(error) => assert_eq!(
                (widget.script.as_str(), error.code()),
                ("widget-broken", "script.threw")
            ),
        }
    }
    let expected = [
        ("widget-hello", "Hello Ann", 0),
        ("widget-orders", "Orders", 3),
    ];
    assert_eq!(
        shown,
        expected.map(|(script, title, lines)| (script.to_owned(), title.to_owned(), lines))
    );
}
