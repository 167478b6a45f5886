//! The one error of the façade. It is opaque so that what it is made of can change: callers ask
//! its kind, its stable code, and the parts a kind comes with. A failing script is not an error,
//! except for callers that want nothing but its result ([`crate::Platform::invoke`]).

use std::fmt;
use std::time::Duration;

use scriptorium_model::execution::Execution;
use scriptorium_model::policy::Denied;
use scriptorium_model::script::RefusedMove;
use scriptorium_model::{Invalid, permission::Permission};
use scriptorium_runtime::{Bound, Refusal};

/// A result of the façade.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was not done.
#[derive(Debug)]
pub struct Error(Box<Repr>);

/// When to ask again for the answer to a request that goes on.
const KEY_IN_USE: Duration = Duration::from_secs(1);

/// What an error is about; decides how a caller should react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input breaks a rule; see [`Error::invalid`].
    Invalid,
    /// Not there, or of another tenant.
    NotFound,
    /// It contradicts what is stored: a taken name, a stale version, a forbidden status move.
    Conflict,
    /// Nobody is signed in, or the credentials are wrong.
    Unauthenticated,
    /// A permission is missing; see [`Error::missing_permission`].
    Forbidden,
    /// The process has no room, or holds the script back, or executions are halted; see [`Error::retry_after`].
    Busy,
    /// The tenant or its script has as many executions at once as it may; see
    /// [`Error::retry_after`].
    ShareExhausted,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The request under this idempotency key goes on; see [`Error::retry_after`].
    KeyInUse,
    /// The script failed; see [`Error::execution`].
    Script,
    /// The database cannot do it at the moment: nothing was stored, and trying again may help.
    Unavailable,
    /// The platform failed. The text is for the operator.
    Internal,
}

#[derive(Debug)]
enum Repr {
    Invalid(Invalid),
    NotFound,
    Conflict {
        code: &'static str,
        field: Option<&'static str>,
        message: String,
    },
    Unauthenticated,
    Denied(Denied),
    Busy {
        code: &'static str,
        retry_after: Duration,
    },
    ShareExhausted {
        code: &'static str,
        retry_after: Duration,
        message: String,
    },
    KeyReused,
    KeyInUse,
    Script(Box<Execution>),
    Unavailable {
        code: &'static str,
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    Internal {
        message: String,
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// What it is about.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Repr::Invalid(_) => ErrorKind::Invalid,
            Repr::NotFound => ErrorKind::NotFound,
            Repr::Conflict { .. } => ErrorKind::Conflict,
            Repr::Unauthenticated => ErrorKind::Unauthenticated,
            Repr::Denied(_) => ErrorKind::Forbidden,
            Repr::Busy { .. } => ErrorKind::Busy,
            Repr::ShareExhausted { .. } => ErrorKind::ShareExhausted,
            Repr::KeyReused => ErrorKind::KeyReused,
            Repr::KeyInUse => ErrorKind::KeyInUse,
            Repr::Script(_) => ErrorKind::Script,
            Repr::Unavailable { .. } => ErrorKind::Unavailable,
            Repr::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// The stable code, such as `validation_failed` or `stale_version`; for a failed script the
    /// code of its outcome.
    pub fn code(&self) -> &str {
        match &*self.0 {
            Repr::Invalid(_) => "validation_failed",
            Repr::NotFound => "not_found",
            Repr::Conflict { code, .. } | Repr::Busy { code, .. } => code,
            Repr::Unauthenticated => "unauthenticated",
            Repr::Denied(_) => "permission_denied",
            Repr::ShareExhausted { code, .. } => code,
            Repr::KeyReused => "idempotency_key_reused",
            Repr::KeyInUse => "idempotency_key_in_use",
            Repr::Script(execution) => execution
                .failure
                .as_ref()
                .map_or("script.threw", |failure| failure.code.as_str()),
            Repr::Unavailable { code, .. } => code,
            Repr::Internal { .. } => "internal",
        }
    }

    /// The refused fields of [`ErrorKind::Invalid`].
    pub fn invalid(&self) -> Option<&Invalid> {
        if let Repr::Invalid(invalid) = &*self.0 {
            Some(invalid)
        } else {
            None
        }
    }

    /// The field that an [`ErrorKind::Conflict`] is about, as the API spells it.
    pub fn conflicting_field(&self) -> Option<&'static str> {
        if let Repr::Conflict { field, .. } = &*self.0 {
            *field
        } else {
            None
        }
    }

    /// The permission that [`ErrorKind::Forbidden`] lacks (R-RBAC-13).
    pub fn missing_permission(&self) -> Option<Permission> {
        if let Repr::Denied(denied) = &*self.0 {
            Some(denied.missing)
        } else {
            None
        }
    }

    /// When to try again after [`ErrorKind::Busy`], [`ErrorKind::ShareExhausted`] and
    /// [`ErrorKind::KeyInUse`].
    pub fn retry_after(&self) -> Option<Duration> {
        match &*self.0 {
            Repr::Busy { retry_after, .. } | Repr::ShareExhausted { retry_after, .. } => {
                Some(*retry_after)
            }
            Repr::KeyInUse => Some(KEY_IN_USE),
            _ => None,
        }
    }

    /// The failed execution of [`ErrorKind::Script`].
    pub fn execution(&self) -> Option<&Execution> {
        if let Repr::Script(execution) = &*self.0 {
            Some(execution)
        } else {
            None
        }
    }

    pub(crate) fn not_found() -> Self {
        Self(Box::new(Repr::NotFound))
    }

    pub(crate) fn unauthenticated() -> Self {
        Self(Box::new(Repr::Unauthenticated))
    }

    pub(crate) fn busy(code: &'static str, retry_after: Duration) -> Self {
        Self(Box::new(Repr::Busy { code, retry_after }))
    }

    /// There was no room for an execution, which did not begin.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        let Refusal {
            most, retry_after, ..
        } = *refusal;
        let (code, message) = match refusal.bound {
            Bound::Process => return Self::busy("busy", retry_after),
            Bound::Circuit => return Self::busy("circuit_open", retry_after),
            Bound::Script => (
                "script_busy",
                format!("the script runs {most} times already"),
            ),
            Bound::Tenant => (
                "tenant_busy",
                format!("{most} executions of the tenant run or wait already"),
            ),
        };
        Self(Box::new(Repr::ShareExhausted {
            code,
            retry_after,
            message,
        }))
    }

    /// As much of the tenant waits as may.
    pub(crate) fn backlog_full(most: u32, retry_after: Duration) -> Self {
        let message =
            format!("{most} events and executions of the tenant wait already, as many as may");
        Self(Box::new(Repr::ShareExhausted {
            code: "backlog_full",
            retry_after,
            message,
        }))
    }

    /// As many executions as may go on are about the same thing as one that did not begin.
    pub(crate) fn no_seat(retry_after: Duration) -> Self {
        let message = "as many executions about the same thing as may go on already do".into();
        Self(Box::new(Repr::ShareExhausted {
            code: "no_seat",
            retry_after,
            message,
        }))
    }

    pub(crate) fn key_reused() -> Self {
        Self(Box::new(Repr::KeyReused))
    }

    pub(crate) fn key_in_use() -> Self {
        Self(Box::new(Repr::KeyInUse))
    }

    pub(crate) fn script(execution: Execution) -> Self {
        Self(Box::new(Repr::Script(Box::new(execution))))
    }

    pub(crate) fn conflict(
        code: &'static str,
        field: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Repr::Conflict {
            code,
            field,
            message: message.into(),
        }))
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self(Box::new(Repr::Internal {
            message: message.into(),
            cause: None,
        }))
    }

    fn caused(message: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Box::new(Repr::Internal {
            message: message.into(),
            cause: Some(cause.into()),
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Repr::Invalid(invalid) => invalid.fmt(f),
            Repr::NotFound => f.write_str("not found"),
            Repr::Conflict { message, .. } => f.write_str(message),
            Repr::Unauthenticated => f.write_str("sign in first"),
            Repr::Denied(denied) => write!(f, "the permission {} is missing", denied.missing),
            Repr::Busy {
                code: "circuit_open",
                ..
            } => f.write_str("the script is held back"),
            Repr::Busy { code: "halted", .. } => f.write_str("executions are halted"),
            Repr::Busy { .. } => f.write_str("too many executions at once"),
            Repr::ShareExhausted { message, .. } => f.write_str(message),
            Repr::KeyReused => f.write_str("the idempotency key was used for another request"),
            Repr::KeyInUse => {
                f.write_str("the first request under this idempotency key has not ended")
            }
            Repr::Script(execution) => match &execution.failure {
                Some(failure) => write!(f, "{}: {}", failure.code, failure.message),
                None => f.write_str("the script gave an unusable result"),
            },
            Repr::Unavailable { cause, .. } => cause.fmt(f),
            Repr::Internal { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Repr::Internal {
                cause: Some(cause), ..
            } => Some(&**cause),
            Repr::Unavailable { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self(Box::new(Repr::Invalid(invalid)))
    }
}

impl From<RefusedMove> for Error {
    fn from(refused: RefusedMove) -> Self {
        match refused {
            RefusedMove::Forbidden(forbidden) => {
                Self::conflict("forbidden_move", Some("status"), forbidden.to_string())
            }
            RefusedMove::Reason(invalid) => invalid.into(),
        }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self(Box::new(Repr::Denied(denied)))
    }
}

impl From<scriptorium_store::Error> for Error {
    fn from(error: scriptorium_store::Error) -> Self {
        use scriptorium_store::{Error as Store, Unavailable};
        match error {
            Store::NotFound => Self::not_found(),
            Store::Conflict { what, field } => {
                let message = match what {
                    "not_unique" => format!("{field} is already taken"),
                    "stale_version" => "someone else has saved a newer version".into(),
                    "too_many_drafts" => "save or discard another draft first".into(),
                    "too_many_secrets" => "remove a secret that is not in use first".into(),
                    "archived" => "the script is archived and stays as it is".into(),
                    "still_running" => "an execution of it is pending or running".into(),
                    "not_active" => "the script is not active; activate it first".into(),
                    "forbidden_move" => "the status cannot change this way any more".into(),
                    other => format!("{field}: {}", other.replace('_', " ")),
                };
                Self::conflict(what, Some(field), message)
            }
            Store::Invalid(invalid) => invalid.into(),
            Store::CursorInvalid => {
                Invalid::field("cursor", "bad_cursor", "does not belong to this list").into()
            }
            Store::Unavailable(lack, _) => Self(Box::new(Repr::Unavailable {
                code: match lack {
                    Unavailable::Space => "storage_full",
                    Unavailable::Connection => "database_unavailable",
                },
                cause: error.into(),
            })),
            Store::Platform(cause) => Self::caused("the store failed", cause),
        }
    }
}

impl From<scriptorium_triggers::Error> for Error {
    fn from(error: scriptorium_triggers::Error) -> Self {
        match error {
            scriptorium_triggers::Error::Store(error) => error.into(),
            error => Self::caused("the triggers failed", error),
        }
    }
}

impl From<scriptorium_runtime::Error> for Error {
    fn from(error: scriptorium_runtime::Error) -> Self {
        Self::caused("the script runtime failed", error)
    }
}

impl From<scriptorium_runtime::Unfit> for Error {
    fn from(unfit: scriptorium_runtime::Unfit) -> Self {
        use scriptorium_runtime::Unfit;
        match unfit {
            Unfit::Store(error) => error.into(),
            Unfit::Input(invalid) => invalid.into(),
            Unfit::Gone(reason) => Self::conflict("principal_gone", None, reason),
        }
    }
}
