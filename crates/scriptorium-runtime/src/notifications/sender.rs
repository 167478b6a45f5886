//! Who sends the notifications that wait: claimed by a lease, a few at once, each with its own time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use scriptorium_model::Ctx;
use scriptorium_model::notification::{Channel, Notification, SendError};
use scriptorium_store::{Change, Error, LeaseId};

use super::web::{Address, Chat};
use crate::host::World;
use crate::runtime::Shared;

/// Notifications that one look takes.
const BATCH: u32 = 16;
/// How many are sent at once.
const AT_ONCE: usize = 8;
/// How long one is ours: that of all of a batch, twice.
const LEASE: Duration = Duration::from_secs(180);
/// How long the sender rests at most: what it was not told of is found all the same.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// How soon it looks again when something is due: clocks differ a little.
const SOON: Duration = Duration::from_millis(50);

/// Sends until the runtime stops. What is under way then is finished.
pub(crate) async fn keep_sending(shared: Arc<Shared>) {
    let world = &shared.world;
    let mut changes = world.store.changes(Change::Notifications);
    loop {
        let rest = match pass(world).await {
            Ok(Pass {
                next: Some(next), ..
            }) => {
                let wait = next.duration_since(world.ambient.now());
                let wait = Duration::try_from(wait).unwrap_or_default();
                wait.clamp(SOON, LONGEST_REST)
            }
            Ok(Pass { next: None, .. }) => LONGEST_REST,
            Err(error) => {
                tracing::error!(%error, "notifications cannot be read; trying again");
                LONGEST_REST
            }
        };
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => return,
            _ = changes.changed() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// What one look came to.
pub(crate) struct Pass {
    /// How many were tried.
    pub(crate) tried: u32,
    /// When there is something to do again.
    next: Option<scriptorium_model::Timestamp>,
}

/// Sends what is due now.
pub(crate) async fn pass(world: &World) -> Result<Pass, Error> {
    let found = world.store.claim_notifications(BATCH, LEASE).await?;
    let tried = u32::try_from(found.claimed.len()).unwrap_or(u32::MAX);
    let sending = found.claimed.into_iter().map(|(one, lease)| async move {
        let outcome = send(world, &one).await;
        settle(world, &one, lease, outcome).await;
    });
    stream::iter(sending)
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
    Ok(Pass {
        tried,
        next: found.next,
    })
}

async fn settle(world: &World, one: &Notification, lease: LeaseId, outcome: Result<(), SendError>) {
    // Neither whom it is for nor what it says: those are the tenant's.
    let (id, tenant, channel) = (one.id, one.tenant, one.channel.as_str());
    match &outcome {
        Ok(()) => tracing::info!(%tenant, notification = %id, channel, "sent"),
        Err(error) => {
            let (code, attempt) = (error.code, one.attempts);
            tracing::warn!(%tenant, notification = %id, channel, code, attempt, "not sent");
        }
    }
    let settled = world
        .store
        .settle_notification(one, lease, outcome.as_ref().err());
    match settled.await {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!(notification = %id, "its lease was lost; how it ended is not noted");
        }
        Err(error) => {
            tracing::error!(%error, notification = %id, "how it ended is not noted; it is sent again");
        }
    }
}

async fn send(world: &World, one: &Notification) -> Result<(), SendError> {
    let outlets = &world.outlets;
    let missing = || {
        let message = format!(
            "the operator has set up nothing for {}",
            one.channel.as_str()
        );
        Err(SendError::transient("notification.not_set_up", message))
    };
    match one.channel {
        Channel::Email => match &outlets.mail {
            Some(mail) => mail.send(one).await,
            None => missing(),
        },
        Channel::Sms => match &outlets.sms {
            Some(gateway) => gateway.send(&outlets.web, one).await,
            None => missing(),
        },
        channel => {
            let chat: Chat = serde_json::from_str(one.content.as_str()).map_err(|error| {
                let message = format!("it cannot be written for the webhook: {error}");
                SendError::permanent("notification.invalid", message)
            })?;
            let id = one.id.to_string();
            match &chat.secret {
                Some(name) => {
                    let url = secret(world, one, name).await?;
                    let address = Address::Tenants(&url, one.tenant, &world.outbound);
                    outlets.web.chat(channel, &chat, address, &id).await
                }
                None => match outlets.chat(channel) {
                    Some(url) => {
                        let address = Address::Operators(url);
                        outlets.web.chat(channel, &chat, address, &id).await
                    }
                    None => missing(),
                },
            }
        }
    }
}

/// The tenant's address as it is now: it may have been changed since the script named it.
async fn secret(world: &World, one: &Notification, name: &str) -> Result<String, SendError> {
    let ctx = Ctx::platform(one.tenant);
    let opened = world.store.open_secret(&ctx, name, one.script, false).await;
    match opened {
        Ok(opened) => Ok(opened.value),
        Err(Error::NotFound) => {
            let message = format!("there is no secret {name} that its script may read");
            Err(SendError::permanent("notification.secret", message))
        }
        Err(error) => {
            tracing::error!(%error, "a secret could not be read");
            let message = format!("the secret {name} cannot be read at present");
            Err(SendError::transient("notification.secret", message))
        }
    }
}
