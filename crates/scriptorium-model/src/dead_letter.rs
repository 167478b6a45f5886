//! The state machine of a dead letter: an event whose executions failed until the last attempt
//! (R-EVT-12, X-15). The letters themselves are stored with the events they hold.

/// Where a dead letter stands. The last two are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadLetterStatus {
    /// Waits for a person, or for a policy the tenant opted into.
    Pending,
    /// Runs again.
    Retrying,
    /// Completed when it ran again.
    Resolved,
    /// Given up by a person.
    Discarded,
}

impl DeadLetterStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [
        Self::Pending,
        Self::Retrying,
        Self::Resolved,
        Self::Discarded,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Resolved => "resolved",
            Self::Discarded => "discarded",
        }
    }

    /// The status of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it can no longer change.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Resolved | Self::Discarded)
    }

    /// Whether a letter may move from here to `next`. One that failed again waits again; one that
    /// is running cannot be discarded before its end is known.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Retrying | Self::Discarded)
                | (Self::Retrying, Self::Resolved | Self::Pending)
        )
    }
}
