//! Seats: of executions about the same thing so many go on at once, in their order, whatever becomes of
//! those before and whoever looks.

use std::collections::BTreeSet;
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::concurrency::{Concurrency, Seat, WhenFull};
use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure};
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::trigger::{Debounce, Subscription, Trigger};
use scriptorium_model::{ExecutionId, Json};
use scriptorium_store::{Accept, Begin, Claimed, ExecutionFilter, Finished, Inserted, LeaseId};
use serde_json::json;

use crate::support::Database::{Postgres, Sqlite};
use crate::support::{Database, World, completed, definition, keyed, on};

const LEASE: Duration = Duration::from_secs(15);

fn seat(key: &str, limit: u32, when_full: WhenFull) -> Option<Seat> {
    Some(Seat {
        key: key.into(),
        limit,
        when_full,
    })
}

struct Line {
    world: World,
    script: Script,
}

impl Line {
    async fn on(database: Database) -> Self {
        let world = World::on(database).await;
        let script = world.script("about").await;
        Self { world, script }
    }

    /// Accepts one; how it stands afterwards.
    async fn accept(&self, seat: Option<Seat>) -> Execution {
        let execution = Execution {
            seat,
            ..self.world.execution(&self.script)
        };
        // Ids are in order from one millisecond to the next.
        self.world.advance(Duration::from_millis(1));
        let id = execution.id;
        let store = &self.world.store;
        store
            .insert_pending(&self.world.ctx, execution)
            .await
            .unwrap();
        self.find(id).await
    }

    async fn find(&self, id: ExecutionId) -> Execution {
        let found = self.world.store.find_execution(&self.world.ctx, id).await;
        found.unwrap()
    }

    async fn claim(&self) -> Vec<Claimed> {
        let room = |_| u32::MAX;
        let claimed = self.world.store.claim_pending(100, LEASE, &[], &room).await;
        claimed.unwrap()
    }

    async fn claimed(&self) -> Vec<ExecutionId> {
        let claimed = self.claim().await;
        claimed.iter().map(|one| one.execution.id).collect()
    }

    async fn end(&self, claimed: &Claimed) {
        let finished = Finished {
            execution: completed(claimed.execution.clone(), self.world.now()),
            lease: Some(claimed.lease),
            logs: vec![],
            events: vec![],
            notifications: Vec::new(),
            incidents: vec![],
        };
        let store = &self.world.store;
        let commit = store.record(&self.world.ctx, finished).await.unwrap();
        commit.await.unwrap();
    }
}

fn code(execution: &Execution) -> Option<&str> {
    execution
        .failure
        .as_ref()
        .map(|failure| failure.code.as_str())
}

#[rstest]
#[tokio::test]
async fn those_that_wait_follow_in_their_order(#[values(Sqlite, Postgres)] database: Database) {
    let line = Line::on(database).await;
    let queue = |key: &str| seat(key, 1, WhenFull::Queue);
    let mut about_a = Vec::new();
    for _ in 0..4 {
        about_a.push(line.accept(queue("a")).await.id);
    }
    let about_b = line.accept(queue("b")).await.id;
    let free = line.accept(None).await.id;
    let first: BTreeSet<_> = line.claimed().await.into_iter().collect();
    assert_eq!(first, BTreeSet::from([about_a[0], about_b, free]));
    // A second look of any server finds no other.
    assert_eq!(line.claimed().await, []);

    // Whatever ends the one before: its end, its cancellation, or the loss of its worker.
    let ctx = &line.world.ctx;
    line.world.advance(LEASE);
    let recovered = line.world.store.recover_orphans(line.world.now()).await;
    assert_eq!(recovered.unwrap().requeued, 3);
    line.world.advance(Duration::from_secs(1));
    let again: BTreeSet<_> = line.claimed().await.into_iter().collect();
    assert_eq!(again, first, "what goes on keeps its seat");
    line.world
        .store
        .request_cancel(ctx, about_a[1])
        .await
        .unwrap();
    line.world
        .store
        .request_cancel(ctx, about_a[0])
        .await
        .unwrap();
    assert_eq!(line.claimed().await, [], "it runs until its worker hears");
    line.world.advance(LEASE);
    line.world
        .store
        .recover_orphans(line.world.now())
        .await
        .unwrap();
    let next = line.claim().await;
    let next: Vec<_> = next
        .iter()
        .filter(|one| about_a.contains(&one.execution.id))
        .collect();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].execution.id, about_a[2]);
    line.end(next[0]).await;
    assert_eq!(line.claimed().await, [about_a[3]]);
}

#[rstest]
#[tokio::test]
async fn as_many_go_on_as_the_limit_says(#[values(Sqlite, Postgres)] database: Database) {
    let line = Line::on(database).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let execution = Execution {
            seat: seat("a", 3, WhenFull::Queue),
            ..line.world.execution(&line.script)
        };
        let (store, ctx) = (line.world.store.clone(), line.world.ctx.clone());
        tries.spawn(async move { store.insert_pending(&ctx, execution).await.unwrap() });
    }
    tries.join_all().await;
    let mut ended = 0;
    while ended < 12 {
        let claimed = line.claim().await;
        assert_eq!(claimed.len(), 3, "after {ended}");
        for one in &claimed {
            line.end(one).await;
        }
        ended += claimed.len();
    }
    assert_eq!(line.claimed().await, []);
}

#[rstest]
#[tokio::test]
async fn a_further_one_is_dropped(#[values(Sqlite, Postgres)] database: Database) {
    let line = Line::on(database).await;
    let drop_it = || seat("a", 1, WhenFull::Drop);
    let first = line.accept(drop_it()).await;
    assert_eq!(first.status, ExecutionStatus::Pending);
    let second = line.accept(drop_it()).await;
    assert_eq!(second.status, ExecutionStatus::Cancelled);
    assert_eq!(code(&second), Some("platform.dropped"));
    assert_eq!(second.completed_at, Some(line.world.now()));
    let claimed = line.claim().await;
    assert_eq!(claimed.len(), 1);
    let third = line.accept(drop_it()).await;
    assert_eq!(code(&third), Some("platform.dropped"));
    line.end(&claimed[0]).await;
    let fourth = line.accept(drop_it()).await;
    assert_eq!(line.claimed().await, [fourth.id]);
}

#[rstest]
#[tokio::test]
async fn a_further_one_takes_the_place_of_those_before(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let line = Line::on(database).await;
    let replace = || seat("a", 1, WhenFull::Replace);
    let waiting = line.accept(replace()).await;
    let running = line.accept(replace()).await;
    assert_eq!(
        code(&line.find(waiting.id).await),
        Some("platform.replaced")
    );
    let claimed = line.claim().await;
    assert_eq!(claimed[0].execution.id, running.id);

    let passed_over = line.accept(replace()).await;
    let last = line.accept(replace()).await;
    let passed_over = line.find(passed_over.id).await;
    assert_eq!(passed_over.status, ExecutionStatus::Cancelled);
    assert_eq!(code(&passed_over), Some("platform.replaced"));
    // The one that runs is told, and has its seat until it has ended.
    assert_eq!(line.claimed().await, []);
    let store = &line.world.store;
    let held = store.heartbeat(&[claimed[0].lease], LEASE).await.unwrap();
    assert!(held[0].cancel_requested);
    let mut stopped = completed(claimed[0].execution.clone(), line.world.now());
    stopped.status = ExecutionStatus::Cancelled;
    stopped.failure = Some(Failure::new("cancelled", "it was"));
    let finished = Finished {
        execution: stopped,
        lease: Some(claimed[0].lease),
        logs: vec![],
        events: vec![],
        notifications: Vec::new(),
        incidents: vec![],
    };
    let commit = store.record(&line.world.ctx, finished).await.unwrap();
    commit.await.unwrap();
    assert_eq!(line.claimed().await, [last.id]);
}

#[rstest]
#[tokio::test]
async fn who_begins_at_once_waits_for_a_seat(#[values(Sqlite, Postgres)] database: Database) {
    let line = Line::on(database).await;
    let (store, ctx) = (&line.world.store, &line.world.ctx);
    let begin = async |when_full: WhenFull, key: Option<&str>| {
        let lease: LeaseId = line.world.ambient.new_id();
        let execution = Execution {
            seat: seat("a", 1, when_full),
            ..line.world.execution(&line.script)
        };
        let accept = match key {
            Some(key) => keyed(execution, key, 1),
            None => execution.into(),
        };
        let begin = Some(Begin { lease, term: LEASE });
        let accept = Accept { begin, ..accept };
        let execution = accept.execution.clone();
        (store.accept(ctx, accept).await.unwrap(), execution, lease)
    };
    let (first, execution, lease) = begin(WhenFull::Queue, Some("k")).await;
    assert_eq!(first, Inserted::New);
    let (second, other, _) = begin(WhenFull::Queue, Some("l")).await;
    assert_eq!(second, Inserted::Full);
    crate::support::assert_missing(store.find_execution(ctx, other.id).await);
    let (third, dropped, _) = begin(WhenFull::Drop, None).await;
    let Inserted::Dropped(told) = third else {
        panic!("{third:?}")
    };
    assert_eq!(
        (told.id, code(&told)),
        (dropped.id, Some("platform.dropped"))
    );
    assert_eq!(line.find(dropped.id).await, *told);

    // Nobody overtakes what waits on record.
    let waits = line.accept(seat("a", 1, WhenFull::Queue)).await;
    let execution = Execution {
        status: ExecutionStatus::Running,
        ..execution
    };
    line.end(&Claimed { execution, lease }).await;
    let (fourth, ..) = begin(WhenFull::Queue, Some("l")).await;
    assert_eq!(fourth, Inserted::Full);
    let claimed = line.claim().await;
    assert_eq!(claimed[0].execution.id, waits.id);
    line.end(&claimed[0]).await;
    let (fifth, ..) = begin(WhenFull::Queue, Some("l")).await;
    assert_eq!(fifth, Inserted::New);
}

#[rstest]
#[tokio::test]
async fn events_about_the_same_run_one_after_the_other_retries_included(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = world.ctx.clone();
    let concurrency = Concurrency {
        key: Some("customer".into()),
        ..Concurrency::default()
    };
    let about = Definition {
        concurrency: Some(concurrency),
        ..definition("about", on(&["order.paid"]))
    };
    let script = world.active(&ctx, about).await;
    let line = Line { world, script };
    for customer in [1, 1, 2] {
        let event = Event {
            id: line.world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.paid".into(),
            payload: Json::from(json!({ "customer": customer })),
            key: None,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: line.world.now(),
        };
        line.world.store.insert_event(&ctx, event).await.unwrap();
        line.world.advance(Duration::from_millis(1));
    }
    line.world.dispatch().await;
    let claimed = line.claim().await;
    let keys: Vec<_> = claimed
        .iter()
        .map(|one| one.execution.seat.clone().unwrap().key)
        .collect();
    assert_eq!(keys, ["1", "2"]);

    // A retry waits for its instant without keeping the next one, and then for its seat.
    let mut failed = completed(claimed[0].execution.clone(), line.world.now());
    failed.status = ExecutionStatus::Timeout;
    failed.failure = Some(Failure::new("limit.wall", "too slow"));
    let finished = Finished {
        execution: failed,
        lease: Some(claimed[0].lease),
        logs: vec![],
        events: vec![],
        notifications: Vec::new(),
        incidents: vec![],
    };
    let commit = line.world.store.record(&ctx, finished).await.unwrap();
    commit.await.unwrap();
    let next = line.claim().await;
    assert_eq!((next.len(), next[0].execution.attempt), (1, 1));
    line.world.advance(Duration::from_secs(3));
    line.world
        .store
        .heartbeat(&[next[0].lease], LEASE)
        .await
        .unwrap();
    assert_eq!(line.claimed().await, []);
    line.end(&next[0]).await;
    let retry = line.claim().await;
    assert_eq!((retry.len(), retry[0].execution.attempt), (1, 2));
}

/// Every event has run or is on record as superseded, whatever dispatch saw together (debounce).
#[rstest]
#[tokio::test]
async fn of_events_that_follow_closely_the_last_one_counts(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = world.ctx.clone();
    let mut quiet = definition("quiet", on(&["order.paid"]));
    if let Trigger::Event(subscription) = &mut quiet.trigger {
        subscription.debounce = Some(Debounce {
            wait_ms: 1_000,
            key: Some("customer".into()),
        });
    }
    let script = world.active(&ctx, quiet).await;
    let line = Line { world, script };
    let world = &line.world;
    let publish = async |customer: u32, number: u32| {
        let event = Event {
            id: world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.paid".into(),
            payload: Json::from(json!({ "customer": customer, "number": number })),
            key: None,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: world.now(),
        };
        world.store.insert_event(&ctx, event).await.unwrap();
        world.advance(Duration::from_millis(1));
    };
    let ran = async || {
        let claimed = line.claim().await;
        for one in &claimed {
            line.end(one).await;
        }
        let numbers = claimed
            .iter()
            .map(|one| one.execution.input.to_value()["number"].clone());
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_by_key(|number| number.as_u64());
        numbers
    };
    // Three of one customer, two of them seen together, and one of another.
    for (customer, number) in [(1, 1), (1, 2), (2, 3)] {
        publish(customer, number).await;
    }
    world.dispatch().await;
    world.advance(Duration::from_millis(900));
    publish(1, 4).await;
    world.dispatch().await;
    assert!(ran().await.is_empty());
    world.advance(Duration::from_millis(200));
    assert_eq!(ran().await, [json!(3)]);
    world.advance(Duration::from_millis(900));
    assert_eq!(ran().await, [json!(4)]);

    // Events that do not stop coming do not keep it from running: ten waits after the first it does.
    let mut first = None;
    for number in 100..130 {
        publish(1, number).await;
        world.dispatch().await;
        world.advance(Duration::from_millis(500));
        if let Some(number) = ran().await.first().cloned() {
            first = first.or(number.as_u64());
        }
    }
    assert_eq!(first, Some(119));
    world.advance(Duration::from_secs(2));
    assert_eq!(ran().await, [json!(129)]);
    let all = world.executions(&ctx, &ExecutionFilter::default()).await;
    let count = |status: ExecutionStatus| all.iter().filter(|one| one.status == status).count();
    let superseded = all
        .iter()
        .filter(|one| one.failure_code.as_deref() == Some("platform.superseded"));
    assert_eq!(superseded.count(), count(ExecutionStatus::Cancelled));
    assert_eq!(count(ExecutionStatus::Completed), 4);
    assert_eq!(all.len(), 34, "each event has its execution");
}

/// What waited for an event of the same order waits for its seat as well (R-EVT-17).
#[rstest]
#[tokio::test]
async fn events_in_order_take_seats_too(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = world.ctx.clone();
    let subscription = Subscription {
        order_by: Some("client".into()),
        ..Subscription::to(["order.paid"])
    };
    let one_at_once = Definition {
        concurrency: Some(Concurrency::default()),
        ..definition("about", Trigger::Event(subscription))
    };
    let script = world.active(&ctx, one_at_once).await;
    let line = Line { world, script };
    for name in ["a1", "a2", "b1"] {
        let event = Event {
            id: line.world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.paid".into(),
            payload: Json::from(json!({ "client": &name[..1], "name": name })),
            key: None,
            script: None,
            execution: None,
            lineage: Vec::new(),
            created_at: line.world.now(),
        };
        line.world.store.insert_event(&ctx, event).await.unwrap();
        line.world.advance(Duration::from_millis(1));
    }
    line.world.dispatch().await;
    for expected in ["a1", "b1", "a2"] {
        let claimed = line.claim().await;
        let name = |one: &Claimed| one.execution.input.to_value()["name"].clone();
        let names: Vec<_> = claimed.iter().map(name).collect();
        assert_eq!(names, [json!(expected)]);
        line.world.advance(Duration::from_millis(1));
        line.end(&claimed[0]).await;
    }
    assert_eq!(line.claimed().await, []);
}
