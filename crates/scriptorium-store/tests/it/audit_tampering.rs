//! Whatever somebody with full power over the database does to a past entry is found, and what the
//! platform itself does to old ones is not taken for it (WEB-16).

use std::time::Duration;

use rusqlite::Connection;
use scriptorium_model::audit::{AuditFilter, FindingKind, Verification};
use scriptorium_model::trigger::Trigger;

use crate::audit::trail;
use crate::support::{World, definition, open};

/// A trail of eleven entries of every form, its head anchored, and a stranger's beside it.
async fn written() -> World {
    let world = World::new().await;
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

/// The database as its owner reaches it, without what the platform put in the way.
fn owner(world: &World) -> Connection {
    let db = Connection::open(world.path().join("scriptorium.db")).unwrap();
    let triggers: Vec<String> = db
        .prepare("select name from sqlite_master where type = 'trigger' and name like 'audit%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(triggers.len(), 6);
    for trigger in triggers {
        db.execute_batch(&format!("drop trigger {trigger}"))
            .unwrap();
    }
    db
}

async fn verify(world: &World) -> Verification {
    world.store.verify_audit(&world.ctx, true).await.unwrap()
}

async fn check(statement: &str, kind: FindingKind) {
    let world = written().await;
    assert!(verify(&world).await.is_intact());
    let mine = hex(world.ctx.tenant.0.as_bytes());
    let other = hex(world.other.tenant.0.as_bytes());
    let text = statement
        .replace("$mine", &format!("x'{mine}'"))
        .replace("$other", &format!("x'{other}'"));
    owner(&world).execute_batch(&text).unwrap();
    let found = verify(&world).await;
    let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
    assert!(kinds.contains(&kind), "{statement}: {found:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn the_door_itself_lets_nothing_be_changed_or_removed() {
    let world = written().await;
    let db = Connection::open(world.path().join("scriptorium.db")).unwrap();
    for statement in [
        "update audit_entries set action = 'x'",
        "delete from audit_entries",
        "delete from audit_entries where seq = 11",
        "update audit_heads set seq = 1",
        "delete from audit_heads",
    ] {
        assert!(db.execute_batch(statement).is_err(), "{statement}");
    }
}

#[tokio::test]
async fn an_edit_of_any_column_is_found() {
    let world = written().await;
    let db = Connection::open(world.path().join("scriptorium.db")).unwrap();
    let columns: Vec<(String, String)> = db
        .prepare("select name, type from pragma_table_info('audit_entries')")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(columns.len(), 18);
    for (name, kind) in columns {
        let value = match (name.as_str(), kind.to_lowercase().as_str()) {
            ("tenant_id", _) => "$other",
            // A number is moved by the other cases.
            ("seq", _) => continue,
            (_, "integer") => "at + 1",
            ("mac", _) => "zeroblob(32)",
            (_, "blob") => "zeroblob(16)",
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
        check(&statement, kind).await;
    }
}

#[tokio::test]
async fn deleting_inserting_moving_and_copying_are_found() {
    use FindingKind::{Altered, HeadAltered, Missing, Rewritten, Truncated};
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
                 {move_entry} = -seq where tenant_id = $mine and seq > 5; \
                 {move_entry} = -seq - 1 where tenant_id = $mine and seq < 0"
            )
            .replace(
                "update audit_entries",
                "pragma ignore_check_constraints = on; update audit_entries",
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
            "update audit_heads set mac = zeroblob(32) where tenant_id = $mine".into(),
            HeadAltered,
        ),
        (
            "delete from audit_heads where tenant_id = $mine".into(),
            HeadAltered,
        ),
        (
            "update audit_entries set mac = zeroblob(32) where tenant_id = $mine and seq = 11"
                .into(),
            Rewritten,
        ),
    ] {
        check(&statement, kind).await;
    }
}

#[tokio::test]
async fn an_execution_that_is_not_what_was_recorded_is_found() {
    for change in [
        "output = '{\"ok\":false}'",
        "input = '1'",
        "status = 'failed'",
        "duration_us = 1",
        "completed_at = completed_at + 1",
        "failure_message = 'x', failure_code = 'script.threw'",
        "script_name = 'other'",
    ] {
        check(
            &format!("update executions set {change}"),
            FindingKind::ExecutionAltered,
        )
        .await;
    }
    let world = written().await;
    let db = owner(&world);
    db.execute_batch("delete from executions").unwrap();
    let found = verify(&world).await;
    assert!(found.is_intact(), "{found:?}");
    assert_eq!(found.executions_gone, 1);
}

#[tokio::test]
async fn an_older_database_in_place_of_the_present_one_is_found() {
    let world = written().await;
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

#[tokio::test]
async fn lawful_retention_is_not_taken_for_tampering() {
    let world = written().await;
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

#[tokio::test]
async fn a_checkpoint_cannot_be_made_up() {
    let world = written().await;
    owner(&world)
        .execute_batch(
            "insert into audit_checkpoints select tenant_id, seq, mac, at, 4, mac \
             from audit_entries where seq = 4; delete from audit_entries where seq <= 4",
        )
        .unwrap();
    let found = verify(&world).await;
    let kinds: Vec<FindingKind> = found.findings.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [FindingKind::CheckpointAltered, FindingKind::Missing],
        "{found:?}"
    );
}

#[tokio::test]
async fn a_removed_checkpoint_leaves_a_gap() {
    let world = written().await;
    world.advance(Duration::from_secs(91 * 86_400));
    world.store.prune_audit(world.now()).await.unwrap();
    owner(&world)
        .execute_batch("delete from audit_checkpoints")
        .unwrap();
    let found = verify(&world).await;
    assert_eq!(found.findings[0].kind, FindingKind::Missing, "{found:?}");
}

#[tokio::test]
async fn another_key_is_refused() {
    let world = written().await;
    world.store.close().await;
    std::fs::write(world.path().join("keys/audit.key"), "00".repeat(32)).unwrap();
    let options = scriptorium_store::Options::new(world.path());
    let opened = scriptorium_store::Store::open(options, world.ambient.clone()).await;
    let message = opened.unwrap_err().to_string();
    assert!(message.contains("not the one"), "{message}");
}
