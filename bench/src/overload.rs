//! More than the server can do: requests come at twice and at five times the rate at which it is
//! saturated, for a minute each, whatever becomes of them. What can be done is to be done, the rest
//! refused at once, and afterwards everything is to be as it was.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use hyper::StatusCode;
use serde::Serialize;

use crate::arrivals::{Arrival, Phase, send};
use crate::endpoint;
use crate::figures::{Figures, micros, percentile};
use crate::memory;
use crate::platform::activate;
use crate::site::{Site, endpoint as public};

/// A tenant as an operator gets it by default: five executions at once, a hundred callers that wait.
const TENANT: &str = "shop";
const PATH: &str = "/t/shop/api/scripts/work";
/// Some milliseconds of processor time: what it takes to refuse is small beside that.
const SCRIPT: &str = "export default () => {
    let sum = 0;
    for (let i = 0; i < 100000; i++) sum = (sum * 31 + i) & 0xffff;
    return sum;
}";
const BODY: &str = "9040";

/// How many times the rate of saturation.
const LEVELS: [u32; 2] = [2, 5];
/// A calm before the overload, and what is looked at after it.
const CALM: Duration = Duration::from_secs(10);
/// Percentiles of calm times are those of windows this long.
const WINDOW: Duration = Duration::from_secs(1);
/// How often memory is read.
const LOOK: Duration = Duration::from_millis(100);

/// What the server did.
#[derive(Serialize)]
pub(crate) struct Overload {
    /// As fast as it answers.
    pub(crate) saturated: Figures,
    pub(crate) seconds: f64,
    pub(crate) levels: Vec<Level>,
}

/// At one rate.
#[derive(Serialize)]
pub(crate) struct Level {
    /// The rate over that of saturation.
    pub(crate) times: u32,
    /// What was completed while the overload lasted, over what saturation completes in that time.
    pub(crate) completed: f64,
    /// Durations of what was completed.
    pub(crate) served: Figures,
    /// Durations of what was refused.
    pub(crate) refused: Option<Figures>,
    /// Answers that were neither, and requests without one.
    pub(crate) failed: usize,
    /// The most that was resident before, in the first and in the second half of the overload, and after it.
    pub(crate) resident_bytes: [u64; 4],
    /// The worst p99 of a second, at half of saturation, before the overload.
    #[serde(rename = "calm_p99_us", serialize_with = "micros")]
    pub(crate) calm: Duration,
    /// From the end of the overload until a second is over whose p99 is no worse than that.
    pub(crate) calm_again_seconds: Option<f64>,
}

/// Saturates the endpoint, then overloads it at each level for so long.
pub(crate) fn measure(time: Duration) -> Result<Overload> {
    let site = Site::start()?;
    let measured = site
        .runtime
        .block_on(async {
            let (_, author) = site.world.tenant(TENANT).await?;
            let (platform, trigger) = (&site.world.platform, public("/work"));
            activate(platform, &author, "work", trigger, SCRIPT).await
        })
        .and_then(|_| {
            let load = |time| endpoint::load(site.address, PATH, BODY, time, None);
            load(CALM / 5)?;
            let saturated = load(CALM)?;
            let levels = LEVELS.map(|times| level(&site, saturated.per_second, times, time));
            Ok(Overload {
                saturated,
                seconds: time.as_secs_f64(),
                levels: levels.into_iter().collect::<Result<_>>()?,
            })
        });
    site.stop()?;
    measured
}

fn level(site: &Site, saturation: f64, times: u32, time: Duration) -> Result<Level> {
    let half = Phase {
        per_second: saturation / 2.0,
        time: CALM,
    };
    let over = Phase {
        per_second: saturation * f64::from(times),
        time,
    };
    let (mut arrivals, resident) = while_looking(|| {
        let mut arrivals = send(site.address, PATH, &[half, over, half])?;
        arrivals.sort_unstable_by_key(|arrival| arrival.due);
        Ok(arrivals)
    })?;
    let most = |from: Duration, to: Duration| {
        let within = resident.iter().filter(|(at, _)| (from..to).contains(at));
        within.map(|(_, bytes)| *bytes).max().unwrap_or_default()
    };
    let (begin, middle, end) = (CALM, CALM + time / 2, CALM + time);
    let is = |status: &'static [StatusCode]| {
        move |one: &&Arrival| one.status.is_some_and(|own| status.contains(&own))
    };
    let served = is(&[StatusCode::OK]);
    let refused = is(&[
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ]);
    let calm = windows(&arrivals, Duration::ZERO, begin)
        // The first second opens connections.
        .skip(1)
        .max()
        .context("there was no calm second")?;
    let again = windows(&arrivals, end, end + CALM).position(|p99| p99 <= calm);
    let completed = arrivals.iter().filter(served);
    let completed = completed.filter(|one| (begin..end).contains(&one.ended()));
    let completed = completed.count() as f64 / time.as_secs_f64() / saturation;
    arrivals.retain(|one| (begin..end).contains(&one.due));
    let figures = |of: &dyn Fn(&&Arrival) -> bool| {
        Figures::of(
            arrivals.iter().filter(of).map(|one| one.took).collect(),
            time,
        )
    };
    let failed = arrivals.iter().filter(|one| !served(one) && !refused(one));
    Ok(Level {
        times,
        completed,
        served: figures(&served)?,
        // Nothing may have been refused.
        refused: figures(&refused).ok(),
        failed: failed.count(),
        resident_bytes: [
            most(Duration::ZERO, begin),
            most(begin, middle),
            most(middle, end),
            most(end, end + CALM),
        ],
        calm,
        calm_again_seconds: again.map(|number| (WINDOW * (number as u32 + 1)).as_secs_f64()),
    })
}

/// The p99 of each second, of what came in it.
fn windows(arrivals: &[Arrival], from: Duration, to: Duration) -> impl Iterator<Item = Duration> {
    let count = (to - from).as_secs() / WINDOW.as_secs();
    (0..count as u32).filter_map(move |number| {
        let begin = from + WINDOW * number;
        let within = arrivals
            .iter()
            .filter(|one| (begin..begin + WINDOW).contains(&one.due));
        let mut times: Vec<Duration> = within.map(|one| one.took).collect();
        times.sort_unstable();
        percentile(&times, 99)
    })
}

/// Does the work and reads the resident memory meanwhile, each time with the time since the beginning.
fn while_looking<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<(Duration, u64)>)> {
    let (done, seen) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let looker = scope.spawn(|| -> Result<()> {
            while !done.load(Ordering::Relaxed) {
                let now = (began.elapsed(), memory::resident()?);
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(now);
                std::thread::sleep(LOOK);
            }
            Ok(())
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        looker
            .join()
            .map_err(|_| anyhow!("the looker panicked"))??;
        result
    })
    .map(|result| {
        (
            result,
            seen.into_inner().unwrap_or_else(PoisonError::into_inner),
        )
    })
}
