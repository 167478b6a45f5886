//! The dead letters of a tenant: events that a script could not deal with, kept until a person deals
//! with them. When an event becomes one is decided in [`crate::deliveries`].

mod many;

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::dead_letter::{Cause, DeadLetter, DeadLetterStatus, ForbiddenMove};
use scriptorium_model::delivery::Delivery;
use scriptorium_model::execution::{Execution, NewExecution, Terms, TriggerKind};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{
    Ctx, DeadLetterId, EventId, ExecutionId, IdempotencyKey, Json, ScriptId, TenantId, Timestamp,
    Uuid,
};
use serde_json::json;

pub use self::many::{RetriedLetters, RetriedUnder};
use crate::Store;
use crate::audit::{By, Note, Said, unaudited};
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Dialect, Micros, Sql, Tx, json, known, micros, number};
use crate::definition::concurrency_of;
use crate::error::{Error, Result};
use crate::idempotency::{self, Taken};
use crate::store::{Change, of_tenant};
use crate::{batches, events, executions, seats};

/// Which dead letters to list; every part narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Of this script.
    pub script: Option<ScriptId>,
    /// Of this event type.
    pub event_type: Option<String>,
    /// With this status.
    pub status: Option<DeadLetterStatus>,
    /// Made at this instant or later.
    pub from: Option<Timestamp>,
    /// Made before this instant.
    pub to: Option<Timestamp>,
}

/// A dead letter without payload and stack, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetterSummary {
    /// Its id.
    pub id: DeadLetterId,
    /// The script that failed.
    pub script: ScriptId,
    /// The script's name at the time.
    pub script_name: String,
    /// The last execution, which may have left the history since.
    pub execution: Option<ExecutionId>,
    /// The event's id.
    pub event: EventId,
    /// The event's type.
    pub event_type: String,
    /// The last failure's stable code.
    pub error_code: String,
    /// The last failure's message.
    pub error_message: String,
    /// Executions that the event had of this script.
    pub attempts: u32,
    /// How many it may have before only a person takes it up again.
    pub max_attempts: u32,
    /// Where it stands.
    pub status: DeadLetterStatus,
    /// When a policy takes it up again, if one does.
    pub next_retry_at: Option<Timestamp>,
    /// When it was taken up last.
    pub last_retry_at: Option<Timestamp>,
    /// When it became a dead letter.
    pub created_at: Timestamp,
    /// When the last execution failed.
    pub failed_at: Timestamp,
}

impl Store {
    /// Keeps an event that its script could not deal with.
    ///
    /// # Errors
    /// `NotFound` when the script is not of the tenant; `Conflict` on `id`.
    pub async fn insert_dead_letter(&self, ctx: &Ctx, letter: &DeadLetter) -> Result<()> {
        of_tenant(ctx, letter.tenant)?;
        let tx = self.db().write(ctx).await?;
        insert(&tx, letter).await?;
        tx.commit(unaudited("the execution that failed has left its own"))
            .await
    }

    /// The tenant's dead letters, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_dead_letters(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        page: &PageRequest,
    ) -> Result<Page<DeadLetterSummary>> {
        let cursors = Cursors::new(ctx, "dead_letters", filter);
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql(SELECT_SUMMARY);
        sql.push(" where tenant_id = $1");
        if let Some(status) = filter.status {
            sql.push(" and status = ").bind(status.as_str());
        }
        narrow(&mut sql, filter);
        match cursors.start(page)? {
            Some(Key::Id(last)) => {
                sql.push(" and id < ").bind(last);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by id desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<SummaryRow> = db.all(sql).await?;
        let items = rows.into_iter().map(DeadLetterSummary::try_from);
        let items = items.collect::<Result<Vec<_>>>()?;
        cursors.page(items, page, |last| Key::Id(last.id.0))
    }

    /// A dead letter with its payload.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_dead_letter(&self, ctx: &Ctx, id: DeadLetterId) -> Result<DeadLetter> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(SELECT).with([id.0.into()]);
        let row: LetterRow = db.one(sql).await?.ok_or(Error::NotFound)?;
        row.try_into()
    }

    /// Takes a dead letter up again: its event runs once more, in the current version of its script and
    /// with the payload that is given, if one is. The letter waits for the end of that execution; both
    /// or neither.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status`: `forbidden_move` unless it is pending, `not_active` unless its
    /// script is active; `Conflict` on `idempotency_key` (`not_unique`) when that was used before.
    pub async fn retry_dead_letter(
        &self,
        ctx: &Ctx,
        id: DeadLetterId,
        payload: Option<Json>,
        key: Option<&IdempotencyKey>,
    ) -> Result<(DeadLetter, Execution)> {
        let tx = self.db().write(ctx).await?;
        let letter = find_to_change(&tx, id).await?;
        let terms = self.take_up(&tx, ctx, &letter, payload, None).await?;
        let Some(taken) = terms else {
            return Err(Error::Conflict {
                what: "not_active",
                field: "status",
            });
        };
        let TakenUp {
            letter,
            execution,
            mut said,
        } = taken;
        if let Some(key) = key {
            let (subject, now) = (execution.id.0, self.inner.ambient.now());
            if idempotency::take(&tx, ctx.tenant, key, subject, now).await? != Taken::Now {
                return Err(Error::not_unique("idempotency_key"));
            }
        }
        said.push(Said::one(ctx.tenant, &By::of(ctx), retried(&letter)));
        let noted = self.inner.trail.append_all(&tx, said).await?;
        tx.commit(noted).await?;
        self.signal(Change::Pending);
        self.signal(Change::Cancel);
        Ok((letter, execution))
    }

    /// How many letters [`Store::retry_dead_letters`] would take up without a limit.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn count_retriable(&self, ctx: &Ctx, filter: &DeadLetterFilter) -> Result<u64> {
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql("select count(*) as number from dead_letters");
        sql.push(RETRIABLE);
        narrow(&mut sql, filter);
        let row: Option<CountRow> = db.one(sql).await?;
        Ok(row.map_or(0, |row| row.number.unsigned_abs()))
    }

    /// Lets the event of a pending letter run once more, at an instant. `None` when its script is not
    /// active, and nothing happens.
    async fn take_up(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        letter: &DeadLetter,
        payload: Option<Json>,
        at: Option<Timestamp>,
    ) -> Result<Option<TakenUp>> {
        let ambient = &self.inner.ambient;
        let now = ambient.now();
        let id = ambient.new_id();
        let letter = letter.retried(id, now)?;
        let sql = tx
            .sql(
                "select name, version, (select b.concurrency from subscriptions b \
                 where b.tenant_id = $1 and b.script_id = $2 limit 1) as concurrency, \
                 (select b.batch_ms from subscriptions b \
                 where b.tenant_id = $1 and b.script_id = $2 limit 1) as batch_ms \
                 from scripts where tenant_id = $1 and id = $2 \
                 and status = 'active' and deleted_at is null",
            )
            .with([letter.script.0.into()]);
        let Some(script) = tx.one::<ScriptNow>(sql).await? else {
            return Ok(None);
        };
        let event = events::find(tx, letter.event).await?;
        let delivery = Delivery {
            event: letter.event,
            kind: letter.event_type.clone(),
            published_at: event.as_ref().map_or(letter.created_at, |e| e.created_at),
            script: event.as_ref().and_then(|event| event.script),
            execution: event.as_ref().and_then(|event| event.execution),
            key: event.as_ref().and_then(|event| event.key.clone()),
            lineage: event.map(|event| event.lineage).unwrap_or_default(),
            order: None,
            dead_letter: Some(letter.id),
        };
        let concurrency = script.concurrency.as_deref().map(concurrency_of);
        let concurrency = concurrency.transpose()?;
        let payload = payload.unwrap_or_else(|| letter.payload.clone());
        let seat = concurrency.map(|concurrency| concurrency.seat(&payload));
        let new = NewExecution {
            id,
            tenant: letter.tenant,
            script: letter.script,
            script_name: script.name,
            version: number(script.version),
            trigger: TriggerKind::Event,
            input: payload,
            at: now,
        };
        let execution = Execution {
            trigger_data: Some(delivery.to_json()),
            attempt: letter.attempts,
            terms: Terms {
                run_after: at,
                // Once: a person decides what follows.
                max_attempts: letter.attempts,
                ..Terms::default()
            },
            triggered_by: ctx.actor.user(),
            seat,
            ..Execution::pending(new)
        };
        // A script whose events are gathered is given this one alone.
        let execution = match script.batch_ms {
            Some(_) => batches::alone(execution, &delivery),
            None => execution,
        };
        write(tx, &letter).await?;
        seats::lock(tx, &[&execution]).await?;
        executions::insert_pending(tx, &execution).await?;
        let gone = seats::enter_all(tx, &[&execution], now).await?;
        Ok(Some(TakenUp {
            letter,
            execution,
            said: seats::note_gone(tx, ambient, &gone).await?,
        }))
    }

    /// Gives a dead letter up; it stays on record until its time is over.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`forbidden_move`) unless it is pending.
    pub async fn discard_dead_letter(&self, ctx: &Ctx, id: DeadLetterId) -> Result<DeadLetter> {
        let tx = self.db().write(ctx).await?;
        let letter = find_to_change(&tx, id).await?.discarded()?;
        write(&tx, &letter).await?;
        let note = note(Action::DeadLetterDiscarded, &letter);
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(letter)
    }

    /// Removes a dead letter for good.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` on `status` (`still_running`) while its event runs again.
    pub async fn delete_dead_letter(&self, ctx: &Ctx, id: DeadLetterId) -> Result<()> {
        let tx = self.db().write(ctx).await?;
        let letter = find_to_change(&tx, id).await?;
        if letter.status == DeadLetterStatus::Retrying {
            return Err(Error::Conflict {
                what: "still_running",
                field: "status",
            });
        }
        let sql = tx
            .sql("delete from dead_letters where tenant_id = $1 and id = $2")
            .with([id.0.into()]);
        tx.execute(sql).await?;
        let note = note(Action::DeadLetterDeleted, &letter)
            .before(json!({ "status": letter.status.as_str(), "event_id": letter.event.0 }));
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }
}

/// Keeps a letter in the transaction that ends its last execution.
pub(crate) async fn insert(tx: &Tx, letter: &DeadLetter) -> Result<()> {
    let sql = tx.sql_of(letter.tenant, INSERT).with([
        letter.id.0.into(),
        letter.script.0.into(),
        letter.script_name.as_str().into(),
        letter.execution.map(|id| id.0).into(),
        letter.event.0.into(),
        letter.event_type.as_str().into(),
        letter.cause.code.as_str().into(),
        letter.cause.message.as_str().into(),
        letter.attempts.into(),
        letter.max_attempts.into(),
        letter.status.as_str().into(),
        micros(letter.next_retry_at).into(),
        micros(letter.last_retry_at).into(),
        Micros::from(letter.created_at).into(),
        Micros::from(letter.failed_at).into(),
        letter.cause.stack.clone().into(),
        letter.payload.as_str().into(),
    ]);
    tx.execute(sql).await?;
    Ok(())
}

/// Tells the letter that waits for an execution how it ended, in the transaction that records that.
pub(crate) async fn settle(
    tx: &Tx,
    tenant: TenantId,
    execution: ExecutionId,
    cause: Option<Cause>,
    now: Timestamp,
) -> Result<Option<DeadLetter>> {
    let sql = tx.sql_of(tenant, OF_EXECUTION).with([execution.0.into()]);
    let Some(row) = tx.one::<LetterRow>(sql).await? else {
        return Ok(None);
    };
    let letter = DeadLetter::try_from(row)?;
    let settled = match cause {
        None => letter.resolved()?,
        Some(cause) => letter.failed_again(cause, None, now)?,
    };
    write(tx, &settled).await?;
    Ok(Some(settled))
}

/// The parts of a filter that letters of any status may have.
fn narrow(sql: &mut Sql, filter: &DeadLetterFilter) {
    if let Some(script) = filter.script {
        sql.push(" and script_id = ").bind(script.0);
    }
    if let Some(event_type) = &filter.event_type {
        sql.push(" and event_type = ").bind(event_type.as_str());
    }
    if let Some(from) = filter.from {
        sql.push(" and created_at >= ").bind(Micros::from(from));
    }
    if let Some(to) = filter.to {
        sql.push(" and created_at < ").bind(Micros::from(to));
    }
}

/// A letter that nobody else changes until the transaction ends.
async fn find_to_change(tx: &Tx, id: DeadLetterId) -> Result<DeadLetter> {
    let mut sql = tx.sql(SELECT).with([id.0.into()]);
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update");
    }
    let row: LetterRow = tx.one(sql).await?.ok_or(Error::NotFound)?;
    row.try_into()
}

async fn write(tx: &Tx, letter: &DeadLetter) -> Result<()> {
    let sql = tx.sql_of(letter.tenant, UPDATE).with([
        letter.id.0.into(),
        letter.execution.map(|id| id.0).into(),
        letter.cause.code.as_str().into(),
        letter.cause.message.as_str().into(),
        letter.cause.stack.clone().into(),
        letter.attempts.into(),
        letter.status.as_str().into(),
        micros(letter.next_retry_at).into(),
        micros(letter.last_retry_at).into(),
        Micros::from(letter.failed_at).into(),
    ]);
    tx.execute(sql).await?;
    Ok(())
}

/// That somebody took a letter up again.
fn retried(letter: &DeadLetter) -> Note {
    note(Action::DeadLetterRetried, letter).after(json!({
        "execution_id": letter.execution.map(|id| id.0), "attempts": letter.attempts,
    }))
}

fn note(action: Action, letter: &DeadLetter) -> Note {
    let name = format!("{}: {}", letter.script_name, letter.event_type);
    Note::new(
        action,
        Subject::new(SubjectKind::DeadLetter, letter.id.0, &name),
    )
}

/// Continues a query for the letters that can be taken up.
const RETRIABLE: &str = " where tenant_id = $1 and status = 'pending' and script_id in \
    (select id from scripts where tenant_id = $1 and status = 'active' and deleted_at is null)";

const SELECT: &str = "select * from dead_letters where tenant_id = $1 and id = $2";

const SELECT_SUMMARY: &str = "select id, script_id, script_name, execution_id, event_id, event_type, \
    error_code, error_message, attempts, max_attempts, status, next_retry_at, last_retry_at, \
    created_at, failed_at from dead_letters";

const OF_EXECUTION: &str = "select * from dead_letters where tenant_id = $1 \
    and execution_id = $2 and status = 'retrying'";

const INSERT: &str = "insert into dead_letters (tenant_id, id, script_id, script_name, \
    execution_id, event_id, event_type, error_code, error_message, attempts, max_attempts, status, \
    next_retry_at, last_retry_at, created_at, failed_at, error_stack, payload) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

const UPDATE: &str = "update dead_letters set execution_id = $3, error_code = $4, \
    error_message = $5, error_stack = $6, attempts = $7, status = $8, next_retry_at = $9, \
    last_retry_at = $10, failed_at = $11 where tenant_id = $1 and id = $2";

#[derive(FromRow)]
struct CountRow {
    number: i64,
}

/// What a script is called and at, now.
#[derive(FromRow)]
struct ScriptNow {
    name: String,
    version: i64,
    concurrency: Option<String>,
    batch_ms: Option<i64>,
}

/// A letter whose event runs again, and what else that leaves in the trail.
struct TakenUp {
    letter: DeadLetter,
    execution: Execution,
    said: Vec<Said>,
}

#[derive(FromRow)]
struct LetterRow {
    tenant_id: Uuid,
    #[row(nested)]
    summary: SummaryRow,
    error_stack: Option<String>,
    payload: String,
}

impl TryFrom<LetterRow> for DeadLetter {
    type Error = Error;
    fn try_from(row: LetterRow) -> Result<Self> {
        let summary = DeadLetterSummary::try_from(row.summary)?;
        Ok(Self {
            id: summary.id,
            tenant: TenantId(row.tenant_id),
            script: summary.script,
            script_name: summary.script_name,
            execution: summary.execution,
            event: summary.event,
            event_type: summary.event_type,
            payload: json(row.payload),
            cause: Cause {
                code: summary.error_code,
                message: summary.error_message,
                stack: row.error_stack,
            },
            attempts: summary.attempts,
            max_attempts: summary.max_attempts,
            status: summary.status,
            next_retry_at: summary.next_retry_at,
            last_retry_at: summary.last_retry_at,
            created_at: summary.created_at,
            failed_at: summary.failed_at,
        })
    }
}

#[derive(FromRow)]
struct SummaryRow {
    id: Uuid,
    script_id: Uuid,
    script_name: String,
    execution_id: Option<Uuid>,
    event_id: Uuid,
    event_type: String,
    error_code: String,
    error_message: String,
    attempts: i64,
    max_attempts: i64,
    status: String,
    next_retry_at: Option<Micros>,
    last_retry_at: Option<Micros>,
    created_at: Micros,
    failed_at: Micros,
}

impl TryFrom<SummaryRow> for DeadLetterSummary {
    type Error = Error;
    fn try_from(row: SummaryRow) -> Result<Self> {
        let status = DeadLetterStatus::from_name(&row.status);
        Ok(Self {
            id: DeadLetterId(row.id),
            script: ScriptId(row.script_id),
            script_name: row.script_name,
            execution: row.execution_id.map(ExecutionId),
            event: EventId(row.event_id),
            event_type: row.event_type,
            error_code: row.error_code,
            error_message: row.error_message,
            attempts: number(row.attempts),
            max_attempts: number(row.max_attempts),
            status: known(status, "dead_letters.status")?,
            next_retry_at: row.next_retry_at.map(Into::into),
            last_retry_at: row.last_retry_at.map(Into::into),
            created_at: row.created_at.into(),
            failed_at: row.failed_at.into(),
        })
    }
}

impl From<ForbiddenMove> for Error {
    fn from(_: ForbiddenMove) -> Self {
        Self::Conflict {
            what: "forbidden_move",
            field: "status",
        }
    }
}
