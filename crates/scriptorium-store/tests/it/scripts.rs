//! Scripts, their versions, and what routes to them.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::compatibility;
use scriptorium_model::endpoint::Method::{self, Delete, Get, Post};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{Definition, Script, ScriptStatus};
use scriptorium_model::trigger::Trigger;
use scriptorium_store::{Change, ScriptFilter, Store};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict, assert_missing, cron, definition, http, logins, on};

#[rstest]
#[tokio::test]
async fn every_type_of_script_reads_back_as_written_with_version_1(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let triggers = [
        cron("0 9 * * *"),
        http("/reports/{year}", &[Get, Post]),
        on(&["order.created", "order.paid"]),
        Trigger::OneOff,
        Trigger::Embedded,
    ];
    for (index, trigger) in triggers.into_iter().enumerate() {
        let name = format!("script {index}");
        let script = world.add(ctx, definition(&name, trigger)).await;
        assert_eq!(store.find_script(ctx, script.id).await.unwrap(), script);
        let named = store.find_script_by_name(ctx, &name).await.unwrap();
        assert_eq!(named.as_ref(), Some(&script));
        let version = store.find_version(ctx, script.id, 1).await.unwrap();
        assert_eq!(version.definition, script.definition);
        assert_eq!(version.created_by, ctx.actor.user());
        assert_eq!(version.change_description, "first");
    }
}

/// What takes migration 0044 back, on both databases.
const BEFORE_DATES: &str = "alter table script_versions drop column compatibility; \
    delete from _sqlx_migrations where version = 44;";

#[rstest]
#[tokio::test]
async fn versions_from_before_there_were_dates_have_the_first_one(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("old").await;
    assert_ne!(script.compatibility_date(), compatibility::FIRST);
    world.store.close().await;
    match &world.server {
        None => {
            let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
            file.execute_batch(BEFORE_DATES).unwrap();
        }
        Some(server) => {
            server.psql(&format!("set search_path = scriptorium; {BEFORE_DATES}"));
            let owner = server.url("scriptorium_migrator");
            let options = logins(server).with_migrator(&owner).unwrap();
            Store::migrate(&options).await.unwrap();
        }
    }
    let world = world.reopen().await;
    let found = world
        .store
        .find_script(&world.ctx, script.id)
        .await
        .unwrap();
    assert_eq!(found.compatibility, Some(compatibility::FIRST));
    let version = world.store.find_version(&world.ctx, script.id, 1).await;
    assert_eq!(version.unwrap().definition, found.definition);
    let said = Definition {
        compatibility: script.compatibility,
        ..found.definition
    };
    assert_eq!(said, script.definition, "nothing else has changed");
}

#[rstest]
#[tokio::test]
async fn a_name_is_unique_in_a_tenant_until_its_script_is_in_the_trash(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let taken = ("not_unique", "name");
    let first = world.script("monthly report").await;
    let second = world.draft(ctx, definition("monthly report", Trigger::OneOff));
    assert_conflict(store.create_script(ctx, &second, "").await, taken);
    let elsewhere = definition("monthly report", Trigger::OneOff);
    world.add(&world.other, elsewhere).await;

    let third = world.script("another").await;
    let renamed = definition("monthly report", Trigger::OneOff);
    let update = store.update_script(ctx, third.id, None, renamed, "");
    assert_conflict(update.await, taken);

    store.delete_script(ctx, first.id).await.unwrap();
    assert_missing(store.find_script(ctx, first.id).await);
    store.create_script(ctx, &second, "").await.unwrap();
    assert_conflict(store.restore_script(ctx, first.id).await, taken);
}

#[rstest]
#[tokio::test]
async fn endpoints_collide_where_path_and_a_method_agree(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let cases: [(&str, &[Method], bool); 6] = [
        ("/orders/{id}", &[Get], true),
        ("/orders/{number}", &[Get, Delete], true),
        ("/orders/{number}", &[Delete], false),
        ("/orders", &[Get], false),
        ("/orders/{*rest}", &[Get], false),
        ("/orders/{id}/lines", &[Get], false),
    ];
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let first = definition("first", http("/orders/{id}", &[Get, Post]));
    world.add(ctx, first.clone()).await;
    world.add(&world.other, first).await;
    for (index, (path, methods, collides)) in cases.into_iter().enumerate() {
        let name = format!("case {index}");
        let script = world.draft(ctx, definition(&name, http(path, methods)));
        let created = store.create_script(ctx, &script, "").await;
        if collides {
            assert_conflict(created, ("not_unique", "http.path"));
            // Nothing of the refused script is left behind.
            assert_missing(store.find_script(ctx, script.id).await);
            assert_missing(store.find_version(ctx, script.id, 1).await);
        } else {
            created.unwrap();
        }
    }
}

#[rstest]
#[tokio::test]
async fn only_active_endpoints_are_routed_and_the_routes_version_moves_with_them(
    #[values(Sqlite, Postgres)] database: Database,
) {
    use ScriptStatus::{Active, Draft, Paused};
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let paths = async || -> Vec<String> {
        let routes = store.list_active_endpoints(ctx.tenant).await.unwrap();
        let routes = routes.into_iter();
        routes
            .map(|route| format!("{} {}", route.method.as_str(), route.path))
            .collect()
    };
    let mut last = store.routes_version();
    let mut moved = || {
        let before = std::mem::replace(&mut last, store.routes_version());
        last > before
    };
    let script = world.add(ctx, definition("one", http("/a", &[Get]))).await;
    assert_eq!(paths().await, [""; 0]);
    assert!(moved());

    set(&world, &script, Draft, Active).await;
    assert_eq!(paths().await, ["GET /a"]);
    assert!(moved());

    let change = definition("one", http("/b", &[Get, Post]));
    let update = store.update_script(ctx, script.id, Some(1), change, "");
    update.await.unwrap();
    assert_eq!(paths().await, ["GET /b", "POST /b"]);
    assert!(moved());

    set(&world, &script, Active, Paused).await;
    assert_eq!(paths().await, [""; 0]);
    assert!(moved());
    assert!(!moved());
}

#[rstest]
#[tokio::test]
async fn of_two_changes_on_the_same_base_exactly_one_wins(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("contested").await;
    let change = |source: &str| {
        let mut definition = script.definition.clone();
        definition.source = source.into();
        let (store, ctx, id) = (world.store.clone(), world.ctx.clone(), script.id);
        async move { store.update_script(&ctx, id, Some(1), definition, "").await }
    };
    let (one, two) = tokio::join!(change("1"), change("2"));
    let (winner, loser) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_conflict(loser, ("stale_version", "base_version"));
    let winner = winner.unwrap();
    assert_eq!(winner.version, 2);
    let found = world.store.find_script(&world.ctx, script.id).await;
    assert_eq!(found.unwrap(), winner);
}

#[rstest]
#[tokio::test]
async fn concurrent_changes_without_a_base_get_numbers_without_gap_or_repetition(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("busy").await;
    let mut changes = tokio::task::JoinSet::new();
    for change in 0..20 {
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        let mut definition = script.definition.clone();
        definition.source = format!("return {change}");
        changes.spawn(async move {
            let change = store.update_script(&ctx, script.id, None, definition, "");
            change.await.unwrap().version
        });
    }
    let mut numbers = changes.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=21).collect::<Vec<u32>>());
    let page = PageRequest::first();
    let versions = world.store.list_versions(&world.ctx, script.id, &page);
    assert_eq!(versions.await.unwrap().items.len(), 21);
}

#[rstest]
#[tokio::test]
async fn a_change_that_changes_nothing_makes_no_version(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("same").await;
    world.advance(Duration::from_secs(1));
    let same = script.definition.clone();
    let update = store.update_script(ctx, script.id, Some(1), same.clone(), "nothing");
    assert_eq!(update.await.unwrap(), script);
    assert_missing(store.find_version(ctx, script.id, 2).await);
    // A stale one is a conflict even then: its author has not seen what they agree to.
    let stale = store.update_script(ctx, script.id, Some(7), same, "");
    assert_conflict(stale.await, ("stale_version", "base_version"));
}

#[rstest]
#[tokio::test]
async fn a_list_names_scripts_without_reading_their_sources(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("listed").await;
    let all = ScriptFilter::default();
    let listed = world.scripts(&world.ctx, &all).await.remove(0).script;
    assert_eq!(listed.source, "");
    let mut whole = listed.definition.clone();
    whole.source = script.source.clone();
    assert_eq!(whole, script.definition);
}

#[rstest]
#[tokio::test]
async fn a_status_moves_only_from_where_the_caller_saw_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    use ScriptStatus::{Active, Disabled, Draft, Paused};
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("mover").await;
    let active = set(&world, &script, Draft, Active).await;
    assert_eq!(active.activated_by, ctx.actor.user());
    let stale = store.set_status(ctx, script.id, Draft, Active, None).await;
    assert_conflict(stale, ("status_changed", "status"));
    let back = store.set_status(ctx, script.id, Active, Draft, None).await;
    assert_conflict(back, ("forbidden_move", "status"));
    let pause = store.set_status(ctx, script.id, Active, Paused, Some("owner gone"));
    let paused = pause.await.unwrap();
    assert_eq!(paused.paused_reason.as_deref(), Some("owner gone"));
    let disabled = set(&world, &script, Paused, Disabled).await;
    assert_eq!(disabled.paused_reason, None);
    assert_eq!(store.find_script(ctx, script.id).await.unwrap(), disabled);
}

#[rstest]
#[tokio::test]
async fn the_trash_frees_the_path_and_gives_an_active_script_back_paused(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let hook = definition("hook", http("/hook", &[Post]));
    let script = world.active(ctx, hook).await;
    store.delete_script(ctx, script.id).await.unwrap();
    assert_missing(store.delete_script(ctx, script.id).await);
    let routes = store.list_active_endpoints(ctx.tenant).await.unwrap();
    assert_eq!(routes, []);

    let filter = ScriptFilter {
        trash: true,
        ..ScriptFilter::default()
    };
    assert_eq!(world.scripts(ctx, &filter).await.len(), 1);

    let restored = store.restore_script(ctx, script.id).await.unwrap();
    assert_eq!(restored.status, ScriptStatus::Paused);
    assert_eq!(restored.definition, script.definition);
    assert_missing(store.restore_script(ctx, script.id).await);
    let taker = world.draft(ctx, definition("taker", http("/hook", &[Post])));
    let taken = store.create_script(ctx, &taker, "").await;
    assert_conflict(taken, ("not_unique", "http.path"));
}

#[rstest]
#[tokio::test]
async fn changes_wake_those_who_watch(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mut schedules = world.store.changes(Change::Schedules);
    let mut pending = world.store.changes(Change::Pending);
    schedules.mark_unchanged();
    pending.mark_unchanged();
    let script = world.script("watched").await;
    assert!(schedules.has_changed().unwrap());
    // With other nodes a hint may come for nothing: the first is that nobody listened until now.
    assert!(database == Postgres || !pending.has_changed().unwrap());
    pending.mark_unchanged();
    world.pending(&world.ctx, &script).await;
    assert!(pending.has_changed().unwrap());
}

#[tokio::test]
async fn a_version_cannot_be_changed_even_by_sql() {
    let update = "update script_versions set source = ''";
    let world = World::on(Sqlite).await;
    world.script("fixed").await;
    let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    let error = file.execute(update, []).unwrap_err().to_string();
    assert!(error.contains("immutable"), "{error}");

    let world = World::on(Postgres).await;
    world.script("fixed").await;
    let server = world.server.as_ref().unwrap();
    let error = server.refusal(&update.replace("script_versions", "scriptorium.script_versions"));
    assert!(error.contains("immutable"), "{error}");
}

async fn set(world: &World, script: &Script, from: ScriptStatus, to: ScriptStatus) -> Script {
    let (store, ctx) = (&world.store, &world.ctx);
    let set = store.set_status(ctx, script.id, from, to, None).await;
    set.unwrap()
}
