//! Pruning beside those who need a version: what waits to run keeps its version, whoever comes first.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::script::Script;
use scriptorium_model::version::VersionPolicy;
use scriptorium_store::system::schedules::{Decided, DueSchedule};
use scriptorium_store::{Error, Inserted};
use tokio::task::JoinSet;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, cron, definition, keyed, run};

/// A tenant that keeps the newest version only, with a script that has two.
async fn two_versions(database: Database) -> (World, Script) {
    let world = World::on(database).await;
    let script = world.script("pruned").await;
    save(&world, &script, "return 2").await;
    let policy = VersionPolicy {
        max_count: Some(1),
        max_age_days: None,
    };
    let store = &world.store;
    store.put_version_policy(&world.ctx, policy).await.unwrap();
    (world, script)
}

async fn save(world: &World, script: &Script, source: &str) {
    let mut definition = script.definition.clone();
    definition.source = source.into();
    let saved = world
        .store
        .update_script(&world.ctx, script.id, None, definition, "");
    saved.await.unwrap();
}

async fn numbers(world: &World, script: &Script) -> Vec<u32> {
    let numbers = world.store.version_numbers(&world.ctx, script.id);
    numbers.await.unwrap()
}

#[rstest]
#[tokio::test]
async fn an_execution_of_a_version_that_is_gone_is_not_accepted(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, script) = two_versions(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let bystander = world.script("bystander").await;
    assert_eq!(store.prune_versions(world.now()).await.unwrap(), 1);
    assert_eq!(numbers(&world, &script).await, [2]);
    let late = keyed(world.execution(&script), "k", 1);
    let good = world.execution(&bystander);
    // They come together, and only one of them is refused.
    let (late, good) = tokio::join!(store.accept(ctx, late), store.insert_pending(ctx, good));
    assert_missing(late);
    assert_eq!(good.unwrap(), Inserted::New);
    // Nor does it keep its key.
    let mut current = world.execution(&script);
    current.version = 2;
    let accepted = store.accept(ctx, keyed(current, "k", 2)).await;
    assert_eq!(accepted.unwrap(), Inserted::New);
}

#[rstest]
#[tokio::test]
async fn a_slot_whose_version_went_meanwhile_is_left_to_the_next_look(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, _) = two_versions(database).await;
    let store = &world.store;
    let nightly = definition("nightly", cron("0 9 * * *"));
    let nightly = world.active(&world.ctx, nightly).await;
    world.advance(Duration::from_secs(86_400));
    let due = async || store.due_schedules(world.now(), 1).await.unwrap().remove(0);
    let fire = async |due: &DueSchedule| {
        let mut execution = world.execution(&nightly);
        execution.version = due.version;
        let next = due.schedule.next_after(world.now()).unwrap();
        let slot = Decided::on_time(due.due_at, next);
        store.fire_slot(due, &slot, &execution).await.unwrap()
    };
    let stale = due().await;
    save(&world, &nightly, "return 2").await;
    assert_eq!(store.prune_versions(world.now()).await.unwrap(), 2);
    assert!(!fire(&stale).await);
    let fresh = due().await;
    assert_eq!((fresh.version, fresh.due_at), (2, stale.due_at));
    assert!(fire(&fresh).await);
}

/// Between its statement and its commit, an accepted execution is seen by nobody; pruning waits.
#[tokio::test]
async fn pruning_waits_for_who_is_about_to_be_accepted() {
    let (world, script) = two_versions(Postgres).await;
    let before = world.finished(&world.ctx, &script).await;
    let mut accept = world.session().await;
    let insert = format!(
        "begin; insert into scriptorium.executions select (jsonb_populate_record(e, \
         jsonb_build_object('id', gen_random_uuid(), 'status', 'pending'))).* \
         from scriptorium.executions e where id = '{}'",
        before.id
    );
    run(&mut accept, insert).await;
    let (store, now) = (world.store.clone(), world.now());
    let mut pruning = JoinSet::new();
    pruning.spawn(async move { store.prune_versions(now).await });
    world.waiting(1).await;
    run(&mut accept, "commit".into()).await;
    assert_eq!(pruning.join_next().await.unwrap().unwrap().unwrap(), 0);
    assert_eq!(numbers(&world, &script).await, [2, 1]);
}

/// Whoever wants a version that is being pruned waits, and is told that it is gone.
#[tokio::test]
async fn who_comes_while_a_version_is_pruned_finds_it_gone() {
    let (world, script) = two_versions(Postgres).await;
    let mut holder = world.hold(&world.ctx).await;
    let (store, now) = (world.store.clone(), world.now());
    let mut pruning = JoinSet::new();
    pruning.spawn(async move { store.prune_versions(now).await });
    world.waiting(1).await;

    let mut late = JoinSet::new();
    let (store, ctx) = (world.store.clone(), world.ctx.clone());
    let execution = world.execution(&script);
    late.spawn(async move { store.insert_pending(&ctx, execution).await.map(drop) });
    let (store, ctx) = (world.store.clone(), world.ctx.clone());
    late.spawn(async move { store.set_milestone(&ctx, script.id, 1, "kept").await });
    world.waiting(3).await;
    run(&mut holder, "commit".into()).await;
    assert_eq!(pruning.join_next().await.unwrap().unwrap().unwrap(), 1);
    while let Some(refused) = late.join_next().await {
        assert_missing(refused.unwrap());
    }
}

#[tokio::test]
async fn a_milestone_that_is_about_to_be_made_is_kept() {
    let (world, script) = two_versions(Postgres).await;
    let mut holder = world.hold(&world.ctx).await;
    let (store, ctx, id) = (world.store.clone(), world.ctx.clone(), script.id);
    let mut marking = JoinSet::new();
    marking.spawn(async move { store.set_milestone(&ctx, id, 1, "kept").await });
    world.waiting(1).await;
    let (store, now) = (world.store.clone(), world.now());
    let mut pruning = JoinSet::new();
    pruning.spawn(async move { store.prune_versions(now).await });
    world.waiting(2).await;
    run(&mut holder, "commit".into()).await;
    marking.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(pruning.join_next().await.unwrap().unwrap().unwrap(), 0);
    assert_eq!(numbers(&world, &script).await, [2, 1]);
}

/// Everybody at once: whatever was accepted still has its version.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_to_run_has_its_version_whatever_is_pruned_meanwhile(
    #[values(Sqlite, Postgres)] database: Database,
) {
    const ROUNDS: u32 = 60;
    let (world, script) = two_versions(database).await;
    let (store, ctx, now) = (&world.store, &world.ctx, world.now());
    let saves = async {
        for number in 3..3 + ROUNDS {
            save(&world, &script, &format!("return {number}")).await;
        }
    };
    let prunes = async {
        let mut deleted = 0;
        for _ in 0..ROUNDS {
            deleted += store.prune_versions(now).await.unwrap();
        }
        deleted
    };
    let accepts = async {
        let mut accepted = Vec::new();
        for _ in 0..ROUNDS {
            let current = store.find_script(ctx, script.id).await.unwrap();
            // As a caller does who looks first, and is overtaken.
            tokio::task::yield_now().await;
            let execution = world.execution(&current);
            match store.insert_pending(ctx, execution.clone()).await {
                Ok(_) => accepted.push(execution),
                Err(Error::NotFound) => {}
                Err(error) => panic!("{error}"),
            }
        }
        accepted
    };
    let ((), deleted, accepted) = tokio::join!(saves, prunes, accepts);
    assert!(deleted > 0 && !accepted.is_empty());
    for execution in accepted {
        let version = store.find_version(ctx, script.id, execution.version);
        version.await.unwrap();
    }
}
