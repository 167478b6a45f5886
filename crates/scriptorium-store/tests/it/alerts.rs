//! Alerts (R-EVT-14): one for each kind and script until somebody says that they know, and never a loop.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::alert::{Alert, AlertKind};
use scriptorium_model::delivery::Delivery;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, Failure};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{Ctx, TenantId};
use scriptorium_store::events::EventFilter;
use scriptorium_store::{AlertFilter, Claimed, Error, Written};
use serde_json::json;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, definition};

const LEASE: Duration = Duration::from_secs(60);

async fn listener(world: &World, name: &str, kind: &str) -> Script {
    let subscription = Subscription {
        max_attempts: 1,
        ..Subscription::to([kind])
    };
    let definition = definition(name, Trigger::Event(subscription));
    world.active(&world.ctx, definition).await
}

async fn publish(world: &World, kind: &str) {
    let event = Event {
        id: world.ambient.new_id(),
        tenant: world.ctx.tenant,
        kind: kind.into(),
        payload: json!({}).into(),
        key: None,
        script: None,
        execution: None,
        lineage: Vec::new(),
        created_at: world.now(),
    };
    assert!(world.store.insert_event(&world.ctx, event).await.unwrap());
}

async fn claim(world: &World) -> Vec<Claimed> {
    let claim = world.store.claim_pending(100, LEASE, &[], &|_| u32::MAX);
    claim.await.unwrap()
}

/// Fails whatever there is to run; how much that was.
async fn fail_all(world: &World) -> usize {
    world.dispatch().await;
    let claimed = claim(world).await;
    let count = claimed.len();
    for one in claimed {
        let failure = Failure::new("script.threw", "no such client");
        let execution = Execution {
            status: failure.status(),
            failure: Some(failure),
            output: None,
            ..completed(one.execution, world.now())
        };
        let commit = world.record(&world.ctx, execution, Some(one.lease)).await;
        assert_eq!(commit.await.unwrap(), Written::Stored);
    }
    count
}

async fn alerts(world: &World, ctx: &Ctx, acknowledged: Option<bool>) -> Vec<Alert> {
    let filter = AlertFilter {
        acknowledged,
        ..AlertFilter::default()
    };
    let page = PageRequest::first();
    let list = world.store.list_alerts(ctx, &filter, &page).await;
    list.unwrap().items
}

async fn raised(world: &World) -> Vec<Event> {
    let filter = EventFilter {
        kind: Some("jsruntime.alert.raised".into()),
    };
    let page = PageRequest::first();
    let list = world.store.list_events(&world.ctx, &filter, &page).await;
    list.unwrap().items
}

#[rstest]
#[tokio::test]
async fn a_storm_of_dead_letters_is_one_alert(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = listener(&world, "mine", "order.created").await;
    world.dispatch().await;
    let begin = world.now();
    for _ in 0..3 {
        publish(&world, "order.created").await;
    }
    assert_eq!(fail_all(&world).await, 3);
    world.advance(Duration::from_secs(60));
    publish(&world, "order.created").await;
    assert_eq!(fail_all(&world).await, 1);
    let [alert] = alerts(&world, &world.ctx, None).await.try_into().unwrap();
    assert_eq!(
        (alert.kind, alert.script),
        (AlertKind::DeadLetter, script.id)
    );
    assert_eq!((alert.count, alert.script_name.as_str()), (4, "mine"));
    assert_eq!((alert.first_at, alert.last_at), (begin, world.now()));
    assert_eq!(alert.message, "order.created: no such client");
    let [event] = raised(&world).await.try_into().unwrap();
    let payload = event.payload.to_value();
    assert_eq!(payload["alert_id"], json!(alert.id.0));
    assert_eq!(payload["kind"], "dead_letter");
    assert_eq!(event.lineage, ["order.created → mine"]);

    // Who knows is told when it happens again.
    let (store, ctx) = (&world.store, &world.ctx);
    assert_eq!(store.count_open_alerts(ctx).await.unwrap(), 1);
    assert_eq!(store.count_open_alerts(&world.other).await.unwrap(), 0);
    let refused = store.acknowledge_alert(&world.other, alert.id).await;
    assert!(matches!(refused, Err(Error::NotFound)));
    for _ in 0..2 {
        let known = store.acknowledge_alert(ctx, alert.id).await.unwrap();
        assert_eq!(known.acknowledged_at, Some(world.now()));
        assert_eq!(known.acknowledged_by, ctx.actor.user());
    }
    assert_eq!(store.count_open_alerts(ctx).await.unwrap(), 0);
    publish(&world, "order.created").await;
    fail_all(&world).await;
    let [open] = alerts(&world, ctx, Some(false)).await.try_into().unwrap();
    assert_eq!((open.count, open.first_at), (1, world.now()));
    assert_eq!(alerts(&world, ctx, Some(true)).await[0].id, alert.id);
    assert_eq!(alerts(&world, &world.other, None).await, []);
    assert_eq!(raised(&world).await.len(), 2);

    // What was acknowledged goes with its time, and what was not stays.
    world.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(store.maintain(world.now()).await.unwrap().alerts, 1);
    assert_eq!(alerts(&world, ctx, None).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_listener_of_alerts_that_fails_comes_to_rest(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let listening = listener(&world, "listens", "jsruntime.alert.raised").await;
    listener(&world, "mine", "order.created").await;
    world.dispatch().await;
    publish(&world, "order.created").await;
    let mut runs = 0;
    for _ in 0..10 {
        runs += fail_all(&world).await;
        // Somebody, or something, acknowledges at once: that is what a loop would need.
        for alert in alerts(&world, &world.ctx, Some(false)).await {
            if alert.script != listening.id {
                world
                    .store
                    .acknowledge_alert(&world.ctx, alert.id)
                    .await
                    .unwrap();
            }
        }
    }
    assert_eq!(runs, 3, "mine, told of it, told of itself");

    // Also when that is acknowledged each time: what led to it is known.
    publish(&world, "order.created").await;
    let mut deepest = 0;
    for _ in 0..40 {
        world.dispatch().await;
        for one in claim(&world).await {
            let delivery = Delivery::of(&one.execution).unwrap();
            deepest = deepest.max(delivery.lineage.len());
            let failure = Failure::new("script.threw", "no");
            let execution = Execution {
                status: failure.status(),
                failure: Some(failure),
                ..completed(one.execution, world.now())
            };
            let commit = world.record(&world.ctx, execution, Some(one.lease)).await;
            commit.await.unwrap();
        }
        for alert in alerts(&world, &world.ctx, Some(false)).await {
            world
                .store
                .acknowledge_alert(&world.ctx, alert.id)
                .await
                .unwrap();
        }
    }
    assert!((3..=16).contains(&deepest), "{deepest}");
    assert_eq!(claim(&world).await, []);
}

#[rstest]
#[tokio::test]
async fn a_script_that_the_platform_pauses_is_an_alert(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = listener(&world, "mine", "order.created").await;
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    let (store, ctx) = (&world.store, &world.ctx);
    store
        .set_status(ctx, script.id, from, to, None)
        .await
        .unwrap();
    assert_eq!(alerts(&world, ctx, None).await, [], "a person knows");
    store
        .set_status(ctx, script.id, to, from, None)
        .await
        .unwrap();
    let platform = Ctx::platform(TenantId(ctx.tenant.0));
    let reason = Some("it failed 3 times in a row");
    let paused = store
        .set_status(&platform, script.id, from, to, reason)
        .await;
    paused.unwrap();
    let [alert] = alerts(&world, ctx, None).await.try_into().unwrap();
    assert_eq!(alert.kind, AlertKind::Paused);
    assert_eq!(alert.message, "it failed 3 times in a row");
    let open = AlertKind::CircuitOpen;
    for _ in 0..2 {
        store
            .raise_alert(ctx, open, script.id, "held back")
            .await
            .unwrap();
    }
    let filter = AlertFilter {
        kind: Some(open),
        script: Some(script.id),
        ..AlertFilter::default()
    };
    let found = store.list_alerts(ctx, &filter, &PageRequest::first()).await;
    let [alert] = found.unwrap().items.try_into().unwrap();
    assert_eq!((alert.count, alert.script_name.as_str()), (2, "mine"));
    assert_eq!(raised(&world).await.len(), 2);
}
