//! Entries of storage within a batch: written in their order, decided where they are written, and
//! held to the tenant's quota.

use std::collections::{BTreeMap, HashMap};

use scriptorium_model::audit::{Action, Subject, SubjectKind};
use scriptorium_model::storage::{Change, Changed, Entry, Kept, Quota};
use scriptorium_model::{Json, TenantId, Timestamp};
use serde_json::json;

use crate::audit::{By, Note, Said, text_of};
use crate::db::{Dialect, FromRow, Micros, Tx, micros};
use crate::error::Result;
use crate::storage::over_quota;

/// The storage of a batch.
pub(super) struct Entries {
    quota: Quota,
    now: Timestamp,
    /// The most that the tenants can have by now.
    usage: HashMap<TenantId, Usage>,
}

#[derive(Clone, Copy)]
struct Usage {
    entries: u64,
    bytes: u64,
}

/// What was changed, and what the audit trail says of it.
type Written = (bool, Option<Said>);

impl Entries {
    pub(super) fn new(quota: Quota, now: Timestamp) -> Self {
        Self {
            quota,
            now,
            usage: HashMap::new(),
        }
    }

    /// Writes an entry; a refusal is the inner result, and nothing was written then.
    pub(super) async fn set(
        &mut self,
        tx: &Tx,
        tenant: TenantId,
        entry: &Entry,
        by: Option<&By>,
    ) -> Result<Result<Written>> {
        if let Err(refusal) = self.make_room(tx, tenant, entry).await? {
            return Ok(Err(refusal));
        }
        let said = match by {
            Some(by) => {
                let before = found(tx, tenant, &entry.key).await?;
                Some(set_by_hand(tenant, entry, before.map(|row| row.value), by))
            }
            None => None,
        };
        Ok(Ok((set(tx, tenant, entry).await?, said)))
    }

    /// Removes an entry.
    pub(super) async fn delete(
        &mut self,
        tx: &Tx,
        tenant: TenantId,
        key: &str,
        by: Option<&By>,
    ) -> Result<Written> {
        self.usage(tx, tenant).await?;
        let before = match by {
            Some(_) => found(tx, tenant, key).await?,
            None => None,
        };
        let deleted = delete(tx, tenant, key, self.now).await?;
        let said = by
            .filter(|_| deleted)
            .map(|by| deleted_by_hand(tenant, key, before.map(|row| row.value), by));
        Ok((deleted, said))
    }

    /// Does what a script asks of an entry.
    pub(super) async fn change(
        &mut self,
        tx: &Tx,
        tenant: TenantId,
        key: &str,
        change: &Change,
    ) -> Result<Result<Changed>> {
        // On PostgreSQL others write, too: whoever comes first here is let to its end.
        self.usage(tx, tenant).await?;
        let there = found(tx, tenant, key)
            .await?
            .and_then(|row| row.kept(self.now));
        let kept = match change.of(there.as_ref()) {
            Ok(Some(kept)) => kept,
            Ok(None) => {
                let value = there.map(|there| there.value);
                return Ok(Ok(Changed { done: false, value }));
            }
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let value = kept.as_ref().map(|kept| kept.value.clone());
        match kept {
            None => {
                delete(tx, tenant, key, self.now).await?;
            }
            Some(kept) => {
                let entry = self.entry(key, kept);
                if let Err(refusal) = self.make_room(tx, tenant, &entry).await? {
                    return Ok(Err(refusal));
                }
                set(tx, tenant, &entry).await?;
            }
        }
        Ok(Ok(Changed { done: true, value }))
    }

    /// Writes what a transaction in the tenant's file has left, which was looked at there: nobody can have
    /// changed the entries since. False when that was done before.
    pub(super) async fn hand_over(
        &mut self,
        tx: &Tx,
        tenant: TenantId,
        number: i64,
        written: &BTreeMap<String, Option<Kept>>,
    ) -> Result<bool> {
        let new = tx.sql_of(
            tenant,
            "insert into storage_usage (tenant_id, entries, bytes, handed_over) values ($1, 0, 0, $2) \
             on conflict (tenant_id) do update set handed_over = excluded.handed_over \
             where storage_usage.handed_over < excluded.handed_over",
        );
        if tx.execute(new.with([number.into()])).await? == 0 {
            return Ok(false);
        }
        for (key, kept) in written {
            match kept {
                None => drop(delete(tx, tenant, key, Timestamp::MIN).await?),
                Some(kept) => drop(set(tx, tenant, &self.entry(key, kept.clone())).await?),
            }
        }
        // What it has now is asked for when somebody writes again.
        self.usage.remove(&tenant);
        Ok(true)
    }

    fn entry(&self, key: &str, kept: Kept) -> Entry {
        Entry {
            key: key.to_owned(),
            value: kept.value,
            expires_at: kept.expires_at,
            updated_at: self.now,
        }
    }

    /// Refuses what would be more than the tenant may have. What is counted is the most that it can be,
    /// until that is too much; then it is what there is.
    async fn make_room(&mut self, tx: &Tx, tenant: TenantId, entry: &Entry) -> Result<Result<()>> {
        let bytes = (entry.key.len() + entry.value.len()) as u64;
        let usage = self.usage(tx, tenant).await?;
        let most = Usage {
            entries: usage.entries + 1,
            bytes: usage.bytes + bytes,
        };
        if self.fits(most) {
            self.usage.insert(tenant, most);
            return Ok(Ok(()));
        }
        // What has expired is no use to anybody, and need not wait for maintenance.
        let gone = tx
            .sql("delete from storage where tenant_id = $1 and expires_at <= $2")
            .with([tenant.0.into(), Micros::from(self.now).into()]);
        tx.execute(gone).await?;
        let there = read(tx, tenant).await?;
        let before = found(tx, tenant, &entry.key).await?;
        let replaced = before.map(|row| (entry.key.len() + row.value.len()) as u64);
        let exact = Usage {
            entries: there.entries + u64::from(replaced.is_none()),
            bytes: (there.bytes + bytes).saturating_sub(replaced.unwrap_or(0)),
        };
        self.usage.insert(tenant, exact);
        // What makes it smaller is welcome, whatever there is.
        let shrinks = replaced.is_some_and(|replaced| bytes <= replaced);
        if shrinks || self.fits(exact) {
            return Ok(Ok(()));
        }
        self.usage.insert(tenant, there);
        Ok(Err(over_quota(self.quota)))
    }

    fn fits(&self, usage: Usage) -> bool {
        usage.entries <= self.quota.entries && usage.bytes <= self.quota.bytes
    }

    async fn usage(&mut self, tx: &Tx, tenant: TenantId) -> Result<Usage> {
        if let Some(usage) = self.usage.get(&tenant) {
            return Ok(*usage);
        }
        let usage = read(tx, tenant).await?;
        self.usage.insert(tenant, usage);
        Ok(usage)
    }
}

/// Lets nobody else change entries of a tenant until the end of the transaction. Whoever does comes here
/// before the entries: two that took them the other way round would wait for each other.
pub(crate) async fn hold(tx: &Tx, tenant: TenantId) -> Result<()> {
    // The one writer of SQLite is alone anyway.
    if tx.dialect() == Dialect::Postgres {
        read(tx, tenant).await?;
    }
    Ok(())
}

/// What a tenant has; no other server changes it until the end of the transaction.
async fn read(tx: &Tx, tenant: TenantId) -> Result<Usage> {
    let text = match tx.dialect() {
        Dialect::Sqlite => "select entries, bytes from storage_usage where tenant_id = $1",
        Dialect::Postgres => {
            "select entries, bytes from storage_usage where tenant_id = $1 for update"
        }
    };
    let row: Option<UsageRow> = tx.one(tx.sql_of(tenant, text)).await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(row.map_or(
        Usage {
            entries: 0,
            bytes: 0,
        },
        |row| Usage {
            entries: count(row.entries),
            bytes: count(row.bytes),
        },
    ))
}

#[derive(FromRow)]
struct UsageRow {
    entries: i64,
    bytes: i64,
}

async fn set(tx: &Tx, tenant: TenantId, entry: &Entry) -> Result<bool> {
    let sql = tx
        .sql(
            "insert into storage (tenant_id, key, expires_at, updated_at, value) \
             values ($1, $2, $3, $4, $5) on conflict (tenant_id, key) do update set \
             expires_at = excluded.expires_at, updated_at = excluded.updated_at, \
             value = excluded.value",
        )
        .with([
            tenant.0.into(),
            entry.key.as_str().into(),
            micros(entry.expires_at).into(),
            Micros::from(entry.updated_at).into(),
            entry.value.as_str().into(),
        ]);
    Ok(tx.execute(sql).await? > 0)
}

/// Removes an entry; one that has expired counts as missing.
async fn delete(tx: &Tx, tenant: TenantId, key: &str, now: Timestamp) -> Result<bool> {
    let sql = tx
        .sql(
            "delete from storage where tenant_id = $1 and key = $2 \
             and (expires_at is null or expires_at > $3)",
        )
        .with([tenant.0.into(), key.into(), Micros::from(now).into()]);
    Ok(tx.execute(sql).await? > 0)
}

async fn found(tx: &Tx, tenant: TenantId, key: &str) -> Result<Option<FoundRow>> {
    let sql = tx
        .sql("select value, expires_at from storage where tenant_id = $1 and key = $2")
        .with([tenant.0.into(), key.into()]);
    tx.one(sql).await
}

#[derive(FromRow)]
struct FoundRow {
    value: String,
    expires_at: Option<Micros>,
}

impl FoundRow {
    fn kept(self, now: Timestamp) -> Option<Kept> {
        let kept = Kept {
            value: Json::from_written(self.value),
            expires_at: self.expires_at.map(Timestamp::from),
        };
        Some(kept).filter(|kept| kept.expires_at.is_none_or(|at| at > now))
    }
}

/// Values are told by their digest: scripts keep in storage what nobody should read elsewhere.
fn set_by_hand(tenant: TenantId, entry: &Entry, before: Option<String>, by: &By) -> Said {
    let subject = Subject::new(SubjectKind::Storage, None, &entry.key);
    let mut note = Note::new(Action::StorageChanged, subject).after(json!({
        "value": text_of(entry.value.as_str()),
        "expires_at": entry.expires_at.map(|at| at.to_string()),
    }));
    if let Some(before) = before {
        note = note.before(json!({ "value": text_of(&before) }));
    }
    Said::one(tenant, by, note)
}

fn deleted_by_hand(tenant: TenantId, key: &str, before: Option<String>, by: &By) -> Said {
    let subject = Subject::new(SubjectKind::Storage, None, key);
    let note = Note::new(Action::StorageDeleted, subject);
    let before = before.map(|value| json!({ "value": text_of(&value) }));
    Said::one(tenant, by, note.before(before.unwrap_or_default()))
}
