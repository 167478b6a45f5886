//! One dead letter: the event, why its script failed, and what can be done about it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use scriptorium::model::dead_letter::{DeadLetter, DeadLetterStatus};
use scriptorium::model::permission::Permission;
use scriptorium::model::{DeadLetterId, ExecutionId, ScriptId};

use super::{clock, id};
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::texts::Texts;
use crate::view;
use crate::visitor::Visitor;
use crate::when::{Clock, When};
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "dead_letter.html")]
struct DeadLetterPage {
    frame: Frame,
    t: Texts,
    id: DeadLetterId,
    script: ScriptId,
    script_name: String,
    kind: String,
    event: String,
    execution: Option<ExecutionId>,
    status: &'static str,
    tone: &'static str,
    may_retry: bool,
    may_delete: bool,
    code: String,
    message: String,
    stack: Option<String>,
    attempts: u32,
    created: When,
    failed: When,
    retried: Option<When>,
    payload: String,
}

/// `GET /dead-letters/{id}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path(letter): Path<String>,
) -> Result<Response, Failure> {
    let letter: DeadLetterId = id(&letter, &visitor)?;
    let letters = site.platform.dead_letters();
    let letter = letters.find(visitor.ctx(), letter).await;
    let letter = letter.map_err(explained(&visitor))?;
    let page = DeadLetterPage::of(&visitor, clock(&site, visitor.t), letter);
    Ok(answer::strict(&page))
}

impl DeadLetterPage {
    fn of(visitor: &Visitor, clock: Clock, letter: DeadLetter) -> Self {
        let (t, ctx) = (visitor.t, visitor.ctx());
        let title = format!("{}: {}", letter.script_name, letter.event_type);
        let is_pending = letter.status == DeadLetterStatus::Pending;
        Self {
            frame: Frame::new(t, title, "executions", Some(&visitor.caller)),
            t,
            id: letter.id,
            script: letter.script,
            script_name: letter.script_name,
            kind: letter.event_type,
            event: letter.event.to_string(),
            execution: letter.execution,
            status: letter.status.as_str(),
            tone: view::dead_letter_tone(letter.status),
            may_retry: is_pending && ctx.may(Permission::ScriptsExecute),
            may_delete: letter.status != DeadLetterStatus::Retrying
                && ctx.may(Permission::ScriptsDelete),
            code: letter.cause.code,
            message: letter.cause.message,
            stack: letter.cause.stack.filter(|stack| !stack.trim().is_empty()),
            attempts: letter.attempts,
            created: clock.when(letter.created_at),
            failed: clock.when(letter.failed_at),
            retried: letter.last_retry_at.map(|at| clock.when(at)),
            payload: view::pretty_json(&letter.payload),
        }
    }
}
