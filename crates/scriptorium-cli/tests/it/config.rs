//! `scriptorium config`: values, origins, and what is not shown.

use crate::command::{command, json, stderr, stdout};

#[test]
fn every_value_has_its_origin_and_secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scriptorium.toml"), "workers = 3\n").unwrap();
    let output = command()
        .current_dir(folder.path())
        .env("SCRIPTORIUM_DATA_DIR", "/srv/data")
        .env("SCRIPTORIUM_ADMIN_PASSWORD", "correct horse battery")
        .args(["config", "--listen", "127.0.0.1:9999", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = json(&output);
    for (key, value, origin) in [
        ("listen", "127.0.0.1:9999", "flag --listen"),
        ("data_dir", "/srv/data", "environment SCRIPTORIUM_DATA_DIR"),
        ("workers", "3", "file scriptorium.toml"),
        ("log", "info", "default"),
        (
            "admin_password",
            "********",
            "environment SCRIPTORIUM_ADMIN_PASSWORD",
        ),
    ] {
        let lines = shown.as_array().unwrap();
        let line = lines.iter().find(|line| line["key"] == key).unwrap();
        assert_eq!(
            (line["value"].as_str(), line["origin"].as_str()),
            (Some(value), Some(origin))
        );
    }
    assert!(!stdout(&output).contains("horse"));
}

#[test]
fn unknown_keys_and_bad_values_are_status_two() {
    let folder = tempfile::tempdir().unwrap();
    for (text, complaint) in [
        ("lisen = \"127.0.0.1:1\"", "unknown key lisen"),
        (
            "listen = \"here\"",
            "listen (file scriptorium.toml) must be",
        ),
    ] {
        std::fs::write(folder.path().join("scriptorium.toml"), text).unwrap();
        for subcommand in ["config", "serve"] {
            let output = command()
                .current_dir(folder.path())
                .arg(subcommand)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert!(stderr(&output).contains(complaint), "{}", stderr(&output));
        }
    }
}
