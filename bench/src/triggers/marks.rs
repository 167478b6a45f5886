//! When a script was where: a service of the host's that it calls first thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use scriptorium::{Service, ServiceError};
use serde_json::Value;
use tokio::sync::Notify;

/// After this long without the mark that is waited for, something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// Instants by number. A number that comes again stays where it was first.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    at: Arc<Mutex<HashMap<u64, Instant>>>,
    came: Arc<Notify>,
}

impl Marks {
    /// `services.bench.mark(n)`.
    pub(super) fn service(&self) -> Service {
        let marks = self.clone();
        Service::new("bench", "Where a script is.").method(
            "mark",
            "n: number",
            "Promise<void>",
            "Writes down that the script is here.",
            move |call| {
                let now = Instant::now();
                let number = call.arg(0).as_u64();
                if let Some(number) = number {
                    marks.lock().entry(number).or_insert(now);
                    marks.came.notify_waiters();
                }
                async move {
                    number.ok_or_else(|| ServiceError::invalid("n", "must be a whole number"))?;
                    Ok(Value::Null)
                }
            },
        )
    }

    /// When this number came.
    pub(super) async fn wait(&self, number: u64) -> Result<Instant> {
        let found = self.until(|marks| marks.get(&number).copied()).await;
        found.with_context(|| format!("{number} never came"))
    }

    /// When so many had come: the last of them.
    pub(super) async fn wait_for(&self, count: usize) -> Result<Instant> {
        let last = |marks: &HashMap<u64, Instant>| {
            (marks.len() >= count)
                .then(|| marks.values().max().copied())
                .flatten()
        };
        let found = self.until(last).await;
        found.with_context(|| format!("{} of {count} came", self.lock().len()))
    }

    /// All instants.
    pub(super) fn all(&self) -> Vec<Instant> {
        self.lock().values().copied().collect()
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    async fn until<T>(&self, found: impl Fn(&HashMap<u64, Instant>) -> Option<T>) -> Option<T> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let came = self.came.notified();
            if let Some(found) = found(&self.lock()) {
                return Some(found);
            }
            // A mark between the look and this is not missed for long.
            let _ = tokio::time::timeout(Duration::from_millis(5), came).await;
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
