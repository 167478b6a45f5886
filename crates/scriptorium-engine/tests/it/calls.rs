//! Host calls that answer later: order and overlap.

use std::collections::VecDeque;

use scriptorium_engine::{CallClass, Cancel, Host, HostError, Level, Limits, Reply};
use tokio::sync::{mpsc, oneshot};

use crate::support::{engine, output, run_with};

/// Hands every call's sender to the test, which answers in the order it likes.
struct Handing(mpsc::UnboundedSender<(String, oneshot::Sender<String>)>);

impl Host for Handing {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Io
    }
    fn call(&mut self, _name: &str, args: &str) -> Reply {
        let (sender, receiver) = oneshot::channel();
        self.0.send((args.to_owned(), sender)).unwrap();
        Reply::Later(Box::pin(async move { Ok(receiver.await.unwrap()) }))
    }
    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}

async fn run_handing(
    code: &str,
    answer: impl AsyncFnOnce(mpsc::UnboundedReceiver<(String, oneshot::Sender<String>)>),
) -> String {
    let (sender, receiver) = mpsc::unbounded_channel();
    let execution = run_with(
        engine(),
        code,
        r#"{"args":[]}"#,
        Limits::default(),
        Handing(sender),
        Cancel::new(),
    );
    let (report, ()) = tokio::join!(execution, answer(receiver));
    output(report.outcome)
}

#[tokio::test]
async fn three_calls_wait_together_and_keep_their_order() {
    let code = "export default () => Promise.all([1, 2, 3].map((n) => call('get', n)))";
    let got = run_handing(code, async |mut calls| {
        // All three are there before any is answered: they take as long as the slowest.
        let mut open = VecDeque::new();
        for _ in 0..3 {
            open.push_front(calls.recv().await.unwrap());
        }
        for (args, sender) in open {
            sender.send(format!("{args}0")).unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(got, "[10,20,30]");
}

#[tokio::test]
async fn first_answer_wins_a_race_and_the_others_are_dropped() {
    let code = "export default () => Promise.race([1, 2].map((n) => call('get', n)))";
    let got = run_handing(code, async |mut calls| {
        let (_, slow) = calls.recv().await.unwrap();
        let (args, fast) = calls.recv().await.unwrap();
        fast.send(args).unwrap();
        let mut slow = slow;
        slow.closed().await;
    })
    .await;
    assert_eq!(got, "2");
}

#[tokio::test]
async fn calls_one_after_another_see_each_other() {
    let code = "export default async () => {
        let total = 0;
        for (let i = 0; i < 50; i++) total += await call('get', i);
        return total;
    }";
    let got = run_handing(code, async |mut calls| {
        while let Some((args, sender)) = calls.recv().await {
            sender.send(args).unwrap();
        }
    })
    .await;
    assert_eq!(got, "1225");
}
