//! The business tables that every tenant has. Declared here, created by the platform.

use scriptorium::TenantSchema;
use scriptorium::tenant_data::{Column, ColumnType, Table};

use ColumnType::{Integer, Json, Text, Timestamp, Uuid};

/// Every table with its columns, named as in [`crate::records`]. Scripts read most of them; they change rows
/// through services, which know the rules of the business.
pub(crate) fn tables() -> TenantSchema {
    TenantSchema {
        tables: vec![
            clients(),
            products(),
            orders(),
            order_items(),
            invoices(),
            notifications(),
        ],
    }
}

fn clients() -> Table {
    Table::new("clients")
        .column("id", Uuid)
        .column("name", Text)
        .column("phone", Text)
        .optional("email", Text)
        .optional("city", Text)
        .column("segment", Text)
        .column("status", Text)
        .column("credit_limit", Integer)
        .column("last_activity", Timestamp)
        .optional("reminded_at", Timestamp)
        .column("created_at", Timestamp)
        .index(["last_activity"])
        .read_by_scripts()
}

fn products() -> Table {
    Table::new("products")
        .column("id", Uuid)
        .with(unique("sku"))
        .column("name", Text)
        .column("category", Text)
        .column("unit", Text)
        .column("price", Integer)
        .column("stock", Integer)
        .read_by_scripts()
}

fn orders() -> Table {
    Table::new("orders")
        .column("id", Uuid)
        .with(unique("number"))
        .column("customer_id", Uuid)
        .column("status", Text)
        .column("total", Integer)
        .optional("delivery_date", Text)
        .optional("note", Text)
        .column("created_at", Timestamp)
        .index(["customer_id"])
        .index(["created_at"])
        .read_by_scripts()
}

fn order_items() -> Table {
    Table::new("order_items")
        .column("id", Uuid)
        .column("order_id", Uuid)
        .column("position", Integer)
        .column("product_id", Uuid)
        .column("quantity", Integer)
        .column("unit_price", Integer)
        .index(["order_id", "position"])
        .read_by_scripts()
}

fn invoices() -> Table {
    Table::new("invoices")
        .column("id", Uuid)
        .with(unique("number"))
        .column("order_id", Uuid)
        .column("customer_id", Uuid)
        .column("amount", Integer)
        .column("status", Text)
        .column("issued_at", Timestamp)
        .column("due_at", Timestamp)
        .optional("paid_at", Timestamp)
        .optional("payment_reference", Text)
        .index(["customer_id", "status"])
        .index(["order_id"])
        .read_by_scripts()
}

fn notifications() -> Table {
    Table::new("notifications")
        .column("id", Uuid)
        .column("channel", Text)
        .column("recipient", Text)
        .optional("subject", Text)
        .column("body", Text)
        .column("metadata", Json)
        .column("status", Text)
        .optional("execution_id", Uuid)
        .column("created_at", Timestamp)
        .index(["created_at"])
}

/// A text that no two rows share.
fn unique(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        ty: Text,
        nullable: false,
        unique: true,
    }
}
