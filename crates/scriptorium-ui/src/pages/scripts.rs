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
use scriptorium::{ScriptFilter, ScriptSort, ScriptSummary, SortField};
use serde::Deserialize;

use super::{clock, given, whole_or_part};
use crate::Site;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view::{self, Move, Pager};
use crate::visitor::{Visitor, with_query};
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
    tags: Vec<String>,
    name: Heading,
    kind: Heading,
    status: Heading,
    rows: Vec<Row>,
    pager: Pager,
}

#[derive(Clone, Default)]
struct Filter {
    q: String,
    kind: &'static str,
    status: &'static str,
    tag: String,
    /// A field's name, with `-` in front when the largest comes first; empty for the usual order.
    sort: String,
}

/// The head of a column that the list can be sorted by.
struct Heading {
    /// The list in the order that a click asks for.
    href: String,
    /// What `aria-sort` says.
    order: &'static str,
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
    tag: Option<String>,
    sort: Option<String>,
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
        tags: given(query.tag.as_ref()).into_iter().collect(),
        sort: query.sort.as_deref().and_then(order).unwrap_or_default(),
        older_than: None,
        trash: false,
    };
    let filter = Filter {
        q: wanted.q.clone().unwrap_or_default(),
        kind: wanted.kind.map_or("", ScriptType::as_str),
        status: wanted.status.map_or("", ScriptStatus::as_str),
        tag: wanted.tags.first().cloned().unwrap_or_default(),
        sort: if wanted.sort == ScriptSort::default() {
            String::new()
        } else {
            written(wanted.sort)
        },
    };
    let tags = site.platform.scripts().tags(ctx).await;
    let tags = tags.map_err(explained(&visitor))?;
    let heading = |field| Heading::of(field, wanted.sort, &filter);
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
        frame: Frame::new(t, t.get("scripts-title"), "scripts", Some(&visitor.caller))
            .with_halt(t, site.platform.halted(ctx.tenant)),
        t,
        may_create: ctx.may(Permission::ScriptsCreate),
        kinds: ScriptType::ALL.map(ScriptType::as_str),
        statuses: ScriptStatus::ALL.map(ScriptStatus::as_str),
        tags,
        name: heading(SortField::Name),
        kind: heading(SortField::Type),
        status: heading(SortField::Status),
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
        self.q.is_empty() && self.kind.is_empty() && self.status.is_empty() && self.tag.is_empty()
    }

    fn parameters(&self) -> [(&'static str, &str); 5] {
        [
            ("q", &self.q),
            ("type", self.kind),
            ("status", self.status),
            ("tag", &self.tag),
            ("sort", &self.sort),
        ]
    }
}

impl Heading {
    /// A click sorts by the column, a second one the other way round.
    fn of(field: SortField, present: ScriptSort, filter: &Filter) -> Self {
        let here = present.field == field;
        let next = ScriptSort {
            field,
            descending: here && !present.descending,
        };
        let mut parameters = filter.clone();
        parameters.sort = written(next);
        Self {
            href: with_query("/scripts", &parameters.parameters()),
            order: match (here, present.descending) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        }
    }
}

/// The order that a `sort` parameter names; what is unknown is the usual one.
fn order(text: &str) -> Option<ScriptSort> {
    let name = text.strip_prefix('-');
    Some(ScriptSort {
        field: SortField::from_name(name.unwrap_or(text))?,
        descending: name.is_some(),
    })
}

fn written(sort: ScriptSort) -> String {
    let sign = if sort.descending { "-" } else { "" };
    format!("{sign}{}", sort.field.as_str())
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
            may_edit: view::may_edit(ctx, &script),
            may_delete: view::may(ctx, Action::Delete, &script),
            moves: view::moves(ctx, &script),
            name: script.definition.name,
            description: script.definition.description,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_written_as_it_is_read() {
        for field in SortField::ALL {
            for descending in [false, true] {
                let sort = ScriptSort { field, descending };
                assert_eq!(order(&written(sort)), Some(sort));
            }
        }
        assert_eq!(order("-"), None);
        assert_eq!(order("source"), None);
    }

    #[test]
    fn a_second_click_turns_the_order_and_filters_stay() {
        let filter = Filter {
            tag: "billing".into(),
            ..Filter::default()
        };
        let name = |descending| ScriptSort {
            field: SortField::Name,
            descending,
        };
        let check = |present, href: &str, order: &str| {
            let heading = Heading::of(SortField::Name, present, &filter);
            assert_eq!((heading.href.as_str(), heading.order), (href, order));
        };
        let (up, down) = (
            "/scripts?tag=billing&sort=name",
            "/scripts?tag=billing&sort=-name",
        );
        check(ScriptSort::default(), up, "none");
        check(name(false), down, "ascending");
        check(name(true), up, "descending");
    }
}
