//! Measures fresh executions: p50 and p99 on one thread, throughput on one and two.
//! `cargo run --release -p scriptorium-engine --example latency [EXECUTIONS]`

use std::time::{Duration, Instant};

use scriptorium_engine::{
    CallClass, Cancel, Config, Engine, Host, HostError, Invocation, Level, Limits, Outcome,
    Program, Reply, Source,
};

/// Answers at once, so that the engine is measured and not the host.
struct Echo;

impl Host for Echo {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Io
    }
    fn call(&mut self, _name: &str, args: &str) -> Reply {
        Reply::Ready(Ok(args.to_owned()))
    }
    fn call_sync(&mut self, name: &str, _args: &str) -> Result<String, HostError> {
        Err(HostError::new("UNKNOWN_CALL", name))
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}

const PRELUDE: &str = include_str!("reference_prelude.js");

const TRIVIAL: &str = "export default (input) => input.lines.length";

/// About 60 lines, three host calls, 1 KB in and out.
const REFERENCE: &str = include_str!("reference.js");

/// An order of about 1 KB.
const INPUT: &str = include_str!("reference_input.json");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executions = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 5000,
    };
    for (lane, hot_slots, overflow_slots) in [("hot", 64, 0), ("overflow", 0, 64)] {
        let engine = Engine::new(Config {
            prelude: PRELUDE.to_owned(),
            hot_slots,
            overflow_slots,
            ..Config::default()
        })?;
        for (name, code) in [("trivial", TRIVIAL), ("reference", REFERENCE)] {
            let program = engine.compile(Source { name, code })?;
            let one = measure(&engine, &program, 1, executions)?;
            let two = measure(&engine, &program, 2, executions)?;
            eprintln!(
                "{lane:9} {name:10} p50 {:>4} µs  p99 {:>4} µs  1 thread {:>5}/s  2 threads {:>5}/s",
                one.p50.as_micros(),
                one.p99.as_micros(),
                one.per_second,
                two.per_second
            );
        }
    }
    Ok(())
}

struct Figures {
    p50: Duration,
    p99: Duration,
    per_second: u64,
}

fn measure(
    engine: &Engine,
    program: &Program,
    threads: usize,
    executions: usize,
) -> Result<Figures, Box<dyn std::error::Error>> {
    let began = Instant::now();
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (engine, program) = (engine.clone(), program.clone());
            std::thread::spawn(move || work(&engine, &program, executions))
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.join().map_err(|_| "a worker panicked")??);
    }
    let elapsed = began.elapsed();
    times.sort_unstable();
    Ok(Figures {
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
        per_second: (times.len() as f64 / elapsed.as_secs_f64()) as u64,
    })
}

fn work(engine: &Engine, program: &Program, executions: usize) -> Result<Vec<Duration>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let mut times = Vec::with_capacity(executions);
    for _ in 0..executions {
        let began = Instant::now();
        let report = runtime
            .block_on(engine.run(Invocation {
                program,
                input: INPUT,
                limits: Limits::default(),
                host: Echo,
                cancel: Cancel::new(),
            }))
            .map_err(|error| error.to_string())?;
        times.push(began.elapsed());
        if let Outcome::Failed(failure) = report.outcome {
            return Err(failure.message);
        }
    }
    Ok(times)
}
