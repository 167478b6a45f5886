//! Executions: starting them, their history, control over them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::{Actor, ExecutionId, OperationId, ScriptId, Timestamp, Uuid};
use scriptorium::{Answer, Execute, ExecutionField, ExecutionFilter, ExecutionSort, Mode, Replay};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::execution_body::{ExecutionBody, ExecutionItem, LogBody};
use super::{List, Refused, idempotency_key, page, repeated, sorted_by, stand_and_trigger};
use crate::auth::Authenticated;
use crate::input::{AnyJsonBody, OptionalJsonBody, Path, Query};
use crate::problem::{Document, Problem};
use crate::raw_json::RawJson;
use crate::refusal::of_failed;
use crate::state::App;

/// Log lines given at once when nothing is said.
const LINES: u32 = 1_000;

/// What to run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExecuteBody {
    /// What the script is given; `null` when not said.
    #[serde(default)]
    input: RawJson,
    /// `sync` (when not said) waits for the end, `async` does not.
    #[serde(default)]
    mode: ModeName,
    /// An older version.
    version: Option<u32>,
    /// A text to try instead of the saved one; the execution is marked as a test.
    source: Option<String>,
    /// The caller's own draft instead of the saved source; a test, too.
    #[serde(default)]
    draft: bool,
    /// Nothing that it does outside of itself is real: writes of storage, events, services that do more than
    /// read and requests other than GET and HEAD are listed in `effects` instead.
    #[serde(default)]
    dry_run: bool,
    /// A shorter wall limit for this execution.
    timeout_ms: Option<u64>,
    /// Not before this instant; with `mode` `async`.
    run_after: Option<Timestamp>,
    /// Not at this instant or later: it fails as `platform.expired` then; with `mode` `async`.
    expires_at: Option<Timestamp>,
    /// Of the tenant's executions that may begin, those with a higher one do first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    priority: u32,
}

/// Whether to wait for the end.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeName {
    /// Wait.
    #[default]
    Sync,
    /// Do not.
    Async,
}

/// Runs a script by hand.
///
/// With `Idempotency-Key` the same request finds the execution of the first: 409 `idempotency_key_in_use`
/// while its caller waits, 422 `idempotency_key_reused` for another request.
#[utoipa::path(post, path = "/scripts/{id}/execute", tag = "executions",
    params(("id" = Uuid, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = ExecuteBody,
    responses((status = 200, body = ExecutionBody, description = "The finished execution"),
        (status = 202, body = ExecutionBody, description = "The pending execution"), Refused))]
pub(crate) async fn execute(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    OptionalJsonBody(body): OptionalJsonBody<ExecuteBody>,
) -> Result<Response, Problem> {
    let mode = match body.mode {
        ModeName::Sync => Mode::Sync,
        ModeName::Async => Mode::Async,
    };
    if body.draft && (body.source.is_some() || body.version.is_some()) {
        let message = "does not go with `source` or `version`";
        return Err(Problem::field("draft", "not_allowed", message));
    }
    let source = if body.draft {
        let scripts = app.platform.scripts();
        let draft = scripts.draft(caller.ctx(), ScriptId(id)).await?;
        Some(draft.text.source)
    } else {
        body.source
    };
    let what = Execute {
        script: ScriptId(id),
        input: body.input.0,
        mode,
        version: body.version,
        source,
        dry_run: body.dry_run,
        timeout: body.timeout_ms.map(Duration::from_millis),
        idempotency_key: idempotency_key(&headers)?,
        trigger: match caller.ctx().actor {
            Actor::User { .. } => TriggerKind::Manual,
            _ => TriggerKind::Api,
        },
        run_after: body.run_after,
        expires_at: body.expires_at,
        priority: body.priority,
    };
    let executions = app.platform.executions();
    let answer = executions.execute_once(caller.ctx(), what).await?;
    Ok(started(answer, mode == Mode::Async))
}

/// Calls an embedded script by its name: the body is the input, the answer is the output.
///
/// With `Idempotency-Key` the same request is answered as the first was.
#[utoipa::path(post, path = "/invoke/{name}", tag = "executions",
    params(("name" = String, Path), ("idempotency-key" = Option<String>, Header)), request_body = RawJson,
    responses((status = 200, body = RawJson, description = "The output"),
        (status = 504, body = Document, content_type = "application/problem+json"), Refused))]
pub(crate) async fn invoke(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
    headers: HeaderMap,
    AnyJsonBody(input): AnyJsonBody,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let executions = app.platform.executions();
    let answer = executions.invoke_once(caller.ctx(), &name, input, key.as_deref());
    let answer = answer.await?;
    let execution = answer.value;
    match execution.output {
        Some(output) if execution.status == ExecutionStatus::Completed => {
            let id = [("x-scriptorium-execution", execution.id.to_string())];
            let response = (id, Json(RawJson(output))).into_response();
            Ok(repeated(response, answer.repeated))
        }
        _ if answer.repeated => Err(of_failed(&execution).repeated()),
        _ => Err(of_failed(&execution)),
    }
}

/// Which executions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Of this script.
    script_id: Option<Uuid>,
    /// `pending`, `running`, `completed`, `failed`, `timeout` or `cancelled`.
    status: Option<String>,
    /// `cron`, `http`, `event`, `manual`, `api` or `embedded`.
    trigger: Option<String>,
    /// Made by this operation on many.
    operation_id: Option<Uuid>,
    /// Recorded at this instant or later.
    from: Option<Timestamp>,
    /// Recorded before this instant.
    to: Option<Timestamp>,
    /// Words in the script's name, the error, the log, the output or the input, or beginnings of
    /// such words; all of them must be there.
    q: Option<String>,
    /// `id`, `script_id`, `status`, `started_at` or `completed_at`, the largest first with `-` in
    /// front; `-id`, the newest first, when not said, and always with `q`.
    #[param(example = "-completed_at")]
    sort: Option<String>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

fn order(text: &str) -> Result<ExecutionSort, Problem> {
    let names = ExecutionField::ALL.into_iter().map(ExecutionField::as_str);
    let (field, descending) = sorted_by(text, ExecutionField::from_name, names)?;
    Ok(ExecutionSort { field, descending })
}

/// The history of the tenant, newest first.
#[utoipa::path(get, path = "/executions", tag = "executions", params(Filter),
    responses((status = 200, body = List<ExecutionItem>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Json<List<ExecutionItem>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let (status, trigger) = stand_and_trigger(filter.status.as_ref(), filter.trigger.as_ref())?;
    let wanted = ExecutionFilter {
        script: filter.script_id.map(ScriptId),
        status,
        trigger,
        operation: filter.operation_id.map(OperationId),
        from: filter.from,
        to: filter.to,
        q: filter.q,
        sort: filter
            .sort
            .as_deref()
            .map(order)
            .transpose()?
            .unwrap_or_default(),
    };
    let executions = app
        .platform
        .executions()
        .list(caller.ctx(), &wanted, &page)
        .await?;
    Ok(Json(List::of(executions, ExecutionItem::from)))
}

/// One execution.
#[utoipa::path(get, path = "/executions/{id}", tag = "executions", params(("id" = Uuid, Path)),
    responses((status = 200, body = ExecutionBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<ExecutionBody>, Problem> {
    let execution = app
        .platform
        .executions()
        .find(caller.ctx(), ExecutionId(id))
        .await?;
    Ok(Json(execution.into()))
}

/// Which log lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Lines {
    /// Lines after this one; from the first when not said.
    after: Option<u32>,
    /// How many, 1 to 1,000; 1,000 when not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Log lines of an execution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Logs {
    items: Vec<LogBody>,
}

/// What an execution has logged so far.
#[utoipa::path(get, path = "/executions/{id}/logs", tag = "executions",
    params(("id" = Uuid, Path), Lines), responses((status = 200, body = Logs), Refused))]
pub(crate) async fn logs(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    Query(wanted): Query<Lines>,
) -> Result<Json<Logs>, Problem> {
    let limit = wanted.limit.unwrap_or(LINES);
    if !(1..=LINES).contains(&limit) {
        let message = format!("must be 1 to {LINES}");
        return Err(Problem::field("limit", "out_of_range", message));
    }
    let executions = app.platform.executions();
    let after = wanted.after.unwrap_or(0);
    let lines = executions
        .logs(caller.ctx(), ExecutionId(id), after, limit)
        .await?;
    let items = lines.into_iter().map(Into::into).collect();
    Ok(Json(Logs { items }))
}

/// Stops an execution; one that has ended stays as it is.
#[utoipa::path(post, path = "/executions/{id}/cancel", tag = "executions",
    params(("id" = Uuid, Path)), responses((status = 200, body = ExecutionBody), Refused))]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<ExecutionBody>, Problem> {
    let execution = app
        .platform
        .executions()
        .cancel(caller.ctx(), ExecutionId(id))
        .await?;
    Ok(Json(execution.into()))
}

/// How to repeat an execution.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayBody {
    /// Another input; the same when not said.
    #[serde(default, deserialize_with = "super::present")]
    input: Option<RawJson>,
    /// A version; when not said the current one, or of a trial the text that was tried.
    version: Option<u32>,
    /// Nothing that it does is real; a dry run is never repeated for real.
    #[serde(default)]
    dry_run: bool,
}

/// Runs what an execution ran once more.
///
/// 409 `input_not_kept` when it was a request that is not recorded whole, and no input is given. With
/// `Idempotency-Key` a repeated request finds the execution of the first.
#[utoipa::path(post, path = "/executions/{id}/replay", tag = "executions",
    params(("id" = Uuid, Path), ("idempotency-key" = Option<String>, Header)), request_body = ReplayBody,
    responses((status = 202, body = ExecutionBody), Refused))]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    OptionalJsonBody(body): OptionalJsonBody<ReplayBody>,
) -> Result<Response, Problem> {
    let what = Replay {
        input: body.input.map(|RawJson(input)| input),
        version: body.version,
        dry_run: body.dry_run,
        idempotency_key: idempotency_key(&headers)?,
    };
    let executions = app.platform.executions();
    let answer = executions.replay_once(caller.ctx(), ExecutionId(id), what);
    Ok(started(answer.await?, true))
}

/// 202 for what was accepted, 200 for what has ended.
pub(super) fn started(answer: Answer<Execution>, accepted: bool) -> Response {
    let execution = answer.value;
    let status = if accepted {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let location = format!("/api/v1/executions/{}", execution.id);
    let body = Json(ExecutionBody::from(execution));
    let response = (status, [(LOCATION, location)], body).into_response();
    repeated(response, answer.repeated)
}
