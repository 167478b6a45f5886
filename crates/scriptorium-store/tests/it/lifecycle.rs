//! What the platform publishes by itself (R-EVD): with the transaction that it tells of, or not at
//! all, and never the source of a script.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::execution::MAX_ATTEMPTS;
use scriptorium_model::execution::{Execution, ExecutionStatus, Failure, TriggerKind};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::ScriptStatus;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Ctx, Origin};
use scriptorium_store::events::EventFilter;
use serde_json::{Value, json};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict, completed, definition, on};

const SECRET: &str = "a line of the source that stays where it is";

/// Types and payloads of what was published, the oldest first, and nothing of a source in them.
async fn published(world: &World, ctx: &Ctx) -> Vec<(String, Value)> {
    let page = PageRequest::new(Some(200), None).unwrap();
    let all = EventFilter::default();
    let list = world.store.list_events(ctx, &all, &page);
    let mut events = Vec::new();
    for event in list.await.unwrap().items.into_iter().rev() {
        assert!(!event.payload.as_str().contains(SECRET), "{event:?}");
        let payload = event.payload.to_value();
        assert_eq!(payload["tenant_id"], json!(ctx.tenant.0), "{event:?}");
        assert_eq!(payload["at"], json!(event.created_at.to_string()));
        assert_eq!((event.script, event.execution), (None, None));
        events.push((event.kind, payload));
    }
    events
}

async fn kinds(world: &World) -> Vec<String> {
    let events = published(world, &world.ctx).await;
    events.into_iter().map(|(kind, _)| kind).collect()
}

#[rstest]
#[tokio::test]
async fn each_change_of_a_script_is_published_with_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let mut world = World::on(database).await;
    world.ctx.origin = Some(Origin {
        request_id: Some("r-1".into()),
        ..Origin::default()
    });
    let (store, ctx) = (&world.store, &world.ctx);
    let step = || world.advance(Duration::from_secs(1));
    let mut first = definition("told", Trigger::OneOff);
    first.source = format!("// {SECRET}");
    let script = world.add(ctx, first.clone()).await;
    step();
    let mut second = first.clone();
    second.source = format!("// {SECRET}!");
    second.limits.concurrency = 1;
    let update = store.update_script(ctx, script.id, None, second.clone(), "");
    update.await.unwrap();
    // Saying it again changes nothing, and what is refused was never said.
    let again = store.update_script(ctx, script.id, None, second, "");
    again.await.unwrap();
    let taken = world.draft(ctx, first);
    assert_conflict(
        store.create_script(ctx, &taken, "").await,
        ("not_unique", "name"),
    );
    step();
    let (draft, active) = (ScriptStatus::Draft, ScriptStatus::Active);
    let moved = store.set_status(ctx, script.id, draft, active, None);
    moved.await.unwrap();
    step();
    store.delete_script(ctx, script.id).await.unwrap();
    step();
    store.restore_script(ctx, script.id).await.unwrap();
    step();
    store.delete_script(ctx, script.id).await.unwrap();
    step();
    store.purge_script(ctx, script.id).await.unwrap();

    let events = published(&world, ctx).await;
    let by = json!(ctx.actor.user().unwrap().0);
    let mut told = Vec::new();
    for (kind, mut payload) in events {
        assert_eq!(payload["script_id"], json!(script.id.0), "{kind}");
        assert_eq!(payload["by"], by, "{kind}");
        assert_eq!(payload["request_id"], "r-1", "{kind}");
        let members = payload.as_object_mut().unwrap();
        for name in ["script_id", "tenant_id", "by", "request_id", "at"] {
            members.remove(name).unwrap();
        }
        told.push((kind, payload));
    }
    let of = |kind: &str, payload| (format!("jsruntime.script.{kind}"), payload);
    let expected = [
        of("created", json!({"name": "told", "type": "oneoff"})),
        of(
            "updated",
            json!({"name": "told", "version": 2, "changed": ["limits", "source"]}),
        ),
        of("status_changed", json!({"from": "draft", "to": "active"})),
        of("deleted", json!({})),
        of("restored", json!({"status": "paused"})),
        of("deleted", json!({})),
        of("purged", json!({})),
    ];
    assert_eq!(told, expected);
    assert_eq!(published(&world, &world.other).await, []);
}

#[rstest]
#[tokio::test]
async fn each_execution_is_published_as_it_begins_and_ends(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("told").await;
    let lease = Duration::from_secs(60);
    let step = || world.advance(Duration::from_secs(1));

    step();
    let pending = world.pending(ctx, &script).await;
    let claimed = store.claim_execution(ctx, pending.id, lease).await;
    let claimed = claimed.unwrap().unwrap();
    step();
    let mut failed = completed(claimed.execution, world.now());
    failed.status = ExecutionStatus::Failed;
    failed.failure = Some(Failure::new("script.threw", "no stock"));
    let commit = world.record(ctx, failed, Some(claimed.lease)).await;
    commit.await.unwrap();

    step();
    let waiting = world.pending(ctx, &script).await;
    store.request_cancel(ctx, waiting.id).await.unwrap();

    // Never recorded before it ended: it began in the same moment that is recorded.
    step();
    let mut direct = completed(world.execution(&script), world.now());
    direct.started_at = Some(world.now() - Duration::from_millis(5));
    world.record(ctx, direct.clone(), None).await.await.unwrap();

    let events = published(&world, ctx).await;
    let told: Vec<_> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        told,
        [
            "jsruntime.script.created",
            "jsruntime.execution.started",
            "jsruntime.execution.failed",
            "jsruntime.execution.cancelled",
            "jsruntime.execution.started",
            "jsruntime.execution.completed",
        ]
    );
    let failed = &events[2].1;
    assert_eq!(failed["execution_id"], json!(pending.id.0));
    assert_eq!(failed["script_id"], json!(script.id.0));
    assert_eq!(failed["trigger"], "manual");
    assert_eq!(failed["duration_ms"], json!(0.022));
    let error = json!({"code": "script.threw", "message": "no stock"});
    assert_eq!(failed["error"], error);
    assert_eq!(events[4].1["at"], json!(direct.started_at));
}

#[rstest]
#[tokio::test]
async fn an_execution_whose_worker_is_gone_is_published_as_failed(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("lost").await;
    let lost = world.pending(ctx, &script).await;
    let lease = Duration::from_secs(60);
    for _ in 0..MAX_ATTEMPTS {
        let claimed = store.claim_execution(ctx, lost.id, lease).await;
        claimed.unwrap().unwrap();
        world.advance(lease * 2);
        store.recover_orphans(world.now()).await.unwrap();
    }
    let events = published(&world, ctx).await;
    let attempts: Vec<_> = events
        .iter()
        .filter(|(kind, _)| kind == "jsruntime.execution.started")
        .map(|(_, payload)| payload["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    let (kind, payload) = events.last().unwrap();
    assert_eq!(kind, "jsruntime.execution.failed");
    assert_eq!(payload["error"]["code"], "platform.lost");
}

/// Of requests, events and calls of the host, starts and good ends are told while somebody listens.
#[rstest]
#[tokio::test]
async fn what_comes_by_the_thousand_is_published_for_listeners(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("busy").await;
    let ended = |trigger, status| {
        let mut execution = completed(world.execution(&script), world.now());
        (execution.trigger, execution.status) = (trigger, status);
        execution
    };
    let record = async |execution: Execution| {
        world.advance(Duration::from_secs(1));
        world.record(ctx, execution, None).await.await.unwrap();
    };
    let many = [TriggerKind::Http, TriggerKind::Event, TriggerKind::Embedded];
    for trigger in many {
        record(ended(trigger, ExecutionStatus::Completed)).await;
    }
    assert_eq!(kinds(&world).await, ["jsruntime.script.created"]);
    // Bad ends always, and a trial never.
    record(ended(TriggerKind::Http, ExecutionStatus::Timeout)).await;
    let mut trial = ended(TriggerKind::Manual, ExecutionStatus::Failed);
    trial.test = true;
    record(trial).await;
    let told = ["jsruntime.script.created", "jsruntime.execution.timeout"];
    assert_eq!(kinds(&world).await, told);

    world.advance(Duration::from_secs(1));
    let listener = definition("listener", on(&["jsruntime.execution.completed"]));
    let listener = world.active(ctx, listener).await;
    let before = kinds(&world).await.len();
    record(ended(TriggerKind::Http, ExecutionStatus::Completed)).await;
    assert_eq!(
        kinds(&world).await[before..],
        ["jsruntime.execution.completed"]
    );
    // What the listener does about it is not told, or it would never come to rest.
    for status in [ExecutionStatus::Completed, ExecutionStatus::Failed] {
        let mut own = completed(world.execution(&listener), world.now());
        (own.trigger, own.status) = (TriggerKind::Event, status);
        record(own).await;
    }
    assert_eq!(kinds(&world).await.len(), before + 1);
    // Another tenant's listener makes no difference.
    let theirs = definition("theirs", Trigger::OneOff);
    let theirs = world.add(&world.other, theirs).await;
    let mut request = completed(world.execution(&theirs), world.now());
    request.trigger = TriggerKind::Http;
    let commit = world.record(&world.other, request, None).await;
    commit.await.unwrap();
    assert_eq!(published(&world, &world.other).await.len(), 1);
}
