//! The history of executions: of all scripts, or of one. Refreshes itself while it is looked at.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::operation::OperationKind;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Permission;
use scriptorium::model::{ExecutionId, ScriptId};
use scriptorium::{ExecutionFilter, ExecutionSummary, ScriptFilter};
use serde::Deserialize;

use super::{clock, given, id, whole_or_part};
use crate::Site;
use crate::answer::wants_part;
use crate::days::Days;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::head::Head;
use crate::subscription::SubscriptionPanel;
use crate::texts::Texts;
use crate::timetable::Timetable;
use crate::view::{self, Pager};
use crate::visitor::{Visitor, with_query};
use crate::when::{Clock, When};

#[derive(Template)]
#[template(path = "executions.html", blocks = ["results"])]
struct ExecutionsPage {
    frame: Frame,
    t: Texts,
    /// The script whose executions these are, when they are of one.
    head: Option<Head>,
    /// How its schedule keeps, when it has one.
    timetable: Option<Timetable>,
    /// Whether its subscription is suspended, when it has one.
    subscription: Option<SubscriptionPanel>,
    base: String,
    /// This page with its filter, for refreshing.
    here: String,
    filter: Filter,
    scripts: Vec<(String, String)>,
    statuses: [&'static str; 6],
    triggers: [&'static str; 6],
    /// Where all that match can be stopped and repeated; when the visitor may.
    many: Option<Many>,
    rows: Vec<Row>,
    pager: Pager,
}

/// Links to what can be done to all that match.
struct Many {
    cancel: Option<String>,
    replay: Option<String>,
}

#[derive(Default)]
struct Filter {
    q: String,
    script: String,
    status: &'static str,
    trigger: &'static str,
    operation: String,
    from: String,
    until: String,
}

struct Row {
    id: ExecutionId,
    script: String,
    status: &'static str,
    tone: &'static str,
    trigger: &'static str,
    icon: &'static str,
    version: u32,
    at: When,
    /// How long it took, or has been running.
    duration: Option<String>,
    is_live: bool,
    failure: Option<String>,
    test: bool,
    dry_run: bool,
}

#[derive(Deserialize)]
pub(crate) struct ExecutionsQuery {
    q: Option<String>,
    script: Option<String>,
    status: Option<String>,
    trigger: Option<String>,
    operation: Option<String>,
    from: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
}

/// `GET /executions`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<ExecutionsQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let t = visitor.t;
    let script = query.script.as_deref().and_then(|text| text.parse().ok());
    let frame = Frame::new(
        t,
        t.get("executions-title"),
        "executions",
        Some(&visitor.caller),
    );
    let place = Place {
        head: None,
        timetable: None,
        subscription: None,
    };
    let frame = frame.with_halt(t, site.platform.halted(visitor.ctx().tenant));
    answer(&site, &visitor, query, script, place, frame, &request).await
}

/// `GET /scripts/{id}/executions`
pub(crate) async fn of_script(
    State(site): State<Site>,
    visitor: Visitor,
    Path(script): Path<String>,
    Query(query): Query<ExecutionsQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let script_id: ScriptId = id(&script, &visitor)?;
    let script = site.platform.scripts().find(visitor.ctx(), script_id).await;
    let script = script.map_err(explained(&visitor))?;
    let clock = clock(&site, visitor.t);
    let timetable = Timetable::of(&site, &visitor, clock, &script).await?;
    let subscription = SubscriptionPanel::of(&site, &visitor, clock, &script).await?;
    let head = Head::of(&site.platform, visitor.ctx(), &script, "executions");
    let frame = Frame::new(
        visitor.t,
        head.name.clone(),
        "scripts",
        Some(&visitor.caller),
    );
    let wanted = Some(script_id);
    let place = Place {
        head: Some(head),
        timetable,
        subscription,
    };
    let frame = frame.with_halt(visitor.t, site.platform.halted(visitor.ctx().tenant));
    answer(&site, &visitor, query, wanted, place, frame, &request).await
}

/// Whose executions a page shows: of one script, or of all.
struct Place {
    head: Option<Head>,
    timetable: Option<Timetable>,
    subscription: Option<SubscriptionPanel>,
}

async fn answer(
    site: &Site,
    visitor: &Visitor,
    query: ExecutionsQuery,
    script: Option<ScriptId>,
    place: Place,
    frame: Frame,
    request: &HeaderMap,
) -> Result<Response, Failure> {
    let t = visitor.t;
    let Place {
        head,
        timetable,
        subscription,
    } = place;
    let days = Days::given(query.from.as_ref(), query.until.as_ref());
    let wanted = ExecutionFilter {
        q: given(query.q.as_ref()),
        script,
        status: query.status.as_deref().and_then(ExecutionStatus::from_name),
        trigger: query.trigger.as_deref().and_then(TriggerKind::from_name),
        operation: query
            .operation
            .as_deref()
            .and_then(|text| text.parse().ok()),
        from: days.from(),
        to: days.to(),
        ..ExecutionFilter::default()
    };
    let (from, until) = days.texts();
    let filter = Filter {
        q: wanted.q.clone().unwrap_or_default(),
        // Of one script's own page, the script is no filter but the place.
        script: match (&head, script) {
            (None, Some(script)) => script.to_string(),
            _ => String::new(),
        },
        status: wanted.status.map_or("", ExecutionStatus::as_str),
        trigger: wanted.trigger.map_or("", TriggerKind::as_str),
        operation: wanted
            .operation
            .map(|id| id.to_string())
            .unwrap_or_default(),
        from,
        until,
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let executions = site.platform.executions();
    let found = executions.list(visitor.ctx(), &wanted, &part).await;
    let found = found.map_err(explained(visitor))?;
    let base = head.as_ref().map_or_else(
        || "/executions".to_owned(),
        |head| format!("/scripts/{}/executions", head.id),
    );
    let parameters = filter.parameters();
    let mut here = parameters.to_vec();
    here.push(("cursor", cursor.as_deref().unwrap_or_default()));
    let clock = clock(site, t);
    let next = found.next_cursor.as_deref();
    let page = ExecutionsPage {
        frame,
        t,
        scripts: names(site, visitor, head.is_none() && !wants_part(request)).await?,
        statuses: ExecutionStatus::ALL.map(ExecutionStatus::as_str),
        triggers: TriggerKind::ALL.map(TriggerKind::as_str),
        pager: Pager::new(&base, &parameters, cursor.as_deref(), next),
        here: with_query(&base, &here),
        rows: found
            .items
            .into_iter()
            .map(|one| Row::of(clock, one))
            .collect(),
        many: Many::of(visitor, &wanted, &filter),
        base,
        head,
        timetable,
        subscription,
        filter,
    };
    Ok(whole_or_part(request, &page, &page.as_results()))
}

/// Scripts to filter by, as many as one page of them has. A refresh of the rows does not show them,
/// so it does not read them.
async fn names(
    site: &Site,
    visitor: &Visitor,
    wanted: bool,
) -> Result<Vec<(String, String)>, Failure> {
    if !wanted {
        return Ok(Vec::new());
    }
    let part = PageRequest {
        limit: PageRequest::MAX_LIMIT,
        cursor: None,
    };
    let scripts = site.platform.scripts();
    let all = ScriptFilter::default();
    let found = scripts.list(visitor.ctx(), &all, &part).await;
    let found = found.map_err(explained(visitor))?;
    let name =
        |one: scriptorium::ScriptSummary| (one.script.id.to_string(), one.script.definition.name);
    Ok(found.items.into_iter().map(name).collect())
}

impl Many {
    /// Words are no part of an operation, and executions of an operation are not told apart by it.
    fn of(visitor: &Visitor, wanted: &ExecutionFilter, filter: &Filter) -> Option<Self> {
        let plain = wanted.q.is_none() && wanted.operation.is_none();
        if !plain || !visitor.ctx().may(Permission::ScriptsExecute) {
            return None;
        }
        let script = wanted.script.map(|id| id.to_string()).unwrap_or_default();
        let link = |kind: OperationKind| {
            let parameters = [
                ("kind", kind.as_str()),
                ("script", script.as_str()),
                ("status", filter.status),
                ("trigger", filter.trigger),
                ("from", filter.from.as_str()),
                ("until", filter.until.as_str()),
            ];
            let fits = wanted.status.is_none_or(|status| kind.suits(status));
            fits.then(|| with_query("/operations/new", &parameters))
        };
        Some(Self {
            cancel: link(OperationKind::Cancel),
            replay: link(OperationKind::Replay),
        })
    }
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.parameters().iter().all(|(_, value)| value.is_empty())
    }

    fn parameters(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("script", &self.script),
            ("status", self.status),
            ("trigger", self.trigger),
            ("operation", &self.operation),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }
}

impl Row {
    fn of(clock: Clock, one: ExecutionSummary) -> Self {
        let is_live = one.status == ExecutionStatus::Running;
        let taken = match one.started_at {
            Some(at) if is_live => Some(clock.since(at)),
            _ => one.status.is_final().then_some(one.metrics.duration),
        };
        Self {
            id: one.id,
            script: one.script_name,
            status: one.status.as_str(),
            tone: view::execution_tone(one.status),
            trigger: one.trigger.as_str(),
            icon: view::trigger_icon(one.trigger),
            version: one.version,
            at: clock.when(one.started_at.unwrap_or(one.created_at)),
            duration: taken.map(|taken| view::duration(clock.t, taken)),
            is_live,
            failure: one.failure_message,
            test: one.test,
            dry_run: one.dry_run,
        }
    }

    /// What a screen reader says about the link in the status column.
    fn label(&self, t: &Texts) -> String {
        format!(
            "{}: {}",
            self.script,
            t.named("execution-status", self.status)
        )
    }
}
