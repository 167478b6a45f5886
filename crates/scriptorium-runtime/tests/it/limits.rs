//! Limits that one script case cannot show: no construct of the language catches any of them
//! (T1.6), and what a run is given counts before its first instruction.

use std::fmt::Write as _;
use std::time::Duration;

use scriptorium_model::Json;
use scriptorium_model::limits::Limits;
use scriptorium_model::trigger::Trigger;
use scriptorium_runtime::{Call, TenantShare};
use serde_json::{Value, json};

use crate::harness::{Harness, options};

/// What a limit is called, how it is made small, what hits it, and with which code.
type Hit = (&'static str, fn(&mut Limits), &'static str, &'static str);

/// A limit made small, what meets it, and the code that is to come of it. Both calls of `hit` and
/// what comes after it are synchronous: nothing is awaited in between.
const HITS: &[Hit] = &[
    (
        "wall",
        |limits| limits.wall = Duration::from_millis(40),
        "for (;;);",
        "limit.wall",
    ),
    (
        "cpu",
        |limits| limits.cpu = Duration::from_millis(20),
        "for (;;);",
        "limit.cpu",
    ),
    (
        "guest memory",
        |limits| limits.memory_bytes = 1 << 20,
        "const kept = []; for (;;) kept.push('x'.repeat(1000) + kept.length);",
        "limit.memory",
    ),
    (
        "memory of the host",
        |limits| limits.memory_bytes = 1 << 20,
        "const large = 'x'.repeat(50_000); for (;;) services.demo.wait(60_000, large);",
        "limit.memory",
    ),
    (
        "API calls",
        |limits| limits.api_calls = 3,
        "for (;;) storage.get('key');",
        "limit.api_calls",
    ),
    (
        "service calls",
        |limits| limits.service_calls = 3,
        "for (;;) services.demo.echo();",
        "limit.api_calls",
    ),
];

/// Where the limit is met. `mark` says to the host that the script still runs.
const PLACES: &[(&str, &str)] = &[
    (
        "try",
        "try { hit(); mark(); } catch { mark(); } finally { mark(); } mark();",
    ),
    (
        "finally",
        "try { try { throw 1; } finally { hit(); mark(); } } catch { mark(); }",
    ),
    (
        "async function",
        "await (async () => { try { hit(); } finally { mark(); } })().catch(mark).finally(mark); mark();",
    ),
    (
        "microtask",
        "await Promise.resolve().then(hit).catch(mark).finally(mark); mark();",
    ),
    (
        "return of a generator",
        "function* numbers() { try { yield 1; } finally { hit(); mark(); } }
         try { for (const _ of numbers()) break; } catch { mark(); } finally { mark(); } mark();",
    ),
    (
        "close of an iterator",
        "const one = { next: () => ({ value: 1, done: false }), return() { hit(); mark(); return {}; } };
         try { const [_] = { [Symbol.iterator]: () => one }; } catch { mark(); } mark();",
    ),
    (
        "disposal",
        "try { const stack = new DisposableStack(); stack.defer(() => { hit(); mark(); }); stack.dispose(); }
         catch { mark(); } finally { mark(); }",
    ),
    (
        "getter of then",
        "try { await { get then() { hit(); mark(); } }; } catch { mark(); } finally { mark(); }",
    ),
    (
        "trap of a proxy",
        "const proxy = new Proxy({}, { get() { hit(); mark(); } });
         try { proxy.x; } catch { mark(); } finally { mark(); }",
    ),
    (
        "comparator",
        "try { [2, 1].sort(() => { hit(); mark(); }); } catch { mark(); } mark();",
    ),
    (
        "reviver",
        "try { JSON.parse('[1]', () => { hit(); mark(); }); } catch { mark(); } mark();",
    ),
    (
        "tag of a template",
        "const tag = () => { hit(); mark(); }; try { tag`x`; } catch { mark(); } mark();",
    ),
    (
        "conversion",
        "try { `${{ toString() { hit(); mark(); } }}`; } catch { mark(); } finally { mark(); }",
    ),
    (
        "what prints a thrown error",
        "const error = new Error('x');
         Object.defineProperty(error, 'message', { get() { hit(); mark(); } });
         throw error;",
    ),
    (
        "what writes the result",
        "return { toJSON() { try { hit(); } catch { mark(); } mark(); } };",
    ),
    (
        "callback of a finalization registry",
        "const registry = new FinalizationRegistry(() => { try { hit(); } catch { mark(); } mark(); });
         (() => registry.register({}, 1))();
         for (let i = 0; i < 10; i++) await null;
         mark();",
    ),
    (
        "timer",
        "setTimeout(() => { try { hit(); } catch { mark(); } finally { mark(); } mark(); }, 0);
         await new Promise((settled) => setTimeout(settled, 0)); mark();",
    ),
    (
        "listener of an event",
        "const target = new EventTarget();
         target.addEventListener('x', () => { hit(); mark(); });
         try { target.dispatchEvent(new Event('x')); } catch { mark(); } mark();",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_script_runs_after_a_limit() {
    let harness = Harness::new().await;
    let mut wrong = String::new();
    for (limit, set, hit, code) in HITS {
        for (place, body) in PLACES {
            let source = format!(
                "const hit = () => {{ {hit} }};
                 const mark = () => {{ console.log('still here'); }};
                 async function main() {{ {body} }}"
            );
            let (ended, lines) = run(&harness, &source, Json::null(), set).await;
            let got = ended.failure.map(|failure| failure.code);
            if got.as_deref() != Some(code) || lines.iter().any(|line| line == "still here") {
                writeln!(wrong, "{limit} in {place}: {got:?}, {lines:?}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_is_given_counts_before_it_begins() {
    let harness = Harness::new().await;
    let source = "function main(input) { return input.length; }";
    for (letters, code) in [(100_000, None), (2 << 20, Some("limit.memory"))] {
        let input = Json::from(Value::from("x".repeat(letters)));
        let set = |limits: &mut Limits| limits.memory_bytes = 1 << 20;
        let (ended, _) = run(&harness, source, input, set).await;
        let failure = ended.failure.as_ref();
        assert_eq!(failure.map(|failure| failure.code.as_str()), code);
        // Nothing ran when it was too much.
        assert_eq!(ended.started_at.is_none(), code.is_some());
        // The job has it, and so has the guest.
        let peak = ended.metrics.memory_peak_bytes;
        assert!(peak >= 2 * letters as u64 || code.is_some(), "{peak}");
    }
}

async fn run(
    harness: &Harness,
    source: &str,
    input: Json,
    set: impl Fn(&mut Limits),
) -> (scriptorium_model::execution::Execution, Vec<String>) {
    let mut job = harness.job(source, Trigger::OneOff, Call::Main(input));
    let mut definition = (*job.definition).clone();
    set(&mut definition.limits);
    job.definition = definition.into();
    let finished = harness.runtime.run(job).await;
    let lines = finished.logs.into_iter().map(|line| line.message);
    (finished.execution, lines.collect())
}

/// R-LIM-04, X-10: what is too often is refused, and may be caught.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_calls_only_so_often_a_minute() {
    let share = TenantShare {
        database: Some(2),
        storage: Some(3),
        events: Some(1),
        ..TenantShare::TRUSTED
    };
    let mut options = options();
    options.shares.named.insert("default".to_owned(), share);
    let harness = Harness::with(options).await;
    let source = "async function main() {
      const told = [];
      const call = async (what, times) => {
        for (let i = 0; i < times; i++) await what().catch((error) => told.push(error.code, error.details.retryAfterMs > 0));
      };
      await call(() => db.count('orders'), 3);
      await call(() => storage.get('a'), 2);
      await call(() => cache.get('a'), 2);
      await call(() => events.publish('a.b', 1), 2);
      await call(() => utils.template.render('welcome', { name: 'x' }), 2);
      return told;
    }";
    let finished = harness.runtime.run(harness.main(source)).await;
    let output = finished.execution.output.map(|output| output.to_value());
    let refused = ["RATE_LIMIT", "RATE_LIMIT", "RATE_LIMIT"];
    let expected: Vec<Value> = (refused.into_iter())
        .flat_map(|code| [json!(code), json!(true)])
        .collect();
    assert_eq!(output, Some(Value::Array(expected)));
}
