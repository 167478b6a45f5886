//! How long a tenant's history is kept. Removing what is past it is part of the upkeep.

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::Permission;
use scriptorium_model::retention::Retention;
use scriptorium_model::{Ctx, policy};

use crate::error::Result;
use crate::platform::Platform;

/// The retention of a tenant; from [`Platform::retention`].
#[derive(Clone, Copy, Debug)]
pub struct RetentionSettings<'a>(pub(crate) &'a Platform);

impl RetentionSettings<'_> {
    /// How long what is kept.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx) -> Result<Retention> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_retention(ctx).await?)
    }

    /// Says how long what is kept. A shorter time removes history within the hour, so it takes the
    /// right to delete.
    ///
    /// # Errors
    /// A number of days outside its range, or the permission `scripts.delete` is missing.
    #[boxed]
    pub async fn set(&self, ctx: &Ctx, retention: Retention) -> Result<Retention> {
        policy::require(ctx, Permission::ScriptsDelete)?;
        self.0.store().set_retention(ctx, retention).await?;
        Ok(retention)
    }
}
