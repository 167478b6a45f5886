//! Tenants, for those who may manage them.

use scriptorium_model::permission::Permission;
use scriptorium_model::tenant::{self, Tenant};
use scriptorium_model::{Ctx, Invalid, policy};

use crate::error::Result;
use crate::platform::Platform;

/// All tenants; from [`Platform::tenants`].
#[derive(Clone, Copy, Debug)]
pub struct Tenants<'a>(pub(crate) &'a Platform);

impl Tenants<'_> {
    /// Adds a tenant.
    ///
    /// # Errors
    /// Refused fields, a taken slug, or the permission `tenants.manage` is missing.
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

    /// Every tenant by slug.
    ///
    /// # Errors
    /// The permission `tenants.manage` is missing.
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Tenant>> {
        policy::require(ctx, Permission::TenantsManage)?;
        Ok(self.0.store().list_tenants().await?)
    }
}
