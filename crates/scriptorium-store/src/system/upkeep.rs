//! What is kept too long, in all tenants: where pruning and the end of the trash begin. The deleting
//! itself happens in each tenant's own transactions.

use scriptorium_model::{TenantId, Timestamp, Uuid};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::db::Micros;
use crate::error::Result;
use crate::milestones::PolicyRow;
use crate::scripts::trash::TrashedRow;
use crate::search::{self, Kind};

impl Store {
    /// The policies of the tenants that have one.
    pub(crate) async fn version_policies(&self) -> Result<Vec<PolicyRow>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        db.all(db.sql(
            "select tenant_id, max_count, max_age_days from version_policies \
             where max_count is not null or max_age_days is not null",
        ))
        .await
    }

    /// Scripts in the trash since before an instant, the longest first, after the one given.
    pub(crate) async fn trashed_before(
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

    /// Takes what a tenant has deleted out of the search index.
    pub(crate) async fn forget(&self, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        search::forget(&tx, tenant, kind, ids).await?;
        tx.commit(unaudited("what was deleted has its own entry"))
            .await
    }
}
