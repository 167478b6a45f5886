//! The remote services of a tenant: what its scripts call that is somewhere else.

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::Permission;
use scriptorium_model::remote_service::{Manifest, RemoteService};
use scriptorium_model::trigger::SignatureScheme;
use scriptorium_model::{Ctx, policy};
use scriptorium_runtime::Circuit;

use crate::endpoints::signature;
use crate::error::Result;
use crate::platform::Platform;

/// Remote services of a tenant; from [`Platform::remote_services`].
#[derive(Clone, Copy, Debug)]
pub struct RemoteServices<'a>(pub(crate) &'a Platform);

/// A remote service that was registered.
pub struct NewRemoteService {
    /// The service.
    pub service: RemoteService,
    /// The secret that requests are signed with, when it was made up. Nobody is shown it again.
    pub secret: Option<String>,
}

impl std::fmt::Debug for NewRemoteService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRemoteService")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl RemoteServices<'_> {
    /// What there is, by name.
    ///
    /// # Errors
    /// The permission `services.manage` is missing.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<RemoteService>> {
        policy::require(ctx, Permission::ServicesManage)?;
        Ok(self.0.store().list_remote_services(ctx).await?)
    }

    /// Whether this process holds a service back at present, because calls of it fail.
    pub fn circuit(&self, ctx: &Ctx, name: &str) -> Option<Circuit> {
        self.0.runtime().service_circuit(ctx.tenant, name)
    }

    /// Registers a service. Requests to it are signed with a secret in the form of Standard Webhooks, `whsec_` and
    /// base64, or with one that is made up. Whoever may manage tenants registers it as an operator: then it may be
    /// at an address that the operator has opened for services, and only operators change it.
    ///
    /// # Errors
    /// Refused fields, a name that is taken, or the permission `services.manage` is missing.
    #[boxed]
    pub async fn add(
        &self,
        ctx: &Ctx,
        manifest: &Manifest,
        secret: Option<&str>,
    ) -> Result<NewRemoteService> {
        policy::require(ctx, Permission::ServicesManage)?;
        let by_operator = ctx.may(Permission::TenantsManage);
        let made = match secret {
            Some(_) => None,
            None => Some(signature::written(&self.0.ambient().random())),
        };
        let key = key_of(secret.or(made.as_deref()).unwrap_or_default())?;
        let checked = self.0.runtime();
        checked.check_remote_service(manifest, by_operator).await?;
        let store = self.0.store();
        let added = store.add_remote_service(ctx, manifest, &key, by_operator);
        Ok(NewRemoteService {
            service: added.await?,
            secret: made,
        })
    }

    /// Changes a service: all that it declares, and the secret when another is given. It holds for the next execution.
    ///
    /// # Errors
    /// Refused fields, no such service, the permission `services.manage` is missing, or `tenants.manage` where an
    /// operator has registered it.
    #[boxed]
    pub async fn change(
        &self,
        ctx: &Ctx,
        manifest: &Manifest,
        secret: Option<&str>,
    ) -> Result<RemoteService> {
        self.owned(ctx, &manifest.name).await?;
        let by_operator = ctx.may(Permission::TenantsManage);
        let key = secret.map(key_of).transpose()?;
        let checked = self.0.runtime();
        checked.check_remote_service(manifest, by_operator).await?;
        let store = self.0.store();
        let changed = store.change_remote_service(ctx, manifest, key.as_deref(), by_operator);
        Ok(changed.await?)
    }

    /// Removes a service; scripts that call it fail from then on.
    ///
    /// # Errors
    /// No such service, the permission `services.manage` is missing, or `tenants.manage` where an operator has
    /// registered it.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, name: &str) -> Result<()> {
        self.owned(ctx, name).await?;
        Ok(self.0.store().delete_remote_service(ctx, name).await?)
    }

    /// A service that the caller may change.
    async fn owned(&self, ctx: &Ctx, name: &str) -> Result<()> {
        policy::require(ctx, Permission::ServicesManage)?;
        let found = self.0.store().find_remote_service(ctx, name).await?;
        if found.by_operator {
            policy::require(ctx, Permission::TenantsManage)?;
        }
        Ok(())
    }
}

/// The key that a secret is.
fn key_of(secret: &str) -> Result<Vec<u8>> {
    let key = signature::key_of(SignatureScheme::Standard, secret);
    Ok(key.map_err(|mut invalid| {
        for error in &mut invalid.errors {
            "secret".clone_into(&mut error.field);
        }
        invalid
    })?)
}
