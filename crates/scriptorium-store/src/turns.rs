//! Deliveries that wait: those of an order for the one before (R-EVT-17), and those that are parked. An
//! event of an order has its turn from the moment that it becomes an execution until that, or the last
//! of its retries, has ended; then the next one has, in the transaction that records the end.
//!
//! A turn is a row that both who delivers and who ends an execution lock first, so that neither overlooks
//! what the other is about to write. Parked deliveries of an order are behind those that only wait.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use scriptorium_model::concurrency::{Concurrency, Seat, WhenFull};
use scriptorium_model::delivery::Delivery;
use scriptorium_model::execution::{Execution, NewExecution, Terms, TriggerKind};
use scriptorium_model::trigger::Batch;
use scriptorium_model::{Ambient, EventId, ExecutionId, Json, ScriptId, TenantId, Timestamp, Uuid};
use sha2::{Digest, Sha256};

use crate::batches;
use crate::db::{Dialect, FromRow, Micros, Tx, Value, json, known, number};
use crate::definition::concurrency_of;
use crate::error::Result;
use crate::executions;
use crate::history::chunks;
use crate::seats;
use crate::subscriptions::BatchRow;

/// The longest value of an order that is kept as it is, in bytes.
const LONGEST: usize = 200;

/// An order: a script, and a value by which it wants events one after another.
pub(crate) type Order = (ScriptId, String);

/// A delivery that has not become an execution.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) script: ScriptId,
    pub(crate) delivery: Delivery,
    pub(crate) payload: Json,
    /// Its subscription is suspended.
    pub(crate) parked: bool,
}

/// A value of an order in a length that an index takes.
pub(crate) fn named(value: String) -> String {
    if value.len() <= LONGEST {
        return value;
    }
    let digest = Sha256::digest(value.as_bytes());
    let hex = digest.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

/// Asks for the turns of some orders; those that were free and are the asking event's now. Whoever ends an
/// execution of one of the others waits until this transaction has ended.
pub(crate) async fn take(
    tx: &Tx,
    tenant: TenantId,
    wanted: &BTreeMap<Order, (EventId, ExecutionId)>,
) -> Result<HashSet<Order>> {
    const COLUMNS: usize = 5;
    // In the order of their keys, as everybody locks them.
    let wanted: Vec<(&Order, &(EventId, ExecutionId))> = wanted.iter().collect();
    let mut taken = HashSet::with_capacity(wanted.len());
    for some in chunks(&wanted) {
        let mut sql = tx.sql(
            "insert into order_turns (tenant_id, script_id, order_value, event_id, execution_id) \
             values ",
        );
        sql.push_rows(some.len(), COLUMNS);
        sql.push(
            " on conflict (tenant_id, script_id, order_value) \
             do update set event_id = order_turns.event_id \
             returning script_id, order_value, execution_id",
        );
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
        for ((script, value), (event, execution)) in some {
            bound.extend([
                tenant.0.into(),
                script.0.into(),
                value.as_str().into(),
                event.0.into(),
                execution.0.into(),
            ] as [Value; COLUMNS]);
        }
        let rows: Vec<TurnRow> = tx.all(sql.with(bound)).await?;
        let asked: HashMap<&Order, ExecutionId> = some.iter().map(|(o, (_, e))| (*o, *e)).collect();
        for row in rows {
            let order = (ScriptId(row.script_id), row.order_value);
            if asked.get(&order) == Some(&ExecutionId(row.execution_id)) {
                taken.insert(order);
            }
        }
    }
    Ok(taken)
}

/// Lets deliveries wait behind those of their scripts that do.
pub(crate) async fn line_up(
    tx: &Tx,
    tenant: TenantId,
    waiting: &[Waiting],
    now: Micros,
) -> Result<()> {
    const COLUMNS: usize = 10;
    let mut last: HashMap<ScriptId, i64> = HashMap::new();
    let mut placed = Vec::with_capacity(waiting.len());
    for one in waiting {
        let place = match last.get(&one.script) {
            Some(last) => last + 1,
            None => last_place(tx, tenant, one.script).await? + 1,
        };
        last.insert(one.script, place);
        placed.push((place, one));
    }
    for some in chunks(&placed) {
        let mut sql = tx.sql(
            "insert into waiting_deliveries (tenant_id, script_id, position, event_id, \
             event_type, order_value, parked, created_at, trigger_data, payload) values ",
        );
        sql.push_rows(some.len(), COLUMNS);
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
        for (place, one) in some {
            bound.extend([
                tenant.0.into(),
                one.script.0.into(),
                (*place).into(),
                one.delivery.event.0.into(),
                one.delivery.kind.as_str().into(),
                one.delivery.order.clone().into(),
                one.parked.into(),
                now.into(),
                one.delivery.to_json().as_str().into(),
                one.payload.as_str().into(),
            ] as [Value; COLUMNS]);
        }
        tx.execute(sql.with(bound)).await?;
    }
    Ok(())
}

/// Who delivers is alone in the tenant, so nobody else lines up meanwhile.
async fn last_place(tx: &Tx, tenant: TenantId, script: ScriptId) -> Result<i64> {
    let sql = tx
        .sql_of(
            tenant,
            "select position from waiting_deliveries where tenant_id = $1 and script_id = $2 \
             order by position desc limit 1",
        )
        .with([script.0.into()]);
    let row: Option<PlaceRow> = tx.one(sql).await?;
    Ok(row.map_or(0, |row| row.position))
}

/// A retry has the turn that the execution before it had.
pub(crate) async fn hand_on(tx: &Tx, before: &Execution, after: &Execution) -> Result<()> {
    let sql = tx
        .sql_of(
            before.tenant,
            "update order_turns set execution_id = $3 where tenant_id = $1 and script_id = $2 \
             and execution_id = $4",
        )
        .with([
            before.script.0.into(),
            after.id.0.into(),
            before.id.0.into(),
        ]);
    tx.execute(sql).await?;
    Ok(())
}

/// Whose turn has ended, and with which execution.
pub(crate) type Ended = BTreeMap<(TenantId, Order), ExecutionId>;

/// Ends turns: the next event of each order becomes an execution. Whether any did.
pub(crate) async fn pass_on(tx: &Tx, ambient: &Ambient, ended: Ended) -> Result<bool> {
    let mut pending = false;
    for ((tenant, order), execution) in ended {
        pending |= pass_on_one(tx, ambient, tenant, &order, execution).await?;
    }
    Ok(pending)
}

async fn pass_on_one(
    tx: &Tx,
    ambient: &Ambient,
    tenant: TenantId,
    (script, value): &Order,
    execution: ExecutionId,
) -> Result<bool> {
    let turn = || [script.0.into(), value.as_str().into(), execution.0.into()];
    // From here on nobody lines up behind this turn until it is decided who is next.
    let mut sql = tx
        .sql_of(
            tenant,
            "select event_id as id from order_turns where tenant_id = $1 and script_id = $2 \
             and order_value = $3 and execution_id = $4",
        )
        .with(turn());
    lock(tx, &mut sql);
    if tx.one::<executions::IdRow>(sql).await?.is_none() {
        return Ok(false);
    }
    let mut sql = tx
        .sql_of(
            tenant,
            "select * from waiting_deliveries where tenant_id = $1 and script_id = $2 \
             and order_value = $3 and parked = false order by position limit 1",
        )
        .with([script.0.into(), value.as_str().into()]);
    lock(tx, &mut sql);
    let Some(next) = tx.one::<WaitingRow>(sql).await? else {
        let sql = tx
            .sql_of(
                tenant,
                "delete from order_turns where tenant_id = $1 and script_id = $2 \
                 and order_value = $3 and execution_id = $4",
            )
            .with(turn());
        tx.execute(sql).await?;
        return Ok(false);
    };
    let target = Target::find(tx, tenant, *script).await?;
    let next = (ambient.new_id(), next);
    let begun = target.begin(tx, ambient, tenant, next).await?;
    give(tx, tenant, &(*script, value.clone()), &begun).await?;
    Ok(true)
}

/// Says whose turn it is.
async fn give(tx: &Tx, tenant: TenantId, order: &Order, to: &Begun) -> Result<()> {
    let sql = tx
        .sql_of(
            tenant,
            "update order_turns set execution_id = $4, event_id = $5 where tenant_id = $1 \
             and script_id = $2 and order_value = $3",
        )
        .with([
            order.0.0.into(),
            order.1.as_str().into(),
            to.execution.0.into(),
            to.event.0.into(),
        ]);
    tx.execute(sql).await?;
    Ok(())
}

pub(crate) fn lock(tx: &Tx, sql: &mut crate::db::Sql) {
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update");
    }
}

/// A script that deliveries wait for, as it is now.
pub(crate) struct Target {
    script: ScriptId,
    concurrency: Option<Concurrency>,
    batch: Option<Batch>,
    row: TargetRow,
}

/// Makes ids in an order: what is begun first is claimed first, also within a millisecond.
#[derive(Debug, Default)]
pub(crate) struct InOrder(Mutex<Uuid>);

impl InOrder {
    /// An id after every one before.
    pub(crate) fn next(&self, ambient: &Ambient) -> ExecutionId {
        let new: Uuid = ambient.new_id();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = new.max(Uuid::from_u128(last.as_u128().wrapping_add(1)));
        ExecutionId(*last)
    }
}

/// What a delivery became.
pub(crate) struct Begun {
    pub(crate) event: EventId,
    pub(crate) execution: ExecutionId,
}

impl Target {
    pub(crate) async fn find(tx: &Tx, tenant: TenantId, script: ScriptId) -> Result<Self> {
        let sql = tx
            .sql_of(
                tenant,
                "select s.name, s.version, \
                 (select max(b.priority) from subscriptions b where b.tenant_id = $1 \
                 and b.script_id = s.id) as priority, \
                 (select max(b.max_attempts) from subscriptions b where b.tenant_id = $1 \
                 and b.script_id = s.id) as max_attempts, \
                 (select max(b.concurrency) from subscriptions b where b.tenant_id = $1 \
                 and b.script_id = s.id) as concurrency, \
                 (select max(b.batch_ms) from subscriptions b where b.tenant_id = $1 \
                 and b.script_id = s.id) as batch_ms, \
                 (select max(b.batch_events) from subscriptions b where b.tenant_id = $1 \
                 and b.script_id = s.id) as batch_events, \
                 (select max(b.batch_key) from subscriptions b where b.tenant_id = $1 \
                 and b.script_id = s.id) as batch_key \
                 from scripts s where s.tenant_id = $1 and s.id = $2",
            )
            .with([script.0.into()]);
        let row: Option<TargetRow> = tx.one(sql).await?;
        let mut row = known(row, "waiting_deliveries.script_id")?;
        let concurrency = row.concurrency.as_deref().map(concurrency_of);
        Ok(Self {
            script,
            concurrency: concurrency.transpose()?,
            batch: std::mem::take(&mut row.batch).into(),
            row,
        })
    }

    pub(crate) fn script(&self) -> ScriptId {
        self.script
    }

    /// Keeps others from deciding about its seats, as they do before they look at turns.
    pub(crate) async fn lock_seats(&self, tx: &Tx, tenant: TenantId) -> Result<()> {
        match &self.concurrency {
            Some(_) => seats::lock_scripts(tx, &[(tenant, self.script)].into()).await,
            None => Ok(()),
        }
    }

    /// Whether its events are gathered.
    pub(crate) fn gathers(&self) -> bool {
        self.batch.is_some()
    }

    /// What a delivery that waits becomes when its events are gathered, before it is put together with
    /// others.
    pub(crate) fn opened(
        &self,
        id: ExecutionId,
        now: Timestamp,
        tenant: TenantId,
        row: &WaitingRow,
    ) -> Execution {
        let single = self.single(id, now, tenant, row);
        match (&self.batch, Delivery::of(&single)) {
            (Some(batch), Some(event)) => batches::opened(single, batch, &event),
            _ => single,
        }
    }

    /// Lets deliveries that waited become pending executions, some of them together; how many those are.
    pub(crate) async fn begin_together(
        &self,
        tx: &Tx,
        ambient: &Ambient,
        tenant: TenantId,
        singles: Vec<(EventId, Execution)>,
    ) -> Result<u64> {
        let now = ambient.now();
        let most = self
            .batch
            .iter()
            .map(|batch| (self.script, batch.max_events));
        let gathered = batches::gather(tx, tenant, singles, &most.collect(), now).await?;
        for (_, execution) in &gathered.new {
            executions::insert_pending(tx, execution).await?;
        }
        let new = gathered.new.iter();
        let begun: Vec<_> = new.map(|(event, e)| (*event, self.script, e.id)).collect();
        batches::record(tx, tenant, &begun).await?;
        let new = gathered.new.iter().map(|(_, execution)| execution);
        for execution in new.chain(&gathered.grown) {
            seats::queue_up(tx, execution, now).await?;
        }
        Ok(begun.len() as u64)
    }

    /// Lets a delivery that waits become a pending execution of this id.
    pub(crate) async fn begin(
        &self,
        tx: &Tx,
        ambient: &Ambient,
        tenant: TenantId,
        (id, row): (ExecutionId, WaitingRow),
    ) -> Result<Begun> {
        let execution = self.execution(id, ambient.now(), tenant, &row);
        let begun = Begun {
            event: EventId(row.event_id),
            execution: execution.id,
        };
        row.remove(tx, tenant).await?;
        executions::insert_pending(tx, &execution).await?;
        seats::queue_up(tx, &execution, ambient.now()).await?;
        let sql = tx
            .sql_of(
                tenant,
                "update event_deliveries set execution_id = $4 where tenant_id = $1 \
                 and event_id = $2 and script_id = $3",
            )
            .with([
                begun.event.0.into(),
                self.script.0.into(),
                begun.execution.0.into(),
            ]);
        tx.execute(sql).await?;
        Ok(begun)
    }

    fn execution(
        &self,
        id: ExecutionId,
        now: Timestamp,
        tenant: TenantId,
        row: &WaitingRow,
    ) -> Execution {
        let single = self.single(id, now, tenant, row);
        match (&self.batch, Delivery::of(&single)) {
            (Some(_), Some(event)) => batches::alone(single, &event),
            _ => single,
        }
    }

    fn single(
        &self,
        id: ExecutionId,
        now: Timestamp,
        tenant: TenantId,
        row: &WaitingRow,
    ) -> Execution {
        let plain = Terms::default();
        let input = json(row.payload.clone());
        let concurrency = self.concurrency.as_ref();
        let seat = concurrency.map(|concurrency| concurrency.seat(&input));
        let new = NewExecution {
            id,
            tenant,
            script: self.script,
            script_name: self.row.name.clone(),
            version: number(self.row.version),
            trigger: TriggerKind::Event,
            input,
            at: now,
        };
        Execution {
            trigger_data: Some(json(row.trigger_data.clone())),
            terms: Terms {
                priority: self.row.priority.map_or(plain.priority, number),
                max_attempts: self.row.max_attempts.map_or(plain.max_attempts, number),
                ..plain
            },
            // What has waited is not dropped now, and takes nobody's place.
            seat: seat.map(|seat| Seat {
                when_full: WhenFull::Queue,
                ..seat
            }),
            ..Execution::pending(new)
        }
    }
}

#[derive(FromRow)]
pub(crate) struct WaitingRow {
    script_id: Uuid,
    pub(crate) position: i64,
    pub(crate) event_id: Uuid,
    pub(crate) order_value: Option<String>,
    trigger_data: String,
    payload: String,
}

impl WaitingRow {
    /// Takes it out of the line.
    pub(crate) async fn remove(&self, tx: &Tx, tenant: TenantId) -> Result<()> {
        let sql = tx
            .sql_of(
                tenant,
                "delete from waiting_deliveries where tenant_id = $1 and script_id = $2 \
                 and position = $3",
            )
            .with([self.script_id.into(), self.position.into()]);
        tx.execute(sql).await?;
        Ok(())
    }
}

#[derive(FromRow)]
struct TurnRow {
    script_id: Uuid,
    order_value: String,
    execution_id: Uuid,
}

#[derive(FromRow)]
struct PlaceRow {
    position: i64,
}

#[derive(FromRow)]
struct TargetRow {
    name: String,
    version: i64,
    priority: Option<i64>,
    max_attempts: Option<i64>,
    concurrency: Option<String>,
    #[row(nested)]
    batch: BatchRow,
}
