//! What an execution may ask of its host: the trait the embedder implements.
//! Nothing here checks permissions; that is the embedder's part.

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Code, LimitHit, Meter};

/// The future behind a host call that does not answer at once.
pub type HostFuture = Pin<Box<dyn Future<Output = Result<String, HostError>> + Send>>;

/// The host side of one execution.
///
/// Everything that arrives here was chosen by a script: names and arguments are to be
/// checked like a stranger's request. Methods run on the executor thread while the
/// guest stands still, so they must not block; slow work goes into [`Reply::Later`].
/// They run on a stack that may have no more than 1 MiB left.
pub trait Host: Send + 'static {
    /// The call count the named host call is charged to.
    fn class(&self, name: &str) -> CallClass;

    /// Starts an asynchronous host call. `args` is the JSON text the prelude passed.
    fn call(&mut self, name: &str, args: &str) -> Reply;

    /// Answers a synchronous host call with JSON text.
    fn call_sync(&mut self, name: &str, args: &str) -> Result<String, HostError>;

    /// Receives one log line. `data` is JSON text. Never fails: what is too much is
    /// for the host to drop and count.
    fn log(&mut self, level: Level, message: &str, data: Option<&str>);

    /// Where memory is counted that the host holds for the execution. The engine counts in it what
    /// waits between host and guest: arguments of calls, replies, the input.
    fn meter(&self) -> Meter {
        Meter::new()
    }

    /// Told with each tick at which the guest runs. Futures of [`Reply::Later`] are polled when it waits:
    /// what is to begin before that, begins here.
    fn goes_on(&mut self) {}

    /// Told once for each limit when four fifths of it are used; `observed` is what was used
    /// then. Like [`Host::log`] it never fails.
    fn near_limit(&mut self, _hit: LimitHit) {}

    /// The time scripts see in `Date`, since the Unix epoch. The system clock by default.
    #[expect(
        clippy::disallowed_methods,
        reason = "for hosts without a clock of their own; the product's host has one"
    )]
    fn now(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    /// The seed of this execution's `Math.random`. From the operating system by default.
    fn seed(&mut self) -> u64 {
        // Without a random source the sequence is predictable, never unsafe:
        // `Math.random` promises nothing more.
        getrandom::u64().unwrap_or_else(|_| self.now().as_nanos() as u64)
    }
}

/// Which limit a host call is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallClass {
    /// Not counted: pure helpers.
    Free,
    /// Counted against [`Limits::io_calls`](crate::Limits::io_calls).
    Io,
    /// Counted against [`Limits::service_calls`](crate::Limits::service_calls).
    Service,
}

/// The answer to an asynchronous host call.
pub enum Reply {
    /// Known at once: JSON text, or an error the script sees as a rejection.
    Ready(Result<String, HostError>),
    /// Known when the future completes. Polled on the executor thread, from when the guest waits on; dropped
    /// unfinished when the execution ends first.
    Later(HostFuture),
    /// There is no such host call; the script sees a rejection with `code: "UNKNOWN_CALL"`.
    Unknown,
}

/// An error of a host call. The script sees an `Error` with these properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostError {
    /// Stable code, such as `NOT_FOUND`; the error's `code` property.
    pub code: String,
    /// Sentence for people; the error's `message`.
    pub message: String,
    /// The argument at fault, if one is.
    pub field: Option<String>,
    /// JSON text with more about the error.
    pub details: Option<String>,
    /// When set, the script never sees the error: the execution ends with this code.
    pub fatal: Option<Code>,
}

impl HostError {
    /// An error that has a code and a message only.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// Bytes of its texts.
    pub(crate) fn len(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.code.len() + self.message.len() + optional(&self.field) + optional(&self.details)
    }

    /// The JSON the guest makes its `Error` of. Details that are no JSON go as text.
    pub(crate) fn to_json(&self) -> String {
        let details = self.details.as_deref().map(|details| {
            serde_json::from_str(details).unwrap_or_else(|_| serde_json::Value::from(details))
        });
        serde_json::json!({
            "code": self.code,
            "message": self.message,
            "field": self.field,
            "details": details,
        })
        .to_string()
    }
}

/// How a log line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the script's author while searching a fault.
    Debug,
    /// The ordinary line.
    Info,
    /// Something is odd; the execution goes on.
    Warn,
    /// Something failed.
    Error,
    /// A statement about how far the execution has come.
    Progress,
}

impl Level {
    /// The name used in the prelude and in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Progress => "progress",
        }
    }
}
