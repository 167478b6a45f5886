//! How many executions go at once: per script by its own limit, and in the process by the number
//! of sandboxes. Who finds no room waits a little, then is refused before the script began.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scriptorium_model::ScriptId;
use scriptorium_model::limits::Limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for executions.
pub(crate) struct Admission {
    process: Arc<Semaphore>,
    patience: Duration,
    scripts: Mutex<HashMap<ScriptId, Lane>>,
}

/// One script's share. Its limit may change between two executions.
struct Lane {
    semaphore: Arc<Semaphore>,
    limit: u32,
}

/// Room that is taken until dropped.
pub(crate) struct Permit {
    _script: OwnedSemaphorePermit,
    _process: OwnedSemaphorePermit,
}

impl Admission {
    pub(crate) fn new(process: usize, patience: Duration) -> Self {
        Self {
            process: Arc::new(Semaphore::new(process)),
            patience,
            scripts: Mutex::default(),
        }
    }

    /// Waits for room. `None` when there was none in time.
    pub(crate) async fn enter(&self, script: ScriptId, limit: u32) -> Option<Permit> {
        let wait = self.wait(script, limit);
        tokio::time::timeout(self.patience, wait)
            .await
            .ok()
            .flatten()
    }

    /// Waits for room as long as it takes. `None` only when the process ends.
    pub(crate) async fn wait(&self, script: ScriptId, limit: u32) -> Option<Permit> {
        // The script's share first: who waits for it must not hold room that others could use.
        let script = self.lane(script, limit).acquire_owned().await.ok()?;
        let process = self.process.clone().acquire_owned().await.ok()?;
        Some(Permit {
            _script: script,
            _process: process,
        })
    }

    /// How many executions of a script may go at once, as far as it is known here.
    pub(crate) fn limit(&self, script: ScriptId) -> u32 {
        let scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts
            .get(&script)
            .map_or(Limits::default().concurrency, |lane| lane.limit)
    }

    /// Executions that go now.
    pub(crate) fn taken(&self, process: usize) -> usize {
        process.saturating_sub(self.process.available_permits())
    }

    fn lane(&self, script: ScriptId, limit: u32) -> Arc<Semaphore> {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        // Lanes that nobody uses or waits for go when there are many.
        if scripts.len() > 10_000 {
            scripts.retain(|_, lane| Arc::strong_count(&lane.semaphore) > 1);
        }
        let lane = scripts
            .entry(script)
            .and_modify(|lane| {
                if lane.limit != limit {
                    *lane = Lane::new(limit);
                }
            })
            .or_insert_with(|| Lane::new(limit));
        lane.semaphore.clone()
    }
}

impl Lane {
    fn new(limit: u32) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(limit as usize)),
            limit,
        }
    }
}
