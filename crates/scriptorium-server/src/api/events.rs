//! Events: publishing one, and looking at what was published.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use scriptorium::model::event::Event;
use scriptorium::model::{EventId, Invalid, Timestamp, Uuid};
use scriptorium::{Delivered, EventFilter, NewEvent, SAMPLES};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Refused, idempotency_key, page, repeated};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path, Query};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// An event to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishBody {
    /// Lower-case words joined by dots.
    #[schema(example = "order.created")]
    r#type: String,
    /// What happened; `null` when not said.
    #[serde(default)]
    payload: RawJson,
    /// Its id, when the publisher has one; publishing the same id again changes nothing.
    id: Option<Uuid>,
    /// What it is about: scripts may ask for events of the same key one after another. 1 to 200
    /// characters.
    key: Option<String>,
}

/// A recorded event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedEvent)]
pub(crate) struct EventBody {
    id: Uuid,
    r#type: String,
    payload: RawJson,
    /// What it is about, when its publisher said so.
    key: Option<String>,
    /// The script that published it, if one did.
    script_id: Option<Uuid>,
    /// The execution that published it, if one did.
    execution_id: Option<Uuid>,
    /// The runs that led to it, the first one first, each as event type and script.
    lineage: Vec<String>,
    created_at: Timestamp,
}

/// A recorded event with whom it was delivered to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveredEvent)]
pub(crate) struct EventDetail {
    #[serde(flatten)]
    event: EventBody,
    /// The scripts that it was delivered to; `null` while it waits for that.
    deliveries: Option<Vec<DeliveryBody>>,
}

/// A script that an event was delivered to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventDelivery)]
pub(crate) struct DeliveryBody {
    script_id: Uuid,
    /// The first execution; `null` when there is none.
    execution_id: Option<Uuid>,
    /// `begun`; `waiting` for the one before in its order; `parked` while the subscription is suspended;
    /// `discarded`; or `dead_letter` when it became one at once.
    state: &'static str,
    /// Why somebody discarded it.
    discarded: Option<String>,
    at: Timestamp,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Of this type.
    r#type: Option<String>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// Publishes an event; the answer comes when it is on disk.
///
/// With `Idempotency-Key` the same request finds the event of the first.
#[utoipa::path(post, path = "/events", tag = "events",
    params(("idempotency-key" = Option<String>, Header)), request_body = PublishBody,
    responses((status = 202, body = EventBody), Refused))]
pub(crate) async fn publish(
    State(app): State<App>,
    caller: Authenticated,
    headers: HeaderMap,
    JsonBody(body): JsonBody<PublishBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let new = NewEvent {
        kind: body.r#type,
        payload: body.payload.0,
        id: body.id.map(EventId),
        key: body.key,
    };
    let events = app.platform.events();
    let answer = events.publish_once(caller.ctx(), new, key.as_deref());
    let answer = answer.await?;
    let location = format!("/api/v1/events/{}", answer.value.id);
    let body = Json(EventBody::from(answer.value));
    let response = (StatusCode::ACCEPTED, [(LOCATION, location)], body).into_response();
    Ok(repeated(response, answer.repeated))
}

/// What was published, newest first.
#[utoipa::path(get, path = "/events", tag = "events", params(Filter),
    responses((status = 200, body = List<EventBody>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Json<List<EventBody>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let wanted = EventFilter {
        kind: filter.r#type,
    };
    let events = app
        .platform
        .events()
        .list(caller.ctx(), &wanted, &page)
        .await?;
    Ok(Json(List::of(events, EventBody::from)))
}

/// A type of the events that were recorded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub(crate) struct TypeBody {
    r#type: String,
    /// When one was recorded last.
    last_at: Timestamp,
    /// How many there are; at 1,000 there may be more.
    count: u64,
}

/// The types of recorded events, by name, 500 at most.
#[utoipa::path(get, path = "/events/types", tag = "events",
    responses((status = 200, body = List<TypeBody>), Refused))]
pub(crate) async fn types(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<List<TypeBody>>, Problem> {
    let types = app.platform.events().types(caller.ctx()).await?;
    Ok(Json(List::whole(types, |one| TypeBody {
        r#type: one.kind,
        last_at: one.last_at,
        count: one.count,
    })))
}

/// How many samples.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SampleQuery {
    /// 1 to 20; 5 when not said.
    #[param(minimum = 1, maximum = 20)]
    limit: Option<u32>,
}

/// An event as an input to try a script with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventSample)]
pub(crate) struct SampleBody {
    event_id: Uuid,
    payload: RawJson,
    created_at: Timestamp,
}

/// The last events of a type, newest first, as inputs to try a script with.
#[utoipa::path(get, path = "/events/types/{name}/samples", tag = "events",
    params(("name" = String, Path), SampleQuery),
    responses((status = 200, body = List<SampleBody>), Refused))]
pub(crate) async fn samples(
    State(app): State<App>,
    caller: Authenticated,
    Path(name): Path<String>,
    Query(query): Query<SampleQuery>,
) -> Result<Json<List<SampleBody>>, Problem> {
    let limit = query.limit.unwrap_or(5);
    if !(1..=SAMPLES).contains(&limit) {
        let mut invalid = Invalid::default();
        let error = invalid.push("limit", "out_of_range", format!("must be 1 to {SAMPLES}"));
        error.with("min", 1).with("max", SAMPLES);
        return Err(invalid.into());
    }
    let events = app.platform.events();
    let found = events.samples(caller.ctx(), &name, limit).await?;
    Ok(Json(List::whole(found, |event| SampleBody {
        event_id: event.id.0,
        payload: RawJson(event.payload),
        created_at: event.created_at,
    })))
}

/// One event, and whom it was delivered to.
#[utoipa::path(get, path = "/events/{id}", tag = "events", params(("id" = Uuid, Path)),
    responses((status = 200, body = EventDetail), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<EventDetail>, Problem> {
    let (ctx, id) = (caller.ctx(), EventId(id));
    let events = app.platform.events();
    let event = events.find(ctx, id).await?.into();
    let deliveries = events.deliveries(ctx, id).await?;
    let deliveries = deliveries.map(|all| all.into_iter().map(Into::into).collect());
    Ok(Json(EventDetail { event, deliveries }))
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.0,
            r#type: event.kind,
            payload: RawJson(event.payload),
            key: event.key,
            script_id: event.script.map(|id| id.0),
            execution_id: event.execution.map(|id| id.0),
            lineage: event.lineage,
            created_at: event.created_at,
        }
    }
}

impl From<Delivered> for DeliveryBody {
    fn from(delivered: Delivered) -> Self {
        Self {
            script_id: delivered.script.0,
            execution_id: delivered.execution.map(|id| id.0),
            state: delivered.state.as_str(),
            discarded: delivered.discarded,
            at: delivered.at,
        }
    }
}
