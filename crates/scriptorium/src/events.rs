//! Events: publishing and looking at what was recorded. Who publishes does not wait for the scripts
//! that subscribe: the event is delivered to them once it is on disk.

use async_recursion::async_recursion as boxed;
use scriptorium_model::event::{self, Event};
use scriptorium_model::page::{Page, PageRequest};
use scriptorium_model::permission::Permission;
use scriptorium_model::{Ctx, EventId, Json, policy};

use scriptorium_store::events::EventFilter;
use scriptorium_store::{Delivered, EventType, KnownKey};

use crate::error::{Error, Result};
use crate::idempotency::{Answer, Request};
use crate::platform::Platform;

/// Events of a tenant; from [`Platform::events`].
#[derive(Clone, Copy, Debug)]
pub struct Events<'a>(pub(crate) &'a Platform);

/// Most samples of one type.
pub const SAMPLES: u32 = 20;

/// An event to be.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its type, such as `order.created`.
    pub kind: String,
    /// What happened; at most 256 KiB.
    pub payload: Json,
    /// Its id when the publisher has one; publishing the same id again changes nothing.
    pub id: Option<EventId>,
    /// What it is about, such as an order's number: scripts may ask for events of the same key one after
    /// another. 1 to 200 characters.
    pub key: Option<String>,
}

impl Events<'_> {
    /// Records an event; when this returns it is on disk.
    ///
    /// # Errors
    /// A bad type, a type of the platform's own, too large a payload, the permission
    /// `events.publish` is missing, or as much of the tenant waits as may (`backlog_full`).
    #[boxed]
    pub async fn publish(&self, ctx: &Ctx, new: NewEvent) -> Result<Event> {
        let answer = self.publish_once(ctx, new, None).await?;
        Ok(answer.value)
    }

    /// Records an event under an idempotency key of the caller's: who sends it again within a day
    /// publishes it once, and is given the same event.
    ///
    /// # Errors
    /// Like [`Events::publish`]; the key is refused, or stands for another request.
    #[boxed]
    pub async fn publish_once(
        &self,
        ctx: &Ctx,
        new: NewEvent,
        key: Option<&str>,
    ) -> Result<Answer<Event>> {
        policy::require(ctx, Permission::EventsPublish)?;
        event::validate_new(&new.kind, &new.payload, new.key.as_deref())?;
        let key = Request::new("events.publish")
            .part("type", &new.kind)
            .part("payload", new.payload.as_str())
            .maybe("key", new.key.as_deref())
            .maybe("id", new.id.map(|id| id.to_string()))
            .under(ctx, key)?;
        if let Some(key) = &key
            && let Some(answer) = self.0.known_event(ctx, key).await?
        {
            return Ok(answer);
        }
        self.0.enter_backlog(ctx).await?;
        let event = Event {
            id: new.id.unwrap_or_else(|| self.0.ambient().new_id()),
            tenant: ctx.tenant,
            kind: new.kind,
            payload: new.payload,
            key: new.key,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: self.0.ambient().now(),
        };
        let store = self.0.store();
        let Some(key) = key else {
            store.insert_event(ctx, event.clone()).await?;
            return Ok(Answer::first(event));
        };
        let known = store.insert_event_once(ctx, event.clone(), key).await?;
        match known {
            None => Ok(Answer::first(event)),
            Some(KnownKey::Same(id)) => {
                Ok(Answer::again(store.find_event(ctx, EventId(id)).await?))
            }
            Some(KnownKey::Other) => Err(Error::key_reused()),
        }
    }

    /// Recorded events that match, newest first.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing, or the cursor is of another list.
    #[boxed]
    pub async fn list(
        &self,
        ctx: &Ctx,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<Event>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_events(ctx, filter, page).await?)
    }

    /// The types of the events that were recorded, with when and how often.
    ///
    /// # Errors
    /// The permission `scripts.read` is missing.
    #[boxed]
    pub async fn types(&self, ctx: &Ctx) -> Result<Vec<EventType>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_event_types(ctx).await?)
    }

    /// The last events of a type, as inputs to try a script with; at most [`SAMPLES`].
    ///
    /// # Errors
    /// No such type, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn samples(&self, ctx: &Ctx, kind: &str, limit: u32) -> Result<Vec<Event>> {
        let filter = EventFilter {
            kind: Some(kind.to_owned()),
        };
        let page = PageRequest {
            limit: limit.clamp(1, SAMPLES),
            cursor: None,
        };
        let found = self.list(ctx, &filter, &page).await?.items;
        match found.is_empty() {
            true => Err(Error::not_found()),
            false => Ok(found),
        }
    }

    /// The scripts that an event was delivered to, with the first execution of each; `None` while it
    /// waits for that.
    ///
    /// # Errors
    /// No such event, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn deliveries(&self, ctx: &Ctx, id: EventId) -> Result<Option<Vec<Delivered>>> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().list_deliveries(ctx, id).await?)
    }

    /// One recorded event.
    ///
    /// # Errors
    /// No such event, or the permission `scripts.read` is missing.
    #[boxed]
    pub async fn find(&self, ctx: &Ctx, id: EventId) -> Result<Event> {
        policy::require(ctx, Permission::ScriptsRead)?;
        Ok(self.0.store().find_event(ctx, id).await?)
    }
}
