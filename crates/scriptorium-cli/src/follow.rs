//! `scriptorium script run`: a run on a server, watched from here.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::arguments::ScriptRunArgs;
use crate::exit::{Exit, Refusal};
use crate::remote::Remote;
use crate::{file, print, script};

pub(crate) async fn run(arguments: ScriptRunArgs) -> anyhow::Result<()> {
    let input = file::input(&arguments.input)?;
    let remote = Remote::new(&arguments.remote)?;
    let found = script::required(&remote, &arguments.script).await?;
    let id = found["id"]
        .as_str()
        .context("the server's script has no id")?;
    let mut asked = Map::new();
    asked.insert("input".into(), input.to_value());
    asked.insert("mode".into(), json!("async"));
    asked.insert("dry_run".into(), json!(arguments.dry_run));
    asked.extend(
        arguments
            .script_version
            .map(|n| ("version".into(), json!(n))),
    );
    asked.extend(
        arguments
            .timeout_ms
            .map(|n| ("timeout_ms".into(), json!(n))),
    );
    let asked = Value::Object(asked);
    let pending = remote.post(&["scripts", id, "execute"], &asked).await?;
    let execution = pending["id"]
        .as_str()
        .context("the server's execution has no id")?;
    let ended = watch(&remote, execution, arguments.follow).await?;
    if arguments.remote.json {
        print::json(&ended)?;
        return outcome(&ended, true);
    }
    for effect in ended["effects"].as_array().into_iter().flatten() {
        eprintln!("would    {}", intended(effect));
    }
    outcome(&ended, false)?;
    Ok(print::json(&ended["output"])?)
}

/// The execution in its final state; what it says meanwhile goes to standard error.
async fn watch(remote: &Remote, execution: &str, follow: bool) -> anyhow::Result<Value> {
    let mut ended = None;
    let path = ["executions", execution, "stream"];
    let watched = remote.events(&path, |name, data| match name {
        "log" if follow => tell(&data["level"], &data["message"]),
        "progress" if follow => eprintln!("{:<8} {}", "progress", progress(&data)),
        "done" => ended = Some(data),
        _ => {}
    });
    watched.await?;
    ended.with_context(|| {
        format!("the server's stream broke off; see: scriptorium execution show {execution}")
    })
}

fn tell(level: &Value, message: &Value) {
    let text = |value: &Value| print::visible(value.as_str().unwrap_or_default());
    eprintln!("{:<8} {}", text(level), text(message));
}

/// `storage key: set 1`.
pub(crate) fn intended(effect: &Value) -> String {
    let text = |name: &str| print::visible(effect[name].as_str().unwrap_or_default());
    format!("{} {}: {}", text("kind"), text("target"), text("summary"))
}

/// `3 of 10 (30 %)  text`.
pub(crate) fn progress(said: &Value) -> String {
    let done = said["done"].as_f64().unwrap_or_default();
    let mut line = match said["total"].as_f64() {
        Some(total) if total > 0.0 => {
            let percent = (done / total).clamp(0.0, 1.0) * 100.0;
            format!("{done} of {total} ({percent:.0} %)")
        }
        Some(total) => format!("{done} of {total}"),
        None => done.to_string(),
    };
    if let Some(text) = said["text"].as_str() {
        line.push_str("  ");
        line.push_str(&print::visible(text));
    }
    line
}

/// How the command ends by how the execution did.
fn outcome(ended: &Value, quiet: bool) -> anyhow::Result<()> {
    let Some(code) = ended["error"]["code"].as_str() else {
        return Ok(());
    };
    let message = print::visible(ended["error"]["message"].as_str().unwrap_or_default());
    let place = match (&ended["error"]["line"], &ended["error"]["column"]) {
        (Value::Number(line), Value::Number(column)) => format!(" at {line}:{column}"),
        _ => String::new(),
    };
    let exit = match code.split_once('.') {
        Some(("limit", _)) => Exit::Limit,
        Some(("platform", _)) => Exit::Platform,
        _ => Exit::Failed,
    };
    let message = match quiet {
        true => code.to_owned(),
        false => format!("{code}: {message}{place}"),
    };
    Err(Refusal { exit, message }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_as_a_line() {
        for (said, expected) in [
            (
                json!({"done": 3.0, "total": 10.0, "text": "a\u{1b}b"}),
                "3 of 10 (30 %)  a\\u{1b}b",
            ),
            (json!({"done": 2.5, "total": null, "text": null}), "2.5"),
            (json!({"done": 0.0, "total": 0.0}), "0 of 0"),
            (json!({"done": 9.0, "total": 3.0}), "9 of 3 (100 %)"),
        ] {
            assert_eq!(progress(&said), expected);
        }
    }
}
