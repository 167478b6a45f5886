//! The page that runs a script: a form made of what its input is, or JSON; and repeats an execution with
//! the same input or another one, on the same version or another one.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use scriptorium::model::execution::Execution;
use scriptorium::model::policy::Action;
use scriptorium::model::{ExecutionId, ScriptId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{id, settings};
use crate::failure::{Failure, explained};
use crate::frame::Frame;
use crate::head::Head;
use crate::island::Island;
use crate::texts::Texts;
use crate::view;
use crate::visitor::Visitor;
use crate::{Site, answer};

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    frame: Frame,
    t: Texts,
    head: Head,
    may_run: bool,
    /// The execution that is repeated.
    replay: Option<ExecutionId>,
    /// It is repeated as the dry run it was.
    was_dry: bool,
    versions: Vec<u32>,
    chosen: u32,
    /// The script's own limit, in seconds.
    timeout: String,
    data: Island,
}

/// What the page's script begins with.
#[derive(Serialize)]
struct Data {
    script: String,
    version: u32,
    /// As it was written: a form shows members in its order.
    schema: Option<Box<RawValue>>,
    input: Option<String>,
    sample: String,
    replay: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct RunQuery {
    execution: Option<String>,
}

/// `GET /scripts/{id}/run`; `?execution=` repeats an earlier execution.
pub(crate) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Path(script): Path<String>,
    Query(query): Query<RunQuery>,
) -> Result<Response, Failure> {
    let (ctx, t) = (visitor.ctx(), visitor.t);
    let script_id: ScriptId = id(&script, &visitor)?;
    let scripts = site.platform.scripts();
    let script = scripts.find(ctx, script_id).await;
    let script = script.map_err(explained(&visitor))?;
    let earlier = match query.execution {
        Some(text) => Some(earlier(&site, &visitor, &text).await?),
        None => None,
    };
    let versions = scripts.version_numbers(ctx, script_id).await;
    let mut versions = versions.map_err(explained(&visitor))?;
    if !versions.contains(&script.version) {
        versions.insert(0, script.version);
    }
    let schema = scripts.input_schema(ctx, script_id, None).await;
    let schema = schema.map_err(explained(&visitor))?;
    let sample = settings::sample_input(&script.definition);
    let input = earlier.as_ref().map(|one| view::pretty_json(&one.input));
    let was_dry = earlier.as_ref().is_some_and(|one| one.dry_run);
    let replay = earlier.map(|one| one.id);
    let data = Data {
        script: script.id.to_string(),
        version: script.version,
        schema: schema.and_then(|found| RawValue::from_string(found.schema.as_str().into()).ok()),
        input,
        sample,
        replay: replay.map(|id| id.to_string()),
    };
    let page = RunPage {
        frame: Frame::new(t, script.name.clone(), "scripts", Some(&visitor.caller)),
        t,
        head: Head::of(&site.platform, ctx, &script, "run"),
        may_run: view::may(ctx, Action::Execute, &script),
        replay,
        was_dry,
        versions,
        chosen: script.version,
        timeout: seconds(script.definition.limits.wall),
        data: Island::of(&data),
    };
    Ok(answer::strict(&page))
}

async fn earlier(site: &Site, visitor: &Visitor, text: &str) -> Result<Execution, Failure> {
    let execution: ExecutionId = id(text, visitor)?;
    let executions = site.platform.executions();
    let found = executions.find(visitor.ctx(), execution).await;
    found.map_err(explained(visitor))
}

fn seconds(time: Duration) -> String {
    view::amount(time.as_secs_f64())
}
