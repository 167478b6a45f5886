//! Remote services: services of a tenant that are somewhere else, and are called by signed requests over HTTP
//! (R-JSVC). Whoever registers one declares what it can do; from that come the checks here, the typings and
//! the methods in the script's world, as for services of the host application.

mod answer;
mod request;
mod shape;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_engine::{Held, HostError, Reply};
use scriptorium_model::effect::EffectKind;
use scriptorium_model::remote_service::{Manifest, Parameter, RemoteMethod, RemoteService};
use scriptorium_model::{Ambient, Ctx, Invalid, Json, TenantId};
use scriptorium_outbound::{Outbound, Rules};
use scriptorium_store::{Change, Error, Store};
use serde_json::{Map, Value};
use tokio::sync::watch;

use self::answer::Done;
pub(crate) use self::request::Asked;
use crate::capabilities::http;
use crate::circuits::{Circuits, Guarded};
use crate::host::{Run, World};
use crate::runtime::Shared;
use crate::schema::{self, Schema};
use crate::service::{Does, Method, Registry, Service};

/// Tenants whose services are kept ready.
const TENANTS: u64 = 10_000;
/// How long they are believed at most: another node's change may not have been heard of.
const BELIEVED: Duration = Duration::from_secs(10);

/// The services of a tenant that are somewhere else.
#[derive(Clone, Debug, Default)]
pub struct TenantServices(pub(crate) Arc<Registry>);

impl TenantServices {
    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Service::name)
    }
}

/// What there is for all of them.
pub(crate) struct Remotes {
    known: Cache<TenantId, (u64, TenantServices)>,
    changes: watch::Receiver<u64>,
    /// One that cannot be reached, does not answer in time, or fails, is held back.
    pub(crate) circuits: Circuits<(TenantId, String), Done>,
    /// The way out to those that an operator has registered.
    operators: Outbound,
}

/// A method of a remote service, ready to be called.
pub(crate) struct Target {
    service: String,
    revision: u32,
    by_operator: bool,
    url: String,
    key: Vec<u8>,
    method: RemoteMethod,
    schemas: OnceLock<Result<Arc<Schemas>, Invalid>>,
}

/// What is sent and what comes back is held against these.
struct Schemas {
    parameters: Vec<Arc<Schema>>,
    result: Option<Arc<Schema>>,
}

impl Remotes {
    pub(crate) fn new(store: &Store, ambient: Ambient, operators: Outbound) -> Self {
        Self {
            known: Cache::builder()
                .max_capacity(TENANTS)
                .time_to_live(BELIEVED)
                .build(),
            changes: store.changes(Change::Services),
            circuits: Circuits::new(ambient),
            operators,
        }
    }

    /// A tenant's.
    pub(crate) async fn of(
        &self,
        store: &Store,
        tenant: TenantId,
    ) -> Result<TenantServices, Error> {
        // Before they are read: what is changed meanwhile makes this the past.
        let now = *self.changes.borrow();
        if let Some((at, services)) = self.known.get(&tenant)
            && at == now
        {
            return Ok(services);
        }
        let found = store.open_remote_services(&Ctx::platform(tenant)).await?;
        let services = found.into_iter().map(|(one, key)| service(one, &key));
        let services = TenantServices(Arc::new(Registry::of_checked(services)));
        self.known.insert(tenant, (now, services.clone()));
        Ok(services)
    }

    fn way_out<'a>(&'a self, world: &'a World, by_operator: bool) -> &'a Outbound {
        if by_operator {
            &self.operators
        } else {
            &world.outbound
        }
    }
}

/// What a script sees of one.
fn service(remote: RemoteService, key: &[u8]) -> Service {
    let RemoteService {
        manifest,
        by_operator,
        revision,
        ..
    } = remote;
    let mut service = Service::new(&manifest.name, &manifest.description);
    service.script_types = manifest.script_types;
    for method in manifest.methods {
        let target = Target {
            service: manifest.name.clone(),
            revision,
            by_operator,
            url: format!("{}/{}", manifest.url.trim_end_matches('/'), method.name),
            key: key.to_owned(),
            method: method.clone(),
            schemas: OnceLock::new(),
        };
        service = service.remote(Method {
            params: shape::parameters(&method.parameters),
            returns: shape::result(&method),
            name: method.name,
            doc: method.description,
            permission: method.permission,
            reads_only: method.is_safe,
            does: Does::Remote(Arc::new(target)),
            dry_run: None,
        });
    }
    service
}

impl Method {
    /// What the prelude makes of its reply.
    pub(crate) fn give(&self) -> &'static str {
        match &self.does {
            Does::Remote(target) if target.method.is_list => "list",
            _ => "plain",
        }
    }
}

/// Checks what a remote service declares.
pub(crate) async fn check(
    shared: &Shared,
    manifest: &Manifest,
    by_operator: bool,
) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.check(manifest.validate());
    let world = &shared.world;
    if world.services.get(&manifest.name).is_some() {
        let message = "is the name of a service of the host application";
        invalid.push("name", "not_unique", message);
    }
    let way_out = world.remotes.way_out(world, by_operator);
    let has_more = manifest.url.contains(['?', '#', '@']);
    let checked = way_out.check(&Rules::default(), &manifest.url);
    if has_more || checked.is_err() {
        let message = "must be an address such as https://erp.example.com/services, without user, query and \
                       fragment, where requests may go";
        invalid.push("url", "bad_url", message);
    }
    // Their number and size are known to be bounded now.
    if invalid.is_empty() {
        for (index, method) in manifest.methods.iter().enumerate() {
            for (part, schema) in method.schemas() {
                let field = format!("methods.{index}.{part}");
                invalid.check(schema::check(world, &shared.schemas, &field, schema).await);
            }
        }
    }
    invalid.or(())
}

/// One call of a script, whose permission was looked at.
pub(crate) fn call(run: &Arc<Run>, target: Arc<Target>, args: Vec<Value>, values: Held) -> Reply {
    let this = run.clone();
    run.later(async move {
        let path = target.path();
        let arguments = target.arguments(&this.world, args).await?;
        if this.is_dry() && !target.method.is_safe {
            let shown = shown(&target.method.parameters, &arguments);
            let name = path.strip_prefix("services.").unwrap_or(&path);
            this.intend(EffectKind::Service, name, &shown)?;
            return Ok("null".to_owned());
        }
        let _permit = this.http_calls.acquire().await;
        let rules = target.rules(&this).await?;
        let request = request::signed(&this, &target, arguments, rules);
        let (running, asked) = (this.clone(), target.clone());
        let work = async move {
            let way_out = running
                .world
                .remotes
                .way_out(&running.world, asked.by_operator);
            answer::of(&running, &asked, way_out.send(request).await, values).await
        };
        let (key, version) = ((this.ctx.tenant, target.service.clone()), target.revision);
        let circuits = &this.world.remotes.circuits;
        if let Some(left) = circuits.held_back(&key, version) {
            return Err(held_back(&target, left));
        }
        let done = circuits.run(key, version, work).await;
        done.map_or_else(
            || Err(held_back(&target, Duration::ZERO)),
            |done| done.outcome,
        )
    })
}

impl Guarded for (TenantId, String) {
    fn log(&self, revision: u32, held_back: bool) {
        let (tenant, service) = self;
        if held_back {
            tracing::warn!(%tenant, service, revision, "calls of a remote service fail; it is held back");
        } else {
            tracing::info!(%tenant, service, revision, "a call went well; the remote service is held back no more");
        }
    }
}

/// It failed too often to be asked now.
fn held_back(target: &Target, left: Duration) -> HostError {
    let seconds = left.as_secs() + 1;
    let message = format!(
        "services.{} is held back because its last calls failed; try again in {seconds} s",
        target.service
    );
    HostError {
        details: Some(serde_json::json!({ "retryAfterSeconds": seconds }).to_string()),
        ..HostError::new("SERVICE_UNAVAILABLE", message)
    }
}

/// The arguments as the script wrote them.
fn shown(parameters: &[Parameter], arguments: &Map<String, Value>) -> String {
    let given = parameters.iter();
    let given = given.filter_map(|parameter| arguments.get(&parameter.name));
    let given: Vec<String> = given.map(Value::to_string).collect();
    format!("({})", given.join(","))
}

impl Target {
    /// What scripts call it.
    fn path(&self) -> String {
        format!("services.{}.{}", self.service, self.method.name)
    }

    async fn schemas(&self, world: &World) -> Result<Arc<Schemas>, HostError> {
        if let Some(made) = self.schemas.get() {
            return made.clone().map_err(|invalid| self.unfit(&invalid));
        }
        let method = self.method.clone();
        let made = world.blocking(move || Schemas::of(&method)).await;
        let made = made.unwrap_or_else(|| {
            let message = "could not be read";
            Err(Invalid::field("schema", "bad_schema", message))
        });
        let made = self.schemas.get_or_init(|| made.map(Arc::new));
        made.clone().map_err(|invalid| self.unfit(&invalid))
    }

    /// They were checked when it was registered.
    fn unfit(&self, invalid: &Invalid) -> HostError {
        tracing::error!(service = self.service, %invalid, "a schema of a remote service is none");
        HostError::new("SERVICE_ERROR", format!("{} cannot be called", self.path()))
    }

    /// What a script gives, by name, and as the manifest asks for it.
    async fn arguments(
        &self,
        world: &World,
        args: Vec<Value>,
    ) -> Result<Map<String, Value>, HostError> {
        let parameters = &self.method.parameters;
        if args.len() > parameters.len() {
            let (path, most) = (self.path(), parameters.len());
            let message = format!("{path} takes at most {most} arguments, not {}", args.len());
            return Err(HostError::new("VALIDATION_ERROR", message));
        }
        let schemas = self.schemas(world).await?;
        let mut given = args.into_iter();
        let mut arguments = Map::new();
        for (parameter, schema) in parameters.iter().zip(&schemas.parameters) {
            let value = given.next().unwrap_or_default();
            if value.is_null() && parameter.is_optional {
                continue;
            }
            let name = &parameter.name;
            let held = schema::held(world, schema, name, value).await;
            let value = held.map_err(|invalid| refused(name, &invalid))?;
            arguments.insert(name.clone(), value);
        }
        Ok(arguments)
    }

    /// Where the tenant lets its requests go; an operator's service is where the operator says.
    async fn rules(&self, run: &Run) -> Result<Arc<Rules>, HostError> {
        if self.by_operator {
            return Ok(Arc::default());
        }
        Ok(Arc::clone(&http::tenant_rules(run).await?.rules))
    }
}

/// The first of what does not suit, in the words of an argument check.
fn refused(name: &str, invalid: &Invalid) -> HostError {
    let (field, message) = match invalid.errors.first() {
        Some(error) if error.code == "required" => {
            (error.field.as_str(), format!("{} is required", error.field))
        }
        Some(error) => (
            error.field.as_str(),
            format!("{}: {}", error.field, error.message),
        ),
        None => (name, format!("{name} does not suit the service")),
    };
    HostError {
        field: Some(field.to_owned()),
        ..HostError::new("VALIDATION_ERROR", message)
    }
}

impl Schemas {
    fn of(method: &RemoteMethod) -> Result<Self, Invalid> {
        let compile = |text: &Json| Schema::compile(text).map(Arc::new);
        let parameters = method.parameters.iter();
        let parameters = parameters.map(|parameter| compile(&parameter.schema));
        Ok(Self {
            parameters: parameters.collect::<Result<_, _>>()?,
            result: method.result.as_ref().map(compile).transpose()?,
        })
    }
}
