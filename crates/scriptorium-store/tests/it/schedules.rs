//! Schedules: due once, decided once.

use std::time::Duration;

use jiff::SignedDuration;
use rstest::rstest;
use scriptorium_model::Timestamp;
use scriptorium_model::execution::{ExecutionStatus, Failure, MAX_ATTEMPTS, TriggerKind};
use scriptorium_model::schedule::{Missed, Overlap, Schedule};
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::Trigger;
use scriptorium_store::schedules::{CameTo, LastRun, Skipped};
use scriptorium_store::system::schedules::{Decided, DueSchedule, FailingSchedule};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, completed, cron, definition};

/// 00:00 UTC is 05:00 in Tashkent: the script runs at 09:00 there.
const FIRST: &str = "2026-11-21T04:00:00Z";
const SECOND: &str = "2026-11-22T04:00:00Z";

#[rstest]
#[tokio::test]
async fn a_schedule_is_due_from_its_instant_while_it_is_active(
    #[values(Sqlite, Postgres)] database: Database,
) {
    use ScriptStatus::{Active, Draft, Paused};
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.add(ctx, definition("daily", cron("0 9 * * *"))).await;
    assert_eq!(store.next_due_at().await.unwrap(), None);
    set(&world, &script, Draft, Active).await;
    assert_eq!(store.next_due_at().await.unwrap(), Some(at(FIRST)));
    let upcoming = store.list_upcoming(ctx, 10).await.unwrap();
    assert_eq!(upcoming[0].at, at(FIRST));
    assert_eq!(due(&world).await, []);

    world.advance(Duration::from_secs(4 * 3600));
    let [found] = due(&world).await.try_into().unwrap();
    assert_eq!((found.script, found.due_at), (script.id, at(FIRST)));
    assert_eq!((found.version, found.script_name.as_str()), (1, "daily"));

    set(&world, &script, Active, Paused).await;
    assert_eq!(due(&world).await, []);
}

#[rstest]
#[tokio::test]
async fn a_slot_fires_once_though_many_try_and_moves_the_plan(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (script, found) = due_script(&world).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (store, found) = (world.store.clone(), found.clone());
        let execution = world.execution(&script);
        tries.spawn(async move {
            let slot = slot(&found, Some(at(SECOND)));
            store.fire_slot(&found, &slot, &execution).await.unwrap()
        });
    }
    let fired = tries.join_all().await;
    assert_eq!(fired.iter().filter(|fired| **fired).count(), 1);
    let claim = world
        .store
        .claim_pending(100, Duration::from_secs(60), &[], &|_| u32::MAX);
    let [claimed] = claim.await.unwrap().try_into().unwrap();
    assert_eq!(claimed.execution.status, ExecutionStatus::Running);
    assert_eq!(world.store.next_due_at().await.unwrap(), Some(at(SECOND)));
}

#[rstest]
#[tokio::test]
async fn a_slot_decided_before_does_not_fire_but_lets_the_plan_move_on(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let (script, found) = due_script(&world).await;
    // The plan names an instant that was decided already, as after a clock that went back.
    let skip = store
        .skip_slot(&found, &slot(&found, Some(found.due_at)), Skipped::Missed)
        .await;
    assert!(skip.unwrap());
    let execution = world.execution(&script);
    let fire = store
        .fire_slot(&found, &slot(&found, Some(at(SECOND))), &execution)
        .await;
    assert!(!fire.unwrap());
    assert_missing(store.find_execution(&world.ctx, execution.id).await);
    assert_eq!(store.next_due_at().await.unwrap(), Some(at(SECOND)));
}

#[rstest]
#[tokio::test]
async fn a_schedule_that_changed_meanwhile_does_not_fire(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let (script, found) = due_script(&world).await;
    let changed = definition("daily", cron("30 10 * * *"));
    let update = store.update_script(&world.ctx, script.id, None, changed, "");
    update.await.unwrap();
    let execution = world.execution(&script);
    let fire = store
        .fire_slot(&found, &slot(&found, Some(at(SECOND))), &execution)
        .await;
    assert!(!fire.unwrap());
    assert_missing(store.find_execution(&world.ctx, execution.id).await);
    let skip = store
        .skip_slot(&found, &slot(&found, None), Skipped::StillRunning)
        .await;
    assert!(!skip.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_change_of_the_source_keeps_an_instant_that_is_already_due(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let (script, found) = due_script(&world).await;
    let mut changed = script.definition.clone();
    changed.source = "2".into();
    let update = store.update_script(ctx, script.id, None, changed, "");
    update.await.unwrap();
    let [still] = due(&world).await.try_into().unwrap();
    assert_eq!((still.due_at, still.version), (found.due_at, 2));

    let other_type = definition("daily", Trigger::OneOff);
    let update = store.update_script(ctx, script.id, None, other_type, "");
    update.await.unwrap();
    assert_eq!(due(&world).await, []);
}

#[rstest]
#[tokio::test]
async fn an_execution_of_another_tenant_cannot_take_a_slot(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (_, found) = due_script(&world).await;
    let theirs = definition("theirs", Trigger::OneOff);
    let theirs = world.add(&world.other, theirs).await;
    let execution = world.execution(&theirs);
    let fire = world
        .store
        .fire_slot(&found, &slot(&found, None), &execution)
        .await;
    assert_missing(fire);
    assert_eq!(due(&world).await, [found]);
}

#[rstest]
#[tokio::test]
async fn a_schedule_remembers_how_its_last_run_ended(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let (script, found) = due_script(&world).await;
    let state = async || {
        let state = store.find_schedule_state(ctx, script.id).await;
        state.unwrap().unwrap()
    };
    let ended = |status| Some(LastRun::Ended(status));
    assert_eq!(
        (state().await.last_at, state().await.last_run),
        (None, None)
    );

    // However a run ends, and by whomever.
    let planned = || {
        let mut execution = world.execution(&script);
        execution.trigger = TriggerKind::Cron;
        execution
    };
    let execution = planned();
    let fire = store
        .fire_slot(&found, &slot(&found, Some(at(SECOND))), &execution)
        .await;
    assert!(fire.unwrap());
    assert_eq!(state().await.last_at, Some(found.due_at));
    assert_eq!(state().await.last_run, None, "while it runs");
    let lease = Duration::from_secs(60);
    let claimed = store.claim_execution(ctx, execution.id, lease).await;
    let claimed = claimed.unwrap().unwrap();
    let done = completed(claimed.execution, world.now());
    let commit = world.record(ctx, done, Some(claimed.lease)).await;
    commit.await.unwrap();
    assert_eq!(state().await.last_run, ended(ExecutionStatus::Completed));

    let cancelled = planned();
    store.insert_pending(ctx, cancelled.clone()).await.unwrap();
    store.request_cancel(ctx, cancelled.id).await.unwrap();
    assert_eq!(state().await.last_run, ended(ExecutionStatus::Cancelled));

    let lost = planned();
    store.insert_pending(ctx, lost.clone()).await.unwrap();
    for _ in 0..MAX_ATTEMPTS {
        let claimed = store.claim_execution(ctx, lost.id, lease).await;
        claimed.unwrap().unwrap();
        world.advance(lease * 2);
        store.recover_orphans(world.now()).await.unwrap();
    }
    assert_eq!(state().await.last_run, ended(ExecutionStatus::Failed));

    // What a person starts says nothing of the schedule.
    let mut trial = completed(planned(), world.now());
    trial.test = true;
    let mut repeated = completed(planned(), world.now());
    repeated.replay_of = Some(lost.id);
    let by_hand = completed(world.execution(&script), world.now());
    for execution in [trial, repeated, by_hand] {
        world.record(ctx, execution, None).await.await.unwrap();
    }
    assert_eq!(state().await.last_run, ended(ExecutionStatus::Failed));

    world.advance(Duration::from_secs(24 * 3600));
    let [found] = due(&world).await.try_into().unwrap();
    let skip = store
        .skip_slot(&found, &slot(&found, None), Skipped::StillRunning)
        .await;
    assert!(skip.unwrap());
    assert_eq!(state().await.last_run, Some(LastRun::Skipped));
    let nobodys = store.find_schedule_state(ctx, world.ambient.new_id()).await;
    assert_eq!(nobodys.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_schedule_is_kept_whole(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let schedule = Schedule {
        missed: Missed::All,
        overlap: Overlap::Replace,
        jitter_seconds: 90,
        starts_at: Some(at("2026-11-22T00:00:00Z")),
        ends_at: Some(at("2026-12-24T00:00:00Z")),
        pause_after_failures: Some(3),
        ..Schedule::new("0 9 * * *", "Asia/Tashkent")
    };
    let trigger = Trigger::Scheduled(schedule.clone());
    let script = world
        .active(&world.ctx, definition("daily", trigger.clone()))
        .await;
    let stored = world
        .store
        .find_script(&world.ctx, script.id)
        .await
        .unwrap();
    assert_eq!(stored.definition.trigger, trigger);
    // Not before its beginning, and after its own part of the jitter.
    let delay = schedule.delay(script.id);
    assert!(delay.as_secs() <= 90);
    let due_at = at(SECOND) + delay;
    assert_eq!(world.store.next_due_at().await.unwrap(), Some(due_at));
    world.advance(Duration::from_secs(28 * 3600));
    assert_eq!(due(&world).await, []);
    world.advance(Duration::try_from(delay).unwrap());
    let [found] = due(&world).await.try_into().unwrap();
    assert_eq!((&found.schedule, found.due_at), (&schedule, at(SECOND)));
    assert!(!found.held);
}

#[rstest]
#[tokio::test]
async fn a_slot_that_is_held_is_due_again_later_and_moves_on_when_decided(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (script, found) = due_script(&world).await;
    let until = world.now() + SignedDuration::from_secs(10);
    world.store.hold_slot(&found, until).await.unwrap();
    assert_eq!(due(&world).await, []);
    assert_eq!(world.store.next_due_at().await.unwrap(), Some(until));
    world.advance(Duration::from_secs(10));
    let [held] = due(&world).await.try_into().unwrap();
    assert!(held.held && held.due_at == found.due_at);
    let slot = slot(&held, Some(at(SECOND)));
    let execution = world.execution(&script);
    let fire = world.store.fire_slot(&held, &slot, &execution);
    assert!(fire.await.unwrap());
    assert_eq!(world.store.next_due_at().await.unwrap(), Some(at(SECOND)));
    // Whoever read it before holds nothing any more.
    world.store.hold_slot(&found, until).await.unwrap();
    assert_eq!(world.store.next_due_at().await.unwrap(), Some(at(SECOND)));
}

#[rstest]
#[tokio::test]
async fn slots_say_what_they_came_to(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let (script, found) = due_script(&world).await;
    let execution = world.execution(&script);
    let late = Decided {
        planned_at: at(FIRST) + SignedDuration::from_mins(2),
        next_at: Some(at(SECOND)),
        catch_up: true,
        passed_over: 2,
    };
    assert!(store.fire_slot(&found, &late, &execution).await.unwrap());
    world.advance(Duration::from_secs(24 * 3600));
    let [found] = due(&world).await.try_into().unwrap();
    let skip = store
        .skip_slot(&found, &slot(&found, None), Skipped::StillRunning)
        .await;
    assert!(skip.unwrap());
    let slots = store.list_slots(ctx, script.id, 10).await.unwrap();
    let [skipped, ran] = slots.try_into().unwrap();
    let came_to = CameTo::Skipped(Some(Skipped::StillRunning));
    assert_eq!((skipped.planned_at, skipped.came_to), (at(SECOND), came_to));
    assert_eq!((skipped.passed_over, skipped.passed_from), (0, None));
    assert_eq!(ran.passed_from, Some(at(FIRST)));
    assert_eq!((ran.passed_over, ran.catch_up), (2, true));
    let came_to = CameTo::Execution {
        id: execution.id,
        status: Some(ExecutionStatus::Pending),
        started_at: None,
    };
    assert_eq!(ran.came_to, came_to);
    assert_eq!(store.list_slots(ctx, script.id, 1).await.unwrap().len(), 1);
    let nobodys = store.list_slots(&world.other, script.id, 10).await;
    assert_eq!(nobodys.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn failures_in_a_row_are_counted_until_one_completes_or_it_is_activated(
    #[values(Sqlite, Postgres)] database: Database,
) {
    use ScriptStatus::{Active, Paused};
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let schedule = Schedule {
        pause_after_failures: Some(2),
        ..Schedule::new("0 9 * * *", "Asia/Tashkent")
    };
    let daily = definition("daily", Trigger::Scheduled(schedule));
    let script = world.active(ctx, daily).await;
    let end = async |status| {
        let mut execution = world.execution(&script);
        execution.trigger = TriggerKind::Cron;
        let mut ended = completed(execution, world.now());
        ended.status = status;
        if status != ExecutionStatus::Completed {
            (ended.output, ended.failure) = (None, Some(Failure::new("script.threw", "no")));
        }
        world.record(ctx, ended, None).await.await.unwrap();
        let state = store.find_schedule_state(ctx, script.id).await;
        state.unwrap().unwrap().failures
    };
    assert_eq!(end(ExecutionStatus::Failed).await, 1);
    assert_eq!(end(ExecutionStatus::Completed).await, 0);
    assert_eq!(end(ExecutionStatus::Timeout).await, 1);
    assert_eq!(end(ExecutionStatus::Cancelled).await, 1);
    assert_eq!(store.failing_schedules(10).await.unwrap(), []);
    assert_eq!(end(ExecutionStatus::Failed).await, 2);
    let [failing] = store
        .failing_schedules(10)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    let FailingSchedule {
        tenant,
        script: id,
        failures,
    } = failing;
    assert_eq!((tenant, id, failures), (ctx.tenant, script.id, 2));
    set(&world, &script, Active, Paused).await;
    assert_eq!(store.failing_schedules(10).await.unwrap(), []);
    set(&world, &script, Paused, Active).await;
    assert_eq!(store.failing_schedules(10).await.unwrap(), []);
}

fn slot(due: &DueSchedule, next_at: Option<Timestamp>) -> Decided {
    Decided::on_time(due.due_at, next_at)
}

async fn due_script(world: &World) -> (Script, DueSchedule) {
    let daily = definition("daily", cron("0 9 * * *"));
    let script = world.active(&world.ctx, daily).await;
    world.advance(Duration::from_secs(5 * 3600));
    let [found] = due(world).await.try_into().unwrap();
    (script, found)
}

async fn due(world: &World) -> Vec<DueSchedule> {
    world.store.due_schedules(world.now(), 10).await.unwrap()
}

async fn set(world: &World, script: &Script, from: ScriptStatus, to: ScriptStatus) {
    let set = world
        .store
        .set_status(&world.ctx, script.id, from, to, None);
    set.await.unwrap();
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
