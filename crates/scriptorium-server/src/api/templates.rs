//! The tenant's message templates.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use scriptorium::model::Timestamp;
use scriptorium::model::template::Template;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::state::App;

/// The text of a template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTemplate {
    /// With `{{ name }}` where data goes; at most 64 KiB.
    body: String,
}

/// A message template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Template)]
pub(crate) struct TemplateBody {
    name: String,
    body: String,
    updated_at: Timestamp,
}

/// The tenant's own templates by name.
#[utoipa::path(get, path = "/templates", tag = "templates",
    responses((status = 200, body = List<TemplateBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<TemplateBody>>, Problem> {
    let templates = app.platform.templates().list(caller.ctx()).await?;
    Ok(Json(List::whole(templates, TemplateBody::from)))
}

/// One template.
#[utoipa::path(get, path = "/templates/{name}", tag = "templates", params(("name" = String, Path)),
    responses((status = 200, body = TemplateBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
) -> Result<Json<TemplateBody>, Problem> {
    Ok(Json(
        app.platform
            .templates()
            .find(caller.ctx(), &name)
            .await?
            .into(),
    ))
}

/// Writes a template.
#[utoipa::path(put, path = "/templates/{name}", tag = "templates", params(("name" = String, Path)),
    request_body = NewTemplate, responses((status = 200, body = TemplateBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
    JsonBody(new): JsonBody<NewTemplate>,
) -> Result<Json<TemplateBody>, Problem> {
    let templates = app.platform.templates();
    Ok(Json(
        templates.put(caller.ctx(), &name, &new.body).await?.into(),
    ))
}

/// Removes a template.
#[utoipa::path(delete, path = "/templates/{name}", tag = "templates",
    params(("name" = String, Path)), responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let existed = app.platform.templates().delete(caller.ctx(), &name).await?;
    existed
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(Problem::not_found)
}

impl From<Template> for TemplateBody {
    fn from(template: Template) -> Self {
        Self {
            name: template.name,
            body: template.body,
            updated_at: template.updated_at,
        }
    }
}
