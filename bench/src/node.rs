//! The peer most products use: contexts of Node's `vm`, driven by `node/fresh.mjs`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::figures::Figures;
use crate::reference;

/// The files that Node reads.
pub(crate) struct Node {
    files: Vec<PathBuf>,
    _folder: tempfile::TempDir,
}

#[derive(Deserialize)]
struct Measured {
    output: String,
    /// Milliseconds.
    elapsed: f64,
    /// Milliseconds each.
    times: Vec<f64>,
}

const PROGRAM: &str = include_str!("../node/fresh.mjs");

impl Node {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = [
            ("fresh.mjs", PROGRAM),
            ("reference.js", reference::SCRIPT),
            ("prelude.js", reference::PRELUDE),
            ("input.json", reference::INPUT),
        ];
        let write = |(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        let files: Result<_> = files.into_iter().map(write).collect();
        Ok(Self {
            files: files?,
            _folder: folder,
        })
    }

    pub(crate) fn output(&self) -> Result<String> {
        Ok(self.run(1, 1)?.output)
    }

    pub(crate) fn measure(&self, threads: usize, executions: usize) -> Result<Figures> {
        let measured = self.run(threads, executions)?;
        let millis = |millis: f64| Duration::from_secs_f64(millis / 1_000.0);
        let times = measured.times.into_iter().map(millis).collect();
        Figures::of(times, millis(measured.elapsed))
    }

    fn run(&self, threads: usize, executions: usize) -> Result<Measured> {
        let output = Command::new("node")
            .args(&self.files)
            .args([threads.to_string(), executions.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .context("node cannot be started; it is one of the peers")?;
        ensure!(output.status.success(), "node failed");
        serde_json::from_slice(&output.stdout).context("node printed something else")
    }
}
