//! Signing in and out of a browser, and who one is.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::header::{SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use scriptorium::model::tenant::Tenant;
use scriptorium::model::{Timestamp, Uuid};
use scriptorium::{Caller, ErrorKind, Platform};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refused;
use super::users::UserBody;
use crate::auth::Authenticated;
use crate::client::{CameFrom, Client};
use crate::config::Config;
use crate::input::JsonBody;
use crate::problem::Problem;
use crate::refusal::BEARER;
use crate::state::App;

/// Longest address, which is kept in memory while its attempts are counted.
const EMAIL_BYTES: usize = 254;
/// Longest password that is worth hashing.
const PASSWORD_BYTES: usize = 1_024;

/// An address and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    #[schema(example = "admin@localhost")]
    email: String,
    #[schema(format = Password)]
    password: String,
    /// Slug of the tenant, for an address with accounts in several.
    tenant: Option<String>,
}

/// The language to speak.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locale {
    /// `en`, `ru` or `uz`.
    locale: String,
}

/// Who one is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The user; `null` for a token that no user made.
    user: Option<UserBody>,
    tenant: TenantBody,
    /// What one may do, every name written out.
    permissions: Vec<String>,
    locale: String,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantBody {
    id: Uuid,
    /// Its name in URLs.
    slug: String,
    name: String,
    created_at: Timestamp,
}

/// Signs a browser in: the answer sets the session cookie.
///
/// After a few failures further attempts have to wait, which 429 and `Retry-After` say.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, security(()),
    responses((status = 204, description = "Signed in",
        headers(("set-cookie", description = "The session"))), Refused))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    client: Option<Extension<Client>>,
    CameFrom(origin): CameFrom,
    JsonBody(who): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let Some(Extension(client)) = client else {
        // Without an address attempts cannot be counted.
        return Err(Problem::internal());
    };
    for (field, text, most) in [
        ("email", &who.email, EMAIL_BYTES),
        ("password", &who.password, PASSWORD_BYTES),
    ] {
        if text.len() > most {
            let message = format!("must have at most {most} bytes");
            return Err(Problem::field(field, "too_long", message));
        }
    }
    let attempt = app
        .logins
        .begin(&who.email, client.ip, Instant::now())
        .map_err(|wait| {
            metrics::counter!("scriptorium_sign_ins_total", "outcome" => "slowed").increment(1);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
                .detail("Too many attempts. Wait before the next one.")
                .retry_after(wait)
        })?;
    match app
        .platform
        .sign_in(
            &who.email,
            &who.password,
            who.tenant.as_deref(),
            Some(origin),
        )
        .await
    {
        Ok(signed_in) => {
            app.logins.succeeded(attempt);
            metrics::counter!("scriptorium_sign_ins_total", "outcome" => "ok").increment(1);
            let life = signed_in
                .expires_at
                .duration_since(app.platform.ambient().now());
            let life = Duration::try_from(life).unwrap_or_default();
            let cookie = session_cookie(&app.config, signed_in.secret, life);
            Ok(no_content_with(&cookie))
        }
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            metrics::counter!("scriptorium_sign_ins_total", "outcome" => "wrong").increment(1);
            tracing::info!(client = %client.ip, "a sign-in failed");
            Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials")
                .detail("The address or the password is wrong.")
                .header(WWW_AUTHENTICATE, HeaderValue::from_static(BEARER)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs out and ends the session.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204), Refused))]
pub(crate) async fn sign_out(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Response, Problem> {
    app.platform.sign_out(caller.ctx()).await?;
    let cookie = session_cookie(&app.config, String::new(), Duration::ZERO);
    Ok(no_content_with(&cookie))
}

/// Who one is, and what one may do.
#[utoipa::path(get, path = "/session", tag = "session",
    responses((status = 200, body = Me), Refused))]
pub(crate) async fn me(State(app): State<App>, caller: Authenticated) -> Json<Me> {
    Json(about(&app.platform, caller.0))
}

/// Changes the language one is spoken to in.
#[utoipa::path(put, path = "/session/locale", tag = "session", request_body = Locale,
    responses((status = 200, body = Me), Refused))]
pub(crate) async fn set_locale(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(wanted): JsonBody<Locale>,
) -> Result<Json<Me>, Problem> {
    let user = app
        .platform
        .users()
        .set_locale(caller.ctx(), &wanted.locale)
        .await?;
    let caller = Caller {
        user: Some(user),
        ..caller.0
    };
    Ok(Json(about(&app.platform, caller)))
}

fn about(platform: &Platform, caller: Caller) -> Me {
    let permissions = caller
        .ctx
        .permissions
        .expanded(platform.known_permissions());
    let locale = caller
        .user
        .as_ref()
        .map_or("en", |user| user.locale.as_str());
    Me {
        locale: locale.to_owned(),
        permissions,
        tenant: caller.tenant.into(),
        user: caller.user.map(Into::into),
    }
}

fn session_cookie(config: &Config, secret: String, life: Duration) -> Cookie<'static> {
    Cookie::build((config.cookie_name(), secret))
        .path("/")
        .http_only(true)
        .secure(config.is_https())
        .same_site(SameSite::Lax)
        // A life that does not fit ends at once; no session of ours is that long.
        .max_age(life.try_into().unwrap_or_default())
        .build()
}

fn no_content_with(cookie: &Cookie<'_>) -> Response {
    let headers = AppendHeaders([(SET_COOKIE, cookie.to_string())]);
    (StatusCode::NO_CONTENT, headers).into_response()
}

impl From<Tenant> for TenantBody {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.0,
            slug: tenant.slug,
            name: tenant.name,
            created_at: tenant.created_at,
        }
    }
}
