//! Which key a trail is made with. The database knows its fingerprint, so that a second server, or
//! a restored database, with another key is refused before it breaks the chain.

use scriptorium_model::Ambient;

use super::{Key, unaudited};
use crate::db::{Db, FromRow, Tx};
use crate::error::{Error, Result};
use crate::store::Options;
use crate::{keys, system};

const MISSING: &str = "the key of the audit trail is missing: a restored database needs its own \
    keys/audit.key, and servers of one database share one key file";
const OTHER: &str = "the key of the audit trail is not the one this database was written with: \
    servers of one database share one key file, and a restored database needs its own";

/// The key of a database; made with its first opening.
pub(crate) async fn of(db: &Db, options: &Options, ambient: &Ambient) -> Result<Key> {
    let dir = &options.data_dir;
    let found = keys::find(dir, "audit", options.audit_key_file.as_ref())?;
    let tx = db.write_all(system::for_audit()).await?;
    let stored = fingerprint(&tx).await?;
    let key = match (found, &stored) {
        (Some(key), _) => key,
        (None, Some(_)) => return Err(Error::platform(MISSING)),
        (None, None) => keys::make(dir, "audit", ambient)?,
    };
    let key = Key::new(&key);
    let own = key.fingerprint();
    if stored.is_none() {
        let sql = tx
            .sql("insert into audit_key (id, fingerprint) values (1, $1) on conflict do nothing")
            .with([own.to_vec().into()]);
        tx.execute(sql).await?;
    }
    // Another server may have been faster.
    if fingerprint(&tx)
        .await?
        .is_none_or(|stored| stored[..] != own[..])
    {
        return Err(Error::platform(OTHER));
    }
    tx.commit(unaudited("it is what the trail is made with"))
        .await?;
    Ok(key)
}

async fn fingerprint(tx: &Tx) -> Result<Option<Vec<u8>>> {
    let sql = tx.sql("select fingerprint from audit_key where id = 1");
    let row: Option<KeyRow> = tx.one(sql).await?;
    Ok(row.map(|row| row.fingerprint))
}

#[derive(FromRow)]
struct KeyRow {
    fingerprint: Vec<u8>,
}
