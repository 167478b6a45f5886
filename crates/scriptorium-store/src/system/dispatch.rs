//! Delivering events (R-EVT-01 to 05): each that waits becomes one pending execution for each script that
//! subscribes to it, is recorded as delivered to those, and waits no longer; all of it or nothing. So it
//! is delivered once, however many servers look and whichever of them ends on the way. In a tenant one of
//! them delivers at a time, so that events keep the order in which they were recorded. What is not to run
//! yet, because its turn has not come or its subscription is suspended, waits ([`crate::turns`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use scriptorium_model::alert::AlertKind;
use scriptorium_model::dead_letter::{Cause, DeadLetter};
use scriptorium_model::delivery::{Delivery, looped};
use scriptorium_model::event::{Event, patterns};
use scriptorium_model::execution::{Execution, NewExecution, Terms, TriggerKind, Window};
use scriptorium_model::{
    Ambient, EventId, ExecutionId, ScriptId, TenantId, Timestamp, Uuid, order,
};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::alerts::Alerts;
use crate::audit::unaudited;
use crate::batches::{self, Most};
use crate::db::{Dialect, FromRow, Micros, Tx, Value};
use crate::error::Result;
use crate::events::EventRow;
use crate::executions::Packed;
use crate::history::{chunks, insert_executions};
use crate::store::Change;
use crate::subscriptions::{Subscribed, subscribed};
use crate::suspensions::{Making, Released};
use crate::turns::{self, Order, Waiting};
use crate::{dead_letters, deliveries, seats, suspensions, windows};

/// Events of one transaction, and of one tenant before the next one has its turn.
const BATCH: i64 = 128;
/// A transaction takes no further event beyond this many executions, or bytes of their inputs.
const EXECUTIONS: usize = 1_024;
const BYTES: usize = 16 << 20;
/// Tenants of one transaction, where several share one.
const TENANTS: usize = 64;

/// What a transaction has made so far.
#[derive(Default)]
struct Size {
    executions: usize,
    bytes: usize,
}

impl Size {
    fn is_full(&self) -> bool {
        self.executions >= EXECUTIONS || self.bytes >= BYTES
    }
}

/// What one look at the events that wait came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Events that wait no longer.
    pub events: u64,
    /// Executions that they became.
    pub executions: u64,
    /// Deliveries that became dead letters at once.
    pub dead_letters: u64,
    /// There may be more that wait.
    pub more: bool,
    /// Events of a tenant could not be looked at; they wait.
    pub failed: bool,
    /// Events of a tenant are being looked at by another server.
    pub busy: bool,
    /// When the next parked events are due that are delivered at a rate.
    pub due: Option<Timestamp>,
}

impl std::ops::AddAssign for Dispatched {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.executions += other.executions;
        self.dead_letters += other.dead_letters;
        self.more |= other.more;
        self.failed |= other.failed;
        self.busy |= other.busy;
        self.due = [self.due, other.due].into_iter().flatten().min();
    }
}

impl Store {
    /// Delivers events that wait, the oldest of each tenant, tenants in turn.
    ///
    /// # Errors
    /// `Platform` when nobody can be looked at; what concerns one tenant is told in the answer.
    pub async fn dispatch_events(&self) -> Result<Dispatched> {
        let this = self.clone();
        let dispatched = async move { this.dispatch_waiting().await };
        self.db().apart(dispatched).await?
    }

    async fn dispatch_waiting(&self) -> Result<Dispatched> {
        let mut done = Dispatched::default();
        let now = Micros::from(self.inner.ambient.now());
        let (mut due, mut parked) = (BTreeSet::new(), BTreeSet::new());
        for row in self.tenants_with_events().await? {
            let tenant = TenantId(row.tenant_id);
            match row.due {
                Some(due) if due.0 > now.0 => {
                    let next = Timestamp::from(due);
                    done.due = Some(done.due.map_or(next, |due| due.min(next)));
                    continue;
                }
                Some(_) => drop(parked.insert(tenant)),
                None => {}
            }
            due.insert(tenant);
        }
        let tenants: Vec<TenantId> = due.into_iter().collect();
        // SQLite has one writer, and pays for each transaction; on PostgreSQL nobody else waits for long.
        let mut most = match self.db().dialect() {
            Dialect::Sqlite => TENANTS,
            Dialect::Postgres => 1,
        };
        let mut rest = tenants.as_slice();
        while !rest.is_empty() {
            let some = &rest[..rest.len().min(most)];
            match self.dispatch_of(some, &parked).await {
                Ok((part, dealt_with)) => {
                    done += part;
                    rest = &rest[dealt_with..];
                }
                // One tenant's events must not hold up those of others.
                Err(_) if some.len() > 1 => most = 1,
                Err(error) => {
                    let tenant = some[0];
                    tracing::error!(%tenant, %error, "events were not delivered; trying again");
                    done.failed = true;
                    rest = &rest[1..];
                }
            }
        }
        if done.executions > 0 {
            self.signal(Change::Pending);
        }
        Ok(done)
    }

    /// The tenants with events that wait, and those with parked ones that are or become due. The recursion
    /// hops from tenant to tenant in the index.
    async fn tenants_with_events(&self) -> Result<Vec<TenantRow>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(
            "with recursive lane (tenant_id) as (\
             select (select v.tenant_id from events v where v.waiting = true \
             order by v.tenant_id limit 1) \
             union all \
             select (select v.tenant_id from events v \
             where v.waiting = true and v.tenant_id > lane.tenant_id \
             order by v.tenant_id limit 1) \
             from lane where lane.tenant_id is not null) \
             select tenant_id, null as due from lane where tenant_id is not null \
             union all \
             select tenant_id, due_at from suspensions where due_at is not null",
        );
        db.all(sql).await
    }

    /// Delivers events of the first of these tenants in one transaction, as long as that is not too large, and
    /// tells of how many tenants.
    async fn dispatch_of(
        &self,
        tenants: &[TenantId],
        parked: &BTreeSet<TenantId>,
    ) -> Result<(Dispatched, usize)> {
        let mut done = Dispatched::default();
        let mut free = Vec::new();
        for tenant in tenants {
            // Before anything new: when nothing is parked any more, what is new is delivered at once.
            if parked.contains(tenant) {
                let Some(released) = self.release_parked(*tenant).await? else {
                    done.busy = true;
                    continue;
                };
                done.executions += released.executions;
                done.more |= released.more;
            }
            free.push(*tenant);
        }
        let mut dealt_with = tenants.len() - free.len();
        if free.is_empty() {
            return Ok((done, dealt_with));
        }
        let tx = self.db().write_each(ACROSS_TENANTS).await?;
        let (mut size, mut gone) = (Size::default(), Vec::new());
        for tenant in free {
            if size.is_full() {
                break;
            }
            dealt_with += 1;
            tx.enter(tenant).await?;
            if alone(&tx).await? {
                done += self.dispatch_in(&tx, tenant, &mut size, &mut gone).await?;
            } else {
                done.busy = true;
            }
        }
        let (ambient, trail) = (&self.inner.ambient, &self.inner.trail);
        let said = seats::note_gone(&tx, ambient, &gone).await?;
        let noted = trail.append_all(&tx, said).await?;
        tx.commit(noted).await?;
        if !gone.is_empty() {
            for change in [Change::Cancel, Change::Documents, Change::Events] {
                self.signal(change);
            }
        }
        Ok((done, dealt_with))
    }

    /// Delivers events of a tenant, adding what became of others because of that.
    async fn dispatch_in(
        &self,
        tx: &Tx,
        tenant: TenantId,
        size: &mut Size,
        gone: &mut Vec<Execution>,
    ) -> Result<Dispatched> {
        let events = waiting(tx, tenant).await?;
        let more = events.len() == BATCH as usize;
        let ambient = &self.inner.ambient;
        let fan_out = self.fan_out(tx, tenant, events).await?;
        fan_out.alert(tx, ambient).await?;
        let executions = fan_out.executions.iter().map(|(_, execution)| execution);
        let executions: Vec<&Execution> = executions.chain(&fan_out.grown).collect();
        fan_out.write(tx, tenant, ambient.now().into()).await?;
        gone.extend(windows::follow_all(tx, &executions, ambient.now()).await?);
        gone.extend(seats::enter_all(tx, &executions, ambient.now()).await?);
        size.executions += fan_out.executions.len();
        size.bytes += fan_out.bytes;
        Ok(Dispatched {
            events: fan_out.events.len() as u64,
            executions: fan_out.executions.len() as u64,
            dead_letters: fan_out.letters.len() as u64,
            more: more || fan_out.full,
            ..Dispatched::default()
        })
    }

    /// Takes up what is due of what is parked in a tenant, each script in a transaction of its own, so that
    /// its locks come in their order; `None` when another server delivers there.
    async fn release_parked(&self, tenant: TenantId) -> Result<Option<Released>> {
        let making = Making {
            ambient: &self.inner.ambient,
            ids: &self.inner.ids,
        };
        let mut released = Released::default();
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let due = suspensions::due(&db, tenant, self.inner.ambient.now()).await?;
        drop(db);
        for script in due {
            let tx = self.db().write_each(ACROSS_TENANTS).await?;
            tx.enter(tenant).await?;
            if !alone(&tx).await? {
                return Ok(None);
            }
            let part = suspensions::release(&tx, &making, tenant, script).await?;
            tx.commit(unaudited("an execution is noted when it ends"))
                .await?;
            released.executions += part.executions;
            released.more |= part.more;
        }
        Ok(Some(released))
    }

    /// What the first of these events become.
    async fn fan_out(&self, tx: &Tx, tenant: TenantId, events: Vec<Event>) -> Result<FanOut> {
        let kinds: BTreeSet<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let asked: BTreeSet<String> = kinds.into_iter().flat_map(patterns).collect();
        let mut by_pattern: HashMap<String, Vec<Subscribed>> = HashMap::new();
        for one in subscribed(tx, tenant, &asked).await? {
            by_pattern.entry(one.pattern.clone()).or_default().push(one);
        }
        let mut fan_out = FanOut::default();
        for event in events {
            let bytes = fan_out.bytes + event.payload.len();
            if fan_out.executions.len() >= EXECUTIONS || bytes > BYTES && fan_out.bytes > 0 {
                fan_out.full = true;
                break;
            }
            self.deliver(&event, &by_pattern, &mut fan_out);
            fan_out.events.push(event.id.0);
        }
        let now = self.inner.ambient.now().into();
        fan_out.record(tx, tenant, now).await?;
        // Before turns, as whoever ends an execution locks them.
        let executions = fan_out.executions.iter().map(|(_, execution)| execution);
        seats::lock(tx, &executions.collect::<Vec<_>>()).await?;
        fan_out.take_turns(tx, tenant).await?;
        fan_out.gather(tx, tenant, self.inner.ambient.now()).await?;
        Ok(fan_out)
    }

    /// Adds what one event becomes, in the order in which its scripts begin.
    fn deliver(
        &self,
        event: &Event,
        by_pattern: &HashMap<String, Vec<Subscribed>>,
        fan_out: &mut FanOut,
    ) {
        let asked = patterns(&event.kind);
        let subscribers = asked.iter().filter_map(|p| by_pattern.get(p)).flatten();
        // A script that asks by several patterns is one.
        let order = |one: &Subscribed| (Reverse(one.subscriber.priority), one.subscriber.script);
        let subscribers: BTreeMap<(Reverse<u32>, ScriptId), &Subscribed> =
            subscribers.map(|one| (order(one), one)).collect();
        if subscribers.is_empty() {
            return;
        }
        let looped = looped(&event.lineage).map(|message| refused("platform.event_loop", message));
        let payload = event.payload.to_value();
        for one in subscribers.into_values() {
            let filter = one.subscriber.filter.as_ref();
            let refused = match looped.clone() {
                Some(cause) => Some(cause),
                None if one.unreadable => {
                    Some(refused("platform.event_filter", "the filter is broken"))
                }
                None if filter.is_some_and(|filter| !filter.matches(&payload)) => continue,
                None => None,
            };
            let mut execution = self.execution(event, one);
            match refused {
                None => {
                    fan_out.bytes += execution.input.len();
                    let path = one.subscriber.order_by.as_deref();
                    let value =
                        path.and_then(|path| order::value(path, event.key.as_deref(), &payload));
                    let value = value.map(turns::named);
                    if value.is_some() || one.subscriber.suspended {
                        let delivery = Delivery {
                            order: value,
                            ..Delivery::first(event)
                        };
                        execution.trigger_data = Some(delivery.to_json());
                        fan_out.waiting.push(Waiting {
                            script: execution.script,
                            delivery,
                            payload: event.payload.clone(),
                            parked: one.subscriber.suspended,
                        });
                    }
                    if !one.subscriber.suspended {
                        if let Some(batch) = &one.subscriber.batch {
                            execution = batches::opened(execution, batch, &Delivery::first(event));
                            fan_out.most.insert(execution.script, batch.max_events);
                        }
                        fan_out.executions.push((event.id, execution));
                    }
                }
                Some(cause) => {
                    let delivery = Delivery::first(event);
                    let payload = event.payload.clone();
                    let lineage = delivery.lineage_of_run(&execution.script_name);
                    fan_out.lineages.insert(event.id, lineage);
                    let ambient = &self.inner.ambient;
                    fan_out.letters.push(DeadLetter {
                        execution: None,
                        ..deliveries::letter(ambient, &execution, (delivery, payload), cause)
                    });
                }
            }
        }
    }

    fn execution(&self, event: &Event, one: &Subscribed) -> Execution {
        let (ambient, to) = (&self.inner.ambient, &one.subscriber);
        let now = ambient.now();
        let debounce = to.debounce.as_ref();
        let new = NewExecution {
            id: self.inner.ids.next(ambient),
            tenant: event.tenant,
            script: to.script,
            script_name: to.script_name.clone(),
            version: to.version,
            trigger: TriggerKind::Event,
            input: event.payload.clone(),
            at: now,
        };
        Execution {
            trigger_data: Some(Delivery::first(event).to_json()),
            terms: Terms {
                priority: to.priority,
                max_attempts: to.max_attempts,
                run_after: debounce.map(|debounce| debounce.due(now, now)),
                ..Terms::default()
            },
            window: debounce.map(|debounce| Window {
                key: debounce.key_of(&event.payload),
                from: now,
            }),
            seat: to.concurrency.as_ref().map(|c| c.seat(&event.payload)),
            ..Execution::pending(new)
        }
    }
}

fn refused(code: &str, message: impl Into<String>) -> Cause {
    Cause {
        code: code.into(),
        message: message.into(),
        stack: None,
    }
}

/// Whether nobody else delivers events of the tenant that was entered, until the transaction ends.
async fn alone(tx: &Tx) -> Result<bool> {
    match tx.dialect() {
        // It has one writer.
        Dialect::Sqlite => Ok(true),
        Dialect::Postgres => {
            let row: Option<AloneRow> = tx.one(tx.sql("select dispatch_alone() as alone")).await?;
            Ok(row.is_some_and(|row| row.alone))
        }
    }
}

/// The events of a tenant that were recorded first of those that wait.
async fn waiting(tx: &Tx, tenant: TenantId) -> Result<Vec<Event>> {
    let mut sql = tx.sql_of(
        tenant,
        "select * from events where tenant_id = $1 and waiting = true order by ",
    );
    sql.push(match tx.dialect() {
        Dialect::Sqlite => "rowid",
        Dialect::Postgres => "position nulls first, created_at, id",
    });
    sql.push(" limit ").bind(BATCH);
    let rows: Vec<EventRow> = tx.all(sql).await?;
    Ok(rows.into_iter().map(Event::from).collect())
}

/// What some events of a tenant become.
#[derive(Default)]
struct FanOut {
    events: Vec<Uuid>,
    executions: Vec<(EventId, Execution)>,
    /// What does not become an execution now; until turns are taken, also what may.
    waiting: Vec<Waiting>,
    letters: Vec<DeadLetter>,
    /// Executions on record that were given more of these events.
    grown: Vec<Execution>,
    /// Of scripts whose events are gathered.
    most: Most,
    /// What led to the events of those.
    lineages: HashMap<EventId, Vec<String>>,
    bytes: usize,
    /// Further events have to wait for the next transaction.
    full: bool,
}

impl FanOut {
    /// Tells of what became a dead letter at once.
    async fn alert(&self, tx: &Tx, ambient: &Ambient) -> Result<()> {
        let mut alerts = Alerts::default();
        for letter in &self.letters {
            let lineage = self.lineages.get(&letter.event).cloned();
            let happened = deliveries::happened(letter, lineage.unwrap_or_default());
            alerts.add(
                letter.tenant,
                AlertKind::DeadLetter,
                letter.script,
                happened,
            );
        }
        alerts.raise(tx, ambient).await.map(drop)
    }

    /// Records to whom the events are delivered, and leaves what was delivered before.
    async fn record(&mut self, tx: &Tx, tenant: TenantId, now: Micros) -> Result<()> {
        const COLUMNS: usize = 5;
        let of_executions = self.executions.iter();
        let of_executions = of_executions
            .map(|(event, execution)| (event.0, execution.script.0, Some(execution.id.0)));
        let of_letters = self.letters.iter();
        let of_letters = of_letters.map(|letter| (letter.event.0, letter.script.0, None));
        let parked = self.waiting.iter().filter(|waiting| waiting.parked);
        let of_parked = parked.map(|one| (one.delivery.event.0, one.script.0, None));
        let deliveries = of_executions.chain(of_letters).chain(of_parked);
        let deliveries: Vec<(Uuid, Uuid, Option<Uuid>)> = deliveries.collect();
        let mut new = HashSet::with_capacity(deliveries.len());
        for some in chunks(&deliveries) {
            let mut sql = tx.sql(
                "insert into event_deliveries (tenant_id, event_id, script_id, execution_id, \
                 created_at) values ",
            );
            sql.push_rows(some.len(), COLUMNS);
            sql.push(" on conflict do nothing returning event_id, script_id");
            let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
            for (event, script, execution) in some {
                bound.extend([
                    tenant.0.into(),
                    (*event).into(),
                    (*script).into(),
                    (*execution).into(),
                    now.into(),
                ] as [Value; COLUMNS]);
            }
            let rows: Vec<DeliveryRow> = tx.all(sql.with(bound)).await?;
            new.extend(rows.into_iter().map(|row| (row.event_id, row.script_id)));
        }
        self.executions
            .retain(|(event, execution)| new.contains(&(event.0, execution.script.0)));
        self.letters
            .retain(|letter| new.contains(&(letter.event.0, letter.script.0)));
        self.waiting
            .retain(|one| new.contains(&(one.delivery.event.0, one.script.0)));
        Ok(())
    }

    /// Of the executions that are in an order, leaves those whose turn it is; the others wait.
    async fn take_turns(&mut self, tx: &Tx, tenant: TenantId) -> Result<()> {
        let orders: HashMap<(EventId, ScriptId), String> = self
            .waiting
            .iter()
            .filter(|one| !one.parked)
            .filter_map(|one| {
                let order = one.delivery.order.clone()?;
                Some(((one.delivery.event, one.script), order))
            })
            .collect();
        if orders.is_empty() {
            return Ok(());
        }
        // Of several events of one order the first one asks.
        let mut wanted: BTreeMap<Order, (EventId, ExecutionId)> = BTreeMap::new();
        for (event, execution) in &self.executions {
            if let Some(order) = orders.get(&(*event, execution.script)) {
                let order = (execution.script, order.clone());
                wanted.entry(order).or_insert((*event, execution.id));
            }
        }
        let taken = turns::take(tx, tenant, &wanted).await?;
        let has_turn = |event: EventId, script: ScriptId, order: &String| {
            let order = (script, order.clone());
            taken.contains(&order) && wanted.get(&order).is_some_and(|(first, _)| *first == event)
        };
        let mut waits = Vec::new();
        self.executions.retain(|(event, execution)| {
            let order = orders.get(&(*event, execution.script));
            let begins = order.is_none_or(|order| has_turn(*event, execution.script, order));
            if !begins {
                waits.push((event.0, execution.script.0));
            }
            begins
        });
        self.waiting.retain(|one| {
            let order = one.delivery.order.as_ref().filter(|_| !one.parked);
            !order.is_some_and(|order| has_turn(one.delivery.event, one.script, order))
        });
        for some in chunks(&waits) {
            let mut sql = tx.sql_of(
                tenant,
                "update event_deliveries set execution_id = null where tenant_id = $1 \
                 and (event_id, script_id) in (values ",
            );
            for (place, (event, script)) in some.iter().enumerate() {
                sql.push(if place == 0 { "" } else { ", " });
                sql.bind_list([(*event).into(), (*script).into()]);
            }
            sql.push(")");
            tx.execute(sql).await?;
        }
        Ok(())
    }

    /// Puts together what is given to one execution.
    async fn gather(&mut self, tx: &Tx, tenant: TenantId, now: Timestamp) -> Result<()> {
        if self.most.is_empty() {
            return Ok(());
        }
        let singles = std::mem::take(&mut self.executions);
        let gathered = batches::gather(tx, tenant, singles, &self.most, now).await?;
        (self.executions, self.grown) = (gathered.new, gathered.grown);
        Ok(())
    }

    /// Writes what they become, and that they wait no longer.
    async fn write(&self, tx: &Tx, tenant: TenantId, now: Micros) -> Result<()> {
        let mut packed = Vec::with_capacity(self.executions.len());
        for (_, execution) in &self.executions {
            packed.push(Packed::of(execution).await?);
        }
        let executions = self.executions.iter().map(|(_, execution)| execution);
        let executions: Vec<(&Execution, &Packed)> = executions.zip(&packed).collect();
        insert_executions(tx, &executions).await?;
        turns::line_up(tx, tenant, &self.waiting, now).await?;
        for letter in &self.letters {
            dead_letters::insert(tx, letter).await?;
        }
        for some in chunks(&self.events) {
            let mut sql = tx.sql_of(
                tenant,
                "update events set waiting = false, dispatched_at = $2 \
                 where tenant_id = $1 and id in ",
            );
            sql = sql.with([now.into()]);
            sql.bind_list(some.iter().copied().map(Value::from));
            tx.execute(sql).await?;
        }
        Ok(())
    }
}

#[derive(FromRow)]
struct TenantRow {
    tenant_id: Uuid,
    due: Option<Micros>,
}

#[derive(FromRow)]
struct AloneRow {
    alone: bool,
}

#[derive(FromRow)]
struct DeliveryRow {
    event_id: Uuid,
    script_id: Uuid,
}
