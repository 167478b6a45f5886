//! Dead letters: events whose executions failed until the last attempt, with the state machine of
//! what becomes of them (R-EVT-12, X-15). Each stays as it is until a person, or a policy the tenant
//! opted into, takes it up again.

use jiff::Timestamp;

use crate::execution::Failure;
use crate::{DeadLetterId, EventId, ExecutionId, Json, ScriptId, TenantId};

/// Days after which a letter goes that nobody can or need take up any more (R-RET-04).
pub const DAYS: u32 = 30;

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

/// A move that the state machine does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a dead letter that is {} cannot become {}", from.as_str(), to.as_str())]
pub struct ForbiddenMove {
    /// Where the letter stands.
    pub from: DeadLetterStatus,
    /// Where it was to go.
    pub to: DeadLetterStatus,
}

/// Why the last execution failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The stable code, such as `script.threw`.
    pub code: String,
    /// What happened, for the script's author.
    pub message: String,
    /// JavaScript stack, if there is one.
    pub stack: Option<String>,
}

impl From<&Failure> for Cause {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.clone(),
            message: failure.message.clone(),
            stack: failure.stack.clone(),
        }
    }
}

/// An event that a script could not deal with. It holds what is needed to try again, because the
/// event and its executions may be gone by then.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The script that failed.
    pub script: ScriptId,
    /// The script's name at the time.
    pub script_name: String,
    /// The last execution, which may have left the history since.
    pub execution: Option<ExecutionId>,
    /// The event's id, stable over redeliveries.
    pub event: EventId,
    /// The event's type.
    pub event_type: String,
    /// What had happened.
    pub payload: Json,
    /// Why the last execution failed.
    pub cause: Cause,
    /// Executions that this event had of this script, from 1.
    pub attempts: u32,
    /// How many it may have before only a person takes it up again.
    pub max_attempts: u32,
    /// Where it stands.
    pub status: DeadLetterStatus,
    /// When a policy takes it up again, if one does.
    pub next_retry_at: Option<Timestamp>,
    /// When it was taken up last.
    pub last_retry_at: Option<Timestamp>,
    /// When it became a dead letter.
    pub created_at: Timestamp,
    /// When the last execution failed.
    pub failed_at: Timestamp,
}

impl DeadLetter {
    /// Whether it may still be tried without a person: it was given up for a reason that does not
    /// pass, before its attempts were used up.
    pub fn has_attempts_left(&self) -> bool {
        self.attempts < self.max_attempts
    }

    /// The letter while its event runs once more, as `execution`.
    ///
    /// # Errors
    /// It is not pending.
    pub fn retried(&self, execution: ExecutionId, now: Timestamp) -> Result<Self, ForbiddenMove> {
        Ok(Self {
            execution: Some(execution),
            attempts: self.attempts.saturating_add(1),
            next_retry_at: None,
            last_retry_at: Some(now),
            ..self.moved(DeadLetterStatus::Retrying)?
        })
    }

    /// The letter after that execution completed.
    ///
    /// # Errors
    /// It is not retrying.
    pub fn resolved(&self) -> Result<Self, ForbiddenMove> {
        self.moved(DeadLetterStatus::Resolved)
    }

    /// The letter after that execution failed as well; `next_retry_at` is a policy's.
    ///
    /// # Errors
    /// It is not retrying.
    pub fn failed_again(
        &self,
        cause: Cause,
        next_retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, ForbiddenMove> {
        Ok(Self {
            cause,
            next_retry_at,
            failed_at: now,
            ..self.moved(DeadLetterStatus::Pending)?
        })
    }

    /// The letter after a person gave it up.
    ///
    /// # Errors
    /// It is not pending.
    pub fn discarded(&self) -> Result<Self, ForbiddenMove> {
        Ok(Self {
            next_retry_at: None,
            ..self.moved(DeadLetterStatus::Discarded)?
        })
    }

    fn moved(&self, to: DeadLetterStatus) -> Result<Self, ForbiddenMove> {
        let from = self.status;
        if !from.may_become(to) {
            return Err(ForbiddenMove { from, to });
        }
        Ok(Self {
            status: to,
            ..self.clone()
        })
    }
}
