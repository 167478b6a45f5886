//! The tenant's key-value storage (R-JSTO). Writes share the history writer's commits, because
//! scripts make many of them; an expired entry reads as missing whether or not it was removed.

mod gates;

use std::collections::BTreeMap;

use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::storage::{Change, Changed, Entry, Kept, Quota, VALUE_BYTES, validate_key};
use scriptorium_model::{Ctx, Invalid, Json, Timestamp};

pub(crate) use self::gates::{Gates, Leaving, Told, came_to};
use crate::Store;
use crate::audit::By;
use crate::db::{FromRow, Micros, json};
use crate::error::{Error, Result};

/// What a transaction leaves of entries; nothing of those that it removed.
pub(crate) type Written = BTreeMap<String, Option<Kept>>;

impl Store {
    /// The entry of a key.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn get_entry(&self, ctx: &Ctx, key: &str) -> Result<Option<Entry>> {
        self.settled(ctx).await?;
        let now = Micros::from(self.inner.ambient.now());
        let db = self.db().read(ctx).await?;
        let sql = db
            .sql(
                "select key, value, expires_at, updated_at from storage \
                 where tenant_id = $1 and key = $2 and (expires_at is null or expires_at > $3)",
            )
            .with([key.into(), now.into()]);
        let row: Option<EntryRow> = db.one(sql).await?;
        Ok(row.map(Entry::from))
    }

    /// Writes an entry durably, new or not.
    ///
    /// # Errors
    /// `Invalid` for a bad key or a value over 256 KiB; `NotFound` for an unknown tenant.
    pub async fn set_entry(
        &self,
        ctx: &Ctx,
        key: &str,
        value: Json,
        expires_at: Option<Timestamp>,
    ) -> Result<Entry> {
        self.write_entry(ctx, key, value, expires_at, Some(By::of(ctx)))
            .await
    }

    /// Like [`Store::set_entry`], by a running script: its execution is what the audit trail tells
    /// of, not each write.
    ///
    /// # Errors
    /// Like [`Store::set_entry`].
    pub async fn set_entry_of_script(
        &self,
        ctx: &Ctx,
        key: &str,
        value: Json,
        expires_at: Option<Timestamp>,
    ) -> Result<Entry> {
        self.write_entry(ctx, key, value, expires_at, None).await
    }

    async fn write_entry(
        &self,
        ctx: &Ctx,
        key: &str,
        value: Json,
        expires_at: Option<Timestamp>,
        by: Option<By>,
    ) -> Result<Entry> {
        validate(key, &value)?;
        let entry = Entry {
            key: key.into(),
            value,
            expires_at,
            updated_at: self.inner.ambient.now(),
        };
        let _pass = self.pass(ctx.tenant).await?;
        self.inner
            .writer
            .set_entry(ctx.tenant, entry.clone(), by)
            .await?;
        Ok(entry)
    }

    /// Removes an entry durably; whether there was one that had not expired.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_entry(&self, ctx: &Ctx, key: &str) -> Result<bool> {
        let _pass = self.pass(ctx.tenant).await?;
        let by = Some(By::of(ctx));
        let writer = &self.inner.writer;
        writer.delete_entry(ctx.tenant, key.into(), by).await
    }

    /// Like [`Store::delete_entry`], by a running script.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_entry_of_script(&self, ctx: &Ctx, key: &str) -> Result<bool> {
        let _pass = self.pass(ctx.tenant).await?;
        let writer = &self.inner.writer;
        writer.delete_entry(ctx.tenant, key.into(), None).await
    }
}

impl Store {
    /// Changes an entry as a running script asks: what it depends on is looked at where it is written.
    ///
    /// # Errors
    /// `Invalid` for a bad key, a value over 256 KiB, a value that is no number where one is added
    /// (`not_a_number`), or more than the tenant's quota (`quota`).
    pub async fn change_entry(&self, ctx: &Ctx, key: &str, change: Change) -> Result<Changed> {
        let value = match &change {
            Change::Replace {
                value: Some(value), ..
            } => value.clone(),
            _ => Json::null(),
        };
        validate(key, &value)?;
        let _pass = self.pass(ctx.tenant).await?;
        let writer = &self.inner.writer;
        writer.change_entry(ctx.tenant, key.into(), change).await
    }

    /// The entries whose keys begin so, in the order of their keys after `after`: at most `limit`, and
    /// some megabytes of values.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_entries(
        &self,
        ctx: &Ctx,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        self.settled(ctx).await?;
        let now = Micros::from(self.inner.ambient.now());
        let db = self.db().read(ctx).await?;
        // Keys with the prefix are one after the other. The first is given however large it is.
        let sql = db
            .sql(
                "select key, value, expires_at, updated_at from (select key, value, expires_at,                  updated_at, sum(length(value)) over (order by key) as so_far,                  row_number() over (order by key) as place from (select * from storage                  where tenant_id = $1 and key >= $2 and key > $3                  and (expires_at is null or expires_at > $4) order by key limit $5) as found) as page                  where so_far <= $6 or place = 1 order by key",
            )
            .with([
                prefix.into(),
                after.unwrap_or_default().into(),
                now.into(),
                i64::from(limit).into(),
                LIST_BYTES.into(),
            ]);
        let rows: Vec<EntryRow> = db.all(sql).await?;
        let entries = rows.into_iter().map(Entry::from);
        Ok(entries
            .take_while(|entry| entry.key.starts_with(prefix))
            .collect())
    }
}

impl Store {
    /// Waits for what a transaction that has committed left, so that who reads finds it.
    async fn settled(&self, ctx: &Ctx) -> Result<()> {
        if !self.inner.gates.is_settled(ctx.tenant) {
            drop(self.pass(ctx.tenant).await?);
        }
        Ok(())
    }
}

pub(crate) fn over_quota(quota: Quota) -> Error {
    let Quota { entries, bytes } = quota;
    let message =
        format!("is more than the tenant may store: {entries} entries, {bytes} bytes together");
    Invalid::field("value", "quota", message).into()
}

pub(crate) fn changed_meanwhile() -> Error {
    let message = "was changed by others since the transaction read it";
    Invalid::field("storage", "changed", message).into()
}

/// Most characters of the values of one list.
const LIST_BYTES: i64 = 2 << 20;

fn validate(key: &str, value: &Json) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.check(validate_key(key));
    invalid.check(at_most_bytes("value", value.len(), VALUE_BYTES));
    invalid.or(())
}

#[derive(FromRow)]
struct EntryRow {
    key: String,
    value: String,
    expires_at: Option<Micros>,
    updated_at: Micros,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        Self {
            key: row.key,
            value: json(row.value),
            expires_at: row.expires_at.map(Into::into),
            updated_at: row.updated_at.into(),
        }
    }
}
