//! Which operations on many executions go on, in every tenant.

use super::ACROSS_TENANTS;
use crate::Store;
use crate::error::Result;
use crate::operations::{Operation, OperationRow};

impl Store {
    /// The operations that go on, those first that are due first.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn running_operations(&self, limit: u32) -> Result<Vec<Operation>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql("select * from operations where state = 'running' order by next_at limit $1")
            .with([limit.into()]);
        let rows: Vec<OperationRow> = db.all(sql).await?;
        rows.into_iter().map(Operation::try_from).collect()
    }
}
