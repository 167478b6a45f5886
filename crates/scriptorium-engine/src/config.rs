//! How an engine is set up.

use std::path::PathBuf;
use std::time::Duration;

/// The prelude used when the embedder gives none: `console` only, and an entry that
/// receives `invocation.args`.
pub const DEFAULT_PRELUDE: &str = include_str!("prelude.js");

/// How an engine is set up. `Config::default()` is right for tests and small hosts.
#[derive(Clone, Debug)]
pub struct Config {
    /// JavaScript evaluated once when the snapshot is made: the body of a function with
    /// the parameter `host`, returning `{ enter }`. Default [`DEFAULT_PRELUDE`].
    pub prelude: String,
    /// Where the compiled guest is kept between starts. The directory must be writable
    /// by the service alone: loading from it is as good as running native code.
    /// Default `None`: compile at every start, which takes about a second.
    pub cache_dir: Option<PathBuf>,
    /// Most executions whose memory stays resident between uses: fastest. Default 64.
    pub hot_slots: u32,
    /// Most further executions, whose memory is given back after each. Default 448.
    pub overflow_slots: u32,
    /// Slots of a lane. Lanes are added when those there are are nearly full, and dropped by
    /// [`Engine::shrink`](crate::Engine::shrink). Default 64.
    pub lane_slots: u32,
    /// The largest [`Limits::memory_bytes`](crate::Limits::memory_bytes) that works;
    /// more is cut to it. Default 512 MiB.
    pub max_memory_bytes: u64,
    /// How often limits are checked and a busy script lets others run. Default 5 ms.
    pub tick: Duration,
    /// Leaves `eval` and `Function` on. Only for hosts with a single tenant. Default off.
    pub allow_eval: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            prelude: DEFAULT_PRELUDE.to_owned(),
            cache_dir: None,
            hot_slots: 64,
            overflow_slots: 448,
            lane_slots: 64,
            max_memory_bytes: 512 << 20,
            tick: Duration::from_millis(5),
            allow_eval: false,
        }
    }
}
