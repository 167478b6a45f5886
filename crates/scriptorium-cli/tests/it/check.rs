//! `scriptorium check`.

use serde_json::json;

use crate::command::{command, json, sample, script, stderr, stdout};

#[test]
fn the_samples_are_clean() {
    let files = [
        "hello.ts",
        "inactive-client-reminder.js",
        "merge-duplicate-clients.js",
        "order-report.ts",
        "payment-webhook.js",
        "price-rule.ts",
        "validate-order.js",
    ];
    let output = command()
        .arg("check")
        .args(files.map(sample))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "files checked: 7, diagnostics: 0\n");
}

#[test]
fn mistakes_are_shown_on_their_line() {
    let output = command()
        .arg("check")
        .args([script("syntax.js"), script("forbidden.js")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let told = stderr(&output);
    for part in [
        "script.syntax",
        "syntax.js:3:15",
        "return sum +;",
        "script.forbidden",
        "forbidden.js:2:10",
        "return eval(\"6 * 7\");",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn json_has_every_diagnostic() {
    let output = command()
        .arg("check")
        .arg(script("forbidden.js"))
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let found = json(&output);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["code"], "script.forbidden");
    assert_eq!(
        json!([found[0]["severity"], found[0]["line"], found[0]["column"]]),
        json!(["error", 2, 10])
    );
}

#[test]
fn the_type_decides_the_entry() {
    for (arguments, expected) in [
        (&["--type", "oneoff"][..], "define main(input, ctx)"),
        (&["--type", "http"], "define handleRequest(req, ctx)"),
        (&["--type", "event"], "define handleEvent(event, ctx)"),
        (&["--entry", "third"], "third"),
        (&["--entry", "second"], "diagnostics: 0"),
    ] {
        let output = command()
            .arg("check")
            .arg(script("entries.js"))
            .args(arguments)
            .output()
            .unwrap();
        let told = stderr(&output);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}
