//! Who is calling: signing in, sessions, tokens. Secrets are compared by their hashes; what a
//! caller may do is read anew each time, so that a change of role acts at once (WEB-10).

use std::time::Duration;

use async_recursion::async_recursion as boxed;
use jiff::SignedDuration;
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::tenant::Tenant;
use scriptorium_model::user::{Session, Token, User};
use scriptorium_model::{Actor, Ctx, Invalid, Origin, Timestamp};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::secret;

/// Someone who proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The context of what they do.
    pub ctx: Ctx,
    /// Their tenant.
    pub tenant: Tenant,
    /// The user; `None` for the bootstrap token.
    pub user: Option<User>,
}

/// A new session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The secret for the cookie; not kept anywhere.
    pub secret: String,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub caller: Caller,
}

/// A session ends after this time, used or not.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24 * 14);
/// A session ends when it was not used for this time.
const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(24 * 2);
/// How exact "last used" is: writing it on every request would make every read a write.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Accounts of one address that a password is tried on; each costs a tenth of a second.
const ACCOUNTS: u32 = 8;

impl Platform {
    /// Signs a user in by address and password; `origin` says from where, for the audit trail. An
    /// address may have an account in several tenants: `tenant`, a slug, says which one is meant, and
    /// need not when the password fits only one of them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Unauthenticated`] for a wrong password, an unknown address and a user
    /// who was switched off alike, after the same time; `Invalid` on `tenant` when the password fits
    /// several accounts and none was named.
    #[boxed]
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        tenant: Option<&str>,
        origin: Option<Origin>,
    ) -> Result<SignedIn> {
        let email = email.trim().to_lowercase();
        let tenant = tenant.map(str::trim).filter(|slug| !slug.is_empty());
        let accounts = self
            .store()
            .users_of_email(&email, tenant, ACCOUNTS)
            .await?;
        let user = match self.fitting(&accounts, password).await?.as_slice() {
            [one] => (*one).clone(),
            [] => {
                for user in accounts.iter().filter(|user| user.active) {
                    // Not waited for: a known address must not take longer than an unknown one.
                    let mut ctx = Ctx::platform(user.tenant);
                    ctx.origin.clone_from(&origin);
                    self.store().note_failed_sign_in(&ctx, user).await?;
                }
                return Err(Error::unauthenticated());
            }
            several => return Err(self.ambiguous(several).await?.into()),
        };

        let now = self.ambient().now();
        let secret = secret::new_session(self.ambient());
        let session = Session {
            id: self.ambient().new_id(),
            tenant: user.tenant,
            user: user.id,
            secret_hash: secret::hash(&secret),
            created_at: now,
            last_used_at: now,
            expires_at: now.saturating_add(SESSION_LIFE).unwrap_or(now),
        };
        let expires_at = session.expires_at;
        let mut ctx = Ctx::platform(user.tenant);
        ctx.actor = Actor::User {
            id: user.id,
            session: Some(session.id),
        };
        ctx.origin = origin;
        self.store().create_session(&ctx, &session).await?;
        let caller = self.caller_of_session(session, user).await?;
        Ok(SignedIn {
            secret,
            expires_at,
            caller,
        })
    }

    /// The accounts whose password this is.
    async fn fitting<'a>(&self, accounts: &'a [User], password: &str) -> Result<Vec<&'a User>> {
        let mut fitting = Vec::new();
        let mut verified = false;
        for user in accounts.iter().filter(|user| user.active) {
            let hash = user.password_hash.clone();
            verified = true;
            if self.passwords().verify(password.to_owned(), hash).await? {
                fitting.push(user);
            }
        }
        if !verified {
            self.passwords().verify(password.to_owned(), None).await?;
        }
        Ok(fitting)
    }

    /// Asks which tenant is meant, of whoever knows the password to each.
    async fn ambiguous(&self, users: &[&User]) -> Result<Invalid> {
        let mut slugs = Vec::with_capacity(users.len());
        for user in users {
            slugs.push(self.store().find_tenant(user.tenant).await?.slug);
        }
        let slugs = slugs.join(", ");
        let mut invalid = Invalid::default();
        let message = format!("must be one of {slugs}");
        invalid
            .push("tenant", "several", message)
            .with("values", slugs);
        Ok(invalid)
    }

    /// Ends the session of the context; does nothing for a token.
    ///
    /// # Errors
    /// The store failed.
    #[boxed]
    pub async fn sign_out(&self, ctx: &Ctx) -> Result<()> {
        if let Actor::User {
            session: Some(session),
            ..
        } = ctx.actor
        {
            self.store().delete_session(ctx, session).await?;
        }
        Ok(())
    }

    /// The caller behind a session cookie; `None` when it does not count (any more).
    ///
    /// # Errors
    /// The store failed.
    #[boxed]
    pub async fn authenticate_session(&self, secret: &str) -> Result<Option<Caller>> {
        let found = self
            .store()
            .find_session_by_hash(&secret::hash(secret))
            .await?;
        let Some(mut session) = found else {
            return Ok(None);
        };
        let now = self.ambient().now();
        let idle = now.duration_since(session.last_used_at);
        if now >= session.expires_at || idle > SESSION_IDLE {
            return Ok(None);
        }
        let ctx = Ctx::platform(session.tenant);
        let Some(user) = optional(self.store().find_user(&ctx, session.user).await)? else {
            return Ok(None);
        };
        if !user.active {
            return Ok(None);
        }
        if idle > TOUCH_EVERY {
            session.last_used_at = now;
            self.store().touch_session(&ctx, &session).await?;
        }
        Ok(Some(self.caller_of_session(session, user).await?))
    }

    /// The caller behind an API token; `None` when it does not count (any more).
    ///
    /// # Errors
    /// The store failed.
    #[boxed]
    pub async fn authenticate_token(&self, secret: &str) -> Result<Option<Caller>> {
        if let Some(caller) = self.bootstrap_caller(secret).await? {
            return Ok(Some(caller));
        }
        let Some(mut token) = self
            .store()
            .find_token_by_hash(&secret::hash(secret))
            .await?
        else {
            return Ok(None);
        };
        let now = self.ambient().now();
        if token.revoked_at.is_some() || token.expires_at.is_some_and(|end| now >= end) {
            return Ok(None);
        }
        let Some((user, permissions)) = self.rights_of(&token).await? else {
            return Ok(None);
        };
        if token
            .last_used_at
            .is_none_or(|last| now.duration_since(last) > TOUCH_EVERY)
        {
            token.last_used_at = Some(now);
            self.store()
                .touch_token(&Ctx::platform(token.tenant), &token)
                .await?;
        }
        let tenant = self.store().find_tenant(token.tenant).await?;
        let actor = Actor::Token {
            id: token.id,
            user: token.created_by,
        };
        let ctx = Ctx {
            tenant: tenant.id,
            actor,
            permissions,
            origin: None,
        };
        Ok(Some(Caller { ctx, tenant, user }))
    }

    /// A token never exceeds its creator, as of now (D12), also when it reaches into another tenant.
    /// One made by the host or the bootstrap token has no creator to be bound by.
    async fn rights_of(&self, token: &Token) -> Result<Option<(Option<User>, PermissionSet)>> {
        let Some(creator) = token.created_by else {
            return Ok(Some((None, token.permissions.clone())));
        };
        let ctx = Ctx::platform(token.tenant);
        let user = optional(self.store().find_person(&ctx, creator).await)?;
        let Some(user) = user.filter(|user| user.active) else {
            return Ok(None);
        };
        let permissions = token.permissions.intersection(&user.permissions());
        Ok(Some((Some(user), permissions)))
    }

    async fn bootstrap_caller(&self, secret: &str) -> Result<Option<Caller>> {
        let Some(expected) = self.bootstrap_hash() else {
            return Ok(None);
        };
        if !bool::from(expected.ct_eq(&secret::hash(secret))) {
            return Ok(None);
        }
        let tenant = self.default_tenant().clone();
        let ctx = Ctx {
            tenant: tenant.id,
            actor: Actor::Host,
            permissions: scriptorium_model::permission::Role::Superadmin.permissions(),
            origin: None,
        };
        Ok(Some(Caller {
            ctx,
            tenant,
            user: None,
        }))
    }

    async fn caller_of_session(&self, session: Session, user: User) -> Result<Caller> {
        let tenant = self.store().find_tenant(user.tenant).await?;
        let ctx = Ctx {
            tenant: user.tenant,
            actor: Actor::User {
                id: user.id,
                session: Some(session.id),
            },
            permissions: user.permissions(),
            origin: None,
        };
        Ok(Caller {
            ctx,
            tenant,
            user: Some(user),
        })
    }
}

/// A missing row as `None`.
pub(crate) fn optional<T>(found: scriptorium_store::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(scriptorium_store::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How long a wait that is told to callers lasts at least.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);
