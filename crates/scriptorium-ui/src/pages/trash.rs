//! The trash: deleted scripts, who deleted them and when, restore and the end.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use scriptorium::ScriptFilter;
use scriptorium::model::ScriptId;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Permission;
use serde::Deserialize;

use super::{clock, given};
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::people::People;
use crate::texts::Texts;
use crate::view::Pager;
use crate::visitor::Visitor;
use crate::when::When;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "trash.html")]
struct TrashPage {
    frame: Frame,
    t: Texts,
    may_restore: bool,
    may_purge: bool,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: ScriptId,
    name: String,
    kind: &'static str,
    at: Option<When>,
    by: String,
}

#[derive(Deserialize)]
pub(crate) struct TrashQuery {
    cursor: Option<String>,
}

/// `GET /trash`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<TrashQuery>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let filter = ScriptFilter {
        trash: true,
        ..ScriptFilter::default()
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let found = site.platform.scripts().list(ctx, &filter, &part).await;
    let found = found.map_err(explained(&visitor))?;
    let people = People::known_to(&site, &visitor).await;
    let clock = clock(&site, t);
    let next = found.next_cursor.as_deref();
    let page = TrashPage {
        frame: Frame::new(t, t.get("trash-title"), "scripts", Some(&visitor.caller)),
        t,
        may_restore: ctx.may(Permission::ScriptsDelete),
        may_purge: ctx.may(Permission::ScriptsPurge),
        pager: Pager::new("/trash", &[], cursor.as_deref(), next),
        rows: found
            .items
            .into_iter()
            .map(|summary| Row {
                id: summary.script.id,
                kind: summary.script.kind().as_str(),
                at: summary.trashed.map(|it| clock.when(it.at)),
                by: people.author(summary.trashed.and_then(|it| it.by)),
                name: summary.script.definition.name,
            })
            .collect(),
    };
    Ok(answer::strict(&page))
}
