//! Users of the tenant.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use scriptorium::NewUser;
use scriptorium::model::permission::Role;
use scriptorium::model::user::User;
use scriptorium::model::{Timestamp, UserId, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Refused, named};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::state::App;

/// A user to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserBody {
    #[schema(example = "ada@example.com")]
    email: String,
    name: String,
    /// `superadmin`, `org_admin`, `developer` or `viewer`.
    role: String,
    /// Permissions of the host beyond the role, such as `reports.view`.
    #[serde(default)]
    extra_permissions: Vec<String>,
    /// Nobody signs in without one.
    #[schema(format = Password)]
    password: Option<String>,
    /// `en` (when not said), `ru` or `uz`.
    locale: Option<String>,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    email: String,
    name: String,
    role: &'static str,
    extra_permissions: Vec<String>,
    locale: String,
    /// Whether they may act.
    active: bool,
    created_at: Timestamp,
}

/// The users of the tenant by name.
#[utoipa::path(get, path = "/users", tag = "users",
    responses((status = 200, body = List<UserBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<UserBody>>, Problem> {
    let users = app.platform.users().list(caller.ctx()).await?;
    Ok(Json(List::whole(users, UserBody::from)))
}

/// Adds a user to the tenant.
#[utoipa::path(post, path = "/users", tag = "users", request_body = NewUserBody,
    responses((status = 201, body = UserBody), Refused))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(new): JsonBody<NewUserBody>,
) -> Result<Response, Problem> {
    let roles = Role::ALL.into_iter().map(Role::as_str);
    let user = NewUser {
        role: named("role", &new.role, Role::from_name, roles)?,
        email: new.email,
        name: new.name,
        extra_permissions: new.extra_permissions,
        password: new.password,
        locale: new.locale.unwrap_or_else(|| "en".to_owned()),
    };
    let user = app.platform.users().create(caller.ctx(), user).await?;
    Ok((StatusCode::CREATED, Json(UserBody::from(user))).into_response())
}

/// Deletes a user.
///
/// Their sessions, drafts and tokens end. What they wrote stays; scripts that count on their rights run
/// no more until somebody else saves, activates or owns them.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = Uuid, Path)),
    responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.platform
        .users()
        .delete(caller.ctx(), UserId(id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            email: user.email,
            name: user.name,
            role: user.role.as_str(),
            extra_permissions: user.extra_permissions.names().map(str::to_owned).collect(),
            locale: user.locale,
            active: user.active,
            created_at: user.created_at,
        }
    }
}
