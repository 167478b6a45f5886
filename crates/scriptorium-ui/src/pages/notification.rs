//! One notification: whom it is for, what it says, and what can be done about it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use scriptorium::model::notification::{Notification, NotificationStatus};
use scriptorium::model::{ExecutionId, NotificationId, ScriptId};

use super::{clock, id};
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view;
use crate::visitor::Visitor;
use crate::when::{Clock, When};
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "notification.html")]
struct NotificationPage {
    frame: Frame,
    t: Texts,
    id: NotificationId,
    heading: String,
    channel: &'static str,
    status: &'static str,
    tone: &'static str,
    recipient: String,
    script: ScriptId,
    script_name: String,
    execution: ExecutionId,
    may_retry: bool,
    may_discard: bool,
    /// Code and text of the last failure.
    failure: Option<(String, String)>,
    attempts: u32,
    created: When,
    next: Option<When>,
    settled: Option<When>,
    content: String,
    metadata: String,
}

/// `GET /notifications/{id}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path(notification): Path<String>,
) -> Result<Response, Failure> {
    let notification: NotificationId = id(&notification, &visitor)?;
    let notifications = site.platform.notifications();
    let found = notifications.find(visitor.ctx(), notification).await;
    let found = found.map_err(explained(&visitor))?;
    let page = NotificationPage::of(&visitor, clock(&site, visitor.t), found);
    Ok(answer::strict(&page))
}

impl NotificationPage {
    fn of(visitor: &Visitor, clock: Clock, one: Notification) -> Self {
        let t = visitor.t;
        let waits = one.status == NotificationStatus::Pending;
        let failed = one.status == NotificationStatus::Failed;
        let channel = one.channel.as_str();
        let heading = one.subject.unwrap_or_else(|| t.named("channel", channel));
        Self {
            frame: Frame::new(t, heading.clone(), "notifications", Some(&visitor.caller)),
            t,
            id: one.id,
            heading,
            channel,
            status: one.status.as_str(),
            tone: view::notification_tone(one.status),
            recipient: one.recipient,
            script: one.script,
            script_name: one.script_name,
            execution: one.execution,
            may_retry: failed,
            may_discard: failed || waits,
            failure: one.error,
            attempts: one.attempts,
            created: clock.when(one.created_at),
            next: waits.then(|| clock.when(one.next_at)),
            settled: one.settled_at.map(|at| clock.when(at)),
            content: view::pretty_json(&one.content),
            metadata: match one.metadata.as_str() {
                "{}" => String::new(),
                _ => view::pretty_json(&one.metadata),
            },
        }
    }
}
