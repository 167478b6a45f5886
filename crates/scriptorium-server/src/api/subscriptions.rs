//! Subscriptions of event scripts: suspending one, and what becomes of the events that are parked meanwhile.

use axum::Json;
use axum::extract::State;
use scriptorium::model::{EventId, ScriptId, Timestamp, Uuid};
use scriptorium::{ParkedEvent, Suspension};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, Paging, Refused};
use crate::auth::Authenticated;
use crate::input::{JsonBody, OptionalJsonBody, Path, Query};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// Whether a subscription is suspended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suspension)]
pub(crate) struct SuspensionBody {
    /// `active`, `suspended`, or `resuming` while what is parked is delivered.
    state: &'static str,
    since: Option<Timestamp>,
    /// The user who suspended it.
    by: Option<Uuid>,
    reason: Option<String>,
    /// Parked events that are delivered in a minute while it resumes; `null` for as fast as it goes.
    per_minute: Option<u32>,
    /// Events that are parked.
    parked: u64,
}

/// An event that is kept for a script.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkedEvent)]
pub(crate) struct ParkedBody {
    event_id: Uuid,
    r#type: String,
    payload: RawJson,
    parked_at: Timestamp,
}

/// Why it is suspended.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendBody {
    /// At most 500 characters.
    reason: Option<String>,
}

/// How what is parked is delivered.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeBody {
    /// So many a minute; as fast as it goes when not said.
    #[schema(minimum = 1, maximum = 60_000)]
    per_minute: Option<u32>,
}

/// What is not to be delivered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscardBody {
    /// Why, in at most 500 characters.
    reason: String,
    /// This event only; everything that is parked when not said.
    event_id: Option<Uuid>,
}

/// What was discarded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Discarded)]
pub(crate) struct DiscardedBody {
    /// How many events.
    discarded: u64,
}

/// Whether the subscription of an event script is suspended, and how much is parked.
#[utoipa::path(get, path = "/scripts/{id}/subscription", tag = "subscriptions",
    params(("id" = Uuid, Path)), responses((status = 200, body = SuspensionBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<SuspensionBody>, Problem> {
    let subscriptions = app.platform.subscriptions();
    let found = subscriptions.suspension(caller.ctx(), ScriptId(id)).await?;
    Ok(Json(SuspensionBody::of(found)))
}

/// What is parked for a script, in the order in which it will be delivered.
#[utoipa::path(get, path = "/scripts/{id}/subscription/parked", tag = "subscriptions",
    params(("id" = Uuid, Path), Paging),
    responses((status = 200, body = List<ParkedBody>), Refused))]
pub(crate) async fn parked(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<ParkedBody>>, Problem> {
    let page = paging.page()?;
    let subscriptions = app.platform.subscriptions();
    let found = subscriptions
        .parked(caller.ctx(), ScriptId(id), &page)
        .await?;
    Ok(Json(List::of(found, ParkedBody::from)))
}

/// Parks from now on what the script would be given; what is pending or runs goes on.
#[utoipa::path(post, path = "/scripts/{id}/subscription/suspend", tag = "subscriptions",
    params(("id" = Uuid, Path)), request_body = SuspendBody,
    responses((status = 200, body = SuspensionBody), Refused))]
pub(crate) async fn suspend(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    OptionalJsonBody(body): OptionalJsonBody<SuspendBody>,
) -> Result<Json<SuspensionBody>, Problem> {
    let subscriptions = app.platform.subscriptions();
    let suspended = subscriptions
        .suspend(caller.ctx(), ScriptId(id), body.reason.as_deref())
        .await?;
    Ok(Json(SuspensionBody::of(Some(suspended))))
}

/// Delivers what is parked, the oldest first; what is published until that is done comes after it.
#[utoipa::path(post, path = "/scripts/{id}/subscription/resume", tag = "subscriptions",
    params(("id" = Uuid, Path)), request_body = ResumeBody,
    responses((status = 200, body = SuspensionBody), Refused))]
pub(crate) async fn resume(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    OptionalJsonBody(body): OptionalJsonBody<ResumeBody>,
) -> Result<Json<SuspensionBody>, Problem> {
    let subscriptions = app.platform.subscriptions();
    let resumed = subscriptions
        .resume(caller.ctx(), ScriptId(id), body.per_minute)
        .await?;
    Ok(Json(SuspensionBody::of(Some(resumed))))
}

/// Decides that the script is not to be given what is parked, or one event of it.
#[utoipa::path(post, path = "/scripts/{id}/subscription/discard", tag = "subscriptions",
    params(("id" = Uuid, Path)), request_body = DiscardBody,
    responses((status = 200, body = DiscardedBody), Refused))]
pub(crate) async fn discard(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
    JsonBody(body): JsonBody<DiscardBody>,
) -> Result<Json<DiscardedBody>, Problem> {
    let event = body.event_id.map(EventId);
    let subscriptions = app.platform.subscriptions();
    let discarded = subscriptions
        .discard(caller.ctx(), ScriptId(id), event, &body.reason)
        .await?;
    Ok(Json(DiscardedBody { discarded }))
}

impl SuspensionBody {
    fn of(found: Option<Suspension>) -> Self {
        let state = match &found {
            None => "active",
            Some(found) if found.resuming => "resuming",
            Some(_) => "suspended",
        };
        let found = found.as_ref();
        Self {
            state,
            since: found.map(|found| found.since),
            by: found.and_then(|found| found.by).map(|user| user.0),
            reason: found.and_then(|found| found.reason.clone()),
            per_minute: found.and_then(|found| found.per_minute),
            parked: found.map_or(0, |found| found.parked),
        }
    }
}

impl From<ParkedEvent> for ParkedBody {
    fn from(event: ParkedEvent) -> Self {
        Self {
            event_id: event.event.0,
            r#type: event.event_type,
            payload: RawJson(event.payload),
            parked_at: event.parked_at,
        }
    }
}
