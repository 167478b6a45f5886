//! The thread that makes running guests look up: it advances the epoch of every lane
//! once per tick, and sleeps while no guest runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::Error;

/// Ticks without a running guest before the thread goes to sleep. Waking it costs the
/// execution that does it some microseconds, so it does not sleep at once.
const IDLE_TICKS: u32 = 50;

/// A handle on the thread; the thread ends with it.
pub(crate) struct Ticker(Arc<Shared>);

struct Shared {
    /// A guest ran since the last tick.
    seen: AtomicBool,
    awake: AtomicBool,
    stop: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Ticker {
    pub(crate) fn start(engines: Vec<EngineWeak>, tick: Duration) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            seen: AtomicBool::new(false),
            awake: AtomicBool::new(true),
            stop: AtomicBool::new(false),
            thread: OnceLock::new(),
        });
        let handle = thread::Builder::new()
            .name("engine-ticker".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run(&engines, tick)
            })
            .map_err(Error::Thread)?;
        let _ = shared.thread.set(handle.thread().clone());
        Ok(Self(shared))
    }

    /// Says that a guest runs now. To be called whenever one is entered or looks up.
    pub(crate) fn guest_runs(&self) {
        if !self.0.seen.load(Ordering::Relaxed) {
            // Sequentially consistent, like the other side in `run`: either this side
            // sees that the thread sleeps, or the thread sees that a guest runs.
            self.0.seen.store(true, Ordering::SeqCst);
            if !self.0.awake.load(Ordering::SeqCst) {
                self.0.wake();
            }
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
        self.0.wake();
    }
}

impl Shared {
    fn wake(&self) {
        self.awake.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn run(&self, engines: &[EngineWeak], tick: Duration) {
        let mut idle = 0;
        while !self.stop.load(Ordering::SeqCst) {
            thread::sleep(tick);
            for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
            }
            if self.seen.swap(false, Ordering::SeqCst) {
                idle = 0;
                continue;
            }
            idle += 1;
            if idle < IDLE_TICKS {
                continue;
            }
            self.awake.store(false, Ordering::SeqCst);
            while !self.seen.load(Ordering::SeqCst)
                && !self.awake.load(Ordering::SeqCst)
                && !self.stop.load(Ordering::SeqCst)
            {
                thread::park();
            }
            self.awake.store(true, Ordering::SeqCst);
            idle = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_until(what: impl Fn() -> bool) {
        while !what() {
            thread::yield_now();
        }
    }

    #[test]
    fn idle_ticker_sleeps_until_a_guest_runs() {
        let ticker = Ticker::start(Vec::new(), Duration::from_micros(100)).unwrap();
        let asleep = || !ticker.0.awake.load(Ordering::SeqCst);
        for _ in 0..3 {
            wait_until(asleep);
            ticker.guest_runs();
            // Only a thread that runs takes the note away.
            wait_until(|| !ticker.0.seen.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn dropped_ticker_ends_its_thread() {
        let ticker = Ticker::start(Vec::new(), Duration::from_micros(100)).unwrap();
        let shared = Arc::downgrade(&ticker.0);
        wait_until(|| {
            shared
                .upgrade()
                .is_some_and(|s| !s.awake.load(Ordering::SeqCst))
        });
        drop(ticker);
        wait_until(|| shared.strong_count() == 0);
    }
}
