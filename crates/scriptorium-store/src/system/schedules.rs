//! Which schedules are due, in every tenant, and deciding a planned instant exactly once.

use scriptorium_model::execution::Execution;
use scriptorium_model::schedule::Schedule;
use scriptorium_model::{Ctx, ExecutionId, ScriptId, TenantId, Timestamp, Uuid};
use sea_orm::FromQueryResult;

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::db::{Micros, Tx, micros, number};
use crate::error::Result;
use crate::executions;
use crate::schedules::SKIPPED;
use crate::store::{Change, of_tenant};
use crate::versions;

/// A schedule whose planned instant has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueSchedule {
    /// The tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// The script's name.
    pub script_name: String,
    /// The script's current version.
    pub version: u32,
    /// Its settings.
    pub schedule: Schedule,
    /// The earliest planned instant that nobody has decided.
    pub due_at: Timestamp,
    /// The last planned instant that was decided.
    pub last_at: Option<Timestamp>,
}

impl Store {
    /// Schedules with a planned instant at `now` or before, the longest waiting first.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<DueSchedule>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select c.tenant_id, c.script_id, s.name, s.version, c.cron, c.timezone, \
                 c.next_at, c.last_at from schedules c join scripts s \
                 on s.tenant_id = c.tenant_id and s.id = c.script_id \
                 where c.next_at <= $1 order by c.next_at limit $2",
            )
            .with([Micros::from(now).into(), limit.into()]);
        let rows: Vec<DueRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(DueSchedule::from).collect())
    }

    /// The earliest planned instant of all schedules: until then there is nothing to look for,
    /// unless [`Change::Schedules`] moves.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql(
            "select next_at from schedules where next_at is not null order by next_at limit 1",
        );
        let row: Option<NextRow> = db.one(sql).await?;
        Ok(row.map(|row| row.next_at.into()))
    }

    /// Decides that the planned instant runs as `execution`, and plans the next one; all of it or
    /// nothing. `false` when somebody decided it before, or the schedule changed since it was read, or
    /// the version that was current then is gone.
    ///
    /// # Errors
    /// `NotFound` when the execution is of another tenant than the schedule.
    pub async fn fire_slot(
        &self,
        due: &DueSchedule,
        planned_at: Timestamp,
        next_at: Option<Timestamp>,
        execution: &Execution,
    ) -> Result<bool> {
        let ctx = Ctx::platform(due.tenant);
        of_tenant(&ctx, execution.tenant)?;
        let tx = self.db().write(&ctx).await?;
        let decided = self
            .decide(&tx, due, planned_at, next_at, Some(execution.id))
            .await?;
        if decided == Decided::Now {
            executions::insert_pending(&tx, execution).await?;
            let named = [(execution.script, execution.version)];
            if !versions::are_there(&tx, due.tenant, &named).await? {
                tx.rollback().await?;
                return Ok(false);
            }
        }
        decided.end(tx).await?;
        if decided == Decided::Now {
            self.signal(Change::Pending);
        }
        Ok(decided == Decided::Now)
    }

    /// Decides that the planned instant does not run, and plans the next one. `false` as in
    /// [`Store::fire_slot`].
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn skip_slot(
        &self,
        due: &DueSchedule,
        planned_at: Timestamp,
        next_at: Option<Timestamp>,
    ) -> Result<bool> {
        let tx = self.db().write(&Ctx::platform(due.tenant)).await?;
        let decided = self.decide(&tx, due, planned_at, next_at, None).await?;
        if decided == Decided::Now {
            let sql = tx.sql(
                "update schedules set last_status = $3 where tenant_id = $1 and script_id = $2",
            );
            tx.execute(sql.with([due.script.0.into(), SKIPPED.into()]))
                .await?;
        }
        decided.end(tx).await?;
        Ok(decided == Decided::Now)
    }

    async fn decide(
        &self,
        tx: &Tx,
        due: &DueSchedule,
        planned_at: Timestamp,
        next_at: Option<Timestamp>,
        execution: Option<ExecutionId>,
    ) -> Result<Decided> {
        let planned = Micros::from(planned_at);
        let sql = tx
            .sql(
                "update schedules set next_at = $3, last_at = $4 \
                 where tenant_id = $1 and script_id = $2 and next_at = $5 and active = true",
            )
            .with([
                due.script.0.into(),
                micros(next_at).into(),
                planned.into(),
                Micros::from(due.due_at).into(),
            ]);
        if tx.execute(sql).await? == 0 {
            return Ok(Decided::Changed);
        }
        let sql = tx
            .sql(
                "insert into schedule_slots (tenant_id, script_id, planned_at, execution_id, \
                 decided_at) values ($1, $2, $3, $4, $5) on conflict do nothing",
            )
            .with([
                due.script.0.into(),
                planned.into(),
                execution.map(|id| id.0).into(),
                Micros::from(self.inner.ambient.now()).into(),
            ]);
        Ok(if tx.execute(sql).await? > 0 {
            Decided::Now
        } else {
            Decided::Before
        })
    }
}

/// What deciding a planned instant found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decided {
    /// It is decided in this transaction.
    Now,
    /// It was decided before; only the plan moves on, or it would be due for ever.
    Before,
    /// The schedule is no longer what was read.
    Changed,
}

impl Decided {
    async fn end(self, tx: Tx) -> Result<()> {
        match self {
            Self::Now | Self::Before => {
                tx.commit(unaudited("an execution is noted when it ends"))
                    .await
            }
            Self::Changed => tx.rollback().await,
        }
    }
}

#[derive(FromQueryResult)]
struct DueRow {
    tenant_id: Uuid,
    script_id: Uuid,
    name: String,
    version: i64,
    cron: String,
    timezone: String,
    next_at: Micros,
    last_at: Option<Micros>,
}

impl From<DueRow> for DueSchedule {
    fn from(row: DueRow) -> Self {
        Self {
            tenant: TenantId(row.tenant_id),
            script: ScriptId(row.script_id),
            script_name: row.name,
            version: number(row.version),
            schedule: Schedule {
                cron: row.cron,
                timezone: row.timezone,
            },
            due_at: row.next_at.into(),
            last_at: row.last_at.map(Into::into),
        }
    }
}

#[derive(FromQueryResult)]
struct NextRow {
    next_at: Micros,
}
