//! The peers that live in Node: contexts of its `vm`, which most products use, and isolated-vm. Both
//! are driven by `node/runs.mjs`. And Node itself, for the CPU suite.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::figures::Figures;

/// A peer that runs the reference script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A context for each run: no boundary.
    Vm,
    /// An isolate for each run.
    IsolatedVm,
}

/// When the clock of a run starts.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// Before its world is made; the clock stops when that is gone.
    Fresh,
    /// When its world is made and the script loaded; the clock stops with the result.
    Warm,
}

#[derive(Deserialize)]
struct Measured {
    output: String,
    /// Milliseconds.
    elapsed: f64,
    /// Milliseconds each.
    times: Vec<f64>,
}

#[derive(Deserialize)]
struct Held {
    bytes: f64,
}

/// What a kernel returned, and how long it took each time.
#[derive(Deserialize)]
pub(crate) struct Kernel {
    pub(crate) checksum: Value,
    /// Milliseconds.
    times: Vec<f64>,
}

impl Peer {
    /// Why it is not here, if it is not: npm may not have been able to install it.
    pub(crate) fn missing(self) -> Option<&'static str> {
        let installed = bench("node/node_modules/isolated-vm").exists();
        (self == Self::IsolatedVm && !installed).then_some("npm could not install it in bench/node")
    }

    pub(crate) fn output(self) -> Result<String> {
        let measured: Measured = self.run("fresh", 1, 1)?;
        Ok(measured.output)
    }

    pub(crate) fn measure(self, start: Start, threads: usize, runs: usize) -> Result<Figures> {
        let mode = match start {
            Start::Fresh => "fresh",
            Start::Warm => "warm",
        };
        let measured: Measured = self.run(mode, threads, runs)?;
        let times = measured.times.into_iter().map(millis).collect();
        Figures::of(times, millis(measured.elapsed))
    }

    /// Bytes that a run takes which waits in a host call, of so many.
    pub(crate) fn held(self, runs: usize) -> Result<f64> {
        let held: Held = self.run("suspended", 1, runs)?;
        Ok(held.bytes)
    }

    fn run<T: DeserializeOwned>(self, mode: &str, threads: usize, runs: usize) -> Result<T> {
        let engine = match self {
            Self::Vm => "vm",
            Self::IsolatedVm => "isolated-vm",
        };
        let examples = bench("../crates/scriptorium-engine/examples");
        let files = [
            "reference.js",
            "reference_prelude.js",
            "reference_input.json",
        ];
        let mut node = Command::new("node");
        node.arg(bench("node/runs.mjs"))
            .args([engine, mode, &threads.to_string(), &runs.to_string()])
            .args(files.map(|file| examples.join(file)));
        answer(node)
    }
}

/// Runs every kernel so many times; interpreted only, or as Node does it.
pub(crate) fn kernels(names: &[&str], runs: usize, jitless: bool) -> Result<Vec<Kernel>> {
    let mut node = Command::new("node");
    // It says that WebAssembly goes as well, once per process.
    node.args(
        jitless
            .then_some(["--jitless", "--no-expose-wasm"])
            .into_iter()
            .flatten(),
    )
    .arg(bench("node/kernels.mjs"))
    .arg(runs.to_string())
    .args(
        names
            .iter()
            .map(|name| bench("kernels").join(name).with_extension("js")),
    );
    answer(node)
}

impl Kernel {
    pub(crate) fn times(&self) -> impl Iterator<Item = Duration> {
        self.times.iter().copied().map(millis)
    }
}

fn answer<T: DeserializeOwned>(mut node: Command) -> Result<T> {
    let output = node
        .stderr(Stdio::inherit())
        .output()
        .context("node cannot be started; it is one of the peers")?;
    ensure!(output.status.success(), "node failed");
    serde_json::from_slice(&output.stdout).context("node printed something else")
}

fn bench(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn millis(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1_000.0)
}
