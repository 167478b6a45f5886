//! The script files. A header line is `// key: value`:
//!
//! - `expect`: `ok JSON`, or a failure's code, optionally with the start of its message
//! - `args`: the JSON array the entry receives
//! - `limits`: `cpu=200ms wall=1s memory=8MiB io=3 service=5 output=1KiB`
//! - `at`: `line:column`, the position; `frame`: `function line:column`, once per frame
//! - `line`: `level message`, once per log line; `details`: JSON; `hit`: `limit allowed`
//! - `marks`: how often the script called `mark`

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scriptorium_engine::{
    Cancel, CompileError, Invocation, Limits, Outcome, Report, Source, Usage,
};

use crate::support::{Seen, TestHost, engine};

/// After a limit of processor time the guest is stopped within a tick and what the
/// scheduler adds to it.
const LATE: Duration = Duration::from_millis(50);

/// Loaded, evaluated up to its image, loaded up to its image, from its image: an execution is the same
/// however it begins.
const ROUNDS: usize = 5;
/// Ten times what the longest of them may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Those that are stopped by their time are not run again.
const SLOW: Duration = Duration::from_millis(150);

macro_rules! areas {
    ($($area:ident)*) => {
        $(#[tokio::test]
        async fn $area() {
            check_area(stringify!($area)).await;
        })*

        #[test]
        fn every_area_is_tested() {
            let mut areas: Vec<_> = fs::read_dir(scripts())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            areas.sort();
            assert_eq!(areas, [$(stringify!($area)),*]);
        }
    };
}

areas! { authority calls console errors eval hostile language limits regressions results }

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts")
}

async fn check_area(area: &str) {
    let mut files: Vec<_> = fs::read_dir(scripts().join(area))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{area} has no scripts");
    let mut wrong = Vec::new();
    for file in &files {
        let code = fs::read_to_string(file).unwrap();
        for round in 0..ROUNDS {
            let Ok(checked) = tokio::time::timeout(PATIENCE, check(&code)).await else {
                panic!("{} does not end\n{}", file.display(), wrong.join("\n"));
            };
            match checked {
                Ok(wall) if wall > SLOW => break,
                Ok(_) => {}
                Err(what) => {
                    wrong.push(format!("{}, round {round}: {what}", file.display()));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // Whatever the scripts did, the next stranger's script works.
    let (report, _) = run("export default () => 6 * 7", "[]", Limits::default()).await;
    assert_eq!(describe(&report.outcome), "ok 42");
}

/// Whichever allocation is the one too many: the outcome is the script's own or the
/// limit's, never a guest that lost its way.
#[tokio::test]
async fn every_script_survives_every_memory_limit() {
    let areas = [
        "authority",
        "calls",
        "errors",
        "eval",
        "language",
        "regressions",
        "results",
    ];
    let files = areas
        .into_iter()
        .flat_map(|area| fs::read_dir(scripts().join(area)).unwrap());
    let mut stopped = 0;
    for file in files {
        let path = file.unwrap().path();
        let code = fs::read_to_string(&path).unwrap();
        let header = Header(&code);
        for memory_bytes in [0, 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20] {
            let limits = Limits {
                memory_bytes,
                ..header.limits()
            };
            let (report, _) = run(&code, header.get("args").unwrap_or("[]"), limits).await;
            let got = describe(&report.outcome);
            let expected = header.get("expect").unwrap();
            let limited = got.starts_with("limit.memory");
            assert!(
                limited || got.starts_with(expected),
                "{}: {got}",
                path.display()
            );
            stopped += usize::from(limited);
        }
    }
    assert!(stopped > 10, "the limits were low enough to matter");
}

/// How long it took.
async fn check(code: &str) -> Result<Duration, String> {
    let header = Header(code);
    let limits = header.limits();
    let (report, seen) = run(code, header.get("args").unwrap_or("[]"), limits).await;
    let expected = header.get("expect").ok_or("the header expects nothing")?;
    let got = describe(&report.outcome);
    if !(got == expected || (!expected.starts_with("ok ") && got.starts_with(expected))) {
        return Err(format!("expected {expected}, got {got}"));
    }
    if report.usage.cpu > limits.cpu + LATE {
        return Err(format!("used {:?} of processor time", report.usage.cpu));
    }
    let lines: Vec<_> = seen
        .lines
        .iter()
        .map(|(level, message, data)| {
            format!(
                "{} {message}{}",
                level.as_str(),
                data.as_deref().unwrap_or("")
            )
        })
        .collect();
    same("line", &header.all("line"), &lines)?;
    if let Some(marks) = header.get("marks") {
        same("marks", &[marks], &[seen.marks.len().to_string()])?;
    }
    let wall = report.usage.wall;
    let Outcome::Failed(failure) = &report.outcome else {
        return Ok(wall);
    };
    if let Some(at) = header.get("at") {
        let position = failure.position.map(|p| format!("{}:{}", p.line, p.column));
        same("at", &[at], &[position.unwrap_or_default()])?;
    }
    if header.get("frame").is_some() {
        let frame = |f: &scriptorium_engine::Frame| {
            let function = f.function.as_deref().unwrap_or("-");
            format!("{function} {}:{}", f.line, f.column)
        };
        let frames: Vec<_> = failure.stack.iter().map(frame).collect();
        same("frame", &header.all("frame"), &frames)?;
    }
    if let Some(details) = header.get("details") {
        same(
            "details",
            &[details],
            &[failure.details.clone().unwrap_or_default()],
        )?;
    }
    if let Some(hit) = header.get("hit") {
        let got = failure.limit.map(|h| format!("{} {}", h.limit, h.allowed));
        same("hit", &[hit], &[got.unwrap_or_default()])?;
        let hit = failure.limit.unwrap();
        if hit.observed <= hit.allowed && hit.unit != "ms" {
            return Err(format!("the observed value is within the limit: {hit:?}"));
        }
    }
    Ok(wall)
}

fn same(what: &str, expected: &[&str], got: &[String]) -> Result<(), String> {
    match expected == got {
        true => Ok(()),
        false => Err(format!("{what}: expected {expected:?}, got {got:?}")),
    }
}

async fn run(code: &str, args: &str, limits: Limits) -> (Report, Seen) {
    let host = TestHost::default();
    let name = "script.js";
    let report = match engine().compile(Source { name, code }) {
        Ok(program) => engine()
            .run(Invocation {
                program: &program,
                input: &format!(r#"{{"args":{args}}}"#),
                limits,
                host: host.clone(),
                cancel: Cancel::new(),
            })
            .await
            .expect("the platform works"),
        Err(CompileError::Script(failure)) => Report {
            outcome: Outcome::Failed(failure),
            usage: Usage::default(),
        },
        Err(CompileError::Platform(error)) => panic!("{error}: {error:?}"),
    };
    let seen = std::mem::take(&mut *host.0.lock().unwrap());
    (report, seen)
}

fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Completed { output } => format!("ok {output}"),
        Outcome::Failed(failure) => format!("{} {}", failure.code, failure.message),
    }
}

struct Header<'a>(&'a str);

impl<'a> Header<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        self.all(key).first().copied()
    }

    fn all(&self, key: &str) -> Vec<&'a str> {
        self.0
            .lines()
            .map_while(|line| line.strip_prefix("// "))
            .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
            .collect()
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for word in self
            .get("limits")
            .unwrap_or_default()
            .split(' ')
            .filter(|w| !w.is_empty())
        {
            let (key, value) = word.split_once('=').expect("key=value");
            let digits = value.trim_end_matches(char::is_alphabetic);
            let number: u64 = digits.parse().expect("a number");
            let number = number
                * match &value[digits.len()..] {
                    "" | "ms" => 1,
                    "s" => 1000,
                    "KiB" => 1 << 10,
                    "MiB" => 1 << 20,
                    unit => panic!("unit {unit}"),
                };
            match key {
                "cpu" => limits.cpu = Duration::from_millis(number),
                "wall" => limits.wall = Duration::from_millis(number),
                "memory" => limits.memory_bytes = number,
                "io" => limits.io_calls = number as u32,
                "service" => limits.service_calls = number as u32,
                "output" => limits.output_bytes = number as usize,
                key => panic!("limit {key}"),
            }
        }
        limits
    }
}
