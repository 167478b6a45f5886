//! Our engine without the platform around it.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use scriptorium_engine::{
    CallClass, Cancel, Config, Host, HostError, HostFuture, Invocation, Level, Limits, Outcome,
    Program, Reply, Source,
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

/// A script in an engine of ours.
#[derive(Clone)]
pub(crate) struct Script {
    engine: scriptorium_engine::Engine,
    program: Program,
    input: &'static str,
}

impl Script {
    /// The reference script, with room for so many executions of one kind at once.
    pub(crate) fn reference(lane: Lane, slots: u32) -> Result<Self> {
        let engine = engine(lane, slots, reference::PRELUDE)?;
        Self::compile(&engine, "reference", reference::SCRIPT, reference::INPUT)
    }

    /// Scripts that are given nothing, in one engine, each with its name.
    pub(crate) fn plain<'a>(
        sources: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Self>> {
        let engine = engine(Lane::Hot, 1, "return { enter: (entry) => entry() };")?;
        let compile = |(name, code)| Self::compile(&engine, name, code, "null");
        sources.into_iter().map(compile).collect()
    }

    fn compile(
        engine: &scriptorium_engine::Engine,
        name: &str,
        code: &str,
        input: &'static str,
    ) -> Result<Self> {
        Ok(Self {
            engine: engine.clone(),
            program: engine.compile(Source { name, code })?,
            input,
        })
    }

    /// One execution on this thread, host calls answered at once; what it returns as JSON.
    pub(crate) fn output(&self) -> Result<String> {
        runtime()?.block_on(self.run(Echo, Limits::default()))
    }

    /// Executions like that, one after the other; each says how long it took.
    pub(crate) fn worker(&self) -> Result<impl FnMut() -> Result<Duration>> {
        let runtime = runtime()?;
        Ok(move || {
            let began = Instant::now();
            runtime.block_on(self.run(Echo, Limits::default()))?;
            Ok(began.elapsed())
        })
    }

    /// One execution whose host calls are answered with their own arguments, each when the future
    /// that `wait` gives is over.
    pub(crate) async fn run_held<F>(
        &self,
        wait: impl FnMut() -> F + Send + 'static,
        wall: Duration,
    ) -> Result<String>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let limits = Limits {
            wall,
            ..Limits::default()
        };
        self.run(Held(wait), limits).await
    }

    async fn run(&self, host: impl Host, limits: Limits) -> Result<String> {
        let invocation = Invocation {
            program: &self.program,
            input: self.input,
            limits,
            host,
            cancel: Cancel::new(),
        };
        match self.engine.run(invocation).await?.outcome {
            Outcome::Completed { output } => Ok(output),
            Outcome::Failed(failure) => bail!("our script failed: {}", failure.message),
        }
    }
}

fn engine(lane: Lane, slots: u32, prelude: &str) -> Result<scriptorium_engine::Engine> {
    let (hot_slots, overflow_slots) = match lane {
        Lane::Hot => (slots, 0),
        Lane::Overflow => (0, slots),
    };
    Ok(scriptorium_engine::Engine::new(Config {
        prelude: prelude.to_owned(),
        hot_slots,
        overflow_slots,
        ..Config::default()
    })?)
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?)
}

/// Answers at once, so that the engine is measured and not the host.
struct Echo;

/// Answers when it is told to.
struct Held<W>(W);

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

impl<W, F> Host for Held<W>
where
    W: FnMut() -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Io
    }

    fn call(&mut self, _name: &str, args: &str) -> Reply {
        let (wait, args) = ((self.0)(), args.to_owned());
        let answer: HostFuture = Box::pin(async move {
            wait.await;
            Ok(args)
        });
        Reply::Later(answer)
    }

    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }

    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}
