//! Executions that wait: thousands of reference scripts in their first host call at once, which hold
//! memory and no thread; then all of them are answered, and each must end with the right result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::{Lane, Script};
use crate::figures::micros;
use crate::memory;
use crate::platform::runtime;

/// They wait for each other, and longer than an execution may by default.
const WALL: Duration = Duration::from_secs(300);

/// What waiting costs.
#[derive(Serialize)]
pub(crate) struct Suspended {
    pub(crate) executions: usize,
    /// Resident memory of the process before the first, while all wait, and after the last.
    pub(crate) before_bytes: u64,
    pub(crate) waiting_bytes: u64,
    pub(crate) after_bytes: u64,
    /// From the first answer to the last result.
    #[serde(rename = "resumed_us", serialize_with = "micros")]
    pub(crate) resumed: Duration,
}

impl Suspended {
    /// KiB that each takes.
    pub(crate) fn each(&self) -> f64 {
        let more = self.waiting_bytes.saturating_sub(self.before_bytes);
        more as f64 / 1024.0 / self.executions as f64
    }
}

/// Suspends so many executions at once in overflow lanes.
pub(crate) fn measure(executions: usize) -> Result<Suspended> {
    let script = Script::reference(Lane::Overflow, u32::try_from(executions)?)?;
    let expected: Arc<str> = script.output()?.into();
    runtime()?.block_on(async {
        let before_bytes = memory::resident()?;
        let (open, opened) = watch::channel(false);
        let (calls, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let mut under_way = JoinSet::<Result<()>>::new();
        for _ in 0..executions {
            let (calls, all, opened) = (calls.clone(), all.clone(), opened.clone());
            let wait = move || {
                if calls.fetch_add(1, Ordering::Relaxed) + 1 == executions {
                    all.notify_one();
                }
                let mut opened = opened.clone();
                async move {
                    // Also when whoever would open it has given up.
                    let _ = opened.wait_for(|open| *open).await;
                }
            };
            let (script, expected) = (script.clone(), expected.clone());
            under_way.spawn(async move {
                let output = script.run_held(wait, WALL).await?;
                ensure!(*output == *expected, "a resumed script gives {output}");
                Ok(())
            });
        }
        tokio::select! {
            () = all.notified() => {}
            Some(ended) = under_way.join_next() => {
                ended??;
                bail!("an execution ended before it was answered");
            }
        }
        ensure!(under_way.len() == executions, "not all are under way");
        let waiting_bytes = memory::resident()?;
        let began = Instant::now();
        open.send_replace(true);
        let mut ended = 0;
        while let Some(one) = under_way.join_next().await {
            one.context("an execution panicked")??;
            ended += 1;
        }
        ensure!(ended == executions, "{ended} of {executions} ended");
        Ok(Suspended {
            executions,
            before_bytes,
            waiting_bytes,
            after_bytes: memory::resident()?,
            resumed: began.elapsed(),
        })
    })
}
