//! The list of executions: filters, full text, cursors. A page is in the order of the ids, which is
//! the order of creation, unless another order is asked for, and never reads a payload.

use std::cmp::Ordering;

use scriptorium_model::execution::{Execution, ExecutionStatus, Metrics, Terms, TriggerKind};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::{
    Ctx, ExecutionId, Invalid, OperationId, ScriptId, Timestamp, UserId, Uuid,
};

use super::row::{SELECT_SUMMARY, SummaryRow};
use crate::Store;
use crate::db::cursor::{Cursors, Key};
use crate::db::{Dialect, Micros, Scope, Sql};
use crate::error::{Error, Result};
use crate::search::{self, Query, Wanted};

/// Which executions to list; every part narrows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionFilter {
    /// Of this script.
    pub script: Option<ScriptId>,
    /// With this status.
    pub status: Option<ExecutionStatus>,
    /// Started by this.
    pub trigger: Option<TriggerKind>,
    /// Made by this operation on many.
    pub operation: Option<OperationId>,
    /// Recorded at this instant or later.
    pub from: Option<Timestamp>,
    /// Recorded before this instant.
    pub to: Option<Timestamp>,
    /// Words in the script's name, the failure, the log, the output or the input, or beginnings of
    /// such words. An execution is found soon after it has ended.
    pub q: Option<String>,
    /// The order; the newest first when nothing is said, and always with `q`.
    pub sort: ExecutionSort,
}

/// The order of a list of executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionSort {
    /// By what.
    pub field: ExecutionField,
    /// The largest first.
    pub descending: bool,
}

impl Default for ExecutionSort {
    fn default() -> Self {
        Self {
            field: ExecutionField::Id,
            descending: true,
        }
    }
}

impl ExecutionSort {
    /// The order of two executions.
    pub fn compare(self, one: &ExecutionSummary, other: &ExecutionSummary) -> Ordering {
        let order = match self.field {
            ExecutionField::Id => Ordering::Equal,
            ExecutionField::Script => one.script.0.cmp(&other.script.0),
            ExecutionField::Status => one.status.as_str().cmp(other.status.as_str()),
            ExecutionField::StartedAt => one.started_at.cmp(&other.started_at),
            ExecutionField::CompletedAt => one.completed_at.cmp(&other.completed_at),
        };
        let order = order.then_with(|| one.id.0.cmp(&other.id.0));
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}

/// What executions can be sorted by (R-REPO-05). An instant that has not come is before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionField {
    /// The id, which is the order of creation.
    Id,
    /// The script's id.
    Script,
    /// The status' stable name.
    Status,
    /// When its first instruction ran.
    StartedAt,
    /// When it ended.
    CompletedAt,
}

impl ExecutionField {
    /// Every field.
    pub const ALL: [Self; 5] = [
        Self::Id,
        Self::Script,
        Self::Status,
        Self::StartedAt,
        Self::CompletedAt,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Script => "script_id",
            Self::Status => "status",
            Self::StartedAt => "started_at",
            Self::CompletedAt => "completed_at",
        }
    }

    /// The field of a name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// What is compared, as the index of that order has it. Not `coalesce`: PostgreSQL does not trust
    /// it to keep a row to itself, and behind row-level security would read all that a cursor is past.
    fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Script => "script_id",
            Self::Status => "status",
            Self::StartedAt => "case when started_at is null then 0 else started_at end",
            Self::CompletedAt => "case when completed_at is null then 0 else completed_at end",
        }
    }

    /// Whether a cursor can be of this order: whoever makes one up must not get it into a statement.
    fn fits(self, key: &Key) -> bool {
        match self {
            Self::Id => matches!(key, Key::Id(_)),
            Self::Script => matches!(key, Key::Pair(..)),
            Self::Status => matches!(key, Key::Text(..)),
            Self::StartedAt | Self::CompletedAt => matches!(key, Key::Number(..)),
        }
    }

    fn key(self, of: &ExecutionSummary) -> Key {
        let id = of.id.0;
        let at = |at: Option<Timestamp>| Key::Number(at.map_or(0, Timestamp::as_microsecond), id);
        match self {
            Self::Id => Key::Id(id),
            Self::Script => Key::Pair(of.script.0, id),
            Self::Status => Key::Text(of.status.as_str().into(), id),
            Self::StartedAt => at(of.started_at),
            Self::CompletedAt => at(of.completed_at),
        }
    }
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
    /// 1, and one more each time that it, or the execution it retries, was claimed again.
    pub attempt: u32,
    /// When it may begin, and how often.
    pub terms: Terms,
    /// The first of the executions that this one is a retry in a row of.
    pub first_execution: Option<ExecutionId>,
    /// The execution this one repeats by hand.
    pub replay_of: Option<ExecutionId>,
    /// Whether it is a trial.
    pub test: bool,
    /// Whether nothing that it does outside of itself is real.
    pub dry_run: bool,
    /// The operation on many executions that made it.
    pub operation: Option<OperationId>,
    /// Who asked for it.
    pub triggered_by: Option<UserId>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When its first instruction ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

impl From<&Execution> for ExecutionSummary {
    fn from(execution: &Execution) -> Self {
        let failure = execution.failure.as_ref();
        Self {
            id: execution.id,
            script: execution.script,
            script_name: execution.script_name.clone(),
            version: execution.version,
            status: execution.status,
            trigger: execution.trigger,
            failure_code: failure.map(|failure| failure.code.clone()),
            failure_message: failure.map(|failure| failure.message.clone()),
            metrics: execution.metrics,
            attempt: execution.attempt,
            terms: execution.terms,
            first_execution: execution.first_execution,
            replay_of: execution.replay_of,
            test: execution.test,
            dry_run: execution.dry_run,
            operation: execution.operation,
            triggered_by: execution.triggered_by,
            created_at: execution.created_at,
            started_at: execution.started_at,
            completed_at: execution.completed_at,
        }
    }
}

impl Store {
    /// The tenant's executions, newest first unless the filter says otherwise.
    ///
    /// # Errors
    /// `CursorInvalid`; `Invalid` on `sort` for another order of what `q` finds.
    pub async fn list_executions(
        &self,
        ctx: &Ctx,
        filter: &ExecutionFilter,
        page: &PageRequest,
    ) -> Result<Page<ExecutionSummary>> {
        let cursors = Cursors::new(ctx, "executions", filter);
        let (above, mut below) = filter.ids();
        let mut start = cursors.start(page)?;
        if start
            .as_ref()
            .is_some_and(|key| !filter.sort.field.fits(key))
        {
            return Err(Error::CursorInvalid);
        }
        if filter.sort == ExecutionSort::default() {
            if let Some(Key::Id(last)) = start.take() {
                below = below.min(last);
            }
        } else if filter.q.is_some() {
            let message = "what a text is found in comes newest first";
            return Err(Invalid::field("sort", "not_allowed", message).into());
        }
        let most = page.limit + 1;
        let db = self.db().read(ctx).await?;
        let rows = match Wanted::by(ctx.tenant, filter.q.as_deref()) {
            Wanted::All => filter.read(&db, (above, below), start, most).await?,
            Wanted::Nothing => Vec::new(),
            Wanted::Words(query) => {
                let query = query.with(search::marks(filter.script, filter.status, filter.trigger));
                filter.search(&db, &query, (above, below), most).await?
            }
        };
        let items = rows
            .into_iter()
            .map(ExecutionSummary::try_from)
            .collect::<Result<Vec<_>>>()?;
        cursors.page(items, page, |last| filter.sort.field.key(last))
    }
}

/// Whether an execution of the script is pending or running. It costs what is so in the tenant, not
/// what the script ever did.
pub(crate) async fn goes_on(db: &Scope, script: ScriptId) -> Result<bool> {
    for status in [ExecutionStatus::Running, ExecutionStatus::Pending] {
        let filter = ExecutionFilter {
            script: Some(script),
            status: Some(status),
            ..ExecutionFilter::default()
        };
        let every = (Uuid::nil(), Uuid::max());
        if !filter.read(db, every, None, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

impl ExecutionFilter {
    /// Whether an execution that has no record yet matches; a text finds recorded ones only.
    pub fn matches(&self, one: &ExecutionSummary) -> bool {
        self.q.as_deref().is_none_or(|q| q.trim().is_empty())
            && self.script.is_none_or(|script| one.script == script)
            && self.status.is_none_or(|status| one.status == status)
            && self.trigger.is_none_or(|trigger| one.trigger == trigger)
            && self
                .operation
                .is_none_or(|operation| one.operation == Some(operation))
            && self.from.is_none_or(|from| one.created_at >= from)
            && self.to.is_none_or(|to| one.created_at < to)
    }

    /// The ids that the range of time allows. An id is made in the instant of its execution, give
    /// or take the moment between two readings of the clock; the column decides.
    pub(super) fn ids(&self) -> (Uuid, Uuid) {
        const MOMENT: i64 = 60_000;
        let first = |at: Timestamp, by: i64| {
            let millis = at.as_millisecond().saturating_add(by).clamp(0, MAX_MILLIS);
            Uuid::from_u128(u128::from(millis.unsigned_abs()) << 80)
        };
        (
            self.from.map_or(Uuid::nil(), |at| first(at, -MOMENT)),
            self.to.map_or(Uuid::max(), |at| first(at, MOMENT)),
        )
    }

    /// The first that match, text apart; behind `start` in another order than the newest first.
    async fn read(
        &self,
        db: &Scope,
        (above, below): (Uuid, Uuid),
        start: Option<Key>,
        most: u32,
    ) -> Result<Vec<SummaryRow>> {
        let mut sql = db.sql(SELECT_SUMMARY);
        if db.dialect() == Dialect::Sqlite {
            sql.push(self.index());
        }
        sql.push(" where tenant_id = $1");
        self.narrow(&mut sql, db.dialect());
        if above != Uuid::nil() {
            sql.push(" and id >= ").bind(above);
        }
        if below != Uuid::max() {
            sql.push(" and id < ").bind(below);
        }
        let ExecutionSort { field, descending } = self.sort;
        let before = if descending { " < " } else { " > " };
        let direction = if descending { " desc" } else { " asc" };
        match start {
            None => {}
            Some(Key::Id(id)) => {
                sql.push(" and id").push(before).bind(id);
            }
            Some(key) => {
                sql.push(" and (").push(field.column()).push(", id)");
                sql.push(before).bind_list(key.values());
            }
        }
        sql.push(" order by ");
        if field != ExecutionField::Id {
            sql.push(field.column()).push(direction).push(", ");
        }
        sql.push("id").push(direction).push(" limit ");
        sql.bind(i64::from(most));
        db.all(sql).await
    }

    /// The newest that match and hold the words: the index gives them in their order, and knows
    /// what ended when but to the minute.
    async fn search(
        &self,
        db: &Scope,
        query: &Query,
        (above, mut below): (Uuid, Uuid),
        most: u32,
    ) -> Result<Vec<SummaryRow>> {
        let mut found = Vec::new();
        loop {
            let candidates = search::executions(db, query, (above, below), most).await?;
            let Some(last) = candidates.last().copied() else {
                return Ok(found);
            };
            found.extend(self.read_these(db, &candidates).await?);
            found.truncate(most as usize);
            if found.len() >= most as usize || candidates.len() < most as usize {
                return Ok(found);
            }
            below = last;
        }
    }

    /// Those of some executions that match, newest first. They are sorted here: asked for an order,
    /// PostgreSQL reads the tenant's executions from the newest of these to the oldest in it, which
    /// for a rare word are all that there are.
    async fn read_these(&self, db: &Scope, ids: &[Uuid]) -> Result<Vec<SummaryRow>> {
        let mut sql = db.sql(SELECT_SUMMARY);
        sql.push(" where tenant_id = $1 and id in ");
        sql.bind_list(ids.iter().map(|id| (*id).into()));
        self.narrow(&mut sql, db.dialect());
        let mut rows: Vec<SummaryRow> = db.all(sql).await?;
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        Ok(rows)
    }

    pub(super) fn narrow(&self, sql: &mut Sql, dialect: Dialect) {
        if let Some(script) = self.script {
            sql.push(" and script_id = ").bind(script.0);
        }
        if let Some(status) = self.status {
            // Written out, because partial indexes are used where their own words are.
            sql.push(" and status = '").push(status.as_str()).push("'");
            if self.is_of_failures() && dialect == Dialect::Sqlite {
                sql.push(" and status in ('failed', 'timeout', 'cancelled')");
            }
        }
        if let Some(trigger) = self.trigger {
            sql.push(" and trigger_kind = ").bind(trigger.as_str());
        }
        if let Some(operation) = self.operation {
            sql.push(" and operation_id = ").bind(operation.0);
        }
        if let Some(from) = self.from {
            sql.push(" and created_at >= ").bind(Micros::from(from));
        }
        if let Some(to) = self.to {
            sql.push(" and created_at < ").bind(Micros::from(to));
        }
    }

    /// Whether it asks for what went wrong with one script: of many executions hardly any, for which
    /// there is an index.
    fn is_of_failures(&self) -> bool {
        use ExecutionStatus::{Cancelled, Failed, Timeout};
        self.script.is_some() && matches!(self.status, Some(Failed | Timeout | Cancelled))
    }

    /// The index to read in the wanted order. SQLite has no statistics of a tenant's executions,
    /// and takes the key of the table where a few of many are asked for.
    fn index(&self) -> &'static str {
        match self.sort.field {
            ExecutionField::Id => {}
            ExecutionField::Script => return " indexed by executions_script",
            ExecutionField::Status => return " indexed by executions_status",
            ExecutionField::StartedAt => return " indexed by executions_started",
            ExecutionField::CompletedAt => return " indexed by executions_completed",
        }
        if self.operation.is_some() {
            return " indexed by executions_operation";
        }
        if self.is_of_failures() {
            return " indexed by executions_failures";
        }
        match (self.script, self.status, self.trigger) {
            // A tenant has few of those at a time, and a script may have any number that ended.
            (_, Some(ExecutionStatus::Pending | ExecutionStatus::Running), _) => {
                " indexed by executions_status"
            }
            (Some(_), ..) => " indexed by executions_script",
            (_, Some(_), _) => " indexed by executions_status",
            (.., Some(_)) => " indexed by executions_trigger",
            _ => "",
        }
    }
}

/// The last millisecond that an id of version 7 can tell.
const MAX_MILLIS: i64 = (1 << 48) - 1;
