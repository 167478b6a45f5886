//! What the platform itself publishes about scripts and executions (R-EVD): `jsruntime.script.…` and
//! `jsruntime.execution.…`, written in the transaction that they tell of, so that neither is without
//! the other. Payloads name what happened to what; a source is never in one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use scriptorium_model::delivery;
use scriptorium_model::event::{Event, patterns};
use scriptorium_model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::{Ambient, Ctx, Json, ScriptId, TenantId, Timestamp, Uuid};
use serde_json::{Map, Value, json};

use crate::Store;
use crate::db::{FromRow, Micros, Tx};
use crate::error::Result;
use crate::events::lineage_text;

/// What happened to a script.
#[derive(Clone, Debug)]
pub(crate) enum OfScript {
    Created,
    /// Its members that differ.
    Updated(Vec<String>),
    StatusChanged(ScriptStatus),
    Deleted,
    Restored,
}

impl Store {
    /// Publishes what happened to a script that now is as given.
    pub(crate) async fn tell(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        script: &Script,
        what: OfScript,
    ) -> Result<()> {
        let name = (script.name.as_str(), script.kind().as_str());
        let mut payload = Map::new();
        let kind = match what {
            OfScript::Created => {
                payload.insert("name".into(), name.0.into());
                payload.insert("type".into(), name.1.into());
                "jsruntime.script.created"
            }
            OfScript::Updated(members) => {
                payload.insert("name".into(), name.0.into());
                payload.insert("version".into(), script.version.into());
                payload.insert("changed".into(), members.into());
                "jsruntime.script.updated"
            }
            OfScript::StatusChanged(from) => {
                payload.insert("from".into(), from.as_str().into());
                payload.insert("to".into(), script.status.as_str().into());
                "jsruntime.script.status_changed"
            }
            OfScript::Deleted => "jsruntime.script.deleted",
            OfScript::Restored => {
                payload.insert("status".into(), script.status.as_str().into());
                "jsruntime.script.restored"
            }
        };
        self.tell_of(tx, ctx, script.id, kind, payload).await
    }

    /// Publishes the end of a script of which nothing is left.
    pub(crate) async fn tell_purged(&self, tx: &Tx, ctx: &Ctx, script: ScriptId) -> Result<()> {
        let kind = "jsruntime.script.purged";
        self.tell_of(tx, ctx, script, kind, Map::new()).await
    }

    async fn tell_of(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        script: ScriptId,
        kind: &str,
        mut payload: Map<String, Value>,
    ) -> Result<()> {
        let ambient = &self.inner.ambient;
        payload.insert("script_id".into(), json!(script.0));
        payload.insert("by".into(), json!(ctx.actor.user().map(|user| user.0)));
        if let Some(request) = ctx.origin.as_ref().and_then(|o| o.request_id.as_deref()) {
            payload.insert("request_id".into(), request.into());
        }
        let event = event(ambient, ctx.tenant, kind, payload, ambient.now());
        insert(tx, &event).await
    }
}

/// The members in which two states of a script differ, by name.
pub(crate) fn changed_members(before: &Value, after: &Value) -> Vec<String> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Vec::new();
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    differing
        .filter(|name| *name != "version" && *name != "change_description")
        .cloned()
        .collect()
}

/// The scripts of one tenant that listen to what happens to executions, and to which of it.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    scripts: HashSet<ScriptId>,
    patterns: HashSet<String>,
}

/// The listeners of the tenants that a transaction writes to, each looked up once.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    known: BTreeMap<TenantId, Listeners>,
    told: bool,
}

impl Audience {
    /// Those of an execution's tenant, if they make a difference to what is told of it.
    pub(crate) async fn of(&mut self, tx: &Tx, execution: &Execution) -> Result<&Listeners> {
        let found = match self.known.entry(execution.tenant) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(unknown) if by_the_thousand(execution) => {
                unknown.insert(Listeners::of(tx, execution.tenant).await?)
            }
            Entry::Vacant(_) => &*NOBODY,
        };
        Ok(found)
    }

    /// Whether anything was published to them.
    pub(crate) fn is_told(&self) -> bool {
        self.told
    }
}

static NOBODY: LazyLock<Listeners> = LazyLock::new(Listeners::default);

const STARTED: &str = "jsruntime.execution.started";

impl Listeners {
    async fn of(tx: &Tx, tenant: TenantId) -> Result<Self> {
        let sql = tx.sql_of(
            tenant,
            "select script_id, event_type from subscriptions where tenant_id = $1 \
             and event_type >= 'jsruntime.' and event_type < 'jsruntime/' and active = true",
        );
        let rows: Vec<ListenerRow> = tx.all(sql).await?;
        let mut found = Self::default();
        for row in rows.into_iter().filter(|row| row.is_for_executions()) {
            found.scripts.insert(ScriptId(row.script_id));
            found.patterns.insert(row.event_type);
        }
        Ok(found)
    }

    /// That an execution began.
    pub(crate) fn started(&self, execution: &Execution, ambient: &Ambient) -> Option<Event> {
        let at = execution.started_at.unwrap_or_else(|| ambient.now());
        self.told(execution, STARTED, at, ambient)
    }

    /// How an execution ended.
    pub(crate) fn ended(&self, execution: &Execution, ambient: &Ambient) -> Option<Event> {
        let kind = match execution.status {
            ExecutionStatus::Completed => "jsruntime.execution.completed",
            ExecutionStatus::Failed => "jsruntime.execution.failed",
            ExecutionStatus::Timeout => "jsruntime.execution.timeout",
            ExecutionStatus::Cancelled => "jsruntime.execution.cancelled",
            ExecutionStatus::Pending | ExecutionStatus::Running => return None,
        };
        let at = execution.completed_at.unwrap_or_else(|| ambient.now());
        self.told(execution, kind, at, ambient)
    }

    fn told(
        &self,
        execution: &Execution,
        kind: &str,
        at: Timestamp,
        ambient: &Ambient,
    ) -> Option<Event> {
        if !self.wants(execution, kind) {
            return None;
        }
        let mut payload = Map::new();
        payload.insert("execution_id".into(), json!(execution.id.0));
        payload.insert("script_id".into(), json!(execution.script.0));
        payload.insert("script_name".into(), execution.script_name.as_str().into());
        payload.insert("version".into(), execution.version.into());
        payload.insert("trigger".into(), execution.trigger.as_str().into());
        payload.insert("attempt".into(), execution.attempt.into());
        if kind != STARTED {
            let duration = execution.metrics.duration.as_secs_f64() * 1_000.0;
            payload.insert("duration_ms".into(), json!(duration));
        }
        if let Some(failure) = &execution.failure {
            let error = json!({ "code": failure.code, "message": failure.message });
            payload.insert("error".into(), error);
        }
        let mut event = event(ambient, execution.tenant, kind, payload, at);
        event.lineage = delivery::lineage_of(execution);
        Some(event)
    }

    /// Starts and good ends of what comes by the thousand (requests, events, calls of the host) are
    /// published while a script listens, because each costs as much to write as the execution itself.
    /// What a listener does is not told to listeners: they would never come to rest.
    fn wants(&self, execution: &Execution, kind: &str) -> bool {
        let ordinary = kind == STARTED || execution.status == ExecutionStatus::Completed;
        let listens =
            execution.trigger == TriggerKind::Event && self.scripts.contains(&execution.script);
        let rare = !(ordinary && by_the_thousand(execution));
        let wanted = || patterns(kind).iter().any(|p| self.patterns.contains(p));
        !listens && !execution.test && !execution.dry_run && (rare || wanted())
    }
}

/// Whether listeners make a difference to what is told of an execution.
fn by_the_thousand(execution: &Execution) -> bool {
    matches!(
        execution.trigger,
        TriggerKind::Http | TriggerKind::Event | TriggerKind::Embedded
    )
}

/// Publishes what happened to executions of any tenants, in a transaction that may write to all.
pub(crate) async fn tell_ends(tx: &Tx, ambient: &Ambient, executions: &[&Execution]) -> Result<()> {
    let mut audience = Audience::default();
    for execution in executions {
        if let Some(event) = audience.of(tx, execution).await?.ended(execution, ambient) {
            insert(tx, &event).await?;
        }
    }
    Ok(())
}

/// Publishes that an execution began, in the transaction that claims it.
pub(crate) async fn tell_started(
    tx: &Tx,
    ambient: &Ambient,
    audience: &mut Audience,
    execution: &Execution,
) -> Result<()> {
    let listeners = audience.of(tx, execution).await?;
    if let Some(event) = listeners.started(execution, ambient) {
        insert(tx, &event).await?;
        audience.told = true;
    }
    Ok(())
}

/// Publishes something of the platform's own, and what led to it.
pub(crate) async fn publish(
    tx: &Tx,
    ambient: &Ambient,
    tenant: TenantId,
    kind: &str,
    payload: Map<String, Value>,
    lineage: Vec<String>,
) -> Result<()> {
    let mut event = event(ambient, tenant, kind, payload, ambient.now());
    event.lineage = lineage;
    insert(tx, &event).await
}

async fn insert(tx: &Tx, event: &Event) -> Result<()> {
    let sql = tx.sql_of(
        event.tenant,
        "insert into events (tenant_id, id, kind, created_at, payload, lineage, waiting) \
         values ($1, $2, $3, $4, $5, $6, true)",
    );
    let sql = sql.with([
        event.id.0.into(),
        event.kind.as_str().into(),
        Micros::from(event.created_at).into(),
        event.payload.as_str().into(),
        lineage_text(&event.lineage).into(),
    ]);
    tx.execute(sql).await?;
    Ok(())
}

fn event(
    ambient: &Ambient,
    tenant: TenantId,
    kind: &str,
    mut payload: Map<String, Value>,
    at: Timestamp,
) -> Event {
    payload.insert("tenant_id".into(), json!(tenant.0));
    payload.insert("at".into(), json!(at.to_string()));
    Event {
        id: ambient.new_id(),
        tenant,
        kind: kind.to_owned(),
        payload: Json::from(Value::Object(payload)),
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: at,
    }
}

#[derive(FromRow)]
struct ListenerRow {
    script_id: Uuid,
    event_type: String,
}

impl ListenerRow {
    fn is_for_executions(&self) -> bool {
        self.event_type == "jsruntime.*" || self.event_type.starts_with("jsruntime.execution.")
    }
}
