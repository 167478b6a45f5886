//! The order of texts.

use std::cmp::Ordering;

use scriptorium_intl::{Collator, Locales, Refusal};
use serde_json::Value;

use crate::table::{check, options, outcome};

fn collator(call: &[Value]) -> Result<Collator, Refusal> {
    let requested = [call[0].as_str().unwrap().to_owned()];
    let locales = Locales {
        requested: &requested,
        default: "en",
    };
    let collator = Collator::resolve(locales, &options(&call[1]))?;
    // It travels as text between calls.
    Collator::from_json(&collator.to_json())
}

/// Each with each, as signs.
fn signs(list: &[Value], compare: impl Fn(&str, &str) -> Ordering) -> Value {
    let sign = |a: &Value, b: &Value| match compare(a.as_str().unwrap(), b.as_str().unwrap()) {
        Ordering::Less => '<',
        Ordering::Equal => '=',
        Ordering::Greater => '>',
    };
    let row = |a: &Value| list.iter().map(|b| sign(a, b)).collect::<String>();
    list.iter().map(row).collect()
}

#[test]
fn texts_are_in_the_order_of_node() {
    check("collations", |call| {
        let list = call[2].as_array().unwrap();
        outcome(collator(call).map(|collator| signs(list, |a, b| collator.compare(a, b))))
    });
}

#[test]
fn keys_are_in_the_order_of_their_texts() {
    check("collations", |call| {
        let list = call[2].as_array().unwrap();
        outcome(
            collator(call)
                .map(|collator| signs(list, |a, b| collator.key(a).cmp(&collator.key(b)))),
        )
    });
}

#[test]
fn collator_options_come_to_those_of_node() {
    check("collator_options", |call| {
        outcome(collator(call).map(|collator| {
            let resolved: Value = serde_json::from_str(&collator.to_json()).unwrap();
            resolved
        }))
    });
}
