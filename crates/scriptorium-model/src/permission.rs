//! What a principal may do, by name. The platform's own permissions are an enum; a host registers
//! further names (`reports.view`), which scripts can ask for (D12, R-CTX-02).

use std::collections::BTreeSet;
use std::fmt;

/// A permission of the platform itself (R-RBAC-01 to 06, and administration).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// View scripts and execution history.
    ScriptsRead,
    /// Create scripts.
    ScriptsCreate,
    /// Edit any script of the tenant.
    ScriptsUpdate,
    /// Delete scripts.
    ScriptsDelete,
    /// Delete for ever what is in the trash, and say how many versions are kept.
    ScriptsPurge,
    /// Run scripts by hand, over the API, or through their endpoints.
    ScriptsExecute,
    /// Manage HTTP endpoint scripts, public ones included.
    ScriptsManageEndpoints,
    /// Keep the tenant's executions from beginning, and lift that.
    ExecutionsHalt,
    /// Publish events.
    EventsPublish,
    /// Read business tables that are open to scripts.
    DbRead,
    /// Change rows of business tables that are open to scripts.
    DbWrite,
    /// Read and write the tenant's storage outside scripts.
    StorageManage,
    /// Write and remove the tenant's secrets, and say which scripts may read them.
    SecretsManage,
    /// Read secrets, in a script that may.
    SecretsUse,
    /// Register, change and remove the tenant's remote services.
    ServicesManage,
    /// Send messages to people, in a script.
    NotificationsSend,
    /// See the messages that scripts send, try them again, give them up, and say whether they are sent at all.
    NotificationsManage,
    /// Edit message templates.
    TemplatesManage,
    /// Manage the tenant's users.
    UsersManage,
    /// Create and revoke API tokens.
    TokensManage,
    /// Read, check and export the tenant's audit trail.
    AuditRead,
    /// Create tenants and act in any of them.
    TenantsManage,
}

impl Permission {
    /// Every platform permission.
    pub const ALL: [Self; 22] = [
        Self::ScriptsRead,
        Self::ScriptsCreate,
        Self::ScriptsUpdate,
        Self::ScriptsDelete,
        Self::ScriptsPurge,
        Self::ScriptsExecute,
        Self::ScriptsManageEndpoints,
        Self::ExecutionsHalt,
        Self::EventsPublish,
        Self::DbRead,
        Self::DbWrite,
        Self::StorageManage,
        Self::SecretsManage,
        Self::SecretsUse,
        Self::ServicesManage,
        Self::NotificationsSend,
        Self::NotificationsManage,
        Self::TemplatesManage,
        Self::UsersManage,
        Self::TokensManage,
        Self::AuditRead,
        Self::TenantsManage,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScriptsRead => "scripts.read",
            Self::ScriptsCreate => "scripts.create",
            Self::ScriptsUpdate => "scripts.update",
            Self::ScriptsDelete => "scripts.delete",
            Self::ScriptsPurge => "scripts.purge",
            Self::ScriptsExecute => "scripts.execute",
            Self::ScriptsManageEndpoints => "scripts.manage_endpoints",
            Self::ExecutionsHalt => "executions.halt",
            Self::EventsPublish => "events.publish",
            Self::DbRead => "db.read",
            Self::DbWrite => "db.write",
            Self::StorageManage => "storage.manage",
            Self::SecretsManage => "secrets.manage",
            Self::SecretsUse => "secrets.use",
            Self::ServicesManage => "services.manage",
            Self::NotificationsSend => "notifications.send",
            Self::NotificationsManage => "notifications.manage",
            Self::TemplatesManage => "templates.manage",
            Self::UsersManage => "users.manage",
            Self::TokensManage => "tokens.manage",
            Self::AuditRead => "audit.read",
            Self::TenantsManage => "tenants.manage",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permission names. `*` stands for every name of the tenant, host names included,
/// but never for [`Permission::TenantsManage`], which must be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(BTreeSet<String>);

impl PermissionSet {
    /// No permission.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything inside a tenant.
    pub fn all() -> Self {
        Self::from_names(["*"])
    }

    /// A set of the given names.
    pub fn from_names<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Whether the name is granted.
    pub fn allows(&self, name: &str) -> bool {
        self.0.contains(name)
            || (self.0.contains("*") && name != Permission::TenantsManage.as_str())
    }

    /// What both sets grant.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let here = self.0.iter().filter(|name| other.allows_entry(name));
        let there = other.0.iter().filter(|name| self.allows_entry(name));
        Self(here.chain(there).cloned().collect())
    }

    /// Whether every name of `other` is granted here.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|name| self.allows_entry(name))
    }

    /// The names, sorted; `*` as itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The names with `*` written out as the given known names.
    pub fn expanded(&self, known: &BTreeSet<String>) -> Vec<String> {
        known
            .iter()
            .filter(|name| self.allows(name))
            .cloned()
            .chain(
                self.0
                    .iter()
                    .filter(|name| *name != "*" && !known.contains(*name))
                    .cloned(),
            )
            .collect()
    }

    fn allows_entry(&self, name: &str) -> bool {
        if name == "*" {
            self.0.contains("*")
        } else {
            self.allows(name)
        }
    }
}

/// The four roles of seed 004.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything in every tenant.
    Superadmin,
    /// Everything in the own tenant.
    OrgAdmin,
    /// Reads, creates and runs scripts; edits the ones they created; deletes none.
    Developer,
    /// Reads.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Superadmin,
        Self::OrgAdmin,
        Self::Developer,
        Self::Viewer,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superadmin => "superadmin",
            Self::OrgAdmin => "org_admin",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// What the role grants.
    pub fn permissions(self) -> PermissionSet {
        use Permission as P;
        let named = |list: &[P]| PermissionSet::from_names(list.iter().map(|p| p.as_str()));
        match self {
            Self::Superadmin => PermissionSet::from_names(["*", P::TenantsManage.as_str()]),
            Self::OrgAdmin => PermissionSet::all(),
            Self::Developer => named(&[
                P::ScriptsRead,
                P::ScriptsCreate,
                P::ScriptsExecute,
                P::EventsPublish,
                P::DbRead,
                P::DbWrite,
                P::SecretsUse,
                P::NotificationsSend,
            ]),
            Self::Viewer => named(&[P::ScriptsRead]),
        }
    }
}
