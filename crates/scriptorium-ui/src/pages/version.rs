//! One version as it was saved.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use scriptorium::model::ScriptId;
use scriptorium::model::endpoint::Method;
use scriptorium::model::script::Definition;
use scriptorium::model::trigger::Trigger;

use super::versions::before_of;
use super::{clock, id};
use crate::failure::{Failure, explained, not_kept};
use crate::frame::Frame;
use crate::head::Head;
use crate::people::People;
use crate::texts::Texts;
use crate::view;
use crate::visitor::Visitor;
use crate::when::When;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "version.html")]
struct VersionPage {
    frame: Frame,
    t: Texts,
    head: Head,
    number: u32,
    author: String,
    at: When,
    message: String,
    previous: Option<u32>,
    /// Settings as pairs of a text's key and a value.
    facts: Vec<(&'static str, String)>,
    lines: Vec<(usize, String)>,
}

/// `GET /scripts/{id}/versions/{n}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path((script, number)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let script_id: ScriptId = id(&script, &visitor)?;
    let number: u32 = id(&number, &visitor)?;
    let scripts = site.platform.scripts();
    let script = scripts.find(ctx, script_id).await;
    let head = Head::of(
        &site.platform,
        ctx,
        &script.map_err(explained(&visitor))?,
        "versions",
    );
    let kept = scripts.version_numbers(ctx, script_id).await;
    let kept = kept.map_err(explained(&visitor))?;
    if !kept.contains(&number) && (1..head.version).contains(&number) {
        return Err(not_kept(t, Some(&visitor.caller), number));
    }
    let version = scripts.version(ctx, script_id, number).await;
    let version = version.map_err(explained(&visitor))?;
    let people = People::known_to(&site, &visitor).await;
    let definition = version.definition;
    let page = VersionPage {
        frame: Frame::new(t, head.name.clone(), "scripts", Some(&visitor.caller)),
        t,
        head,
        number,
        author: people.author(version.created_by),
        at: clock(&site, t).when(version.created_at),
        message: version.change_description,
        previous: before_of(number, &kept),
        facts: facts(t, &definition),
        lines: numbered(&definition.source),
    };
    Ok(answer::strict(&page))
}

fn numbered(source: &str) -> Vec<(usize, String)> {
    let lines = source.lines().enumerate();
    lines
        .map(|(index, text)| (index + 1, text.to_owned()))
        .collect()
}

fn facts(t: Texts, definition: &Definition) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("field-name", definition.name.clone()),
        (
            "script-type",
            t.named("script-type", definition.trigger.kind().as_str()),
        ),
        (
            "field-language",
            t.named("language", definition.language.as_str()),
        ),
        ("time-limit", view::duration(t, definition.limits.wall)),
        (
            "field-database",
            t.named("script-database", definition.database.as_str()),
        ),
    ];
    match &definition.trigger {
        Trigger::Scheduled(schedule) => facts.extend([
            ("field-cron", schedule.cron.clone()),
            ("field-timezone", schedule.timezone.clone()),
            ("field-missed", t.named("missed", schedule.missed.as_str())),
            (
                "field-overlap",
                t.named("overlap", schedule.overlap.as_str()),
            ),
        ]),
        Trigger::Http(http) => {
            let methods: Vec<_> = http.methods.iter().copied().map(Method::as_str).collect();
            facts.extend([
                ("field-path", http.path.clone()),
                ("field-methods", methods.join(", ")),
                ("field-auth", t.named("auth", http.auth.as_str())),
            ]);
        }
        Trigger::Event(event) => facts.push(("field-events", event.types.join(", "))),
        Trigger::OneOff | Trigger::Embedded => {}
    }
    facts
}
