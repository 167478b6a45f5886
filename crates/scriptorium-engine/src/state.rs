//! What the host keeps for one instance of the guest: the store's data.
//! The accounting of limits lives here; who calls it when, in `imports` and `execution`.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use wasmtime::{Memory, ResourceLimiter};

use crate::failure::{self, Origins};
use crate::pending::{Numbered, Pending};
use crate::program::Program;
use crate::ticker::Ticker;
use crate::{
    CallClass, Cancel, Code, Failure, Held, Host, HostError, HostFuture, LimitHit, Limits, Meter,
};

/// Host calls that may wait at the same time beyond those the call limits allow anyway;
/// only calls that are not counted get there.
const FREE_CALLS_WAITING: usize = 1024;

/// What a waiting host call takes beside its arguments.
const CALL_BYTES: usize = 1 << 10;

/// Limits that are used so far, in parts of it, are told to the host.
const NEAR: (u64, u64) = (4, 5);
/// Of fewer calls than this the last fifth is no warning.
const FEW_CALLS: u64 = 10;

/// Texts the guest fetches, by the numbers that `shim.c` gives them.
pub(crate) enum Arg {
    Empty,
    Program(Program),
    Bytes(
        Vec<u8>,
        #[expect(dead_code, reason = "counts the bytes until it is dropped")] Option<Held>,
    ),
}

impl Arg {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Program(program) => &program.0.image,
            Self::Bytes(bytes, _) => bytes,
        }
    }
}

/// A host call that has answered, and what counts its answer until the guest has it.
pub(crate) struct Answer {
    pub(crate) id: u32,
    pub(crate) result: Result<String, HostError>,
    pub(crate) held: Held,
}

pub(crate) struct State {
    pub(crate) memory: Option<Memory>,
    /// Program or code, input or name, reply.
    pub(crate) args: [Arg; 3],
    /// The texts whose frames are kept.
    pub(crate) origins: Origins,
    pub(crate) host: Box<dyn Host>,
    pub(crate) cancel: Cancel,
    pub(crate) limits: Limits,
    pub(crate) ticker: Option<Arc<Ticker>>,

    pub(crate) pending: Pending,
    pub(crate) answered: VecDeque<Answer>,
    pub(crate) output: Option<Vec<u8>>,
    pub(crate) failed: Option<Failure>,
    /// The guest has called the host for something else than its program.
    pub(crate) asked: bool,

    meter: Meter,
    started: Instant,
    /// Processor time of the slices that have ended.
    cpu: Duration,
    snapshot_bytes: usize,
    heap_peak: usize,
    /// Limits the host has been told of.
    told: Vec<&'static str>,
}

/// The error behind a trap whose reason stands in [`State::failed`].
#[derive(Debug, thiserror::Error)]
#[error("the execution was ended")]
pub(crate) struct Ended;

impl State {
    pub(crate) fn new(host: Box<dyn Host>, limits: Limits, origins: Origins) -> Self {
        Self {
            memory: None,
            args: [Arg::Empty, Arg::Empty, Arg::Empty],
            origins,
            meter: host.meter(),
            host,
            cancel: Cancel::new(),
            limits,
            ticker: None,
            pending: Pending::default(),
            answered: VecDeque::new(),
            output: None,
            failed: None,
            asked: false,
            started: Instant::now(),
            cpu: Duration::ZERO,
            snapshot_bytes: 0,
            heap_peak: 0,
            told: Vec::new(),
        }
    }

    /// Puts the input where the guest fetches it. From here on memory is counted.
    pub(crate) fn take_input(&mut self, input: &str) -> Result<(), Failure> {
        let held = self.meter.start(self.limits.memory_bytes);
        let held = held.and_then(|()| self.meter.hold(input.len()));
        let held = held.map_err(|_| self.too_much_memory())?;
        self.args[1] = Arg::Bytes(input.as_bytes().to_vec(), Some(held));
        Ok(())
    }

    /// Starts the clocks: the next instruction is the guest's first.
    pub(crate) fn begin(&mut self) {
        self.started = Instant::now();
        begin_slice();
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.started + self.limits.wall
    }

    /// Ends the execution: the error traps the guest, the failure is what is reported.
    pub(crate) fn end(&mut self, failure: Failure) -> wasmtime::Error {
        self.failed.get_or_insert(failure);
        wasmtime::Error::new(Ended)
    }

    /// Ends an execution that is not given another slice.
    pub(crate) fn stopped(&mut self) -> wasmtime::Error {
        let failure = self.must_stop(self.cpu).unwrap_or_else(cancelled);
        self.end(failure)
    }

    /// The reason to stop now, if there is one.
    pub(crate) fn must_stop(&self, cpu: Duration) -> Option<Failure> {
        if self.cancel.is_cancelled() {
            return Some(cancelled());
        }
        let wall = self.started.elapsed();
        if wall >= self.limits.wall {
            return Some(self.too_long(Code::Wall, "wall", self.limits.wall, wall));
        }
        (cpu > self.limits.cpu).then(|| self.too_long(Code::Cpu, "cpu", self.limits.cpu, cpu))
    }

    fn too_long(
        &self,
        code: Code,
        limit: &'static str,
        allowed: Duration,
        observed: Duration,
    ) -> Failure {
        failure::beyond_limit(code, of_time(limit, allowed, observed))
    }

    /// Tells the host of the limits on time and memory that are nearly used up.
    pub(crate) fn look_ahead(&mut self, cpu: Duration) {
        let wall = self.started.elapsed();
        self.near(of_time("wall", self.limits.wall, wall));
        self.near(of_time("cpu", self.limits.cpu, cpu));
        self.near_memory();
    }

    fn near_memory(&mut self) {
        self.near(LimitHit {
            limit: "memory",
            allowed: self.limits.memory_bytes,
            observed: self.meter.memory(),
            unit: "bytes",
        });
    }

    /// When the wall time will be nearly used up; `None` when the host has been told.
    pub(crate) fn near_deadline(&self) -> Option<Instant> {
        let near = self.limits.wall * NEAR.0 as u32 / NEAR.1 as u32;
        (!self.told.contains(&"wall")).then(|| self.started + near)
    }

    fn near(&mut self, hit: LimitHit) {
        let is_near = hit.observed.saturating_mul(NEAR.1) >= hit.allowed.saturating_mul(NEAR.0);
        if is_near && !self.told.contains(&hit.limit) {
            self.told.push(hit.limit);
            self.host.near_limit(hit);
        }
    }

    /// Charges one host call.
    pub(crate) fn charge(&mut self, class: CallClass) -> Result<(), wasmtime::Error> {
        let (limit, allowed, calls) = match class {
            CallClass::Free => return Ok(()),
            CallClass::Io => ("io_calls", self.limits.io_calls, self.meter.io_calls()),
            CallClass::Service => (
                "service_calls",
                self.limits.service_calls,
                self.meter.service_calls(),
            ),
        };
        let allowed = u64::from(allowed);
        if u64::from(calls) == allowed {
            return Err(self.too_many_calls(limit, allowed));
        }
        let observed = u64::from(self.meter.called(class));
        if allowed >= FEW_CALLS {
            self.near(LimitHit {
                limit,
                allowed,
                observed,
                unit: "calls",
            });
        }
        Ok(())
    }

    fn too_many_calls(&mut self, limit: &'static str, allowed: u64) -> wasmtime::Error {
        let hit = LimitHit {
            limit,
            allowed,
            observed: allowed + 1,
            unit: "calls",
        };
        self.end(failure::beyond_limit(Code::HostCalls, hit))
    }

    /// Takes a host call that will answer later; its arguments count until it has.
    pub(crate) fn wait_for(
        &mut self,
        id: u32,
        future: HostFuture,
        args: usize,
    ) -> Result<(), wasmtime::Error> {
        let most = (self.limits.io_calls as usize)
            .saturating_add(self.limits.service_calls as usize)
            .saturating_add(FREE_CALLS_WAITING);
        if self.pending.len() >= most {
            return Err(self.too_many_calls("waiting_calls", most as u64));
        }
        let held = self.hold(args + CALL_BYTES)?;
        self.pending.push(Numbered {
            id,
            future,
            _held: held,
        });
        Ok(())
    }

    /// Counts what waits for the guest.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<Held, wasmtime::Error> {
        let held = self.meter.hold(bytes);
        held.map_err(|_| {
            let failure = self.too_much_memory();
            self.end(failure)
        })
    }

    /// Counts an answer that waits for the guest.
    pub(crate) fn answer(
        &mut self,
        id: u32,
        result: Result<String, HostError>,
    ) -> Result<(), Failure> {
        if let Err(error) = &result
            && let Some(code) = error.fatal
        {
            return Err(self.fatal(code, error.message.clone()));
        }
        let bytes = result.as_ref().map_or_else(HostError::len, String::len);
        let held = self.meter.hold(bytes).map_err(|_| self.too_much_memory())?;
        self.answered.push_back(Answer { id, result, held });
        Ok(())
    }

    /// How the execution ends by the host's word.
    pub(crate) fn fatal(&self, code: Code, message: String) -> Failure {
        match code {
            Code::Memory => self.too_much_memory(),
            code => failure::plain(code, message),
        }
    }

    fn too_much_memory(&self) -> Failure {
        let (allowed, observed) = self.meter.beyond();
        beyond_memory(allowed, observed)
    }

    /// An allocation that cannot be served, whatever the limit.
    pub(crate) fn out_of_memory(&mut self, wanted: usize) -> wasmtime::Error {
        let observed = self.meter.memory().saturating_add(wanted as u64);
        self.end(beyond_memory(self.limits.memory_bytes, observed))
    }

    /// Notes what the guest says of its heap: finer than the steps in which memory grows,
    /// and for show only.
    pub(crate) fn heap_is(&mut self, bytes: usize) {
        self.heap_peak = self.heap_peak.max(bytes);
    }

    pub(crate) fn usage(&self) -> crate::Usage {
        crate::Usage {
            wall: self.started.elapsed(),
            cpu: self.cpu,
            memory_peak_bytes: self.meter.peak().max(self.heap_peak as u64),
            io_calls: self.meter.io_calls(),
            service_calls: self.meter.service_calls(),
        }
    }

    /// Processor time up to now, while the guest runs.
    pub(crate) fn cpu_now(&self) -> Duration {
        self.cpu + slice_elapsed()
    }

    /// Adds the slice that ends now.
    pub(crate) fn end_slice(&mut self) {
        // One look for this end and the next beginning: each is a call of the system.
        let now = thread_cpu();
        self.cpu += now.saturating_sub(SLICE.replace(now));
        self.meter.cpu_is(self.cpu);
    }
}

fn of_time(limit: &'static str, allowed: Duration, observed: Duration) -> LimitHit {
    LimitHit {
        limit,
        allowed: allowed.as_millis() as u64,
        observed: observed.as_millis() as u64,
        unit: "ms",
    }
}

fn beyond_memory(allowed: u64, observed: u64) -> Failure {
    let hit = LimitHit {
        limit: "memory",
        allowed,
        observed,
        unit: "bytes",
    };
    failure::beyond_limit(Code::Memory, hit)
}

fn cancelled() -> Failure {
    failure::plain(Code::Cancelled, "the execution was cancelled")
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if current == 0 {
            self.snapshot_bytes = desired;
            return Ok(true);
        }
        let above = (desired - self.snapshot_bytes) as u64;
        if self.meter.guest_is(above).is_err() {
            let failure = self.too_much_memory();
            return Err(self.end(failure));
        }
        self.near_memory();
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(current == 0)
    }
}

thread_local! {
    /// This thread's processor time when the slice that is running began. Not in the
    /// state, because a guest that was suspended goes on without passing host code.
    static SLICE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Notes that a slice of guest code begins on this thread.
pub(crate) fn begin_slice() {
    SLICE.set(thread_cpu());
}

/// Processor time of the slice that runs on this thread.
pub(crate) fn slice_elapsed() -> Duration {
    thread_cpu().saturating_sub(SLICE.get())
}

/// Processor time that the calling thread has used.
pub fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
