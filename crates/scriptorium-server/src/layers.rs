//! What happens around every request, in one place and in order: id and log, headers, panics,
//! cross-origin refusal. Who the caller is, is [`crate::auth`]; what is asked, the routes'.

use std::any::Any;
use std::convert::Infallible;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tracing::Instrument;

use crate::auth::session_cookie;
use crate::client::{Client, Peer};
use crate::config::Config;
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::state::App;

/// What a response may load and who may frame it, when it does not say so itself: nothing, nobody.
const CLOSED: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const A_YEAR_OF_HTTPS: HeaderValue =
    HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Marks a response as a script's own, whose status needs no document of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfScript;

/// Marks a response whose parts go out as they come: compression would hold them back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InParts;

/// Wraps the routes; the first layer here is the outermost.
pub(crate) fn around(router: Router, app: &App) -> Router {
    let stack = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), observe))
        .layer(from_fn_with_state(app.clone(), headers))
        // Leaves event streams alone by itself.
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_whole)))
        .layer(CatchPanicLayer::custom(after_panic));
    router.layer(stack)
}

fn is_whole(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<InParts>().is_none()
}

/// Refuses unsafe requests that a browser makes for a page of another origin: for routes that a
/// browser's session opens. A request with `Authorization` is none of a foreign page's making.
pub(crate) async fn guard_browser(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        return next.run(request).await;
    }
    refuse_cross_origin(&app, request, next).await
}

/// The same for endpoints, which strangers may call from anywhere as long as they do not bring
/// our session along.
pub(crate) async fn guard_cookie(State(app): State<App>, request: Request, next: Next) -> Response {
    if session_cookie(request.headers(), app.config.cookie_name()).is_none() {
        return next.run(request).await;
    }
    refuse_cross_origin(&app, request, next).await
}

async fn refuse_cross_origin(app: &App, request: Request, next: Next) -> Response {
    let inner = service_fn(|request| {
        let next = next.clone();
        async { Ok::<_, Infallible>(next.run(request).await) }
    });
    match app.cross_origin.layer(inner).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Tells foreign pages from our own.
pub(crate) type CrossOrigin = CsrfLayer<fn(ProtectionError) -> Response>;

/// The layer that refuses foreign pages. Our own address counts as ours even behind a proxy that
/// rewrites `Host`.
pub(crate) fn cross_origin(config: &Config) -> CrossOrigin {
    let refuse: fn(ProtectionError) -> Response = |_| Problem::cross_origin().into_response();
    let layer = CsrfLayer::new();
    let public = config.public_url.as_ref().map(origin);
    let trusting = public.and_then(|origin| layer.clone().add_trusted_origin(origin).ok());
    trusting.unwrap_or(layer).with_rejection_response(refuse)
}

fn origin(url: &url::Url) -> String {
    url.origin().ascii_serialization()
}

/// Gives the request its id, a span and its client; counts and logs it; puts the id into the
/// answer, and into every problem, also those that the framework answered without a document.
async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = RequestId::of(request.headers());
    let peer = request.extensions().get::<Peer>().copied();
    let client = peer.map(|Peer(peer)| Client::of(peer, request.headers(), &app.config));
    let method = request.method().clone();
    let route = route_of(&request);
    // The query stays out of the log: it is where people put what should not be there.
    let span = tracing::info_span!("request", id = %id.0, %method, path = request.uri().path());
    request.extensions_mut().insert(id.clone());
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = documented(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let seconds = began.elapsed().as_secs_f64();
    span.in_scope(|| tracing::debug!(status, seconds, "answered"));
    let labels = [
        ("method", method.to_string()),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("scriptorium_http_requests_total", &labels).increment(1);
    metrics::histogram!("scriptorium_http_request_seconds", &labels[..2]).record(seconds);
    response
}

/// The route, not the path: what strangers can ask for must not become names of counters.
fn route_of(request: &Request) -> String {
    let route = request.extensions().get::<MatchedPath>();
    route.map_or_else(|| "other".to_owned(), |route| route.as_str().to_owned())
}

fn documented(response: Response, id: &RequestId) -> Response {
    let status = response.status();
    let is_ours = response.extensions().get::<OfScript>().is_none();
    if let Some(problem) = response.extensions().get::<Problem>().cloned() {
        return with_headers_of(&response, problem.request(&id.0).into_response());
    }
    let is_bare = !response.headers().contains_key(CONTENT_TYPE)
        || response.headers()[CONTENT_TYPE]
            .as_bytes()
            .starts_with(b"text/plain");
    let is_refusal = status.is_client_error() || status.is_server_error();
    if is_refusal && is_ours && is_bare {
        let problem = Problem::of_status(status).request(&id.0);
        return with_headers_of(&response, problem.into_response());
    }
    response
}

/// Keeps what other layers have added, such as `Allow` of a refused method.
fn with_headers_of(before: &Response, mut after: Response) -> Response {
    let replaced = [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING];
    for (name, value) in before.headers() {
        if !replaced.contains(name) && !after.headers().contains_key(name) {
            after.headers_mut().append(name, value.clone());
        }
    }
    after
}

/// The headers every response has; one that a handler has set stays.
async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    set_default(
        headers,
        X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    set_default(
        headers,
        REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    set_default(headers, X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    set_default(headers, CONTENT_SECURITY_POLICY, CLOSED);
    set_default(headers, CACHE_CONTROL, NO_STORE);
    if app.config.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, A_YEAR_OF_HTTPS);
    }
    response
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    tracing::error!(panic = text, "a handler panicked");
    Problem::internal().into_response()
}
