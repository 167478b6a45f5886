//! An execution as a row, both ways.

use std::time::Duration;

use scriptorium_model::concurrency::{Seat, WhenFull};
use scriptorium_model::execution::{
    Execution, ExecutionStatus, Failure, Metrics, Terms, TriggerKind, Window,
};
use scriptorium_model::{ExecutionId, OperationId, ScriptId, TenantId, UserId, Uuid};
use serde::{Deserialize, Serialize};

use super::ExecutionSummary;
use super::packed::{Packed, unpack};
use super::story;
use crate::db::{FromRow, Micros, Tx, Value, json, known, micros, number, opt_json};
use crate::error::{Error, Result};

/// The columns that [`values`] fills, in its order.
pub(crate) const COLUMNS: &str = "tenant_id, id, script_id, script_name, version, status, trigger_kind, attempt, test, \
    replay_of, triggered_by, idempotency_key, created_at, started_at, completed_at, \
    queued_us, duration_us, cpu_us, memory_peak_bytes, api_calls, db_queries, dropped_logs, \
    lease_id, failure_code, failure_message, failure_detail, trigger_data, input, output, \
    trigger_data_packed, input_packed, output_packed, run_after, delayed, expires_at, priority, \
    max_attempts, first_execution_id, dry_run, operation_id, progress, effects, seat_key, \
    seat_limit, when_full, window_key, window_from, batch_key";
/// How many those are.
pub(crate) const COLUMN_COUNT: usize = 48;

/// Begins a query for [`SummaryRow`]: every column but the payloads.
pub(super) const SELECT_SUMMARY: &str = "select id, script_id, script_name, version, status, \
    trigger_kind, attempt, test, replay_of, triggered_by, created_at, started_at, completed_at, \
    queued_us, duration_us, cpu_us, memory_peak_bytes, api_calls, db_queries, dropped_logs, \
    failure_code, failure_message, run_after, expires_at, priority, max_attempts, \
    first_execution_id, dry_run, operation_id from executions";

/// The values of an execution, in the order of [`COLUMNS`]. What is stored as `attempt` is the number of
/// claims, of which a pending one still has to have its last.
pub(crate) fn values(
    execution: &Execution,
    packed: &Packed,
    lease: Option<Uuid>,
) -> Result<[Value; COLUMN_COUNT]> {
    let output = execution.output.as_ref();
    let output = output.filter(|_| packed.output.is_none());
    let output = output.map(|json| json.as_str().to_owned());
    let [input, input_packed, trigger_data, trigger_data_packed] = packed.given(execution);
    let metrics = &execution.metrics;
    let failure = execution.failure.as_ref();
    let pending = execution.status == ExecutionStatus::Pending;
    let terms = &execution.terms;
    Ok([
        execution.tenant.0.into(),
        execution.id.0.into(),
        execution.script.0.into(),
        execution.script_name.as_str().into(),
        execution.version.into(),
        execution.status.as_str().into(),
        execution.trigger.as_str().into(),
        execution.attempt.saturating_sub(pending.into()).into(),
        execution.test.into(),
        execution.replay_of.map(|id| id.0).into(),
        execution.triggered_by.map(|id| id.0).into(),
        execution.idempotency_key.clone().into(),
        Micros::from(execution.created_at).into(),
        micros(execution.started_at).into(),
        micros(execution.completed_at).into(),
        whole(metrics.queued.as_micros()).into(),
        whole(metrics.duration.as_micros()).into(),
        whole(metrics.cpu.as_micros()).into(),
        whole(metrics.memory_peak_bytes.into()).into(),
        metrics.api_calls.into(),
        metrics.db_queries.into(),
        metrics.dropped_logs.into(),
        lease.into(),
        failure.map(|failure| failure.code.clone()).into(),
        failure.map(|failure| failure.message.clone()).into(),
        failure.map(failure_detail).transpose()?.into(),
        trigger_data,
        input,
        output.into(),
        trigger_data_packed,
        input_packed,
        packed.output.clone().into(),
        micros(terms.run_after).into(),
        (pending && (terms.run_after.is_some() || execution.seat.is_some())).into(),
        micros(terms.expires_at).into(),
        terms.priority.into(),
        terms.max_attempts.into(),
        execution.first_execution.map(|id| id.0).into(),
        execution.dry_run.into(),
        execution.operation.map(|id| id.0).into(),
        execution.progress.as_ref().map(story::of_progress).into(),
        story::of_effects(&execution.effects).into(),
        execution.seat.as_ref().map(|seat| seat.key.clone()).into(),
        execution.seat.as_ref().map(|seat| seat.limit).into(),
        execution
            .seat
            .as_ref()
            .map(|seat| seat.when_full.as_str())
            .into(),
        execution.window.as_ref().map(|w| w.key.clone()).into(),
        micros(execution.window.as_ref().map(|w| w.from)).into(),
        execution.gathers.clone().into(),
    ])
}

/// Inserts one execution that nobody has claimed, in a transaction of its tenant or of all.
pub(crate) async fn insert_pending(tx: &Tx, execution: &Execution) -> Result<()> {
    let mut sql = tx.sql_of(execution.tenant, "insert into executions (");
    sql.push(COLUMNS).push(") values ($1");
    // The first value, the tenant, is bound already.
    let packed = Packed::of(execution).await?;
    for value in values(execution, &packed, None)?.into_iter().skip(1) {
        sql.push(", ").bind(value);
    }
    sql.push(")");
    tx.execute(sql).await?;
    Ok(())
}

/// Where a failure happened and its details, as JSON.
fn failure_detail(failure: &Failure) -> Result<String> {
    serde_json::to_string(&FailureDetail {
        line: failure.line,
        column: failure.column,
        stack: failure.stack.clone(),
        details: failure
            .details
            .as_ref()
            .map(|details| details.as_str().to_owned()),
    })
    .map_err(|error| Error::caused("a failure could not be written", error))
}

#[derive(FromRow)]
pub(crate) struct ExecutionRow {
    tenant_id: Uuid,
    id: Uuid,
    script_id: Uuid,
    script_name: String,
    version: i64,
    status: String,
    trigger_kind: String,
    attempt: i64,
    test: bool,
    replay_of: Option<Uuid>,
    triggered_by: Option<Uuid>,
    idempotency_key: Option<String>,
    created_at: Micros,
    started_at: Option<Micros>,
    completed_at: Option<Micros>,
    #[row(nested)]
    metrics: MetricsRow,
    failure_code: Option<String>,
    failure_message: Option<String>,
    failure_detail: Option<String>,
    trigger_data: Option<String>,
    input: String,
    output: Option<String>,
    trigger_data_packed: Option<Vec<u8>>,
    input_packed: Option<Vec<u8>>,
    output_packed: Option<Vec<u8>>,
    #[row(nested)]
    terms: TermsRow,
    first_execution_id: Option<Uuid>,
    dry_run: bool,
    operation_id: Option<Uuid>,
    progress: Option<String>,
    effects: Option<String>,
    seat_key: Option<String>,
    seat_limit: Option<i64>,
    when_full: Option<String>,
    window_key: Option<String>,
    window_from: Option<Micros>,
    batch_key: Option<String>,
}

impl TryFrom<ExecutionRow> for Execution {
    type Error = Error;
    fn try_from(row: ExecutionRow) -> Result<Self> {
        Ok(Self {
            id: ExecutionId(row.id),
            tenant: TenantId(row.tenant_id),
            script: ScriptId(row.script_id),
            script_name: row.script_name,
            version: number(row.version),
            status: status(&row.status)?,
            trigger: trigger(&row.trigger_kind)?,
            trigger_data: opt_json(plain(row.trigger_data, row.trigger_data_packed)?),
            input: json(plain(Some(row.input), row.input_packed)?.unwrap_or_default()),
            output: opt_json(plain(row.output, row.output_packed)?),
            failure: failure(row.failure_code, row.failure_message, row.failure_detail)?,
            metrics: row.metrics.into(),
            attempt: attempt(row.attempt, &row.status),
            terms: row.terms.into(),
            seat: seat(row.seat_key, row.seat_limit, row.when_full)?,
            window: row
                .window_key
                .zip(row.window_from)
                .map(|(key, from)| Window {
                    key,
                    from: from.into(),
                }),
            gathers: row.batch_key,
            first_execution: row.first_execution_id.map(ExecutionId),
            replay_of: row.replay_of.map(ExecutionId),
            test: row.test,
            dry_run: row.dry_run,
            operation: row.operation_id.map(OperationId),
            progress: row
                .progress
                .map(|text| story::progress(&text))
                .transpose()?,
            effects: row
                .effects
                .map(|text| story::effects(&text))
                .transpose()?
                .unwrap_or_default(),
            triggered_by: row.triggered_by.map(UserId),
            idempotency_key: row.idempotency_key,
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            completed_at: row.completed_at.map(Into::into),
        })
    }
}

#[derive(FromRow)]
pub(super) struct SummaryRow {
    pub(super) id: Uuid,
    script_id: Uuid,
    script_name: String,
    version: i64,
    status: String,
    trigger_kind: String,
    attempt: i64,
    test: bool,
    replay_of: Option<Uuid>,
    triggered_by: Option<Uuid>,
    created_at: Micros,
    started_at: Option<Micros>,
    completed_at: Option<Micros>,
    #[row(nested)]
    metrics: MetricsRow,
    failure_code: Option<String>,
    failure_message: Option<String>,
    #[row(nested)]
    terms: TermsRow,
    first_execution_id: Option<Uuid>,
    dry_run: bool,
    operation_id: Option<Uuid>,
}

impl TryFrom<SummaryRow> for ExecutionSummary {
    type Error = Error;
    fn try_from(row: SummaryRow) -> Result<Self> {
        Ok(Self {
            id: ExecutionId(row.id),
            script: ScriptId(row.script_id),
            script_name: row.script_name,
            version: number(row.version),
            status: status(&row.status)?,
            trigger: trigger(&row.trigger_kind)?,
            failure_code: row.failure_code,
            failure_message: row.failure_message,
            metrics: row.metrics.into(),
            attempt: attempt(row.attempt, &row.status),
            terms: row.terms.into(),
            first_execution: row.first_execution_id.map(ExecutionId),
            replay_of: row.replay_of.map(ExecutionId),
            test: row.test,
            dry_run: row.dry_run,
            operation: row.operation_id.map(OperationId),
            triggered_by: row.triggered_by.map(UserId),
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            completed_at: row.completed_at.map(Into::into),
        })
    }
}

#[derive(FromRow)]
struct TermsRow {
    run_after: Option<Micros>,
    expires_at: Option<Micros>,
    priority: i64,
    max_attempts: i64,
}

impl From<TermsRow> for Terms {
    fn from(row: TermsRow) -> Self {
        Self {
            run_after: row.run_after.map(Into::into),
            expires_at: row.expires_at.map(Into::into),
            priority: number(row.priority),
            max_attempts: number(row.max_attempts),
        }
    }
}

/// The attempt that an execution is in, or that begins with its next claim.
fn attempt(claims: i64, status: &str) -> u32 {
    let pending = status == ExecutionStatus::Pending.as_str();
    number(claims.saturating_add(pending.into())).max(1)
}

#[derive(FromRow)]
struct MetricsRow {
    queued_us: i64,
    duration_us: i64,
    cpu_us: i64,
    memory_peak_bytes: i64,
    api_calls: i64,
    db_queries: i64,
    dropped_logs: i64,
}

impl From<MetricsRow> for Metrics {
    fn from(row: MetricsRow) -> Self {
        Self {
            queued: time(row.queued_us),
            duration: time(row.duration_us),
            cpu: time(row.cpu_us),
            memory_peak_bytes: row.memory_peak_bytes.unsigned_abs(),
            api_calls: number(row.api_calls),
            db_queries: number(row.db_queries),
            dropped_logs: number(row.dropped_logs),
        }
    }
}

/// The text of a payload, whichever column it is in.
fn plain(text: Option<String>, packed: Option<Vec<u8>>) -> Result<Option<String>> {
    match packed {
        Some(packed) => unpack(&packed).map(Some),
        None => Ok(text),
    }
}

/// A row of which only the id matters.
#[derive(FromRow)]
pub(crate) struct IdRow {
    pub(crate) id: Uuid,
}

#[derive(Serialize, Deserialize)]
struct FailureDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
}

fn failure(
    code: Option<String>,
    message: Option<String>,
    detail: Option<String>,
) -> Result<Option<Failure>> {
    let Some(code) = code else { return Ok(None) };
    let mut failure = Failure::new(code, message.unwrap_or_default());
    if let Some(text) = detail {
        let detail: FailureDetail = known(
            serde_json::from_str(&text).ok(),
            "executions.failure_detail",
        )?;
        failure.line = detail.line;
        failure.column = detail.column;
        failure.stack = detail.stack;
        failure.details = opt_json(detail.details);
    }
    Ok(Some(failure))
}

fn seat(
    key: Option<String>,
    limit: Option<i64>,
    when_full: Option<String>,
) -> Result<Option<Seat>> {
    let (Some(key), Some(limit), Some(when_full)) = (key, limit, when_full) else {
        return Ok(None);
    };
    Ok(Some(Seat {
        key,
        limit: number(limit),
        when_full: known(WhenFull::from_name(&when_full), "executions.when_full")?,
    }))
}

fn status(name: &str) -> Result<ExecutionStatus> {
    known(ExecutionStatus::from_name(name), "executions.status")
}

fn trigger(name: &str) -> Result<TriggerKind> {
    known(TriggerKind::from_name(name), "executions.trigger_kind")
}

fn time(micros: i64) -> Duration {
    Duration::from_micros(micros.unsigned_abs())
}

fn whole(number: u128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
