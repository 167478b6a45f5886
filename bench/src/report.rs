//! The tables: the same text on the terminal and in `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::endpoint::{CONNECTIONS, Served};
use crate::fairness::Fairness;
use crate::figures::{Figures, Rounds};
use crate::fresh::Fresh;
use crate::machine::Machine;

/// Everything measured in one run.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Ours first.
    pub(crate) fresh: Vec<Fresh>,
    pub(crate) disk: Figures,
    pub(crate) in_process: Rounds,
    pub(crate) endpoint: Served,
    pub(crate) fairness: Fairness,
}

/// Rounds that differ by more are marked: somebody else used the machine meanwhile.
const CALM: f64 = 0.15;

const HEAD: &str = "# Benchmarks

Written by `make bench WRITE=1`, and the section of the store by `make bench-store WRITE=1`; not edited
by hand. Everything in one run on one machine: peers are to be compared with each other here, not with
figures from elsewhere. Each measurement is made several
times in turns, and the one with the middle p50 counts; `~` marks those whose rounds differ by more
than 15 %, because somebody else used the machine.
";

const FRESH: &str = "
## A fresh isolated execution

The reference script of 60 lines: a new isolated world with 15 host functions, 1 KB of JSON in, three
awaited host calls that are answered at once, 1 KB of JSON out, everything dropped. The files are
`crates/scriptorium-engine/examples/reference*`; every engine must give the same output. Our rows have
every limit on. The last column is the p50 over that of our hot lane.

| engine | p50 µs | p99 µs | one thread | two threads | p50 ratio |
|---|--:|--:|--:|--:|--:|
";

const PLATFORM: &str = "
## The platform

SQLite, every limit on, every execution in a fresh sandbox and in the history. The endpoint's executions
are on disk before their answers (one commit for many); the in-process call does not wait for the disk.
";

const FAIRNESS: &str = "
## Tenants beside each other

A tenant calls a trivial embedded script every 50 ms; durations count from when the call should have begun.
Four others, who may have five executions at once, each keep fifteen callers busy: five with loops of
two seconds, five with scripts that fill their memory until they are stopped, five with floods of storage
calls. One guest thread for each core, a slice is 5 ms at most.
";

const COLUMNS: &str = "
| what | p50 | p99 | per second | to reach |
|---|--:|--:|--:|---|
";

impl Report {
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("{HEAD}\n{}{FRESH}", self.machine());
        for row in &self.fresh {
            text.push_str(&self.fresh_row(row));
        }
        let _ = writeln!(
            text,
            "{PLATFORM}The load of the endpoint comes from a thread of the same process over \
             {CONNECTIONS} kept connections.\n{COLUMNS}{}",
            self.platform_rows().join("\n")
        );
        let _ = writeln!(
            text,
            "{FAIRNESS}{COLUMNS}{}",
            self.fairness_rows().join("\n")
        );
        text
    }

    fn machine(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "{}, {} cores, Linux {}, Node {}; commit {}, {}; load {:.1} before the first measurement.\n",
            machine.processor,
            machine.cores,
            machine.kernel,
            machine.node,
            machine.commit,
            machine.date,
            machine.load,
        );
        if machine.is_busy() {
            text.push_str(
                "\n**Not measured calmly**: others used the machine. Ratios say more than figures.\n",
            );
        }
        if !machine.release {
            text.push_str("\n**Not a release build**: our rows are slower than they should be.\n");
        }
        text
    }

    fn fresh_row(&self, row: &Fresh) -> String {
        let ours = self.fresh[0].one.middle.p50.as_secs_f64();
        format!(
            "| {} | {}{} | {} | {:.0}/s | {:.0}/s | {:.2} |\n",
            row.name,
            mark(&row.one),
            row.one.middle.p50.as_micros(),
            row.one.middle.p99.as_micros(),
            row.one.middle.per_second,
            row.two.middle.per_second,
            row.one.middle.p50.as_secs_f64() / ours,
        )
    }

    fn fairness_rows(&self) -> [String; 3] {
        let Fairness { alone, beside } = &self.fairness;
        let added = |percentile: fn(&Figures) -> Duration| {
            time(percentile(&beside.middle).saturating_sub(percentile(&alone.middle)))
        };
        [
            platform_row("the small tenant's call, alone", alone, ""),
            platform_row("the same, beside the others", beside, ""),
            format!(
                "| added by them | {} | {} | | p50 ≤ 1 ms, p99 ≤ 5 ms |",
                added(|figures| figures.p50),
                added(|figures| figures.p99)
            ),
        ]
    }

    fn platform_rows(&self) -> [String; 4] {
        let Served { full, half } = &self.endpoint;
        [
            platform_row(
                "in-process call of a warm trivial script, history relaxed",
                &self.in_process,
                "p50 ≤ 300 µs",
            ),
            platform_row(
                "HTTP endpoint, trivial script, at full load",
                full,
                "≥ 6,000/s",
            ),
            platform_row(
                "HTTP endpoint, trivial script, at half of that rate",
                half,
                "p99 ≤ 10 ms",
            ),
            format!(
                "| this disk: a page of 4 KiB appended and durable | {} | {} | {:.0} | |",
                time(self.disk.p50),
                time(self.disk.p99),
                self.disk.per_second
            ),
        ]
    }
}

fn platform_row(what: &str, rounds: &Rounds, reach: &str) -> String {
    let figures = &rounds.middle;
    format!(
        "| {what} | {}{} | {} | {:.0} | {reach} |",
        mark(rounds),
        time(figures.p50),
        time(figures.p99),
        figures.per_second
    )
}

fn mark(rounds: &Rounds) -> &'static str {
    if rounds.spread > CALM { "~" } else { "" }
}

fn time(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{} µs", time.as_micros())
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
    }
}

/// To the standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// To the page of the documentation, which has a section that `make bench-store` writes.
pub(crate) fn write(text: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    Ok(std::fs::write(path, format!("{text}{}", of_others(&old)))?)
}

/// The last section of the page, when it is the one that is not ours.
fn of_others(page: &str) -> &str {
    page.find("\n## The store\n").map_or("", |at| &page[at..])
}

#[cfg(test)]
mod tests {
    use super::of_others;

    #[test]
    fn the_section_of_the_store_is_kept() {
        let store = "\n## The store\n\nfigures\n\n### SQLite\n";
        let page = format!("# Benchmarks\n\n## The platform\n\nold\n{store}");
        assert_eq!(of_others(&page), store);
        assert_eq!(of_others("# Benchmarks\n"), "");
        assert_eq!(of_others(""), "");
    }
}
