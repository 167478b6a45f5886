//! The service `notifications`: messages to people (R-JSVC-08). They end in an outbox table that
//! one can look at; the sample business sends nothing.

use scriptorium::{Service, ServiceCall, ServiceError};
use serde_json::{Map, Value, json};

use crate::arguments::{Fields, text};
use crate::clients::{email, phone};
use crate::listing::{Kind, Listing};
use crate::records::{Notification, columns};
use crate::rows;

const TYPES: &str = r#"interface Notification {
  id: string;
  channel: "sms" | "email";
  recipient: string;
  subject: string | null;
  body: string;
  metadata: Record<string, unknown>;
  status: "queued";
  execution_id: string | null;
  created_at: string;
}"#;

const SMS_CHARACTERS: usize = 1_000;
const SUBJECT_CHARACTERS: usize = 200;
const EMAIL_CHARACTERS: usize = 100_000;
const METADATA_BYTES: usize = 4_096;

const LISTING: Listing = Listing {
    table: "notifications",
    fields: &[
        ("id", Kind::Id),
        ("channel", Kind::Text),
        ("recipient", Kind::Text),
        ("subject", Kind::Text),
        ("execution_id", Kind::Id),
        ("created_at", Kind::Instant),
    ],
    order: "created_at DESC",
};

pub(crate) fn service() -> Service {
    Service::new("notifications", "Messages to people; they wait in an outbox.")
        .types(TYPES)
        .method(
            "sendSMS",
            "message: { to: string; message: string; metadata?: Record<string, unknown> }",
            "Promise<Notification>",
            "Queues a text message.",
            send_sms,
        )
        .method(
            "sendEmail",
            "message: { to: string; subject: string; body: string; metadata?: Record<string, unknown> }",
            "Promise<Notification>",
            "Queues an e-mail.",
            send_email,
        )
        .method(
            "list",
            "options?: ListOptions",
            "Promise<Notification[]>",
            "The outbox, the newest first unless another order is asked for.",
            |call| async move { rows::list(&call, &LISTING).await },
        )
        .reads_only()
}

async fn send_sms(call: ServiceCall) -> Result<Value, ServiceError> {
    let message = Fields::read(call.arg(0), "", &["to", "message", "metadata"])?;
    let notification = Notification {
        channel: "sms".to_owned(),
        recipient: message.required("to", phone)?,
        subject: None,
        body: message.required("message", text(SMS_CHARACTERS))?,
        metadata: message.optional("metadata", metadata)?.unwrap_or(json!({})),
        ..blank(&call)
    };
    queue(&call, notification).await
}

async fn send_email(call: ServiceCall) -> Result<Value, ServiceError> {
    let message = Fields::read(call.arg(0), "", &["to", "subject", "body", "metadata"])?;
    let notification = Notification {
        channel: "email".to_owned(),
        recipient: message.required("to", email)?,
        subject: Some(message.required("subject", subject)?),
        body: message.required("body", text(EMAIL_CHARACTERS))?,
        metadata: message.optional("metadata", metadata)?.unwrap_or(json!({})),
        ..blank(&call)
    };
    queue(&call, notification).await
}

async fn queue(call: &ServiceCall, notification: Notification) -> Result<Value, ServiceError> {
    rows::within(call, move |tables| {
        tables.insert("notifications", &columns(&notification))?;
        rows::optional(tables.find("notifications", notification.id))
    })
    .await
}

fn blank(call: &ServiceCall) -> Notification {
    Notification {
        id: call.ambient.new_id(),
        channel: String::new(),
        recipient: String::new(),
        subject: None,
        body: String::new(),
        metadata: Value::Object(Map::new()),
        status: "queued".to_owned(),
        execution_id: Some(call.execution.0),
        created_at: call.ambient.now(),
    }
}

/// One line: a second one could smuggle a header into the message.
fn subject(value: &Value, field: &str) -> Result<String, ServiceError> {
    let line = text(SUBJECT_CHARACTERS)(value, field)?;
    if line.chars().any(char::is_control) {
        return Err(ServiceError::invalid(field, "must be one line"));
    }
    Ok(line)
}

fn metadata(value: &Value, field: &str) -> Result<Value, ServiceError> {
    if !value.is_object() || value.to_string().len() > METADATA_BYTES {
        let expectation = format!("must be an object of at most {METADATA_BYTES} bytes");
        return Err(ServiceError::invalid(field, expectation));
    }
    Ok(value.clone())
}
