//! Every halt of every tenant, and stopping what runs when one is made.

use scriptorium_model::halt::{Halt, HaltKey, HaltScope};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::error::Result;
use crate::halts::HaltRow;
use crate::store::Change;

impl Store {
    /// Every halt that stands.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_halts(&self) -> Result<Vec<Halt>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql("select * from halts order by since, tenant_id, scope, trigger_kind");
        let rows: Vec<HaltRow> = db.all(sql).await?;
        rows.into_iter().map(Halt::try_from).collect()
    }

    /// Asks what runs under leases and is concerned to end as cancelled; how many there are.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn cancel_halted(&self, key: &HaltKey) -> Result<u64> {
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let mut sql =
            tx.sql("update executions set cancel_requested = true where status = 'running'");
        if key.scope != HaltScope::Platform {
            sql.push(" and tenant_id = ").bind(key.tenant.0);
        }
        if let Some(trigger) = key.trigger {
            sql.push(" and trigger_kind = ").bind(trigger.as_str());
        }
        let asked = tx.execute(sql).await?;
        tx.commit(unaudited("an execution is noted when it ends"))
            .await?;
        if asked > 0 {
            self.signal(Change::Cancel);
        }
        Ok(asked)
    }
}
