//! The section of the ways in.

use std::fmt::Write as _;
use std::time::Duration;

use crate::figures::Figures;
use crate::report::{mebibytes, time};
use crate::triggers::{Late, OnDatabase, Triggers};

const HEAD: &str = "
## Triggers

";

const ABOUT: &str = "
The server with everything as an operator gets it: every limit on but that of events in a minute, every execution in a fresh sandbox and in
the history, nothing answered before it is on disk (PostgreSQL with `fsync`, on the same disk). Publishers,
`wrk` and PostgreSQL share the two processors with it. Events are published by 64 tasks in ten tenants, and
counted as executed when the end of the last is recorded. To the first instruction is from before what
starts a script to a call of a service of the host's that its first statement makes, one execution after the
other; a call and a request have their history recorded after that, a manual run and an event before. A chain
is three scripts, each started by an event of the one before. Schedules are all due in one minute, in 50
tenants.

| what | SQLite | PostgreSQL | to reach |
|---|--:|--:|---|
";

pub(super) fn section(triggers: &Triggers, machine: &str) -> String {
    let mut text = format!("{HEAD}{machine}{ABOUT}");
    let both = [&triggers.sqlite, &triggers.postgres];
    let mut row = |what: &str, figure: &dyn Fn(&OnDatabase) -> String, reach: &str| {
        let [sqlite, postgres] = both.map(figure);
        let _ = writeln!(text, "| {what} | {sqlite} | {postgres} | {reach} |");
    };
    row(
        "events accepted per second",
        &|one| format!("{:.0}", one.events.publishing.per_second),
        "",
    );
    row(
        "the answer to one of them, p50, p99",
        &|one| pair(&one.events.publishing),
        "",
    );
    row(
        "events accepted, executed and recorded per second",
        &|one| format!("{:.0}", one.events.executed_per_second),
        "≥ 3,000 SQLite, ≥ 2,000 PostgreSQL",
    );
    for (way, first) in triggers.sqlite.firsts.iter().enumerate() {
        row(
            &format!("{} to first instruction, p50, p99", first.way),
            &|one| pair(&one.firsts[way].figures),
            "p50 ≤ 2 ms, p99 ≤ 10 ms",
        );
    }
    row(
        "endpoint, trivial script, per second (`wrk`)",
        &|one| format!("{:.0}", one.served.per_second),
        "≥ 6,000 SQLite",
    );
    row(
        "the same, p50, p99",
        &|one| format!("{}, {}", time(one.served.p50), time(one.served.p99)),
        "",
    );
    row(
        "chain of three, to the first instruction of the last, p50, p99",
        &|one| pair(&one.chain.alone),
        "",
    );
    row(
        &format!(
            "{} chains at once, per second",
            triggers.sqlite.chain.chains
        ),
        &|one| format!("{:.0}", one.chain.per_second),
        "",
    );
    if let Some(late) = &triggers.sqlite.late {
        row(
            &format!(
                "{} schedules in one minute: first, p50, p99, last late by",
                late.schedules
            ),
            &|one| one.late.as_ref().map_or("–".into(), lateness),
            "",
        );
    }
    row(
        "statements per second of an idle server",
        &|one| {
            let (sent, seen) = (
                one.idle.statements_per_second,
                one.idle.at_postgres_per_second,
            );
            let seen = seen.map(|count| format!("; {count:.2} with begin and commit"));
            format!("{sent:.2}{}", seen.unwrap_or_default())
        },
        "≤ 1",
    );
    row(
        "processor, memory of an idle server",
        &|one| {
            let idle = &one.idle;
            format!(
                "{:.2} %, {} MiB",
                idle.processor * 100.0,
                mebibytes(idle.resident_bytes)
            )
        },
        "",
    );
    let disk = &triggers.disk;
    let _ = writeln!(
        text,
        "\nThis disk makes a page of 4 KiB durable in {} (p50), {} (p99).",
        time(disk.p50),
        time(disk.p99)
    );
    text
}

fn pair(figures: &Figures) -> String {
    format!("{}, {}", time(figures.p50), time(figures.p99))
}

fn lateness(late: &Late) -> String {
    let all: [Duration; 4] = [late.first, late.p50, late.p99, late.last];
    all.map(time).join(", ")
}
