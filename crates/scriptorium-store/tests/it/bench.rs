//! The benchmark of the store works: a small run of it, on both databases.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn a_small_run_fills_asks_and_explains_on_both_databases() {
    // Examples are built with the tests, into the directory beside theirs.
    let own = std::env::current_exe().unwrap();
    let built: PathBuf = own.ancestors().nth(2).unwrap().join("examples/bench_store");
    let dir = tempfile::tempdir().unwrap();
    // PostgreSQL's own user has to get in.
    let enterable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), enterable).unwrap();
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
        "p99_us",
        "fsync_p50_us",
    ] {
        assert!(figures.contains(found), "{found}: {figures}");
    }
    // SQLite has no statistics here, so its plans are those of large tables.
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    let questions = figures["databases"][0]["questions"].as_array().unwrap();
    assert!(questions.len() >= 30);
    for question in questions {
        assert!(question["flaw"].is_null(), "{question:#}");
    }
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["figures.json"], "it cleans up");
}
