//! The list of scripts with search and filters.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Permission;
use scriptorium::model::policy::Action;
use scriptorium::model::script::{ScriptStatus, ScriptType};
use scriptorium::model::{ExecutionId, ScriptId};
use scriptorium::{ScriptFilter, ScriptSummary};
use serde::Deserialize;

use super::{clock, given, whole_or_part};
use crate::Site;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view::{self, Move, Pager};
use crate::visitor::Visitor;
use crate::when::{Clock, When};

#[derive(Template)]
#[template(path = "scripts.html", blocks = ["results"])]
struct ScriptsPage {
    frame: Frame,
    t: Texts,
    may_create: bool,
    filter: Filter,
    kinds: [&'static str; 5],
    statuses: [&'static str; 5],
    rows: Vec<Row>,
    pager: Pager,
}

#[derive(Clone, Default)]
struct Filter {
    q: String,
    kind: &'static str,
    status: &'static str,
}

struct Row {
    id: ScriptId,
    name: String,
    description: String,
    kind: &'static str,
    icon: &'static str,
    status: &'static str,
    tone: &'static str,
    last: Option<Last>,
    next: Option<When>,
    may_edit: bool,
    may_delete: bool,
    moves: Vec<Move>,
}

struct Last {
    id: ExecutionId,
    status: &'static str,
    tone: &'static str,
    at: When,
}

#[derive(Deserialize)]
pub(crate) struct ScriptsQuery {
    q: Option<String>,
    r#type: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
}

/// `GET /scripts`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<ScriptsQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let wanted = ScriptFilter {
        q: given(query.q.as_ref()),
        kind: query.r#type.as_deref().and_then(ScriptType::from_name),
        status: query.status.as_deref().and_then(ScriptStatus::from_name),
        ..ScriptFilter::default()
    };
    let filter = Filter {
        q: wanted.q.clone().unwrap_or_default(),
        kind: wanted.kind.map_or("", ScriptType::as_str),
        status: wanted.status.map_or("", ScriptStatus::as_str),
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let found = site.platform.scripts().list(ctx, &wanted, &part).await;
    let found = found.map_err(explained(&visitor))?;
    let clock = clock(&site, t);
    let next = found.next_cursor.as_deref();
    let page = ScriptsPage {
        frame: Frame::new(t, t.get("scripts-title"), "scripts", Some(&visitor.caller)),
        t,
        may_create: ctx.may(Permission::ScriptsCreate),
        kinds: ScriptType::ALL.map(ScriptType::as_str),
        statuses: ScriptStatus::ALL.map(ScriptStatus::as_str),
        pager: Pager::new("/scripts", &filter.parameters(), cursor.as_deref(), next),
        rows: found
            .items
            .into_iter()
            .map(|summary| Row::of(&visitor, clock, summary))
            .collect(),
        filter,
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.q.is_empty() && self.kind.is_empty() && self.status.is_empty()
    }

    fn parameters(&self) -> [(&'static str, &str); 3] {
        [("q", &self.q), ("type", self.kind), ("status", self.status)]
    }
}

impl Row {
    fn of(visitor: &Visitor, clock: Clock, summary: ScriptSummary) -> Self {
        let (ctx, script) = (visitor.ctx(), summary.script);
        Self {
            id: script.id,
            kind: script.kind().as_str(),
            icon: view::type_icon(script.kind()),
            status: script.status.as_str(),
            tone: view::script_tone(script.status),
            last: summary.last_execution.map(|last| Last {
                id: last.id,
                status: last.status.as_str(),
                tone: view::execution_tone(last.status),
                at: clock.when(last.at),
            }),
            next: summary.next_run_at.map(|at| clock.when(at)),
            may_edit: view::may(ctx, Action::Update, &script),
            may_delete: view::may(ctx, Action::Delete, &script),
            moves: view::moves(ctx, &script),
            name: script.definition.name,
            description: script.definition.description,
        }
    }
}
