//! The tenant's remote services: what scripts call that is somewhere else. The secret that requests are signed
//! with goes in, or is shown once when it was made up, and never comes out again.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use scriptorium::Circuit;
use scriptorium::model::remote_service::{
    Manifest, Parameter, RemoteMethod, RemoteService, TIMEOUT,
};
use scriptorium::model::script::ScriptType;
use scriptorium::model::{Invalid, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::script_change::kind_of;
use super::{List, Refused};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// A remote service as it is declared, with the secret that requests to it are signed with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewService {
    /// Its name in scripts: `services.<name>`. Needed to register it, and never changes.
    #[serde(default)]
    name: Option<String>,
    /// What it is, for authors.
    #[serde(default)]
    description: String,
    /// Where it is; a call is a POST to this, `/` and the method's name.
    url: String,
    /// Types of the scripts that may call it; null for all.
    #[serde(default)]
    script_types: Option<Vec<String>>,
    methods: Vec<MethodBody>,
    /// `whsec_` and base64 of 16 to 256 bytes, as Standard Webhooks says. One is made up for a new service
    /// unless it is given; a change leaves the one that there is.
    #[serde(default)]
    #[schema(write_only)]
    secret: Option<String>,
}

/// A method of a remote service.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = ServiceMethod)]
#[serde(deny_unknown_fields)]
pub(crate) struct MethodBody {
    name: String,
    /// What it does, for authors.
    #[serde(default)]
    description: String,
    /// What it takes, in the order of the arguments.
    #[serde(default)]
    parameters: Vec<ParameterBody>,
    /// JSON schema of what it gives, of a list that of one item; anything when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<RawJson>,
    /// Whether it changes nothing: dry runs call it, and it is called again when it failed on its way.
    #[serde(default)]
    safe: bool,
    /// Whether it gives a page, `{"items": […], "next_cursor": …}`, which scripts see as an array.
    #[serde(default)]
    list: bool,
    /// The time for one call, repetitions included: 10 to 30000.
    #[serde(default = "usual_timeout")]
    timeout_ms: u64,
    /// The permission that a run needs; none when left out.
    #[serde(default)]
    permission: Option<String>,
}

/// An argument of a method.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = ServiceParameter)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParameterBody {
    /// Its name, also in the request.
    name: String,
    /// JSON schema of it.
    schema: RawJson,
    /// Whether it may be left out. Those that may come last.
    #[serde(default)]
    optional: bool,
}

/// A remote service, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Service)]
pub(crate) struct ServiceBody {
    name: String,
    description: String,
    url: String,
    /// Types of the scripts that may call it; null for all.
    script_types: Option<Vec<&'static str>>,
    methods: Vec<MethodBody>,
    /// Whether an operator has registered it, and nobody else changes it.
    by_operator: bool,
    /// Grows with each change.
    revision: u32,
    /// Whether the server that answers holds it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    circuit: Option<ServiceCircuitBody>,
    created_at: Timestamp,
    updated_at: Timestamp,
    updated_by: Option<Uuid>,
}

/// A remote service that is held back: of its last ten calls half or more failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceCircuit)]
pub(crate) struct ServiceCircuitBody {
    /// `open`, or `half_open` while one call shows whether it goes well.
    state: &'static str,
    since: Timestamp,
    /// When the next call is let through.
    retry_at: Timestamp,
}

/// A remote service that was registered, with its secret when we made it up, which nobody can read again.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedService)]
pub(crate) struct CreatedServiceBody {
    #[serde(flatten)]
    service: ServiceBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

fn usual_timeout() -> u64 {
    millis(TIMEOUT)
}

/// The tenant's remote services by name, without their secrets.
#[utoipa::path(get, path = "/services", tag = "services",
    responses((status = 200, body = List<ServiceBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<ServiceBody>>, Problem> {
    let services = app.platform.remote_services();
    let found = services.list(caller.ctx()).await?;
    let show = |service: RemoteService| {
        let circuit = services.circuit(caller.ctx(), &service.manifest.name);
        ServiceBody::from(service).held_back(circuit)
    };
    Ok(Json(List::whole(found, show)))
}

/// Registers a remote service. Whoever may manage tenants registers it as an operator.
#[utoipa::path(post, path = "/services", tag = "services", request_body = NewService,
    responses((status = 201, body = CreatedServiceBody), Refused))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(mut new): JsonBody<NewService>,
) -> Result<Response, Problem> {
    let secret = new.secret.take();
    let name = new.name.take().unwrap_or_default();
    let manifest = new.manifest(name)?;
    let services = app.platform.remote_services();
    let made = services
        .add(caller.ctx(), &manifest, secret.as_deref())
        .await?;
    let body = CreatedServiceBody {
        service: made.service.into(),
        secret: made.secret,
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// Changes a remote service: all that it declares, and the secret when one is given.
#[utoipa::path(put, path = "/services/{name}", tag = "services", params(("name" = String, Path)),
    request_body = NewService, responses((status = 200, body = ServiceBody), Refused))]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
    JsonBody(mut new): JsonBody<NewService>,
) -> Result<Json<ServiceBody>, Problem> {
    let secret = new.secret.take();
    if new.name.take().is_some_and(|given| given != name) {
        return Err(Invalid::field("name", "immutable", "cannot change").into());
    }
    let manifest = new.manifest(name)?;
    let services = app.platform.remote_services();
    let changed = services.change(caller.ctx(), &manifest, secret.as_deref());
    Ok(Json(changed.await?.into()))
}

/// Removes a remote service.
#[utoipa::path(delete, path = "/services/{name}", tag = "services",
    params(("name" = String, Path)), responses((status = 204), Refused))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let services = app.platform.remote_services();
    services.delete(caller.ctx(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl NewService {
    fn manifest(self, name: String) -> Result<Manifest, Invalid> {
        let mut invalid = Invalid::default();
        let kinds = self.script_types.map(|names| {
            let kinds = names.iter().enumerate().filter_map(|(index, name)| {
                let kind = kind_of(name).map_err(|mut refused| {
                    for error in &mut refused.errors {
                        error.field = format!("script_types.{index}");
                    }
                    refused
                });
                invalid.check(kind)
            });
            kinds.collect()
        });
        invalid.or(Manifest {
            name,
            description: self.description,
            url: self.url,
            script_types: kinds,
            methods: self.methods.into_iter().map(RemoteMethod::from).collect(),
        })
    }
}

impl From<MethodBody> for RemoteMethod {
    fn from(method: MethodBody) -> Self {
        let parameter = |parameter: ParameterBody| Parameter {
            name: parameter.name,
            schema: parameter.schema.0,
            is_optional: parameter.optional,
        };
        Self {
            name: method.name,
            description: method.description,
            parameters: method.parameters.into_iter().map(parameter).collect(),
            result: method.result.map(|schema| schema.0),
            is_safe: method.safe,
            is_list: method.list,
            timeout: Duration::from_millis(method.timeout_ms),
            permission: method.permission,
        }
    }
}

impl From<RemoteMethod> for MethodBody {
    fn from(method: RemoteMethod) -> Self {
        let parameter = |parameter: Parameter| ParameterBody {
            name: parameter.name,
            schema: RawJson(parameter.schema),
            optional: parameter.is_optional,
        };
        Self {
            name: method.name,
            description: method.description,
            parameters: method.parameters.into_iter().map(parameter).collect(),
            result: method.result.map(RawJson),
            safe: method.is_safe,
            list: method.is_list,
            timeout_ms: millis(method.timeout),
            permission: method.permission,
        }
    }
}

impl From<RemoteService> for ServiceBody {
    fn from(service: RemoteService) -> Self {
        let manifest = service.manifest;
        let names = |kinds: Vec<ScriptType>| kinds.into_iter().map(ScriptType::as_str).collect();
        Self {
            name: manifest.name,
            description: manifest.description,
            url: manifest.url,
            script_types: manifest.script_types.map(names),
            methods: manifest.methods.into_iter().map(MethodBody::from).collect(),
            by_operator: service.by_operator,
            revision: service.revision,
            circuit: None,
            created_at: service.created_at,
            updated_at: service.updated_at,
            updated_by: service.updated_by.map(|user| user.0),
        }
    }
}

impl ServiceBody {
    fn held_back(self, circuit: Option<Circuit>) -> Self {
        let circuit = circuit.map(|circuit| ServiceCircuitBody {
            state: if circuit.half_open {
                "half_open"
            } else {
                "open"
            },
            since: circuit.since,
            retry_at: circuit.retry_at,
        });
        Self { circuit, ..self }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
