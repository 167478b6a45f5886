//! A guest that is not ours (T1.8): it lies in what it returns and does what ours never would, as
//! ours might when a script has corrupted it. The host ends it by a limit or as a guest that lost
//! its way; it neither panics nor believes it. What single imports make of hostile arguments is in
//! `imports`.

use std::sync::Arc;
use std::time::Duration;

use crate::artifact::Artifact;
use crate::failure::Origin;
use crate::image::Gallery;
use crate::lane::{Kind, Lane};
use crate::program::Program;
use crate::state::State;
use crate::ticker::Ticker;
use crate::{CallClass, Error, Host, HostError, Level, Limits, Outcome, Reply, Report, execution};

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const F64: u8 = 0x7c;
const FUNCREF: u8 = 0x70;

/// The imports, by the numbers the code below calls them by, and their types.
const IMPORTS: [(&str, u8); 6] = [
    ("call", 4),
    ("output", 5),
    ("fail", 6),
    ("next", 2),
    ("arg_len", 7),
    ("arg_copy", 5),
];
const CALL: u8 = 0;
const OUTPUT: u8 = 1;
const FAIL: u8 = 2;
const NEXT: u8 = 3;
const ARG_LEN: u8 = 4;
const ARG_COPY: u8 = 5;
/// The guest's own functions come after them.
const LOAD: u8 = IMPORTS.len() as u8;

/// Answers soon, or never when the name is empty.
struct Answering;

impl Host for Answering {
    fn class(&self, _name: &str) -> CallClass {
        CallClass::Free
    }
    fn call(&mut self, name: &str, _args: &str) -> Reply {
        Reply::Later(match name {
            "" => Box::pin(std::future::pending()),
            _ => Box::pin(async { Ok("null".to_owned()) }),
        })
    }
    fn call_sync(&mut self, _name: &str, _args: &str) -> Result<String, HostError> {
        Ok("null".to_owned())
    }
    fn log(&mut self, _level: Level, _message: &str, _data: Option<&str>) {}
}

/// A module that exports what ours does, with these bodies.
fn guest(load: &[u8], start: &[u8], resume: &[u8]) -> Vec<u8> {
    let signatures: [(&[u8], &[u8]); 8] = [
        (&[I64, I32, F64, I32], &[I64]),
        (&[I64, I32, F64], &[I64]),
        (&[], &[I64]),
        (&[], &[I32]),
        (&[I32; 5], &[I32]),
        (&[I32; 2], &[]),
        (&[I32; 7], &[]),
        (&[I32], &[I32]),
    ];
    let types = signatures.map(|(from, to)| [&[0x60][..], &vector(from), &vector(to)].concat());
    let imports = IMPORTS.map(|(name, kind)| {
        let names = [text("host"), text(name)].concat();
        [&names[..], &[0, kind]].concat()
    });
    let exports = [
        ("memory", 2, 0),
        ("load", 0, LOAD),
        ("start", 0, LOAD + 1),
        ("resume", 0, LOAD + 2),
        ("compile", 0, LOAD + 3),
    ];
    let exports = exports.map(|(name, kind, index)| [text(name), vec![kind, index]].concat());
    let compile = number(0x41, 0);
    let bodies = [load, start, resume, &compile].map(|body| {
        let body = [&[0], body, &[0x0b]].concat();
        [leb(body.len() as i64, false), body].concat()
    });
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types),
        section(2, &imports),
        section(3, &[[0], [1], [2], [3]]),
        section(4, &[[FUNCREF, 0, 1]]),
        section(5, &[[0, 1]]),
        section(7, &exports),
        section(10, &bodies),
    ]
    .concat()
}

fn section<T: AsRef<[u8]>>(id: u8, entries: &[T]) -> Vec<u8> {
    let mut content = leb(entries.len() as i64, false);
    entries
        .iter()
        .for_each(|entry| content.extend(entry.as_ref()));
    [vec![id], leb(content.len() as i64, false), content].concat()
}

fn vector(bytes: &[u8]) -> Vec<u8> {
    [leb(bytes.len() as i64, false), bytes.to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    vector(text.as_bytes())
}

/// A number as WebAssembly writes it.
fn leb(mut value: i64, signed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let sign = signed && byte & 0x40 != 0;
        if (value == 0 && !sign) || (value == -1 && sign) {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

/// A constant: 0x41 for 32 bits, 0x42 for 64.
fn number(kind: u8, value: i64) -> Vec<u8> {
    [vec![kind], leb(value, true)].concat()
}

/// Calls an import with these numbers.
fn calls(import: u8, arguments: &[i64]) -> Vec<u8> {
    let mut code: Vec<u8> = arguments
        .iter()
        .flat_map(|value| number(0x41, *value))
        .collect();
    code.extend([0x10, import]);
    if matches!(import, CALL | NEXT | ARG_LEN) {
        code.push(0x1a);
    }
    code
}

fn returns(status: i64) -> Vec<u8> {
    number(0x42, status)
}

fn forever(body: &[u8]) -> Vec<u8> {
    [&[0x03, 0x40][..], body, &[0x0c, 0, 0x0b, 0x00]].concat()
}

fn grow(pages: i64) -> Vec<u8> {
    [number(0x41, pages), vec![0x40, 0, 0x1a]].concat()
}

/// One, which says that it is done, when its table does not grow by one; zero when it does.
fn grow_table() -> Vec<u8> {
    let grown = [vec![0xd0, FUNCREF], number(0x41, 1), vec![0xfc, 0x0f, 0]].concat();
    [grown, number(0x41, -1), vec![0x46, 0xad]].concat()
}

/// What a guest comes to that does this when it loads a program.
async fn run(load: &[&[u8]], resume: &[&[u8]]) -> Result<Report, Error> {
    let lane = lane(&load.concat(), &[0x00], &resume.concat())?;
    let program = Program::new([0; 32], Arc::new(Origin::new("liar", "")), Vec::new(), &[]);
    run_again(&lane, &Gallery::new(&[]), &program).await
}

fn lane(load: &[u8], start: &[u8], resume: &[u8]) -> Result<Lane, Error> {
    let artifact = Artifact::of(&guest(load, start, resume));
    Lane::new(Kind::OnDemand, 0, 64 << 20, &artifact)
}

/// One more execution of the program.
async fn run_again(
    lane: &Lane,
    gallery: &Arc<Gallery>,
    program: &Program,
) -> Result<Report, Error> {
    let ticker = Arc::new(Ticker::start(Duration::from_millis(5))?);
    ticker.add(lane.engine.weak());
    let limits = Limits {
        cpu: Duration::from_millis(50),
        memory_bytes: 4 << 20,
        io_calls: 10,
        service_calls: 10,
        ..Limits::default()
    };
    let mut state = State::new(Box::new(Answering), limits, [].into());
    state.take_input("{}").unwrap();
    state.ticker = Some(Arc::clone(&ticker));
    let (report, _) = execution::run(lane, &ticker, gallery, program, state).await?;
    Ok(report)
}

fn ended(report: Result<Report, Error>) -> String {
    match report.map(|report| report.outcome) {
        Ok(Outcome::Completed { output }) => format!("ok {output:?}"),
        Ok(Outcome::Failed(failure)) => failure.code.to_string(),
        Err(Error::Guest(_)) => "lost".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn guest_that_lies_is_ended() {
    let twice = [calls(CALL, &[7, 0, 1, 0, 0]), calls(CALL, &[7, 0, 1, 0, 0])].concat();
    let broken = [
        number(0x41, 0),
        number(0x41, 255),
        vec![0x3a, 0, 0],
        calls(OUTPUT, &[0, 1]),
    ];
    let broken = broken.concat();
    let failing = calls(FAIL, &[0, 0, 0, 0, 0, 0, 0]);
    let check = async |what: &str, start: Vec<u8>, resume: Vec<u8>, expected: &str| {
        assert_eq!(ended(run(&[&start], &[&resume]).await), expected, "{what}");
    };
    check(
        "waits for nothing",
        returns(0),
        returns(0),
        "script.never_settled",
    )
    .await;
    check("ends without a result", returns(1), returns(0), "lost").await;
    check("a status there is not", returns(77), returns(0), "lost").await;
    check("a negative status", returns(-1), returns(0), "lost").await;
    check("traps", vec![0x00], returns(0), "lost").await;
    check("loops", forever(&[]), returns(0), "limit.cpu").await;
    check(
        "calls itself",
        [
            number(0x42, 0),
            number(0x41, 0),
            [&[0x44][..], &[0; 8]].concat(),
            number(0x41, 0),
            vec![0x10, LOAD],
        ]
        .concat(),
        returns(0),
        "limit.stack",
    )
    .await;
    check(
        "grows at once",
        [grow(-1), returns(0)].concat(),
        returns(0),
        "limit.memory",
    )
    .await;
    check(
        "grows page by page",
        forever(&grow(1)),
        returns(0),
        "limit.memory",
    )
    .await;
    check(
        "grows its table, in vain",
        [calls(OUTPUT, &[0, 1]), grow_table()].concat(),
        returns(0),
        "ok \"\\0\"",
    )
    .await;
    check(
        "a result that is no text",
        [broken, returns(1)].concat(),
        returns(0),
        "lost",
    )
    .await;
    check(
        "a result from outside",
        [calls(OUTPUT, &[65_535, 2]), returns(1)].concat(),
        returns(0),
        "lost",
    )
    .await;
    check(
        "a result, then a trap",
        [calls(OUTPUT, &[0, 2]), vec![0x00]].concat(),
        returns(0),
        "lost",
    )
    .await;
    check(
        "a result, then a loop",
        [calls(OUTPUT, &[0, 2]), forever(&[])].concat(),
        returns(0),
        "limit.cpu",
    )
    .await;
    check(
        "two results",
        [calls(OUTPUT, &[0, 2]), calls(OUTPUT, &[0, 1]), returns(1)].concat(),
        returns(0),
        "ok \"\\0\"",
    )
    .await;
    check(
        "a failure, then a result",
        [failing.clone(), calls(OUTPUT, &[0, 2]), returns(1)].concat(),
        returns(0),
        "script.threw",
    )
    .await;
    check(
        "a failure, then a loop",
        [failing, forever(&[])].concat(),
        returns(0),
        "script.threw",
    )
    .await;
    check(
        "two calls of one number",
        [twice.clone(), returns(0)].concat(),
        [
            calls(NEXT, &[]),
            calls(NEXT, &[]),
            calls(NEXT, &[]),
            calls(OUTPUT, &[0, 1]),
            returns(1),
        ]
        .concat(),
        "ok \"\\0\"",
    )
    .await;
    check(
        "answers it never takes",
        [twice, returns(0)].concat(),
        returns(0),
        "script.never_settled",
    )
    .await;
    check(
        "calls without an end",
        forever(&calls(CALL, &[0, 0, 0, 0, 0])),
        returns(0),
        "limit.api_calls",
    )
    .await;
    check(
        "asks for answers before it called",
        [calls(NEXT, &[]), returns(0)].concat(),
        returns(0),
        "script.never_settled",
    )
    .await;
}

#[tokio::test]
async fn size_of_the_heap_is_believed_up_to_what_there_can_be() {
    let result = calls(OUTPUT, &[0, 1]);
    for heap in [-1, i64::from(i32::MIN), i64::from(i32::MAX)] {
        let report = run(&[&result, &returns((heap << 32) | 1)], &[&returns(0)]).await;
        assert!(report.unwrap().usage.memory_peak_bytes < 1 << 32);
    }
}

/// What is in memory when a program is loaded is kept for others only when the guest says so before it
/// could know anything of the execution.
#[tokio::test]
async fn image_holds_nothing_of_the_execution_it_was_taken_from() {
    let result = [calls(OUTPUT, &[0, 1]), returns(1)].concat();
    let write = |at: i64, value: i64| [number(0x41, at), number(0x41, value), vec![0x3a, 0, 0]];
    let seven = write(0, i64::from(b'7')).concat();
    let ready = returns(2);
    for (what, load, laid) in [
        ("loads its program", seven.clone(), true),
        ("grows", [seven.clone(), grow(1)].concat(), true),
        (
            "fetches the input",
            [seven.clone(), calls(ARG_COPY, &[1, 64])].concat(),
            false,
        ),
        (
            "measures the input",
            [seven.clone(), calls(ARG_LEN, &[1])].concat(),
            false,
        ),
        (
            "calls the host",
            [seven.clone(), calls(CALL, &[7, 0, 1, 0, 0])].concat(),
            false,
        ),
        (
            "asks for answers",
            [seven.clone(), calls(NEXT, &[])].concat(),
            false,
        ),
        (
            "has a result",
            [seven.clone(), calls(OUTPUT, &[0, 1])].concat(),
            false,
        ),
    ] {
        let load = [load, ready.clone()].concat();
        let lane = lane(&load, &result, &returns(0)).unwrap();
        let program = Program::new([0; 32], Arc::new(Origin::new("liar", "")), Vec::new(), &[]);
        let gallery = Gallery::new(&[]);
        for _ in 0..5 {
            let report = run_again(&lane, &gallery, &program).await;
            assert_eq!(ended(report), "ok \"7\"", "{what}");
        }
        assert_eq!(gallery.laid() > 0, laid, "{what}");
    }
}

#[tokio::test]
async fn guest_that_is_never_more_than_ready_is_ended() {
    let lane = lane(&returns(2), &returns(2), &returns(0)).unwrap();
    let program = Program::new([0; 32], Arc::new(Origin::new("liar", "")), Vec::new(), &[]);
    for _ in 0..4 {
        let report = run_again(&lane, &Gallery::new(&[]), &program).await;
        assert_eq!(ended(report), "lost");
    }
}
