//! Names of months, days and zones, which are ICU4X's. Those of the calendar are asked for once.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use icu_calendar::Gregorian;
use icu_datetime::fieldsets::enums::{CompositeDateTimeFieldSet, ZoneFieldSet};
use icu_datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use icu_time::zone::{UtcOffset, ZoneNameTimestamp};
use icu_time::{DateTime, Time, TimeZone};
use writeable::TryWriteable as _;

use super::field::Field;
use crate::data::shared;
use crate::locale::Language;

/// The names of one language, by field.
struct Names(BTreeMap<(char, u8), Vec<String>>);

/// The name of a month (from 0), a weekday (from Sunday), an era, or a half of the day.
pub(super) fn calendar(language: Language, field: Field, index: usize) -> &'static str {
    static NAMES: [LazyLock<Names>; 4] = [
        LazyLock::new(|| Names::of(Language::English)),
        LazyLock::new(|| Names::of(Language::BritishEnglish)),
        LazyLock::new(|| Names::of(Language::Russian)),
        LazyLock::new(|| Names::of(Language::Uzbek)),
    ];
    let names = &NAMES[language.index()].0;
    let list = names.get(&(field.letter, field.length.clamp(3, 5)));
    list.and_then(|list| list.get(index))
        .map_or("", String::as_str)
}

impl Names {
    fn of(language: Language) -> Self {
        // A Sunday, the first of a month; days and months follow it.
        let days: Vec<_> = (1..=7).filter_map(|day| instant(2023, 1, day, 0)).collect();
        let months: Vec<_> = (1..=12)
            .filter_map(|month| instant(2023, month, 1, 0))
            .collect();
        let halves: Vec<_> = [0, 12]
            .into_iter()
            .filter_map(|hour| instant(2023, 1, 1, hour))
            .collect();
        let eras: Vec<_> = [0, 2023]
            .into_iter()
            .filter_map(|year| instant(year, 1, 1, 0))
            .collect();
        let mut names = BTreeMap::new();
        for (letters, samples) in [("ML", months), ("Ec", days), ("a", halves), ("G", eras)] {
            for letter in letters.chars() {
                for length in 3..=5 {
                    let pattern = letter.to_string().repeat(usize::from(length));
                    names.insert((letter, length), written(language, &pattern, &samples));
                }
            }
        }
        Self(names)
    }
}

type Sample = DateTime<Gregorian>;

fn instant(year: i32, month: u8, day: u8, hour: u8) -> Option<Sample> {
    Some(DateTime {
        date: icu_calendar::Date::try_new_gregorian(year, month, day).ok()?,
        time: Time::try_new(hour, 0, 0, 0).ok()?,
    })
}

fn written(language: Language, pattern: &str, samples: &[Sample]) -> Vec<String> {
    let Ok(pattern) = DateTimePattern::try_from_pattern_str(pattern) else {
        return Vec::new();
    };
    let names = FixedCalendarDateTimeNames::<Gregorian, CompositeDateTimeFieldSet>::try_new(
        language.icu().into(),
    );
    let Ok(mut names) = names else {
        return Vec::new();
    };
    let Ok(formatter) = names.include_for_pattern(&pattern) else {
        return Vec::new();
    };
    let write = |sample: &Sample| match formatter.format(sample).try_write_to_string() {
        Ok(name) => name.into_owned(),
        Err(_) => String::new(),
    };
    samples.iter().map(write).collect()
}

/// How a zone is called at an instant, in seconds of the epoch; empty when nobody knows.
pub(super) fn zone(language: Language, field: Field, name: &str, offset: i32, at: i64) -> String {
    let letters = field.letter.to_string().repeat(usize::from(field.length));
    let written = || {
        let pattern = DateTimePattern::try_from_pattern_str(&letters).ok()?;
        let mut names =
            FixedCalendarDateTimeNames::<Gregorian, ZoneFieldSet>::try_new(language.icu().into())
                .ok()?;
        let formatter = names.include_for_pattern(&pattern).ok()?;
        let offset = UtcOffset::try_from_seconds(offset).ok()?;
        let zone = TimeZone::from_iana_id(name)
            .with_offset(Some(offset))
            .with_zone_name_timestamp(ZoneNameTimestamp::from_epoch_seconds(at));
        let formatted = formatter.format(&zone);
        let name = formatted.try_write_to_string().ok()?;
        Some(name.into_owned())
    };
    written().unwrap_or_default()
}

/// The part of the day that an hour falls in, such as "in the morning".
pub(super) fn day_period(
    language: Language,
    field: Field,
    hour: i8,
    on_the_hour: bool,
) -> &'static str {
    let width = match field.length {
        ..=3 => "abbreviated",
        4 => "wide",
        _ => "narrow",
    };
    let Some(names) = language.table().dates.day_periods.get(width) else {
        return "";
    };
    let name = if hour == 12 && on_the_hour {
        "noon"
    } else {
        period(language, hour)
    };
    names.get(name).map_or("", String::as_str)
}

fn period(language: Language, hour: i8) -> &'static str {
    let code = match language {
        Language::English | Language::BritishEnglish => "en",
        Language::Russian => "ru",
        Language::Uzbek => "uz",
    };
    static HOURS: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        let of = |rules: &'static BTreeMap<String, crate::data::DayPeriod>| {
            (0..24).map(|hour| rule(rules, hour)).collect()
        };
        shared()
            .day_periods
            .iter()
            .map(|(code, rules)| (code.as_str(), of(rules)))
            .collect()
    });
    let hours = HOURS.get(code);
    hours
        .and_then(|hours| hours.get(usize::try_from(hour).ok()?).copied())
        .unwrap_or("")
}

fn rule(rules: &'static BTreeMap<String, crate::data::DayPeriod>, hour: u8) -> &'static str {
    let number = |time: &Option<String>| {
        let hour = time.as_ref()?.split(':').next()?;
        hour.parse::<u8>().ok()
    };
    let holds =
        |period: &crate::data::DayPeriod| match (number(&period.from), number(&period.before)) {
            (Some(from), Some(before)) if from < before => (from..before).contains(&hour),
            (Some(from), Some(before)) => hour >= from || hour < before,
            _ => false,
        };
    let found = rules.iter().find(|(_, period)| holds(period));
    found.map_or("", |(name, _)| name.as_str())
}
