//! Scripts: list, create, read, change, trash, status, and looking at a source.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use scriptorium::model::script::{Language, Script, ScriptStatus, ScriptType};
use scriptorium::model::{Ctx, ScriptId, Uuid, compatibility};
use scriptorium::{Diagnostic, ScriptFilter, ScriptSort, Severity, SortField, Update, Validate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::script_body::{ScriptBody, ScriptItem};
use super::script_change::{NewScript, ScriptChange, kind_of};
use super::versions::with_current;
use super::{List, Refused, named, page, sorted_by};
use crate::auth::Authenticated;
use crate::input::{JsonBody, OptionalJsonBody, Path, Query};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// Which scripts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Words in the name, the description or the tags, or beginnings of such words.
    q: Option<String>,
    /// `scheduled`, `http`, `event`, `oneoff` or `embedded`.
    r#type: Option<String>,
    /// `draft`, `active`, `paused`, `disabled` or `archived`.
    status: Option<String>,
    /// Scripts with one of these tags, joined by commas.
    tag: Option<String>,
    /// `id`, `name`, `type`, `status`, `created_at` or `updated_at`, the largest first with `-` in
    /// front; `-created_at` when not said.
    #[param(example = "-updated_at")]
    sort: Option<String>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// The scripts of the tenant.
#[utoipa::path(get, path = "/scripts", tag = "scripts", params(Filter),
    responses((status = 200, body = List<ScriptItem>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Json<List<ScriptItem>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let kinds = || ScriptType::ALL.into_iter().map(ScriptType::as_str);
    let statuses = || ScriptStatus::ALL.into_iter().map(ScriptStatus::as_str);
    let kind = |name: &String| named("type", name, ScriptType::from_name, kinds());
    let status = |name: &String| named("status", name, ScriptStatus::from_name, statuses());
    let wanted = ScriptFilter {
        kind: filter.r#type.as_ref().map(kind).transpose()?,
        status: filter.status.as_ref().map(status).transpose()?,
        q: filter.q,
        tags: filter.tag.as_deref().map(tags).unwrap_or_default(),
        sort: filter
            .sort
            .as_deref()
            .map(order)
            .transpose()?
            .unwrap_or_default(),
        ..ScriptFilter::default()
    };
    let scripts = app
        .platform
        .scripts()
        .list(caller.ctx(), &wanted, &page)
        .await?;
    Ok(Json(List::of(scripts, ScriptItem::from)))
}

fn tags(joined: &str) -> Vec<String> {
    let tags = joined.split(',').map(str::trim);
    tags.filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

fn order(text: &str) -> Result<ScriptSort, Problem> {
    let names = SortField::ALL.into_iter().map(SortField::as_str);
    let (field, descending) = sorted_by(text, SortField::from_name, names)?;
    Ok(ScriptSort { field, descending })
}

/// Makes a script, as a draft.
#[utoipa::path(post, path = "/scripts", tag = "scripts", request_body = NewScript,
    responses((status = 201, body = ScriptBody, headers(("location", description = "The script"))), Refused))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(mut change): JsonBody<ScriptChange>,
) -> Result<Response, Problem> {
    let secret = change.take_signing_secret();
    let (definition, description) = change.create()?;
    let scripts = app.platform.scripts();
    if let Some(secret) = &secret {
        scripts.check_signing_secret(&definition, secret)?;
    }
    let script = scripts
        .create(caller.ctx(), definition, &description)
        .await?;
    if let Some(secret) = &secret {
        let added = scripts.add_signing_secret(caller.ctx(), script.id, Some(secret));
        added.await?;
    }
    let location = format!("/api/v1/scripts/{}", script.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], shown(script)).into_response())
}

/// One script.
#[utoipa::path(get, path = "/scripts/{id}", tag = "scripts", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let script = app
        .platform
        .scripts()
        .find(caller.ctx(), ScriptId(id))
        .await?;
    let circuit = app.platform.scripts().circuit(&script);
    let tag = tag_of(&script);
    let body = ScriptBody::from(script).held_back(circuit);
    Ok(([(ETAG, tag)], Json(body)).into_response())
}

/// Changes a script, which makes a new version; what changes nothing makes none.
///
/// 409 `stale_version` carries the present version as `current`.
#[utoipa::path(patch, path = "/scripts/{id}", tag = "scripts", params(("id" = Uuid, Path)),
    request_body = ScriptChange, responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    JsonBody(mut change): JsonBody<ScriptChange>,
) -> Result<Response, Problem> {
    let scripts = app.platform.scripts();
    let present = scripts.find(caller.ctx(), ScriptId(id)).await?;
    let version = present.version;
    let secret = change.take_signing_secret();
    let (definition, base_version, change_description) = change.update(present.definition)?;
    if let Some(secret) = &secret {
        scripts.check_signing_secret(&definition, secret)?;
    }
    // Without a base the change is against what was just read, so that it cannot undo what
    // someone else saves in between.
    let update = Update {
        base_version: base_version.or(Some(version)),
        definition,
        change_description,
    };
    match scripts.update(caller.ctx(), ScriptId(id), update).await {
        Ok(script) => {
            if let Some(secret) = &secret {
                let added = scripts.add_signing_secret(caller.ctx(), script.id, Some(secret));
                added.await?;
            }
            Ok(shown(script))
        }
        Err(refused) => Err(with_current(&app, caller.ctx(), ScriptId(id), refused).await),
    }
}

/// Moves a script to the trash.
#[utoipa::path(delete, path = "/scripts/{id}", tag = "scripts", params(("id" = Uuid, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.platform
        .scripts()
        .delete(caller.ctx(), ScriptId(id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a script out of the trash.
#[utoipa::path(post, path = "/scripts/{id}/restore", tag = "scripts", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn restore(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(shown(
        app.platform
            .scripts()
            .restore(caller.ctx(), ScriptId(id))
            .await?,
    ))
}

/// Why a script goes live.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Activation)]
pub(crate) struct ActivationBody {
    /// At most 500 characters, for the audit trail; a script that was disabled takes one.
    reason: Option<String>,
}

/// Makes a script live. One that was disabled takes a reason and the permission `scripts.update`.
#[utoipa::path(post, path = "/scripts/{id}/activate", tag = "scripts", params(("id" = Uuid, Path)),
    request_body = ActivationBody, responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn activate(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    OptionalJsonBody(body): OptionalJsonBody<ActivationBody>,
) -> Result<Response, Problem> {
    let reason = body.reason.as_deref();
    move_to(&app, caller.ctx(), id, ScriptStatus::Active, reason).await
}

/// Stops a script for a while.
#[utoipa::path(post, path = "/scripts/{id}/pause", tag = "scripts", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn pause(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    move_to(&app, caller.ctx(), id, ScriptStatus::Paused, None).await
}

/// Stops a script until someone undoes it.
#[utoipa::path(post, path = "/scripts/{id}/disable", tag = "scripts", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn disable(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    move_to(&app, caller.ctx(), id, ScriptStatus::Disabled, None).await
}

/// Retires a script; its history stays.
#[utoipa::path(post, path = "/scripts/{id}/archive", tag = "scripts", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn archive(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    move_to(&app, caller.ctx(), id, ScriptStatus::Archived, None).await
}

/// A source to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    source: String,
    /// `javascript` or `typescript`.
    language: String,
    /// The type it is meant for, which decides the entry.
    r#type: Option<String>,
    /// The function that is to be called.
    entry: Option<String>,
    /// Whether it is a library, which needs no entry and exports something.
    #[serde(default)]
    library: bool,
    /// Its compatibility date; that of a new script when not said.
    #[schema(format = Date)]
    compatibility: Option<String>,
}

/// What was found in a source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Diagnostics {
    diagnostics: Vec<DiagnosticBody>,
    /// JSON Schema of the input that the entry function's signature asks for, if it says what.
    input_schema: Option<RawJson>,
}

/// What a script is to be given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InputSchema)]
pub(crate) struct InputSchemaBody {
    /// JSON Schema; `null` when nothing says what the input is.
    schema: Option<RawJson>,
    /// `declared`: the script's own `input_schema`, which inputs are held against. `signature`: what the
    /// parameter of the entry function says, which refuses nothing. `null` without a schema.
    origin: Option<&'static str>,
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfVersion {
    /// The current one when not said.
    version: Option<u32>,
}

/// What a script is to be given: its own schema, or what its entry function's signature says.
#[utoipa::path(get, path = "/scripts/{id}/input-schema", tag = "scripts",
    params(("id" = Uuid, Path), OfVersion), responses((status = 200, body = InputSchemaBody), Refused))]
pub(crate) async fn input_schema(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    Query(wanted): Query<OfVersion>,
) -> Result<Json<InputSchemaBody>, Problem> {
    let scripts = app.platform.scripts();
    let found = scripts
        .input_schema(caller.ctx(), ScriptId(id), wanted.version)
        .await?;
    let origin = found.as_ref().map(|found| found.origin.as_str());
    let schema = found.map(|found| RawJson(found.schema));
    Ok(Json(InputSchemaBody { schema, origin }))
}

/// One finding; lines and columns count from 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diagnostic)]
pub(crate) struct DiagnosticBody {
    /// `error` or `warning`.
    severity: &'static str,
    code: String,
    message: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

/// Looks at a source without saving or running it.
#[utoipa::path(post, path = "/scripts/validate", tag = "scripts", request_body = Source,
    responses((status = 200, body = Diagnostics), Refused))]
pub(crate) async fn validate(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(body): JsonBody<Source>,
) -> Result<Json<Diagnostics>, Problem> {
    let languages = || [Language::JavaScript, Language::TypeScript].into_iter();
    let names = languages().map(Language::as_str);
    let date = body.compatibility.as_deref().map(compatibility::parse);
    let what = Validate {
        language: named("language", &body.language, Language::from_name, names)?,
        kind: body.r#type.as_deref().map(kind_of).transpose()?,
        source: body.source,
        entry: body.entry,
        library: body.library,
        compatibility: date.transpose()?,
    };
    let scripts = app.platform.scripts();
    let input_schema = scripts.signature(caller.ctx(), &what).await?.map(RawJson);
    let found = scripts.validate(caller.ctx(), what).await?;
    let diagnostics = found.into_iter().map(DiagnosticBody::from).collect();
    Ok(Json(Diagnostics {
        diagnostics,
        input_schema,
    }))
}

impl From<Diagnostic> for DiagnosticBody {
    fn from(found: Diagnostic) -> Self {
        Self {
            severity: match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: found.code.to_owned(),
            message: found.message,
            line: found.line,
            column: found.column,
            end_line: found.end_line,
            end_column: found.end_column,
        }
    }
}

async fn move_to(
    app: &App,
    ctx: &Ctx,
    id: Uuid,
    status: ScriptStatus,
    reason: Option<&str>,
) -> Result<Response, Problem> {
    let script = app
        .platform
        .scripts()
        .set_status(ctx, ScriptId(id), status, reason)
        .await?;
    Ok(shown(script))
}

/// The script with its version as an entity tag.
pub(crate) fn shown(script: Script) -> Response {
    let tag = tag_of(&script);
    ([(ETAG, tag)], Json(ScriptBody::from(script))).into_response()
}

fn tag_of(script: &Script) -> String {
    format!("\"{}-{}\"", script.version, script.status.as_str())
}
