//! Taking many dead letters up again: in several transactions, and under an idempotency key as one request
//! all the same.

use std::time::Duration;

use scriptorium_model::dead_letter::DeadLetter;
use scriptorium_model::idempotency::IdempotencyKey;
use scriptorium_model::{Ctx, Timestamp};

use super::{DeadLetterFilter, LetterRow, RETRIABLE, TakenUp, narrow, retried};
use crate::Store;
use crate::audit::{By, Said, unaudited};
use crate::db::{Dialect, Tx};
use crate::error::Result;
use crate::idempotency::{self, TakenWork, Work};
use crate::seats;
use crate::store::Change;

/// What came of taking many letters up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetriedLetters {
    /// Letters that could be taken up, before any was.
    pub matched: u64,
    /// Those that were.
    pub retried: u32,
}

/// What came of it under an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetriedUnder {
    /// It was done now; the rest of it, when a server was lost that had begun.
    Now(RetriedLetters),
    /// The same request was answered so before.
    Before(RetriedLetters),
    /// The same request goes on.
    GoesOn,
    /// The key stands for another request.
    Other,
}

/// Letters of one transaction.
const BATCH: u32 = 100;

impl Store {
    /// Takes up to `limit` pending letters up again, the oldest first, each `every` after the one before.
    /// Those whose script is not active stay. How many were.
    ///
    /// # Errors
    /// `Platform` only; what was taken up until then stays so.
    pub async fn retry_dead_letters(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        limit: u32,
        every: Duration,
    ) -> Result<u32> {
        let done = self.retry_many(ctx, filter, limit, every, None).await?;
        Ok(done.unwrap_or_default())
    }

    /// Does that under a key: who sends the same request again is told what came of the first one. When that
    /// was lost with its server, the next one goes on with it: no more letters are taken up in all than
    /// the limit says.
    ///
    /// # Errors
    /// `Platform` only; what was taken up until then stays so.
    pub async fn retry_dead_letters_under(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        limit: u32,
        every: Duration,
        key: &IdempotencyKey,
    ) -> Result<RetriedUnder> {
        let matched = self.count_retriable(ctx, filter).await?;
        let ambient = &self.inner.ambient;
        let tx = self.db().write(ctx).await?;
        let subject = ambient.new_id();
        let taken = idempotency::take_work(&tx, ctx.tenant, key, subject, matched, ambient.now());
        let taken = taken.await?;
        tx.commit(unaudited("each letter that is taken up leaves its own"))
            .await?;
        let work = match taken {
            TakenWork::Mine(work) => work,
            TakenWork::Ended(matched, retried) => {
                return Ok(RetriedUnder::Before(RetriedLetters { matched, retried }));
            }
            TakenWork::GoesOn => return Ok(RetriedUnder::GoesOn),
            TakenWork::Other => return Ok(RetriedUnder::Other),
        };
        let done = self.retry_many(ctx, filter, limit, every, Some(&work));
        Ok(match done.await? {
            Some(retried) => RetriedUnder::Now(RetriedLetters {
                matched: work.matched,
                retried,
            }),
            // It was taken for lost, and another one goes on with it.
            None => RetriedUnder::GoesOn,
        })
    }

    /// How many were taken up, those before the work was taken over included; `None` when it was taken over.
    async fn retry_many(
        &self,
        ctx: &Ctx,
        filter: &DeadLetterFilter,
        limit: u32,
        every: Duration,
        work: Option<&Work>,
    ) -> Result<Option<u32>> {
        let begin = work.map_or_else(|| self.inner.ambient.now(), |work| work.begun_at);
        let mut done = work.map_or(0, |work| work.done);
        loop {
            let some = limit.saturating_sub(done).min(BATCH);
            let tx = self.db().write(ctx).await?;
            let letters = retriable(&tx, filter, some).await?;
            let found = letters.len();
            let (mut said, before) = (Vec::with_capacity(found), done);
            // All at once and in their order, as everybody locks them.
            let scripts = letters.iter().map(|letter| (ctx.tenant, letter.script));
            seats::lock_scripts(&tx, &scripts.collect()).await?;
            for letter in letters {
                let wait = every.checked_mul(done).unwrap_or(Duration::MAX);
                let at = begin.checked_add(wait).unwrap_or(Timestamp::MAX);
                let at = (at > self.inner.ambient.now()).then_some(at);
                if let Some(TakenUp {
                    letter, said: more, ..
                }) = self.take_up(&tx, ctx, &letter, None, at).await?
                {
                    said.push(Said::one(ctx.tenant, &By::of(ctx), retried(&letter)));
                    said.extend(more);
                    done += 1;
                }
            }
            // Those that could not be taken up would be found again.
            let ended = done >= limit || found < some as usize || done == before;
            if let Some(work) = work {
                let now = self.inner.ambient.now();
                if !work.note(&tx, ctx.tenant, done, ended, now).await? {
                    tx.rollback().await?;
                    return Ok(None);
                }
            }
            let noted = self.inner.trail.append_all(&tx, said).await?;
            tx.commit(noted).await?;
            self.signal(Change::Pending);
            self.signal(Change::Cancel);
            if ended {
                return Ok(Some(done));
            }
        }
    }
}

/// The oldest letters that can be taken up; those that somebody else takes up are passed over.
async fn retriable(tx: &Tx, filter: &DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>> {
    let mut sql = tx.sql("select * from dead_letters");
    sql.push(RETRIABLE);
    narrow(&mut sql, filter);
    sql.push(" order by id limit ").bind(i64::from(limit));
    if tx.dialect() == Dialect::Postgres {
        sql.push(" for update skip locked");
    }
    let rows: Vec<LetterRow> = tx.all(sql).await?;
    rows.into_iter().map(DeadLetter::try_from).collect()
}
