//! Runs one piece of JavaScript inside limits, in a WebAssembly sandbox.

mod artifact;
mod cancel;
mod compile;
mod config;
mod engine;
mod error;
mod execution;
mod failure;
mod host;
mod imports;
mod lane;
mod limits;
mod outcome;
mod program;
mod state;
mod statistics;
mod ticker;

pub use cancel::Cancel;
pub use config::{Config, DEFAULT_PRELUDE};
pub use engine::{Engine, Invocation};
pub use error::{CompileError, Error};
pub use host::{CallClass, Host, HostError, HostFuture, Level, Reply};
pub use limits::Limits;
pub use outcome::{Code, Failure, Frame, LimitHit, Outcome, Position, Report, Usage};
pub use program::{Program, Source};
pub use statistics::{LaneStatistics, Statistics};
