//! Development tasks, run as `cargo xtask NAME`; nothing of the product depends on this crate.

mod guest;
mod lint;
mod measure;
mod mutants;
mod tidy;
mod web;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;

const USAGE: &str = "\
usage: cargo xtask TASK

  guest          build the sandbox's JavaScript engine to wasm (needs Python 3 with pip)
  web            bundle the browser assets into web/dist (needs Node and npm)
  lint           compile everything with clippy; a warning is a failure
  tidy           check the rules of the house; one line for each violation
  mutants [NAME] take walls and limits out, one by one, and see that tests turn red
  measure        print sizes of files and functions, and the share of tests";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    match arguments.split_first() {
        Some((task, rest)) if task == "guest" => {
            guest::run(root(), rest).map(|()| ExitCode::SUCCESS)
        }
        Some((task, rest)) if task == "web" => web::run(root(), rest).map(|()| ExitCode::SUCCESS),
        Some((task, [])) if task == "lint" => lint::run(root()),
        Some((task, [])) if task == "tidy" => tidy::run(root()),
        Some((task, names)) if task == "mutants" => mutants::run(root(), names),
        Some((task, [])) if task == "measure" => measure::run(root()).map(|()| ExitCode::SUCCESS),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

/// Cargo, without what it has told this task of its own package: a build script that watches these
/// variables, as ring's does, would run again, and all that stands on it would be compiled anew.
fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let told = ["CARGO_MANIFEST_", "CARGO_PKG_"];
        let name = name.to_string_lossy();
        if told.iter().any(|prefix| name.starts_with(prefix)) {
            cargo.env_remove(name.as_ref());
        }
    }
    cargo
}

/// The repository's root folder: of the checkout that cargo runs this for, which need not be the
/// one it was compiled in when several share a target directory.
fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let compiled_in = || env!("CARGO_MANIFEST_DIR").into();
        let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(compiled_in);
        Path::new(&crate_folder)
            .parent()
            .unwrap_or(Path::new("."))
            .to_owned()
    });
    &ROOT
}
