//! Events that a host publishes in the transaction of its own rows (D6): both are kept, or neither. On PostgreSQL
//! they are the platform's at once, by a function of the owner. On SQLite they wait in a hidden table of the
//! tenant's file until they are relayed to the platform's, where the id of an event keeps a second relay from
//! doing anything; only then they leave the file.

use std::cell::Cell;
use std::sync::Arc;

use scriptorium_model::event::{self, Event};
use scriptorium_model::{Ambient, EventId, ExecutionId, Json, ScriptId, TenantId, delivery};
use serde::Serialize;

use super::refused;
use crate::error::Result;

/// An event that is published in a transaction.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its type, such as `order.created`.
    pub kind: String,
    /// What happened; at most 256 KiB.
    pub payload: Json,
    /// Its id when the publisher has one; publishing the same id again changes nothing.
    pub id: Option<EventId>,
    /// What it is about; see [`Event::key`].
    pub key: Option<String>,
}

impl Outgoing {
    /// An event with what serializes as its payload.
    ///
    /// # Errors
    /// `Invalid` on `payload` for what is no JSON.
    pub fn new<P: Serialize + ?Sized>(kind: &str, payload: &P) -> Result<Self> {
        let payload = serde_json::to_string(payload)
            .map_err(|error| refused("payload", format!("is no JSON: {error}")))?;
        Ok(Self {
            kind: kind.to_owned(),
            payload: Json::from_written(payload),
            id: None,
            key: None,
        })
    }

    /// The same event with a key.
    #[must_use]
    pub fn keyed(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// On whose behalf a host's code works, when a script called it.
#[derive(Debug)]
pub(super) struct Cause {
    pub(super) script: ScriptId,
    pub(super) execution: ExecutionId,
    pub(super) lineage: Vec<String>,
}

/// What the events of one transaction are made with.
pub(super) struct Publishing {
    pub(super) tenant: TenantId,
    pub(super) ambient: Ambient,
    pub(super) cause: Option<Arc<Cause>>,
    published: Cell<u64>,
}

impl Publishing {
    pub(super) fn new(tenant: TenantId, ambient: Ambient, cause: Option<Arc<Cause>>) -> Self {
        Self {
            tenant,
            ambient,
            cause,
            published: Cell::new(0),
        }
    }

    /// The event as it is kept.
    pub(super) fn event(&self, new: Outgoing) -> Result<Event> {
        event::validate_new(&new.kind, &new.payload, new.key.as_deref())?;
        let cause = self.cause.as_deref();
        let lineage = cause.map(|cause| cause.lineage.clone()).unwrap_or_default();
        if let Some(message) = delivery::looped(&lineage) {
            return Err(scriptorium_model::Invalid::field("type", "event_loop", message).into());
        }
        Ok(Event {
            id: new.id.unwrap_or_else(|| self.ambient.new_id()),
            tenant: self.tenant,
            kind: new.kind,
            payload: new.payload,
            key: new.key,
            script: cause.map(|cause| cause.script),
            execution: cause.map(|cause| cause.execution),
            lineage,
            created_at: self.ambient.now(),
        })
    }

    pub(super) fn count(&self) {
        self.published.set(self.published.get() + 1);
    }

    /// Counts what was published in a part.
    pub(super) fn add(&self, part: &Self) {
        self.published
            .set(self.published.get() + part.published.get());
    }

    /// Whether anything was published.
    pub(super) fn any(&self) -> bool {
        self.published.get() > 0
    }
}
