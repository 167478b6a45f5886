//! The sections of the platform.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::endpoint::{CONNECTIONS, Served};
use crate::fairness::{Fairness, Pair};
use crate::figures::{Figures, Rounds};
use crate::mix::Mix;
use crate::overload::{Level, Overload};
use crate::report::{mark, mebibytes, time};
use crate::shares::Shares;

/// What the whole platform did.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) disk: Figures,
    pub(crate) in_process: Rounds,
    pub(crate) endpoint: Served,
    pub(crate) mix: Mix,
    pub(crate) shares: Shares,
    pub(crate) fairness: Fairness,
    pub(crate) overload: Overload,
}

const HEAD: &str = "
## The platform

SQLite, every limit on, every execution in a fresh sandbox and in the history. The endpoint's executions
are on disk before their answers (one commit for many); the in-process call does not wait for the disk.
";

const MIX: &str = "
## A mixed load

Eight tenants with fifteen scripts each that compute, check, remember, report and ask the business, and
twenty callers each; a few scripts get most of the calls. Authors save new versions and try texts
meanwhile. The parts are of what the platform itself counts, from an empty cache on.

| what | figure | to reach |
|---|--:|---|
";

const FAIRNESS: &str = "
## Tenants beside each other

A tenant has something to run every 50 ms: it calls a trivial embedded script, and durations count from when
the call should have begun; or it puts an execution into the queue, and durations count to its end. At full
minutes twenty schedules of it are due at once, and durations count from then to the end of each.
Four others, who may have five executions at once, each keep fifteen callers busy: five with loops of
two seconds, five with scripts that fill their memory until they are stopped, five with floods of storage
calls. One guest thread for each core, a slice is 5 ms at most. Events start nothing yet: they are
recorded, and their delivery will go through the same queue.
";

const SHARES: &str = "
| equal tenants that compute | figure | to reach |
|---|--:|---|
";

const OVERLOAD: &str = "
## More than it can do

An endpoint of a tenant that may have five executions at once and a hundred callers that wait; its script
computes for some milliseconds. Requests come evenly, whatever becomes of those before (an open loop), and
durations count from when each came: at half of what saturates the server for ten seconds, then at twice
and at five times that, then at half again. The load comes from a thread of the same process, its memory included.

| requests over saturation | completed of saturation | p50, p99 of those | refused | p50, p99 of refusals | neither | MiB before, 1st half, 2nd half, after | calm p99 | calm again after |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

const COLUMNS: &str = "
| what | p50 | p99 | per second | to reach |
|---|--:|--:|--:|---|
";

pub(super) fn section(measured: &Measured) -> String {
    let mut text = format!(
        "{HEAD}The load of the endpoint comes from a thread of the same process over \
         {CONNECTIONS} kept connections.\n{COLUMNS}{}\n",
        rows(measured).join("\n")
    );
    let _ = writeln!(text, "{MIX}{}", mix_rows(&measured.mix).join("\n"));
    let fairness = fairness_rows(&measured.fairness).join("\n");
    let _ = writeln!(text, "{FAIRNESS}{COLUMNS}{fairness}");
    let _ = writeln!(text, "{SHARES}{}", shares_row(&measured.shares));
    text.push_str(&overload(&measured.overload));
    text
}

fn rows(measured: &Measured) -> [String; 4] {
    let Served { full, half } = &measured.endpoint;
    let disk = &measured.disk;
    [
        row(
            "in-process call of a warm trivial script, history relaxed",
            &measured.in_process,
            "p50 ≤ 300 µs",
        ),
        row(
            "HTTP endpoint, trivial script, at full load",
            full,
            "≥ 6,000/s",
        ),
        row(
            "HTTP endpoint, trivial script, at half of that rate",
            half,
            "p99 ≤ 10 ms",
        ),
        format!(
            "| this disk: a page of 4 KiB appended and durable | {} | {} | {:.0} | |",
            time(disk.p50),
            time(disk.p99),
            disk.per_second
        ),
    ]
}

fn mix_rows(mix: &Mix) -> [String; 3] {
    [
        format!(
            "| {} calls, {} versions saved, {} texts tried, per second | {:.0} | |",
            mix.calls, mix.saves, mix.trials, mix.per_second
        ),
        format!(
            "| programs that were ready ({} were made) | {:.2} % | > 90 % |",
            mix.program_misses,
            mix.ready() * 100.0
        ),
        format!(
            "| executions that found a slot at once ({} waited) | {:.2} % | > 95 % |",
            mix.pool_waits,
            mix.at_once() * 100.0
        ),
    ]
}

fn fairness_rows(fairness: &Fairness) -> Vec<String> {
    let pairs = [
        ("the small tenant's call", Some(&fairness.call)),
        ("its execution from the queue", Some(&fairness.queue)),
        ("its schedules, all due at once", fairness.schedule.as_ref()),
    ];
    let pairs = pairs.into_iter();
    pairs
        .filter_map(|(what, pair)| Some(pair_rows(what, pair?)))
        .flatten()
        .collect()
}

fn pair_rows(what: &str, pair: &Pair) -> [String; 3] {
    let Pair { alone, beside } = pair;
    let added = |percentile: fn(&Figures) -> Duration| {
        time(percentile(&beside.middle).saturating_sub(percentile(&alone.middle)))
    };
    [
        row(&format!("{what}, alone"), alone, ""),
        row("the same, beside the others", beside, ""),
        format!(
            "| added by them | {} | {} | | p50 ≤ 1 ms, p99 ≤ 5 ms |",
            added(|figures| figures.p50),
            added(|figures| figures.p99)
        ),
    ]
}

fn shares_row(shares: &Shares) -> String {
    format!(
        "| {} runs of {} tenants in {}: processor time of the one with most over that of the one with \
         least, while all were busy | {:.1} % more | ≤ 5 % |",
        shares.runs,
        shares.tenants,
        time(shares.elapsed),
        shares.spread() * 100.0
    )
}

fn overload(overload: &Overload) -> String {
    let mut text = OVERLOAD.to_owned();
    for level in &overload.levels {
        text.push_str(&level_row(level));
    }
    let saturated = &overload.saturated;
    let _ = writeln!(
        text,
        "\nTo reach: ≥ 90 % completed, p99 of refusals ≤ 20 ms, memory flat, calm again ≤ 5 s. Saturated at \
         {:.0}/s (p99 {}) over {CONNECTIONS} connections that each ask again as soon as they are answered; overload \
         for {:.0} s at each rate.",
        saturated.per_second,
        time(saturated.p99),
        overload.seconds
    );
    text
}

fn level_row(level: &Level) -> String {
    let both = |figures: &Figures| format!("{}, {}", time(figures.p50), time(figures.p99));
    let refused = level.refused.as_ref();
    let [before, first, second, after] = level.resident_bytes.map(mebibytes);
    let again = level.calm_again_seconds;
    format!(
        "| {} | {:.1} % | {} | {:.0}/s | {} | {} | {before}, {first}, {second}, {after} | {} | {} |\n",
        level.times,
        level.completed * 100.0,
        both(&level.served),
        refused.map_or(0.0, |figures| figures.per_second),
        refused.map_or("–".into(), both),
        level.failed,
        time(level.calm),
        again.map_or("never".into(), |seconds| format!("{seconds:.0} s")),
    )
}

fn row(what: &str, rounds: &Rounds, reach: &str) -> String {
    let figures = &rounds.middle;
    format!(
        "| {what} | {}{} | {} | {:.0} | {reach} |",
        mark(rounds),
        time(figures.p50),
        time(figures.p99),
        figures.per_second
    )
}
