//! Operations on many executions, as durable rows: what is asked for, for whom, and how far it has come.
//! The executions are dealt with one by one outside; each part is noted here before the next is begun, and
//! doing a part twice does it once.

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::execution::{ExecutionStatus, TriggerKind};
use scriptorium_model::operation::{OperationKind, OperationState, Pace};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::{
    Actor, Ctx, ExecutionId, OperationId, ScriptId, TenantId, Timestamp, TokenId, UserId, Uuid,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Store;
use crate::audit::{Note, unaudited};
use crate::db::FromRow;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Dialect, Micros, known, micros, number};
use crate::error::{Error, Result};
use crate::executions::ExecutionFilter;
use crate::store::of_tenant;

/// An operation on many executions.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// Its tenant.
    pub tenant: TenantId,
    /// What is done to each.
    pub kind: OperationKind,
    /// Where it stands.
    pub state: OperationState,
    /// Which executions; without words, and in the order of their ids.
    pub filter: ExecutionFilter,
    /// How many, and how fast.
    pub pace: Pace,
    /// How many matched when it began, the limit at most.
    pub total: u32,
    /// To how many it was done.
    pub done: u32,
    /// To how many it could not be done.
    pub failed: u32,
    /// The first of those, each with the reason's code.
    pub problems: Vec<(ExecutionId, String)>,
    /// The last execution that was dealt with.
    pub after: Option<ExecutionId>,
    /// The user who asked for it.
    pub user: Option<UserId>,
    /// The token that was used.
    pub token: Option<TokenId>,
    /// What whoever asked for it could do then: it is done with no more.
    pub grant: PermissionSet,
    /// When it was asked for; what was recorded later is not meant.
    pub created_at: Timestamp,
    /// When it goes on.
    pub next_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Why it could not go on.
    pub reason: Option<String>,
}

/// Most problems that are kept of one operation.
pub const PROBLEMS: usize = 20;

impl Operation {
    /// Who it acts for, with the rights of then.
    pub fn actor(&self) -> Actor {
        match (self.token, self.user) {
            (Some(id), user) => Actor::Token { id, user },
            (None, Some(id)) => Actor::User { id, session: None },
            (None, None) => Actor::Host,
        }
    }

    /// How many are dealt with.
    pub fn seen(&self) -> u32 {
        self.done.saturating_add(self.failed)
    }
}

impl Store {
    /// Records an operation that is to be done.
    ///
    /// # Errors
    /// `NotFound` when it is of another tenant; `Conflict` on `id`.
    pub async fn create_operation(&self, ctx: &Ctx, operation: &Operation) -> Result<()> {
        of_tenant(ctx, operation.tenant)?;
        let tx = self.db().write(ctx).await?;
        let filter = filter_text(&operation.filter);
        let sql = tx.sql(INSERT).with([
            operation.id.0.into(),
            operation.kind.as_str().into(),
            operation.state.as_str().into(),
            filter.as_str().into(),
            operation.pace.limit.into(),
            operation.pace.per_minute.into(),
            operation.total.into(),
            operation.user.map(|user| user.0).into(),
            operation.token.map(|token| token.0).into(),
            json!(operation.grant.names().collect::<Vec<_>>())
                .to_string()
                .into(),
            Micros::from(operation.created_at).into(),
            Micros::from(operation.next_at).into(),
        ]);
        tx.execute(sql).await?;
        let said = json!({
            "kind": operation.kind.as_str(), "filter": filter_value(&operation.filter),
            "matched": operation.total, "per_minute": operation.pace.per_minute,
        });
        let note = note(Action::OperationStarted, operation).after(said);
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await
    }

    /// One operation.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_operation(&self, ctx: &Ctx, id: OperationId) -> Result<Operation> {
        let db = self.db().read(ctx).await?;
        let sql = db.sql(SELECT).with([id.0.into()]);
        let row: OperationRow = db.one(sql).await?.ok_or(Error::NotFound)?;
        row.try_into()
    }

    /// The tenant's operations, newest first.
    ///
    /// # Errors
    /// `CursorInvalid`.
    pub async fn list_operations(&self, ctx: &Ctx, page: &PageRequest) -> Result<Page<Operation>> {
        let cursors = Cursors::new(ctx, "operations", &());
        let db = self.db().read(ctx).await?;
        let mut sql = db.sql("select * from operations where tenant_id = $1");
        match cursors.start(page)? {
            Some(Key::Id(last)) => {
                sql.push(" and id < ").bind(last);
            }
            Some(_) => return Err(Error::CursorInvalid),
            None => {}
        }
        sql.push(" order by id desc limit ");
        sql.bind(i64::from(page.limit) + 1);
        let rows: Vec<OperationRow> = db.all(sql).await?;
        let items = rows.into_iter().map(Operation::try_from);
        let items = items.collect::<Result<Vec<_>>>()?;
        cursors.page(items, page, |last| Key::Id(last.id.0))
    }

    /// Stops an operation that goes on; one that has ended is given as it is.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn cancel_operation(&self, ctx: &Ctx, id: OperationId) -> Result<Operation> {
        let tx = self.db().write(ctx).await?;
        let mut find = tx.sql(SELECT).with([id.0.into()]);
        if tx.dialect() == Dialect::Postgres {
            find.push(" for update");
        }
        let row: OperationRow = tx.one(find).await?.ok_or(Error::NotFound)?;
        let mut operation = Operation::try_from(row)?;
        if operation.state.is_final() {
            tx.commit(unaudited("it had ended before")).await?;
            return Ok(operation);
        }
        let now = self.inner.ambient.now();
        operation.state = OperationState::Cancelled;
        operation.completed_at = Some(now);
        let sql = tx
            .sql(
                "update operations set state = 'cancelled', completed_at = $3 \
                 where tenant_id = $1 and id = $2",
            )
            .with([id.0.into(), Micros::from(now).into()]);
        tx.execute(sql).await?;
        let said = json!({ "done": operation.done, "failed": operation.failed });
        let note = note(Action::OperationCancelled, &operation).after(said);
        let noted = self.audited(&tx, ctx, note).await?;
        tx.commit(noted).await?;
        Ok(operation)
    }

    /// Notes how far an operation has come that had come to `from`, unless somebody has stopped it or
    /// another node was faster; whether it was noted.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn advance_operation(
        &self,
        ctx: &Ctx,
        operation: &Operation,
        from: Option<ExecutionId>,
    ) -> Result<bool> {
        of_tenant(ctx, operation.tenant)?;
        let problems: Vec<(Uuid, &str)> = operation
            .problems
            .iter()
            .map(|(id, code)| (id.0, code.as_str()))
            .collect();
        let tx = self.db().write(ctx).await?;
        let sql = tx.sql(ADVANCE).with([
            operation.id.0.into(),
            operation.state.as_str().into(),
            operation.total.into(),
            operation.done.into(),
            operation.failed.into(),
            json!(problems).to_string().into(),
            operation.after.map(|id| id.0).into(),
            Micros::from(operation.next_at).into(),
            micros(operation.completed_at).into(),
            operation.reason.clone().into(),
            from.map_or(Uuid::nil(), |id| id.0).into(),
            Uuid::nil().into(),
        ]);
        let noted = tx.execute(sql).await?;
        tx.commit(unaudited("each execution leaves its own"))
            .await?;
        Ok(noted > 0)
    }
}

fn note(action: Action, operation: &Operation) -> Note {
    let name = operation.kind.as_str();
    let subject = Subject::new(SubjectKind::Operation, operation.id.0, name);
    Note::new(action, subject)
}

const SELECT: &str = "select * from operations where tenant_id = $1 and id = $2";

const INSERT: &str = "insert into operations (tenant_id, id, kind, state, filter, most, \
    per_minute, total, user_id, token_id, granted, created_at, next_at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

const ADVANCE: &str = "update operations set state = $3, total = $4, done = $5, failed = $6, \
    problems = $7, after_id = $8, next_at = $9, completed_at = $10, reason = $11 \
    where tenant_id = $1 and id = $2 and state = 'running' and coalesce(after_id, $13) = $12";

/// A filter as JSON: the parts that an operation may have.
#[derive(Default, Serialize, Deserialize)]
struct FilterText {
    #[serde(skip_serializing_if = "Option::is_none")]
    script_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

fn filter_value(filter: &ExecutionFilter) -> serde_json::Value {
    json!(FilterText {
        script_id: filter.script.map(|id| id.0),
        status: filter.status.map(|status| status.as_str().to_owned()),
        trigger: filter.trigger.map(|kind| kind.as_str().to_owned()),
        from: filter.from,
        to: filter.to,
    })
}

fn filter_text(filter: &ExecutionFilter) -> String {
    filter_value(filter).to_string()
}

fn filter_of(text: &str) -> Result<ExecutionFilter> {
    const COLUMN: &str = "operations.filter";
    let read: FilterText = known(serde_json::from_str(text).ok(), COLUMN)?;
    let status = read.status.as_deref();
    let trigger = read.trigger.as_deref();
    Ok(ExecutionFilter {
        script: read.script_id.map(ScriptId),
        status: status
            .map(|name| known(ExecutionStatus::from_name(name), COLUMN))
            .transpose()?,
        trigger: trigger
            .map(|name| known(TriggerKind::from_name(name), COLUMN))
            .transpose()?,
        from: read.from,
        to: read.to,
        ..ExecutionFilter::default()
    })
}

#[derive(FromRow)]
pub(crate) struct OperationRow {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    state: String,
    filter: String,
    most: i64,
    per_minute: Option<i64>,
    total: i64,
    done: i64,
    failed: i64,
    problems: Option<String>,
    after_id: Option<Uuid>,
    user_id: Option<Uuid>,
    token_id: Option<Uuid>,
    granted: String,
    created_at: Micros,
    next_at: Micros,
    completed_at: Option<Micros>,
    reason: Option<String>,
}

impl TryFrom<OperationRow> for Operation {
    type Error = Error;
    fn try_from(row: OperationRow) -> Result<Self> {
        let problems: Vec<(Uuid, String)> = match &row.problems {
            Some(text) => known(serde_json::from_str(text).ok(), "operations.problems")?,
            None => Vec::new(),
        };
        let granted: Vec<String> = known(
            serde_json::from_str(&row.granted).ok(),
            "operations.granted",
        )?;
        Ok(Self {
            id: OperationId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: known(OperationKind::from_name(&row.kind), "operations.kind")?,
            state: known(OperationState::from_name(&row.state), "operations.state")?,
            filter: filter_of(&row.filter)?,
            pace: Pace {
                limit: number(row.most),
                per_minute: row.per_minute.map(number),
            },
            total: number(row.total),
            done: number(row.done),
            failed: number(row.failed),
            problems: problems
                .into_iter()
                .map(|(id, code)| (ExecutionId(id), code))
                .collect(),
            after: row.after_id.map(ExecutionId),
            user: row.user_id.map(UserId),
            token: row.token_id.map(TokenId),
            grant: PermissionSet::from_names(granted.iter().map(String::as_str)),
            created_at: row.created_at.into(),
            next_at: row.next_at.into(),
            completed_at: row.completed_at.map(Into::into),
            reason: row.reason,
        })
    }
}
