//! A sample business that embeds Scriptorium: clients, products, orders, invoices, notifications.
//! [`install`] is what any host does before the platform starts: declare tables, register services,
//! templates and permissions. [`seed`] fills two tenants so that there is something to look at.

mod arguments;
mod clients;
mod invoices;
mod listing;
mod notifications;
mod orders;
mod products;
mod records;
mod report;
mod rows;
pub mod samples;
mod schema;
mod seed;

use scriptorium::{Builder, Hook};

pub use seed::{Error, seed};

/// Permission to see reports; the platform knows it because [`install`] registers it.
pub const REPORTS_VIEW: &str = "reports.view";

/// Hook that is asked before an order is stored; tenants' rules carry it as a tag.
pub const ORDER_ACCEPT: &str = "order.accept";
/// Event of an order that was stored.
pub const ORDER_ACCEPTED: &str = "order.accepted";

/// Name of the message template that the reminder script renders.
const REMINDER_TEMPLATE: &str = "inactive_client_reminder";
const REMINDER_TEXT: &str = "\
{{ name }}, we have not seen you at {{ company }} since {{ lastVisit }}. \
Your next order is delivered free of charge.";

/// Declares the business to a platform that is about to start, with an outbox in place of mail.
#[must_use]
pub fn install(builder: Builder) -> Builder {
    business(builder).service(notifications::service())
}

/// The business without an outbox of its own: its scripts send what the platform's notifications send.
#[must_use]
pub fn business(builder: Builder) -> Builder {
    builder
        .tenant_schema(schema::tables())
        .permission(REPORTS_VIEW)
        .template(REMINDER_TEMPLATE, REMINDER_TEXT)
        .hook(Hook::new(
            ORDER_ACCEPT,
            "OrderData & { total: number }",
            "Before an order is stored.",
        ))
        .event(
            ORDER_ACCEPTED,
            "OrderData & { total: number }",
            "After an order was stored.",
        )
        .service(clients::service())
        .service(products::service())
        .service(orders::service())
        .service(invoices::service())
}
