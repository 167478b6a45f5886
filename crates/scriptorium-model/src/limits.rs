//! What one execution may use (design 4.4). A limit's refusal is an outcome, not an error.

use std::time::Duration;

use crate::Invalid;

/// Limits of a script; every field within its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time from the first instruction.
    pub wall: Duration,
    /// CPU time; at most the wall time.
    pub cpu: Duration,
    /// Guest heap above the snapshot plus what the host holds for the execution, in bytes.
    pub memory_bytes: u64,
    /// Calls of db, http, storage, cache and events.
    pub api_calls: u32,
    /// Calls of services, notifications and templates.
    pub service_calls: u32,
    /// Size of the result in bytes.
    pub output_bytes: u64,
    /// Executions of the script at once.
    pub concurrency: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(30),
            cpu: Duration::from_secs(10),
            memory_bytes: 64 << 20,
            api_calls: 100,
            service_calls: 1_000,
            output_bytes: 1 << 20,
            concurrency: 5,
        }
    }
}

/// Log lines kept of one execution; further ones are dropped and counted.
pub const LOG_LINES: u32 = 1_000;
/// Bytes of log text kept of one execution.
pub const LOG_BYTES: usize = 256 << 10;
/// Largest source in bytes (R-VAL-04).
pub const SOURCE_BYTES: usize = 100_000;

impl Limits {
    /// Checks every figure against its range.
    ///
    /// # Errors
    /// Each field outside its range, with the range.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let mut range = |field: &str, value: u64, min: u64, max: u64| {
            if !(min..=max).contains(&value) {
                invalid
                    .push(
                        format!("limits.{field}"),
                        "out_of_range",
                        format!("must be {min} to {max}"),
                    )
                    .with("min", min)
                    .with("max", max);
            }
        };
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        range("wall_ms", millis(self.wall), 10, 300_000);
        range("cpu_ms", millis(self.cpu), 1, millis(self.wall).max(1));
        range("memory_bytes", self.memory_bytes, 1 << 20, 512 << 20);
        range("api_calls", self.api_calls.into(), 1, 10_000);
        range("service_calls", self.service_calls.into(), 1, 10_000);
        range("output_bytes", self.output_bytes, 1 << 10, 10 << 20);
        range("concurrency", self.concurrency.into(), 1, 20);
        invalid.or(self)
    }
}
