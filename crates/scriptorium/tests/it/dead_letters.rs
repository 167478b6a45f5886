//! What a person does about events that a script could not deal with.

use std::future::Ready;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use scriptorium::model::dead_letter::DeadLetterStatus::{self, Discarded, Pending, Resolved};
use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::model::{Ctx, DeadLetterId};
use scriptorium::{
    DeadLetterFilter, DeadLetterSummary, Error, ErrorKind, Execute, ExecutionFilter, Mode,
    NewEvent, RetriedMany, RetryMany, Service, Update,
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

/// What the host's functions do to an execution is a failure of that execution, at each of its attempts, and
/// nobody else waits for it (REL-07).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn functions_that_panic_or_never_return_make_letters_and_hold_nobody() {
    const METHODS: [&str; 4] = ["panics", "panicsLater", "never", "blocks"];
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let returns = "Promise<void>";
    let service = Service::new("broken", "Nothing works.")
        .method(METHODS[0], "", returns, "", |_| -> Ready<_> {
            panic!("when it is called")
        })
        .method(METHODS[1], "", returns, "", |_| async {
            tokio::task::yield_now().await;
            panic!("when it is waited for")
        })
        .method(METHODS[2], "", returns, "", |_| std::future::pending())
        .method(METHODS[3], "", returns, "", move |_| {
            let held = Arc::clone(&held);
            async move {
                // Where what blocks belongs. It ends when the test does, long after who waits for it.
                let hangs = tokio::task::spawn_blocking(move || held.lock().unwrap().recv());
                let _ = hangs.await;
                Ok(Value::Null)
            }
        });
    let world = World::with(|builder| builder.service(service)).await;
    let twice = Subscription {
        max_attempts: 2,
        ..Subscription::to(["order.created"])
    };
    let source = "export default (event) => services.broken[event.payload.method]()";
    let mut broken = definition("mine", Trigger::Event(twice), source);
    broken.limits.wall = Duration::from_millis(500);
    broken.limits.cpu = broken.limits.wall;
    broken.limits.concurrency = 20;
    world.active(broken).await;
    let source = "export default () => 1";
    let healthy = world
        .active(definition("healthy", Trigger::OneOff, source))
        .await;
    for method in METHODS {
        publish(&world, json!({ "method": method })).await;
    }
    let executions = world.platform.executions();
    let running = ExecutionFilter {
        status: Some(ExecutionStatus::Running),
        ..ExecutionFilter::default()
    };
    let began = Instant::now();
    let found = loop {
        let what = Execute::new(healthy.id, doc(json!({})), Mode::Sync);
        let asked = Instant::now();
        let healthy = executions.execute(&world.ctx, what).await.unwrap();
        assert_eq!(healthy.status, ExecutionStatus::Completed);
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "others wait for them"
        );
        let found = letters(&world, Some(Pending)).await;
        if found.len() == METHODS.len() {
            break found;
        }
        let page = PageRequest::first();
        let running = executions.list(&world.ctx, &running, &page).await.unwrap();
        if running.items.is_empty() {
            // To the second attempts.
            world.advance(Duration::from_secs(3));
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    drop(release);
    let mut ends: Vec<_> = found
        .iter()
        .map(|letter| (letter.error_code.as_str(), letter.attempts))
        .collect();
    ends.sort_unstable();
    let expected = [
        ("limit.wall", 2),
        ("limit.wall", 2),
        ("script.threw", 2),
        ("script.threw", 2),
    ];
    assert_eq!(ends, expected);
}
