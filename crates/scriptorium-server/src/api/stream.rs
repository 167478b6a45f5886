//! An execution as it happens, as server-sent events: `log` (its id is the line's number), `progress`,
//! `status`, and `done`, after which the stream ends.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use scriptorium::model::{ExecutionId, Uuid};
use scriptorium::{Live, Platform};
use serde::Serialize;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::Refused;
use super::execution_body::{ExecutionBody, LogBody, ProgressBody};
use crate::auth::{Authenticated, Credential};
use crate::input::Path;
use crate::problem::Problem;
use crate::state::App;

/// How often a quiet stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the credential of an open stream is looked at again (WEB-06).
const RECHECK: Duration = Duration::from_secs(5);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks nginx and its like not to hold the lines back.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// What happens to an execution, from its first line on, or after `Last-Event-ID`.
///
/// Events: `log` with a log line, `progress` with how far it says it is (at most five in a second, the
/// latest each time), `status` with `{"status"}`, `done` with the execution; nothing follows `done`.
#[utoipa::path(get, path = "/executions/{id}/stream", tag = "executions",
    params(("id" = Uuid, Path), ("last-event-id" = Option<u32>, Header)),
    responses((status = 200, body = String, content_type = "text/event-stream"), Refused))]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Authenticated,
    credential: Option<Extension<Credential>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seen = last_seen(&headers)?;
    let live = app
        .platform
        .executions()
        .watch(caller.ctx(), ExecutionId(id))
        .await?;
    let events = live.filter_map(move |item| {
        let event = match item {
            Ok(Live::Log(line)) if line.seq <= seen => None,
            Ok(item) => Some(event_of(item)),
            Err(error) => {
                // The client reads the rest by asking again; the reason is the operator's.
                tracing::error!(%error, "a stream broke off");
                None
            }
        };
        std::future::ready(event.map(Ok::<_, Infallible>))
    });
    let credential = credential.map(|Extension(credential)| credential);
    let closing = app.closing.clone().cancelled_owned();
    let events = events
        .take_until(closing)
        .take_until(Box::pin(no_longer_valid(app.platform.clone(), credential)));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(([UNBUFFERED], sse(events, keep_alive)).into_response())
}

fn sse<S>(events: S, keep_alive: KeepAlive) -> impl IntoResponse
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    Sse::new(events).keep_alive(keep_alive)
}

fn event_of(item: Live) -> Event {
    match item {
        Live::Log(line) => {
            let id = line.seq.to_string();
            named("log", &LogBody::from(line)).id(id)
        }
        Live::Progress(progress) => named("progress", &ProgressBody::from(progress)),
        Live::Status(status) => named("status", &json!({ "status": status.as_str() })),
        Live::Done(execution) => named("done", &ExecutionBody::from(*execution)),
    }
}

/// The event; JSON text has no line breaks that would end it early.
fn named(name: &str, data: &impl Serialize) -> Event {
    let text = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    Event::default().event(name).data(text)
}

fn last_seen(headers: &HeaderMap) -> Result<u32, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else {
        return Ok(0);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Problem::field("last-event-id", "bad_value", "must be a line's number"))
}

/// Ends when the credential has been revoked, has expired, or cannot be checked.
async fn no_longer_valid(platform: Platform, credential: Option<Credential>) {
    let Some(credential) = credential else {
        return std::future::pending().await;
    };
    let mut ticks = interval(RECHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if !matches!(credential.caller(&platform).await, Ok(Some(_))) {
            return;
        }
    }
}
