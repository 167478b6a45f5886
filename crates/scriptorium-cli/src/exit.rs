//! How the command ends: the few exit statuses that programs can rely on.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done,
    /// The script failed, or the server refused.
    Failed,
    /// Arguments or configuration are wrong.
    Usage,
    /// A run met a limit.
    Limit,
    /// The platform failed or cannot be reached.
    Platform,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Limit => 3,
            Exit::Platform => 4,
        })
    }
}

/// An error that says how the command ends. Errors without one end as [`Exit::Platform`].
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Refusal {
    /// Wrong arguments or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.into(),
        }
    }

    /// What the platform refused here: the same as if a server had, unless it failed.
    pub(crate) fn of(error: scriptorium::Error) -> anyhow::Error {
        use scriptorium::ErrorKind::{Conflict, Forbidden, Invalid, NotFound};
        match error.kind() {
            Invalid | NotFound | Conflict | Forbidden => Self::failed(error.to_string()).into(),
            _ => error.into(),
        }
    }

    /// Refused by the server, or not there.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// The exit status that belongs to an error.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Refusal>())
        .map_or(Exit::Platform, |refusal| refusal.exit)
}
