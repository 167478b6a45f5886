//! What every change leaves in the audit trail: exactly one entry, in the same transaction, with who,
//! from where, what before and what after; and nothing that should not be read there.

use std::net::IpAddr;
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::audit::{AuditEntry, AuditFilter, Incident, NAME_CHARS, Origin};
use scriptorium_model::execution::{ExecutionStatus, Failure};
use scriptorium_model::page::PageRequest;
use scriptorium_model::permission::PermissionSet;
use scriptorium_model::script::ScriptStatus::{Active, Draft, Paused};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::user::{Session, Token};
use scriptorium_model::{Actor, Ctx, Json};
use scriptorium_store::{Finished, Written};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, definition, tenant, user};

pub(crate) async fn trail(world: &World, ctx: &Ctx, filter: &AuditFilter) -> Vec<AuditEntry> {
    let page = PageRequest {
        limit: 200,
        cursor: None,
    };
    world
        .store
        .list_audit(ctx, filter, &page)
        .await
        .unwrap()
        .items
}

/// Entries since the last look, oldest first.
struct Watch<'a> {
    world: &'a World,
    seen: u64,
}

impl Watch<'_> {
    async fn fresh(&mut self) -> Vec<AuditEntry> {
        let all = AuditFilter::default();
        let ctx = &self.world.ctx;
        let found = self
            .world
            .store
            .next_audit(ctx, &all, self.seen, 1_000)
            .await;
        let found = found.unwrap();
        self.seen = found.last().map_or(self.seen, |entry| entry.seq);
        found
    }

    #[track_caller]
    fn check(&mut self, entries: Vec<AuditEntry>, actions: &[&str]) {
        let found: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(found, actions);
    }
}

fn token(world: &World) -> Token {
    Token {
        id: world.ambient.new_id(),
        tenant: world.ctx.tenant,
        name: "deploy".into(),
        secret_hash: [2; 32],
        permissions: PermissionSet::from_names(["scripts.read"]),
        created_by: None,
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

fn session(world: &World) -> Session {
    Session {
        id: world.ambient.new_id(),
        tenant: world.ctx.tenant,
        user: world.ctx.actor.user().unwrap(),
        secret_hash: [3; 32],
        created_at: world.now(),
        last_used_at: world.now(),
        expires_at: world.now() + Duration::from_secs(3_600),
    }
}

/// Each operation with the entries it leaves. That none can be left out is what the types are for:
/// a transaction commits only with an entry, or with the reason why there is none.
#[rstest]
#[tokio::test]
async fn every_change_leaves_its_entry_and_a_refused_one_none(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut watch = Watch {
        world: &world,
        seen: 0,
    };
    macro_rules! leaves {
        ($operation:expr, $($action:literal),*) => {
            $operation.await.unwrap();
            let entries = watch.fresh().await;
            watch.check(entries, &[$($action),*]);
        };
    }
    let begin = watch.fresh().await;
    watch.check(begin, &["tenant.created", "user.created"]);

    let script = world.draft(ctx, definition("bill", Trigger::OneOff));
    let id = script.id;
    leaves!(store.create_script(ctx, &script, "first"), "script.created");
    let mut changed = script.definition.clone();
    changed.source = "export default () => 2;".into();
    leaves!(
        store.update_script(ctx, id, Some(1), changed.clone(), "two"),
        "script.changed"
    );
    leaves!(
        store.set_status(ctx, id, Draft, Active, None),
        "script.activated"
    );
    leaves!(
        store.set_status(ctx, id, Active, Paused, Some("why")),
        "script.paused"
    );
    leaves!(store.delete_script(ctx, id), "script.deleted");
    leaves!(store.restore_script(ctx, id), "script.restored");

    let mut ada = user(&world.ambient, ctx.tenant, "ada@acme.test");
    leaves!(store.create_user(ctx, &ada), "user.created");
    ada.active = false;
    leaves!(store.update_user(ctx, &ada), "user.changed");
    let token = token(&world);
    leaves!(store.create_token(ctx, &token), "token.created");
    leaves!(store.touch_token(ctx, &token),);
    leaves!(store.revoke_token(ctx, token.id), "token.revoked");
    world.advance(Duration::from_secs(1));
    leaves!(store.revoke_token(ctx, token.id),);
    let mut session = session(&world);
    leaves!(store.create_session(ctx, &session), "user.signed_in");
    leaves!(store.touch_session(ctx, &session),);
    leaves!(store.delete_session(ctx, session.id), "user.signed_out");
    session.id = world.ambient.new_id();
    leaves!(store.create_session(ctx, &session), "user.signed_in");
    leaves!(
        store.delete_sessions_of_user(ctx, session.user),
        "session.ended"
    );

    leaves!(store.put_template(ctx, "hello", "Hi"), "template.changed");
    leaves!(store.delete_template(ctx, "hello"), "template.deleted");
    leaves!(store.delete_template(ctx, "hello"),);
    let value = Json::parse("1").unwrap();
    leaves!(
        store.set_entry(ctx, "k", value.clone(), None),
        "storage.changed"
    );
    leaves!(store.delete_entry(ctx, "k"), "storage.deleted");
    leaves!(store.delete_entry(ctx, "k"),);
    leaves!(store.set_entry_of_script(ctx, "k", value, None),);
    leaves!(store.delete_entry_of_script(ctx, "k"),);

    let script = store.find_script(ctx, id).await.unwrap();
    let first = world.execution(&script);
    leaves!(store.insert_pending(ctx, first.clone()),);
    leaves!(
        store.request_cancel(ctx, first.id),
        "execution.cancelled",
        "execution.batch"
    );
    leaves!(store.request_cancel(ctx, first.id),);
    world.finished(ctx, &script).await;
    let entries = watch.fresh().await;
    watch.check(entries, &["execution.batch"]);

    // Refused changes are not committed, and neither are their entries.
    store
        .update_script(ctx, id, Some(1), changed, "stale")
        .await
        .unwrap_err();
    let again = world.draft(ctx, definition("bill", Trigger::OneOff));
    store.create_script(ctx, &again, "").await.unwrap_err();
    let entries = watch.fresh().await;
    watch.check(entries, &[]);
    let found = store.verify_audit(ctx, true).await.unwrap();
    assert!(found.is_intact(), "{found:?}");
    assert_eq!((found.executions, found.executions_gone), (2, 0));
}

#[rstest]
#[tokio::test]
async fn an_entry_says_who_from_where_and_only_what_changed(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let mut ctx = world.ctx.clone();
    let address: IpAddr = "203.0.113.9".parse().unwrap();
    ctx.origin = Some(Origin {
        address: Some(address),
        user_agent: Some("Browser/1".into()),
        request_id: Some("request-1".into()),
    });
    let script = world.script("bill").await;
    let mut changed = script.definition.clone();
    changed.limits.wall = Duration::from_millis(99);
    changed.tags = vec!["new".into()];
    world
        .store
        .update_script(&ctx, script.id, None, changed, "faster")
        .await
        .unwrap();
    let entry = &trail(&world, &ctx, &AuditFilter::default()).await[0];
    assert_eq!(entry.actor.name, "admin@acme.test");
    assert_eq!(entry.actor.user, ctx.actor.user());
    assert_eq!(entry.origin, ctx.origin.unwrap());
    assert_eq!(entry.subject.name, "bill");
    assert_eq!(entry.subject.id, Some(script.id.0));
    assert_eq!(entry.at, world.now());
    let before = entry.before.as_ref().unwrap().to_value();
    let after = entry.after.as_ref().unwrap().to_value();
    assert_eq!(
        before,
        serde_json::json!({"limits": {"wall_ms": 1234}, "tags": ["billing", "отчёт"], "version": 1})
    );
    assert_eq!(
        after,
        serde_json::json!({"limits": {"wall_ms": 99}, "tags": ["new"], "version": 2,
            "change_description": "faster"})
    );
}

#[tokio::test]
async fn the_trail_outlives_what_it_tells_of() {
    let world = World::new().await;
    let script = world.script("doomed").await;
    world
        .store
        .delete_script(&world.ctx, script.id)
        .await
        .unwrap();
    let db = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    db.execute_batch("pragma foreign_keys = on; delete from tenants")
        .unwrap();
    drop(db);
    let entries = trail(&world, &world.ctx, &AuditFilter::default()).await;
    let gone = &entries[0];
    assert_eq!(gone.action.as_str(), "script.deleted");
    assert_eq!(gone.actor.name, "admin@acme.test");
    let before = gone.before.as_ref().unwrap().to_value();
    assert_eq!(before["final_source"], script.definition.source);
    assert_eq!(before["version"], 1);
    let found = world.store.verify_audit(&world.ctx, true).await.unwrap();
    assert!(found.is_intact(), "{found:?}");
}

#[rstest]
#[tokio::test]
async fn no_secret_is_in_the_trail(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut ada = user(&world.ambient, ctx.tenant, "ada@acme.test");
    ada.password_hash = Some("$argon2id$CANARY".into());
    store.create_user(ctx, &ada).await.unwrap();
    ada.password_hash = Some("$argon2id$CANARY2".into());
    store.update_user(ctx, &ada).await.unwrap();
    let mut token = token(&world);
    token.secret_hash = *b"CANARYCANARYCANARYCANARYCANARYCA";
    store.create_token(ctx, &token).await.unwrap();
    let value = Json::parse("\"CANARY\"").unwrap();
    store.set_entry(ctx, "key", value, None).await.unwrap();
    let entries = trail(&world, ctx, &AuditFilter::default()).await;
    assert_eq!(entries.len(), 6);
    assert!(!format!("{entries:?}").contains("CANARY"), "{entries:?}");
    let changed = entries[2].after.as_ref().unwrap().to_value();
    assert_eq!(changed["password"], "changed");
}

/// A run at a limit and a blocked request are entries; a flood of them is counted.
#[rstest]
#[tokio::test]
async fn incidents_are_told_and_a_flood_of_them_is_counted(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("hostile").await;
    let ended = |code: &str, incidents: Vec<Incident>| {
        let mut execution = completed(world.execution(&script), world.now());
        execution.status = ExecutionStatus::Timeout;
        execution.output = None;
        execution.failure = Some(Failure::new(code, "too long"));
        Finished {
            execution,
            lease: None,
            logs: Vec::new(),
            events: Vec::new(),
            notifications: Vec::new(),
            incidents,
        }
    };
    let blocked = Incident {
        target: "http://169.254.169.254".into(),
        reason: "not allowed".into(),
        count: 40_000,
    };
    let one = ended("limit.wall", vec![blocked.clone()]);
    let commit = world.store.record(&world.ctx, one).await.unwrap();
    commit.await.unwrap();
    let entries = trail(&world, &world.ctx, &AuditFilter::default()).await;
    let names: Vec<&str> = entries.iter().map(|e| e.action.as_str()).take(3).collect();
    assert_eq!(
        names,
        ["request.blocked", "limit.exceeded", "execution.batch"]
    );
    let after = entries[0].after.as_ref().unwrap().to_value();
    assert_eq!(
        (&after["target"], &after["count"]),
        (&"http://169.254.169.254".into(), &40_000.into())
    );

    let many = ended("limit.cpu", vec![blocked; 1_000]);
    let commit = world.store.record(&world.ctx, many).await.unwrap();
    commit.await.unwrap();
    let found = world
        .store
        .next_audit(&world.ctx, &AuditFilter::default(), entries[0].seq, 5_000)
        .await
        .unwrap();
    assert_eq!(found.len(), 18);
    let last = found.last().unwrap();
    assert_eq!(last.action.as_str(), "incident.skipped");
    assert_eq!(last.after.as_ref().unwrap().to_value()["count"], 985);
}

#[rstest]
#[tokio::test]
async fn hostile_names_are_data_and_cut(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mut ctx = world.ctx.clone();
    let hostile = format!("a\r\n\u{1b}[31m\u{202e}{}", "x".repeat(2_000));
    ctx.origin = Some(Origin {
        user_agent: Some(hostile.repeat(500)),
        request_id: Some(hostile.clone()),
        ..Origin::default()
    });
    world
        .store
        .put_template(&ctx, &hostile, &hostile.repeat(500))
        .await
        .unwrap();
    let entry = trail(&world, &ctx, &AuditFilter::default()).await.remove(0);
    assert_eq!(entry.subject.name.chars().count(), NAME_CHARS);
    assert!(entry.subject.name.starts_with("a\r\n\u{1b}[31m"));
    let agent = entry.origin.user_agent.unwrap();
    assert_eq!(agent.chars().count(), 300);
    let after = entry.after.unwrap();
    assert!(after.len() < 2_000, "{}", after.len());
    assert!(
        !after
            .as_str()
            .chars()
            .any(|c| c.is_control() || c == '\u{202e}')
    );
    let found = world.store.verify_audit(&ctx, false).await.unwrap();
    assert!(found.is_intact(), "{found:?}");
}

#[rstest]
#[tokio::test]
async fn lists_narrow_and_turn_pages(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world
        .active(ctx, definition("Отчёт", Trigger::OneOff))
        .await;
    world.finished(ctx, &script).await;
    store.put_template(ctx, "hello", "Hi").await.unwrap();
    let count = async |filter: AuditFilter| trail(&world, ctx, &filter).await.len();
    let all = AuditFilter::default();
    assert_eq!(count(all.clone()).await, 6);
    let words = |set: fn(&mut AuditFilter, String), text: &str| {
        let mut filter = AuditFilter::default();
        set(&mut filter, text.to_owned());
        filter
    };
    let me = ctx.actor.user().unwrap().to_string();
    for (expected, filter) in [
        (1, words(|f, t| f.action = Some(t), "script.activated")),
        (2, words(|f, t| f.action = Some(t), "script")),
        (0, words(|f, t| f.action = Some(t), "scrip")),
        (3, words(|f, t| f.actor = Some(t), &me)),
        (3, words(|f, t| f.actor = Some(t), "platform")),
        (3, words(|f, t| f.actor = Some(t), "admin@acme.test")),
        (2, words(|f, t| f.subject = Some(t), &script.id.to_string())),
        (3, words(|f, t| f.subject = Some(t), "Отчёт")),
        (3, words(|f, t| f.q = Some(t), "отчёт")),
        (1, words(|f, t| f.q = Some(t), "HELLO")),
        (0, words(|f, t| f.q = Some(t), "%")),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter:?}");
    }
    let mut people = all.clone();
    people.without_executions = true;
    assert_eq!(count(people).await, 5);
    let mut later = all.clone();
    later.from = Some(world.now() + Duration::from_secs(1));
    assert_eq!(count(later).await, 0);

    let first = PageRequest {
        limit: 4,
        cursor: None,
    };
    let page = store.list_audit(ctx, &all, &first).await.unwrap();
    let next = PageRequest {
        limit: 4,
        cursor: page.next_cursor,
    };
    let rest = store.list_audit(ctx, &all, &next).await.unwrap();
    let numbers = page.items.iter().chain(&rest.items).map(|entry| entry.seq);
    assert_eq!(numbers.collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1]);
    let strange = store.list_audit(&world.other, &all, &next).await;
    assert!(matches!(
        strange,
        Err(scriptorium_store::Error::CursorInvalid)
    ));
}

#[rstest]
#[tokio::test]
async fn entries_are_found_by_their_instants_though_clocks_differ(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let begin = world.now();
    let minute = Duration::from_secs(60);
    // One an hour for two days; every fifth by a server whose clock is half an hour behind.
    for hour in 0..48 {
        world.advance(60 * minute);
        let behind = if hour % 5 == 4 {
            30 * minute
        } else {
            Duration::ZERO
        };
        world.put_back(behind);
        let name = format!("t{hour}");
        world.store.put_template(ctx, &name, "x").await.unwrap();
        world.advance(behind);
    }
    let all = AuditFilter {
        action: Some("template".into()),
        ..AuditFilter::default()
    };
    let entries = trail(&world, ctx, &all).await;
    assert_eq!(entries.len(), 48);
    for (from, to) in [
        (None, None),
        (Some(0), Some(10)),
        (Some(9), Some(12)),
        (Some(20), None),
        (None, Some(20)),
        (Some(30), Some(30)),
        (Some(90), None),
    ] {
        let at = |hours: Option<u32>| hours.map(|hours| begin + 60 * minute * hours + 40 * minute);
        let filter = AuditFilter {
            from: at(from),
            to: at(to),
            ..all.clone()
        };
        let mut expected = entries.clone();
        expected.retain(|entry| {
            at(from).is_none_or(|from| entry.at >= from) && at(to).is_none_or(|to| entry.at < to)
        });
        let found = trail(&world, ctx, &filter).await;
        assert_eq!(found, expected, "{from:?} {to:?}");
        expected.reverse();
        let next = world.store.next_audit(ctx, &filter, 0, 100).await;
        assert_eq!(next.unwrap(), expected, "{from:?} {to:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_new_tenant_is_told_of_where_it_was_made_and_in_itself(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let tenant = Tenant {
        id: world.ambient.new_id(),
        slug: "third".into(),
        name: "Third".into(),
        created_at: world.now(),
    };
    world
        .store
        .create_tenant(&world.ctx, &tenant)
        .await
        .unwrap();
    for ctx in [&world.ctx, &Ctx::platform(tenant.id)] {
        let entry = trail(&world, ctx, &AuditFilter::default()).await.remove(0);
        assert_eq!(entry.action.as_str(), "tenant.created");
        assert_eq!(entry.actor.name, "admin@acme.test");
        assert_eq!(entry.subject.name, "third");
    }
}

/// Ends of several tenants that share a transaction leave an entry in the chain of each.
#[rstest]
#[tokio::test]
async fn chains_of_several_tenants_move_on_together(
    #[values(Sqlite, Postgres)] database: Database,
) {
    const ROUNDS: u64 = 3;
    const ENDS: u64 = 3;
    let world = World::on(database).await;
    let mut tenants = vec![(world.ctx.clone(), world.script("bill").await)];
    for slug in ["fourth", "fifth", "sixth"] {
        let ctx = tenant(&world.store, &world.ambient, slug).await;
        let script = world.add(&ctx, definition("bill", Trigger::OneOff)).await;
        tenants.push((ctx, script));
    }
    let before = world.store.history_stats();
    for _ in 0..ROUNDS {
        let mut commits = Vec::new();
        for _ in 0..ENDS {
            for (ctx, script) in &tenants {
                let execution = completed(world.execution(script), world.now());
                commits.push(world.record(ctx, execution, None).await);
            }
        }
        for commit in commits {
            assert_eq!(commit.await.unwrap(), Written::Stored);
        }
    }
    let after = world.store.history_stats();
    let (commits, records) = (
        after.commits - before.commits,
        after.records - before.records,
    );
    assert!(
        commits < records,
        "{records} records, each in its own transaction"
    );
    for (ctx, _) in &tenants {
        let found = world.store.verify_audit(ctx, true).await.unwrap();
        assert!(found.is_intact(), "{found:?}");
        assert_eq!(found.executions, ROUNDS * ENDS);
    }
}

#[rstest]
#[tokio::test]
async fn a_failed_sign_in_names_no_actor(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let id = world.ctx.actor.user().unwrap();
    let admin = world.store.find_user(&world.ctx, id).await.unwrap();
    let failed = world.store.note_failed_sign_in(&world.ctx, &admin).await;
    failed.unwrap();
    // Whatever is written after it is committed after it.
    let value = Json::parse("1").unwrap();
    world
        .store
        .set_entry(&world.ctx, "k", value, None)
        .await
        .unwrap();
    let entry = trail(&world, &world.ctx, &AuditFilter::default())
        .await
        .remove(1);
    assert_eq!(entry.action.as_str(), "user.sign_in_failed");
    assert_eq!(entry.actor.kind.as_str(), "stranger");
    assert_eq!(entry.subject.name, "admin@acme.test");
}

#[rstest]
#[tokio::test]
async fn a_token_acts_by_its_name_and_for_its_maker(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let mut ctx = world.ctx.clone();
    let token = token(&world);
    world.store.create_token(&ctx, &token).await.unwrap();
    ctx.actor = Actor::Token {
        id: token.id,
        user: ctx.actor.user(),
    };
    world.store.put_template(&ctx, "t", "x").await.unwrap();
    let entry = trail(&world, &ctx, &AuditFilter::default()).await.remove(0);
    assert_eq!(entry.actor.name, "deploy");
    assert_eq!(entry.actor.id, Some(token.id.0));
    assert_eq!(entry.actor.user, ctx.actor.user());
}
