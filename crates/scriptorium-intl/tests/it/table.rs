//! Tables of calls and answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use scriptorium_intl::{Options, Part, Refusal};
use serde_json::Value;

/// Most rows that a failure tells.
const SHOWN: usize = 40;

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/node/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Asks for every row, whose last column is the answer, and reports those that differ. What we answer
/// otherwise on purpose is in `differences.json`, by table and call.
#[track_caller]
pub(crate) fn check(name: &str, answer: impl Fn(&[Value]) -> Value) {
    let table = read(name);
    let differences: BTreeMap<String, Value> =
        serde_json::from_value(read("differences")[name].take()).unwrap_or_default();
    let mut used = 0;
    let mut wrong = Vec::new();
    for row in table.as_array().unwrap() {
        let (wanted, call) = row.as_array().unwrap().split_last().unwrap();
        let key = Value::from(call.to_vec()).to_string();
        let ours = differences.get(&key);
        used += usize::from(ours.is_some());
        let got = answer(call);
        if got != *ours.unwrap_or(wanted) {
            wrong.push(format!("{key}\n  wanted {wanted}\n  got    {got}"));
        }
    }
    let mut message = String::new();
    write!(message, "{} of {name} differ", wrong.len()).unwrap();
    for line in wrong.iter().take(SHOWN) {
        write!(message, "\n{line}").unwrap();
    }
    assert!(wrong.is_empty(), "{message}");
    assert_eq!(
        used,
        differences.len(),
        "differences of {name} that no row has"
    );
}

/// What a test compares of an answer.
pub(crate) fn outcome<T: Into<Value>>(answer: Result<T, Refusal>) -> Value {
    match answer {
        Ok(value) => value.into(),
        Err(Refusal::Range(_)) => serde_json::json!({ "error": "RangeError" }),
        Err(Refusal::Type(_)) => serde_json::json!({ "error": "TypeError" }),
    }
}

pub(crate) fn options(value: &Value) -> Options {
    value.as_object().cloned().unwrap_or_default().into()
}

pub(crate) fn flat(parts: &[Part]) -> Value {
    let flat = parts
        .iter()
        .flat_map(|part| [part.kind, part.text.as_str()]);
    flat.collect()
}
