//! The platform: everything wired together, and the way to each noun.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use scriptorium_model::execution::{Execution, ExecutionStatus};
use scriptorium_model::permission::Permission;
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::tenant::{DEFAULT_SLUG, Tenant};
use scriptorium_model::{Ambient, Ctx, IdempotencyKey, Invalid, ScriptId, TenantId, policy};
use scriptorium_outbound::Outbound;
use scriptorium_runtime::{Call, Finished, HttpReply, Job, Once, Runtime, Statistics, StreamSink};
use scriptorium_store::tenant_data::TenantData;
use scriptorium_store::{Accept, Backlog, Inserted, Node, ReplicaStatus, Store};
use scriptorium_triggers::Triggers;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::RETRY_AFTER;
use crate::alerts::Alerts;
use crate::audit::Audit;
use crate::backlog::Backlogs;
use crate::backup::Backups;
use crate::compatibility::Compatibility;
use crate::dead_letters::DeadLetters;
use crate::embedded::TenantHandle;
use crate::endpoints::{Endpoints, Rates};
use crate::error::{Error, Result};
use crate::events::Events;
use crate::executions::{Executions, Mode};
use crate::halts::{Halts, Standing};
use crate::hooks::Hook;
use crate::idempotency::{Answer, answered};
use crate::notifications::Notifications;
use crate::operations::Operations;
use crate::outgoing::Outgoing;
use crate::password::Passwords;
use crate::remote_services::RemoteServices;
use crate::retention::RetentionSettings;
use crate::schedules::Schedules;
use crate::scripts::Scripts;
use crate::secrets::Secrets;
use crate::storage::Storage;
use crate::subscriptions::Subscriptions;
use crate::templates::Templates;
use crate::tenants::Tenants;
use crate::tokens::Tokens;
use crate::transfer::Transfer;
use crate::users::Users;
use crate::waiting::{Entry, Waiting};
use crate::watch::{self, LOOK_EVERY};

/// Scriptorium, running in this process. Cheap to clone; the last clone does not stop it,
/// [`Platform::shutdown`] does.
#[derive(Clone)]
pub struct Platform(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    pub(crate) outbound: Outbound,
    pub(crate) triggers: Triggers,
    pub(crate) waiting: Waiting,
    pub(crate) halts: Standing,
    pub(crate) rates: Rates,
    pub(crate) backlogs: Backlogs,
    pub(crate) ambient: Ambient,
    pub(crate) passwords: Passwords,
    pub(crate) data: TenantData,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) default_tenant: Tenant,
    pub(crate) bootstrap_hash: Option<[u8; 32]>,
    pub(crate) first_sign_in: Option<FirstSignIn>,
    pub(crate) backup_dir: PathBuf,
    /// Held while a backup is taken, so that there is one at a time.
    pub(crate) backing_up: Arc<Mutex<()>>,
    /// Nothing is begun any more that nobody waits for.
    pub(crate) drain: CancellationToken,
    /// Says that there is an operation to go on with.
    pub(crate) operations: Notify,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// The runtime that the platform was started in.
    pub(crate) io: Handle,
}

/// The account made at the first start.
#[derive(Clone)]
pub struct FirstSignIn {
    /// Its address.
    pub email: String,
    /// Its password, when it was made up; shown once.
    pub password: Option<String>,
}

/// Whether an answer waits for the disk (D7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    /// It does.
    Strict,
    /// It does not; the record is written all the same.
    Relaxed,
}

/// An execution that ran in this process, recorded.
pub(crate) struct Ended {
    pub(crate) execution: Execution,
    /// What an endpoint script that completed answers.
    pub(crate) reply: Option<HttpReply>,
}

impl Ended {
    /// One that may be asked for again, as its record tells.
    pub(crate) fn recorded(execution: Execution) -> Self {
        let completed = execution.status == ExecutionStatus::Completed;
        let output = execution.output.as_ref().filter(|_| completed);
        let reply = output.and_then(HttpReply::from_record);
        Self { execution, reply }
    }
}

/// How long somebody who waits does so for the seat of an execution.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why an execution that is recorded first did not begin.
enum NotBegun {
    /// It was asked for before.
    Before(Box<Execution>),
    /// As many as may go on are about the same thing.
    Full,
    /// The same, and it is on record as cancelled.
    Dropped(Box<Execution>),
    Error(Error),
}

impl From<Error> for NotBegun {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<scriptorium_store::Error> for NotBegun {
    fn from(error: scriptorium_store::Error) -> Self {
        Self::Error(error.into())
    }
}

/// How the platform is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether new work is taken; not from [`Platform::drain`] on.
    pub accepting: bool,
    /// Counters of the runtime.
    pub runtime: Statistics,
    /// Statements on the platform's own tables since the process began.
    pub statements: u64,
    /// How the replica is that scripts which only read are sent to; `None` when none is set.
    pub replica: Option<ReplicaStatus>,
}

impl Platform {
    /// A platform to be set up.
    pub fn builder() -> crate::Builder {
        crate::Builder::default()
    }

    /// Scripts of a tenant.
    pub fn scripts(&self) -> Scripts<'_> {
        Scripts(self)
    }

    /// Executions of a tenant.
    pub fn executions(&self) -> Executions<'_> {
        Executions(self)
    }

    /// What keeps executions from beginning.
    pub fn halts(&self) -> Halts<'_> {
        Halts(self)
    }

    /// HTTP endpoints of any tenant.
    pub fn endpoints(&self) -> Endpoints<'_> {
        Endpoints(self)
    }

    /// How long a tenant's history is kept.
    pub fn retention(&self) -> RetentionSettings<'_> {
        RetentionSettings(self)
    }

    /// Events of a tenant.
    pub fn events(&self) -> Events<'_> {
        Events(self)
    }

    /// Events of a tenant that a script could not deal with.
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters(self)
    }

    /// Messages to people that a tenant's scripts send.
    pub fn notifications(&self) -> Notifications<'_> {
        Notifications(self)
    }

    /// Operations on many executions of a tenant.
    pub fn operations(&self) -> Operations<'_> {
        Operations(self)
    }

    /// The rules of the requests that a tenant's scripts send.
    pub fn outgoing(&self) -> Outgoing<'_> {
        Outgoing(self)
    }

    /// The services of a tenant that are somewhere else.
    pub fn remote_services(&self) -> RemoteServices<'_> {
        RemoteServices(self)
    }

    /// The way out, which scripts' requests take: for whatever else is asked of other hosts on behalf of a
    /// tenant. It lets nobody reach what is private, and does not look at a tenant's rules by itself.
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// The secrets of a tenant.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets(self)
    }

    /// Compatibility dates of a tenant's scripts.
    pub fn compatibility(&self) -> Compatibility<'_> {
        Compatibility(self)
    }

    /// Alerts of a tenant.
    pub fn alerts(&self) -> Alerts<'_> {
        Alerts(self)
    }

    /// Subscriptions of a tenant's event scripts.
    pub fn subscriptions(&self) -> Subscriptions<'_> {
        Subscriptions(self)
    }

    /// Storage of a tenant.
    pub fn storage(&self) -> Storage<'_> {
        Storage(self)
    }

    /// Message templates of a tenant.
    pub fn templates(&self) -> Templates<'_> {
        Templates(self)
    }

    /// Schedules before they are saved.
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules(self)
    }

    /// Users of a tenant.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// API tokens of a tenant.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(self)
    }

    /// The audit trail of a tenant.
    pub fn audit(&self) -> Audit<'_> {
        Audit(self)
    }

    /// All tenants.
    pub fn tenants(&self) -> Tenants<'_> {
        Tenants(self)
    }

    /// Scripts and templates of a tenant as they leave it and come back.
    pub fn transfer(&self) -> Transfer<'_> {
        Transfer(self)
    }

    /// Backups of the whole platform.
    pub fn backups(&self) -> Backups<'_> {
        Backups(self)
    }

    /// The tenant of a slug, whoever asks.
    ///
    /// # Errors
    /// The store failed.
    #[boxed]
    pub async fn find_tenant(&self, slug: &str) -> Result<Option<Tenant>> {
        Ok(self.store().find_tenant_by_slug(slug).await?)
    }

    /// A tenant as the host application sees it.
    ///
    /// # Errors
    /// No such tenant.
    #[boxed]
    pub async fn tenant(&self, slug: &str) -> Result<TenantHandle> {
        let tenant = self.find_tenant(slug).await?.ok_or_else(Error::not_found)?;
        Ok(self.handle_of(tenant))
    }

    /// The tenant that the first start made.
    pub fn default_tenant(&self) -> &Tenant {
        &self.0.default_tenant
    }

    /// Calls an active embedded script of the tenant `default` by name: serde in, serde out
    /// (R-EMB-01). For other tenants see [`Platform::tenant`].
    ///
    /// # Errors
    /// [`crate::ErrorKind::Script`] with the execution when the script fails or its result does
    /// not fit `O`; otherwise like [`Executions::invoke`].
    pub async fn invoke<I, O>(&self, name: &str, input: &I) -> Result<O>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        self.handle_of(self.0.default_tenant.clone())
            .invoke(name, input)
            .await
    }

    /// TypeScript declarations of the script API with the host's services and those of the tenant that are
    /// somewhere else.
    ///
    /// # Errors
    /// The database's failure.
    #[boxed]
    pub async fn typings(&self, ctx: &Ctx) -> Result<String> {
        let services = self.runtime().tenant_services(ctx.tenant).await?;
        Ok(self.runtime().typings(&services))
    }

    /// A hook that the host has declared.
    pub(crate) fn hook(&self, name: &str) -> Option<Hook> {
        let hooks = self.0.hooks.iter();
        hooks.into_iter().find(|hook| hook.name == name).cloned()
    }

    /// Names of the services there are for scripts of the tenant, in order: the host's, and those that are
    /// somewhere else.
    ///
    /// # Errors
    /// The database's failure.
    #[boxed]
    pub async fn service_names(&self, ctx: &Ctx) -> Result<BTreeSet<String>> {
        let own = self.runtime().tenant_services(ctx.tenant).await?;
        let known = self.runtime().service_names().chain(own.names());
        Ok(known.map(str::to_owned).collect())
    }

    /// Every permission name there is: the platform's, the host's, and those services ask for.
    pub fn known_permissions(&self) -> &BTreeSet<String> {
        self.runtime().known_permissions()
    }

    /// The account made at this start, if it was the first.
    pub fn first_sign_in(&self) -> Option<&FirstSignIn> {
        self.0.first_sign_in.as_ref()
    }

    /// The servers that share the platform's PostgreSQL database, the longest running first; none
    /// on SQLite, which one server has for itself.
    ///
    /// # Errors
    /// The permission `tenants.manage` is missing, or the store failed.
    #[boxed]
    pub async fn nodes(&self, ctx: &Ctx) -> Result<Vec<Node>> {
        policy::require(ctx, Permission::TenantsManage)?;
        Ok(self.store().list_nodes().await?)
    }

    /// Returns when something was written to the database and is on disk, which is what everything here
    /// needs to be of use. It takes as long as writing takes at present.
    ///
    /// # Errors
    /// The database cannot be reached, has no space left, or refuses.
    #[boxed]
    pub async fn check_database(&self) -> Result<()> {
        Ok(self.store().check_writes().await?)
    }

    /// What was accepted of all tenants and has not begun. It is counted, row by row.
    ///
    /// # Errors
    /// The database cannot be read.
    #[boxed]
    pub async fn backlog(&self) -> Result<Backlog> {
        Ok(self.store().backlog().await?)
    }

    /// How the platform is doing.
    pub fn status(&self) -> Status {
        Status {
            accepting: !self.0.drain.is_cancelled(),
            runtime: self.runtime().statistics(),
            statements: self.store().statements(),
            replica: self.store().replica(),
        }
    }

    /// Begins to end: no schedule fires any more, no event is delivered, nothing is taken from the
    /// queue, and [`Status::accepting`] says so, while callers are still served. That gives whoever
    /// sends them here the time to notice, and other servers the work. [`Platform::shutdown`] follows.
    pub fn drain(&self) {
        self.0.drain.cancel();
        self.runtime().drain();
    }

    /// Stops: nothing is begun any more, what runs may end within `drain` and is stopped then. What
    /// was accepted and not begun stays pending; what was taken from the queue and is cut off goes
    /// back there, and that attempt does not count.
    #[boxed]
    pub async fn shutdown(&self, drain: Duration) {
        self.drain();
        self.0.stop.cancel();
        self.0.tasks.close();
        // Together: among the tasks are those that wait for what the runtime runs.
        tokio::join!(self.0.tasks.wait(), self.runtime().shutdown(drain));
        self.store().close().await;
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.0.waiting
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(crate) fn triggers(&self) -> &Triggers {
        &self.0.triggers
    }

    /// The clock and the randomness it was given, so that who serves it tells the same time.
    pub fn ambient(&self) -> &Ambient {
        &self.0.ambient
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn backup_dir(&self) -> &Path {
        &self.0.backup_dir
    }

    pub(crate) fn backing_up(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.0.backing_up)
    }

    /// Cancelled when the platform begins to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    pub(crate) fn wake_operations(&self) {
        self.0.operations.notify_one();
    }

    pub(crate) fn bootstrap_hash(&self) -> Option<&[u8; 32]> {
        self.0.bootstrap_hash.as_ref()
    }

    /// Checks the services that a definition names: each is there, and for scripts of its type.
    pub(crate) async fn check_services(
        &self,
        ctx: &Ctx,
        definition: &Definition,
        invalid: &mut Invalid,
    ) -> Result<()> {
        let Some(names) = &definition.allowed_services else {
            return Ok(());
        };
        let own = self.runtime().tenant_services(ctx.tenant).await?;
        let kind = definition.trigger.kind();
        let (mut unknown, mut of_others) = (Vec::new(), Vec::new());
        for name in names {
            match self.runtime().offers(name, kind, &own) {
                None => unknown.push(name.as_str()),
                Some(false) => of_others.push(name.as_str()),
                Some(true) => {}
            }
        }
        if !unknown.is_empty() {
            let message = format!("names services that do not exist: {}", unknown.join(", "));
            invalid.push("allowed_services", "not_found", message);
        }
        if !of_others.is_empty() {
            let names = of_others.join(", ");
            let message = format!("names services that are for scripts of other types: {names}");
            invalid.push("allowed_services", "not_for_type", message);
        }
        Ok(())
    }

    pub(crate) async fn active_script(&self, tenant: TenantId, id: ScriptId) -> Result<Script> {
        Ok(self.store().find_script(&Ctx::platform(tenant), id).await?)
    }

    /// Runs an execution in this process with its recorded input; see [`Platform::run_call`].
    pub(crate) async fn run_now(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
        history: History,
    ) -> Result<Execution> {
        let ended = self.run_call(ctx, execution, script, None, history).await?;
        Ok(ended.execution)
    }

    /// Runs an execution in this process and records how it ended. It does so in a task of its
    /// own: a client that hangs up ends neither the script nor its record. Refused executions are
    /// not worth a record: nothing of theirs has begun.
    pub(crate) async fn run_call(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
        call: Option<Call>,
        history: History,
    ) -> Result<Ended> {
        let running = self.begin_call(ctx, execution, script, call, history, None);
        ended(running.await?.await)
    }

    /// Begins such a run; an answer in parts goes into `stream`.
    pub(crate) async fn begin_call(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
        call: Option<Call>,
        history: History,
        stream: Option<StreamSink>,
    ) -> Result<JoinHandle<Result<Ended>>> {
        if self.0.stop.is_cancelled() {
            return Err(Error::busy("busy", RETRY_AFTER));
        }
        self.check_halts(ctx, &execution)?;
        let job = self.runtime().job(ctx, script, execution, call).await?;
        let job = Job { stream, ..job };
        let (platform, ctx) = (self.clone(), ctx.clone());
        // Before anybody could want it stopped.
        let entry = self.waiting().enter(&job.execution);
        let work = async move {
            let mut finished = platform.runtime().run(job).await;
            if let Some(refusal) = &finished.refused {
                return Err(Error::refused(refusal));
            }
            let reply = finished.reply.take();
            let execution = finished.execution.clone();
            if history == History::Strict {
                let commit = platform.store().record(&ctx, written(finished)).await?;
                commit.await?;
            } else {
                platform.record_later(&ctx, finished, entry).await;
            }
            Ok(Ended { execution, reply })
        };
        Ok(self.0.tasks.spawn(work))
    }

    /// Runs an execution in this process that is on disk before it begins, and so is its end when this
    /// returns (D7): its caller was promised that asking again does not run it again, or others wait for
    /// its end to have their seat.
    pub(crate) async fn run_recorded(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
        key: Option<IdempotencyKey>,
    ) -> Result<Answer<Execution>> {
        let run = self.run_call_recorded(ctx, execution, script, None, key);
        let Answer { value, repeated } = run.await?;
        Ok(Answer {
            value: value.execution,
            repeated,
        })
    }

    /// The same with a call, and with what an endpoint script answers.
    pub(crate) async fn run_call_recorded(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
        call: Option<Call>,
        key: Option<IdempotencyKey>,
    ) -> Result<Answer<Ended>> {
        if self.0.stop.is_cancelled() {
            return Err(Error::busy("busy", RETRY_AFTER));
        }
        self.check_halts(ctx, &execution)?;
        let execution = Execution {
            idempotency_key: key.as_ref().map(|key| key.key.clone()),
            ..execution
        };
        let job = self.runtime().job(ctx, script, execution, call).await?;
        let dry_run = job.execution.dry_run;
        let (platform, ctx) = (self.clone(), ctx.clone());
        let work = async move {
            let until = tokio::time::Instant::now() + PATIENCE;
            loop {
                match platform.try_once(&ctx, job.clone(), key.clone()).await {
                    Err(NotBegun::Full) if tokio::time::Instant::now() < until => {
                        // Nothing is held meanwhile: neither room nor a place in a line.
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                    Err(NotBegun::Full) => return Err(Error::no_seat(RETRY_AFTER)),
                    Err(NotBegun::Error(error)) => return Err(error),
                    Err(NotBegun::Before(first)) => {
                        let Answer { value, repeated } = answered(*first, Mode::Sync, dry_run)?;
                        let value = Ended::recorded(value);
                        return Ok(Answer { value, repeated });
                    }
                    Err(NotBegun::Dropped(execution)) => {
                        return Ok(Answer::first(Ended::recorded(*execution)));
                    }
                    Ok(ended) => return Ok(Answer::first(ended)),
                }
            }
        };
        let ended = self.0.tasks.spawn(work).await;
        ended.map_err(|_| Error::internal("the execution's task failed"))?
    }

    async fn try_once(
        &self,
        ctx: &Ctx,
        job: Job,
        key: Option<IdempotencyKey>,
    ) -> Result<Ended, NotBegun> {
        let id = job.execution.id;
        let entry = self.waiting().enter(&job.execution);
        let execution = job.execution.clone();
        let begin = async |begin| {
            let accept = Accept {
                execution,
                key,
                begin: Some(begin),
            };
            let inserted = self.store().accept(ctx, accept).await?;
            // From now on it is in the store.
            drop(entry);
            match inserted {
                Inserted::New => Ok(()),
                Inserted::Existing(first) => Err(NotBegun::Before(first)),
                Inserted::KeyReused => Err(Error::key_reused().into()),
                Inserted::Full => Err(NotBegun::Full),
                Inserted::Dropped(execution) => Err(NotBegun::Dropped(execution)),
            }
        };
        match self.runtime().run_once(ctx, job, begin).await {
            Once::Refused(refusal) => Err(Error::refused(&refusal).into()),
            Once::NotBegun(why) => Err(why),
            // As who asks again hears it: what was to go out in parts went to nobody.
            Once::Ended { execution } => Ok(Ended::recorded(*execution)),
            Once::Cancelled(finished) => {
                let execution = finished.execution.clone();
                let commit = self.store().record(ctx, written(*finished)).await?;
                commit.await?;
                Ok(Ended::recorded(execution))
            }
            Once::Elsewhere => {
                let ctx = Ctx::platform(ctx.tenant);
                tokio::select! {
                    execution = watch::until_final(self, &ctx, id) => {
                        Ok(Ended::recorded(execution?))
                    }
                    // Who asks another server under the same key hears the end.
                    () = self.0.stop.cancelled() => Err(Error::busy("busy", RETRY_AFTER).into()),
                }
            }
        }
    }

    fn handle_of(&self, tenant: Tenant) -> TenantHandle {
        TenantHandle::new(self.clone(), tenant)
    }

    /// Runs an execution inside of a host's transaction on these tables, within a time in which it has
    /// to find room as well. It is to be recorded when the transaction has ended.
    pub(crate) async fn run_joined(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
        tables: TenantData,
        budget: Duration,
    ) -> Result<(Finished, Entry)> {
        if self.0.stop.is_cancelled() {
            return Err(Error::busy("busy", RETRY_AFTER));
        }
        self.check_halts(ctx, &execution)?;
        let mut job = self.runtime().job(ctx, script, execution, None).await?;
        let own = job.timeout.unwrap_or(budget);
        job.timeout = Some(own.min(budget).max(SHORTEST));
        job.transaction = Some(tables);
        let entry = self.waiting().enter(&job.execution);
        // A run that has room ends by its own limit, a tick later at most.
        let run = tokio::time::timeout(budget + GRACE, self.runtime().run(job));
        let Ok(finished) = run.await else {
            return Err(Error::busy("busy", RETRY_AFTER));
        };
        match &finished.refused {
            Some(refusal) => Err(Error::refused(refusal)),
            None => Ok((finished, entry)),
        }
    }

    /// Hands a record to the history's writer; whoever looks for the execution finds it until then.
    pub(crate) async fn record_later(&self, ctx: &Ctx, finished: Finished, entry: Entry) {
        match self.store().record(ctx, written(finished)).await {
            Ok(commit) => drop(self.0.tasks.spawn(async move {
                // A record that cannot be written has been told of by its writer.
                let _ = commit.await;
                drop(entry);
            })),
            Err(error) => tracing::error!(%error, "the end of an execution was not recorded"),
        }
    }
}

/// How a run that was begun has ended.
pub(crate) fn ended(joined: Result<Result<Ended>, JoinError>) -> Result<Ended> {
    joined.map_err(|_| Error::internal("the execution's task failed"))?
}

fn written(finished: Finished) -> scriptorium_store::Finished {
    scriptorium_store::Finished {
        execution: finished.execution,
        lease: None,
        logs: finished.logs,
        events: finished.events,
        notifications: finished.notifications,
        incidents: finished.incidents,
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

impl fmt::Debug for FirstSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstSignIn")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The shortest time that a script can be given.
const SHORTEST: Duration = Duration::from_millis(10);
/// How much later than its budget a run in a transaction is given up.
const GRACE: Duration = Duration::from_millis(50);

/// The slug of the tenant the first start makes.
pub(crate) const FIRST_TENANT: &str = DEFAULT_SLUG;
