//! What the interface says about itself: typings of the script API, the OpenAPI document, and a
//! page that shows it without loading anything from elsewhere.

use std::sync::OnceLock;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::Refused;
use crate::auth::Authenticated;
use crate::problem::Problem;
use crate::routes::openapi;
use crate::state::App;

const PAGE: &str = include_str!("../../assets/docs.html");
const SCRIPT: &str = include_str!("../../assets/docs.js");
const STYLE: &str = include_str!("../../assets/docs.css");

/// The page loads its own script, style and the document, and nothing else.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// TypeScript declarations of everything a script can reach, with the host's and the tenant's services.
#[utoipa::path(get, path = "/typings", tag = "reference",
    responses((status = 200, body = String, content_type = "text/plain"), Refused))]
pub(crate) async fn typings(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Response, Problem> {
    let text = app.platform.typings(caller.ctx()).await?;
    Ok(typed("text/plain; charset=utf-8", text))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "reference", security(()),
    responses((status = 200, body = crate::raw_json::RawJson)))]
pub(crate) async fn document() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    typed("application/json", DOCUMENT.get_or_init(openapi).as_str())
}

/// The page that shows the OpenAPI document.
pub(crate) async fn page() -> Response {
    let policy = [(CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (policy, typed("text/html; charset=utf-8", PAGE)).into_response()
}

/// Its script.
pub(crate) async fn script() -> Response {
    typed("text/javascript; charset=utf-8", SCRIPT)
}

/// Its style.
pub(crate) async fn style() -> Response {
    typed("text/css; charset=utf-8", STYLE)
}

fn typed(content_type: &'static str, body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, content_type)], body).into_response()
}
