//! Turns a template into an answer with the headers every page has: what may load (WEB-03), that
//! nothing is kept, and that a partial refresh is another answer than the page.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// What a page may load. Everything is refused that is not named.
#[derive(Clone, Copy)]
pub(crate) enum Policy {
    /// Our own scripts and styles only.
    Strict,
    /// Also inline styles, which Monaco sets on its elements; only where code is edited.
    Editor,
}

impl Policy {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Strict => concat!(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; ",
                "font-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; ",
                "base-uri 'none'; form-action 'self'"
            ),
            Self::Editor => concat!(
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; ",
                "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; ",
                "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
            ),
        })
    }
}

/// A whole page.
pub(crate) fn page(status: StatusCode, policy: Policy, template: &impl Template) -> Response {
    let html = match template.render() {
        Ok(html) => html,
        // Rendering into a string fails only when a value's own formatting does, and none can.
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CONTENT_SECURITY_POLICY, policy.header());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("hx-request, cookie"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    (status, headers, html).into_response()
}

/// A page under the strict policy.
pub(crate) fn strict(template: &impl Template) -> Response {
    page(StatusCode::OK, Policy::Strict, template)
}

/// Whether only the changing part of the page is asked for.
pub(crate) fn wants_part(request: &HeaderMap) -> bool {
    request.contains_key("hx-request") && !request.contains_key("hx-history-restore-request")
}
