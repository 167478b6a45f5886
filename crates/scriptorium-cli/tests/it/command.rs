//! Starting the command with nothing of the tester's environment.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

/// The command, in a folder of its own.
pub(crate) fn command() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(binary());
    command.env_clear().env("SCRIPTORIUM_CACHE_DIR", cache());
    command
}

/// Where the tested command is: the one beside these tests, or another, such as an optimised one.
pub(crate) fn binary() -> PathBuf {
    let other = std::env::var_os("SCRIPTORIUM_BIN").map(PathBuf::from);
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_scriptorium").into())
}

/// Folder of the compiled engine, which is the same for every test.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine")
}

/// A script of these tests.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scripts")
        .join(name)
}

/// A sample script.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/scripts")
        .join(name)
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standard output as JSON.
#[track_caller]
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)))
}
