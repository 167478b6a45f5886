//! What the host holds for an execution counts against its memory, and the host is told when a
//! limit is nearly used up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use scriptorium_engine::{
    CallClass, Cancel, Held, Host, HostError, Level, LimitHit, Limits, Meter, Outcome, Reply,
    Report,
};

use crate::support::{engine, failure, output, run_with};

/// Holds for the execution what the script says, and keeps what it was told.
#[derive(Clone, Default)]
struct Holding {
    meter: Meter,
    held: Arc<Mutex<Vec<Held>>>,
    told: Arc<Mutex<Vec<LimitHit>>>,
}

impl Host for Holding {
    fn class(&self, name: &str) -> CallClass {
        match name {
            "io" => CallClass::Io,
            _ => CallClass::Free,
        }
    }
    fn call(&mut self, name: &str, args: &str) -> Reply {
        let args = args.to_owned();
        match name {
            "echo" => Reply::Later(Box::pin(async { Ok(args) })),
            "long" => Reply::Later(Box::pin(async move { Ok(long(&args)) })),
            "never" => Reply::Later(Box::pin(std::future::pending())),
            _ => Reply::Ready(Ok(args)),
        }
    }
    fn call_sync(&mut self, name: &str, args: &str) -> Result<String, HostError> {
        let bytes = args.parse().unwrap_or_default();
        match name {
            "hold" => self.held.lock().unwrap().push(self.meter.hold(bytes)?),
            "let_go" => self.held.lock().unwrap().clear(),
            "long" => return Ok(long(args)),
            _ => {}
        }
        Ok(self.meter.memory().to_string())
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
    fn meter(&self) -> Meter {
        self.meter.clone()
    }
    fn near_limit(&mut self, hit: LimitHit) {
        self.told.lock().unwrap().push(hit);
    }
}

/// JSON of so many letters.
fn long(args: &str) -> String {
    format!("\"{}\"", "x".repeat(args.parse().unwrap_or_default()))
}

async fn run(body: &str, input: &str, limits: Limits) -> (Report, Holding) {
    let host = Holding::default();
    let code = format!("export default async () => {{ {body} }}");
    let report = run_with(engine(), &code, input, limits, host.clone(), Cancel::new()).await;
    (report, host)
}

const NO_ARGS: &str = r#"{"args":[]}"#;

fn of_two_mib() -> Limits {
    Limits {
        memory_bytes: 2 << 20,
        ..Limits::default()
    }
}

/// Each of these takes more than two MiB outside of the guest, and much less inside.
#[tokio::test]
async fn what_lives_outside_of_the_guest_counts() {
    let bodies = [
        "callSync('hold', 1 << 20); callSync('hold', 1 << 20);",
        "callSync('long', 3 << 20);",
        "const x = 'x'.repeat(100_000); for (let i = 0; i < 30; i++) call('never', x);",
        "for (let i = 0; i < 2_100; i++) call('never');",
        "for (let i = 0; i < 30; i++) call('long', 100_000); await call('never');",
    ];
    for body in bodies {
        let body = format!(
            "try {{ {body} }} catch {{ callSync('hold', 7) }} finally {{ callSync('hold', 7) }}"
        );
        let (report, host) = run(&body, NO_ARGS, of_two_mib()).await;
        let failure = failure(report.outcome);
        assert_eq!(failure.code.as_str(), "limit.memory", "{body}");
        let hit = failure.limit.unwrap();
        assert_eq!((hit.limit, hit.allowed), ("memory", 2 << 20));
        assert!(hit.observed > hit.allowed, "{body}: {}", hit.observed);
        assert!(report.usage.memory_peak_bytes <= 2 << 20);
        // Nothing ran afterwards, and nothing is left over.
        host.held.lock().unwrap().clear();
        let after = host.meter.hold(7).unwrap();
        drop(after);
    }
}

#[tokio::test]
async fn what_is_let_go_does_not_count() {
    let body = "
        for (let i = 0; i < 20; i++) { callSync('hold', 1 << 20); callSync('let_go'); }
        const x = 'x'.repeat(100_000);
        for (let i = 0; i < 40; i++) await call('echo', x);
        return callSync('used') < 1 << 20;";
    let (report, _) = run(body, NO_ARGS, of_two_mib()).await;
    assert!(report.usage.memory_peak_bytes >= 1 << 20);
    assert_eq!(output(report.outcome), "true");
}

#[tokio::test]
async fn an_input_beyond_the_limit_ends_the_execution_before_it_begins() {
    let input = format!(r#"{{"args":["{}"]}}"#, "x".repeat(3 << 20));
    let (report, _) = run("return 1", &input, of_two_mib()).await;
    assert_eq!(report.usage.cpu, Duration::ZERO);
    let hit = failure(report.outcome).limit.unwrap();
    assert_eq!((hit.limit, hit.observed), ("memory", input.len() as u64));
}

#[tokio::test]
async fn host_is_told_once_when_a_limit_is_nearly_used_up() {
    let rows = [
        (
            "for (let i = 0; i < 7; i++) await call('io')",
            30_000,
            vec![],
        ),
        (
            "for (let i = 0; i < 10; i++) await call('io')",
            30_000,
            vec!["io_calls 8 of 10"],
        ),
        (
            "callSync('hold', 1_700_000); for (let i = 0; i < 3; i++) await call('echo');",
            30_000,
            vec!["memory"],
        ),
        ("for (;;);", 30_000, vec!["cpu"]),
        ("await call('never')", 500, vec!["wall"]),
    ];
    for (body, wall, wanted) in rows {
        let limits = Limits {
            wall: Duration::from_millis(wall),
            cpu: Duration::from_millis(400),
            io_calls: 10,
            ..of_two_mib()
        };
        let (report, host) = run(body, NO_ARGS, limits).await;
        let told = host.told.lock().unwrap().clone();
        let shown: Vec<_> = told
            .iter()
            .map(|hit| match hit.unit {
                "calls" => format!("{} {} of {}", hit.limit, hit.observed, hit.allowed),
                _ => hit.limit.to_owned(),
            })
            .collect();
        assert_eq!(shown, wanted, "{body}: {:?}", report.outcome);
        for hit in told {
            let range = hit.allowed * 4 / 5..=hit.allowed;
            assert!(range.contains(&hit.observed), "{body}: {hit:?}");
        }
    }
}

#[tokio::test]
async fn a_limit_of_few_calls_is_not_warned_of() {
    let limits = Limits {
        io_calls: 9,
        ..Limits::default()
    };
    let (report, host) = run("for (;;) await call('io')", NO_ARGS, limits).await;
    assert!(matches!(report.outcome, Outcome::Failed(_)));
    assert!(host.told.lock().unwrap().is_empty());
}
