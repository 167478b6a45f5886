//! What is kept too long, in all tenants: where pruning and the end of the trash begin. The deleting
//! itself happens in each tenant's own transactions.

use scriptorium_model::{Ctx, ScriptId, TenantId, Timestamp, Uuid};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::db::Micros;
use crate::error::{Error, Result};
use crate::milestones::{BATCH, PolicyRow, PruneRule};
use crate::scripts::trash::TrashedRow;

/// Scripts looked up at a time.
const SCRIPTS: i64 = 100;

impl Store {
    /// Deletes, in small transactions, the versions that the policies of their tenants do not keep
    /// at `now`; how many. For the maintenance job.
    ///
    /// # Errors
    /// `Platform` only. What was deleted before it stays deleted.
    pub async fn prune_versions(&self, now: Timestamp) -> Result<u64> {
        let mut deleted = 0;
        for row in self.version_policies().await? {
            let ctx = Ctx::platform(TenantId(row.tenant_id));
            deleted += self
                .prune_tenant(&ctx, PruneRule::new(row.policy(), now))
                .await?;
        }
        Ok(deleted)
    }

    async fn prune_tenant(&self, ctx: &Ctx, rule: PruneRule) -> Result<u64> {
        let (mut deleted, mut after) = (0, Uuid::nil());
        loop {
            let scripts = self.scripts_to_prune(ctx, rule, after).await?;
            let Some(last) = scripts.last() else {
                return Ok(deleted);
            };
            after = last.id;
            for script in scripts {
                loop {
                    let batch = self.prune_script(ctx, ScriptId(script.id), rule).await?;
                    deleted += batch;
                    if batch < BATCH.unsigned_abs() {
                        break;
                    }
                }
            }
        }
    }

    /// Deletes for ever what has been in the trash since `before`; how many scripts. One that still
    /// runs waits for the next time. For the maintenance job.
    ///
    /// # Errors
    /// `Platform` only. What was deleted before it stays deleted.
    pub async fn purge_trash(&self, before: Timestamp) -> Result<u64> {
        let (mut purged, mut after) = (0, (i64::MIN, Uuid::nil()));
        loop {
            let rows = self.trashed_before(before, after, SCRIPTS).await?;
            let Some(last) = rows.last() else {
                return Ok(purged);
            };
            after = (last.deleted_at, last.id);
            for row in rows {
                let ctx = Ctx::platform(TenantId(row.tenant_id));
                match self.purge_script(&ctx, ScriptId(row.id)).await {
                    Ok(()) => purged += 1,
                    Err(Error::NotFound | Error::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// The policies of the tenants that have one.
    async fn version_policies(&self) -> Result<Vec<PolicyRow>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        db.all(db.sql(
            "select tenant_id, max_count, max_age_days from version_policies \
             where max_count is not null or max_age_days is not null",
        ))
        .await
    }

    /// Scripts in the trash since before an instant, the longest first, after the one given.
    async fn trashed_before(
        &self,
        before: Timestamp,
        (after, id): (i64, Uuid),
        limit: i64,
    ) -> Result<Vec<TrashedRow>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select tenant_id, id, deleted_at from scripts where deleted_at is not null \
                 and deleted_at < $1 and (deleted_at, id) > ($2, $3) \
                 order by deleted_at, id limit $4",
            )
            .with([
                Micros::from(before).into(),
                after.into(),
                id.into(),
                limit.into(),
            ]);
        db.all(sql).await
    }
}
