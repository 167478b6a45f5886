//! The engine: compiles sources into programs and runs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::artifact::Artifact;
use crate::failure::Origin;
use crate::image::Gallery;
use crate::lane::{Kind, Lane};
use crate::pool::Pool;
use crate::state::{Arg, State};
use crate::ticker::Ticker;
use crate::{
    Cancel, Code, CompileError, Config, Error, Host, Limits, Outcome, Program, Report, Source,
    Statistics, Usage, compile, execution, failure,
};

/// Programs kept compiled.
const PROGRAMS: u64 = 1000;
/// What the guest's memory holds before an execution starts, at most.
const SNAPSHOT_BYTES: u64 = 16 << 20;

/// Compiles and runs programs. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    hash: [u8; 32],
    max_memory_bytes: u64,
    pool: Arc<Pool>,
    workshop: Lane,
    ticker: Arc<Ticker>,
    programs: Cache<[u8; 32], Program>,
    gallery: Arc<Gallery>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// One execution to be.
pub struct Invocation<'a, H> {
    /// What to run.
    pub program: &'a Program,
    /// JSON text handed to the prelude's `enter` as the second argument.
    pub input: &'a str,
    /// What it may use.
    pub limits: Limits,
    /// Who answers its host calls.
    pub host: H,
    /// Ends it from outside.
    pub cancel: Cancel,
}

impl Engine {
    /// Makes an engine: takes the compiled guest from the cache directory, or compiles
    /// it, which takes about a second.
    ///
    /// # Errors
    ///
    /// [`Error::Prelude`] when the prelude throws or returns no `enter` function,
    /// [`Error::Cache`] when the cache directory cannot be used or others may write to
    /// it, [`Error::Setup`] when slots cannot be reserved.
    pub fn new(config: Config) -> Result<Self, Error> {
        let artifact = Artifact::obtain(&config)?;
        let max_memory = usize::try_from(config.max_memory_bytes + SNAPSHOT_BYTES)
            .unwrap_or(usize::MAX)
            .min(4 << 30);
        let ticker = Arc::new(Ticker::start(config.tick)?);
        let workshop = Lane::new(Kind::OnDemand, 0, max_memory, &artifact)?;
        ticker.add(workshop.engine.weak());
        let nobody = State::new(Box::new(compile::NoHost), Limits::default(), Arc::default());
        let gallery = Gallery::new(&workshop.fresh_memory(nobody)?);
        let hash = artifact.hash;
        let pool = Pool::new(&config, artifact, max_memory, Arc::clone(&ticker))?;
        Ok(Self(Arc::new(Shared {
            hash,
            max_memory_bytes: config.max_memory_bytes,
            pool: Arc::new(pool),
            workshop,
            ticker,
            gallery,
            programs: Cache::builder()
                .max_capacity(PROGRAMS)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        })))
    }

    /// Compiles a source, or takes it from the cache of programs. Uses the calling
    /// thread, at most for one second of processor time, and at most 64 MiB.
    ///
    /// # Errors
    ///
    /// [`CompileError::Script`] when the source is at fault.
    pub fn compile(&self, source: Source<'_>) -> Result<Program, CompileError> {
        self.link(source, &[])
    }

    /// Compiles a source that may import these programs, by the names of their sources. The
    /// result brings them along, and what they import. Costs what [`Engine::compile`] does.
    ///
    /// # Errors
    ///
    /// [`CompileError::Script`] when the source is at fault, or imports something else. A name
    /// that a library does not export is found when the program runs.
    pub fn link(&self, source: Source<'_>, libraries: &[Program]) -> Result<Program, CompileError> {
        let hash = self.program_hash(source, libraries);
        if let Some(program) = self.0.programs.get(&hash) {
            self.0.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(program);
        }
        self.0.misses.fetch_add(1, Ordering::Relaxed);
        let origin = Arc::new(Origin::new(source.name, source.code));
        let (lane, ticker) = (&self.0.workshop, &self.0.ticker);
        let names: Vec<&str> = libraries.iter().map(Program::name).collect();
        let bytecode = compile::compile(lane, ticker, source, &names, Arc::clone(&origin))?;
        let program = Program::new(hash, origin, bytecode, libraries);
        self.0.programs.insert(hash, program.clone());
        Ok(program)
    }

    /// Runs a program in a fresh sandbox. Must be polled inside a tokio runtime with
    /// time enabled; dropping the future ends the execution. A script that fails is an
    /// [`Outcome::Failed`], not an error.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] when no instance could be made, [`Error::Guest`] when the guest
    /// stopped in a way it should not be able to.
    pub async fn run<H: Host>(&self, invocation: Invocation<'_, H>) -> Result<Report, Error> {
        let Invocation {
            program,
            input,
            mut limits,
            host,
            cancel,
        } = invocation;
        limits.memory_bytes = limits.memory_bytes.min(self.0.max_memory_bytes);
        let mut state = State::new(Box::new(host), limits, Arc::clone(&program.0.origins));
        state.args[0] = Arg::Program(program.clone());
        if let Err(failure) = state.take_input(input) {
            let outcome = Outcome::Failed(failure);
            let usage = state.usage();
            return Ok(Report { outcome, usage });
        }
        state.cancel = cancel.clone();
        state.ticker = Some(Arc::clone(&self.0.ticker));

        let habit = &program.0.habit;
        let slot = self.0.pool.take(habit.waits(), &cancel).await?;
        let Some(slot) = slot.filter(|_| !cancel.is_cancelled()) else {
            return Ok(cancelled_before_start());
        };
        // The slot is given back after the instance is gone: `run` owns the instance.
        let (report, waited) = execution::run(
            &slot.place.0,
            &self.0.ticker,
            &self.0.gallery,
            program,
            state,
        )
        .await?;
        drop(slot);
        habit.learn(waited);
        Ok(report)
    }

    /// Drops the lanes that nobody has used for so long, except one that is hot; when `pressed`,
    /// because memory is short, all that nobody uses now, and adds none ahead of need until it is
    /// called without. To be called now and then.
    pub fn shrink(&self, idle: Duration, pressed: bool) {
        self.0.pool.shrink(idle, pressed);
    }

    /// Makes every running execution yield to its executor now, instead of at the next tick;
    /// several calls within a fraction of a millisecond count as one.
    pub fn tick(&self) {
        self.0.ticker.tick_now();
    }

    /// A reading of the engine's counters.
    pub fn statistics(&self) -> Statistics {
        let (at_once, waited, wait) = self.0.pool.waits();
        Statistics {
            cache_hits: self.0.hits.load(Ordering::Relaxed),
            cache_misses: self.0.misses.load(Ordering::Relaxed),
            cache_entries: self.0.programs.entry_count(),
            image_bytes: self.0.gallery.bytes(),
            image_starts: self.0.gallery.laid(),
            hot: self.0.pool.hot(),
            overflow: self.0.pool.overflow(),
            at_once,
            waited,
            wait,
            failed_lanes: self.0.pool.failed(),
            forced_ticks: self.0.ticker.forced(),
        }
    }

    fn program_hash(&self, source: Source<'_>, libraries: &[Program]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.0.hash);
        hasher.update((libraries.len() as u64).to_le_bytes());
        libraries
            .iter()
            .for_each(|library| hasher.update(library.hash()));
        hasher.update((source.name.len() as u64).to_le_bytes());
        hasher.update(source.name);
        hasher.update(source.code);
        hasher.finalize().into()
    }
}

fn cancelled_before_start() -> Report {
    Report {
        outcome: Outcome::Failed(failure::plain(
            Code::Cancelled,
            "the execution was cancelled before it started",
        )),
        usage: Usage::default(),
    }
}
