//! The tenant's secrets: names and what is known of them. A value goes in, and never comes out.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use scriptorium::SecretInput;
use scriptorium::model::secret::Secret;
use scriptorium::model::{ScriptId, Timestamp, Uuid};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::state::App;

/// What is to change of a secret; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    /// A new value, at most 16 KiB; needed for a secret that is not there yet.
    #[serde(default)]
    value: Option<String>,
    /// For how long the value before it is given to scripts, too; 90 days at most.
    #[serde(default)]
    keep_previous_seconds: Option<u64>,
    /// The value that trials are given; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    test_value: Option<Option<String>>,
    /// The scripts that may read it; null for all of the tenant.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<Uuid>>)]
    scripts: Option<Option<Vec<Uuid>>>,
}

/// What is known of a secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub(crate) struct SecretBody {
    name: String,
    /// The scripts that may read it; null for all of the tenant.
    scripts: Option<Vec<Uuid>>,
    has_test_value: bool,
    /// Until when the value before the last is given to scripts, too.
    previous_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    updated_by: Option<Uuid>,
}

/// Tells null from what is left out.
fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// The tenant's secrets by name, without their values.
#[utoipa::path(get, path = "/secrets", tag = "secrets",
    responses((status = 200, body = List<SecretBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<SecretBody>>, Problem> {
    let secrets = app.platform.secrets().list(caller.ctx()).await?;
    Ok(Json(List::whole(secrets, SecretBody::from)))
}

/// Writes a secret.
#[utoipa::path(put, path = "/secrets/{name}", tag = "secrets", params(("name" = String, Path)),
    request_body = NewSecret, responses((status = 200, body = SecretBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
    JsonBody(new): JsonBody<NewSecret>,
) -> Result<Json<SecretBody>, Problem> {
    let input = SecretInput {
        value: new.value,
        keep_previous: new.keep_previous_seconds.map(Duration::from_secs),
        test_value: new.test_value,
        scripts: new
            .scripts
            .map(|ids| ids.map(|ids| ids.into_iter().map(ScriptId).collect())),
    };
    let secrets = app.platform.secrets();
    Ok(Json(secrets.put(caller.ctx(), &name, input).await?.into()))
}

/// Removes a secret.
#[utoipa::path(delete, path = "/secrets/{name}", tag = "secrets",
    params(("name" = String, Path)), responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let existed = app.platform.secrets().delete(caller.ctx(), &name).await?;
    existed
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(Problem::not_found)
}

impl From<Secret> for SecretBody {
    fn from(secret: Secret) -> Self {
        let ids = |scripts: Vec<ScriptId>| scripts.into_iter().map(|id| id.0).collect();
        Self {
            name: secret.name,
            scripts: secret.scripts.map(ids),
            has_test_value: secret.has_test_value,
            previous_until: secret.previous_until,
            created_at: secret.created_at,
            updated_at: secret.updated_at,
            updated_by: secret.updated_by.map(|user| user.0),
        }
    }
}
