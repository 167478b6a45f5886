//! What becomes of planned instants that were missed, that come too soon, or that fail (CRON-06, CRON-07).

use rstest::rstest;
use scriptorium_model::execution::ExecutionStatus::{Completed, Failed};
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::schedule::{Missed, Overlap, Schedule};
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_store::ExecutionFilter;
use scriptorium_store::schedules::CameTo;

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::World;

const NINE: &str = "0 9 * * *";
/// Just before the first instant of most tests.
const START: &str = "2026-11-21T08:59:30Z";

fn schedule(cron: &str, missed: Missed, overlap: Overlap) -> Schedule {
    Schedule {
        missed,
        overlap,
        ..Schedule::new(cron, "UTC")
    }
}

/// No server runs for so many seconds after 08:59:30, then one does and everything completes.
async fn after_downtime(cron: &str, missed: Missed, seconds: i64) -> Vec<String> {
    let world = World::on(Sqlite, START).await;
    let script = world
        .active("daily", schedule(cron, missed, Overlap::Forbid))
        .await;
    world.advance(seconds);
    loop {
        let pass = world.settle().await;
        let ran = world.run(Completed).await;
        if pass.held == 0 && pass.fired == 0 && ran == 0 {
            break;
        }
        world.advance(1);
    }
    world.slots(&script).await
}

#[rstest]
// On time, whatever the policy.
#[case(NINE, Missed::Skip, 31, &["21T09:00 ran"])]
#[case(NINE, Missed::Skip, 89, &["21T09:00 ran"])]
#[case(NINE, Missed::Latest, 31, &["21T09:00 ran"])]
#[case(NINE, Missed::All, 31, &["21T09:00 ran"])]
// Two minutes, 59 minutes, 61 minutes late.
#[case(NINE, Missed::Skip, 150, &["21T09:00 missed"])]
#[case(NINE, Missed::Latest, 150, &["21T09:00 ran late"])]
#[case(NINE, Missed::Latest, 59 * 60 + 30, &["21T09:00 ran late"])]
#[case(NINE, Missed::Latest, 61 * 60 + 30, &["21T09:00 missed"])]
#[case(NINE, Missed::All, 61 * 60 + 30, &["21T09:00 ran late"])]
// Three days.
#[case(NINE, Missed::Skip, 3 * 86_400, &["23T09:00 missed after 2"])]
#[case(NINE, Missed::Latest, 2 * 86_400 + 150, &["23T09:00 ran late after 2"])]
#[case(NINE, Missed::Latest, 3 * 86_400, &["23T09:00 missed after 2"])]
#[case(NINE, Missed::All, 3 * 86_400, &["21T09:00 ran late", "22T09:00 ran late", "23T09:00 ran late"])]
// The last of many that is on time runs under any policy.
#[case("0 * * * *", Missed::Skip, 3 * 3600 + 31, &["21T12:00 ran after 3"])]
#[case("0 * * * *", Missed::Latest, 3 * 3600 + 31, &["21T12:00 ran after 3"])]
#[tokio::test]
async fn missed_instants_become_what_the_policy_says(
    #[case] cron: &str,
    #[case] missed: Missed,
    #[case] seconds: i64,
    #[case] expected: &[&str],
) {
    let slots = after_downtime(cron, missed, seconds).await;
    assert_eq!(slots, expected);
}

/// A month without a server is not a month of work: all is bounded.
#[tokio::test]
async fn of_very_many_missed_instants_a_hundred_run_and_the_others_are_counted() {
    // At 08:51, so that none comes while they run.
    let seconds = 30 * 86_400 - 510;
    let slots = after_downtime("*/10 * * * *", Missed::All, seconds).await;
    assert_eq!(slots.len(), 100);
    assert_eq!(slots[0], "2026-12-20T16:20 ran late after 4220");
    assert!(
        slots.iter().all(|slot| slot.contains("ran late")),
        "{slots:?}"
    );
    let slots = after_downtime("* * * * *", Missed::Latest, 30 * 86_400).await;
    assert_eq!(slots, ["2026-12-21T08:59 ran after 10000"]);
}

#[rstest]
#[tokio::test]
async fn an_instant_is_skipped_while_the_run_before_goes_on(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database, START).await;
    let minutely = schedule("* * * * *", Missed::Latest, Overlap::Forbid);
    let script = world.active("minutely", minutely).await;
    world.advance(30);
    world.settle().await;
    let [running] = world.claim().await.try_into().unwrap();
    world.advance(60);
    assert_eq!(world.settle().await.skipped, 1);
    world.end(running, Completed).await;
    world.advance(60);
    assert_eq!(world.settle().await.fired, 1);
    // What waits for a worker counts as going on.
    world.advance(60);
    assert_eq!(world.settle().await.skipped, 1);
    let expected = [
        "21T09:00 ran",
        "21T09:01 still running",
        "21T09:02 ran",
        "21T09:03 still running",
    ];
    assert_eq!(world.slots(&script).await, expected);
}

#[rstest]
#[tokio::test]
async fn runs_overlap_when_they_may(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database, START).await;
    let minutely = schedule("* * * * *", Missed::Latest, Overlap::Allow);
    world.active("minutely", minutely).await;
    for fired in 1..4 {
        world.advance(60);
        assert_eq!(world.settle().await.fired, 1);
        let running = world.claim().await.len();
        assert_eq!(running, 1, "of {fired}");
    }
}

#[rstest]
#[tokio::test]
async fn the_run_before_is_cancelled_and_the_next_begins_when_it_has_ended(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database, START).await;
    let minutely = schedule("* * * * *", Missed::Latest, Overlap::Replace);
    let script = world.active("minutely", minutely).await;
    world.advance(30);
    world.settle().await;
    let [first] = world.claim().await.try_into().unwrap();
    world.advance(60);
    let pass = world.settle().await;
    assert_eq!((pass.fired, pass.held), (0, 1));
    let leases = [first.lease];
    let held = world
        .store
        .heartbeat(&leases, std::time::Duration::from_secs(3600));
    assert!(held.await.unwrap()[0].cancel_requested);
    // It is asked once, however long it takes.
    world.advance(1);
    assert_eq!(world.settle().await.held, 1);
    world.end(first, ExecutionStatus::Cancelled).await;
    world.advance(1);
    assert_eq!(world.settle().await.fired, 1);
    // One that has not begun ends at once.
    world.advance(58);
    assert_eq!(world.settle().await.held, 1);
    world.advance(1);
    assert_eq!(world.settle().await.fired, 1);
    assert_eq!(
        world.slots(&script).await,
        ["21T09:00 ran", "21T09:01 ran", "21T09:02 ran"]
    );
    let cancelled = ExecutionFilter {
        status: Some(ExecutionStatus::Cancelled),
        trigger: Some(TriggerKind::Cron),
        ..ExecutionFilter::default()
    };
    let page = PageRequest::first();
    let list = world
        .store
        .list_executions(&world.ctx, &cancelled, &page)
        .await;
    assert_eq!(list.unwrap().items.len(), 2);
}

#[tokio::test]
async fn all_missed_instants_run_one_after_the_other() {
    let world = World::on(Sqlite, START).await;
    let hourly = schedule("0 * * * *", Missed::All, Overlap::Forbid);
    let script = world.active("hourly", hourly).await;
    world.advance(3 * 3600);
    for left in [2, 1, 0] {
        assert_eq!(world.settle().await.fired, 1, "{left} left");
        let [running] = world.claim().await.try_into().unwrap();
        world.advance(2);
        assert_eq!(world.settle().await.fired, 0, "{left} left");
        world.end(running, Completed).await;
        world.advance(2);
    }
    assert_eq!(world.settle().await.fired, 0);
    let expected = [
        "21T09:00 ran late",
        "21T10:00 ran late",
        "21T11:00 ran late",
    ];
    assert_eq!(world.slots(&script).await, expected);
}

#[rstest]
#[tokio::test]
async fn a_script_that_fails_in_a_row_is_paused_with_a_reason(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database, START).await;
    let minutely = Schedule {
        pause_after_failures: Some(3),
        ..Schedule::new("* * * * *", "UTC")
    };
    let script = world.active("minutely", minutely).await;
    for status in [
        Failed,
        Failed,
        Completed,
        Failed,
        ExecutionStatus::Timeout,
        Failed,
    ] {
        assert_eq!(found(&world, &script).await.status, ScriptStatus::Active);
        world.advance(60);
        assert_eq!(world.settle().await.fired, 1);
        world.run(status).await;
    }
    assert_eq!(world.settle().await.paused, 1);
    let paused = found(&world, &script).await;
    assert_eq!(paused.status, ScriptStatus::Paused);
    let reason = paused.paused_reason.unwrap();
    assert_eq!(reason, "it failed 3 times in a row");
    world.advance(60);
    assert_eq!(world.settle().await.fired, 0);
    // Whoever activates it again gives it as many.
    let (from, to) = (ScriptStatus::Paused, ScriptStatus::Active);
    let set = world
        .store
        .set_status(&world.ctx, script.id, from, to, None);
    set.await.unwrap();
    world.advance(60);
    assert_eq!(world.settle().await.fired, 1);
}

#[tokio::test]
async fn jitter_delays_each_script_by_its_own_part_and_never_reorders() {
    let world = World::on(Sqlite, START).await;
    let mut delays = std::collections::BTreeSet::new();
    let mut scripts = Vec::new();
    for number in 0..20 {
        let spread = Schedule {
            jitter_seconds: 40,
            ..Schedule::new("* * * * *", "UTC")
        };
        let script = world
            .active(&format!("number {number}"), spread.clone())
            .await;
        let delay = spread.delay(script.id);
        assert!((0..=40_000).contains(&delay.as_millis()), "{delay:?}");
        delays.insert(delay.as_millis());
        scripts.push(script);
    }
    assert!(delays.len() > 15 && delays.last().unwrap() - delays.first().unwrap() > 20_000);
    // Ten minutes, second by second.
    for _ in 0..600 {
        world.advance(1);
        world.settle().await;
        world.run(Completed).await;
    }
    for script in scripts {
        let slots = world.slots(&script).await;
        // What is still to come at the last instant has its delay before it.
        assert!((9..=10).contains(&slots.len()), "{slots:?}");
        for (minute, slot) in slots.iter().enumerate() {
            assert_eq!(*slot, format!("21T09:{minute:02} ran"));
        }
    }
}

#[tokio::test]
async fn a_schedule_runs_between_its_beginning_and_its_end() {
    let world = World::on(Sqlite, START).await;
    let bounded = Schedule {
        starts_at: Some("2026-11-21T10:00:00Z".parse().unwrap()),
        ends_at: Some("2026-11-21T12:00:00Z".parse().unwrap()),
        missed: Missed::All,
        ..Schedule::new("0 * * * *", "UTC")
    };
    let script = world.active("bounded", bounded).await;
    world.advance(10 * 3600);
    while world.settle().await.fired > 0 {
        world.run(Completed).await;
        world.advance(2);
    }
    let expected = [
        "21T10:00 ran late",
        "21T11:00 ran late",
        "21T12:00 ran late",
    ];
    assert_eq!(world.slots(&script).await, expected);
    let state = world.store.find_schedule_state(&world.ctx, script.id).await;
    assert_eq!(state.unwrap().unwrap().next_at, None);
}

async fn found(world: &World, script: &Script) -> Script {
    let found = world.store.find_script(&world.ctx, script.id).await;
    found.unwrap()
}

/// A run that failed is tried again as its author says, five minutes later each, and never past the next
/// instant.
#[rstest]
// Off unless somebody asks for it.
#[case(0, "0 * * * *", &[])]
#[case(2, "0 * * * *", &[300, 600])]
#[case(3, "0 * * * *", &[300, 600, 900])]
// The third would be at the next instant, the second after it.
#[case(3, "*/15 * * * *", &[300, 600])]
#[case(3, "*/6 * * * *", &[300])]
#[case(3, "*/5 * * * *", &[])]
#[tokio::test]
async fn a_run_that_failed_is_tried_again(
    #[values(Sqlite, Postgres)] database: Database,
    #[case] retries: u32,
    #[case] cron: &str,
    #[case] expected: &[i64],
) {
    let world = World::on(database, START).await;
    let schedule = Schedule {
        retries,
        pause_after_failures: Some(2),
        ..Schedule::new(cron, "UTC")
    };
    let script = world.active("fragile", schedule).await;
    world.advance(30);
    world.settle().await;
    let begin = world.now();
    let [mut run] = world.claim().await.try_into().unwrap();
    let first = run.execution.id;
    for after in expected {
        let before = run.execution.clone();
        world.end(run, Failed).await;
        world.advance(begin.as_second() + after - world.now().as_second() - 1);
        assert_eq!(world.claim().await, [], "before {after}");
        world.advance(1);
        let [again] = world.claim().await.try_into().unwrap();
        let execution = &again.execution;
        assert_eq!(execution.first_execution, Some(first));
        assert_eq!(execution.attempt, before.attempt + 1);
        let planned = |execution: &Execution| {
            let data = execution.trigger_data.as_ref().unwrap().to_value();
            data["planned_at"].clone()
        };
        assert_eq!(planned(execution), planned(&before));
        run = again;
    }
    // The instant is told by the last of them, and has failed once.
    let last = run.execution.id;
    world.end(run, Failed).await;
    world.advance(299);
    assert_eq!(world.claim().await, []);
    let slots = world.store.list_slots(&world.ctx, script.id, 10).await;
    let ran = slots.unwrap().iter().find_map(|slot| match slot.came_to {
        CameTo::Execution { id, .. } => Some(id),
        CameTo::Skipped(_) => None,
    });
    assert_eq!(ran, Some(last));
    let state = world.store.find_schedule_state(&world.ctx, script.id).await;
    assert_eq!(state.unwrap().unwrap().failures, 1);
}

/// What the same run would meet again is not tried again, nor what somebody stopped.
#[rstest]
#[case(Some(Failure::new("script.bad_input", "no")))]
#[case(Some(Failure::new("cancelled", "no")))]
#[case(None)]
#[tokio::test]
async fn what_a_retry_would_not_help_is_not_tried_again(#[case] failure: Option<Failure>) {
    let world = World::on(Sqlite, START).await;
    let schedule = Schedule {
        retries: 3,
        ..Schedule::new("0 * * * *", "UTC")
    };
    world.active("fragile", schedule).await;
    world.advance(30);
    world.settle().await;
    let [run] = world.claim().await.try_into().unwrap();
    world.end_with(run, failure).await;
    world.advance(3_000);
    assert_eq!(world.claim().await, []);
}

/// A retry that nobody could begin by the next instant is over, and does not keep that from running.
#[rstest]
#[tokio::test]
async fn a_retry_makes_room_for_the_next_instant(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database, START).await;
    let schedule = Schedule {
        retries: 3,
        ..Schedule::new("*/6 * * * *", "UTC")
    };
    let script = world.active("fragile", schedule).await;
    world.advance(30);
    world.settle().await;
    let [run] = world.claim().await.try_into().unwrap();
    world.end(run, Failed).await;
    world.advance(360);
    assert_eq!(world.settle().await.fired, 1);
    let claimed = world.claim().await;
    let retry = |execution: &Execution| {
        let data = execution.trigger_data.as_ref().unwrap().to_value();
        data["retry"].clone()
    };
    let retries: Vec<_> = claimed.iter().map(|one| retry(&one.execution)).collect();
    assert_eq!(retries, [serde_json::Value::Null]);
    assert_eq!(world.slots(&script).await, ["21T09:00 ran", "21T09:06 ran"]);
}
