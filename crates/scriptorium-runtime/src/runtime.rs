//! The runtime: the engine with our prelude, the threads guests run on, and what runs at the
//! moment. It knows nothing of when a script runs, nor of HTTP.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scriptorium_engine::{Config, Engine};
use scriptorium_model::alert::AlertKind;
use scriptorium_model::execution::{Execution, Failure, Progress};
use scriptorium_model::permission::Permission;
use scriptorium_model::remote_service::Manifest;
use scriptorium_model::script::{Definition, Language, Script, ScriptType};
use scriptorium_model::{Ambient, Ctx, ExecutionId, Invalid, Json, ScriptId, TenantId, template};
use scriptorium_outbound::{Outbound, Policy};
use scriptorium_store::tenant_data::TenantSchema;
use scriptorium_store::{Begin, Store};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capabilities::cache::Caches;
use crate::circuits::{Circuit, CircuitStatistics, Circuits};
use crate::compatibility::Deprecations;
use crate::error::Error;
use crate::had::Had;
use crate::host::{BLOCKING, TRANSACTIONS, World};
use crate::hub::{Hub, Stage, Watch};
use crate::job::{Call, Finished, Job};
use crate::libraries::{self, Bundle, Bundles, ResolvedLibrary};
use crate::load::Unfit;
use crate::notifications::{self, Outlets, sender};
use crate::once::{self, Once};
use crate::options::Options;
use crate::prepared::{Prepared, ProgramStatistics, Programs, Recipe};
use crate::rates::Rates;
use crate::remote::{self, Remotes, TenantServices};
use crate::scheduler::{
    Admission, AdmissionStatistics, SchedulerStatistics, Shares, TenantShare, TenantUse, Threads,
};
use crate::schema::{self, Schemas};
use crate::service::Registry;
use crate::{executor, load, pool, prelude, typings, worker};

/// Runs scripts. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Runtime(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) programs: Arc<Programs>,
    pub(crate) bundles: Bundles,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) world: Arc<World>,
    pub(crate) admission: Admission,
    pub(crate) circuits: Circuits<(TenantId, ScriptId), executor::Ended>,
    pub(crate) tenants: load::Tenants,
    pub(crate) hub: Hub,
    pub(crate) shares: Shares,
    pub(crate) guests: Threads,
    pub(crate) workers: usize,
    pub(crate) had: Had,
    pub(crate) wake: Notify,
    /// What the workers should take before all else.
    pub(crate) first: mpsc::UnboundedSender<(TenantId, ExecutionId)>,
    /// Take nothing more from the queue.
    pub(crate) stop: CancellationToken,
    /// What the process cuts off is not cancelled by anybody: it goes back to the queue.
    pub(crate) cut_off: AtomicBool,
    slots: usize,
    draining: AtomicBool,
    worker: Mutex<Option<JoinHandle<()>>>,
    firsts: Mutex<Option<mpsc::UnboundedReceiver<(TenantId, ExecutionId)>>>,
}

/// A reading of the runtime's counters.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Executions running or waiting for room.
    pub executions: usize,
    /// Executions that hold room now.
    pub running: usize,
    /// Room there is.
    pub slots: usize,
    /// Who was let in, who waits, who was refused.
    pub admission: AdmissionStatistics,
    /// Which scripts are held back.
    pub circuits: CircuitStatistics,
    /// Which remote services are held back.
    pub service_circuits: CircuitStatistics,
    /// Programs that were kept ready, and those that were not.
    pub programs: ProgramStatistics,
    /// The threads that run guest code.
    pub scheduler: SchedulerStatistics,
    /// What tenants have used of the processors; a bounded number of them by name.
    pub tenants: Vec<TenantUse>,
    /// The engine's own counters.
    pub engine: scriptorium_engine::Statistics,
}

impl Runtime {
    /// Sets up the engine with the prelude of these services. Takes a second the first time,
    /// when the compiled engine is not in `options.cache_dir`. Must be called inside a tokio
    /// runtime with I/O and time, which serves the calls of scripts.
    ///
    /// # Errors
    /// [`Error::Options`] for names that cannot be used, otherwise what could not be set up.
    pub fn new(options: Options, store: Store, ambient: Ambient) -> Result<Self, Error> {
        let io = Handle::try_current().map_err(|_| Error::NoReactor)?;
        let services = checked(&options)?;
        let deprecations = Deprecations::with(options.deprecations, &services);
        let deprecations = Arc::new(deprecations.map_err(Error::Options)?);
        let slots = options.hot_slots as usize + options.overflow_slots as usize;
        let engine = Engine::new(Config {
            prelude: prelude::text(&services, &deprecations),
            cache_dir: options.cache_dir,
            hot_slots: options.hot_slots,
            overflow_slots: options.overflow_slots,
            allow_eval: options.allow_eval,
            ..Config::default()
        })?;
        let permissions = permissions(&options.permissions, &services);
        let data = match options.data {
            Some(data) => data,
            None => store.tenant_data(TenantSchema::default())?,
        };
        let outbound = match options.outbound {
            Some(outbound) => outbound,
            None => Outbound::new(Policy::default())?,
        };
        let operators = options.service_outbound.unwrap_or_else(|| outbound.clone());
        let world = World {
            remotes: Remotes::new(&store, ambient.clone(), operators),
            rates: Rates::new(ambient.clone()),
            store,
            ambient,
            services,
            deprecations,
            data,
            templates: options.templates,
            types: options.types,
            outlets: Outlets::new(options.notifications)?,
            outbound,
            shares: options.shares.clone(),
            permissions,
            io,
            tasks: TaskTracker::new(),
            blocking: Arc::new(Semaphore::new(BLOCKING)),
            transactions: Arc::new(Semaphore::new(TRANSACTIONS)),
            caches: Caches::default(),
        };
        let guests = Threads::start(options.guest_threads, {
            let engine = engine.clone();
            move || engine.tick()
        })
        .map_err(Error::Threads)?;
        // Where there are few places, all are for everybody.
        let reserved = (options.operator_slots as usize).min(slots / 8);
        let (first, firsts) = mpsc::unbounded_channel();
        let runtime = Self(Arc::new(Shared {
            programs: Arc::new(Programs::new(engine.clone())),
            bundles: Bundles::new(),
            schemas: Arc::new(Schemas::new()),
            circuits: Circuits::new(world.ambient.clone()),
            engine,
            world: Arc::new(world),
            admission: Admission::new(slots - reserved, reserved, options.patience),
            tenants: load::Tenants::new(),
            hub: Hub::default(),
            shares: options.shares,
            guests,
            workers: options.workers.max(1),
            had: Had::default(),
            wake: Notify::new(),
            first,
            stop: CancellationToken::new(),
            cut_off: AtomicBool::new(false),
            slots,
            draining: AtomicBool::new(false),
            worker: Mutex::new(None),
            firsts: Mutex::new(Some(firsts)),
        }));
        runtime.tell_of_circuits();
        let world = &runtime.0.world;
        let keeper = pool::keep(Arc::downgrade(&runtime.0));
        world.tasks.spawn_on(keeper, &world.io);
        Ok(runtime)
    }

    /// Translates and compiles a source, or finds it in the cache: what `run` does first, for
    /// those who want to know before. Blocks the thread for up to a second.
    ///
    /// # Errors
    /// What is wrong with the source, with its place; `platform.*` when it is not the source.
    pub fn prepare(
        &self,
        source: &str,
        language: Language,
        kind: ScriptType,
        entry: Option<&str>,
    ) -> Result<Prepared, Failure> {
        self.0.programs.prepare(&Recipe {
            source,
            language,
            kind,
            entry,
            libraries: &Bundle::default(),
            around: [&[], &[]],
        })
    }

    /// Raises an alert when the executions of a script are held back.
    fn tell_of_circuits(&self) {
        let world = &self.0.world;
        let (store, tasks, io) = (world.store.clone(), world.tasks.clone(), world.io.clone());
        self.0.circuits.tell(move |&(tenant, script)| {
            let store = store.clone();
            let raise = async move {
                let ctx = Ctx::platform(tenant);
                let message = "its executions time out or cannot be run; they are held back";
                let raised = store.raise_alert(&ctx, AlertKind::CircuitOpen, script, message);
                if let Err(error) = raised.await {
                    tracing::error!(%error, %script, "an alert was not raised");
                }
            };
            tasks.spawn_on(raise, &io);
        });
    }

    /// What the imports of a source mean in the tenant now; `importer` is the script that it is
    /// or will be, if there is one.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn libraries(
        &self,
        ctx: &Ctx,
        definition: &Definition,
        importer: Option<ScriptId>,
    ) -> Result<Vec<ResolvedLibrary>, scriptorium_store::Error> {
        let shared = &self.0;
        let specifiers = libraries::imports(&shared.world, definition).await;
        libraries::resolve(&shared.world, &shared.programs, ctx, specifiers, importer).await
    }

    /// The job of an execution that `caller` asks for and waits for: the version to run, the
    /// effective rights as of now (D12), the call that its recorded input stands for unless one
    /// is given.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub async fn job(
        &self,
        caller: &Ctx,
        script: &Script,
        execution: Execution,
        call: Option<Call>,
    ) -> Result<Job, Unfit> {
        load::job(&self.0, caller, script, execution, call).await
    }

    /// Checks the recorded input of an execution that is to run later: whoever asks for it hears at
    /// once that it does not suit the script, or its schema.
    ///
    /// # Errors
    /// What of the input does not suit.
    pub async fn suits(
        &self,
        definition: &Definition,
        execution: &Execution,
    ) -> Result<(), Invalid> {
        let call = Call::of_execution(definition, execution)?;
        let (world, schemas) = (&self.0.world, &self.0.schemas);
        schema::fitted(world, schemas, definition, call).await?;
        Ok(())
    }

    /// Checks a schema before it is kept with a script as a field, such as `input_schema`.
    ///
    /// # Errors
    /// It is no schema, refers to something else than its own parts, or is too large or too costly.
    pub async fn check_schema(&self, field: &str, schema: &Json) -> Result<(), Invalid> {
        schema::check(&self.0.world, &self.0.schemas, field, schema).await
    }

    /// Runs a job to its end. A script that fails is in the record; so is a platform that does,
    /// as `platform.*`. When [`Finished::refused`] says why, there was no room soon enough and the
    /// script did not begin. Dropping the future ends the run without a record: a caller that
    /// may go away runs this in a task of its own.
    pub async fn run(&self, job: Job) -> Finished {
        executor::run(&self.0, job).await
    }

    /// Runs a job to its recorded end for a caller who was promised that it is done once. There has
    /// to be room, as for [`Runtime::run`]; then `begin` records the execution as begun under a
    /// lease, and only if it does the script runs.
    pub async fn run_once<E>(
        &self,
        ctx: &Ctx,
        job: Job,
        begin: impl AsyncFnOnce(Begin) -> Result<(), E> + Send,
    ) -> Once<E> {
        once::run(&self.0, ctx, job, begin).await
    }

    /// A look at an execution that runs in this process.
    pub fn watch(&self, id: ExecutionId) -> Option<Watch> {
        self.0.hub.watch(id)
    }

    /// Where an execution stands; `None` when it is not in this process.
    pub fn stage(&self, id: ExecutionId) -> Option<Stage> {
        self.0.hub.stage(id)
    }

    /// What a tenant may take of the process.
    ///
    /// # Errors
    /// The database's failure; `NotFound` when there is no such tenant.
    pub async fn share(&self, tenant: TenantId) -> Result<TenantShare, scriptorium_store::Error> {
        let shared = &self.0;
        let tenant = shared.tenants.find(&shared.world.store, tenant).await?;
        Ok(shared.shares.of(&tenant.slug))
    }

    /// How far an execution says it is that runs in this process.
    pub fn progress(&self, id: ExecutionId) -> Option<Progress> {
        self.0.hub.progress(id)
    }

    /// Asks an execution to end as cancelled. False when it does not run in this process.
    pub fn cancel(&self, id: ExecutionId) -> bool {
        self.0.hub.cancel(id)
    }

    /// Asks every execution of a tenant to end as cancelled; how many run in this process.
    pub fn cancel_tenant(&self, tenant: TenantId) -> usize {
        self.0.hub.cancel_of(tenant)
    }

    /// Starts working on the executions that wait in the store. A second call does nothing.
    pub fn start_workers(&self) {
        let mut worker = self.0.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let mut firsts = self.0.firsts.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.draining.load(Ordering::Acquire) {
            return;
        }
        if let Some(firsts) = firsts.take() {
            let task = worker::work(self.clone(), firsts);
            let world = &self.0.world;
            *worker = Some(world.tasks.spawn_on(task, &world.io));
            let sending = sender::keep_sending(self.0.clone());
            world.tasks.spawn_on(sending, &world.io);
        }
    }

    /// Sends the notifications that are due now, as it is done in the background, and waits for them; how many
    /// were tried.
    ///
    /// # Errors
    /// The database's failure; what was claimed until then is sent later.
    pub async fn send_notifications(&self) -> Result<u32, scriptorium_store::Error> {
        let mut tried = 0;
        loop {
            let pass = sender::pass(&self.0.world).await?;
            if pass.tried == 0 {
                return Ok(tried);
            }
            tried += pass.tried;
        }
    }

    /// Tells the workers that something was put into the queue.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Tells the workers to take one execution before all that waits: an operator has asked for
    /// it by hand.
    pub fn wake_for(&self, tenant: TenantId, execution: ExecutionId) {
        // Without a worker in this process another one will take it in its turn.
        let _ = self.0.first.send((tenant, execution));
    }

    /// Takes nothing more from the queue. What was taken and waits for room is given back.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
        self.0.stop.cancel();
    }

    /// Takes nothing more from the queue, waits for what runs, cancels what still runs after
    /// `drain`, and joins the guest threads. What was not begun stays pending.
    pub async fn shutdown(&self, drain: Duration) {
        self.drain();
        let shared = &self.0;
        let worker = {
            let mut worker = shared.worker.lock().unwrap_or_else(PoisonError::into_inner);
            worker.take()
        };
        let finished = async {
            if let Some(worker) = worker {
                // It ends by the token; a panic in it has been logged.
                let _ = worker.await;
            }
            shared.world.tasks.close();
            shared.world.tasks.wait().await;
        };
        tokio::pin!(finished);
        if tokio::time::timeout(drain, &mut finished).await.is_err() {
            shared.cut_off.store(true, Ordering::Release);
            shared.hub.cut_off();
            // A cancelled guest ends within a tick and its calls are dropped; a service that
            // does not return is not waited for.
            let _ = tokio::time::timeout(Duration::from_secs(5), finished).await;
        }
        shared.guests.shutdown(&shared.world.io).await;
    }

    /// TypeScript declarations of the script API with the host application's services and a tenant's own.
    pub fn typings(&self, services: &TenantServices) -> String {
        let world = &self.0.world;
        typings::declarations(typings::Declared {
            services: &world.services,
            own: &services.0,
            host: &world.types,
            deprecations: &world.deprecations,
        })
    }

    /// What scripts should not use any more.
    pub fn deprecations(&self) -> &Arc<Deprecations> {
        &self.0.world.deprecations
    }

    /// The services of a tenant that are somewhere else.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn tenant_services(
        &self,
        tenant: TenantId,
    ) -> Result<TenantServices, scriptorium_store::Error> {
        let world = &self.0.world;
        world.remotes.of(&world.store, tenant).await
    }

    /// Checks what a remote service declares before it is registered: its rules, its schemas, that nothing of the
    /// host application has its name, and that requests may go where it says it is.
    ///
    /// # Errors
    /// Every broken rule.
    pub async fn check_remote_service(
        &self,
        manifest: &Manifest,
        by_operator: bool,
    ) -> Result<(), Invalid> {
        remote::check(&self.0, manifest, by_operator).await
    }

    /// Whether this process holds a remote service of a tenant back at present, because calls of it fail.
    pub fn service_circuit(&self, tenant: TenantId, name: &str) -> Option<Circuit> {
        self.0
            .world
            .remotes
            .circuits
            .find(&(tenant, name.to_owned()))
    }

    /// Every permission name there is: the platform's and the host application's.
    pub fn known_permissions(&self) -> &BTreeSet<String> {
        &self.0.world.permissions
    }

    /// Names of the registered services, in order.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        let services = self.0.world.services.iter();
        services.map(|service| service.name.as_str())
    }

    /// Whether scripts of a type may call a service, the host application's or one of the tenant's; `None` when
    /// there is none of that name.
    pub fn offers(&self, name: &str, kind: ScriptType, services: &TenantServices) -> Option<bool> {
        let known = self.0.world.services.get(name);
        let service = known.or_else(|| services.0.get(name))?;
        Some(service.is_for(kind))
    }

    /// Whether this process holds a script back at present, because its executions time out or
    /// cannot be run. `None` is the usual case.
    pub fn circuit(&self, tenant: TenantId, script: ScriptId) -> Option<Circuit> {
        self.0.circuits.find(&(tenant, script))
    }

    /// A reading of the counters.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            executions: self.0.hub.len(),
            running: self.0.admission.taken(),
            slots: self.0.slots,
            admission: self.0.admission.statistics(),
            circuits: self.0.circuits.statistics(),
            service_circuits: self.0.world.remotes.circuits.statistics(),
            programs: self.0.programs.statistics(),
            scheduler: self.0.guests.statistics(),
            tenants: self.0.guests.usage(),
            engine: self.0.engine.statistics(),
        }
    }
}

/// Checks what the host application has given names to.
fn checked(options: &Options) -> Result<Registry, Error> {
    let mut invalid = Invalid::default();
    for (name, body) in &options.templates {
        invalid.check(template::validate(name, body));
    }
    if options.hot_slots + options.overflow_slots == 0 {
        invalid.push(
            "hot_slots",
            "out_of_range",
            "must leave room for one execution",
        );
    }
    options.shares.check(&mut invalid);
    let mut services = options.services.clone();
    // What the host offers under the name stays what it is.
    let own = services
        .iter()
        .any(|one| one.name() == notifications::service::NAME);
    if !own {
        services.push(notifications::service::service());
    }
    let services = invalid.check(Registry::new(services));
    invalid
        .or(services.unwrap_or_default())
        .map_err(Error::Options)
}

/// The names `*` stands for. [`Permission::TenantsManage`] is never among them.
fn permissions(host: &[String], services: &Registry) -> BTreeSet<String> {
    let platform = Permission::ALL
        .into_iter()
        .map(|permission| permission.as_str().to_owned());
    let asked = services
        .iter()
        .flat_map(|service| &service.methods)
        .filter_map(|method| method.permission.clone());
    platform.chain(host.iter().cloned()).chain(asked).collect()
}
