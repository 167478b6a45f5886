//! Ending an execution from outside, and what is left behind.

use std::time::Duration;

use futures_util::FutureExt;
use scriptorium_engine::{Cancel, Code, Config, Engine, Host, HostError, Level, Limits, Reply};
use tokio::sync::oneshot;

use crate::support::{TestHost, config, engine, failure, run_with};

const ARGS: &str = r#"{"args":[]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_ends_a_spinning_script() {
    let cancel = Cancel::new();
    let (host, cancel_at_mark) = (TestHost::default(), cancel.clone());
    let watch = host.clone();
    tokio::spawn(async move {
        while watch.0.lock().unwrap().marks.is_empty() {
            tokio::task::yield_now().await;
        }
        cancel_at_mark.cancel();
    });
    let code = "export default () => { callSync('mark'); for (;;); }";
    let report = run_with(engine(), code, ARGS, Limits::default(), host, cancel).await;
    assert_eq!(failure(report.outcome).code, Code::Cancelled);
}

/// One thread only: the canceller gets its turn because the spinning script yields.
#[tokio::test(flavor = "current_thread")]
async fn spinning_script_lets_others_run() {
    let cancel = Cancel::new();
    let other = cancel.clone();
    let canceller = tokio::spawn(async move { other.cancel() });
    let code = "export default () => { for (;;); }";
    let report = run_with(
        engine(),
        code,
        ARGS,
        Limits::default(),
        TestHost::default(),
        cancel,
    )
    .await;
    canceller.await.unwrap();
    assert_eq!(failure(report.outcome).code, Code::Cancelled);
    assert!(report.usage.cpu < Duration::from_secs(1));
}

/// Suspended in the middle of a loop, like one that waits for a thread.
#[tokio::test]
async fn cancelled_script_gets_no_further_slice() {
    let (cancel, host) = (Cancel::new(), TestHost::default());
    let seen = host.0.clone();
    let code = "export default () => { for (;;) callSync('mark'); }";
    let limits = Limits::default();
    let execution = run_with(engine(), code, ARGS, limits, host, cancel.clone());
    let mut execution = std::pin::pin!(execution);
    assert!(execution.as_mut().now_or_never().is_none());
    let marks = seen.lock().unwrap().marks.len();
    assert!(marks > 0);
    cancel.cancel();
    let report = execution.now_or_never().expect("it ends at once");
    assert_eq!(failure(report.outcome).code, Code::Cancelled);
    assert_eq!(seen.lock().unwrap().marks.len(), marks);
    assert!(!report.usage.cpu.is_zero());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tick_out_of_turn_makes_a_script_yield() {
    let engine = &Engine::new(Config {
        tick: Duration::from_secs(3600),
        ..config()
    })
    .unwrap();
    let (cancel, host) = (Cancel::new(), TestHost::default());
    let (seen, ticking) = (host.0.clone(), engine.clone());
    let ticks = std::thread::spawn(move || {
        while seen.lock().unwrap().marks.is_empty() {
            std::thread::yield_now();
        }
        ticking.tick();
    });
    let code = "export default () => { callSync('mark'); for (;;); }";
    let limits = Limits {
        wall: Duration::from_secs(3600),
        cpu: Duration::from_secs(3600),
        ..Limits::default()
    };
    let execution = run_with(engine, code, ARGS, limits, host, cancel.clone());
    let mut execution = std::pin::pin!(execution);
    assert!(execution.as_mut().now_or_never().is_none());
    ticks.join().unwrap();
    assert_eq!(engine.statistics().forced_ticks, 1);
    cancel.cancel();
    failure(execution.await.outcome);
}

#[tokio::test]
async fn cancel_ends_a_waiting_script() {
    let cancel = Cancel::new();
    let other = cancel.clone();
    tokio::spawn(async move { other.cancel() });
    let code = "export default () => call('never')";
    let report = run_with(
        engine(),
        code,
        ARGS,
        Limits::default(),
        TestHost::default(),
        cancel,
    )
    .await;
    assert_eq!(failure(report.outcome).code, Code::Cancelled);
}

#[tokio::test]
async fn cancelled_before_the_start_runs_nothing() {
    let cancel = Cancel::new();
    cancel.cancel();
    let host = TestHost::default();
    let seen = host.0.clone();
    let code = "export default async () => { for (;;) { callSync('mark'); await call('later') } }";
    let report = run_with(engine(), code, ARGS, Limits::default(), host, cancel).await;
    assert_eq!(failure(report.outcome).code, Code::Cancelled);
    assert!(seen.lock().unwrap().marks.is_empty());
}

/// Keeps a sender whose receiver lives in the pending host call.
struct Holding(Option<oneshot::Receiver<()>>);

impl Host for Holding {
    fn class(&self, _name: &str) -> scriptorium_engine::CallClass {
        scriptorium_engine::CallClass::Free
    }
    fn call(&mut self, _name: &str, _args: &str) -> Reply {
        let receiver = self.0.take().unwrap();
        Reply::Later(Box::pin(async move {
            let _ = receiver.await;
            Ok("null".to_owned())
        }))
    }
    fn call_sync(&mut self, _name: &str, _args: &str) -> Result<String, HostError> {
        Ok("null".to_owned())
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}

#[tokio::test]
async fn pending_host_calls_are_gone_when_the_deadline_is_reported() {
    let (sender, receiver) = oneshot::channel();
    let limits = Limits {
        wall: Duration::from_millis(20),
        ..Limits::default()
    };
    let report = run_with(
        engine(),
        "export default () => call('hold')",
        ARGS,
        limits,
        Holding(Some(receiver)),
        Cancel::new(),
    )
    .await;
    assert_eq!(failure(report.outcome).code, Code::Wall);
    assert!(sender.is_closed());
}

#[tokio::test]
async fn dropping_the_future_frees_slot_and_host() {
    let (sender, receiver) = oneshot::channel();
    let engine = &Engine::new(config()).unwrap();
    {
        let execution = run_with(
            engine,
            "export default () => call('hold')",
            ARGS,
            Limits::default(),
            Holding(Some(receiver)),
            Cancel::new(),
        );
        let mut execution = std::pin::pin!(execution);
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(
                execution.as_mut().poll(context).is_pending()
            ))
            .await
        );
        assert_eq!(engine.statistics().hot.in_use, 1);
    }
    assert!(sender.is_closed());
    assert_eq!(engine.statistics().hot.in_use, 0);
}
