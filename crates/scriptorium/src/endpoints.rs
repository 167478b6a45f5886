//! Answering HTTP requests with scripts. The caller has taken its own credentials out of the
//! request; what is here is what the script may see.

use std::net::IpAddr;

use bytes::Bytes;
use scriptorium_model::endpoint::Method;
use scriptorium_model::execution::{Execution, TriggerKind};
use scriptorium_model::permission::Permission;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::EndpointAuth;
use scriptorium_model::{Ctx, ExecutionId, Invalid, TenantId};
use scriptorium_runtime::request::RequestParts;
use scriptorium_runtime::{Call, HttpRequest};
use scriptorium_triggers::routes::Match;

use crate::error::{Error, ErrorKind};
use crate::platform::{Ended, History, Platform};

/// Endpoints of any tenant; from [`Platform::endpoints`].
#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a>(pub(crate) &'a Platform);

/// A request to an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointRequest {
    /// The method as it came.
    pub method: String,
    /// The path below `/api/scripts` as it came, percent-encoded, with its first slash.
    pub path: String,
    /// The query string as it came.
    pub query: Option<String>,
    /// Names in lower case and values, without the platform's own credentials.
    pub headers: Vec<(String, String)>,
    /// The body; the caller has bounded it.
    pub body: Bytes,
    /// Address of the client.
    pub ip: IpAddr,
    /// The whole URL as the client sees it.
    pub url: String,
}

/// What a script answered.
#[derive(Clone, Debug)]
pub struct EndpointReply {
    /// 200 to 599.
    pub status: u16,
    /// Names and values; the server takes out what a script may not set.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The execution that made it.
    pub execution: ExecutionId,
}

/// Why there is no answer of a script.
#[derive(Debug)]
pub enum EndpointRefusal {
    /// No active endpoint has this path.
    NotFound,
    /// The path has endpoints, but for other methods.
    MethodNotAllowed {
        /// Those methods.
        allow: Vec<&'static str>,
    },
    /// The endpoint wants a session or token.
    Unauthenticated,
    /// The caller lacks this permission.
    Forbidden {
        /// Its name.
        missing: String,
    },
    /// The request could not be read, such as a broken JSON body, or does not suit the script's
    /// input schema.
    BadRequest(Invalid),
    /// The script failed or ran into a limit; the failure's code says which.
    Failed(Box<Execution>),
    /// There was no room; the script did not begin. The error says whose bound it was, and when to
    /// try again.
    Busy(Error),
    /// The platform failed.
    Platform(Error),
}

impl From<Error> for EndpointRefusal {
    fn from(error: Error) -> Self {
        if let Some(invalid) = error.invalid() {
            return Self::BadRequest(invalid.clone());
        }
        match error.kind() {
            ErrorKind::Busy | ErrorKind::ShareExhausted => Self::Busy(error),
            // The script is gone since its route was found.
            ErrorKind::NotFound => Self::NotFound,
            _ => Self::Platform(error),
        }
    }
}

impl Endpoints<'_> {
    /// Answers a request with the endpoint script that its tenant has for it. The execution is on
    /// disk when this returns.
    ///
    /// # Errors
    /// See [`EndpointRefusal`].
    pub async fn handle(
        &self,
        tenant: TenantId,
        caller: Option<&Ctx>,
        request: EndpointRequest,
    ) -> Result<EndpointReply, EndpointRefusal> {
        let (script, params) = self.find(tenant, &request).await?;
        let ctx = admit(&script, tenant, caller)?;
        let parts = RequestParts {
            method: request.method,
            path: request.path,
            params,
            query: request.query,
            headers: request.headers,
            body: request.body,
            ip: request.ip,
            url: request.url,
        };
        let http = HttpRequest::new(parts).map_err(EndpointRefusal::BadRequest)?;
        let executions = self.0.executions();
        let execution = executions.new_execution(&ctx, &script, TriggerKind::Http, http.recorded());
        let call = Some(Call::Request(http.into()));
        let run = self
            .0
            .run_call(&ctx, execution, &script, call, History::Strict);
        let Ended { execution, reply } = run.await?;
        match reply {
            Some(reply) => Ok(EndpointReply {
                status: reply.status,
                headers: reply.headers,
                body: reply.body,
                execution: execution.id,
            }),
            None => Err(EndpointRefusal::Failed(Box::new(execution))),
        }
    }

    /// The methods a path answers to, for OPTIONS; none when there is no such endpoint.
    ///
    /// # Errors
    /// The store failed.
    pub async fn methods(&self, tenant: TenantId, path: &str) -> Result<Vec<&'static str>, Error> {
        let routes = self.0.triggers().routes(tenant).await?;
        Ok(routes
            .methods(path)
            .into_iter()
            .map(Method::as_str)
            .collect())
    }

    async fn find(
        &self,
        tenant: TenantId,
        request: &EndpointRequest,
    ) -> Result<(Script, Vec<(String, String)>), EndpointRefusal> {
        let routes = self
            .0
            .triggers()
            .routes(tenant)
            .await
            .map_err(Error::from)?;
        let (id, params) = match routes.find(&request.method, &request.path) {
            Match::Script { id, params } => (id, params),
            Match::OtherMethods(methods) => {
                let allow = methods.into_iter().map(Method::as_str).collect();
                return Err(EndpointRefusal::MethodNotAllowed { allow });
            }
            Match::Nothing => return Err(EndpointRefusal::NotFound),
        };
        let script = self.0.active_script(tenant, id).await?;
        let live = script.status == ScriptStatus::Active;
        live.then_some((script, params))
            .ok_or(EndpointRefusal::NotFound)
    }
}

/// Checks the caller against the endpoint's mode, and says on whose behalf the script runs.
fn admit(script: &Script, tenant: TenantId, caller: Option<&Ctx>) -> Result<Ctx, EndpointRefusal> {
    let Some(endpoint) = script.trigger.endpoint() else {
        return Err(EndpointRefusal::NotFound);
    };
    let caller = caller.filter(|ctx| ctx.tenant == tenant);
    if endpoint.auth == EndpointAuth::Required {
        let ctx = caller.ok_or(EndpointRefusal::Unauthenticated)?;
        let wanted = [
            Some(Permission::ScriptsExecute.as_str()),
            endpoint.permission.as_deref(),
        ];
        let missing = wanted
            .into_iter()
            .flatten()
            .find(|name| !ctx.permissions.allows(name));
        if let Some(name) = missing {
            return Err(EndpointRefusal::Forbidden {
                missing: name.to_owned(),
            });
        }
    }
    // A stranger at a public endpoint has no rights of their own: the script's parties bound it.
    Ok(caller.cloned().unwrap_or_else(|| Ctx::platform(tenant)))
}
