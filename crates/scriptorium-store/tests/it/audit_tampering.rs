//! Whatever somebody with full power over the database does to a past entry is found, and what the
//! platform itself does to old ones is not taken for it (WEB-16).

use std::time::Duration;

use rstest::rstest;
use rusqlite::Connection;
use scriptorium_model::TenantId;
use scriptorium_model::audit::{AuditFilter, FindingKind, Verification};
use scriptorium_model::retention::Retention;
use scriptorium_model::trigger::Trigger;

use crate::audit::trail;
use crate::support::Database::{Postgres, Sqlite};
use crate::support::{Database, World, definition, open};

/// A trail of eleven entries of every form, its head anchored, and a stranger's beside it.
async fn written(database: Database) -> World {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.active(ctx, definition("bill", Trigger::OneOff)).await;
    world.finished(ctx, &script).await;
    for name in ["a", "b", "c"] {
        world.advance(Duration::from_secs(1));
        let mut ctx = ctx.clone();
        ctx.origin = Some(scriptorium_model::Origin {
            address: "203.0.113.9".parse().ok(),
            user_agent: Some("Browser/1".into()),
            request_id: Some(format!("request-{name}")),
        });
        store.put_template(&ctx, name, "one").await.unwrap();
        store.put_template(&ctx, name, "two").await.unwrap();
    }
    store.put_template(&world.other, "t", "x").await.unwrap();
    store.anchor_audit_heads().await.unwrap();
    world
}

/// Runs statements as whoever owns the database, without what the platform put in the way. In them
/// `$mine` and `$other` are tenants, `$zeros` is a code and `$some` an id.
fn as_owner(world: &World, statements: &str) {
    let (zeros, other_id) = ("00".repeat(32), "07".repeat(16));
    let id = |tenant: TenantId| hex(tenant.0.as_bytes());
    let (mine, other) = (id(world.ctx.tenant), id(world.other.tenant));
    let on_file = world.server.is_none();
    let bytes = |hex: &str| match on_file {
        true => format!("x'{hex}'"),
        false => format!("decode('{hex}', 'hex')"),
    };
    let uuid = |hex: &str| match on_file {
        true => format!("x'{hex}'"),
        false => format!("'{hex}'::uuid"),
    };
    let statements = statements
        .replace("$mine", &uuid(&mine))
        .replace("$other", &uuid(&other))
        .replace("$some", &uuid(&other_id))
        .replace("$zeros", &bytes(&zeros));
    match &world.server {
        None => {
            let db = Connection::open(world.path().join("scriptorium.db")).unwrap();
            db.execute_batch(&format!("begin; {WITHOUT_TRIGGERS} {statements}; commit"))
                .unwrap();
        }
        Some(server) => {
            server.psql(&format!(
                "set search_path = scriptorium; set session_replication_role = replica; {statements}"
            ));
        }
    }
}

/// On SQLite, where nothing else keeps the owner's hands off.
const WITHOUT_TRIGGERS: &str = "drop trigger if exists audit_entries_immutable; \
    drop trigger if exists audit_entries_kept; drop trigger if exists audit_checkpoints_immutable; \
    drop trigger if exists audit_checkpoints_kept; drop trigger if exists audit_heads_forward; \
    drop trigger if exists audit_heads_kept;";

/// What is tampered with.
const TABLES: [&str; 4] = [
    "audit_entries",
    "audit_heads",
    "audit_checkpoints",
    "executions",
];

fn for_all(statement: &str) -> String {
    TABLES
        .map(|table| statement.replace("$table", table))
        .join("; ")
}

/// A world that was intact, to be tampered with again and again.
struct Trial(World);

impl Trial {
    async fn new(database: Database) -> Self {
        let world = written(database).await;
        let found = verify(&world).await;
        assert!(found.is_intact(), "{found:?}");
        as_owner(
            &world,
            &for_all("create table kept_$table as select * from $table"),
        );
        Self(world)
    }

    async fn check(&self, statement: &str, kind: FindingKind) {
        as_owner(&self.0, statement);
        let found = verify(&self.0).await;
        let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
        assert!(kinds.contains(&kind), "{statement}: {found:?}");
        let restore = "delete from $table; insert into $table select * from kept_$table";
        as_owner(&self.0, &for_all(restore));
    }
}

async fn verify(world: &World) -> Verification {
    world.store.verify_audit(&world.ctx, true).await.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[rstest]
#[tokio::test]
async fn the_door_itself_lets_nothing_be_changed_or_removed(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = written(database).await;
    for statement in [
        "update audit_entries set action = 'x'",
        "delete from audit_entries",
        "delete from audit_entries where seq = 11",
        "update audit_heads set seq = 1",
        "delete from audit_heads",
    ] {
        let refused = match &world.server {
            None => {
                let db = Connection::open(world.path().join("scriptorium.db")).unwrap();
                db.execute_batch(statement).unwrap_err().to_string()
            }
            // As a superuser, whom no grant keeps out.
            Some(server) => server.psql(&format!(
                "do $$ begin set local search_path = scriptorium; {statement}; \
                 raise exception 'went through'; exception when restrict_violation then null; \
                 end $$; select 'refused'"
            )),
        };
        assert!(!refused.is_empty(), "{statement}");
    }
    let found = verify(&world).await;
    assert!(found.is_intact(), "{found:?}");
}

/// The columns of an entry and what each is set to.
fn columns(world: &World) -> Vec<(String, String)> {
    match &world.server {
        None => {
            let db = Connection::open(world.path().join("scriptorium.db")).unwrap();
            db.prepare("select name, lower(type) from pragma_table_info('audit_entries')")
                .unwrap()
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        }
        Some(server) => {
            let columns = server.psql(
                "select column_name || ' ' || data_type from information_schema.columns \
                 where table_schema = 'scriptorium' and table_name = 'audit_entries'",
            );
            columns
                .lines()
                .map(|line| line.split_once(' ').unwrap())
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .collect()
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_edit_of_any_column_is_found(#[values(Sqlite, Postgres)] database: Database) {
    let trial = Trial::new(database).await;
    let columns = columns(&trial.0);
    assert_eq!(columns.len(), 18);
    for (name, kind) in columns {
        let value = match (name.as_str(), kind.as_str()) {
            ("tenant_id", _) => "$other",
            // A number is moved by the other cases.
            ("seq", _) => continue,
            (_, "integer" | "bigint") => "at + 1",
            ("mac", _) => "$zeros",
            (_, "blob" | "uuid") => "$some",
            ("before_value" | "after_value", _) => "'{\"body\":\"three\"}'",
            ("action", _) => "'template.deleted'",
            _ => "'x'",
        };
        let statement = format!(
            "update audit_entries set {name} = {value} where tenant_id = $mine and seq = 9"
        );
        let kind = match name.as_str() {
            "tenant_id" => FindingKind::Missing,
            _ => FindingKind::Altered,
        };
        trial.check(&statement, kind).await;
    }
}

#[rstest]
#[tokio::test]
async fn deleting_inserting_moving_and_copying_are_found(
    #[values(Sqlite, Postgres)] database: Database,
) {
    use FindingKind::{Altered, HeadAltered, Missing, Rewritten, Truncated};
    let trial = Trial::new(database).await;
    let copy = |columns: &str| {
        format!(
            "insert into audit_entries select {columns}, at, action, actor_kind, actor_id, \
             actor_user, actor_name, subject_kind, subject_id, subject_name, address, user_agent, \
             request_id, before_value, after_value, search_text, mac from audit_entries"
        )
    };
    let move_entry = "update audit_entries set seq";
    for (statement, kind) in [
        // One from the middle, with and without closing the gap.
        (
            "delete from audit_entries where tenant_id = $mine and seq = 5".into(),
            Missing,
        ),
        (
            format!(
                "delete from audit_entries where tenant_id = $mine and seq = 5; \
                 {move_entry} = seq + 1000 where tenant_id = $mine and seq > 5; \
                 {move_entry} = seq - 1001 where tenant_id = $mine and seq > 1000"
            ),
            Altered,
        ),
        // The first, the last, the last three, all; with the head set back as well.
        (
            "delete from audit_entries where tenant_id = $mine and seq = 1".into(),
            Missing,
        ),
        (
            "delete from audit_entries where tenant_id = $mine and seq = 11".into(),
            Truncated,
        ),
        (
            "delete from audit_entries where tenant_id = $mine and seq > 8; \
             update audit_heads set seq = 8, mac = (select mac from audit_entries \
             where tenant_id = $mine and seq = 8) where tenant_id = $mine"
                .into(),
            Truncated,
        ),
        (
            "delete from audit_entries where tenant_id = $mine; \
             delete from audit_heads where tenant_id = $mine"
                .into(),
            Truncated,
        ),
        // One more at the end.
        (
            format!(
                "{} where tenant_id = $mine and seq = 11",
                copy("tenant_id, 12")
            ),
            Altered,
        ),
        // Two in each other's place.
        (
            format!(
                "{move_entry} = 100 where tenant_id = $mine and seq = 5; \
                 {move_entry} = 5 where tenant_id = $mine and seq = 6; \
                 {move_entry} = 6 where tenant_id = $mine and seq = 100"
            ),
            Altered,
        ),
        (
            format!("{move_entry} = 50 where tenant_id = $mine and seq = 11"),
            Missing,
        ),
        // A stranger's in the place of one's own.
        (
            format!(
                "delete from audit_entries where tenant_id = $mine and seq = 3; {} \
                 where tenant_id = $other and seq = 3",
                copy("$mine, seq")
            ),
            Altered,
        ),
        (
            "update audit_heads set mac = $zeros where tenant_id = $mine".into(),
            HeadAltered,
        ),
        (
            "delete from audit_heads where tenant_id = $mine".into(),
            HeadAltered,
        ),
        (
            "update audit_entries set mac = $zeros where tenant_id = $mine and seq = 11".into(),
            Rewritten,
        ),
    ] {
        trial.check(&statement, kind).await;
    }
}

#[rstest]
#[tokio::test]
async fn an_execution_that_is_not_what_was_recorded_is_found(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let trial = Trial::new(database).await;
    for change in [
        "output = '{\"ok\":false}'",
        "input = '1'",
        "status = 'failed'",
        "duration_us = 1",
        "completed_at = completed_at + 1",
        "failure_message = 'x', failure_code = 'script.threw'",
        "script_name = 'other'",
    ] {
        trial
            .check(
                &format!("update executions set {change}"),
                FindingKind::ExecutionAltered,
            )
            .await;
    }
    trial
        .check("delete from executions", FindingKind::ExecutionMissing)
        .await;
}

/// Retention and the end of a script say what they remove; then nothing more may be gone.
#[rstest]
#[tokio::test]
async fn executions_that_go_without_a_word_are_found(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let keep = Retention {
        execution_days: 30,
        log_days: 30,
        ..Retention::default()
    };
    store.set_retention(ctx, keep).await.unwrap();
    let script = world.active(ctx, definition("bill", Trigger::OneOff)).await;
    let doomed = world.active(ctx, definition("old", Trigger::OneOff)).await;
    world.finished(ctx, &script).await;
    world.advance(Duration::from_secs(31 * 86_400));
    for _ in 0..3 {
        world.finished(ctx, &doomed).await;
    }
    world.finished(ctx, &script).await;
    assert_eq!(store.maintain(world.now()).await.unwrap().executions, 1);
    store.delete_script(ctx, doomed.id).await.unwrap();
    store.purge_script(ctx, doomed.id).await.unwrap();
    let found = verify(&world).await;
    assert!(found.is_intact(), "{found:?}");
    assert_eq!((found.executions, found.executions_gone), (1, 4));
    let pruned = AuditFilter {
        action: Some("execution.pruned".into()),
        ..AuditFilter::default()
    };
    let told = trail(&world, ctx, &pruned).await;
    let told: Vec<u64> = told
        .iter()
        .map(|entry| entry.after.as_ref().unwrap().to_value()["executions"].as_u64())
        .map(Option::unwrap)
        .collect();
    assert_eq!(told, [3, 1]);

    // Neither what went with a script earlier nor the end of somebody else explains what goes now.
    world.advance(Duration::from_secs(31 * 86_400));
    store.maintain(world.now()).await.unwrap();
    for _ in 0..3 {
        world.finished(ctx, &script).await;
    }
    let other = store.find_tenant(world.other.tenant).await.unwrap();
    store.close_tenant(ctx, &other).await.unwrap();
    assert!(verify(&world).await.is_intact());
    as_owner(&world, "delete from executions where tenant_id = $mine");
    let found = verify(&world).await;
    let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [FindingKind::ExecutionMissing], "{found:?}");
}

#[tokio::test]
async fn an_older_database_in_place_of_the_present_one_is_found() {
    let world = written(Sqlite).await;
    world.store.close().await;
    let file = world.path().join("scriptorium.db");
    let old = world.path().join("old.db");
    std::fs::copy(&file, &old).unwrap();
    let mut world = world;
    world.store = open(world.dir.path(), &world.ambient).await;
    world
        .store
        .put_template(&world.ctx, "d", "x")
        .await
        .unwrap();
    assert!(verify(&world).await.is_intact());
    world.store.close().await;
    std::fs::copy(&old, &file).unwrap();
    world.store = open(world.dir.path(), &world.ambient).await;
    let found = verify(&world).await;
    let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [FindingKind::Truncated], "{found:?}");
}

#[rstest]
#[tokio::test]
async fn lawful_retention_is_not_taken_for_tampering(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = written(database).await;
    world.advance(Duration::from_secs(89 * 86_400));
    let now = world.now();
    assert_eq!(world.store.prune_audit(now).await.unwrap(), 0);
    world
        .store
        .put_template(&world.ctx, "late", "x")
        .await
        .unwrap();
    world.advance(Duration::from_secs(2 * 86_400));
    let removed = world.store.prune_audit(world.now()).await.unwrap();
    assert_eq!(removed, 11 + 3);
    let found = verify(&world).await;
    assert!(found.is_intact(), "{found:?}");
    assert_eq!((found.removed, found.range), (11, Some((12, 13))));
    let last = trail(&world, &world.ctx, &AuditFilter::default())
        .await
        .remove(0);
    assert_eq!(last.action.as_str(), "audit.pruned");
    // Once more, so that there are two checkpoints.
    world.advance(Duration::from_secs(90 * 86_400));
    world.store.prune_audit(world.now()).await.unwrap();
    let found = verify(&world).await;
    assert!(found.is_intact(), "{found:?}");
}

#[rstest]
#[tokio::test]
async fn a_tenant_may_keep_its_trail_for_longer(#[values(Sqlite, Postgres)] database: Database) {
    let world = written(database).await;
    let keep = Retention {
        audit_days: 400,
        ..Retention::default()
    };
    world.store.set_retention(&world.ctx, keep).await.unwrap();
    world.advance(Duration::from_secs(100 * 86_400));
    // The stranger's only.
    assert_eq!(world.store.prune_audit(world.now()).await.unwrap(), 3);
    world.advance(Duration::from_secs(301 * 86_400));
    world.store.prune_audit(world.now()).await.unwrap();
    let found = verify(&world).await;
    assert!(found.is_intact(), "{found:?}");
    assert_eq!(found.removed, 12);
}

#[rstest]
#[tokio::test]
async fn a_checkpoint_cannot_be_made_up(#[values(Sqlite, Postgres)] database: Database) {
    let world = written(database).await;
    as_owner(
        &world,
        "insert into audit_checkpoints (tenant_id, seq, last_mac, removed_at, entries, mac) \
         select tenant_id, seq, mac, at, 4, mac from audit_entries where seq = 4; \
         delete from audit_entries where seq <= 4",
    );
    let found = verify(&world).await;
    let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [FindingKind::CheckpointAltered, FindingKind::Missing],
        "{found:?}"
    );
}

#[rstest]
#[tokio::test]
async fn a_removed_checkpoint_leaves_a_gap(#[values(Sqlite, Postgres)] database: Database) {
    let world = written(database).await;
    world.advance(Duration::from_secs(91 * 86_400));
    world.store.prune_audit(world.now()).await.unwrap();
    as_owner(&world, "delete from audit_checkpoints");
    let found = verify(&world).await;
    assert_eq!(found.findings[0].kind, FindingKind::Missing, "{found:?}");
}

#[tokio::test]
async fn another_key_is_refused() {
    let world = written(Sqlite).await;
    world.store.close().await;
    std::fs::write(world.path().join("keys/audit.key"), "00".repeat(32)).unwrap();
    let options = scriptorium_store::Options::new(world.path());
    let opened = scriptorium_store::Store::open(options, world.ambient.clone()).await;
    let message = opened.unwrap_err().to_string();
    assert!(message.contains("not the one"), "{message}");
}
