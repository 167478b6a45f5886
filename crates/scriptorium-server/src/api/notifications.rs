//! Notifications: messages to people that scripts send, and what is done about them.

use axum::Json;
use axum::extract::State;
use scriptorium::NotificationFilter;
use scriptorium::model::notification::{Channel, Notification, NotificationStatus, SendMode};
use scriptorium::model::{ExecutionId, NotificationId, ScriptId, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{List, Refused, named, page};
use crate::auth::Authenticated;
use crate::input::{JsonBody, Path, Query};
use crate::problem::Problem;
use crate::raw_json::RawJson;
use crate::state::App;

/// A notification, whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationBody {
    #[serde(flatten)]
    facts: NotificationItem,
    /// What it says, as its channel needs it.
    content: RawJson,
    /// What its script noted beside it.
    metadata: RawJson,
}

/// A notification as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationSummary)]
pub(crate) struct NotificationItem {
    id: Uuid,
    /// `email`, `sms`, `slack`, `teams` or `telegram`.
    channel: &'static str,
    /// `pending`, `sending`, `sent`, `recorded`, `failed` or `discarded`.
    status: &'static str,
    /// Whom it is for; empty when a webhook decides.
    recipient: String,
    /// The first line, of an e-mail.
    subject: Option<String>,
    script_id: Uuid,
    /// The script's name at the time.
    script_name: String,
    /// The execution that sent it, which may have left the history.
    execution_id: Uuid,
    /// Attempts so far, since somebody last said to try again.
    attempts: u32,
    /// Why the last attempt failed.
    error: Option<NotificationError>,
    created_at: Timestamp,
    /// When it is tried next, while it waits.
    next_at: Option<Timestamp>,
    /// When it was sent, recorded, given up or failed.
    settled_at: Option<Timestamp>,
}

/// Why an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationError {
    /// A stable code.
    code: String,
    message: String,
}

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// `pending`, `sending`, `sent`, `recorded`, `failed` or `discarded`.
    status: Option<String>,
    /// `email`, `sms`, `slack`, `teams` or `telegram`.
    channel: Option<String>,
    /// Of this script.
    script_id: Option<Uuid>,
    /// Of this execution.
    execution_id: Option<Uuid>,
    /// Sent by their scripts at this instant or later.
    from: Option<Timestamp>,
    /// Sent by their scripts before this instant.
    to: Option<Timestamp>,
    /// How many items, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

/// The notifications of the tenant, the newest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(Filter),
    responses((status = 200, body = List<NotificationItem>), Refused))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
    Query(filter): Query<Filter>,
) -> Result<Json<List<NotificationItem>>, Problem> {
    let page = page(filter.limit, filter.cursor)?;
    let statuses = || {
        NotificationStatus::ALL
            .into_iter()
            .map(NotificationStatus::as_str)
    };
    let channels = || Channel::ALL.into_iter().map(Channel::as_str);
    let status = |name: &String| named("status", name, NotificationStatus::from_name, statuses());
    let channel = |name: &String| named("channel", name, Channel::from_name, channels());
    let wanted = NotificationFilter {
        status: filter.status.as_ref().map(status).transpose()?,
        channel: filter.channel.as_ref().map(channel).transpose()?,
        script: filter.script_id.map(ScriptId),
        execution: filter.execution_id.map(ExecutionId),
        from: filter.from,
        to: filter.to,
    };
    let notifications = app.platform.notifications();
    let found = notifications.list(caller.ctx(), &wanted, &page).await?;
    Ok(Json(List::of(found, |one| NotificationItem::from(&one))))
}

/// One notification with what it says.
#[utoipa::path(get, path = "/notifications/{id}", tag = "notifications",
    params(("id" = Uuid, Path)), responses((status = 200, body = NotificationBody), Refused))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<NotificationBody>, Problem> {
    let notifications = app.platform.notifications();
    let found = notifications.find(caller.ctx(), NotificationId(id)).await?;
    Ok(Json(found.into()))
}

/// Lets one that failed be sent once more.
///
/// Asking twice does it once: the second answer is 409 `forbidden_move`.
#[utoipa::path(post, path = "/notifications/{id}/retry", tag = "notifications",
    params(("id" = Uuid, Path)), responses((status = 200, body = NotificationBody), Refused))]
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<NotificationBody>, Problem> {
    let notifications = app.platform.notifications();
    let retried = notifications.retry(caller.ctx(), NotificationId(id));
    Ok(Json(retried.await?.into()))
}

/// Gives one up that waits or has failed; it stays on record for a while.
#[utoipa::path(post, path = "/notifications/{id}/discard", tag = "notifications",
    params(("id" = Uuid, Path)), responses((status = 200, body = NotificationBody), Refused))]
pub(crate) async fn discard(
    State(app): State<App>,
    caller: Authenticated,
    Path(id): Path<Uuid>,
) -> Result<Json<NotificationBody>, Problem> {
    let notifications = app.platform.notifications();
    let discarded = notifications.discard(caller.ctx(), NotificationId(id));
    Ok(Json(discarded.await?.into()))
}

/// Whether the tenant's notifications are sent, and how many more today.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationMode {
    /// `send`, or `record` when they are recorded instead.
    mode: &'static str,
    /// How many the tenant has had today, by the clock of UTC.
    today: u64,
    /// How many it may have a day.
    per_day: u64,
}

/// Whether the tenant's notifications are to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotificationMode {
    /// `send` or `record`.
    mode: String,
}

/// Whether the tenant's notifications are sent, and how many more today.
#[utoipa::path(get, path = "/notification-mode", tag = "notifications",
    responses((status = 200, body = NotificationMode), Refused))]
pub(crate) async fn mode(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<NotificationMode>, Problem> {
    let allowance = app.platform.notifications().allowance(caller.ctx()).await?;
    Ok(Json(NotificationMode {
        mode: allowance.mode.as_str(),
        today: allowance.today,
        per_day: allowance.per_day,
    }))
}

/// Says whether the tenant's notifications are sent, or only recorded. What waits is recorded, too, and never
/// sent.
#[utoipa::path(put, path = "/notification-mode", tag = "notifications",
    request_body = NewNotificationMode,
    responses((status = 200, body = NotificationMode), Refused))]
pub(crate) async fn set_mode(
    state: State<App>,
    caller: Authenticated,
    JsonBody(wanted): JsonBody<NewNotificationMode>,
) -> Result<Json<NotificationMode>, Problem> {
    let modes = || SendMode::ALL.into_iter().map(SendMode::as_str);
    let wanted = named("mode", &wanted.mode, SendMode::from_name, modes())?;
    let notifications = state.platform.notifications();
    notifications.set_mode(caller.ctx(), wanted).await?;
    mode(state, caller).await
}

impl From<&Notification> for NotificationItem {
    fn from(one: &Notification) -> Self {
        let error = one.error.clone();
        Self {
            id: one.id.0,
            channel: one.channel.as_str(),
            status: one.status.as_str(),
            recipient: one.recipient.clone(),
            subject: one.subject.clone(),
            script_id: one.script.0,
            script_name: one.script_name.clone(),
            execution_id: one.execution.0,
            attempts: one.attempts,
            error: error.map(|(code, message)| NotificationError { code, message }),
            created_at: one.created_at,
            next_at: (one.status == NotificationStatus::Pending).then_some(one.next_at),
            settled_at: one.settled_at,
        }
    }
}

impl From<Notification> for NotificationBody {
    fn from(one: Notification) -> Self {
        Self {
            facts: NotificationItem::from(&one),
            content: RawJson(one.content),
            metadata: RawJson(one.metadata),
        }
    }
}
