//! One processor for what is compared on one thread: nothing an engine starts finds a second one.

use anyhow::{Context as _, Result, anyhow};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Does the work on a thread that may use the last of our processors only, as may every thread and
/// program that it starts.
pub(crate) fn on_one<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pinned = || {
        let ours = sched_getaffinity(None)?;
        let last = (0..CpuSet::MAX_CPU).rfind(|number| ours.is_set(*number));
        let mut one = CpuSet::new();
        one.set(last.context("there is no processor")?);
        sched_setaffinity(None, &one)?;
        work()
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(pinned);
        thread
            .join()
            .map_err(|_| anyhow!("a measurement panicked"))?
    })
}
