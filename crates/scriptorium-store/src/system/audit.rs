//! What is done to the audit trails of all tenants at once: writing their heads down outside the
//! database, and removing what is past its time.

use scriptorium_model::Timestamp;

use crate::Store;
use crate::error::Result;

impl Store {
    /// Writes down the heads that moved since the last time, in the file `audit-heads.jsonl` of
    /// the data directory and in the process log; how many. To be called every minute.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn anchor_audit_heads(&self) -> Result<usize> {
        self.anchor_heads().await
    }

    /// Removes audit entries from before an instant, in every tenant and in batches of 500; how
    /// many. Those of the days that the tenant keeps stay whatever is asked for, 90 at least
    /// (R-AUD-03).
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn prune_audit(&self, before: Timestamp) -> Result<u64> {
        self.prune_trails(before).await
    }
}
