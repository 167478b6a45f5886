//! The recipes of `examples/recipes`, each set up from its folder as the guide says, and run on both databases
//! against servers of mail and web that tell what came.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rstest::rstest;
use scriptorium::model::Ctx;
use scriptorium::model::execution::Execution;
use scriptorium::model::script::ScriptStatus;
use scriptorium::{MailServer, MailTls, NotificationSettings, SecretInput, Verdict, Veto};
use scriptorium_erp::{ORDER_ACCEPT, samples};
use scriptorium_testing::{Offers, SmtpServer, WebServer};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::{Request, World, body, output};

/// The ten of the guide.
const RECIPES: [&str; 10] = [
    "approval",
    "cached-report",
    "csv-export",
    "migration",
    "payment-receipt",
    "price-rule",
    "rate-limited-sync",
    "stock-alert",
    "stripe-webhook",
    "validation",
];

/// A business with one recipe, a mail server, and a web server that scripts may reach.
struct Kitchen {
    world: World,
    ctx: Ctx,
    mail: SmtpServer,
    web: WebServer,
}

fn folder(recipe: &str) -> PathBuf {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recipes");
    recipes.join(recipe)
}

impl Kitchen {
    async fn of(recipe: &str, database: Database) -> Self {
        let mail = SmtpServer::start(Offers::Nothing, None);
        let web = WebServer::start();
        let settings = NotificationSettings {
            mail: Some(MailServer {
                host: "localhost".into(),
                port: Some(mail.port()),
                tls: MailTls::Off,
                login: None,
                from: "ERP <erp@example.com>".into(),
                authority: None,
            }),
            ..NotificationSettings::default()
        };
        let address = web.address();
        let world = World::with(database, |builder| {
            let builder = builder.http_allow([address]).notifications(settings);
            scriptorium_erp::business(builder)
        })
        .await;
        let ctx = world.default().await.ctx().clone();
        let kitchen = Self {
            world,
            ctx,
            mail,
            web,
        };
        kitchen.set_up(recipe).await;
        kitchen
    }

    /// Creates and activates the scripts of a folder, and writes its templates.
    async fn set_up(&self, recipe: &str) {
        let folder = folder(recipe);
        let manifest = std::fs::read_to_string(folder.join("scripts.toml")).unwrap();
        let source = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let scripts = self.world.platform.scripts();
        for definition in samples::read(&manifest, source).unwrap() {
            let script = scripts.create(&self.ctx, definition, "").await.unwrap();
            let active = ScriptStatus::Active;
            let set = scripts.set_status(&self.ctx, script.id, active, None);
            set.await.unwrap();
        }
        let Ok(templates) = std::fs::read_dir(folder.join("templates")) else {
            return;
        };
        for file in templates {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let put = self.world.platform.templates();
            put.put(&self.ctx, name, &text).await.unwrap();
        }
    }

    async fn secret(&self, name: &str, value: &str) {
        let input = SecretInput {
            value: Some(value.to_owned()),
            ..SecretInput::default()
        };
        let secrets = self.world.platform.secrets();
        secrets.put(&self.ctx, name, input).await.unwrap();
    }

    async fn run(&self, name: &str, input: Value) -> Execution {
        self.world.execute("default", name, input).await
    }

    /// Sends what waits; the subjects and bodies that the mail server has by now.
    async fn mails(&self) -> Vec<String> {
        self.world.platform.send_notifications().await.unwrap();
        let received = self.mail.received();
        received.into_iter().map(|mail| mail.data).collect()
    }

    async fn change(&self, sql: &str, values: Vec<Value>) {
        let tenant = self.world.default().await;
        let changed = tenant.data().execute(tenant.ctx(), sql, values).await;
        assert!(changed.unwrap() > 0, "{sql}");
    }

    async fn request(
        &self,
        caller: Option<&Ctx>,
        request: Request<'_>,
    ) -> (u16, BTreeMap<String, String>, Value) {
        let reply = self.world.request(caller, request).await.unwrap();
        let headers = reply.headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (status, body) = body(&reply);
        (status, headers.collect(), body)
    }
}

/// The message of the failure.
fn failure(execution: &Execution) -> &str {
    execution
        .failure
        .as_ref()
        .map_or("", |failure| &failure.message)
}

#[test]
fn every_recipe_is_tried_and_told_of() {
    let recipes = folder("");
    let mut found: Vec<String> = std::fs::read_dir(recipes)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, RECIPES);
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/recipes.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for recipe in RECIPES {
        let link = format!("examples/recipes/{recipe}");
        assert!(guide.contains(&link), "{link}");
        assert!(include_str!("recipes.rs").contains(&format!("Kitchen::of({recipe:?}")));
    }
}

#[rstest]
#[tokio::test]
async fn paid_invoices_are_exported_once(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("csv-export", database).await;
    kitchen
        .secret("warehouse_url", &kitchen.web.url("/invoices"))
        .await;
    kitchen.secret("warehouse_token", "correct-horse").await;
    let paid = "SELECT number FROM invoices WHERE status = 'paid' ORDER BY paid_at, id";
    let paid = kitchen.world.rows("default", paid).await;
    assert!(paid.len() > 3, "{paid:?}");

    kitchen.web.answer(503, "closed");
    let failed = kitchen.run("export-paid-invoices", Value::Null).await;
    assert!(failure(&failed).contains("503"), "{}", failure(&failed));
    let first = kitchen.run("export-paid-invoices", Value::Null).await;
    assert_eq!(output(&first), json!({ "exported": paid.len() }));
    let again = kitchen.run("export-paid-invoices", Value::Null).await;
    assert_eq!(output(&again), json!({ "exported": 0 }));

    let requests = kitchen.web.received();
    assert_eq!(
        requests.len(),
        2,
        "the one that failed, and the one that did not"
    );
    let key = |at: usize| requests[at].header("idempotency-key").map(str::to_owned);
    assert_eq!(
        key(0),
        key(1),
        "the warehouse can tell that they are the same"
    );
    assert_eq!(
        requests[1].header("authorization"),
        Some("Bearer correct-horse")
    );
    assert_eq!(
        requests[1].header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let mut lines = requests[1].body.lines();
    assert_eq!(
        lines.next(),
        Some("number,amount,paid_at,payment_reference")
    );
    let numbers: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
    let expected: Vec<&str> = paid
        .iter()
        .map(|row| row["number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, expected);

    let now = kitchen.world.now().to_string();
    let pay = "UPDATE invoices SET status = 'paid', paid_at = $1, payment_reference = 'a, \"b\"' \
        WHERE id = (SELECT id FROM invoices WHERE status = 'open' ORDER BY number LIMIT 1)";
    kitchen.change(pay, vec![json!(now)]).await;
    let next = kitchen.run("export-paid-invoices", Value::Null).await;
    assert_eq!(output(&next), json!({ "exported": 1 }));
    let last = kitchen.web.received().pop().unwrap().body;
    assert!(last.contains("\"a, \"\"b\"\"\""), "{last}");
}

#[rstest]
#[tokio::test]
async fn customers_at_stripe_become_clients(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("stripe-webhook", database).await;
    let scripts = kitchen.world.platform.scripts();
    let script = scripts.find_by_name(&kitchen.ctx, "stripe-customers").await;
    let secret = "whsec_correct-horse-battery-staple";
    let given = scripts.add_signing_secret(&kitchen.ctx, script.unwrap().id, Some(secret));
    given.await.unwrap();
    let deliver = async |event: Value| {
        let (now, text) = (kitchen.world.now().as_second(), event.to_string());
        let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        code.update(format!("{now}.{text}").as_bytes());
        let code: String = code
            .finalize()
            .into_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let signature = format!("t={now},v1={code}");
        let headers = [
            ("content-type", "application/json"),
            ("stripe-signature", signature.as_str()),
        ];
        let request = Request {
            method: "POST",
            path: "/webhooks/stripe",
            headers: &headers,
            body: &text,
            ..Request::default()
        };
        let (status, _, body) = kitchen.request(None, request).await;
        (status, body["result"].clone())
    };
    let event = |id: &str, kind: &str, created: i64, name: &str| {
        json!({ "id": id, "type": kind, "created": created, "data": { "object": {
            "id": "cus_1", "name": name, "email": "new@example.com", "phone": "+998901234567" } } })
    };
    let name = async || {
        let rows = "SELECT name FROM clients WHERE email = 'new@example.com'";
        let mut rows = kitchen.world.rows("default", rows).await;
        assert_eq!(rows.len(), 1);
        rows.remove(0)["name"].take()
    };
    let created = event("evt_1", "customer.created", 100, "Ada");
    assert_eq!(deliver(created).await, (200, json!("created")));
    assert_eq!(name().await, "Ada");
    let updated = event("evt_3", "customer.updated", 300, "Ada Lovelace");
    assert_eq!(deliver(updated).await, (200, json!("updated")));
    // It was on its way for longer.
    let late = event("evt_2", "customer.updated", 200, "Ada King");
    assert_eq!(deliver(late).await, (200, json!("outdated")));
    assert_eq!(name().await, "Ada Lovelace");
    let other = event("evt_4", "invoice.paid", 400, "Eve");
    assert_eq!(deliver(other).await, (200, json!("ignored")));
    assert_eq!(deliver(json!({ "id": "evt_5" })).await.0, 400);
}

#[rstest]
#[tokio::test]
async fn a_payment_has_one_receipt(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("payment-receipt", database).await;
    let invoice = kitchen
        .world
        .row(
            "SELECT i.number, i.amount, c.email, c.id FROM invoices i JOIN clients c \
              ON c.id = i.customer_id WHERE c.email IS NOT NULL ORDER BY i.number",
        )
        .await;
    let rename = "UPDATE clients SET name = 'Ada <b>& Co</b>' WHERE id = $1";
    kitchen.change(rename, vec![invoice["id"].clone()]).await;
    let paid = json!({ "invoice": invoice["number"] });
    let first = kitchen.run("payment-receipt", paid.clone()).await;
    assert_eq!(output(&first), json!({ "result": "sent" }));
    let again = kitchen.run("payment-receipt", paid).await;
    assert_eq!(output(&again), json!({ "result": "sent before" }));
    let nobody = json!({ "invoice": "INV-0" });
    let unknown = kitchen.run("payment-receipt", nobody).await;
    assert!(failure(&unknown).contains("INV-0"));

    let mails = kitchen.mails().await;
    assert_eq!(mails.len(), 1);
    let number = invoice["number"].as_str().unwrap();
    for part in [
        &format!("Subject: Receipt for invoice {number}\n"),
        &format!("To: {}\n", invoice["email"].as_str().unwrap()),
        "Dear Ada <b>& Co</b>,",
        "Dear Ada &lt;b&gt;",
    ] {
        // Long lines of a body are folded with = at their ends.
        let mail = mails[0].replace("=\n", "");
        assert!(mail.contains(part), "{part} in {mail}");
    }
}

#[rstest]
#[tokio::test]
async fn what_runs_out_is_told_once(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("stock-alert", database).await;
    let unset = kitchen.run("stock-alert", Value::Null).await;
    assert!(failure(&unset).contains("stock_alert"));
    let settings = json!({ "below": 10, "to": "purchasing@example.com" });
    kitchen.world.store("stock_alert", settings).await;
    kitchen
        .change("UPDATE products SET stock = 50", vec![])
        .await;
    let two = "SELECT id, name FROM products ORDER BY sku LIMIT 2";
    let two = kitchen.world.rows("default", two).await;
    let stock = async |at: usize, pieces: i64| {
        let set = "UPDATE products SET stock = $1 WHERE id = $2";
        kitchen
            .change(set, vec![json!(pieces), two[at]["id"].clone()])
            .await;
    };
    let look = async || output(&kitchen.run("stock-alert", Value::Null).await);
    assert_eq!(look().await, json!({ "low": 0, "told": 0 }));
    stock(0, 9).await;
    assert_eq!(look().await, json!({ "low": 1, "told": 1 }));
    assert_eq!(look().await, json!({ "low": 1, "told": 0 }));
    stock(1, 0).await;
    assert_eq!(look().await, json!({ "low": 2, "told": 1 }));
    stock(0, 50).await;
    assert_eq!(look().await, json!({ "low": 1, "told": 0 }));
    stock(0, 3).await;
    assert_eq!(look().await, json!({ "low": 2, "told": 1 }));
    assert_eq!(kitchen.mails().await.len(), 3);
}

#[rstest]
#[tokio::test]
async fn large_orders_wait_for_a_person(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("approval", database).await;
    kitchen
        .secret("approval_key", "correct-horse-battery-staple-32b")
        .await;
    let rules = json!({ "from": 1_000_000, "to": "boss@example.com", "url": "https://erp.example/api/scripts" });
    kitchen.world.store("approval", rules).await;
    let order = async || {
        let client = kitchen
            .world
            .row("SELECT id FROM clients ORDER BY id")
            .await;
        let product = "SELECT id FROM products WHERE stock >= 20 ORDER BY id";
        let product = kitchen.world.row(product).await;
        let made = format!(
            "services.orders.create({{ customer_id: {}, items: [{{ product_id: {}, quantity: 1 }}] }})",
            client["id"], product["id"]
        );
        kitchen.world.evaluate("default", &made).await["value"]["id"].clone()
    };
    let status = async |id: &Value| {
        let sql = format!(
            "SELECT status FROM orders WHERE id = '{}'",
            id.as_str().unwrap()
        );
        kitchen.world.row(&sql).await["status"].clone()
    };
    let ask = async |id: &Value, total: i64| {
        let event = json!({ "id": id, "total": total });
        output(&kitchen.run("ask-for-approval", event).await)["result"].clone()
    };
    let small = order().await;
    assert_eq!(ask(&small, 999_999).await, "processed");
    assert_eq!(status(&small).await, "processed");
    assert_eq!(ask(&small, 999_999).await, "nothing to decide");

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let press = async |path: &str, method: &str, body: &str| {
        let request = Request {
            method,
            path,
            headers: &form,
            body,
            ..Request::default()
        };
        let reply = kitchen.world.request(None, request).await.unwrap();
        reply.status
    };
    for (decision, expected) in [("approve", "processed"), ("refuse", "cancelled")] {
        let large = order().await;
        assert_eq!(ask(&large, 1_000_000).await, "asked");
        assert_eq!(status(&large).await, "new");
        let mails = kitchen.mails().await;
        let mail = mails.last().unwrap().replace("=\n", "").replace("=3D", "=");
        let link = mail.lines().find(|line| line.contains("/approvals/"));
        let path = link
            .unwrap()
            .split("/api/scripts")
            .nth(1)
            .unwrap()
            .to_owned();
        // Looking decides nothing, and nobody makes up a link.
        assert_eq!(press(&path, "GET", "").await, 200);
        assert_eq!(
            press(&format!("{path}x"), "POST", "decision=approve").await,
            403
        );
        assert_eq!(press(&path, "POST", "decision=perhaps").await, 400);
        assert_eq!(status(&large).await, "new");
        assert_eq!(
            press(&path, "POST", &format!("decision={decision}")).await,
            200
        );
        assert_eq!(status(&large).await, expected);
        assert_eq!(press(&path, "POST", "decision=approve").await, 200, "once");
        assert_eq!(status(&large).await, expected);
        kitchen.world.pass(4 * 86_400);
        assert_eq!(press(&path, "GET", "").await, 403, "the link is over");
    }
}

#[rstest]
#[tokio::test]
async fn prices_have_steps_and_are_exact(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("price-rule", database).await;
    let tea = "SELECT id FROM products WHERE category = 'tea' ORDER BY id";
    let tea = kitchen.world.row(tea).await["id"].clone();
    kitchen
        .change(
            "UPDATE products SET price = 333 WHERE id = $1",
            vec![tea.clone()],
        )
        .await;
    let steps =
        json!({ "tea": [{ "from": 100, "percent": "10" }, { "from": 10, "percent": "7.5" }] });
    kitchen.world.store("price_tiers", steps).await;
    for (quantity, unit, total, percent) in [
        (1, "333.00", "333.00", "0"),
        (10, "308.03", "3080.25", "7.5"),
        (99, "308.03", "30494.48", "7.5"),
        (100, "299.70", "29970.00", "10"),
    ] {
        let line = json!({ "product_id": tea, "quantity": quantity, "currency": "USD" });
        let priced: Value = kitchen
            .world
            .platform
            .invoke("tiered-price", &line)
            .await
            .unwrap();
        let expected = json!({ "unit_price": unit, "total": total, "discount_percent": percent });
        assert_eq!(priced, expected, "{quantity}");
    }
}

#[rstest]
#[tokio::test]
async fn phones_are_written_alike_and_a_run_goes_on(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let kitchen = Kitchen::of("migration", database).await;
    let all = "SELECT id, phone FROM clients ORDER BY id";
    let before = kitchen.world.rows("default", all).await;
    kitchen
        .change(
            "UPDATE clients SET phone = 'none' WHERE id = $1",
            vec![before[0]["id"].clone()],
        )
        .await;
    // As a run that was stopped has left it: the third client is the next one.
    let mark =
        json!({ "after": before[1]["id"], "done": 2, "changed": 1, "odd": [before[0]["id"]] });
    kitchen
        .world
        .store("migration.normalise_phones", mark)
        .await;
    let execution = kitchen.run("normalise-phones", Value::Null).await;
    let done = output(&execution);
    assert_eq!(done["clients"], before.len());
    assert_eq!(done["odd"], json!([before[0]["id"]]));
    let after = kitchen.world.rows("default", all).await;
    for (at, row) in after.iter().enumerate().skip(2) {
        let phone = row["phone"].as_str().unwrap();
        let plain = phone.strip_prefix('+').unwrap();
        assert!(plain.chars().all(|c| c.is_ascii_digit()), "{at} {phone}");
    }
    assert_eq!(after[1]["phone"], before[1]["phone"], "it was done before");
    let progress = execution.progress.unwrap();
    assert_eq!(progress.done, before.len() as f64);
    assert_eq!(
        kitchen.world.stored("migration.normalise_phones").await,
        Value::Null
    );
    let again = output(&kitchen.run("normalise-phones", Value::Null).await);
    assert_eq!(again["changed"], 1, "the one that was passed over");
}

#[rstest]
#[tokio::test]
async fn a_sync_waits_when_it_is_asked_to(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("rate-limited-sync", database).await;
    kitchen.secret("crm_url", &kitchen.web.url("/crm")).await;
    kitchen
        .world
        .store("crm_sync", json!({ "pause": 1, "most": 3 }))
        .await;
    kitchen.web.answer(200, "{}");
    kitchen.web.answer(429, "{}");
    let first = kitchen.run("sync-clients", Value::Null).await;
    assert_eq!(output(&first), json!({ "sent": 3, "waited": 1 }));
    let lines = |from: usize| {
        let received = kitchen.web.received();
        received[from..]
            .iter()
            .map(|one| one.line.clone())
            .collect::<Vec<_>>()
    };
    let sent = lines(0);
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[1], sent[2], "the same once more");
    // A run that fails on the way goes on behind what arrived.
    kitchen.web.answer(200, "{}");
    kitchen.web.answer(500, "{}");
    let failed = kitchen.run("sync-clients", Value::Null).await;
    assert!(failure(&failed).contains("500"));
    let third = kitchen.run("sync-clients", Value::Null).await;
    assert_eq!(output(&third), json!({ "sent": 3, "waited": 0 }));
    let sent = lines(4);
    assert_eq!(sent.len(), 5);
    assert_eq!(sent[1], sent[2], "what failed comes first");
}

#[rstest]
#[tokio::test]
async fn a_report_is_kept_for_five_minutes(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("cached-report", database).await;
    let malika = kitchen
        .world
        .user("default", "malika@default.example")
        .await;
    let ask = async |query: Option<&str>| {
        let request = Request {
            method: "GET",
            path: "/reports/sales",
            query,
            ..Request::default()
        };
        kitchen.request(Some(&malika), request).await
    };
    let (status, headers, first) = ask(None).await;
    assert_eq!((status, headers["x-cache"].as_str()), (200, "MISS"));
    let sql = "SELECT SUM(i.quantity * i.unit_price) AS revenue FROM order_items i \
        JOIN orders o ON o.id = i.order_id WHERE o.status = 'processed'";
    let revenue = kitchen.world.row(sql).await["revenue"].as_f64().unwrap();
    let rows = first["rows"].as_array().unwrap();
    let sum: f64 = rows
        .iter()
        .map(|row| row["revenue"].as_f64().unwrap())
        .sum();
    assert!(rows.len() > 1 && sum == revenue, "{first}");
    let (_, headers, second) = ask(None).await;
    assert_eq!((headers["x-cache"].as_str(), second), ("HIT", first));
    let (_, headers, _) = ask(Some("from=2026-03-01")).await;
    assert_eq!(headers["x-cache"], "MISS", "another day");
    kitchen.world.pass(301);
    assert_eq!(ask(None).await.1["x-cache"], "MISS");
    assert_eq!(ask(Some("from=yesterday")).await.0, 400);
    let oleg = kitchen.world.user("default", "oleg@default.example").await;
    let request = Request {
        method: "GET",
        path: "/reports/sales",
        ..Request::default()
    };
    assert!(kitchen.world.request(Some(&oleg), request).await.is_err());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn orders_against_the_rules_are_not_saved(#[values(Sqlite, Postgres)] database: Database) {
    let kitchen = Kitchen::of("validation", database).await;
    // The sample's own rule stands aside.
    let scripts = kitchen.world.platform.scripts();
    let sample = scripts
        .find_by_name(&kitchen.ctx, "validate-order")
        .await
        .unwrap();
    let paused = scripts.set_status(&kitchen.ctx, sample.id, ScriptStatus::Paused, None);
    paused.await.unwrap();
    let rules = json!({ "most": 5_000_000, "note_from": 1_000_000 });
    kitchen.world.store("order_rules", rules).await;
    let of = async |status: &str| {
        let sql = format!("SELECT id FROM clients WHERE status = '{status}' ORDER BY id");
        kitchen.world.row(&sql).await["id"].clone()
    };
    let (active, blocked) = (of("active").await, of("blocked").await);
    let tenant = kitchen.world.default().await;
    let place = async |order: Value| {
        let asked = tenant.transaction(move |tx| tx.before(ORDER_ACCEPT, order));
        let verdict: Verdict<Value> = asked.await.unwrap();
        verdict
    };
    let order = |client: &Value, total: i64, note: &str| json!({ "customer_id": client, "items": [], "total": total, "note": note });
    let Verdict::Pass(passed) = place(order(&active, 1_000, "")).await else {
        panic!("it fits")
    };
    assert_eq!(passed["delivery_date"], "2026-03-05", "in three days");
    for (order, fields) in [
        (order(&active, 1_000_000, " "), vec!["note"]),
        (order(&active, 5_000_001, "large"), vec!["total"]),
        (
            order(&blocked, 6_000_000, ""),
            vec!["total", "note", "customer_id"],
        ),
    ] {
        let Verdict::Veto(Veto { script, errors }) = place(order.clone()).await else {
            panic!("{order}")
        };
        assert_eq!(script, "order-rules");
        let found: Vec<_> = errors.into_iter().filter_map(|error| error.field).collect();
        assert_eq!(found, fields, "{order}");
    }
}
