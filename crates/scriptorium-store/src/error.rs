//! What can go wrong in the store. The causes of a database failure stay inside: callers can log
//! them, not take them apart.

use scriptorium_model::Invalid;
use scriptorium_model::script::RefusedMove;

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or of another tenant: the two look the same (R-REPO-07).
    #[error("not found")]
    NotFound,
    /// It contradicts what is stored.
    #[error("{field}: {what}")]
    Conflict {
        /// Stable code of the contradiction: `not_unique`, `stale_version`, `status_changed`,
        /// `forbidden_move`, `too_many_drafts`, `library_in_use`, `library_gone`.
        what: &'static str,
        /// The field as the API spells it, such as `name` or `http.path`.
        field: &'static str,
    },
    /// The input breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The cursor is damaged, or was made for another tenant, filter or order.
    #[error("the cursor does not belong to this list")]
    CursorInvalid,
    /// The database cannot do it at the moment: nothing was stored, and trying again may help.
    #[error("{0}: {1}")]
    Unavailable(Unavailable, #[source] PlatformError),
    /// The platform failed: disk, database, or a row that makes no sense.
    #[error(transparent)]
    Platform(#[from] PlatformError),
}

/// What the database lacks at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Room on the disk, or below a limit that the operator set.
    Space,
    /// A connection: the server is stopping, starting or out of reach.
    Connection,
}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Space => "the database has no space left",
            Self::Connection => "the database cannot be reached",
        })
    }
}

/// A failure of the platform; its text is for the operator's log, never for a tenant.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PlatformError {
    message: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// The fields that were refused, when that is why.
    pub fn invalid(&self) -> Option<&Invalid> {
        match self {
            Self::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }

    pub(crate) fn platform(message: impl Into<String>) -> Self {
        Self::Platform(PlatformError {
            message: message.into(),
            cause: None,
        })
    }

    pub(crate) fn caused(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Platform(PlatformError {
            message: message.into(),
            cause: Some(cause.into()),
        })
    }

    pub(crate) fn unavailable(
        lack: Unavailable,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let cause = Some(cause.into());
        let message = "the database refused a statement".into();
        Self::Unavailable(lack, PlatformError { message, cause })
    }

    pub(crate) fn corrupt(column: &str) -> Self {
        Self::platform(format!("{column} holds an unreadable value"))
    }

    /// The same refusal for another caller of the same batch; its cause has been logged.
    pub(crate) fn repeated(&self) -> Self {
        let told = PlatformError {
            message: self.to_string(),
            cause: None,
        };
        match self {
            Self::Unavailable(lack, _) => Self::Unavailable(*lack, told),
            _ => Self::Platform(told),
        }
    }

    /// The same conflict in `field`, whatever table it was found in.
    pub(crate) fn not_unique(field: &'static str) -> Self {
        Self::Conflict {
            what: "not_unique",
            field,
        }
    }
}

/// The unique keys a caller can run into, as SQLite names their columns and as PostgreSQL names
/// their index, with the field that was taken.
const UNIQUE_KEYS: [(&str, &str, &str); 6] = [
    ("scripts.name", "scripts_name", "name"),
    ("endpoints.route_key", "endpoints_route", "http.path"),
    ("users.email", "users_email", "email"),
    ("tenants.slug", "tenants_slug", "slug"),
    ("tokens.secret_hash", "tokens_secret_hash", "secret"),
    ("sessions.secret_hash", "sessions_secret_hash", "secret"),
];

impl From<RefusedMove> for Error {
    fn from(refused: RefusedMove) -> Self {
        match refused {
            RefusedMove::Forbidden(_) => Self::Conflict {
                what: "forbidden_move",
                field: "status",
            },
            RefusedMove::Reason(invalid) => Self::Invalid(invalid),
        }
    }
}

impl Error {
    /// A row with this key is there already.
    fn taken(refusal: &str) -> Self {
        UNIQUE_KEYS
            .iter()
            .find(|(columns, index, _)| refusal.contains(columns) || refusal.contains(index))
            .map_or_else(
                || Self::not_unique("id"),
                |(_, _, field)| Self::not_unique(field),
            )
    }

    /// Why SQLite has refused a statement of the platform's (<https://sqlite.org/rescode.html>).
    pub(crate) fn of_sqlite(error: rusqlite::Error) -> Self {
        use rusqlite::ffi;
        let code = error.sqlite_error().map(|cause| cause.extended_code);
        match code {
            Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE) => {
                Self::taken(&error.to_string())
            }
            // Every foreign key carries the tenant: what is referred to is not this tenant's.
            Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::NotFound,
            // The second is a write that the disk refused: a quota, a limit on the size of files.
            Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR_WRITE) => {
                Self::unavailable(Unavailable::Space, error)
            }
            _ => Self::caused("the database refused a statement", error),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let refusal = error.as_database_error();
        if let Some(refusal) = refusal.filter(|refusal| refusal.is_unique_violation()) {
            return Self::taken(refusal.constraint().unwrap_or_default());
        }
        if refusal.is_some_and(|refusal| refusal.is_foreign_key_violation()) {
            return Self::NotFound;
        }
        match lack(&error) {
            Some(lack) => Self::unavailable(lack, error),
            None => Self::caused("the database refused a statement", error),
        }
    }
}

/// What an error of the driver says the database lacks, by SQLSTATEs of PostgreSQL (its appendix A).
fn lack(error: &sqlx::Error) -> Option<Unavailable> {
    let sqlx::Error::Database(refusal) = error else {
        let lost = matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_)
        );
        return lost.then_some(Unavailable::Connection);
    };
    let code = refusal.code()?;
    match &*code {
        "53100" => Some(Unavailable::Space),
        "57P01" | "57P02" | "57P03" | "53300" => Some(Unavailable::Connection),
        sqlstate if sqlstate.len() == 5 && sqlstate.starts_with("08") => {
            Some(Unavailable::Connection)
        }
        _ => None,
    }
}
