//! The tables: the same text on the terminal and in `docs/benchmarks.md`. The same figures as JSON.

mod costs;
mod engine;
mod page;
mod platform;
mod triggers;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::comparison::Comparison;
use crate::costs::Costs;
use crate::figures::Rounds;
use crate::machine::Machine;
use crate::triggers::Triggers;

pub(crate) use platform::Measured;

/// Everything measured in one run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Unless only the ways in were asked for.
    pub(crate) engine: Option<Comparison>,
    /// With the engine, unless only that was asked for.
    pub(crate) platform: Option<Measured>,
    /// When they were asked for.
    pub(crate) triggers: Option<Triggers>,
    /// When they were asked for.
    pub(crate) costs: Option<Costs>,
}

/// Rounds that differ by more are marked: somebody else used the machine.
const CALM: f64 = 0.15;

const HEAD: &str = "# Benchmarks

Not edited by hand: written by `make bench WRITE=1`, the section of triggers by `make bench-triggers
WRITE=1`, that of calls by `make bench-calls WRITE=1`, and that of the store by `make bench-store WRITE=1`. What is in a section was measured in one run
on one machine: peers are to be compared with each other here, not with figures from elsewhere. Each
measurement of the engine and the platform is made several times in turns, and the one with the middle p50
counts; `~` marks those whose rounds differ by more than 15 %, because somebody else used the machine.
";

impl Report {
    pub(crate) fn to_markdown(&self) -> String {
        let machine = of_machine(&self.machine);
        let engine = self.engine.as_ref();
        let engine = engine
            .map(|engine| format!("\n## The machine\n\n{machine}{}", engine::section(engine)));
        let platform = self.platform.as_ref().map(platform::section);
        let triggers = self.triggers.as_ref();
        let triggers = triggers.map(|triggers| triggers::section(triggers, &machine));
        let costs = self.costs.as_ref();
        let costs = costs.map(|costs| costs::section(costs, &machine));
        let sections = [engine, platform, triggers, costs].into_iter().flatten();
        format!("{HEAD}{}", sections.collect::<String>())
    }

    /// Renews the sections of the page of the documentation that were measured.
    pub(crate) fn write(&self) -> Result<()> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        Ok(std::fs::write(
            path,
            page::renewed(&old, &self.to_markdown()),
        )?)
    }

    /// Writes all figures to a file.
    pub(crate) fn write_json(&self, path: &Path) -> Result<()> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(serde_json::to_writer_pretty(file, self)?)
    }
}

fn of_machine(machine: &Machine) -> String {
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

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

/// To the standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
