//! The attack corpus: what the worst tenant would send, and what has to come of it. A folder of
//! `tests/attacks` is a group; `docs/attacks.md` says what a file holds and what is looked at after
//! each. Every commit runs each file once; `whole_corpus` runs it through every entrance, under
//! every memory limit, and with everything that is generated.

mod arena;
mod files;
mod generated;
mod report;
mod surroundings;

use std::fmt::Write as _;
use std::time::Duration;

use scriptorium_runtime::Finished;

use crate::cases::differences;
use arena::Arena;
use files::Attack;
use report::{Report, Row};

/// Processor time that a run may use beyond its limit (P1.2).
const LATE: Duration = Duration::from_millis(250);
/// The same of wall time, which a busy machine lengthens: only that it ends is asserted.
const LATE_WALL: Duration = Duration::from_secs(5);

/// How thoroughly a group is run.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// Each file as it is.
    Commit,
    /// Through every entrance and under every memory limit as well.
    Whole,
}

macro_rules! groups {
    ($($group:ident)*) => {
        const GROUPS: &[&str] = &[$(stringify!($group)),*];

        $(#[test]
        fn $group() {
            run(|arena| Box::pin(check(arena, stringify!($group), Depth::Commit)));
        })*
    };
}

groups! { a b c d e f g h i k l m n o }

#[test]
fn every_group_is_run() {
    let folders = files::folders();
    assert_eq!(folders, GROUPS);
    let attacks: Vec<Attack> = GROUPS.iter().flat_map(|group| files::of(group)).collect();
    let mut ids: Vec<&str> = attacks.iter().map(|attack| attack.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), attacks.len(), "two cases have one id");
}

#[test]
fn builtins() {
    run(|arena| Box::pin(generated::builtins(arena, Depth::Commit)));
}

#[test]
fn reentrancy() {
    run(|arena| Box::pin(generated::reentrancy(arena, Depth::Commit)));
}

/// All of it in one process, with a table at the end: `make attack`.
#[test]
#[ignore = "takes minutes: make attack"]
fn whole_corpus() {
    let runtime = arena::runtime();
    let report = runtime.block_on(async {
        let arena = Arena::new().await;
        let mut report = Report::default();
        for group in GROUPS {
            report.add(check(&arena, group, Depth::Whole).await);
        }
        report.add(generated::builtins(&arena, Depth::Whole).await);
        report.add(generated::reentrancy(&arena, Depth::Whole).await);
        report
    });
    eprintln!("{report}");
    report.assert_clean();
}

fn run(group: impl for<'a> FnOnce(&'a Arena) -> arena::Grouped<'a>) {
    let row = arena::runtime().block_on(async { group(&Arena::new().await).await });
    row.assert_clean();
}

async fn check(arena: &Arena, group: &str, depth: Depth) -> Row {
    let mut row = Row::begin(&group.to_uppercase());
    for attack in files::of(group) {
        let finished = attacked(arena, &attack, &mut row).await;
        left_over(arena, &attack, &mut row).await;
        if depth == Depth::Whole {
            entrances(arena, &attack, &finished, &mut row).await;
            sweep(arena, &attack, &finished, &mut row).await;
        }
    }
    row.end().await;
    row
}

/// One attack, while a neighbour works and before it works again.
async fn attacked(arena: &Arena, attack: &Attack, row: &mut Row) -> Finished {
    let job = arena.job(&attack.case);
    let limits = job.definition.limits;
    let (finished, beside) = tokio::join!(arena.run(job), arena.probe());
    let mut wrong = differences(&attack.case, &finished);
    for probe in [beside, arena.probe().await] {
        match probe {
            Ok(took) => row.probed(took),
            Err(what) => writeln!(wrong, "  the neighbour\n    {what}").unwrap(),
        }
    }
    let metrics = &finished.execution.metrics;
    match finished.execution.failure.as_ref().map(|f| f.code.as_str()) {
        Some("limit.cpu") => row.stopped(metrics.cpu, limits.cpu, LATE, &mut wrong),
        Some("limit.wall") => row.stopped(metrics.duration, limits.wall, LATE_WALL, &mut wrong),
        _ => {}
    }
    if let Some(within) = attack.case.get("within") {
        let within = Duration::from_millis(within.parse().unwrap());
        if metrics.duration > within {
            writeln!(wrong, "  within {within:?}: took {:?}", metrics.duration).unwrap();
        }
    }
    row.canaries(&attack.id, arena.seen(&finished));
    row.add(&attack.id, wrong);
    finished
}

/// What the next run finds of it, in the same tenant and in another.
async fn left_over(arena: &Arena, attack: &Attack, row: &mut Row) {
    let Some(wanted) = attack.case.get("leaves") else {
        return;
    };
    let wanted: serde_json::Value = serde_json::from_str(wanted).unwrap();
    let mut wrong = String::new();
    for (whose, finished) in [
        ("its own tenant", arena.look(&attack.case).await),
        ("the neighbour", arena.look_beside(&attack.case).await),
    ] {
        let output = finished.execution.output.as_ref().map(|o| o.to_value());
        if output.as_ref() != Some(&wanted) {
            let got = output.map_or_else(
                || format!("{:?}", finished.execution.failure),
                |output| output.to_string(),
            );
            writeln!(
                wrong,
                "  left for {whose}\n    wanted {wanted}\n    got    {got}"
            )
            .unwrap();
        }
        row.canaries(&attack.id, arena.seen(&finished));
    }
    row.add(&format!("{} afterwards", attack.id), wrong);
}

/// The same script as a schedule, an event and an embedded call start it: a limit is a limit there.
async fn entrances(arena: &Arena, attack: &Attack, first: &Finished, row: &mut Row) {
    let code = ended(first);
    if attack.case.get("kind").is_some() || !code.starts_with("limit.") {
        return;
    }
    for kind in ["scheduled", "event", "embedded", "http"] {
        let finished = arena.run(arena.job(&attack.through(kind))).await;
        let mut wrong = String::new();
        if ended(&finished) != code {
            writeln!(wrong, "  {kind}: {} instead of {code}", ended(&finished)).unwrap();
        }
        row.canaries(&attack.id, arena.seen(&finished));
        row.add(&format!("{} {kind}", attack.id), wrong);
    }
}

/// Whichever allocation is the one too many: it ends as it would have, or by the limit (T1.4).
async fn sweep(arena: &Arena, attack: &Attack, first: &Finished, row: &mut Row) {
    // What was refused before its first instruction has no memory to be swept.
    if first.execution.started_at.is_none() {
        return;
    }
    for exponent in 16..26 {
        let mut job = arena.job(&attack.case);
        let mut definition = (*job.definition).clone();
        if definition.limits.memory_bytes <= 1 << exponent {
            break;
        }
        definition.limits.memory_bytes = 1 << exponent;
        job.definition = definition.into();
        let finished = arena.run(job).await;
        let (got, mut wrong) = (ended(&finished), String::new());
        if got != "limit.memory" && got != ended(first) {
            let memory = 1_u64 << exponent;
            writeln!(
                wrong,
                "  {got} with {memory} bytes instead of {}",
                ended(first)
            )
            .unwrap();
        }
        row.canaries(&attack.id, arena.seen(&finished));
        row.add(
            &format!("{} in {} KiB", attack.id, 1 << (exponent - 10)),
            wrong,
        );
    }
}

fn ended(finished: &Finished) -> &str {
    let failure = finished.execution.failure.as_ref();
    failure.map_or("ok", |failure| failure.code.as_str())
}
