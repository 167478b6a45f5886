//! Nothing of a dry run is a real effect: not what it does, and not that it happened.

use std::time::Duration;

use futures_util::StreamExt;
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::{
    DeadLetterFilter, Execute, ExecutionFilter, Live, Mode, NewEvent, Replay, Service,
};
use serde_json::{Value, json};

use crate::world::{World, definition, json as doc};

fn dry(script: &Script, mode: Mode) -> Execute {
    Execute {
        dry_run: true,
        ..Execute::new(script.id, doc(Value::Null), mode)
    }
}

/// The effects of an execution, each as kind and target.
fn effects(execution: &Execution) -> Vec<(&'static str, &str)> {
    let items = execution.effects.items.iter();
    items
        .map(|one| (one.kind.as_str(), one.target.as_str()))
        .collect()
}

async fn ended(world: &World, started: &Execution) -> Execution {
    let executions = world.platform.executions();
    let stream = executions.watch(&world.ctx, started.id).await.unwrap();
    let items: Vec<Live> = stream.map(Result::unwrap).collect().await;
    let Some(Live::Done(ended)) = items.into_iter().next_back() else {
        panic!("the last item is the end")
    };
    *ended
}

async fn of(world: &World, script: &Script) -> usize {
    let filter = ExecutionFilter {
        script: Some(script.id),
        ..ExecutionFilter::default()
    };
    let page = PageRequest::first();
    let executions = world.platform.executions();
    let found = executions.list(&world.ctx, &filter, &page).await;
    found.unwrap().items.len()
}

const WRITES: &str = "import { keep } from 'lib/keeper';
    export default async () => {
        await storage.set('a', 1);
        await events.publish('order.paid', { id: 1 });
        await services.mail.send('ada');
        await keep();
        return storage.get('a');
    }";

#[tokio::test(flavor = "multi_thread")]
async fn what_it_does_is_listed_and_not_done() {
    let mail = Service::new("mail", "Letters.").method(
        "send",
        "to: string",
        "Promise<void>",
        "Sends one.",
        async |_| panic!("a dry run has sent a letter"),
    );
    let world = World::with(|builder| builder.service(mail)).await;
    let mut keeper = definition(
        "keeper",
        Trigger::Embedded,
        "export const keep = () => storage.set('by the library', 2);",
    );
    keeper.library = true;
    world.active(keeper).await;
    let trigger = Trigger::Event(Subscription::to(["order.*", "jsruntime.execution.*"]));
    let listener = world
        .active(definition("listens", trigger, "return 1"))
        .await;
    let script = definition("writes", Trigger::OneOff, WRITES);
    let script = world.active(script).await;
    let executions = world.platform.executions();
    let expected = [
        ("storage", "a"),
        ("event", "order.paid"),
        ("service", "mail.send"),
        ("storage", "by the library"),
    ];
    for mode in [Mode::Sync, Mode::Async] {
        let started = executions.execute(&world.ctx, dry(&script, mode)).await;
        let run = ended(&world, &started.unwrap()).await;
        assert_eq!(run.status, ExecutionStatus::Completed, "{:?}", run.failure);
        assert_eq!(run.output.as_ref().unwrap().as_str(), "1");
        assert!(run.dry_run);
        assert_eq!(effects(&run), expected, "{mode:?}");
        let stored = executions.find(&world.ctx, run.id).await.unwrap();
        assert_eq!(stored.effects, run.effects);
        assert!(stored.dry_run);
        // It stays one when it is repeated, whatever is asked for.
        let again = executions
            .replay(&world.ctx, run.id, Replay::default())
            .await;
        let again = ended(&world, &again.unwrap()).await;
        assert_eq!((again.dry_run, effects(&again)), (true, expected.to_vec()));
    }
    for key in ["a", "by the library"] {
        let found = world.platform.storage().get(&world.ctx, key).await.unwrap();
        assert_eq!(found, None, "{key}");
    }
    // What is published for real comes after all that a dry run would have published.
    let new = NewEvent {
        kind: "order.sent".into(),
        payload: doc(json!({})),
        id: None,
        key: None,
    };
    world
        .platform
        .events()
        .publish(&world.ctx, new)
        .await
        .unwrap();
    let wait = async {
        while of(&world, &listener).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(of(&world, &listener).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_execution_is_repeated_dry_and_never_the_other_way_round() {
    let world = World::new().await;
    let source = "export default async () => storage.set('n', ((await storage.get('n')) ?? 0) + 1)";
    let script = definition("counts", Trigger::OneOff, source);
    let script = world.active(script).await;
    let executions = world.platform.executions();
    let real = Execute::new(script.id, doc(Value::Null), Mode::Sync);
    let real = executions.execute(&world.ctx, real).await.unwrap();
    let what = Replay {
        dry_run: true,
        ..Replay::default()
    };
    let again = executions.replay(&world.ctx, real.id, what).await.unwrap();
    let again = ended(&world, &again).await;
    assert_eq!(effects(&again), [("storage", "n")]);
    assert_eq!(again.effects.items[0].summary, "set 2");
    let found = world.platform.storage().get(&world.ctx, "n").await.unwrap();
    assert_eq!(found.unwrap().value.as_str(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_dry_run_of_an_event_is_neither_retried_nor_buried() {
    let world = World::new().await;
    let trigger = Trigger::Event(Subscription::to(["order.paid"]));
    let source = "export default async (event) => {
        if (event.payload.fails || context.execution.dryRun) throw new Error('no');
    }";
    let script = world.active(definition("fails", trigger, source)).await;
    let new = NewEvent {
        kind: "order.paid".into(),
        payload: doc(json!({})),
        id: None,
        key: None,
    };
    world
        .platform
        .events()
        .publish(&world.ctx, new)
        .await
        .unwrap();
    let executions = world.platform.executions();
    let filter = ExecutionFilter {
        script: Some(script.id),
        trigger: Some(TriggerKind::Event),
        ..ExecutionFilter::default()
    };
    let page = PageRequest::first();
    let first = async {
        loop {
            let found = executions.list(&world.ctx, &filter, &page).await.unwrap();
            if let Some(one) = found.items.first().filter(|one| one.status.is_final()) {
                return one.id;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let first = tokio::time::timeout(Duration::from_secs(30), first)
        .await
        .unwrap();
    let what = Replay {
        dry_run: true,
        ..Replay::default()
    };
    let again = executions.replay(&world.ctx, first, what).await.unwrap();
    let again = ended(&world, &again).await;
    assert_eq!(again.status, ExecutionStatus::Failed);
    world.advance(Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(of(&world, &script).await, 2);
    let all = DeadLetterFilter::default();
    let letters = world.platform.dead_letters();
    let letters = letters.list(&world.ctx, &all, &page).await.unwrap();
    assert_eq!(letters.items, []);
}

/// Whoever tried it and then wants it done must not be told that it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_dry_run_is_none_of_a_real_one() {
    let world = World::new().await;
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    let executions = world.platform.executions();
    let keyed = |dry_run| Execute {
        dry_run,
        idempotency_key: Some("k".into()),
        ..Execute::new(script.id, doc(Value::Null), Mode::Sync)
    };
    let first = executions.execute(&world.ctx, keyed(true)).await.unwrap();
    let same = executions.execute(&world.ctx, keyed(true)).await.unwrap();
    assert_eq!(first.id, same.id);
    let refused = executions.execute(&world.ctx, keyed(false)).await;
    assert_eq!(refused.unwrap_err().code(), "idempotency_key_reused");
}
