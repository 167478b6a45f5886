//! The rows of the business tables. Amounts are whole numbers of the tenant's currency.

use jiff::civil::Date;
use scriptorium::model::{Timestamp, Uuid};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::rows::written;

/// Somebody who buys.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Client {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) email: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) segment: String,
    pub(crate) status: String,
    /// How much may be owed; zero pays in advance.
    pub(crate) credit_limit: i64,
    #[serde(serialize_with = "instant")]
    pub(crate) last_activity: Timestamp,
    #[serde(serialize_with = "optional_instant")]
    pub(crate) reminded_at: Option<Timestamp>,
    #[serde(serialize_with = "instant")]
    pub(crate) created_at: Timestamp,
}

/// Something to sell.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Product {
    pub(crate) id: Uuid,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) unit: String,
    pub(crate) price: i64,
    pub(crate) stock: i64,
}

/// What a client wants.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: Uuid,
    pub(crate) number: String,
    pub(crate) customer_id: Uuid,
    pub(crate) status: String,
    pub(crate) total: i64,
    pub(crate) delivery_date: Option<Date>,
    pub(crate) note: Option<String>,
    #[serde(serialize_with = "instant")]
    pub(crate) created_at: Timestamp,
}

/// One line of an order, at the price of its day.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OrderItem {
    pub(crate) id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) position: i64,
    pub(crate) product_id: Uuid,
    pub(crate) quantity: i64,
    pub(crate) unit_price: i64,
}

/// What a client owes, or has paid.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Invoice {
    pub(crate) id: Uuid,
    pub(crate) number: String,
    pub(crate) order_id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) amount: i64,
    pub(crate) status: String,
    #[serde(serialize_with = "instant")]
    pub(crate) issued_at: Timestamp,
    #[serde(serialize_with = "instant")]
    pub(crate) due_at: Timestamp,
    #[serde(serialize_with = "optional_instant")]
    pub(crate) paid_at: Option<Timestamp>,
    pub(crate) payment_reference: Option<String>,
}

/// A message in the outbox. Nothing leaves the sample business.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notification {
    pub(crate) id: Uuid,
    pub(crate) channel: String,
    pub(crate) recipient: String,
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    pub(crate) metadata: Value,
    pub(crate) status: String,
    pub(crate) execution_id: Option<Uuid>,
    #[serde(serialize_with = "instant")]
    pub(crate) created_at: Timestamp,
}

/// Columns and values of a record.
pub(crate) fn columns(record: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(columns)) => columns,
        // Records are structs of plain fields, which always become objects.
        _ => Map::new(),
    }
}

fn instant<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&written(*instant))
}

fn optional_instant<S: Serializer>(
    instant: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    instant.map(written).serialize(serializer)
}
