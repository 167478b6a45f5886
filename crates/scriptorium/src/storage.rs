//! The tenant's key-value storage, as administrators and hosts reach it; scripts have their own
//! way in.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use jiff::SignedDuration;
use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::permission::Permission;
use scriptorium_model::storage::{Entry, VALUE_BYTES, validate_key};
use scriptorium_model::{Ctx, Invalid, Json, policy};

use crate::error::Result;
use crate::platform::Platform;

/// Storage of a tenant; from [`Platform::storage`].
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a>(pub(crate) &'a Platform);

impl Storage<'_> {
    /// The entry of a key; `None` when there is none or its time is over.
    ///
    /// # Errors
    /// The permission `storage.manage` is missing.
    #[boxed]
    pub async fn get(&self, ctx: &Ctx, key: &str) -> Result<Option<Entry>> {
        policy::require(ctx, Permission::StorageManage)?;
        validate_key(key)?;
        Ok(self.0.store().get_entry(ctx, key).await?)
    }

    /// Writes an entry; it exists for ever without `ttl`.
    ///
    /// # Errors
    /// A bad key, a value over 256 KiB, a zero `ttl`, or the permission is missing.
    #[boxed]
    pub async fn set(
        &self,
        ctx: &Ctx,
        key: &str,
        value: Json,
        ttl: Option<Duration>,
    ) -> Result<Entry> {
        policy::require(ctx, Permission::StorageManage)?;
        let mut invalid = Invalid::default();
        invalid.check(validate_key(key));
        invalid.check(at_most_bytes("value", value.len(), VALUE_BYTES));
        let now = self.0.ambient().now();
        let expires_at = ttl.and_then(|ttl| SignedDuration::try_from(ttl).ok());
        let expires_at = expires_at.and_then(|ttl| now.checked_add(ttl).ok());
        if ttl.is_some_and(|ttl| ttl.is_zero()) || (ttl.is_some() && expires_at.is_none()) {
            invalid.push(
                "ttl_seconds",
                "out_of_range",
                "must be a positive number of seconds",
            );
        }
        invalid.or(())?;
        Ok(self
            .0
            .store()
            .set_entry(ctx, key, value, expires_at)
            .await?)
    }

    /// Removes an entry; whether there was one.
    ///
    /// # Errors
    /// The permission `storage.manage` is missing.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, key: &str) -> Result<bool> {
        policy::require(ctx, Permission::StorageManage)?;
        Ok(self.0.store().delete_entry(ctx, key).await?)
    }
}
