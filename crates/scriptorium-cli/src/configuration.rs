//! `scriptorium config`: the effective configuration, and where each value came from.

use serde_json::{Value, json};

use crate::arguments::{ConfigArgs, ServeArgs};
use crate::exit::Refusal;
use crate::print;
use crate::settings::Layers;

/// The configuration of this process.
pub(crate) fn read(flags: &ServeArgs) -> Result<Layers, Refusal> {
    // A variable that is no text cannot be one of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let layers = Layers::read(flags, environment)?;
    for variable in &layers.unknown_variables {
        eprintln!("warning: {variable} is no setting; `scriptorium config` lists them");
    }
    Ok(layers)
}

/// Prints it. What is wrong with a value is told after all of them.
pub(crate) fn show(arguments: &ConfigArgs) -> anyhow::Result<()> {
    let layers = read(&arguments.serve)?;
    let lines = layers.shown();
    if arguments.json {
        let entry = |line: &crate::settings::Shown| json!({"key": line.key, "value": line.value, "origin": line.origin});
        print::json(&Value::Array(lines.iter().map(entry).collect()))?;
    } else {
        let row = |line: crate::settings::Shown| vec![line.key.to_owned(), line.value, line.origin];
        let rows: Vec<Vec<String>> = lines.into_iter().map(row).collect();
        print::table(&["key", "value", "origin"], &rows)?;
    }
    layers.settings()?;
    Ok(())
}
