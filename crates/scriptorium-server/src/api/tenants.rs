//! Tenants, for who may manage them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::session::TenantBody;
use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::JsonBody;
use crate::problem::Problem;
use crate::state::App;

/// A tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// 2 to 63 lower-case letters, digits and inner hyphens.
    slug: String,
    name: String,
}

/// Every tenant.
#[utoipa::path(get, path = "/tenants", tag = "tenants",
    responses((status = 200, body = List<TenantBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<TenantBody>>, Problem> {
    let tenants = app.platform.tenants().list(caller.ctx()).await?;
    Ok(Json(List::whole(tenants, TenantBody::from)))
}

/// Makes a tenant.
#[utoipa::path(post, path = "/tenants", tag = "tenants", request_body = NewTenant,
    responses((status = 201, body = TenantBody), Refused))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(new): JsonBody<NewTenant>,
) -> Result<Response, Problem> {
    let tenant = app
        .platform
        .tenants()
        .create(caller.ctx(), &new.slug, &new.name)
        .await?;
    Ok((StatusCode::CREATED, Json(TenantBody::from(tenant))).into_response())
}
