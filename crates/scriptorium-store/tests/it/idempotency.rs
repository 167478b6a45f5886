//! Idempotency keys (REL-18): one effect for each, whoever asks again when.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::event::Event;
use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::idempotency::LIFETIME;
use scriptorium_model::script::Script;
use scriptorium_model::{Ctx, ExecutionId, Json};
use scriptorium_store::{Accept, Begin, ExecutionFilter, Inserted, KnownKey, LeaseId, Store};

use crate::support::Database::{Postgres, Sqlite};
use crate::support::{Database, World, assert_missing, key_of, keyed};

/// What asking under a key came to: the execution, and whether it is this one.
async fn ask(store: &Store, ctx: &Ctx, accept: Accept) -> Option<(bool, ExecutionId)> {
    let id = accept.execution.id;
    match store.accept(ctx, accept).await.unwrap() {
        Inserted::New => Some((true, id)),
        Inserted::Existing(first) => Some((false, first.id)),
        Inserted::KeyReused => None,
        other => panic!("nothing bounds it: {other:?}"),
    }
}

async fn count(world: &World, ctx: &Ctx) -> usize {
    let all = world.executions(ctx, &ExecutionFilter::default()).await;
    all.len()
}

#[rstest]
#[tokio::test]
async fn of_fifty_at_once_one_is_recorded(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = world.script("paid once").await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let accept = keyed(world.execution(&script), "order-1", 1);
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        tries.spawn(async move { ask(&store, &ctx, accept).await.unwrap() });
    }
    let answers = tries.join_all().await;
    assert_eq!(answers.iter().filter(|(new, _)| *new).count(), 1);
    assert!(answers.iter().all(|(_, id)| *id == answers[0].1));
    assert_eq!(count(&world, &world.ctx).await, 1);
}

#[rstest]
#[tokio::test]
async fn a_key_is_one_request_of_one_caller_of_one_tenant(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("subject").await;
    let theirs = world.add(&world.other, script.definition.clone()).await;
    let of = |caller: &str, key: &str, request: u8, script: &Script| {
        let accept = keyed(world.execution(script), key, request);
        Accept {
            key: Some(key_of(caller, key, request)),
            ..accept
        }
    };
    let (ctx, other) = (&world.ctx, &world.other);
    let check = async |ctx: &Ctx, accept: Accept, expected: Option<bool>| {
        let told = format!("{:?}", accept.key);
        let found = ask(&world.store, ctx, accept).await;
        assert_eq!(found.map(|(new, _)| new), expected, "{told}");
    };
    check(ctx, of("a", "k", 1, &script), Some(true)).await;
    check(ctx, of("a", "k", 1, &script), Some(false)).await;
    check(ctx, of("a", "k", 2, &script), None).await;
    check(ctx, of("b", "k", 2, &script), Some(true)).await;
    check(ctx, of("a", "l", 2, &script), Some(true)).await;
    check(other, of("a", "k", 2, &theirs), Some(true)).await;
    check(other, of("a", "k", 1, &theirs), None).await;
    check(ctx, of("a", "k", 1, &script), Some(false)).await;
    assert_eq!(count(&world, ctx).await, 3);
    assert_eq!(count(&world, other).await, 1);
}

#[rstest]
#[tokio::test]
async fn a_key_is_forgotten_after_a_day(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("subject").await;
    let first = keyed(world.execution(&script), "k", 1);
    let known = first.key.clone().unwrap();
    let first = ask(store, ctx, first).await.unwrap();
    let find = async || store.find_key(ctx, &known).await.unwrap();

    world.advance(LIFETIME - Duration::from_micros(1));
    assert_eq!(find().await, Some(KnownKey::Same(first.1.0)));
    assert_eq!(store.maintain(world.now()).await.unwrap().keys, 0);
    let again = ask(store, ctx, keyed(world.execution(&script), "k", 1)).await;
    assert_eq!(again, Some((false, first.1)));

    // Whether maintenance has been there or not.
    world.advance(Duration::from_micros(1));
    assert_eq!(find().await, None);
    let later = ask(store, ctx, keyed(world.execution(&script), "k", 2)).await;
    assert!(later.unwrap().0);
    assert_eq!(store.maintain(world.now()).await.unwrap().keys, 0);
    world.advance(LIFETIME);
    assert_eq!(store.maintain(world.now()).await.unwrap().keys, 1);
}

#[rstest]
#[tokio::test]
async fn what_is_refused_leaves_the_key_to_others(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("subject").await;
    let mut gone = keyed(world.execution(&script), "k", 1);
    gone.execution.version = 9;
    assert_missing(store.accept(ctx, gone).await);
    let good = ask(store, ctx, keyed(world.execution(&script), "k", 2)).await;
    assert!(good.unwrap().0);
}

#[rstest]
#[tokio::test]
async fn what_is_begun_is_nobodys_until_its_lease_ends(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("subject").await;
    let (lease, term): (LeaseId, _) = (world.ambient.new_id(), Duration::from_secs(15));
    let accept = Accept {
        begin: Some(Begin { lease, term }),
        ..keyed(world.execution(&script), "k", 1)
    };
    let id = ask(store, ctx, accept).await.unwrap().1;
    let find = async || store.find_execution(ctx, id).await.unwrap();
    let begun = find().await;
    assert_eq!((begun.status, begun.attempt), (ExecutionStatus::Running, 1));
    let claim = async || {
        let claimed = store.claim_pending(10, term, &[], &|_| u32::MAX).await;
        claimed.unwrap()
    };
    assert_eq!(claim().await, []);
    assert_eq!(store.heartbeat(&[lease], term).await.unwrap().len(), 1);

    // Whoever held it is gone: somebody else runs it, and who asks again hears of that one.
    world.advance(Duration::from_secs(16));
    assert_eq!(
        store.recover_orphans(world.now()).await.unwrap().requeued,
        1
    );
    let taken = claim().await;
    assert_eq!((taken[0].execution.id, taken[0].execution.attempt), (id, 2));
    let again = ask(store, ctx, keyed(world.execution(&script), "k", 1)).await;
    assert_eq!(again, Some((false, id)));
}

#[rstest]
#[tokio::test]
async fn an_event_is_published_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let publish = async |request: u8| {
        let event = Event {
            id: world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.paid".into(),
            payload: Json::null(),
            key: None,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: world.now(),
        };
        let id = event.id;
        let key = key_of("somebody", "k", request);
        (id, store.insert_event_once(ctx, event, key).await.unwrap())
    };
    let (first, known) = publish(1).await;
    assert_eq!(known, None);
    let (second, known) = publish(1).await;
    assert_eq!(known, Some(KnownKey::Same(first.0)));
    assert_missing(store.find_event(ctx, second).await);
    let (third, known) = publish(2).await;
    assert_eq!(known, Some(KnownKey::Other));
    assert_missing(store.find_event(ctx, third).await);
    store.find_event(ctx, first).await.unwrap();
}
