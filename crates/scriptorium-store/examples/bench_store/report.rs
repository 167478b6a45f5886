//! The table, on the terminal and in docs/benchmarks.md, and the same as JSON.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::questions::{Answer, Answers};
use crate::shape::Shape;

/// What was measured on one database.
pub(crate) struct Measured {
    pub(crate) database: String,
    pub(crate) filled: Duration,
    pub(crate) bytes: u64,
    pub(crate) answers: Answers,
}

/// Everything that was measured.
pub(crate) struct Report {
    shape: Shape,
    measured: Vec<Measured>,
}

/// The section of docs/benchmarks.md that is ours; others keep what follows it.
const HEADING: &str = "## The store\n";

impl Report {
    pub(crate) fn of(shape: Shape) -> Self {
        Self {
            shape,
            measured: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, measured: Measured) {
        self.measured.push(measured);
    }

    /// Whether every figure is within its target and every plan uses its index.
    pub(crate) fn holds(&self) -> bool {
        let answers = self.measured.iter().flat_map(|one| &one.answers.questions);
        answers.map(verdict).all(|verdict| verdict == "yes")
    }

    pub(crate) fn to_markdown(&self) -> String {
        let Shape {
            tenants,
            scripts,
            executions,
            ..
        } = self.shape;
        let mut text = format!(
            "{HEADING}\n{scripts} scripts, {executions} executions and as many log lines and search documents \
             of {tenants} tenants, made by `make bench-store`; {}. Every question is asked of another \
             tenant each time. \"Plan\" says whether the database uses the intended index and reads no \
             whole table.\n",
            machine(),
        );
        for one in &self.measured {
            let _ = write!(
                text,
                "\n{}: filled in {:.0?}, {} MiB. The history writer records {:.0} executions a second \
                 (256 callers, each waiting for its commit).\n\n\
                 | question | p50 | p99 | rows | to reach | plan |\n|---|--:|--:|--:|--:|---|\n",
                one.database,
                one.filled,
                one.bytes >> 20,
                one.answers.recorded_per_second,
            );
            for answer in &one.answers.questions {
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {} | {} | {} |",
                    answer.question.name(),
                    time(answer.p50),
                    time(answer.p99),
                    answer.rows,
                    time(answer.question.target()),
                    verdict(answer),
                );
            }
        }
        text
    }

    pub(crate) fn to_json(&self) -> String {
        let one = |measured: &Measured| {
            let questions = measured.answers.questions.iter().map(|answer| {
                json!({
                    "question": answer.question.name(),
                    "p50_us": micros(answer.p50),
                    "p99_us": micros(answer.p99),
                    "rows": answer.rows,
                    "verdict": verdict(answer),
                    "plans": answer.plans.iter().map(|plan| plan.text.clone()).collect::<Vec<_>>(),
                })
            });
            json!({
                "database": measured.database,
                "filled_seconds": measured.filled.as_secs(),
                "bytes": measured.bytes,
                "recorded_per_second": measured.answers.recorded_per_second,
                "questions": questions.collect::<Vec<Value>>(),
            })
        };
        let all: Vec<Value> = self.measured.iter().map(one).collect();
        let shape = self.shape;
        format!(
            "{:#}\n",
            json!({
                "tenants": shape.tenants, "scripts": shape.scripts,
                "executions": shape.executions, "databases": all,
            })
        )
    }

    /// Renews the section, and leaves the rest of the page.
    pub(crate) fn write(&self) -> Result<()> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
        let page = std::fs::read_to_string(&path).unwrap_or_else(|_| "# Benchmarks\n".into());
        let (before, after) = page.split_once(HEADING).unwrap_or((page.as_str(), ""));
        let after = after.find("\n## ").map_or("", |next| &after[next..]);
        let text = format!("{}\n\n{}{after}", before.trim_end(), self.to_markdown());
        Ok(std::fs::write(path, text)?)
    }
}

/// What is wrong with an answer, or `yes`.
fn verdict(answer: &Answer) -> String {
    if let Some(scan) = answer.plans.iter().find_map(|plan| plan.scan.as_ref()) {
        return format!("reads a whole table: {scan}");
    }
    let wanted = answer.question.index();
    let uses = |plan: &crate::plans::Plan| wanted.iter().any(|index| plan.text.contains(index));
    if !answer.plans.iter().any(uses) {
        return format!("not by {}", wanted.join(" or "));
    }
    if answer.p99 > answer.question.target() {
        return "too slow".into();
    }
    "yes".into()
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| {
            Some(
                line.strip_prefix("model name")?
                    .split_once(": ")?
                    .1
                    .to_owned(),
            )
        })
        .unwrap_or_else(|| "unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("?");
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    format!("{processor}, {cores} cores, load {load} at the end, {profile} profile, {date}")
}

fn time(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{} µs", time.as_micros())
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
