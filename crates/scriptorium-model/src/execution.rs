//! One execution of a script: its state machine, what it used, how it ended.

use std::time::Duration;

use jiff::Timestamp;

use crate::concurrency::Seat;
use crate::effect::Effects;
use crate::{ExecutionId, Json, OperationId, ScriptId, TenantId, UserId};

/// Where an execution stands. The last four are final (R-EXE-03, 04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExecutionStatus {
    /// Recorded, not begun.
    Pending,
    /// Begun.
    Running,
    /// Ended with a result.
    Completed,
    /// Ended with a failure other than time.
    Failed,
    /// Ended by its wall or CPU limit.
    Timeout,
    /// Stopped from outside.
    Cancelled,
}

impl ExecutionStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Timeout,
        Self::Cancelled,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it can no longer change.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Whether an execution may move from here to `next`. A running one goes back to pending only
    /// when the process that ran it is gone.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Running | Self::Cancelled | Self::Failed),
            Self::Running => next != Self::Running,
            _ => false,
        }
    }
}

/// What started an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerKind {
    /// A schedule.
    Cron,
    /// A request to an endpoint.
    Http,
    /// An event.
    Event,
    /// A user in the UI.
    Manual,
    /// A call of the management API.
    Api,
    /// The host application.
    Embedded,
}

impl TriggerKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Cron,
        Self::Http,
        Self::Event,
        Self::Manual,
        Self::Api,
        Self::Embedded,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Http => "http",
            Self::Event => "event",
            Self::Manual => "manual",
            Self::Api => "api",
            Self::Embedded => "embedded",
        }
    }

    /// The kind of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Why an execution did not complete. The code is stable (design 4.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// `script.threw`, `limit.memory`, `cancelled`, `platform.lost`, …
    pub code: String,
    /// What happened, for the script's author.
    pub message: String,
    /// Line in the user's source, from 1.
    pub line: Option<u32>,
    /// Column in the user's source, from 1.
    pub column: Option<u32>,
    /// JavaScript stack in positions of the user's source.
    pub stack: Option<String>,
    /// The limit with its value and the observed one, or the thrown error's own details.
    pub details: Option<Json>,
}

impl Failure {
    /// A failure without a place in the source.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            line: None,
            column: None,
            stack: None,
            details: None,
        }
    }

    /// The status an execution ends with by this failure.
    pub fn status(&self) -> ExecutionStatus {
        match self.code.as_str() {
            "limit.wall" | "limit.cpu" => ExecutionStatus::Timeout,
            "cancelled" | "platform.dropped" | "platform.replaced" | "platform.superseded" => {
                ExecutionStatus::Cancelled
            }
            _ => ExecutionStatus::Failed,
        }
    }
}

/// What an execution used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// From creation to the first instruction.
    pub queued: Duration,
    /// From the first instruction to the end.
    pub duration: Duration,
    /// Time on a processor.
    pub cpu: Duration,
    /// Largest guest heap above the snapshot, in bytes.
    pub memory_peak_bytes: u64,
    /// Calls counted against the API and service limits together.
    pub api_calls: u32,
    /// Statements sent to the tenant's tables.
    pub db_queries: u32,
    /// Log lines dropped beyond the limit.
    pub dropped_logs: u32,
}

/// When a pending execution may begin, before which others, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Not before this instant; at once when `None`.
    pub run_after: Option<Timestamp>,
    /// Not at this instant or later: it fails as `platform.expired` then, without having begun.
    pub expires_at: Option<Timestamp>,
    /// Of a tenant's executions that may begin, those with a higher one do first; 0 to
    /// [`MAX_PRIORITY`].
    pub priority: u32,
    /// How many attempts there may be, so that what ends its worker cannot do so for ever.
    pub max_attempts: u32,
}

/// The highest priority of an execution, and of a subscription.
pub const MAX_PRIORITY: u32 = 100;
/// Attempts when nothing else is said: an execution is lost with its third worker.
pub const MAX_ATTEMPTS: u32 = 3;

impl Default for Terms {
    fn default() -> Self {
        Self {
            run_after: None,
            expires_at: None,
            priority: 0,
            max_attempts: MAX_ATTEMPTS,
        }
    }
}

impl Terms {
    /// When it could have begun, if it was recorded then.
    pub fn due(&self, created_at: Timestamp) -> Timestamp {
        self.run_after.map_or(created_at, |at| at.max(created_at))
    }
}

/// Events about the same thing that follow each other closely, of which the last one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What they are about, as JSON text.
    pub key: String,
    /// When the first of them was delivered.
    pub from: Timestamp,
}

/// A recorded execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// The script's name at the time.
    pub script_name: String,
    /// The version that ran.
    pub version: u32,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// What started it.
    pub trigger: TriggerKind,
    /// Details of the trigger: planned instant, request line, …
    pub trigger_data: Option<Json>,
    /// What it was given.
    pub input: Json,
    /// What it returned.
    pub output: Option<Json>,
    /// Why it did not complete.
    pub failure: Option<Failure>,
    /// What it used; zero until it ends.
    pub metrics: Metrics,
    /// 1, and one more each time that it, or the execution it retries, was claimed again.
    pub attempt: u32,
    /// When it may begin, and how often.
    pub terms: Terms,
    /// What it is about, of a script that bounds how many of those go on at once.
    pub seat: Option<Seat>,
    /// The window it waits at the end of, when an event started it that others may follow closely.
    pub window: Option<Window>,
    /// What the events are about that it gathers, as JSON text; `None` when it is not given any more than
    /// it has.
    pub gathers: Option<String>,
    /// The first of the executions that this one is a retry in a row of.
    pub first_execution: Option<ExecutionId>,
    /// The execution this one repeats by hand.
    pub replay_of: Option<ExecutionId>,
    /// Whether it is a trial of unsaved or inactive code.
    pub test: bool,
    /// Whether nothing that it does outside of itself is real; see [`crate::effect`].
    pub dry_run: bool,
    /// The operation on many executions that made it.
    pub operation: Option<OperationId>,
    /// How far it said it was, the last time it did.
    pub progress: Option<Progress>,
    /// What a dry run would have done.
    pub effects: Effects,
    /// Who asked for it.
    pub triggered_by: Option<UserId>,
    /// Key under which a repeated request finds this execution again.
    pub idempotency_key: Option<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When its first instruction ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// What is always to be said of an execution that is to be.
#[derive(Clone, Debug)]
pub struct NewExecution {
    /// Its id.
    pub id: ExecutionId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// The script's name.
    pub script_name: String,
    /// The version to run.
    pub version: u32,
    /// What starts it.
    pub trigger: TriggerKind,
    /// What it is given.
    pub input: Json,
    /// Now.
    pub at: Timestamp,
}

impl Execution {
    /// A further attempt at what this one failed to do, pending, with the same terms.
    pub fn retry(&self, id: ExecutionId, at: Timestamp) -> Self {
        Self {
            id,
            status: ExecutionStatus::Pending,
            output: None,
            failure: None,
            metrics: Metrics::default(),
            progress: None,
            attempt: self.attempt.saturating_add(1),
            window: None,
            gathers: None,
            first_execution: self.first_execution.or(Some(self.id)),
            idempotency_key: None,
            created_at: at,
            started_at: None,
            completed_at: None,
            ..self.clone()
        }
    }

    /// One that has not begun, for the first time and at once.
    pub fn pending(new: NewExecution) -> Self {
        Self {
            id: new.id,
            tenant: new.tenant,
            script: new.script,
            script_name: new.script_name,
            version: new.version,
            status: ExecutionStatus::Pending,
            trigger: new.trigger,
            trigger_data: None,
            input: new.input,
            output: None,
            failure: None,
            metrics: Metrics::default(),
            attempt: 1,
            terms: Terms::default(),
            seat: None,
            window: None,
            gathers: None,
            first_execution: None,
            replay_of: None,
            test: false,
            dry_run: false,
            operation: None,
            progress: None,
            effects: Effects::default(),
            triggered_by: None,
            idempotency_key: None,
            created_at: new.at,
            started_at: None,
            completed_at: None,
        }
    }
}

/// How far an execution says that it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// How much is done.
    pub done: f64,
    /// Of how much, if that is known.
    pub total: Option<f64>,
    /// What it is at, for people.
    pub text: Option<String>,
    /// When it said so.
    pub at: Timestamp,
}

/// Most characters of [`Progress::text`]; a longer one is cut.
pub const PROGRESS_CHARS: usize = 200;

impl Progress {
    /// The part that is done, 0 to 1; `None` when the whole is not known.
    pub fn part(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0.0)?;
        Some((self.done / total).clamp(0.0, 1.0))
    }
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log` and `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

impl LogLevel {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// One line a script logged (G-08).
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Place in the execution, from 1.
    pub seq: u32,
    /// How loud.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// Structured data that came with it.
    pub data: Option<Json>,
    /// When.
    pub at: Timestamp,
}
