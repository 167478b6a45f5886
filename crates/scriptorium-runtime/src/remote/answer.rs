//! What a remote service answers: its result, which has to be what the manifest promises, or an error, in
//! the service's own words when it has some. Where the service is, no error says.

use std::sync::Arc;

use scriptorium_engine::{Held, HostError};
use scriptorium_model::audit::cut;
use scriptorium_outbound::{self as outbound, Response, StatusCode};
use serde_json::{Value, json};

use super::Target;
use crate::circuits::Counted;
use crate::host::{Run, weight};
use crate::schema::{self, Schema};

/// Most bytes of an answer.
pub(super) const ANSWER_BYTES: usize = 1 << 20;
/// Most characters of the code, the field and the message of a service's own error.
const CODE_CHARS: usize = 64;
const FIELD_CHARS: usize = 200;
const MESSAGE_CHARS: usize = 1_000;

/// How a call went.
pub(crate) struct Done {
    /// Whether it is the service that failed, and not what it was asked for.
    is_broken: bool,
    pub(super) outcome: Result<String, HostError>,
}

impl Done {
    /// Nothing that counts against the service.
    fn well(outcome: Result<String, HostError>) -> Self {
        Self {
            is_broken: false,
            outcome,
        }
    }
}

impl Counted for Done {
    fn is_fault(&self) -> bool {
        self.is_broken
    }
}

/// What comes of a request. Whether the service itself is at fault decides how it is asked later.
pub(super) async fn of(
    run: &Arc<Run>,
    target: &Target,
    sent: Result<Response, outbound::Error>,
    mut held: Held,
) -> Done {
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return unsent(run, target, &error),
    };
    let status = response.status;
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) => {
                if let Err(too_much) = held.grow(chunk.len()) {
                    return Done::well(Err(too_much.into()));
                }
                body.extend_from_slice(&chunk);
            }
            Err(error) => return unsent(run, target, &error),
        }
    }
    drop(response);
    let Ok(body) = String::from_utf8(body) else {
        let message = format!("the answer of {} is no text", target.path());
        return Done {
            is_broken: status.is_server_error(),
            outcome: Err(HostError::new("SERVICE_ERROR", message)),
        };
    };
    if let Err(too_much) = held.grow(weight(&body)) {
        return Done::well(Err(too_much.into()));
    }
    let outcome = if status.is_success() {
        result(run, target, &body).await
    } else {
        Err(refusal(target, status, &body))
    };
    Done {
        is_broken: status.is_server_error(),
        outcome,
    }
}

/// The result, held against what the manifest promises.
async fn result(run: &Run, target: &Target, body: &str) -> Result<String, HostError> {
    let path = target.path();
    let wrong =
        |what: String| HostError::new("SERVICE_ERROR", format!("the answer of {path} {what}"));
    let value: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(body).map_err(|_| wrong("is not JSON".to_owned()))?
    };
    let schema = target.schemas(&run.world).await?.result.clone();
    let unfit = |invalid: scriptorium_model::Invalid| {
        let told = invalid.errors.first();
        let told = told.map(|error| format!("{} {}", error.field, error.message));
        wrong(format!(
            "is not what its manifest promises: {}",
            told.unwrap_or_default()
        ))
    };
    if !target.method.is_list {
        let value = fit(run, schema.as_ref(), "result", value).await;
        return Ok(value.map_err(unfit)?.to_string());
    }
    let Value::Object(mut page) = value else {
        return Err(wrong("is no page".to_owned()));
    };
    let next = page.remove("next_cursor").unwrap_or_default();
    let Some(Value::Array(items)) = page.remove("items") else {
        return Err(wrong("has no items".to_owned()));
    };
    if !next.is_null() && !next.is_string() {
        return Err(wrong("has a next_cursor that is no text".to_owned()));
    }
    let mut fitting = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let field = format!("items.{index}");
        let item = fit(run, schema.as_ref(), &field, item).await;
        fitting.push(item.map_err(unfit)?);
    }
    Ok(json!({ "items": fitting, "nextCursor": next }).to_string())
}

async fn fit(
    run: &Run,
    schema: Option<&Arc<Schema>>,
    field: &str,
    value: Value,
) -> Result<Value, scriptorium_model::Invalid> {
    match schema {
        Some(schema) => schema::held(&run.world, schema, field, value).await,
        None => Ok(value),
    }
}

/// An answer that is no result.
fn refusal(target: &Target, status: StatusCode, body: &str) -> HostError {
    if let Some(own) = own(body) {
        return own;
    }
    let code = match status.as_u16() {
        429 => "RATE_LIMIT",
        502..=504 => "SERVICE_UNAVAILABLE",
        _ => "SERVICE_ERROR",
    };
    let message = format!("{} answered {}", target.path(), status.as_u16());
    HostError {
        details: Some(json!({ "status": status.as_u16() }).to_string()),
        ..HostError::new(code, message)
    }
}

/// An error in the service's own words: `{ "code", "message", "field"?, "details"? }`.
fn own(body: &str) -> Option<HostError> {
    let value: Value = serde_json::from_str(body).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let code = text("code").filter(|code| is_code(code))?;
    let message = cut(text("message")?, MESSAGE_CHARS);
    Some(HostError {
        field: text("field").map(|field| cut(field, FIELD_CHARS)),
        details: value
            .get("details")
            .filter(|details| !details.is_null())
            .map(Value::to_string),
        ..HostError::new(code.to_owned(), message)
    })
}

fn is_code(code: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=CODE_CHARS).contains(&code.len()) && code.chars().all(fits)
}

/// There is no answer. The error may name an address, which is not for scripts.
fn unsent(run: &Run, target: &Target, error: &outbound::Error) -> Done {
    use outbound::Error;
    let path = target.path();
    let (code, message) = match error {
        Error::Blocked(_) => {
            run.blocked(&path, "requests may not go where the service is");
            let message = format!("{path} is where requests may not go");
            return Done::well(Err(HostError::new("SSRF_BLOCKED", message)));
        }
        Error::TooOften { what } => {
            let message = format!("{path} cannot be asked now: {what}; try again later");
            return Done::well(Err(HostError::new("RATE_LIMIT", message)));
        }
        Error::TooLarge { limit } => {
            let message = format!("the answer of {path} has more than {limit} bytes");
            return Done::well(Err(HostError::new("RESPONSE_TOO_LARGE", message)));
        }
        Error::Timeout { limit, .. } => (
            "TIMEOUT",
            format!("{path} did not answer within {} ms", limit.as_millis()),
        ),
        _ => ("SERVICE_UNAVAILABLE", format!("{path} cannot be reached")),
    };
    tracing::info!(service = target.service, %error, "a remote service was not reached");
    Done {
        is_broken: true,
        outcome: Err(HostError::new(code, message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<(&str, &str, Option<&str>)>) {
        let own = own(body);
        let told = own.as_ref().map(|error| {
            (
                error.code.as_str(),
                error.message.as_str(),
                error.field.as_deref(),
            )
        });
        assert_eq!(told, expected, "{body}");
    }

    #[test]
    fn a_service_may_say_in_its_own_words_what_is_wrong() {
        check(
            r#"{"code":"OUT_OF_STOCK","message":"none left","field":"sku"}"#,
            Some(("OUT_OF_STOCK", "none left", Some("sku"))),
        );
        check(
            r#"{"code":"no.such-thing","message":"no","trace":"at db.rs"}"#,
            Some(("no.such-thing", "no", None)),
        );
        for other in [
            "",
            "<h1>Bad gateway</h1>",
            "[]",
            r#"{"message":"no code"}"#,
            r#"{"code":"NO_MESSAGE"}"#,
            r#"{"code":7,"message":"no text"}"#,
            r#"{"code":"two words","message":"no code"}"#,
        ] {
            check(other, None);
        }
        let long = json!({ "code": "A", "message": "x".repeat(MESSAGE_CHARS + 1) });
        let told = own(&long.to_string()).unwrap();
        assert!(told.message.chars().count() <= MESSAGE_CHARS);
    }
}
