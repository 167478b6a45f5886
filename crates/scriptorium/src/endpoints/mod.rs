//! Answering HTTP requests with scripts. The caller has taken its own credentials out of the
//! request; what is here is what the script may see.

mod rates;
mod secrets;
pub(crate) mod signature;
mod stream;

use std::net::IpAddr;

use async_recursion::async_recursion as boxed;
use bytes::Bytes;
use scriptorium_model::endpoint::Method;
use scriptorium_model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium_model::permission::Permission;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::{Endpoint, EndpointAuth};
use scriptorium_model::{
    Actor, Ctx, ExecutionId, IdempotencyKey, Invalid, ScriptId, TenantId, idempotency,
};
use scriptorium_runtime::request::RequestParts;
use scriptorium_runtime::{Asked, Call, HttpRequest, StreamSink};
use scriptorium_triggers::routes::Match;

pub(crate) use rates::Rates;
pub use rates::{Rate, RateExceeded, RateScope};
pub use secrets::NewSigningSecret;
pub use signature::BadSignature;
pub use stream::{EndpointStream, StreamBroken};

use rates::Who;

use crate::error::{Error, ErrorKind};
use crate::executions::Mode;
use crate::idempotency::{Answer, Request, stranger};
use crate::platform::{Ended, History, Platform, ended};

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
#[derive(Debug)]
pub struct EndpointReply {
    /// 200 to 599.
    pub status: u16,
    /// Names and values; the server takes out what a script may not set.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: EndpointBody,
    /// The execution that made it.
    pub execution: ExecutionId,
    /// How the buckets stand that the call was counted in.
    pub rates: Vec<Rate>,
    /// It was given before, to the same request under the same idempotency key.
    pub repeated: bool,
}

/// The body of an answer.
#[derive(Debug)]
pub enum EndpointBody {
    /// All of it.
    Whole(Bytes),
    /// What the script makes, part by part.
    Parts(EndpointStream),
}

/// Where a path leads.
#[derive(Debug)]
pub struct Look {
    /// The methods it answers to; none when there is no such endpoint.
    pub methods: Vec<&'static str>,
    /// The endpoint for the method that was asked for.
    pub endpoint: Option<FoundEndpoint>,
}

/// An endpoint that a request leads to.
#[derive(Debug)]
pub struct FoundEndpoint {
    script: Script,
    settings: Endpoint,
    params: Vec<(String, String)>,
}

/// A request that may be read: its caller has passed what can be asked before that.
#[derive(Debug)]
pub struct Admitted {
    found: FoundEndpoint,
    ctx: Ctx,
    rates: Vec<Rate>,
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
    /// The endpoint wants a signature, and there is none that is right.
    BadSignature(BadSignature),
    /// It is called too often; the script did not begin.
    RateLimited(RateExceeded),
    /// The request could not be read, such as a broken JSON body, or does not suit the script's
    /// input schema.
    BadRequest(Invalid),
    /// The script failed or ran into a limit; the failure's code says which.
    Failed(Box<Execution>),
    /// It did so before, for the same request under the same idempotency key.
    FailedBefore(Box<Execution>),
    /// There was no room; the script did not begin. The error says whose bound it was, and when to
    /// try again.
    Busy(Error),
    /// The platform failed.
    Platform(Error),
}

impl From<RateExceeded> for EndpointRefusal {
    fn from(exceeded: RateExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
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

impl FoundEndpoint {
    /// What its author says of it.
    pub fn settings(&self) -> &Endpoint {
        &self.settings
    }
}

impl Endpoints<'_> {
    /// Answers a request with the endpoint script that its tenant has for it. The execution is on
    /// disk when this returns.
    ///
    /// # Errors
    /// See [`EndpointRefusal`].
    #[boxed]
    pub async fn handle(
        &self,
        tenant: TenantId,
        caller: Option<&Ctx>,
        request: EndpointRequest,
    ) -> Result<EndpointReply, EndpointRefusal> {
        let look = self.look(tenant, &request.method, &request.path).await?;
        let Some(found) = look.endpoint else {
            return Err(match look.methods.is_empty() {
                true => EndpointRefusal::NotFound,
                false => EndpointRefusal::MethodNotAllowed {
                    allow: look.methods,
                },
            });
        };
        let admitted = self.admit(tenant, found, caller, request.ip).await?;
        self.answer(admitted, request).await
    }

    /// Where a path leads. HEAD is looked up as GET.
    ///
    /// # Errors
    /// The store failed.
    #[boxed]
    pub async fn look(&self, tenant: TenantId, method: &str, path: &str) -> Result<Look, Error> {
        let routes = self.0.triggers().routes(tenant).await?;
        let methods = routes.methods(path);
        let mut look = Look {
            methods: methods.into_iter().map(Method::as_str).collect(),
            endpoint: None,
        };
        if let Match::Script { id, params } = routes.find(method, path) {
            look.endpoint = self.open(tenant, id, params).await?;
            // The script is gone since the routes were read.
            if look.endpoint.is_none() {
                look.methods.clear();
            }
        }
        Ok(look)
    }

    /// Asks what can be asked of a caller before a body is read: strangers cannot make anybody hold
    /// bodies for nothing.
    ///
    /// # Errors
    /// The caller calls too often, or is not who the endpoint is for.
    #[boxed]
    pub async fn admit(
        &self,
        tenant: TenantId,
        found: FoundEndpoint,
        caller: Option<&Ctx>,
        ip: IpAddr,
    ) -> Result<Admitted, EndpointRefusal> {
        let caller = caller.filter(|ctx| ctx.tenant == tenant);
        let (script, settings) = (found.script.id, &found.settings);
        let figure = settings.caller_rate_limit_per_minute;
        let who = who(caller, ip);
        let mut rates: Vec<Rate> = Vec::new();
        rates.extend(self.0.rates().caller(tenant, script, who, figure)?);
        if settings.auth == EndpointAuth::Required {
            check_permissions(settings, caller)?;
        }
        if settings.auth != EndpointAuth::Signature {
            rates.extend(self.count(tenant, &found).await?);
        }
        // A stranger has no rights of their own: the script's parties bound the run.
        let ctx = caller.cloned().unwrap_or_else(|| Ctx::platform(tenant));
        Ok(Admitted { found, ctx, rates })
    }

    /// Answers a request that was admitted.
    ///
    /// # Errors
    /// See [`EndpointRefusal`].
    #[boxed]
    pub async fn answer(
        &self,
        admitted: Admitted,
        request: EndpointRequest,
    ) -> Result<EndpointReply, EndpointRefusal> {
        let Admitted {
            found,
            ctx,
            mut rates,
        } = admitted;
        let signed = match found.settings.signature {
            Some(_) => {
                let signed = self.check_signature(&found, &request).await?;
                rates.extend(self.count(ctx.tenant, &found).await?);
                self.accept(&ctx, found.script.id, signed).await?
            }
            None => None,
        };
        let script = found.script.id;
        let answered = self.run(&ctx, found, request, rates).await;
        if let (Some(digest), true) = (signed, came_to_nothing(&answered)) {
            // It may come again, as whoever sends it will try.
            let store = self.0.store();
            store
                .forget_signed(&ctx, script, &digest)
                .await
                .map_err(Error::from)?;
        }
        answered
    }

    async fn run(
        &self,
        ctx: &Ctx,
        found: FoundEndpoint,
        request: EndpointRequest,
        rates: Vec<Rate>,
    ) -> Result<EndpointReply, EndpointRefusal> {
        let FoundEndpoint { script, params, .. } = found;
        let key = key_of(ctx, &request).map_err(EndpointRefusal::BadRequest)?;
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
        let key = key.map(|key| key.about(&http));
        let known = self.0.known_execution(ctx, key.as_ref(), Mode::Sync, false);
        if let Some(Answer { value, repeated }) = known.await? {
            return told(Ended::recorded(value), repeated, rates);
        }
        let executions = self.0.executions();
        let mut execution =
            executions.new_execution(ctx, &script, TriggerKind::Http, http.recorded());
        let concurrency = script.definition.concurrency.as_ref();
        execution.seat = concurrency.map(|concurrency| concurrency.seat(&http.told()));
        let call = Some(Call::Request(http.into()));
        if key.is_some() || execution.seat.is_some() {
            execution.trigger_data = Asked::by(ctx).to_json();
            let run = self.0.run_call_recorded(ctx, execution, &script, call, key);
            let Answer { value, repeated } = run.await?;
            return told(value, repeated, rates);
        }
        let id = execution.id;
        let (sink, mut tap) = StreamSink::new();
        let begun = self
            .0
            .begin_call(ctx, execution, &script, call, History::Strict, Some(sink));
        let mut running = begun.await?;
        let finished = tokio::select! {
            biased;
            Some(head) = tap.head() => {
                let parts = EndpointStream::new(self.0.clone(), id, head.events, tap, running);
                return Ok(EndpointReply {
                    status: head.status,
                    headers: head.headers,
                    body: EndpointBody::Parts(parts),
                    execution: id,
                    rates,
                    repeated: false,
                });
            }
            finished = &mut running => finished,
        };
        told(ended(finished)?, false, rates)
    }

    async fn open(
        &self,
        tenant: TenantId,
        id: ScriptId,
        params: Vec<(String, String)>,
    ) -> Result<Option<FoundEndpoint>, Error> {
        let script = match self.0.active_script(tenant, id).await {
            Ok(script) if script.status == ScriptStatus::Active => script,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let settings = script.trigger.endpoint().cloned();
        Ok(settings.map(|settings| FoundEndpoint {
            script,
            settings,
            params,
        }))
    }

    /// Counts a call in the buckets that all callers share.
    async fn count(
        &self,
        tenant: TenantId,
        found: &FoundEndpoint,
    ) -> Result<Vec<Rate>, EndpointRefusal> {
        let share = self.0.runtime().share(tenant).await;
        let share = share.map_err(Error::from)?;
        let figure = found.settings.rate_limit_per_minute;
        let figure = figure.or(share.endpoint_requests());
        let rates = self.0.rates();
        let of_tenant = rates.tenant(tenant, share.requests)?;
        let of_endpoint = rates.endpoint(tenant, found.script.id, figure)?;
        Ok(of_endpoint.into_iter().chain(of_tenant).collect())
    }

    async fn check_signature(
        &self,
        found: &FoundEndpoint,
        request: &EndpointRequest,
    ) -> Result<signature::Signed, EndpointRefusal> {
        let Some(scheme) = found.settings.signature else {
            return Err(EndpointRefusal::BadSignature(BadSignature::Missing));
        };
        let platform = Ctx::platform(found.script.tenant);
        let keys = self
            .0
            .store()
            .signing_keys(&platform, found.script.id)
            .await;
        let keys = keys.map_err(Error::from)?;
        let (headers, body) = (&request.headers, &request.body);
        let now = self.0.ambient().now();
        signature::check(scheme, &keys, headers, body, now).map_err(EndpointRefusal::BadSignature)
    }

    /// Notes that a signed request has come; what it is known by, if anything.
    async fn accept(
        &self,
        ctx: &Ctx,
        script: ScriptId,
        signed: signature::Signed,
    ) -> Result<Option<[u8; 32]>, EndpointRefusal> {
        let Some(digest) = signed.digest else {
            return Ok(None);
        };
        let store = self.0.store();
        let accepted = store.accept_signed(ctx, script, &digest, signed.until);
        match accepted.await.map_err(Error::from)? {
            true => Ok(Some(digest)),
            false => Err(EndpointRefusal::BadSignature(BadSignature::Replayed)),
        }
    }
}

/// The answer of a run that has ended.
fn told(
    Ended { execution, reply }: Ended,
    repeated: bool,
    rates: Vec<Rate>,
) -> Result<EndpointReply, EndpointRefusal> {
    match reply {
        Some(reply) => Ok(EndpointReply {
            status: reply.status,
            headers: reply.headers,
            body: EndpointBody::Whole(reply.body),
            execution: execution.id,
            rates,
            repeated,
        }),
        None if is_in_parts(&execution) => {
            let message = "an answer in parts is given once, while it is made: not under an \
                           idempotency key, nor by a script with a concurrency key";
            Err(Error::conflict("answer_in_parts", None, message).into())
        }
        None if repeated => Err(EndpointRefusal::FailedBefore(Box::new(execution))),
        None => Err(EndpointRefusal::Failed(Box::new(execution))),
    }
}

/// Whether it was ended because its answer is one in parts.
fn is_in_parts(execution: &Execution) -> bool {
    let failure = execution.failure.as_ref();
    failure.is_some_and(|failure| failure.code == "script.answer_in_parts")
        // Its parts went to nobody, before that was refused.
        || execution.status == ExecutionStatus::Completed
}

/// The key of a request, and what of the request is digested so far.
struct AskedUnder {
    caller: String,
    key: String,
    asked: Request,
}

impl AskedUnder {
    /// The digest of all of it.
    fn about(self, http: &HttpRequest) -> IdempotencyKey {
        let content = http.content();
        let asked = content
            .iter()
            .fold(self.asked, |asked, part| asked.part("body", part));
        asked.of(self.caller, &self.key)
    }
}

/// The key of a request that may be sent again; those that change nothing need none.
fn key_of(ctx: &Ctx, request: &EndpointRequest) -> Result<Option<AskedUnder>, Invalid> {
    const KEY: &str = "idempotency-key";
    if matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
        return Ok(None);
    }
    let values = |name: &str| {
        let same = request.headers.iter().filter(move |(own, _)| own == name);
        same.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let key = match values(KEY).as_slice() {
        [] => return Ok(None),
        [key] => (*key).to_owned(),
        _ => return Err(Invalid::field(KEY, "bad_value", "must be one header")),
    };
    idempotency::validate(KEY, &key)?;
    let mut asked = Request::new("endpoint")
        .part("method", &request.method)
        .part("path", &request.path)
        .maybe("query", request.query.as_deref());
    // What the body is, and who they are to the script.
    for name in ["content-type", "content-encoding", "authorization"] {
        for value in values(name) {
            asked = asked.part(name, without_boundary(value));
        }
    }
    let caller = match ctx.actor {
        Actor::Platform => stranger(request.ip, &request.headers),
        _ => idempotency::caller(&ctx.actor),
    };
    Ok(Some(AskedUnder { caller, key, asked }))
}

/// A form with files has another boundary each time that it is sent.
fn without_boundary(value: &str) -> &str {
    const FORM: &str = "multipart/form-data";
    let essence = value.split(';').next().unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case(FORM) {
        FORM
    } else {
        value
    }
}

/// Whether whoever sent it is told to try again.
fn came_to_nothing(answered: &Result<EndpointReply, EndpointRefusal>) -> bool {
    match answered {
        Ok(reply) => reply.status >= 500,
        Err(_) => true,
    }
}

fn who(caller: Option<&Ctx>, ip: IpAddr) -> Who {
    match caller.map(|ctx| &ctx.actor) {
        Some(Actor::User { id, .. }) => Who::User(*id),
        Some(Actor::Token { id, .. }) => Who::Token(*id),
        Some(Actor::Host) => Who::Host,
        Some(Actor::Platform) | None => Who::address(ip),
    }
}

/// Whether the caller is one of the tenant who may call it.
fn check_permissions(settings: &Endpoint, caller: Option<&Ctx>) -> Result<(), EndpointRefusal> {
    let ctx = caller.ok_or(EndpointRefusal::Unauthenticated)?;
    let wanted = [
        Some(Permission::ScriptsExecute.as_str()),
        settings.permission.as_deref(),
    ];
    let missing = wanted
        .into_iter()
        .flatten()
        .find(|name| !ctx.permissions.allows(name));
    match missing {
        Some(name) => Err(EndpointRefusal::Forbidden {
            missing: name.to_owned(),
        }),
        None => Ok(()),
    }
}
