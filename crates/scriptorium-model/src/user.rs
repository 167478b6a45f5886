//! People, their sessions and their API tokens. Secrets appear here only as hashes.

use jiff::Timestamp;

use crate::permission::{PermissionSet, Role};
use crate::{SessionId, TenantId, TokenId, UserId};

/// A user of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their tenant.
    pub tenant: TenantId,
    /// Address they sign in with, lower case; unique in the tenant.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Permission names beyond the role, host names such as `reports.view`.
    pub extra_permissions: PermissionSet,
    /// Argon2id hash of the password; nobody signs in without one.
    pub password_hash: Option<String>,
    /// `en`, `ru` or `uz`.
    pub locale: String,
    /// Whether they may act.
    pub active: bool,
    /// When they were created.
    pub created_at: Timestamp,
}

impl User {
    /// What they may do, as of now.
    pub fn permissions(&self) -> PermissionSet {
        if !self.active {
            return PermissionSet::none();
        }
        let role = self.role.permissions();
        PermissionSet::from_names(role.names().chain(self.extra_permissions.names()))
    }
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// SHA-256 of the secret in the cookie.
    pub secret_hash: [u8; 32],
    /// When it began.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The tenant it acts in.
    pub tenant: TenantId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// What it may do; never more than its creator.
    pub permissions: PermissionSet,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
}
