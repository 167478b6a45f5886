//! Events: publishing one, and looking at what was published.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use scriptorium::model::event::Event;
use scriptorium::model::{EventId, Timestamp, Uuid};
use scriptorium::{Delivered, EventFilter, NewEvent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Refused, page};
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
}

/// A recorded event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedEvent)]
pub(crate) struct EventBody {
    id: Uuid,
    r#type: String,
    payload: RawJson,
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
    /// The first execution; `null` when the event became a dead letter at once.
    execution_id: Option<Uuid>,
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
#[utoipa::path(post, path = "/events", tag = "events", request_body = PublishBody,
    responses((status = 202, body = EventBody), Refused))]
pub(crate) async fn publish(
    State(app): State<App>,
    caller: Authenticated,
    JsonBody(body): JsonBody<PublishBody>,
) -> Result<Response, Problem> {
    let new = NewEvent {
        kind: body.r#type,
        payload: body.payload.0,
        id: body.id.map(EventId),
    };
    let event = app.platform.events().publish(caller.ctx(), new).await?;
    let location = format!("/api/v1/events/{}", event.id);
    Ok((
        StatusCode::ACCEPTED,
        [(LOCATION, location)],
        Json(EventBody::from(event)),
    )
        .into_response())
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
            at: delivered.at,
        }
    }
}
