//! An execution as the API shows it (design 4.2), with its log lines.

use scriptorium::ExecutionSummary;
use scriptorium::model::effect::Effect;
use scriptorium::model::execution::{Execution, Failure, LogLine, Metrics, Progress};
use scriptorium::model::{Timestamp, Uuid};
use serde::Serialize;
use utoipa::ToSchema;

use crate::raw_json::RawJson;

/// A recorded execution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Execution)]
pub(crate) struct ExecutionBody {
    #[serde(flatten)]
    facts: Facts,
    /// What it is about, as JSON text, when its script bounds how many of those go on at once.
    concurrency_key: Option<String>,
    /// What it was given.
    input: RawJson,
    /// What it returned.
    output: Option<RawJson>,
    /// Why it did not complete.
    error: Option<FailureBody>,
    /// How far it said it was, the last time it did.
    progress: Option<ProgressBody>,
    /// What a dry run would have done, in the order of its calls: the first 500.
    effects: Vec<EffectBody>,
    /// How many more there were.
    dropped_effects: u32,
}

/// Something that a dry run would have done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
pub(crate) struct EffectBody {
    /// `storage`, `event`, `http`, `service`, `db` or `notification`.
    kind: &'static str,
    /// To what: a key, an event type, an address, a method.
    target: String,
    /// What, in short.
    summary: String,
}

/// How far an execution says it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(crate) struct ProgressBody {
    /// How much is done.
    done: f64,
    /// Of how much, if it said so.
    total: Option<f64>,
    /// What it is at.
    text: Option<String>,
    at: Timestamp,
}

/// An execution as lists show it: without what it was given and returned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionSummary)]
pub(crate) struct ExecutionItem {
    #[serde(flatten)]
    facts: Facts,
    error: Option<FailureItem>,
}

/// What lists and details of executions share.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionFacts)]
pub(crate) struct Facts {
    id: Uuid,
    script_id: Uuid,
    /// The script's name at the time.
    script_name: String,
    version: u32,
    /// `pending`, `running`, `completed`, `failed`, `timeout` or `cancelled`.
    status: &'static str,
    /// `cron`, `http`, `event`, `manual`, `api` or `embedded`.
    trigger: &'static str,
    metrics: MetricsBody,
    /// 1, and one more each time that it, or the execution it retries, was claimed again.
    attempt: u32,
    /// How many attempts there may be.
    max_attempts: u32,
    /// The first of the executions that this one is a retry in a row of.
    first_execution_id: Option<Uuid>,
    /// Not begun before this instant.
    run_after: Option<Timestamp>,
    /// Not begun at this instant or later.
    expires_at: Option<Timestamp>,
    /// Those with a higher one begin first.
    priority: u32,
    /// The execution this one repeats by hand.
    replay_of: Option<Uuid>,
    /// The operation on many executions that made it.
    operation_id: Option<Uuid>,
    /// Whether it is a trial of unsaved or inactive code.
    test: bool,
    /// Whether nothing that it does outside of itself is real.
    dry_run: bool,
    triggered_by: Option<Uuid>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
}

/// What an execution used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionMetrics)]
pub(crate) struct MetricsBody {
    /// From creation to the first instruction.
    queued_ms: f64,
    /// From the first instruction to the end.
    duration_ms: f64,
    /// Time on a processor.
    cpu_ms: f64,
    memory_peak_bytes: u64,
    api_calls: u32,
    db_queries: u32,
    /// Log lines dropped beyond the limit.
    dropped_logs: u32,
}

/// Why an execution did not complete.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct FailureBody {
    /// The stable code of the outcome.
    code: String,
    message: String,
    /// In the user's source, from 1.
    line: Option<u32>,
    /// In the user's source, from 1.
    column: Option<u32>,
    stack: Option<String>,
    /// The limit with its value and the observed one, or the thrown error's own details.
    details: Option<RawJson>,
}

/// Why an execution did not complete, in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailureSummary)]
pub(crate) struct FailureItem {
    code: String,
    message: Option<String>,
}

/// A line that an execution logged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
pub(crate) struct LogBody {
    /// Place in the execution, from 1.
    seq: u32,
    /// `debug`, `info`, `warn` or `error`.
    level: &'static str,
    message: String,
    data: Option<RawJson>,
    at: Timestamp,
}

impl From<Execution> for ExecutionBody {
    fn from(execution: Execution) -> Self {
        Self {
            facts: Facts {
                id: execution.id.0,
                script_id: execution.script.0,
                script_name: execution.script_name,
                version: execution.version,
                status: execution.status.as_str(),
                trigger: execution.trigger.as_str(),
                metrics: execution.metrics.into(),
                attempt: execution.attempt,
                max_attempts: execution.terms.max_attempts,
                first_execution_id: execution.first_execution.map(|id| id.0),
                run_after: execution.terms.run_after,
                expires_at: execution.terms.expires_at,
                priority: execution.terms.priority,
                replay_of: execution.replay_of.map(|id| id.0),
                operation_id: execution.operation.map(|id| id.0),
                test: execution.test,
                dry_run: execution.dry_run,
                triggered_by: execution.triggered_by.map(|id| id.0),
                created_at: execution.created_at,
                started_at: execution.started_at,
                completed_at: execution.completed_at,
            },
            concurrency_key: execution.seat.map(|seat| seat.key),
            input: RawJson(execution.input),
            output: execution.output.map(RawJson),
            error: execution.failure.map(Into::into),
            progress: execution.progress.map(Into::into),
            dropped_effects: execution.effects.dropped,
            effects: execution
                .effects
                .items
                .into_iter()
                .map(Into::into)
                .collect(),
        }
    }
}

impl From<ExecutionSummary> for ExecutionItem {
    fn from(execution: ExecutionSummary) -> Self {
        let message = execution.failure_message;
        Self {
            facts: Facts {
                id: execution.id.0,
                script_id: execution.script.0,
                script_name: execution.script_name,
                version: execution.version,
                status: execution.status.as_str(),
                trigger: execution.trigger.as_str(),
                metrics: execution.metrics.into(),
                attempt: execution.attempt,
                max_attempts: execution.terms.max_attempts,
                first_execution_id: execution.first_execution.map(|id| id.0),
                run_after: execution.terms.run_after,
                expires_at: execution.terms.expires_at,
                priority: execution.terms.priority,
                replay_of: execution.replay_of.map(|id| id.0),
                operation_id: execution.operation.map(|id| id.0),
                test: execution.test,
                dry_run: execution.dry_run,
                triggered_by: execution.triggered_by.map(|id| id.0),
                created_at: execution.created_at,
                started_at: execution.started_at,
                completed_at: execution.completed_at,
            },
            error: execution
                .failure_code
                .map(|code| FailureItem { code, message }),
        }
    }
}

impl From<Metrics> for MetricsBody {
    fn from(metrics: Metrics) -> Self {
        // To the microsecond: most runs take less than a millisecond.
        let exact = |duration: std::time::Duration| duration.as_micros() as f64 / 1_000.0;
        Self {
            queued_ms: exact(metrics.queued),
            duration_ms: exact(metrics.duration),
            cpu_ms: exact(metrics.cpu),
            memory_peak_bytes: metrics.memory_peak_bytes,
            api_calls: metrics.api_calls,
            db_queries: metrics.db_queries,
            dropped_logs: metrics.dropped_logs,
        }
    }
}

impl From<Failure> for FailureBody {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
            line: failure.line,
            column: failure.column,
            stack: failure.stack,
            details: failure.details.map(RawJson),
        }
    }
}

impl From<Effect> for EffectBody {
    fn from(effect: Effect) -> Self {
        Self {
            kind: effect.kind.as_str(),
            target: effect.target,
            summary: effect.summary,
        }
    }
}

impl From<Progress> for ProgressBody {
    fn from(progress: Progress) -> Self {
        Self {
            done: progress.done,
            total: progress.total,
            text: progress.text,
            at: progress.at,
        }
    }
}

impl From<LogLine> for LogBody {
    fn from(line: LogLine) -> Self {
        Self {
            seq: line.seq,
            level: line.level.as_str(),
            message: line.message,
            data: line.data.map(RawJson),
            at: line.at,
        }
    }
}
