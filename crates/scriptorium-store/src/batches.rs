//! Batches: events that a subscription gathers, so that one execution is given several. The first of them
//! makes a pending execution that waits for the end of its time; those that follow are put into it as they
//! are delivered, until it has as many as there may be. So an event is in one execution from the moment
//! that it is delivered, and a crash loses nothing that was gathered.

use std::collections::BTreeMap;

use scriptorium_model::delivery::{Delivery, with_payload};
use scriptorium_model::execution::Execution;
use scriptorium_model::trigger::{BATCH_BYTES, Batch};
use scriptorium_model::{EventId, ExecutionId, Json, ScriptId, TenantId, Timestamp};
use serde_json::Value as Tree;

use crate::db::{Dialect, Micros, Tx, Value, micros};
use crate::error::Result;
use crate::executions::{ExecutionRow, Packed};

/// How many events an execution of each script is given; of those whose events are gathered.
pub(crate) type Most = BTreeMap<ScriptId, u32>;

/// What became of events that are gathered.
#[derive(Default)]
pub(crate) struct Gathered {
    /// Executions that are to be inserted, each with its first event.
    pub(crate) new: Vec<(EventId, Execution)>,
    /// Those that were on record and have more events now, as they are there.
    pub(crate) grown: Vec<Execution>,
}

/// Makes an execution of one event one that others may join.
pub(crate) fn opened(execution: Execution, batch: &Batch, event: &Delivery) -> Execution {
    let key = batch.key_of(&execution.input);
    let mut terms = execution.terms;
    terms.run_after = Some(batch.due(execution.created_at));
    Execution {
        terms,
        gathers: Some(key),
        ..alone(execution, event)
    }
}

/// Makes an execution of one event what its script is given when others are gathered.
pub(crate) fn alone(execution: Execution, event: &Delivery) -> Execution {
    Execution {
        input: with_payload(None, &execution.input),
        trigger_data: Some(event.to_batch()),
        ..execution
    }
}

/// Puts together what was delivered just now, with what is gathered already. These executions are not on
/// record yet; each has its event and waits for others ([`opened`]). Who delivers is alone in the tenant.
pub(crate) async fn gather(
    tx: &Tx,
    tenant: TenantId,
    singles: Vec<(EventId, Execution)>,
    most: &Most,
    now: Timestamp,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut open: BTreeMap<(ScriptId, String), Option<Open>> = BTreeMap::new();
    let mut joined = Vec::new();
    for (event, single) in singles {
        let Some(key) = single.gathers.clone() else {
            gathered.new.push((event, single));
            continue;
        };
        let about = (single.script, key);
        let most = most.get(&single.script).copied().unwrap_or(1) as usize;
        if !open.contains_key(&about) {
            let found = on_record(tx, tenant, &single, now).await?;
            open.insert(about.clone(), found.map(Open::of));
        }
        let place = open.entry(about).or_default();
        match &mut *place {
            Some(batch) if batch.has_room(&single, most) => {
                batch.join(&single);
                joined.push((event, single.script, batch.execution.id));
            }
            before => {
                if let Some(full) = before.replace(Open::new(event, single)) {
                    full.close().put_into(&mut gathered);
                }
            }
        }
        if place.as_ref().is_some_and(|batch| batch.events() >= most)
            && let Some(full) = place.take()
        {
            full.close().put_into(&mut gathered);
        }
    }
    for batch in open.into_values().flatten() {
        batch.put_into(&mut gathered);
    }
    gathered.new.sort_by_key(|(_, execution)| execution.id);
    for execution in &gathered.grown {
        grow(tx, execution).await?;
    }
    record(tx, tenant, &joined).await?;
    Ok(gathered)
}

/// What is being gathered.
struct Open {
    execution: Execution,
    data: Tree,
    /// The event that began it just now; `None` when it is on record.
    begun_by: Option<EventId>,
    changed: bool,
}

impl Open {
    fn new(event: EventId, execution: Execution) -> Self {
        Self {
            begun_by: Some(event),
            ..Self::of(execution)
        }
    }

    fn of(execution: Execution) -> Self {
        let data = execution.trigger_data.as_ref();
        Self {
            data: data.map_or(Tree::Null, Json::to_value),
            execution,
            begun_by: None,
            changed: false,
        }
    }

    fn events(&self) -> usize {
        self.data["events"].as_array().map_or(1, Vec::len)
    }

    fn has_room(&self, single: &Execution, most: usize) -> bool {
        self.events() < most && self.execution.input.len() + single.input.len() <= BATCH_BYTES
    }

    fn join(&mut self, single: &Execution) {
        let payload = single.input.as_str();
        let payload = payload.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
        let payload = Json::from_written(payload.unwrap_or("null"));
        self.execution.input = with_payload(Some(&self.execution.input), &payload);
        if let Some(event) = Delivery::of(single) {
            event.join(&mut self.data);
        }
        self.changed = true;
    }

    /// No further event: it begins as soon as it may.
    fn close(mut self) -> Self {
        self.execution.terms.run_after = None;
        self.execution.gathers = None;
        self.changed = true;
        self
    }

    fn put_into(mut self, gathered: &mut Gathered) {
        self.execution.trigger_data = Some(self.data.into());
        match self.begun_by {
            Some(event) => gathered.new.push((event, self.execution)),
            None if self.changed => gathered.grown.push(self.execution),
            None => {}
        }
    }
}

/// The execution on record that this one's event may join: of the same version, and still waiting. One that
/// somebody else is about to claim or to stop is passed over.
async fn on_record(
    tx: &Tx,
    tenant: TenantId,
    single: &Execution,
    now: Timestamp,
) -> Result<Option<Execution>> {
    let mut sql = tx
        .sql_of(
            tenant,
            "select * from executions where tenant_id = $1 and script_id = $2 and batch_key = $3 \
             and batch_key is not null and status = 'pending' and version = $4 and run_after > $5 \
             order by id desc limit 1",
        )
        .with([
            single.script.0.into(),
            single.gathers.clone().into(),
            single.version.into(),
            Micros::from(now).into(),
        ]);
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update skip locked");
    }
    let row: Option<ExecutionRow> = tx.one(sql).await?;
    row.map(Execution::try_from).transpose()
}

/// Writes what an execution on record has now.
async fn grow(tx: &Tx, execution: &Execution) -> Result<()> {
    let packed = Packed::of(execution).await?;
    let [input, input_packed, data, data_packed] = packed.given(execution);
    let delayed = execution.terms.run_after.is_some() || execution.seat.is_some();
    let sql = tx
        .sql_of(
            execution.tenant,
            "update executions set input = $3, input_packed = $4, trigger_data = $5, \
             trigger_data_packed = $6, run_after = $7, delayed = $8, batch_key = $9 \
             where tenant_id = $1 and id = $2",
        )
        .with([
            execution.id.0.into(),
            input,
            input_packed,
            data,
            data_packed,
            micros(execution.terms.run_after).into(),
            delayed.into(),
            execution.gathers.clone().into(),
        ]);
    tx.execute(sql).await?;
    Ok(())
}

/// Says in which execution the events are that made none.
pub(crate) async fn record(
    tx: &Tx,
    tenant: TenantId,
    joined: &[(EventId, ScriptId, ExecutionId)],
) -> Result<()> {
    for (event, script, execution) in joined {
        let sql = tx
            .sql_of(
                tenant,
                "update event_deliveries set execution_id = $4 where tenant_id = $1 \
                 and event_id = $2 and script_id = $3",
            )
            .with([event.0.into(), script.0.into(), execution.0.into()] as [Value; 3]);
        tx.execute(sql).await?;
    }
    Ok(())
}
