//! Compatibility dates at run time: which changes a script follows, and what becomes of it when it calls what
//! is deprecated.

use std::sync::Arc;

use scriptorium_model::execution::LogLevel;
use scriptorium_model::script::Definition;
use scriptorium_model::{Date, Json};
use scriptorium_runtime::{Change, Deprecation, Finished, Job, Options, Service, functions};
use serde_json::{Value, json};

use crate::harness::{Harness, options};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// One function of each kind: in a promise by the host, at once by the host, in a promise by the prelude, at
/// once by the prelude, of a service.
const OLD: [&str; 5] = [
    "storage.exists",
    "utils.uuid",
    "utils.sleep",
    "utils.slug",
    "services.crm.find",
];

fn deprecating() -> Options {
    let crm = Service::new("crm", "Customers.").method(
        "find",
        "name: string",
        "Promise<string>",
        "One of them.",
        |_| async { Ok(json!("Ada")) },
    );
    let old = |function: &'static str| {
        Deprecation::new(function, date("2026-06-01"), "something.else")
            .gone_from(date("2026-09-01"))
    };
    Options {
        services: vec![crm],
        deprecations: OLD.map(old).into(),
        ..options()
    }
}

fn on(job: Job, compatibility: Option<&str>) -> Job {
    let definition = Definition {
        compatibility: compatibility.map(date),
        ..Definition::clone(&job.definition)
    };
    Job {
        definition: Arc::new(definition),
        ..job
    }
}

fn warnings(finished: &Finished) -> Vec<(&str, Value)> {
    let lines = finished
        .logs
        .iter()
        .filter(|line| line.level == LogLevel::Warn);
    lines
        .map(|line| {
            (
                line.message.as_str(),
                line.data.as_ref().map_or(Value::Null, Json::to_value),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_follows_what_its_scripts_date_has_reached() {
    let harness = Harness::new().await;
    for (compatibility, follows) in [
        (None, false),
        (Some("2026-01-01"), false),
        (Some("2026-11-29"), false),
        (Some("2026-11-30"), true),
        (Some("2027-02-03"), true),
    ] {
        let job = on(harness.main("return 1"), compatibility);
        let found = job.follows(Change::StorageInTransactions);
        assert_eq!(found, follows, "{compatibility:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deprecated_works_and_says_so_once() {
    let harness = Harness::with(deprecating()).await;
    let source = r"
        async function main() {
          const answers = [];
          for (let i = 0; i < 3; i++) {
            answers.push(await storage.exists('a'), utils.uuid().length, await ctx.utils.sleep(1));
            answers.push(sdk.utils.slug('A b'), await services.crm.find('x'));
          }
          return answers.slice(0, 5);
        }";
    for compatibility in [None, Some("2026-08-31")] {
        let finished = harness
            .runtime
            .run(on(harness.main(source), compatibility))
            .await;
        let output = finished.execution.output.as_ref().map(Json::to_value);
        assert_eq!(
            output,
            Some(json!([false, 36, null, "a-b", "Ada"])),
            "{:?}",
            finished.execution.failure
        );
        let told = |function: &str| {
            let message = format!(
                "{function} is deprecated since 2026-06-01: use something.else; it is gone for scripts with \
                 the compatibility date 2026-09-01 or a later one"
            );
            let data =
                json!({"code": "DEPRECATED", "function": function, "instead": "something.else"});
            (message, data)
        };
        let expected: Vec<_> = OLD.map(told).into();
        let found: Vec<_> = warnings(&finished)
            .into_iter()
            .map(|(message, data)| (message.to_owned(), data))
            .collect();
        assert_eq!(found, expected, "{compatibility:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_not_there_for_scripts_of_later_dates() {
    let harness = Harness::with(deprecating()).await;
    for (call, later) in [
        ("storage.exists('a')", true),
        ("utils.uuid()", false),
        ("utils.sleep(1)", true),
        ("utils.slug('A b')", false),
        ("services.crm.find('x')", true),
    ] {
        // What answers in a promise refuses in it, too.
        let source = format!(
            "async function main() {{
               let thrown = true;
               try {{ const answer = {call}; thrown = false; await answer; }}
               catch (error) {{ return [error.code, error.message, thrown]; }}
             }}"
        );
        let finished = harness
            .runtime
            .run(on(harness.main(&source), Some("2026-09-01")))
            .await;
        let output = finished.execution.output.as_ref().map(Json::to_value);
        let function = call.split('(').next().unwrap();
        let message = format!(
            "{function} is gone for scripts with the compatibility date 2026-09-01 or a later one: use \
             something.else"
        );
        assert_eq!(output, Some(json!(["REMOVED", message, !later])), "{call}");
        assert_eq!(warnings(&finished), [], "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_editor_strikes_through_what_is_deprecated_and_nothing_else() {
    let harness = Harness::with(deprecating()).await;
    let typings = harness.runtime.typings(&Default::default());
    assert_eq!(typings.matches("@deprecated").count(), OLD.len());
    let plain = Harness::new().await.runtime.typings(&Default::default());
    assert!(!plain.contains("@deprecated"));
    let lines: Vec<&str> = typings.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.trim_start().starts_with("exists("));
    let above = &lines[at.unwrap() - 4..at.unwrap()];
    // A tag counts only where a line begins.
    assert_eq!(above[0], "  /**");
    assert!(
        above[2].starts_with("   * @deprecated since 2026-06-01: use something.else;"),
        "{above:?}"
    );
    assert_eq!(above[3], "   */");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_platforms_own_is_deprecated_by_the_way() {
    let harness = Harness::new().await;
    assert!(harness.runtime.deprecations().is_empty());
    for function in OLD.iter().filter(|path| !path.starts_with("services.crm")) {
        assert!(
            functions().iter().any(|known| known.path == *function),
            "{function}"
        );
    }
}
