//! The management API under `/api/v1`, one file per noun: bodies, documentation, and handlers that
//! turn a request into one call of the façade and its result into a response.

pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod compatibility;
pub(crate) mod dead_letters;
pub(crate) mod drafts;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod execution_body;
pub(crate) mod executions;
pub(crate) mod halts;
pub(crate) mod nodes;
pub(crate) mod notifications;
pub(crate) mod operations;
pub(crate) mod outgoing;
pub(crate) mod reference;
pub(crate) mod remote_services;
pub(crate) mod retention;
pub(crate) mod schedules;
pub(crate) mod script_body;
pub(crate) mod script_change;
pub(crate) mod scripts;
pub(crate) mod secrets;
pub(crate) mod session;
pub(crate) mod signing_secrets;
pub(crate) mod storage;
pub(crate) mod stream;
pub(crate) mod subscriptions;
pub(crate) mod templates;
pub(crate) mod tenants;
pub(crate) mod tokens;
pub(crate) mod transfer;
pub(crate) mod trash;
pub(crate) mod users;
pub(crate) mod versions;

use std::collections::BTreeMap;

use axum::response::Response as Answered;
use http::{HeaderMap, HeaderName, HeaderValue};
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::idempotency;
use scriptorium::model::operation::Pace;
use scriptorium::model::page::{Page, PageRequest};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::problem::{PROBLEM_JSON, Problem};

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items in the order of the list.
    items: Vec<T>,
    /// Where the next part begins; `null` at the end.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A part of a list, with each item as the API shows it.
    pub(crate) fn of<U>(page: Page<U>, show: impl FnMut(U) -> T) -> Self {
        let page = page.map(show);
        Self {
            items: page.items,
            next_cursor: page.next_cursor,
        }
    }

    /// A list that is always given whole.
    pub(crate) fn whole<U>(items: Vec<U>, show: impl FnMut(U) -> T) -> Self {
        Self {
            items: items.into_iter().map(show).collect(),
            next_cursor: None,
        }
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

impl Paging {
    /// The part that was asked for.
    pub(crate) fn page(self) -> Result<PageRequest, Problem> {
        page(self.limit, self.cursor)
    }
}

/// The part of a list that a query asked for.
pub(crate) fn page(limit: Option<u32>, cursor: Option<String>) -> Result<PageRequest, Problem> {
    Ok(PageRequest::new(limit, cursor)?)
}

/// Under which key a repeated request finds what the first has started.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const KEY: &str = "idempotency-key";
    let mut values = headers.get_all(KEY).iter();
    let (Some(value), more) = (values.next(), values.next()) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if more.is_none() => {
            idempotency::validate(KEY, key)?;
            Ok(Some(key.to_owned()))
        }
        _ => {
            let message = "must be one header of visible ASCII characters";
            Err(Problem::field(KEY, "bad_value", message))
        }
    }
}

/// Says of an answer that it was given before, as other APIs do.
pub(crate) fn repeated(mut response: Answered, repeated: bool) -> Answered {
    if repeated {
        let name = HeaderName::from_static("idempotent-replayed");
        let value = HeaderValue::from_static("true");
        response.headers_mut().insert(name, value);
    }
    response
}

/// One of a closed set of names, or a refusal that lists them.
pub(crate) fn named<T>(
    field: &str,
    name: &str,
    of: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
) -> Result<T, Problem> {
    of(name).ok_or_else(|| {
        let all: Vec<&str> = all.collect();
        Problem::field(
            field,
            "unknown_value",
            format!("must be one of {}", all.join(", ")),
        )
    })
}

/// The same for a name that may be missing.
pub(crate) fn named_if<T>(
    field: &str,
    name: Option<&String>,
    of: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
) -> Result<Option<T>, Problem> {
    name.map(|name| named(field, name, of, all)).transpose()
}

/// What executions are narrowed to by a status and a trigger, in a list as in an operation on many.
pub(crate) fn stand_and_trigger(
    status: Option<&String>,
    trigger: Option<&String>,
) -> Result<(Option<ExecutionStatus>, Option<TriggerKind>), Problem> {
    let statuses = ExecutionStatus::ALL.into_iter();
    let statuses = statuses.map(ExecutionStatus::as_str);
    let triggers = TriggerKind::ALL.into_iter().map(TriggerKind::as_str);
    Ok((
        named_if("status", status, ExecutionStatus::from_name, statuses)?,
        named_if("trigger", trigger, TriggerKind::from_name, triggers)?,
    ))
}

/// How many things a call is about at most, and how fast: executions and dead letters alike.
pub(crate) fn pace(limit: Option<u32>, per_minute: Option<u32>) -> Pace {
    Pace {
        limit: limit.unwrap_or(Pace::default().limit),
        per_minute,
    }
}

/// The field of a `sort` parameter, and whether the largest comes first.
pub(crate) fn sorted_by<T>(
    text: &str,
    of: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
) -> Result<(T, bool), Problem> {
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    Ok((named("sort", name, of, all)?, descending))
}

/// A member that may be absent, but not `null`.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A member that may be absent, `null`, or a value: `None`, `Some(None)`, `Some(Some(_))`.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The problems that any operation may answer with, for the OpenAPI document.
pub(crate) struct Refused;

/// Status, name in the document, meaning.
const REFUSALS: [(&str, &str, &str); 11] = [
    ("400", "Unreadable", "The request cannot be read."),
    (
        "401",
        "Unauthenticated",
        "No credential, or one that is not valid.",
    ),
    ("403", "Forbidden", "A permission is missing."),
    ("404", "NotFound", "Not there, or of another tenant."),
    ("409", "Conflict", "It contradicts what is stored."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "NotJson", "The body is not JSON."),
    (
        "422",
        "Invalid",
        "The input breaks a rule; `errors` has the fields.",
    ),
    (
        "429",
        "TooOften",
        "Too often; `Retry-After` says when to try again.",
    ),
    ("500", "Failed", "The platform failed."),
    (
        "503",
        "Busy",
        "Too much at once; `Retry-After` says when to try again.",
    ),
];

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let reference = |(status, name, _): (&str, &str, &str)| {
            (status.to_owned(), RefOr::Ref(Ref::from_response_name(name)))
        };
        REFUSALS.into_iter().map(reference).collect()
    }
}

impl Refused {
    /// The responses that operations refer to, by name.
    pub(crate) fn named() -> impl Iterator<Item = (String, RefOr<Response>)> {
        REFUSALS.into_iter().map(|(_, name, description)| {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new()
                .description(description)
                .content(PROBLEM_JSON, content)
                .build();
            (name.to_owned(), RefOr::T(response))
        })
    }
}
