//! The executions of a tenant: recording one that is promised, looking, cancelling. How they end
//! is in [`crate::history`], how they are picked up in `system::queue`.

mod row;

use scriptorium_model::execution::{
    Execution, ExecutionStatus, LogLevel, LogLine, Metrics, TriggerKind,
};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{Ctx, ExecutionId, ScriptId, Timestamp, UserId};
use sea_orm::FromQueryResult;

use self::row::SummaryRow;
pub(crate) use self::row::{COLUMN_COUNT, COLUMNS, ExecutionRow, IdRow, insert_pending, values};
use crate::Store;
use crate::audit::unaudited;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Micros, known, like, number, opt_json};
use crate::error::{Error, Result};
use crate::store::{Change, of_tenant};

/// Which executions to list; every part narrows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionFilter {
    /// Of this script.
    pub script: Option<ScriptId>,
    /// With this status.
    pub status: Option<ExecutionStatus>,
    /// Started by this.
    pub trigger: Option<TriggerKind>,
    /// Recorded at this instant or later.
    pub from: Option<Timestamp>,
    /// Recorded before this instant.
    pub to: Option<Timestamp>,
    /// Text in the script's name, the failure's code or its message; ASCII in either case.
    pub q: Option<String>,
}

/// An execution without its payloads, as lists show it: reading a page never reads what the
/// executions were given and what they returned.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionSummary {
    /// Its id.
    pub id: ExecutionId,
    /// The script.
    pub script: ScriptId,
    /// The script's name at the time.
    pub script_name: String,
    /// The version that ran.
    pub version: u32,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// What started it.
    pub trigger: TriggerKind,
    /// The failure's stable code.
    pub failure_code: Option<String>,
    /// The failure's message.
    pub failure_message: Option<String>,
    /// What it used.
    pub metrics: Metrics,
    /// 1, and one more each time it was claimed again.
    pub attempt: u32,
    /// The execution this one repeats by hand.
    pub replay_of: Option<ExecutionId>,
    /// Whether it is a trial.
    pub test: bool,
    /// Who asked for it.
    pub triggered_by: Option<UserId>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When its first instruction ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// What recording an execution found.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    /// It is recorded now.
    New,
    /// The script already has this one under the same idempotency key.
    Existing(Box<Execution>),
}

impl Store {
    /// Records a promised execution durably as `pending`. The second with the same script and
    /// idempotency key is not recorded; the first is the answer.
    ///
    /// # Errors
    /// `NotFound` when the script is not of the tenant; `Conflict` on `id`.
    pub async fn insert_pending(&self, ctx: &Ctx, execution: Execution) -> Result<Inserted> {
        of_tenant(ctx, execution.tenant)?;
        self.inner.writer.insert_pending(execution).await
    }

    /// An execution with its payloads.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_execution(&self, ctx: &Ctx, id: ExecutionId) -> Result<Execution> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql("select * from executions where tenant_id = $1 and id = $2")
            .with([id.0.into()]);
        let row: ExecutionRow = db.one(sql).await?.ok_or(Error::NotFound)?;
        row.try_into()
    }

    /// The tenant's executions, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_executions(
        &self,
        ctx: &Ctx,
        filter: &ExecutionFilter,
        page: &PageRequest,
    ) -> Result<Page<ExecutionSummary>> {
        let cursors = Cursors::new(ctx, "executions", filter);
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(row::SELECT_SUMMARY);
        sql.push(" where tenant_id = $1");
        if let Some(script) = filter.script {
            sql.push(" and script_id = ").bind(script.0);
        }
        if let Some(status) = filter.status {
            sql.push(" and status = ").bind(status.as_str());
        }
        if let Some(trigger) = filter.trigger {
            sql.push(" and trigger_kind = ").bind(trigger.as_str());
        }
        if let Some(from) = filter.from {
            sql.push(" and created_at >= ").bind(Micros::from(from));
        }
        if let Some(to) = filter.to {
            sql.push(" and created_at < ").bind(Micros::from(to));
        }
        if let Some(q) = filter.q.as_deref().filter(|q| !q.is_empty()) {
            let pattern = like(q);
            for (before, column) in [
                (" and (", "script_name"),
                (" or ", "failure_code"),
                (" or ", "failure_message"),
            ] {
                sql.push(before)
                    .push(column)
                    .push(" like ")
                    .bind(pattern.as_str());
                sql.push(" escape '\\'");
            }
            sql.push(")");
        }
        match cursors.start(page)? {
            Some(Key::Number(at, id)) => {
                sql.push(" and (created_at, id) < ");
                sql.bind_list([at.into(), id.into()]);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by created_at desc, id desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<SummaryRow> = db.all(sql).await?;
        let items = rows
            .into_iter()
            .map(ExecutionSummary::try_from)
            .collect::<Result<Vec<_>>>()?;
        cursors.page(items, page, |last| {
            Key::Number(last.created_at.as_microsecond(), last.id.0)
        })
    }

    /// The recorded log lines of an execution after `after_seq` (0 for all), in order.
    ///
    /// # Errors
    /// `NotFound` when the execution is not there.
    pub async fn list_logs(
        &self,
        ctx: &Ctx,
        id: ExecutionId,
        after_seq: u32,
        limit: u32,
    ) -> Result<Vec<LogLine>> {
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select seq, level, at, message, data from execution_logs \
                 where tenant_id = $1 and execution_id = $2 and seq > $3 order by seq limit $4",
            )
            .with([id.0.into(), after_seq.into(), limit.into()]);
        let rows: Vec<LogRow> = db.all(sql).await?;
        if rows.is_empty() {
            let sql = db
                .sql("select id from executions where tenant_id = $1 and id = $2")
                .with([id.0.into()]);
            db.one::<IdRow>(sql).await?.ok_or(Error::NotFound)?;
        }
        rows.into_iter().map(LogLine::try_from).collect()
    }

    /// Asks to stop an execution: a pending one is cancelled at once, a running one is flagged for
    /// whoever holds it, a finished one is left alone. The execution as it stands then.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn request_cancel(&self, ctx: &Ctx, id: ExecutionId) -> Result<Execution> {
        let now = Micros::from(self.inner.ambient.now());
        let tx = self.db().write(ctx).await?;
        let sql = tx
            .sql(
                "update executions set status = 'cancelled', completed_at = $3, \
                 failure_code = 'cancelled', failure_message = 'cancelled before it began' \
                 where tenant_id = $1 and id = $2 and status = 'pending'",
            )
            .with([id.0.into(), now.into()]);
        tx.execute(sql).await?;
        let sql = tx
            .sql(
                "update executions set cancel_requested = 1 \
                 where tenant_id = $1 and id = $2 and status = 'running'",
            )
            .with([id.0.into()]);
        let flagged = tx.execute(sql).await? > 0;
        let sql = tx
            .sql("select * from executions where tenant_id = $1 and id = $2")
            .with([id.0.into()]);
        let row: ExecutionRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
        tx.commit(unaudited("executions are noted when they end"))
            .await?;
        if flagged {
            self.signal(Change::Cancel);
        }
        row.try_into()
    }
}

#[derive(FromQueryResult)]
struct LogRow {
    seq: i64,
    level: String,
    at: Micros,
    message: String,
    data: Option<String>,
}

impl TryFrom<LogRow> for LogLine {
    type Error = Error;
    fn try_from(row: LogRow) -> Result<Self> {
        Ok(Self {
            seq: number(row.seq),
            level: known(LogLevel::from_name(&row.level), "execution_logs.level")?,
            message: row.message,
            data: opt_json(row.data),
            at: row.at.into(),
        })
    }
}
