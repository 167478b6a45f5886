//! Dates and times.

use jiff::Timestamp;
use scriptorium_intl::{DateTimeFormat, Locales, Purpose, Refusal};
use serde_json::Value;

use crate::table::{check, flat, options, outcome};

/// The format of a locale and options, and its resolved options.
fn format(
    purpose: Purpose,
    locale: &Value,
    given: &Value,
) -> Result<(DateTimeFormat, String), Refusal> {
    let requested = [locale.as_str().unwrap().to_owned()];
    let locales = Locales {
        requested: &requested,
        default: "en",
    };
    let (format, resolved) = DateTimeFormat::resolve(locales, &options(given), purpose, "UTC")?;
    // It travels as text between calls.
    Ok((DateTimeFormat::from_json(&format.to_json())?, resolved))
}

fn millis(instant: &Value) -> f64 {
    let text = instant.as_str().unwrap();
    text.parse::<Timestamp>().unwrap().as_millisecond() as f64
}

#[test]
fn dates_read_as_in_node() {
    check("dates", |call| {
        let purpose = Purpose::of(call[0].as_str().unwrap()).unwrap();
        let format = format(purpose, &call[1], &call[2]);
        outcome(format.and_then(|(format, _)| format.format(millis(&call[3]))))
    });
}

#[test]
fn date_parts_are_those_of_node() {
    check("date_parts", |call| {
        let format = format(Purpose::Format, &call[0], &call[1]);
        outcome(format.and_then(|(format, _)| Ok(flat(&format.parts(millis(&call[2]))?))))
    });
}

#[test]
fn date_options_come_to_those_of_node() {
    check("date_options", |call| {
        let resolved = format(Purpose::Format, &call[0], &call[1]);
        outcome(resolved.map(|(_, resolved)| serde_json::from_str::<Value>(&resolved).unwrap()))
    });
}
