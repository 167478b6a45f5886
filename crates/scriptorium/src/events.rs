//! Events: publishing and looking at what was recorded. Who publishes does not wait for the scripts
//! that subscribe: the event is delivered to them once it is on disk.

use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::event::{self, Event};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, EventId, Invalid, Json, policy};

use scriptorium_store::Delivered;
use scriptorium_store::events::EventFilter;

use crate::error::Result;
use crate::platform::Platform;

/// Events of a tenant; from [`Platform::events`].
#[derive(Clone, Copy, Debug)]
pub struct Events<'a>(pub(crate) &'a Platform);

/// An event to be.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its type, such as `order.created`.
    pub kind: String,
    /// What happened; at most 256 KiB.
    pub payload: Json,
    /// Its id when the publisher has one; publishing the same id again changes nothing.
    pub id: Option<EventId>,
}

/// Largest payload in bytes.
pub(crate) const PAYLOAD_BYTES: usize = 256 << 10;

impl Events<'_> {
    /// Records an event; when this returns it is on disk.
    ///
    /// # Errors
    /// A bad type, a type of the platform's own, too large a payload, or the permission
    /// `events.publish` is missing.
    pub async fn publish(&self, ctx: &Ctx, new: NewEvent) -> Result<Event> {
        policy::require(ctx, Permission::EventsPublish)?;
        let mut invalid = Invalid::default();
        invalid.check(event::validate_type("type", &new.kind));
        if event::RESERVED.iter().any(|own| new.kind.starts_with(own)) {
            invalid.push(
                "type",
                "reserved",
                "must not begin with a name of the platform",
            );
        }
        invalid.check(at_most_bytes("payload", new.payload.len(), PAYLOAD_BYTES));
        invalid.or(())?;
        let event = Event {
            id: new.id.unwrap_or_else(|| self.0.ambient().new_id()),
            tenant: ctx.tenant,
            kind: new.kind,
            payload: new.payload,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: self.0.ambient().now(),
        };
        self.0.store().insert_event(ctx, event.clone()).await?;
        Ok(event)
    }

    /// Recorded events that match, newest first.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<Event>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_events(ctx, filter, page).await?)
    }

    /// The scripts that an event was delivered to, with the first execution of each; `None` while it
    /// waits for that.
    ///
    /// # Errors
    /// No such event, or the permission `scripts.read` is missing.
    pub async fn deliveries(&self, ctx: &Ctx, id: EventId) -> Result<Option<Vec<Delivered>>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_deliveries(ctx, id).await?)
    }

    /// One recorded event.
    ///
    /// # Errors
    /// No such event, or the permission `scripts.read` is missing.
    pub async fn find(&self, ctx: &Ctx, id: EventId) -> Result<Event> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_event(ctx, id).await?)
    }
}
