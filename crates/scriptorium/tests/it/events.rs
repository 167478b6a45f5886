//! Events from their publication to the scripts they start, and what becomes of those that fail.

use std::time::Duration;

use futures_util::StreamExt;
use scriptorium::model::event::Event;
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::filter::Filter;
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::{Script, ScriptStatus};
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::{
    DeadLetterFilter, DeadLetterSummary, Execute, ExecutionFilter, Mode, NewEvent, Replay,
};
use serde_json::{Value, json};

use crate::world::{World, definition, json as doc};

async fn publish(world: &World, kind: &str, payload: Value) -> Event {
    let new = NewEvent {
        kind: kind.into(),
        payload: doc(payload),
        id: None,
        key: None,
    };
    world
        .platform
        .events()
        .publish(&world.ctx, new)
        .await
        .unwrap()
}

async fn listener(world: &World, name: &str, types: &[&str], source: &str) -> Script {
    let trigger = Trigger::Event(Subscription::to(types.iter().copied()));
    world.active(definition(name, trigger, source)).await
}

/// The executions of a script, the first one first, as soon as so many have ended.
async fn ended(world: &World, script: &Script, count: usize) -> Vec<Execution> {
    let executions = world.platform.executions();
    let filter = ExecutionFilter {
        script: Some(script.id),
        ..ExecutionFilter::default()
    };
    let first = PageRequest::first();
    let all = async {
        loop {
            let page = executions.list(&world.ctx, &filter, &first);
            let ids: Vec<_> = page
                .await
                .unwrap()
                .items
                .iter()
                .rev()
                .map(|e| e.id)
                .collect();
            let mut found = Vec::new();
            for id in ids {
                found.push(executions.find(&world.ctx, id).await.unwrap());
            }
            found.retain(|execution| execution.status.is_final());
            // Ids of one instant are in no order, and the clock stands still.
            found.sort_by_key(|one| (one.created_at, one.replay_of.is_some(), one.attempt));
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, all).await.expect("they end")
}

fn output(execution: &Execution) -> Value {
    let output = execution.output.as_ref();
    output.map(|output| output.to_value()).unwrap_or_default()
}

/// Lets the queue notice that the clock has moved.
async fn wake(world: &World) {
    let idle = definition("idle", Trigger::OneOff, "return 1");
    let scripts = world.platform.scripts();
    let filter = scriptorium::ScriptFilter::default();
    let known = scripts
        .list(&world.ctx, &filter, &PageRequest::first())
        .await;
    let known = known
        .unwrap()
        .items
        .into_iter()
        .find(|s| s.script.definition.name == "idle");
    let id = match known {
        Some(known) => known.script.id,
        None => world.active(idle).await.id,
    };
    let what = Execute::new(id, doc(json!(null)), Mode::Async);
    let executions = world.platform.executions();
    let started = executions.execute(&world.ctx, what).await.unwrap();
    let watch = executions.watch(&world.ctx, started.id).await.unwrap();
    watch.for_each(async |item| drop(item.unwrap())).await;
}

async fn letters(world: &World) -> Vec<DeadLetterSummary> {
    let (filter, page) = (DeadLetterFilter::default(), PageRequest::first());
    let letters = world.platform.dead_letters();
    letters
        .list(&world.ctx, &filter, &page)
        .await
        .unwrap()
        .items
}

#[tokio::test]
async fn an_event_runs_the_scripts_that_ask_for_it_and_they_see_it_whole() {
    let world = World::new().await;
    let source = "export default function handleEvent(event, ctx) {
        return { event, current: events.current(), type: context.trigger.eventType };
    }";
    let script = listener(&world, "mine", &["order.*"], source).await;
    let large = r#"{"field":"total","op":"gt","value":100}"#;
    let large = Filter::parse(scriptorium::model::Json::parse(large).unwrap()).unwrap();
    let filtered = Subscription {
        filter: Some(large),
        ..Subscription::to(["order.created"])
    };
    let filtered = definition(
        "large",
        Trigger::Event(filtered),
        "export default (event) => event.payload.total",
    );
    let filtered = world.active(filtered).await;

    let small = publish(&world, "order.created", json!({"total": 5})).await;
    let large = publish(&world, "order.created", json!({"total": 500})).await;
    let ran = ended(&world, &script, 2).await;
    let of = |event: &Event| {
        let id = event.id.to_string();
        let own = |e: &&Execution| output(e)["event"]["id"] == json!(id);
        ran.iter().find(own).cloned().unwrap()
    };
    for (event, total) in [(&small, 5), (&large, 500)] {
        let execution = of(event);
        assert_eq!(execution.trigger, TriggerKind::Event);
        let seen = &output(&execution)["event"];
        assert_eq!(seen["type"], "order.created");
        assert_eq!(seen["timestamp"], json!(event.created_at.to_string()));
        assert_eq!(seen["payload"], json!({"total": total}));
        assert_eq!(
            (&seen["attempt"], &seen["data"]),
            (&json!(1), &seen["payload"])
        );
        assert_eq!(&output(&execution)["current"], seen);
        assert_eq!(output(&execution)["type"], "order.created");
    }
    let [only] = ended(&world, &filtered, 1).await.try_into().unwrap();
    assert_eq!(output(&only), json!(500));
    let events = world.platform.events();
    let delivered = events
        .deliveries(&world.ctx, large.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(delivered.len(), 2);
}

#[tokio::test]
async fn a_failing_script_is_tried_four_times_with_the_same_event_and_then_kept() {
    let world = World::new().await;
    let source =
        "export default (event) => { throw new Error(`attempt ${event.attempt} of ${event.id}`) }";
    let script = listener(&world, "failing", &["order.created"], source).await;
    let event = publish(&world, "order.created", json!({"total": 5})).await;
    for attempt in 1..=4 {
        let ran = ended(&world, &script, attempt).await;
        let last = ran.last().unwrap();
        assert_eq!(last.attempt as usize, attempt);
        let first = (attempt > 1).then(|| ran[0].id);
        assert_eq!(last.first_execution, first);
        let message = &last.failure.as_ref().unwrap().message;
        assert!(
            message.contains(&format!("attempt {attempt} of {}", event.id)),
            "{message}"
        );
        world.advance(Duration::from_secs(10));
        wake(&world).await;
    }
    assert_eq!(ended(&world, &script, 4).await.len(), 4);
    let [letter] = letters(&world).await.try_into().unwrap();
    assert_eq!((letter.event, letter.attempts), (event.id, 4));
    assert!(letter.error_message.contains("attempt 4"));
}

#[tokio::test]
async fn a_script_that_answers_itself_is_stopped_and_the_loop_named() {
    let world = World::new().await;
    let source =
        "export default async (event) => { await events.publish('ping.sent', event.payload); }";
    let script = listener(&world, "echo", &["ping.sent"], source).await;
    publish(&world, "ping.sent", json!({})).await;
    let ran = ended(&world, &script, 17).await;
    let last = ran.iter().find(|e| e.failure.is_some()).unwrap();
    let failure = last.failure.as_ref().unwrap();
    assert_eq!((ran.len(), failure.code.as_str()), (17, "script.threw"));
    assert!(
        failure.message.contains("the loop: ping.sent → echo"),
        "{}",
        failure.message
    );
    let [letter] = letters(&world).await.try_into().unwrap();
    assert_eq!(
        (letter.execution, letter.attempts),
        (Some(last.id), 1),
        "it does not pass"
    );
    let good = ran
        .iter()
        .filter(|e| e.status == ExecutionStatus::Completed);
    assert_eq!(good.count(), 16);
}

#[tokio::test]
async fn events_of_a_script_start_others_also_when_it_fails() {
    let world = World::new().await;
    let source = "export default async (event) => {
        await events.publish('order.checked', { of: event.id });
        throw Object.assign(new Error('after it'), { details: { retryable: false } });
    }";
    let failing = listener(&world, "checks", &["order.created"], source).await;
    let next = listener(
        &world,
        "next",
        &["order.checked"],
        "export default (event) => event.source",
    )
    .await;
    publish(&world, "order.created", json!({})).await;
    let [first] = ended(&world, &failing, 1).await.try_into().unwrap();
    let [ran] = ended(&world, &next, 1).await.try_into().unwrap();
    let expected = json!({"script": failing.id.to_string(), "execution": first.id.to_string()});
    assert_eq!(output(&ran), expected);
}

#[tokio::test]
async fn what_was_published_before_a_stop_is_delivered_after_the_start() {
    let world = World::with(|builder| builder.triggers(false)).await;
    let script = listener(
        &world,
        "mine",
        &["order.created"],
        "export default (event) => event.payload",
    )
    .await;
    let event = publish(&world, "order.created", json!({"total": 5})).await;
    let events = world.platform.events();
    assert_eq!(events.deliveries(&world.ctx, event.id).await.unwrap(), None);
    let world = world.restarted(|builder| builder).await;
    let [ran] = ended(&world, &script, 1).await.try_into().unwrap();
    assert_eq!(output(&ran), json!({"total": 5}));
}

#[tokio::test]
async fn an_event_is_not_lost_when_its_script_is_paused_meanwhile() {
    let world = World::new().await;
    let script = listener(&world, "mine", &["order.created"], "throw new Error('no')").await;
    publish(&world, "order.created", json!({})).await;
    ended(&world, &script, 1).await;
    let scripts = world.platform.scripts();
    let paused = scripts.set_status(&world.ctx, script.id, ScriptStatus::Paused, None);
    paused.await.unwrap();
    world.advance(Duration::from_secs(10));
    wake(&world).await;
    let ran = ended(&world, &script, 2).await;
    let failure = ran[1].failure.as_ref().unwrap();
    assert_eq!(failure.code, "platform.not_active");
    let [letter] = letters(&world).await.try_into().unwrap();
    assert_eq!(
        (letter.error_code.as_str(), letter.attempts),
        ("platform.not_active", 2)
    );
}

#[tokio::test]
async fn a_replay_is_given_the_event_again() {
    let world = World::new().await;
    let source = "export default ({ id, type, payload }) => ({ id, type, payload })";
    let script = listener(&world, "mine", &["order.*"], source).await;
    let event = publish(&world, "order.created", json!({"total": 5})).await;
    let [first] = ended(&world, &script, 1).await.try_into().unwrap();
    let edited = Replay {
        input: Some(doc(json!({"total": 6}))),
        ..Replay::default()
    };
    let executions = world.platform.executions();
    executions
        .replay(&world.ctx, first.id, edited)
        .await
        .unwrap();
    let ran = ended(&world, &script, 2).await;
    let expected = json!({
        "id": event.id.to_string(), "type": "order.created", "payload": {"total": 6},
    });
    assert_eq!(output(&ran[1]), expected);
}

#[tokio::test]
async fn a_run_may_be_put_off_and_may_expire() {
    let world = World::new().await;
    let script = world
        .active(definition("later", Trigger::OneOff, "return 1"))
        .await;
    let executions = world.platform.executions();
    let now = world.platform.ambient().now();
    let at = |seconds| Some(now + Duration::from_secs(seconds));
    let terms = |run_after, expires_at| Execute {
        run_after,
        expires_at,
        ..Execute::new(script.id, doc(json!({})), Mode::Async)
    };
    let later = executions
        .execute(&world.ctx, terms(at(60), None))
        .await
        .unwrap();
    let brief = executions
        .execute(&world.ctx, terms(at(10), at(20)))
        .await
        .unwrap();
    wake(&world).await;
    for execution in [&later, &brief] {
        let found = executions.find(&world.ctx, execution.id).await.unwrap();
        assert_eq!(found.status, ExecutionStatus::Pending);
    }
    world.advance(Duration::from_secs(30));
    wake(&world).await;
    let found = executions.find(&world.ctx, brief.id).await.unwrap();
    assert_eq!(found.started_at, None, "it is too late for that one");
    world.advance(Duration::from_secs(30));
    wake(&world).await;
    let found = ended(&world, &script, 1).await;
    let ran = found.iter().find(|e| e.id == later.id).unwrap();
    assert_eq!(ran.status, ExecutionStatus::Completed);
    assert_eq!(
        ran.metrics.queued,
        Duration::ZERO,
        "it is told from when it was due"
    );

    let refused = async |what| {
        let error = executions.execute(&world.ctx, what).await.unwrap_err();
        error.invalid().unwrap().errors[0].field.clone()
    };
    let now = world.platform.ambient().now();
    let sync = Execute {
        mode: Mode::Sync,
        ..terms(at(600), None)
    };
    assert_eq!(refused(sync).await, "run_after");
    assert_eq!(refused(terms(None, Some(now))).await, "expires_at");
    assert_eq!(refused(terms(at(600), at(600))).await, "expires_at");
    let urgent = Execute {
        priority: 101,
        ..terms(None, None)
    };
    assert_eq!(refused(urgent).await, "priority");
}
