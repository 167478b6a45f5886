//! Compatibility dates: the day whose behaviour of the platform a script was written for. What changes
//! later holds for scripts only once their date says so.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::{Invalid, Timestamp};

/// The first date there is: that of scripts from before there were any.
pub const FIRST: Date = date(2026, 1, 1);

/// The name of the field, wherever it is said.
const FIELD: &str = "compatibility";

/// The latest date that a script can have now, which a new one gets when nothing else is said: the day
/// in UTC.
pub fn latest(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date().max(FIRST)
}

/// A date as it is written: `YYYY-MM-DD` and nothing else.
///
/// # Errors
/// The broken rule, on `compatibility`.
pub fn parse(text: &str) -> Result<Date, Invalid> {
    // The parser knows more ways to write a date than anybody should have to read.
    let date = text.parse::<Date>().ok();
    let date = date.filter(|date| date.to_string() == text);
    date.ok_or_else(|| {
        let message = "must be a date such as 2026-11-30";
        Invalid::field(FIELD, "bad_date", message)
    })
}

/// Checks that a script can have a date.
///
/// # Errors
/// `out_of_range` on `compatibility`, with the bounds.
pub fn validate(date: Date, now: Timestamp) -> Result<(), Invalid> {
    let latest = latest(now);
    let mut invalid = Invalid::default();
    if !(FIRST..=latest).contains(&date) {
        let message = format!("must be {FIRST} to {latest}, which is today");
        let error = invalid.push(FIELD, "out_of_range", message);
        error.with("min", FIRST).with("max", latest);
    }
    invalid.or(())
}
