//! The rest of `utils.date`: sums, differences, and the edges of days, weeks and months, on the clock
//! of a zone.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Span, Unit, Zoned, ZonedDifference};
use scriptorium_engine::HostError;

use super::text;
use crate::capabilities::args::Args;
use crate::capabilities::invalid;
use crate::host::Run;

/// Units of sums and differences.
pub(super) const UNITS: &[&str] = &[
    "years",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
];
/// Units that have a beginning and an end.
pub(super) const EDGES: &[&str] = &[
    "year", "quarter", "month", "week", "day", "hour", "minute", "second",
];
/// Most of a unit that is added.
pub(super) const MOST: i64 = 1_000_000_000_000;

pub(super) fn add(run: &Run, mut args: Args) -> Result<String, HostError> {
    let (instant, amount) = (args.instant(0), args.integer(1).unwrap_or_default());
    let unit = args.text(2).unwrap_or_default();
    let zoned = instant.to_zoned(zone(run, &mut args, 3)?);
    let refuse = |_| invalid("amount", "leads to a date outside of the calendar");
    let span = Span::new();
    let span = match unit.as_str() {
        "years" => span.try_years(amount),
        "months" => span.try_months(amount),
        "weeks" => span.try_weeks(amount),
        "days" => span.try_days(amount),
        "hours" => span.try_hours(amount),
        "minutes" => span.try_minutes(amount),
        "seconds" => span.try_seconds(amount),
        _ => span.try_milliseconds(amount),
    };
    let later = zoned.checked_add(span.map_err(refuse)?).map_err(refuse)?;
    Ok(text(later.timestamp().as_millisecond()))
}

/// How many whole units lie between, with the sign of the first minus the second.
pub(super) fn difference(run: &Run, mut args: Args) -> Result<String, HostError> {
    let (a, b) = (args.instant(0), args.instant(1));
    let unit = args.text(2).unwrap_or_default();
    let zone = zone(run, &mut args, 3)?;
    let (a, b) = (a.to_zoned(zone.clone()), b.to_zoned(zone));
    let largest = match unit.as_str() {
        "years" => Unit::Year,
        "months" => Unit::Month,
        "weeks" => Unit::Week,
        "days" => Unit::Day,
        "hours" => Unit::Hour,
        "minutes" => Unit::Minute,
        "seconds" => Unit::Second,
        _ => Unit::Millisecond,
    };
    let asked = ZonedDifference::new(&a)
        .largest(largest)
        .smallest(largest)
        .mode(RoundMode::Trunc);
    let refuse = |_| invalid("a", "is too far away");
    let span = b.until(asked).map_err(refuse)?;
    let number = match largest {
        Unit::Year => i64::from(span.get_years()),
        Unit::Month => i64::from(span.get_months()),
        Unit::Week => i64::from(span.get_weeks()),
        Unit::Day => i64::from(span.get_days()),
        Unit::Hour => i64::from(span.get_hours()),
        Unit::Minute => span.get_minutes(),
        Unit::Second => span.get_seconds(),
        _ => span.get_milliseconds(),
    };
    Ok(number.to_string())
}

pub(super) fn start_of(run: &Run, mut args: Args) -> Result<String, HostError> {
    let (begin, _) = edges(run, &mut args)?;
    Ok(text(begin.timestamp().as_millisecond()))
}

pub(super) fn end_of(run: &Run, mut args: Args) -> Result<String, HostError> {
    let (_, next) = edges(run, &mut args)?;
    Ok(text(next.timestamp().as_millisecond() - 1))
}

/// The beginning of the unit that holds an instant, and of the one after.
fn edges(run: &Run, args: &mut Args) -> Result<(Zoned, Zoned), HostError> {
    let instant = args.instant(0);
    let unit = args.text(1).unwrap_or_default();
    let zone = zone(run, args, 2)?;
    let zoned = instant.to_zoned(zone.clone());
    let refuse = |_: jiff::Error| invalid("date", "is too near to the end of the calendar");
    let date = zoned.date();
    let of_days = |first: jiff::civil::Date, span: Span| {
        let next = first.checked_add(span)?;
        Ok((first.to_zoned(zone.clone())?, next.to_zoned(zone.clone())?))
    };
    let span = Span::new();
    let edges: Result<(Zoned, Zoned), jiff::Error> = match unit.as_str() {
        "year" => of_days(date.first_of_year(), span.years(1)),
        "quarter" => {
            let month = (date.month() - 1) / 3 * 3 + 1;
            let first = jiff::civil::Date::new(date.year(), month, 1);
            first.and_then(|first| of_days(first, span.months(3)))
        }
        "month" => of_days(date.first_of_month(), span.months(1)),
        "week" => {
            let since = date.weekday().since(Weekday::Monday);
            let first = date.checked_sub(Span::new().days(i64::from(since)));
            first.and_then(|first| of_days(first, span.weeks(1)))
        }
        "day" => of_days(date, span.days(1)),
        unit => {
            let (size, span) = match unit {
                "hour" => (Unit::Hour, span.hours(1)),
                "minute" => (Unit::Minute, span.minutes(1)),
                _ => (Unit::Second, span.seconds(1)),
            };
            let round = jiff::ZonedRound::new()
                .smallest(size)
                .mode(RoundMode::Floor);
            let begin = zoned.round(round);
            begin.and_then(|begin| begin.checked_add(span).map(|next| (begin, next)))
        }
    };
    edges.map_err(refuse)
}

/// The zone that was named, or the execution's.
fn zone(run: &Run, args: &mut Args, place: usize) -> Result<TimeZone, HostError> {
    match args.text(place) {
        None => Ok(run.zone.clone()),
        Some(name) => TimeZone::get(&name)
            .map_err(|_| invalid("timezone", "must be an IANA name, such as Asia/Tashkent")),
    }
}
