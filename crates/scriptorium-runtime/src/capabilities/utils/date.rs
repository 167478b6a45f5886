//! `utils.date`: dates as text and back in the zone of the execution. The tokens are the usual
//! `YYYY-MM-DD` ones (R-JUTL-03); names of months and days are English.

use jiff::civil::{self, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use scriptorium_engine::HostError;

use super::text;
use crate::capabilities::args::{self, Args};
use crate::capabilities::invalid;
use crate::host::Run;

/// Longest format in bytes.
pub(super) const FORMAT_BYTES: usize = 100;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Longest first where one is the beginning of another.
const TOKENS: [&str; 22] = [
    "YYYY", "YY", "MMMM", "MMM", "MM", "M", "dddd", "ddd", "DD", "D", "HH", "H", "hh", "h", "mm",
    "m", "ss", "s", "SSS", "A", "a", "ZZ",
];

pub(super) fn format(run: &Run, mut args: Args) -> Result<String, HostError> {
    let zoned = args.instant(0).to_zoned(run.zone.clone());
    let format = args.text(1).unwrap_or_else(|| "YYYY-MM-DD".to_owned());
    Ok(text(formatted(&zoned, &format)))
}

pub(super) fn parse(run: &Run, mut args: Args) -> Result<String, HostError> {
    let given = args.text(0).unwrap_or_default();
    let parsed = match args.text(1) {
        Some(format) => parsed(&given, &format, &run.zone).map_err(|expected| {
            invalid(
                "text",
                format!("does not match {format}: expected {expected}"),
            )
        })?,
        None => args::parse_iso(&given, &run.zone)
            .ok_or_else(|| invalid("text", "must be a date, such as 2026-03-01T09:00"))?,
    };
    Ok(text(parsed.as_millisecond()))
}

pub(super) fn add_days(run: &Run, mut args: Args) -> Result<String, HostError> {
    let zoned = args.instant(0).to_zoned(run.zone.clone());
    let days = args.integer(1).unwrap_or_default();
    let refuse = |_| invalid("days", "leads to a date outside of the calendar");
    let span = jiff::Span::new().try_days(days).map_err(refuse)?;
    let later = zoned.checked_add(span).map_err(refuse)?;
    Ok(text(later.timestamp().as_millisecond()))
}

fn formatted(zoned: &Zoned, format: &str) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(piece) = next_piece(&mut rest) {
        match piece {
            Piece::Literal(literal) => out.push_str(literal),
            Piece::Token(token) => out.push_str(&shown(zoned, token)),
        }
    }
    out
}

enum Piece<'a> {
    Literal(&'a str),
    Token(&'static str),
}

/// Cuts the next token, bracketed text or single character off a format.
fn next_piece<'a>(rest: &mut &'a str) -> Option<Piece<'a>> {
    let first = rest.chars().next()?;
    if first == '['
        && let Some(end) = rest.find(']')
    {
        let literal = &rest[1..end];
        *rest = &rest[end + 1..];
        return Some(Piece::Literal(literal));
    }
    let token = TOKENS
        .into_iter()
        .chain(["Z"])
        .find(|token| rest.starts_with(token));
    let cut = token.map_or(first.len_utf8(), str::len);
    let (piece, after) = rest.split_at(cut);
    *rest = after;
    Some(token.map_or(Piece::Literal(piece), Piece::Token))
}

fn shown(zoned: &Zoned, token: &str) -> String {
    let month = MONTHS[usize::try_from(zoned.month() - 1).unwrap_or(0) % 12];
    let hour = zoned.hour();
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    match token {
        "YYYY" => format!("{:04}", zoned.year()),
        "YY" => format!("{:02}", zoned.year().rem_euclid(100)),
        "MMMM" => month.to_owned(),
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", zoned.month()),
        "M" => zoned.month().to_string(),
        "dddd" => day_name(zoned.weekday()).to_owned(),
        "ddd" => day_name(zoned.weekday())[..3].to_owned(),
        "DD" => format!("{:02}", zoned.day()),
        "D" => zoned.day().to_string(),
        "HH" => format!("{hour:02}"),
        "H" => hour.to_string(),
        "hh" => format!("{twelve:02}"),
        "h" => twelve.to_string(),
        "mm" => format!("{:02}", zoned.minute()),
        "m" => zoned.minute().to_string(),
        "ss" => format!("{:02}", zoned.second()),
        "s" => zoned.second().to_string(),
        "SSS" => format!("{:03}", zoned.millisecond()),
        "A" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "a" => if hour < 12 { "am" } else { "pm" }.to_owned(),
        "ZZ" => offset(zoned.offset(), ""),
        _ => offset(zoned.offset(), ":"),
    }
}

fn offset(offset: Offset, separator: &str) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
}

fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// The fields read so far; what a format leaves out is the start of its unit.
struct Fields {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    millis: i32,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

/// Reads text by a format, or says what was expected where it did not fit.
fn parsed(given: &str, format: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let mut fields = Fields {
        year: 1970,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        millis: 0,
        afternoon: None,
        offset: None,
    };
    let mut format = format;
    let mut rest = given.trim();
    while let Some(piece) = next_piece(&mut format) {
        match piece {
            Piece::Literal(literal) => {
                rest = rest
                    .strip_prefix(literal)
                    .ok_or_else(|| format!("{literal:?}"))?;
            }
            Piece::Token(token) => fields.read(token, &mut rest).ok_or(token)?,
        }
    }
    if !rest.is_empty() {
        return Err("the end".to_owned());
    }
    fields
        .instant(zone)
        .ok_or_else(|| "a date that exists".to_owned())
}

impl Fields {
    fn read(&mut self, token: &str, rest: &mut &str) -> Option<()> {
        match token {
            "YYYY" => self.year = digits(rest, 4, 4)?,
            "YY" => self.year = 2000 + digits::<i16>(rest, 2, 2)?,
            "MMMM" | "MMM" => self.month = month(rest, token.len() == 3)?,
            "MM" => self.month = digits(rest, 2, 2)?,
            "M" => self.month = digits(rest, 1, 2)?,
            "DD" => self.day = digits(rest, 2, 2)?,
            "D" => self.day = digits(rest, 1, 2)?,
            "HH" | "hh" => self.hour = digits(rest, 2, 2)?,
            "H" | "h" => self.hour = digits(rest, 1, 2)?,
            "mm" => self.minute = digits(rest, 2, 2)?,
            "m" => self.minute = digits(rest, 1, 2)?,
            "ss" => self.second = digits(rest, 2, 2)?,
            "s" => self.second = digits(rest, 1, 2)?,
            "SSS" => self.millis = digits(rest, 3, 3)?,
            "A" | "a" => self.afternoon = Some(half(rest)?),
            "dddd" | "ddd" => skip_day(rest, token.len() == 3)?,
            _ => self.offset = Some(read_offset(rest)?),
        }
        Some(())
    }

    fn instant(&self, zone: &TimeZone) -> Option<Timestamp> {
        let hour = match self.afternoon {
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let nanos = self.millis * 1_000_000;
        let local = civil::DateTime::new(
            self.year,
            self.month,
            self.day,
            hour,
            self.minute,
            self.second,
            nanos,
        )
        .ok()?;
        match self.offset {
            Some(offset) => offset.to_timestamp(local).ok(),
            None => Some(local.to_zoned(zone.clone()).ok()?.timestamp()),
        }
    }
}

fn digits<T: std::str::FromStr>(rest: &mut &str, min: usize, max: usize) -> Option<T> {
    let count = rest
        .bytes()
        .take(max)
        .take_while(u8::is_ascii_digit)
        .count();
    if count < min {
        return None;
    }
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().ok()
}

fn month(rest: &mut &str, short: bool) -> Option<i8> {
    let (index, length) = MONTHS.iter().enumerate().find_map(|(index, name)| {
        let name = if short { &name[..3] } else { name };
        starts_with(rest, name).then_some((index, name.len()))
    })?;
    *rest = &rest[length..];
    i8::try_from(index + 1).ok()
}

fn half(rest: &mut &str) -> Option<bool> {
    let afternoon = starts_with(rest, "pm");
    if !afternoon && !starts_with(rest, "am") {
        return None;
    }
    *rest = &rest[2..];
    Some(afternoon)
}

fn skip_day(rest: &mut &str, short: bool) -> Option<()> {
    let day = Weekday::Monday.cycle_forward().take(7).find_map(|day| {
        let name = day_name(day);
        let name = if short { &name[..3] } else { name };
        starts_with(rest, name).then_some(name.len())
    })?;
    *rest = &rest[day..];
    Some(())
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// `Z`, `+05:00` or `+0500`.
fn read_offset(rest: &mut &str) -> Option<Offset> {
    if let Some(after) = rest.strip_prefix('Z') {
        *rest = after;
        return Some(Offset::UTC);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours: i32 = digits(rest, 2, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes: i32 = digits(rest, 2, 2)?;
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Tashkent").unwrap()
    }

    #[track_caller]
    fn check(format: &str, shown: &str) {
        let instant: Timestamp = "2026-03-01T04:05:06.007Z".parse().unwrap();
        assert_eq!(formatted(&instant.to_zoned(zone()), format), shown);
    }

    #[track_caller]
    fn check_parsed(text: &str, format: &str, instant: &str) {
        assert_eq!(
            parsed(text, format, &zone()),
            Ok(instant.parse().unwrap()),
            "{text} by {format}"
        );
    }

    #[test]
    fn tokens_show_the_date_in_the_zone() {
        check(
            "YYYY-MM-DD HH:mm:ss.SSS Z",
            "2026-03-01 09:05:06.007 +05:00",
        );
        check("MMM DD", "Mar 01");
        check(
            "dddd, D MMMM YY, h:mm a ZZ",
            "Sunday, 1 March 26, 9:05 am +0500",
        );
        check("ddd M H m s hh A", "Sun 3 9 5 6 09 AM");
        check("[Day] D [of] MMMM", "Day 1 of March");
        check("[unclosed D", "[unclo6ed 1");
    }

    #[test]
    fn text_is_read_by_the_same_tokens() {
        check_parsed("2026-03-01", "YYYY-MM-DD", "2026-02-28T19:00:00Z");
        check_parsed(
            "01.03.2026 09:05",
            "DD.MM.YYYY HH:mm",
            "2026-03-01T04:05:00Z",
        );
        check_parsed(
            "Mar 1, 2026 9:05 pm",
            "MMM D, YYYY h:mm a",
            "2026-03-01T16:05:00Z",
        );
        check_parsed(
            "2026-03-01T09:05:00+0200",
            "YYYY-MM-DD[T]HH:mm:ssZ",
            "2026-03-01T07:05:00Z",
        );
        check_parsed(
            "Sunday 1 March 2026",
            "dddd D MMMM YYYY",
            "2026-02-28T19:00:00Z",
        );
    }

    #[test]
    fn text_that_does_not_fit_says_what_was_expected() {
        for (text, format, expected) in [
            ("2026-3-01", "YYYY-MM-DD", "MM"),
            ("2026/03/01", "YYYY-MM-DD", "\"-\""),
            ("2026-03-01x", "YYYY-MM-DD", "the end"),
            ("2026-02-30", "YYYY-MM-DD", "a date that exists"),
            ("13:00 pm", "hh:mm a", "a date that exists"),
            ("жжж", "MMM", "MMM"),
        ] {
            assert_eq!(parsed(text, format, &zone()), Err(expected.to_owned()));
        }
    }
}
