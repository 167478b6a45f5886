//! Operations on many executions: stopping or repeating all that match, at a pace.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::operation::OperationKind;
use scriptorium::model::{OperationId, ScriptId, Timestamp, Uuid};
use scriptorium::{ExecutionFilter, Matched, NewOperation, Operation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Paging, Refused, named, pace, stand_and_trigger};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path, Query};
use crate::problem::Problem;
use crate::state::App;

/// What is to be done, to which executions, and how fast.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOperationBody {
    /// `cancel`: what has not ended is stopped. `replay`: what has ended is repeated, with the input it
    /// had and in the present version of its script.
    kind: String,
    /// Of this script.
    script_id: Option<Uuid>,
    /// With this status; one that the kind can be done to.
    status: Option<String>,
    /// Started by `cron`, `http`, `event`, `manual`, `api` or `embedded`.
    trigger: Option<String>,
    /// Recorded at this instant or later.
    from: Option<Timestamp>,
    /// Recorded before this instant.
    to: Option<Timestamp>,
    /// At most so many, the oldest first; 1,000 when not said.
    #[schema(minimum = 1, maximum = 10_000)]
    limit: Option<u32>,
    /// So many in a minute; as fast as it goes when not said.
    #[schema(minimum = 1, maximum = 60_000)]
    per_minute: Option<u32>,
    /// Only say how many there are.
    #[serde(default)]
    preview: bool,
}

/// How many executions match.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Matched)]
pub(crate) struct MatchedBody {
    /// So many, or 10,000 when there are more.
    matched: u32,
    /// Whether there are more.
    more: bool,
}

/// An operation on many executions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct OperationBody {
    id: Uuid,
    /// `cancel` or `replay`.
    kind: &'static str,
    /// `running`, `done`, `cancelled`, or `stopped` when whoever asked for it may not do it any more.
    state: &'static str,
    filter: FilterBody,
    /// At most so many executions.
    limit: u32,
    per_minute: Option<u32>,
    /// How many matched when it began, `limit` at most.
    total: u32,
    /// To how many it was done.
    done: u32,
    /// To how many it could not be done.
    failed: u32,
    /// The first of those.
    problems: Vec<ProblemBody>,
    /// Why it was stopped.
    reason: Option<String>,
    /// Who asked for it.
    created_by: Option<Uuid>,
    created_at: Timestamp,
    completed_at: Option<Timestamp>,
}

/// Which executions an operation is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationFilter)]
pub(crate) struct FilterBody {
    script_id: Option<Uuid>,
    status: Option<&'static str>,
    trigger: Option<&'static str>,
    from: Option<Timestamp>,
    /// The beginning of the operation at the latest.
    to: Option<Timestamp>,
}

/// An execution that an operation could not deal with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationProblem)]
pub(crate) struct ProblemBody {
    execution_id: Uuid,
    /// The stable code of the refusal.
    code: String,
}

/// Begins an operation on all executions that match.
///
/// It goes on by itself, also after a restart; `GET /operations/{id}` tells how far it is. With `preview` nothing is begun.
#[utoipa::path(post, path = "/operations", tag = "bulk", request_body = NewOperationBody,
    responses((status = 202, body = OperationBody, description = "The operation, begun"),
        (status = 200, body = MatchedBody, description = "What `preview` found"), Refused))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(body): JsonBody<NewOperationBody>,
) -> Result<Response, Problem> {
    let preview = body.preview;
    let new = body.read()?;
    let operations = app.platform.operations();
    if preview {
        let found = operations.count(caller.ctx(), &new).await?;
        return Ok(Json(MatchedBody::from(found)).into_response());
    }
    let operation = operations.start(caller.ctx(), new).await?;
    let location = format!("/api/v1/operations/{}", operation.id);
    let body = Json(OperationBody::from(operation));
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], body).into_response())
}

/// The tenant's operations, newest first.
#[utoipa::path(get, path = "/operations", tag = "bulk", params(Paging),
    responses((status = 200, body = List<OperationBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<List<OperationBody>>, Problem> {
    let operations = app.platform.operations();
    let found = operations.list(caller.ctx(), &paging.page()?).await?;
    Ok(Json(List::of(found, OperationBody::from)))
}

/// One operation, as far as it has come.
#[utoipa::path(get, path = "/operations/{id}", tag = "bulk", params(("id" = Uuid, Path)),
    responses((status = 200, body = OperationBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<OperationBody>, Problem> {
    let operations = app.platform.operations();
    let operation = operations.find(caller.ctx(), OperationId(id)).await?;
    Ok(Json(operation.into()))
}

/// Stops an operation; what it has done stays done, and one that has ended stays as it is.
#[utoipa::path(post, path = "/operations/{id}/cancel", tag = "bulk",
    params(("id" = Uuid, Path)), responses((status = 200, body = OperationBody), Refused))]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<OperationBody>, Problem> {
    let operations = app.platform.operations();
    let operation = operations.cancel(caller.ctx(), OperationId(id)).await?;
    Ok(Json(operation.into()))
}

impl NewOperationBody {
    fn read(self) -> Result<NewOperation, Problem> {
        let kinds = OperationKind::ALL.into_iter().map(OperationKind::as_str);
        let (status, trigger) = stand_and_trigger(self.status.as_ref(), self.trigger.as_ref())?;
        Ok(NewOperation {
            kind: named("kind", &self.kind, OperationKind::from_name, kinds)?,
            filter: ExecutionFilter {
                script: self.script_id.map(ScriptId),
                status,
                trigger,
                from: self.from,
                to: self.to,
                ..ExecutionFilter::default()
            },
            pace: pace(self.limit, self.per_minute),
        })
    }
}

impl From<Matched> for MatchedBody {
    fn from(found: Matched) -> Self {
        Self {
            matched: found.matched,
            more: found.more,
        }
    }
}

impl From<Operation> for OperationBody {
    fn from(operation: Operation) -> Self {
        let filter = operation.filter;
        Self {
            id: operation.id.0,
            kind: operation.kind.as_str(),
            state: operation.state.as_str(),
            filter: FilterBody {
                script_id: filter.script.map(|id| id.0),
                status: filter.status.map(ExecutionStatus::as_str),
                trigger: filter.trigger.map(TriggerKind::as_str),
                from: filter.from,
                to: filter.to,
            },
            limit: operation.pace.limit,
            per_minute: operation.pace.per_minute,
            total: operation.total,
            done: operation.done,
            failed: operation.failed,
            problems: operation
                .problems
                .into_iter()
                .map(|(id, code)| ProblemBody {
                    execution_id: id.0,
                    code,
                })
                .collect(),
            reason: operation.reason,
            created_by: operation.user.map(|id| id.0),
            created_at: operation.created_at,
            completed_at: operation.completed_at,
        }
    }
}
