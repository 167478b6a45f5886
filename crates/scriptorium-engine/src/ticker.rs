//! The thread that makes running guests look up: it advances the epoch of every lane
//! once per tick, and sleeps while no guest runs. A tick out of turn may come from anybody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use wasmtime::EngineWeak;

use crate::Error;

/// Ticks without a running guest before the thread goes to sleep. Waking it costs the
/// execution that does it some microseconds, so it does not sleep at once.
const IDLE_TICKS: u32 = 50;

/// Between ticks out of turn at least this long goes by: whoever asks for many of them
/// must not make guests look up all the time.
const PAUSE: Duration = Duration::from_micros(250);

/// A handle on the thread; the thread ends with it.
pub(crate) struct Ticker(Arc<Shared>);

struct Shared {
    engines: RwLock<Vec<EngineWeak>>,
    /// A guest ran since the last tick.
    seen: AtomicBool,
    awake: AtomicBool,
    stop: AtomicBool,
    /// A tick out of turn is wanted that could not be given at once.
    wanted: AtomicBool,
    /// When the last tick out of turn was, in microseconds after `began`.
    forced_at: AtomicU64,
    forced: AtomicU64,
    began: Instant,
    thread: OnceLock<Thread>,
}

impl Ticker {
    pub(crate) fn start(tick: Duration) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            engines: RwLock::default(),
            seen: AtomicBool::new(false),
            awake: AtomicBool::new(true),
            stop: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            forced_at: AtomicU64::new(0),
            forced: AtomicU64::new(0),
            began: Instant::now(),
            thread: OnceLock::new(),
        });
        let handle = thread::Builder::new()
            .name("engine-ticker".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run(tick)
            })
            .map_err(Error::Thread)?;
        let _ = shared.thread.set(handle.thread().clone());
        Ok(Self(shared))
    }

    /// Counts for one more engine, for as long as that lives.
    pub(crate) fn add(&self, engine: EngineWeak) {
        let engines = &self.0.engines;
        let mut engines = engines.write().unwrap_or_else(PoisonError::into_inner);
        engines.retain(|known| known.upgrade().is_some());
        engines.push(engine);
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

    /// Makes every running guest look up now, or a fraction of a millisecond later when the
    /// last such call was only just before.
    pub(crate) fn tick_now(&self) {
        if !self.0.tick_out_of_turn() && !self.0.wanted.swap(true, Ordering::SeqCst) {
            self.0.wake();
        }
    }

    /// Ticks given out of turn.
    pub(crate) fn forced(&self) -> u64 {
        self.0.forced.load(Ordering::Relaxed)
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

    fn run(&self, tick: Duration) {
        let mut idle = 0;
        while !self.stop.load(Ordering::SeqCst) {
            self.sleep(tick);
            self.wanted.store(false, Ordering::SeqCst);
            self.advance();
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

    /// Sleeps for a tick, and gives the ticks out of turn that fall into it.
    fn sleep(&self, tick: Duration) {
        let until = Instant::now() + tick;
        while !self.stop.load(Ordering::SeqCst) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            if !self.wanted.load(Ordering::SeqCst) {
                thread::park_timeout(left);
            } else if self.tick_out_of_turn() {
                self.wanted.store(false, Ordering::SeqCst);
            } else {
                thread::sleep(left.min(PAUSE));
            }
        }
    }

    fn advance(&self) {
        let engines = self.engines.read().unwrap_or_else(PoisonError::into_inner);
        for engine in engines.iter().filter_map(EngineWeak::upgrade) {
            engine.increment_epoch();
        }
    }

    /// False when the last one was too short a time ago.
    fn tick_out_of_turn(&self) -> bool {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let last = self.forced_at.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= PAUSE.as_micros() as u64;
        // Of several at once, one does it for all.
        let ours = due
            && self
                .forced_at
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if ours {
            self.forced.fetch_add(1, Ordering::Relaxed);
            self.advance();
        }
        due
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
        let ticker = Ticker::start(Duration::from_micros(100)).unwrap();
        let asleep = || !ticker.0.awake.load(Ordering::SeqCst);
        for _ in 0..3 {
            wait_until(asleep);
            ticker.guest_runs();
            // Only a thread that runs takes the note away.
            wait_until(|| !ticker.0.seen.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn tick_out_of_turn_does_not_wait_for_the_next() {
        let ticker = Ticker::start(Duration::from_secs(3600)).unwrap();
        for expected in 1..=3 {
            ticker.tick_now();
            wait_until(|| ticker.forced() == expected);
        }
    }

    #[test]
    fn dropped_ticker_ends_its_thread() {
        let ticker = Ticker::start(Duration::from_micros(100)).unwrap();
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
