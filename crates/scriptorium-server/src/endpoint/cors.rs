//! What pages of other origins may do with an endpoint: as much as its author says, and never with a
//! browser's credentials. A page that is to act for somebody sends a token; our session is of no use
//! to it (decision 0036).

use std::time::Duration;

use http::header::ORIGIN;
use http::{HeaderValue, Method};
use scriptorium::model::trigger::Endpoint;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

/// How long a browser may remember what it was allowed.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The layer that speaks for an endpoint to pages of other origins; `None` when it lets none of them
/// read its answers. It answers preflights itself.
pub(super) fn layer(settings: &Endpoint, methods: &[&'static str]) -> Option<CorsLayer> {
    if settings.cors_origins.is_empty() {
        return None;
    }
    let origins = if settings.allows_every_origin() {
        AllowOrigin::any()
    } else {
        let origins = settings.cors_origins.iter();
        AllowOrigin::list(origins.filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let methods: Vec<Method> = methods
        .iter()
        .filter_map(|name| Method::from_bytes(name.as_bytes()).ok())
        .collect();
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(methods)
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::any())
        .max_age(MAX_AGE);
    Some(layer)
}

/// The method that a browser asks leave for, when a request is a preflight.
pub(super) fn preflighted(parts: &http::request::Parts) -> Option<String> {
    if parts.method != Method::OPTIONS || !parts.headers.contains_key(ORIGIN) {
        return None;
    }
    let wanted = parts.headers.get("access-control-request-method")?;
    wanted.to_str().ok().map(str::to_owned)
}
