//! The service `clients`: people and companies that buy (R-JSVC-03).

use scriptorium::model::Uuid;
use scriptorium::{Service, ServiceCall, ServiceError};
use serde_json::{Value, json};

use crate::arguments::{self, Fields, instant, integer, text, word};
use crate::listing::{self, Kind, Listing};
use crate::records::{Client, columns};
use crate::rows::{self, Row, Tables, written};

const TYPES: &str = r#"interface Client {
  id: string;
  name: string;
  phone: string;
  email: string | null;
  city: string | null;
  segment: "retail" | "wholesale" | "vip";
  status: "active" | "inactive" | "blocked";
  /** How much may be owed; 0 pays in advance. */
  credit_limit: number;
  last_activity: string;
  /** When the last reminder went out. */
  reminded_at: string | null;
  created_at: string;
}
interface ClientData {
  name: string;
  phone: string;
  email?: string | null;
  city?: string | null;
  segment?: Client["segment"];
  status?: Client["status"];
  credit_limit?: number;
}"#;

const SEGMENTS: &[&str] = &["retail", "wholesale", "vip"];
const STATUSES: &[&str] = &["active", "inactive", "blocked"];
const MAX_CREDIT: i64 = 1_000_000_000_000;

const LISTING: Listing = Listing {
    table: "clients",
    fields: &[
        ("id", Kind::Id),
        ("name", Kind::Text),
        ("phone", Kind::Text),
        ("email", Kind::Text),
        ("city", Kind::Text),
        ("segment", Kind::Text),
        ("status", Kind::Text),
        ("credit_limit", Kind::Integer),
        ("last_activity", Kind::Instant),
        ("reminded_at", Kind::Instant),
        ("created_at", Kind::Instant),
    ],
    order: "name",
};

pub(crate) fn service() -> Service {
    Service::new("clients", "People and companies that buy.")
        .types(listing::TYPES)
        .types(TYPES)
        .method(
            "list",
            "options?: ListOptions",
            "Promise<Client[]>",
            "Clients that fit all filters, by name unless another order is asked for.",
            |call| async move { rows::list(&call, &LISTING).await },
        )
        .reads_only()
        .method(
            "get",
            "id: string",
            "Promise<Client | null>",
            "One client; null if there is none of this id.",
            get,
        )
        .reads_only()
        .method(
            "create",
            "data: ClientData",
            "Promise<Client>",
            "Adds a client.",
            create,
        )
        .method(
            "update",
            "id: string, data: Partial<ClientData> & { reminded_at?: string | Date | null }",
            "Promise<Client>",
            "Changes the given fields of a client.",
            update,
        )
        .method(
            "delete",
            "id: string",
            "Promise<boolean>",
            "Removes a client who has no orders; false if there is none of this id.",
            delete,
        )
        .method(
            "merge",
            "id: string, duplicateId: string",
            "Promise<Client>",
            "Moves orders and invoices of the duplicate to the client and removes the duplicate.",
            merge,
        )
}

async fn get(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    rows::within(&call, move |tables| {
        rows::optional(tables.find("clients", id))
    })
    .await
}

async fn create(call: ServiceCall) -> Result<Value, ServiceError> {
    let known = [
        "name",
        "phone",
        "email",
        "city",
        "segment",
        "status",
        "credit_limit",
    ];
    let data = Fields::read(call.arg(0), "", &known)?;
    let now = call.ambient.now();
    let client = Client {
        id: call.ambient.new_id(),
        name: data.required("name", text(200))?,
        phone: data.required("phone", phone)?,
        email: data.optional("email", email)?,
        city: data.optional("city", text(100))?,
        segment: data
            .optional("segment", word(SEGMENTS))?
            .unwrap_or_else(|| "retail".to_owned()),
        status: data
            .optional("status", word(STATUSES))?
            .unwrap_or_else(|| "active".to_owned()),
        credit_limit: data
            .optional("credit_limit", integer(0..=MAX_CREDIT))?
            .unwrap_or(0),
        last_activity: now,
        reminded_at: None,
        created_at: now,
    };
    rows::within(&call, move |tables| {
        tables.insert("clients", &columns(&client))?;
        existing(tables, client.id)
    })
    .await
}

async fn update(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    let known = [
        "name",
        "phone",
        "email",
        "city",
        "segment",
        "status",
        "credit_limit",
        "reminded_at",
    ];
    let data = Fields::read(call.arg(1), "", &known)?;
    let mut change = Row::new();
    set(&mut change, "name", data.optional("name", text(200))?);
    set(&mut change, "phone", data.optional("phone", phone)?);
    set(
        &mut change,
        "segment",
        data.optional("segment", word(SEGMENTS))?,
    );
    set(
        &mut change,
        "status",
        data.optional("status", word(STATUSES))?,
    );
    set(
        &mut change,
        "credit_limit",
        data.optional("credit_limit", integer(0..=MAX_CREDIT))?,
    );
    // These three may also be emptied.
    if data.has("email") {
        change.insert("email".into(), json!(data.optional("email", email)?));
    }
    if data.has("city") {
        change.insert("city".into(), json!(data.optional("city", text(100))?));
    }
    if data.has("reminded_at") {
        let at = data.optional("reminded_at", instant)?;
        change.insert("reminded_at".into(), json!(at.map(written)));
    }
    rows::within(&call, move |tables| {
        if !change.is_empty() {
            tables.update("clients", id, &change)?;
        }
        existing(tables, id)
    })
    .await
}

async fn delete(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    rows::within(&call, move |tables| {
        let order = tables.first(
            "SELECT number FROM orders WHERE customer_id = $1 LIMIT 1",
            vec![json!(id)],
        )?;
        if let Some(order) = order {
            let number = rows::text(&order, "number");
            let message = format!("the client has orders, such as {number}");
            return Err(ServiceError::new("CONFLICT", message).field("id"));
        }
        Ok(json!(tables.delete("clients", id)?))
    })
    .await
}

async fn merge(call: ServiceCall) -> Result<Value, ServiceError> {
    let id = arguments::id(call.arg(0), "id")?;
    let duplicate = arguments::id(call.arg(1), "duplicateId")?;
    if id == duplicate {
        return Err(ServiceError::invalid(
            "duplicateId",
            "must be another client",
        ));
    }
    rows::within(&call, move |tables| {
        let kept = required(tables, id)?;
        let removed = required(tables, duplicate)?;
        for table in ["orders", "invoices"] {
            let sql = format!("UPDATE {table} SET customer_id = $1 WHERE customer_id = $2");
            tables.execute(&sql, vec![json!(id), json!(duplicate)])?;
        }
        let mut change = Row::new();
        for field in ["last_activity", "reminded_at"] {
            let newer = rows::newer(&kept, &removed, field);
            change.insert(field.to_owned(), newer);
        }
        tables.update("clients", id, &change)?;
        tables.delete("clients", duplicate)?;
        existing(tables, id)
    })
    .await
}

/// The row of a client that must exist.
pub(crate) fn required(tables: &mut Tables<'_>, id: Uuid) -> Result<Row, ServiceError> {
    tables
        .find("clients", id)?
        .ok_or_else(|| ServiceError::not_found(format!("there is no client {id}")))
}

fn existing(tables: &mut Tables<'_>, id: Uuid) -> Result<Value, ServiceError> {
    required(tables, id).map(Value::Object)
}

fn set<T: Into<Value>>(change: &mut Row, field: &str, value: Option<T>) {
    if let Some(value) = value {
        change.insert(field.to_owned(), value.into());
    }
}

/// A number as people write it: digits with the usual marks between them.
pub(crate) fn phone(value: &Value, field: &str) -> Result<String, ServiceError> {
    let number = value.as_str().unwrap_or_default().trim();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let marks = number
        .strip_prefix('+')
        .unwrap_or(number)
        .chars()
        .all(|mark| mark.is_ascii_digit() || " -()".contains(mark));
    if !(7..=15).contains(&digits) || !marks || number.len() > 30 {
        let expectation = "must be a phone number of 7 to 15 digits";
        return Err(ServiceError::invalid(field, expectation));
    }
    Ok(number.to_owned())
}

/// An address: something on both sides of one `@`, and nothing that could start another header.
pub(crate) fn email(value: &Value, field: &str) -> Result<String, ServiceError> {
    let address = value.as_str().unwrap_or_default().trim();
    let parts: Vec<&str> = address.split('@').collect();
    let whole = parts.len() == 2 && parts.iter().all(|part| !part.is_empty());
    let clean = !address
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || ",;<>".contains(c));
    if !whole || !clean || address.len() > 254 {
        return Err(ServiceError::invalid(field, "must be an e-mail address"));
    }
    Ok(address.to_owned())
}
