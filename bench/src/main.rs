//! Benchmarks: figures beside their peers, in one run. `make bench`; with `--write` the tables go to
//! `docs/benchmarks.md` as well. Reading order: `fresh` (the peers), `platform`, `endpoint`,
//! `fairness`, `report`.

mod disk;
mod endpoint;
mod engine;
mod fairness;
mod figures;
mod fresh;
mod machine;
mod node;
mod platform;
mod quickjs;
mod reference;
mod report;

use std::time::Duration;

use clap::Parser;

use crate::report::Report;

/// Measures, and prints the tables.
#[derive(Parser)]
struct Arguments {
    /// Writes the tables to docs/benchmarks.md as well.
    #[arg(long)]
    write: bool,
    /// Executions of each measurement and thread.
    #[arg(long, default_value_t = 5_000)]
    executions: usize,
    /// How often each measurement is made; the middle one counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each load on the endpoint.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seconds = Duration::from_secs(arguments.seconds);
    let report = Report {
        machine: machine::Machine::look()?,
        fresh: fresh::measure(arguments.executions, arguments.rounds)?,
        disk: disk::measure()?,
        in_process: platform::measure(arguments.executions, arguments.rounds)?,
        endpoint: endpoint::measure(seconds, arguments.rounds)?,
        fairness: fairness::measure(2 * seconds, arguments.rounds)?,
    };
    let text = report.to_markdown();
    report::print(&text)?;
    if arguments.write {
        report::write(&text)?;
    }
    Ok(())
}
