//! The endpoints that tenants' scripts answer. A request passes the wall here: our credentials are
//! read and taken out, the script sees the rest, and of its answer goes out what cannot act with
//! our origin's power (design D13, 4.3).

mod caching;
mod cors;
mod headers;
mod rates;
mod stream;

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use scriptorium::model::{Ctx, ExecutionId, TenantId};
use scriptorium::{
    BadSignature, EndpointBody, EndpointRefusal, EndpointReply, EndpointRequest, FoundEndpoint,
};
use tokio::sync::OwnedSemaphorePermit;
use tower::{Layer, ServiceExt, service_fn};

use caching::Caching;

use crate::api::repeated;
use crate::auth::{self, Credential};
use crate::client::{self, Client};
use crate::config::Config;
use crate::input::{Path, receive};
use crate::layers::OfScript;
use crate::problem::Problem;
use crate::refusal::{BAD_BEARER, BEARER, forbidden, of_failed_endpoint};
use crate::state::App;

/// Largest body of a request to an endpoint in bytes.
const BODY_BYTES: usize = 10 << 20;

/// Where endpoints are; the same in the URL of a tenant's own.
const MOUNT: &str = "/api/scripts";

/// What begins every API token; a bearer that looks like ours never reaches a script, valid or not.
const TOKEN_PREFIX: &str = "scr_";

/// No script, style or frame of ours is reachable from a script's answer, and it has an origin of
/// its own (WEB-20).
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
/// What a 401 asks of who signs.
const SIGNATURE: HeaderValue = HeaderValue::from_static("Signature");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const X_SCRIPTORIUM_EXECUTION: HeaderName = HeaderName::from_static("x-scriptorium-execution");

/// Endpoints of the credential's tenant, of the first tenant without one.
pub(crate) async fn of_caller(State(app): State<App>, request: Request) -> Response {
    let raw = request.uri().path().strip_prefix(MOUNT).map(str::to_owned);
    walled(at(&app, None, raw, request).await)
}

/// Endpoints of a tenant that the URL names.
pub(crate) async fn of_tenant(State(app): State<App>, request: Request) -> Response {
    walled(of_named(&app, request).await)
}

async fn of_named(app: &App, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Path((slug, _)) = Path::<(String, String)>::from_request_parts(&mut parts, &()).await?;
    let tenant = app.tenant_id(&slug).await?;
    let mount = format!("/t/{slug}{MOUNT}");
    let raw = parts.uri.path().strip_prefix(&mount).map(str::to_owned);
    at(app, Some(tenant), raw, Request::from_parts(parts, body)).await
}

/// Finds the endpoint, and lets it say which pages may read what it answers.
async fn at(
    app: &App,
    named: Option<TenantId>,
    raw: Option<String>,
    request: Request,
) -> Result<Response, Problem> {
    let raw = raw.ok_or_else(Problem::not_found)?;
    let (parts, body) = request.into_parts();
    let visitor = identify(app, &parts).await?;
    let tenant = match (&visitor.ctx, named) {
        (Some(ctx), Some(named)) if ctx.tenant != named => return Err(Problem::not_found()),
        (_, Some(named)) => named,
        (Some(ctx), None) => ctx.tenant,
        (None, None) => app.platform.default_tenant().id,
    };
    let preflighted = cors::preflighted(&parts);
    let method = match (&parts.method, &preflighted) {
        (_, Some(wanted)) => wanted.as_str(),
        (method, None) => method.as_str(),
    };
    // The path stays as it came; routing decodes it once and refuses spellings that hide structure.
    let look = app.platform.endpoints().look(tenant, method, &raw).await?;
    if look.methods.is_empty() {
        return Err(Problem::not_found());
    }
    let allow = allowed(&look.methods);
    let settings = look.endpoint.as_ref().map(FoundEndpoint::settings);
    let cors = settings.and_then(|settings| cors::layer(settings, &look.methods));
    let (app, raw) = (app.clone(), raw.clone());
    let work = async move |request: Request| {
        let (parts, body) = request.into_parts();
        if parts.method == Method::OPTIONS {
            return Ok((StatusCode::NO_CONTENT, [(ALLOW, allow)]).into_response());
        }
        let Some(found) = look.endpoint else {
            return Err(Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).allow(&allow));
        };
        answer(&app, &visitor, tenant, found, raw, parts, body).await
    };
    let request = Request::from_parts(parts, body);
    let Some(cors) = cors else {
        return work(request).await;
    };
    let work = std::sync::Mutex::new(Some(work));
    let inner = service_fn(|request: Request| {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            let answered = match work {
                Some(work) => work(request).await,
                None => Err(Problem::internal()),
            };
            Ok::<_, Infallible>(walled(answered))
        }
    });
    match cors.layer(inner).oneshot(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

async fn answer(
    app: &App,
    visitor: &Visitor,
    tenant: TenantId,
    found: FoundEndpoint,
    raw: String,
    parts: Parts,
    body: Body,
) -> Result<Response, Problem> {
    let endpoints = app.platform.endpoints();
    let caching = Caching::of(found.settings(), &parts.method, &parts.headers);
    let ip = client_of(&parts)?.ip;
    // Asked before the body is read: strangers cannot make us hold bodies for nothing.
    let admitted = endpoints
        .admit(tenant, found, visitor.ctx.as_ref(), ip)
        .await;
    let admitted = admitted.map_err(|refusal| refused(refusal, visitor))?;
    let (request, permit) = seen_by_script(app, visitor, raw, parts, body).await?;
    let answered = endpoints.answer(admitted, request).await;
    // Until here a large body was in memory.
    drop(permit);
    match answered {
        Ok(reply) => shown(reply, &caching),
        Err(refusal) => Err(refused(refusal, visitor)),
    }
}

/// Who calls an endpoint.
struct Visitor {
    ctx: Option<Ctx>,
    /// Whether the bearer is ours: taken out of what the script sees.
    bearer_consumed: bool,
}

/// Unlike the management API, an endpoint lets a bearer pass that is not ours: it may be the
/// script's own.
async fn identify(app: &App, parts: &Parts) -> Result<Visitor, Problem> {
    let headers = &parts.headers;
    let bearer = auth::bearer(headers);
    let looks_ours = bearer
        .as_ref()
        .is_some_and(|secret| secret.starts_with(TOKEN_PREFIX));
    let by_bearer = match bearer {
        Some(secret) => Credential::Bearer(secret).caller(&app.platform).await?,
        None => None,
    };
    let bearer_consumed = looks_ours || by_bearer.is_some();
    let cookie = auth::session_cookie(headers, app.config.cookie_name());
    let caller = match (by_bearer, cookie) {
        (Some(caller), _) => Some(caller),
        (None, Some(secret)) if !bearer_consumed => {
            Credential::Cookie(secret).caller(&app.platform).await?
        }
        _ => None,
    };
    let origin = client::origin(headers, &parts.extensions);
    Ok(Visitor {
        ctx: caller.map(|caller| auth::from(caller, origin).ctx),
        bearer_consumed,
    })
}

async fn seen_by_script(
    app: &App,
    visitor: &Visitor,
    path: String,
    parts: Parts,
    body: Body,
) -> Result<(EndpointRequest, Option<OwnedSemaphorePermit>), Problem> {
    let client = client_of(&parts)?;
    // Of HEAD all but the body is wanted that GET would have.
    let method = match &parts.method {
        &Method::HEAD => Method::GET,
        method => method.clone(),
    };
    let headers = headers::for_script(&parts.headers, visitor.bearer_consumed);
    let url = url_of(&app.config, &parts);
    let query = parts.uri.query().map(str::to_owned);
    let gate = Some(Arc::clone(&app.large_bodies));
    let received = receive(Request::from_parts(parts, body), BODY_BYTES, gate).await?;
    let request = EndpointRequest {
        method: method.as_str().to_owned(),
        path,
        query,
        headers,
        body: received.bytes,
        ip: client.ip,
        url,
    };
    Ok((request, received.permit))
}

/// The accept loop has put it there; without it nothing can be said of the client.
fn client_of(parts: &Parts) -> Result<Client, Problem> {
    let client = parts.extensions.get::<Client>().copied();
    client.ok_or_else(Problem::internal)
}

/// The URL as the client sees it, as far as we know.
fn url_of(config: &Config, parts: &Parts) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    if let Some(public) = &config.public_url {
        return format!("{}{target}", public.as_str().trim_end_matches('/'));
    }
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    format!(
        "http://{}{target}",
        authority.or_else(host).unwrap_or("localhost")
    )
}

fn allowed(methods: &[&'static str]) -> String {
    let mut all = methods.to_vec();
    if methods.contains(&"GET") {
        all.push("HEAD");
    }
    all.push("OPTIONS");
    all.join(", ")
}

/// A script's answer as it goes out. The body of an answer to HEAD goes as far as the connection,
/// which counts it and sends nothing.
fn shown(reply: EndpointReply, caching: &Caching) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(reply.status).ok();
    let Some(mut status) = status.filter(|status| (200..=599).contains(&status.as_u16())) else {
        tracing::error!(status = reply.status, "a reply has an impossible status");
        return Err(Problem::internal().execution(reply.execution));
    };
    let mut headers = headers::from_script(&reply.headers);
    rates::tell(&mut headers, &reply.rates);
    let whole = match reply.body {
        EndpointBody::Whole(whole) => whole,
        EndpointBody::Parts(parts) => {
            caching.complete(status, &mut headers, None);
            let mut response = stream::response(parts, headers);
            *response.status_mut() = status;
            mark(&mut response, reply.execution);
            return Ok(response);
        }
    };
    if caching.complete(status, &mut headers, Some(&whole)) {
        status = StatusCode::NOT_MODIFIED;
    }
    let has_body = !matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    let body = if has_body { whole } else { Bytes::new() };
    if !has_body {
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_LENGTH);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    mark(&mut response, reply.execution);
    response.extensions_mut().insert(OfScript);
    Ok(repeated(response, reply.repeated))
}

fn mark(response: &mut Response, execution: ExecutionId) {
    if let Ok(id) = HeaderValue::from_str(&execution.to_string()) {
        response.headers_mut().insert(X_SCRIPTORIUM_EXECUTION, id);
    }
}

fn refused(refusal: EndpointRefusal, visitor: &Visitor) -> Problem {
    match refusal {
        EndpointRefusal::NotFound => Problem::not_found(),
        EndpointRefusal::MethodNotAllowed { allow } => {
            Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).allow(&allowed(&allow))
        }
        EndpointRefusal::Unauthenticated => {
            let challenge = if visitor.bearer_consumed {
                BAD_BEARER
            } else {
                BEARER
            };
            Problem::unauthenticated(challenge)
        }
        EndpointRefusal::Forbidden { missing } => forbidden(&missing),
        EndpointRefusal::BadSignature(BadSignature::Replayed) => {
            Problem::new(StatusCode::CONFLICT, BadSignature::Replayed.code())
                .detail("This request was accepted before.")
        }
        EndpointRefusal::BadSignature(bad) => Problem::new(StatusCode::UNAUTHORIZED, bad.code())
            .detail("The request is not signed as the endpoint asks for.")
            .header(WWW_AUTHENTICATE, SIGNATURE),
        EndpointRefusal::RateLimited(exceeded) => rates::refused(&exceeded),
        EndpointRefusal::BadRequest(invalid) => {
            Problem::new(StatusCode::BAD_REQUEST, "bad_request").detail(invalid.to_string())
        }
        EndpointRefusal::Failed(execution) => of_failed_endpoint(&execution),
        EndpointRefusal::FailedBefore(execution) => of_failed_endpoint(&execution).repeated(),
        EndpointRefusal::Busy(error) | EndpointRefusal::Platform(error) => error.into(),
    }
}

/// Every answer below the mount is inside the wall, our refusals included.
fn walled(outcome: Result<Response, Problem>) -> Response {
    let mut response = outcome.unwrap_or_else(|problem| {
        let execution = problem.execution_header();
        let mut response = problem.into_response();
        if let Some(id) = execution {
            response.headers_mut().insert(X_SCRIPTORIUM_EXECUTION, id);
        }
        response
    });
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, SANDBOX);
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    response
}
