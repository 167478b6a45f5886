//! Runs one piece of JavaScript inside limits, in a WebAssembly sandbox.
//!
//! The JavaScript engine is QuickJS-NG, compiled to WebAssembly. Every execution gets a
//! fresh instance from a snapshot that holds the engine and the embedder's prelude, and
//! nothing that a script does survives it. What a script may reach is what the prelude
//! gives it, and what the prelude can do is call the [`Host`]: this crate opens no file,
//! no socket, no database, and knows no tenant.
//!
//! ```
//! use scriptorium_engine::{
//!     CallClass, Cancel, Config, Engine, Host, HostError, Invocation, Level, Limits, Outcome,
//!     Reply, Source,
//! };
//!
//! /// Offers one function to scripts.
//! struct Prices;
//!
//! impl Host for Prices {
//!     fn class(&self, _name: &str) -> CallClass {
//!         CallClass::Service
//!     }
//!     fn call(&mut self, name: &str, args: &str) -> Reply {
//!         match name {
//!             // A real host would go to a database in this future.
//!             "price" => Reply::Later(Box::pin(std::future::ready(match args {
//!                 r#"["A1"]"# => Ok("120".to_owned()),
//!                 _ => Err(HostError::new("NOT_FOUND", "there is no such product")),
//!             }))),
//!             _ => Reply::Unknown,
//!         }
//!     }
//!     fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
//!         Err(HostError::new("UNKNOWN_CALL", name))
//!     }
//!     fn log(&mut self, level: Level, message: &str, _data: Option<&str>) {
//!         eprintln!("[{}] {message}", level.as_str());
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(Config {
//!     // Runs once, when the snapshot is made. `host` exists nowhere else.
//!     prelude: "
//!         const { stringify } = JSON;
//!         globalThis.price = (...args) => host.call('price', stringify(args));
//!         return { enter: (entry, order) => entry(order) };
//!     "
//!     .to_owned(),
//!     ..Config::default()
//! })?;
//! let program = engine.compile(Source {
//!     name: "total.js",
//!     code: "export default async ({ sku, quantity }) => ({ total: await price(sku) * quantity })",
//! })?;
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! let report = runtime.block_on(engine.run(Invocation {
//!     program: &program,
//!     input: r#"{"sku":"A1","quantity":3}"#,
//!     limits: Limits::default(),
//!     host: Prices,
//!     cancel: Cancel::new(),
//! }))?;
//! match report.outcome {
//!     Outcome::Completed { output } => assert_eq!(output, r#"{"total":360}"#),
//!     Outcome::Failed(failure) => panic!("{}: {}", failure.code, failure.message),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The prelude
//!
//! [`Config::prelude`] is the body of a function with the parameter `host`:
//!
//! | | |
//! |---|---|
//! | `host.call(name, json)` | a promise of [`Host::call`]'s answer, parsed |
//! | `host.callSync(name, json)` | [`Host::call_sync`]'s answer, parsed |
//! | `host.log(level, message, json or null)` | one line for [`Host::log`] |
//! | `host.now()`, `host.random()` | milliseconds since 1970; a number from 0 to 1 |
//! | `host.classOf(value)` | the class of an object whatever its prototype says, such as `"Map"` or `"Proxy"` |
//! | `host.utf8(text)`, `host.utf8Text(bytes, strict)` | text as UTF-8 in a `Uint8Array`, and back; `null` for bytes that are not correct when `strict` |
//!
//! An error of the host arrives as an `Error` with `code`, `message`, `field` and
//! `details`. The prelude returns `{ enter }`; `enter(entry, invocation)` is called once
//! per execution with the program's default export and the parsed input, and what it
//! returns or resolves to is the result.
//!
//! # Limits
//!
//! [`Limits`] are kept by the host and cannot be caught, delayed or reset by a script:
//! going beyond one traps the guest, and no further instruction of it runs. A script that
//! spins gives its thread back at every [`Config::tick`]. While an execution waits for
//! host calls it holds a slot and memory, but no thread and no stack.

mod artifact;
mod cancel;
mod compile;
mod config;
mod engine;
mod error;
mod execution;
mod failure;
mod host;
mod image;
mod imports;
mod json;
mod lane;
#[cfg(test)]
mod liar;
mod limits;
mod meter;
mod outcome;
mod pending;
mod pool;
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
pub use meter::{Held, Meter, TooMuch};
pub use outcome::{Code, Failure, Frame, LimitHit, Outcome, Position, Report, Usage};
pub use program::{Program, Source};
pub use state::thread_cpu;
pub use statistics::{LaneStatistics, Statistics};
