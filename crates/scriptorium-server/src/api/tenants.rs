//! Tenants, for who may manage them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use scriptorium::model::{TenantId, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::TenantBody;
use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
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

/// The confirmation of a deletion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmedTenant {
    /// The tenant's slug, once more.
    slug: String,
}

/// What scripts of a tenant may do with business tables.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantMode {
    /// Whether they may only read.
    read_only: bool,
}

/// Whether the tenant's scripts may only read business tables.
#[utoipa::path(get, path = "/tenants/{id}/mode", tag = "tenants", params(("id" = Uuid, Path)),
    responses((status = 200, body = TenantMode), Refused))]
pub(crate) async fn mode(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<TenantMode>, Problem> {
    let tenants = app.platform.tenants();
    let read_only = tenants.is_read_only(caller.ctx(), TenantId(id)).await?;
    Ok(Json(TenantMode { read_only }))
}

/// Lets the tenant's scripts only read business tables, or change them, too.
#[utoipa::path(put, path = "/tenants/{id}/mode", tag = "tenants", params(("id" = Uuid, Path)),
    request_body = TenantMode, responses((status = 200, body = TenantMode), Refused))]
pub(crate) async fn set_mode(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    JsonBody(mode): JsonBody<TenantMode>,
) -> Result<Json<TenantMode>, Problem> {
    let tenants = app.platform.tenants();
    let set = tenants.set_read_only(caller.ctx(), TenantId(id), mode.read_only);
    set.await?;
    Ok(Json(mode))
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

/// Deletes a tenant for ever, once what runs in it was stopped.
///
/// Its people, scripts, history and data go; its audit trail stays. An end that was interrupted is
/// brought about by asking again.
#[utoipa::path(delete, path = "/tenants/{id}", tag = "tenants", params(("id" = Uuid, Path)),
    request_body = ConfirmedTenant, responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    JsonBody(confirmed): JsonBody<ConfirmedTenant>,
) -> Result<StatusCode, Problem> {
    let tenants = app.platform.tenants();
    let deleted = tenants.delete(caller.ctx(), TenantId(id), &confirmed.slug);
    deleted.await?;
    app.forget_tenant(&confirmed.slug);
    Ok(StatusCode::NO_CONTENT)
}
