//! Who asks: a bearer token or a session cookie, turned into the façade's caller. The tenant comes
//! from the credential and from nowhere else; no credential is ever read from a URL.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::Cookie;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use scriptorium::model::{Ctx, Origin};
use scriptorium::{Caller, Platform};

use crate::client;
use crate::problem::Problem;
use crate::refusal::{BAD_BEARER, BEARER};
use crate::state::App;

/// No secret of ours is longer; what is cannot be one and is not looked up.
const SECRET_BYTES: usize = 200;

/// A secret that a request brought.
#[derive(Clone)]
pub(crate) enum Credential {
    /// `Authorization: Bearer …`
    Bearer(String),
    /// The session cookie.
    Cookie(String),
}

/// A caller who has shown a valid credential; without one the request is refused with 401.
pub(crate) struct Authenticated(pub(crate) Caller);

impl Credential {
    /// Whom it belongs to, as of now.
    pub(crate) async fn caller(&self, platform: &Platform) -> Result<Option<Caller>, Problem> {
        let found = match self {
            Self::Bearer(secret) if is_plausible(secret) => platform.authenticate_token(secret),
            Self::Cookie(secret) if is_plausible(secret) => {
                return Ok(platform.authenticate_session(secret).await?);
            }
            _ => return Ok(None),
        };
        Ok(found.await?)
    }
}

/// Puts an `Option<Caller>` into the request, and the credential it came from. A cookie that is
/// no longer valid leaves nobody signed in; an `Authorization` that is not valid is refused, so
/// that a program never acts as someone else than it said.
pub(crate) async fn authenticate(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    // Assets are the same for everyone; looking up who asks would be a query for each of them.
    let found = if request.uri().path().starts_with("/assets/") {
        Ok(None)
    } else {
        identify(&app, request.headers()).await
    };
    match found {
        Ok(found) => {
            let (caller, credential) = found.unzip();
            let origin = client::origin(request.headers(), request.extensions());
            let caller = caller.map(|caller| from(caller, origin));
            request.extensions_mut().insert::<Option<Caller>>(caller);
            if let Some(credential) = credential {
                request.extensions_mut().insert(credential);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn identify(app: &App, headers: &HeaderMap) -> Result<Option<(Caller, Credential)>, Problem> {
    if headers.contains_key(AUTHORIZATION) {
        let refused = || Problem::unauthenticated(BAD_BEARER);
        let credential = bearer(headers)
            .map(Credential::Bearer)
            .ok_or_else(refused)?;
        let caller = credential
            .caller(&app.platform)
            .await?
            .ok_or_else(refused)?;
        return Ok(Some((caller, credential)));
    }
    let Some(secret) = session_cookie(headers, app.config.cookie_name()) else {
        return Ok(None);
    };
    let credential = Credential::Cookie(secret);
    let caller = credential.caller(&app.platform).await?;
    Ok(caller.map(|caller| (caller, credential)))
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Option<Caller>>().cloned().flatten();
        caller
            .map(Self)
            .ok_or_else(|| Problem::unauthenticated(BEARER))
    }
}

impl Authenticated {
    /// The context of the caller's operations.
    pub(crate) fn ctx(&self) -> &Ctx {
        &self.0.ctx
    }
}

/// The caller, acting in a request that came from there.
pub(crate) fn from(mut caller: Caller, origin: Origin) -> Caller {
    caller.ctx.origin = Some(origin);
    caller
}

/// The bearer of a request that has exactly one `Authorization`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| secret.trim().to_owned())
}

/// The value of our cookie, the first one should there be several.
pub(crate) fn session_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
    pairs
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

fn is_plausible(secret: &str) -> bool {
    !secret.is_empty()
        && secret.len() <= SECRET_BYTES
        && secret.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_bearer(values: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        assert_eq!(bearer(&headers).as_deref(), expected, "{values:?}");
    }

    #[test]
    fn a_bearer_is_one_header_of_that_scheme() {
        check_bearer(&["Bearer scr_a"], Some("scr_a"));
        check_bearer(&["bearer  scr_a "], Some("scr_a"));
        check_bearer(&["Basic YTpi"], None);
        check_bearer(&["Bearer"], None);
        check_bearer(&["Bearer a", "Bearer b"], None);
        check_bearer(&[], None);
    }

    #[test]
    fn the_session_cookie_is_found_among_others_by_its_exact_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            "a=1; scriptorium2=no; scriptorium=yes".parse().unwrap(),
        );
        assert_eq!(
            session_cookie(&headers, "scriptorium").as_deref(),
            Some("yes")
        );
        assert_eq!(session_cookie(&headers, "__Host-scriptorium"), None);
    }
}
