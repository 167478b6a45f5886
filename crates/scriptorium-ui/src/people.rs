//! Names of users for the pages that show who did what.

use std::collections::{HashMap, HashSet};

use scriptorium::model::UserId;

use crate::Site;
use crate::texts::Texts;
use crate::visitor::Visitor;

/// The users whose names this visitor may see: all of the tenant for who manages them, otherwise
/// only their own.
pub(crate) struct People {
    names: HashMap<UserId, String>,
    active: HashSet<UserId>,
    t: Texts,
}

impl People {
    pub(crate) async fn known_to(site: &Site, visitor: &Visitor) -> Self {
        let users = site.platform.users().list(visitor.ctx()).await;
        let own = visitor.caller.user.clone();
        let known: Vec<_> = users.unwrap_or_default().into_iter().chain(own).collect();
        let active = known.iter().filter(|user| user.active);
        let active = active.map(|user| user.id).collect();
        let name = |name: String, email: String| if name.is_empty() { email } else { name };
        Self {
            active,
            names: known
                .into_iter()
                .map(|user| (user.id, name(user.name, user.email)))
                .collect(),
            t: visitor.t,
        }
    }

    /// Everybody who is known and not switched off, by name.
    pub(crate) fn active(&self) -> Vec<(UserId, String)> {
        let mut all: Vec<_> = self
            .names
            .iter()
            .filter(|(id, _)| self.active.contains(id))
            .map(|(id, name)| (*id, name.clone()))
            .collect();
        all.sort_by(|(_, one), (_, other)| one.cmp(other));
        all
    }

    /// The name of an author; what nobody wrote came from the host.
    pub(crate) fn author(&self, id: Option<UserId>) -> String {
        id.map_or_else(|| self.t.get("host"), |id| self.name(id))
    }

    /// The user's name, or that it was somebody else.
    pub(crate) fn name(&self, id: UserId) -> String {
        let known = self.names.get(&id).cloned();
        known.unwrap_or_else(|| self.t.get("somebody"))
    }
}
