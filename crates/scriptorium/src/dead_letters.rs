//! Dead letters: events that a script could not deal with. Looking at them, and what a person does
//! about them.

use async_recursion::async_recursion as boxed;
use scriptorium_model::dead_letter::DeadLetter;
use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::event::PAYLOAD_BYTES;
use scriptorium_model::execution::Execution;
use scriptorium_model::operation::Pace;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, DeadLetterId, Json, policy};
use scriptorium_store::{DeadLetterFilter, DeadLetterSummary, RetriedLetters, RetriedUnder};

use crate::error::{Error, Result};
use crate::executions::Mode;
use crate::idempotency::{Answer, Request};
use crate::platform::Platform;

/// Dead letters of a tenant; from [`Platform::dead_letters`].
#[derive(Clone, Copy, Debug)]
pub struct DeadLetters<'a>(pub(crate) &'a Platform);

/// How many letters to take up again, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryMany {
    /// At most so many, the oldest first; 1 to 10,000.
    pub limit: u32,
    /// Executions that begin in a minute, 1 to 60,000; all at once when `None`.
    pub per_minute: Option<u32>,
    /// Only say how many there are.
    pub dry_run: bool,
}

/// What came of taking letters up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetriedMany {
    /// Letters that could be taken up, before any was.
    pub matched: u64,
    /// Those that were.
    pub retried: u32,
}

impl Default for RetryMany {
    fn default() -> Self {
        let Pace { limit, per_minute } = Pace::default();
        Self {
            limit,
            per_minute,
            dry_run: false,
        }
    }
}

impl From<RetriedLetters> for RetriedMany {
    fn from(done: RetriedLetters) -> Self {
        Self {
            matched: done.matched,
            retried: done.retried,
        }
    }
}

impl RetryMany {
    fn pace(&self) -> Pace {
        Pace {
            limit: self.limit,
            per_minute: self.per_minute,
        }
    }
}

impl DeadLetters<'_> {
    /// Letters that match, the newest first, without their payloads.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        page: &PageRequest,
    ) -> Result<Page<DeadLetterSummary>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_dead_letters(ctx, filter, page).await?)
    }

    /// One letter, whole.
    ///
    /// # Errors
    /// No such letter, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, id: DeadLetterId) -> Result<DeadLetter> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_dead_letter(ctx, id).await?)
    }

    /// Lets the event of a letter run once more, with another payload if one is given; the execution.
    /// The letter is resolved when that completes, and waits again when it fails. Asking twice does
    /// it once.
    ///
    /// # Errors
    /// No such letter; the permission `scripts.execute` is missing; too large a payload; conflicts on
    /// `status`: `forbidden_move` unless it is pending, `not_active` unless its script is active.
    #[boxed]
    pub async fn retry(
        &self,
        ctx: &Ctx,
        id: DeadLetterId,
        payload: Option<Json>,
    ) -> Result<Execution> {
        let answer = self.retry_once(ctx, id, payload, None).await?;
        Ok(answer.value)
    }

    /// Does that under an idempotency key of the caller's: who asks again within a day is given the same
    /// execution.
    ///
    /// # Errors
    /// Like [`DeadLetters::retry`]; the key is refused, or stands for another request.
    #[boxed]
    pub async fn retry_once(
        &self,
        ctx: &Ctx,
        id: DeadLetterId,
        payload: Option<Json>,
        key: Option<&str>,
    ) -> Result<Answer<Execution>> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        let bytes = payload.as_ref().map_or(0, Json::len);
        at_most_bytes("payload", bytes, PAYLOAD_BYTES)?;
        let key = Request::new("dead_letters.retry")
            .part("letter", id.to_string())
            .maybe("payload", payload.as_ref().map(Json::as_str))
            .under(ctx, key)?;
        let known = async || {
            let known = self
                .0
                .known_execution(ctx, key.as_ref(), Mode::Async, false);
            known.await
        };
        if let Some(answer) = known().await? {
            return Ok(answer);
        }
        let store = self.0.store();
        match store
            .retry_dead_letter(ctx, id, payload, key.as_ref())
            .await
        {
            Ok((_, execution)) => {
                self.0.runtime().wake();
                Ok(Answer::first(execution))
            }
            // The same request was a moment faster.
            Err(error @ scriptorium_store::Error::Conflict { .. }) => match known().await? {
                Some(answer) => Ok(answer),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Does that for the pending letters that match and whose scripts are active, the oldest first; or
    /// only counts them. The status of the filter says nothing here.
    ///
    /// # Errors
    /// A field is refused, or the permission `scripts.execute` is missing.
    #[boxed]
    pub async fn retry_all(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        how: RetryMany,
    ) -> Result<RetriedMany> {
        let answer = self.retry_all_once(ctx, filter, how, None).await?;
        Ok(answer.value)
    }

    /// Does that under an idempotency key of the caller's: who asks again within a day is told what came of
    /// it. When it was lost with its server, who asks a minute later goes on with what is left. Counting
    /// takes no key.
    ///
    /// # Errors
    /// Like [`DeadLetters::retry_all`]; the key is refused, stands for another request, or for the same one
    /// that goes on.
    #[boxed]
    pub async fn retry_all_once(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        how: RetryMany,
        key: Option<&str>,
    ) -> Result<Answer<RetriedMany>> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        let pace = how.pace().validated()?;
        let key = Request::new("dead_letters.retry_all")
            .maybe("script", filter.script.map(|id| id.to_string()))
            .maybe("type", filter.event_type.as_deref())
            .maybe("from", filter.from.map(|at| at.to_string()))
            .maybe("to", filter.to.map(|at| at.to_string()))
            .part("limit", how.limit.to_le_bytes())
            .maybe("per_minute", how.per_minute.map(u32::to_le_bytes))
            .under(ctx, key)?;
        let store = self.0.store();
        let key = key.filter(|_| !how.dry_run);
        let Some(key) = key else {
            let matched = store.count_retriable(ctx, filter).await?;
            let retried = match how.dry_run {
                true => 0,
                false => {
                    let retried = store.retry_dead_letters(ctx, filter, pace.limit, pace.every());
                    retried.await?
                }
            };
            self.0.runtime().wake();
            return Ok(Answer::first(RetriedMany { matched, retried }));
        };
        let done = store.retry_dead_letters_under(ctx, filter, pace.limit, pace.every(), &key);
        match done.await? {
            RetriedUnder::Now(done) => {
                self.0.runtime().wake();
                Ok(Answer::first(done.into()))
            }
            RetriedUnder::Before(done) => Ok(Answer::again(done.into())),
            RetriedUnder::GoesOn => Err(Error::key_in_use()),
            RetriedUnder::Other => Err(Error::key_reused()),
        }
    }

    /// Gives a letter up; it stays on record until its time is over.
    ///
    /// # Errors
    /// No such letter; the permission `scripts.execute` is missing; a conflict on `status`
    /// (`forbidden_move`) unless it is pending.
    #[boxed]
    pub async fn discard(&self, ctx: &Ctx, id: DeadLetterId) -> Result<DeadLetter> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        Ok(self.0.store().discard_dead_letter(ctx, id).await?)
    }

    /// Removes a letter for good, with the only copy of its payload there may be.
    ///
    /// # Errors
    /// No such letter; the permission `scripts.delete` is missing; a conflict on `status`
    /// (`still_running`) while its event runs again.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, id: DeadLetterId) -> Result<()> {
        policy::require(ctx, Permission::ScriptsDelete)?;
        Ok(self.0.store().delete_dead_letter(ctx, id).await?)
    }
}
