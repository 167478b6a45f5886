//! Looking at and stopping what runs: watch, cancel, admission, preparing.

use std::time::Duration;

use scriptorium_model::execution::ExecutionStatus;
use scriptorium_model::script::{Language, ScriptType};
use scriptorium_runtime::{Bound, Options};
use tokio::sync::broadcast::error::RecvError;

use crate::harness::{Harness, options};

const WAITS: &str =
    "async function main() { console.log('begun'); await services.demo.wait(60000); }";

/// Runs until the execution of `id` shows itself.
async fn watched(
    harness: &Harness,
    id: scriptorium_model::ExecutionId,
) -> scriptorium_runtime::Watch {
    loop {
        if let Some(watch) = harness.runtime.watch(id)
            && !watch.lines.is_empty()
        {
            return watch;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watcher_sees_the_lines_and_the_end() {
    let harness = Harness::new().await;
    let job = harness.main(
        "async function main() { console.log('one'); await services.demo.wait(100); console.log('two'); }",
    );
    let id = job.execution.id;
    let (finished, (first, later, end)) = tokio::join!(harness.runtime.run(job), async {
        let mut watch = watched(&harness, id).await;
        let later = watch.receiver.recv().await.unwrap();
        (watch.lines[0].clone(), later, watch.receiver.recv().await)
    });
    assert_eq!(finished.execution.status, ExecutionStatus::Completed);
    assert_eq!((first.seq, first.message.as_str()), (1, "one"));
    assert_eq!((later.seq, later.message.as_str()), (2, "two"));
    assert_eq!(end.unwrap_err(), RecvError::Closed);
    assert!(harness.runtime.watch(id).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_execution_is_cancelled() {
    let harness = Harness::new().await;
    let job = harness.main(WAITS);
    let id = job.execution.id;
    let (finished, cancelled) = tokio::join!(harness.runtime.run(job), async {
        watched(&harness, id).await;
        harness.runtime.cancel(id)
    });
    assert!(cancelled);
    assert_eq!(finished.execution.status, ExecutionStatus::Cancelled);
    assert_eq!(finished.execution.failure.unwrap().code, "cancelled");
    assert!(!harness.runtime.cancel(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn spinning_execution_is_cancelled() {
    let harness = Harness::new().await;
    let job = harness.main("function main() { console.log('begun'); for (;;); }");
    let id = job.execution.id;
    let (finished, ()) = tokio::join!(harness.runtime.run(job), async {
        watched(&harness, id).await;
        harness.runtime.cancel(id);
    });
    assert_eq!(finished.execution.status, ExecutionStatus::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn execution_beyond_the_scripts_concurrency_is_refused_before_it_begins() {
    let patience = Duration::from_millis(20);
    let harness = Harness::with(Options {
        patience,
        ..options()
    })
    .await;
    let mut first = harness.main(WAITS);
    let mut definition = (*first.definition).clone();
    definition.limits.concurrency = 1;
    first.definition = definition.into();
    let mut second = first.clone();
    second.execution.id = harness.ambient.new_id();
    let id = first.execution.id;
    let (first, second) = tokio::join!(harness.runtime.run(first), async {
        watched(&harness, id).await;
        let second = harness.runtime.run(second).await;
        harness.runtime.cancel(id);
        second
    });
    assert_eq!(first.execution.status, ExecutionStatus::Cancelled);
    let failure = second.execution.failure.unwrap();
    assert_eq!(failure.code, "platform.script_busy");
    assert_eq!(second.refused.unwrap().bound, Bound::Script);
    assert_eq!(second.execution.started_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_run_stops_and_gives_its_room_back() {
    let harness = Harness::new().await;
    let job = harness.main(WAITS);
    let id = job.execution.id;
    tokio::select! {
        _ = harness.runtime.run(job) => panic!("it waits for a minute"),
        _ = watched(&harness, id) => {}
    }
    assert!(harness.runtime.watch(id).is_none());
    assert_eq!(harness.runtime.statistics().running, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_program_is_found_again() {
    let harness = Harness::new().await;
    let source = "function main() { return 1; }";
    let prepare = |language| {
        harness
            .runtime
            .prepare(source, language, ScriptType::OneOff, None)
    };
    prepare(Language::JavaScript).unwrap();
    prepare(Language::JavaScript).unwrap();
    let programs = harness.runtime.statistics().programs;
    assert_eq!((programs.hits, programs.misses), (1, 1));
    let failure = harness
        .runtime
        .prepare("function (", Language::TypeScript, ScriptType::OneOff, None)
        .unwrap_err();
    assert_eq!(
        (failure.code.as_str(), failure.line),
        ("script.syntax", Some(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_cannot_be_used_are_refused() {
    let harness = Harness::new().await;
    let mut bad = options();
    bad.services
        .push(scriptorium_runtime::Service::new("demo", "Again."));
    bad.services
        .push(scriptorium_runtime::Service::new("__proto__", ""));
    bad.templates.insert("a b".into(), String::new());
    let runtime =
        scriptorium_runtime::Runtime::new(bad, harness.store.clone(), harness.ambient.clone());
    let Err(scriptorium_runtime::Error::Options(invalid)) = runtime else {
        panic!("it was accepted");
    };
    let fields: Vec<&str> = invalid.errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(fields, ["name", "services", "services"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_line_is_cut_and_its_data_left_out() {
    let harness = Harness::new().await;
    let source = "function main() { const x = 'ж'.repeat(100_000); ctx.log.info(x, { x }); console.log('after'); }";
    let finished = harness.runtime.run(harness.main(source)).await;
    let [long, after] = finished.logs.try_into().unwrap();
    assert!(long.message.len() < 17_000 && long.message.ends_with("… (200000 bytes)"));
    assert_eq!(long.data.unwrap().as_str(), r#"{"omitted_bytes":200008}"#);
    assert_eq!(after.message, "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_beyond_what_the_host_holds_are_refused() {
    let harness = Harness::new().await;
    let source = r"
        async function main() {
          const large = 'x'.repeat(2 << 20), larger = 'x'.repeat(17 << 20);
          const codes = [];
          for (const attempt of [
            () => services.demo.echo(large),
            () => utils.crypto.hash(larger),
            () => utils.date.format(large),
            () => storage.get(large),
            () => http.get('http://127.0.0.1/', { headers: { a: larger } }),
            () => storage.get('key', larger, larger),
          ]) {
            try { await attempt(); codes.push('allowed'); } catch (error) { codes.push(error.code); }
          }
          return codes;
        }";
    let mut job = harness.main(source);
    let mut definition = (*job.definition).clone();
    definition.limits.memory_bytes = 256 << 20;
    job.definition = definition.into();
    let finished = harness.runtime.run(job).await;
    let codes = finished.execution.output.expect("it completes").to_value();
    assert_eq!(codes, serde_json::json!(vec!["VALIDATION_ERROR"; 6]));
}
