//! The group-committing writer: nothing lost, nothing stored that a lost lease forbids.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Json;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{ExecutionStatus, LogLevel, LogLine};
use scriptorium_model::page::PageRequest;
use scriptorium_store::events::EventFilter;
use scriptorium_store::{Finished, Written};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, completed};

const LEASE: Duration = Duration::from_secs(60);

#[rstest]
#[tokio::test]
async fn what_waits_together_is_committed_together(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("busy").await;
    let before = store.history_stats();
    let mut commits = Vec::new();
    for _ in 0..1_000 {
        let execution = completed(world.execution(&script), world.now());
        commits.push((execution.id, world.record(ctx, execution, None).await));
    }
    for (id, commit) in commits {
        assert_eq!(commit.await.unwrap(), Written::Stored);
        store.find_execution(ctx, id).await.unwrap();
    }
    let after = store.history_stats();
    assert_eq!(after.records - before.records, 1_000);
    assert!(after.commits - before.commits < 100, "{after:?}");
    assert_eq!(after.waiting, 0);
}

#[rstest]
#[tokio::test]
async fn the_end_of_a_claimed_execution_is_stored_once_under_its_lease(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("claimed").await;
    world.pending(ctx, &script).await;
    let [claimed] = store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let done = completed(claimed.execution.clone(), world.now());
    let end = finished(&world, done.clone(), Some(claimed.lease));
    let commit = store.record(ctx, end.clone()).await.unwrap();
    assert_eq!(commit.await.unwrap(), Written::Stored);
    let stored = store.find_execution(ctx, done.id).await.unwrap();
    assert_eq!(stored, done);
    let again = store.record(ctx, end).await.unwrap();
    assert_eq!(again.await.unwrap(), Written::Discarded);
    assert_eq!(store.heartbeat(&[claimed.lease], LEASE).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn a_late_end_is_discarded_with_its_logs_and_events(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("late").await;
    world.pending(ctx, &script).await;
    let [first] = store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let id = first.execution.id;
    let late = finished(
        &world,
        completed(first.execution, world.now()),
        Some(first.lease),
    );

    // The lease has ended, though nobody took the execution back yet.
    world.advance(LEASE);
    let commit = store.record(ctx, late.clone()).await.unwrap();
    assert_eq!(commit.await.unwrap(), Written::Discarded);

    // Somebody else runs it now.
    store.recover_orphans(world.now()).await.unwrap();
    let [second] = store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let commit = store.record(ctx, late).await.unwrap();
    assert_eq!(commit.await.unwrap(), Written::Discarded);
    let running = store.find_execution(ctx, id).await.unwrap();
    assert_eq!(running.status, ExecutionStatus::Running);
    assert_eq!(store.list_logs(ctx, id, 0, 10).await.unwrap(), []);
    let page = PageRequest::first();
    let published = EventFilter {
        kind: Some("order.checked".into()),
    };
    let events = store.list_events(ctx, &published, &page).await;
    assert_eq!(events.unwrap().items, []);
    assert_eq!(store.history_stats().discarded, 2);

    let end = completed(second.execution, world.now());
    let end = finished(&world, end, Some(second.lease));
    let commit = store.record(ctx, end).await.unwrap();
    assert_eq!(commit.await.unwrap(), Written::Stored);
    let stored = store.find_execution(ctx, id).await.unwrap();
    assert_eq!(
        (stored.status, stored.attempt),
        (ExecutionStatus::Completed, 2)
    );
    assert_eq!(store.list_logs(ctx, id, 0, 10).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_record_without_a_lease_cannot_overwrite_a_running_execution(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("guarded").await;
    world.pending(ctx, &script).await;
    let [claimed] = store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let forged = completed(claimed.execution, world.now());
    let commit = world.record(ctx, forged, None).await;
    assert_eq!(commit.await.unwrap(), Written::Discarded);
}

#[rstest]
#[tokio::test]
async fn a_bad_record_fails_alone(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("mixed").await;
    let mut commits = Vec::new();
    for index in 0..60 {
        let mut execution = completed(world.execution(&script), world.now());
        if index % 20 == 7 {
            execution.script = world.ambient.new_id();
        }
        commits.push(world.record(ctx, execution, None).await);
    }
    for (index, commit) in commits.into_iter().enumerate() {
        let written = commit.await;
        if index % 20 == 7 {
            assert_missing(written);
        } else {
            assert_eq!(written.unwrap(), Written::Stored);
        }
    }
}

#[rstest]
#[tokio::test]
async fn large_results_wait_for_room_and_are_all_stored(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("large").await;
    let large = Json::from_written(format!("\"{}\"", "x".repeat(10 << 20)));
    let mut ends = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let mut execution = completed(world.execution(&script), world.now());
        execution.output = Some(large.clone());
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        let end = finished(&world, execution, None);
        ends.spawn(async move { store.record(&ctx, end).await?.await });
    }
    for written in ends.join_all().await {
        assert_eq!(written.unwrap(), Written::Stored);
    }
}

#[rstest]
#[tokio::test]
async fn closing_commits_what_was_handed_over_and_refuses_the_rest(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("last words").await;
    let mut ids = Vec::new();
    for _ in 0..300 {
        let execution = completed(world.execution(&script), world.now());
        ids.push(execution.id);
        // Nobody waits for the commit.
        drop(world.record(&world.ctx, execution, None).await);
    }
    let closed = world.store.clone();
    let late = world.execution(&script);
    let world = world.reopen().await;
    for id in ids {
        world.store.find_execution(&world.ctx, id).await.unwrap();
    }
    closed.insert_pending(&world.ctx, late).await.unwrap_err();
}

fn finished(
    world: &World,
    execution: scriptorium_model::execution::Execution,
    lease: Option<scriptorium_store::LeaseId>,
) -> Finished {
    let logs = vec![LogLine {
        seq: 1,
        level: LogLevel::Info,
        message: "said".into(),
        data: None,
        at: world.now(),
    }];
    let events = vec![Event {
        id: world.ambient.new_id(),
        tenant: execution.tenant,
        kind: "order.checked".into(),
        payload: Json::null(),
        script: Some(execution.script),
        execution: Some(execution.id),
        lineage: Vec::new(),
        key: None,
        created_at: world.now(),
    }];
    Finished {
        execution,
        lease,
        logs,
        events,
        notifications: Vec::new(),
        incidents: Vec::new(),
    }
}
