//! How long the store's questions take when the tables are large: `make bench-store`. It fills both
//! databases with generated tenants, asks each question many times through the public interface,
//! and looks at the plan of every statement that was sent. Reading order: `shape` (how much of
//! what), `rows` (the data), `sqlite` and `postgres` (filling), `questions`, `plans`, `report`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring command prints, and reads the real clock"
)]

mod filling;
#[path = "../../src/search/number.rs"]
#[expect(dead_code, reason = "the store uses all of it")]
mod number;
mod plans;
mod postgres;
#[path = "../../src/search/prefix.rs"]
#[expect(dead_code, reason = "the store uses all of it")]
mod prefix;
mod questions;
mod report;
mod rows;
mod shape;
mod sqlite;
mod world;

use std::path::PathBuf;

use clap::Parser;

use crate::report::Report;
use crate::shape::Shape;

/// Fills both databases and measures.
#[derive(Parser)]
struct Arguments {
    /// Tenants.
    #[arg(long, default_value_t = 100)]
    tenants: u64,
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
    /// Where the SQLite file goes; the cluster is in the system's temporary directory.
    #[arg(long, default_value = "/tmp")]
    dir: PathBuf,
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
    let shape = Shape {
        tenants: arguments.tenants,
        scripts: arguments.scripts,
        executions: arguments.executions,
        rounds: arguments.rounds,
        recording: std::time::Duration::from_secs_f64(arguments.recording),
    };
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    let mut report = Report::of(shape);
    if wanted("sqlite") {
        report.add(sqlite::measure(shape, &arguments.dir).await?);
    }
    if wanted("postgres") {
        report.add(postgres::measure(shape).await?);
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
