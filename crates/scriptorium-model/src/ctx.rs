//! The operation context: on whose behalf, in which tenant. The first argument of everything that
//! reads or writes a tenant's data.

use crate::permission::{Permission, PermissionSet};
use crate::{Origin, SessionId, TenantId, TokenId, UserId};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user.
    User {
        /// The user.
        id: UserId,
        /// The session they act through, when it is one.
        session: Option<SessionId>,
    },
    /// An API token, acting for the user who made it.
    Token {
        /// The token.
        id: TokenId,
        /// Its creator; `None` for the bootstrap token.
        user: Option<UserId>,
    },
    /// The host application, calling in process.
    Host,
    /// The platform itself: a schedule, a worker, recovery.
    Platform,
}

impl Actor {
    /// The user behind the actor, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Token { user, .. } => *user,
            Self::Host | Self::Platform => None,
        }
    }
}

/// The context of one operation.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// The tenant it happens in.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: Actor,
    /// What they may do, as of now.
    pub permissions: PermissionSet,
    /// Where it came from, when it came from outside.
    pub origin: Option<Origin>,
}

impl Ctx {
    /// The platform acting in a tenant.
    pub fn platform(tenant: TenantId) -> Self {
        Self {
            tenant,
            actor: Actor::Platform,
            permissions: PermissionSet::all(),
            origin: None,
        }
    }

    /// The host application acting in a tenant.
    pub fn host(tenant: TenantId) -> Self {
        Self {
            tenant,
            actor: Actor::Host,
            permissions: PermissionSet::all(),
            origin: None,
        }
    }

    /// Id of the request it belongs to, for logs.
    pub fn request_id(&self) -> Option<&str> {
        self.origin.as_ref()?.request_id.as_deref()
    }

    /// Whether the actor holds a platform permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.allows(permission.as_str())
    }
}
