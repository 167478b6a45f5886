//! Libraries: which version uses which, and that what is needed stays.

use rstest::rstest;
use scriptorium_model::Ctx;
use scriptorium_model::library::Pin;
use scriptorium_model::script::ScriptStatus::{Active, Archived, Paused};
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::version::VersionPolicy;
use scriptorium_store::Saving;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict, assert_missing, definition};

fn library(name: &str) -> Definition {
    Definition {
        library: true,
        ..definition(name, Trigger::Embedded)
    }
}

impl World {
    /// A new version of a script that uses these libraries.
    async fn using(&self, ctx: &Ctx, script: &Script, libraries: &[&Script]) -> Script {
        let pins: Vec<Pin> = libraries.iter().map(|library| Pin::of(library)).collect();
        let saving = Saving {
            change_description: "",
            pins: &pins,
        };
        let mut changed = script.definition.clone();
        changed.source.push(';');
        let saved = self
            .store
            .update_script(ctx, script.id, None, changed, saving);
        saved.await.unwrap()
    }
}

#[rstest]
#[tokio::test]
async fn each_version_keeps_what_it_used(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let money = world.active(ctx, library("money")).await;
    let script = world
        .active(ctx, definition("orders", Trigger::OneOff))
        .await;
    let second = world.using(ctx, &script, &[&money]).await;
    let newer = world.using(ctx, &money, &[]).await;
    let third = world.using(ctx, &second, &[&newer]).await;
    let pins = async |version| store.pins(ctx, script.id, version).await.unwrap();
    assert_eq!(pins(1).await, []);
    assert_eq!(pins(2).await, [Pin::of(&money)]);
    assert_eq!(pins(3).await, [Pin::of(&newer)]);
    assert_eq!((newer.version, third.version), (2, 3));

    // Activating fixes them anew, for the version that is activated.
    let paused = store.set_status(ctx, script.id, Active, Paused, None).await;
    paused.unwrap();
    let anew = [Pin::of(&money)];
    let activated = store.activate_script(ctx, script.id, Paused, None, &anew);
    activated.await.unwrap();
    assert_eq!(pins(3).await, [Pin::of(&money)]);
    assert_eq!(pins(2).await, [Pin::of(&money)]);
}

#[rstest]
#[tokio::test]
async fn what_an_active_script_needs_is_not_taken_away(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let base = world.active(ctx, library("base")).await;
    let money = world.active(ctx, library("money")).await;
    let money = world.using(ctx, &money, &[&base]).await;
    let script = world
        .active(ctx, definition("orders", Trigger::OneOff))
        .await;
    world.using(ctx, &script, &[&money]).await;
    // The newest version of the library between them does not need the other any more.
    world.using(ctx, &money, &[]).await;

    for needed in [&money, &base] {
        let users = store.library_users(ctx, needed.id).await.unwrap();
        assert_eq!(users, ["orders"]);
        let archived = store.set_status(ctx, needed.id, Active, Paused, None).await;
        archived.unwrap();
        let archived = store.set_status(ctx, needed.id, Paused, Archived, None);
        assert_conflict(archived.await, ("library_in_use", "library"));
        let deleted = store.delete_script(ctx, needed.id).await;
        assert_conflict(deleted, ("library_in_use", "library"));
    }
    let paused = store.set_status(ctx, script.id, Active, Paused, None).await;
    paused.unwrap();
    for free in [&money, &base] {
        assert_eq!(
            store.library_users(ctx, free.id).await.unwrap(),
            Vec::<String>::new()
        );
        store.delete_script(ctx, free.id).await.unwrap();
    }
    // The script keeps what it used until it is gone for ever.
    assert_eq!(
        store.pins(ctx, script.id, 2).await.unwrap(),
        [Pin::of(&money)]
    );
    store.purge_script(ctx, money.id).await.unwrap();
    assert_eq!(store.pins(ctx, script.id, 2).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn a_library_that_is_gone_meanwhile_is_not_used(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let money = world.active(ctx, library("money")).await;
    let script = world
        .active(ctx, definition("orders", Trigger::OneOff))
        .await;
    store.delete_script(ctx, money.id).await.unwrap();
    let pins = [Pin::of(&money)];
    let saving = Saving {
        change_description: "",
        pins: &pins,
    };
    let mut changed = script.definition.clone();
    changed.source.push(';');
    let saved = store.update_script(ctx, script.id, None, changed, saving);
    assert_conflict(saved.await, ("library_gone", "source"));
    let found = store.find_script(ctx, script.id).await.unwrap();
    assert_eq!(found.version, 1);
}

#[rstest]
#[tokio::test]
async fn versions_that_are_used_are_not_pruned(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut money = world.active(ctx, library("money")).await;
    let script = world
        .active(ctx, definition("orders", Trigger::OneOff))
        .await;
    money = world.using(ctx, &money, &[]).await;
    world.using(ctx, &script, &[&money]).await;
    for _ in 0..3 {
        money = world.using(ctx, &money, &[]).await;
    }
    let policy = VersionPolicy {
        max_count: Some(1),
        max_age_days: None,
    };
    store.put_version_policy(ctx, policy).await.unwrap();
    store.maintain(world.now()).await.unwrap();
    let page = scriptorium_model::page::PageRequest::first();
    let kept = store.list_versions(ctx, money.id, &page).await.unwrap();
    let kept: Vec<u32> = kept.items.iter().map(|version| version.number).collect();
    assert_eq!(kept, [5, 2]);
}

#[rstest]
#[tokio::test]
async fn libraries_of_another_tenant_do_not_exist(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let money = world.active(ctx, library("money")).await;
    let script = world
        .active(ctx, definition("orders", Trigger::OneOff))
        .await;
    world.using(ctx, &script, &[&money]).await;
    assert_eq!(store.pins(other, script.id, 2).await.unwrap(), []);
    let users = store.library_users(other, money.id).await.unwrap();
    assert_eq!(users, Vec::<String>::new());
    assert_missing(
        store
            .activate_script(other, script.id, Paused, None, &[])
            .await,
    );

    // Nor can it be used from there.
    let theirs = world
        .active(other, definition("theirs", Trigger::OneOff))
        .await;
    let pins = [Pin::of(&money)];
    let saving = Saving {
        change_description: "",
        pins: &pins,
    };
    let mut changed = theirs.definition.clone();
    changed.source.push(';');
    let saved = store.update_script(other, theirs.id, None, changed, saving);
    assert_conflict(saved.await, ("library_gone", "source"));
}
