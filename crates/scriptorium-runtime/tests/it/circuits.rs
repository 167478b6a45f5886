//! A script whose executions time out is held back, for those who wait and in the queue; others and
//! whoever tries it by hand are not (R-POOL-17).

use std::sync::Arc;
use std::time::Duration;

use scriptorium_model::Json;
use scriptorium_model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium_model::script::Script;
use scriptorium_model::trigger::Trigger;
use scriptorium_runtime::scheduler::Bound;
use scriptorium_runtime::{Call, Finished, Job};
use serde_json::json;

use crate::harness::{Harness, definition};

const SPINS: &str = "function main(input) { for (; input !== 'stop';); return 'stopped'; }";

async fn run(harness: &Harness, script: &Script, trigger: TriggerKind, input: &str) -> Finished {
    let call = Call::Main(Json::from(json!(input)));
    let job = harness.job("", Trigger::OneOff, call);
    let execution = Execution {
        script: script.id,
        version: script.version,
        trigger,
        ..job.execution.clone()
    };
    let job = Job {
        script: script.id,
        definition: Arc::new(script.definition.clone()),
        execution,
        ..job
    };
    harness.runtime.run(job).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_times_out_is_held_back() {
    let harness = Harness::new().await;
    let mut spins = definition("spins", SPINS, Trigger::OneOff);
    spins.limits.wall = Duration::from_millis(20);
    let spins = harness.script(spins).await;
    let other = harness
        .script(definition("other", SPINS, Trigger::OneOff))
        .await;
    for _ in 0..10 {
        assert_eq!(harness.runtime.circuit(spins.tenant, spins.id), None);
        let finished = run(&harness, &spins, TriggerKind::Http, "go").await;
        assert_eq!(finished.execution.status, ExecutionStatus::Timeout);
    }

    let refused = run(&harness, &spins, TriggerKind::Http, "stop").await;
    assert_eq!(refused.refused.unwrap().bound, Bound::Circuit);
    assert_eq!(refused.execution.started_at, None);
    let failure = refused.execution.failure.unwrap();
    assert_eq!(failure.code, "platform.circuit_open");
    let circuit = harness.runtime.circuit(spins.tenant, spins.id).unwrap();
    assert_eq!((circuit.version, circuit.half_open), (1, false));
    let held_for = circuit.retry_at.duration_since(circuit.since);
    assert_eq!(held_for.as_secs(), 30);
    assert_eq!(harness.runtime.statistics().circuits.refused, 1);

    // By hand it is begun, and another script is not concerned.
    for (script, trigger) in [(&spins, TriggerKind::Manual), (&other, TriggerKind::Http)] {
        let finished = run(&harness, script, trigger, "stop").await;
        assert_eq!(finished.execution.status, ExecutionStatus::Completed);
    }
    let new = Script {
        version: 2,
        ..spins.clone()
    };

    // What is in the queue stays there, behind nobody's back.
    let held = harness.enqueue(&spins, json!("stop")).await;
    let free = harness.enqueue(&other, json!("stop")).await;
    harness.runtime.start_workers();
    let free = harness.ended(&free).await;
    assert_eq!(free.status, ExecutionStatus::Completed);
    let stored = harness.store.find_execution(&harness.ctx(), held.id).await;
    assert_eq!(stored.unwrap().status, ExecutionStatus::Pending);

    // The next version is begun at once, and with it what waits.
    let finished = run(&harness, &new, TriggerKind::Http, "stop").await;
    assert_eq!(finished.execution.status, ExecutionStatus::Completed);
    harness.runtime.wake();
    let held = harness.ended(&held).await;
    assert_eq!(held.status, ExecutionStatus::Completed);
}
