//! Counters an operator looks at.

/// A reading of an engine's counters. Counts are since the engine was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Programs served from the cache.
    pub cache_hits: u64,
    /// Programs that had to be compiled.
    pub cache_misses: u64,
    /// Programs in the cache now; approximate while it is changing.
    pub cache_entries: u64,
    /// The lane whose memory stays resident.
    pub hot: LaneStatistics,
    /// The lane whose memory is given back.
    pub overflow: LaneStatistics,
    /// Executions that had to wait for a slot.
    pub waited: u64,
    /// Ticks that [`Engine::tick`](crate::Engine::tick) gave out of turn.
    pub forced_ticks: u64,
}

/// A reading of one lane's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStatistics {
    /// Slots the lane has.
    pub slots: u32,
    /// Slots in use now.
    pub in_use: u32,
    /// Executions started in the lane.
    pub created: u64,
}
