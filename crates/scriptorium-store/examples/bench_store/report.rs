//! The table, on the terminal and in docs/benchmarks.md, and the same as JSON.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::asking::{Answer, Answers, CALLERS, Times};
use crate::machine::Machine;
use crate::shape::Shape;

/// What was measured on one database.
pub(crate) struct Measured {
    pub(crate) database: String,
    pub(crate) settings: String,
    pub(crate) filled: Duration,
    pub(crate) bytes: u64,
    pub(crate) answers: Answers,
}

/// Everything that was measured.
pub(crate) struct Report {
    shape: Shape,
    machine: Machine,
    measured: Vec<Measured>,
}

/// The section of docs/benchmarks.md that is ours; others keep it, and we keep theirs.
const HEADING: &str = "## The store\n";

/// What every part of it has in common.
const INTRODUCTION: &str = "Made by `make bench-store WRITE=1`. The largest of the tenants has as much as the second and third
together, and asks every other question; the other tenants ask the rest in turn. Each question goes through
the store's own interface, as pages and platform ask it, with other words, cursors and ids each time; pages
have 50 rows. The last column says whether the 99th percentile is what is to be reached and the plans of all
statements use the intended index, read no table from end to end and sort no more than a page.
";

impl Report {
    pub(crate) fn of(shape: Shape, machine: Machine) -> Self {
        Self {
            shape,
            machine,
            measured: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, measured: Measured) {
        self.measured.push(measured);
    }

    /// Whether every figure is within its target and every plan uses its index.
    pub(crate) fn holds(&self) -> bool {
        let answers = self.measured.iter().flat_map(|one| &one.answers.questions);
        answers.map(verdict).all(|verdict| verdict == HOLDS)
    }

    pub(crate) fn to_markdown(&self) -> String {
        let parts: Vec<String> = self.measured.iter().map(|one| self.part(one)).collect();
        parts.join("\n")
    }

    /// What was measured on one database.
    fn part(&self, one: &Measured) -> String {
        let shape = self.shape;
        let mut text = format!(
            "### {}\n\n{} scripts, {} executions over 85 days, with as many log lines and search \
             documents, and {} events of {} tenants. {}.\n\n{}",
            one.database,
            whole(shape.scripts),
            whole(shape.executions),
            whole(shape.events()),
            shape.tenants,
            self.machine,
            one.about(),
        );
        text.push_str(
            "| question | p50 | p99 | max | rows | to reach | holds |\n\
             |---|--:|--:|--:|--:|--:|---|\n",
        );
        for answer in &one.answers.questions {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} ms | {} |",
                answer.question.about().name,
                times(answer.times),
                answer.rows,
                answer.question.about().target,
                verdict(answer).replace('|', "/"),
            );
        }
        text
    }

    pub(crate) fn to_json(&self) -> String {
        let all: Vec<Value> = self.measured.iter().map(Measured::to_json).collect();
        let shape = self.shape;
        format!(
            "{:#}\n",
            json!({
                "machine": self.machine.to_string(),
                "fsync_p50_us": micros(self.machine.fsync.p50),
                "tenants": shape.tenants, "scripts": shape.scripts,
                "executions": shape.executions, "databases": all,
            })
        )
    }

    /// Renews the parts of what was measured, and leaves the rest of the page.
    pub(crate) fn write(&self) -> Result<()> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
        let page = std::fs::read_to_string(&path).unwrap_or_else(|_| "# Benchmarks\n".into());
        let (before, ours) = page.split_once(HEADING).unwrap_or((page.as_str(), ""));
        let (ours, after) = ours.split_at(ours.find("\n## ").unwrap_or(ours.len()));
        let parts = ["SQLite", "PostgreSQL"].iter().filter_map(|name| {
            let measured = self
                .measured
                .iter()
                .find(|one| one.database.starts_with(name));
            measured.map_or_else(|| part_of(ours, name), |one| Some(self.part(one)))
        });
        let parts = parts.collect::<Vec<_>>().join("\n");
        let text = format!(
            "{}\n\n{HEADING}\n{INTRODUCTION}\n{parts}{after}",
            before.trim_end()
        );
        Ok(std::fs::write(path, text)?)
    }
}

/// The part of our section that is about a database.
fn part_of(section: &str, database: &str) -> Option<String> {
    let begin = section.find(&format!("### {database} "))?;
    let part = &section[begin..];
    let end = part[1..].find("\n### ").map_or(part.len(), |at| at + 1);
    Some(format!("{}\n", part[..end].trim_end()))
}

impl Measured {
    fn about(&self) -> String {
        let (counts, recorded) = (self.answers.counts, &self.answers.recorded);
        format!(
            "Settings: {}. Filled in {:.0?}, {} MiB; load {} before the first question. Of the {} executions of the largest tenant the rare word is \
             in {}, the common one in {}.\n\n\
             The history writer records {:.0} ends a second with their log lines, {:.0} to a commit: {CALLERS} \
             callers, each waiting for its commit for {} (p50), {} (p99), {} (max), with the index kept up \
             beside it. Left alone, the indexer takes in {:.0} documents a second.\n\n",
            self.settings,
            self.filled,
            self.bytes >> 20,
            self.answers.load,
            whole(counts.all),
            whole(counts.rare),
            whole(counts.common),
            recorded.per_second,
            recorded.per_commit,
            time(recorded.waits.p50),
            time(recorded.waits.p99),
            time(recorded.waits.max),
            recorded.indexed_per_second,
        )
    }

    fn to_json(&self) -> Value {
        let questions = self.answers.questions.iter().map(|answer| {
            json!({
                "question": answer.question.about().name,
                "p50_us": micros(answer.times.p50),
                "p99_us": micros(answer.times.p99),
                "max_us": micros(answer.times.max),
                "to_reach_us": micros(answer.question.target()),
                "rows": answer.rows,
                "in_time": answer.is_in_time(),
                "flaw": answer.flaw(),
                "plans": answer.plans.iter().map(|plan| plan.text.clone()).collect::<Vec<_>>(),
            })
        });
        let recorded = &self.answers.recorded;
        json!({
            "database": self.database,
            "load": self.answers.load,
            "filled_seconds": self.filled.as_secs(),
            "bytes": self.bytes,
            "recorded_per_second": recorded.per_second,
            "recorded_per_commit": recorded.per_commit,
            "recorded_p50_us": micros(recorded.waits.p50),
            "recorded_p99_us": micros(recorded.waits.p99),
            "indexed_per_second": recorded.indexed_per_second,
            "questions": questions.collect::<Vec<Value>>(),
        })
    }
}

const HOLDS: &str = "yes";

/// What is wrong with an answer, or that it holds.
fn verdict(answer: &Answer) -> String {
    match answer.flaw() {
        Some(flaw) => flaw,
        None if answer.is_in_time() => HOLDS.into(),
        None => "too slow".into(),
    }
}

fn times(times: Times) -> String {
    let Times { p50, p99, max } = times;
    format!("{} | {} | {}", time(p50), time(p99), time(max))
}

pub(crate) fn time(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{} µs", time.as_micros())
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
    }
}

/// A number with its thousands apart.
fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
