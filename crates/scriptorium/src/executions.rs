//! Executions: starting them by hand or by name, and looking at what happened.

use std::borrow::Cow;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use futures_util::Stream;
use scriptorium_model::concurrency::Seat;
use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::delivery;
use scriptorium_model::execution::{
    Execution, ExecutionStatus, LogLine, MAX_PRIORITY, NewExecution, Terms, TriggerKind,
};
use scriptorium_model::limits::SOURCE_BYTES;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::policy::{self, Action};
use scriptorium_model::script::{Definition, Script, ScriptStatus, ScriptType};
use scriptorium_model::{
    Actor, Ctx, ExecutionId, IdempotencyKey, Invalid, Json, OperationId, ScriptId, Timestamp,
};
use scriptorium_runtime::{Asked, HttpRequest, Stage};
use scriptorium_store::{Accept, ExecutionFilter, ExecutionSummary, Inserted, ScriptFilter};

use crate::error::{Error, ErrorKind, Result};
use crate::idempotency::{Answer, Request, answered};
use crate::platform::{History, Platform};
use crate::watch::{self, LOOK_EVERY, Live};

/// Executions of a tenant; from [`Platform::executions`].
#[derive(Clone, Copy, Debug)]
pub struct Executions<'a>(pub(crate) &'a Platform);

/// Whether to wait for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answer when the execution has ended.
    Sync,
    /// Answer when the execution is durable.
    Async,
}

/// An execution to be started.
#[derive(Clone, Debug)]
pub struct Execute {
    /// The script.
    pub script: ScriptId,
    /// What it is given.
    pub input: Json,
    /// Whether to wait.
    pub mode: Mode,
    /// The version to run; the current one when `None`.
    pub version: Option<u32>,
    /// Text to try instead of a saved version; takes the right to change the script.
    pub source: Option<String>,
    /// Whether nothing that it does outside of itself is to be real: what it would have done is noted in
    /// the execution instead.
    pub dry_run: bool,
    /// A shorter wall time than the script's own.
    pub timeout: Option<Duration>,
    /// The same request under the same key, within a day and of the same caller, is answered as the
    /// first was; see [`Executions::execute_once`].
    pub idempotency_key: Option<String>,
    /// `Manual` for the UI, `Api` for programs.
    pub trigger: TriggerKind,
    /// Not before this instant; once, and by nobody's schedule. Only when nobody waits.
    pub run_after: Option<Timestamp>,
    /// Not at this instant or later: then it fails as `platform.expired`. Only when nobody waits.
    pub expires_at: Option<Timestamp>,
    /// Of the tenant's executions that may begin, those with a higher one do first; 0 to 100.
    pub priority: u32,
}

impl Execute {
    /// A program's call of the current version, within the script's own limits.
    pub fn new(script: ScriptId, input: Json, mode: Mode) -> Self {
        Self {
            script,
            input,
            mode,
            version: None,
            source: None,
            dry_run: false,
            timeout: None,
            idempotency_key: None,
            trigger: TriggerKind::Api,
            run_after: None,
            expires_at: None,
            priority: 0,
        }
    }

    /// What is asked for, to be told from other requests.
    fn request(&self) -> Request {
        let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Request::new("execute")
            .part("script", self.script.to_string())
            .part("input", self.input.as_str())
            .part(
                "mode",
                if self.mode == Mode::Sync {
                    "sync"
                } else {
                    "async"
                },
            )
            .maybe("version", self.version.map(u32::to_le_bytes))
            .maybe("source", self.source.as_deref())
            .maybe("timeout", self.timeout.map(|t| t.as_micros().to_le_bytes()))
            .maybe("run_after", instant(self.run_after))
            .maybe("expires_at", instant(self.expires_at))
            .part("priority", self.priority.to_le_bytes())
    }

    /// When it may begin.
    fn terms(&self, now: Timestamp) -> std::result::Result<Terms, Invalid> {
        let mut invalid = Invalid::default();
        let instants = [
            ("run_after", self.run_after),
            ("expires_at", self.expires_at),
        ];
        for (field, _) in instants.iter().filter(|(_, at)| at.is_some()) {
            if self.mode == Mode::Sync {
                invalid.push(
                    *field,
                    "not_allowed",
                    "does not go with waiting for the end",
                );
            }
        }
        let due = self.run_after.map_or(now, |at| at.max(now));
        if self.expires_at.is_some_and(|at| at <= due) {
            let message = "must be later than the execution may begin";
            invalid.push("expires_at", "out_of_range", message);
        }
        if self.priority > MAX_PRIORITY {
            let message = format!("must be 0 to {MAX_PRIORITY}");
            let error = invalid.push("priority", "out_of_range", message);
            error.with("min", 0).with("max", MAX_PRIORITY);
        }
        invalid.or(Terms {
            run_after: self.run_after.filter(|at| *at > now),
            expires_at: self.expires_at,
            priority: self.priority,
            ..Terms::default()
        })
    }
}

/// How to repeat an execution.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// Another input; the same when `None`.
    pub input: Option<Json>,
    /// The version to run; when `None` the current one, or of a trial the text that was tried.
    pub version: Option<u32>,
    /// Whether nothing that it does is to be real; a dry run is never repeated for real.
    pub dry_run: bool,
    /// The same request under the same key, within a day and of the same caller, is answered as the
    /// first was.
    pub idempotency_key: Option<String>,
}

/// Most scripts that one tag calls.
const MOST_TAGGED: u32 = 200;
/// An execution that is to be started, with the key that it is asked for under.
struct Started {
    execution: Execution,
    key: Option<IdempotencyKey>,
}

/// Largest input in bytes.
const INPUT_BYTES: usize = 1 << 20;

impl Executions<'_> {
    /// Runs a script. Only an active script runs for real; a draft, an earlier version or unsaved
    /// text runs as a test (G-10).
    ///
    /// # Errors
    /// The script is paused, disabled or archived; a field is refused; a permission is missing;
    /// there is no room. A failing script is no error: it is in the execution.
    #[boxed]
    pub async fn execute(&self, ctx: &Ctx, what: Execute) -> Result<Execution> {
        Ok(self.execute_once(ctx, what).await?.value)
    }

    /// The same, and tells whether it was done before. With a key the execution is on disk before it
    /// runs, so that even a crash does not make it run under another id.
    ///
    /// # Errors
    /// Like [`Executions::execute`]; the key is refused, stands for another request
    /// ([`ErrorKind::KeyReused`]), or the first caller still waits ([`ErrorKind::KeyInUse`]).
    #[boxed]
    pub async fn execute_once(&self, ctx: &Ctx, what: Execute) -> Result<Answer<Execution>> {
        let script = self
            .0
            .scripts()
            .allowed(ctx, Action::Execute, what.script)
            .await?;
        if what.source.is_some() {
            policy::may(ctx, Action::Update, &script)?;
        }
        let key = what.request().under(ctx, what.idempotency_key.as_deref())?;
        let known = self
            .0
            .known_execution(ctx, key.as_ref(), what.mode, what.dry_run);
        if let Some(answer) = known.await? {
            return Ok(answer);
        }
        check_runnable(&script)?;
        let version = what.version.unwrap_or(script.version);
        let definition = self.definition(ctx, &script, version).await?;
        validate(&what.input, what.source.as_deref(), what.timeout)?;
        let terms = what.terms(self.0.ambient().now())?;
        let mut execution = self.new_execution(ctx, &script, what.trigger, what.input);
        execution.terms = terms;
        execution.version = version;
        execution.test = script.status == ScriptStatus::Draft
            || version != script.version
            || what.source.is_some();
        execution.dry_run = what.dry_run;
        execution.idempotency_key = what.idempotency_key;
        let asked = Asked {
            source: what.source,
            timeout: what.timeout,
            ..Asked::by(ctx)
        };
        execution.trigger_data = asked.to_json();
        execution.seat = seat_of(&definition, &execution);
        let started = Started { execution, key };
        self.start(ctx, &script, &definition, started, what.mode)
            .await
    }

    /// Calls an active embedded script by name and waits for its end. The execution is recorded,
    /// but the answer does not wait for the disk (D7, relaxed history).
    ///
    /// # Errors
    /// No active embedded script of that name, a permission is missing, or there is no room. A
    /// failing script is no error: it is in the execution.
    #[boxed]
    pub async fn invoke(&self, ctx: &Ctx, name: &str, input: Json) -> Result<Execution> {
        let (script, execution) = self.embedded(ctx, name, input).await?;
        self.run_embedded(ctx, execution, &script).await
    }

    /// The same under an idempotency key of the caller's: who calls again within a day is given the
    /// execution of the first call. With a key it is on disk before it runs.
    ///
    /// # Errors
    /// Like [`Executions::invoke`]; the key is refused, stands for another request
    /// ([`ErrorKind::KeyReused`]), or the first caller still waits ([`ErrorKind::KeyInUse`]).
    #[boxed]
    pub async fn invoke_once(
        &self,
        ctx: &Ctx,
        name: &str,
        input: Json,
        key: Option<&str>,
    ) -> Result<Answer<Execution>> {
        let (script, mut execution) = self.embedded(ctx, name, input).await?;
        let request = Request::new("invoke").part("name", name);
        let key = request
            .part("input", execution.input.as_str())
            .under(ctx, key)?;
        let known = self.0.known_execution(ctx, key.as_ref(), Mode::Sync, false);
        if let Some(answer) = known.await? {
            return Ok(answer);
        }
        if key.is_none() {
            let run = self.run_embedded(ctx, execution, &script);
            return run.await.map(Answer::first);
        }
        execution.trigger_data = Asked::by(ctx).to_json();
        self.0.run_recorded(ctx, execution, &script, key).await
    }

    /// An active embedded script, and the execution of it that is to be.
    pub(crate) async fn embedded(
        &self,
        ctx: &Ctx,
        name: &str,
        input: Json,
    ) -> Result<(Script, Execution)> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        let found = self.0.store().find_script_by_name(ctx, name).await?;
        let script = found.ok_or_else(Error::not_found)?;
        if script.kind() != ScriptType::Embedded || script.status != ScriptStatus::Active {
            return Err(Error::not_found());
        }
        let trigger = match ctx.actor {
            Actor::Host | Actor::Platform => TriggerKind::Embedded,
            Actor::User { .. } | Actor::Token { .. } => TriggerKind::Api,
        };
        let mut execution = self.new_execution(ctx, &script, trigger, input);
        execution.seat = seat_of(&script.definition, &execution);
        Ok((script, execution))
    }

    pub(crate) async fn run_embedded(
        &self,
        ctx: &Ctx,
        execution: Execution,
        script: &Script,
    ) -> Result<Execution> {
        if execution.seat.is_some() {
            let execution = Execution {
                trigger_data: Asked::by(ctx).to_json(),
                ..execution
            };
            let run = self.0.run_recorded(ctx, execution, script, None);
            return run.await.map(|answer| answer.value);
        }
        let history = History::Relaxed;
        self.0.run_now(ctx, execution, script, history).await
    }

    /// The names of the active embedded scripts that carry a tag, in order; of the first 200 there are.
    pub(crate) async fn embedded_with_tag(&self, ctx: &Ctx, tag: &str) -> Result<Vec<String>> {
        let filter = ScriptFilter {
            kind: Some(ScriptType::Embedded),
            status: Some(ScriptStatus::Active),
            tags: vec![tag.to_owned()],
            ..ScriptFilter::default()
        };
        let page = PageRequest::new(Some(MOST_TAGGED), None)?;
        let found = self.0.store().list_scripts(ctx, &filter, &page).await?;
        let names = found.items.into_iter();
        let mut names: Vec<String> = names.map(|found| found.script.definition.name).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Executions that match, newest first, without their inputs and outputs. What this process runs
    /// for a caller who waits has no record yet; it is on the first page, where no text is asked for.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &ExecutionFilter,
        page: &PageRequest,
    ) -> Result<Page<ExecutionSummary>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let mut waiting = Vec::new();
        if page.cursor.is_none() {
            let own = self.0.waiting().of(ctx.tenant).into_iter();
            let own = own.map(|one| ExecutionSummary::from(&self.as_of_now(one)));
            waiting.extend(own.filter(|one| filter.matches(one)));
            waiting.sort_by(|one, other| filter.sort.compare(one, other));
            waiting.truncate(page.limit.saturating_sub(1) as usize);
        }
        let part = PageRequest {
            limit: page.limit - u32::try_from(waiting.len()).unwrap_or(0),
            cursor: page.cursor.clone(),
        };
        let mut found = self.0.store().list_executions(ctx, filter, &part).await?;
        for one in &mut found.items {
            self.began(one.id, &mut one.status, &mut one.started_at);
        }
        // What ended in between is recorded and told once.
        waiting.retain(|one| found.items.iter().all(|known| known.id != one.id));
        if !waiting.is_empty() {
            found.items.extend(waiting);
            let sort = filter.sort;
            found.items.sort_by(|one, other| sort.compare(one, other));
        }
        Ok(found)
    }

    /// One execution, whole.
    ///
    /// # Errors
    /// No such execution, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, id: ExecutionId) -> Result<Execution> {
        policy::require(ctx, Permission::ScriptsRead)?;
        let found = match self.0.waiting().find(ctx.tenant, id) {
            Some(waiting) => waiting,
            None => self.0.store().find_execution(ctx, id).await?,
        };
        Ok(self.as_of_now(found))
    }

    /// An execution with what only the process knows that runs it.
    pub(crate) fn as_of_now(&self, mut execution: Execution) -> Execution {
        let id = execution.id;
        if !execution.status.is_final() {
            execution.progress = self.0.runtime().progress(id);
        }
        self.began(id, &mut execution.status, &mut execution.started_at);
        execution
    }

    fn began(
        &self,
        id: ExecutionId,
        status: &mut ExecutionStatus,
        started_at: &mut Option<Timestamp>,
    ) {
        if status.is_final() {
            return;
        }
        match self.0.runtime().stage(id) {
            Some(Stage::Began(at)) => (*status, *started_at) = (ExecutionStatus::Running, Some(at)),
            Some(Stage::Waiting) => *started_at = None,
            None => {}
        }
    }

    /// What an execution logged after line `after_seq` (0 for all), at most `limit` lines. While
    /// it runs the lines so far are given.
    ///
    /// # Errors
    /// No such execution, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn logs(
        &self,
        ctx: &Ctx,
        id: ExecutionId,
        after_seq: u32,
        limit: u32,
    ) -> Result<Vec<LogLine>> {
        loop {
            let execution = self.find(ctx, id).await?;
            if !execution.status.is_final()
                && let Some(watch) = self.0.runtime().watch(id)
            {
                let lines = watch.lines.into_iter().filter(|line| line.seq > after_seq);
                return Ok(lines.take(limit as usize).collect());
            }
            if self.0.waiting().find(ctx.tenant, id).is_none() {
                return Ok(self.0.store().list_logs(ctx, id, after_seq, limit).await?);
            }
            // It has just ended, and its record is on the way.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Stops an execution that has not ended (R-EXE-19); one that has is given as it is.
    ///
    /// # Errors
    /// No such execution, or the permission `scripts.execute` is missing.
    #[boxed]
    pub async fn cancel(&self, ctx: &Ctx, id: ExecutionId) -> Result<Execution> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        let execution = self.find(ctx, id).await?;
        if self.0.waiting().find(ctx.tenant, id).is_some() {
            self.0.store().note_cancel_of(ctx, &execution).await?;
            self.stop_waiting(ctx, id).await;
        } else {
            self.0.store().request_cancel(ctx, id).await?;
            self.0.runtime().cancel(id);
        }
        self.find(ctx, id).await
    }

    /// Runs an execution's script again, with the same input and version or other ones, as a new
    /// execution that points to the first (R-EXE-21, 22). What was a trial stays one, and tries the
    /// same text unless a version is asked for; a shorter wall time is kept.
    ///
    /// # Errors
    /// Like [`Executions::execute`]; conflicts when the first cannot be repeated as it was:
    /// `input_not_kept` of a request that is not recorded whole, `version_not_kept` of a text that
    /// was tried with a version that is gone.
    #[boxed]
    pub async fn replay(&self, ctx: &Ctx, id: ExecutionId, what: Replay) -> Result<Execution> {
        Ok(self.replay_once(ctx, id, what).await?.value)
    }

    /// The same, and tells whether it was done before.
    ///
    /// # Errors
    /// Like [`Executions::replay`]; the key is refused, or stands for another request
    /// ([`ErrorKind::KeyReused`]).
    #[boxed]
    pub async fn replay_once(
        &self,
        ctx: &Ctx,
        id: ExecutionId,
        what: Replay,
    ) -> Result<Answer<Execution>> {
        self.replay_of(ctx, id, what, None).await
    }

    /// The same, by an operation on many.
    pub(crate) async fn replay_of(
        &self,
        ctx: &Ctx,
        id: ExecutionId,
        what: Replay,
        operation: Option<OperationId>,
    ) -> Result<Answer<Execution>> {
        let first = self.find(ctx, id).await?;
        let script = self
            .0
            .scripts()
            .allowed(ctx, Action::Execute, first.script)
            .await?;
        let Asked {
            source, timeout, ..
        } = Asked::of(&first);
        let source = source.filter(|_| what.version.is_none());
        if source.is_some() {
            policy::may(ctx, Action::Update, &script)?;
        }
        let key = Request::new("replay")
            .part("execution", id.to_string())
            .maybe("input", what.input.as_ref().map(Json::as_str))
            .maybe("version", what.version.map(u32::to_le_bytes))
            .maybe("operation", operation.map(|id| id.to_string()))
            .under(ctx, what.idempotency_key.as_deref())?;
        let dry_run = first.dry_run || what.dry_run;
        let known = self
            .0
            .known_execution(ctx, key.as_ref(), Mode::Async, dry_run);
        if let Some(answer) = known.await? {
            return Ok(answer);
        }
        check_runnable(&script)?;
        let input = match what.input {
            Some(input) => input,
            None => kept_input(first.trigger, first.input.clone())?,
        };
        validate(&input, None, None)?;
        let tried_with = source.as_ref().map(|_| first.version);
        let version = what.version.or(tried_with).unwrap_or(script.version);
        let definition = match self.definition(ctx, &script, version).await {
            Err(error) if tried_with.is_some() && error.kind() == ErrorKind::NotFound => {
                let message = format!("the text was tried with version {version}, which is gone");
                return Err(Error::conflict(
                    "version_not_kept",
                    Some("version"),
                    message,
                ));
            }
            found => found?,
        };
        let mut execution = self.new_execution(ctx, &script, first.trigger, input);
        execution.version = version;
        execution.test =
            first.test || script.status == ScriptStatus::Draft || version != script.version;
        execution.replay_of = Some(first.id);
        execution.operation = operation;
        execution.dry_run = dry_run;
        execution.idempotency_key = what.idempotency_key;
        let asked = Asked {
            source,
            timeout,
            ..Asked::by(ctx)
        };
        // What an event started is given the same event again, whatever its payload is now.
        execution.trigger_data = delivery::handed_on(&first, asked.to_json());
        execution.seat = seat_of(&definition, &execution);
        let started = Started { execution, key };
        self.start(ctx, &script, &definition, started, Mode::Async)
            .await
    }

    /// What an execution does, as it happens: the lines so far, each further line, changes of its
    /// status, and the whole execution when it has ended, which is the last item.
    ///
    /// # Errors
    /// No such execution, or the permission `scripts.read` is missing.
    pub async fn watch(
        &self,
        ctx: &Ctx,
        id: ExecutionId,
    ) -> Result<impl Stream<Item = Result<Live>> + Send + 'static + use<>> {
        self.find(ctx, id).await?;
        Ok(watch::stream(self.0.clone(), ctx.clone(), id))
    }

    /// Stops an execution whose caller waits. It may be on its way into the runtime, or out of it.
    pub(crate) async fn stop_waiting(&self, ctx: &Ctx, id: ExecutionId) {
        while self.0.waiting().find(ctx.tenant, id).is_some() && !self.0.runtime().cancel(id) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What a version of a script says.
    async fn definition<'a>(
        &self,
        ctx: &Ctx,
        script: &'a Script,
        version: u32,
    ) -> Result<Cow<'a, Definition>> {
        if version == script.version {
            return Ok(Cow::Borrowed(&script.definition));
        }
        let found = self.0.store().find_version(ctx, script.id, version).await?;
        Ok(Cow::Owned(found.definition))
    }

    async fn start(
        &self,
        ctx: &Ctx,
        script: &Script,
        definition: &Definition,
        Started { execution, key }: Started,
        mode: Mode,
    ) -> Result<Answer<Execution>> {
        if mode == Mode::Sync {
            if key.is_some() || execution.seat.is_some() {
                return self.0.run_recorded(ctx, execution, script, key).await;
            }
            let run = self.0.run_now(ctx, execution, script, History::Strict);
            return run.await.map(Answer::first);
        }
        self.0.runtime().suits(definition, &execution).await?;
        self.0.enter_backlog(ctx).await?;
        let accept = Accept {
            key,
            ..execution.clone().into()
        };
        match self.0.store().accept(ctx, accept).await? {
            Inserted::New => {}
            Inserted::Existing(existing) => return answered(*existing, mode, execution.dry_run),
            Inserted::KeyReused => return Err(Error::key_reused()),
            Inserted::Dropped(execution) => return Ok(Answer::first(*execution)),
            // Only who begins at once hears that.
            Inserted::Full => return Err(Error::internal("a pending execution found no seat")),
        }
        // An operator who looks into something does not wait behind what tenants have in line.
        if execution.trigger == TriggerKind::Manual && ctx.may(Permission::TenantsManage) {
            self.0.runtime().wake_for(ctx.tenant, execution.id);
        } else {
            self.0.runtime().wake();
        }
        Ok(Answer::first(execution))
    }

    pub(crate) fn new_execution(
        &self,
        ctx: &Ctx,
        script: &Script,
        trigger: TriggerKind,
        input: Json,
    ) -> Execution {
        let new = NewExecution {
            id: self.0.ambient().new_id(),
            tenant: ctx.tenant,
            script: script.id,
            script_name: script.name.clone(),
            version: script.version,
            trigger,
            input,
            at: self.0.ambient().now(),
        };
        Execution {
            triggered_by: ctx.actor.user(),
            ..Execution::pending(new)
        }
    }
}

/// What an execution is about; trials and dry runs are bounded by nothing, and bound nothing.
fn seat_of(definition: &Definition, execution: &Execution) -> Option<Seat> {
    let concurrency = definition.concurrency.as_ref();
    let concurrency = concurrency.filter(|_| !execution.test && !execution.dry_run)?;
    // Events that are given together are about what the first of them is.
    let first = definition.trigger.batch().and_then(|_| {
        let payloads = delivery::payloads(&execution.input);
        payloads.into_iter().next()
    });
    Some(concurrency.seat(first.as_ref().unwrap_or(&execution.input)))
}

/// Drafts run as tests; what was stopped or archived does not run (R-DOM-08, R-ONE-07).
fn check_runnable(script: &Script) -> Result<()> {
    if matches!(script.status, ScriptStatus::Draft | ScriptStatus::Active) {
        return Ok(());
    }
    let message = format!(
        "the script is {}; activate it first",
        script.status.as_str()
    );
    Err(Error::conflict("not_active", Some("status"), message))
}

/// The input of an execution that is to be repeated: what was asked of an endpoint may be recorded
/// in part, and something else than that is not run in its place.
fn kept_input(trigger: TriggerKind, input: Json) -> Result<Json> {
    if trigger != TriggerKind::Http {
        return Ok(input);
    }
    let missing = HttpRequest::not_kept(&input);
    if missing.is_empty() {
        return Ok(input);
    }
    let message = format!(
        "of the request {} was not kept; give an input",
        missing.join(", ")
    );
    Err(Error::conflict("input_not_kept", Some("input"), message))
}

fn validate(input: &Json, source: Option<&str>, timeout: Option<Duration>) -> Result<()> {
    let mut invalid = Invalid::default();
    invalid.check(at_most_bytes("input", input.len(), INPUT_BYTES));
    let source = source.map_or(0, str::len);
    invalid.check(at_most_bytes("source", source, SOURCE_BYTES));
    let range = Duration::from_millis(10)..=Duration::from_secs(300);
    if timeout.is_some_and(|timeout| !range.contains(&timeout)) {
        invalid.push("timeout_ms", "out_of_range", "must be 10 to 300000");
    }
    Ok(invalid.or(())?)
}
