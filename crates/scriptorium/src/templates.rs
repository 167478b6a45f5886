//! Message templates of a tenant. One of the tenant's own hides the host's of the same name.

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::Permission;
use scriptorium_model::template::{self, Template};
use scriptorium_model::{Ctx, policy};

use crate::error::{Error, Result};
use crate::platform::Platform;

/// Message templates of a tenant; from [`Platform::templates`].
#[derive(Clone, Copy, Debug)]
pub struct Templates<'a>(pub(crate) &'a Platform);

impl Templates<'_> {
    /// The tenant's own templates by name.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Template>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_templates(ctx).await?)
    }

    /// One of the tenant's own templates.
    ///
    /// # Errors
    /// No such template, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, name: &str) -> Result<Template> {
        policy::require(ctx, Permission::ScriptsRead)?;
        self.0
            .store()
            .find_template(ctx, name)
            .await?
            .ok_or_else(Error::not_found)
    }

    /// Writes a template.
    ///
    /// # Errors
    /// A bad name or too long a body, or the permission `templates.manage` is missing.
    #[boxed]
    pub async fn put(&self, ctx: &Ctx, name: &str, body: &str) -> Result<Template> {
        policy::require(ctx, Permission::TemplatesManage)?;
        template::validate(name, body)?;
        Ok(self.0.store().put_template(ctx, name, body).await?)
    }

    /// Removes a template; whether there was one.
    ///
    /// # Errors
    /// The permission `templates.manage` is missing.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, name: &str) -> Result<bool> {
        policy::require(ctx, Permission::TemplatesManage)?;
        Ok(self.0.store().delete_template(ctx, name).await?)
    }
}
