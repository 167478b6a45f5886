//! Versions of a script: history, difference, rollback, milestones, and how many are kept.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use scriptorium::model::version::{Version, VersionPolicy};
use scriptorium::model::{Ctx, ScriptId, Timestamp, Uuid};
use scriptorium::{Diff, DiffLine, DiffRow, Error, RowKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::script_body::{DefinitionBody, ScriptBody};
use super::scripts::shown;
use super::{List, Refused, page};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path, Query};
use crate::problem::Problem;
use crate::state::App;

/// One version, with what it uses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VersionDetail)]
pub(crate) struct VersionDetailBody {
    #[serde(flatten)]
    version: VersionBody,
    /// The libraries it imports, as of when it was saved or activated last.
    libraries: Vec<LibraryBody>,
}

/// A version of a library that is imported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Library)]
pub(crate) struct LibraryBody {
    /// As the source writes it.
    #[schema(example = "lib/money")]
    specifier: String,
    script_id: Uuid,
    version: u32,
}

/// One stored version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct VersionBody {
    script_id: Uuid,
    /// 1, 2, 3 and so on.
    version: u32,
    #[serde(flatten)]
    definition: DefinitionBody,
    /// What the author said about the change.
    change_description: String,
    /// Its name, if it is a milestone, which is never pruned.
    milestone: Option<String>,
    created_by: Option<Uuid>,
    created_at: Timestamp,
}

/// The name of a milestone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MilestoneBody {
    /// 1 to 100 characters.
    name: String,
}

/// How many versions of each script are kept; all by default. The current version, milestones, and
/// versions that a pending or running execution names are kept in any case.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = VersionPolicy)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyBody {
    /// The newest so many, 1 to 10,000; `null` for any number.
    #[serde(default)]
    max_count: Option<u32>,
    /// Those of the last so many days, 1 to 3,650; `null` for any age.
    #[serde(default)]
    max_age_days: Option<u32>,
}

/// How one version differs from another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diff)]
pub(crate) struct DiffBody {
    a: u32,
    b: u32,
    /// Settings that differ; the source is in `unified` and `rows`.
    changed_fields: Vec<FieldChangeBody>,
    /// The source as a unified diff.
    unified: String,
    /// The source side by side.
    rows: Vec<RowBody>,
}

/// A setting that differs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub(crate) struct FieldChangeBody {
    field: String,
    before: String,
    after: String,
}

/// A row of the side-by-side difference.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiffRow)]
pub(crate) struct RowBody {
    /// `equal`, `insert`, `delete` or `replace`.
    kind: &'static str,
    left: Option<LineBody>,
    right: Option<LineBody>,
}

/// A line of a source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Line)]
pub(crate) struct LineBody {
    /// From 1.
    number: u32,
    text: String,
    /// Of a line that became another, the characters that differ: begin and end, counted from 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<[usize; 2]>,
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Milestones alone.
    #[serde(default)]
    milestones: bool,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// The versions of a script, newest first, without their sources.
#[utoipa::path(get, path = "/scripts/{id}/versions", tag = "versions",
    params(("id" = Uuid, Path), Filter),
    responses((status = 200, body = List<VersionBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    Query(filter): Query<Filter>,
) -> Result<Json<List<VersionBody>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let (scripts, id) = (app.platform.scripts(), ScriptId(id));
    let versions = if filter.milestones {
        scripts.milestones(caller.ctx(), id, &page).await?
    } else {
        scripts.versions(caller.ctx(), id, &page).await?
    };
    Ok(Json(List::of(versions, |version| {
        let mut body = VersionBody::from(version);
        body.definition.leave_out_source();
        body
    })))
}

/// One version with its source and its libraries.
#[utoipa::path(get, path = "/scripts/{id}/versions/{version}", tag = "versions",
    params(("id" = Uuid, Path), ("version" = u32, Path)),
    responses((status = 200, body = VersionDetailBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path((id, number)): Path<(Uuid, u32)>,
) -> Result<Json<VersionDetailBody>, Problem> {
    let scripts = app.platform.scripts();
    let (ctx, id) = (caller.ctx(), ScriptId(id));
    let version = scripts.version(ctx, id, number).await?;
    let pins = scripts.pins(ctx, id, number).await?;
    let libraries = pins.into_iter().map(|pin| LibraryBody {
        specifier: pin.specifier,
        script_id: pin.library.0,
        version: pin.version,
    });
    Ok(Json(VersionDetailBody {
        version: version.into(),
        libraries: libraries.collect(),
    }))
}

/// How version `b` differs from version `a`.
#[utoipa::path(get, path = "/scripts/{id}/versions/{a}/diff/{b}", tag = "versions",
    params(("id" = Uuid, Path), ("a" = u32, Path), ("b" = u32, Path)),
    responses((status = 200, body = DiffBody), Refused))]
pub(crate) async fn diff(
    State(app): State<App>,
    caller: Authenticated,
    Path((id, a, b)): Path<(Uuid, u32, u32)>,
) -> Result<Json<DiffBody>, Problem> {
    let diff = app
        .platform
        .scripts()
        .diff(caller.ctx(), ScriptId(id), a, b)
        .await?;
    Ok(Json(diff.into()))
}

/// Makes a new version with what an old one said.
#[utoipa::path(post, path = "/scripts/{id}/versions/{version}/restore", tag = "versions",
    params(("id" = Uuid, Path), ("version" = u32, Path)),
    responses((status = 200, body = ScriptBody), Refused))]
pub(crate) async fn restore(
    State(app): State<App>,
    caller: Authenticated,
    Path((id, number)): Path<(Uuid, u32)>,
) -> Result<Response, Problem> {
    let scripts = app.platform.scripts();
    Ok(shown(
        scripts
            .restore_version(caller.ctx(), ScriptId(id), number)
            .await?,
    ))
}

/// Makes a version a milestone, or renames it.
#[utoipa::path(put, path = "/scripts/{id}/versions/{version}/milestone", tag = "milestones",
    params(("id" = Uuid, Path), ("version" = u32, Path)), request_body = MilestoneBody,
    responses((status = 200, body = VersionBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path((id, number)): Path<(Uuid, u32)>,
    JsonBody(body): JsonBody<MilestoneBody>,
) -> Result<Json<VersionBody>, Problem> {
    let scripts = app.platform.scripts();
    let named = scripts.set_milestone(caller.ctx(), ScriptId(id), number, Some(&body.name));
    Ok(Json(named.await?.into()))
}

/// Makes a milestone a version like others.
#[utoipa::path(delete, path = "/scripts/{id}/versions/{version}/milestone", tag = "milestones",
    params(("id" = Uuid, Path), ("version" = u32, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path((id, number)): Path<(Uuid, u32)>,
) -> Result<StatusCode, Problem> {
    let scripts = app.platform.scripts();
    let plain = scripts.set_milestone(caller.ctx(), ScriptId(id), number, None);
    plain.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many versions are kept.
#[utoipa::path(get, path = "/version-policy", tag = "versions",
    responses((status = 200, body = PolicyBody), Refused))]
pub(crate) async fn policy(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<PolicyBody>, Problem> {
    let policy = app.platform.scripts().version_policy(caller.ctx()).await?;
    Ok(Json(policy.into()))
}

/// Says how many versions are kept.
#[utoipa::path(put, path = "/version-policy", tag = "versions", request_body = PolicyBody,
    responses((status = 200, body = PolicyBody), Refused))]
pub(crate) async fn set_policy(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(body): JsonBody<PolicyBody>,
) -> Result<Json<PolicyBody>, Problem> {
    let policy = VersionPolicy::from(body);
    let scripts = app.platform.scripts();
    scripts.set_version_policy(caller.ctx(), policy).await?;
    Ok(Json(policy.into()))
}

/// A refusal, with the present version when it is for one that somebody else has saved.
pub(crate) async fn with_current(app: &App, ctx: &Ctx, id: ScriptId, refused: Error) -> Problem {
    let problem = Problem::from(refused);
    if !problem.is_stale_version() {
        return problem;
    }
    let scripts = app.platform.scripts();
    let Ok(script) = scripts.find(ctx, id).await else {
        return problem;
    };
    match scripts.version(ctx, id, script.version).await {
        Ok(version) => match serde_json::to_value(VersionBody::from(version)) {
            Ok(current) => problem.current(current),
            Err(_) => problem,
        },
        Err(_) => problem,
    }
}

impl From<PolicyBody> for VersionPolicy {
    fn from(body: PolicyBody) -> Self {
        Self {
            max_count: body.max_count,
            max_age_days: body.max_age_days,
        }
    }
}

impl From<VersionPolicy> for PolicyBody {
    fn from(policy: VersionPolicy) -> Self {
        Self {
            max_count: policy.max_count,
            max_age_days: policy.max_age_days,
        }
    }
}

impl From<Version> for VersionBody {
    fn from(version: Version) -> Self {
        Self {
            script_id: version.script.0,
            version: version.number,
            definition: version.definition.into(),
            change_description: version.change_description,
            milestone: version.milestone,
            created_by: version.created_by.map(|id| id.0),
            created_at: version.created_at,
        }
    }
}

impl From<Diff> for DiffBody {
    fn from(diff: Diff) -> Self {
        let fields = diff
            .changed_fields
            .into_iter()
            .map(|change| FieldChangeBody {
                field: change.field,
                before: change.before,
                after: change.after,
            });
        Self {
            a: diff.a,
            b: diff.b,
            changed_fields: fields.collect(),
            unified: diff.unified,
            rows: diff.rows.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DiffRow> for RowBody {
    fn from(row: DiffRow) -> Self {
        let line = |line: DiffLine| LineBody {
            number: line.number,
            text: line.text,
            marks: line.marks.into_iter().map(|m| [m.start, m.end]).collect(),
        };
        Self {
            kind: match row.kind {
                RowKind::Equal => "equal",
                RowKind::Insert => "insert",
                RowKind::Delete => "delete",
                RowKind::Replace => "replace",
            },
            left: row.left.map(line),
            right: row.right.map(line),
        }
    }
}
