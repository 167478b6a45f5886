//! The CPU suite: small programs that compute and wait for nothing. Each returns a checksum, which
//! must be the same in every engine.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::engine::Script;
use crate::figures::micros;
use crate::node;
use crate::processor;
use crate::quickjs::Bytecode;

macro_rules! kernels {
    ($($name:literal)*) => {
        /// Name and text of every kernel.
        const KERNELS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../kernels/", $name, ".js")))),*];
    };
}

kernels! {
    "fib" "array" "objects" "string" "json" "regex" "sort" "collections" "classes"
    "bodies" "matrix" "scheduler" "tokens"
}

/// Medians of one kernel.
#[derive(Serialize)]
pub(crate) struct Kernel {
    pub(crate) name: &'static str,
    #[serde(rename = "ours_us", serialize_with = "micros")]
    pub(crate) ours: Duration,
    #[serde(rename = "native_us", serialize_with = "micros")]
    pub(crate) native: Duration,
    /// Node that only interprets.
    #[serde(rename = "jitless_us", serialize_with = "micros")]
    pub(crate) jitless: Duration,
    #[serde(rename = "node_us", serialize_with = "micros")]
    pub(crate) node: Duration,
}

/// How an engine does beside native QuickJS-NG: more is slower.
#[derive(Serialize)]
pub(crate) struct Ratios {
    pub(crate) ours: f64,
    pub(crate) jitless: f64,
    pub(crate) node: f64,
}

impl Kernel {
    pub(crate) fn ratios(&self) -> Ratios {
        let to_native = |time: Duration| time.as_secs_f64() / self.native.as_secs_f64();
        Ratios {
            ours: to_native(self.ours),
            jitless: to_native(self.jitless),
            node: to_native(self.node),
        }
    }
}

impl Ratios {
    /// Geometric means over the suite.
    pub(crate) fn of(kernels: &[Kernel]) -> Self {
        let mean = |ratio: fn(Ratios) -> f64| {
            let logarithms = kernels.iter().map(|kernel| ratio(kernel.ratios()).ln());
            (logarithms.sum::<f64>() / kernels.len() as f64).exp()
        };
        Self {
            ours: mean(|ratios| ratios.ours),
            jitless: mean(|ratios| ratios.jitless),
            node: mean(|ratios| ratios.node),
        }
    }
}

/// Runs every kernel so many times in each engine, on one processor. Ours and native QuickJS-NG take
/// turns, each time in a new world, which is part of the time.
pub(crate) fn measure(runs: usize) -> Result<Vec<Kernel>> {
    processor::on_one(|| {
        let names: Vec<&str> = KERNELS.iter().map(|(name, _)| *name).collect();
        let jitless = node::kernels(&names, runs, true)?;
        let compiled = node::kernels(&names, runs, false)?;
        let bytecode = Bytecode::new(KERNELS)?;
        let ours = Script::plain(KERNELS.iter().copied())?;
        let peers = jitless.iter().zip(&compiled);
        let kernels = names.into_iter().zip(&ours).zip(peers);
        kernels
            .map(|((name, ours), (jitless, compiled))| {
                let mut times = (Vec::new(), Vec::new());
                for _ in 0..runs {
                    times
                        .0
                        .push(timed(name, &jitless.checksum, || ours.output())?);
                    times
                        .1
                        .push(timed(name, &jitless.checksum, || bytecode.call(name))?);
                }
                same(name, &jitless.checksum, &compiled.checksum)?;
                Ok(Kernel {
                    name,
                    ours: median(times.0)?,
                    native: median(times.1)?,
                    jitless: median(jitless.times())?,
                    node: median(compiled.times())?,
                })
            })
            .collect()
    })
}

fn timed(name: &str, expected: &Value, run: impl Fn() -> Result<String>) -> Result<Duration> {
    let began = Instant::now();
    let output = run()?;
    let took = began.elapsed();
    same(name, expected, &serde_json::from_str(&output)?)?;
    Ok(took)
}

fn same(name: &str, expected: &Value, checksum: &Value) -> Result<()> {
    ensure!(
        checksum == expected,
        "{name} gives {checksum}, and elsewhere {expected}"
    );
    Ok(())
}

fn median(times: impl IntoIterator<Item = Duration>) -> Result<Duration> {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .copied()
        .context("nothing was measured")
}
