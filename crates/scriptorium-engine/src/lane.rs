//! A lane: a fixed number of slots for instances of the guest, with one way of treating
//! their memory between uses.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{
    Config, Engine, Extern, InstanceAllocationStrategy, InstancePre, ModuleExport, OptLevel,
    PoolingAllocationConfig, Store, TypedFunc,
};

use crate::artifact::Artifact;
use crate::state::State;
use crate::{Error, imports};

/// Depth of native frames a script may cause; its own check stops it far earlier.
const WASM_STACK: usize = 2 << 20;
/// What host functions may use on top, on the stack of a running guest.
const HOST_STACK: usize = 1 << 20;
/// Memory that a hot slot keeps resident: what a usual execution touches.
const HOT_MEMORY: usize = 2 << 20;
const HOT_TABLE: usize = 64 << 10;

/// How a lane treats the memory of a slot between executions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Overwritten in place: no system call, no page fault, and threads do not disturb
    /// each other.
    Hot,
    /// Given back to the operating system.
    Overflow,
    /// Made for each instance: for compilation, which takes milliseconds anyway.
    OnDemand,
}

pub(crate) struct Lane {
    pub(crate) engine: Engine,
    pre: InstancePre<State>,
    memory: ModuleExport,
    load: ModuleExport,
    start: ModuleExport,
    resume: ModuleExport,
    compile: ModuleExport,
    slots: u32,
    in_use: AtomicU32,
    /// When the last of those who used it had left.
    left: Mutex<Instant>,
}

/// An instance of the guest.
pub(crate) struct Guest {
    pub(crate) load: TypedFunc<(u64, u32, f64, u32), i64>,
    pub(crate) start: TypedFunc<(u64, u32, f64), i64>,
    pub(crate) resume: TypedFunc<(), i64>,
    pub(crate) compile: TypedFunc<(), i32>,
}

/// The settings that all lanes share, and that compiled code depends on.
pub(crate) fn settings() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + HOST_STACK)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        // What the guest does not use is off: less to be wrong.
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false);
    config
}

impl Lane {
    pub(crate) fn new(
        kind: Kind,
        slots: u32,
        max_memory: usize,
        artifact: &Artifact,
    ) -> Result<Self, Error> {
        let mut config = settings();
        if let Some(pool) = pool(kind, slots, max_memory) {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        }
        let engine = Engine::new(&config).map_err(Error::Setup)?;
        let module = artifact.load(&engine)?;
        let export = |name: &str| {
            module.get_export_index(name).ok_or_else(|| {
                Error::Setup(wasmtime::format_err!("the guest does not export {name}"))
            })
        };
        let memory = export("memory")?;
        let (load, start) = (export("load")?, export("start")?);
        let (resume, compile) = (export("resume")?, export("compile")?);
        let pre = imports::linker(&engine)
            .and_then(|linker| linker.instantiate_pre(&module))
            .map_err(Error::Setup)?;
        Ok(Self {
            engine,
            pre,
            memory,
            load,
            start,
            resume,
            compile,
            slots,
            in_use: AtomicU32::new(0),
            left: Mutex::new(Instant::now()),
        })
    }

    /// Takes one of its slots, to be given back.
    pub(crate) fn try_take(&self) -> bool {
        let take = |in_use: u32| (in_use < self.slots).then_some(in_use + 1);
        let taken = self
            .in_use
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, take);
        taken.is_ok()
    }

    pub(crate) fn give_back(&self) {
        // Before the slot is free: whoever finds the lane unused finds since when.
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.in_use.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    pub(crate) fn in_use(&self) -> u32 {
        self.in_use.load(Ordering::Acquire)
    }

    /// How long ago a slot of it was given back last.
    pub(crate) fn idle(&self) -> Duration {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.elapsed()
    }

    /// Makes a fresh instance. A slot must be held, except in the on-demand lane.
    pub(crate) fn instantiate(&self, state: State) -> Result<(Store<State>, Guest), Error> {
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        let guest = self.bind(&mut store).map_err(Error::Setup)?;
        Ok((store, guest))
    }

    /// What the memory of a fresh instance holds.
    pub(crate) fn fresh_memory(&self, state: State) -> Result<Vec<u8>, Error> {
        let (store, _) = self.instantiate(state)?;
        let memory = store
            .data()
            .memory
            .map(|memory| memory.data(&store).to_vec());
        Ok(memory.unwrap_or_default())
    }

    fn bind(&self, store: &mut Store<State>) -> wasmtime::Result<Guest> {
        // No guest code runs here: the module has no start function.
        let instance = self.pre.instantiate(&mut *store)?;
        let Some(Extern::Memory(memory)) = instance.get_module_export(&mut *store, &self.memory)
        else {
            wasmtime::bail!("the guest exports no memory");
        };
        store.data_mut().memory = Some(memory);
        let mut function = |export| match instance.get_module_export(&mut *store, export) {
            Some(Extern::Func(function)) => Ok(function),
            _ => Err(wasmtime::format_err!("a guest export is no function")),
        };
        let (load, start) = (function(&self.load)?, function(&self.start)?);
        let resume = function(&self.resume)?;
        let compile = function(&self.compile)?;
        Ok(Guest {
            load: load.typed(&*store)?,
            start: start.typed(&*store)?,
            resume: resume.typed(&*store)?,
            compile: compile.typed(&*store)?,
        })
    }
}

fn pool(kind: Kind, slots: u32, max_memory: usize) -> Option<PoolingAllocationConfig> {
    let mut pool = PoolingAllocationConfig::new();
    // A pool of nothing refuses the module; a lane without slots is never entered.
    let slots = slots.max(1);
    pool.total_core_instances(slots)
        .total_memories(slots)
        .total_tables(slots)
        .total_stacks(slots)
        .max_memory_size(max_memory)
        .max_memories_per_module(1)
        .max_tables_per_module(1);
    match kind {
        // `pagemap_scan` stays off: in this version it can leave a swapped-out page of
        // the former execution in place.
        Kind::Hot => {
            pool.linear_memory_keep_resident(HOT_MEMORY)
                .table_keep_resident(HOT_TABLE);
        }
        Kind::Overflow => {}
        Kind::OnDemand => return None,
    }
    Some(pool)
}
