//! One run without a server: what `scriptorium run` does. The platform it makes lives in a
//! temporary directory and goes away with the run; storage and events are its own, services are
//! those of nobody.

use std::path::PathBuf;
use std::time::Duration;

use scriptorium_model::execution::{Execution, LogLine, TriggerKind};
use scriptorium_model::limits::Limits;
use scriptorium_model::script::{Definition, Language};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Invalid, Json};

use crate::error::{Error, Result};
use crate::executions::{Execute, Mode};
use crate::platform::Platform;

pub use scriptorium_runtime::{Diagnostic, Severity, diagnose};

/// A source to be run once.
#[derive(Clone, Debug)]
pub struct LocalRun {
    /// The text.
    pub source: String,
    /// Its language.
    pub language: Language,
    /// Name of the entry function, when it is not found by convention.
    pub entry: Option<String>,
    /// What it is given.
    pub input: Json,
    /// What it may use.
    pub limits: Limits,
    /// Where the compiled engine is kept between runs; compiled anew when `None`.
    pub cache_dir: Option<PathBuf>,
}

/// Runs a source once; gives the execution and what it logged.
///
/// # Errors
/// Refused fields, or a platform that could not be set up. A failing script is no error: it is in
/// the execution.
pub async fn run(what: LocalRun) -> Result<(Execution, Vec<LogLine>)> {
    let dir = tempfile::tempdir()
        .map_err(|error| Error::internal(format!("no temporary directory: {error}")))?;
    let mut builder = Platform::builder()
        .data_dir(dir.path())
        .triggers(false)
        .slots(1, 0);
    if let Some(cache) = &what.cache_dir {
        builder = builder.cache_dir(cache);
    }
    let platform = builder.start().await?;
    let result = run_in(&platform, what).await;
    platform.shutdown(Duration::from_secs(1)).await;
    result
}

async fn run_in(platform: &Platform, what: LocalRun) -> Result<(Execution, Vec<LogLine>)> {
    let definition = Definition {
        name: "local".into(),
        // The text itself runs as a trial: saving would refuse what the scan forbids, and here
        // every failure should come from the run.
        source: "return null".into(),
        language: what.language,
        entry: what.entry.clone(),
        limits: what.limits,
        ..Definition::blank(Trigger::OneOff)
    };
    execute(platform, definition, what).await
}

async fn execute(
    platform: &Platform,
    definition: Definition,
    what: LocalRun,
) -> Result<(Execution, Vec<LogLine>)> {
    if what.source.trim().is_empty() {
        return Err(Invalid::field("source", "required", "is required").into());
    }
    let tenant = platform.tenant(crate::platform::FIRST_TENANT).await?;
    let script = platform
        .scripts()
        .create(tenant.ctx(), definition, "")
        .await?;
    let execute = Execute {
        source: Some(what.source),
        trigger: TriggerKind::Manual,
        ..Execute::new(script.id, what.input, Mode::Sync)
    };
    let executions = platform.executions();
    let execution = executions.execute(tenant.ctx(), execute).await?;
    let logs = executions
        .logs(tenant.ctx(), execution.id, 0, u32::MAX)
        .await?;
    Ok((execution, logs))
}
