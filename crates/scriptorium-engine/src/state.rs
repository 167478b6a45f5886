//! What the host keeps for one instance of the guest: the store's data.
//! The accounting of limits lives here; who calls it when, in `imports` and `execution`.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use wasmtime::{Memory, ResourceLimiter};

use crate::failure::{self, Origins};
use crate::program::Program;
use crate::ticker::Ticker;
use crate::{CallClass, Cancel, Code, Failure, Host, HostError, HostFuture, LimitHit, Limits};

/// Host calls that may wait at the same time beyond those the call limits allow anyway;
/// only calls that are not counted get there.
const FREE_CALLS_WAITING: usize = 1024;

/// Texts the guest fetches, by the numbers that `shim.c` gives them.
pub(crate) enum Arg {
    Empty,
    Program(Program),
    Bytes(Vec<u8>),
}

impl Arg {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Program(program) => &program.0.image,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// A host call that has answered.
pub(crate) type Answer = (u32, Result<String, HostError>);

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

    pub(crate) pending: FuturesUnordered<Numbered>,
    pub(crate) answered: VecDeque<Answer>,
    pub(crate) output: Option<Vec<u8>>,
    pub(crate) failed: Option<Failure>,

    started: Instant,
    /// Processor time of the slices that have ended.
    cpu: Duration,
    snapshot_bytes: usize,
    peak_bytes: usize,
    io_calls: u32,
    service_calls: u32,
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
            host,
            cancel: Cancel::new(),
            limits,
            ticker: None,
            pending: FuturesUnordered::new(),
            answered: VecDeque::new(),
            output: None,
            failed: None,
            started: Instant::now(),
            cpu: Duration::ZERO,
            snapshot_bytes: 0,
            peak_bytes: 0,
            io_calls: 0,
            service_calls: 0,
        }
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
        let hit = LimitHit {
            limit,
            allowed: allowed.as_millis() as u64,
            observed: observed.as_millis() as u64,
            unit: "ms",
        };
        failure::beyond_limit(code, hit)
    }

    /// Charges one host call.
    pub(crate) fn charge(&mut self, class: CallClass) -> Result<(), wasmtime::Error> {
        let (limit, counter, allowed) = match class {
            CallClass::Free => return Ok(()),
            CallClass::Io => ("io_calls", &mut self.io_calls, self.limits.io_calls),
            CallClass::Service => (
                "service_calls",
                &mut self.service_calls,
                self.limits.service_calls,
            ),
        };
        if *counter < allowed {
            *counter += 1;
            return Ok(());
        }
        Err(self.too_many_calls(limit, u64::from(allowed)))
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

    /// Takes a host call that will answer later.
    pub(crate) fn wait_for(&mut self, id: u32, future: HostFuture) -> Result<(), wasmtime::Error> {
        let most = (self.limits.io_calls as usize)
            .saturating_add(self.limits.service_calls as usize)
            .saturating_add(FREE_CALLS_WAITING);
        if self.pending.len() >= most {
            return Err(self.too_many_calls("waiting_calls", most as u64));
        }
        self.pending.push(Numbered { id, future });
        Ok(())
    }

    pub(crate) fn out_of_memory(&mut self, wanted: usize) -> wasmtime::Error {
        let hit = LimitHit {
            limit: "memory",
            allowed: self.limits.memory_bytes,
            observed: wanted as u64,
            unit: "bytes",
        };
        self.end(failure::beyond_limit(Code::Memory, hit))
    }

    /// Memory in use above the snapshot, at its peak.
    pub(crate) fn memory_peak(&self) -> usize {
        self.peak_bytes
    }

    /// Notes what the guest says of its heap: finer than the steps in which memory grows,
    /// and for show only.
    pub(crate) fn heap_is(&mut self, bytes: usize) {
        self.peak_bytes = self.peak_bytes.max(bytes);
    }

    pub(crate) fn usage(&self) -> crate::Usage {
        crate::Usage {
            wall: self.started.elapsed(),
            cpu: self.cpu,
            memory_peak_bytes: self.peak_bytes as u64,
            io_calls: self.io_calls,
            service_calls: self.service_calls,
        }
    }

    /// Processor time up to now, while the guest runs.
    pub(crate) fn cpu_now(&self) -> Duration {
        self.cpu + slice_elapsed()
    }

    /// Adds the slice that ends now.
    pub(crate) fn end_slice(&mut self) {
        self.cpu += slice_elapsed();
        begin_slice();
    }
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
        let above = desired - self.snapshot_bytes;
        // The limit is rounded up to the unit in which memory grows.
        if above as u64 > self.limits.memory_bytes.next_multiple_of(1 << 16) {
            return Err(self.out_of_memory(above));
        }
        self.peak_bytes = self.peak_bytes.max(above);
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

/// A host call's future, which remembers its number.
pub(crate) struct Numbered {
    id: u32,
    future: HostFuture,
}

impl Future for Numbered {
    type Output = Answer;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Answer> {
        let id = self.id;
        self.future.as_mut().poll(cx).map(|result| (id, result))
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

fn slice_elapsed() -> Duration {
    thread_cpu().saturating_sub(SLICE.get())
}

fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
