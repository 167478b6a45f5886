//! Pages for what went wrong, each with a way back (R-WEB-13, R-UI-23). What the platform failed at
//! is not told to the visitor.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use scriptorium::model::permission::Permission;
use scriptorium::{Caller, Error, ErrorKind};

use crate::answer::{self, Policy};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: Frame,
    t: Texts,
    icon: &'static str,
    title: &'static str,
    text: String,
}

/// A page that could not be made.
pub(crate) struct Failure(Box<Response>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// Turns an error of the façade into its page.
pub(crate) fn explained(visitor: &Visitor) -> impl Fn(Error) -> Failure + '_ {
    move |error| {
        let (t, caller) = (visitor.t, Some(&visitor.caller));
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::Invalid => missing(t, caller),
            ErrorKind::Forbidden => forbidden(t, caller, error.missing_permission()),
            ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::ShareExhausted => {
                let status = match error.kind() {
                    ErrorKind::ShareExhausted => StatusCode::TOO_MANY_REQUESTS,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                failure(t, caller, status, "clock", "busy-title", t.get("busy-text"))
            }
            _ => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                failure(
                    t,
                    caller,
                    status,
                    "alert",
                    "error-title",
                    t.get("error-text"),
                )
            }
        }
    }
}

/// Nothing is here, or nothing that this visitor may know of.
pub(crate) fn missing(t: Texts, caller: Option<&Caller>) -> Failure {
    let text = t.get("missing-text");
    failure(
        t,
        caller,
        StatusCode::NOT_FOUND,
        "compass",
        "missing-title",
        text,
    )
}

/// A version of a script that was there, or that was left behind when the script was imported.
pub(crate) fn not_kept(t: Texts, caller: Option<&Caller>, version: u32) -> Failure {
    let text = t.with("not-kept-text", "n", version);
    failure(
        t,
        caller,
        StatusCode::NOT_FOUND,
        "history",
        "not-kept-title",
        text,
    )
}

/// The visitor lacks a permission.
pub(crate) fn forbidden(t: Texts, caller: Option<&Caller>, missing: Option<Permission>) -> Failure {
    let text = match missing {
        Some(permission) => t.with("forbidden-needs", "permission", permission),
        None => t.get("forbidden-text"),
    };
    failure(
        t,
        caller,
        StatusCode::FORBIDDEN,
        "lock",
        "forbidden-title",
        text,
    )
}

fn failure(
    t: Texts,
    caller: Option<&Caller>,
    status: StatusCode,
    icon: &'static str,
    title: &'static str,
    text: String,
) -> Failure {
    let page = FailurePage {
        frame: Frame::new(t, t.get(title), "", caller),
        t,
        icon,
        title,
        text,
    };
    Failure(Box::new(answer::page(status, Policy::Strict, &page)))
}
