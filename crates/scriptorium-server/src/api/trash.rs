//! The trash: deleted scripts, until they are restored or deleted for ever. Restoring one is an
//! operation of the script.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use scriptorium::model::{ScriptId, Timestamp, Uuid};
use scriptorium::{ScriptFilter, ScriptSummary};
use serde::Serialize;
use utoipa::ToSchema;

use super::{List, Paging, Refused};
use crate::auth::Authenticated;
use crate::input::{Path, Query};
use crate::problem::Problem;
use crate::state::App;

/// A script in the trash.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrashedScript)]
pub(crate) struct TrashedBody {
    id: Uuid,
    name: String,
    r#type: &'static str,
    version: u32,
    deleted_by: Option<Uuid>,
    deleted_at: Option<Timestamp>,
}

/// The scripts in the trash, the last deleted first.
#[utoipa::path(get, path = "/trash", tag = "trash", params(Paging),
    responses((status = 200, body = List<TrashedBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<List<TrashedBody>>, Problem> {
    let (page, filter) = (
        paging.page()?,
        ScriptFilter {
            trash: true,
            ..ScriptFilter::default()
        },
    );
    let scripts = app.platform.scripts();
    let found = scripts.list(caller.ctx(), &filter, &page).await?;
    Ok(Json(List::of(found, TrashedBody::from)))
}

/// Deletes a script in the trash for ever, with its versions and executions.
#[utoipa::path(delete, path = "/trash/{id}", tag = "trash", params(("id" = Uuid, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn purge(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.platform
        .scripts()
        .purge(caller.ctx(), ScriptId(id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<ScriptSummary> for TrashedBody {
    fn from(summary: ScriptSummary) -> Self {
        let script = summary.script;
        Self {
            id: script.id.0,
            r#type: script.kind().as_str(),
            version: script.version,
            deleted_by: summary.trashed.and_then(|it| it.by).map(|user| user.0),
            deleted_at: summary.trashed.map(|it| it.at),
            name: script.definition.name,
        }
    }
}
