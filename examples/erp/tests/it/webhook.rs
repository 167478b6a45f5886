//! `payment-webhook`: signatures, replays, and payments that fit nothing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::{Request, World, body};

const SECRET: &str = "sample-secret-of-default";

fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

async fn deliver(world: &World, text: &str, signature: &str) -> (u16, Value) {
    let headers = [
        ("content-type", "application/json"),
        ("x-payment-signature", signature),
    ];
    let request = Request {
        method: "POST",
        path: "/webhooks/payments",
        headers: &headers,
        body: text,
        ..Request::default()
    };
    body(&world.request(None, request).await.unwrap())
}

async fn delivery(world: &World, id: &str) -> Value {
    let invoice = world
        .row("SELECT * FROM invoices WHERE status = 'open' ORDER BY number")
        .await;
    json!({
        "id": id,
        "created": world.now().to_string(),
        "type": "payment.succeeded",
        "data": {"invoice": invoice["number"], "amount": invoice["amount"]},
    })
}

async fn invoice(world: &World, delivery: &Value) -> Value {
    let number = delivery["data"]["invoice"].as_str().unwrap();
    world
        .row(&format!("SELECT * FROM invoices WHERE number = '{number}'"))
        .await
}

#[rstest]
#[tokio::test]
async fn a_signed_payment_pays_its_invoice_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let delivery = delivery(&world, "evt_1").await;
    // The signature is over these very bytes, the odd spacing included.
    let text = format!(" {delivery:#}\n");
    let answer = deliver(&world, &text, &sign(SECRET, &text)).await;
    assert_eq!(answer, (200, json!({"result": "paid"})));
    let paid = invoice(&world, &delivery).await;
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["payment_reference"], "evt_1");
    assert_eq!(paid["paid_at"], "2026-03-02T08:00:00.000Z");
    assert_eq!(world.events("invoice.paid").await.len(), 1);

    let again = deliver(&world, &text, &sign(SECRET, &text)).await;
    assert_eq!(again, (200, json!({"result": "duplicate"})));
    assert_eq!(world.events("invoice.paid").await.len(), 1);
    world.pass(301);
    let late = deliver(&world, &text, &sign(SECRET, &text)).await;
    assert_eq!(late.0, 401);
}

#[rstest]
#[tokio::test]
async fn what_is_not_signed_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let delivery = delivery(&world, "evt_2").await;
    let text = delivery.to_string();
    let good = sign(SECRET, &text);
    let other = text.replace("evt_2", "evt_3");
    for (text, signature) in [
        (text.as_str(), ""),
        (&text, "00"),
        (&text, &sign("another secret", &text)),
        (&text, &sign("", &text)),
        (&text, &good.to_uppercase()),
        (&text, &good[..63]),
        (&other, &good),
    ] {
        let answer = deliver(&world, text, signature).await;
        assert_eq!(answer.0, 401, "{signature}");
    }
    assert_eq!(invoice(&world, &delivery).await["status"], "open");
}

#[rstest]
#[tokio::test]
async fn payments_that_fit_nothing_are_recorded_for_a_person(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let good = delivery(&world, "evt_4").await;
    for (number, (place, value)) in [
        ("/data/amount", json!(1)),
        ("/data/invoice", json!("INV-0")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut delivery = good.clone();
        delivery["id"] = json!(format!("evt_unmatched_{number}"));
        *delivery.pointer_mut(place).unwrap() = value;
        let text = delivery.to_string();
        let answer = deliver(&world, &text, &sign(SECRET, &text)).await;
        assert_eq!(answer, (200, json!({"result": "unmatched"})), "{place}");
    }
    assert_eq!(invoice(&world, &good).await["status"], "open");
    assert_eq!(world.events("payment.unmatched").await.len(), 2);
    assert_eq!(world.events("invoice.paid").await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn deliveries_of_another_shape_are_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let good = delivery(&world, "evt_5").await;
    for (place, value, status) in [
        ("/id", json!("a b"), 400),
        ("/id", json!(5), 400),
        ("/data", json!(null), 400),
        ("/created", json!("2026-03-02T07:54:59Z"), 401),
        ("/created", json!("2026-03-02T08:05:01Z"), 401),
        ("/created", json!("now"), 401),
    ] {
        let mut delivery = good.clone();
        *delivery.pointer_mut(place).unwrap() = value;
        let text = delivery.to_string();
        let answer = deliver(&world, &text, &sign(SECRET, &text)).await;
        assert_eq!(answer.0, status, "{place}: {answer:?}");
    }
    assert_eq!(invoice(&world, &good).await["status"], "open");
}

#[rstest]
#[tokio::test]
async fn without_a_secret_nothing_is_accepted(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let tenant = world.default().await;
    let storage = world.platform.storage();
    assert!(
        storage
            .delete(tenant.ctx(), "payment_webhook_secret")
            .await
            .unwrap()
    );
    let text = delivery(&world, "evt_6").await.to_string();
    assert_eq!(deliver(&world, &text, &sign("", &text)).await.0, 503);
}
