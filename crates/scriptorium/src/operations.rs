//! Operations on many executions: stopping or repeating all that match a filter, at a pace. One is a durable
//! row, which says how far it has come; a node of the platform goes on with it wherever it stood, also after a
//! restart. Each execution is dealt with as if somebody had asked for it alone, by whom and with the rights
//! as of then and now.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use futures_util::{StreamExt, pin_mut, stream};
use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::operation::{OperationKind, OperationState, Pace};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, ExecutionId, Invalid, OperationId, Timestamp, policy};
use scriptorium_store::{Duty, ExecutionFilter, ExecutionSummary, OnDuty, Operation, PROBLEMS};

use crate::access::optional;
use crate::error::{Error, ErrorKind, Result};
use crate::executions::Replay;
use crate::platform::Platform;

/// Operations of a tenant; from [`Platform::operations`].
#[derive(Clone, Copy, Debug)]
pub struct Operations<'a>(pub(crate) &'a Platform);

/// An operation to be begun.
#[derive(Clone, Debug)]
pub struct NewOperation {
    /// What is done to each execution.
    pub kind: OperationKind,
    /// To which; words to search for are not taken.
    pub filter: ExecutionFilter,
    /// To how many, and how fast.
    pub pace: Pace,
}

/// How many executions match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    /// So many; the most that are counted when there are more.
    pub matched: u32,
    /// Whether there are more.
    pub more: bool,
}

/// Executions that are counted at most.
const COUNTED: u32 = 10_000;
/// Executions of one part, which is noted as a whole.
const PART: u32 = 100;
/// Of a part, so many are dealt with at once: their records share commits.
const AT_ONCE: usize = 16;
/// Operations that are gone on with in turn.
const RUNNING: u32 = 100;
/// How often it is looked whether another node has left something to do.
const IDLE: Duration = Duration::from_secs(10);
/// How soon it is tried again when something failed, or another node is at it.
const AGAIN: Duration = Duration::from_secs(1);

impl Operations<'_> {
    /// How many executions an operation would be about.
    ///
    /// # Errors
    /// A field is refused, or the permission `scripts.execute` is missing.
    #[boxed]
    pub async fn count(&self, ctx: &Ctx, new: &NewOperation) -> Result<Matched> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        validate(new)?;
        let store = self.0.store();
        let recorded = store.count_operation_targets(ctx, new.kind, &new.filter, COUNTED + 1);
        let waiting = self.waiting(ctx, new.kind, &new.filter).len();
        let all = recorded
            .await?
            .saturating_add(u32::try_from(waiting).unwrap_or(0));
        Ok(Matched {
            matched: all.min(COUNTED),
            more: all > COUNTED,
        })
    }

    /// Begins an operation. What is recorded from now on is not meant.
    ///
    /// # Errors
    /// Like [`Operations::count`].
    #[boxed]
    pub async fn start(&self, ctx: &Ctx, new: NewOperation) -> Result<Operation> {
        let found = self.count(ctx, &new).await?;
        let now = self.0.ambient().now();
        let (user, token) = match ctx.actor {
            scriptorium_model::Actor::Token { id, user } => (user, Some(id)),
            ref actor => (actor.user(), None),
        };
        let mut filter = new.filter;
        filter.to = Some(filter.to.map_or(now, |to| to.min(now)));
        let operation = Operation {
            id: self.0.ambient().new_id(),
            tenant: ctx.tenant,
            kind: new.kind,
            state: OperationState::Running,
            filter,
            pace: new.pace,
            total: found.matched.min(new.pace.limit),
            done: 0,
            failed: 0,
            problems: Vec::new(),
            after: None,
            user,
            token,
            grant: ctx.permissions.clone(),
            created_at: now,
            next_at: now,
            completed_at: None,
            reason: None,
        };
        self.0.store().create_operation(ctx, &operation).await?;
        self.0.wake_operations();
        Ok(operation)
    }

    /// One operation.
    ///
    /// # Errors
    /// No such operation, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, id: OperationId) -> Result<Operation> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_operation(ctx, id).await?)
    }

    /// The tenant's operations, newest first.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx, page: &PageRequest) -> Result<Page<Operation>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_operations(ctx, page).await?)
    }

    /// Stops an operation; what it has done stays done. One that has ended is given as it is.
    ///
    /// # Errors
    /// No such operation, or the permission `scripts.execute` is missing.
    #[boxed]
    pub async fn cancel(&self, ctx: &Ctx, id: OperationId) -> Result<Operation> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        Ok(self.0.store().cancel_operation(ctx, id).await?)
    }

    /// What this process runs for callers who wait, and has no record yet.
    fn waiting(
        &self,
        ctx: &Ctx,
        kind: OperationKind,
        filter: &ExecutionFilter,
    ) -> Vec<ExecutionId> {
        if kind != OperationKind::Cancel {
            return Vec::new();
        }
        let own = self.0.waiting().of(ctx.tenant).into_iter();
        let own = own.map(|one| ExecutionSummary::from(&self.0.executions().as_of_now(one)));
        let own = own.filter(|one| filter.matches(one) && kind.suits(one.status));
        own.map(|one| one.id).collect()
    }
}

fn validate(new: &NewOperation) -> std::result::Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.check(new.pace.validated());
    if let Some(status) = new.filter.status.filter(|status| !new.kind.suits(*status)) {
        let fitting = ExecutionStatus::ALL.into_iter();
        let fitting: Vec<&str> = fitting
            .filter(|status| new.kind.suits(*status))
            .map(ExecutionStatus::as_str)
            .collect();
        let message = format!(
            "{} cannot be done to what is {}; it can be {}",
            new.kind.as_str(),
            status.as_str(),
            fitting.join(", ")
        );
        invalid.push("status", "not_allowed", message);
    }
    if new.filter.q.is_some() {
        invalid.push("q", "not_allowed", "is no filter of an operation");
    }
    invalid.or(())
}

/// What became of one execution of a part.
enum Dealt {
    Done,
    Failed(String),
    /// Not the execution's fault: it is tried again.
    Later(Error),
}

impl Platform {
    /// Goes on with operations until the platform stops.
    pub(crate) async fn keep_operating(self) {
        let stop = self.stopping();
        let mut duty = None;
        loop {
            let pause = match self.operate(&mut duty).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, cause = ?error, "operations do not go on; trying again");
                    AGAIN
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.operations.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does a part of each operation that is due; how long nothing is.
    async fn operate(&self, duty: &mut Option<OnDuty>) -> Result<Duration> {
        let running = self.store().running_operations(RUNNING).await?;
        if running.is_empty() {
            *duty = None;
            return Ok(IDLE);
        }
        if duty.is_none() {
            *duty = self.store().take_duty(Duty::Operations).await?;
        }
        if duty.is_none() {
            return Ok(AGAIN);
        }
        let mut next: Option<Timestamp> = None;
        for operation in running {
            if self.stopping().is_cancelled() {
                break;
            }
            let now = self.ambient().now();
            let due = if operation.next_at > now {
                Some(operation.next_at)
            } else {
                let id = operation.id;
                self.go_on(operation).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, operation = %id, "it does not go on; trying again");
                    now.checked_add(AGAIN).ok()
                })
            };
            next = match (next, due) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        let wait = next.map(|at| at.duration_since(self.ambient().now()));
        let wait = wait.map(|wait| Duration::try_from(wait).unwrap_or_default());
        Ok(wait.map_or(Duration::ZERO, |wait| wait.min(AGAIN)))
    }

    /// Does the next part of an operation; when there is another one.
    async fn go_on(&self, mut operation: Operation) -> Result<Option<Timestamp>> {
        let from = operation.after;
        let platform = Ctx::platform(operation.tenant);
        let ctx = match self.on_behalf(&operation).await? {
            Ok(ctx) => ctx,
            Err(reason) => {
                operation.state = OperationState::Stopped;
                operation.reason = Some(reason.to_owned());
                operation.completed_at = Some(self.ambient().now());
                self.store()
                    .advance_operation(&platform, &operation, from)
                    .await?;
                return Ok(None);
            }
        };
        let left = operation.pace.limit.saturating_sub(operation.seen());
        let limit = operation.pace.at_once(PART).min(left);
        let mut part: Vec<ExecutionId> = Vec::new();
        if from.is_none() {
            part = self
                .operations()
                .waiting(&ctx, operation.kind, &operation.filter);
            part.truncate(left as usize);
        }
        let waiting = part.len();
        let (kind, filter) = (operation.kind, &operation.filter);
        let store = self.store();
        let found = store
            .operation_targets(&ctx, kind, filter, from, limit)
            .await?;
        let last_part = found.len() < limit as usize;
        part.extend(found.iter().map(|one| one.id));
        let broke_off = self.deal_with(&ctx, &mut operation, &part, waiting).await;
        let now = self.ambient().now();
        let step = operation.pace.every().saturating_mul(limit);
        operation.next_at = now.checked_add(step).unwrap_or(Timestamp::MAX);
        let full = operation.seen() >= operation.pace.limit;
        if broke_off.is_none() && (last_part || full) {
            operation.state = OperationState::Done;
            operation.completed_at = Some(now);
        }
        operation.total = operation.total.max(operation.seen());
        let noted = store.advance_operation(&platform, &operation, from).await?;
        match broke_off {
            Some(error) => Err(error),
            None if noted && operation.state == OperationState::Running => {
                Ok(Some(operation.next_at))
            }
            None => Ok(None),
        }
    }

    /// Deals with the executions of a part, as far as it comes; why it came no further.
    async fn deal_with(
        &self,
        ctx: &Ctx,
        operation: &mut Operation,
        part: &[ExecutionId],
        waiting: usize,
    ) -> Option<Error> {
        let (id, kind) = (operation.id, operation.kind);
        let dealing = stream::iter(part.to_vec())
            .map(|execution| async move { (execution, self.deal(ctx, id, kind, execution).await) });
        let dealing = dealing.buffered(AT_ONCE);
        pin_mut!(dealing);
        let mut place = 0;
        while let Some((execution, dealt)) = dealing.next().await {
            match dealt {
                Dealt::Done => operation.done += 1,
                Dealt::Failed(code) => {
                    operation.failed += 1;
                    if operation.problems.len() < PROBLEMS {
                        operation.problems.push((execution, code));
                    }
                }
                Dealt::Later(error) => return Some(error),
            }
            if place >= waiting {
                operation.after = Some(execution);
            }
            place += 1;
        }
        None
    }

    async fn deal(
        &self,
        ctx: &Ctx,
        operation: OperationId,
        kind: OperationKind,
        execution: ExecutionId,
    ) -> Dealt {
        let executions = self.executions();
        let dealt = match kind {
            OperationKind::Cancel => executions.cancel(ctx, execution).await,
            OperationKind::Replay => {
                let what = Replay {
                    // A part that is done once more repeats nothing twice.
                    idempotency_key: Some(format!("operation:{operation}:{execution}")),
                    ..Replay::default()
                };
                executions
                    .replay_of(ctx, execution, what, Some(operation))
                    .await
                    .map(|answer| answer.value)
            }
        };
        match dealt {
            Ok(_) => Dealt::Done,
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Busy) => {
                Dealt::Later(error)
            }
            Err(error) => Dealt::Failed(error.code().to_owned()),
        }
    }

    /// Who an operation acts for, as of now; or why nobody does any more.
    async fn on_behalf(
        &self,
        operation: &Operation,
    ) -> Result<std::result::Result<Ctx, &'static str>> {
        let platform = Ctx::platform(operation.tenant);
        let mut ctx = Ctx {
            actor: operation.actor(),
            permissions: operation.grant.clone(),
            ..platform.clone()
        };
        if let Some(user) = operation.user {
            let found = optional(self.store().find_person(&platform, user).await)?;
            let Some(user) = found.filter(|user| user.active) else {
                return Ok(Err("principal_gone"));
            };
            ctx.permissions = ctx.permissions.intersection(&user.permissions());
        }
        if let Some(token) = operation.token {
            let now = self.ambient().now();
            let tokens = self.store().list_tokens(&platform).await?;
            let good = tokens.iter().any(|one| {
                one.id == token
                    && one.revoked_at.is_none()
                    && one.expires_at.is_none_or(|end| now < end)
            });
            if !good {
                return Ok(Err("principal_gone"));
            }
        }
        if !ctx.may(Permission::ScriptsExecute) {
            return Ok(Err("permission_denied"));
        }
        Ok(Ok(ctx))
    }
}
