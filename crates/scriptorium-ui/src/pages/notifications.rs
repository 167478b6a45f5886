//! The notifications of a tenant: what its scripts send to people, and what became of each.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::NotificationFilter;
use scriptorium::model::notification::{Channel, Notification, NotificationStatus, SendMode};
use scriptorium::model::page::PageRequest;
use scriptorium::model::{ExecutionId, NotificationId, ScriptId};
use serde::Deserialize;

use super::{clock, given, whole_or_part};
use crate::Site;
use crate::days::Days;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view::{self, Pager};
use crate::visitor::Visitor;
use crate::when::{Clock, When};

#[derive(Template)]
#[template(path = "notifications.html", blocks = ["results"])]
struct NotificationsPage {
    frame: Frame,
    t: Texts,
    filter: Filter,
    statuses: [&'static str; 6],
    channels: [&'static str; 5],
    /// Whether they are only recorded.
    records: bool,
    today: u64,
    per_day: u64,
    rows: Vec<Row>,
    pager: Pager,
}

#[derive(Default)]
struct Filter {
    script: String,
    execution: String,
    channel: &'static str,
    status: &'static str,
    from: String,
    until: String,
}

struct Row {
    id: NotificationId,
    channel: &'static str,
    status: &'static str,
    tone: &'static str,
    recipient: String,
    about: String,
    failure: String,
    attempts: u32,
    at: When,
}

#[derive(Deserialize)]
pub(crate) struct NotificationsQuery {
    script: Option<String>,
    execution: Option<String>,
    channel: Option<String>,
    status: Option<String>,
    from: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
}

/// `GET /notifications`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<NotificationsQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let (t, ctx) = (visitor.t, visitor.ctx());
    let days = Days::given(query.from.as_ref(), query.until.as_ref());
    let script: Option<ScriptId> = query.script.as_deref().and_then(|text| text.parse().ok());
    let execution: Option<ExecutionId> = query
        .execution
        .as_deref()
        .and_then(|text| text.parse().ok());
    let status = query
        .status
        .as_deref()
        .and_then(NotificationStatus::from_name);
    let channel = query.channel.as_deref().and_then(Channel::from_name);
    let wanted = NotificationFilter {
        status,
        channel,
        script,
        execution,
        from: days.from(),
        to: days.to(),
    };
    let (from, until) = days.texts();
    let filter = Filter {
        script: script.map(|id| id.to_string()).unwrap_or_default(),
        execution: execution.map(|id| id.to_string()).unwrap_or_default(),
        channel: channel.map_or("", Channel::as_str),
        status: status.map_or("", NotificationStatus::as_str),
        from,
        until,
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let notifications = site.platform.notifications();
    let found = notifications.list(ctx, &wanted, &part).await;
    let found = found.map_err(explained(&visitor))?;
    let allowance = notifications.allowance(ctx).await;
    let allowance = allowance.map_err(explained(&visitor))?;
    let clock = clock(&site, t);
    let next = found.next_cursor.as_deref();
    let title = t.get("notifications-title");
    let page = NotificationsPage {
        frame: Frame::new(t, title, "notifications", Some(&visitor.caller)),
        t,
        statuses: NotificationStatus::ALL.map(NotificationStatus::as_str),
        channels: Channel::ALL.map(Channel::as_str),
        records: allowance.mode == SendMode::Record,
        today: allowance.today,
        per_day: allowance.per_day,
        pager: Pager::new(
            "/notifications",
            &filter.parameters(),
            cursor.as_deref(),
            next,
        ),
        rows: found
            .items
            .into_iter()
            .map(|one| Row::of(clock, one))
            .collect(),
        filter,
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.parameters().iter().all(|(_, value)| value.is_empty())
    }

    fn parameters(&self) -> [(&'static str, &str); 6] {
        [
            ("script", &self.script),
            ("execution", &self.execution),
            ("channel", self.channel),
            ("status", self.status),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }
}

impl Row {
    fn of(clock: Clock, one: Notification) -> Self {
        Self {
            id: one.id,
            channel: one.channel.as_str(),
            status: one.status.as_str(),
            tone: view::notification_tone(one.status),
            recipient: one.recipient,
            about: one.subject.unwrap_or(one.script_name),
            failure: one.error.map(|(_, message)| message).unwrap_or_default(),
            attempts: one.attempts,
            at: clock.when(one.created_at),
        }
    }
}
