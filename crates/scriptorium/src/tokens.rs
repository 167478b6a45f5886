//! API tokens. A token never exceeds its maker (D12), and its secret is shown once.

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::{Permission, PermissionSet};
use scriptorium_model::user::Token;
use scriptorium_model::{Ctx, Invalid, Timestamp, TokenId, policy};

use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::secret;

/// API tokens of a tenant; from [`Platform::tokens`].
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a>(pub(crate) &'a Platform);

/// A token to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for; 1 to 100 characters.
    pub name: String,
    /// Slug of another tenant it acts in; takes `tenants.manage`.
    pub tenant: Option<String>,
    /// Permission names; `*` means all that the maker has.
    pub permissions: Vec<String>,
    /// When it stops working; never when `None`.
    pub expires_at: Option<Timestamp>,
}

impl Tokens<'_> {
    /// Makes a token; gives it and its secret, which nobody can read again.
    ///
    /// # Errors
    /// Refused fields, permissions the maker does not hold, or an unknown tenant.
    #[boxed]
    pub async fn create(&self, ctx: &Ctx, token: NewToken) -> Result<(Token, String)> {
        policy::require(ctx, Permission::TokensManage)?;
        let mut invalid = Invalid::default();
        let now = self.0.ambient().now();
        if token.name.trim().is_empty() || token.name.chars().count() > 100 {
            invalid.push("name", "bad_length", "must have 1 to 100 characters");
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            invalid.push("expires_at", "in_the_past", "must be in the future");
        }
        if token.permissions.is_empty() {
            invalid.push("permissions", "required", "at least one is required");
        }
        let wanted = if token.permissions.iter().any(|name| name == "*") {
            ctx.permissions.clone()
        } else {
            PermissionSet::from_names(token.permissions)
        };
        if !ctx.permissions.covers(&wanted) {
            invalid.push(
                "permissions",
                "exceeds_own",
                "must not grant more than you hold",
            );
        }
        invalid.or(())?;

        let tenant = match &token.tenant {
            None => ctx.tenant,
            Some(slug) => self.tenant_of(ctx, slug).await?,
        };
        let secret = secret::new_token(self.0.ambient());
        let token = Token {
            id: self.0.ambient().new_id(),
            tenant,
            name: token.name.trim().to_owned(),
            secret_hash: secret::hash(&secret),
            permissions: wanted,
            created_by: ctx.actor.user(),
            created_at: now,
            expires_at: token.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        self.0
            .store()
            .create_token(
                &Ctx {
                    tenant,
                    ..ctx.clone()
                },
                &token,
            )
            .await?;
        Ok((token, secret))
    }

    /// All tokens of the tenant, newest first, without their secrets.
    ///
    /// # Errors
    /// The permission `tokens.manage` is missing.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<Token>> {
        policy::require(ctx, Permission::TokensManage)?;
        Ok(self.0.store().list_tokens(ctx).await?)
    }

    /// Makes a token stop working at once.
    ///
    /// # Errors
    /// No such token, or the permission `tokens.manage` is missing.
    #[boxed]
    pub async fn revoke(&self, ctx: &Ctx, id: TokenId) -> Result<()> {
        policy::require(ctx, Permission::TokensManage)?;
        Ok(self.0.store().revoke_token(ctx, id).await?)
    }

    async fn tenant_of(&self, ctx: &Ctx, slug: &str) -> Result<scriptorium_model::TenantId> {
        policy::require(ctx, Permission::TenantsManage)?;
        let tenant = self.0.find_tenant(slug).await?;
        let unknown = || Error::from(Invalid::field("tenant", "not_found", "is not known"));
        Ok(tenant.ok_or_else(unknown)?.id)
    }
}
