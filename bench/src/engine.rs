//! Our engine without the platform around it.

use anyhow::{Result, bail};
use scriptorium_engine::{
    CallClass, Cancel, Config, Host, HostError, Invocation, Level, Limits, Outcome, Program, Reply,
    Source,
};
use tokio::runtime::Runtime;

use crate::reference;

/// Which slots the executions get.
#[derive(Clone, Copy)]
pub(crate) enum Lane {
    /// Memory stays resident between two executions.
    Hot,
    /// Memory is given back after each.
    Overflow,
}

/// An engine with the compiled reference script.
pub(crate) struct Engine {
    engine: scriptorium_engine::Engine,
    program: Program,
}

impl Engine {
    pub(crate) fn new(lane: Lane) -> Result<Self> {
        let (hot_slots, overflow_slots) = match lane {
            Lane::Hot => (64, 0),
            Lane::Overflow => (0, 64),
        };
        let engine = scriptorium_engine::Engine::new(Config {
            prelude: reference::PRELUDE.to_owned(),
            hot_slots,
            overflow_slots,
            ..Config::default()
        })?;
        let program = engine.compile(Source {
            name: "reference",
            code: reference::SCRIPT,
        })?;
        Ok(Self { engine, program })
    }

    pub(crate) fn output(&self) -> Result<String> {
        self.run(&runtime()?)
    }

    pub(crate) fn worker(&self) -> Result<impl FnMut() -> Result<()>> {
        let runtime = runtime()?;
        Ok(move || self.run(&runtime).map(drop))
    }

    fn run(&self, runtime: &Runtime) -> Result<String> {
        let report = runtime.block_on(self.engine.run(Invocation {
            program: &self.program,
            input: reference::INPUT,
            limits: Limits::default(),
            host: Echo,
            cancel: Cancel::new(),
        }))?;
        match report.outcome {
            Outcome::Completed { output } => Ok(output),
            Outcome::Failed(failure) => bail!("the reference script failed: {}", failure.message),
        }
    }
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?)
}

/// Answers at once, so that the engine is measured and not the host.
struct Echo;

impl Host for Echo {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Io
    }

    fn call(&mut self, _name: &str, args: &str) -> Reply {
        Reply::Ready(Ok(args.to_owned()))
    }

    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }

    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}
