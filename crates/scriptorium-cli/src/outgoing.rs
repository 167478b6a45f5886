//! `scriptorium outgoing …`: rules of the requests that a tenant's scripts send.

use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::arguments::OutgoingCommand;
use crate::exit::Refusal;
use crate::print;
use crate::remote::Remote;

/// No document is as large.
const LARGEST: u64 = 1 << 20;

pub(crate) async fn run(command: OutgoingCommand) -> anyhow::Result<()> {
    let rules = match command {
        OutgoingCommand::Show(arguments) => {
            let remote = Remote::new(&arguments.remote)?;
            remote.get(&["outgoing-rules"], &[]).await?
        }
        OutgoingCommand::Set(arguments) => {
            let rules = read(&arguments.file)?;
            let remote = Remote::new(&arguments.remote)?;
            remote.put(&["outgoing-rules"], &[], &rules).await?
        }
    };
    Ok(print::json(&rules)?)
}

/// A JSON document from a file, or from standard input for `-`.
pub(crate) fn read(file: &Path) -> anyhow::Result<Value> {
    let shown = file.display();
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(LARGEST).read_to_string(&mut text)
    } else {
        let opened = std::fs::File::open(file).with_context(|| format!("cannot read {shown}"))?;
        opened.take(LARGEST).read_to_string(&mut text)
    };
    read.with_context(|| format!("cannot read {shown}"))?;
    serde_json::from_str(&text)
        .map_err(|error| Refusal::usage(format!("{shown} must be JSON: {error}")).into())
}
