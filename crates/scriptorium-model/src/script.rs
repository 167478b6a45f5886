//! A script: its identity, the state machine of its status (R-DOM, X-27), and how a changed one is
//! made of what it was (R-DOM-09). What its author writes is in [`crate::definition`].

use jiff::Timestamp;

use crate::definition::at_most;
use crate::{Invalid, ScriptId, TenantId, UserId, compatibility};

pub use crate::definition::{Definition, DefinitionBuilder, validate_name};

/// The five kinds of script (R-GEN-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptType {
    /// Runs by a cron schedule.
    Scheduled,
    /// Answers HTTP requests.
    Http,
    /// Runs on events.
    Event,
    /// Runs by hand.
    OneOff,
    /// Called by the host.
    Embedded,
}

impl ScriptType {
    /// Every type.
    pub const ALL: [Self; 5] = [
        Self::Scheduled,
        Self::Http,
        Self::Event,
        Self::OneOff,
        Self::Embedded,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Http => "http",
            Self::Event => "event",
            Self::OneOff => "oneoff",
            Self::Embedded => "embedded",
        }
    }

    /// The type of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a script stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptStatus {
    /// Being written; runs only as a test.
    Draft,
    /// Live.
    Active,
    /// Stopped for a while.
    Paused,
    /// Stopped until someone undoes it.
    Disabled,
    /// History only.
    Archived,
}

impl ScriptStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Active,
        Self::Paused,
        Self::Disabled,
        Self::Archived,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Archived => "archived",
        }
    }

    /// The status of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a script may move from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use ScriptStatus::{Active, Archived, Disabled, Draft, Paused};
        matches!(
            (self, next),
            (Draft, Active | Archived)
                | (Active, Paused | Disabled)
                | (Paused, Active | Disabled | Archived)
                | (Disabled, Active | Archived)
        )
    }

    /// Whether what a script says may change: an archived one is history (R-DOM-06).
    pub fn takes_changes(self) -> bool {
        self != Self::Archived
    }

    /// Whether the move from here to `next` takes a reason: what somebody stopped until further
    /// notice is not begun again in passing.
    pub fn takes_reason(self, next: Self) -> bool {
        (self, next) == (Self::Disabled, Self::Active)
    }
}

/// What the source is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// JavaScript.
    JavaScript,
    /// TypeScript; types are stripped, not checked.
    TypeScript,
}

impl Language {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
        }
    }

    /// The language of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::JavaScript, Self::TypeScript]
            .into_iter()
            .find(|language| language.as_str() == name)
    }
}

/// Which database the calls of `db` of a script ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScriptDatabase {
    /// The one that is written to.
    #[default]
    Primary,
    /// A copy of it that follows, while there is one that is well. The script only reads.
    Replica,
}

impl ScriptDatabase {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }

    /// The database of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Primary, Self::Replica]
            .into_iter()
            .find(|database| database.as_str() == name)
    }
}

/// A stored script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Its id.
    pub id: ScriptId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// What its current version says.
    pub definition: Definition,
    /// Where it stands.
    pub status: ScriptStatus,
    /// Number of the current version, from 1.
    pub version: u32,
    /// The user it belongs to.
    pub owner: Option<UserId>,
    /// The author of the current version.
    pub updated_by: Option<UserId>,
    /// Who activated it last (D12).
    pub activated_by: Option<UserId>,
    /// Who created it.
    pub created_by: Option<UserId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// Why the platform paused it, when it did.
    pub paused_reason: Option<String>,
}

impl std::ops::Deref for Script {
    type Target = Definition;
    fn deref(&self) -> &Definition {
        &self.definition
    }
}

/// The longest reason of a move in characters.
const REASON_CHARS: usize = 500;

/// Checks the reason that somebody gives for a move, where it takes one.
///
/// # Errors
/// The broken rule, as field `reason`.
pub fn validate_reason(reason: &str) -> Result<(), Invalid> {
    if reason.trim().is_empty() {
        return Err(Invalid::field("reason", "required", "is required"));
    }
    at_most("reason", reason, REASON_CHARS)
}

/// Why a script does not move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedMove {
    /// The status machine knows no such move.
    #[error(transparent)]
    Forbidden(#[from] ForbiddenMove),
    /// It takes a reason, and there is none or a bad one.
    #[error(transparent)]
    Reason(#[from] Invalid),
}

/// A move that the status machine does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a script that is {} cannot become {}", from.as_str(), to.as_str())]
pub struct ForbiddenMove {
    /// Where the script stands.
    pub from: ScriptStatus,
    /// Where it was to go.
    pub to: ScriptStatus,
}

impl Script {
    /// A script as its author makes it: a draft with version 1 (R-DOM-11), and with the present
    /// compatibility date when none is said.
    pub fn new(
        id: ScriptId,
        tenant: TenantId,
        mut definition: Definition,
        author: Option<UserId>,
        now: Timestamp,
    ) -> Self {
        let latest = compatibility::latest(now);
        definition.compatibility.get_or_insert(latest);
        Self {
            id,
            tenant,
            definition,
            status: ScriptStatus::Draft,
            version: 1,
            owner: author,
            updated_by: author,
            activated_by: None,
            created_by: author,
            created_at: now,
            updated_at: now,
            paused_reason: None,
        }
    }

    /// The script with this definition as its next version; `None` when that is what it says
    /// already, because only a change makes a version. Its compatibility date stays when none
    /// is said.
    #[must_use]
    pub fn edited(
        &self,
        mut definition: Definition,
        author: Option<UserId>,
        now: Timestamp,
    ) -> Option<Self> {
        definition.compatibility = definition.compatibility.or(self.definition.compatibility);
        (definition != self.definition).then(|| Self {
            definition,
            version: self.version + 1,
            updated_by: author,
            updated_at: now,
            ..self.clone()
        })
    }

    /// The script in another status. Whoever activates it is remembered (D12); a reason is kept
    /// while it is paused.
    ///
    /// # Errors
    /// The status machine knows no such move, or the move takes a reason.
    pub fn moved(
        &self,
        to: ScriptStatus,
        by: Option<UserId>,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, RefusedMove> {
        let from = self.status;
        if !from.may_become(to) {
            return Err(ForbiddenMove { from, to }.into());
        }
        if from.takes_reason(to) {
            validate_reason(reason.unwrap_or_default())?;
        }
        let activated = to == ScriptStatus::Active;
        Ok(Self {
            status: to,
            activated_by: if activated { by } else { self.activated_by },
            paused_reason: reason
                .filter(|_| to == ScriptStatus::Paused)
                .map(Into::into),
            updated_at: now,
            ..self.clone()
        })
    }

    /// The script as it comes back from the trash: one that was active is paused, because the world
    /// may have changed meanwhile.
    #[must_use]
    pub fn restored(&self, now: Timestamp) -> Self {
        let active = self.status == ScriptStatus::Active;
        let paused = || Some("restored from the trash".to_owned());
        Self {
            status: if active {
                ScriptStatus::Paused
            } else {
                self.status
            },
            paused_reason: if active {
                paused()
            } else {
                self.paused_reason.clone()
            },
            updated_at: now,
            ..self.clone()
        }
    }

    /// Its type.
    pub fn kind(&self) -> ScriptType {
        self.definition.trigger.kind()
    }
}
