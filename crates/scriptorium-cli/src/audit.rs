//! `scriptorium audit …`: the audit trail on a server.

use serde_json::Value;

use crate::arguments::{
    AuditCommand, AuditExportArgs, AuditFilterArgs, AuditListArgs, AuditVerifyArgs,
};
use crate::exit::Refusal;
use crate::remote::Remote;
use crate::{print, script};

pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::List(arguments) => list(arguments).await,
        AuditCommand::Verify(arguments) => verify(arguments).await,
        AuditCommand::Export(arguments) => export(arguments).await,
    }
}

async fn list(arguments: AuditListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let query = query(arguments.filter);
    let items = remote.list(&["audit"], &query, arguments.limit).await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = ["number", "at", "actor", "action", "subject", "from"];
    Ok(print::table(&headings, &rows)?)
}

fn row(item: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = |value: &Value| match text(&value["name"]) {
        name if name.is_empty() => text(&value["kind"]),
        name => name,
    };
    vec![
        item["seq"].to_string(),
        text(&item["at"]),
        name(&item["actor"]),
        text(&item["action"]),
        name(&item["subject"]),
        text(&item["origin"]["address"]),
    ]
}

/// A trail that is not as it was written is a failure of the command, so that a job can watch it.
async fn verify(arguments: AuditVerifyArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let depth = [("executions", (!arguments.without_executions).to_string())];
    let found = remote.get(&["audit", "verify"], &depth).await?;
    let count = |name: &str| found[name].as_u64().unwrap_or_default();
    if arguments.remote.json {
        print::json(&found)?;
    } else {
        eprintln!(
            "{} entries, {} removed by retention, {} anchored heads, {} executions compared",
            count("entries"),
            count("removed"),
            count("anchors"),
            count("executions"),
        );
        for finding in found["findings"].as_array().into_iter().flatten() {
            let text = |name: &str| print::visible(finding[name].as_str().unwrap_or_default());
            let seq = finding["seq"]
                .as_u64()
                .map_or_else(String::new, |seq| format!(" {seq}"));
            eprintln!("{}{seq}: {}", text("kind"), text("detail"));
        }
    }
    if found["intact"].as_bool() == Some(true) {
        return Ok(());
    }
    let message = format!(
        "the audit trail is not as it was written: {} findings",
        count("found")
    );
    Err(Refusal::failed(message).into())
}

async fn export(arguments: AuditExportArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let query = query(arguments.filter);
    remote.copy(&["audit", "export"], &query).await
}

fn query(filter: AuditFilterArgs) -> Vec<(&'static str, String)> {
    let without = filter.without_executions.then(|| "true".to_owned());
    script::given([
        ("actor", filter.actor),
        ("action", filter.action),
        ("subject", filter.subject),
        ("from", filter.from),
        ("to", filter.to),
        ("q", filter.q),
        ("without_executions", without),
    ])
}
