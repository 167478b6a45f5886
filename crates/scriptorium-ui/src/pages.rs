//! The site map: one module for each page, one route for each address. Everything is a GET.

mod alerts;
mod audit;
mod compatibility;
mod dead_letter;
mod dead_letters;
mod diff;
mod execution;
mod executions;
mod login;
mod narrowing;
mod notification;
mod notifications;
mod operations;
mod run;
mod script;
mod scripts;
mod secrets;
mod settings;
mod tenant;
mod trash;
mod version;
mod versions;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Router, routing};
use scriptorium::model::ScriptId;

use crate::assets;
use crate::failure::{self, Failure};
use crate::texts::Texts;
use crate::visitor::{self, Visitor};
use crate::{Site, answer};

pub(crate) fn router() -> Router<Site> {
    use routing::get;
    Router::new()
        .route("/", get(async || Redirect::to("/scripts")))
        .route("/login", get(login::show))
        .route("/scripts", get(scripts::list))
        .route("/scripts/new", get(script::create))
        .route("/scripts/{id}", get(script::show))
        .route("/scripts/{id}/edit", get(edit))
        .route("/scripts/{id}/run", get(run::show))
        .route("/scripts/{id}/executions", get(executions::of_script))
        .route("/scripts/{id}/versions", get(versions::list))
        .route("/scripts/{id}/versions/compare", get(diff::choose))
        .route("/scripts/{id}/versions/{n}", get(version::show))
        .route("/scripts/{id}/versions/{a}/diff/{b}", get(diff::show))
        .route("/compatibility", get(compatibility::show))
        .route("/trash", get(trash::list))
        .route("/settings", get(tenant::show))
        .route("/secrets", get(secrets::list))
        .route("/audit", get(audit::list))
        .route("/executions", get(executions::list))
        .route("/executions/{id}", get(execution::show))
        .route("/operations", get(operations::list))
        .route("/operations/new", get(operations::create))
        .route("/operations/{id}", get(operations::show))
        .route("/alerts", get(alerts::list))
        .route("/alerts/badge", get(alerts::badge))
        .route("/dead-letters", get(dead_letters::list))
        .route("/dead-letters/{id}", get(dead_letter::show))
        .route("/notifications", get(notifications::list))
        .route("/notifications/{id}", get(notification::show))
        .route("/assets/{name}", get(assets::serve))
        .fallback(not_found)
}

async fn edit(Path(id): Path<String>) -> Redirect {
    match id.parse::<ScriptId>() {
        Ok(id) => Redirect::to(&format!("/scripts/{id}")),
        Err(_) => Redirect::to("/scripts"),
    }
}

async fn not_found(visitor: Option<Visitor>, request: HeaderMap) -> Response {
    let caller = visitor.as_ref().map(|visitor| &visitor.caller);
    let t = visitor::language(caller, &request);
    failure::missing(t, caller).into_response()
}

/// The id in a path; what is not one is a page that does not exist (R-WEB-10).
fn id<T: std::str::FromStr>(text: &str, visitor: &Visitor) -> Result<T, Failure> {
    text.parse()
        .map_err(|_| failure::missing(visitor.t, Some(&visitor.caller)))
}

/// The present moment in the visitor's language.
fn clock(site: &Site, t: Texts) -> crate::when::Clock {
    crate::when::Clock {
        now: site.settings.ambient.now(),
        t,
    }
}

/// A query as the browser sent it; what is empty or unknown is no filter.
fn given(value: Option<&String>) -> Option<String> {
    value
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// A list's answer: the changing part alone when a partial refresh asks for it.
fn whole_or_part(
    request: &HeaderMap,
    whole: &impl askama::Template,
    part: &impl askama::Template,
) -> Response {
    if answer::wants_part(request) {
        answer::strict(part)
    } else {
        answer::strict(whole)
    }
}
