//! The smallest host: compiles one script, runs it, prints what came of it.

use scriptorium_engine::{
    CallClass, Cancel, Config, Engine, Host, HostError, Invocation, Level, Limits, Outcome, Reply,
    Source,
};

struct Console;

impl Host for Console {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }
    fn call(&mut self, _name: &str, _args: &str) -> Reply {
        Reply::Unknown
    }
    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }
    fn log(&mut self, level: Level, message: &str, _data: Option<&str>) {
        eprintln!("[{}] {message}", level.as_str());
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::new(Config::default())?;
    let program = engine.compile(Source {
        name: "hello.js",
        code: "export default (name) => { console.log('greeting', name); return `Hello, ${name}!` }",
    })?;
    let report = engine
        .run(Invocation {
            program: &program,
            input: r#"{"args":["Ada"]}"#,
            limits: Limits::default(),
            host: Console,
            cancel: Cancel::new(),
        })
        .await?;
    match report.outcome {
        Outcome::Completed { output } => eprintln!("{output}  {:?}", report.usage),
        Outcome::Failed(failure) => eprintln!("{}: {}", failure.code, failure.message),
    }
    Ok(())
}
