//! One execution: how it ended, what it was given, returned and logged. Refreshes itself until it
//! has ended.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use scriptorium::model::effect::Effect;
use scriptorium::model::execution::{self, Execution, ExecutionStatus, LogLevel, LogLine};
use scriptorium::model::limits::LOG_LINES;
use scriptorium::model::permission::Permission;
use scriptorium::model::{ExecutionId, ScriptId};

use super::{clock, id, whole_or_part};
use crate::Site;
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::people::People;
use crate::texts::Texts;
use crate::view;
use crate::visitor::Visitor;
use crate::when::{Clock, When};

#[derive(Template)]
#[template(path = "execution.html", blocks = ["execution"])]
struct ExecutionPage {
    frame: Frame,
    t: Texts,
    id: ExecutionId,
    script: ScriptId,
    script_name: String,
    status: &'static str,
    tone: &'static str,
    is_live: bool,
    test: bool,
    dry_run: bool,
    effects: Vec<Effect>,
    more_effects: u64,
    may_run: bool,
    facts: Vec<Fact>,
    failure: Option<Failed>,
    input: String,
    output: Option<String>,
    logs: Vec<Line>,
    levels: [&'static str; 4],
    progress: Option<Progress>,
    dropped: u64,
}

/// One figure of the head; its name is the text `fact-{key}`.
struct Fact {
    key: &'static str,
    value: String,
    link: Option<String>,
    when: Option<When>,
}

struct Failed {
    code: String,
    message: String,
    stack: Option<String>,
    details: Option<String>,
    frame: Vec<FrameLine>,
}

/// One line of the source around the place of a failure.
struct FrameLine {
    number: usize,
    text: String,
    is_here: bool,
    caret: Option<String>,
}

struct Line {
    level: &'static str,
    at: Timestamp,
    clock: String,
    message: String,
}

/// Lines of source shown before and after the place of a failure.
const CONTEXT: usize = 3;

/// `GET /executions/{id}`
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path(execution): Path<String>,
    request: HeaderMap,
) -> Result<Response, Failure> {
    let ctx = visitor.ctx();
    let execution_id: ExecutionId = id(&execution, &visitor)?;
    let executions = site.platform.executions();
    let execution = executions.find(ctx, execution_id).await;
    let execution = execution.map_err(explained(&visitor))?;
    let logs = executions.logs(ctx, execution_id, 0, LOG_LINES).await;
    let logs = logs.map_err(explained(&visitor))?;
    let source = source_of(&site, &visitor, &execution).await;
    let version = Version::of(&site, &visitor, &execution).await;
    let people = People::known_to(&site, &visitor).await;
    let clock = clock(&site, visitor.t);
    let seen = Seen {
        source,
        version,
        people,
    };
    let page = ExecutionPage::of(&visitor, clock, execution, logs, seen);
    Ok(whole_or_part(&request, &page, &page.as_execution()))
}

/// The source that ran, to show where it failed. A trial ran text that was never stored, and a
/// deleted script's versions may be gone: then there is nothing to show.
async fn source_of(site: &Site, visitor: &Visitor, execution: &Execution) -> Option<String> {
    let failed_at = execution.failure.as_ref()?.line;
    if failed_at.is_none() || execution.test {
        return None;
    }
    let scripts = site.platform.scripts();
    let version = scripts
        .version(visitor.ctx(), execution.script, execution.version)
        .await;
    Some(version.ok()?.definition.source)
}

/// What an execution's page shows from elsewhere.
struct Seen {
    source: Option<String>,
    version: Version,
    people: People,
}

/// What became of the version that ran.
#[derive(Clone, Copy)]
enum Version {
    Kept,
    /// It was pruned.
    Gone,
    /// The script is in the trash or purged, so no page shows its versions.
    OfDeleted,
}

impl Version {
    async fn of(site: &Site, visitor: &Visitor, execution: &Execution) -> Self {
        let scripts = site.platform.scripts();
        let kept = scripts.version_numbers(visitor.ctx(), execution.script);
        match kept.await {
            Ok(kept) if kept.contains(&execution.version) => Self::Kept,
            Ok(_) => Self::Gone,
            Err(_) => Self::OfDeleted,
        }
    }
}

impl ExecutionPage {
    fn of(
        visitor: &Visitor,
        clock: Clock,
        execution: Execution,
        logs: Vec<LogLine>,
        seen: Seen,
    ) -> Self {
        let (t, caller) = (visitor.t, Some(&visitor.caller));
        Self {
            frame: Frame::new(t, execution.script_name.clone(), "executions", caller),
            t,
            id: execution.id,
            script: execution.script,
            status: execution.status.as_str(),
            tone: view::execution_tone(execution.status),
            is_live: !execution.status.is_final(),
            test: execution.test,
            dry_run: execution.dry_run,
            more_effects: execution.effects.dropped.into(),
            may_run: visitor.ctx().may(Permission::ScriptsExecute),
            facts: facts(clock, &execution, seen.version, &seen.people),
            effects: execution.effects.items,
            failure: execution
                .failure
                .map(|failure| Failed::of(failure, seen.source.as_deref())),
            input: view::pretty_json(&execution.input),
            output: execution.output.as_ref().map(view::pretty_json),
            logs: logs.into_iter().map(Line::of).collect(),
            levels: LogLevel::ALL.map(LogLevel::as_str),
            progress: execution.progress.map(|progress| Progress::of(t, progress)),
            dropped: execution.metrics.dropped_logs.into(),
            script_name: execution.script_name,
        }
    }
}

fn facts(clock: Clock, execution: &Execution, version: Version, people: &People) -> Vec<Fact> {
    let (t, used) = (clock.t, &execution.metrics);
    let fact = |key, value: String| Fact {
        key,
        value,
        link: None,
        when: None,
    };
    let number = execution.version;
    let version = match version {
        Version::Kept => Fact {
            link: Some(format!("/scripts/{}/versions/{number}", execution.script)),
            ..fact("version", t.with("version-number", "n", number))
        },
        Version::Gone => fact("version", t.with("version-gone", "n", number)),
        Version::OfDeleted => fact("version", t.with("version-number", "n", number)),
    };
    let mut facts = vec![
        fact("trigger", t.named("trigger", execution.trigger.as_str())),
        version,
        Fact {
            when: Some(clock.when(execution.created_at)),
            ..fact("created", String::new())
        },
    ];
    if let Some(user) = execution.triggered_by {
        facts.push(fact("by", people.name(user)));
    }
    if let (ExecutionStatus::Running, Some(at)) = (execution.status, execution.started_at) {
        facts.push(fact("elapsed", view::duration(t, clock.since(at))));
    }
    if execution.status.is_final() {
        facts.extend([
            fact("queued", view::duration(t, used.queued)),
            fact("duration", view::duration(t, used.duration)),
            fact("cpu", view::duration(t, used.cpu)),
            fact("memory", view::bytes(t, used.memory_peak_bytes)),
            fact("calls", used.api_calls.to_string()),
        ]);
    }
    if execution.attempt > 1 {
        facts.push(fact("attempt", execution.attempt.to_string()));
    }
    let waits = execution.status == ExecutionStatus::Pending;
    if let Some(at) = execution.terms.run_after.filter(|_| waits) {
        facts.push(Fact {
            when: Some(clock.when(at)),
            ..fact("run-after", String::new())
        });
    }
    if let Some(at) = execution.terms.expires_at.filter(|_| waits) {
        facts.push(Fact {
            when: Some(clock.when(at)),
            ..fact("expires", String::new())
        });
    }
    if let Some(first) = execution.first_execution {
        facts.push(Fact {
            link: Some(format!("/executions/{first}")),
            ..fact("retry-of", t.get("original"))
        });
    }
    if let Some(operation) = execution.operation {
        facts.push(Fact {
            link: Some(format!("/operations/{operation}")),
            ..fact("operation", t.get("operation-title-replay"))
        });
    }
    if let Some(original) = execution.replay_of {
        facts.push(Fact {
            link: Some(format!("/executions/{original}")),
            ..fact("replay-of", t.get("original"))
        });
    }
    facts
}

impl Failed {
    fn of(failure: execution::Failure, source: Option<&str>) -> Self {
        let frame = match (failure.line, source) {
            (Some(line), Some(source)) => code_frame(source, line as usize, failure.column),
            _ => Vec::new(),
        };
        Self {
            code: failure.code,
            message: failure.message,
            stack: failure.stack.filter(|stack| !stack.trim().is_empty()),
            details: failure.details.as_ref().map(view::pretty_json),
            frame,
        }
    }
}

/// The lines around the failing one, with a caret below its column.
fn code_frame(source: &str, line: usize, column: Option<u32>) -> Vec<FrameLine> {
    let first = line.saturating_sub(CONTEXT).max(1);
    source
        .lines()
        .enumerate()
        .map(|(index, text)| (index + 1, text))
        .filter(|(number, _)| (first..=line + CONTEXT).contains(number))
        .map(|(number, text)| FrameLine {
            number,
            text: text.to_owned(),
            is_here: number == line,
            caret: column
                .filter(|_| number == line)
                .map(|column| caret(text, column as usize)),
        })
        .collect()
}

/// Blanks up to the column, tabs kept so that the caret stands where the eye expects it.
fn caret(text: &str, column: usize) -> String {
    let blanks = text.chars().take(column.saturating_sub(1));
    let mut line: String = blanks.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    line.push('^');
    line
}

/// How far it says it is, while it runs and after.
struct Progress {
    text: Option<String>,
    /// `3 of 10`, or `3`.
    count: String,
    /// 0 to 1; `None` when the whole is not known.
    part: Option<f64>,
}

impl Progress {
    fn of(t: Texts, progress: execution::Progress) -> Self {
        let count = view::amount(progress.done);
        Self {
            part: progress.part(),
            count: match progress.total {
                Some(total) => t.filled(
                    "progress-count",
                    [
                        ("done", count.into()),
                        ("total", view::amount(total).into()),
                    ],
                ),
                None => count,
            },
            text: progress.text,
        }
    }
}

impl Line {
    fn of(line: LogLine) -> Self {
        let moment = line.at.to_zoned(jiff::tz::TimeZone::UTC);
        Self {
            level: line.level.as_str(),
            at: line.at,
            clock: moment.strftime("%H:%M:%S%.3f").to_string(),
            message: line.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_frame_points_at_the_column() {
        let source = "one\ntwo\n\tthree()\nfour\nfive\nsix\nseven\n";
        let frame = code_frame(source, 3, Some(4));
        let numbers: Vec<_> = frame.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        assert_eq!(frame[2].caret.as_deref(), Some("\t  ^"));
        assert!(frame.iter().filter(|line| line.is_here).count() == 1);
    }

    #[test]
    fn a_place_outside_of_the_source_shows_no_line() {
        assert!(code_frame("one\n", 99, Some(1)).is_empty());
    }
}
