//! The declarations and the reference page, as they are given out.

use crate::harness::Harness;

#[tokio::test(flavor = "multi_thread")]
async fn declarations_are_as_reviewed() {
    let harness = Harness::new().await;
    insta::assert_snapshot!("script_api", harness.runtime.typings(&Default::default()));
}

/// The page in the repository is the one the bindings give.
#[test]
fn reference_page_is_up_to_date() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/script-api.md"
    );
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let reference = scriptorium_runtime::reference();
    if written != reference {
        let fresh = concat!(env!("CARGO_TARGET_TMPDIR"), "/script-api.md");
        std::fs::write(fresh, reference).unwrap();
        panic!("{path} is out of date; copy {fresh} over it");
    }
}

/// Every declared function exists in a script's world, and nothing else does.
#[tokio::test(flavor = "multi_thread")]
async fn declared_functions_are_the_ones_there_are() {
    let harness = Harness::new().await;
    let source = r"
        const names = [];
        const walk = (path, object) => {
          for (const key of Object.keys(object)) {
            if (typeof object[key] === 'function') names.push(`${path}.${key}`);
            else if (path !== 'context') walk(`${path}.${key}`, object[key]);
          }
        };
        function main() {
          for (const name of ['console', 'context', 'db', 'storage', 'cache', 'secrets', 'events', 'http', 'utils']) walk(name, globalThis[name]);
          return names.sort();
        }";
    let finished = harness.runtime.run(harness.main(source)).await;
    let found = finished.execution.output.unwrap().to_value();
    let mut declared: Vec<String> = scriptorium_runtime::reference()
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'))
        .map(str::to_owned)
        .collect();
    declared.sort();
    assert_eq!(found, serde_json::json!(declared));
}
