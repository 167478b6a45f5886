//! Many who ask the same question at once are given one answer, and none that is older than their asking:
//! whoever asks while it is being answered waits for the next answer. Who is ready to ask when the first one does
//! (executions that were claimed together, publishers whom one commit has answered) asks before it is read.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::error::Result;

/// What is being read.
pub(crate) struct Readings<K, V> {
    /// How often somebody asked or began to read.
    clock: AtomicU64,
    underway: Mutex<HashMap<K, Arc<Reading<V>>>>,
}

/// Those who wait for one answer, and the last that one of them was given.
struct Reading<V> {
    /// Changed only while the map is locked.
    waiting: AtomicU64,
    /// When its reading began, and what was read.
    last: tokio::sync::Mutex<Option<(u64, V)>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Readings<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            clock: AtomicU64::new(0),
            underway: Mutex::default(),
        }
    }

    /// Reads, or waits for somebody who begins to read later than this. That there is nothing is told only
    /// to who has read it.
    pub(crate) async fn join(
        &self,
        key: K,
        read: impl AsyncFnOnce() -> Result<Option<V>>,
    ) -> Result<Option<V>> {
        let asked = self.clock.fetch_add(1, Ordering::SeqCst);
        let place = self.enter(key);
        let mut last = place.reading.last.lock().await;
        if let Some((begun, found)) = &*last
            && *begun > asked
        {
            return Ok(Some(found.clone()));
        }
        yield_now().await;
        let begun = self.clock.fetch_add(1, Ordering::SeqCst);
        // Apart from the future of whoever asks, which hosts make part of theirs.
        let found = Box::pin(read()).await?;
        *last = found.clone().map(|found| (begun, found));
        Ok(found)
    }

    fn enter(&self, key: K) -> Place<'_, K, V> {
        let mut underway = self.lock();
        let reading = underway.entry(key.clone()).or_insert_with(|| {
            Arc::new(Reading {
                waiting: AtomicU64::new(0),
                last: tokio::sync::Mutex::new(None),
            })
        });
        let reading = Arc::clone(reading);
        reading.waiting.fetch_add(1, Ordering::Relaxed);
        Place {
            readings: self,
            key,
            reading,
        }
    }
}

impl<K: Eq + Hash, V> Readings<K, V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Reading<V>>>> {
        self.underway.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Among those who wait, until dropped; the last one takes what was read along.
struct Place<'a, K: Eq + Hash, V> {
    readings: &'a Readings<K, V>,
    key: K,
    reading: Arc<Reading<V>>,
}

impl<K: Eq + Hash, V> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        let mut underway = self.readings.lock();
        if self.reading.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
            underway.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use futures_util::poll;
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    /// Forty ask while it is read: one of them reads again, for all.
    #[tokio::test]
    async fn who_asks_while_somebody_reads_is_given_the_next_reading() {
        let (readings, gate) = (Readings::new(), Semaphore::new(0));
        let (reads, stands) = (AtomicU64::new(0), AtomicU64::new(0));
        let ask = async || {
            let read = async || {
                reads.fetch_add(1, Ordering::SeqCst);
                let found = stands.load(Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                Ok(Some(found))
            };
            readings.join("key", read).await.unwrap().unwrap()
        };
        let mut first = Box::pin(ask());
        for reads_now in [0, 1] {
            assert!(poll!(&mut first).is_pending());
            assert_eq!(reads.load(Ordering::SeqCst), reads_now);
        }
        stands.store(1, Ordering::SeqCst);
        let mut forty = Box::pin(join_all((0..40).map(|_| ask())));
        assert!(poll!(&mut forty).is_pending());
        gate.add_permits(2);
        let (first, forty) = tokio::join!(first, forty);
        assert_eq!((first, forty), (0, vec![1; 40]));
        assert_eq!(reads.load(Ordering::SeqCst), 2);
        assert!(readings.lock().is_empty(), "nobody waits any more");
    }

    /// What has set one of them going has set the others going, too.
    #[tokio::test]
    async fn who_is_ready_to_ask_is_given_the_same_answer() {
        let (readings, reads) = (Arc::new(Readings::new()), Arc::new(AtomicU64::new(0)));
        let mut asking = JoinSet::new();
        for _ in 0..40 {
            let (readings, reads) = (Arc::clone(&readings), Arc::clone(&reads));
            asking.spawn(async move {
                let read = async || Ok(Some(reads.fetch_add(1, Ordering::SeqCst)));
                readings.join("key", read).await.unwrap()
            });
        }
        assert_eq!(asking.join_all().await, [Some(0); 40]);
    }

    /// Somebody who is gone in the middle holds up nobody.
    #[tokio::test]
    async fn who_does_not_wait_for_the_answer_leaves_the_reading_to_the_next() {
        let readings = Readings::new();
        let mut gone = Box::pin(readings.join("key", async || std::future::pending().await));
        assert!(poll!(&mut gone).is_pending());
        let mut next = Box::pin(readings.join("key", async || Ok(Some(1))));
        assert!(poll!(&mut next).is_pending());
        drop(gone);
        assert_eq!(next.await.unwrap(), Some(1));
        assert!(readings.lock().is_empty());
    }
}
