//! Operations on many executions: beginning one on what a filter shows, the list of them, and one with how
//! far it has come, which refreshes itself until it has ended.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::operation::{OperationKind, OperationState, Pace};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Permission;
use scriptorium::model::{ExecutionId, OperationId};
use scriptorium::{ExecutionFilter, NewOperation, Operation};
use serde::Deserialize;
use serde_json::json;

use super::narrowing::Narrowing;
use super::{clock, given, id, whole_or_part};
use crate::failure::{self, Failure, explained};
use crate::frame::Frame;
use crate::people::People;
use crate::texts::Texts;
use crate::view::Pager;
use crate::visitor::{Visitor, with_query};
use crate::when::{Clock, When};
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "operation_new.html")]
struct NewPage {
    frame: Frame,
    t: Texts,
    kind: &'static str,
    /// What the filter says, as pairs of a text's key and a value.
    filter: Vec<(&'static str, String)>,
    count: u64,
    more: bool,
    /// What is sent beside the pace.
    body: String,
    most: u32,
    limit: u32,
    back: String,
}

#[derive(Template)]
#[template(path = "operations.html", blocks = ["results"])]
struct ListPage {
    frame: Frame,
    t: Texts,
    rows: Vec<Row>,
    is_live: bool,
    here: String,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "operation.html", blocks = ["operation"])]
struct OperationPage {
    frame: Frame,
    t: Texts,
    row: Row,
    may_cancel: bool,
    filter: Vec<(&'static str, String)>,
    by: String,
    pace: String,
    ended: Option<When>,
    problems: Vec<(ExecutionId, String)>,
    failed: u64,
    reason: Option<String>,
    /// The executions that it made.
    made: Option<String>,
}

struct Row {
    id: OperationId,
    kind: &'static str,
    state: &'static str,
    tone: &'static str,
    is_live: bool,
    /// `12 of 347`.
    count: String,
    /// 0 to 1.
    part: f64,
    failed: u32,
    at: When,
}

#[derive(Deserialize)]
pub(crate) struct NewQuery {
    kind: Option<String>,
    script: Option<String>,
    status: Option<String>,
    trigger: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    cursor: Option<String>,
}

/// `GET /operations/new?kind=…` with the filter of the list of executions.
pub(crate) async fn create(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<NewQuery>,
) -> Result<Response, Failure> {
    let (ctx, t, caller) = (visitor.ctx(), visitor.t, Some(&visitor.caller));
    if !ctx.may(Permission::ScriptsExecute) {
        let missing = Some(Permission::ScriptsExecute);
        return Err(failure::forbidden(t, caller, missing));
    }
    let kind = query.kind.as_deref().and_then(OperationKind::from_name);
    let kind = kind.unwrap_or(OperationKind::Cancel);
    let narrowing = Narrowing::given(
        query.script.as_ref(),
        query.from.as_ref(),
        query.until.as_ref(),
    );
    let Narrowing { script, days } = narrowing;
    let status = query.status.as_deref().and_then(ExecutionStatus::from_name);
    let filter = ExecutionFilter {
        script,
        // One that it cannot be done to is as good as none.
        status: status.filter(|status| kind.suits(*status)),
        trigger: query.trigger.as_deref().and_then(TriggerKind::from_name),
        from: days.from(),
        to: days.to(),
        ..ExecutionFilter::default()
    };
    let new = NewOperation {
        kind,
        filter: filter.clone(),
        pace: Pace::default(),
    };
    let found = site.platform.operations().count(ctx, &new).await;
    let found = found.map_err(explained(&visitor))?;
    let body = narrowing.body(json!({
        "kind": kind.as_str(),
        "status": filter.status.map(ExecutionStatus::as_str),
        "trigger": filter.trigger.map(TriggerKind::as_str),
    }));
    let (first, last) = days.texts();
    let script = narrowing.script_text();
    let back = [
        ("script", script.as_str()),
        ("status", filter.status.map_or("", ExecutionStatus::as_str)),
        ("trigger", filter.trigger.map_or("", TriggerKind::as_str)),
        ("from", &first),
        ("until", &last),
    ];
    let page = NewPage {
        frame: Frame::new(
            t,
            t.named("operation-title", kind.as_str()),
            "executions",
            caller,
        ),
        t,
        kind: kind.as_str(),
        filter: told(&site, &visitor, &filter).await,
        count: found.matched.into(),
        more: found.more,
        body,
        most: scriptorium::model::operation::MOST,
        limit: found.matched.clamp(1, scriptorium::model::operation::MOST),
        back: with_query("/executions", &back),
    };
    Ok(answer::strict(&page))
}

/// `GET /operations`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<ListQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let t = visitor.t;
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let found = site.platform.operations().list(visitor.ctx(), &part).await;
    let found = found.map_err(explained(&visitor))?;
    let clock = clock(&site, t);
    let rows: Vec<Row> = found.items.iter().map(|one| Row::of(clock, one)).collect();
    let title = t.get("operations-title");
    let here = [("cursor", cursor.as_deref().unwrap_or_default())];
    let page = ListPage {
        frame: Frame::new(t, title, "executions", Some(&visitor.caller)),
        t,
        is_live: rows.iter().any(|row| row.is_live),
        rows,
        here: with_query("/operations", &here),
        pager: Pager::new(
            "/operations",
            &[],
            cursor.as_deref(),
            found.next_cursor.as_deref(),
        ),
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

/// `GET /operations/{id}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path(operation): Path<String>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let operation: OperationId = id(&operation, &visitor)?;
    let operation = site.platform.operations().find(ctx, operation).await;
    let operation = operation.map_err(explained(&visitor))?;
    let people = People::known_to(&site, &visitor).await;
    let clock = clock(&site, t);
    let filter = told(&site, &visitor, &operation.filter).await;
    let row = Row::of(clock, &operation);
    let title = t.named("operation-title", row.kind);
    let made = (operation.kind == OperationKind::Replay && operation.done > 0)
        .then(|| format!("/executions?operation={}", operation.id));
    let page = OperationPage {
        frame: Frame::new(t, title, "executions", Some(&visitor.caller)),
        t,
        may_cancel: row.is_live && ctx.may(Permission::ScriptsExecute),
        row,
        filter,
        by: operation
            .user
            .map_or_else(|| t.get("host"), |user| people.name(user)),
        pace: match operation.pace.per_minute {
            Some(rate) => t.count("operation-per-minute", u64::from(rate)),
            None => t.get("operation-at-once"),
        },
        ended: operation.completed_at.map(|at| clock.when(at)),
        failed: operation.failed.into(),
        problems: operation.problems,
        reason: operation.reason,
        made,
    };
    Ok(whole_or_part(&request, &page, &page.as_operation()))
}

/// What a filter says, for people.
async fn told(
    site: &Site,
    visitor: &Visitor,
    filter: &ExecutionFilter,
) -> Vec<(&'static str, String)> {
    let t = visitor.t;
    let mut told = Vec::new();
    if let Some(script) = filter.script {
        let found = site.platform.scripts().find(visitor.ctx(), script).await;
        let name = found.map_or_else(|_| script.to_string(), |script| script.definition.name);
        told.push(("column-script", name));
    }
    if let Some(status) = filter.status {
        let name = t.named("execution-status", status.as_str());
        told.push(("execution-status", name));
    }
    if let Some(trigger) = filter.trigger {
        told.push(("trigger", t.named("trigger", trigger.as_str())));
    }
    if let Some(from) = filter.from {
        told.push(("filter-from", when(from)));
    }
    if let Some(to) = filter.to {
        told.push(("filter-before", when(to)));
    }
    told
}

fn when(at: jiff::Timestamp) -> String {
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

impl Row {
    fn of(clock: Clock, one: &Operation) -> Self {
        let (seen, total) = (one.seen(), one.total.max(1));
        let count = [
            ("done", seen.to_string().into()),
            ("total", one.total.to_string().into()),
        ];
        Self {
            id: one.id,
            kind: one.kind.as_str(),
            state: one.state.as_str(),
            tone: match one.state {
                OperationState::Running => "tone-live",
                OperationState::Done => "tone-good",
                OperationState::Cancelled => "tone-hollow",
                OperationState::Stopped => "tone-bad",
            },
            is_live: !one.state.is_final(),
            count: clock.t.filled("progress-count", count),
            part: match one.state {
                OperationState::Done => 1.0,
                _ => (f64::from(seen) / f64::from(total)).min(1.0),
            },
            failed: one.failed,
            at: clock.when(one.created_at),
        }
    }
}
