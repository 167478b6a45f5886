//! Whether the database takes writes, which reading it would not tell.

use scriptorium_model::Uuid;

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::error::Result;

impl Store {
    /// Writes a row, takes it away again, and returns when that is on disk. It waits for its turn as long
    /// as other writers do.
    ///
    /// # Errors
    /// `Unavailable` or `Platform` when it cannot be written.
    pub async fn check_writes(&self) -> Result<()> {
        let id: Uuid = self.inner.ambient.new_id();
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let mut insert =
            tx.sql("insert into nodes (id, name, version, started_at, seen_at) values (");
        insert.bind(id).push(", '', '', 0, 0)");
        tx.execute(insert).await?;
        let mut delete = tx.sql("delete from nodes where id = ");
        delete.bind(id);
        tx.execute(delete).await?;
        tx.commit(unaudited("nothing is left of it")).await
    }
}
