//! The queue: picking up pending executions fairly among tenants, holding them by lease, and giving
//! back what a dead worker held. An execution counts as attempted when it is claimed, so that one
//! which kills its worker cannot do so for ever (security.md F15).
//!
//! One that is to begin later is `delayed` until its instant has come, so that a claim looks at none of
//! those, however many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use scriptorium_model::execution::Execution;
use scriptorium_model::{Ctx, ExecutionId, ScriptId, TenantId, Timestamp, Uuid};

use super::ACROSS_TENANTS;
use super::lanes::{Lane, Lanes, allot};
use crate::Store;
use crate::audit::{Ends, Noted, unaudited};
use crate::db::{self, Dialect, FromRow, Micros, Sql, Tx, Value};
use crate::deliveries;
use crate::error::Result;
use crate::executions::ExecutionRow;
use crate::halts::halted;
use crate::history::chunks;
use crate::lifecycle::{self, Audience};
use crate::schedules;
use crate::search;
use crate::seats;
use crate::store::Change;

/// The right to run one execution and to record its end; a new one with every claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseId(pub Uuid);

impl From<Uuid> for LeaseId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

/// An execution that the caller holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The execution, `running`, with the attempt it is now in.
    pub execution: Execution,
    /// What proves it when the end is recorded.
    pub lease: LeaseId,
}

/// A lease that still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The lease.
    pub id: LeaseId,
    /// Its execution.
    pub execution: ExecutionId,
    /// Whether somebody asked to stop it.
    pub cancel_requested: bool,
}

/// What became of executions whose worker is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Pending again.
    pub requeued: u64,
    /// Failed with `platform.lost`, at their last attempt.
    pub lost: u64,
    /// Failed with `platform.expired`: nobody had begun them in time.
    pub expired: u64,
    /// Cancelled, as somebody had asked.
    pub cancelled: u64,
}

/// The tenant that was served last, so that the next claim begins behind it.
#[derive(Debug, Default)]
pub(crate) struct Rotation(Mutex<Uuid>);

/// When the next delayed execution is due, as the last claim found it; far away when there was none.
#[derive(Debug)]
pub(crate) struct NextDue(AtomicI64);

/// Delayed executions that become claimable in one transaction.
const DUE: i64 = 1_000;

/// How far apart executions begin again that were lost together, in microseconds.
const APART: i64 = 50_000;

impl Store {
    /// Claims up to `limit` pending executions that are due and have not expired, of each tenant those
    /// of the highest priority and then the oldest, for the time of `lease`. Executions of the scripts
    /// in `busy` stay where they are: the caller has as many of those as may run at once. Of each tenant
    /// at most as many are taken as there is room for; who has had the least comes first, and of those
    /// that have had the same whoever was not served last.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn claim_pending(
        &self,
        limit: u32,
        lease: Duration,
        busy: &[ScriptId],
        about: &dyn Lanes,
    ) -> Result<Vec<Claimed>> {
        let lanes = self.due_lanes().await?.into_iter().map(|tenant| Lane {
            tenant,
            room: about.room(TenantId(tenant)) as usize,
            had: about.had(TenantId(tenant)),
            cost: about.cost(TenantId(tenant)),
        });
        let lanes: Vec<Lane<Uuid>> = lanes.filter(|lane| lane.room > 0).collect();
        if lanes.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let (this, busy) = (self.clone(), busy.to_vec());
        let claimed = async move { this.claim_of(lanes, limit as usize, lease, &busy).await };
        self.db().apart(claimed).await?
    }

    async fn claim_of(
        &self,
        lanes: Vec<Lane<Uuid>>,
        limit: usize,
        lease: Duration,
        busy: &[ScriptId],
    ) -> Result<Vec<Claimed>> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let clock = tx.lease_clock(self.inner.ambient.now()).await?;
        let term = Term::new(clock, lease);
        let chosen = self.choose(&tx, lanes, limit, busy, clock).await?;
        let mut audience = Audience::default();
        let claimed = self.claim_all(&tx, &chosen, term).await?;
        for one in &claimed {
            let ambient = &self.inner.ambient;
            lifecycle::tell_started(&tx, ambient, &mut audience, &one.execution).await?;
        }
        tx.commit(unaudited("an execution is noted when it ends"))
            .await?;
        if audience.is_told() {
            self.signal(Change::Events);
        }
        Ok(claimed)
    }

    /// Statements on the platform's own tables that this process has sent since it began; those that only
    /// begin or end a transaction are not counted.
    pub fn statements(&self) -> u64 {
        db::statements()
    }

    /// When the next execution that is to begin later is due, as the last claim found it.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.inner.next_due.get()
    }

    /// Claims one pending execution, for a caller that waits for it. `None` when it is no longer
    /// pending, or not due.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn claim_execution(
        &self,
        ctx: &Ctx,
        id: ExecutionId,
        lease: Duration,
    ) -> Result<Option<Claimed>> {
        let tx = self.db().write(ctx).await?;
        let clock = tx.lease_clock(self.inner.ambient.now()).await?;
        let (of, term) = ((ctx.tenant, id.0), Term::new(clock, lease));
        let mut audience = Audience::default();
        let claimed = self.claim(&tx, of, term, &mut audience).await?;
        tx.commit(unaudited("an execution is noted when it ends"))
            .await?;
        if audience.is_told() {
            self.signal(Change::Events);
        }
        Ok(claimed)
    }

    /// Extends leases to `lease` from now. Those that are not in the answer are lost: their
    /// execution must be stopped, its end will not be recorded.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn heartbeat(&self, leases: &[LeaseId], lease: Duration) -> Result<Vec<Lease>> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let now = tx.lease_clock(self.inner.ambient.now()).await?;
        let until = after(now, lease);
        let mut held = Vec::with_capacity(leases.len());
        for some in leases.chunks(CHUNK) {
            let theirs = |sql: &mut Sql| {
                sql.push(" status = 'running' and lease_until > ").bind(now);
                sql.push(" and lease_id in ");
                sql.bind_list(some.iter().map(|lease| lease.0.into()));
            };
            let mut sql = tx.sql("update executions set lease_until = ");
            sql.bind(until).push(" where");
            unlocked(&tx, &mut sql, &theirs);
            sql.push(" returning lease_id, id, cancel_requested");
            let extended: Vec<LeaseRow> = tx.all(sql).await?;
            if extended.len() < some.len() && tx.dialect() == Dialect::Postgres {
                // What was passed over is held as long as it was.
                let mut sql = tx.sql("select lease_id, id, cancel_requested from executions where");
                theirs(&mut sql);
                held.extend(tx.all::<LeaseRow>(sql).await?.into_iter().map(Lease::from));
            } else {
                held.extend(extended.into_iter().map(Lease::from));
            }
        }
        tx.commit(unaudited("an execution is noted when it ends"))
            .await?;
        Ok(held)
    }

    /// Gives claimed executions back unbegun, as if they had never been claimed; for a shutdown. One
    /// that somebody wants stopped ends as cancelled instead: a cancel is final, whatever the node
    /// that runs it does.
    ///
    /// # Errors
    /// `Platform` only; leases that no longer hold are passed over.
    pub async fn release(&self, leases: &[LeaseId]) -> Result<()> {
        let mut cancelled = 0;
        for some in leases.chunks(CHUNK) {
            let held = || some.iter().map(|lease| lease.0.into());
            let db = self.db().read_all(ACROSS_TENANTS).await?;
            let mut sql = db.sql(
                "select * from executions where cancel_requested = true \
                 and status = 'running' and lease_id in ",
            );
            sql.bind_list(held());
            let found: Vec<ExecutionRow> = db.all(sql).await?;
            drop(db);
            let gone = Gone {
                cancelled: &|sql| {
                    sql.push(" and lease_id in ");
                    sql.bind_list(held());
                },
                lost: None,
                expired: None,
            };
            cancelled += self.end_gone(found, &gone).await?.cancelled;
            // Whoever is flagged after that keeps the lease until its end, and is cancelled then.
            let tx = self.db().write_all(ACROSS_TENANTS).await?;
            let mut sql = tx.sql(
                "update executions set status = 'pending', attempt = attempt - 1, \
                 lease_id = null, lease_until = null, started_at = null where",
            );
            let theirs = |sql: &mut Sql| {
                sql.push(" cancel_requested = false and status = 'running' and lease_id in ");
                sql.bind_list(held());
            };
            unlocked(&tx, &mut sql, &theirs);
            tx.execute(sql).await?;
            tx.commit(unaudited("an execution is noted when it ends"))
                .await?;
        }
        self.signal(Change::Pending);
        if cancelled > 0 {
            self.signal(Change::Documents);
            self.signal(Change::Events);
        }
        Ok(())
    }

    /// Takes back executions whose lease ended at `now` or before (on PostgreSQL the server's now):
    /// pending again, or failed with `platform.lost` at their last attempt, or cancelled when somebody
    /// had asked. What nobody has begun until its expiry fails with `platform.expired`.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn recover_orphans(&self, now: Timestamp) -> Result<Recovered> {
        // Mostly there is nothing, which is found out without a transaction that writes.
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let clock = db.lease_clock(now).await?;
        let sql = db.sql(ANY_GONE).with([clock.into()]);
        if db.one::<crate::executions::IdRow>(sql).await?.is_none() {
            return Ok(Recovered::default());
        }
        drop(db);
        self.recover(Some(now)).await
    }

    /// The only process of a SQLite database begins: whatever is running runs no more.
    pub(crate) async fn recover_all_running(&self) -> Result<Recovered> {
        self.recover(None).await
    }

    /// Takes back what has a lease that ended by then, or whatever has one.
    async fn recover(&self, by: Option<Timestamp>) -> Result<Recovered> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let clock = db
            .lease_clock(by.unwrap_or_else(|| self.inner.ambient.now()))
            .await?;
        let lease_ended = by.map_or(Micros(i64::MAX), |_| clock);
        let sql = db
            .sql(
                "select * from executions where status = 'running' and lease_until <= $1 \
                 and (cancel_requested = true or attempt >= max_attempts) \
                 union all select * from executions where status = 'pending' \
                 and expires_at is not null and expires_at <= $2",
            )
            .with([lease_ended.into(), clock.into()]);
        let found: Vec<ExecutionRow> = db.all(sql).await?;
        drop(db);
        let by_lease = |sql: &mut Sql| {
            sql.push(" and lease_until <= ").bind(lease_ended);
        };
        let gone = Gone {
            cancelled: &by_lease,
            lost: Some(&by_lease),
            expired: Some(clock),
        };
        let mut recovered = self.end_gone(found, &gone).await?;
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        // One after the other: if it was one of them that ended the worker, the next time it takes few
        // with it. What has a seat is begun by whoever passes seats on. Those that somebody has locked
        // are passed over.
        let mut requeued = tx.sql(
            "with found as (select tenant_id, id from executions where cancel_requested = false \
             and status = 'running' and attempt < max_attempts and lease_until <= ",
        );
        requeued.bind(lease_ended);
        skip_locked(&tx, &mut requeued);
        requeued.push(
            "), lost as (select tenant_id, id, \
             row_number() over (order by tenant_id, id) - 1 as place from found) \
             update executions set status = 'pending', lease_id = null, lease_until = null, \
             started_at = null, delayed = (seat_key is null and lost.place > 0), \
             run_after = case when seat_key is null and lost.place > 0 then ",
        );
        requeued.bind(clock).push(" + ").bind(APART);
        requeued.push(
            " * lost.place end from lost \
             where executions.tenant_id = lost.tenant_id and executions.id = lost.id",
        );
        recovered.requeued = tx.execute(requeued).await?;
        tx.commit(unaudited("an execution is noted when it ends"))
            .await?;
        if recovered != Recovered::default() {
            tracing::warn!(
                ?recovered,
                "took back executions whose worker was gone, or that expired"
            );
            for change in [Change::Pending, Change::Documents, Change::Events] {
                self.signal(change);
            }
        }
        Ok(recovered)
    }

    /// Ends what was found, unless it has changed since, of one tenant after the other: first their scripts
    /// are locked, then they.
    async fn end_gone(&self, found: Vec<ExecutionRow>, gone: &Gone<'_>) -> Result<Recovered> {
        let mut tenants: BTreeMap<TenantId, Vec<Execution>> = BTreeMap::new();
        for row in found {
            let execution = Execution::try_from(row)?;
            tenants.entry(execution.tenant).or_default().push(execution);
        }
        let mut recovered = Recovered::default();
        for (tenant, mut found) in tenants {
            found.sort_by_key(|execution| execution.id);
            let now = Micros::from(self.inner.ambient.now());
            let tx = self.db().write_each(ACROSS_TENANTS).await?;
            tx.enter(tenant).await?;
            let scripts = found.iter().map(|execution| (tenant, execution.script));
            seats::lock_scripts(&tx, &scripts.collect()).await?;
            let ids = || found.iter().map(|execution| execution.id.0.into());
            if tx.dialect() == Dialect::Postgres {
                let mut sql = tx.sql_of(tenant, "select id from executions where tenant_id = $1");
                sql.push(" and id in ");
                sql.bind_list(ids());
                sql.push(" order by id for update");
                let _: Vec<crate::executions::IdRow> = tx.all(sql).await?;
            }
            let mut cancelled = tx.sql_of(tenant, CANCEL).with([now.into()]);
            (gone.cancelled)(&mut cancelled);
            let mut sqls = vec![cancelled];
            if let Some(lost) = gone.lost {
                let mut sql = tx.sql_of(tenant, LOST).with([now.into()]);
                lost(&mut sql);
                sqls.push(sql);
            }
            if let Some(clock) = gone.expired {
                let sql = tx.sql_of(tenant, EXPIRED);
                sqls.push(sql.with([now.into(), clock.into()]));
            }
            let mut ends = Vec::new();
            for mut sql in sqls {
                sql.push(" and id in ");
                sql.bind_list(ids());
                ends.extend(ended(&tx, sql).await?);
            }
            for end in &ends {
                match end.failure.as_ref().map(|failure| failure.code.as_str()) {
                    Some("platform.lost") => recovered.lost += 1,
                    Some("platform.expired") => recovered.expired += 1,
                    _ => recovered.cancelled += 1,
                }
            }
            let ends: Vec<&Execution> = ends.iter().collect();
            let noted = self.note_gone(&tx, &ends).await?;
            tx.commit(noted).await?;
        }
        Ok(recovered)
    }

    /// What follows from ends that nobody records under a lease: schedules, the platform's events, the
    /// events that were being delivered and the audit trail hear of them.
    async fn note_gone(&self, tx: &Tx, gone: &[&Execution]) -> Result<Noted> {
        if gone.is_empty() {
            return Ok(unaudited("an execution is noted when it ends"));
        }
        schedules::note_ends(tx, &self.inner.ambient, gone.iter().copied()).await?;
        lifecycle::tell_ends(tx, &self.inner.ambient, gone).await?;
        // In this order: seats are locked before turns.
        seats::follow(tx, gone).await?;
        deliveries::follow(tx, &self.inner.ambient, gone).await?;
        let mut ends = Ends::default();
        for execution in gone {
            ends.add(execution, &[]);
        }
        self.inner.trail.append_all(tx, ends.said().collect()).await
    }

    /// Which executions a claim takes. A lane that has fewer than it was allotted leaves room to those
    /// that have more.
    async fn choose(
        &self,
        tx: &Tx,
        mut lanes: Vec<Lane<Uuid>>,
        limit: usize,
        busy: &[ScriptId],
        clock: Micros,
    ) -> Result<Vec<(Uuid, Uuid)>> {
        let mut chosen = Vec::with_capacity(limit);
        let mut taken = vec![0; lanes.len()];
        while chosen.len() < limit {
            let counts = allot(&mut lanes, limit - chosen.len());
            if counts.iter().all(|count| *count == 0) {
                break;
            }
            for (place, count) in counts.into_iter().enumerate() {
                if count == 0 {
                    continue;
                }
                let lane = &mut lanes[place];
                let ids = first(tx, lane.tenant, taken[place], count, busy, clock).await?;
                taken[place] += ids.len();
                if ids.len() < count {
                    lane.room = 0;
                }
                chosen.extend(ids.into_iter().map(|id| (lane.tenant, id)));
                self.inner.rotation.set(lane.tenant);
            }
        }
        Ok(chosen)
    }

    /// The tenants with executions that may begin, after what has become due joined them; beginning
    /// behind the tenant served last.
    async fn due_lanes(&self) -> Result<Vec<Uuid>> {
        let (mut lanes, mut due) = self.waiting_lanes().await?;
        if due.is_some_and(|due| due.0 <= self.inner.ambient.now().as_microsecond()) {
            self.end_delays().await?;
            (lanes, due) = self.waiting_lanes().await?;
        }
        self.inner.next_due.set(due);
        let served = self.inner.rotation.get();
        let behind = lanes.partition_point(|lane| *lane <= served);
        lanes.rotate_left(behind);
        Ok(lanes)
    }

    /// The tenants with executions that may begin, and when the next one may that is delayed. The
    /// recursion hops from tenant to tenant in the index, so it does not read their executions.
    async fn waiting_lanes(&self) -> Result<(Vec<Uuid>, Option<Micros>)> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(
            "with recursive lane (tenant_id) as (\
             select (select e.tenant_id from executions e \
             where e.status = 'pending' and e.delayed = false \
             order by e.tenant_id limit 1) \
             union all \
             select (select e.tenant_id from executions e \
             where e.status = 'pending' and e.delayed = false and e.tenant_id > lane.tenant_id \
             order by e.tenant_id limit 1) \
             from lane where lane.tenant_id is not null) \
             select tenant_id, null as due from lane where tenant_id is not null \
             union all \
             select null, (select e.run_after from executions e \
             where e.status = 'pending' and e.delayed = true and e.run_after >= 0 \
             order by e.run_after limit 1)",
        );
        let rows: Vec<LaneRow> = db.all(sql).await?;
        let due = rows.iter().find_map(|row| row.due);
        Ok((
            rows.into_iter().filter_map(|row| row.tenant_id).collect(),
            due,
        ))
    }

    /// Lets executions be claimed whose instant has come, the longest due first.
    async fn end_delays(&self) -> Result<()> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let clock = tx.lease_clock(self.inner.ambient.now()).await?;
        let mut sql = tx.sql(
            "update executions set delayed = false where (tenant_id, id) in (\
             select tenant_id, id from executions where status = 'pending' and delayed = true \
             and seat_key is null and run_after <= ",
        );
        sql.bind(clock).push(" order by run_after limit ").bind(DUE);
        skip_locked(&tx, &mut sql);
        sql.push(")");
        tx.execute(sql).await?;
        tx.commit(unaudited("an execution is noted when it ends"))
            .await?;
        // What is about something has to have its seat besides. Scripts are locked before executions.
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let mut sql = tx.sql(
            "select tenant_id, script_id, seat_key from executions where status = 'pending' \
             and delayed = true and seat_key is not null and run_after <= ",
        );
        sql.bind(clock).push(" order by run_after limit ").bind(DUE);
        let found: Vec<DueRow> = tx.all(sql).await?;
        let keys: BTreeSet<seats::Key> = found.into_iter().filter_map(DueRow::key).collect();
        let scripts = keys.iter().map(|key| (key.tenant, key.script));
        seats::lock_scripts(&tx, &scripts.collect()).await?;
        for key in &keys {
            let mut sql = tx.sql_of(
                key.tenant,
                "update executions set run_after = null where tenant_id = $1 and id in (\
                 select id from executions where tenant_id = $1 and script_id = $2 \
                 and seat_key = $3 and seat_key is not null and status = 'pending' \
                 and delayed = true and run_after <= $4",
            );
            sql = sql.with([key.script.0.into(), key.key.as_str().into(), clock.into()]);
            skip_locked(&tx, &mut sql);
            sql.push(")");
            tx.execute(sql).await?;
        }
        seats::pass_all(&tx, &keys).await?;
        tx.commit(unaudited("an execution is noted when it ends"))
            .await
    }

    /// Claims pending executions, a part of them by one statement; in their order.
    async fn claim_all(
        &self,
        tx: &Tx,
        chosen: &[(Uuid, Uuid)],
        term: Term,
    ) -> Result<Vec<Claimed>> {
        let now = Micros::from(self.inner.ambient.now());
        let mut rows: HashMap<ExecutionId, Execution> = HashMap::with_capacity(chosen.len());
        let mut leases = HashMap::with_capacity(chosen.len());
        for some in chunks(chosen) {
            let granted = some.iter().flat_map(|(tenant, id)| {
                let lease: LeaseId = self.inner.ambient.new_id();
                leases.insert(ExecutionId(*id), lease);
                [*tenant, *id, lease.0].map(Value::from)
            });
            let granted: Vec<Value> = granted.collect();
            let mut sql = tx.sql("with granted (tenant_id, id, lease_id) as (values ");
            sql.push_rows(some.len(), 3);
            let mut sql = sql.with(granted);
            sql.push(
                ") update executions set status = 'running', attempt = attempt + 1, \
                 lease_id = granted.lease_id, lease_until = ",
            );
            sql.bind(term.until).push(", started_at = ").bind(now);
            sql.push(
                " from granted where executions.tenant_id = granted.tenant_id \
                 and executions.id = granted.id and status = 'pending' and delayed = false \
                 and (expires_at is null or expires_at > ",
            );
            sql.bind(term.clock).push(match tx.dialect() {
                Dialect::Sqlite => ") returning *",
                Dialect::Postgres => ") returning executions.*",
            });
            for row in tx.all::<ExecutionRow>(sql).await? {
                let execution = Execution::try_from(row)?;
                rows.insert(execution.id, execution);
            }
        }
        let ids = chosen.iter().map(|(_, id)| ExecutionId(*id));
        Ok(ids
            .filter_map(|id| {
                Some(Claimed {
                    execution: rows.remove(&id)?,
                    lease: *leases.get(&id)?,
                })
            })
            .collect())
    }

    async fn claim(
        &self,
        tx: &Tx,
        (tenant, id): (TenantId, Uuid),
        term: Term,
        audience: &mut Audience,
    ) -> Result<Option<Claimed>> {
        let lease: LeaseId = self.inner.ambient.new_id();
        let now = self.inner.ambient.now();
        let Some(execution) = claim_row(tx, (tenant, id), lease, term, now).await? else {
            return Ok(None);
        };
        lifecycle::tell_started(tx, &self.inner.ambient, audience, &execution).await?;
        Ok(Some(Claimed { execution, lease }))
    }
}

/// Gives a pending execution to whoever holds this lease; it, running, unless it cannot be had.
pub(crate) async fn claim_row(
    tx: &Tx,
    (tenant, id): (TenantId, Uuid),
    lease: LeaseId,
    term: Term,
    now: Timestamp,
) -> Result<Option<Execution>> {
    let sql = tx
        .sql_of(
            tenant,
            "update executions set status = 'running', attempt = attempt + 1, lease_id = $3, \
             lease_until = $4, started_at = $5 \
             where tenant_id = $1 and id = $2 and status = 'pending' \
             and delayed = false and (expires_at is null or expires_at > $6) returning *",
        )
        .with([
            id.into(),
            lease.0.into(),
            term.until.into(),
            Micros::from(now).into(),
            term.clock.into(),
        ]);
    let row: Option<ExecutionRow> = tx.one(sql).await?;
    row.map(TryInto::try_into).transpose()
}

/// From when until when a lease is.
#[derive(Clone, Copy)]
pub(crate) struct Term {
    clock: Micros,
    until: Micros,
}

impl Term {
    pub(crate) fn new(clock: Micros, lease: Duration) -> Self {
        Self {
            clock,
            until: after(clock, lease),
        }
    }
}

/// Finds whether there is anything to take back or to give up.
const ANY_GONE: &str = "select id from executions where status = 'running' and lease_until <= $1 \
    union all select id from executions \
    where status = 'pending' and expires_at is not null and expires_at <= $1 limit 1";

/// Ends running executions of a tenant that somebody wants stopped.
const CANCEL: &str = "update executions set status = 'cancelled', lease_id = null, \
    lease_until = null, failure_code = 'cancelled', \
    failure_message = 'cancelled; its worker was gone before it ended', completed_at = $2 \
    where tenant_id = $1 and cancel_requested = true and status = 'running'";

/// Ends those that were lost with their worker at the last attempt.
const LOST: &str = "update executions set status = 'failed', completed_at = $2, lease_id = null, \
    lease_until = null, failure_code = 'platform.lost', \
    failure_message = 'its worker was gone before it ended, at the last attempt' \
    where tenant_id = $1 and cancel_requested = false and status = 'running' \
    and attempt >= max_attempts";

/// Ends those that nobody has begun in time.
const EXPIRED: &str = "update executions set status = 'failed', completed_at = $2, delayed = false, \
    failure_code = 'platform.expired', failure_message = 'it expired before it could begin' \
    where tenant_id = $1 and status = 'pending' and expires_at is not null and expires_at <= $3";

/// Continues a statement by what narrows it.
type Narrow<'a> = &'a (dyn Fn(&mut Sql) + Sync);

/// Which executions are ended without their worker.
struct Gone<'a> {
    /// Those that somebody wants stopped, and these besides.
    cancelled: Narrow<'a>,
    /// Those at their last attempt, and these besides.
    lost: Option<Narrow<'a>>,
    /// Those that expired by then.
    expired: Option<Micros>,
}

/// Continues an update after `where`: on PostgreSQL rows that somebody has locked are passed over, so that
/// it waits for nobody.
fn unlocked(tx: &Tx, sql: &mut Sql, which: Narrow<'_>) {
    if tx.dialect() == Dialect::Sqlite {
        which(sql);
        return;
    }
    sql.push(" (tenant_id, id) in (select tenant_id, id from executions where");
    which(sql);
    sql.push(" for update skip locked)");
}

fn skip_locked(tx: &Tx, sql: &mut Sql) {
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update skip locked");
    }
}

/// Runs a statement that ends executions and returns them, and notes them for the search index.
pub(crate) async fn ended(tx: &Tx, mut sql: Sql) -> Result<Vec<Execution>> {
    sql.push(" returning *");
    let rows: Vec<ExecutionRow> = tx.all(sql).await?;
    let ended = rows.into_iter().map(Execution::try_from);
    let ended = ended.collect::<Result<Vec<_>>>()?;
    for execution in &ended {
        let note = tx.sql_of(execution.tenant, search::NOTE_UNREAD);
        tx.execute(note.with([execution.id.0.into()])).await?;
    }
    Ok(ended)
}

fn after(now: Micros, lease: Duration) -> Micros {
    let micros = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    Micros(now.0.saturating_add(micros))
}

/// The pending executions of a tenant that begin first: the oldest of the highest priority. Those that
/// another server is claiming are passed over.
async fn first(
    tx: &Tx,
    tenant: Uuid,
    skip: usize,
    limit: usize,
    busy: &[ScriptId],
    clock: Micros,
) -> Result<Vec<Uuid>> {
    let whole = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let mut sql = tx.sql(
        "select id from executions where status = 'pending' and delayed = false and tenant_id = ",
    );
    sql.bind(tenant);
    if !busy.is_empty() {
        sql.push(" and script_id not in ");
        sql.bind_list(busy.iter().map(|script| script.0.into()));
    }
    sql.push(" and (expires_at is null or expires_at > ");
    sql.bind(clock).push(")");
    sql.push(concat!(
        " and not ",
        halted!("executions", "executions.trigger_kind")
    ));
    sql.push(" order by priority desc, id limit ");
    sql.bind(whole(limit)).push(" offset ").bind(whole(skip));
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update skip locked");
    }
    let rows: Vec<crate::executions::IdRow> = tx.all(sql).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Most leases of one statement.
const CHUNK: usize = 500;

impl Rotation {
    fn get(&self) -> Uuid {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn set(&self, tenant: Uuid) {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = tenant;
    }
}

impl Default for NextDue {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl NextDue {
    fn get(&self) -> Option<Timestamp> {
        let due = self.0.load(Ordering::Relaxed);
        (due != i64::MAX).then(|| Micros(due).into())
    }

    fn set(&self, due: Option<Micros>) {
        let due = due.map_or(i64::MAX, |due| due.0);
        self.0.store(due, Ordering::Relaxed);
    }
}

#[derive(FromRow)]
struct LaneRow {
    tenant_id: Option<Uuid>,
    due: Option<Micros>,
}

#[derive(FromRow)]
struct DueRow {
    tenant_id: Uuid,
    script_id: Uuid,
    seat_key: Option<String>,
}

impl DueRow {
    fn key(self) -> Option<seats::Key> {
        Some(seats::Key {
            tenant: TenantId(self.tenant_id),
            script: ScriptId(self.script_id),
            key: self.seat_key?,
        })
    }
}

#[derive(FromRow)]
struct LeaseRow {
    lease_id: Uuid,
    id: Uuid,
    cancel_requested: bool,
}

impl From<LeaseRow> for Lease {
    fn from(row: LeaseRow) -> Self {
        Self {
            id: LeaseId(row.lease_id),
            execution: ExecutionId(row.id),
            cancel_requested: row.cancel_requested,
        }
    }
}
