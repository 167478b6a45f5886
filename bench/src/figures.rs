//! What one measurement gives, and how several become one. Knows nothing of what is measured.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde::{Serialize, Serializer};

/// What one measurement gave.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Figures {
    /// Half were at least as fast.
    #[serde(rename = "p50_us", serialize_with = "micros")]
    pub(crate) p50: Duration,
    /// One in a hundred was slower.
    #[serde(rename = "p99_us", serialize_with = "micros")]
    pub(crate) p99: Duration,
    /// Ended per second, over all threads.
    pub(crate) per_second: f64,
}

impl Figures {
    /// Of the duration of each operation, and of the time all of them took together.
    pub(crate) fn of(mut times: Vec<Duration>, elapsed: Duration) -> Result<Self> {
        times.sort_unstable();
        Ok(Self {
            p50: percentile(&times, 50).context("nothing was measured")?,
            p99: percentile(&times, 99).context("nothing was measured")?,
            per_second: times.len() as f64 / elapsed.as_secs_f64(),
        })
    }
}

/// Of durations in order, the one that so many of a hundred are below.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    sorted.get(sorted.len() * percent / 100).copied()
}

/// Several measurements of the same, of which the middle one counts.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Rounds {
    /// The one with the middle p50.
    #[serde(flatten)]
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

/// Durations in JSON are microseconds, as their names say there.
pub(crate) fn micros<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64() * 1e6)
}

/// Runs the operation of a worker `executions` times on each thread, after a tenth of that to warm
/// up. The workers are made on their threads and begin together. An operation says how long the
/// part of it took that is to be measured.
pub(crate) fn on_threads<W>(
    threads: usize,
    executions: usize,
    worker: impl Fn() -> Result<W> + Sync,
) -> Result<Figures>
where
    W: FnMut() -> Result<Duration>,
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
            times.push(run()?);
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
