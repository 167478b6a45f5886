//! The audit trail: who did what to which thing, when, from where, and what it was before and after.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::model::Json;
use scriptorium::model::audit::{Action, ActorKind, AuditEntry, AuditFilter};
use scriptorium::model::page::PageRequest;
use serde::Deserialize;
use serde_json::Value;

use super::{clock, given, whole_or_part};
use crate::Site;
use crate::days::Days;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view::Pager;
use crate::visitor::Visitor;
use crate::when::{Clock, When};

/// Most changed members of one entry that are shown; the export has all.
const CHANGES: usize = 60;

#[derive(Template)]
#[template(path = "audit.html", blocks = ["results"])]
struct AuditPage {
    frame: Frame,
    t: Texts,
    filter: Filter,
    kinds: Vec<&'static str>,
    rows: Vec<Row>,
    pager: Pager,
}

#[derive(Default)]
struct Filter {
    q: String,
    action: &'static str,
    actor: String,
    subject: String,
    from: String,
    until: String,
    executions: bool,
}

struct Row {
    seq: u64,
    at: When,
    actor: String,
    actor_kind: &'static str,
    /// The action as the end of its text's key.
    action: String,
    subject: String,
    address: String,
    agent: String,
    changes: Vec<Change>,
    more: bool,
}

/// A member of what changed.
struct Change {
    name: String,
    before: String,
    after: String,
}

#[derive(Deserialize)]
pub(crate) struct AuditQuery {
    q: Option<String>,
    action: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
    from: Option<String>,
    until: Option<String>,
    executions: Option<String>,
    cursor: Option<String>,
}

/// `GET /audit`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<AuditQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let t = visitor.t;
    let kinds = kinds();
    let wanted = query.action.as_deref();
    let days = Days::given(query.from.as_ref(), query.until.as_ref());
    let (from, until) = days.texts();
    let filter = Filter {
        q: given(query.q.as_ref()).unwrap_or_default(),
        action: kinds
            .iter()
            .copied()
            .find(|kind| Some(*kind) == wanted)
            .unwrap_or(""),
        actor: given(query.actor.as_ref()).unwrap_or_default(),
        subject: given(query.subject.as_ref()).unwrap_or_default(),
        from,
        until,
        executions: query.executions.as_deref() == Some("yes"),
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let asked = AuditFilter {
        q: said(&filter.q),
        action: said(filter.action),
        actor: said(&filter.actor),
        subject: said(&filter.subject),
        from: days.from(),
        to: days.to(),
        without_executions: !filter.executions && filter.action != "execution",
    };
    let found = site
        .platform
        .audit()
        .list(visitor.ctx(), &asked, &part)
        .await;
    let found = found.map_err(explained(&visitor))?;
    let clock = clock(&site, t);
    let pager = {
        let next = found.next_cursor.as_deref();
        Pager::new("/audit", &filter.parameters(), cursor.as_deref(), next)
    };
    let page = AuditPage {
        frame: Frame::new(t, t.get("audit-title"), "audit", Some(&visitor.caller)),
        t,
        kinds,
        rows: found
            .items
            .into_iter()
            .map(|one| Row::of(clock, one))
            .collect(),
        pager,
        filter,
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

/// The first words of all actions.
fn kinds() -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for action in Action::ALL {
        let word = action.as_str().split('.').next().unwrap_or_default();
        if !kinds.contains(&word) {
            kinds.push(word);
        }
    }
    kinds
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.parameters().iter().all(|(_, value)| value.is_empty())
    }

    fn parameters(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("action", self.action),
            ("actor", &self.actor),
            ("subject", &self.subject),
            ("from", &self.from),
            ("until", &self.until),
            ("executions", if self.executions { "yes" } else { "" }),
        ]
    }
}

impl Row {
    fn of(clock: Clock, entry: AuditEntry) -> Self {
        let mut changes = changes(entry.before.as_ref(), entry.after.as_ref());
        let more = changes.len() > CHANGES;
        changes.truncate(CHANGES);
        let kind = entry.actor.kind;
        let named = !entry.actor.name.is_empty();
        Self {
            seq: entry.seq,
            at: clock.when(entry.at),
            actor: match kind {
                ActorKind::User | ActorKind::Token if named => entry.actor.name,
                _ => clock.t.named("audit-actor", kind.as_str()),
            },
            actor_kind: kind.as_str(),
            action: entry.action.as_str().replace('.', "-"),
            subject: entry.subject.name,
            address: entry
                .origin
                .address
                .map_or_else(String::new, |ip| ip.to_string()),
            agent: entry.origin.user_agent.unwrap_or_default(),
            changes,
            more,
        }
    }
}

/// What changed, member by member; members of members by their path.
fn changes(before: Option<&Json>, after: Option<&Json>) -> Vec<Change> {
    let mut members: BTreeMap<String, (String, String)> = BTreeMap::new();
    if let Some(before) = before {
        flatten("", &before.to_value(), &mut |name, text| {
            members.entry(name).or_default().0 = text;
        });
    }
    if let Some(after) = after {
        flatten("", &after.to_value(), &mut |name, text| {
            members.entry(name).or_default().1 = text;
        });
    }
    let changes = members.into_iter();
    changes
        .map(|(name, (before, after))| Change {
            name,
            before,
            after,
        })
        .collect()
}

fn flatten(path: &str, value: &Value, give: &mut impl FnMut(String, String)) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                flatten(&path, member, give);
            }
        }
        Value::Null => {}
        Value::String(text) => give(path.to_owned(), text.clone()),
        other => give(path.to_owned(), other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &[(&str, &str, &str)]) {
        let json = |text: &str| Json::parse(text).unwrap();
        let found = changes(Some(&json(before)), Some(&json(after)));
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.name.as_str(), one.before.as_str(), one.after.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn members_are_told_by_their_path_and_side() {
        check(
            r#"{"limits":{"wall_ms":1},"tags":["a"],"reason":null}"#,
            r#"{"limits":{"wall_ms":2},"name":"new"}"#,
            &[
                ("limits.wall_ms", "1", "2"),
                ("name", "", "new"),
                ("tags", "[\"a\"]", ""),
            ],
        );
    }

    #[test]
    fn every_action_and_kind_has_a_text() {
        let t = Texts(crate::texts::Locale::En);
        for action in Action::ALL {
            let key = action.as_str().replace('.', "-");
            let text = t.named("audit-action", &key);
            assert!(!text.contains("audit-action"), "{key}: {text}");
        }
        for kind in kinds() {
            let text = t.named("audit-kind", kind);
            assert!(!text.contains("audit-kind"), "{kind}: {text}");
        }
        for kind in ActorKind::ALL {
            let text = t.named("audit-actor", kind.as_str());
            assert!(!text.contains("audit-actor"), "{text}");
        }
    }
}
