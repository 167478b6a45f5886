//! Idempotency keys: what a caller has asked for under a key, and what came of it (REL-18). A key is
//! taken in the transaction that records what it started, so that neither is there without the other.

use scriptorium_model::idempotency::{IdempotencyKey, LIFETIME};
use scriptorium_model::{Ctx, TenantId, Timestamp, Uuid};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::db::{Micros, Scope, Tx};
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
             created_at = excluded.created_at where idempotency_keys.created_at <= $7",
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

#[derive(FromQueryResult)]
struct KeyRow {
    request: Vec<u8>,
    subject_id: Uuid,
}
