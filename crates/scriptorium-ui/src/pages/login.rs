//! Signing in. The form sends its values to the session API from the browser.

use askama::Template;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::answer;
use crate::frame::Frame;
use crate::texts::{Locale, Texts};
use crate::visitor::{self, Visitor, with_query};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    t: Texts,
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct LoginQuery {
    next: Option<String>,
    lang: Option<String>,
}

/// `GET /login`
pub(crate) async fn show(
    visitor: Option<Visitor>,
    Query(query): Query<LoginQuery>,
    request: HeaderMap,
) -> Response {
    let next = visitor::safe_next(query.next.as_deref());
    if visitor.is_some() {
        return Redirect::to(next).into_response();
    }
    let chosen = query.lang.as_deref().and_then(Locale::from_code);
    let t = chosen.map_or_else(|| visitor::language(None, &request), Texts);
    answer::strict(&LoginPage {
        frame: Frame::new(t, t.get("login-title"), "", None),
        t,
        next: next.to_owned(),
    })
}

impl LoginPage {
    /// This page in another language.
    fn in_language(&self, code: &str) -> String {
        with_query("/login", &[("lang", code), ("next", &self.next)])
    }
}
