//! Stopping and repeating many executions at once, at a pace, across a restart, and no more than whoever
//! asked for it may do.

use std::time::Duration;

use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::operation::{OperationKind, OperationState, Pace};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::script::{Script, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::model::{ExecutionId, OperationId, Timestamp};
use scriptorium::{
    ErrorKind, Execute, ExecutionFilter, ExecutionSummary, Mode, NewOperation, Operation,
};
use serde_json::json;

use crate::world::{World, definition, json as doc};

fn new(kind: OperationKind, filter: ExecutionFilter) -> NewOperation {
    NewOperation {
        kind,
        filter,
        pace: Pace::default(),
    }
}

fn of(script: &Script) -> ExecutionFilter {
    ExecutionFilter {
        script: Some(script.id),
        ..ExecutionFilter::default()
    }
}

/// A script that has run so often.
async fn ran(world: &World, name: &str, times: u32) -> Script {
    let source = "export default (input) => input.n";
    let script = world
        .active(definition(name, Trigger::OneOff, source))
        .await;
    for n in 0..times {
        let what = Execute::new(script.id, doc(json!({ "n": n })), Mode::Sync);
        let executions = world.platform.executions();
        executions.execute(&world.ctx, what).await.unwrap();
    }
    // An operation is about what was recorded before it began.
    world.advance(Duration::from_secs(1));
    script
}

async fn until(world: &World, id: OperationId, is: impl Fn(&Operation) -> bool) -> Operation {
    let wait = async {
        loop {
            let operations = world.platform.operations();
            let found = operations.find(&world.ctx, id).await.unwrap();
            if is(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("the operation does not get there")
}

async fn made_by(world: &World, operation: &Operation) -> Vec<ExecutionSummary> {
    let filter = ExecutionFilter {
        operation: Some(operation.id),
        ..ExecutionFilter::default()
    };
    let executions = world.platform.executions();
    let page = PageRequest::first();
    let found = executions.list(&world.ctx, &filter, &page).await;
    found.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matches_is_repeated_once_each_and_says_by_what() {
    let world = World::new().await;
    let script = ran(&world, "mine", 5).await;
    ran(&world, "other", 2).await;
    let operations = world.platform.operations();
    let replay = new(OperationKind::Replay, of(&script));
    let counted = operations.count(&world.ctx, &replay).await.unwrap();
    assert_eq!((counted.matched, counted.more), (5, false));
    let started = operations.start(&world.ctx, replay).await.unwrap();
    assert_eq!((started.state, started.total), (OperationState::Running, 5));
    let ended = until(&world, started.id, |one| one.state.is_final()).await;
    assert_eq!(
        (ended.state, ended.done, ended.failed),
        (OperationState::Done, 5, 0)
    );
    let made = made_by(&world, &ended).await;
    assert_eq!(made.len(), 5);
    let mut repeated: Vec<ExecutionId> = made.iter().filter_map(|one| one.replay_of).collect();
    repeated.sort_unstable();
    repeated.dedup();
    assert_eq!(repeated.len(), 5);
    assert!(made.iter().all(|one| one.operation == Some(ended.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_is_stopped_and_what_ended_stays() {
    let world = World::new().await;
    let script = ran(&world, "mine", 1).await;
    let executions = world.platform.executions();
    let later: Timestamp = world.platform.ambient().now() + Duration::from_secs(3_600);
    for _ in 0..3 {
        let what = Execute {
            run_after: Some(later),
            ..Execute::new(script.id, doc(json!({ "n": 1 })), Mode::Async)
        };
        executions.execute(&world.ctx, what).await.unwrap();
    }
    world.advance(Duration::from_secs(1));
    let operations = world.platform.operations();
    let cancel = new(OperationKind::Cancel, of(&script));
    let started = operations.start(&world.ctx, cancel).await.unwrap();
    let ended = until(&world, started.id, |one| one.state.is_final()).await;
    assert_eq!((ended.total, ended.done), (3, 3));
    let page = PageRequest::first();
    let found = executions.list(&world.ctx, &of(&script), &page).await;
    let statuses: Vec<_> = found.unwrap().items.iter().map(|one| one.status).collect();
    let cancelled = statuses
        .iter()
        .filter(|status| **status == ExecutionStatus::Cancelled);
    assert_eq!(cancelled.count(), 3, "{statuses:?}");
    assert!(statuses.contains(&ExecutionStatus::Completed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pace_is_kept_and_a_restart_goes_on_where_it_stood() {
    let world = World::new().await;
    let script = ran(&world, "mine", 4).await;
    let mut replay = new(OperationKind::Replay, of(&script));
    replay.pace.per_minute = Some(1);
    let operations = world.platform.operations();
    let started = operations.start(&world.ctx, replay).await.unwrap();
    let first = until(&world, started.id, |one| one.done > 0).await;
    assert_eq!(first.done, 1);

    let world = world.restarted(|builder| builder).await;
    world.advance(Duration::from_secs(60));
    let second = until(&world, started.id, |one| one.done > 1).await;
    assert_eq!((second.done, second.state), (2, OperationState::Running));
    // Somebody has seen enough.
    let operations = world.platform.operations();
    let stopped = operations.cancel(&world.ctx, started.id).await.unwrap();
    assert_eq!(stopped.state, OperationState::Cancelled);
    world.advance(Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(made_by(&world, &stopped).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_repeated_is_told_and_the_rest_goes_on() {
    let world = World::new().await;
    let script = ran(&world, "mine", 1).await;
    let paused = ran(&world, "paused", 2).await;
    let scripts = world.platform.scripts();
    scripts
        .set_status(&world.ctx, paused.id, ScriptStatus::Paused, None)
        .await
        .unwrap();
    let operations = world.platform.operations();
    let replay = new(OperationKind::Replay, ExecutionFilter::default());
    let started = operations.start(&world.ctx, replay).await.unwrap();
    let ended = until(&world, started.id, |one| one.state.is_final()).await;
    assert_eq!((ended.done, ended.failed), (1, 2));
    let codes: Vec<&str> = ended
        .problems
        .iter()
        .map(|(_, code)| code.as_str())
        .collect();
    assert_eq!(codes, ["not_active", "not_active"]);
    let made = made_by(&world, &ended).await;
    assert!(made.iter().all(|one| one.script == script.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_may_no_more_than_who_asked_for_it() {
    let world = World::new().await;
    let script = ran(&world, "mine", 2).await;
    let operations = world.platform.operations();
    let viewer = world.user("viewer", Role::Viewer).await;
    let refused = operations
        .start(&viewer, new(OperationKind::Replay, of(&script)))
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);

    // Whoever asked for it is dismissed while it goes on.
    let developer = world.user("developer", Role::Developer).await;
    let mut replay = new(OperationKind::Replay, of(&script));
    replay.pace.per_minute = Some(1);
    let started = operations.start(&developer, replay).await.unwrap();
    until(&world, started.id, |one| one.done == 1).await;
    let user = developer.actor.user().unwrap();
    world
        .platform
        .users()
        .delete(&world.ctx, user)
        .await
        .unwrap();
    world.advance(Duration::from_secs(60));
    let ended = until(&world, started.id, |one| one.state.is_final()).await;
    assert_eq!(ended.state, OperationState::Stopped);
    assert_eq!(ended.reason.as_deref(), Some("principal_gone"));
    assert_eq!(ended.done, 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let world = World::new().await;
    let operations = world.platform.operations();
    let check = async |kind, filter, pace, field: &str| {
        let new = NewOperation { kind, filter, pace };
        let refused = operations.start(&world.ctx, new).await.unwrap_err();
        let fields = refused.invalid().unwrap();
        assert_eq!(fields.errors[0].field, field);
    };
    let all = ExecutionFilter::default();
    let of_status = |status| ExecutionFilter {
        status: Some(status),
        ..ExecutionFilter::default()
    };
    let words = ExecutionFilter {
        q: Some("words".into()),
        ..all.clone()
    };
    let pace = Pace::default();
    let none = Pace { limit: 0, ..pace };
    let too_fast = Pace {
        per_minute: Some(0),
        ..pace
    };
    use OperationKind::{Cancel, Replay};
    check(Replay, of_status(ExecutionStatus::Running), pace, "status").await;
    check(Cancel, of_status(ExecutionStatus::Failed), pace, "status").await;
    check(Replay, words, pace, "q").await;
    check(Replay, all.clone(), none, "limit").await;
    check(Replay, all, too_fast, "per_minute").await;
}
