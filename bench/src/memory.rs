//! What this process uses, as the kernel counts it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};

/// Bytes that are resident now. What is mapped several times counts as often.
pub(crate) fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next());
    let kibibytes: u64 = kibibytes
        .context("no VmRSS in /proc/self/status")?
        .parse()?;
    Ok(kibibytes << 10)
}

/// The processor time of all its threads so far.
pub(crate) fn processor_time() -> Result<Duration> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(
        used.tv_sec.try_into()?,
        used.tv_nsec.try_into()?,
    ))
}
