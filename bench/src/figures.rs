//! What one measurement gives, and how several become one. Knows nothing of what is measured.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Half were at least as fast.
    pub(crate) p50: Duration,
    /// One in a hundred was slower.
    pub(crate) p99: Duration,
    /// Ended per second, over all threads.
    pub(crate) per_second: f64,
}

impl Figures {
    /// Of the duration of each operation, and of the time all of them took together.
    pub(crate) fn of(mut times: Vec<Duration>, elapsed: Duration) -> Result<Self> {
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied();
        Ok(Self {
            p50: at(50).context("nothing was measured")?,
            p99: at(99).context("nothing was measured")?,
            per_second: times.len() as f64 / elapsed.as_secs_f64(),
        })
    }
}

/// Several measurements of the same, of which the middle one counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    /// The one with the middle p50.
    pub(crate) middle: Figures,
    /// How much slower the p50 of the slowest was than that of the fastest: 0.1 is a tenth.
    pub(crate) spread: f64,
}

impl Rounds {
    pub(crate) fn of(mut rounds: Vec<Figures>) -> Result<Self> {
        rounds.sort_unstable_by_key(|figures| figures.p50);
        let (Some(first), Some(last)) = (rounds.first(), rounds.last()) else {
            return Err(anyhow!("there was no round"));
        };
        Ok(Self {
            middle: rounds[rounds.len() / 2],
            spread: last.p50.as_secs_f64() / first.p50.as_secs_f64() - 1.0,
        })
    }
}

/// Runs the operation of a worker `executions` times on each thread, after a tenth of that to warm
/// up. The workers are made on their threads and begin together.
pub(crate) fn on_threads<W>(
    threads: usize,
    executions: usize,
    worker: impl Fn() -> Result<W> + Sync,
) -> Result<Figures>
where
    W: FnMut() -> Result<()>,
{
    let ready = Barrier::new(threads);
    let work = || -> Result<(Vec<Duration>, Duration)> {
        let made = worker().and_then(|mut run| {
            for _ in 0..executions / 10 {
                run()?;
            }
            Ok(run)
        });
        // Reached by failed workers too, so that nobody waits for them for ever.
        ready.wait();
        let mut run = made?;
        let mut times = Vec::with_capacity(executions);
        let began = Instant::now();
        for _ in 0..executions {
            let one = Instant::now();
            run()?;
            times.push(one.elapsed());
        }
        Ok((times, began.elapsed()))
    };
    let (mut times, mut elapsed) = (Vec::new(), Duration::ZERO);
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let (own, took) = worker.join().map_err(|_| anyhow!("a worker panicked"))??;
            times.extend(own);
            elapsed = elapsed.max(took);
        }
        Ok(())
    })?;
    Figures::of(times, elapsed)
}
