//! JSON across the wall, both ways, through real runs: whatever way a text comes in or goes out, it
//! says what serde_json reads in it. A text that serde_json refuses is refused with a code, or read as
//! some JSON. It never ends the guest, nor the host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use scriptorium_engine::{
    CallClass, Cancel, Code, Config, Engine, Host, HostError, Invocation, Level, Limits, Outcome,
    Program, Reply, Source,
};
use serde_json::Value;
use serde_json::value::RawValue;

/// The longest text. Written anew with escapes it still is smaller than what is kept of an error.
const BYTES: usize = 8 << 10;
/// What is kept of a message for certain.
const MESSAGE_BYTES: usize = 4 << 10;

/// Hands programs the host as it is, which no prelude of the product does.
const PRELUDE: &str = "return { enter: (entry, value) => entry(value, host) };";

/// The text comes in as the input and as answers of the host, and goes out as arguments of calls, as
/// a log line and as the output.
const PASS: &str = "
export default async (value, host) => {
    const text = JSON.stringify(value);
    host.log('info', typeof value === 'string' ? value : '', text);
    return [value, host.callSync('give', text), await host.call('give', text)];
};";

/// The text comes in as an error of the host, and goes out as the failure.
const FAIL: &str = "export default (value, host) => host.callSync('refuse', 'null');";

/// An engine with the two programs.
pub(crate) struct Values {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    pass: Program,
    fail: Program,
}

impl Values {
    /// Sets the engine up; it keeps the compiled guest in `cache_dir`.
    pub(crate) fn new(cache_dir: Option<PathBuf>) -> Self {
        let engine = Engine::new(Config {
            prelude: PRELUDE.to_owned(),
            cache_dir,
            hot_slots: 1,
            overflow_slots: 1,
            ..Config::default()
        })
        .unwrap();
        let compile = |code| {
            let name = "script.js";
            engine.compile(Source { name, code }).unwrap()
        };
        Self {
            pass: compile(PASS),
            fail: compile(FAIL),
            engine,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap(),
        }
    }

    /// The property.
    pub(crate) fn check(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if text.len() <= BYTES {
            let read = serde_json::from_str(&text).ok();
            self.passes(&text, read.as_ref());
            self.fails(&text, read.as_ref());
        }
    }

    fn passes(&self, text: &str, read: Option<&Value>) {
        let (outcome, seen) = self.run(&self.pass, text, text);
        let output = match outcome {
            Outcome::Completed { output } => output,
            Outcome::Failed(failure) => {
                let codes = [Code::Threw, Code::BadResult, Code::Stack];
                assert!(codes.contains(&failure.code), "{failure:?}");
                assert_eq!(read, None, "{failure:?}");
                return;
            }
        };
        let items: Vec<Box<RawValue>> = serde_json::from_str(&output).unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(seen.texts.len(), 3);
        let written = items.iter().map(|item| item.get());
        for text in written.chain(seen.texts.iter().map(String::as_str)) {
            says(text, read);
        }
        if let Some(Value::String(text)) = read {
            assert_eq!(seen.messages, [text.as_str()]);
        }
    }

    fn fails(&self, text: &str, read: Option<&Value>) {
        let (outcome, _) = self.run(&self.fail, "null", text);
        let Outcome::Failed(failure) = outcome else {
            panic!("the error of the host got lost: {outcome:?}");
        };
        assert_eq!(failure.code, Code::Threw);
        let message = ["Error", text].join(if text.is_empty() { "" } else { ": " });
        if message.len() <= MESSAGE_BYTES {
            assert_eq!(failure.message, message);
        }
        let details = failure.details.unwrap();
        let mut details: BTreeMap<&str, &RawValue> = serde_json::from_str(&details).unwrap();
        assert_eq!(details["code"].get(), "\"REFUSED\"");
        match (read, details.remove("details")) {
            (Some(Value::Null), None) => {}
            (Some(read), Some(details)) => says(details.get(), Some(read)),
            (None, Some(details)) => says(details.get(), Some(&text.into())),
            (_, None) => panic!("the details of the error got lost"),
        }
    }

    fn run(&self, program: &Program, input: &str, answer: &str) -> (Outcome, Seen) {
        let host = Mirror {
            answer: answer.to_owned(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&host.seen);
        let report = self.runtime.block_on(self.engine.run(Invocation {
            program,
            input,
            limits: Limits::default(),
            host,
            cancel: Cancel::new(),
        }));
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        (report.unwrap().outcome, seen)
    }
}

/// A text that came out is JSON, and the JSON that was expected.
#[track_caller]
fn says(text: &str, expected: Option<&Value>) {
    match (serde_json::from_str(text), expected) {
        (Ok(got), Some(expected)) => assert!(same(&got, expected), "{got} for {expected}"),
        (Ok(_), None) => {}
        // The guest reads and writes deeper than serde_json does.
        (Err(error), None) if error.to_string().starts_with("recursion limit") => {}
        (Err(error), _) => panic!("{error}: {text}"),
    }
}

/// Both are the same to JavaScript, which has one kind of number and no order of members to rely on.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            near(one.as_f64().unwrap(), other.as_f64().unwrap())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// serde_json reads fractions fast, and the last bits of them not always right.
fn near(one: f64, other: f64) -> bool {
    one == other || one.to_bits().abs_diff(other.to_bits()) <= 2
}

/// Gives its answer to whoever asks, and keeps what it was told.
struct Mirror {
    answer: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// JSON: arguments of calls, data of log lines.
    texts: Vec<String>,
    /// Texts of log lines.
    messages: Vec<String>,
}

impl Host for Mirror {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }

    fn call(&mut self, _name: &str, args: &str) -> Reply {
        self.seen.lock().unwrap().texts.push(args.to_owned());
        let args = args.to_owned();
        Reply::Later(Box::pin(async { Ok(args) }))
    }

    fn call_sync(&mut self, name: &str, args: &str) -> Result<String, HostError> {
        if name == "refuse" {
            return Err(HostError {
                details: Some(self.answer.clone()),
                ..HostError::new("REFUSED", self.answer.clone())
            });
        }
        self.seen.lock().unwrap().texts.push(args.to_owned());
        Ok(self.answer.clone())
    }

    fn log(&mut self, _level: Level, message: &str, data: Option<&str>) {
        let mut seen = self.seen.lock().unwrap();
        seen.texts.extend(data.map(str::to_owned));
        seen.messages.push(message.to_owned());
    }
}
