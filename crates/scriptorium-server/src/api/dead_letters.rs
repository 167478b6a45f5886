//! Dead letters: events that a script could not deal with, and what is done about them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use scriptorium::model::dead_letter::{DeadLetter, DeadLetterStatus};
use scriptorium::model::{DeadLetterId, ScriptId, Timestamp, Uuid};
use scriptorium::{DeadLetterFilter, DeadLetterSummary, RetriedMany, RetryMany};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::execution_body::ExecutionBody;
use super::executions::started;
use super::{List, Refused, idempotency_key, named_if, pace, page, repeated};
use crate::auth::Authenticated;
use crate::input::{OptionalJsonBody, Path, Query};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// A dead letter, whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct LetterBody {
    #[serde(flatten)]
    facts: LetterItem,
    /// JavaScript stack of the last failure, if there is one.
    stack: Option<String>,
    /// The event's payload.
    payload: RawJson,
}

/// A dead letter as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterSummary)]
pub(crate) struct LetterItem {
    id: Uuid,
    /// `pending`, `retrying`, `resolved` or `discarded`.
    status: &'static str,
    script_id: Uuid,
    /// The script's name at the time.
    script_name: String,
    /// The last execution, which may have left the history.
    execution_id: Option<Uuid>,
    event_id: Uuid,
    r#type: String,
    /// The last failure.
    error: LetterError,
    /// Executions that the event had of this script.
    attempts: u32,
    /// How many it was to have at most.
    max_attempts: u32,
    last_retry_at: Option<Timestamp>,
    created_at: Timestamp,
    failed_at: Timestamp,
}

/// Why the last execution failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterError)]
pub(crate) struct LetterError {
    /// The stable code of the outcome.
    code: String,
    message: String,
}

/// Which dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Of this script.
    script_id: Option<Uuid>,
    /// Of this event type.
    r#type: Option<String>,
    /// `pending`, `retrying`, `resolved` or `discarded`.
    status: Option<String>,
    /// Made at this instant or later.
    from: Option<Timestamp>,
    /// Made before this instant.
    to: Option<Timestamp>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// The dead letters of the tenant, the newest first.
#[utoipa::path(get, path = "/dead-letters", tag = "dead-letters", params(Filter),
    responses((status = 200, body = List<LetterItem>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Json<List<LetterItem>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let statuses = DeadLetterStatus::ALL.into_iter();
    let statuses = statuses.map(DeadLetterStatus::as_str);
    let status = filter.status.as_ref();
    let wanted = DeadLetterFilter {
        script: filter.script_id.map(ScriptId),
        event_type: filter.r#type,
        status: named_if("status", status, DeadLetterStatus::from_name, statuses)?,
        from: filter.from,
        to: filter.to,
    };
    let letters = app.platform.dead_letters();
    let found = letters.list(caller.ctx(), &wanted, &page).await?;
    Ok(Json(List::of(found, LetterItem::from)))
}

/// One dead letter with its payload.
#[utoipa::path(get, path = "/dead-letters/{id}", tag = "dead-letters",
    params(("id" = Uuid, Path)), responses((status = 200, body = LetterBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<LetterBody>, Problem> {
    let letters = app.platform.dead_letters();
    let letter = letters.find(caller.ctx(), DeadLetterId(id)).await?;
    Ok(Json(letter.into()))
}

/// How to try again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryBody {
    /// Another payload; the event's own when not said.
    #[serde(default, deserialize_with = "super::present")]
    payload: Option<RawJson>,
}

/// Lets the event run once more, in the current version of its script.
///
/// Asking twice does it once: the second answer is 409 `forbidden_move`, as for a letter that is
/// resolved or discarded. With `Idempotency-Key` the same request finds the execution of the first.
#[utoipa::path(post, path = "/dead-letters/{id}/retry", tag = "dead-letters",
    params(("id" = Uuid, Path), ("idempotency-key" = Option<String>, Header)), request_body = RetryBody,
    responses((status = 202, body = ExecutionBody), Refused))]
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    OptionalJsonBody(body): OptionalJsonBody<RetryBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let letters = app.platform.dead_letters();
    let payload = body.payload.map(|RawJson(payload)| payload);
    let answer = letters.retry_once(caller.ctx(), DeadLetterId(id), payload, key.as_deref());
    Ok(started(answer.await?, true))
}

/// Which letters to try again, and how.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryAllBody {
    /// Of this script.
    script_id: Option<Uuid>,
    /// Of this event type.
    r#type: Option<String>,
    /// Made at this instant or later.
    from: Option<Timestamp>,
    /// Made before this instant.
    to: Option<Timestamp>,
    /// At most so many, the oldest first; 1,000 when not said.
    #[schema(minimum = 1, maximum = 10_000)]
    limit: Option<u32>,
    /// Executions that begin in a minute; all at once when not said.
    #[schema(minimum = 1, maximum = 60_000)]
    per_minute: Option<u32>,
    /// Only say how many there are.
    #[serde(default)]
    dry_run: bool,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetriedMany)]
pub(crate) struct RetriedManyBody {
    /// Letters that could be tried again, before any was.
    matched: u64,
    /// Those that are.
    retried: u32,
}

/// Lets the events of all pending letters run once more that match and whose scripts are active.
///
/// With `Idempotency-Key` the same request is told what came of the first; 409 `idempotency_key_in_use`
/// while that goes on. `dry_run` takes no key.
#[utoipa::path(post, path = "/dead-letters/retry", tag = "dead-letters",
    params(("idempotency-key" = Option<String>, Header)), request_body = RetryAllBody, responses((status = 200, body = RetriedManyBody), Refused))]
pub(crate) async fn retry_all(
    State(app): State<App>,
    caller: Authenticated,
    headers: HeaderMap,
    OptionalJsonBody(body): OptionalJsonBody<RetryAllBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let wanted = DeadLetterFilter {
        script: body.script_id.map(ScriptId),
        event_type: body.r#type,
        status: None,
        from: body.from,
        to: body.to,
    };
    let pace = pace(body.limit, body.per_minute);
    let how = RetryMany {
        limit: pace.limit,
        per_minute: pace.per_minute,
        dry_run: body.dry_run,
    };
    let letters = app.platform.dead_letters();
    let done = letters.retry_all_once(caller.ctx(), &wanted, how, key.as_deref());
    let done = done.await?;
    let body = Json(RetriedManyBody::from(done.value));
    Ok(repeated(body.into_response(), done.repeated))
}

/// Gives a letter up; it stays on record for a while.
#[utoipa::path(post, path = "/dead-letters/{id}/discard", tag = "dead-letters",
    params(("id" = Uuid, Path)), responses((status = 200, body = LetterBody), Refused))]
pub(crate) async fn discard(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<LetterBody>, Problem> {
    let letters = app.platform.dead_letters();
    let letter = letters.discard(caller.ctx(), DeadLetterId(id)).await?;
    Ok(Json(letter.into()))
}

/// Removes a letter for good.
#[utoipa::path(delete, path = "/dead-letters/{id}", tag = "dead-letters",
    params(("id" = Uuid, Path)), responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let letters = app.platform.dead_letters();
    letters.delete(caller.ctx(), DeadLetterId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<DeadLetterSummary> for LetterItem {
    fn from(letter: DeadLetterSummary) -> Self {
        Self {
            id: letter.id.0,
            status: letter.status.as_str(),
            script_id: letter.script.0,
            script_name: letter.script_name,
            execution_id: letter.execution.map(|id| id.0),
            event_id: letter.event.0,
            r#type: letter.event_type,
            error: LetterError {
                code: letter.error_code,
                message: letter.error_message,
            },
            attempts: letter.attempts,
            max_attempts: letter.max_attempts,
            last_retry_at: letter.last_retry_at,
            created_at: letter.created_at,
            failed_at: letter.failed_at,
        }
    }
}

impl From<DeadLetter> for LetterBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            facts: LetterItem {
                id: letter.id.0,
                status: letter.status.as_str(),
                script_id: letter.script.0,
                script_name: letter.script_name,
                execution_id: letter.execution.map(|id| id.0),
                event_id: letter.event.0,
                r#type: letter.event_type,
                error: LetterError {
                    code: letter.cause.code,
                    message: letter.cause.message,
                },
                attempts: letter.attempts,
                max_attempts: letter.max_attempts,
                last_retry_at: letter.last_retry_at,
                created_at: letter.created_at,
                failed_at: letter.failed_at,
            },
            stack: letter.cause.stack,
            payload: RawJson(letter.payload),
        }
    }
}

impl From<RetriedMany> for RetriedManyBody {
    fn from(done: RetriedMany) -> Self {
        Self {
            matched: done.matched,
            retried: done.retried,
        }
    }
}
