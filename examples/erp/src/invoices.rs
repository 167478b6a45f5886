//! The service `invoices`: what clients owe and have paid (R-JSVC-06).

use scriptorium::{Service, ServiceCall, ServiceError};
use serde_json::{Value, json};

use crate::arguments::{self, Fields, text};
use crate::clients;
use crate::listing::{Kind, Listing};
use crate::rows::{self, Row, written};

const TYPES: &str = r#"interface Invoice {
  id: string;
  number: string;
  order_id: string;
  customer_id: string;
  amount: number;
  status: "open" | "paid" | "void";
  issued_at: string;
  due_at: string;
  paid_at: string | null;
  /** What the payment was known as where it came from. */
  payment_reference: string | null;
}"#;

const LISTING: Listing = Listing {
    table: "invoices",
    fields: &[
        ("id", Kind::Id),
        ("number", Kind::Text),
        ("order_id", Kind::Id),
        ("customer_id", Kind::Id),
        ("amount", Kind::Integer),
        ("status", Kind::Text),
        ("issued_at", Kind::Instant),
        ("due_at", Kind::Instant),
        ("paid_at", Kind::Instant),
        ("payment_reference", Kind::Text),
    ],
    order: "issued_at",
};

pub(crate) fn service() -> Service {
    Service::new("invoices", "What clients owe and have paid.")
        .types(TYPES)
        .method(
            "list",
            "options?: ListOptions",
            "Promise<Invoice[]>",
            "Invoices that fit all filters, the oldest first unless another order is asked for.",
            |call| async move { rows::list(&call, &LISTING).await },
        )
        .reads_only()
        .method(
            "getOutstandingAmount",
            "customerId: string",
            "Promise<number>",
            "The sum of a client's open invoices.",
            outstanding_amount,
        )
        .reads_only()
        .method(
            "markPaid",
            "id: string, payment: { reference: string }",
            "Promise<Invoice>",
            "Notes the payment of an open invoice; the same payment again changes nothing.",
            mark_paid,
        )
}

async fn outstanding_amount(call: ServiceCall) -> Result<Value, ServiceError> {
    let customer = arguments::id(call.arg(0), "customerId")?;
    rows::within(&call, move |tables| {
        clients::required(tables, customer)?;
        let sum = tables.first(
            "SELECT SUM(amount) AS amount FROM invoices WHERE customer_id = $1 AND status = 'open'",
            vec![json!(customer)],
        )?;
        Ok(json!(sum.map_or(0, |sum| rows::number(&sum, "amount"))))
    })
    .await
}

async fn mark_paid(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    let payment = Fields::read(call.arg(1), "payment", &["reference"])?;
    let reference = payment.required("reference", text(100))?;
    let now = call.ambient.now();
    rows::within(&call, move |tables| {
        let missing = || ServiceError::not_found(format!("there is no invoice {id}"));
        let invoice = tables.find("invoices", id)?.ok_or_else(missing)?;
        let status = rows::text(&invoice, "status");
        if status == "paid" && rows::text(&invoice, "payment_reference") == reference {
            return Ok(Value::Object(invoice));
        }
        if status != "open" {
            let message = format!("invoice {} is {status}", rows::text(&invoice, "number"));
            return Err(ServiceError::new("CONFLICT", message));
        }
        let change = Row::from_iter([
            ("status".to_owned(), json!("paid")),
            ("paid_at".to_owned(), json!(written(now))),
            ("payment_reference".to_owned(), json!(reference)),
        ]);
        tables.update("invoices", id, &change)?;
        rows::optional(tables.find("invoices", id))
    })
    .await
}
