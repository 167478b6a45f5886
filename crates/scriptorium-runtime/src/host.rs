//! The host side of one run: takes the script's calls, checks them against what is declared and
//! what the run may do, and sends slow work to the I/O threads. The engine counts the calls and
//! enforces the limits; nothing here trusts a name or an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use scriptorium_engine::{
    CallClass, Held, Host, HostError, Level, LimitHit, Meter, Reply, TooMuch,
};
use scriptorium_model::audit::{self, Incident};
use scriptorium_model::delivery::lineage_of;
use scriptorium_model::effect::EffectKind;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{LogLevel, Progress};
use scriptorium_model::{Actor, Ambient, Ctx, ExecutionId, Json, ScriptId, Timestamp};
use scriptorium_outbound::Outbound;
use scriptorium_store::Store;
use scriptorium_store::secrets::Opened;
use scriptorium_store::tenant_data::TenantData;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::task::TaskTracker;

use crate::capabilities::args::Args;
use crate::capabilities::cache::Caches;
use crate::capabilities::db::Database;
use crate::capabilities::language::{Alarm, Signals};
use crate::capabilities::stream::Streamed;
use crate::capabilities::{self, How, http};
use crate::compatibility::Deprecations;
use crate::context;
use crate::dry::Dry;
use crate::hub::Live;
use crate::job::{Call, Job};
use crate::masking::Mask;
use crate::notifications::Outlets;
use crate::notifications::service::Outgoing;
use crate::options::HostTypes;
use crate::pending_call::{Elsewhere, Panic, PendingCall, Unbegun};
use crate::rates::{self, Rates};
use crate::remote::{self, Asked, Remotes};
use crate::scheduler::{Control, Shares};
use crate::service::{Does, Handler, Method, Registry, Service, ServiceCall, ServiceError};

/// Most templates, new programs and large inputs worked on at once in the process: each takes a
/// processor.
pub(crate) const BLOCKING: usize = 2;
/// Most transactions of scripts that are open at once in the process.
pub(crate) const TRANSACTIONS: usize = 64;
/// Most bytes of the arguments of a service as JSON.
const SERVICE_ARGS_BYTES: usize = 1 << 20;
/// What an object takes that has one member: a map makes room for more at once.
const OBJECT_BYTES: usize = 11 * (size_of::<String>() + size_of::<Value>());
/// Most bytes of one log line's text, and of its data.
const LINE_BYTES: usize = 16 << 10;

/// Most places of one run that are told one by one when a script was kept from them.
const BLOCKED_TARGETS: usize = 8;

/// Calls of one run that may be worked on by the thread of its guest; with more, all begin on the I/O threads.
const NEARBY: usize = 4;

/// What all runs of a runtime share.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) ambient: Ambient,
    pub(crate) services: Registry,
    /// What scripts should not use any more.
    pub(crate) deprecations: Arc<Deprecations>,
    pub(crate) data: TenantData,
    pub(crate) templates: BTreeMap<String, String>,
    pub(crate) types: HostTypes,
    pub(crate) outlets: Outlets,
    /// The way out.
    pub(crate) outbound: Outbound,
    /// Services that are somewhere else.
    pub(crate) remotes: Remotes,
    /// What each tenant may take.
    pub(crate) shares: Shares,
    /// How often scripts have called what.
    pub(crate) rates: Rates,
    /// Every permission name `*` stands for.
    pub(crate) permissions: BTreeSet<String>,
    pub(crate) io: Handle,
    pub(crate) tasks: TaskTracker,
    /// Who takes a processor outside of the guest threads: templates, new programs.
    pub(crate) blocking: Arc<Semaphore>,
    /// Who may have a transaction open in the business tables: each takes a thread.
    pub(crate) transactions: Arc<Semaphore>,
    pub(crate) caches: Caches,
}

/// One run as its capabilities see it.
pub(crate) struct Run {
    pub(crate) world: Arc<World>,
    pub(crate) job: Arc<Job>,
    /// Tenant and effective rights.
    pub(crate) ctx: Ctx,
    pub(crate) script: ScriptId,
    pub(crate) execution: ExecutionId,
    pub(crate) zone: TimeZone,
    pub(crate) http_calls: Semaphore,
    pub(crate) alarm: Alarm,
    pub(crate) signals: Signals,
    pub(crate) streamed: Streamed,
    pub(crate) database: Database,
    /// What the tenant says of its requests, as of the first one.
    pub(crate) outgoing_rules: OnceCell<http::TenantRules>,
    secrets: Mutex<Read>,
    /// The deprecated functions that it has called.
    warned: Mutex<BTreeSet<String>>,
    live: Arc<Live>,
    /// Held by each call that waits.
    waiting: Arc<()>,
    /// Calls that may not have begun.
    unbegun: Mutex<Vec<Weak<dyn Unbegun>>>,
    wall: Duration,
    events: Mutex<Published>,
    outgoing: Mutex<Outgoing>,
    incidents: Mutex<Vec<Incident>>,
    /// In place of the world, when it is a dry run.
    pub(crate) dry: Dry,
    /// What it has asked remote services for.
    pub(crate) asked: Asked,
}

/// Bytes of a request's body that the prelude is given at once.
const BODY_PART: usize = 768 << 10;

/// The events of a run, which are held until it ends.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) events: Vec<Event>,
    held: Vec<Held>,
}

/// How much a run had published and sent at one point.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    events: usize,
    notifications: usize,
}

/// What a run has read of secrets.
#[derive(Default)]
struct Read {
    names: BTreeSet<String>,
    mask: Mask,
}

/// What is left of a run's limits, as scripts see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Budget {
    api_calls: Limited,
    service_calls: Limited,
    wall_ms: Limited,
    cpu_ms: Limited,
    memory_bytes: Limited,
    time_ms: u64,
}

#[derive(Serialize)]
struct Limited {
    limit: u64,
    used: u64,
    remaining: u64,
}

impl Limited {
    fn of(limit: u64, used: u64) -> Self {
        let remaining = limit.saturating_sub(used);
        Self {
            limit,
            used,
            remaining,
        }
    }
}

/// The engine's view of a run.
pub(crate) struct RunHost(pub(crate) Arc<Run>);

impl World {
    /// Does bounded work that takes a processor, off the I/O threads. `None` when it panicked.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let permit = self.blocking.clone().acquire_owned().await;
        // It stays with the work, which goes on when nobody waits for it any more.
        let work = move || {
            let _permit = permit;
            work()
        };
        let task = self.tasks.spawn_blocking_on(work, &self.io);
        task.await.ok()
    }
}

impl Run {
    pub(crate) fn new(world: Arc<World>, job: Arc<Job>, live: Arc<Live>, wall: Duration) -> Self {
        let actor = match &job.principal.user {
            Some(user) => Actor::User {
                id: user.id,
                session: None,
            },
            None => Actor::Platform,
        };
        let ctx = Ctx {
            tenant: job.tenant.id,
            actor,
            permissions: job.principal.permissions.clone(),
            origin: job.origin.clone(),
        };
        Self {
            world,
            ctx,
            script: job.script,
            execution: job.execution.id,
            zone: TimeZone::get(&job.timezone).unwrap_or(TimeZone::UTC),
            http_calls: Semaphore::new(http::PARALLEL),
            alarm: Alarm::default(),
            signals: Signals::default(),
            streamed: Streamed::default(),
            database: Database::default(),
            outgoing_rules: OnceCell::new(),
            secrets: Mutex::default(),
            warned: Mutex::default(),
            live,
            waiting: Arc::default(),
            unbegun: Mutex::default(),
            wall,
            events: Mutex::default(),
            outgoing: Mutex::default(),
            incidents: Mutex::default(),
            dry: Dry::default(),
            asked: Asked::default(),
            job,
        }
    }

    /// The business tables: as its caller's transaction sees them, when it runs in one.
    pub(crate) fn data(&self) -> &TenantData {
        self.job.transaction.as_ref().unwrap_or(&self.world.data)
    }

    /// Notes a call of a function that may be deprecated: the log says so the first time.
    fn heeds(&self, function: &str) -> Result<(), HostError> {
        let Some(deprecation) = self.world.deprecations.find(function) else {
            return Ok(());
        };
        if deprecation.is_gone_for(self.job.definition.compatibility_date()) {
            return Err(HostError::new("REMOVED", deprecation.refusal()));
        }
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(function.to_owned()) {
            let data = json!({
                "code": "DEPRECATED",
                "function": function,
                "instead": deprecation.instead,
            });
            let (level, message) = (LogLevel::Warn, deprecation.warning());
            let logs = &self.live.logs;
            logs.push(level, message, Some(data.into()), self.now());
        }
        Ok(())
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.ambient.now()
    }

    /// When the first instruction ran; `None` before.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.live.began.get().copied()
    }

    /// When the wall time is over.
    pub(crate) fn deadline(&self) -> Timestamp {
        let began = *self.live.began.get_or_init(|| self.now());
        began.saturating_add(self.wall).unwrap_or(Timestamp::MAX)
    }

    /// What is left of the limits. To be asked on the guest's thread.
    pub(crate) fn budget(&self) -> Budget {
        let limits = &self.job.definition.limits;
        let calls = |limit: u32, used: u32| Limited::of(limit.into(), used.into());
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let left = self.deadline().duration_since(self.now());
        let left = Duration::try_from(left).unwrap_or_default();
        let (wall, meter) = (self.wall, &self.live.meter);
        Budget {
            api_calls: calls(limits.api_calls, meter.io_calls()),
            service_calls: calls(limits.service_calls, meter.service_calls()),
            wall_ms: Limited::of(millis(wall), millis(wall.saturating_sub(left))),
            cpu_ms: Limited::of(millis(limits.cpu.min(wall)), millis(meter.cpu())),
            memory_bytes: Limited::of(limits.memory_bytes, meter.memory()),
            time_ms: millis(left),
        }
    }

    /// Keeps an event until the run ends.
    pub(crate) fn publish(&self, published: &mut Published, event: Event) -> Result<(), HostError> {
        let lineage = event.lineage.iter().map(|step| step.len()).sum::<usize>();
        let bytes = size_of::<Event>() + event.kind.len() + event.payload.len() + lineage;
        published.held.push(self.hold(bytes)?);
        published.events.push(event);
        Ok(())
    }

    /// What has been published and sent so far.
    pub(crate) fn mark(&self) -> Told {
        Told {
            events: self.events().events.len(),
            notifications: self.outgoing().len(),
        }
    }

    /// Gives up what was published and sent since: it was part of a transaction that is not kept.
    pub(crate) fn forget_since(&self, mark: Told) {
        let mut published = self.events();
        published.events.truncate(mark.events);
        published.held.truncate(mark.events);
        drop(published);
        self.outgoing().truncate(mark.notifications);
    }

    /// The notifications that the run leaves, in the order of their calls.
    pub(crate) fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The events published so far.
    pub(crate) fn events(&self) -> MutexGuard<'_, Published> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the values of a secret from showing up; whether it is the first time that it is read.
    pub(crate) fn has_read(&self, name: &str, opened: &Opened) -> bool {
        let mut read = self.read();
        read.mask.add(&opened.value);
        if let Some(previous) = &opened.previous {
            read.mask.add(previous);
        }
        read.names.insert(name.to_owned())
    }

    /// Does something with what keeps secrets from showing up.
    pub(crate) fn masked<T>(&self, work: impl FnOnce(&Mask) -> T) -> T {
        work(&self.read().mask)
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what the host holds for the run against its memory.
    pub(crate) fn hold(&self, bytes: usize) -> Result<Held, TooMuch> {
        self.live.meter.hold(bytes)
    }

    /// Notes for the audit trail that the script was kept from going somewhere. Attempts to reach
    /// one place count as one, and after some places the rest do, so that a script cannot fill the
    /// trail.
    pub(crate) fn blocked(&self, target: &str, reason: &str) {
        let masked = |text: &str| self.masked(|mask| mask.text(text).into_owned());
        let (target, reason) = (masked(target), masked(reason));
        let target = audit::cut(&target, audit::NAME_CHARS);
        let mut incidents = self
            .incidents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = incidents.iter_mut().position(|one| one.target == target);
        match known {
            Some(index) => incidents[index].count = incidents[index].count.saturating_add(1),
            None if incidents.len() < BLOCKED_TARGETS => incidents.push(Incident {
                target,
                reason: audit::cut(&reason, audit::NAME_CHARS),
                count: 1,
            }),
            None => {
                let last = incidents.len() - 1;
                incidents[last].target = "…".to_owned();
                incidents[last].reason = "several addresses".to_owned();
                incidents[last].count = incidents[last].count.saturating_add(1);
            }
        }
    }

    /// How far the script says it is.
    pub(crate) fn progress(&self, progress: Progress) {
        self.live.progress.send_replace(Some(progress));
    }

    /// What the script was kept from.
    pub(crate) fn incidents(&self) -> Vec<Incident> {
        let mut incidents = self
            .incidents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *incidents)
    }

    /// Work that takes a while; dropped unfinished when the run ends first. A panic reaches the
    /// script without its text.
    pub(crate) fn later(
        &self,
        work: impl Future<Output = Result<String, HostError>> + Send + 'static,
    ) -> Reply {
        self.pending(work, |_| {
            HostError::new("PLATFORM_ERROR", "the call was broken off")
        })
    }

    /// Has calls begin that have not: the script does not wait for them yet.
    fn begin_calls(&self) {
        let unbegun = std::mem::take(&mut *self.unbegun());
        for call in unbegun.iter().filter_map(Weak::upgrade) {
            call.begin();
        }
    }

    fn unbegun(&self) -> MutexGuard<'_, Vec<Weak<dyn Unbegun>>> {
        self.unbegun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, with what is said of a panic.
    fn pending(
        &self,
        work: impl Future<Output = Result<String, HostError>> + Send + 'static,
        broken: impl FnOnce(Panic) -> HostError + Send + 'static,
    ) -> Reply {
        let elsewhere = Elsewhere {
            io: self.world.io.clone(),
            tasks: self.world.tasks.clone(),
        };
        let live = self.live.clone();
        let at_leisure = move || live.run.get().is_some_and(Control::is_at_leisure);
        let waits = self.waiting.clone();
        // The run itself holds it, and this call.
        let many = Arc::strong_count(&waits) > NEARBY + 2;
        // It is moved several times from here on, and may be large.
        let work = self.counted(Box::pin(work));
        let work = async move {
            let _waits = waits;
            work.await
        };
        let call = PendingCall::new(elsewhere, Box::new(at_leisure), work);
        let mut unbegun = self.unbegun();
        unbegun.retain(|call| call.strong_count() > 0);
        unbegun.push(call.unbegun());
        drop(unbegun);
        if many {
            self.begin_calls();
        }
        Reply::Later(Box::pin(async move {
            let ended = call.await.unwrap_or_else(|panic| Err(broken(panic)));
            ended.map(|(text, _)| text)
        }))
    }

    /// The text that work ends with, counted while it waits for the script.
    fn counted(
        &self,
        work: impl Future<Output = Result<String, HostError>> + Send + 'static,
    ) -> impl Future<Output = Result<(String, Held), HostError>> + Send + 'static {
        let meter = self.live.meter.clone();
        async move {
            let text = work.await?;
            let held = meter.hold(text.len())?;
            Ok((text, held))
        }
    }

    /// Whether a service is in this script's world: it is for scripts of the type, and the script may call it.
    fn allows_service(&self, service: &Service) -> bool {
        let definition = &self.job.definition;
        let allowed = definition.allowed_services.as_ref();
        service.is_for(definition.trigger.kind())
            && allowed.is_none_or(|names| names.contains(&service.name))
    }

    /// The services in this script's world, as JSON: a name of those that every sandbox knows, with the methods
    /// of those that are the tenant's; `null` for all that every sandbox knows.
    fn services(&self) -> String {
        let known = self.world.services.iter();
        let own = self.job.services.0.iter();
        let mut of_all = self.job.services.0.is_empty();
        let mut told = Vec::new();
        for service in known {
            if self.allows_service(service) {
                told.push(json!(service.name));
            } else {
                of_all = false;
            }
        }
        if of_all {
            return "null".to_owned();
        }
        for service in own.filter(|service| self.allows_service(service)) {
            let methods = service.methods.iter();
            let methods = methods.map(|method| json!([method.name, method.give()]));
            told.push(json!([service.name, methods.collect::<Vec<_>>()]));
        }
        Value::from(told).to_string()
    }

    /// What the host application offers comes before what is the tenant's.
    fn find_service(&self, path: &str) -> Option<(&Service, &Method)> {
        let path = path.strip_prefix("services.")?;
        let known = self.world.services.find(path);
        let (service, method) = known.or_else(|| self.job.services.0.find(path))?;
        self.allows_service(service).then_some((service, method))
    }

    /// Arguments for a service, and what counts them.
    fn read_args(&self, json: &str) -> Result<(Vec<Value>, Held), HostError> {
        let refuse = |message: String| Err(HostError::new("VALIDATION_ERROR", message));
        if json.len() > SERVICE_ARGS_BYTES {
            return refuse(format!(
                "the arguments must have at most {SERVICE_ARGS_BYTES} bytes as JSON, not {}",
                json.len()
            ));
        }
        let held = self.hold(weight(json))?;
        match serde_json::from_str(json) {
            Ok(values) => Ok((values, held)),
            Err(_) => refuse("the arguments must be JSON, nested at most 128 levels".to_owned()),
        }
    }

    /// Refuses what the run's principal may not do.
    pub(crate) fn require(
        &self,
        permission: &str,
        what: impl FnOnce() -> String,
    ) -> Result<(), HostError> {
        if self.ctx.permissions.allows(permission) {
            return Ok(());
        }
        let message = format!("{} takes the permission {permission}", what());
        Err(HostError {
            details: Some(json!({ "permission": permission }).to_string()),
            ..HostError::new("PERMISSION_DENIED", message)
        })
    }

    fn call_service(self: &Arc<Self>, path: &str, method: &Method, args: &str) -> Reply {
        if let Some(permission) = &method.permission
            && let Err(error) = self.require(permission, || path.to_owned())
        {
            return Reply::Ready(Err(error));
        }
        if self.database.is_open() && !matches!(method.does, Does::Platform(_)) {
            // It may need what the transaction has locked, and would wait for itself.
            let message = format!("{path} cannot be called while a transaction is open");
            return Reply::Ready(Err(HostError::new("TRANSACTION_OPEN", message)));
        }
        let (args, values) = match self.read_args(args) {
            Ok(read) => read,
            Err(error) => return Reply::Ready(Err(error)),
        };
        match &method.does {
            Does::Host(handler) => self.ask_host(path, method, handler, args, values),
            Does::Remote(target) => remote::call(self, target.clone(), args, values),
            Does::Platform(does) => does(self, args, values),
        }
    }

    /// Calls the host application's own code.
    fn ask_host(
        self: &Arc<Self>,
        path: &str,
        method: &Method,
        handler: &Handler,
        args: Vec<Value>,
        values: Held,
    ) -> Reply {
        let call = ServiceCall {
            ctx: self.ctx.clone(),
            args,
            data: self.data().on_behalf(
                self.script,
                self.execution,
                lineage_of(&self.job.execution),
            ),
            execution: self.execution,
            ambient: self.world.ambient.clone(),
            dry_run: self.is_dry(),
        };
        let handler = if self.is_dry() && !method.reads_only {
            match self.intended_call(path, method, &call) {
                Ok(Some(stand_in)) => stand_in,
                Ok(None) => return Reply::Ready(Ok("null".to_owned())),
                Err(error) => return Reply::Ready(Err(error)),
            }
        } else {
            handler.clone()
        };
        let path = path.to_owned();
        // The handler is called inside of the work: it may panic before it has made its future.
        let work = async move {
            let _values = values;
            let answer = handler(call).await.map_err(HostError::from)?;
            Ok(answer.to_string())
        };
        self.pending(work, move |_| {
            tracing::error!(service = path, "a service broke down");
            HostError::new("SERVICE_ERROR", format!("{path} failed"))
        })
    }

    /// Notes a call that a dry run does not make; what answers in its place, if the host gave something.
    fn intended_call(
        &self,
        path: &str,
        method: &Method,
        call: &ServiceCall,
    ) -> Result<Option<Handler>, HostError> {
        let shown = Value::Array(call.args.clone()).to_string();
        let inner = shown.trim_start_matches('[').trim_end_matches(']');
        let target = path.strip_prefix("services.").unwrap_or(path);
        self.intend(EffectKind::Service, target, &format!("({inner})"))?;
        Ok(method.dry_run.clone())
    }

    /// Refuses what the script does too often.
    fn count_call(&self, path: &str) -> Result<(), HostError> {
        let Some(kind) = rates::Kind::of(path) else {
            return Ok(());
        };
        let share = self.world.shares.of(&self.job.tenant.slug);
        self.world.rates.count(self.script, kind, &share)
    }

    /// What the prelude asks for itself.
    fn internal(&self, name: &str, args: &str) -> Option<String> {
        match (name, &self.job.call) {
            ("internal.context", _) => Some(context::read(self)),
            ("internal.services", _) => Some(self.services()),
            ("internal.body", Call::Request(request)) => {
                // The prelude's own words; whatever else it may be is an empty part.
                let (at, file): (usize, i64) =
                    serde_json::from_str(args).unwrap_or((usize::MAX, -1));
                let file = usize::try_from(file).ok();
                let whole = file.map_or(Some(request.raw()), |file| request.file(file));
                let rest = whole.and_then(|whole| whole.get(at..)).unwrap_or_default();
                let part = rest.get(..BODY_PART).unwrap_or(rest);
                Some(Value::from(STANDARD.encode(part)).to_string())
            }
            _ => None,
        }
    }
}

impl Host for RunHost {
    fn class(&self, name: &str) -> CallClass {
        match capabilities::find(name) {
            Some(binding) => binding.class,
            None if name.starts_with("services.") => CallClass::Service,
            None => CallClass::Free,
        }
    }

    fn call(&mut self, name: &str, args: &str) -> Reply {
        let run = &self.0;
        if let Some((_, method)) = run.find_service(name) {
            return match run.heeds(name) {
                Ok(()) => run.call_service(name, method, args),
                Err(error) => Reply::Ready(Err(error)),
            };
        }
        let Some(binding) = capabilities::find(name) else {
            return Reply::Unknown;
        };
        let How::Async(handler) = binding.how else {
            return Reply::Unknown;
        };
        let args = run
            .heeds(name)
            .and_then(|()| binding.permitted(run))
            .and_then(|()| run.count_call(name))
            .and_then(|()| Args::read(args, binding.params, &run.zone));
        match args {
            Ok(args) => handler(run, args),
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    fn call_sync(&mut self, name: &str, args: &str) -> Result<String, HostError> {
        let run = &self.0;
        if let Some(reply) = run.internal(name, args) {
            return Ok(reply);
        }
        if name == "internal.deprecated" {
            // The prelude's own words, of a function that is not a call.
            let [function]: [String; 1] = serde_json::from_str(args).unwrap_or_default();
            return run.heeds(&function).map(|()| "null".to_owned());
        }
        match capabilities::find(name).map(|binding| (binding, binding.how)) {
            Some((binding, How::Sync(handler))) => {
                run.heeds(name)?;
                binding.permitted(run)?;
                handler(run, Args::read(args, binding.params, &run.zone)?)
            }
            _ => Err(HostError::new("UNKNOWN_CALL", "there is no such call")),
        }
    }

    fn meter(&self) -> Meter {
        self.0.live.meter.clone()
    }

    fn goes_on(&mut self) {
        self.0.begin_calls();
    }

    fn near_limit(&mut self, hit: LimitHit) {
        let what = match hit.limit {
            "wall" => "ms of wall time",
            "cpu" => "ms of CPU time",
            "memory" => "bytes of memory",
            "io_calls" => "API calls",
            "service_calls" => "service calls",
            other => other,
        };
        let message = format!("{} of {} {what} are used up", hit.observed, hit.allowed);
        let run = &self.0;
        run.live.logs.push(LogLevel::Warn, message, None, run.now());
    }

    fn log(&mut self, level: Level, message: &str, data: Option<&str>) {
        let level = match level {
            Level::Debug => LogLevel::Debug,
            // How far it is, scripts say by a call, which is no line.
            Level::Info | Level::Progress => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let run = &self.0;
        let (message, data) = run.masked(|mask| {
            let data = data.and_then(kept).map(|data| mask.json(data));
            (cut(&mask.text(message)), data)
        });
        run.live.logs.push(level, message, data, run.now());
    }

    fn now(&self) -> Duration {
        Duration::try_from(self.0.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
    }

    fn seed(&mut self) -> u64 {
        // The engine asks for it once, right before the first instruction.
        self.0.live.began.get_or_init(|| self.0.now());
        u64::from_le_bytes(self.0.world.ambient.random())
    }
}

/// About what a JSON text takes as values: its letters, and places for what they stand for.
pub(crate) fn weight(json: &str) -> usize {
    let place = size_of::<Value>();
    let (mut bytes, mut quoted, mut escaped) = (json.len() + place, false, false);
    for byte in json.bytes() {
        bytes += match byte {
            _ if escaped => {
                escaped = false;
                0
            }
            b'\\' => {
                escaped = quoted;
                0
            }
            b'"' => {
                quoted = !quoted;
                0
            }
            b',' | b':' | b'[' if !quoted => place,
            b'{' if !quoted => OBJECT_BYTES,
            _ => 0,
        };
    }
    bytes
}

/// The text of a line, cut when it alone would fill the log.
fn cut(message: &str) -> String {
    if message.len() <= LINE_BYTES {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(LINE_BYTES);
    format!("{}… ({} bytes)", &message[..end], message.len())
}

/// The data of a line, or how much it was.
fn kept(data: &str) -> Option<Json> {
    if data.len() > LINE_BYTES {
        return Some(json!({ "omitted_bytes": data.len() }).into());
    }
    Json::parse(data).ok()
}

impl From<ServiceError> for HostError {
    fn from(error: ServiceError) -> Self {
        Self {
            field: error.field,
            details: error.details.map(|details| details.to_string()),
            ..Self::new(error.code, error.message)
        }
    }
}
