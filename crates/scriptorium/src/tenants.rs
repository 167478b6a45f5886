//! Tenants, for those who may manage them.

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::Permission;
use scriptorium_model::tenant::{self, Tenant};
use scriptorium_model::{Ctx, Invalid, TenantId, policy};

use crate::error::{Error, Result};
use crate::platform::Platform;

/// How long what runs in a tenant that is deleted has to stop. A service that does not return is not
/// waited for; nothing of its run is kept.
const GRACE: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// All tenants; from [`Platform::tenants`].
#[derive(Clone, Copy, Debug)]
pub struct Tenants<'a>(pub(crate) &'a Platform);

impl Tenants<'_> {
    /// Adds a tenant.
    ///
    /// # Errors
    /// Refused fields, a taken slug, or the permission `tenants.manage` is missing.
    #[boxed]
    pub async fn create(&self, ctx: &Ctx, slug: &str, name: &str) -> Result<Tenant> {
        policy::require(ctx, Permission::TenantsManage)?;
        let mut invalid = Invalid::default();
        invalid.check(tenant::validate_slug(slug));
        if name.trim().is_empty() || name.chars().count() > 100 {
            invalid.push("name", "bad_length", "must have 1 to 100 characters");
        }
        invalid.or(())?;
        let tenant = Tenant {
            id: self.0.ambient().new_id(),
            slug: slug.to_owned(),
            name: name.trim().to_owned(),
            created_at: self.0.ambient().now(),
        };
        self.0.store().create_tenant(ctx, &tenant).await?;
        Ok(tenant)
    }

    /// Deletes a tenant for ever, with everything that is its own: people, scripts, history, storage,
    /// the file of its business tables. Its audit trail stays. First nobody of it gets in any more and
    /// what runs is stopped; the slug, said once more, confirms it. It goes on when the caller goes away,
    /// and asking again brings about an end that was interrupted.
    ///
    /// # Errors
    /// No such tenant, another slug, the tenant `default` (`default_tenant`) or the one of `ctx`
    /// (`own_tenant`), or the permission `tenants.manage` is missing.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, id: TenantId, slug: &str) -> Result<()> {
        policy::require(ctx, Permission::TenantsManage)?;
        let tenant = self.0.store().find_tenant(id).await?;
        if tenant.slug != slug {
            let message = "must be the slug of the tenant, to confirm";
            return Err(Invalid::field("slug", "not_confirmed", message).into());
        }
        if tenant.id == self.0.default_tenant().id {
            let message = "the tenant of the platform's administrators cannot be deleted";
            return Err(Error::conflict("default_tenant", None, message));
        }
        if tenant.id == ctx.tenant {
            let message = "you act in this tenant: delete it from another";
            return Err(Error::conflict("own_tenant", None, message));
        }
        let (platform, ctx) = (self.0.clone(), ctx.clone());
        let work = async move { platform.end_tenant(&ctx, &tenant).await };
        let ended = self.0.0.tasks.spawn(work).await;
        ended.map_err(|_| Error::internal("the task of a deletion failed"))?
    }

    /// Whether the tenant's scripts may only read business tables.
    ///
    /// # Errors
    /// No such tenant, or the permission `tenants.manage` is missing.
    #[boxed]
    pub async fn is_read_only(&self, ctx: &Ctx, id: TenantId) -> Result<bool> {
        policy::require(ctx, Permission::TenantsManage)?;
        let tenant = self.0.store().find_tenant(id).await?;
        Ok(self.0.store().scripts_read_only(tenant.id).await?)
    }

    /// Lets the tenant's scripts only read business tables, or change them, too: a tenant may try its
    /// scripts on real data before they change any. Runs under way notice with their next transaction.
    ///
    /// # Errors
    /// No such tenant, or the permission `tenants.manage` is missing.
    #[boxed]
    pub async fn set_read_only(&self, ctx: &Ctx, id: TenantId, read_only: bool) -> Result<()> {
        policy::require(ctx, Permission::TenantsManage)?;
        let tenant = self.0.store().find_tenant(id).await?;
        let store = self.0.store();
        Ok(store.set_scripts_read_only(ctx, &tenant, read_only).await?)
    }

    /// Every tenant by slug.
    ///
    /// # Errors
    /// The permission `tenants.manage` is missing.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Tenant>> {
        policy::require(ctx, Permission::TenantsManage)?;
        Ok(self.0.store().list_tenants().await?)
    }
}

impl Platform {
    async fn end_tenant(&self, ctx: &Ctx, tenant: &Tenant) -> Result<()> {
        let own = Ctx::platform(tenant.id);
        self.store().close_tenant(ctx, tenant).await?;
        let idle = async {
            // Other servers notice within a heartbeat that theirs are to stop.
            while self.runtime().cancel_tenant(tenant.id) > 0
                || self.store().count_running(&own).await? > 0
            {
                tokio::time::sleep(LOOK).await;
            }
            Ok::<_, Error>(())
        };
        match tokio::time::timeout(GRACE, idle).await {
            Ok(idle) => idle?,
            Err(_) => {
                tracing::warn!(tenant = %tenant.id, "deleted while something of it still runs")
            }
        }
        self.store().remove_tenant(ctx, tenant).await?;
        self.0.data.remove(&own).await?;
        tracing::info!(tenant = %tenant.id, slug = tenant.slug, "tenant deleted");
        Ok(())
    }
}
