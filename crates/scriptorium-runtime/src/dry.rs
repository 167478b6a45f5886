//! What a dry run has in place of the world: it reads what is there, and what it would have changed is noted
//! instead. What it wrote it reads back, so that it goes on as it would for real.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use scriptorium_engine::{Held, HostError};
use scriptorium_model::effect::{EFFECT_CHARS, EffectKind, Effects};
use scriptorium_model::storage::Kept;

use crate::host::Run;

/// What one dry run would have done.
#[derive(Default)]
pub(crate) struct Dry(Mutex<State>);

#[derive(Default)]
struct State {
    effects: Effects,
    /// Entries of storage as the run left them; `None` of those that it deleted.
    entries: BTreeMap<String, Option<Kept>>,
    held: Vec<Held>,
}

/// What an effect takes at most beside its texts.
const EFFECT_BYTES: usize = 64;

impl Dry {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was noted, in the order of the calls.
    pub(crate) fn effects(&self) -> Effects {
        std::mem::take(&mut self.lock().effects)
    }

    /// What the run left of an entry of storage, if it did anything to it.
    pub(crate) fn entry(&self, key: &str) -> Option<Option<Kept>> {
        self.lock().entries.get(key).cloned()
    }

    /// What the run left of all that it did anything to.
    pub(crate) fn entries(&self) -> BTreeMap<String, Option<Kept>> {
        self.lock().entries.clone()
    }
}

impl Run {
    /// Whether nothing that it does outside of itself may be real. Whoever gives scripts something to change
    /// asks this first, and calls [`Run::intend`] instead of changing anything.
    pub(crate) fn is_dry(&self) -> bool {
        self.job.execution.dry_run
    }

    /// Notes what a dry run would have done to `target`.
    pub(crate) fn intend(
        &self,
        kind: EffectKind,
        target: &str,
        summary: &str,
    ) -> Result<(), HostError> {
        // It is shown: what the run has read of secrets is not.
        let masked = |text: &str| self.masked(|mask| mask.text(text).into_owned());
        let (target, summary) = (&masked(target), &masked(summary));
        let most = 4 * EFFECT_CHARS;
        let held = self.hold(EFFECT_BYTES + target.len().min(most) + summary.len().min(most))?;
        let mut state = self.dry.lock();
        state.held.push(held);
        state.effects.push(kind, target, summary);
        Ok(())
    }

    /// Notes that a dry run would have set or deleted an entry of storage, and remembers it for the run.
    pub(crate) fn intend_entry(&self, key: &str, kept: Option<Kept>) -> Result<(), HostError> {
        let summary = match &kept {
            Some(kept) => format!("set {}", kept.value),
            None => "delete".to_owned(),
        };
        self.intend(EffectKind::Storage, key, &summary)?;
        let held = self.hold(key.len() + kept.as_ref().map_or(0, |kept| kept.value.len()))?;
        let mut state = self.dry.lock();
        state.held.push(held);
        state.entries.insert(key.to_owned(), kept);
        Ok(())
    }
}
