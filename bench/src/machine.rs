//! Where and when the figures were measured, without which they say nothing.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// The machine, its load before the first measurement, and the state of the tree.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    /// Tasks that wanted to run in the last minute.
    pub(crate) load: f64,
    pub(crate) commit: String,
    pub(crate) date: String,
    pub(crate) node: String,
    /// Whether the program was optimised.
    pub(crate) release: bool,
}

impl Machine {
    pub(crate) fn look() -> Result<Self> {
        let load = fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').next().unwrap_or_default();
        Ok(Self {
            processor: processor()?,
            cores: std::thread::available_parallelism()?.get(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            load: load.parse().context("/proc/loadavg is no number")?,
            commit: said_by("git", &["describe", "--always", "--dirty"])?,
            date: today(),
            node: said_by("node", &["--version"])?,
            release: !cfg!(debug_assertions),
        })
    }

    /// Whether others used the machine when the measurements began.
    pub(crate) fn is_busy(&self) -> bool {
        self.load > 0.5
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the date of a measurement is the real one"
)]
fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

fn processor() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Ok(name
        .map_or("unknown processor", |(_, name)| name)
        .to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("{program} cannot be started"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
