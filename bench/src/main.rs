//! Benchmarks: figures beside their peers, in one run. `make bench`; with `--write` the tables go to
//! `docs/benchmarks.md` as well. `make bench-engine` measures the engine only, `make bench-triggers` the
//! ways in, `make bench-calls` what calls of scripts cost. Reading order: `comparison` (the engine and its
//! peers), `platform`, `endpoint`, `mix`, `shares`, `fairness`, `overload`, `triggers`, `costs`, `report`.

mod arrivals;
mod client;
mod comparison;
mod contender;
mod costs;
mod disk;
mod endpoint;
mod engine;
mod fairness;
mod figures;
mod fresh;
mod kernels;
mod machine;
mod memory;
mod mix;
mod node;
mod overload;
mod platform;
mod processor;
mod quickjs;
mod reference;
mod report;
mod shares;
mod site;
mod suspended;
mod triggers;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::comparison::{Comparison, Sizes};
use crate::report::{Measured, Report};
use crate::triggers::Triggers;

/// Measures, and prints the tables.
#[derive(Parser)]
struct Arguments {
    /// Writes the tables to docs/benchmarks.md as well.
    #[arg(long, conflicts_with = "engine")]
    write: bool,
    /// Writes all figures to this file as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures the engine only, not the platform around it.
    #[arg(long)]
    engine: bool,
    /// Measures the ways in only: events, schedules, endpoints, on both databases.
    #[arg(long, conflicts_with = "engine")]
    triggers: bool,
    /// Measures what calls of scripts cost only.
    #[arg(long, conflicts_with_all = ["engine", "triggers"])]
    calls: bool,
    /// Of those, the calls whose names begin so.
    #[arg(long, requires = "calls", default_value = "")]
    only: String,
    /// Events published as fast as they are accepted.
    #[arg(long, default_value_t = 20_000)]
    events: usize,
    /// Schedules due in one minute; 0 leaves them out.
    #[arg(long, default_value_t = 10_000)]
    schedules: usize,
    /// Executions of each measurement and thread.
    #[arg(long, default_value_t = 5_000)]
    executions: usize,
    /// How often each measurement is made; the middle one counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Executions that wait at once.
    #[arg(long, default_value_t = 10_000)]
    suspended: usize,
    /// How often each kernel of the CPU suite runs.
    #[arg(long, default_value_t = 11)]
    kernels: usize,
    /// Seconds of each load on the endpoint; other loads last a multiple of it.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// CPU-bound executions of equal tenants.
    #[arg(long, default_value_t = 1_000)]
    runs: usize,
    /// Full minutes at which schedules are due, without noise and with it; 0 leaves them out.
    #[arg(long, default_value_t = 3)]
    minutes: u32,
    /// Seconds of each overload.
    #[arg(long, default_value_t = 60)]
    overload: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let engine = || {
        Comparison::measure(Sizes {
            executions: arguments.executions,
            rounds: arguments.rounds,
            suspended: arguments.suspended,
            kernels: arguments.kernels,
        })
    };
    let ways = || {
        Triggers::measure(triggers::Sizes {
            events: arguments.events,
            firsts: arguments.executions / 10,
            chains: arguments.executions / 25,
            schedules: arguments.schedules,
            time: Duration::from_secs(arguments.seconds),
        })
    };
    let report = Report {
        machine: machine::Machine::look()?,
        engine: (!arguments.triggers && !arguments.calls)
            .then(engine)
            .transpose()?,
        platform: (!arguments.engine && !arguments.triggers && !arguments.calls)
            .then(|| measured(&arguments))
            .transpose()?,
        triggers: arguments.triggers.then(ways).transpose()?,
        costs: (arguments.calls)
            .then(|| costs::measure(arguments.executions / 100, &arguments.only))
            .transpose()?,
    };
    report::print(&report.to_markdown())?;
    if let Some(path) = &arguments.json {
        report.write_json(path)?;
        report::print(&format!("\nAll figures are in {}.\n", path.display()))?;
    }
    if arguments.write {
        report.write()?;
    }
    Ok(())
}

fn measured(arguments: &Arguments) -> anyhow::Result<Measured> {
    let seconds = Duration::from_secs(arguments.seconds);
    Ok(Measured {
        disk: disk::measure()?,
        in_process: platform::measure(arguments.executions, arguments.rounds)?,
        endpoint: endpoint::measure(seconds, arguments.rounds)?,
        mix: mix::measure(4 * seconds)?,
        shares: shares::measure(arguments.runs)?,
        fairness: fairness::measure(2 * seconds, arguments.rounds, arguments.minutes)?,
        overload: overload::measure(Duration::from_secs(arguments.overload))?,
    })
}
