//! Running scripts by hand and by name, and what is remembered of it.

use std::time::Duration;

use futures_util::{StreamExt, pin_mut};
use scriptorium::model::Ctx;
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::{PermissionSet, Role};
use scriptorium::model::script::{Definition, Script, ScriptStatus};
use scriptorium::model::trigger::Trigger;
use scriptorium::{
    Error, ErrorKind, Execute, ExecutionFilter, Live, Mode, NewToken, Service, TenantShare,
};
use serde_json::{Value, json};

use crate::world::{World, definition, json as doc};

fn execute(script: &Script, input: Value, mode: Mode) -> Execute {
    Execute::new(script.id, doc(input), mode)
}

fn output(execution: &Execution) -> Value {
    execution
        .output
        .as_ref()
        .map(|output| output.to_value())
        .unwrap_or_default()
}

/// Waits for the end of an execution.
async fn ended(world: &World, started: &Execution) -> Execution {
    let executions = world.platform.executions();
    let stream = executions.watch(&world.ctx, started.id).await.unwrap();
    let items: Vec<Live> = stream.map(Result::unwrap).collect().await;
    let Some(Live::Done(ended)) = items.into_iter().next_back() else {
        panic!("the last item is the end")
    };
    *ended
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_do_not_wait_behind_what_tenants_run() {
    let share = TenantShare {
        running: 1,
        ..TenantShare::SHARED_HOSTING
    };
    let world = World::with(|builder| builder.tenant_share("default", share).slots(8, 8)).await;
    let executions = world.platform.executions();
    let loops = definition(
        "loops",
        Trigger::OneOff,
        "export default () => { for (;;); }",
    );
    let loops = world.active(loops).await;
    let looping = executions
        .execute(&world.ctx, execute(&loops, Value::Null, Mode::Async))
        .await
        .unwrap();
    while world.platform.status().runtime.running == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let user = world.user("operator", Role::OrgAdmin).await;
    let operator = Ctx {
        permissions: PermissionSet::from_names(["*", "tenants.manage"]),
        ..user
    };
    let quick = world
        .active(definition(
            "quick",
            Trigger::OneOff,
            "export default () => 1",
        ))
        .await;
    for mode in [Mode::Async, Mode::Sync] {
        let by_hand = Execute {
            trigger: TriggerKind::Manual,
            ..execute(&quick, Value::Null, mode)
        };
        let started = executions.execute(&operator, by_hand).await.unwrap();
        assert_eq!(
            ended(&world, &started).await.status,
            ExecutionStatus::Completed,
            "{mode:?}"
        );
    }
    executions.cancel(&world.ctx, looping.id).await.unwrap();
    assert_eq!(
        ended(&world, &looping).await.status,
        ExecutionStatus::Cancelled
    );
}

#[tokio::test]
async fn a_run_and_its_lines_are_remembered() {
    let world = World::new().await;
    let source = "export default (input) => { console.log('hello', input.name); return { sum: input.a + 1 } }";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let executions = world.platform.executions();
    let ended = executions
        .execute(
            &world.ctx,
            execute(&script, json!({ "name": "Ada", "a": 1 }), Mode::Sync),
        )
        .await
        .unwrap();
    assert_eq!(
        ended.status,
        ExecutionStatus::Completed,
        "{:?}",
        ended.failure
    );
    assert_eq!(output(&ended), json!({ "sum": 2 }));
    let read = executions.find(&world.ctx, ended.id).await.unwrap();
    assert_eq!((read.status, output(&read)), (ended.status, output(&ended)));
    assert_eq!(read.input.to_value(), json!({ "name": "Ada", "a": 1 }));
    let lines = executions.logs(&world.ctx, ended.id, 0, 10).await.unwrap();
    assert_eq!(lines[0].message, "hello Ada");
}

/// R-ONE-04: however often a script says how far it is, few who look are told, and one state is kept.
#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_live_and_its_last_state_is_kept() {
    let world = World::new().await;
    let source = "export default async () => {
        for (let i = 1; i <= 50000; i++) console.progress(i, 50000, `row ${i}`);
        await new Promise((resolve) => setTimeout(resolve, 300));
        console.progress(1, 2, 'the last');
    }";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let executions = world.platform.executions();
    let started = executions
        .execute(&world.ctx, execute(&script, Value::Null, Mode::Async))
        .await
        .unwrap();
    let stream = executions.watch(&world.ctx, started.id).await.unwrap();
    let items: Vec<Live> = stream.map(Result::unwrap).collect().await;
    let told: Vec<f64> = items
        .iter()
        .filter_map(|item| match item {
            Live::Progress(progress) => Some(progress.done),
            _ => None,
        })
        .collect();
    assert!((2..200).contains(&told.len()), "{}", told.len());
    assert_eq!(told.last(), Some(&1.0));
    assert!(matches!(items.last(), Some(Live::Done(_))));

    let read = executions.find(&world.ctx, started.id).await.unwrap();
    let progress = read.progress.unwrap();
    assert_eq!((progress.done, progress.total), (1.0, Some(2.0)));
    assert_eq!(progress.text.as_deref(), Some("the last"));
    assert_eq!(read.metrics.dropped_logs, 0);
    let lines = executions
        .logs(&world.ctx, started.id, 0, 10)
        .await
        .unwrap();
    assert!(lines.is_empty(), "{lines:?}");
}

fn with_schema(name: &str, trigger: Trigger, source: &str) -> Definition {
    let schema = json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "notify": {"type": "boolean", "default": true}
        }
    });
    Definition {
        input_schema: Some(doc(schema)),
        ..definition(name, trigger, source)
    }
}

/// The field of a refusal.
#[track_caller]
fn refused_field<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    error.invalid().unwrap().errors[0].field.clone()
}

#[tokio::test]
async fn an_input_that_does_not_suit_its_schema_is_refused_before_anything_begins() {
    let world = World::new().await;
    let (ctx, executions) = (&world.ctx, world.platform.executions());
    let given = with_schema("given", Trigger::OneOff, "export default (input) => input");
    let given = world.active(given).await;
    for mode in [Mode::Sync, Mode::Async] {
        let what = execute(&given, json!({"id": 7}), mode);
        assert_eq!(
            refused_field(executions.execute(ctx, what).await),
            "input.id"
        );
    }
    let all = ExecutionFilter::default();
    let recorded = executions.list(ctx, &all, &PageRequest::first()).await;
    assert_eq!(recorded.unwrap().items, []);

    // What is missing is filled in, whichever way it runs.
    let expected = json!({"id": "SO-1", "notify": true});
    let sync = execute(&given, json!({"id": "SO-1"}), Mode::Sync);
    let sync = executions.execute(ctx, sync).await.unwrap();
    assert_eq!(output(&sync), expected);
    let later = execute(&given, json!({"id": "SO-1"}), Mode::Async);
    let later = executions.execute(ctx, later).await.unwrap();
    let later = ended(&world, &later).await;
    assert_eq!(output(&later), expected, "{:?}", later.failure);

    let rule = with_schema(
        "rule",
        Trigger::Embedded,
        "export default (order) => order.id",
    );
    world.active(rule).await;
    let refused = executions.invoke(ctx, "rule", doc(json!({}))).await;
    assert_eq!(refused_field(refused), "input.id");
    let called = executions.invoke(ctx, "rule", doc(json!({"id": "a"})));
    assert_eq!(output(&called.await.unwrap()), "a");
}

#[tokio::test]
async fn a_schema_that_reaches_outside_is_not_kept() {
    let world = World::new().await;
    let mut reaching = definition("reaching", Trigger::OneOff, "return 1");
    for schema in [
        json!({"$ref": "http://169.254.169.254/latest/meta-data"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"type": "strong"}),
    ] {
        reaching.input_schema = Some(doc(schema));
        let scripts = world.platform.scripts();
        let created = scripts.create(&world.ctx, reaching.clone(), "");
        assert_eq!(refused_field(created.await), "input_schema");
    }
}

#[tokio::test]
async fn a_failure_points_into_the_authors_source() {
    let world = World::new().await;
    let source = "function main() {\n  throw new TypeError('no')\n}";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let ended = world
        .platform
        .executions()
        .execute(&world.ctx, execute(&script, json!({}), Mode::Sync))
        .await
        .unwrap();
    let failure = ended.failure.unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.line),
        ("script.threw", Some(2))
    );
    assert!(failure.message.contains("no"), "{}", failure.message);
}

#[tokio::test]
async fn an_async_run_is_watched_to_its_end() {
    let world = World::new().await;
    let source = "for (let i = 0; i < 3; i++) console.info(`line ${i}`); return 7";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let executions = world.platform.executions();
    let pending = executions
        .execute(&world.ctx, execute(&script, json!({}), Mode::Async))
        .await
        .unwrap();
    assert_eq!(pending.status, ExecutionStatus::Pending);
    let stream = executions.watch(&world.ctx, pending.id).await.unwrap();
    pin_mut!(stream);
    let mut lines = Vec::new();
    let mut ended = None;
    while let Some(item) = stream.next().await {
        match item.unwrap() {
            Live::Progress(_) => {}
            Live::Log(line) => lines.push(line.message),
            Live::Done(execution) => ended = Some(execution),
            Live::Status(_) => {}
        }
    }
    assert_eq!(lines, ["line 0", "line 1", "line 2"]);
    let ended = ended.unwrap();
    assert_eq!(
        (ended.status, output(&ended)),
        (ExecutionStatus::Completed, json!(7))
    );
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_execution() {
    let world = World::new().await;
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    let executions = world.platform.executions();
    let with_key = |mode| Execute {
        idempotency_key: Some("k-1".into()),
        ..execute(&script, json!({}), mode)
    };
    let first = executions
        .execute(&world.ctx, with_key(Mode::Sync))
        .await
        .unwrap();
    let second = executions
        .execute(&world.ctx, with_key(Mode::Sync))
        .await
        .unwrap();
    assert_eq!(
        (first.id, first.status),
        (second.id, ExecutionStatus::Completed)
    );
}

#[tokio::test]
async fn unsaved_text_runs_as_a_test() {
    let world = World::new().await;
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 'saved'"))
        .await;
    for mode in [Mode::Sync, Mode::Async] {
        let trial = Execute {
            source: Some("return 'unsaved'".into()),
            ..execute(&script, json!({}), mode)
        };
        let executions = world.platform.executions();
        let started = executions.execute(&world.ctx, trial).await.unwrap();
        let ended = ended(&world, &started).await;
        assert_eq!(
            (output(&ended), ended.test),
            (json!("unsaved"), true),
            "{:?}",
            ended.failure
        );
    }
}

#[tokio::test]
async fn what_is_stopped_does_not_run() {
    let world = World::new().await;
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    world
        .platform
        .scripts()
        .set_status(&world.ctx, script.id, ScriptStatus::Paused, None)
        .await
        .unwrap();
    let refused = world
        .platform
        .executions()
        .execute(&world.ctx, execute(&script, json!({}), Mode::Sync))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.code()),
        (ErrorKind::Conflict, "not_active")
    );
}

#[tokio::test]
async fn a_host_calls_a_script_as_a_function() {
    let world = World::new().await;
    let source = "async function check(order) { if (order.total < 0) throw new Error('negative'); return { valid: order.total < 100 } }";
    world
        .active(definition("validate-order", Trigger::Embedded, source))
        .await;
    let platform = &world.platform;
    let verdict: Value = platform
        .invoke("validate-order", &json!({ "total": 5 }))
        .await
        .unwrap();
    assert_eq!(verdict, json!({ "valid": true }));
    let failed = platform
        .invoke::<_, Value>("validate-order", &json!({ "total": -1 }))
        .await;
    let failed = failed.unwrap_err();
    assert_eq!(
        (failed.kind(), failed.code()),
        (ErrorKind::Script, "script.threw")
    );
    let missing = platform
        .invoke::<_, Value>("no-such", &json!({}))
        .await
        .unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_cancelled_run_ends_as_cancelled() {
    let world = World::new().await;
    let source = "console.log('begun'); for (;;);";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let executions = world.platform.executions();
    let started = executions
        .execute(&world.ctx, execute(&script, json!({}), Mode::Async))
        .await
        .unwrap();
    let stream = executions.watch(&world.ctx, started.id).await.unwrap();
    pin_mut!(stream);
    let mut last = None;
    while let Some(item) = stream.next().await {
        let item = item.unwrap();
        if matches!(item, Live::Log(_)) {
            executions.cancel(&world.ctx, started.id).await.unwrap();
        }
        last = Some(item);
    }
    let Some(Live::Done(ended)) = last else {
        panic!("the last item is the end")
    };
    assert_eq!(ended.status, ExecutionStatus::Cancelled);
}

#[tokio::test]
async fn a_cancelled_run_does_not_begin_again_after_a_restart() {
    let world = World::new().await;
    let source = "console.log('begun'); for (;;);";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let executions = world.platform.executions();
    let mut started = Vec::new();
    for _ in 0..2 {
        let one = execute(&script, json!({}), Mode::Async);
        started.push(executions.execute(&world.ctx, one).await.unwrap());
    }
    let [cut_off, cancelled] = [&started[0], &started[1]];
    for one in &started {
        let stream = executions.watch(&world.ctx, one.id).await.unwrap();
        pin_mut!(stream);
        while !matches!(stream.next().await.unwrap().unwrap(), Live::Log(_)) {}
    }
    executions.cancel(&world.ctx, cancelled.id).await.unwrap();
    // In the same instant the process ends, and has no time for either of them.
    let world = world
        .restarted_after(Duration::ZERO, |builder| builder.triggers(false))
        .await;
    let executions = world.platform.executions();
    let status = async |id| executions.find(&world.ctx, id).await.unwrap().status;
    assert_eq!(status(cancelled.id).await, ExecutionStatus::Cancelled);
    assert_eq!(status(cut_off.id).await, ExecutionStatus::Pending);
}

#[tokio::test]
async fn what_was_accepted_before_a_stop_runs_after_the_start() {
    let world = World::with(|builder| builder.triggers(false)).await;
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    let executions = world.platform.executions();
    let pending = executions
        .execute(&world.ctx, execute(&script, json!({}), Mode::Async))
        .await
        .unwrap();
    let world = world.restarted(|builder| builder).await;
    let ended = ended(&world, &pending).await;
    assert_eq!(ended.status, ExecutionStatus::Completed);
}

/// A token made by the host or the operator has no user behind it: what it was granted is all that
/// bounds its runs, also when a worker picks them up later (D12).
#[tokio::test]
async fn a_token_without_a_maker_lends_a_run_no_more_than_its_own() {
    let probe = Service::new("probe", "Looks").method(
        "peek",
        "",
        "Promise<string>",
        "Looks.",
        async |_| Ok(json!("seen")),
    );
    let probe = probe.requires("clients.read");
    let world = World::with(|builder| builder.service(probe)).await;
    let source = "try { return await services.probe.peek() } catch (error) { return error.code }";
    let script = world
        .active(definition("abc", Trigger::OneOff, source))
        .await;
    let new = NewToken {
        name: "narrow".into(),
        tenant: None,
        permissions: vec!["scripts.read".into(), "scripts.execute".into()],
        expires_at: None,
    };
    let (_, secret) = world
        .platform
        .tokens()
        .create(&world.ctx, new)
        .await
        .unwrap();
    let token = world.platform.authenticate_token(&secret).await.unwrap();
    let token = token.unwrap();
    for (ctx, seen) in [(&world.ctx, "seen"), (&token.ctx, "PERMISSION_DENIED")] {
        for mode in [Mode::Sync, Mode::Async] {
            let executions = world.platform.executions();
            let asked = execute(&script, json!({}), mode);
            let started = executions.execute(ctx, asked).await.unwrap();
            let ended = ended(&world, &started).await;
            assert_eq!(output(&ended), json!(seen), "{mode:?} {:?}", ended.failure);
        }
    }
}

/// A script that goes through the gate.
fn gated(script: &str) -> String {
    format!("async function {script} {{ return await services.gate.pass() }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_the_same_thing_goes_one_after_the_other() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use scriptorium::model::concurrency::{Concurrency, WhenFull};

    let (inside, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let gate = {
        let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
        Service::new("gate", "Counts").method("pass", "", "Promise<number>", "Counts.", move |_| {
            let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
            async move {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                inside.fetch_sub(1, Ordering::SeqCst);
                Ok(json!(1))
            }
        })
    };
    let world = World::with(|builder| builder.service(gate)).await;
    let about = |name: &str, when_full: WhenFull| Definition {
        concurrency: Some(Concurrency {
            key: Some("customer".into()),
            limit: 1,
            when_full,
        }),
        ..definition(name, Trigger::Embedded, &gated("main(input)"))
    };
    world.active(about("queued", WhenFull::Queue)).await;
    let dropping = world.active(about("dropping", WhenFull::Drop)).await;
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let call = |name: &'static str, customer: u32| {
        executions.invoke(ctx, name, doc(json!({ "customer": customer })))
    };
    // Callers who wait, of the same customer: each has its seat.
    let (a, b, c) = tokio::join!(call("queued", 1), call("queued", 1), call("queued", 1));
    for execution in [a, b, c] {
        let execution = execution.unwrap();
        assert_eq!(execution.status, ExecutionStatus::Completed);
        assert_eq!(execution.seat.unwrap().key, "1");
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    // Of others beside them.
    let (a, b) = tokio::join!(call("queued", 1), call("queued", 2));
    assert!(a.is_ok() && b.is_ok());
    // What is left out is on record with the reason.
    let (a, b) = tokio::join!(call("dropping", 1), call("dropping", 1));
    let statuses = [a.unwrap(), b.unwrap()].map(|one| one.status);
    assert!(
        statuses.contains(&ExecutionStatus::Completed),
        "{statuses:?}"
    );
    assert!(
        statuses.contains(&ExecutionStatus::Cancelled),
        "{statuses:?}"
    );
    let filter = ExecutionFilter {
        script: Some(dropping.id),
        status: Some(ExecutionStatus::Cancelled),
        ..ExecutionFilter::default()
    };
    let page = PageRequest::first();
    let left_out = executions.list(ctx, &filter, &page).await.unwrap().items;
    assert_eq!(left_out.len(), 1);
    assert_eq!(
        left_out[0].failure_code.as_deref(),
        Some("platform.dropped")
    );
    // By hand and without waiting, too; a trial is bounded by nothing.
    let run = |source: Option<&str>| {
        let what = Execute {
            source: source.map(str::to_owned),
            ..execute(&dropping, json!({"customer": 5}), Mode::Async)
        };
        executions.execute(ctx, what)
    };
    let source = gated("main(input)");
    let trial = run(Some(&source)).await.unwrap();
    assert_eq!((trial.test, trial.seat), (true, None));
}
