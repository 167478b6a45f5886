//! Operations on many executions as rows: what they are about, how far they have come, how they end.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::ExecutionId;
use scriptorium_model::execution::{ExecutionStatus, TriggerKind};
use scriptorium_model::operation::{OperationKind, OperationState};
use scriptorium_model::page::PageRequest;
use scriptorium_store::ExecutionFilter;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, cron, definition, operation};

/// Two that ended and two that wait, of two scripts in turn.
async fn filled(world: &World) -> Vec<ExecutionId> {
    let mut scripts = Vec::new();
    for name in ["one", "two"] {
        let definition = definition(name, cron("0 9 * * *"));
        scripts.push(world.active(&world.ctx, definition).await);
    }
    let mut ids = Vec::new();
    for number in 0..4 {
        let mut execution = world.execution(&scripts[number % 2]);
        execution.trigger = [TriggerKind::Api, TriggerKind::Manual][number / 2];
        ids.push(execution.id);
        if number < 2 {
            let ended = completed(execution, world.now());
            world.record(&world.ctx, ended, None).await.await.unwrap();
        } else {
            let inserted = world.store.insert_pending(&world.ctx, execution);
            inserted.await.unwrap();
        }
        world.advance(Duration::from_secs(60));
    }
    ids
}

#[rstest]
#[tokio::test]
async fn an_operation_is_about_what_it_can_be_done_to(
    #[values(Sqlite, Postgres)] database: Database,
) {
    use OperationKind::{Cancel, Replay};
    let world = World::on(database).await;
    let ids = filled(&world).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let all = ExecutionFilter::default();
    let of_status = |status| ExecutionFilter {
        status: Some(status),
        ..ExecutionFilter::default()
    };
    let of_trigger = ExecutionFilter {
        trigger: Some(TriggerKind::Api),
        ..all.clone()
    };
    let begun = world.now() - Duration::from_secs(4 * 60);
    let of_time = ExecutionFilter {
        to: Some(begun + Duration::from_secs(60)),
        ..all.clone()
    };
    let cases = [
        (Replay, all.clone(), vec![0, 1]),
        (Cancel, all.clone(), vec![2, 3]),
        (Replay, of_status(ExecutionStatus::Completed), vec![0, 1]),
        (Replay, of_status(ExecutionStatus::Failed), vec![]),
        (Cancel, of_status(ExecutionStatus::Pending), vec![2, 3]),
        (Replay, of_trigger, vec![0, 1]),
        (Replay, of_time, vec![0]),
    ];
    for (kind, filter, expected) in cases {
        let expected: Vec<ExecutionId> = expected.into_iter().map(|n: usize| ids[n]).collect();
        let found = store.operation_targets(ctx, kind, &filter, None, 10).await;
        let found: Vec<ExecutionId> = found.unwrap().iter().map(|one| one.id).collect();
        assert_eq!(found, expected, "{kind:?} {filter:?}");
        let counted = store.count_operation_targets(ctx, kind, &filter, 10).await;
        assert_eq!(counted.unwrap() as usize, expected.len());
        if let [first, rest @ ..] = expected.as_slice() {
            let after = store
                .operation_targets(ctx, kind, &filter, Some(*first), 10)
                .await;
            let after: Vec<ExecutionId> = after.unwrap().iter().map(|one| one.id).collect();
            assert_eq!(after, rest);
            let most = store.count_operation_targets(ctx, kind, &filter, 1).await;
            assert_eq!(most.unwrap(), 1);
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_operation_goes_on_from_where_it_stood_and_never_back(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ids = filled(&world).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut one = operation(&world, ctx, OperationKind::Replay);
    one.filter.status = Some(ExecutionStatus::Completed);
    one.pace.per_minute = Some(30);
    store.create_operation(ctx, &one).await.unwrap();
    assert_eq!(store.find_operation(ctx, one.id).await.unwrap(), one);
    assert_eq!(store.running_operations(10).await.unwrap(), [one.clone()]);

    one.done = 1;
    one.after = Some(ids[0]);
    one.next_at = world.now() + Duration::from_secs(2);
    assert!(store.advance_operation(ctx, &one, None).await.unwrap());
    // Another node that had seen it where it was before.
    assert!(!store.advance_operation(ctx, &one, None).await.unwrap());
    one.failed = 1;
    one.problems.push((ids[1], "not_active".into()));
    one.after = Some(ids[1]);
    one.state = OperationState::Done;
    one.completed_at = Some(world.now());
    assert!(
        store
            .advance_operation(ctx, &one, Some(ids[0]))
            .await
            .unwrap()
    );
    assert_eq!(store.find_operation(ctx, one.id).await.unwrap(), one);
    assert_eq!(store.running_operations(10).await.unwrap(), []);
    // What has ended is not stopped.
    let ended = store.cancel_operation(ctx, one.id).await.unwrap();
    assert_eq!(ended.state, OperationState::Done);

    world.advance(Duration::from_secs(1));
    let other = operation(&world, ctx, OperationKind::Cancel);
    store.create_operation(ctx, &other).await.unwrap();
    let stopped = store.cancel_operation(ctx, other.id).await.unwrap();
    assert_eq!(stopped.state, OperationState::Cancelled);
    let mut late = other.clone();
    late.done = 1;
    assert!(!store.advance_operation(ctx, &late, None).await.unwrap());
    let page = PageRequest::first();
    let listed = store.list_operations(ctx, &page).await.unwrap().items;
    let listed: Vec<_> = listed.iter().map(|one| (one.id, one.state)).collect();
    let expected = [
        (other.id, OperationState::Cancelled),
        (one.id, OperationState::Done),
    ];
    assert_eq!(listed, expected);
}

#[rstest]
#[tokio::test]
async fn operations_go_with_the_history_they_are_about(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let going_on = operation(&world, ctx, OperationKind::Replay);
    let ended = operation(&world, ctx, OperationKind::Replay);
    for one in [&going_on, &ended] {
        store.create_operation(ctx, one).await.unwrap();
    }
    store.cancel_operation(ctx, ended.id).await.unwrap();
    world.advance(Duration::from_secs(92 * 86_400));
    assert_eq!(store.maintain(world.now()).await.unwrap().operations, 1);
    assert!(store.find_operation(ctx, going_on.id).await.is_ok());
}
