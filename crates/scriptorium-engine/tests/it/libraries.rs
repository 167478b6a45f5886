//! Programs that bring libraries: what is shared, where failures are, what stays out of reach.

use scriptorium_engine::{Cancel, CompileError, Invocation, Limits, Outcome, Program, Source};

use crate::support::{TestHost, engine, failure, output};

fn library(name: &str, code: &str, imports: &[Program]) -> Program {
    engine().link(Source { name, code }, imports).unwrap()
}

async fn run(code: &str, libraries: &[Program]) -> Outcome {
    let name = "script.js";
    let program = engine().link(Source { name, code }, libraries).unwrap();
    let invocation = Invocation {
        program: &program,
        input: r#"{"args":[]}"#,
        limits: Limits::default(),
        host: TestHost::default(),
        cancel: Cancel::new(),
    };
    engine().run(invocation).await.unwrap().outcome
}

fn counter() -> Program {
    library(
        "lib/counter@1",
        "export let count = 0; export const add = () => { count++ }; export default 'c'",
        &[],
    )
}

#[tokio::test]
async fn exports_are_live() {
    let code = "import c, { count, add } from 'lib/counter@1'; import * as all from 'lib/counter@1'; \
                export default () => { add(); add(); return [c, count, all.count, Object.keys(all)] }";
    let got = output(run(code, &[counter()]).await);
    assert_eq!(got, r#"["c",2,2,["add","count","default"]]"#);
}

#[tokio::test]
async fn a_library_of_two_is_one() {
    let counter = counter();
    let code = "import { add } from 'lib/counter@1'; export const twice = () => { add(); add() }";
    let twice = library("lib/twice@4", code, std::slice::from_ref(&counter));
    let code = "import { twice } from 'lib/twice@4'; import { count } from 'lib/counter@1'; \
                export default () => { twice(); return count }";
    assert_eq!(output(run(code, &[twice, counter]).await), "2");
}

#[tokio::test]
async fn versions_of_a_library_are_apart() {
    let old = library("lib/a@1", "export const a = 1", &[]);
    let new = library("lib/a@2", "export const a = 2", &[]);
    let uses = library("lib/b@1", "export { a as old } from 'lib/a@1'", &[old]);
    let code =
        "import { a } from 'lib/a@2'; import { old } from 'lib/b@1'; export default () => [old, a]";
    assert_eq!(output(run(code, &[new, uses]).await), "[1,2]");
}

#[tokio::test]
async fn state_of_a_library_dies_with_the_run() {
    let code =
        "import { count, add } from 'lib/counter@1'; export default () => { add(); return count }";
    let counter = [counter()];
    assert_eq!(output(run(code, &counter).await), "1");
    assert_eq!(output(run(code, &counter).await), "1");
}

#[tokio::test]
async fn a_library_may_wait_at_its_top() {
    let code = "export const answer = await call('later', 42)";
    let slow = library("lib/slow@1", code, &[]);
    let code = "import { answer } from 'lib/slow@1'; export default () => answer";
    assert_eq!(output(run(code, &[slow]).await), "42");
}

#[tokio::test]
async fn failures_say_where_in_which_text() {
    let code = "export const fail = () => {\n  const ы = 1; throw new Error('from the library')\n}";
    let broken = library("lib/money (2)@3", code, &[]);
    let code = "import { fail } from 'lib/money (2)@3';\nfunction main() {\n  fail();\n}\nexport default main";
    let failure = failure(run(code, &[broken]).await);
    assert_eq!(failure.message, "Error: from the library");
    let frames: Vec<_> = failure
        .stack
        .iter()
        .map(|f| format!("{:?} {}:{}:{}", f.function, f.source, f.line, f.column))
        .collect();
    assert_eq!(
        frames,
        [
            r#"Some("fail") lib/money (2)@3:2:26"#,
            r#"Some("main") script.js:3:3"#
        ]
    );
    let position = failure.position.unwrap();
    assert_eq!((position.line, position.column), (3, 3));
}

#[tokio::test]
async fn a_library_that_fails_at_its_top_has_no_place_in_the_script() {
    let broken = library(
        "lib/broken@1",
        "export const a = 1;\nthrow new Error('top')",
        &[],
    );
    let code = "import { a } from 'lib/broken@1'; export default () => a";
    let failure = failure(run(code, &[broken]).await);
    assert_eq!(failure.message, "Error: top");
    assert_eq!(failure.position, None);
    assert_eq!(
        (&*failure.stack[0].source, failure.stack[0].line),
        ("lib/broken@1", 2)
    );
}

#[tokio::test]
async fn a_name_that_is_not_exported_fails_the_run() {
    let code = "import { nope } from 'lib/counter@1'; export default () => nope";
    let failure = failure(run(code, &[counter()]).await);
    assert!(failure.message.contains("nope"), "{}", failure.message);
}

/// What was not handed in is not there, whoever asks, and whenever.
#[tokio::test]
async fn nothing_else_can_be_imported() {
    for code in [
        "import { a } from 'lib/other@1'; export default () => a",
        "import 'lib/counter'; export default () => 1",
        "import std from 'std'; export default () => std",
    ] {
        let name = "script.js";
        match engine().link(Source { name, code }, &[counter()]) {
            Err(CompileError::Script(failure)) => {
                assert!(
                    failure.message.contains("could not load"),
                    "{}",
                    failure.message
                );
            }
            other => panic!("{code}: {other:?}"),
        }
    }
    let code = "import { add } from 'lib/counter@1'; \
                const names = ['lib/other@1', 'std', 'lib/counter@2']; \
                export default async () => { add(); let n = 0; \
                  for (const name of names) try { await import(name) } catch { n++ } return n }";
    assert_eq!(output(run(code, &[counter()]).await), "3");
}

#[tokio::test]
async fn a_library_meets_the_limits_like_the_script() {
    let endless = library("lib/endless@1", "export const a = 1; for (;;) {}", &[]);
    let code = "import { a } from 'lib/endless@1'; export default () => a";
    let name = "script.js";
    let program = engine().link(Source { name, code }, &[endless]).unwrap();
    let report = engine()
        .run(Invocation {
            program: &program,
            input: r#"{"args":[]}"#,
            limits: Limits {
                cpu: std::time::Duration::from_millis(100),
                ..Limits::default()
            },
            host: TestHost::default(),
            cancel: Cancel::new(),
        })
        .await
        .unwrap();
    assert_eq!(failure(report.outcome).code.as_str(), "limit.cpu");
}
