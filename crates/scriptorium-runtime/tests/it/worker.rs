//! Executions that wait in the store: worked on once, stopped on demand, never lost.

use std::time::Duration;

use scriptorium_model::Json;
use scriptorium_model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium_model::schedule::Schedule;
use scriptorium_model::script::ScriptStatus;
use scriptorium_model::trigger::Trigger;
use serde_json::json;

use crate::harness::{Harness, definition, options};

const WAITS: &str = "async function main() { await services.demo.wait(60000); }";

fn schedule() -> Trigger {
    Trigger::Scheduled(Schedule::new("0 9 * * *", "Asia/Tashkent"))
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_executions_are_run_and_recorded() {
    let harness = Harness::new().await;
    let source = "function main(input) { console.log('got', input.n); return { n: input.n + 1 }; }";
    let script = harness
        .script(definition("adds one", source, Trigger::OneOff))
        .await;
    let mut executions = Vec::new();
    for n in 0..20 {
        executions.push(harness.enqueue(&script, json!({ "n": n })).await);
    }
    harness.runtime.start_workers();
    for (n, execution) in executions.iter().enumerate() {
        let ended = harness.ended(execution).await;
        assert_eq!(
            ended.status,
            ExecutionStatus::Completed,
            "{:?}",
            ended.failure
        );
        assert_eq!(ended.output, Some(Json::from(json!({ "n": n + 1 }))));
        assert_eq!(ended.attempt, 1);
    }
    let logs = harness
        .store
        .list_logs(&harness.ctx(), executions[7].id, 0, 10)
        .await;
    assert_eq!(logs.unwrap()[0].message, "got 7");
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_script_does_not_stop_the_others() {
    let harness = Harness::with(scriptorium_runtime::Options {
        workers: 4,
        ..options()
    })
    .await;
    let mut slow = definition("slow script", WAITS, Trigger::OneOff);
    slow.limits.concurrency = 1;
    let slow = harness.script(slow).await;
    let quick = definition(
        "quick script",
        "function main() { return 1; }",
        Trigger::OneOff,
    );
    let quick = harness.script(quick).await;
    for _ in 0..30 {
        harness.enqueue(&slow, json!(null)).await;
    }
    harness.runtime.start_workers();
    let execution = harness.enqueue(&quick, json!(null)).await;
    let ended = harness.ended(&execution).await;
    assert_eq!(ended.status, ExecutionStatus::Completed);
    harness.runtime.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn running_execution_is_cancelled_through_the_store() {
    let harness = Harness::new().await;
    let script = harness
        .script(definition("waits", WAITS, Trigger::OneOff))
        .await;
    harness.runtime.start_workers();
    let execution = harness.enqueue(&script, json!(null)).await;
    harness
        .until(&execution, |e| e.status == ExecutionStatus::Running)
        .await;
    harness
        .store
        .request_cancel(&harness.ctx(), execution.id)
        .await
        .unwrap();
    let ended = harness.ended(&execution).await;
    assert_eq!(ended.status, ExecutionStatus::Cancelled);
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_gives_back_what_it_cuts_off() {
    let harness = Harness::new().await;
    let script = harness
        .script(definition("waits", WAITS, Trigger::OneOff))
        .await;
    harness.runtime.start_workers();
    let execution = harness.enqueue(&script, json!(null)).await;
    harness
        .until(&execution, |e| e.status == ExecutionStatus::Running)
        .await;
    harness.runtime.shutdown(Duration::from_millis(50)).await;
    let found = harness
        .store
        .find_execution(&harness.ctx(), execution.id)
        .await
        .unwrap();
    assert_eq!(
        (found.status, found.started_at),
        (ExecutionStatus::Pending, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn execution_of_a_dead_worker_is_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let source = "async function main() { if (context.execution.attempt === 1) await services.demo.wait(60000); return context.execution.attempt; }";
    // The first process dies in the middle: nothing is recorded, nothing is given back.
    let first = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let path = dir.path().to_owned();
    let execution = tokio::task::spawn_blocking(move || {
        let execution = first.block_on(async {
            let harness = Harness::open(&path, options()).await;
            let script = harness
                .script(definition("waits once", source, Trigger::OneOff))
                .await;
            harness.runtime.start_workers();
            let execution = harness.enqueue(&script, json!(null)).await;
            harness
                .until(&execution, |e| e.status == ExecutionStatus::Running)
                .await;
            execution
        });
        first.shutdown_timeout(Duration::from_secs(5));
        execution
    })
    .await
    .unwrap();
    let harness = Harness::open(dir.path(), options()).await;
    harness.runtime.start_workers();
    let ended = harness.ended(&execution).await;
    assert_eq!(
        ended.status,
        ExecutionStatus::Completed,
        "{:?}",
        ended.failure
    );
    assert_eq!(ended.output, Some(Json::from(json!(2))));
    assert_eq!(ended.attempt, 2);
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_execution_of_a_paused_script_is_cancelled() {
    let harness = Harness::new().await;
    let script = harness
        .script(definition("planned", "function main() {}", schedule()))
        .await;
    let planned = Execution {
        trigger: TriggerKind::Cron,
        script: script.id,
        attempt: 0,
        ..harness.execution(&script.definition)
    };
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    harness
        .store
        .set_status(&harness.ctx(), script.id, from, to, None)
        .await
        .unwrap();
    let execution = harness.enqueue_as(planned).await;
    harness.runtime.start_workers();
    let ended = harness.ended(&execution).await;
    assert_eq!(ended.status, ExecutionStatus::Cancelled);
    assert_eq!(ended.failure.unwrap().message, "the script is paused");
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_whose_owner_is_gone_is_paused_with_a_reason() {
    let harness = Harness::new().await;
    let script = harness
        .script(definition("planned", "function main() {}", schedule()))
        .await;
    let mut user = harness.user.clone();
    user.active = false;
    harness
        .store
        .update_user(&harness.ctx(), &user)
        .await
        .unwrap();
    let planned = Execution {
        trigger: TriggerKind::Cron,
        script: script.id,
        attempt: 0,
        ..harness.execution(&script.definition)
    };
    let execution = harness.enqueue_as(planned).await;
    harness.runtime.start_workers();
    let ended = harness.ended(&execution).await;
    assert_eq!(ended.failure.unwrap().code, "platform.principal");
    let script = harness
        .store
        .find_script(&harness.ctx(), script.id)
        .await
        .unwrap();
    assert_eq!(script.status, ScriptStatus::Paused);
    assert!(script.paused_reason.unwrap().contains("run-as user"));
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grant_of_a_token_bounds_a_later_run() {
    let harness = Harness::new().await;
    let source = "function main() { return context.user.permissions; }";
    let script = harness
        .script(definition("permissions", source, Trigger::OneOff))
        .await;
    let execution = Execution {
        script: script.id,
        attempt: 0,
        triggered_by: Some(harness.user.id),
        trigger_data: Some(json!({ "grant": ["scripts.execute"] }).into()),
        ..harness.execution(&script.definition)
    };
    let execution = harness.enqueue_as(execution).await;
    harness.runtime.start_workers();
    let ended = harness.ended(&execution).await;
    assert_eq!(ended.output, Some(Json::from(json!(["scripts.execute"]))));
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trial_of_unsaved_text_runs_that_text() {
    let harness = Harness::new().await;
    let saved = definition(
        "saved text",
        "function main() { return 'saved'; }",
        Trigger::OneOff,
    );
    let script = harness.script(saved).await;
    let source = "async function main(input) { await services.demo.wait(input); return 'tried'; }";
    let trial = |wait: u64, timeout: u64| Execution {
        script: script.id,
        attempt: 0,
        test: true,
        input: json!(wait).into(),
        triggered_by: Some(harness.user.id),
        trigger_data: Some(json!({ "source": source, "timeout_ms": timeout }).into()),
        ..harness.execution(&script.definition)
    };
    let quick = harness.enqueue_as(trial(0, 5_000)).await;
    let slow = harness.enqueue_as(trial(60_000, 50)).await;
    harness.runtime.start_workers();
    let ended = harness.ended(&quick).await;
    assert_eq!(
        ended.output,
        Some(Json::from(json!("tried"))),
        "{:?}",
        ended.failure
    );
    let ended = harness.ended(&slow).await;
    assert_eq!(ended.status, ExecutionStatus::Timeout);
    harness.runtime.shutdown(Duration::from_secs(5)).await;
}
