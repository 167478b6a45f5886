//! Users of a tenant.

use async_recursion::async_recursion as boxed;
use scriptorium_model::permission::{Permission, PermissionSet, Role};
use scriptorium_model::user::User;
use scriptorium_model::{Ctx, Invalid, UserId, policy};

use crate::error::{Error, Result};
use crate::password;
use crate::platform::Platform;

/// Users of a tenant; from [`Platform::users`].
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(pub(crate) &'a Platform);

/// A user to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Address they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Host permissions beyond the role, such as `reports.view`.
    pub extra_permissions: Vec<String>,
    /// Their password; nobody signs in without one.
    pub password: Option<String>,
    /// `en`, `ru` or `uz`.
    pub locale: String,
}

/// The languages of the product (R-I18N-01).
const LOCALES: [&str; 3] = ["en", "ru", "uz"];

impl Users<'_> {
    /// All users of the tenant by name.
    ///
    /// # Errors
    /// The permission `users.manage` is missing.
    #[boxed]
    pub async fn list(&self, ctx: &Ctx) -> Result<Vec<User>> {
        policy::require(ctx, Permission::UsersManage)?;
        Ok(self.0.store().list_users(ctx).await?)
    }

    /// Adds a user to the tenant. A new user gets no right their maker does not hold.
    ///
    /// # Errors
    /// Refused fields, a taken address, or missing permissions.
    #[boxed]
    pub async fn create(&self, ctx: &Ctx, user: NewUser) -> Result<User> {
        policy::require(ctx, Permission::UsersManage)?;
        let email = user.email.trim().to_lowercase();
        let extra_permissions = PermissionSet::from_names(user.extra_permissions);
        let mut invalid = Invalid::default();
        validate_email(&email, &mut invalid);
        if user.name.trim().is_empty() || user.name.chars().count() > 100 {
            invalid.push("name", "bad_length", "must have 1 to 100 characters");
        }
        if !LOCALES.contains(&user.locale.as_str()) {
            invalid.push("locale", "bad_locale", "must be en, ru or uz");
        }
        if let Some(text) = &user.password {
            invalid.check(password::validate(text));
        }
        if !ctx.permissions.covers(&user.role.permissions())
            || !ctx.permissions.covers(&extra_permissions)
        {
            invalid.push("role", "exceeds_own", "must not grant more than you hold");
        }
        invalid.or(())?;
        let password_hash = match user.password {
            Some(text) => Some(self.0.passwords().hash(text).await?),
            None => None,
        };
        let user = User {
            id: self.0.ambient().new_id(),
            tenant: ctx.tenant,
            email,
            name: user.name.trim().to_owned(),
            role: user.role,
            extra_permissions,
            password_hash,
            locale: user.locale,
            active: true,
            created_at: self.0.ambient().now(),
        };
        self.0.store().create_user(ctx, &user).await?;
        Ok(user)
    }

    /// Deletes a user. Their sessions, drafts and tokens end; what they wrote stays, with the name of
    /// nobody. A script that counts on their rights, as its author, activator or owner, runs no more
    /// until somebody else stands for it (D12).
    ///
    /// # Errors
    /// No such user, the caller themselves (`own_user`), somebody who may do more than the caller, or
    /// the permission `users.manage` is missing.
    #[boxed]
    pub async fn delete(&self, ctx: &Ctx, id: UserId) -> Result<()> {
        policy::require(ctx, Permission::UsersManage)?;
        let user = self.0.store().find_user(ctx, id).await?;
        if ctx.actor.user() == Some(id) {
            let message = "somebody else has to delete you";
            return Err(Error::conflict("own_user", None, message));
        }
        if !ctx.permissions.covers(&user.permissions()) {
            return Err(Invalid::field("id", "exceeds_own", "may do more than you").into());
        }
        Ok(self.0.store().delete_user(ctx, id).await?)
    }

    /// Changes the language of the acting user.
    ///
    /// # Errors
    /// An unknown language, or the actor is no user.
    #[boxed]
    pub async fn set_locale(&self, ctx: &Ctx, locale: &str) -> Result<User> {
        if !LOCALES.contains(&locale) {
            return Err(Invalid::field("locale", "bad_locale", "must be en, ru or uz").into());
        }
        let id = ctx.actor.user().ok_or_else(Error::unauthenticated)?;
        let mut user = self.0.store().find_user(ctx, id).await?;
        user.locale = locale.to_owned();
        self.0.store().update_user(ctx, &user).await?;
        Ok(user)
    }
}

fn validate_email(email: &str, invalid: &mut Invalid) {
    let plain = |part: &str| {
        !part.is_empty()
            && !part
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == '@')
    };
    let fits = email.len() <= 254
        && email
            .split_once('@')
            .is_some_and(|(local, domain)| plain(local) && plain(domain));
    if !fits {
        invalid.push(
            "email",
            "bad_email",
            "must be an address such as ada@example.com",
        );
    }
}
