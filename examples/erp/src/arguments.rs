//! Checks of what scripts pass to the services: each refusal is a `VALIDATION_ERROR` that names the
//! field and the expectation. A script's arguments are trusted as little as a stranger's request.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use scriptorium::ServiceError;
use scriptorium::model::{Timestamp, Uuid};
use serde_json::{Map, Value};

type Checked<T> = Result<T, ServiceError>;

/// An object argument with no other members than the known ones.
pub(crate) struct Fields<'a> {
    members: &'a Map<String, Value>,
    prefix: String,
}

impl<'a> Fields<'a> {
    /// Reads `value`, which the script knows as `field`; an empty name for the argument itself.
    pub(crate) fn read(value: &'a Value, field: &str, known: &[&str]) -> Checked<Self> {
        let named = if field.is_empty() { "argument" } else { field };
        let Some(members) = value.as_object() else {
            return Err(ServiceError::invalid(named, "must be an object"));
        };
        let prefix = if field.is_empty() {
            String::new()
        } else {
            format!("{field}.")
        };
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            let expectation = format!("is unknown; known are {}", known.join(", "));
            return Err(ServiceError::invalid(
                format!("{prefix}{name}"),
                expectation,
            ));
        }
        Ok(Self { members, prefix })
    }

    /// The member's checked value.
    pub(crate) fn required<T>(
        &self,
        name: &str,
        check: impl FnOnce(&Value, &str) -> Checked<T>,
    ) -> Checked<T> {
        self.optional(name, check)?
            .ok_or_else(|| ServiceError::invalid(self.path(name), "is required"))
    }

    /// The member's checked value; `None` when it is absent or `null`.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        check: impl FnOnce(&Value, &str) -> Checked<T>,
    ) -> Checked<Option<T>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => check(value, &self.path(name)).map(Some),
        }
    }

    /// Whether the member is there, `null` included.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// Text of 1 to `max` characters, trimmed.
pub(crate) fn text(max: usize) -> impl Fn(&Value, &str) -> Checked<String> {
    move |value, field| {
        let text = value.as_str().map(str::trim).unwrap_or_default();
        if text.is_empty() || text.chars().count() > max {
            let expectation = format!("must be a string of 1 to {max} characters");
            return Err(ServiceError::invalid(field, expectation));
        }
        Ok(text.to_owned())
    }
}

/// One of a few words.
pub(crate) fn word(words: &'static [&'static str]) -> impl Fn(&Value, &str) -> Checked<String> {
    move |value, field| match value.as_str() {
        Some(word) if words.contains(&word) => Ok(word.to_owned()),
        _ => {
            let expectation = format!("must be one of {}", words.join(", "));
            Err(ServiceError::invalid(field, expectation))
        }
    }
}

/// A whole number in a range. `5.0` is one, as JavaScript has no other numbers.
pub(crate) fn integer(range: RangeInclusive<i64>) -> impl Fn(&Value, &str) -> Checked<i64> {
    move |value, field| {
        whole(value)
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                let expectation = format!("must be a whole number from {least} to {most}");
                ServiceError::invalid(field, expectation)
            })
    }
}

/// The id of a record.
pub(crate) fn id(value: &Value, field: &str) -> Checked<Uuid> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ServiceError::invalid(field, "must be a UUID"))
}

/// An instant: RFC 3339, which a JavaScript `Date` becomes in JSON, or a day, which means its
/// first instant in UTC.
pub(crate) fn instant(value: &Value, field: &str) -> Checked<Timestamp> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .ok()
        .or_else(|| start_of(text.parse().ok()?))
        .ok_or_else(|| {
            ServiceError::invalid(field, "must be an instant such as 2026-01-31T09:00:00Z")
        })
}

/// A day such as `2026-01-31`, or the day in UTC of an instant.
pub(crate) fn day(value: &Value, field: &str) -> Checked<Date> {
    let text = value.as_str().unwrap_or_default();
    let instant = || {
        Some(
            text.parse::<Timestamp>()
                .ok()?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date(),
        )
    };
    // An instant first: the parser of days would read one and forget its offset.
    instant()
        .or_else(|| text.parse().ok())
        .ok_or_else(|| ServiceError::invalid(field, "must be a date such as 2026-01-31"))
}

/// The first instant of a day in UTC.
pub(crate) fn start_of(day: Date) -> Option<Timestamp> {
    let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

fn whole(value: &Value) -> Option<i64> {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        // Within the safe range of JavaScript the conversion is exact.
        (number.fract() == 0.0 && number.abs() <= SAFE).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug>(result: Checked<T>, expected: Result<&str, &str>) {
        let shown = result.map(|value| format!("{value:?}"));
        match (&shown, expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            _ => panic!("{shown:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn values_are_checked_and_refusals_name_the_field() {
        check(integer(1..=9)(&json!(5), "n"), Ok("5"));
        check(integer(1..=9)(&json!(5.0), "n"), Ok("5"));
        check(
            integer(1..=9)(&json!(5.5), "n"),
            Err("n must be a whole number"),
        );
        check(integer(1..=9)(&json!(10), "n"), Err("from 1 to 9"));
        check(integer(1..=9)(&json!("5"), "n"), Err("n must be"));
        check(text(3)(&json!(" ab "), "t"), Ok("\"ab\""));
        check(text(3)(&json!("abcd"), "t"), Err("1 to 3 characters"));
        check(text(3)(&json!("  "), "t"), Err("t must be"));
        check(word(&["a", "b"])(&json!("c"), "w"), Err("one of a, b"));
        check(id(&json!("nonsense"), "id"), Err("id must be a UUID"));
        check(
            instant(&json!("2026-01-31"), "at"),
            Ok("2026-01-31T00:00:00Z"),
        );
        check(instant(&json!(5), "at"), Err("at must be an instant"));
        check(
            day(&json!("2026-01-31T23:30:00-02:00"), "d"),
            Ok("2026-02-01"),
        );
        check(day(&json!("2026-02-30"), "d"), Err("d must be a date"));
    }

    #[test]
    fn objects_have_known_members_only() {
        let value = json!({"name": "Ada", "none": null});
        let fields = Fields::read(&value, "", &["name", "none"]).unwrap();
        check(fields.required("name", text(9)), Ok("\"Ada\""));
        check(fields.required("none", text(9)), Err("none is required"));
        check(
            Fields::read(&value, "data", &["name"]).map(|_| ()),
            Err("data.none is unknown"),
        );
        check(
            Fields::read(&json!([]), "", &[]).map(|_| ()),
            Err("argument must be an object"),
        );
    }
}
