//! What came of an execution. A script that fails is a value here, not an `Err`.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// The outcome of an execution and what it used.
#[derive(Clone, Debug)]
pub struct Report {
    /// How the execution ended.
    pub outcome: Outcome,
    /// What it used, whatever the outcome.
    pub usage: Usage,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The entry function returned.
    Completed {
        /// Its resolved value as JSON text.
        output: String,
    },
    /// The script failed or was stopped.
    Failed(Failure),
}

/// What an execution used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// From the first instruction to the last.
    pub wall: Duration,
    /// Processor time of guest code and of the synchronous part of host calls.
    pub cpu: Duration,
    /// Largest size of the guest's memory above the snapshot: of its heap, as seen
    /// whenever the guest came to rest, or of its pages when they were more.
    pub memory_peak_bytes: u64,
    /// Host calls of class [`CallClass::Io`](crate::CallClass::Io).
    pub io_calls: u32,
    /// Host calls of class [`CallClass::Service`](crate::CallClass::Service).
    pub service_calls: u32,
}

/// Why a script did not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable code.
    pub code: Code,
    /// Sentence for people, in English; for thrown errors `Name: message`.
    pub message: String,
    /// Where in the program's text, when that is known.
    pub position: Option<Position>,
    /// Frames of the program's own code, innermost first.
    pub stack: Vec<Frame>,
    /// JSON text with more: `code`, `field` and `details` of a thrown error.
    pub details: Option<String>,
    /// The limit that was hit, for the `limit.*` codes.
    pub limit: Option<LimitHit>,
}

/// Stable codes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Code {
    /// The program does not compile, or imports something.
    #[serde(rename = "script.syntax")]
    Syntax,
    /// An exception or a rejection reached the end.
    #[serde(rename = "script.threw")]
    Threw,
    /// Nothing is left that could settle the result.
    #[serde(rename = "script.never_settled")]
    NeverSettled,
    /// JSON cannot carry the result.
    #[serde(rename = "script.bad_result")]
    BadResult,
    /// Wall time is used up.
    #[serde(rename = "limit.wall")]
    Wall,
    /// Processor time is used up.
    #[serde(rename = "limit.cpu")]
    Cpu,
    /// Memory is used up.
    #[serde(rename = "limit.memory")]
    Memory,
    /// The native stack overflowed where the script's own check did not see it.
    #[serde(rename = "limit.stack")]
    Stack,
    /// Too many host calls.
    #[serde(rename = "limit.api_calls")]
    HostCalls,
    /// The result is too large.
    #[serde(rename = "limit.output")]
    Output,
    /// Cancelled from outside.
    #[serde(rename = "cancelled")]
    Cancelled,
}

impl Code {
    /// The code as it is recorded and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "script.syntax",
            Self::Threw => "script.threw",
            Self::NeverSettled => "script.never_settled",
            Self::BadResult => "script.bad_result",
            Self::Wall => "limit.wall",
            Self::Cpu => "limit.cpu",
            Self::Memory => "limit.memory",
            Self::Stack => "limit.stack",
            Self::HostCalls => "limit.api_calls",
            Self::Output => "limit.output",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in the text of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in UTF-16 code units, from 1.
    pub column: u32,
}

/// One call on the stack of a thrown error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The name of the source it is in: the program's or a library's.
    pub source: Box<str>,
    /// The function's name; `None` for anonymous functions and the module's top level.
    pub function: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// A limit that was hit, with the figures to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LimitHit {
    /// Which limit: `wall`, `cpu`, `memory`, `stack`, `io_calls`, `service_calls`, `output`.
    pub limit: &'static str,
    /// The limit's value.
    pub allowed: u64,
    /// The value that went beyond it.
    pub observed: u64,
    /// The unit of both: `ms`, `bytes`, `calls`.
    pub unit: &'static str,
}
