//! Tenants beside each other: who loops for ever takes nothing from who needs little, shares
//! follow weights, room is bounded per tenant, and what is told to end does, wherever it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scriptorium_model::ExecutionId;
use scriptorium_model::execution::{Execution, ExecutionStatus};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::Trigger;
use scriptorium_runtime::{Bound, Finished, Job, Options, Runtime, Service, Shares, TenantShare};
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{Harness, definition, options};

const LOOPS: &str = "function main() { for (;;); }";
const SMALL: &str =
    "async function main() { const { args } = await services.demo.echo(7); return args[0]; }";

/// Long enough for any machine; what ends here is ended by the test.
const LONG: Duration = Duration::from_secs(300);

fn two_threads() -> Options {
    Options {
        guest_threads: 2,
        ..options()
    }
}

/// The tenant with this number: a stranger to all others.
fn tenant(harness: &Harness, number: u32) -> Tenant {
    Tenant {
        id: harness.ambient.new_id(),
        slug: format!("t{number}"),
        ..harness.tenant.clone()
    }
}

/// A job of a script of the tenant, a new one for each call.
fn job_of(harness: &Harness, tenant: &Tenant, source: &str) -> Job {
    let mut job = harness.main(source);
    let mut definition = (*job.definition).clone();
    (definition.limits.wall, definition.limits.cpu) = (LONG, LONG);
    job.definition = definition.into();
    job.tenant = tenant.clone();
    job.execution.tenant = tenant.id;
    job
}

/// Runs that were begun and are not waited for.
struct Begun(JoinSet<Finished>);

impl Begun {
    fn new() -> Self {
        Self(JoinSet::new())
    }

    fn add(&mut self, runtime: &Runtime, job: Job) -> ExecutionId {
        let (id, runtime) = (job.execution.id, runtime.clone());
        self.0.spawn(async move { runtime.run(job).await });
        id
    }

    async fn ended(mut self) -> Vec<Finished> {
        let mut ended = Vec::new();
        while let Some(finished) = self.0.join_next().await {
            ended.push(finished.unwrap());
        }
        ended
    }
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Processor time and slices by tenant.
fn used(runtime: &Runtime) -> BTreeMap<String, (Duration, u64)> {
    let tenants = runtime.statistics().tenants.into_iter();
    tenants
        .filter_map(|one| Some((one.tenant?.to_string(), (one.cpu, one.slices))))
        .collect()
}

/// Waits until so many further slices were given, and says what each tenant has used meanwhile.
async fn used_in(runtime: &Runtime, slices: u64) -> BTreeMap<String, Duration> {
    let (before, given) = (used(runtime), runtime.statistics().scheduler.slices);
    until(|| runtime.statistics().scheduler.slices >= given + slices).await;
    let since = |slug: &String| before.get(slug).map_or(Duration::ZERO, |one| one.0);
    let now = used(runtime).into_iter();
    now.map(|(slug, (cpu, _))| (slug.clone(), cpu - since(&slug)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn small_requests_end_while_four_tenants_loop_at_their_limits() {
    let harness = Harness::with(Options {
        patience: Duration::from_millis(20),
        ..two_threads()
    })
    .await;
    let runtime = &harness.runtime;
    let (mut loops, mut ids) = (Begun::new(), Vec::new());
    let noisy: Vec<Tenant> = (1..=4).map(|number| tenant(&harness, number)).collect();
    for one in &noisy {
        for _ in 0..5 {
            ids.push(loops.add(runtime, job_of(&harness, one, LOOPS)));
        }
    }
    until(|| used(runtime).len() == 4 && runtime.statistics().running == 20).await;
    for one in &noisy {
        let refused = runtime.run(job_of(&harness, one, SMALL)).await;
        assert_eq!(refused.refused.unwrap().bound, Bound::Tenant);
        let failure = refused.execution.failure.unwrap();
        assert_eq!(failure.code, "platform.tenant_busy");
    }
    let quiet = tenant(&harness, 5);
    let before = used(runtime);
    for _ in 0..30 {
        let ended = runtime.run(job_of(&harness, &quiet, SMALL)).await.execution;
        assert_eq!(
            ended.status,
            ExecutionStatus::Completed,
            "{:?}",
            ended.failure
        );
        assert_eq!(runtime.statistics().running, 20);
    }
    let after = used(runtime);
    assert!(
        before.iter().all(|(slug, one)| after[slug].0 > one.0),
        "{after:?}"
    );
    // The loops are equal among themselves: each has at least half of its quarter.
    let used = used_in(runtime, 400).await;
    let all: Duration = noisy.iter().map(|one| used[&one.slug]).sum();
    assert!(
        noisy.iter().all(|one| used[&one.slug] >= all / 8),
        "{used:?}"
    );
    for id in ids {
        assert!(runtime.cancel(id));
    }
    for finished in loops.ended().await {
        assert_eq!(finished.execution.status, ExecutionStatus::Cancelled);
    }
    assert_eq!(runtime.statistics().running, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn processor_time_follows_weights() {
    let heavy = TenantShare {
        weight: 300,
        ..TenantShare::TRUSTED
    };
    let harness = Harness::with(Options {
        shares: Shares {
            named: [("t1".to_owned(), heavy)].into(),
            ..Shares::default()
        },
        ..two_threads()
    })
    .await;
    let runtime = &harness.runtime;
    let mut loops = Begun::new();
    for one in [tenant(&harness, 1), tenant(&harness, 2)] {
        for _ in 0..3 {
            loops.add(runtime, job_of(&harness, &one, LOOPS));
        }
    }
    until(|| runtime.statistics().running == 6 && used(runtime).len() == 2).await;
    let used = used_in(runtime, 400).await;
    let ratio = used["t1"].as_secs_f64() / used["t2"].as_secs_f64();
    assert!((2.0..4.5).contains(&ratio), "{used:?}");
    runtime.shutdown(Duration::ZERO).await;
    assert_eq!(loops.ended().await.len(), 6);
}

/// One that would have its turn after a thousand slices of another tenant.
#[tokio::test(flavor = "multi_thread")]
async fn cancelled_run_ends_before_its_turn() {
    let share = |weight| TenantShare {
        weight,
        ..TenantShare::TRUSTED
    };
    let named = [("t1".to_owned(), share(1)), ("t2".to_owned(), share(1_000))];
    let harness = Harness::with(Options {
        guest_threads: 1,
        shares: Shares {
            named: named.into(),
            ..Shares::default()
        },
        ..options()
    })
    .await;
    let runtime = &harness.runtime;
    let mut light = Begun::new();
    let id = light.add(runtime, job_of(&harness, &tenant(&harness, 1), LOOPS));
    until(|| used(runtime).contains_key("t1")).await;
    let mut heavy = Begun::new();
    let other = heavy.add(runtime, job_of(&harness, &tenant(&harness, 2), LOOPS));
    until(|| used(runtime).contains_key("t2")).await;
    let before = used(runtime)["t2"].1;
    assert!(runtime.cancel(id));
    let ended = light.ended().await.pop().unwrap().execution;
    assert_eq!(ended.status, ExecutionStatus::Cancelled);
    let between = used(runtime)["t2"].1 - before;
    assert!(
        between < 500,
        "{between} slices of the other one came first"
    );
    runtime.cancel(other);
    heavy.ended().await;
}

/// Counts calls that are under way.
fn counting(under_way: &Arc<AtomicUsize>) -> Service {
    struct Guard(Arc<AtomicUsize>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let under_way = under_way.clone();
    Service::new("slow", "Never answers.").method(
        "call",
        "",
        "Promise<never>",
        "Waits.",
        move |_| {
            under_way.fetch_add(1, Ordering::SeqCst);
            let guard = Guard(under_way.clone());
            async move {
                let _guard = guard;
                std::future::pending().await
            }
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_runs_wherever_they_are_and_aborts_their_calls() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let harness = Harness::with(Options {
        services: vec![counting(&under_way)],
        ..two_threads()
    })
    .await;
    let runtime = &harness.runtime;
    let mut runs = Begun::new();
    for number in 0..4 {
        let one = tenant(&harness, number);
        for source in [
            LOOPS,
            LOOPS,
            "async function main() { await services.slow.call(); }",
            "async function main() { const calls = [services.slow.call(), services.slow.call()]; for (;;); }",
        ] {
            runs.add(runtime, job_of(&harness, &one, source));
        }
    }
    until(|| under_way.load(Ordering::SeqCst) == 12).await;
    runtime.shutdown(Duration::ZERO).await;
    let ended = runs.ended().await;
    assert_eq!(ended.len(), 16);
    for finished in ended {
        assert_eq!(finished.execution.status, ExecutionStatus::Cancelled);
    }
    until(|| under_way.load(Ordering::SeqCst) == 0).await;
    let scheduler = runtime.statistics().scheduler;
    assert_eq!((scheduler.ready, scheduler.waiting), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_finds_room_in_a_full_process() {
    let harness = Harness::with(Options {
        hot_slots: 8,
        overflow_slots: 0,
        operator_slots: 1,
        patience: Duration::from_millis(20),
        ..two_threads()
    })
    .await;
    let runtime = &harness.runtime;
    let mut loops = Begun::new();
    for number in 0..7 {
        loops.add(runtime, job_of(&harness, &tenant(&harness, number), LOOPS));
    }
    until(|| runtime.statistics().running == 7).await;
    let stranger = tenant(&harness, 9);
    let refused = runtime.run(job_of(&harness, &stranger, SMALL)).await;
    let refusal = refused.refused.unwrap();
    assert_eq!((refusal.bound, refusal.most), (Bound::Process, 7));
    assert_eq!(refused.execution.failure.unwrap().code, "platform.busy");
    let by_hand = Job {
        by_operator: true,
        ..job_of(&harness, &stranger, SMALL)
    };
    let ended = runtime.run(by_hand).await.execution;
    assert_eq!(
        ended.status,
        ExecutionStatus::Completed,
        "{:?}",
        ended.failure
    );
    runtime.shutdown(Duration::ZERO).await;
    loops.ended().await;
}

/// A tenant that may run one at a time, with many of different scripts in the queue.
async fn crowded(workers: usize) -> (Harness, Vec<Execution>) {
    let one = TenantShare {
        running: 1,
        ..TenantShare::SHARED_HOSTING
    };
    let harness = Harness::with(Options {
        shares: Shares {
            named: [("default".to_owned(), one)].into(),
            ..Shares::default()
        },
        workers,
        ..two_threads()
    })
    .await;
    let mut waiting = Vec::new();
    for number in 0..12 {
        let name = format!("slow {number}");
        let source = "async function main() { await services.demo.wait(300000); }";
        let script = harness
            .script(definition(&name, source, Trigger::OneOff))
            .await;
        for _ in 0..2 {
            waiting.push(harness.enqueue(&script, json!(null)).await);
        }
    }
    (harness, waiting)
}

/// An execution of a script that is soon done, from the queue to its end.
async fn quick(harness: &Harness, ask: impl Fn(ExecutionId)) -> Execution {
    let source = "function main() { return 1; }";
    let script = harness
        .script(definition("quick", source, Trigger::OneOff))
        .await;
    let execution = harness.enqueue(&script, json!(null)).await;
    ask(execution.id);
    harness.ended(&execution).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_at_its_bound_does_not_keep_the_queue_from_others() {
    let (harness, _) = crowded(2).await;
    harness.runtime.start_workers();
    until(|| harness.runtime.statistics().running == 1).await;
    let other = harness.in_tenant("other").await;
    let ended = quick(&other, |_| {}).await;
    assert_eq!(
        ended.status,
        ExecutionStatus::Completed,
        "{:?}",
        ended.failure
    );
    assert_eq!(other.runtime.statistics().running, 1);
    other.runtime.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn execution_an_operator_waits_for_is_taken_first() {
    let (harness, _) = crowded(1).await;
    harness.runtime.start_workers();
    until(|| harness.runtime.statistics().running == 1).await;
    let (runtime, tenant) = (harness.runtime.clone(), harness.tenant.id);
    let ended = quick(&harness, |id| runtime.wake_for(tenant, id)).await;
    assert_eq!(
        ended.status,
        ExecutionStatus::Completed,
        "{:?}",
        ended.failure
    );
    harness.runtime.shutdown(Duration::ZERO).await;
}

/// One worker; one tenant floods the queue with executions that compute for long, another has a few short
/// ones. Counted by the number each of those would wait for a long one; by what they have had they do
/// not (REL-14).
#[tokio::test(flavor = "multi_thread")]
async fn short_executions_do_not_wait_in_turn_with_long_ones() {
    let harness = Harness::with(Options {
        workers: 1,
        ..options()
    })
    .await;
    let neighbour = harness.neighbour("neighbour").await;
    let long = "function main() { let n = 0; for (let i = 0; i < 3e6; i++) n += i % 7; return n; }";
    let long = harness
        .script(definition("long one", long, Trigger::OneOff))
        .await;
    let short = definition(
        "short one",
        "function main() { return 1; }",
        Trigger::OneOff,
    );
    let short = neighbour.script(short).await;
    let mut long_ones = Vec::new();
    for _ in 0..24 {
        long_ones.push(harness.enqueue(&long, json!(null)).await);
    }
    harness.runtime.start_workers();
    let ended = async || {
        let mut count = 0;
        for execution in &long_ones {
            let ctx = harness.ctx();
            let found = harness.store.find_execution(&ctx, execution.id).await;
            count += usize::from(found.unwrap().status.is_final());
        }
        count
    };
    // It has had something when the other comes. Which of them went first is open: they were made in
    // one instant.
    while ended().await < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut short_ones = Vec::new();
    for _ in 0..10 {
        short_ones.push(neighbour.enqueue(&short, json!(null)).await);
    }
    for execution in &short_ones {
        neighbour.ended(execution).await;
    }
    let ended = ended().await;
    // In turn it would be sixteen: two, four that are held already, and one for each short one.
    assert!(
        ended <= 11,
        "{ended} of the long ones went before the short ones"
    );
    harness.runtime.shutdown(Duration::ZERO).await;
}
