//! Drafts: what the caller has typed into a script and not saved. Each user sees only their own.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use scriptorium::model::draft::{Draft, DraftText};
use scriptorium::model::{ScriptId, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refused;
use super::script_change::ScriptChange;
use super::versions::with_current;
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// What to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDraft {
    /// The source as it stands; may be unfinished. At most 100,000 bytes.
    source: String,
    /// The version that it was begun from; 409 when there is a newer one.
    #[schema(minimum = 1)]
    base_version: u32,
    /// Other members of the script as they stand in the form, at most 64 KiB.
    #[serde(default)]
    #[schema(value_type = Option<ScriptChange>)]
    settings: Option<RawJson>,
}

/// A draft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Draft)]
pub(crate) struct DraftBody {
    script_id: Uuid,
    source: String,
    base_version: u32,
    #[schema(value_type = Option<ScriptChange>)]
    settings: Option<RawJson>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The caller's draft of a script.
#[utoipa::path(get, path = "/scripts/{id}/draft", tag = "drafts", params(("id" = Uuid, Path)),
    responses((status = 200, body = DraftBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<DraftBody>, Problem> {
    let scripts = app.platform.scripts();
    let draft = scripts.draft(caller.ctx(), ScriptId(id)).await?;
    Ok(Json(draft.into()))
}

/// Keeps the caller's draft of a script in place of the one before.
///
/// 409 `stale_version` carries the present version as `current`, so that the caller can choose.
#[utoipa::path(put, path = "/scripts/{id}/draft", tag = "drafts", params(("id" = Uuid, Path)),
    request_body = NewDraft, responses((status = 200, body = DraftBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    JsonBody(new): JsonBody<NewDraft>,
) -> Result<Json<DraftBody>, Problem> {
    let id = ScriptId(id);
    if let Some(RawJson(settings)) = &new.settings {
        // Kept as it came, but only when saving could read it.
        let read: Result<ScriptChange, _> = serde_json::from_str(settings.as_str());
        let mut read =
            read.map_err(|error| Problem::field("settings", "wrong_type", error.to_string()))?;
        if read.take_signing_secret().is_some() {
            let field = "settings.http.signature.secret";
            let message = "is kept in no draft";
            return Err(Problem::field(field, "not_allowed", message));
        }
    }
    let text = DraftText {
        source: new.source,
        settings: new.settings.map(|RawJson(settings)| settings),
        base_version: new.base_version,
    };
    let scripts = app.platform.scripts();
    match scripts.keep_draft(caller.ctx(), id, text).await {
        Ok(draft) => Ok(Json(draft.into())),
        Err(refused) => Err(with_current(&app, caller.ctx(), id, refused).await),
    }
}

/// Discards the caller's draft of a script.
#[utoipa::path(delete, path = "/scripts/{id}/draft", tag = "drafts", params(("id" = Uuid, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let scripts = app.platform.scripts();
    scripts.discard_draft(caller.ctx(), ScriptId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Draft> for DraftBody {
    fn from(draft: Draft) -> Self {
        Self {
            script_id: draft.script.0,
            source: draft.text.source,
            base_version: draft.text.base_version,
            settings: draft.text.settings.map(RawJson),
            created_at: draft.created_at,
            updated_at: draft.updated_at,
        }
    }
}
