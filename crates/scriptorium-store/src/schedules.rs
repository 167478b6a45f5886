//! The schedules of a tenant as its users see them. Which are due is in `system::schedules`.

use std::collections::BTreeMap;

use scriptorium_model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium_model::{Ctx, ScriptId, Timestamp, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::db::{Micros, Tx, known};
use crate::error::Result;

/// The next planned instant of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// The script.
    pub script: ScriptId,
    /// Its name.
    pub script_name: String,
    /// When it will run.
    pub at: Timestamp,
}

/// What became of the planned instant that was decided last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRun {
    /// It ran, and ended so.
    Ended(ExecutionStatus),
    /// It did not run: it was missed, or the run before went on.
    Skipped,
}

/// Where the schedule of one script stands (R-DB-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleState {
    /// The next planned instant, while its script is active.
    pub next_at: Option<Timestamp>,
    /// The planned instant that was decided last.
    pub last_at: Option<Timestamp>,
    /// What became of the last one that is over.
    pub last_run: Option<LastRun>,
}

impl LastRun {
    /// The name it is stored by: the status, or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended(status) => status.as_str(),
            Self::Skipped => SKIPPED,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        if name == SKIPPED {
            Some(Self::Skipped)
        } else {
            ExecutionStatus::from_name(name).map(Self::Ended)
        }
    }
}

pub(crate) const SKIPPED: &str = "skipped";

impl Store {
    /// The tenant's next planned instants, one for each active schedule, the soonest first.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_upcoming(&self, ctx: &Ctx, limit: u32) -> Result<Vec<Upcoming>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select c.script_id, s.name, c.next_at from schedules c join scripts s \
                 on s.tenant_id = c.tenant_id and s.id = c.script_id \
                 where c.tenant_id = $1 and c.next_at is not null \
                 order by c.next_at, c.script_id limit $2",
            )
            .with([limit.into()]);
        let rows: Vec<UpcomingRow> = db.all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| Upcoming {
                script: ScriptId(row.script_id),
                script_name: row.name,
                at: row.next_at.into(),
            })
            .collect())
    }

    /// Where the schedule of a script stands; `None` when the script has none, or is not there.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_schedule_state(
        &self,
        ctx: &Ctx,
        script: ScriptId,
    ) -> Result<Option<ScheduleState>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select next_at, last_at, last_status from schedules \
                 where tenant_id = $1 and script_id = $2",
            )
            .with([script.0.into()]);
        let row: Option<StateRow> = db.one(sql).await?;
        row.map(ScheduleState::try_from).transpose()
    }
}

/// Remembers how the runs of schedules ended, in the transaction that records their ends. Trials and
/// repetitions are a person's, and say nothing of the schedule. Rows are locked in the order of
/// their keys, so that two transactions never wait for each other.
pub(crate) async fn note_ends<'a>(
    tx: &Tx,
    ends: impl IntoIterator<Item = &'a Execution>,
) -> Result<()> {
    let mut last = BTreeMap::new();
    for end in ends {
        let planned = end.trigger == TriggerKind::Cron && !end.test && end.replay_of.is_none();
        if planned && end.status.is_final() {
            last.insert((end.tenant, end.script), end.status);
        }
    }
    for ((tenant, script), status) in last {
        let sql = tx.sql_of(
            tenant,
            "update schedules set last_status = $3 where tenant_id = $1 and script_id = $2",
        );
        tx.execute(sql.with([script.0.into(), status.as_str().into()]))
            .await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct StateRow {
    next_at: Option<Micros>,
    last_at: Option<Micros>,
    last_status: Option<String>,
}

impl TryFrom<StateRow> for ScheduleState {
    type Error = crate::Error;
    fn try_from(row: StateRow) -> Result<Self> {
        let last_run = row.last_status.map(|name| {
            let last_run = LastRun::from_name(&name);
            known(last_run, "schedules.last_status")
        });
        Ok(Self {
            next_at: row.next_at.map(Into::into),
            last_at: row.last_at.map(Into::into),
            last_run: last_run.transpose()?,
        })
    }
}

#[derive(FromQueryResult)]
struct UpcomingRow {
    script_id: Uuid,
    name: String,
    next_at: Micros,
}
