//! An execution that begins from its program's image is one like any other: what a program did
//! before its entry is done for it, what it asked the host is asked anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scriptorium_engine::{
    CallClass, Cancel, Code, Engine, Host, HostError, Level, Limits, Outcome, Reply, Report,
};

use crate::support::{TestHost, config, failure, output, run_with};

/// Every execution has another time, another seed, and other answers.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Counting {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Host for Counting {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }
    fn call(&mut self, _name: &str, _args: &str) -> Reply {
        let answer = self.next().to_string();
        Reply::Later(Box::pin(async { Ok(answer) }))
    }
    fn call_sync(&mut self, _name: &str, _args: &str) -> Result<String, HostError> {
        Ok(self.next().to_string())
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {
        self.next();
    }
    fn now(&self) -> Duration {
        Duration::from_secs(self.next())
    }
    fn seed(&mut self) -> u64 {
        self.next()
    }
}

const EXECUTIONS: usize = 6;

async fn executions(engine: &Engine, code: &str, limits: Limits, host: &Counting) -> Vec<Report> {
    let mut reports = Vec::new();
    for _ in 0..EXECUTIONS {
        let input = r#"{"args":[]}"#;
        let cancel = Cancel::new();
        reports.push(run_with(engine, code, input, limits, host.clone(), cancel).await);
    }
    reports
}

async fn outputs(engine: &Engine, code: &str) -> Vec<String> {
    let reports = executions(engine, code, Limits::default(), &Counting::default()).await;
    let outcomes = reports.into_iter().map(|report| report.outcome);
    outcomes.map(output).collect()
}

/// Whether executions begin from an image that was evaluated, one that was loaded, or none, they give
/// the same.
#[tokio::test]
async fn what_is_alike_in_all_executions_is_done_once() {
    let engine = Engine::new(config()).unwrap();
    let mut before = 0;
    for (what, code, expected) in [
        (
            "state of the module",
            "let count = 0; export default () => ++count",
            "1",
        ),
        (
            "objects of the module",
            "const seen = []; class A {} export default () => (seen.push(new A()), seen.length)",
            "1",
        ),
        (
            "what it did to the globals",
            "Array.prototype.mine = 7; globalThis.n = (globalThis.n ?? 0) + 1;
             export default () => [[].mine, n]",
            "[7,1]",
        ),
        (
            "what it awaited",
            "const value = await Promise.resolve(3).then((n) => n + 1); export default () => value",
            "4",
        ),
        (
            "more memory than a fresh instance has",
            "const many = Array.from({ length: 50000 }, (_, i) => ({ i }));
             export default () => many[49999].i",
            "49999",
        ),
    ] {
        assert_eq!(
            outputs(&engine, code).await,
            [expected; EXECUTIONS],
            "{what}"
        );
        let starts = engine.statistics().image_starts;
        assert_eq!(starts - before, EXECUTIONS as u64 - 2, "{what}");
        before = starts;
    }
}

#[tokio::test]
async fn what_the_host_is_asked_is_asked_in_every_execution() {
    let engine = Engine::new(config()).unwrap();
    for (what, code) in [
        (
            "a call",
            "const got = await call('a'); export default () => got",
        ),
        (
            "a call at once",
            "const got = callSync('a'); export default () => got",
        ),
        (
            "the time",
            "const got = Date.now(); export default () => got",
        ),
        (
            "the time, as a date",
            "const got = new Date().toISOString(); export default () => got",
        ),
        (
            "the time, from the host",
            "const got = hostNow(); export default () => got",
        ),
        (
            "chance",
            "const got = Math.random(); export default () => got",
        ),
        (
            "chance, from the host",
            "const got = hostRandom(); export default () => got",
        ),
        ("chance, in the entry", "export default () => Math.random()"),
        ("a call in the entry", "export default () => call('a')"),
    ] {
        let mut got = outputs(&engine, code).await;
        got.sort();
        got.dedup();
        assert_eq!(got.len(), EXECUTIONS, "{what}: {got:?}");
    }
}

#[tokio::test]
async fn line_of_a_module_is_written_in_every_execution() {
    let engine = Engine::new(config()).unwrap();
    let host = TestHost::default();
    for _ in 0..EXECUTIONS {
        let code = "console.log('loaded'); export default () => 1";
        let (input, cancel) = (r#"{"args":[]}"#, Cancel::new());
        run_with(
            &engine,
            code,
            input,
            Limits::default(),
            host.clone(),
            cancel,
        )
        .await;
    }
    assert_eq!(host.0.lock().unwrap().lines.len(), EXECUTIONS);
}

#[tokio::test]
async fn limits_hold_from_the_image_on() {
    let engine = Engine::new(config()).unwrap();
    let code = "const many = Array.from({ length: 100000 }, (_, i) => ({ i }));
        export default () => many.length";
    let plenty = Limits::default();
    let host = Counting::default();
    let reports = executions(&engine, code, plenty, &host).await;
    let peaks: Vec<_> = reports.iter().map(|r| r.usage.memory_peak_bytes).collect();
    let (least, most) = (peaks.iter().min().unwrap(), peaks.iter().max().unwrap());
    assert!(*least > 3 << 20 && most - least < 1 << 20, "{peaks:?}");
    let few = Limits {
        memory_bytes: 2 << 20,
        ..plenty
    };
    for report in executions(&engine, code, few, &host).await {
        assert_eq!(failure(report.outcome).code, Code::Memory);
    }
}

#[tokio::test]
async fn module_that_throws_throws_in_every_execution() {
    let engine = Engine::new(config()).unwrap();
    let code = "if (Date) throw new RangeError('no'); export default () => 1";
    let limits = Limits::default();
    for report in executions(&engine, code, limits, &Counting::default()).await {
        let failure = failure(report.outcome);
        assert_eq!(failure.message, "RangeError: no");
        assert_eq!(failure.position.unwrap().line, 1);
    }
}

#[tokio::test]
async fn image_goes_with_its_program() {
    let engine = Engine::new(config()).unwrap();
    // Too many programs for the cache.
    for number in 0..1200 {
        let code =
            format!("const text = 'x'.repeat(9999); export default () => text.length + {number}");
        for _ in 0..2 {
            let report = run_with(
                &engine,
                &code,
                r#"{"args":[]}"#,
                Limits::default(),
                TestHost::default(),
                Cancel::new(),
            )
            .await;
            assert!(matches!(report.outcome, Outcome::Completed { .. }));
        }
    }
    let statistics = engine.statistics();
    let each = statistics.image_bytes / 1000;
    assert!((10 << 10..64 << 10).contains(&each), "{statistics:?}");
}
