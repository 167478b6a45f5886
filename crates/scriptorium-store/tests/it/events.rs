//! Delivering events: to whom, once each, in their order; what follows when that fails.

use std::collections::HashMap;
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::dead_letter::DeadLetterStatus;
use scriptorium_model::delivery::{Delivery, MAX_DEPTH};
use scriptorium_model::event::Event;
use scriptorium_model::execution::ExecutionStatus::{Completed, Failed, Pending};
use scriptorium_model::execution::{Execution, Failure, TriggerKind};
use scriptorium_model::filter::Filter;
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{Ctx, EventId, Json, ScriptId};
use scriptorium_store::events::EventFilter;
use scriptorium_store::{
    Claimed, DeadLetterFilter, DeadLetterSummary, Dispatched, ExecutionFilter, Finished, Written,
};
use serde_json::json;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, definition, on, tenant};

const LEASE: Duration = Duration::from_secs(60);

fn event(world: &World, ctx: &Ctx, kind: &str, payload: serde_json::Value) -> Event {
    Event {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        kind: kind.into(),
        payload: payload.into(),
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: world.now(),
    }
}

async fn publish(world: &World, kind: &str, payload: serde_json::Value) -> EventId {
    let event = event(world, &world.ctx, kind, payload);
    let id = event.id;
    assert!(world.store.insert_event(&world.ctx, event).await.unwrap());
    id
}

async fn listener(world: &World, name: &str, subscription: Subscription) -> Script {
    let definition = definition(name, Trigger::Event(subscription));
    world.active(&world.ctx, definition).await
}

async fn claim(world: &World) -> Vec<Claimed> {
    let claim = world.store.claim_pending(100, LEASE, &[], &|_| u32::MAX);
    claim.await.unwrap()
}

/// Claims the only execution that may begin.
async fn claim_one(world: &World) -> Claimed {
    let [claimed] = claim(world).await.try_into().unwrap();
    claimed
}

async fn fail(world: &World, claimed: Claimed, failure: Failure) -> Execution {
    let execution = Execution {
        status: failure.status(),
        failure: Some(failure),
        output: None,
        ..completed(claimed.execution, world.now())
    };
    let ctx = Ctx::platform(execution.tenant);
    let commit = world.record(&ctx, execution.clone(), Some(claimed.lease));
    assert_eq!(commit.await.await.unwrap(), Written::Stored);
    execution
}

fn threw() -> Failure {
    Failure {
        stack: Some("    at handleEvent (script:3:1)".into()),
        ..Failure::new("script.threw", "no such client")
    }
}

async fn letters(world: &World) -> Vec<DeadLetterSummary> {
    let (filter, page) = (DeadLetterFilter::default(), PageRequest::first());
    let page = world.store.list_dead_letters(&world.ctx, &filter, &page);
    page.await.unwrap().items
}

async fn pending(world: &World) -> usize {
    let filter = ExecutionFilter {
        status: Some(Pending),
        ..ExecutionFilter::default()
    };
    world.executions(&world.ctx, &filter).await.len()
}

#[rstest]
#[tokio::test]
async fn an_event_starts_each_script_that_asks_for_it_once(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let text = r#"{"field":"total","op":"gt","value":100}"#;
    let large = Filter::parse(Json::parse(text).unwrap()).unwrap();
    let subscriptions = [
        ("exact", Subscription::to(["order.created"])),
        ("several", Subscription::to(["order.paid", "order.created"])),
        ("beginning", Subscription::to(["order.*"])),
        ("everything", Subscription::to(["*"])),
        ("twice", Subscription::to(["order.*", "order.created", "*"])),
        ("another", Subscription::to(["client.*", "order.lost"])),
        (
            "filtered",
            Subscription {
                filter: Some(large),
                ..Subscription::to(["order.created"])
            },
        ),
    ];
    let mut names: HashMap<ScriptId, &str> = HashMap::new();
    for (name, subscription) in subscriptions {
        names.insert(listener(&world, name, subscription).await.id, name);
    }
    let draft = definition("draft", on(&["order.created"]));
    world.add(&world.ctx, draft).await;
    let theirs = definition("theirs", on(&["*"]));
    world.active(&world.other, theirs).await;
    world.dispatch().await;
    assert_eq!(
        claim(&world).await,
        [],
        "* is not told of the platform itself"
    );

    let started = async |kind: &str, payload| {
        publish(&world, kind, payload).await;
        let done = world.dispatch().await;
        let claimed = claim(&world).await;
        assert_eq!((done.events, done.executions), (1, claimed.len() as u64));
        let mut started: Vec<&str> = claimed.iter().map(|c| names[&c.execution.script]).collect();
        started.sort_unstable();
        started
    };
    let most = ["beginning", "everything", "exact", "several", "twice"];
    assert_eq!(started("order.created", json!({"total": 100})).await, most);
    let all = [
        "beginning",
        "everything",
        "exact",
        "filtered",
        "several",
        "twice",
    ];
    assert_eq!(started("order.created", json!({"total": 101})).await, all);
    let paid = ["beginning", "everything", "several", "twice"];
    assert_eq!(started("order.paid", json!(null)).await, paid);
    let line = ["beginning", "everything", "twice"];
    assert_eq!(started("order.line.added", json!({})).await, line);
    assert_eq!(
        started("client.created", json!({})).await,
        ["another", "everything", "twice"]
    );
    assert_eq!(started("jsruntime.script.x", json!({})).await, [""; 0]);
}

#[rstest]
#[tokio::test]
async fn an_execution_knows_the_event_that_started_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let subscription = Subscription {
        priority: 7,
        max_attempts: 2,
        ..Subscription::to(["order.created"])
    };
    let script = listener(&world, "mine", subscription).await;
    world.dispatch().await;
    let mut published = event(&world, &world.ctx, "order.created", json!({"total": 5}));
    published.script = Some(world.ambient.new_id());
    published.execution = Some(world.ambient.new_id());
    published.lineage = vec!["order.paid → first".into()];
    let (store, ctx) = (&world.store, &world.ctx);
    store.insert_event(ctx, published.clone()).await.unwrap();
    assert_eq!(
        store.list_deliveries(ctx, published.id).await.unwrap(),
        None
    );
    world.advance(Duration::from_secs(3));
    world.dispatch().await;

    let execution = claim_one(&world).await.execution;
    assert_eq!(execution.trigger, TriggerKind::Event);
    assert_eq!((execution.attempt, execution.terms.max_attempts), (1, 2));
    assert_eq!((execution.script, execution.terms.priority), (script.id, 7));
    let delivery = Delivery::of(&execution).unwrap();
    let event = delivery.to_event(execution.tenant, execution.input.clone());
    assert_eq!(event, published);
    let delivered = store
        .list_deliveries(ctx, published.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(delivered.len(), 1);
    assert_eq!(
        (delivered[0].script, delivered[0].execution),
        (script.id, Some(execution.id))
    );
    assert_eq!(delivered[0].at, world.now());
}

#[rstest]
#[tokio::test]
async fn an_event_is_delivered_once_however_many_look(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, "one", Subscription::to(["order.created"])).await;
    listener(&world, "two", Subscription::to(["order.*"])).await;
    world.dispatch().await;
    const EVENTS: u64 = 300;
    for number in 0..EVENTS {
        publish(&world, "order.created", json!({"number": number})).await;
    }
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = world.store.clone();
        looks.spawn(async move {
            let mut done = Dispatched::default();
            for _ in 0..3 {
                done += store.dispatch_events().await.unwrap();
            }
            done
        });
    }
    let mut done = world.dispatch().await;
    for part in looks.join_all().await {
        done += part;
    }
    done += world.dispatch().await;
    assert!(!done.failed);
    assert_eq!((done.events, done.executions), (EVENTS, 2 * EVENTS));
}

#[rstest]
#[tokio::test]
async fn executions_are_in_the_order_of_the_events_and_of_priority(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, "usual", Subscription::to(["order.created"])).await;
    let urgent = Subscription {
        priority: 9,
        ..Subscription::to(["order.created"])
    };
    listener(&world, "urgent", urgent).await;
    world.dispatch().await;
    let mut expected = Vec::new();
    // Two of them in one instant, and one whose publisher's clock is behind.
    for pause in [0, 1, 0, 5] {
        world.advance(Duration::from_millis(pause));
        expected.push(publish(&world, "order.created", json!({})).await);
    }
    world.put_back(Duration::from_millis(20));
    expected.push(publish(&world, "order.created", json!({})).await);
    world.dispatch().await;
    let claimed = claim(&world).await;
    let events = |priority: u32| -> Vec<EventId> {
        let of = claimed
            .iter()
            .filter(|c| c.execution.terms.priority == priority);
        of.map(|c| Delivery::of(&c.execution).unwrap().event)
            .collect()
    };
    assert_eq!(events(0), expected);
    assert_eq!(events(9), expected);
    let first = claimed.iter().take(5);
    assert!(first.map(|c| c.execution.terms.priority).eq([9; 5]));
}

#[rstest]
#[tokio::test]
async fn what_fails_for_a_while_is_tried_again_and_kept_in_the_end(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = listener(&world, "mine", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    let id = publish(&world, "order.created", json!({"total": 1})).await;
    world.dispatch().await;
    let mut first = None;
    for (attempt, wait) in [(1, 2.0), (2, 4.0), (3, 8.0)] {
        let claimed = claim_one(&world).await;
        assert_eq!(claimed.execution.attempt, attempt);
        assert_eq!(claimed.execution.first_execution, first);
        let failed = fail(&world, claimed, threw()).await;
        first = first.or(Some(failed.id));
        assert_eq!(letters(&world).await, []);
        // A fifth of jitter at most.
        world.advance(Duration::from_secs_f64(wait * 0.79));
        assert_eq!(claim(&world).await, [], "too early after attempt {attempt}");
        world.advance(Duration::from_secs_f64(wait * 0.42));
    }
    let last = claim_one(&world).await;
    let last = fail(&world, last, threw()).await;
    assert_eq!((last.attempt, last.first_execution), (4, first));
    assert_eq!(pending(&world).await, 0);

    let [letter] = letters(&world).await.try_into().unwrap();
    let letter = world.store.find_dead_letter(&world.ctx, letter.id).await;
    let letter = letter.unwrap();
    assert_eq!((letter.event, letter.script), (id, script.id));
    assert_eq!(letter.execution, Some(last.id));
    assert_eq!((letter.attempts, letter.max_attempts), (4, 4));
    assert_eq!(letter.status, DeadLetterStatus::Pending);
    assert_eq!(letter.payload, Json::from(json!({"total": 1})));
    assert_eq!(letter.event_type, "order.created");
    assert_eq!(letter.cause.code, "script.threw");
    assert_eq!(letter.cause.stack, threw().stack);
    assert_eq!(letter.failed_at, world.now());
}

/// REL-17: a script publishes, and fails afterwards.
#[rstest]
#[tokio::test]
async fn what_is_tried_again_publishes_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let subscription = Subscription {
        max_attempts: 3,
        ..Subscription::to(["order.created"])
    };
    listener(&world, "mine", subscription).await;
    world.dispatch().await;
    publish(&world, "order.created", json!({})).await;
    world.dispatch().await;
    let ctx = Ctx::platform(world.ctx.tenant);
    for (attempt, told) in [(1, 0), (2, 0), (3, 1)] {
        let claimed = claim_one(&world).await;
        let execution = Execution {
            status: threw().status(),
            failure: Some(threw()),
            output: None,
            ..completed(claimed.execution, world.now())
        };
        let finished = Finished {
            execution,
            lease: Some(claimed.lease),
            logs: Vec::new(),
            events: vec![event(&world, &world.ctx, "invoice.requested", json!({}))],
            notifications: Vec::new(),
            incidents: Vec::new(),
        };
        let commit = world.store.record(&ctx, finished).await.unwrap();
        assert_eq!(commit.await.unwrap(), Written::Stored);
        let filter = EventFilter {
            kind: Some("invoice.requested".into()),
        };
        let page = PageRequest::first();
        let events = world.store.list_events(&world.ctx, &filter, &page).await;
        assert_eq!(events.unwrap().items.len(), told, "after attempt {attempt}");
        world.advance(Duration::from_secs(20));
    }
}

#[rstest]
#[tokio::test]
async fn what_does_not_pass_is_kept_at_once(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    listener(&world, "mine", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    for code in ["script.bad_input", "platform.not_active", "script.syntax"] {
        publish(&world, "order.created", json!({})).await;
        world.dispatch().await;
        let claimed = claim_one(&world).await;
        fail(&world, claimed, Failure::new(code, "no")).await;
        assert_eq!(pending(&world).await, 0);
        let letters = letters(&world).await;
        assert_eq!(
            (letters[0].error_code.as_str(), letters[0].attempts),
            (code, 1)
        );
        world.advance(Duration::from_secs(1));
    }
}

#[rstest]
#[tokio::test]
async fn what_a_script_asks_to_wait_for_is_waited_for(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, "mine", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    publish(&world, "order.created", json!({})).await;
    world.dispatch().await;
    let later = Failure {
        details: Some(json!({"details": {"retryAfterMs": 60_000}}).into()),
        ..threw()
    };
    let claimed = claim_one(&world).await;
    fail(&world, claimed, later).await;
    world.advance(Duration::from_secs(59));
    assert_eq!(claim(&world).await, []);
    assert_eq!(
        world.store.next_due(),
        Some(world.now() + Duration::from_secs(1))
    );
    world.advance(Duration::from_secs(1));
    assert_eq!(claim_one(&world).await.execution.attempt, 2);
}

#[rstest]
#[tokio::test]
async fn an_event_that_ends_its_workers_has_as_many_attempts_as_any(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, "deadly", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    publish(&world, "order.created", json!({})).await;
    world.dispatch().await;
    // One way of failing or the other: each attempt counts.
    let lost = claim_one(&world).await;
    assert_eq!(lost.execution.attempt, 1);
    world.advance(LEASE);
    world.store.recover_orphans(world.now()).await.unwrap();
    let failed = claim_one(&world).await;
    assert_eq!(failed.execution.attempt, 2);
    fail(&world, failed, threw()).await;
    world.advance(Duration::from_secs(5));
    for attempt in [3, 4] {
        assert_eq!(claim_one(&world).await.execution.attempt, attempt);
        world.advance(LEASE);
        world.store.recover_orphans(world.now()).await.unwrap();
    }
    assert_eq!(claim(&world).await, []);
    let [letter] = letters(&world).await.try_into().unwrap();
    assert_eq!(
        (letter.error_code.as_str(), letter.attempts),
        ("platform.lost", 4)
    );
}

#[rstest]
#[tokio::test]
async fn what_somebody_cancels_is_neither_tried_again_nor_kept(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    listener(&world, "mine", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    publish(&world, "order.created", json!({})).await;
    world.dispatch().await;
    let claimed = claim_one(&world).await;
    store
        .request_cancel(ctx, claimed.execution.id)
        .await
        .unwrap();
    store.release(&[claimed.lease]).await.unwrap();
    publish(&world, "order.created", json!({})).await;
    world.dispatch().await;
    let waits = ExecutionFilter {
        status: Some(Pending),
        ..ExecutionFilter::default()
    };
    let waits = world.executions(ctx, &waits).await[0].id;
    store.request_cancel(ctx, waits).await.unwrap();
    assert_eq!(claim(&world).await, []);
    assert_eq!(letters(&world).await, []);
    assert_eq!(pending(&world).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_letter_that_is_taken_up_is_told_how_that_ended(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    listener(&world, "mine", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    publish(&world, "order.created", json!({})).await;
    world.dispatch().await;
    let claimed = claim_one(&world).await;
    fail(&world, claimed, Failure::new("script.bad_input", "no")).await;
    let letter = letters(&world).await[0].id;
    for (ends_well, expected) in [
        (false, DeadLetterStatus::Pending),
        (true, DeadLetterStatus::Resolved),
    ] {
        let taken = store.retry_dead_letter(ctx, letter, None, None).await;
        let (_, execution) = taken.unwrap();
        let claimed = claim_one(&world).await;
        assert_eq!(claimed.execution.id, execution.id);
        if ends_well {
            let ended = completed(claimed.execution, world.now());
            let commit = world.record(ctx, ended, Some(claimed.lease)).await;
            commit.await.unwrap();
        } else {
            fail(&world, claimed, threw()).await;
        }
        let found = store.find_dead_letter(ctx, letter).await.unwrap();
        assert_eq!(found.status, expected);
        assert_eq!(
            pending(&world).await,
            0,
            "a person decides, and nobody else"
        );
    }
    assert_eq!(letters(&world).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_lineage_of_events_ends_in_a_letter_that_names_the_loop(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    listener(&world, "echo", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    let mut lineage = Vec::new();
    for depth in 0..=MAX_DEPTH {
        let published = Event {
            lineage: lineage.clone(),
            key: None,
            ..event(&world, &world.ctx, "order.created", json!({"depth": depth}))
        };
        world
            .store
            .insert_event(&world.ctx, published)
            .await
            .unwrap();
        world.dispatch().await;
        let claimed = claim_one(&world).await;
        lineage = scriptorium_model::delivery::lineage_of(&claimed.execution);
        let ended = completed(claimed.execution, world.now());
        let commit = world.record(&world.ctx, ended, Some(claimed.lease)).await;
        commit.await.unwrap();
    }
    let published = Event {
        lineage,
        key: None,
        ..event(&world, &world.ctx, "order.created", json!({}))
    };
    let id = published.id;
    world
        .store
        .insert_event(&world.ctx, published)
        .await
        .unwrap();
    let done = world.dispatch().await;
    assert_eq!((done.executions, done.dead_letters), (0, 1));
    let [letter] = letters(&world).await.try_into().unwrap();
    assert_eq!(letter.error_code, "platform.event_loop");
    let expected = "more than 16 runs led to this event; the loop: order.created → echo";
    assert_eq!(letter.error_message, expected);
    assert_eq!(letter.execution, None);
    let delivered = world.store.list_deliveries(&world.ctx, id).await.unwrap();
    assert_eq!(delivered.unwrap()[0].execution, None);
}

#[rstest]
#[tokio::test]
async fn who_listens_to_executions_is_not_told_of_itself(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(
        "jsruntime.*",
        "jsruntime.execution.*",
        "jsruntime.execution.completed"
    )]
    pattern: &str,
) {
    let world = World::on(database).await;
    listener(&world, "watcher", Subscription::to([pattern])).await;
    listener(&world, "worker", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    // What told of the scripts themselves.
    for claimed in claim(&world).await {
        let ended = completed(claimed.execution, world.now());
        let commit = world.record(&world.ctx, ended, Some(claimed.lease)).await;
        commit.await.unwrap();
    }
    assert_eq!(world.dispatch().await.executions, 0);
    publish(&world, "order.created", json!({})).await;
    let mut ran = Vec::new();
    while world.dispatch().await.executions > 0 {
        for claimed in claim(&world).await {
            let delivery = Delivery::of(&claimed.execution).unwrap();
            ran.push((
                claimed.execution.script_name.clone(),
                delivery.kind,
                delivery.lineage,
            ));
            let ended = completed(claimed.execution, world.now());
            let commit = world.record(&world.ctx, ended, Some(claimed.lease)).await;
            commit.await.unwrap();
        }
    }
    let of_watcher = ran.iter().filter(|(name, ..)| name == "watcher");
    let of_watcher: Vec<_> = of_watcher.collect();
    let expected = if pattern.ends_with("completed") { 1 } else { 2 };
    assert_eq!(of_watcher.len(), expected, "{ran:?}");
    assert_eq!(of_watcher[0].2, ["order.created → worker"]);
    assert_eq!(ran.len(), expected + 1);
}

#[rstest]
#[tokio::test]
async fn an_event_of_nobody_waits_no_longer_and_goes_with_its_time(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = listener(&world, "mine", Subscription::to(["order.created"])).await;
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    let (store, ctx) = (&world.store, &world.ctx);
    store
        .set_status(ctx, script.id, from, to, None)
        .await
        .unwrap();
    let id = publish(&world, "order.created", json!({})).await;
    let waits = publish(&world, "order.paid", json!({})).await;
    let done = world.dispatch().await;
    assert_eq!((done.executions, done.dead_letters), (0, 0));
    assert_eq!(
        store.list_deliveries(ctx, id).await.unwrap(),
        Some(Vec::new())
    );
    assert_eq!(
        store.list_deliveries(ctx, waits).await.unwrap(),
        Some(Vec::new())
    );

    let late = publish(&world, "order.created", json!({})).await;
    world.advance(Duration::from_secs(91 * 86_400));
    store.maintain(world.now()).await.unwrap();
    assert!(store.find_event(ctx, id).await.is_err());
    store
        .find_event(ctx, late)
        .await
        .expect("nobody has looked at it");
    world.dispatch().await;
    store.maintain(world.now()).await.unwrap();
    assert!(store.find_event(ctx, late).await.is_err());
}

#[rstest]
#[tokio::test]
async fn only_what_delivers_an_event_is_tried_again(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("by hand").await;
    world.pending(&world.ctx, &script).await;
    let claimed = claim_one(&world).await;
    let failed = fail(&world, claimed, threw()).await;
    let found = world.store.find_execution(&world.ctx, failed.id).await;
    assert_eq!(found.unwrap().status, Failed);
    assert_eq!(pending(&world).await, 0);
    assert_eq!(letters(&world).await, []);
}

#[tokio::test]
async fn an_event_recorded_before_a_process_ended_is_delivered_by_the_next() {
    let world = World::new().await;
    listener(&world, "mine", Subscription::to(["order.created"])).await;
    world.dispatch().await;
    publish(&world, "order.created", json!({})).await;
    let world = world.reopen().await;
    world.dispatch().await;
    let claimed = claim_one(&world).await;
    let world = world.reopen().await;
    assert_eq!(world.dispatch().await, Dispatched::default());
    let again = claim_one(&world).await;
    assert_eq!(again.execution.id, claimed.execution.id);
    let ended = completed(again.execution, world.now());
    let commit = world
        .record(&world.ctx, ended.clone(), Some(again.lease))
        .await;
    assert_eq!(commit.await.unwrap(), Written::Stored);
    let found = world.store.find_execution(&world.ctx, ended.id).await;
    assert_eq!(found.unwrap().status, Completed);
}

/// Tenants share a transaction on SQLite; of four, the third cannot be written, and the others are delivered
/// in the same look.
#[tokio::test]
async fn events_of_a_tenant_that_cannot_be_delivered_hold_up_nobody() {
    let world = World::new().await;
    let mut tenants = Vec::new();
    for slug in ["second", "third", "fourth", "fifth"] {
        tenants.push(tenant(&world.store, &world.ambient, slug).await);
    }
    tenants.sort_by_key(|ctx| ctx.tenant);
    for ctx in &tenants {
        let trigger = Trigger::Event(Subscription::to(["order.created"]));
        world.active(ctx, definition("mine", trigger)).await;
    }
    world.dispatch().await;
    for ctx in &tenants {
        let event = event(&world, ctx, "order.created", json!({}));
        assert!(world.store.insert_event(ctx, event).await.unwrap());
    }
    let broken = tenants[2].tenant;
    let db = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    let refuse = format!(
        "create trigger refused before insert on event_deliveries \
         when new.tenant_id = x'{}' begin select raise(abort, 'no'); end",
        broken.0.simple()
    );
    db.execute_batch(&refuse).unwrap();
    let done = world.store.dispatch_events().await.unwrap();
    assert!(done.failed);
    assert_eq!((done.events, done.executions), (3, 3));
    let delivered: Vec<_> = claim(&world).await;
    assert!(delivered.iter().all(|one| one.execution.tenant != broken));
    db.execute_batch("drop trigger refused").unwrap();
    assert_eq!(world.dispatch().await.executions, 1);
}
