//! API tokens. A secret is shown once, in the answer that makes it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use scriptorium::NewToken;
use scriptorium::model::user::Token;
use scriptorium::model::{Timestamp, TokenId, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::state::App;

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// What it is for.
    name: String,
    /// Slug of another tenant it acts in; takes `tenants.manage`.
    tenant: Option<String>,
    /// Names of permissions; `*` for all that you have.
    permissions: Vec<String>,
    /// When it stops working; never when not said.
    expires_at: Option<Timestamp>,
}

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenBody {
    id: Uuid,
    name: String,
    permissions: Vec<String>,
    created_by: Option<Uuid>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

/// A token with its secret, which nobody can read again.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedToken)]
pub(crate) struct CreatedTokenBody {
    secret: String,
    #[serde(flatten)]
    token: TokenBody,
}

/// The tokens of the tenant, newest first.
#[utoipa::path(get, path = "/tokens", tag = "tokens",
    responses((status = 200, body = List<TokenBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<TokenBody>>, Problem> {
    let tokens = app.platform.tokens().list(caller.ctx()).await?;
    Ok(Json(List::whole(tokens, TokenBody::from)))
}

/// Makes a token.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = NewTokenBody,
    responses((status = 201, body = CreatedTokenBody), Refused))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(new): JsonBody<NewTokenBody>,
) -> Result<Response, Problem> {
    let new = NewToken {
        name: new.name,
        tenant: new.tenant,
        permissions: new.permissions,
        expires_at: new.expires_at,
    };
    let (token, secret) = app.platform.tokens().create(caller.ctx(), new).await?;
    let body = CreatedTokenBody {
        secret,
        token: token.into(),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// Makes a token stop working at once.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", params(("id" = Uuid, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.platform
        .tokens()
        .revoke(caller.ctx(), TokenId(id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Token> for TokenBody {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            permissions: token.permissions.names().map(str::to_owned).collect(),
            created_by: token.created_by.map(|id| id.0),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}
