//! Executions whose caller waits for the end: they have no row before they have ended, so who wants to
//! see or stop one finds it here, on the node that runs it. An entry lives until its end is recorded,
//! so that whoever looks here first and into the store then misses nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scriptorium_model::execution::Execution;
use scriptorium_model::{ExecutionId, ScriptId, TenantId};

/// The waited-for executions of this process by id.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<HashMap<ExecutionId, Execution>>>);

/// Keeps an execution here until dropped.
pub(crate) struct Entry {
    waiting: Waiting,
    id: ExecutionId,
}

impl Waiting {
    pub(crate) fn enter(&self, execution: &Execution) -> Entry {
        self.lock().insert(execution.id, execution.clone());
        Entry {
            waiting: self.clone(),
            id: execution.id,
        }
    }

    /// One of a tenant's, as it was when it was asked for.
    pub(crate) fn find(&self, tenant: TenantId, id: ExecutionId) -> Option<Execution> {
        let found = self.lock().get(&id).cloned();
        found.filter(|execution| execution.tenant == tenant)
    }

    /// All there are.
    pub(crate) fn all(&self) -> Vec<Execution> {
        self.lock().values().cloned().collect()
    }

    /// All of a tenant.
    pub(crate) fn of(&self, tenant: TenantId) -> Vec<Execution> {
        let entries = self.lock();
        let own = entries.values().filter(|one| one.tenant == tenant);
        own.cloned().collect()
    }

    /// All of a script.
    pub(crate) fn of_script(&self, tenant: TenantId, script: ScriptId) -> Vec<ExecutionId> {
        let entries = self.lock();
        let of_script = entries
            .values()
            .filter(|one| one.tenant == tenant && one.script == script);
        of_script.map(|one| one.id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ExecutionId, Execution>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.id);
    }
}
