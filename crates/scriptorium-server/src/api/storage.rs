//! The tenant's storage, as its scripts see it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use scriptorium::model::Timestamp;
use scriptorium::model::storage::Entry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refused;
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// A value to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEntry {
    /// At most 256 KiB of JSON.
    value: RawJson,
    /// How long to keep it; until it is deleted when not said.
    #[schema(minimum = 1)]
    ttl_seconds: Option<u64>,
}

/// A kept value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageEntry)]
pub(crate) struct EntryBody {
    key: String,
    value: RawJson,
    expires_at: Option<Timestamp>,
}

/// A kept value.
#[utoipa::path(get, path = "/storage/{key}", tag = "storage", params(("key" = String, Path)),
    responses((status = 200, body = EntryBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(key): Path<String>,
) -> Result<Json<EntryBody>, Problem> {
    let entry = app.platform.storage().get(caller.ctx(), &key).await?;
    Ok(Json(entry.ok_or_else(Problem::not_found)?.into()))
}

/// Keeps a value, in place of the one before.
#[utoipa::path(put, path = "/storage/{key}", tag = "storage", params(("key" = String, Path)),
    request_body = NewEntry, responses((status = 200, body = EntryBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path(key): Path<String>,
    JsonBody(new): JsonBody<NewEntry>,
) -> Result<Json<EntryBody>, Problem> {
    let ttl = new.ttl_seconds.map(Duration::from_secs);
    let entry = app
        .platform
        .storage()
        .set(caller.ctx(), &key, new.value.0, ttl)
        .await?;
    Ok(Json(entry.into()))
}

/// Removes a value.
#[utoipa::path(delete, path = "/storage/{key}", tag = "storage", params(("key" = String, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let existed = app.platform.storage().delete(caller.ctx(), &key).await?;
    existed
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(Problem::not_found)
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        Self {
            key: entry.key,
            value: RawJson(entry.value),
            expires_at: entry.expires_at,
        }
    }
}
