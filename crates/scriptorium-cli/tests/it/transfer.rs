//! `scriptorium export` and `scriptorium import` between two servers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Another tenant of the server, and a token with all rights in it.
fn tenant(server: &Server, slug: &str) -> String {
    server.json(&["tenant", "create", slug]);
    let create = ["token", "create", "--name", "all", "--permission", "*"];
    let token = server.json(&[&create[..], &["--tenant", slug]].concat());
    token["secret"].as_str().unwrap().to_owned()
}

#[test]
fn what_comes_back_from_an_empty_tenant_is_what_went_in_byte_by_byte() {
    let server = Server::start();
    // Beside the samples: versions with a gap, milestones, and what the tenant keeps.
    let script = server.json(&["script", "show", "hello"]);
    let path = format!("scripts/{}", script["id"].as_str().unwrap());
    for number in 2..5 {
        let source = json!({"source": format!("return {number}\n")});
        server.api("PATCH", &path, &source);
    }
    let named = json!({"name": "ҳисобот «before»"});
    server.api("PUT", &format!("{path}/versions/2/milestone"), &named);
    server.api("PUT", "version-policy", &json!({"max_count": 40}));
    let kept = json!({"execution_days": 365, "log_days": 30, "event_days": 60});
    server.api("PUT", "retention", &kept);
    let token = tenant(&server, "empty");
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], token: Option<&str>| {
        let mut command = server.command();
        if let Some(token) = token {
            command.env("SCRIPTORIUM_TOKEN", token);
        }
        let done = command.args(arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    };
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (left, back) = (at("left"), at("back"));
    run(&["export", "--to", &left], None);
    run(&["import", &left, "--activate"], Some(&token));
    run(&["export", "--to", &back], Some(&token));
    let (mut left, mut back) = (files(Path::new(&left)), files(Path::new(&back)));
    // What is new by nature: when it was written out, and from which tenant.
    let manifest = |files: &mut BTreeMap<String, Vec<u8>>| {
        let text = files.remove("manifest.json").unwrap();
        let mut manifest: Value = serde_json::from_slice(&text).unwrap();
        for name in ["exported_at", "tenant"] {
            assert!(manifest[name].take().is_string());
        }
        manifest
    };
    assert_eq!(manifest(&mut left), manifest(&mut back));
    assert!(left.len() > 10);
    assert_eq!(left, back);

    let delete = |confirm: &str| {
        let delete = ["tenant", "delete", "empty", "--confirm", confirm];
        server.command().args(delete).output().unwrap()
    };
    assert_eq!(delete("default").status.code(), Some(2));
    let deleted = delete("empty");
    assert_eq!(deleted.status.code(), Some(0), "{}", stderr(&deleted));
    let gone = delete("empty");
    assert!(stderr(&gone).contains("there is no tenant empty"));
    let mut late = server.command();
    late.env("SCRIPTORIUM_TOKEN", &token);
    let late = late.args(["script", "list"]).output().unwrap();
    assert_eq!(late.status.code(), Some(1), "{}", stderr(&late));
}
