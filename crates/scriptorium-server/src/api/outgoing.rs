//! The rules of the tenant's requests: where scripts may send them, and what goes along.

use axum::Json;
use axum::extract::State;
use scriptorium::model::outgoing::{OutgoingCredential, OutgoingHeader, OutgoingRules};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refused;
use crate::auth::Authenticated;
use crate::input::JsonBody;
use crate::problem::Problem;
use crate::state::App;

/// Where the tenant's scripts may send requests, and what goes along. Rules restrict what the operator lets
/// everybody reach.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = OutgoingRules)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesBody {
    /// The only hosts, such as `api.example.com` and `*.example.com`; null for all.
    #[serde(default)]
    only: Option<Vec<String>>,
    /// Hosts that are left out.
    #[serde(default)]
    never: Vec<String>,
    /// What requests to some origins carry without the script seeing it.
    #[serde(default)]
    credentials: Vec<CredentialBody>,
}

/// What requests to one origin carry.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = OutgoingCredential)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialBody {
    /// Scheme and host, with the port if it is another than the scheme's: `https://api.example.com`.
    origin: String,
    /// Headers, in place of those that a script sets.
    #[serde(default)]
    headers: Vec<HeaderBody>,
    /// The secret that holds a client certificate with its key, as PEM.
    #[serde(default)]
    certificate: Option<String>,
}

/// A header made of a text and a secret.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = OutgoingHeader)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderBody {
    name: String,
    /// What it begins with, such as `Bearer `; all of it without a secret.
    #[serde(default)]
    text: String,
    /// The secret whose value follows.
    #[serde(default)]
    secret: Option<String>,
}

/// The rules of the tenant's requests.
#[utoipa::path(get, path = "/outgoing-rules", tag = "secrets",
    responses((status = 200, body = RulesBody), Refused))]
pub(crate) async fn rules(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<RulesBody>, Problem> {
    let rules = app.platform.outgoing().rules(caller.ctx()).await?;
    Ok(Json(rules.into()))
}

/// Writes the rules of the tenant's requests, in place of those before.
#[utoipa::path(put, path = "/outgoing-rules", tag = "secrets", request_body = RulesBody,
    responses((status = 200, body = RulesBody), Refused))]
pub(crate) async fn set_rules(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(body): JsonBody<RulesBody>,
) -> Result<Json<RulesBody>, Problem> {
    let rules = OutgoingRules::from(body);
    let outgoing = app.platform.outgoing();
    outgoing.set_rules(caller.ctx(), &rules).await?;
    Ok(Json(rules.into()))
}

impl From<RulesBody> for OutgoingRules {
    fn from(body: RulesBody) -> Self {
        let header = |header: HeaderBody| OutgoingHeader {
            name: header.name,
            text: header.text,
            secret: header.secret,
        };
        let credential = |credential: CredentialBody| OutgoingCredential {
            origin: credential.origin,
            headers: credential.headers.into_iter().map(header).collect(),
            certificate: credential.certificate,
        };
        Self {
            only: body.only,
            never: body.never,
            credentials: body.credentials.into_iter().map(credential).collect(),
        }
    }
}

impl From<OutgoingRules> for RulesBody {
    fn from(rules: OutgoingRules) -> Self {
        let header = |header: OutgoingHeader| HeaderBody {
            name: header.name,
            text: header.text,
            secret: header.secret,
        };
        let credential = |credential: OutgoingCredential| CredentialBody {
            origin: credential.origin,
            headers: credential.headers.into_iter().map(header).collect(),
            certificate: credential.certificate,
        };
        Self {
            only: rules.only,
            never: rules.never,
            credentials: rules.credentials.into_iter().map(credential).collect(),
        }
    }
}
