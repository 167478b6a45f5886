//! The versions of a script: who changed what, when and why.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use scriptorium::model::ScriptId;
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::Definition;
use scriptorium::model::version::Version;
use serde::Deserialize;

use super::{clock, given, id};
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::head::Head;
use crate::people::People;
use crate::texts::Texts;
use crate::view::Pager;
use crate::visitor::Visitor;
use crate::when::{Clock, When};
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "versions.html")]
struct VersionsPage {
    frame: Frame,
    t: Texts,
    head: Head,
    rows: Vec<Row>,
    pager: Pager,
    only_milestones: bool,
}

struct Row {
    number: u32,
    message: String,
    author: String,
    at: When,
    is_current: bool,
    milestone: Option<String>,
    /// The version before it, to compare with.
    previous: Option<u32>,
    /// What changed since then; each name is the text `changed-{name}`.
    changes: Vec<&'static str>,
}

#[derive(Deserialize)]
pub(crate) struct VersionsQuery {
    cursor: Option<String>,
    /// `milestones` for those alone.
    show: Option<String>,
}

const MILESTONES: &str = "milestones";

/// `GET /scripts/{id}/versions`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Path(script): Path<String>,
    Query(query): Query<VersionsQuery>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let script_id: ScriptId = id(&script, &visitor)?;
    let scripts = site.platform.scripts();
    let script = scripts.find(ctx, script_id).await;
    let head = Head::of(
        &site.platform,
        ctx,
        &script.map_err(explained(&visitor))?,
        "versions",
    );
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        limit: 20,
        cursor: cursor.clone(),
    };
    let only_milestones = query.show.as_deref() == Some(MILESTONES);
    let found = if only_milestones {
        scripts.milestones(ctx, script_id, &part).await
    } else {
        scripts.versions(ctx, script_id, &part).await
    };
    let found = found.map_err(explained(&visitor))?;
    let kept = scripts.version_numbers(ctx, script_id).await;
    let kept = kept.map_err(explained(&visitor))?;
    let people = People::known_to(&site, &visitor).await;
    let base = format!("/scripts/{script_id}/versions");
    let next = found.next_cursor.as_deref();
    let page = VersionsPage {
        frame: Frame::new(t, head.name.clone(), "scripts", Some(&visitor.caller)),
        t,
        pager: Pager::new(
            &base,
            &[("show", if only_milestones { MILESTONES } else { "" })],
            cursor.as_deref(),
            next,
        ),
        rows: rows(clock(&site, t), &found.items, &kept, &head, &people),
        only_milestones,
        head,
    };
    Ok(answer::strict(&page))
}

fn rows(
    clock: Clock,
    versions: &[Version],
    kept: &[u32],
    head: &Head,
    people: &People,
) -> Vec<Row> {
    let before = versions.iter().skip(1).map(Some).chain([None]);
    let row = |(version, before): (&Version, Option<&Version>)| Row {
        number: version.number,
        message: version.change_description.clone(),
        author: people.author(version.created_by),
        at: clock.when(version.created_at),
        is_current: version.number == head.version,
        milestone: version.milestone.clone(),
        previous: before_of(version.number, kept),
        changes: before.map_or_else(Vec::new, |before| {
            changes(&before.definition, &version.definition)
        }),
    };
    versions.iter().zip(before).map(row).collect()
}

/// The newest of the versions, newest first, before one of them.
pub(super) fn before_of(number: u32, kept: &[u32]) -> Option<u32> {
    kept.iter().copied().find(|other| *other < number)
}

/// The groups of settings in which two definitions differ.
fn changes(a: &Definition, b: &Definition) -> Vec<&'static str> {
    let groups = [
        (
            "code",
            a.source != b.source || a.language != b.language || a.entry != b.entry,
        ),
        ("trigger", a.trigger != b.trigger),
        (
            "limits",
            (a.limits, &a.concurrency) != (b.limits, &b.concurrency),
        ),
        (
            "details",
            a.name != b.name
                || a.description != b.description
                || a.tags != b.tags
                || a.metadata != b.metadata,
        ),
        (
            "rights",
            a.run_as != b.run_as || a.allowed_services != b.allowed_services,
        ),
    ];
    let differing = groups.into_iter().filter(|(_, differ)| *differ);
    differing.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::starters::Starter;

    #[test]
    fn changes_are_named_by_group() {
        let before = Starter::find("http").unwrap().definition();
        let mut after = before.clone();
        assert!(changes(&before, &after).is_empty());
        after.source.push('\n');
        after.limits.concurrency = 1;
        assert_eq!(changes(&before, &after), ["code", "limits"]);
        let other = Starter::find("event").unwrap().definition();
        assert_eq!(changes(&before, &other), ["code", "trigger"]);
    }
}
