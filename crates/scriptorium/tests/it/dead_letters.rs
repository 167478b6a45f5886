//! What a person does about events that a script could not deal with.

use std::time::Duration;

use scriptorium::model::dead_letter::DeadLetterStatus::{self, Discarded, Pending, Resolved};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::model::{Ctx, DeadLetterId};
use scriptorium::{
    DeadLetterFilter, DeadLetterSummary, Error, ErrorKind, NewEvent, RetriedMany, RetryMany, Update,
};
use serde_json::{Value, json};

use crate::world::{World, definition, json as doc};

const FAILS: &str = "export default (event) => { throw new Error(`no ${event.payload.n}`) }";

async fn listener(world: &World) -> Script {
    let once = Subscription {
        max_attempts: 1,
        ..Subscription::to(["order.created"])
    };
    let failing = definition("mine", Trigger::Event(once), FAILS);
    world.active(failing).await
}

async fn publish(world: &World, payload: Value) {
    let new = NewEvent {
        kind: "order.created".into(),
        payload: doc(payload),
        id: None,
        key: None,
    };
    world
        .platform
        .events()
        .publish(&world.ctx, new)
        .await
        .unwrap();
}

async fn letters(world: &World, status: Option<DeadLetterStatus>) -> Vec<DeadLetterSummary> {
    let filter = DeadLetterFilter {
        status,
        ..DeadLetterFilter::default()
    };
    let (letters, page) = (world.platform.dead_letters(), PageRequest::first());
    letters
        .list(&world.ctx, &filter, &page)
        .await
        .unwrap()
        .items
}

/// Waits until so many letters have a status.
async fn until(world: &World, count: usize, status: DeadLetterStatus) -> Vec<DeadLetterSummary> {
    let reached = async {
        loop {
            let found = letters(world, Some(status)).await;
            if found.len() == count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, reached)
        .await
        .expect("they get there")
}

async fn repair(world: &World, script: &Script, source: &str) {
    let mut repaired = script.definition.clone();
    repaired.source = source.into();
    let update = Update {
        definition: repaired,
        base_version: None,
        change_description: String::new(),
    };
    let scripts = world.platform.scripts();
    scripts.update(&world.ctx, script.id, update).await.unwrap();
}

async fn retry(world: &World, id: DeadLetterId, payload: Option<Value>) -> Result<(), Error> {
    let letters = world.platform.dead_letters();
    let execution = letters.retry(&world.ctx, id, payload.map(doc)).await?;
    assert!(execution.trigger_data.is_some());
    Ok(())
}

#[tokio::test]
async fn a_letter_is_tried_again_in_the_repaired_script_and_resolved() {
    let world = World::new().await;
    let script = listener(&world).await;
    publish(&world, json!({"n": 1})).await;
    let [letter] = until(&world, 1, Pending).await.try_into().unwrap();
    assert!(letter.error_message.contains("no 1"));

    // With another payload, and it still fails.
    retry(&world, letter.id, Some(json!({"n": 2})))
        .await
        .unwrap();
    let second = retry(&world, letter.id, None).await;
    if let Err(error) = second {
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Conflict, "forbidden_move")
        );
    }
    let failed = until(&world, 1, Pending).await;
    assert!(failed[0].attempts >= 2, "{failed:?}");

    repair(&world, &script, "export default (event) => event.payload.n").await;
    retry(&world, letter.id, None).await.unwrap();
    let [resolved] = until(&world, 1, Resolved).await.try_into().unwrap();
    let executions = world.platform.executions();
    let ran = executions
        .find(&world.ctx, resolved.execution.unwrap())
        .await;
    let ran = ran.unwrap();
    assert_eq!(ran.output.unwrap().to_value(), json!(1), "its own payload");
    assert_eq!(ran.version, 2);
    let again = retry(&world, letter.id, None).await.unwrap_err();
    assert_eq!(again.code(), "forbidden_move");
}

#[tokio::test]
async fn many_are_counted_then_tried_again() {
    let world = World::new().await;
    let script = listener(&world).await;
    for n in 0..5 {
        publish(&world, json!({"n": n})).await;
    }
    let found = until(&world, 5, Pending).await;
    let dead_letters = world.platform.dead_letters();
    dead_letters.discard(&world.ctx, found[0].id).await.unwrap();
    let all = DeadLetterFilter::default();
    let retry = async |how| dead_letters.retry_all(&world.ctx, &all, how).await;
    let counted = RetryMany {
        dry_run: true,
        ..RetryMany::default()
    };
    let expected = RetriedMany {
        matched: 4,
        retried: 0,
    };
    assert_eq!(retry(counted).await.unwrap(), expected);
    assert_eq!(letters(&world, Some(Pending)).await.len(), 4);

    repair(&world, &script, "export default () => 1").await;
    let three = RetryMany {
        limit: 3,
        ..RetryMany::default()
    };
    let expected = RetriedMany {
        matched: 4,
        retried: 3,
    };
    assert_eq!(retry(three).await.unwrap(), expected);
    until(&world, 3, Resolved).await;
    assert_eq!(letters(&world, Some(Pending)).await.len(), 1);
    assert_eq!(letters(&world, Some(Discarded)).await.len(), 1);

    for (how, field) in [
        (
            RetryMany {
                limit: 0,
                ..RetryMany::default()
            },
            "limit",
        ),
        (
            RetryMany {
                limit: 10_001,
                ..RetryMany::default()
            },
            "limit",
        ),
        (
            RetryMany {
                per_minute: Some(0),
                ..RetryMany::default()
            },
            "per_minute",
        ),
    ] {
        let refused = retry(how).await.unwrap_err();
        assert_eq!(refused.invalid().unwrap().errors[0].field, field);
    }
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let world = World::new().await;
    listener(&world).await;
    publish(&world, json!({"n": 1})).await;
    let [letter] = until(&world, 1, Pending).await.try_into().unwrap();
    let viewer: Ctx = world.user("viewer", Role::Viewer).await;
    let letters = world.platform.dead_letters();
    let found = letters.find(&viewer, letter.id).await.unwrap();
    assert_eq!(found.payload.to_value(), json!({"n": 1}));
    let all = DeadLetterFilter::default();
    let refused = [
        letters.retry(&viewer, letter.id, None).await.err(),
        letters
            .retry_all(&viewer, &all, RetryMany::default())
            .await
            .err(),
        letters.discard(&viewer, letter.id).await.err(),
        letters.delete(&viewer, letter.id).await.err(),
    ];
    for error in refused {
        assert_eq!(error.unwrap().kind(), ErrorKind::Forbidden);
    }
    let large = doc(json!("x".repeat(256 << 10)));
    let refused = letters.retry(&world.ctx, letter.id, Some(large)).await;
    assert_eq!(
        refused.unwrap_err().invalid().unwrap().errors[0].field,
        "payload"
    );
}
