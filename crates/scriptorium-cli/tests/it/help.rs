//! The texts of `--help`, as snapshots.

use crate::command::{command, stdout};

#[test]
fn help_is_as_it_was() {
    for words in [
        &[][..],
        &["serve"],
        &["run"],
        &["check"],
        &["config"],
        &["script", "list"],
        &["script", "show"],
        &["script", "push"],
        &["script", "run"],
        &["script", "compatibility"],
        &["execution", "list"],
        &["execution", "show"],
        &["execution", "cancel"],
        &["execution", "replay"],
        &["operation", "list"],
        &["dead-letter", "list"],
        &["dead-letter", "retry"],
        &["notification", "list"],
        &["notification", "mode"],
        &["halt", "put"],
        &["alert", "list"],
        &["subscription", "suspend"],
        &["subscription", "resume"],
        &["subscription", "discard"],
        &["signing-secret", "add"],
        &["signing-secret", "remove"],
        &["service", "add"],
        &["token", "create"],
        &["tenant", "list"],
        &["tenant", "create"],
        &["tenant", "delete"],
        &["audit", "list"],
        &["audit", "verify"],
        &["audit", "export"],
        &["backup"],
        &["backup", "keys"],
        &["restore"],
        &["export"],
        &["import"],
    ] {
        let output = command().args(words).arg("--help").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        let name = words.join("_");
        let name = if name.is_empty() {
            "scriptorium"
        } else {
            &name
        };
        insta::assert_snapshot!(name, stdout(&output));
    }
}
