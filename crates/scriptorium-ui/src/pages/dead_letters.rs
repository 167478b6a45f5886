//! The dead letters of a tenant: what its scripts could not deal with, and trying all of it again.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use scriptorium::model::DeadLetterId;
use scriptorium::model::dead_letter::DeadLetterStatus;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Permission;
use scriptorium::{DeadLetterFilter, DeadLetterSummary, RetryMany};
use serde::Deserialize;
use serde_json::json;

use super::narrowing::Narrowing;
use super::{clock, given, whole_or_part};
use crate::Site;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view::{self, Pager};
use crate::visitor::Visitor;
use crate::when::{Clock, When};

#[derive(Template)]
#[template(path = "dead_letters.html", blocks = ["results"])]
struct DeadLettersPage {
    frame: Frame,
    t: Texts,
    filter: Filter,
    statuses: [&'static str; 4],
    /// How many can be tried again, and what asks for that; when the visitor may.
    again: Option<Again>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Again {
    count: u64,
    body: String,
}

#[derive(Default)]
struct Filter {
    script: String,
    kind: String,
    status: &'static str,
    from: String,
    until: String,
}

struct Row {
    id: DeadLetterId,
    script: String,
    kind: String,
    status: &'static str,
    tone: &'static str,
    failure: String,
    attempts: String,
    at: When,
}

#[derive(Deserialize)]
pub(crate) struct DeadLettersQuery {
    script: Option<String>,
    r#type: Option<String>,
    status: Option<String>,
    from: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
}

/// `GET /dead-letters`
pub(crate) async fn list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<DeadLettersQuery>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let t = visitor.t;
    let narrowing = Narrowing::given(
        query.script.as_ref(),
        query.from.as_ref(),
        query.until.as_ref(),
    );
    let Narrowing { script, days } = narrowing;
    let status = query
        .status
        .as_deref()
        .and_then(DeadLetterStatus::from_name);
    let wanted = DeadLetterFilter {
        script,
        event_type: given(query.r#type.as_ref()),
        status,
        from: days.from(),
        to: days.to(),
    };
    let (from, until) = days.texts();
    let filter = Filter {
        script: narrowing.script_text(),
        kind: wanted.event_type.clone().unwrap_or_default(),
        status: status.map_or("", DeadLetterStatus::as_str),
        from,
        until,
    };
    let cursor = given(query.cursor.as_ref());
    let part = PageRequest {
        cursor: cursor.clone(),
        ..PageRequest::first()
    };
    let letters = site.platform.dead_letters();
    let found = letters.list(visitor.ctx(), &wanted, &part).await;
    let found = found.map_err(explained(&visitor))?;
    let clock = clock(&site, t);
    let next = found.next_cursor.as_deref();
    let title = t.get("dead-letters-title");
    let page = DeadLettersPage {
        frame: Frame::new(t, title, "executions", Some(&visitor.caller)),
        t,
        statuses: DeadLetterStatus::ALL.map(DeadLetterStatus::as_str),
        again: again(&site, &visitor, &wanted, narrowing).await?,
        pager: Pager::new(
            "/dead-letters",
            &filter.parameters(),
            cursor.as_deref(),
            next,
        ),
        rows: found
            .items
            .into_iter()
            .map(|one| Row::of(clock, one))
            .collect(),
        filter,
    };
    Ok(whole_or_part(&request, &page, &page.as_results()))
}

/// What can be tried again of what the filter shows; nothing of those that are settled.
async fn again(
    site: &Site,
    visitor: &Visitor,
    wanted: &DeadLetterFilter,
    narrowing: Narrowing,
) -> Result<Option<Again>, Failure> {
    let ctx = visitor.ctx();
    let settled = wanted
        .status
        .is_some_and(|s| s != DeadLetterStatus::Pending);
    if settled || !ctx.may(Permission::ScriptsExecute) {
        return Ok(None);
    }
    let how = RetryMany {
        dry_run: true,
        ..RetryMany::default()
    };
    let letters = site.platform.dead_letters();
    let counted = letters.retry_all(ctx, wanted, how).await;
    let count = counted.map_err(explained(visitor))?.matched;
    let body = narrowing.body(json!({ "type": wanted.event_type }));
    Ok((count > 0).then_some(Again { count, body }))
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.parameters().iter().all(|(_, value)| value.is_empty())
    }

    fn parameters(&self) -> [(&'static str, &str); 5] {
        [
            ("script", &self.script),
            ("type", &self.kind),
            ("status", self.status),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }
}

impl Row {
    fn of(clock: Clock, one: DeadLetterSummary) -> Self {
        Self {
            id: one.id,
            script: one.script_name,
            kind: one.event_type,
            status: one.status.as_str(),
            tone: view::dead_letter_tone(one.status),
            failure: one.error_message,
            attempts: one.attempts.to_string(),
            at: clock.when(one.failed_at),
        }
    }
}
