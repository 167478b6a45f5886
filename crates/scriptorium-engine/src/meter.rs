//! What an execution uses, where engine and host both see it: the guest's memory, what the host
//! holds for it, processor time, host calls. The limit on memory is on both together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::state::slice_elapsed;
use crate::{CallClass, Code, HostError};

/// Memory grows in such steps; the limit is rounded up to them.
const STEP: u64 = 1 << 16;

/// What one execution uses. Clones share one state. A host that holds something for an execution
/// says so here, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Without one until the execution starts.
    limit: AtomicU64,
    guest: AtomicU64,
    held: AtomicU64,
    peak: AtomicU64,
    /// What would have been in use when the limit was met.
    wanted: AtomicU64,
    cpu_nanos: AtomicU64,
    io_calls: AtomicU32,
    service_calls: AtomicU32,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            limit: AtomicU64::new(u64::MAX),
            guest: AtomicU64::new(0),
            held: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            wanted: AtomicU64::new(0),
            cpu_nanos: AtomicU64::new(0),
            io_calls: AtomicU32::new(0),
            service_calls: AtomicU32::new(0),
        }
    }
}

/// Bytes that the host holds for an execution, until dropped.
#[derive(Debug)]
pub struct Held {
    meter: Meter,
    bytes: u64,
}

/// The execution may not have so much memory. As the error of a host call it ends the execution
/// with [`Code::Memory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the execution may not have so much memory")]
pub struct TooMuch;

impl From<TooMuch> for HostError {
    fn from(too_much: TooMuch) -> Self {
        Self {
            message: too_much.to_string(),
            fatal: Some(Code::Memory),
            ..Self::default()
        }
    }
}

impl Meter {
    /// A meter of an execution that has not started.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts bytes that the host holds for the execution.
    ///
    /// # Errors
    ///
    /// [`TooMuch`] when that is beyond the limit; then nothing is counted.
    pub fn hold(&self, bytes: usize) -> Result<Held, TooMuch> {
        let mut held = Held {
            meter: self.clone(),
            bytes: 0,
        };
        held.grow(bytes)?;
        Ok(held)
    }

    /// Memory in use: the guest's above the snapshot, and what the host holds.
    pub fn memory(&self) -> u64 {
        let guest = self.0.guest.load(Ordering::Relaxed);
        guest.saturating_add(self.0.held.load(Ordering::Relaxed))
    }

    /// Processor time up to now. To be asked inside of a [`Host`](crate::Host)'s methods, which
    /// run on the guest's thread.
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.0.cpu_nanos.load(Ordering::Relaxed)) + slice_elapsed()
    }

    /// Host calls so far of [`CallClass::Io`].
    pub fn io_calls(&self) -> u32 {
        self.0.io_calls.load(Ordering::Relaxed)
    }

    /// Host calls so far of [`CallClass::Service`].
    pub fn service_calls(&self) -> u32 {
        self.0.service_calls.load(Ordering::Relaxed)
    }

    /// One more call; how many of its class there are then.
    pub(crate) fn called(&self, class: CallClass) -> u32 {
        let counter = match class {
            CallClass::Free => return 0,
            CallClass::Io => &self.0.io_calls,
            CallClass::Service => &self.0.service_calls,
        };
        counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The execution starts, with this limit.
    pub(crate) fn start(&self, limit: u64) -> Result<(), TooMuch> {
        self.0.limit.store(limit, Ordering::Relaxed);
        self.check()
    }

    /// The guest's memory grows to this.
    pub(crate) fn guest_is(&self, bytes: u64) -> Result<(), TooMuch> {
        let before = self.0.guest.swap(bytes, Ordering::Relaxed);
        self.check()
            .inspect_err(|_| self.0.guest.store(before, Ordering::Relaxed))
    }

    pub(crate) fn cpu_is(&self, cpu: Duration) {
        let nanos = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        self.0.cpu_nanos.store(nanos, Ordering::Relaxed);
    }

    pub(crate) fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }

    /// The limit, and what was wanted beyond it: the last time, or now.
    pub(crate) fn beyond(&self) -> (u64, u64) {
        let limit = self.0.limit.load(Ordering::Relaxed);
        let wanted = self.0.wanted.load(Ordering::Relaxed);
        (limit, wanted.max(self.memory()))
    }

    /// Whether what is in use is within the limit.
    fn check(&self) -> Result<(), TooMuch> {
        let (used, limit) = (self.memory(), self.0.limit.load(Ordering::Relaxed));
        if used > limit.checked_next_multiple_of(STEP).unwrap_or(u64::MAX) {
            self.0.wanted.store(used, Ordering::Relaxed);
            return Err(TooMuch);
        }
        self.0.peak.fetch_max(used, Ordering::Relaxed);
        Ok(())
    }
}

impl Held {
    /// Counts more bytes.
    ///
    /// # Errors
    ///
    /// [`TooMuch`] when that is beyond the limit; then they are not counted.
    pub fn grow(&mut self, bytes: usize) -> Result<(), TooMuch> {
        let (bytes, held) = (bytes as u64, &self.meter.0.held);
        // Counted before it is checked: of two that come at once, one sees both.
        held.fetch_add(bytes, Ordering::Relaxed);
        self.meter.check().inspect_err(|_| {
            held.fetch_sub(bytes, Ordering::Relaxed);
        })?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.meter.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_and_host_share_one_limit() {
        let meter = Meter::new();
        let before = meter.hold(100).unwrap();
        meter.start(4 * STEP).unwrap();
        meter.guest_is(3 * STEP).unwrap();
        let mut held = meter.hold(STEP as usize - 100).unwrap();
        assert_eq!(meter.memory(), 4 * STEP);
        assert_eq!(held.grow(1), Err(TooMuch));
        assert_eq!(meter.hold(1).map(drop), Err(TooMuch));
        assert_eq!(meter.guest_is(4 * STEP), Err(TooMuch));
        assert_eq!(meter.beyond().0, 4 * STEP);
        drop(before);
        held.grow(100).unwrap();
        drop(held);
        meter.guest_is(4 * STEP).unwrap();
        assert_eq!((meter.memory(), meter.peak()), (4 * STEP, 4 * STEP));
    }

    #[test]
    fn what_was_held_before_the_start_counts() {
        let meter = Meter::new();
        let _held = meter.hold(1 << 20).unwrap();
        assert_eq!(meter.start(1 << 19), Err(TooMuch));
        assert_eq!(meter.beyond(), (1 << 19, 1 << 20));
    }
}
