//! Counters an operator looks at.

use std::time::Duration;

/// A reading of an engine's counters. Counts are since the engine was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Programs served from the cache.
    pub cache_hits: u64,
    /// Programs that had to be compiled.
    pub cache_misses: u64,
    /// Programs in the cache now; approximate while it is changing.
    pub cache_entries: u64,
    /// What programs leave in memory once they are loaded, kept for their next executions: bytes of
    /// it, at most 128 MiB.
    pub image_bytes: u64,
    /// Executions that began there.
    pub image_starts: u64,
    /// The lanes whose memory stays resident.
    pub hot: LaneStatistics,
    /// The lanes whose memory is given back.
    pub overflow: LaneStatistics,
    /// Executions that had a slot at once.
    pub at_once: u64,
    /// Executions that had to wait for a slot, or for a lane to be added.
    pub waited: u64,
    /// For how long, all together.
    pub wait: Duration,
    /// Lanes that could not be added.
    pub failed_lanes: u64,
    /// Ticks that [`Engine::tick`](crate::Engine::tick) gave out of turn.
    pub forced_ticks: u64,
}

/// A reading of the counters of one kind of lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStatistics {
    /// Lanes there are now.
    pub lanes: u32,
    /// Slots they have.
    pub slots: u32,
    /// Slots in use now.
    pub in_use: u32,
    /// Executions started in them.
    pub started: u64,
    /// Lanes added.
    pub added: u64,
    /// Lanes dropped.
    pub dropped: u64,
}
