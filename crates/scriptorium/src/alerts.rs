//! Alerts: what a person of the tenant should look at, and saying that one knows.

use async_recursion::async_recursion as boxed;
use scriptorium_model::alert::Alert;
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{AlertId, Ctx, policy};
use scriptorium_store::AlertFilter;

use crate::error::Result;
use crate::platform::Platform;

/// Alerts of a tenant; from [`Platform::alerts`].
#[derive(Clone, Copy, Debug)]
pub struct Alerts<'a>(pub(crate) &'a Platform);

impl Alerts<'_> {
    /// Alerts that match, those that happened last first.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &AlertFilter,
        page: &PageRequest,
    ) -> Result<Page<Alert>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_alerts(ctx, filter, page).await?)
    }

    /// How many nobody has acknowledged.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    #[boxed]
    pub async fn count_open(&self, ctx: &Ctx) -> Result<u64> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().count_open_alerts(ctx).await?)
    }

    /// Says that one knows; what happens from now on raises a new alert. Twice does it once.
    ///
    /// # Errors
    /// No such alert, or the permission `scripts.execute` is missing.
    #[boxed]
    pub async fn acknowledge(&self, ctx: &Ctx, id: AlertId) -> Result<Alert> {
        policy::require(ctx, Permission::ScriptsExecute)?;
        Ok(self.0.store().acknowledge_alert(ctx, id).await?)
    }
}
