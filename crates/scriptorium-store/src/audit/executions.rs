//! Executions in the trail: one entry for each tenant and commit, with a digest of every one that
//! ended in it (R-AUD-02), and entries of their own for limits that were hit and requests that were
//! blocked (R-AUD-05), of which a commit tells a few and counts the rest.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scriptorium_model::audit::{Action, Incident, Subject, SubjectKind};
use scriptorium_model::execution::Execution;
use scriptorium_model::{ExecutionId, Json, ScriptId, TenantId, Timestamp, Uuid};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::chain::{Field, put};
use super::{By, Note, Said};
use crate::db::Micros;

/// Most limits and blocked requests of one tenant and commit that get an entry of their own.
const INCIDENTS: usize = 16;

/// The executions that end in one transaction, by tenant.
#[derive(Default)]
pub(crate) struct Ends<'a>(BTreeMap<TenantId, OfTenant<'a>>);

#[derive(Default)]
struct OfTenant<'a> {
    executions: Vec<&'a Execution>,
    incidents: Vec<(&'a Execution, &'a Incident)>,
}

impl<'a> Ends<'a> {
    /// Adds one that ended.
    pub(crate) fn add(&mut self, execution: &'a Execution, incidents: &'a [Incident]) {
        let of_tenant = self.0.entry(execution.tenant).or_default();
        of_tenant.executions.push(execution);
        let incidents = incidents.iter().map(|incident| (execution, incident));
        of_tenant.incidents.extend(incidents);
    }

    /// What is to be said of them.
    pub(crate) fn said(self) -> impl Iterator<Item = Said> {
        self.0.into_iter().map(|(tenant, ends)| Said {
            tenant,
            by: By::platform(),
            notes: ends.notes(),
        })
    }
}

impl OfTenant<'_> {
    fn notes(&self) -> Vec<Note> {
        let mut notes = vec![batch(&self.executions)];
        let limits = self.executions.iter().filter_map(|one| limit(one));
        let blocked = self.incidents.iter().map(|(one, what)| blocked(one, what));
        let mut incidents = limits.chain(blocked);
        notes.extend(incidents.by_ref().take(INCIDENTS));
        let skipped = incidents.count();
        if skipped > 0 {
            let subject = Subject::new(SubjectKind::Execution, None, "");
            let note = Note::new(Action::IncidentsSkipped, subject);
            notes.push(note.after(json!({ "count": skipped })));
        }
        notes
    }
}

/// Executions and their digests, in the order of their ids.
fn batch(executions: &[&Execution]) -> Note {
    let mut ended: Vec<[String; 2]> = executions
        .iter()
        .map(|one| [one.id.to_string(), digest(one)])
        .collect();
    ended.sort_unstable();
    let subject = match executions {
        [one] => Subject::new(SubjectKind::Execution, one.id.0, &one.script_name),
        _ => Subject::new(SubjectKind::Execution, None, ""),
    };
    let note = Note::new(Action::ExecutionBatch, subject);
    note.after(json!({ "count": ended.len(), "executions": ended }))
}

/// Why executions are removed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Removal {
    /// All that were made before an instant are past their retention.
    Before(Timestamp),
    /// Their script is removed for good.
    Of(ScriptId),
}

/// That executions were removed, in the transaction that does it: without such an entry one that is
/// not there any more was taken away by somebody else. Those of a script are told by the minutes in
/// which they were made. `None` when a whole month goes.
pub(crate) fn pruned(removal: Removal, executions: Option<&[Uuid]>) -> Note {
    let count = executions.map(<[Uuid]>::len);
    let (subject, after) = match removal {
        Removal::Before(at) => (
            Subject::new(SubjectKind::Execution, None, ""),
            json!({ "before": at, "executions": count }),
        ),
        Removal::Of(script) => {
            let mut minutes = Minutes::new();
            for id in executions.unwrap_or_default() {
                *minutes.entry(minute_of(*id)).or_default() += 1;
            }
            (
                Subject::new(SubjectKind::Script, script.0, ""),
                json!({ "executions": count, "minutes": minutes }),
            )
        }
    };
    Note::new(Action::ExecutionsPruned, subject).after(after)
}

/// What such an entry says.
#[derive(Default, serde::Deserialize)]
pub(super) struct Pruned {
    pub(super) before: Option<Timestamp>,
    #[serde(default)]
    pub(super) minutes: Minutes,
}

impl Pruned {
    /// `None` when the text is not ours.
    pub(super) fn read(after: &str) -> Option<Self> {
        serde_json::from_str(after).ok()
    }
}

/// How many executions were made in each minute since 1970.
pub(super) type Minutes = BTreeMap<u64, u64>;

/// The minute in which an id of version 7 was made.
pub(super) fn minute_of(id: Uuid) -> u64 {
    minute_at(u64::try_from(id.as_u128() >> 80).unwrap_or_default())
}

/// The minute of an instant in milliseconds since 1970.
pub(super) fn minute_at(millis: u64) -> u64 {
    millis / 60_000
}

fn limit(execution: &Execution) -> Option<Note> {
    let failure = execution.failure.as_ref()?;
    failure.code.strip_prefix("limit.")?;
    let details = failure.details.as_ref().map(|details| details.to_value());
    Some(
        Note::new(Action::LimitExceeded, subject(execution)).after(json!({
            "script_id": execution.script.0,
            "version": execution.version,
            "code": failure.code,
            "details": details,
        })),
    )
}

fn blocked(execution: &Execution, incident: &Incident) -> Note {
    Note::new(Action::RequestBlocked, subject(execution)).after(json!({
        "script_id": execution.script.0,
        "version": execution.version,
        "target": incident.target,
        "reason": incident.reason,
        "count": incident.count,
    }))
}

fn subject(execution: &Execution) -> Subject {
    Subject::new(
        SubjectKind::Execution,
        execution.id.0,
        &execution.script_name,
    )
}

/// What a batch entry says: each execution's id and digest. `None` when the text is not ours.
pub(super) fn digests(after: &str) -> Option<Vec<(ExecutionId, String)>> {
    #[derive(serde::Deserialize)]
    struct Batch {
        executions: Vec<(Uuid, String)>,
    }
    let batch: Batch = serde_json::from_str(after).ok()?;
    let pairs = batch.executions.into_iter();
    Some(
        pairs
            .map(|(id, digest)| (ExecutionId(id), digest))
            .collect(),
    )
}

/// 128 bits over everything of an execution that does not change after its end. Its log lines and
/// its idempotency key may go before it and are left out.
pub(super) fn digest(execution: &Execution) -> String {
    let micros =
        |at: Option<Timestamp>| at.map_or(Field::Nothing, |at| Field::Number(Micros::from(at).0));
    let whole = |number: u128| Field::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let json = |json: &Option<Json>| json.as_ref().map(|json| json.as_str().to_owned());
    let metrics = &execution.metrics;
    let failure = execution.failure.as_ref();
    let position =
        |number: Option<u32>| number.map_or(Field::Nothing, |number| Field::Number(number.into()));
    let (trigger, output) = (json(&execution.trigger_data), json(&execution.output));
    let details = failure.and_then(|failure| json(&failure.details));
    let by = execution.triggered_by.map(|id| id.0.into_bytes());
    let replay = execution.replay_of.map(|id| id.0.into_bytes());
    let fields = [
        Field::Bytes(execution.tenant.0.as_bytes()),
        Field::Bytes(execution.id.0.as_bytes()),
        Field::Bytes(execution.script.0.as_bytes()),
        Field::Text(&execution.script_name),
        Field::Number(execution.version.into()),
        Field::Text(execution.status.as_str()),
        Field::Text(execution.trigger.as_str()),
        Field::text(trigger.as_deref()),
        Field::Text(execution.input.as_str()),
        Field::text(output.as_deref()),
        Field::text(failure.map(|failure| failure.code.as_str())),
        Field::text(failure.map(|failure| failure.message.as_str())),
        position(failure.and_then(|failure| failure.line)),
        position(failure.and_then(|failure| failure.column)),
        Field::text(failure.and_then(|failure| failure.stack.as_deref())),
        Field::text(details.as_deref()),
        Field::Number(execution.test.into()),
        Field::bytes(replay.as_ref().map(|id| &id[..])),
        Field::bytes(by.as_ref().map(|id| &id[..])),
        micros(Some(execution.created_at)),
        micros(execution.started_at),
        micros(execution.completed_at),
        whole(metrics.queued.as_micros()),
        whole(metrics.duration.as_micros()),
        whole(metrics.cpu.as_micros()),
        whole(metrics.memory_peak_bytes.into()),
        Field::Number(metrics.api_calls.into()),
        Field::Number(metrics.db_queries.into()),
        Field::Number(metrics.dropped_logs.into()),
    ];
    let mut hash = Sha256::new();
    for field in fields {
        put(&mut hash, field);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}
