//! The lints, with the compiler and the artefacts of the tests: `cargo clippy` would compile every
//! dependency a second time (docs/decisions/0026-clippy-compiles-what-is-tested.md).

use std::io::BufReader;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use anyhow::Context as _;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;

/// Compiles every target of the workspace, and fails if there was anything to say of one. Cargo
/// repeats what was said of those that are compiled already.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let mut build = crate::cargo()
        .args(["build", "--workspace", "--all-targets", "--quiet"])
        .arg("--message-format=json-diagnostic-rendered-ansi")
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo did not start")?;
    let said = build.stdout.take().context("cargo has no output")?;
    let mut found = 0_usize;
    for message in Message::parse_stream(BufReader::new(said)) {
        if let Message::CompilerMessage(of) = message.context("cargo said what is not JSON")?
            && matches!(
                of.message.level,
                DiagnosticLevel::Warning | DiagnosticLevel::Error
            )
        {
            found += 1;
            eprint!("{}", of.message.rendered.unwrap_or(of.message.message));
        }
    }
    let built = build.wait().context("cargo did not end")?.success();
    if found > 0 {
        eprintln!("lint: {found} to mend");
    }
    Ok(if built && found == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
