//! One secret of anybody: whether a key is the right one is known before a tenant is.

use super::ACROSS_TENANTS;
use crate::db::{Db, FromRow};
use crate::error::Result;

/// What is sealed of some secret, if there is one.
pub(crate) async fn any_secret(db: &Db) -> Result<Option<Vec<u8>>> {
    let db = db.read_all(ACROSS_TENANTS).await?;
    let sql = db.sql(
        "select sealed from secrets union all select sealed from signing_secrets \
             union all select sealed from remote_services limit 1",
    );
    let row: Option<SealedRow> = db.one(sql).await?;
    Ok(row.map(|row| row.sealed))
}

#[derive(FromRow)]
struct SealedRow {
    sealed: Vec<u8>,
}
