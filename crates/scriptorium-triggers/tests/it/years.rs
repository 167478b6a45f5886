//! Three years in seconds: the server is killed in the middle of deciding, is not there for days, and its
//! clock is set to and fro (CRON-03). Afterwards every planned instant has become exactly what the policy says.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::Poll;

use jiff::Timestamp;
use scriptorium_model::ScriptId;
use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::schedule::{Missed, Overlap, Schedule};
use scriptorium_model::script::Script;
use scriptorium_store::Store;
use scriptorium_store::schedules::{CameTo, Skipped};
use scriptorium_triggers::schedule;

use crate::world::Database::Sqlite;
use crate::world::World;

const START: &str = "2026-01-01T00:00:30Z";
const END: &str = "2029-01-01T00:00:30Z";

/// A generator of its own, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What happened, beside what was planned.
#[derive(Debug, Default)]
struct Tally {
    passes: u32,
    killed: u32,
    restarts: u32,
    outages: u32,
    steps: u32,
    slots: u32,
    ran: u32,
    skipped: u32,
    passed_over: u32,
}

#[tokio::test]
async fn three_years_of_kills_outages_and_clock_steps_lose_and_double_nothing() {
    let mut world = World::on(Sqlite, START).await;
    let plan = [
        ("stockholm", "30 2 * * *", "Europe/Stockholm", Missed::All),
        ("new york", "30 1 * * *", "America/New_York", Missed::Latest),
        ("santiago", "0 0 * * *", "America/Santiago", Missed::Skip),
        (
            "lord howe",
            "45 1 * * 1-5",
            "Australia/Lord_Howe",
            Missed::All,
        ),
        ("cairo", "0 */12 1-15 * *", "Africa/Cairo", Missed::Latest),
        ("monthly", "0 9 29-31 * *", "Asia/Tashkent", Missed::All),
        ("leap day", "15 4 29 2 *", "UTC", Missed::All),
    ];
    let mut scripts = Vec::new();
    for (name, cron, zone, missed) in plan {
        let schedule = Schedule {
            missed,
            overlap: Overlap::Allow,
            jitter_seconds: if name == "cairo" { 600 } else { 0 },
            ..Schedule::new(cron, zone)
        };
        scripts.push(world.active(name, schedule).await);
    }
    let (mut dice, mut tally) = (Dice(0x2545_f491_4f6c_dd1d), Tally::default());
    // What ran, told by the worker and not by the tables of slots.
    let mut ledger: BTreeMap<(ScriptId, String), BTreeSet<String>> = BTreeMap::new();
    let end: Timestamp = END.parse().unwrap();
    while world.now() < end {
        match dice.roll(100) {
            // Nobody is there for up to four days.
            0..2 => {
                world.advance(dice.roll(4 * 86_400) as i64);
                tally.outages += 1;
            }
            // The clock is set, up to two hours either way.
            2..5 => {
                world.advance(dice.roll(4 * 3600) as i64 - 2 * 3600);
                tally.steps += 1;
            }
            // Time passes until something is due, or a little less.
            5..80 => {
                let due = world.store.next_due_at().await.unwrap();
                let wait = due.map_or(3600, |due| due.duration_since(world.now()).as_secs() + 1);
                world.advance(wait.max(0));
            }
            _ => world.advance(dice.roll(6 * 3600) as i64),
        }
        tally.passes += 1;
        if dice.roll(4) == 0 {
            kill_in_a_pass(&world, dice.roll(40)).await;
            tally.killed += 1;
            if dice.roll(20) == 0 {
                world.store.close().await;
                let (options, ambient) = (world.options.clone(), world.ambient.clone());
                world.store = Store::open(options, ambient).await.unwrap();
                tally.restarts += 1;
            }
            continue;
        }
        while world.settle().await.fired > 0 {}
        for claimed in world.claim().await {
            let trigger = claimed.execution.trigger_data.as_ref().unwrap().to_value();
            let planned = trigger["planned_at"].as_str().unwrap().to_owned();
            let slot = (claimed.execution.script, planned);
            let id = claimed.execution.id.to_string();
            ledger.entry(slot).or_default().insert(id);
            world.end(claimed, ExecutionStatus::Completed).await;
        }
    }
    world.settle().await;
    for script in &scripts {
        check(&world, script, &ledger, &mut tally).await;
    }
    eprintln!("{tally:?}");
    assert!(
        tally.killed > 100 && tally.outages > 10 && tally.ran > 1_000,
        "{tally:?}"
    );
}

/// Begins a pass and drops it after so many turns, wherever it is then: in a transaction, between
/// two, or done.
async fn kill_in_a_pass(world: &World, turns: u64) {
    let (store, ambient) = (world.store.clone(), world.ambient.clone());
    let mut pass = pin!(async move { schedule::pass(&store, &ambient).await });
    let mut left = turns;
    std::future::poll_fn(|context| {
        if left == 0 || pass.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

/// Every planned instant until the last one that was decided is told once: it ran, it was skipped
/// for a reason that the policy knows, or it was passed over.
async fn check(
    world: &World,
    script: &Script,
    ledger: &BTreeMap<(ScriptId, String), BTreeSet<String>>,
    tally: &mut Tally,
) {
    let schedule = script.definition.trigger.schedule().unwrap();
    let slots = world.store.list_slots(&world.ctx, script.id, 100_000).await;
    let slots = slots.unwrap();
    let decided: BTreeMap<Timestamp, _> =
        slots.iter().map(|slot| (slot.planned_at, slot)).collect();
    assert_eq!(decided.len(), slots.len());
    let end = *decided.keys().next_back().unwrap();
    let start: Timestamp = START.parse().unwrap();
    let planned = schedule.times().unwrap();
    let planned: Vec<Timestamp> = planned.after(start).take_while(|at| *at <= end).collect();
    assert!(
        decided.keys().all(|at| planned.contains(at)),
        "only what was planned"
    );
    for at in planned {
        let name = format!("{} {at}", script.definition.name);
        let runs = ledger
            .get(&(script.id, at.to_string()))
            .map_or(0, BTreeSet::len);
        let passed_over = slots
            .iter()
            .any(|slot| slot.passed_from.is_some_and(|from| from <= at) && at < slot.planned_at);
        tally.slots += 1;
        match decided.get(&at).map(|slot| slot.came_to) {
            Some(CameTo::Execution { .. }) => {
                assert!(runs <= 1 && !passed_over, "{name} ran once");
                tally.ran += 1;
            }
            Some(CameTo::Skipped(reason)) => {
                assert_eq!(runs, 0, "{name} did not run");
                assert_eq!(reason, Some(Skipped::Missed), "{name}");
                assert_ne!(schedule.missed, Missed::All, "{name}: all run");
                tally.skipped += 1;
            }
            None => {
                assert!(passed_over, "{name} is lost");
                assert_eq!(runs, 0, "{name}");
                assert_ne!(schedule.missed, Missed::All, "{name}: all run");
                tally.passed_over += 1;
            }
        }
    }
}
