//! Storage within a transaction of the run, or within a dry run. What is read of it is remembered, and what is
//! changed stands before it: in a transaction until it is kept with the rows, in a dry run for good.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use scriptorium_engine::{Held, HostError};
use scriptorium_model::storage::{Batch, Change, Changed, Entry, Kept};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::refused;
use crate::compatibility;
use crate::host::Run;

/// Most entries that one transaction changes.
const CHANGED: usize = 1_000;
/// What an entry takes at most beside its key and its value.
const ENTRY_BYTES: usize = 128;

/// What a transaction has read and changed. Calls come to it one after the other, in the order in which they were
/// made.
#[derive(Default)]
pub(crate) struct Entries(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    batch: Batch,
    found: BTreeMap<String, Option<Kept>>,
    held: Vec<Held>,
    is_over: bool,
}

/// A place in the order of the calls.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = OwnedMutexGuard<State>> + Send>>;

/// Where a call reads and changes entries.
pub(super) enum Place {
    /// Where they are.
    Storage,
    /// In front of them, in a dry run.
    Dry,
    /// In front of them, in the transaction that is open.
    Within(Waiting),
}

/// A place, with nobody else of the run in between.
pub(super) enum Turn<'a> {
    Storage(&'a Run),
    Dry(&'a Run),
    Within(&'a Run, OwnedMutexGuard<State>),
}

impl Entries {
    /// The next place, which is taken at once, however late it is waited for.
    pub(crate) fn queue(&self) -> Waiting {
        let mut waiting = Box::pin(self.0.clone().lock_owned());
        match waiting.as_mut().now_or_never() {
            Some(state) => Box::pin(std::future::ready(state)),
            None => waiting,
        }
    }
}

impl State {
    /// Ends the transaction: what it has read and changed. Calls that come later find it over.
    pub(crate) fn close(&mut self) -> Batch {
        self.is_over = true;
        std::mem::take(&mut self.batch)
    }
}

impl Place {
    /// Of a call that is made now.
    pub(super) fn of(run: &Run) -> Self {
        if run.is_dry() {
            return Self::Dry;
        }
        if !run
            .job
            .follows(compatibility::Change::StorageInTransactions)
        {
            return Self::Storage;
        }
        run.database.entries().map_or(Self::Storage, Self::Within)
    }

    pub(super) async fn turn(self, run: &Run) -> Result<Turn<'_>, HostError> {
        match self {
            Self::Storage => Ok(Turn::Storage(run)),
            Self::Dry => Ok(Turn::Dry(run)),
            Self::Within(waiting) => {
                let state = waiting.await;
                if state.is_over {
                    return Err(super::super::db::over());
                }
                Ok(Turn::Within(run, state))
            }
        }
    }
}

impl Turn<'_> {
    /// What is kept under a key.
    pub(super) async fn look(&mut self, key: &str) -> Result<Option<Kept>, HostError> {
        match self {
            Self::Storage(run) => stored(run, key).await,
            Self::Dry(run) => match run.dry.entry(key) {
                Some(kept) => Ok(kept),
                None => stored(run, key).await,
            },
            Self::Within(run, state) => {
                if let Some(kept) = state.batch.written.get(key).or(state.found.get(key)) {
                    return Ok(kept.clone());
                }
                let kept = stored(run, key).await?;
                let value = kept.as_ref().map(|kept| kept.value.clone());
                let bytes = key.len() + value.as_ref().map_or(0, |value| value.len());
                state.held.push(run.hold(ENTRY_BYTES + bytes)?);
                state.batch.read.insert(key.to_owned(), value);
                state.found.insert(key.to_owned(), kept.clone());
                Ok(kept)
            }
        }
    }

    /// Keeps a value under a key.
    pub(super) async fn set(&mut self, key: &str, kept: Kept) -> Result<(), HostError> {
        if let Self::Storage(run) = self {
            let Kept { value, expires_at } = kept;
            let store = &run.world.store;
            let set = store.set_entry_of_script(&run.ctx, key, value, expires_at);
            return set.await.map(drop).map_err(refused);
        }
        self.put(key, Some(kept))
    }

    /// Removes a key; whether there was one.
    pub(super) async fn delete(&mut self, key: &str) -> Result<bool, HostError> {
        if let Self::Storage(run) = self {
            let deleted = run.world.store.delete_entry_of_script(&run.ctx, key).await;
            return deleted.map_err(refused);
        }
        let there = self.look(key).await?.is_some();
        self.put(key, None)?;
        Ok(there)
    }

    /// Changes what stands before storage.
    fn put(&mut self, key: &str, kept: Option<Kept>) -> Result<(), HostError> {
        match self {
            Self::Storage(_) => Ok(()),
            Self::Dry(run) => run.intend_entry(key, kept),
            Self::Within(run, state) => {
                if state.batch.written.len() >= CHANGED && !state.batch.written.contains_key(key) {
                    return Err(HostError::new(
                        "QUOTA_EXCEEDED",
                        format!("a transaction changes at most {CHANGED} entries of storage"),
                    ));
                }
                let bytes = key.len() + kept.as_ref().map_or(0, |kept| kept.value.len());
                state.held.push(run.hold(ENTRY_BYTES + bytes)?);
                state.batch.written.insert(key.to_owned(), kept);
                Ok(())
            }
        }
    }

    /// Does what is asked of an entry.
    pub(super) async fn change(&mut self, key: &str, change: Change) -> Result<Changed, HostError> {
        if let Self::Storage(run) = self {
            let changed = run.world.store.change_entry(&run.ctx, key, change).await;
            return changed.map_err(refused);
        }
        let there = self.look(key).await?;
        let kept = change.of(there.as_ref());
        let Some(kept) = kept.map_err(|invalid| refused(invalid.into()))? else {
            let value = there.map(|there| there.value);
            return Ok(Changed { done: false, value });
        };
        let value = kept.as_ref().map(|kept| kept.value.clone());
        self.put(key, kept)?;
        Ok(Changed { done: true, value })
    }

    /// The entries whose keys begin so, in the order of their keys after `after`.
    pub(super) async fn list(
        &self,
        prefix: &str,
        mut after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Entry>, HostError> {
        let (run, changed) = match self {
            Self::Storage(run) => (run, BTreeMap::new()),
            Self::Dry(run) => (run, run.dry.entries()),
            Self::Within(run, state) => (run, state.batch.written.clone()),
        };
        // One more for each that may be gone from among them.
        let most = u32::try_from(limit + changed.len()).unwrap_or(u32::MAX);
        loop {
            let store = &run.world.store;
            let found = store.list_entries(&run.ctx, prefix, after.as_deref(), most);
            let found = found.await.map_err(refused)?;
            let end = found.last().map(|entry| entry.key.clone());
            let mut entries: BTreeMap<String, Entry> = found
                .into_iter()
                .map(|entry| (entry.key.clone(), entry))
                .collect();
            let reached = |key: &String| {
                key.starts_with(prefix)
                    && after.as_ref().is_none_or(|after| key > after)
                    && end.as_ref().is_none_or(|end| key <= end)
            };
            for (key, kept) in changed.iter().filter(|(key, _)| reached(key)) {
                match kept {
                    None => drop(entries.remove(key)),
                    Some(kept) => {
                        let entry = Entry {
                            key: key.clone(),
                            value: kept.value.clone(),
                            expires_at: kept.expires_at,
                            updated_at: run.now(),
                        };
                        entries.insert(key.clone(), entry);
                    }
                }
            }
            if end.is_none() || !entries.is_empty() {
                return Ok(entries.into_values().take(limit).collect());
            }
            after = end;
        }
    }
}

async fn stored(run: &Run, key: &str) -> Result<Option<Kept>, HostError> {
    let entry = run.world.store.get_entry(&run.ctx, key).await;
    Ok(entry.map_err(refused)?.map(|entry| Kept {
        value: entry.value,
        expires_at: entry.expires_at,
    }))
}
