//! The head that the pages of one script share: name, status, version, and what may be done.

use scriptorium::Platform;
use scriptorium::model::policy::Action;
use scriptorium::model::script::Script;
use scriptorium::model::{Ctx, ScriptId};

use crate::view::{self, Move};

/// A script as its pages begin.
pub(crate) struct Head {
    pub(crate) id: ScriptId,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) version: u32,
    pub(crate) paused_reason: Option<String>,
    /// By its circuit breaker.
    pub(crate) held_back: bool,
    pub(crate) may_edit: bool,
    pub(crate) may_delete: bool,
    pub(crate) moves: Vec<Move>,
    pub(crate) tab: &'static str,
}

impl Head {
    pub(crate) fn of(platform: &Platform, ctx: &Ctx, script: &Script, tab: &'static str) -> Self {
        Self {
            id: script.id,
            name: script.name.clone(),
            status: script.status.as_str(),
            tone: view::script_tone(script.status),
            version: script.version,
            paused_reason: script.paused_reason.clone(),
            held_back: platform.scripts().circuit(script).is_some(),
            may_edit: view::may_edit(ctx, script),
            may_delete: view::may(ctx, Action::Delete, script),
            moves: view::moves(ctx, script),
            tab,
        }
    }

    pub(crate) fn has_actions(&self) -> bool {
        self.may_delete || !self.moves.is_empty()
    }

    /// The number that the next change will get.
    pub(crate) fn next_version(&self) -> u32 {
        self.version + 1
    }
}
