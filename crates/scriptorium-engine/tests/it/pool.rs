//! The pool: lanes come under load and go when nobody uses them.

use std::time::Duration;

use scriptorium_engine::{
    CallClass, Cancel, Config, Engine, Host, HostError, LaneStatistics, Level, Limits, Reply,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{config, output, run, run_with};

/// Its one call is answered when the sender is gone.
struct Held(Option<oneshot::Receiver<()>>);

impl Host for Held {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }
    fn call(&mut self, _name: &str, _args: &str) -> Reply {
        let receiver = self.0.take();
        Reply::Later(Box::pin(async move {
            if let Some(receiver) = receiver {
                let _ = receiver.await;
            }
            Ok("7".to_owned())
        }))
    }
    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}

/// An execution that waits until it is let go.
struct Execution {
    hold: oneshot::Sender<()>,
    run: JoinHandle<String>,
}

impl Execution {
    fn start(engine: &Engine) -> Self {
        let (hold, held) = oneshot::channel();
        let engine = engine.clone();
        let run = tokio::spawn(async move {
            let (code, host) = ("export default () => call('hold')", Held(Some(held)));
            let limits = Limits::default();
            let report = run_with(&engine, code, ARGS, limits, host, Cancel::new());
            output(report.await.outcome)
        });
        Self { hold, run }
    }

    async fn end(self) {
        drop(self.hold);
        assert_eq!(self.run.await.unwrap(), "7");
    }
}

const ARGS: &str = r#"{"args":[]}"#;

fn engine() -> Engine {
    let small = Config {
        hot_slots: 2,
        overflow_slots: 4,
        lane_slots: 2,
        ..config()
    };
    Engine::new(small).unwrap()
}

fn lanes(of: LaneStatistics) -> (u32, u32, u32) {
    (of.lanes, of.slots, of.in_use)
}

async fn until(engine: &Engine, hot: (u32, u32, u32), overflow: (u32, u32, u32)) {
    let reached = async {
        loop {
            let now = engine.statistics();
            if (lanes(now.hot), lanes(now.overflow)) == (hot, overflow) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(60), reached).await;
    assert!(reached.is_ok(), "{:?}", engine.statistics());
}

#[tokio::test]
async fn lanes_are_added_under_load_and_dropped_when_nobody_uses_them() {
    let engine = engine();
    until(&engine, (1, 2, 0), (0, 0, 0)).await;
    let running: Vec<_> = (0..6).map(|_| Execution::start(&engine)).collect();
    until(&engine, (1, 2, 2), (2, 4, 4)).await;

    // There is no room for one more until another ends.
    let waited = engine.statistics().waited;
    let seventh = Execution::start(&engine);
    while engine.statistics().waited == waited {
        tokio::task::yield_now().await;
    }
    // What is in use stays, however short memory is.
    engine.shrink(Duration::ZERO, true);
    until(&engine, (1, 2, 2), (2, 4, 4)).await;
    for one in running {
        one.end().await;
    }
    seventh.end().await;

    let hour = Duration::from_secs(3600);
    engine.shrink(hour, false);
    until(&engine, (1, 2, 0), (2, 4, 0)).await;
    engine.shrink(Duration::ZERO, false);
    until(&engine, (1, 2, 0), (0, 0, 0)).await;
    engine.shrink(hour, true);
    until(&engine, (0, 0, 0), (0, 0, 0)).await;
    assert_eq!(output(run(&engine, "export default () => 1").await), "1");
    until(&engine, (1, 2, 0), (0, 0, 0)).await;

    let now = engine.statistics();
    assert_eq!((now.hot.added, now.hot.dropped), (2, 1));
    assert_eq!((now.overflow.added, now.overflow.dropped), (2, 2));
    assert_eq!(now.hot.started + now.overflow.started, 8);
    assert_eq!((now.at_once + now.waited, now.failed_lanes), (8, 0));
}

/// Whoever takes the last of what is free brings the next lane, and nobody waits for it.
#[tokio::test]
async fn a_lane_is_added_before_anybody_needs_it() {
    let engine = engine();
    let first = Execution::start(&engine);
    let second = Execution::start(&engine);
    let third = Execution::start(&engine);
    // The third needed a lane. A fourth fills it, and finds the next one made.
    until(&engine, (1, 2, 2), (1, 2, 1)).await;
    let fourth = Execution::start(&engine);
    until(&engine, (1, 2, 2), (2, 4, 2)).await;
    let waited = engine.statistics().waited;
    let fifth = Execution::start(&engine);
    until(&engine, (1, 2, 2), (2, 4, 3)).await;
    assert_eq!(engine.statistics().waited, waited);
    for one in [first, second, third, fourth, fifth] {
        one.end().await;
    }
}

/// Its calls take as long as the script says.
struct Slow;

impl Host for Slow {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }
    fn call(&mut self, _name: &str, args: &str) -> Reply {
        let millis: u64 = serde_json::from_str(args).unwrap();
        Reply::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Ok("null".to_owned())
        }))
    }
    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}

#[tokio::test]
async fn a_program_that_has_waited_starts_where_memory_is_given_back() {
    let engine = engine();
    let places = async |millis: u32, times: u32| {
        let before = engine.statistics();
        for _ in 0..times {
            let code = "export default (millis) => millis && call('wait', millis)";
            let input = format!(r#"{{"args":[{millis}]}}"#);
            let limits = Limits::default();
            let run = run_with(&engine, code, &input, limits, Slow, Cancel::new());
            output(run.await.outcome);
        }
        let now = engine.statistics();
        let started = |now: LaneStatistics, before: LaneStatistics| now.started - before.started;
        (
            started(now.hot, before.hot),
            started(now.overflow, before.overflow),
        )
    };
    // The overflow has a lane since the third.
    let three = [(); 3].map(|()| Execution::start(&engine));
    until(&engine, (1, 2, 2), (1, 2, 1)).await;
    for one in three {
        one.end().await;
    }
    // Twice is a habit, and as often is it given up.
    assert_eq!(places(10, 2).await, (2, 0));
    assert_eq!(places(10, 4).await, (0, 4));
    assert_eq!(places(0, 3).await, (0, 3));
    assert_eq!(places(0, 3).await, (3, 0));
    // Where there is no overflow, it waits where there is room.
    let engine = Engine::new(Config {
        overflow_slots: 0,
        ..config()
    });
    let engine = engine.unwrap();
    for _ in 0..4 {
        let code = "export default () => call('wait', 10)";
        let run = run_with(&engine, code, ARGS, Limits::default(), Slow, Cancel::new());
        output(run.await.outcome);
    }
    assert_eq!(engine.statistics().hot.started, 4);
}
