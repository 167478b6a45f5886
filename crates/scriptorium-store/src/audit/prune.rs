//! Removing audit entries whose time is over, the one way there is: a signed checkpoint first, which
//! the database itself asks for before it lets an entry go.

use std::time::Duration;

use scriptorium_model::audit::{Action, MIN_DAYS, Subject, SubjectKind};
use scriptorium_model::{Ctx, TenantId, Timestamp, Uuid};
use serde_json::json;

use super::chain::Field;
use super::{Note, unaudited};
use crate::Store;
use crate::db::{FromRow, Micros, Tx, known, number};
use crate::error::Result;
use crate::system;

/// Most entries removed in one transaction.
const BATCH: i64 = 500;

/// Columns of a checkpoint.
pub(super) const CHECKPOINTS: &str = "select seq, last_mac, removed_at, entries, mac \
    from audit_checkpoints where tenant_id = $1 order by seq";

/// That entries up to a number were removed lawfully.
#[derive(Clone, FromRow)]
pub(super) struct CheckpointRow {
    pub(super) seq: i64,
    pub(super) last_mac: Vec<u8>,
    pub(super) removed_at: Micros,
    pub(super) entries: i64,
    pub(super) mac: Vec<u8>,
}

impl CheckpointRow {
    pub(super) fn fields(&self) -> [Field<'static>; 3] {
        [
            Field::Number(self.seq),
            Field::Number(self.removed_at.0),
            Field::Number(self.entries),
        ]
    }
}

impl Store {
    pub(crate) async fn prune_trails(&self, before: Timestamp) -> Result<u64> {
        let tenants = {
            let db = self.db().read_all(system::for_audit()).await?;
            let rows: Vec<TenantRow> = db
                .all(db.sql(
                    "select h.tenant_id, r.audit_days from audit_heads h \
                     left join retention r on r.tenant_id = h.tenant_id order by h.tenant_id",
                ))
                .await?;
            rows
        };
        let mut removed = 0;
        for row in tenants {
            let days = row.audit_days.map_or(MIN_DAYS, number).max(MIN_DAYS);
            let kept = Duration::from_secs(u64::from(days) * 86_400);
            let before = before.min(self.inner.ambient.now() - kept);
            removed += self.prune_audit_of(TenantId(row.tenant_id), before).await?;
        }
        Ok(removed)
    }

    async fn prune_audit_of(&self, tenant: TenantId, before: Timestamp) -> Result<u64> {
        let mut total = Removed::default();
        while let Some(batch) = self.prune_batch(tenant, before).await? {
            total.up_to = batch.up_to;
            total.entries += batch.entries;
            total.worth_telling += batch.worth_telling;
            tokio::task::yield_now().await;
        }
        // Telling of a removed telling would go on for ever.
        if total.worth_telling > 0 {
            self.tell_of_pruning(tenant, &total).await?;
        }
        Ok(total.entries.unsigned_abs())
    }

    async fn tell_of_pruning(&self, tenant: TenantId, total: &Removed) -> Result<()> {
        let subject = Subject::new(SubjectKind::Audit, None, "");
        let note = Note::new(Action::AuditPruned, subject)
            .after(json!({ "up_to": total.up_to, "entries": total.entries }));
        let ctx = Ctx::platform(tenant);
        let tx = self.db().write(&ctx).await?;
        let noted = self.audited(&tx, &ctx, note).await?;
        tx.commit(noted).await
    }

    /// Across tenants, though it is one tenant's: the login that acts in a tenant appends to the trail
    /// and can take nothing away from it.
    async fn prune_batch(&self, tenant: TenantId, before: Timestamp) -> Result<Option<Removed>> {
        let tx = self.db().write_all(system::for_audit()).await?;
        let Some(last) = last_to_remove(&tx, tenant, before).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let counted = count(&tx, tenant, last.seq).await?;
        let checkpoint = CheckpointRow {
            seq: last.seq,
            last_mac: last.mac,
            removed_at: self.inner.ambient.now().into(),
            entries: counted.entries,
            mac: Vec::new(),
        };
        let last_mac = known(
            checkpoint.last_mac.as_slice().try_into().ok(),
            "audit_entries.mac",
        )?;
        let key = self.inner.trail.key();
        let mac = key.checkpoint(tenant, last_mac, &checkpoint.fields());
        let sql = tx
            .sql_of(
                tenant,
                "insert into audit_checkpoints \
                 (tenant_id, seq, last_mac, removed_at, entries, mac) \
                 values ($1, $2, $3, $4, $5, $6)",
            )
            .with([
                checkpoint.seq.into(),
                checkpoint.last_mac.into(),
                checkpoint.removed_at.into(),
                checkpoint.entries.into(),
                mac.to_vec().into(),
            ]);
        tx.execute(sql).await?;
        let sql = tx
            .sql_of(
                tenant,
                "delete from audit_entries where tenant_id = $1 and seq <= $2",
            )
            .with([last.seq.into()]);
        tx.execute(sql).await?;
        tx.commit(unaudited(
            "its checkpoint says so, and an entry follows the last batch",
        ))
        .await?;
        Ok(Some(Removed {
            up_to: last.seq,
            entries: counted.entries,
            worth_telling: counted.worth_telling,
        }))
    }
}

/// What was removed.
#[derive(Default)]
struct Removed {
    up_to: i64,
    entries: i64,
    /// Of them, those that are not about an earlier removal.
    worth_telling: i64,
}

/// The last of the next batch of entries before an instant. Entries of several nodes may be a
/// moment out of order: the first one that must stay ends the batch.
async fn last_to_remove(tx: &Tx, tenant: TenantId, before: Timestamp) -> Result<Option<EndRow>> {
    let sql = tx
        .sql_of(
            tenant,
            "select seq, mac, at from audit_entries where tenant_id = $1 order by seq limit $2",
        )
        .with([BATCH.into()]);
    let rows: Vec<EndRow> = tx.all(sql).await?;
    let limit = Micros::from(before);
    Ok(rows.into_iter().take_while(|row| row.at.0 < limit.0).last())
}

async fn count(tx: &Tx, tenant: TenantId, up_to: i64) -> Result<CountRow> {
    let sql = tx
        .sql_of(
            tenant,
            "select count(*) as entries, \
             count(case when action <> 'audit.pruned' then 1 end) as worth_telling \
             from audit_entries where tenant_id = $1 and seq <= $2",
        )
        .with([up_to.into()]);
    known(tx.one(sql).await?, "audit_entries")
}

#[derive(FromRow)]
struct TenantRow {
    tenant_id: Uuid,
    audit_days: Option<i64>,
}

#[derive(FromRow)]
struct EndRow {
    seq: i64,
    mac: Vec<u8>,
    at: Micros,
}

#[derive(FromRow)]
struct CountRow {
    entries: i64,
    worth_telling: i64,
}
