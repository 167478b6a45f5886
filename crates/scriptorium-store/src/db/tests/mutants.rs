//! Holes planted in the wall between tenants, one at a time (security.md T3.6 and T3.7): the suite
//! of isolation has to notice each, and neither lock may need the other. A hole is a change of a
//! statement's text on its way to the database, in this test binary only; the suite runs in a child
//! process that is told which one.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use scriptorium_model::{Ctx, TenantId};

use crate::support::WITHOUT_SECURITY;

/// Tells a child which hole it has.
const MUTANT: &str = "SCRIPTORIUM_STORE_MUTANT";
/// The hole that is in every statement.
const NO_PREDICATE: &str = "no predicate";
const CURSOR: &str = "a cursor without its tenant";
const UNCHECKED: &str = "a record's tenant is believed";
const ONE_FILE: &str = "the tenants share the file of their tables";

/// A statement that forgets its tenant: what the hole is called, and what its text is known by.
const HOLES: [(&str, &str); 56] = [
    (
        "a script by its id alone",
        "s.deleted_at is null and s.id = ",
    ),
    (
        "a script by its name alone",
        "s.deleted_at is null and s.name = ",
    ),
    ("the list of scripts", "left join schedules c on"),
    (
        "the list of templates",
        "from templates where tenant_id = $1 order",
    ),
    (
        "ending the sessions of a user",
        "delete from sessions where tenant_id = $1 and user_id",
    ),
    ("a version", " and v.number = $"),
    ("the list of versions", "order by v.number desc limit"),
    ("the routing table", "from endpoints where"),
    (
        "upcoming instants",
        "where c.tenant_id = $1 and c.next_at is not null",
    ),
    ("the slots of a schedule", "from schedule_slots p left join"),
    (
        "an execution",
        "select * from executions where tenant_id = $1 and id = $2",
    ),
    (
        "the list of executions",
        "from executions where tenant_id = $1",
    ),
    ("lines by the execution's id alone", "from execution_logs"),
    (
        "claiming an execution",
        "where tenant_id = $1 and id = $2 and status = 'pending' and delayed",
    ),
    (
        "log lines past their retention",
        "delete from execution_logs where",
    ),
    ("events past their retention", "delete from events where"),
    (
        "keys past their retention",
        "delete from idempotency_keys where",
    ),
    ("a user", "select * from users where tenant_id = $1 and id"),
    (
        "the list of users",
        "select * from users where tenant_id = $1 order by",
    ),
    (
        "the list of tokens",
        "from tokens where tenant_id = $1 order",
    ),
    (
        "ending a session",
        "delete from sessions where tenant_id = $1 and id",
    ),
    ("revoking a token", "update tokens set revoked_at"),
    (
        "an entry of storage",
        "from storage where tenant_id = $1 and key = $2 and (expires_at",
    ),
    (
        "removing an entry",
        "delete from storage where tenant_id = $1 and key",
    ),
    ("a template", "from templates where tenant_id = $1 and name"),
    (
        "an event",
        "select * from events where tenant_id = $1 and id",
    ),
    (
        "a dead letter",
        "select * from dead_letters where tenant_id = $1 and id",
    ),
    (
        "the list of dead letters",
        "created_at, failed_at from dead_letters",
    ),
    (
        "the dead letter of an execution",
        "and execution_id = $2 and status = 'retrying'",
    ),
    (
        "how many letters could be taken up",
        "as number from dead_letters where",
    ),
    (
        "a notification",
        "select * from notifications where tenant_id = $1 and id",
    ),
    (
        "how a notification ended",
        "update notifications set status = $4",
    ),
    (
        "the notifications that are recorded",
        "update notifications set status = 'recorded'",
    ),
    (
        "how many notifications there were",
        "select number from notification_days where tenant_id",
    ),
    (
        "an operation",
        "select * from operations where tenant_id = $1 and id",
    ),
    (
        "the list of operations",
        "select * from operations where tenant_id = $1 order",
    ),
    (
        "how far an operation has come",
        "update operations set state = $3",
    ),
    (
        "what an operation is about",
        "where tenant_id = $1 and status in ('pending', 'running') order",
    ),
    (
        "how much an operation is about",
        "where tenant_id = $1 and status in ('pending', 'running') limit",
    ),
    ("the list of tags", "with recursive hop (tag)"),
    ("the subscribers of an event", "where b.tenant_id = $1"),
    (
        "events that wait",
        "from events where tenant_id = $1 and waiting",
    ),
    (
        "events that wait no longer",
        "update events set waiting = false",
    ),
    ("whether an event waits", "and id = $2 and waiting = true"),
    (
        "whom an event was delivered to",
        "as waits from event_deliveries d",
    ),
    ("a suspension", "from suspensions p where p.tenant_id"),
    (
        "what is parked",
        "created_at, payload from waiting_deliveries",
    ),
    ("the alerts", "select * from alerts where tenant_id = $1"),
    (
        "how many alerts there are",
        "from alerts where tenant_id = $1 and acknowledged_at",
    ),
    ("the types of events", "with recursive seen (kind, place)"),
    ("a draft", "where d.tenant_id = $1 and d.script_id"),
    (
        "discarding a draft",
        "delete from script_drafts where tenant_id = $1 and script_id",
    ),
    ("a milestone", "delete from version_milestones"),
    (
        "how many versions are kept",
        "select * from version_policies where",
    ),
    ("how long history is kept", "audit_days from retention"),
    (
        "the audit trail",
        "select * from audit_entries where tenant_id = $1",
    ),
];

/// The text as the planted hole leaves it.
pub(crate) fn applied(text: String) -> String {
    let Some(planted) = planted() else {
        return text;
    };
    let hole = HOLES.iter().find(|(name, _)| *name == planted);
    let here = planted == NO_PREDICATE || hole.is_some_and(|(_, mark)| text.contains(mark));
    if here { without_predicate(text) } else { text }
}

/// The context that a cursor is sealed to.
pub(crate) fn forgetting(ctx: &Ctx) -> Ctx {
    if planted() == Some(CURSOR) {
        Ctx::platform(TenantId(scriptorium_model::Uuid::nil()))
    } else {
        ctx.clone()
    }
}

/// The tenant that a record is compared by.
pub(crate) fn unchecked(ctx: &Ctx, tenant: TenantId) -> TenantId {
    if planted() == Some(UNCHECKED) {
        ctx.tenant
    } else {
        tenant
    }
}

/// The tenant that a file of business tables is named after.
pub(crate) fn filed(tenant: TenantId) -> TenantId {
    if planted() == Some(ONE_FILE) {
        TenantId(scriptorium_model::Uuid::nil())
    } else {
        tenant
    }
}

fn planted() -> Option<&'static str> {
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    let planted = PLANTED.get_or_init(|| {
        let planted = std::env::var(MUTANT).ok()?;
        // The first test that notices decides; what the others would say is not waited for.
        std::panic::set_hook(Box::new(|_| std::process::exit(101)));
        Some(planted)
    });
    planted.as_deref()
}

/// `$1` stays bound, and narrows nothing.
fn without_predicate(mut text: String) -> String {
    const PREDICATE: &str = "tenant_id = $1";
    while let Some(at) = text.find(PREDICATE) {
        let before = &text[..at];
        // With the table's short name that may be in front of it.
        let alias = before
            .trim_end_matches('.')
            .trim_end_matches(char::is_alphanumeric);
        let begin = if before.ends_with('.') {
            alias.len()
        } else {
            at
        };
        text.replace_range(begin..at + PREDICATE.len(), "$1 is not null");
    }
    text
}

#[test]
fn each_planted_hole_is_noticed() {
    let others = [NO_PREDICATE, CURSOR, UNCHECKED, ONE_FILE].map(|name| (name, ""));
    let unnoticed: Vec<&str> = HOLES
        .iter()
        .chain(&others)
        .map(|(name, _)| *name)
        .filter(|name| suite_holds("Sqlite", &[(MUTANT, name)]))
        .collect();
    assert_eq!(unnoticed, [""; 0]);
    assert!(suite_holds("Sqlite", &[]), "without a hole it holds");
}

#[test]
fn row_level_security_holds_without_the_predicate() {
    assert!(suite_holds("Postgres", &[(MUTANT, NO_PREDICATE)]));
}

#[test]
fn the_predicate_holds_without_row_level_security() {
    assert!(suite_holds("Postgres", &[(WITHOUT_SECURITY, "1")]));
    // And it was off: nothing holds without both.
    let neither = [(WITHOUT_SECURITY, "1"), (MUTANT, NO_PREDICATE)];
    assert!(!suite_holds("Postgres", &neither));
}

/// Runs the suite of isolation on one database in a child process.
fn suite_holds(database: &str, environment: &[(&str, &str)]) -> bool {
    let binary = std::env::current_exe().unwrap();
    let listed = Command::new(&binary)
        .args(["--list", "--format", "terse", "isolation::"])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let tests: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| name.ends_with(database))
        .collect();
    assert!(tests.len() >= 5, "{listed}");
    let mut suite = Command::new(&binary);
    suite.args(["--exact", "--test-threads", "2"]).args(tests);
    suite.envs(environment.iter().copied());
    suite.env_remove("NEXTEST").env("RUST_BACKTRACE", "0");
    let status = suite.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.unwrap().success()
}
