//! Turns of orders that nobody has any more (R-EVT-17): whatever ends an execution passes its turn on, and this
//! is for what does not know of that, so that no order stands still for ever.

use std::collections::BTreeMap;

use scriptorium_model::{ExecutionId, ScriptId, TenantId, Uuid};

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::db::FromRow;
use crate::error::Result;
use crate::seats;
use crate::store::Change;
use crate::turns::{self, Ended};

impl Store {
    /// Passes on turns whose execution is neither pending nor running; how many there were, a hundred at
    /// most.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn mend_turns(&self) -> Result<u64> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let rows: Vec<TurnRow> = db.all(db.sql(FORGOTTEN)).await?;
        drop(db);
        if rows.is_empty() {
            return Ok(0);
        }
        tracing::warn!(
            turns = rows.len(),
            "an order of events stood still; it goes on"
        );
        let mended = rows.len() as u64;
        let mut tenants: BTreeMap<TenantId, Ended> = BTreeMap::new();
        for row in rows {
            let tenant = TenantId(row.tenant_id);
            let order = (ScriptId(row.script_id), row.order_value);
            let execution = ExecutionId(row.execution_id);
            let of_tenant = tenants.entry(tenant).or_default();
            of_tenant.insert((tenant, order), execution);
        }
        let mut pending = false;
        for (tenant, forgotten) in tenants {
            let tx = self.db().write_each(ACROSS_TENANTS).await?;
            tx.enter(tenant).await?;
            let scripts = forgotten.keys().map(|(_, (script, _))| (tenant, *script));
            seats::lock_scripts(&tx, &scripts.collect()).await?;
            pending |= turns::pass_on(&tx, &self.inner.ambient, forgotten).await?;
            tx.commit(unaudited("an execution is noted when it ends"))
                .await?;
        }
        if pending {
            self.signal(Change::Pending);
        }
        Ok(mended)
    }
}

const FORGOTTEN: &str = "select t.tenant_id, t.script_id, t.order_value, t.execution_id \
    from order_turns t where not exists (select 1 from executions e \
    where e.tenant_id = t.tenant_id and e.id = t.execution_id \
    and e.status in ('pending', 'running')) limit 100";

#[derive(FromRow)]
struct TurnRow {
    tenant_id: Uuid,
    script_id: Uuid,
    order_value: String,
    execution_id: Uuid,
}
