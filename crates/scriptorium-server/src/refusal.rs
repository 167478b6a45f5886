//! The one place that says which error of the façade becomes which problem. Not the wording of
//! field errors; those come with the error.

use std::time::Duration;

use http::StatusCode;
use scriptorium::model::execution::{Execution, ExecutionStatus};
use scriptorium::model::{FieldError, Invalid};
use scriptorium::{Error, ErrorKind};

use crate::problem::{FieldProblem, Problem};

/// What a 401 of the API asks for.
pub(crate) const BEARER: &str = r#"Bearer realm="scriptorium""#;
/// What a 401 says to who sent a token that is not or no longer valid.
pub(crate) const BAD_BEARER: &str = r#"Bearer realm="scriptorium", error="invalid_token""#;

/// When to try again what stood back behind others.
const RETRY_NO_TURN: Duration = Duration::from_secs(1);
/// When to try again what the database could not do.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(5);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Invalid => error.invalid().map_or_else(Self::internal, of_invalid),
            ErrorKind::NotFound => Self::not_found(),
            ErrorKind::Conflict => of_conflict(&error),
            ErrorKind::Unauthenticated => Self::unauthenticated(BEARER),
            ErrorKind::Forbidden => match error.missing_permission() {
                Some(missing) => forbidden(missing.as_str()),
                None => Self::new(StatusCode::FORBIDDEN, "permission_denied"),
            },
            ErrorKind::Busy => busy(&error),
            ErrorKind::ShareExhausted => share_exhausted(&error),
            ErrorKind::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code())
                .detail("The idempotency key was used for another request. Choose a new one."),
            ErrorKind::KeyInUse => Self::new(StatusCode::CONFLICT, error.code())
                .detail("The first request under this idempotency key has not ended; ask again.")
                .retry_after(error.retry_after().unwrap_or_default()),
            ErrorKind::Script => match error.execution() {
                Some(execution) => of_failed(execution),
                None => Self::internal(),
            },
            ErrorKind::Unavailable => unavailable(&error),
            _ => internal(&error),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        of_invalid(&invalid)
    }
}

/// A permission is missing.
pub(crate) fn forbidden(missing: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "permission_denied")
        .detail(format!("The permission {missing} is missing."))
}

/// The process has no room, or holds the script back; nothing was begun.
fn busy(error: &Error) -> Problem {
    let detail = match error.code() {
        "circuit_open" => "The script is held back: its last executions timed out or failed.",
        // Why is for those who may ask for the halts: strangers meet this, too.
        "halted" => "Executions are halted.",
        _ => "Too much is running at once.",
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.code())
        .detail(format!("{detail} Nothing was begun; try again."))
        .retry_after(error.retry_after().unwrap_or_default())
}

/// The caller's tenant, or its script, has its share of the room in use; nothing was begun.
fn share_exhausted(error: &Error) -> Problem {
    // Strangers meet this, too: it tells no figures.
    let detail = match error.code() {
        "script_busy" => "The script has as many executions at once as it may.",
        "no_seat" => "As many executions about the same thing as may go on already do.",
        "backlog_full" => "As many events and executions wait as may.",
        _ => "As many executions run or wait as may.",
    };
    Problem::new(StatusCode::TOO_MANY_REQUESTS, error.code())
        .detail(format!("{detail} Nothing was begun; try again."))
        .retry_after(error.retry_after().unwrap_or_default())
}

/// A script failed whose author or host asked for it: they may know why (design 4.2, invoke).
pub(crate) fn of_failed(execution: &Execution) -> Problem {
    let status = match execution.status {
        ExecutionStatus::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let problem = match &execution.failure {
        Some(failure) => Problem::new(status, &failure.code).detail(&failure.message),
        None => Problem::new(status, execution.status.as_str()),
    };
    problem.execution(execution.id)
}

/// Others are about the same thing, and this one had to stand back.
fn no_seat() -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "no_seat")
        .detail("As many executions about the same thing as may go on already do.")
        .retry_after(RETRY_NO_TURN)
}

/// A script failed for a stranger, who learns that it did and nothing of why (R-HTTP-11).
pub(crate) fn of_failed_endpoint(execution: &Execution) -> Problem {
    let code = execution
        .failure
        .as_ref()
        .map(|failure| failure.code.as_str());
    let problem = match execution.status {
        _ if matches!(code, Some("platform.dropped" | "platform.replaced")) => no_seat(),
        ExecutionStatus::Timeout => Problem::new(StatusCode::GATEWAY_TIMEOUT, "script_timeout")
            .detail("The script did not answer in time."),
        _ => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "script_failed")
            .detail("The script failed."),
    };
    problem.execution(execution.id)
}

fn of_invalid(invalid: &Invalid) -> Problem {
    let errors = invalid.errors.iter().cloned().map(FieldProblem::from);
    Problem::invalid(errors.collect())
}

impl From<FieldError> for FieldProblem {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            code: error.code.to_owned(),
            message: error.message,
            params: error.params.into_iter().collect(),
        }
    }
}

fn of_conflict(error: &Error) -> Problem {
    let problem = Problem::new(StatusCode::CONFLICT, error.code()).detail(error.to_string());
    match error.conflicting_field() {
        Some(field) => {
            problem.with_error(FieldProblem::new(field, error.code(), error.to_string()))
        }
        None => problem,
    }
}

/// Nothing was stored; the operator has to make room, or the database comes back.
fn unavailable(error: &Error) -> Problem {
    let code = error.code().to_owned();
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "the database is unavailable");
    let (status, text) = match code.as_str() {
        "storage_full" => (
            StatusCode::INSUFFICIENT_STORAGE,
            "There is no space left to store it. Nothing was changed.",
        ),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database cannot be reached at the moment. Nothing was changed.",
        ),
    };
    Problem::new(status, &code)
        .detail(text)
        .retry_after(RETRY_UNAVAILABLE)
}

fn internal(error: &Error) -> Problem {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "the platform failed");
    Problem::internal()
}
