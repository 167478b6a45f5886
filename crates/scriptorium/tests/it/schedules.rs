//! Schedules fire once per planned instant, across restarts too.

use std::time::Duration;

use futures_util::StreamExt;
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::page::PageRequest;
use scriptorium::model::schedule::Schedule;
use scriptorium::model::trigger::Trigger;
use scriptorium::{ExecutionFilter, ExecutionSummary, ScriptSummary};

use crate::world::{World, definition};

fn nine() -> Trigger {
    Trigger::Scheduled(Schedule::new("0 9 * * *", "UTC"))
}

async fn fired(world: &World) -> Vec<ExecutionSummary> {
    let filter = ExecutionFilter {
        trigger: Some(TriggerKind::Cron),
        ..Default::default()
    };
    let executions = world.platform.executions();
    executions
        .list(&world.ctx, &filter, &PageRequest::first())
        .await
        .unwrap()
        .items
}

async fn first_script(world: &World) -> ScriptSummary {
    let scripts = world.platform.scripts();
    let page = scripts
        .list(&world.ctx, &Default::default(), &PageRequest::first())
        .await;
    page.unwrap().items.remove(0)
}

/// The clock stands at 08:59 when a test begins.
#[tokio::test]
async fn a_planned_instant_that_passed_during_a_restart_fires_once() {
    let world = World::with(|builder| builder.triggers(false)).await;
    world
        .active(definition("abc", nine(), "return context.trigger.type"))
        .await;
    world.advance(Duration::from_secs(11 * 60));
    assert!(fired(&world).await.is_empty());

    let mut world = world.restarted(|builder| builder).await;
    while fired(&world).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let id = fired(&world).await[0].id;
    let stream = world
        .platform
        .executions()
        .watch(&world.ctx, id)
        .await
        .unwrap();
    stream.for_each(|_| async {}).await;
    for _ in 0..2 {
        world = world.restarted(|builder| builder).await;
        let fired = fired(&world).await;
        assert_eq!(fired.len(), 1);
        assert_eq!(fired[0].status, ExecutionStatus::Completed);
    }
}

#[tokio::test]
async fn an_instant_missed_by_hours_does_not_fire() {
    let world = World::with(|builder| builder.triggers(false)).await;
    let script = world.active(definition("abc", nine(), "return 1")).await;
    world.advance(Duration::from_secs(3 * 3600));
    let world = world.restarted(|builder| builder).await;
    // It is decided when the next planned instant is tomorrow's.
    let tomorrow = "2026-03-03T09:00:00Z".parse().unwrap();
    loop {
        let item = first_script(&world).await;
        assert_eq!(item.script.id, script.id);
        if item.next_run_at == Some(tomorrow) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(fired(&world).await.is_empty());
}
