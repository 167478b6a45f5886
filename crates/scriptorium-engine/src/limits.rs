//! The limits of one execution. None of them can be caught by the script.

use std::time::Duration;

/// What one execution may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from the first instruction, waiting included. Default 30 s.
    pub wall: Duration,
    /// Processor time. Default 10 s.
    pub cpu: Duration,
    /// Guest memory above the snapshot and what the host holds for the execution, together,
    /// rounded up to 64 KiB. Default 64 MiB.
    pub memory_bytes: u64,
    /// Host calls of class [`CallClass::Io`](crate::CallClass::Io). Default 100.
    pub io_calls: u32,
    /// Host calls of class [`CallClass::Service`](crate::CallClass::Service). Default 1,000.
    pub service_calls: u32,
    /// Size of the result's JSON text. Default 1 MiB.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(30),
            cpu: Duration::from_secs(10),
            memory_bytes: 64 << 20,
            io_calls: 100,
            service_calls: 1000,
            output_bytes: 1 << 20,
        }
    }
}
