//! The alerts of a tenant, and the badge that says in the navigation how many nobody has acknowledged.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::AlertFilter;
use scriptorium::model::alert::{Alert, AlertKind};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Permission;
use scriptorium::model::{AlertId, ScriptId};
use serde::Deserialize;

use super::{clock, given, whole_or_part};
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::people::People;
use crate::texts::Texts;
use crate::view::Pager;
use crate::visitor::Visitor;
use crate::when::When;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "alerts.html", blocks = ["results"])]
struct AlertsPage {
    frame: Frame,
    t: Texts,
    /// Whether those are shown that somebody acknowledged.
    all: bool,
    may_acknowledge: bool,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: AlertId,
    kind: &'static str,
    tone: &'static str,
    script: ScriptId,
    name: String,
    message: String,
    count: u64,
    first: When,
    last: When,
    acknowledged: Option<When>,
    by: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct AlertsQuery {
    show: Option<String>,
    cursor: Option<String>,
}

/// `GET /alerts`; `?show=all` with those that somebody acknowledged.
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<AlertsQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let (t, ctx) = (visitor.t, visitor.ctx());
    let all = query.show.as_deref() == Some("all");
    let wanted = AlertFilter {
        acknowledged: (!all).then_some(false),
        ..AlertFilter::default()
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let found = site.platform.alerts().list(ctx, &wanted, &part).await;
    let found = found.map_err(explained(&visitor))?;
    let (clock, people) = (clock(&site, t), People::known_to(&site, &visitor).await);
    let parameters = [("show", if all { "all" } else { "" })];
    let next = found.next_cursor.as_deref();
    let title = t.get("alerts-title");
    let row = |alert: Alert| Row {
        id: alert.id,
        kind: alert.kind.as_str(),
        tone: tone(&alert),
        script: alert.script,
        name: alert.script_name,
        message: alert.message,
        count: alert.count,
        first: clock.when(alert.first_at),
        last: clock.when(alert.last_at),
        acknowledged: alert.acknowledged_at.map(|at| clock.when(at)),
        by: alert.acknowledged_by.map(|user| people.name(user)),
    };
    let page = AlertsPage {
        frame: Frame::new(t, title, "alerts", Some(&visitor.caller)),
        t,
        all,
        may_acknowledge: ctx.may(Permission::ScriptsExecute),
        pager: Pager::new("/alerts", &parameters, cursor.as_deref(), next),
        rows: found.items.into_iter().map(row).collect(),
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

fn tone(alert: &Alert) -> &'static str {
    match (alert.acknowledged_at, alert.kind) {
        (Some(_), _) => "tone-hollow",
        (None, AlertKind::DeadLetter) => "tone-bad",
        (None, AlertKind::Paused | AlertKind::CircuitOpen) => "tone-warn",
    }
}

#[derive(Template)]
#[template(path = "parts/alert_badge.html")]
struct Badge {
    t: Texts,
    count: u64,
}

/// `GET /alerts/badge`: part of the navigation.
pub(crate) async fn badge(State(site): State<Site>, visitor: Visitor) -> Result<Response, Failure> {
    // Who may not see alerts has none.
    let count = site.platform.alerts().count_open(visitor.ctx()).await;
    Ok(answer::strict(&Badge {
        t: visitor.t,
        count: count.unwrap_or(0),
    }))
}
