//! Checks that the browser assets were bundled before they are embedded. It never runs npm:
//! who embeds the pages or builds offline decides when that happens.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let manifest = Path::new(&root).join("../../web/dist/manifest.json");
    println!("cargo:rerun-if-changed={}", manifest.display());
    if manifest.is_file() {
        return ExitCode::SUCCESS;
    }
    println!("cargo:error=The browser assets are missing. Run: cargo xtask web");
    ExitCode::FAILURE
}
