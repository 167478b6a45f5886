//! One execution from admission to outcome. Guest code runs on its own threads; everything that
//! waits for something else runs where the caller's I/O does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use scriptorium_engine::{Invocation, Limits, Outcome, Report};
use scriptorium_model::effect::Effects;
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure, Metrics};
use scriptorium_model::notification::Notification;
use scriptorium_model::{Json, Timestamp};

use crate::circuits::{self, Counted};
use crate::host::{Run, RunHost};
use crate::hub::{Entry, Live};
use crate::job::{Call, Finished, Job};
use crate::prepared::{Prepared, Recipe};
use crate::reply::{self, HttpReply};
use crate::runtime::Shared;
use crate::scheduler::{Account, Bid, Bound, Permit, Refusal};
use crate::{context, failure};

/// When to ask again whose script is being tried out by another execution.
const PROBED: Duration = Duration::from_secs(1);

/// What became of a job, before it is put on record.
pub(crate) struct Ended {
    result: Result<Output, Failure>,
    metrics: Metrics,
    began: Option<Timestamp>,
    events: Vec<scriptorium_model::event::Event>,
    notifications: Vec<Notification>,
    incidents: Vec<scriptorium_model::audit::Incident>,
    effects: Effects,
}

impl Ended {
    /// By this failure, before it began.
    fn unbegun(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            metrics: Metrics::default(),
            began: None,
            events: Vec::new(),
            notifications: Vec::new(),
            incidents: Vec::new(),
            effects: Effects::default(),
        }
    }
}

impl Counted for Ended {
    fn is_fault(&self) -> bool {
        self.result.as_ref().is_err_and(circuits::is_fault)
    }
}

struct Output {
    json: Json,
    reply: Option<HttpReply>,
}

/// Runs a job for a caller who waits: it is refused when there is no room soon.
pub(crate) async fn run(shared: &Arc<Shared>, job: Job) -> Finished {
    match enter(shared, &job).await {
        Ok((entry, permit)) => run_admitted(shared, job, entry, permit).await,
        Err(finished) => *finished,
    }
}

/// Room for a job whose caller waits, or the end that it has without any.
pub(crate) async fn enter(
    shared: &Arc<Shared>,
    job: &Job,
) -> Result<(Entry, Permit), Box<Finished>> {
    let entry = shared.hub.enter(job.execution.tenant, job.execution.id);
    if shared.cut_off.load(Ordering::Acquire) {
        let finished = refused(shared, &job.execution, entry, cancelled());
        return Err(Box::new(finished));
    }
    if let Some(refusal) = held_back(shared, job) {
        let finished = turned_away(shared, &job.execution, entry, refusal);
        return Err(Box::new(finished));
    }
    let admitted = tokio::select! {
        biased;
        () = entry.live.cancel.cancelled() => {
            let finished = refused(shared, &job.execution, entry, cancelled());
            return Err(Box::new(finished));
        }
        admitted = admit(shared, job, false) => admitted,
    };
    match admitted {
        Ok(permit) => Ok((entry, permit)),
        Err(refusal) => {
            let finished = turned_away(shared, &job.execution, entry, refusal);
            Err(Box::new(finished))
        }
    }
}

/// The circuit breaker's refusal. Who tries a script by hand is never held back.
fn held_back(shared: &Shared, job: &Job) -> Option<Refusal> {
    if job.is_by_hand() {
        return None;
    }
    let version = job.execution.version;
    let left = shared.circuits.held_back(&job.circuit(), version);
    left.map(circuit_open)
}

fn circuit_open(retry_after: Duration) -> Refusal {
    Refusal {
        bound: Bound::Circuit,
        most: 0,
        retry_after,
    }
}

/// Room for a job. A patient one is never refused.
pub(crate) async fn admit(shared: &Shared, job: &Job, patient: bool) -> Result<Permit, Refusal> {
    let bid = Bid {
        tenant: job.tenant.id,
        share: shared.shares.of(&job.tenant.slug),
        script: job.script,
        limit: job.definition.limits.concurrency,
        patient,
        by_operator: job.by_operator,
        trial: job.execution.test,
    };
    shared.admission.enter(&bid).await
}

/// Runs a job that has room; when its script is held back meanwhile, it does not begin.
pub(crate) async fn run_admitted(
    shared: &Arc<Shared>,
    job: Job,
    entry: Entry,
    permit: Permit,
) -> Finished {
    let job = Arc::new(job);
    let work = {
        let (shared, job, live) = (shared.clone(), job.clone(), entry.live.clone());
        async move { prepare_and_run(&shared, &job, &live).await }
    };
    let ended = if job.is_by_hand() {
        Some(work.await)
    } else {
        let version = job.execution.version;
        shared.circuits.run(job.circuit(), version, work).await
    };
    // Before anything is recorded: the next execution need not wait for a disk.
    drop(permit);
    match ended {
        Some(ended) => conclude(shared, &job.execution, entry, ended),
        // Another one is on its way to show whether it goes well.
        None => {
            let refusal = circuit_open(PROBED);
            turned_away(shared, &job.execution, entry, refusal)
        }
    }
}

/// The end of an execution that there was no room for.
fn turned_away(shared: &Shared, execution: &Execution, entry: Entry, refusal: Refusal) -> Finished {
    let finished = refused(shared, execution, entry, no_room(&refusal));
    Finished {
        refused: Some(refusal),
        ..finished
    }
}

/// The end of an execution that did not begin.
pub(crate) fn refused(
    shared: &Shared,
    execution: &Execution,
    entry: Entry,
    failure: Failure,
) -> Finished {
    conclude(shared, execution, entry, Ended::unbegun(failure))
}

async fn prepare_and_run(shared: &Arc<Shared>, job: &Arc<Job>, live: &Arc<Live>) -> Ended {
    match prepare(shared, job).await {
        Ok(prepared) => run_prepared(shared, job, live, prepared).await,
        Err(failure) => Ended::unbegun(failure),
    }
}

/// A program that is not known takes a processor for a while: not the I/O's.
async fn prepare(shared: &Arc<Shared>, job: &Arc<Job>) -> Result<Prepared, Failure> {
    let libraries = job.libraries.clone()?;
    let recipe = Recipe::of(&job.definition, &libraries);
    if let Some(prepared) = shared.programs.find(&recipe) {
        return Ok(prepared);
    }
    let (programs, definition) = (shared.programs.clone(), job.definition.clone());
    let work = move || programs.prepare(&Recipe::of(&definition, &libraries));
    shared.world.blocking(work).await.unwrap_or_else(|| {
        Err(Failure::new(
            "platform.engine",
            "the script was not prepared",
        ))
    })
}

async fn run_prepared(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    live: &Arc<Live>,
    prepared: Prepared,
) -> Ended {
    let limits = limits(job);
    let run = Arc::new(Run::new(
        shared.world.clone(),
        job.clone(),
        live.clone(),
        limits.wall,
    ));
    let report = report(shared, &run, live, &prepared, limits).await;
    run.database.end(&run);
    let (result, usage) = match report {
        Ok(report) => (output(&run, report.outcome, &prepared), report.usage),
        Err(failure) => (Err(failure), scriptorium_engine::Usage::default()),
    };
    let result = run.masked(|mask| match result {
        // The reply of an endpoint is sent, and stays what it is.
        Ok(output) => Ok(Output {
            json: mask.json(output.json),
            ..output
        }),
        Err(failure) => Err(mask.failure(failure)),
    });
    let began = run.began();
    let queued = began.map_or(Duration::ZERO, |began| {
        let execution = &job.execution;
        let queued = began.duration_since(execution.terms.due(execution.created_at));
        Duration::try_from(queued).unwrap_or_default()
    });
    let events = std::mem::take(&mut run.events().events);
    let notifications = run.outgoing().take();
    Ended {
        result,
        metrics: Metrics {
            queued,
            duration: usage.wall,
            cpu: usage.cpu,
            memory_peak_bytes: usage.memory_peak_bytes,
            api_calls: usage.io_calls + usage.service_calls,
            db_queries: run.database.queries(),
            dropped_logs: 0,
        },
        began,
        events,
        notifications,
        incidents: run.incidents(),
        effects: run.dry.effects(),
    }
}

/// The engine's run, on the guest threads. A panic in there ends this execution only.
async fn report(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    live: &Arc<Live>,
    prepared: &Prepared,
    limits: Limits,
) -> Result<Report, Failure> {
    let engine = shared.engine.clone();
    let (host, cancel) = (RunHost(run.clone()), live.cancel.clone());
    let (prepared, job) = (prepared.clone(), run.job.clone());
    let meter = live.meter.clone();
    let work = async move {
        // What the call is made of is there for as long as the run. Whether that is too much, the
        // engine says when it starts.
        let _call = meter.hold(job.call.len());
        let input = context::invocation(&job);
        let invocation = Invocation {
            program: prepared.program(),
            input: &input,
            limits,
            host,
            cancel,
        };
        engine.run(invocation).await
    };
    let account = Account {
        tenant: run.job.tenant.id,
        slug: run.job.tenant.slug.as_str().into(),
        weight: shared.shares.of(&run.job.tenant.slug).weight,
        script: run.script,
        by_operator: run.job.by_operator,
    };
    // Tracked like all other work, so that a shutdown waits for it.
    let work = shared.world.tasks.track_future(work);
    let running = shared.guests.spawn(account, work);
    let _ = live.run.set(running.control());
    // Whoever cancelled it before this could not make it go first.
    if live.cancel.is_cancelled() {
        running.control().hurry();
    }
    match running.await {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(error)) => Err(failure::of_platform("platform.engine", &error)),
        Err(broken) => Err(failure::of_platform("platform.engine", &broken)),
    }
}

fn limits(job: &Job) -> Limits {
    let limits = &job.definition.limits;
    let wall = job.timeout.map_or(limits.wall, |t| t.min(limits.wall));
    Limits {
        wall,
        cpu: limits.cpu.min(wall),
        memory_bytes: limits.memory_bytes,
        io_calls: limits.api_calls,
        service_calls: limits.service_calls,
        output_bytes: usize::try_from(limits.output_bytes).unwrap_or(usize::MAX),
    }
}

fn output(run: &Run, outcome: Outcome, prepared: &Prepared) -> Result<Output, Failure> {
    let output = match outcome {
        Outcome::Completed { output } => output,
        Outcome::Failed(_) if run.streamed.is_refused() => {
            let message = "it answers in parts, and this answer goes on record whole";
            return Err(Failure::new("script.answer_in_parts", message));
        }
        Outcome::Failed(failure) => return Err(failure::of_script(&failure, prepared.maps())),
    };
    // The sandbox writes JSON of any depth; what reads it later does not.
    let json = Json::parse(&output).map_err(|_| {
        let message = "the result is nested deeper than 128 levels";
        Failure::new("script.bad_result", message)
    })?;
    if let Call::Request(_) = run.job.call {
        // Whoever is answered by what is on record is given all of it.
        let execution = &run.job.execution;
        let is_repeatable = execution.idempotency_key.is_some() || execution.seat.is_some();
        let (reply, json) = reply::read(&output, is_repeatable, || run.streamed.record())?;
        return Ok(Output {
            json,
            reply: Some(reply),
        });
    }
    Ok(Output { json, reply: None })
}

/// The record of what happened.
fn conclude(shared: &Shared, execution: &Execution, entry: Entry, ended: Ended) -> Finished {
    let (logs, dropped_logs) = entry.live.logs.finish();
    let mut metrics = ended.metrics;
    metrics.dropped_logs = dropped_logs;
    let (status, output, failure, reply) = match ended.result {
        Ok(output) => (
            ExecutionStatus::Completed,
            Some(output.json),
            None,
            output.reply,
        ),
        Err(failure) => (failure.status(), None, Some(failure), None),
    };
    let execution = Execution {
        status,
        output,
        failure,
        metrics,
        progress: entry.live.progress.borrow().clone(),
        effects: ended.effects,
        started_at: ended.began,
        completed_at: Some(shared.world.ambient.now()),
        ..execution.clone()
    };
    // Where they are made they are left out already; here nothing that is new can forget to.
    let (events, notifications) = match execution.dry_run {
        true => (Vec::new(), Vec::new()),
        false => (ended.events, ended.notifications),
    };
    Finished {
        execution,
        logs,
        reply,
        events,
        notifications,
        incidents: ended.incidents,
        refused: None,
    }
}

/// What a caller reads who was refused.
fn no_room(refusal: &Refusal) -> Failure {
    let most = refusal.most;
    match refusal.bound {
        Bound::Script => Failure::new(
            "platform.script_busy",
            format!("the script has {most} executions already, as many as it may have at once"),
        ),
        Bound::Tenant => Failure::new(
            "platform.tenant_busy",
            format!("of the tenant's executions as many run or wait as may: {most}"),
        ),
        Bound::Process => Failure::new("platform.busy", "the process has no room"),
        Bound::Circuit => Failure::new(
            "platform.circuit_open",
            "the script is held back: its last executions timed out or could not be run",
        ),
    }
}

pub(crate) fn cancelled() -> Failure {
    Failure::new("cancelled", "the execution was cancelled")
}
