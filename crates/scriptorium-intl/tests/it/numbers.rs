//! Numbers and plural forms.

use scriptorium_intl::{Locales, NumberFormat, PluralRules, Refusal, Value as Number};
use serde_json::Value;

use crate::table::{check, flat, options, outcome};

fn format(call: &[Value]) -> Result<NumberFormat, Refusal> {
    let requested = [call[0].as_str().unwrap().to_owned()];
    let locales = Locales {
        requested: &requested,
        default: "en",
    };
    let format = NumberFormat::resolve(locales, &options(&call[1]))?;
    // It travels as text between calls.
    NumberFormat::from_json(&format.to_json())
}

fn number(call: &[Value]) -> Number {
    Number::read(call[2].as_str().unwrap()).unwrap()
}

#[test]
fn numbers_read_as_in_node() {
    check("numbers", |call| {
        outcome(format(call).map(|format| format.format(&number(call))))
    });
}

#[test]
fn number_parts_are_those_of_node() {
    check("number_parts", |call| {
        outcome(format(call).map(|format| flat(&format.parts(&number(call)))))
    });
}

#[test]
fn number_options_come_to_those_of_node() {
    check("number_options", |call| {
        outcome(format(call).map(|format| {
            let resolved: Value = serde_json::from_str(&format.to_json()).unwrap();
            resolved
        }))
    });
}

#[test]
fn plural_forms_are_those_of_node() {
    check("plurals", |call| {
        let requested = [call[0].as_str().unwrap().to_owned()];
        let locales = Locales {
            requested: &requested,
            default: "en",
        };
        outcome(
            PluralRules::resolve(locales, &options(&call[1])).map(|rules| {
                PluralRules::from_json(&rules.to_json())
                    .unwrap()
                    .select(&number(call))
            }),
        )
    });
}
