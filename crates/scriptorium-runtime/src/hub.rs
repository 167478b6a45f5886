//! The executions that run in this process: who wants to watch or cancel one finds it here.
//! An entry lives as long as its execution.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use scriptorium_engine::{Cancel, Meter};
use scriptorium_model::execution::{LogLine, Progress};
use scriptorium_model::{ExecutionId, TenantId, Timestamp};
use tokio::sync::{broadcast, watch};

use crate::logs::Logs;
use crate::scheduler::Control;

/// A look at a running execution.
#[derive(Debug)]
pub struct Watch {
    /// What it has logged so far.
    pub lines: Vec<LogLine>,
    /// What it logs from now on; closed when the execution ends. Never lags: it holds as many
    /// lines as an execution may log.
    pub receiver: broadcast::Receiver<LogLine>,
    /// How far it says it is: the latest, however often it says so.
    pub progress: watch::Receiver<Option<Progress>>,
}

/// Where an execution stands that is in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for room.
    Waiting,
    /// Its first instruction ran then.
    Began(Timestamp),
}

/// The running executions by id.
#[derive(Clone, Default)]
pub(crate) struct Hub(Arc<Mutex<HashMap<ExecutionId, Arc<Live>>>>);

/// What can be done to a running execution from outside.
pub(crate) struct Live {
    tenant: TenantId,
    pub(crate) logs: Logs,
    /// How far it said it is, the last time.
    pub(crate) progress: watch::Sender<Option<Progress>>,
    pub(crate) cancel: Cancel,
    /// What it uses, as far as the host knows.
    pub(crate) meter: Meter,
    /// Its run on the guest threads, once there is one.
    pub(crate) run: OnceLock<Control>,
    /// When its first instruction ran.
    pub(crate) began: OnceLock<Timestamp>,
    /// Somebody wants it stopped, not only this process.
    cancelled: AtomicBool,
}

/// Keeps an execution in the hub until dropped.
pub(crate) struct Entry {
    hub: Hub,
    id: ExecutionId,
    pub(crate) live: Arc<Live>,
}

impl Hub {
    pub(crate) fn enter(&self, tenant: TenantId, id: ExecutionId) -> Entry {
        let meter = Meter::new();
        let live = Arc::new(Live {
            tenant,
            logs: Logs::new(meter.clone()),
            progress: watch::Sender::new(None),
            cancel: Cancel::new(),
            meter,
            run: OnceLock::new(),
            began: OnceLock::new(),
            cancelled: AtomicBool::new(false),
        });
        self.lock().insert(id, live.clone());
        Entry {
            hub: self.clone(),
            id,
            live,
        }
    }

    pub(crate) fn watch(&self, id: ExecutionId) -> Option<Watch> {
        let live = self.lock().get(&id).cloned()?;
        let (lines, receiver) = live.logs.watch();
        Some(Watch {
            lines,
            receiver,
            progress: live.progress.subscribe(),
        })
    }

    pub(crate) fn progress(&self, id: ExecutionId) -> Option<Progress> {
        let live = self.lock().get(&id).cloned()?;
        live.progress.borrow().clone()
    }

    pub(crate) fn stage(&self, id: ExecutionId) -> Option<Stage> {
        let live = self.lock().get(&id).cloned()?;
        let began = live.began.get().copied();
        Some(began.map_or(Stage::Waiting, Stage::Began))
    }

    pub(crate) fn cancel(&self, id: ExecutionId) -> bool {
        let live = self.lock().get(&id).cloned();
        if let Some(live) = &live {
            live.cancel();
        }
        live.is_some()
    }

    /// Cuts off whatever runs: nobody wants that stopped, the process ends.
    pub(crate) fn cut_off(&self) {
        for live in self.lock().values() {
            live.stop();
        }
    }

    /// Cancels whatever runs of a tenant; how many there are.
    pub(crate) fn cancel_of(&self, tenant: TenantId) -> usize {
        let entries = self.lock();
        let own = entries.values().filter(|live| live.tenant == tenant);
        own.inspect(|live| live.cancel()).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ExecutionId, Arc<Live>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// Whether it was stopped by the end of the process alone.
    pub(crate) fn was_cut_off(&self) -> bool {
        !self.cancelled.load(Ordering::Acquire)
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.stop();
    }

    /// Ends it at once, wherever it is: also when it waits behind others for a thread.
    fn stop(&self) {
        self.cancel.cancel();
        if let Some(run) = self.run.get() {
            run.hurry();
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Someone may have watched after the last line was taken: the end is told once more.
        self.live.logs.finish();
        let mut entries = self.hub.lock();
        if entries
            .get(&self.id)
            .is_some_and(|live| Arc::ptr_eq(live, &self.live))
        {
            entries.remove(&self.id);
        }
    }
}
