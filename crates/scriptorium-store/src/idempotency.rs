//! Idempotency keys: what a caller has asked for under a key, and what came of it (REL-18). A key is
//! taken in the transaction that records what it started, so that neither is there without the other.

use std::time::Duration;

use scriptorium_model::idempotency::{IdempotencyKey, LIFETIME};
use scriptorium_model::{Ctx, TenantId, Timestamp, Uuid};

use crate::Store;
use crate::db::{FromRow, Micros, Scope, Tx, number};
use crate::error::Result;

/// What is known of a key that was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownKey {
    /// For the same request, of which this execution or event came.
    Same(Uuid),
    /// For another request.
    Other,
}

/// What taking a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nobody had used it; from now on it stands for what it was taken for.
    Now,
    Before(KnownKey),
}

impl Store {
    /// What came of an earlier request under this key; `None` when it was not used lately.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn find_key(&self, ctx: &Ctx, key: &IdempotencyKey) -> Result<Option<KnownKey>> {
        let db = self.db().read(ctx).await?;
        find(&db, ctx.tenant, key, self.inner.ambient.now()).await
    }
}

/// Takes a key for what is being recorded, unless it was taken before.
pub(crate) async fn take(
    tx: &Tx,
    tenant: TenantId,
    key: &IdempotencyKey,
    subject: Uuid,
    now: Timestamp,
) -> Result<Taken> {
    let sql = tx
        .sql_of(
            tenant,
            "insert into idempotency_keys (tenant_id, caller, key, request, subject_id, created_at) \
             values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, caller, key) do update set \
             request = excluded.request, subject_id = excluded.subject_id, \
             created_at = excluded.created_at, matched = null, done = null, ended = null, \
             touched_at = null where idempotency_keys.created_at <= $7",
        )
        .with([
            key.caller.as_str().into(),
            key.key.as_str().into(),
            key.request.to_vec().into(),
            subject.into(),
            Micros::from(now).into(),
            forgotten(now).into(),
        ]);
    if tx.execute(sql).await? > 0 {
        return Ok(Taken::Now);
    }
    let known = find(tx, tenant, key, now).await?;
    // Nobody removes a key that is not forgotten.
    Ok(Taken::Before(known.unwrap_or(KnownKey::Other)))
}

/// Work of several transactions that goes on under a key, and how far it is.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    key: IdempotencyKey,
    /// Whose work it is: whoever takes it over is another.
    subject: Uuid,
    pub(crate) begun_at: Timestamp,
    /// What there was to do.
    pub(crate) matched: u64,
    /// How much is done.
    pub(crate) done: u32,
}

/// What taking a key for work came to.
#[derive(Clone, Debug)]
pub(crate) enum TakenWork {
    /// It is the caller's, from its begin or from where it was left.
    Mine(Work),
    /// It was done: what there was to do, and how much of it was.
    Ended(u64, u32),
    /// Somebody is at it.
    GoesOn,
    /// The key stands for another request.
    Other,
}

/// How long nothing is heard of work before it counts as lost. A transaction of it takes far less.
const LOST: Duration = Duration::from_secs(60);

/// Takes a key for work, or the work that was lost.
pub(crate) async fn take_work(
    tx: &Tx,
    tenant: TenantId,
    key: &IdempotencyKey,
    subject: Uuid,
    matched: u64,
    now: Timestamp,
) -> Result<TakenWork> {
    let work = |begun_at: Timestamp, matched: u64, done: u32| {
        TakenWork::Mine(Work {
            key: key.clone(),
            subject,
            begun_at,
            matched,
            done,
        })
    };
    match take(tx, tenant, key, subject, now).await? {
        Taken::Before(KnownKey::Other) => return Ok(TakenWork::Other),
        Taken::Before(KnownKey::Same(_)) => {}
        Taken::Now => {
            let sql = tx
                .sql_of(
                    tenant,
                    "update idempotency_keys set matched = $4, done = 0, ended = false, \
                     touched_at = $5 where tenant_id = $1 and caller = $2 and key = $3",
                )
                .with([
                    key.caller.as_str().into(),
                    key.key.as_str().into(),
                    i64::try_from(matched).unwrap_or(i64::MAX).into(),
                    Micros::from(now).into(),
                ]);
            tx.execute(sql).await?;
            return Ok(work(now, matched, 0));
        }
    }
    let sql = tx
        .sql_of(
            tenant,
            "select created_at, matched, done, ended from idempotency_keys \
             where tenant_id = $1 and caller = $2 and key = $3 and matched is not null",
        )
        .with([key.caller.as_str().into(), key.key.as_str().into()]);
    let Some(row) = tx.one::<WorkRow>(sql).await? else {
        return Ok(TakenWork::Other);
    };
    let (matched, done) = (row.matched.unsigned_abs(), number(row.done));
    if row.ended {
        return Ok(TakenWork::Ended(matched, done));
    }
    let heard_of = now.checked_sub(LOST).unwrap_or(Timestamp::MIN);
    let sql = tx
        .sql_of(
            tenant,
            "update idempotency_keys set subject_id = $4, touched_at = $5 where tenant_id = $1 \
             and caller = $2 and key = $3 and ended = false and touched_at <= $6",
        )
        .with([
            key.caller.as_str().into(),
            key.key.as_str().into(),
            subject.into(),
            Micros::from(now).into(),
            Micros::from(heard_of).into(),
        ]);
    Ok(if tx.execute(sql).await? > 0 {
        work(row.created_at.into(), matched, done)
    } else {
        TakenWork::GoesOn
    })
}

impl Work {
    /// Says how far it is, in the transaction that did it; `false` when somebody has taken it over, and
    /// nothing may be done any more.
    pub(crate) async fn note(
        &self,
        tx: &Tx,
        tenant: TenantId,
        done: u32,
        ended: bool,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = tx
            .sql_of(
                tenant,
                "update idempotency_keys set done = $4, ended = $5, touched_at = $6 \
                 where tenant_id = $1 and caller = $2 and key = $3 and subject_id = $7",
            )
            .with([
                self.key.caller.as_str().into(),
                self.key.key.as_str().into(),
                done.into(),
                ended.into(),
                Micros::from(now).into(),
                self.subject.into(),
            ]);
        Ok(tx.execute(sql).await? > 0)
    }
}

#[derive(FromRow)]
struct WorkRow {
    created_at: Micros,
    matched: i64,
    done: i64,
    ended: bool,
}

/// Forgets a key that was taken in this transaction.
pub(crate) async fn give_back(
    tx: &Tx,
    tenant: TenantId,
    key: &IdempotencyKey,
    subject: Uuid,
) -> Result<()> {
    let sql = tx.sql_of(
        tenant,
        "delete from idempotency_keys \
         where tenant_id = $1 and caller = $2 and key = $3 and subject_id = $4",
    );
    let (caller, key) = (key.caller.as_str(), key.key.as_str());
    tx.execute(sql.with([caller.into(), key.into(), subject.into()]))
        .await?;
    Ok(())
}

async fn find(
    db: &Scope,
    tenant: TenantId,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Result<Option<KnownKey>> {
    let sql = db
        .sql_of(
            tenant,
            "select request, subject_id from idempotency_keys \
             where tenant_id = $1 and caller = $2 and key = $3 and created_at > $4",
        )
        .with([
            key.caller.as_str().into(),
            key.key.as_str().into(),
            forgotten(now).into(),
        ]);
    let row: Option<KeyRow> = db.one(sql).await?;
    Ok(row.map(|row| {
        if row.request == key.request {
            KnownKey::Same(row.subject_id)
        } else {
            KnownKey::Other
        }
    }))
}

/// Keys that were taken then or before count no more.
pub(crate) fn forgotten(now: Timestamp) -> Micros {
    let then = now.checked_sub(LIFETIME);
    then.unwrap_or(Timestamp::MIN).into()
}

#[derive(FromRow)]
struct KeyRow {
    request: Vec<u8>,
    subject_id: Uuid,
}
