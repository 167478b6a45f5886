//! PostgreSQL's dates and instants as they travel: days and microseconds since the year 2000. They are
//! texts in JSON; an instant without a zone is one of UTC.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// 2000-01-01, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;
const FIRST: Date = Date::constant(2000, 1, 1);

/// An instant as `2026-03-01T09:00:00.000Z`.
pub(super) fn instant(travelled: i64) -> String {
    let since = travelled.checked_add(EPOCH);
    match since.and_then(|since| Timestamp::from_microsecond(since).ok()) {
        Some(instant) if travelled % 1_000 == 0 => format!("{instant:.3}"),
        Some(instant) => format!("{instant:.6}"),
        None if travelled > 0 => "infinity".to_owned(),
        None => "-infinity".to_owned(),
    }
}

pub(super) fn read_instant(text: &str) -> Option<i64> {
    let instant = match text.parse::<Timestamp>() {
        Ok(instant) => instant,
        Err(_) => {
            let local: DateTime = text.parse().ok()?;
            local.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    instant.as_microsecond().checked_sub(EPOCH)
}

/// A day as `2026-03-01`.
pub(super) fn day(travelled: i32) -> String {
    // What a span of days cannot be is beyond the calendar, too.
    let since = Span::new().try_days(travelled);
    match since.and_then(|since| FIRST.checked_add(since)) {
        Ok(day) => day.to_string(),
        Err(_) if travelled > 0 => "infinity".to_owned(),
        Err(_) => "-infinity".to_owned(),
    }
}

/// Reads a day, also off the text of an instant, such as a `Date` becomes.
pub(super) fn read_day(text: &str) -> Option<i32> {
    let (day, rest) = text.split_at_checked(10)?;
    if !rest.is_empty() && !rest.starts_with('T') {
        return None;
    }
    let day: Date = day.parse().ok()?;
    Some(day.since(FIRST).ok()?.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_days_are_texts() {
        for (travelled, written) in [
            (0, "2000-01-01T00:00:00.000Z"),
            (-1_000, "1999-12-31T23:59:59.999Z"),
            (825_670_800_000_001, "2026-03-01T09:00:00.000001Z"),
            (825_670_800_120_000, "2026-03-01T09:00:00.120Z"),
        ] {
            assert_eq!(instant(travelled), written);
            assert_eq!(read_instant(written), Some(travelled), "{written}");
        }
        for (text, travelled) in [
            ("2000-01-01T05:00:00+05:00", Some(0)),
            ("2000-01-01T00:00:01", Some(1_000_000)),
            ("2000-01-02", Some(86_400_000_000)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(read_instant(text), travelled, "{text}");
        }
        assert_eq!(instant(i64::MAX), "infinity");
        assert_eq!(instant(i64::MIN), "-infinity");
        for (text, travelled) in [
            ("2000-01-01", Some(0)),
            ("1999-12-31", Some(-1)),
            ("2026-03-01T09:00:00.000Z", Some(9_556)),
            ("2026-02-30", None),
            ("2026-03-01 ", None),
            ("2026-3-1", None),
            ("", None),
        ] {
            assert_eq!(read_day(text), travelled, "{text}");
        }
        assert_eq!(day(9_556), "2026-03-01");
        assert_eq!(day(i32::MAX), "infinity");
    }
}
