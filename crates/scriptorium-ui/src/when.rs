//! Instants as people read them: how long ago, with the exact moment on hover (R-I18N-05).

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use fluent_templates::fluent_bundle::FluentValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::texts::Texts;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// From here on, a date says more than a number of days.
const RELATIVE_DAYS: i64 = 30;

/// The present moment and a language: what instants are told against.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    pub(crate) t: Texts,
}

/// One instant, ready to be shown.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = "<time datetime=\"{{ at }}\" title=\"{{ absolute }}\">{{ relative }}</time>"
)]
pub(crate) struct When {
    at: Timestamp,
    absolute: String,
    relative: String,
}

// Sound because it is a template of its own, which escapes its parts.
impl HtmlSafe for When {}

impl Clock {
    /// How the instant reads from now.
    pub(crate) fn when(&self, at: Timestamp) -> When {
        When {
            at,
            absolute: absolute(self.t, at),
            relative: self.relative(at),
        }
    }

    /// How long ago the instant was.
    pub(crate) fn since(&self, at: Timestamp) -> Duration {
        Duration::try_from(self.now.duration_since(at)).unwrap_or_default()
    }

    fn relative(&self, at: Timestamp) -> String {
        let seconds = self.now.as_second() - at.as_second();
        let direction = if seconds >= 0 { "ago" } else { "in" };
        let distance = seconds.abs();
        let (unit, size) = match distance {
            0..10 => return self.t.named(direction, "now"),
            10..MINUTE => ("seconds", 1),
            MINUTE..HOUR => ("minutes", MINUTE),
            HOUR..DAY => ("hours", HOUR),
            _ if distance < RELATIVE_DAYS * DAY => ("days", DAY),
            _ => return date(self.t, at),
        };
        self.t.count(
            &format!("{direction}-{unit}"),
            (distance / size).unsigned_abs(),
        )
    }
}

/// Day, month and year in UTC.
fn date(t: Texts, at: Timestamp) -> String {
    let moment = at.to_zoned(TimeZone::UTC);
    let month = t.get(&format!("month-{}", moment.month()));
    t.filled(
        "date",
        [
            ("day", moment.day().to_string().into()),
            ("month", month.into()),
            ("year", moment.year().to_string().into()),
        ],
    )
}

/// The moment to the second, in UTC.
fn absolute(t: Texts, at: Timestamp) -> String {
    let time = at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string();
    t.filled(
        "date-time",
        [
            ("date", FluentValue::from(date(t, at))),
            ("time", time.into()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Locale;

    #[track_caller]
    fn check(locale: Locale, at: &str, expected: &str) {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let t = Texts(locale);
        assert_eq!(Clock { now, t }.relative(at.parse().unwrap()), expected);
    }

    #[test]
    fn distances_read_naturally_in_each_language() {
        check(Locale::En, "2026-11-21T11:59:55Z", "just now");
        check(Locale::En, "2026-11-21T11:59:00Z", "1 minute ago");
        check(Locale::En, "2026-11-21T15:00:00Z", "in 3 hours");
        check(Locale::En, "2026-10-01T12:00:00Z", "1 Oct 2026");
        check(Locale::Ru, "2026-11-21T10:00:00Z", "2 часа назад");
        check(Locale::Ru, "2026-11-16T12:00:00Z", "5 дней назад");
        check(Locale::Uz, "2026-11-21T12:05:00Z", "5 daqiqadan keyin");
    }

    #[test]
    fn the_exact_moment_is_told_in_utc() {
        let at = "2026-11-21T03:04:05Z".parse().unwrap();
        assert_eq!(absolute(Texts(Locale::En), at), "21 Nov 2026, 03:04:05 UTC");
        assert_eq!(
            absolute(Texts(Locale::Ru), at),
            "21 нояб. 2026, 03:04:05 UTC"
        );
    }
}
