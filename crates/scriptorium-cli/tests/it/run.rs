//! `scriptorium run`: each way to end has its own code, exit status and place in the source.

use serde_json::{Value, json};

use crate::command::{command, json, sample, script, stderr, stdout};

/// How late a run may be stopped.
const OVERSHOOT_MS: f64 = 50.0;

struct Case {
    file: &'static str,
    arguments: &'static [&'static str],
    exit: i32,
    code: &'static str,
    /// Line and column, where the failure has a place.
    place: Option<(u32, u32)>,
    /// A part of the message.
    message: &'static str,
    limit_ms: f64,
}

#[track_caller]
fn check(case: &Case) {
    let path = script(case.file);
    let run = |json: &[&str]| {
        command()
            .arg("run")
            .arg(&path)
            .args(case.arguments)
            .args(json)
            .output()
            .unwrap()
    };
    let output = run(&["--json"]);
    assert_eq!(
        output.status.code(),
        Some(case.exit),
        "{}: {}",
        case.file,
        stderr(&output)
    );
    let execution = json(&output);
    let error = &execution["error"];
    assert_eq!(error["code"], case.code, "{}: {error}", case.file);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(case.message), "{}: {message}", case.file);
    let place = case.place.map(|(line, column)| json!([line, column]));
    if let Some(place) = &place {
        assert_eq!(
            json!([error["line"], error["column"]]),
            *place,
            "{}",
            case.file
        );
    }

    // A busy machine may wake the clock late; it is not late three times in a row.
    let limit = case.limit_ms + OVERSHOOT_MS;
    let duration = |execution: &Value| execution["metrics"]["duration_ms"].as_f64().unwrap();
    let in_time = duration(&execution) <= limit
        || (0..2).any(|_| duration(&crate::command::json(&run(&["--json"]))) <= limit);
    assert!(in_time, "{}: {} ms", case.file, duration(&execution));

    // For people the same, with the line of the source.
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(case.exit), "{}", case.file);
    assert_eq!(stdout(&output), "", "{}", case.file);
    let told = stderr(&output);
    assert!(told.contains(case.code), "{}: {told}", case.file);
    if let Some((line, column)) = case.place {
        let place = format!("{}:{line}:{column}", case.file);
        assert!(told.contains(&place), "{}: {told}", case.file);
    }
}

#[test]
fn a_syntax_error_has_a_place() {
    check(&Case {
        file: "syntax.js",
        arguments: &[],
        exit: 1,
        code: "script.syntax",
        place: Some((3, 15)),
        message: "",
        limit_ms: 0.0,
    });
}

#[test]
fn an_error_thrown_in_typescript_has_its_place_there() {
    check(&Case {
        file: "throws.ts",
        arguments: &["--input", r#"{"price":-1}"#],
        exit: 1,
        code: "script.threw",
        place: Some((10, 15)),
        message: "a price is not negative",
        limit_ms: 5_000.0,
    });
}

#[test]
fn what_the_scan_forbids_does_not_run() {
    check(&Case {
        file: "forbidden.js",
        arguments: &[],
        exit: 1,
        code: "script.forbidden",
        place: Some((2, 10)),
        message: "eval",
        limit_ms: 0.0,
    });
}

#[test]
fn an_endless_loop_meets_its_limit() {
    check(&Case {
        file: "spin.js",
        arguments: &["--timeout", "300ms"],
        exit: 3,
        code: "limit.wall",
        place: None,
        message: "",
        limit_ms: 300.0,
    });
}

#[test]
fn a_memory_bomb_meets_its_limit() {
    check(&Case {
        file: "bomb.js",
        arguments: &["--memory", "16MiB"],
        exit: 3,
        code: "limit.memory",
        place: None,
        message: "",
        limit_ms: 5_000.0,
    });
}

#[test]
fn a_result_of_two_megabytes_meets_its_limit() {
    check(&Case {
        file: "output.js",
        arguments: &[],
        exit: 3,
        code: "limit.output",
        place: None,
        message: "",
        limit_ms: 5_000.0,
    });
}

#[test]
fn an_await_that_never_settles_is_noticed_at_once() {
    check(&Case {
        file: "never.js",
        arguments: &["--timeout", "60s"],
        exit: 1,
        code: "script.never_settled",
        place: None,
        message: "",
        limit_ms: 1_000.0,
    });
}

#[test]
fn a_result_goes_to_stdout_and_lines_to_stderr() {
    let output = command()
        .arg("run")
        .arg(sample("hello.ts"))
        .args(["--input", r#"{"name":"Ada"}"#])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json(&output), json!({"greeting": "Hello, Ada!"}));
    assert_eq!(stderr(&output), "info     greeting Ada\n");
}

#[test]
fn json_holds_the_whole_execution() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"name":"Ада"}"#).unwrap();
    let output = command()
        .arg("run")
        .arg(sample("hello.ts"))
        .arg(format!("--input=@{}", file.path().display()))
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let execution = json(&output);
    assert_eq!(execution["status"], "completed");
    assert_eq!(execution["output"], json!({"greeting": "Hello, Ада!"}));
    assert_eq!(execution["error"], Value::Null);
    assert_eq!(execution["logs"][0]["message"], "greeting Ада");
    assert!(execution["metrics"]["duration_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn an_entry_can_be_named() {
    let run = |entry: &str| {
        let run = ["run", "--entry", entry];
        command()
            .args(run)
            .arg(script("entries.js"))
            .output()
            .unwrap()
    };
    assert_eq!(json(&run("second")), json!(2));
    assert_eq!(run("third").status.code(), Some(1));
}

#[test]
fn wrong_usage_is_status_two() {
    let hello = sample("hello.ts");
    let hello = hello.to_str().unwrap();
    for (arguments, complaint) in [
        (&["run"][..], "FILE"),
        (&["run", "nowhere.js"], "cannot read nowhere.js"),
        (&["run", "Cargo.toml"], "ends in .js"),
        (&["run", hello, "--input", "{"], "no JSON"),
        (
            &["run", hello, "--input", "@nowhere"],
            "cannot read nowhere",
        ),
        (&["run", hello, "--timeout", "5"], "such as 5s"),
        (&["run", hello, "--timeout", "1h"], "such as 5s"),
        (&["run", hello, "--timeout", "301s"], "limits.wall_ms"),
        (&["run", hello, "--memory", "1KiB"], "limits.memory_bytes"),
        (&["fly"], "fly"),
    ] {
        let output = command().args(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(complaint),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
}
