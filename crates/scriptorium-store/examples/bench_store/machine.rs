//! Where and when the figures were measured, without which they say nothing; and how long the disk
//! takes to make a page durable, beside which every durable figure is to be read.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::asking::Times;
use crate::report::time;

/// The machine, and its disk before the first measurement.
pub(crate) struct Machine {
    processor: String,
    memory_gib: u64,
    commit: String,
    /// A page of 4 KiB appended and durable.
    pub(crate) fsync: Times,
    /// The file system of the measured files.
    filesystem: String,
}

impl Machine {
    /// Looks around; `dir` is where the databases will be.
    pub(crate) fn look(dir: &Path) -> Result<Self> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|line| line.split_once(':'));
            value.map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
        };
        let memory = after(&read("/proc/meminfo"), "MemTotal");
        let memory = memory.split(' ').next().and_then(|kib| kib.parse().ok());
        Ok(Self {
            processor: after(&read("/proc/cpuinfo"), "model name"),
            memory_gib: memory.unwrap_or(0_u64).div_ceil(1 << 20),
            commit: commit(),
            fsync: fsync(dir)?,
            filesystem: filesystem(dir, &read("/proc/mounts")),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let profile = if cfg!(debug_assertions) {
            "dev profile with debug assertions"
        } else {
            "release profile"
        };
        write!(
            f,
            "{}, {cores} cores, {} GiB; {}, a page of 4 KiB durable in {} (p50), {} (p99); {profile}; \
             commit {}, {}",
            self.processor,
            self.memory_gib,
            self.filesystem,
            time(self.fsync.p50),
            time(self.fsync.p99),
            self.commit,
            jiff::Timestamp::now().strftime("%Y-%m-%d"),
        )
    }
}

/// How many tasks wanted to run in the last minute.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

/// Appends a page and waits for the disk, again and again.
fn fsync(dir: &Path) -> Result<Times> {
    let path = dir.join(format!("scriptorium-bench-fsync-{}", std::process::id()));
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let mut times = Vec::new();
    for _ in 0..300 {
        let begin = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    std::fs::remove_file(path)?;
    Times::of(times)
}

/// What kind of file system a directory is on: the longest mount point that it is under.
fn filesystem(dir: &Path, mounts: &str) -> String {
    let dir = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        dir.starts_with(point).then_some((point.len(), kind))
    });
    mounts
        .max_by_key(|(length, _)| *length)
        .map_or("unknown file system", |(_, kind)| kind)
        .to_owned()
}

fn commit() -> String {
    let said = std::process::Command::new("git")
        .args([
            "-C",
            env!("CARGO_MANIFEST_DIR"),
            "describe",
            "--always",
            "--dirty",
        ])
        .output();
    said.ok()
        .and_then(|said| String::from_utf8(said.stdout).ok())
        .map_or_else(|| "unknown".into(), |text| text.trim().to_owned())
}
