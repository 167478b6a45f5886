//! An instant in parts, by a pattern.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::field::{Field, Item};
use super::names;
use crate::Refusal;
use crate::locale::Language;
use crate::number::whole;
use crate::part::{Part, add};

/// What JavaScript's dates reach, in milliseconds.
const LARGEST: f64 = 8.64e15;

pub(super) fn parts(
    language: Language,
    items: &[Item],
    zone: &TimeZone,
    millis: f64,
) -> Result<Vec<Part>, Refusal> {
    if millis.is_nan() || millis.abs() > LARGEST {
        return Err(Refusal::range("Invalid time value"));
    }
    // Inside of these bounds the cast is exact.
    let instant = Timestamp::from_millisecond(millis.trunc() as i64)
        .map_err(|_| Refusal::range("the date is too far from now: years go from -9999 to 9999"))?;
    let local = instant.to_zoned(zone.clone());
    let mut parts = Vec::new();
    for item in items {
        match item {
            Item::Text(text) => add(&mut parts, "literal", text),
            Item::Field(field) => add(&mut parts, field.kind(), &written(language, *field, &local)),
        }
    }
    Ok(parts)
}

fn written(language: Language, field: Field, at: &Zoned) -> String {
    let number = |number: i32, least: u8| whole(language, number.unsigned_abs(), least);
    let name = |index: usize| names::calendar(language, field, index).to_owned();
    let hour = i32::from(at.hour());
    match (field.letter, field.length) {
        ('G', _) => name(usize::from(at.year() > 0)),
        ('y', length) => {
            let year = i32::from(at.year());
            let of_era = if year > 0 { year } else { 1 - year };
            if length == 2 {
                number(of_era % 100, 2)
            } else {
                number(of_era, length)
            }
        }
        ('M' | 'L', length @ ..=2) => number(at.month().into(), length),
        ('M' | 'L', _) => name(usize::from(at.month().unsigned_abs()) - 1),
        ('E' | 'c', _) => name(day_of_week(at.weekday())),
        ('d', length) => number(at.day().into(), length),
        ('a', _) => name(usize::from(hour >= 12)),
        ('B', _) => {
            let on_the_hour = at.minute() == 0 && at.second() == 0;
            names::day_period(language, field, at.hour(), on_the_hour).to_owned()
        }
        ('H', length) => number(hour, length),
        ('k', length) => number(if hour == 0 { 24 } else { hour }, length),
        ('K', length) => number(hour % 12, length),
        ('h', length) => number(if hour % 12 == 0 { 12 } else { hour % 12 }, length),
        ('m', length) => number(at.minute().into(), length),
        ('s', length) => number(at.second().into(), length),
        ('S', length) => {
            let digits = format!("{:03}", at.millisecond());
            digits
                .get(..usize::from(length.min(3)))
                .unwrap_or_default()
                .to_owned()
        }
        ('z' | 'O' | 'v', _) => {
            let zone = at.time_zone().iana_name().unwrap_or_default();
            let seconds = at.timestamp().as_second();
            names::zone(language, field, zone, at.offset().seconds(), seconds)
        }
        _ => String::new(),
    }
}

fn day_of_week(day: Weekday) -> usize {
    usize::from(day.to_sunday_zero_offset().unsigned_abs())
}
