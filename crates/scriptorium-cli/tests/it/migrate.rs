//! Bringing a database up to the release, and saying how far it has come.

use scriptorium_testing::Database;
use serde_json::json;

use crate::command::{command, json as document, stderr};

#[test]
fn a_file_is_migrated_and_tells_how_far_it_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |arguments: &[&str]| {
        let mut command = command();
        command.current_dir(folder.path()).arg("migrate");
        command.args(arguments).output().unwrap()
    };
    let before = migrate(&["status", "--json"]);
    assert_eq!(before.status.code(), Some(1));
    assert_eq!(document(&before)["state"], json!("behind"));
    let up = migrate(&["up", "--json"]);
    assert_eq!(up.status.code(), Some(0), "{}", stderr(&up));
    let after = migrate(&["status", "--json"]);
    assert_eq!(after.status.code(), Some(0));
    assert_eq!(document(&after)["state"], json!("current"));
    assert_eq!(document(&after)["applied"], document(&after)["known"]);
    let roles = migrate(&["up", "--create-roles"]);
    assert_eq!(roles.status.code(), Some(2), "{}", stderr(&roles));
}

/// One command makes the logins, the schema and the tables, and a second one changes nothing.
#[tokio::test]
async fn a_server_gets_its_logins_and_tables() {
    let database = Database::cloned("empty", async |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let migrate = |arguments: &[&str]| {
        let mut command = command();
        command
            .current_dir(folder.path())
            .env("SCRIPTORIUM_DATABASE_URL", database.superuser())
            .env("SCRIPTORIUM_DATABASE_ROLE_PREFIX", "migrate_command")
            .arg("migrate");
        command.args(arguments).output().unwrap()
    };
    let early = migrate(&["up"]);
    assert_eq!(early.status.code(), Some(1), "{}", stderr(&early));
    assert!(
        stderr(&early).contains("--create-roles"),
        "{}",
        stderr(&early)
    );
    // With its command or without.
    for arguments in [
        &["up", "--create-roles", "--json"][..],
        &["--create-roles", "--json"][..],
    ] {
        let up = migrate(arguments);
        assert_eq!(up.status.code(), Some(0), "{}", stderr(&up));
        assert_eq!(document(&up)["state"], json!("current"));
    }
    let roles = database.psql(
        "select string_agg(rolname, ' ' order by rolname) from pg_roles \
         where rolname like 'migrate_command%'",
    );
    let expected = ["app", "migrator", "script", "system"].map(|r| format!("migrate_command_{r}"));
    assert_eq!(roles, expected.join(" "));
}
