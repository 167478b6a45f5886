//! `scriptorium export` and `scriptorium import` between two servers.

use std::fs;

use serde_json::{Value, json};

use crate::command::stderr;
use crate::serve::Server;

/// A bundle without what says when and by whom it was made.
fn content(server: &Server) -> Value {
    let mut bundle = server.json(&["export"]);
    for name in ["exported_at", "tenant"] {
        bundle[name].take();
    }
    bundle
}

#[test]
fn a_folder_brings_a_tenant_to_another_server() {
    let first = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("exported");
    let path = to.to_str().unwrap();
    let told = first
        .command()
        .args(["export", "--to", path])
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    assert!(to.join("scripts/hello/source.ts").is_file());

    // The sample business is there already: a second server differs in nothing.
    let second = Server::start();
    let preview = second.json(&["import", path, "--preview"]);
    let items = preview["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(
        items.iter().all(|item| item["state"] == "same"),
        "{preview}"
    );

    // Edited as files: one script differs, and comes in as its next version.
    let source = to.join("scripts/hello/source.ts");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("// by hand\n{text}")).unwrap();
    let replaced = second.json(&["import", path, "--conflict", "replace"]);
    let mut hello = replaced["items"].as_array().unwrap().iter();
    let hello = hello.find(|item| item["name"] == "hello").unwrap();
    assert_eq!(
        (&hello["action"], &hello["differs"]),
        (&json!("replace"), &json!(["source"]))
    );
    let shown = second.json(&["script", "show", "hello"]);
    assert_eq!(shown["version"], 2);

    // A bad file leaves everything as it was.
    let before = content(&second);
    fs::write(&source, "eval('1')").unwrap();
    let refused = second
        .command()
        .args(["import", path, "--conflict", "rename"])
        .output();
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("source"), "{}", stderr(&refused));
    assert_eq!(content(&second), before);
    let missing = second
        .command()
        .args(["import", "/nowhere"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(2));
}
