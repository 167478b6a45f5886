//! The subscription of an event script: whether it is suspended, what is parked meanwhile, and what can be done
//! about it.

use scriptorium::model::page::PageRequest;
use scriptorium::model::policy::Action;
use scriptorium::model::script::{Script, ScriptType};
use scriptorium::model::{EventId, ScriptId};
use serde_json::json;

use crate::Site;
use crate::failure::{Failure, explained};
use crate::people::People;
use crate::view;
use crate::visitor::Visitor;
use crate::when::{Clock, When};

/// How many parked events are shown.
const SHOWN: u32 = 5;
/// From so many on they are offered to be delivered slowly, so many a minute.
const MANY: u64 = 100;
const SLOWLY: u32 = 60;

/// The panel on the page of an event script.
pub(crate) struct SubscriptionPanel {
    pub(crate) script: ScriptId,
    pub(crate) may_switch: bool,
    /// What it listens to.
    pub(crate) types: String,
    pub(crate) suspended: Option<SuspendedPart>,
}

/// What there is to say of a suspended subscription.
pub(crate) struct SuspendedPart {
    pub(crate) resuming: bool,
    pub(crate) since: When,
    pub(crate) by: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) parked: u64,
    pub(crate) rows: Vec<ParkedRow>,
    /// The body of a call that resumes it slowly, when there is much.
    pub(crate) slowly: Option<String>,
}

/// One parked event.
pub(crate) struct ParkedRow {
    pub(crate) event: EventId,
    pub(crate) kind: String,
    pub(crate) payload: String,
    pub(crate) at: When,
    pub(crate) body: String,
}

impl SubscriptionPanel {
    /// Of a script that events start.
    pub(crate) async fn of(
        site: &Site,
        visitor: &Visitor,
        clock: Clock,
        script: &Script,
    ) -> Result<Option<Self>, Failure> {
        let scriptorium::model::trigger::Trigger::Event(subscription) = &script.trigger else {
            return Ok(None);
        };
        debug_assert_eq!(script.kind(), ScriptType::Event);
        let (ctx, subscriptions) = (visitor.ctx(), site.platform.subscriptions());
        let found = subscriptions.suspension(ctx, script.id).await;
        let found = found.map_err(explained(visitor))?;
        let suspended = match found {
            None => None,
            Some(found) => {
                let page = PageRequest {
                    limit: SHOWN,
                    cursor: None,
                };
                let parked = subscriptions.parked(ctx, script.id, &page).await;
                let parked = parked.map_err(explained(visitor))?.items;
                let people = People::known_to(site, visitor).await;
                Some(SuspendedPart {
                    resuming: found.resuming,
                    since: clock.when(found.since),
                    by: found.by.map(|user| people.name(user)),
                    reason: found.reason,
                    parked: found.parked,
                    rows: parked
                        .into_iter()
                        .map(|one| ParkedRow {
                            event: one.event,
                            kind: one.event_type,
                            payload: one.payload.as_str().chars().take(200).collect(),
                            at: clock.when(one.parked_at),
                            body: json!({ "event_id": one.event.0 }).to_string(),
                        })
                        .collect(),
                    slowly: (found.parked > MANY)
                        .then(|| json!({ "per_minute": SLOWLY }).to_string()),
                })
            }
        };
        Ok(Some(Self {
            script: script.id,
            may_switch: view::may(ctx, Action::ChangeStatus, script),
            types: subscription.types.join(", "),
            suspended,
        }))
    }
}
