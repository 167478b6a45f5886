//! The service `orders`: what clients want, from the wish to the invoice (R-JSVC-05).
//! An order is new, then processed or cancelled; processing takes the stock and writes the invoice.

use jiff::ToSpan as _;
use scriptorium::model::{Ambient, Timestamp, Uuid};
use scriptorium::{Service, ServiceCall, ServiceError};
use serde_json::{Value, json};

use crate::arguments::{self, Fields, day, integer, text};
use crate::clients;
use crate::listing::{Kind, Listing};
use crate::products::MAX_STOCK;
use crate::records::{Invoice, Order, OrderItem, columns};
use crate::report;
use crate::rows::{self, Row, Tables, written};

const TYPES: &str = r#"interface OrderItem {
  product_id: string;
  quantity: number;
  unit_price: number;
}
interface Order {
  id: string;
  number: string;
  customer_id: string;
  status: "new" | "processed" | "cancelled";
  total: number;
  delivery_date: string | null;
  note: string | null;
  created_at: string;
}
interface OrderWithItems extends Order {
  items: OrderItem[];
}
interface OrderData {
  customer_id: string;
  items: { product_id: string; quantity: number }[];
  delivery_date?: string | Date;
  note?: string;
}"#;

const MAX_ITEMS: usize = 200;
const PAYMENT_DAYS: i64 = 14;

const LISTING: Listing = Listing {
    table: "orders",
    fields: &[
        ("id", Kind::Id),
        ("number", Kind::Text),
        ("customer_id", Kind::Id),
        ("status", Kind::Text),
        ("total", Kind::Integer),
        ("delivery_date", Kind::Day),
        ("created_at", Kind::Instant),
    ],
    order: "created_at DESC",
};

pub(crate) fn service() -> Service {
    let service = Service::new("orders", "What clients want.")
        .types(TYPES)
        .method(
            "list",
            "options?: ListOptions",
            "Promise<Order[]>",
            "Orders that fit all filters, the newest first unless another order is asked for.",
            |call| async move { rows::list(&call, &LISTING).await },
        )
        .reads_only()
        .method(
            "get",
            "id: string",
            "Promise<OrderWithItems | null>",
            "One order with its items; null if there is none of this id.",
            get,
        )
        .reads_only()
        .method(
            "create",
            "data: OrderData",
            "Promise<OrderWithItems>",
            "Stores a new order at today's prices.",
            create,
        )
        .method(
            "process",
            "id: string",
            "Promise<OrderWithItems>",
            "Takes the items of a new order from the stock and writes the invoice.",
            process,
        )
        .method(
            "cancel",
            "id: string",
            "Promise<OrderWithItems>",
            "Cancels an order; a processed one gives its items back, and its invoice is void.",
            cancel,
        );
    report::add_to(service)
}

async fn get(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    rows::within(&call, move |tables| match tables.find("orders", id)? {
        None => Ok(Value::Null),
        Some(order) => with_items(tables, order),
    })
    .await
}

async fn create(call: ServiceCall) -> Result<Value, ServiceError> {
    let known = ["customer_id", "items", "delivery_date", "note"];
    let data = Fields::read(call.arg(0), "", &known)?;
    let customer_id = data.required("customer_id", arguments::id)?;
    let wishes = data.required("items", wishes)?;
    let delivery_date = data.optional("delivery_date", day)?;
    let note = data.optional("note", text(1_000))?;
    let ambient = call.ambient.clone();
    rows::within(&call, move |tables| {
        clients::required(tables, customer_id)?;
        let order_id = ambient.new_id();
        let items = priced(tables, &ambient, order_id, &wishes)?;
        let order = Order {
            id: order_id,
            number: format!("SO-{}", 10_001 + tables.count("orders")?),
            customer_id,
            status: "new".to_owned(),
            total: items
                .iter()
                .map(|item| item.unit_price * item.quantity)
                .sum(),
            delivery_date,
            note,
            created_at: ambient.now(),
        };
        tables.insert("orders", &columns(&order))?;
        for item in &items {
            tables.insert("order_items", &columns(item))?;
        }
        let row = required(tables, order_id)?;
        tables.publish("order.created", order_id, &row)?;
        with_items(tables, row)
    })
    .await
}

async fn process(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    let ambient = call.ambient.clone();
    rows::within(&call, move |tables| {
        let order = required(tables, id)?;
        expect_status(&order, &["new"])?;
        for item in items_of(tables, id)? {
            take_from_stock(tables, &item)?;
        }
        let invoice = invoice_for(tables, &order, &ambient)?;
        tables.insert("invoices", &columns(&invoice))?;
        let activity =
            Row::from_iter([("last_activity".to_owned(), json!(written(ambient.now())))]);
        tables.update("clients", invoice.customer_id, &activity)?;
        move_to(tables, id, "processed")
    })
    .await
}

async fn cancel(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    rows::within(&call, move |tables| {
        let order = required(tables, id)?;
        expect_status(&order, &["new", "processed"])?;
        if rows::text(&order, "status") == "processed" {
            void_invoice(tables, id)?;
            for item in items_of(tables, id)? {
                tables.execute(
                    "UPDATE products SET stock = stock + $1 WHERE id = $2",
                    vec![item["quantity"].clone(), item["product_id"].clone()],
                )?;
            }
        }
        move_to(tables, id, "cancelled")
    })
    .await
}

/// Product and quantity of each wanted line.
fn wishes(value: &Value, field: &str) -> Result<Vec<(Uuid, i64)>, ServiceError> {
    let lines = value
        .as_array()
        .filter(|lines| (1..=MAX_ITEMS).contains(&lines.len()))
        .ok_or_else(|| {
            let expectation = format!("must be an array of 1 to {MAX_ITEMS} items");
            ServiceError::invalid(field, expectation)
        })?;
    let read = |(index, line): (usize, &Value)| {
        let line = Fields::read(
            line,
            &format!("{field}[{index}]"),
            &["product_id", "quantity"],
        )?;
        let product = line.required("product_id", arguments::id)?;
        let quantity = line.required("quantity", integer(1..=MAX_STOCK))?;
        Ok((product, quantity))
    };
    lines.iter().enumerate().map(read).collect()
}

fn priced(
    tables: &mut Tables<'_>,
    ambient: &Ambient,
    order_id: Uuid,
    wishes: &[(Uuid, i64)],
) -> Result<Vec<OrderItem>, ServiceError> {
    let mut items = Vec::with_capacity(wishes.len());
    for (position, (product_id, quantity)) in (1..).zip(wishes) {
        let product = tables.find("products", *product_id)?.ok_or_else(|| {
            let field = format!("items[{}].product_id", position - 1);
            ServiceError::not_found(format!("there is no product {product_id}")).field(field)
        })?;
        items.push(OrderItem {
            id: ambient.new_id(),
            order_id,
            position,
            product_id: *product_id,
            quantity: *quantity,
            unit_price: rows::number(&product, "price"),
        });
    }
    Ok(items)
}

fn take_from_stock(tables: &mut Tables<'_>, item: &Row) -> Result<(), ServiceError> {
    let taken = tables.execute(
        "UPDATE products SET stock = stock - $1 WHERE id = $2 AND stock >= $3",
        vec![
            item["quantity"].clone(),
            item["product_id"].clone(),
            item["quantity"].clone(),
        ],
    )?;
    if taken == 1 {
        return Ok(());
    }
    let message = format!(
        "there are not {} pieces of product {} in stock",
        rows::number(item, "quantity"),
        rows::text(item, "product_id"),
    );
    Err(ServiceError::new("INSUFFICIENT_STOCK", message).details(item.clone()))
}

fn invoice_for(
    tables: &mut Tables<'_>,
    order: &Row,
    ambient: &Ambient,
) -> Result<Invoice, ServiceError> {
    let now = ambient.now();
    Ok(Invoice {
        id: ambient.new_id(),
        number: format!("INV-{}", 1_001 + tables.count("invoices")?),
        order_id: rows::id(order, "id")?,
        customer_id: rows::id(order, "customer_id")?,
        amount: rows::number(order, "total"),
        status: "open".to_owned(),
        issued_at: now,
        due_at: due(now),
        paid_at: None,
        payment_reference: None,
    })
}

fn due(issued_at: Timestamp) -> Timestamp {
    let span = (24 * PAYMENT_DAYS).hours();
    issued_at.checked_add(span).unwrap_or(issued_at)
}

fn void_invoice(tables: &mut Tables<'_>, order: Uuid) -> Result<(), ServiceError> {
    let invoice = tables.first(
        "SELECT number, status FROM invoices WHERE order_id = $1",
        vec![json!(order)],
    )?;
    if let Some(invoice) = invoice.filter(|invoice| rows::text(invoice, "status") == "paid") {
        let message = format!("invoice {} is paid", rows::text(&invoice, "number"));
        return Err(ServiceError::new("CONFLICT", message));
    }
    tables.execute(
        "UPDATE invoices SET status = 'void' WHERE order_id = $1",
        vec![json!(order)],
    )?;
    Ok(())
}

fn required(tables: &mut Tables<'_>, id: Uuid) -> Result<Row, ServiceError> {
    tables
        .find("orders", id)?
        .ok_or_else(|| ServiceError::not_found(format!("there is no order {id}")))
}

fn expect_status(order: &Row, expected: &[&str]) -> Result<(), ServiceError> {
    let status = rows::text(order, "status");
    if expected.contains(&status) {
        return Ok(());
    }
    let message = format!("order {} is {status}", rows::text(order, "number"));
    Err(ServiceError::new("CONFLICT", message).field("status"))
}

fn move_to(tables: &mut Tables<'_>, id: Uuid, status: &str) -> Result<Value, ServiceError> {
    let change = Row::from_iter([("status".to_owned(), json!(status))]);
    tables.update("orders", id, &change)?;
    let order = required(tables, id)?;
    tables.publish(&format!("order.{status}"), id, &order)?;
    with_items(tables, order)
}

fn with_items(tables: &mut Tables<'_>, mut order: Row) -> Result<Value, ServiceError> {
    let items = items_of(tables, rows::id(&order, "id")?)?;
    let items = items.into_iter().map(Value::Object).collect();
    order.insert("items".to_owned(), Value::Array(items));
    Ok(Value::Object(order))
}

fn items_of(tables: &mut Tables<'_>, order: Uuid) -> Result<Vec<Row>, ServiceError> {
    tables.select(
        "SELECT product_id, quantity, unit_price FROM order_items WHERE order_id = $1 ORDER BY position",
        vec![json!(order)],
    )
}
