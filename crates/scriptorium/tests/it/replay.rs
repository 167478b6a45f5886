//! Repeating executions: a trial stays the trial it was, and what was not kept is not made up.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use scriptorium::model::endpoint::Method;
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::permission::Role;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::model::version::VersionPolicy;
use scriptorium::{EndpointRequest, ErrorKind, Execute, Live, Mode, Replay, Update};
use serde_json::json;

use crate::world::{World, definition, json as doc};

fn trial(script: &Script, source: &str) -> Execute {
    Execute {
        source: Some(source.into()),
        trigger: TriggerKind::Manual,
        ..Execute::new(script.id, doc(json!({"n": 1})), Mode::Sync)
    }
}

/// Repeats an execution to its end.
async fn repeated(world: &World, first: &Execution, what: Replay) -> Execution {
    let executions = world.platform.executions();
    let started = executions.replay(&world.ctx, first.id, what).await.unwrap();
    assert_eq!(started.replay_of, Some(first.id));
    let stream = executions.watch(&world.ctx, started.id).await.unwrap();
    let items: Vec<Live> = stream.map(Result::unwrap).collect().await;
    let Some(Live::Done(ended)) = items.into_iter().next_back() else {
        panic!("the last item is the end")
    };
    *ended
}

/// What came out, and whether it was for real.
fn seen(execution: &Execution) -> (String, bool) {
    let output = execution.output.as_ref();
    let output = output.map_or("none", |output| output.as_str());
    (output.to_owned(), execution.test)
}

async fn save(world: &World, script: &Script, source: &str) {
    let mut definition = script.definition.clone();
    definition.source = source.into();
    let update = Update {
        base_version: None,
        definition,
        change_description: String::new(),
    };
    let scripts = world.platform.scripts();
    scripts.update(&world.ctx, script.id, update).await.unwrap();
}

#[tokio::test]
async fn a_trial_is_repeated_as_the_trial_it_was() {
    let world = World::new().await;
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let script = definition("abc", Trigger::OneOff, "return 'saved'");
    let script = world.active(script).await;
    let tried = executions.execute(ctx, trial(&script, "return 'tried'"));
    let tried = tried.await.unwrap();
    save(&world, &script, "return 'newer'").await;
    let again = repeated(&world, &tried, Replay::default()).await;
    assert_eq!(seen(&again), ("\"tried\"".to_owned(), true));
    assert_eq!(again.version, 1);
    let once_more = repeated(&world, &again, Replay::default()).await;
    assert_eq!(seen(&once_more), ("\"tried\"".to_owned(), true));
    // Another version is a version, and nothing becomes real by being repeated.
    let version = Replay {
        version: Some(2),
        ..Replay::default()
    };
    let of_version = repeated(&world, &tried, version).await;
    assert_eq!(seen(&of_version), ("\"newer\"".to_owned(), true));

    let real = executions.execute(
        ctx,
        Execute {
            source: None,
            ..trial(&script, "")
        },
    );
    let real = repeated(&world, &real.await.unwrap(), Replay::default()).await;
    assert_eq!(seen(&real), ("\"newer\"".to_owned(), false));
}

#[tokio::test]
async fn repeating_a_trial_takes_the_right_to_try_and_the_version_it_was_of() {
    let world = World::new().await;
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let script = definition("abc", Trigger::OneOff, "return 'saved'");
    let script = world.active(script).await;
    let tried = executions.execute(ctx, trial(&script, "return 'tried'"));
    let tried = tried.await.unwrap().id;
    let developer = world.user("dev", Role::Developer).await;
    let refused = executions
        .replay(&developer, tried, Replay::default())
        .await;
    let missing = refused.unwrap_err().missing_permission().unwrap();
    assert_eq!(missing.as_str(), "scripts.update");

    save(&world, &script, "return 'newer'").await;
    let policy = VersionPolicy {
        max_count: Some(1),
        max_age_days: None,
    };
    let scripts = world.platform.scripts();
    scripts.set_version_policy(ctx, policy).await.unwrap();
    assert!(world.platform.maintain().await.unwrap());
    assert_eq!(scripts.version_numbers(ctx, script.id).await.unwrap(), [2]);
    let refused = executions.replay(ctx, tried, Replay::default()).await;
    assert_eq!(refused.unwrap_err().code(), "version_not_kept");
}

#[tokio::test]
async fn a_shorter_time_is_kept() {
    let world = World::new().await;
    let executions = world.platform.executions();
    let script = definition("abc", Trigger::OneOff, "for (;;) {}");
    let script = world.active(script).await;
    let short = Execute {
        source: None,
        timeout: Some(Duration::from_millis(50)),
        ..trial(&script, "")
    };
    let first = executions.execute(&world.ctx, short).await.unwrap();
    assert_eq!(first.status, ExecutionStatus::Timeout);
    let again = repeated(&world, &first, Replay::default()).await;
    assert_eq!(again.status, ExecutionStatus::Timeout);
    let message = again.failure.unwrap().message;
    assert!(message.contains("limit of 50 ms"), "{message}");
}

#[tokio::test]
async fn a_repeated_key_repeats_once() {
    let world = World::new().await;
    let executions = world.platform.executions();
    let script = definition("abc", Trigger::OneOff, "return 1");
    let script = world.active(script).await;
    let first = Execute {
        source: None,
        ..trial(&script, "")
    };
    let first = executions.execute(&world.ctx, first).await.unwrap();
    let keyed = |key: &str| Replay {
        idempotency_key: Some(key.into()),
        ..Replay::default()
    };
    let replay = async |key| {
        let started = executions.replay(&world.ctx, first.id, keyed(key)).await;
        started.map(|started| started.id)
    };
    let once = replay("a").await.unwrap();
    assert_eq!(replay("a").await.unwrap(), once);
    assert_ne!(replay("b").await.unwrap(), once);
    let refused = replay("").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_request_that_was_not_kept_whole_is_not_made_up() {
    let world = World::new().await;
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let endpoint = Trigger::Http(Endpoint::new("/a", &[Method::Post], EndpointAuth::Public));
    let source = "function handleRequest(req) { return { body: req.body } }";
    world.active(definition("abc", endpoint, source)).await;
    let call = async |kind: &str, body: &str, secret: Option<&str>| {
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(secret.map(|name| (name.to_owned(), "secret".to_owned())));
        let request = EndpointRequest {
            method: "POST".into(),
            path: "/a".into(),
            query: None,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            ip: [127, 0, 0, 1].into(),
            url: "http://localhost/api/scripts/a".into(),
        };
        let endpoints = world.platform.endpoints();
        let reply = endpoints.handle(ctx.tenant, None, request).await.unwrap();
        executions.find(ctx, reply.execution).await.unwrap()
    };
    let json = "application/json";
    let large = format!("\"{}\"", "x".repeat(70_000));
    for (first, missing) in [
        (call(json, &large, None).await, "body"),
        (call("application/octet-stream", "abc", None).await, "body"),
        (call(json, "1", Some("cookie")).await, "headers.cookie"),
        (
            call(json, "1", Some("x-hub-signature-256")).await,
            "headers.x-hub-signature-256",
        ),
    ] {
        let refused = executions.replay(ctx, first.id, Replay::default()).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), "input_not_kept");
        assert!(refused.to_string().contains(missing), "{refused}");
        let given = Replay {
            input: Some(doc(json!({"body": "given"}))),
            ..Replay::default()
        };
        let given = repeated(&world, &first, given).await;
        assert_eq!(given.status, ExecutionStatus::Completed);
    }
    // What looks like a body that was left out, and is one.
    let whole = call(json, r#"{"bytes":5}"#, Some("accept")).await;
    let again = repeated(&world, &whole, Replay::default()).await;
    assert_eq!(again.status, ExecutionStatus::Completed);
    assert_eq!(again.input, whole.input);
}
