//! Events of one key, one after another (R-EVT-17, P4.8), and events that are parked while a subscription is
//! suspended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::delivery::Delivery;
use scriptorium_model::event::Event;
use scriptorium_model::execution::ExecutionStatus::Cancelled;
use scriptorium_model::execution::{Execution, Failure};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::Script;
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{EventId, Json, ScriptId};
use scriptorium_store::{
    Claimed, DeadLetterFilter, DeliveryState, Error, Finished, Store, Written,
};
use serde_json::{Value, json};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, definition};

const LEASE: Duration = Duration::from_secs(60);

async fn listener(world: &World, order_by: Option<&str>, max_attempts: u32) -> Script {
    let subscription = Subscription {
        order_by: order_by.map(str::to_owned),
        max_attempts,
        ..Subscription::to(["order.changed"])
    };
    let script = definition("mine", Trigger::Event(subscription));
    let script = world.active(&world.ctx, script).await;
    world.dispatch().await;
    script
}

async fn publish_by(world: &World, store: &Store, key: Option<&str>, payload: Value) -> EventId {
    let event = Event {
        id: world.ambient.new_id(),
        tenant: world.ctx.tenant,
        kind: "order.changed".into(),
        payload: payload.into(),
        key: key.map(str::to_owned),
        script: None,
        execution: None,
        lineage: Vec::new(),
        created_at: world.now(),
    };
    let id = event.id;
    assert!(store.insert_event(&world.ctx, event).await.unwrap());
    id
}

/// Publishes an event of a client and delivers it.
async fn publish(world: &World, client: &str, number: u32) -> EventId {
    let payload = json!({ "client": client, "number": number });
    publish_by(world, &world.store, None, payload).await
}

async fn claim(world: &World) -> Vec<Claimed> {
    let claim = world.store.claim_pending(100, LEASE, &[], &|_| u32::MAX);
    claim.await.unwrap()
}

/// Client and number of what an execution is given.
fn of(execution: &Execution) -> (String, u64) {
    let input = execution.input.to_value();
    let client = input["client"].as_str().unwrap_or("none").to_owned();
    (client, input["number"].as_u64().unwrap())
}

async fn claimed(world: &World) -> BTreeMap<(String, u64), Claimed> {
    let claimed = claim(world).await.into_iter();
    claimed.map(|one| (of(&one.execution), one)).collect()
}

fn names(claimed: &BTreeMap<(String, u64), Claimed>) -> Vec<String> {
    let name = |((client, number), _): (&(String, u64), &Claimed)| format!("{client}{number}");
    claimed.iter().map(name).collect()
}

async fn end(world: &World, store: &Store, claimed: &Claimed, failure: Option<Failure>) -> Written {
    let mut execution = completed(claimed.execution.clone(), world.now());
    if let Some(failure) = failure {
        execution.status = failure.status();
        execution.output = None;
        execution.failure = Some(failure);
    }
    let finished = Finished {
        execution,
        lease: Some(claimed.lease),
        logs: Vec::new(),
        events: Vec::new(),
        notifications: Vec::new(),
        incidents: Vec::new(),
    };
    let commit = store.record(&world.ctx, finished).await.unwrap();
    commit.await.unwrap()
}

async fn complete(world: &World, claimed: &Claimed) {
    assert_eq!(
        end(world, &world.store, claimed, None).await,
        Written::Stored
    );
}

async fn fail(world: &World, claimed: &Claimed) {
    let failure = Some(Failure::new("script.threw", "no such client"));
    let written = end(world, &world.store, claimed, failure).await;
    assert_eq!(written, Written::Stored);
}

async fn letters(world: &World) -> usize {
    let (filter, page) = (DeadLetterFilter::default(), PageRequest::first());
    let page = world.store.list_dead_letters(&world.ctx, &filter, &page);
    page.await.unwrap().items.len()
}

async fn states(world: &World, event: EventId) -> Vec<DeliveryState> {
    let found = world.store.list_deliveries(&world.ctx, event).await;
    found
        .unwrap()
        .unwrap()
        .iter()
        .map(|one| one.state)
        .collect()
}

#[rstest]
#[tokio::test]
async fn events_of_one_value_are_run_one_after_another_also_when_they_fail(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, Some("client"), 2).await;
    let mut events = Vec::new();
    for (client, number) in [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)] {
        events.push(publish(&world, client, number).await);
    }
    // Without the member it is in no order.
    publish_by(&world, &world.store, None, json!({"number": 1})).await;
    publish_by(&world, &world.store, None, json!({"number": 2})).await;
    world.dispatch().await;

    let first = claimed(&world).await;
    assert_eq!(names(&first), ["a1", "b1", "none1", "none2"]);
    assert_eq!(states(&world, events[0]).await, [DeliveryState::Begun]);
    assert_eq!(states(&world, events[2]).await, [DeliveryState::Waiting]);
    complete(&world, &first[&("a".into(), 1)]).await;
    let second = claimed(&world).await;
    assert_eq!(names(&second), ["a2"], "b1 runs");
    assert_eq!(states(&world, events[2]).await, [DeliveryState::Begun]);
    let knows = Delivery::of(&second[&("a".into(), 2)].execution).unwrap();
    assert_eq!(
        (knows.event, knows.order.as_deref()),
        (events[2], Some("a"))
    );

    fail(&world, &first[&("b".into(), 1)]).await;
    complete(&world, &second[&("a".into(), 2)]).await;
    let third = claimed(&world).await;
    assert_eq!(names(&third), ["a3"], "b1 is tried again before b2 begins");
    world.advance(Duration::from_secs(3));
    let again = claimed(&world).await;
    assert_eq!(names(&again), ["b1"]);
    assert_eq!(letters(&world).await, 0);
    fail(&world, &again[&("b".into(), 1)]).await;
    assert_eq!(letters(&world).await, 1);
    let last = claimed(&world).await;
    assert_eq!(
        names(&last),
        ["b2"],
        "after a dead letter the next one begins"
    );
    complete(&world, &last[&("b".into(), 2)]).await;
    complete(&world, &third[&("a".into(), 3)]).await;

    // Nobody has the turn any more.
    publish(&world, "a", 4).await;
    world.dispatch().await;
    assert_eq!(names(&claimed(&world).await), ["a4"]);
}

#[rstest]
#[tokio::test]
async fn the_key_of_an_event_is_an_order_too(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    listener(&world, Some("key"), 1).await;
    let long = "k".repeat(200);
    for (key, number) in [(long.as_str(), 1), (&long, 2), ("other", 3)] {
        let payload = json!({ "number": number });
        publish_by(&world, &world.store, Some(key), payload).await;
    }
    let large = "x".repeat(10_000);
    for number in [4, 5] {
        let payload = json!({ "key": large, "number": number });
        publish_by(&world, &world.store, None, payload).await;
    }
    world.dispatch().await;
    assert_eq!(names(&claimed(&world).await), ["none1", "none3", "none4"]);
}

#[rstest]
#[tokio::test]
async fn however_a_run_ends_the_next_one_has_its_turn(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, Some("client"), 1).await;
    for number in 1..=4 {
        publish(&world, "a", number).await;
    }
    world.dispatch().await;
    // Cancelled before it began.
    let filter = scriptorium_store::ExecutionFilter::default();
    let [pending] = world
        .executions(&world.ctx, &filter)
        .await
        .try_into()
        .unwrap();
    let cancelled = world.store.request_cancel(&world.ctx, pending.id).await;
    assert_eq!(cancelled.unwrap().status, Cancelled);
    // Lost with its worker, at the last attempt.
    assert_eq!(names(&claimed(&world).await), ["a2"]);
    world.advance(LEASE * 2);
    let recovered = world.store.recover_orphans(world.now()).await.unwrap();
    assert_eq!(recovered.lost, 1);
    assert_eq!(letters(&world).await, 1);
    // Cancelled while nobody holds it.
    let third = claimed(&world).await;
    assert_eq!(names(&third), ["a3"]);
    let third = &third[&("a".into(), 3)];
    let id = third.execution.id;
    world.store.request_cancel(&world.ctx, id).await.unwrap();
    world.store.release(&[third.lease]).await.unwrap();
    assert_eq!(names(&claimed(&world).await), ["a4"]);
}

#[rstest]
#[tokio::test]
async fn a_turn_that_nobody_has_any_more_is_passed_on(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, Some("client"), 1).await;
    publish(&world, "a", 1).await;
    publish(&world, "a", 2).await;
    world.dispatch().await;
    assert_eq!(world.store.mend_turns().await.unwrap(), 0, "it is pending");
    // Whatever may have removed it.
    match &world.server {
        None => {
            let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
            file.execute("delete from executions", []).unwrap();
        }
        Some(server) => drop(server.psql("delete from scriptorium.executions")),
    }
    assert_eq!(claim(&world).await, []);
    assert_eq!(world.store.mend_turns().await.unwrap(), 1);
    assert_eq!(names(&claimed(&world).await), ["a2"]);
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

/// Events of a few keys are published on several servers whose workers fail, stop for ever, and come back too
/// late; servers start anew. At any moment one event of a key is under way, and what was published later is
/// never begun before what was published earlier has ended for good.
#[rstest]
#[tokio::test]
async fn nothing_overtakes_on_servers_that_are_killed(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(1, 2, 3)] seed: u64,
) {
    const EVENTS: u64 = 60;
    let mut dice = Dice(seed);
    let mut world = World::on(database).await;
    listener(&world, Some("client"), 3).await;
    let mut servers = vec![world.store.clone()];
    if database == Postgres {
        for _ in 0..2 {
            let server = Store::open(world.options.clone(), world.ambient.clone()).await;
            servers.push(server.unwrap());
        }
    }
    let mut published: BTreeMap<String, u64> = BTreeMap::new();
    let mut ledger = Ledger::default();
    let mut held: Vec<Claimed> = Vec::new();
    let mut stalled: Vec<Claimed> = Vec::new();
    let mut count = 0;
    while count < EVENTS || ledger.ended.len() < EVENTS as usize {
        let server = dice.roll(servers.len() as u64) as usize;
        match dice.roll(12) {
            0..=2 if count < EVENTS => {
                count += 1;
                let client = format!("c{}", dice.roll(4));
                let number = published.entry(client.clone()).or_default();
                *number += 1;
                // Another server's clock may be behind.
                let behind = Duration::from_secs(dice.roll(3));
                world.put_back(behind);
                let payload = json!({ "client": client, "number": number });
                publish_by(&world, &servers[server], None, payload).await;
                world.advance(behind);
            }
            3 | 4 => {
                servers[server].dispatch_events().await.unwrap();
            }
            5..=7 => {
                let claim = servers[server].claim_pending(2, LEASE, &[], &|_| u32::MAX);
                for one in claim.await.unwrap() {
                    ledger.begin(&one.execution);
                    held.push(one);
                }
            }
            8 | 9 if !held.is_empty() => {
                let one = held.swap_remove(dice.roll(held.len() as u64) as usize);
                let fails = dice.roll(3) == 0;
                let failure = fails.then(|| Failure::new("script.threw", "no"));
                if end(&world, &servers[server], &one, failure).await == Written::Stored {
                    ledger.end(&one.execution, fails);
                }
            }
            10 if !held.is_empty() && dice.roll(3) == 0 => {
                // Its worker stands still until after its lease.
                stalled.push(held.swap_remove(dice.roll(held.len() as u64) as usize));
                world.advance(LEASE + Duration::from_secs(1));
                for one in held.drain(..) {
                    stalled.push(one);
                }
                let recovered = servers[server].recover_orphans(world.now()).await.unwrap();
                ledger.lose(&stalled, recovered.lost);
                for one in stalled.drain(..) {
                    let late = end(&world, &servers[server], &one, None).await;
                    assert_eq!(late, Written::Discarded);
                }
            }
            11 if dice.roll(4) == 0 => {
                // A server is killed and started: what it had claimed is nobody's.
                match database {
                    Sqlite => {
                        drop(servers.drain(..));
                        world = world.reopen().await;
                        servers.push(world.store.clone());
                        let lost = std::mem::take(&mut held);
                        ledger.requeue(&lost);
                    }
                    Postgres => {
                        let killed = servers.remove(servers.len() - 1);
                        drop(killed);
                        let opened = Store::open(world.options.clone(), world.ambient.clone());
                        servers.push(opened.await.unwrap());
                    }
                }
            }
            _ => world.advance(Duration::from_millis(700)),
        }
    }
    assert_eq!(ledger.ended.len(), EVENTS as usize);
    for server in servers.into_iter().skip(1) {
        server.close().await;
    }
}

/// What was seen: which event of a client is under way, and which have ended.
#[derive(Default)]
struct Ledger {
    under_way: BTreeMap<String, u64>,
    ended: BTreeSet<(String, u64)>,
}

impl Ledger {
    fn begin(&mut self, execution: &Execution) {
        let (client, number) = of(execution);
        let under_way = self.under_way.entry(client.clone()).or_insert(number);
        assert_eq!(*under_way, number, "two of {client} are under way");
        for before in 1..number {
            let before = (client.clone(), before);
            assert!(self.ended.contains(&before), "{number} overtook {before:?}");
        }
    }

    fn end(&mut self, execution: &Execution, failed: bool) {
        // It stays under way while it is tried again.
        if !failed || execution.attempt >= execution.terms.max_attempts {
            let (client, number) = of(execution);
            self.under_way.remove(&client);
            assert!(self.ended.insert((client, number)), "it ended twice");
        }
    }

    /// Some of those whose lease ended had their last attempt.
    fn lose(&mut self, stalled: &[Claimed], lost: u64) {
        let last = |one: &&Claimed| one.execution.attempt >= one.execution.terms.max_attempts;
        let of_last: Vec<&Claimed> = stalled.iter().filter(last).collect();
        assert_eq!(of_last.len() as u64, lost);
        for one in of_last {
            self.end(&one.execution, true);
        }
    }

    fn requeue(&mut self, killed: &[Claimed]) {
        for one in killed {
            self.end(&one.execution, true);
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_is_published_while_suspended_is_parked_and_delivered_in_order(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = listener(&world, None, 1).await;
    let (store, ctx) = (&world.store, &world.ctx);
    assert_eq!(store.find_suspension(ctx, script.id).await.unwrap(), None);
    let suspended = store
        .suspend(ctx, script.id, Some("the shop is closed"))
        .await;
    let suspended = suspended.unwrap();
    assert_eq!((suspended.since, suspended.parked), (world.now(), 0));
    assert_eq!(suspended.by, ctx.actor.user());
    assert!(matches!(
        store.suspend(ctx, script.id, None).await,
        Err(Error::Conflict {
            what: "forbidden_move",
            ..
        })
    ));
    let mut events = Vec::new();
    for number in 1..=5 {
        events.push(publish(&world, "a", number).await);
    }
    let done = world.dispatch().await;
    assert_eq!((done.events, done.executions), (5, 0));
    assert_eq!(claim(&world).await, []);
    assert_eq!(states(&world, events[0]).await, [DeliveryState::Parked]);
    assert_eq!(parked(&world, script.id).await, events);
    let found = store
        .find_suspension(ctx, script.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.parked, found.resuming), (5, false));

    // One of them nobody wants.
    let discard = store.discard_parked(ctx, script.id, Some(events[1]), "a test");
    assert_eq!(discard.await.unwrap(), 1);
    let again = store.discard_parked(ctx, script.id, Some(events[1]), "a test");
    assert!(matches!(again.await, Err(Error::NotFound)));
    assert_eq!(states(&world, events[1]).await, [DeliveryState::Discarded]);

    let resumed = store.resume(ctx, script.id, None).await.unwrap();
    assert_eq!((resumed.resuming, resumed.parked), (true, 4));
    let late = publish(&world, "a", 6).await;
    world.dispatch().await;
    let ran: Vec<u64> = claim(&world)
        .await
        .iter()
        .map(|c| of(&c.execution).1)
        .collect();
    assert_eq!(ran, [1, 3, 4, 5, 6]);
    assert_eq!(states(&world, late).await, [DeliveryState::Begun]);
    assert_eq!(store.find_suspension(ctx, script.id).await.unwrap(), None);
    assert!(matches!(
        store.resume(ctx, script.id, None).await,
        Err(Error::Conflict {
            what: "forbidden_move",
            ..
        })
    ));
    let mut told = audited(&world, "subscription").await;
    told.reverse();
    assert_eq!(
        told,
        [
            (
                "subscription.suspended",
                Some(json!({"reason": "the shop is closed"}))
            ),
            (
                "subscription.discarded",
                Some(json!({"reason": "a test", "events": 1, "event_id": events[1].0}))
            ),
            ("subscription.resumed", Some(json!({"per_minute": null}))),
        ]
    );
}

async fn parked(world: &World, script: ScriptId) -> Vec<EventId> {
    let mut found = Vec::new();
    let mut page = PageRequest::new(Some(2), None).unwrap();
    loop {
        let part = world.store.list_parked(&world.ctx, script, &page).await;
        let part = part.unwrap();
        found.extend(part.items.iter().map(|one| one.event));
        match part.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => return found,
        }
    }
}

async fn audited(world: &World, action: &str) -> Vec<(&'static str, Option<Value>)> {
    let filter = AuditFilter {
        action: Some(action.into()),
        ..AuditFilter::default()
    };
    let page = PageRequest::first();
    let list = world.store.list_audit(&world.ctx, &filter, &page).await;
    let entries = list.unwrap().items.into_iter();
    entries
        .map(|entry| {
            (
                entry.action.as_str(),
                entry.after.as_ref().map(Json::to_value),
            )
        })
        .collect()
}

#[rstest]
#[tokio::test]
async fn what_is_parked_is_delivered_at_a_rate_and_before_what_is_new(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = listener(&world, None, 1).await;
    let (store, ctx) = (&world.store, &world.ctx);
    store.suspend(ctx, script.id, None).await.unwrap();
    for number in 1..=4 {
        publish(&world, "a", number).await;
    }
    world.dispatch().await;
    store.resume(ctx, script.id, Some(60)).await.unwrap();
    let ran = async || {
        let due = world.dispatch().await.due;
        let claimed = claim(&world).await;
        let numbers: Vec<u64> = claimed.iter().map(|c| of(&c.execution).1).collect();
        (numbers, due)
    };
    assert_eq!(ran().await.0, [1]);
    // What is new goes to the end of the line.
    publish(&world, "a", 5).await;
    let (numbers, due) = ran().await;
    assert_eq!(
        (numbers, due),
        (vec![], Some(world.now() + Duration::from_secs(1)))
    );
    world.advance(Duration::from_secs(1));
    assert_eq!(ran().await.0, [2]);
    world.advance(Duration::from_secs(2));
    assert_eq!(ran().await.0, [3, 4]);
    world.advance(Duration::from_secs(1));
    assert_eq!(ran().await.0, [5]);
    world.advance(Duration::from_secs(1));
    assert_eq!(ran().await, (vec![], None));
    publish(&world, "a", 6).await;
    assert_eq!(ran().await.0, [6]);
}

#[rstest]
#[tokio::test]
async fn what_is_parked_keeps_its_order(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = listener(&world, Some("client"), 1).await;
    let (store, ctx) = (&world.store, &world.ctx);
    publish(&world, "a", 1).await;
    let waits = publish(&world, "a", 2).await;
    world.dispatch().await;
    let first = claimed(&world).await;
    assert_eq!(names(&first), ["a1"]);
    store.suspend(ctx, script.id, None).await.unwrap();
    assert_eq!(states(&world, waits).await, [DeliveryState::Parked]);
    publish(&world, "a", 3).await;
    publish(&world, "b", 1).await;
    world.dispatch().await;
    store.resume(ctx, script.id, None).await.unwrap();
    world.dispatch().await;
    // What ran before it was suspended still has its turn.
    let second = claimed(&world).await;
    assert_eq!(names(&second), ["b1"]);
    complete(&world, &first[&("a".into(), 1)]).await;
    let third = claimed(&world).await;
    assert_eq!(names(&third), ["a2"]);

    // Suspended while it runs, and ended meanwhile: nothing has the turn when it resumes.
    store.suspend(ctx, script.id, None).await.unwrap();
    complete(&world, &third[&("a".into(), 2)]).await;
    assert_eq!(claim(&world).await, []);
    store.resume(ctx, script.id, None).await.unwrap();
    world.dispatch().await;
    assert_eq!(names(&claimed(&world).await), ["a3"]);
}

#[rstest]
#[tokio::test]
async fn much_that_is_parked_is_delivered_or_discarded(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = listener(&world, None, 1).await;
    let (store, ctx) = (&world.store, &world.ctx);
    for _ in 0..2 {
        store.suspend(ctx, script.id, None).await.unwrap();
        for number in 0..600 {
            publish(&world, "a", number).await;
        }
        assert_eq!(world.dispatch().await.events, 600);
        if claim(&world).await.is_empty() {
            let discard = store.discard_parked(ctx, script.id, None, "not needed");
            assert_eq!(discard.await.unwrap(), 600);
        }
        store.resume(ctx, script.id, None).await.unwrap();
        assert_eq!(world.dispatch().await.executions, 0);
    }
    store.suspend(ctx, script.id, None).await.unwrap();
    for number in 0..300 {
        publish(&world, "a", number).await;
    }
    world.dispatch().await;
    store.resume(ctx, script.id, None).await.unwrap();
    assert_eq!(world.dispatch().await.executions, 300);
    assert_eq!(store.find_suspension(ctx, script.id).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_stranger_suspends_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = listener(&world, None, 1).await;
    let (store, other) = (&world.store, &world.other);
    let refused = store.suspend(other, script.id, None).await;
    assert!(matches!(refused, Err(Error::NotFound)));
    store.suspend(&world.ctx, script.id, None).await.unwrap();
    publish(&world, "a", 1).await;
    world.dispatch().await;
    let refused = store.resume(other, script.id, None).await;
    assert!(matches!(refused, Err(Error::NotFound)));
    let refused = store.discard_parked(other, script.id, None, "no").await;
    assert!(matches!(refused, Err(Error::NotFound)));
    assert_eq!(store.find_suspension(other, script.id).await.unwrap(), None);
    let page = PageRequest::first();
    let seen = store.list_parked(other, script.id, &page).await.unwrap();
    assert_eq!(seen.items, []);
    let one_off = world.script("by hand").await;
    let refused = store.suspend(&world.ctx, one_off.id, None).await;
    assert!(matches!(refused, Err(Error::NotFound)));
}
