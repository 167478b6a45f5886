//! Batches: events that a subscription gathers are given to one execution, each of them once, whatever
//! dispatch sees together and whoever claims, cancels or fails meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::concurrency::{Concurrency, WhenFull};
use scriptorium_model::delivery::Delivery;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::trigger::{Batch, Subscription, Trigger};
use scriptorium_model::{EventId, Json};
use scriptorium_store::{Claimed, DeadLetterFilter, ExecutionFilter, Finished};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, definition};

const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

struct Gathering {
    world: World,
    script: Script,
}

fn gathering(batch: Batch) -> Definition {
    let subscription = Subscription {
        batch: Some(batch),
        max_attempts: 2,
        ..Subscription::to(["order.paid"])
    };
    definition("gathers", Trigger::Event(subscription))
}

/// Three events at once, of one customer, within a second.
fn few() -> Batch {
    Batch {
        max_events: 3,
        key: Some("customer".into()),
        ..Batch::within(1_000)
    }
}

impl Gathering {
    async fn on(database: Database, definition: Definition) -> Self {
        let world = World::on(database).await;
        let ctx = world.ctx.clone();
        let script = world.active(&ctx, definition).await;
        world.dispatch().await;
        Self { world, script }
    }

    async fn publish(&self, customer: u32, number: u32) -> EventId {
        self.publish_of(json!({ "customer": customer, "number": number }), &[])
            .await
    }

    async fn publish_of(&self, payload: Value, lineage: &[&str]) -> EventId {
        let event = Event {
            id: self.world.ambient.new_id(),
            tenant: self.world.ctx.tenant,
            kind: "order.paid".into(),
            payload: payload.into(),
            key: None,
            script: None,
            execution: None,
            lineage: lineage.iter().map(|step| (*step).to_owned()).collect(),
            created_at: self.world.now(),
        };
        let id = event.id;
        let store = &self.world.store;
        store.insert_event(&self.world.ctx, event).await.unwrap();
        self.world.advance(Duration::from_millis(1));
        id
    }

    async fn claim(&self) -> Vec<Claimed> {
        let room = |_| u32::MAX;
        let claimed = self.world.store.claim_pending(100, LEASE, &[], &room).await;
        claimed.unwrap()
    }

    async fn end(&self, claimed: &Claimed, failure: Option<Failure>) {
        let mut execution = completed(claimed.execution.clone(), self.world.now());
        if let Some(failure) = failure {
            execution.status = failure.status();
            execution.output = None;
            execution.failure = Some(failure);
        }
        let finished = Finished {
            execution,
            lease: Some(claimed.lease),
            logs: vec![],
            events: vec![],
            notifications: vec![],
            incidents: vec![],
        };
        let store = &self.world.store;
        let commit = store.record(&self.world.ctx, finished).await.unwrap();
        commit.await.unwrap();
    }

    /// What began now, each as the numbers of its events; it completes.
    async fn ran(&self) -> Vec<Vec<u64>> {
        let claimed = self.claim().await;
        for one in &claimed {
            self.end(one, None).await;
        }
        let mut ran: Vec<_> = claimed.iter().map(|one| numbers(&one.execution)).collect();
        ran.sort();
        ran
    }
}

fn numbers(execution: &Execution) -> Vec<u64> {
    let all = Delivery::all_of(execution).expect("no batch");
    let payloads = all.iter().map(|(_, payload)| payload.to_value());
    payloads
        .map(|payload| payload["number"].as_u64().unwrap())
        .collect()
}

#[rstest]
#[tokio::test]
async fn events_are_gathered_until_their_time_is_over_or_there_are_as_many(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let world = &gathering.world;
    // Of one customer, seen one by one; of another, seen together with it.
    for (customer, number) in [(1, 1), (2, 2)] {
        gathering.publish(customer, number).await;
    }
    world.dispatch().await;
    world.advance(Duration::from_millis(500));
    gathering.publish(1, 3).await;
    world.dispatch().await;
    assert!(gathering.ran().await.is_empty());
    // The time counts from the first event, not from the last.
    world.advance(Duration::from_millis(500));
    assert_eq!(gathering.ran().await, [vec![1, 3], vec![2]]);

    // As many as there may be begin at once; what is left waits.
    for number in 10..17 {
        gathering.publish(1, number).await;
    }
    world.dispatch().await;
    assert_eq!(gathering.ran().await, [vec![10, 11, 12], vec![13, 14, 15]]);
    gathering.publish(1, 17).await;
    world.dispatch().await;
    assert!(gathering.ran().await.is_empty());
    // Full by what comes later.
    gathering.publish(1, 18).await;
    world.dispatch().await;
    assert_eq!(gathering.ran().await, [vec![16, 17, 18]]);
    world.advance(SECOND);
    assert!(gathering.ran().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn what_is_gathered_knows_its_events_and_they_know_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let (world, ctx) = (&gathering.world, &gathering.world.ctx);
    let mut events = Vec::new();
    for (number, lineage) in [
        (1, &[][..]),
        (2, &["a.b → one", "c.d → two"]),
        (3, &["a.b → one"]),
    ] {
        let payload = json!({ "customer": 1, "number": number });
        events.push(gathering.publish_of(payload, lineage).await);
        world.dispatch().await;
    }
    let [claimed] = gathering.claim().await.try_into().unwrap();
    let all = Delivery::all_of(&claimed.execution).unwrap();
    let ids: Vec<EventId> = all.iter().map(|(delivery, _)| delivery.event).collect();
    assert_eq!(ids, events);
    // What it publishes comes of the longest way, so that no loop is longer by gathering.
    let lineage = scriptorium_model::delivery::lineage_of(&claimed.execution);
    assert_eq!(lineage, ["a.b → one", "c.d → two", "order.paid → gathers"]);
    for event in events {
        let deliveries = world.store.list_deliveries(ctx, event).await.unwrap();
        let deliveries = deliveries.unwrap();
        let executions: Vec<_> = deliveries.iter().map(|one| one.execution).collect();
        assert_eq!(executions, [Some(claimed.execution.id)]);
    }
}

/// Nothing is added to what somebody has begun, stopped or changed.
#[rstest]
#[tokio::test]
async fn what_has_begun_is_given_nothing_more(#[values(Sqlite, Postgres)] database: Database) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let (world, ctx) = (&gathering.world, &gathering.world.ctx);
    gathering.publish(1, 1).await;
    world.dispatch().await;
    world.advance(SECOND);
    let [begun] = gathering.claim().await.try_into().unwrap();
    gathering.publish(1, 2).await;
    world.dispatch().await;
    gathering.end(&begun, None).await;
    assert_eq!(numbers(&begun.execution), [1]);

    // Cancelled: its events are dealt with, later ones begin anew.
    let filter = ExecutionFilter {
        status: Some(ExecutionStatus::Pending),
        ..ExecutionFilter::default()
    };
    let pending = world.executions(ctx, &filter).await;
    world
        .store
        .request_cancel(ctx, pending[0].id)
        .await
        .unwrap();
    gathering.publish(1, 3).await;
    world.dispatch().await;
    // A new version of the script: the events from then on are its.
    let mut changed = gathering.script.definition.clone();
    changed.source = "return 2".into();
    let update = world
        .store
        .update_script(ctx, gathering.script.id, None, changed, "");
    update.await.unwrap();
    gathering.publish(1, 4).await;
    world.dispatch().await;
    world.advance(SECOND);
    let claimed = gathering.claim().await;
    let of_versions: BTreeMap<u32, Vec<u64>> = claimed
        .iter()
        .map(|one| (one.execution.version, numbers(&one.execution)))
        .collect();
    assert_eq!(of_versions, BTreeMap::from([(1, vec![3]), (2, vec![4])]));
}

/// It is tried again with all of its events, and each that it could not deal with is a dead letter.
#[rstest]
#[tokio::test]
async fn each_event_of_what_failed_is_kept(#[values(Sqlite, Postgres)] database: Database) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let (world, ctx) = (&gathering.world, &gathering.world.ctx);
    for number in 1..4 {
        gathering.publish(1, number).await;
    }
    world.dispatch().await;
    let [first] = gathering.claim().await.try_into().unwrap();
    let failure = || Some(Failure::new("script.threw", "no such customer"));
    gathering.end(&first, failure()).await;
    // Nothing is put into what is tried again.
    gathering.publish(1, 4).await;
    world.dispatch().await;
    world.advance(3 * SECOND);
    let claimed = gathering.claim().await;
    let of_attempts: BTreeMap<u32, Vec<u64>> = claimed
        .iter()
        .map(|one| (one.execution.attempt, numbers(&one.execution)))
        .collect();
    assert_eq!(
        of_attempts,
        BTreeMap::from([(1, vec![4]), (2, vec![1, 2, 3])])
    );
    for one in claimed {
        let failure = failure().filter(|_| one.execution.attempt == 2);
        gathering.end(&one, failure).await;
    }
    let (filter, page) = (DeadLetterFilter::default(), PageRequest::first());
    let letters = world.store.list_dead_letters(ctx, &filter, &page).await;
    let mut letters = letters.unwrap().items;
    letters.sort_by_key(|letter| letter.event);
    assert_eq!(letters.len(), 3);

    // A letter that runs again is alone, in the form that the script is used to.
    let letter = world
        .store
        .find_dead_letter(ctx, letters[1].id)
        .await
        .unwrap();
    assert_eq!(letter.payload.to_value()["number"], 2);
    let retry = world.store.retry_dead_letter(ctx, letter.id, None, None);
    retry.await.unwrap();
    let [again] = gathering.claim().await.try_into().unwrap();
    assert_eq!(numbers(&again.execution), [2]);
    gathering.end(&again, None).await;
    let letter = world.store.find_dead_letter(ctx, letter.id).await.unwrap();
    assert_eq!(letter.status.as_str(), "resolved");
    // It was not gathered with what came meanwhile.
    assert!(gathering.claim().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn what_was_parked_is_gathered_too(#[values(Sqlite, Postgres)] database: Database) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let (world, ctx, id) = (&gathering.world, &gathering.world.ctx, gathering.script.id);
    world.store.suspend(ctx, id, None).await.unwrap();
    for number in 1..6 {
        gathering.publish(1, number).await;
    }
    world.dispatch().await;
    world.store.resume(ctx, id, None).await.unwrap();
    world.dispatch().await;
    assert_eq!(gathering.ran().await, [vec![1, 2, 3]]);
    gathering.publish(1, 6).await;
    world.dispatch().await;
    assert_eq!(gathering.ran().await, [vec![4, 5, 6]]);
}

/// What is about the same thing waits for its seat also when it begins because it is full.
#[rstest]
#[tokio::test]
async fn what_is_gathered_takes_seats(#[values(Sqlite, Postgres)] database: Database) {
    let definition = Definition {
        concurrency: Some(Concurrency {
            key: Some("customer".into()),
            limit: 1,
            when_full: WhenFull::Queue,
        }),
        ..gathering(few())
    };
    let gathering = Gathering::on(database, definition).await;
    let world = &gathering.world;
    for number in 1..5 {
        gathering.publish(1, number).await;
    }
    world.dispatch().await;
    let [first] = gathering.claim().await.try_into().unwrap();
    assert_eq!(numbers(&first.execution), [1, 2, 3]);
    assert_eq!(first.execution.seat.as_ref().unwrap().key, "1");
    for number in 5..7 {
        gathering.publish(1, number).await;
    }
    world.dispatch().await;
    world.advance(SECOND);
    assert!(gathering.claim().await.is_empty());
    gathering.end(&first, None).await;
    assert_eq!(gathering.ran().await, [vec![4, 5, 6]]);
}

/// Large payloads: what is gathered stays below what an execution is given.
#[rstest]
#[tokio::test]
async fn bytes_are_bounded(#[values(Sqlite, Postgres)] database: Database) {
    let batch = Batch::within(1_000);
    let gathering = Gathering::on(database, gathering(batch)).await;
    let world = &gathering.world;
    let large = "x".repeat(250 << 10);
    for number in 1..6 {
        let payload = json!({ "number": number, "text": large });
        gathering.publish_of(payload, &[]).await;
        world.dispatch().await;
    }
    assert_eq!(gathering.ran().await, [vec![1, 2, 3, 4]]);
    world.advance(SECOND);
    assert_eq!(gathering.ran().await, [vec![5]]);
}

/// A server that ends, and one that claims while another delivers: each event is in one execution.
#[rstest]
#[tokio::test]
async fn each_event_is_given_once(#[values(Sqlite, Postgres)] database: Database) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let mut world = gathering.world;
    let script = gathering.script;
    for round in 0..20 {
        let gathering = Gathering {
            world,
            script: script.clone(),
        };
        for number in 0..4 {
            gathering.publish(1, round * 10 + number).await;
        }
        let store = gathering.world.store.clone();
        let mut delivering = JoinSet::new();
        delivering.spawn(async move { store.dispatch_events().await });
        let claimed = gathering.claim().await;
        let delivered = delivering.join_next().await.unwrap();
        delivered.unwrap().unwrap();
        for one in &claimed {
            gathering.end(one, None).await;
        }
        gathering.world.advance(Duration::from_millis(300));
        world = gathering.world;
        if round == 10 {
            world = world.reopen().await;
        }
    }
    world.dispatch().await;
    world.advance(SECOND);
    let gathering = Gathering { world, script };
    while !gathering.ran().await.is_empty() {}
    let (world, ctx) = (&gathering.world, &gathering.world.ctx);
    let all = world.executions(ctx, &ExecutionFilter::default()).await;
    let mut given = Vec::new();
    for one in all {
        let execution = world.store.find_execution(ctx, one.id).await.unwrap();
        assert_eq!(execution.status, ExecutionStatus::Completed);
        given.extend(numbers(&execution));
    }
    given.sort_unstable();
    let expected: Vec<u64> = (0..20)
        .flat_map(|r| (0..4).map(move |n| r * 10 + n))
        .collect();
    assert_eq!(given, expected);
}

/// The settings are where dispatch finds them, and in the version.
#[rstest]
#[tokio::test]
async fn settings_read_back(#[values(Sqlite, Postgres)] database: Database) {
    let gathering = Gathering::on(database, gathering(few())).await;
    let (world, ctx) = (&gathering.world, &gathering.world.ctx);
    let script = world.store.find_script(ctx, gathering.script.id).await;
    assert_eq!(script.unwrap().definition.trigger.batch(), Some(&few()));
    // An input that is no list is one payload, whatever it is.
    let execution = Execution {
        input: Json::from(json!([])),
        ..world.execution(&gathering.script)
    };
    assert_eq!(
        scriptorium_model::delivery::payloads(&execution.input),
        [Json::from(json!([]))]
    );
}
