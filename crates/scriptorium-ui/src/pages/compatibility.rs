//! The upgrade report: what changed for scripts by date, and which scripts of the tenant it concerns.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::model::ScriptId;
use scriptorium::model::page::PageRequest;
use scriptorium::{Change, DeprecatedUse, Deprecation, Outdated, Severity};
use serde::Deserialize;

use super::{given, whole_or_part};
use crate::Site;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view::Pager;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "compatibility.html", blocks = ["results"])]
struct CompatibilityPage {
    frame: Frame,
    t: Texts,
    changes: Vec<Change>,
    deprecations: Vec<Deprecation>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    script: ScriptId,
    name: String,
    compatibility: String,
    changes: Vec<&'static str>,
    uses: Vec<Use>,
}

/// A place where a script names a deprecated function.
struct Use {
    function: String,
    place: String,
    /// It does not exist for the script any more.
    gone: bool,
}

#[derive(Deserialize)]
pub(crate) struct CompatibilityQuery {
    cursor: Option<String>,
}

/// `GET /compatibility`.
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<CompatibilityQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let (t, ctx) = (visitor.t, visitor.ctx());
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let compatibility = site.platform.compatibility();
    let found = compatibility.report(ctx, &part).await;
    let found = found.map_err(explained(&visitor))?;
    let next = found.next_cursor.as_deref();
    let title = t.get("compatibility-title");
    let page = CompatibilityPage {
        frame: Frame::new(t, title, "scripts", Some(&visitor.caller)),
        t,
        changes: compatibility.changes(),
        deprecations: compatibility.deprecations(),
        pager: Pager::new("/compatibility", &[], cursor.as_deref(), next),
        rows: found.items.into_iter().map(Row::from).collect(),
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

impl From<Outdated> for Row {
    fn from(outdated: Outdated) -> Self {
        let Outdated {
            script,
            changes,
            deprecated,
        } = outdated;
        Self {
            script: script.id,
            compatibility: script.compatibility_date().to_string(),
            changes: changes.into_iter().map(Change::as_str).collect(),
            uses: deprecated.into_iter().map(Use::from).collect(),
            name: script.definition.name,
        }
    }
}

impl From<DeprecatedUse> for Use {
    fn from(one: DeprecatedUse) -> Self {
        let found = one.diagnostic;
        Self {
            function: one.function,
            place: format!("{}:{}", found.line, found.column),
            gone: found.severity == Severity::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Locale;

    #[test]
    fn every_change_is_told_in_every_language() {
        for locale in [Locale::En, Locale::Ru, Locale::Uz] {
            for change in Change::ALL {
                let key = format!("compatibility-change-{}", change.as_str());
                let text = Texts(locale).get(&key);
                assert!(!text.contains(&key), "{locale:?}: {text}");
            }
        }
    }
}
