//! The tenant's key-value storage (R-JSTO). Writes share the history writer's commits, because
//! scripts make many of them; an expired entry reads as missing whether or not it was removed.

use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::storage::{Entry, VALUE_BYTES, validate_key};
use scriptorium_model::{Ctx, Invalid, Json, Timestamp};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::audit::By;
use crate::db::{Micros, json};
use crate::error::Result;

impl Store {
    /// The entry of a key.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn get_entry(&self, ctx: &Ctx, key: &str) -> Result<Option<Entry>> {
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
        let by = Some(By::of(ctx));
        let writer = &self.inner.writer;
        writer.delete_entry(ctx.tenant, key.into(), by).await
    }

    /// Like [`Store::delete_entry`], by a running script.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn delete_entry_of_script(&self, ctx: &Ctx, key: &str) -> Result<bool> {
        let writer = &self.inner.writer;
        writer.delete_entry(ctx.tenant, key.into(), None).await
    }
}

fn validate(key: &str, value: &Json) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.check(validate_key(key));
    invalid.check(at_most_bytes("value", value.len(), VALUE_BYTES));
    invalid.or(())
}

#[derive(FromQueryResult)]
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
