//! What surrounds every page: title, navigation, the signed-in person, language, assets.

use scriptorium::Caller;
use scriptorium::model::halt::{Halt, HaltScope};
use scriptorium::model::permission::Permission;

use crate::assets;
use crate::island::Island;
use crate::texts::{Locale, Texts};

/// The frame of one page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) person: Option<Person>,
    pub(crate) tenant: String,
    pub(crate) texts: Island,
    /// Whether the audit trail is offered.
    pub(crate) audit: bool,
    /// What tells that the tenant's executions do not begin.
    pub(crate) halt: Option<String>,
    /// Whether secrets are offered.
    pub(crate) secrets: bool,
    /// Whether notifications are offered.
    pub(crate) notifications: bool,
    section: &'static str,
}

/// Who is signed in, as the menu shows them.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) initial: String,
    /// Key of the role's name.
    pub(crate) role: &'static str,
}

impl Frame {
    /// The frame of a page in a section of the navigation (`scripts`, `executions`, `audit`,
    /// `settings`, or none).
    pub(crate) fn new(
        t: Texts,
        title: impl Into<String>,
        section: &'static str,
        caller: Option<&Caller>,
    ) -> Self {
        Self {
            title: title.into(),
            person: caller.map(|caller| person(t, caller)),
            tenant: caller.map_or_else(String::new, |caller| caller.tenant.name.clone()),
            secrets: caller.is_some_and(|caller| caller.ctx.may(Permission::SecretsManage)),
            notifications: caller
                .is_some_and(|caller| caller.ctx.may(Permission::NotificationsManage)),
            audit: caller.is_some_and(|caller| caller.ctx.may(Permission::AuditRead)),
            texts: Island::of(&t.for_browser()),
            halt: None,
            section,
        }
    }

    /// Tells on the page that the tenant's executions do not begin, when that is so.
    pub(crate) fn with_halt(mut self, t: Texts, halt: Option<Halt>) -> Self {
        self.halt = halt.map(|halt| {
            let key = match (halt.key.scope, halt.key.trigger) {
                (HaltScope::Platform, None) => "halt-notice-platform",
                (_, None) => "halt-notice",
                (_, Some(_)) => "halt-notice-some",
            };
            t.with(key, "reason", halt.reason)
        });
        self
    }

    pub(crate) fn on(&self, section: &str) -> bool {
        self.section == section
    }

    pub(crate) fn asset(&self, plain: &str) -> String {
        assets::address(plain)
    }

    pub(crate) fn languages(&self) -> &'static [(&'static str, &'static str)] {
        &Locale::ALL
    }
}

fn person(t: Texts, caller: &Caller) -> Person {
    let Some(user) = &caller.user else {
        return Person {
            name: t.get("role-token"),
            email: String::new(),
            initial: "#".into(),
            role: "role-token",
        };
    };
    let name = if user.name.is_empty() {
        user.email.clone()
    } else {
        user.name.clone()
    };
    Person {
        initial: name.chars().take(1).flat_map(char::to_uppercase).collect(),
        name,
        email: user.email.clone(),
        role: match user.role.as_str() {
            "superadmin" => "role-superadmin",
            "org_admin" => "role-org_admin",
            "developer" => "role-developer",
            _ => "role-viewer",
        },
    }
}
