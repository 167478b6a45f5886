//! Recording, finding and cancelling executions.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Json;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::execution::{ExecutionStatus, Failure, LogLevel, LogLine};
use scriptorium_model::page::PageRequest;
use scriptorium_store::{Change, ExecutionFilter, Finished, Inserted, Written};
use serde_json::json;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, completed};

#[rstest]
#[tokio::test]
async fn large_payloads_are_stored_compressed_and_read_back_as_given(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("large").await;
    let large =
        |word: &str| Json::from_written(format!("[{}1]", format!("\"{word}\",").repeat(60_000)));
    let mut pending = world.execution(&script);
    pending.trigger_data = Some(large("trigger"));
    pending.input = large("given");
    store.insert_pending(ctx, pending.clone()).await.unwrap();
    let stored = store.find_execution(ctx, pending.id).await.unwrap();
    assert_eq!(stored, pending);
    let lease = Duration::from_secs(60);
    let claimed = store
        .claim_execution(ctx, pending.id, lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claimed.execution.input, pending.input);
    let mut ended = completed(claimed.execution, world.now());
    ended.output = Some(large("returned"));
    let commit = world.record(ctx, ended.clone(), Some(claimed.lease)).await;
    commit.await.unwrap();
    assert_eq!(store.find_execution(ctx, ended.id).await.unwrap(), ended);
    world.index().await;
    for q in ["trigger", "given", "returned"] {
        let filter = ExecutionFilter {
            q: Some(q.into()),
            ..ExecutionFilter::default()
        };
        let found = world.executions(ctx, &filter).await.len();
        assert_eq!(found, usize::from(q != "trigger"), "{q}");
    }
    if database == Postgres {
        return;
    }
    let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    let bytes: i64 = file
        .query_row(
            "select length(input) + coalesce(length(output), 0) + length(input_packed) \
             + length(output_packed) + length(trigger_data_packed) from executions",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(bytes < 10_000, "{bytes}");
}

#[rstest]
#[tokio::test]
async fn an_execution_reads_back_as_written_pending_and_finished(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("subject").await;
    let mut pending = world.execution(&script);
    pending.idempotency_key = Some("key".into());
    pending.replay_of = Some(world.ambient.new_id());
    pending.triggered_by = ctx.actor.user();
    pending.test = true;
    let inserted = store.insert_pending(ctx, pending.clone()).await.unwrap();
    assert_eq!(inserted, Inserted::New);
    assert_eq!(
        store.find_execution(ctx, pending.id).await.unwrap(),
        pending
    );

    let mut failed = completed(world.execution(&script), world.now());
    failed.status = ExecutionStatus::Failed;
    failed.failure = Some(Failure {
        line: Some(3),
        column: Some(9),
        stack: Some("at main:3".into()),
        details: Some(Json::parse(r#"{"limit":1}"#).unwrap()),
        ..Failure::new("script.threw", "нет денег")
    });
    let commit = world.record(ctx, failed.clone(), None).await;
    assert_eq!(commit.await.unwrap(), Written::Stored);
    assert_eq!(store.find_execution(ctx, failed.id).await.unwrap(), failed);
}

#[rstest]
#[tokio::test]
async fn an_execution_of_an_unknown_script_is_refused_alone(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("known").await;
    let mut unknown = world.execution(&script);
    unknown.script = world.ambient.new_id();
    let good = world.execution(&script);
    // Handed over together, they share a batch.
    let (refused, inserted) = tokio::join!(
        store.insert_pending(ctx, unknown.clone()),
        store.insert_pending(ctx, good.clone()),
    );
    assert_missing(refused);
    assert_eq!(inserted.unwrap(), Inserted::New);
    assert_missing(store.find_execution(ctx, unknown.id).await);
    store.find_execution(ctx, good.id).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn cancelling_ends_what_is_pending_flags_what_runs_and_leaves_what_ended(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let lease = Duration::from_secs(60);
    let script = world.script("stoppable").await;

    let pending = world.pending(ctx, &script).await;
    let cancelled = store.request_cancel(ctx, pending.id).await.unwrap();
    assert_eq!(cancelled.status, ExecutionStatus::Cancelled);
    assert_eq!(cancelled.failure.unwrap().code, "cancelled");
    assert_eq!(cancelled.completed_at, Some(world.now()));
    assert_eq!(
        store
            .claim_pending(10, lease, &[], &|_| u32::MAX)
            .await
            .unwrap(),
        []
    );

    world.pending(ctx, &script).await;
    let [claimed] = store
        .claim_pending(10, lease, &[], &|_| u32::MAX)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let mut cancels = store.changes(Change::Cancel);
    cancels.mark_unchanged();
    let asked = store
        .request_cancel(ctx, claimed.execution.id)
        .await
        .unwrap();
    assert_eq!(asked.status, ExecutionStatus::Running);
    assert!(cancels.has_changed().unwrap());
    let [held] = store
        .heartbeat(&[claimed.lease], lease)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    assert!(held.cancel_requested);

    let finished = world.finished(ctx, &script).await;
    let left = store.request_cancel(ctx, finished.id).await.unwrap();
    assert_eq!(left, finished);
    assert_missing(store.request_cancel(ctx, world.ambient.new_id()).await);
}

#[rstest]
#[tokio::test]
async fn deleting_a_script_flags_what_runs_of_it_and_names_its_versions(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let lease = Duration::from_secs(60);
    let (doomed, other) = (world.script("doomed").await, world.script("other").await);
    let mut definition = doomed.definition.clone();
    definition.source = "return 2".into();
    let saved = store.update_script(ctx, doomed.id, None, definition, "");
    saved.await.unwrap();
    world.pending(ctx, &doomed).await;
    world.pending(ctx, &other).await;
    let claimed = store
        .claim_pending(10, lease, &[], &|_| u32::MAX)
        .await
        .unwrap();
    let leases: Vec<_> = claimed.iter().map(|one| one.lease).collect();
    let mut cancels = store.changes(Change::Cancel);
    cancels.mark_unchanged();
    store.delete_script(ctx, doomed.id).await.unwrap();
    assert!(cancels.has_changed().unwrap());
    for held in store.heartbeat(&leases, lease).await.unwrap() {
        let execution = store.find_execution(ctx, held.execution).await.unwrap();
        assert_eq!(held.cancel_requested, execution.script == doomed.id);
    }
    let entries = store
        .list_audit(ctx, &AuditFilter::default(), &PageRequest::first())
        .await
        .unwrap();
    let before = entries.items[0].before.as_ref().unwrap().to_value();
    assert_eq!(before["versions"], json!([2, 1]));
    // Nothing of it runs: nobody is told to look. With other nodes a hint may come for nothing.
    cancels.mark_unchanged();
    let idle = world.script("idle").await;
    store.delete_script(ctx, idle.id).await.unwrap();
    assert!(database == Postgres || !cancels.has_changed().unwrap());
}

#[rstest]
#[tokio::test]
async fn log_lines_come_in_order_after_the_asked_one(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("talker").await;
    let execution = completed(world.execution(&script), world.now());
    let logs: Vec<LogLine> = (1..=150)
        .map(|seq| LogLine {
            seq,
            level: LogLevel::ALL[seq as usize % 4],
            message: format!("строка {seq}"),
            data: (seq % 2 == 0).then(|| Json::parse("[1]").unwrap()),
            at: world.now(),
        })
        .collect();
    let finished = Finished {
        execution: execution.clone(),
        lease: None,
        logs: logs.clone(),
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    store.record(ctx, finished).await.unwrap().await.unwrap();
    for (after, limit, expected) in [(0, 1_000, &logs[..]), (10, 3, &logs[10..13]), (150, 9, &[])] {
        let found = store.list_logs(ctx, execution.id, after, limit).await;
        assert_eq!(found.unwrap(), expected);
    }
    let silent = world.finished(ctx, &script).await;
    assert_eq!(store.list_logs(ctx, silent.id, 0, 10).await.unwrap(), []);
    assert_missing(store.list_logs(ctx, world.ambient.new_id(), 0, 10).await);
}
