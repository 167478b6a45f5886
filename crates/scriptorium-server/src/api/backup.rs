//! Backups of the whole platform, for who may manage tenants. Where they go is the operator's
//! setting, never the request's.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use scriptorium::backup::Backup;
use scriptorium::model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Refused, present};
use crate::auth::Authenticated;
use crate::input::JsonBody;
use crate::problem::Problem;
use crate::state::App;

/// Most backups that can be asked to stay.
const MOST_KEPT: u32 = 1_000;

/// A backup to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBackup {
    /// How many backups stay, this one included, 1 to 1,000; all of them when not said.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1, maximum = 1000)]
    keep: Option<u32>,
}

/// A finished backup.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backup)]
pub(crate) struct BackupBody {
    /// Its folder inside the folder of backups.
    name: String,
    /// When it was begun.
    created_at: Timestamp,
    /// The release that took it.
    product_version: String,
    /// The schema of its databases.
    schema_version: i64,
    /// How many files it has.
    files: usize,
    /// Their sizes together.
    bytes: u64,
}

/// The backups, the oldest first.
#[utoipa::path(get, path = "/backup", tag = "backup",
    responses((status = 200, body = List<BackupBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<BackupBody>>, Problem> {
    let found = app.platform.backups().list(caller.ctx()).await?;
    Ok(Json(List::whole(found, BackupBody::from)))
}

/// Takes a backup of every tenant's data while the server goes on; answers when it has ended.
#[utoipa::path(post, path = "/backup", tag = "backup", request_body = NewBackup,
    responses((status = 201, body = BackupBody), Refused))]
pub(crate) async fn take(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(new): JsonBody<NewBackup>,
) -> Result<Response, Problem> {
    if new
        .keep
        .is_some_and(|keep| !(1..=MOST_KEPT).contains(&keep))
    {
        return Err(Problem::field("keep", "out_of_range", "must be 1 to 1000"));
    }
    let keep = new.keep.map(|keep| keep as usize);
    let taken = app.platform.backups().take(caller.ctx(), keep).await?;
    Ok((StatusCode::CREATED, Json(BackupBody::from(taken))).into_response())
}

impl From<Backup> for BackupBody {
    fn from(backup: Backup) -> Self {
        let name = backup.folder.file_name().unwrap_or_default();
        Self {
            name: name.to_string_lossy().into_owned(),
            created_at: backup.manifest.created_at,
            schema_version: backup.manifest.schema_version,
            files: backup.manifest.files.len(),
            bytes: backup.manifest.bytes(),
            product_version: backup.manifest.product_version,
        }
    }
}
