//! `scriptorium backup` and `scriptorium restore`, against a server that works meanwhile.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{command, json, sample, stderr};
use crate::serve::Server;

#[track_caller]
fn done(arguments: &[&str]) -> Value {
    let output = command().args(arguments).arg("--json").output().unwrap();
    let (code, text) = (output.status.code(), stderr(&output));
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    json(&output)
}

#[track_caller]
fn refused(arguments: &[&str], exit: i32, complaint: &str) {
    let output = command().args(arguments).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {text}");
    assert!(text.contains(complaint), "{text}");
}

/// Names and versions of what a server has.
fn scripts(server: &Server) -> Vec<(String, u64)> {
    let listed = server.json(&["script", "list"]);
    let mut found: Vec<(String, u64)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|script| {
            let name = script["name"].as_str().unwrap().to_owned();
            (name, script["version"].as_u64().unwrap())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_backup_taken_under_load_restores_elsewhere() {
    let server = Server::start();
    let before = scripts(&server);
    let taken = std::thread::scope(|scope| {
        // The same script saved again and again, while the backup is taken.
        let load = scope.spawn(|| {
            for number in 0..10 {
                let message = format!("change {number}");
                let hello = sample("hello.ts");
                let name = format!("pushed {number}");
                let push = ["script", "push", hello.to_str().unwrap(), "--name", &name];
                server.json(&[&push[..], &["--message", &message]].concat());
            }
        });
        let taken = server.json(&["backup", "--keep", "2"]);
        load.join().unwrap();
        taken
    });
    let listed = server.json(&["backup", "list"]);
    assert_eq!(listed, json!([taken]));

    let data = server.data_dir();
    let folder = data.join("backups").join(taken["name"].as_str().unwrap());
    let folder = folder.to_str().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("data");
    let target = target.to_str().unwrap();
    let restore = ["restore", folder, "--data-dir", target];
    let tried = done(&[&restore[..], &["--dry-run"]].concat());
    assert!(!Path::new(target).exists());
    let restored = done(&restore);
    assert_eq!(restored, tried);
    // The platform and both tenants of the sample business.
    assert_eq!(restored["files"].as_array().unwrap().len(), 3);
    refused(&restore, 1, "is not empty");

    let here = [
        "restore",
        folder,
        "--data-dir",
        data.to_str().unwrap(),
        "--force",
    ];
    refused(&here, 4, "is locked");
    let copy = ["backup", "--data-dir", data.to_str().unwrap()];
    refused(&copy, 4, "is locked");
    // Keys go their own way; without them the restored audit trail could not go on.
    let keys = Path::new(target).join("keys");
    std::fs::create_dir(&keys).unwrap();
    std::fs::copy(data.join("keys/audit.key"), keys.join("audit.key")).unwrap();
    assert_eq!(server.stop(), Some(0));

    let second = Server::start_in(elsewhere);
    let after = scripts(&second);
    for script in &before {
        assert!(after.contains(script), "{script:?} is missing: {after:?}");
    }
    let run = second.json(&["execution", "list"]);
    assert!(run.is_array());
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn keys_are_saved_and_put_back_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (from, to, file) = (path("from"), path("to"), path("keys.json"));
    std::fs::create_dir_all(Path::new(&from).join("keys")).unwrap();
    for key in ["audit", "database"] {
        let digits = if key == "audit" { "0a" } else { "0b" }.repeat(32);
        let path = Path::new(&from).join("keys").join(key);
        std::fs::write(path.with_extension("key"), digits).unwrap();
    }
    let run = |arguments: &[&str]| {
        let output = command().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    run(&["backup", "keys", "--data-dir", &from, "--to", &file]);
    let restore = ["restore", "--keys", &file, "--data-dir", &to];
    run(&restore);
    for key in ["audit.key", "database.key"] {
        let read = |dir: &str| std::fs::read(Path::new(dir).join("keys").join(key)).unwrap();
        assert_eq!(read(&from), read(&to), "{key}");
    }
    std::fs::write(Path::new(&to).join("keys/database.key"), "another").unwrap();
    refused(&restore, 1, "is another key");
    // Nothing is restored beside a key that it does not fit.
    refused(
        &[&restore[..], &["no-backup"]].concat(),
        1,
        "is another key",
    );
    refused(&["restore", "--data-dir", &to], 2, "required");
}

#[test]
fn without_a_server_the_files_are_copied_here() {
    let server = Server::start();
    let (ended, folder) = server.end();
    assert_eq!(ended, Some(0));
    let data = folder.path().join("data");
    let to = folder.path().join("elsewhere");
    let data = data.to_str().unwrap();
    let take = ["backup", "--data-dir", data, "--to", to.to_str().unwrap()];
    let taken = done(&take);
    let backup = taken["folder"].as_str().unwrap();
    assert!(Path::new(backup).starts_with(&to));
    let manifest = Path::new(backup).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let spoiled = text.replace("\"sha256\": \"", "\"sha256\": \"0");
    std::fs::write(&manifest, spoiled).unwrap();
    let target = folder.path().join("new");
    let restore = ["restore", backup, "--data-dir", target.to_str().unwrap()];
    refused(&restore, 1, "is not the file that was backed up");
    refused(&["restore", data, "--data-dir", "x"], 1, "holds no backup");
    refused(&["backup", "--keep", "0"], 2, "0 is not in");
    refused(&["backup"], 2, "a token is needed");
}
