//! Who asks for a page, in which language, and where they are sent when nobody is signed in.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use scriptorium::Caller;
use scriptorium::model::Ctx;

use crate::texts::{Locale, Texts};

/// A signed-in visitor.
pub(crate) struct Visitor {
    pub(crate) caller: Caller,
    pub(crate) t: Texts,
}

impl Visitor {
    pub(crate) fn ctx(&self) -> &Ctx {
        &self.caller.ctx
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let caller = caller(parts).ok_or_else(|| to_login(parts))?;
        let t = language(Some(&caller), &parts.headers);
        Ok(Self { caller, t })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(caller(parts).map(|caller| {
            let t = language(Some(&caller), &parts.headers);
            Self { caller, t }
        }))
    }
}

/// The language of the pages: the user's own, else the browser's, else English.
pub(crate) fn language(caller: Option<&Caller>, request: &HeaderMap) -> Texts {
    let own = caller
        .and_then(|caller| caller.user.as_ref())
        .and_then(|user| Locale::from_code(&user.locale));
    let browser = || Locale::accepted(request.get(ACCEPT_LANGUAGE)?.to_str().ok()?);
    Texts(own.or_else(browser).unwrap_or(Locale::En))
}

/// A path of our own to open after signing in; anything else, such as another site, is the list.
pub(crate) fn safe_next(next: Option<&str>) -> &str {
    next.filter(|path| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.chars().any(char::is_control)
    })
    .unwrap_or("/scripts")
}

fn caller(parts: &Parts) -> Option<Caller> {
    parts.extensions.get::<Option<Caller>>()?.clone()
}

fn to_login(parts: &Parts) -> Response {
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let login = with_query("/login", &[("next", asked)]);
    if !crate::answer::wants_part(&parts.headers) {
        return Redirect::to(&login).into_response();
    }
    // A partial refresh would put the login form into the list; the whole page has to go there.
    let mut response = StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .insert("hx-redirect", HeaderValue::from_static("/login"));
    response
}

/// A path of ours with a query; parameters without a value are left out.
pub(crate) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let given: Vec<_> = parameters
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    match serde_urlencoded::to_string(given) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        let check = |next, expected| assert_eq!(safe_next(next), expected, "{next:?}");
        check(
            Some("/executions?status=failed"),
            "/executions?status=failed",
        );
        check(Some("//evil.example"), "/scripts");
        check(Some("/\\evil.example"), "/scripts");
        check(Some("https://evil.example"), "/scripts");
        check(Some("/\tx"), "/scripts");
        check(None, "/scripts");
    }
}
