//! How long the store's questions take when the tables are large: `make bench-store`. It fills both
//! databases with generated tenants, asks each question many times through the public interface,
//! and looks at the plan of every statement that was sent. Reading order: `shape` (how much of
//! what), `rows` (the data), `sqlite` and `postgres` (filling), `questions`, `asking`, `plans`,
//! `report`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring command prints, and reads the real clock"
)]

mod asking;
mod filling;
mod home;
mod machine;
#[path = "../../src/search/number.rs"]
#[expect(dead_code, reason = "the store uses all of it")]
mod number;
mod plans;
mod postgres;
#[path = "../../src/search/prefix.rs"]
mod prefix;
mod questions;
mod report;
mod rows;
mod shape;
mod sqlite;
#[path = "../../src/search/words.rs"]
#[expect(dead_code, reason = "the store uses all of it")]
mod words;
mod world;

use std::path::PathBuf;

use clap::Parser;

use crate::home::Home;
use crate::machine::Machine;
use crate::report::Report;
use crate::shape::Shape;

/// Fills both databases and measures.
#[derive(Parser)]
struct Arguments {
    /// Tenants.
    #[arg(long, default_value_t = 100)]
    tenants: usize,
    /// Scripts of all tenants together.
    #[arg(long, default_value_t = 100_000)]
    scripts: u64,
    /// Executions of all tenants together; each has one log line.
    #[arg(long, default_value_t = 10_000_000)]
    executions: u64,
    /// How often each question is asked, at most.
    #[arg(long, default_value_t = 400)]
    rounds: usize,
    /// Seconds for which ends of executions are recorded.
    #[arg(long, default_value_t = 5.0)]
    recording: f64,
    /// Succeeds whatever the figures and the plans are; small tables have other plans.
    #[arg(long)]
    lenient: bool,
    /// `sqlite` or `postgres`; both when not said.
    #[arg(long)]
    only: Option<String>,
    /// Where the databases go: a directory on the disk to be measured, with 35 GB free.
    #[arg(long, default_value = "/tmp")]
    dir: PathBuf,
    /// Leaves the databases there, and asks those of the same size that were left.
    #[arg(long)]
    keep: bool,
    /// Writes the figures as JSON to this file as well.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Renews the store's section of docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tokio::select! {
        done = measure(arguments) => done,
        // What was made is removed on the way out; a thread that fills is not waited for.
        _ = tokio::signal::ctrl_c() => std::process::exit(130),
    }
}

async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    let shape = Shape {
        tenants: arguments.tenants.max(1),
        scripts: arguments.scripts,
        executions: arguments.executions,
        rounds: arguments.rounds,
        recording: std::time::Duration::from_secs_f64(arguments.recording),
    };
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    let mut report = Report::of(shape, Machine::look(&arguments.dir)?);
    if wanted("sqlite") {
        let home = Home::of("sqlite", &arguments.dir, arguments.keep)?;
        report.add(sqlite::measure(shape, &home).await?);
    }
    if wanted("postgres") {
        let home = Home::of("postgres", &arguments.dir, arguments.keep)?;
        report.add(postgres::measure(shape, &home).await?);
    }
    println!("{}", report.to_markdown());
    if let Some(path) = &arguments.json {
        std::fs::write(path, report.to_json())?;
    }
    if arguments.write {
        report.write()?;
    }
    anyhow::ensure!(
        arguments.lenient || report.holds(),
        "a figure or a plan is not what it should be"
    );
    Ok(())
}
