//! The executions of a tenant: recording one that is promised, looking, cancelling. How they end
//! is in [`crate::history`], how they are picked up in `system::queue`.

mod list;
mod packed;
mod row;
mod story;
mod targets;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::execution::{Execution, ExecutionStatus, LogLevel, LogLine};
use scriptorium_model::{Ctx, ExecutionId, ScriptId};
use serde_json::json;

pub(crate) use self::list::goes_on;
pub use self::list::{ExecutionField, ExecutionFilter, ExecutionSort, ExecutionSummary};
pub(crate) use self::packed::Packed;
pub(crate) use self::row::{COLUMN_COUNT, COLUMNS, ExecutionRow, IdRow, insert_pending, values};
use crate::Store;
use crate::audit::{By, Ends, Note, Noted, Said, unaudited};
use crate::db::{Dialect, FromRow, Micros, Tx, known, number, opt_json};
use crate::deliveries;
use crate::error::{Error, Result};
use crate::history::Accept;
use crate::lifecycle;
use crate::schedules;
use crate::search;
use crate::seats;
use crate::store::{Change, of_tenant};

/// What recording an execution found.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    /// It is recorded now.
    New,
    /// The same was asked for under the same idempotency key, and this is what came of it.
    Existing(Box<Execution>),
    /// The idempotency key stands for another request.
    KeyReused,
    /// It was to begin at once, and does not have its seat: nothing is recorded.
    Full,
    /// There was no seat for it, and it is recorded as cancelled.
    Dropped(Box<Execution>),
}

impl Store {
    /// Records a promised execution durably as `pending`.
    ///
    /// # Errors
    /// `NotFound` when the script is not of the tenant, or has no such version; `Conflict` on `id`.
    pub async fn insert_pending(&self, ctx: &Ctx, execution: Execution) -> Result<Inserted> {
        self.accept(ctx, Accept::from(execution)).await
    }

    /// Records a promised execution durably, pending or begun by the caller. The second under an
    /// idempotency key is not recorded; the first is the answer.
    ///
    /// # Errors
    /// Like [`Store::insert_pending`].
    pub async fn accept(&self, ctx: &Ctx, accept: Accept) -> Result<Inserted> {
        of_tenant(ctx, accept.execution.tenant)?;
        self.inner.writer.accept(accept).await
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
        let find = |tx: &Tx| {
            tx.sql("select * from executions where tenant_id = $1 and id = $2")
                .with([id.0.into()])
        };
        let row: ExecutionRow = tx.one(find(&tx)).await?.ok_or(Error::NotFound)?;
        let execution: Execution = row.try_into()?;
        // Before the execution, as everybody locks them.
        if execution.status == ExecutionStatus::Pending {
            seats::lock(&tx, &[&execution]).await?;
        }
        // Nobody claims it or gives it back until this is decided.
        let mut find = find(&tx);
        if tx.dialect() == Dialect::Postgres {
            find.push(" for update");
        }
        let row: ExecutionRow = tx.one(find).await?.ok_or(Error::NotFound)?;
        let mut execution: Execution = row.try_into()?;
        let ended = execution.status == ExecutionStatus::Pending;
        let flagged = execution.status == ExecutionStatus::Running;
        if ended {
            let sql = tx
                .sql(
                    "update executions set status = 'cancelled', completed_at = $3, \
                     failure_code = 'cancelled', failure_message = 'cancelled before it began' \
                     where tenant_id = $1 and id = $2 returning *",
                )
                .with([id.0.into(), now.into()]);
            let row: ExecutionRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
            execution = row.try_into()?;
            let sql = tx.sql(search::NOTE_UNREAD).with([id.0.into()]);
            tx.execute(sql).await?;
        } else if flagged {
            let sql = tx
                .sql(
                    "update executions set cancel_requested = true \
                     where tenant_id = $1 and id = $2",
                )
                .with([id.0.into()]);
            tx.execute(sql).await?;
        }
        let mut next = false;
        if ended {
            schedules::note_ends(&tx, &self.inner.ambient, [&execution]).await?;
            lifecycle::tell_ends(&tx, &self.inner.ambient, &[&execution]).await?;
            // In this order: seats are locked before turns.
            next = seats::follow(&tx, &[&execution]).await?;
            let followed = deliveries::follow(&tx, &self.inner.ambient, &[&execution]).await?;
            next |= followed.pending;
        }
        let noted = if ended || flagged {
            self.note_cancel(&tx, ctx, &execution, ended).await?
        } else {
            unaudited("it had ended before")
        };
        tx.commit(noted).await?;
        if ended {
            self.signal(Change::Documents);
            self.signal(Change::Events);
        }
        if next {
            self.signal(Change::Pending);
        }
        if flagged {
            self.signal(Change::Cancel);
        }
        Ok(execution)
    }

    /// Notes that somebody asked to stop an execution that has no record yet.
    ///
    /// # Errors
    /// `NotFound` when it is of another tenant.
    pub async fn note_cancel_of(&self, ctx: &Ctx, execution: &Execution) -> Result<()> {
        of_tenant(ctx, execution.tenant)?;
        let tx = self.db().write(ctx).await?;
        let noted = self.note_cancel(&tx, ctx, execution, false).await?;
        tx.commit(noted).await
    }

    /// Who asked, and of an execution that had not begun also its end.
    async fn note_cancel(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        execution: &Execution,
        ended: bool,
    ) -> Result<Noted> {
        let name = &execution.script_name;
        let subject = Subject::new(SubjectKind::Execution, execution.id.0, name);
        let note = Note::new(Action::ExecutionCancelled, subject)
            .after(json!({ "script_id": execution.script.0, "had_begun": !ended }));
        let mut said = vec![Said::one(ctx.tenant, &By::of(ctx), note)];
        if ended {
            let mut ends = Ends::default();
            ends.add(execution, &[]);
            said.extend(ends.said());
        }
        self.inner.trail.append_all(tx, said).await
    }
}

/// Flags whatever runs of a script for those who hold it; whether anything did.
pub(crate) async fn stop_all(tx: &Tx, script: ScriptId) -> Result<bool> {
    // A tenant has few that run, and a script may have any number that ended.
    let by = match tx.dialect() {
        Dialect::Sqlite => " indexed by executions_status",
        Dialect::Postgres => "",
    };
    let mut sql = tx.sql("update executions");
    sql.push(by);
    sql.push(" set cancel_requested = true where tenant_id = $1 and status = 'running'");
    sql.push(" and script_id = ").bind(script.0);
    Ok(tx.execute(sql).await? > 0)
}

/// How loud a line is. Releases before 0037 wrote how far an execution was as lines of a level of its own.
fn level(name: &str) -> Result<LogLevel> {
    let known_now = LogLevel::from_name(name);
    let found = known_now.or_else(|| (name == "progress").then_some(LogLevel::Info));
    known(found, "execution_logs.level")
}

#[derive(FromRow)]
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
            level: level(&row.level)?,
            message: row.message,
            data: opt_json(row.data),
            at: row.at.into(),
        })
    }
}
