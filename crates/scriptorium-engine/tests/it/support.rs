//! The engine and the host that the tests share.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use scriptorium_engine::{
    CallClass, Cancel, Code, Config, Engine, Failure, Host, HostError, Invocation, Level, Limits,
    Outcome, Reply, Report, Source,
};

/// Gives scripts the host's functions as they are, which no product prelude does.
pub(crate) const PRELUDE: &str = "
const { stringify } = JSON;
const line = (level) => (...values) => host.log(level, values.join(' '), null);
globalThis.console = { log: line('info'), warn: line('warn'), error: line('error'), debug: line('debug') };
globalThis.call = (name, args) => host.call(name, stringify(args ?? null));
globalThis.callSync = (name, args) => host.callSync(name, stringify(args ?? null));
globalThis.log = host.log;
globalThis.hostRandom = host.random;
globalThis.hostNow = host.now;
globalThis.classOf = host.classOf;
globalThis.utf8 = host.utf8;
globalThis.utf8Text = host.utf8Text;
return { enter: (entry, invocation) => entry(...invocation.args) };
";

pub(crate) fn config() -> Config {
    Config {
        prelude: PRELUDE.to_owned(),
        cache_dir: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache")),
        hot_slots: 4,
        overflow_slots: 4,
        ..Config::default()
    }
}

/// One engine for all tests of a process.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(config()).unwrap())
}

/// Answers the calls the scripts in `tests/scripts` make, and keeps what it saw.
#[derive(Clone, Default)]
pub(crate) struct TestHost(pub(crate) Arc<Mutex<Seen>>);

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) lines: Vec<(Level, String, Option<String>)>,
    /// Calls of `mark`: where a script says that it still runs.
    pub(crate) marks: Vec<String>,
}

impl Host for TestHost {
    fn class(&self, name: &str) -> CallClass {
        match name.split('.').next() {
            Some("io") => CallClass::Io,
            Some("service") => CallClass::Service,
            _ => CallClass::Free,
        }
    }

    fn call(&mut self, name: &str, args: &str) -> Reply {
        let args = args.to_owned();
        match name.rsplit('.').next() {
            Some("echo") => Reply::Ready(Ok(args)),
            Some("later") => Reply::Later(Box::pin(async move {
                tokio::task::yield_now().await;
                Ok(args)
            })),
            Some("fail") => Reply::Ready(Err(denied())),
            Some("failLater") => Reply::Later(Box::pin(async { Err(denied()) })),
            Some("never") => Reply::Later(Box::pin(std::future::pending())),
            Some("fatal") => Reply::Ready(Err(fatal())),
            Some("fatalLater") => Reply::Later(Box::pin(async { Err(fatal()) })),
            Some("broken") => Reply::Ready(Ok("{not json".to_owned())),
            _ => Reply::Unknown,
        }
    }

    fn call_sync(&mut self, name: &str, args: &str) -> Result<String, HostError> {
        match name.rsplit('.').next() {
            Some("echo") => Ok(args.to_owned()),
            Some("fail") => Err(denied()),
            Some("mark") => {
                self.0.lock().unwrap().marks.push(args.to_owned());
                Ok("null".to_owned())
            }
            _ => Err(HostError::new("UNKNOWN_CALL", name)),
        }
    }

    fn log(&mut self, level: Level, message: &str, data: Option<&str>) {
        let line = (level, message.to_owned(), data.map(str::to_owned));
        self.0.lock().unwrap().lines.push(line);
    }
}

fn denied() -> HostError {
    HostError {
        code: "PERMISSION_DENIED".to_owned(),
        message: "not yours".to_owned(),
        field: Some("id".to_owned()),
        details: Some(r#"{"id":7}"#.to_owned()),
        fatal: None,
    }
}

fn fatal() -> HostError {
    HostError {
        message: "the host gave up".to_owned(),
        fatal: Some(Code::Cancelled),
        ..HostError::default()
    }
}

pub(crate) async fn run_with(
    engine: &Engine,
    code: &str,
    input: &str,
    limits: Limits,
    host: impl Host,
    cancel: Cancel,
) -> Report {
    let source = Source {
        name: "script.js",
        code,
    };
    let program = engine.compile(source).expect("the script compiles");
    let invocation = Invocation {
        program: &program,
        input,
        limits,
        host,
        cancel,
    };
    engine.run(invocation).await.expect("the platform works")
}

/// Runs with default limits and no arguments.
pub(crate) async fn run(engine: &Engine, code: &str) -> Outcome {
    run_with(
        engine,
        code,
        r#"{"args":[]}"#,
        Limits::default(),
        TestHost::default(),
        Cancel::new(),
    )
    .await
    .outcome
}

#[track_caller]
pub(crate) fn output(outcome: Outcome) -> String {
    match outcome {
        Outcome::Completed { output } => output,
        Outcome::Failed(failure) => panic!("{}: {}", failure.code, failure.message),
    }
}

#[track_caller]
pub(crate) fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Completed { output } => panic!("completed with {output}"),
        Outcome::Failed(failure) => failure,
    }
}
