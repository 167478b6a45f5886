//! Alerts: what a person of the tenant should look at (R-EVT-14). Of one kind and about one script there is one that
//! nobody has acknowledged; what happens again is counted there, so that a storm is one alert.

use jiff::Timestamp;

use crate::{AlertId, ScriptId, TenantId, UserId};

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The tenant.
    pub tenant: TenantId,
    /// What happened.
    pub kind: AlertKind,
    /// The script it is about, which may be gone.
    pub script: ScriptId,
    /// The script's name at the time.
    pub script_name: String,
    /// What was said of it the last time.
    pub message: String,
    /// How often it happened.
    pub count: u64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// When somebody said that they know.
    pub acknowledged_at: Option<Timestamp>,
    /// Who, if a user did.
    pub acknowledged_by: Option<UserId>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertKind {
    /// An event became a dead letter.
    DeadLetter,
    /// A script was paused by the platform.
    Paused,
    /// Executions of a script are held back by its circuit.
    CircuitOpen,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::DeadLetter, Self::Paused, Self::CircuitOpen];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeadLetter => "dead_letter",
            Self::Paused => "paused",
            Self::CircuitOpen => "circuit_open",
        }
    }

    /// The kind of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
