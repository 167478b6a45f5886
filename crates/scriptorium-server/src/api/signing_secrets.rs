//! The secrets of endpoints whose callers sign. They are given and taken away, never read: the text
//! of one that we make up is in the answer that makes it, and nowhere after.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use scriptorium::SigningSecret;
use scriptorium::model::{ScriptId, SigningSecretId, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::{OptionalJsonBody, Path};
use crate::problem::Problem;
use crate::state::App;

/// A secret to accept signatures of.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSigningSecret {
    /// As the sender's settings show it; a new one is made when it is not said.
    #[schema(write_only)]
    secret: Option<String>,
}

/// A secret without its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningSecret)]
pub(crate) struct SigningSecretBody {
    id: Uuid,
    created_by: Option<Uuid>,
    created_at: Timestamp,
}

/// A secret that was given, with its text when we made it up, which nobody can read again.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedSigningSecret)]
pub(crate) struct CreatedSigningSecretBody {
    #[serde(flatten)]
    secret: SigningSecretBody,
    /// The text of a secret that was made up.
    #[serde(rename = "secret", skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// The secrets of an endpoint, the oldest first.
#[utoipa::path(get, path = "/scripts/{id}/signing-secrets", tag = "scripts",
    operation_id = "signing_secrets", params(("id" = Uuid, Path)),
    responses((status = 200, body = List<SigningSecretBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<List<SigningSecretBody>>, Problem> {
    let scripts = app.platform.scripts();
    let secrets = scripts.signing_secrets(caller.ctx(), ScriptId(id)).await?;
    Ok(Json(List::whole(secrets, SigningSecretBody::from)))
}

/// Gives an endpoint one more secret, at most five: signatures of any of them are accepted.
#[utoipa::path(post, path = "/scripts/{id}/signing-secrets", tag = "scripts",
    operation_id = "add_signing_secret", params(("id" = Uuid, Path)), request_body = NewSigningSecret,
    responses((status = 201, body = CreatedSigningSecretBody), Refused))]
pub(crate) async fn add(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    OptionalJsonBody(new): OptionalJsonBody<NewSigningSecret>,
) -> Result<Response, Problem> {
    let scripts = app.platform.scripts();
    let made = scripts
        .add_signing_secret(caller.ctx(), ScriptId(id), new.secret.as_deref())
        .await?;
    let body = CreatedSigningSecretBody {
        secret: made.secret.into(),
        text: made.text,
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// Takes a secret from an endpoint: what is signed with it is refused from now on.
#[utoipa::path(delete, path = "/scripts/{id}/signing-secrets/{secret}", tag = "scripts",
    operation_id = "remove_signing_secret", params(("id" = Uuid, Path), ("secret" = Uuid, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Authenticated,
    Path((id, secret)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    let scripts = app.platform.scripts();
    scripts
        .remove_signing_secret(caller.ctx(), ScriptId(id), SigningSecretId(secret))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<SigningSecret> for SigningSecretBody {
    fn from(secret: SigningSecret) -> Self {
        Self {
            id: secret.id.0,
            created_by: secret.created_by.map(|id| id.0),
            created_at: secret.created_at,
        }
    }
}
