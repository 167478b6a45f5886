//! Every route of the server, and the OpenAPI document made from the same list, so that the two
//! cannot drift apart (WEB-31). Pages are scriptorium-ui's and hang below as the fallback.

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use scriptorium_ui::UiSettings;
use tower::ServiceExt;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{
    Refused, alerts, audit, backup, compatibility, dead_letters, drafts, endpoints, events,
    executions, halts, nodes, notifications, operations, outgoing, reference, remote_services,
    retention, schedules, scripts, secrets, session, signing_secrets, storage, stream,
    subscriptions, templates, tenants, tokens, transfer, trash, users, versions,
};
use crate::problem::{self, Problem};
use crate::state::App;
use crate::{auth, endpoint, layers};

/// The facts of the document that no single operation holds.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Scriptorium",
        description = "The management API. Lists give `items` and `next_cursor`. Instants are \
            RFC 3339 in UTC, ids are UUIDs. Refusals are RFC 9457 problem documents with a stable \
            `code`. The tenant is the one of the credential.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(problem::Document)),
    security(("token" = []), ("session" = []))
)]
struct Document;

/// The management API as an OpenAPI document in JSON.
pub fn openapi() -> String {
    let (_, document) = documented().split_for_parts();
    // The document is made of constants; the snapshot test reads it.
    document.to_pretty_json().unwrap_or_default()
}

/// The whole server.
pub(crate) fn router(app: App) -> Router {
    let (api, _) = documented().split_for_parts();
    let api = api
        .layer(from_fn_with_state(app.clone(), auth::authenticate))
        .layer(from_fn_with_state(app.clone(), layers::guard_browser));
    let endpoints = Router::new()
        .route("/api/scripts/{*path}", any(endpoint::of_caller))
        .route("/t/{tenant}/api/scripts/{*path}", any(endpoint::of_tenant))
        .layer(from_fn_with_state(app.clone(), layers::guard_cookie));
    let open = Router::new()
        .route("/docs", get(reference::page))
        .route("/docs/endpoints", get(reference::page))
        .route("/docs/docs.js", get(reference::script))
        .route("/docs/docs.css", get(reference::style));
    let router = api
        .merge(endpoints)
        .merge(open)
        .with_state(app.clone())
        .fallback_service(pages(&app));
    layers::around(router, &app)
}

/// The pages, for whatever is not the interface's own.
fn pages(app: &App) -> Router {
    let settings = UiSettings {
        ambient: app.platform.ambient().clone(),
    };
    let pages = scriptorium_ui::router(app.platform.clone(), settings)
        .layer(from_fn_with_state(app.clone(), auth::authenticate))
        .layer(from_fn_with_state(app.clone(), layers::guard_browser));
    Router::new().fallback(move |request: Request| beside_the_interface(pages.clone(), request))
}

async fn beside_the_interface(pages: Router, request: Request) -> Response {
    let path = request.uri().path();
    let is_interface = path == "/api" || path.starts_with("/api/") || path.starts_with("/t/");
    if is_interface {
        return Problem::not_found().into_response();
    }
    match pages.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn documented() -> OpenApiRouter<App> {
    let mut document = Document::openapi();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let session = ApiKey::Cookie(ApiKeyValue::new("scriptorium"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    components.responses.extend(Refused::named());
    let mut router = OpenApiRouter::with_openapi(document)
        .routes(routes!(crate::operations::healthz))
        .routes(routes!(crate::operations::readyz))
        .routes(routes!(crate::operations::metrics))
        .nest("/api/v1", management());
    let paths = &mut router.get_openapi_mut().paths.paths;
    for operation in paths.values_mut().flat_map(operations_mut) {
        // Handlers are called after what they do; the tag makes the name unique.
        let tag = operation.tags.as_ref().and_then(|tags| tags.first());
        let name = operation.operation_id.as_ref();
        operation.operation_id = tag.zip(name).map(|(tag, name)| format!("{tag}_{name}"));
    }
    router
}

fn management() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session::me, session::sign_in, session::sign_out))
        .routes(routes!(session::set_locale))
        .routes(routes!(scripts::list, scripts::create))
        .routes(routes!(scripts::validate))
        .routes(routes!(scripts::input_schema))
        .routes(routes!(scripts::read, scripts::change, scripts::delete))
        .routes(routes!(scripts::restore))
        .routes(routes!(signing_secrets::list, signing_secrets::add))
        .routes(routes!(signing_secrets::remove))
        .routes(routes!(scripts::activate))
        .routes(routes!(scripts::pause))
        .routes(routes!(scripts::disable))
        .routes(routes!(scripts::archive))
        .routes(routes!(versions::list))
        .routes(routes!(versions::read))
        .routes(routes!(versions::diff))
        .routes(routes!(versions::restore))
        .routes(routes!(versions::put, versions::delete))
        .routes(routes!(versions::policy, versions::set_policy))
        .routes(routes!(drafts::read, drafts::put, drafts::delete))
        .routes(routes!(compatibility::read))
        .routes(routes!(trash::list))
        .routes(routes!(trash::purge))
        .routes(routes!(executions::execute))
        .routes(routes!(executions::invoke))
        .routes(routes!(executions::list))
        .routes(routes!(executions::read))
        .routes(routes!(executions::logs))
        .routes(routes!(stream::stream))
        .routes(routes!(executions::cancel))
        .routes(routes!(executions::replay))
        .routes(routes!(halts::list))
        .routes(routes!(halts::put, halts::delete))
        .routes(routes!(operations::list, operations::create))
        .routes(routes!(operations::read))
        .routes(routes!(operations::cancel))
        .routes(routes!(events::list, events::publish))
        .routes(routes!(events::types))
        .routes(routes!(events::samples))
        .routes(routes!(events::read))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(subscriptions::read))
        .routes(routes!(subscriptions::parked))
        .routes(routes!(subscriptions::suspend))
        .routes(routes!(subscriptions::resume))
        .routes(routes!(subscriptions::discard))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::retry_all))
        .routes(routes!(dead_letters::read, dead_letters::delete))
        .routes(routes!(dead_letters::retry))
        .routes(routes!(dead_letters::discard))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::read))
        .routes(routes!(notifications::retry))
        .routes(routes!(notifications::discard))
        .routes(routes!(notifications::mode, notifications::set_mode))
        .routes(routes!(storage::read, storage::put, storage::delete))
        .routes(routes!(templates::list))
        .routes(routes!(templates::read, templates::put, templates::delete))
        .routes(routes!(schedules::preview))
        .routes(routes!(schedules::timetable))
        .routes(routes!(retention::read, retention::put))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::delete))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(outgoing::rules, outgoing::set_rules))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::put, secrets::delete))
        .routes(routes!(remote_services::list, remote_services::create))
        .routes(routes!(remote_services::put, remote_services::delete))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::delete))
        .routes(routes!(tenants::mode, tenants::set_mode))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::export))
        .routes(routes!(nodes::list))
        .routes(routes!(backup::list, backup::take))
        .routes(routes!(transfer::export))
        .routes(routes!(transfer::import))
        .routes(routes!(reference::typings))
        .routes(routes!(reference::document))
        .routes(routes!(endpoints::document))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        item.get.as_mut(),
        item.put.as_mut(),
        item.post.as_mut(),
        item.patch.as_mut(),
        item.delete.as_mut(),
    ]
    .into_iter()
    .flatten()
}
