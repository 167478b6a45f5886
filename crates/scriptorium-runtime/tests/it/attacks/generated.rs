//! Attacks that are not written but made: every function of the language with what keeps it busy,
//! every operation with every hook that changes what is being worked on.

use std::fmt::Write as _;
use std::time::Duration;

use scriptorium_runtime::Finished;
use serde_json::{Value, json};

use super::arena::Arena;
use super::report::Row;
use super::{Depth, LATE, ended};

const BUILTINS: &str = include_str!("builtins.js");
const REENTRANCY: &str = include_str!("reentrancy.js");

/// Of the builtins a commit tries each call whose number has this divisor, of operations and hooks
/// the same.
const SAMPLE: usize = 53;
const SAMPLE_OF_HOOKS: usize = 11;

const CPU: Duration = Duration::from_millis(60);
const CPU_REENTERED: Duration = Duration::from_millis(500);

/// How a call may end: by itself or by a limit, never by a guest that lost its way.
const ENDS: [&str; 8] = [
    "ok",
    "limit.cpu",
    "limit.wall",
    "limit.memory",
    "limit.stack",
    "limit.api_calls",
    "limit.output",
    "script.never_settled",
];

/// T1.3: whatever a function is given, it stops.
pub(super) async fn builtins(arena: &Arena, depth: Depth) -> Row {
    let mut row = Row::begin("builtins");
    let all = list(arena, BUILTINS, json!({ "index": null })).await;
    let (names, shapes) = (words(&all["names"]), words(&all["shapes"]));
    assert!(names.len() > 700, "the walk reaches the language");
    let calls = (0..names.len()).flat_map(|index| shapes.iter().map(move |shape| (index, shape)));
    for (number, (index, shape)) in calls.enumerate() {
        if depth == Depth::Commit && number % SAMPLE != 0 {
            continue;
        }
        let input = json!({ "index": index, "shape": shape });
        let finished = run(arena, BUILTINS, input, CPU).await;
        let mut wrong = String::new();
        if !ENDS.contains(&ended(&finished)) {
            writeln!(wrong, "  {}", ended(&finished)).unwrap();
        }
        note(arena, &mut row, &finished, CPU, &mut wrong);
        row.add(
            &format!("{}({shape})", names[index]).replace(' ', "_"),
            wrong,
        );
    }
    row.end().await;
    row
}

/// T1.5: whatever changes while it is worked on, what lies around it stays whole.
pub(super) async fn reentrancy(arena: &Arena, depth: Depth) -> Row {
    let mut row = Row::begin("re-entrancy");
    let all = list(arena, REENTRANCY, json!({ "operation": null })).await;
    let (operations, hooks) = (words(&all["operations"]), words(&all["hooks"]));
    let mutations = match depth {
        Depth::Commit => vec![Value::Null],
        Depth::Whole => all["mutations"].as_array().unwrap().clone(),
    };
    let mut called = 0;
    let pairs = operations
        .iter()
        .flat_map(|operation| hooks.iter().map(move |hook| (operation, hook)));
    for (number, (operation, hook)) in pairs.enumerate() {
        if depth == Depth::Commit && number % SAMPLE_OF_HOOKS != 0 {
            continue;
        }
        for mutation in &mutations {
            let input = json!({ "operation": operation, "hook": hook, "mutation": mutation });
            let finished = run(arena, REENTRANCY, input, CPU_REENTERED).await;
            let mut wrong = String::new();
            let output = finished
                .execution
                .output
                .as_ref()
                .map(|json| json.to_value());
            match output {
                Some(output) if output[0] == true => called += usize::from(output[1] == true),
                Some(output) => {
                    writeln!(wrong, "  what lay around is not whole: {output}").unwrap()
                }
                None if ENDS.contains(&ended(&finished)) => {}
                None => writeln!(wrong, "  {:?}", finished.execution.failure).unwrap(),
            }
            note(arena, &mut row, &finished, CPU_REENTERED, &mut wrong);
            row.add(&format!("{operation}/{hook}/{mutation}"), wrong);
        }
    }
    assert!(called > 30, "the hooks were called");
    row.end().await;
    row
}

fn note(arena: &Arena, row: &mut Row, finished: &Finished, limit: Duration, wrong: &mut String) {
    if ended(finished) == "limit.cpu" {
        row.stopped(finished.execution.metrics.cpu, limit, LATE, wrong);
    }
    row.canaries("generated", arena.seen(finished));
}

async fn run(arena: &Arena, source: &str, input: Value, cpu: Duration) -> Finished {
    let mut job = arena.job_of(source, input);
    let mut definition = (*job.definition).clone();
    definition.limits.cpu = cpu;
    definition.limits.wall = 20 * cpu;
    definition.limits.memory_bytes = 32 << 20;
    job.definition = definition.into();
    arena.run(job).await
}

async fn list(arena: &Arena, source: &str, input: Value) -> Value {
    let finished = run(arena, source, input, Duration::from_secs(5)).await;
    let execution = finished.execution;
    let output = execution
        .output
        .unwrap_or_else(|| panic!("{:?}", execution.failure));
    output.to_value()
}

fn words(list: &Value) -> Vec<String> {
    let words = list.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}
