//! A range of days that lists are narrowed to: from one to another, both included, as UTC has them like
//! every instant on the pages.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The days; what is none is no bound.
#[derive(Clone, Copy, Default)]
pub(crate) struct Days {
    first: Option<Date>,
    last: Option<Date>,
}

impl Days {
    pub(crate) fn given(first: Option<&String>, last: Option<&String>) -> Self {
        let day = |text: Option<&String>| text.and_then(|text| text.trim().parse().ok());
        Self {
            first: day(first),
            last: day(last),
        }
    }

    /// As the fields of a form have them; nothing for no bound.
    pub(crate) fn texts(self) -> (String, String) {
        let text = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        (text(self.first), text(self.last))
    }

    /// The first instant.
    pub(crate) fn from(self) -> Option<Timestamp> {
        begin(self.first?)
    }

    /// The first instant that is too late.
    pub(crate) fn to(self) -> Option<Timestamp> {
        begin(self.last?.tomorrow().ok()?)
    }
}

fn begin(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &str, last: &str, from: &str, to: &str) {
        let days = Days::given(Some(&first.to_owned()), Some(&last.to_owned()));
        let text = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
        let found = (text(days.from()), text(days.to()));
        assert_eq!(found, (from.to_owned(), to.to_owned()), "{first} {last}");
    }

    #[test]
    fn both_days_are_included_and_what_is_no_day_is_no_bound() {
        check(
            "2026-02-28",
            "2026-02-28",
            "2026-02-28T00:00:00Z",
            "2026-03-01T00:00:00Z",
        );
        check("", "2026-12-31", "", "2027-01-01T00:00:00Z");
        check("2026-02-30", "yesterday", "", "");
        check("9999-12-31", "9999-12-31", "", "");
    }
}
