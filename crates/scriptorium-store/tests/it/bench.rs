//! The benchmark of the store works: a small run of it, on both databases.

use std::path::PathBuf;
use std::process::Command;

#[test]
fn a_small_run_fills_asks_and_explains_on_both_databases() {
    // Examples are built with the tests, into the directory beside theirs.
    let own = std::env::current_exe().unwrap();
    let built: PathBuf = own.ancestors().nth(2).unwrap().join("examples/bench_store");
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("figures.json");
    let small = "--tenants=4 --scripts=400 --executions=8000 --rounds=3 --recording=0.1 --lenient";
    let done = Command::new(&built)
        .args(small.split(' '))
        .arg("--dir")
        .arg(dir.path())
        .arg("--json")
        .arg(&json)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; cargo build --examples", built.display()));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let figures = std::fs::read_to_string(json).unwrap();
    for found in [
        "SQLite 3.",
        "VIRTUAL TABLE",
        "PostgreSQL 1",
        "find_executions",
    ] {
        assert!(figures.contains(found), "{found}: {figures}");
    }
}
