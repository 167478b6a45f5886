//! When a cron expression runs, as a sentence in the reader's language: its times, its days, its months. How
//! a language orders and joins them is in the catalogues.

use scriptorium::model::cron::{Cron, Numbers};

use crate::texts::{Locale, Texts};

/// More times of day, or minutes of an hour, than this are not listed one by one.
const MOST_LISTED: usize = 12;
const HOURS: u8 = 24;
const MINUTES: u8 = 60;

/// What a cron expression means, in the language of a code such as `ru`; `None` for a language that the
/// pages do not have.
pub fn describe(cron: &Cron, language: &str) -> Option<String> {
    Locale::from_code(language).map(|locale| sentence(Texts(locale), cron))
}

/// The sentence in the language of the page.
pub(crate) fn sentence(t: Texts, cron: &Cron) -> String {
    let time = time(t, cron);
    let months = months(t, cron);
    let days = days(t, cron);
    // "Every 5 minutes" says of itself that it is every day.
    let all_day = is_all(cron.hours(), HOURS) || every(cron.hours(), HOURS).is_some();
    let days = days.unwrap_or_else(|| match all_day {
        true => String::new(),
        false => t.get("rhythm-daily"),
    });
    let parts = [
        ("time", time.into()),
        ("days", days.into()),
        ("months", months.into()),
    ];
    let sentence = t.filled("rhythm-sentence", parts);
    let words: Vec<&str> = sentence.split_whitespace().collect();
    capitalized(&words.join(" "))
}

fn time(t: Texts, cron: &Cron) -> String {
    let (minutes, hours) = (cron.minutes(), cron.hours());
    let count = |numbers: Numbers| numbers.iter().count();
    if is_all(hours, HOURS) {
        return match often(t, minutes) {
            Some(often) => often,
            None => t.with("rhythm-every-hour", "minutes", listed_minutes(t, minutes)),
        };
    }
    if count(minutes) * count(hours) <= MOST_LISTED && every(hours, HOURS).is_none() {
        let times = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| clock(hour, minute)));
        return t.with("rhythm-times", "times", joined(t, times.collect()));
    }
    let minutes = often(t, minutes);
    match (every(hours, HOURS), minutes) {
        (Some(n), None) => {
            let hours = t.count("rhythm-every-n-hours", u64::from(n));
            let minutes = listed_minutes(t, cron.minutes());
            format!(
                "{hours} {}",
                t.with("rhythm-at-minutes", "minutes", minutes)
            )
        }
        (_, minutes) => {
            let minutes = minutes.unwrap_or_else(|| {
                let minutes = listed_minutes(t, cron.minutes());
                t.with("rhythm-at-minutes", "minutes", minutes)
            });
            format!("{minutes} {}", part_of_day(t, hours))
        }
    }
}

/// Minutes that are told by how often they come.
fn often(t: Texts, minutes: Numbers) -> Option<String> {
    let count = minutes.iter().count();
    if is_all(minutes, MINUTES) {
        Some(t.get("rhythm-every-minute"))
    } else if let Some(n) = every(minutes, MINUTES) {
        Some(t.count("rhythm-every-n-minutes", u64::from(n)))
    } else if count > MOST_LISTED {
        Some(t.count("rhythm-often", count as u64))
    } else {
        None
    }
}

fn part_of_day(t: Texts, hours: Numbers) -> String {
    let ranges = ranges(hours);
    if let [(from, to)] = ranges[..] {
        let places = [
            ("from", clock(from, 0).into()),
            ("to", clock(to, MINUTES - 1).into()),
        ];
        return t.filled("rhythm-between", places);
    }
    let count = hours.iter().count();
    let hours = joined(t, written(&ranges, |hour| format!("{hour:02}")));
    let places = [("n", (count as u64).into()), ("hours", hours.into())];
    t.filled("rhythm-in-hours", places)
}

/// The days, when the expression names some.
fn days(t: Texts, cron: &Cron) -> Option<String> {
    let weekdays = cron.weekdays().map(|weekdays| weekdays_of(t, weekdays));
    let days = cron.days().map(|days| {
        let count = days.iter().count();
        let days = joined(t, written(&ranges(days), |day| day.to_string()));
        let places = [("n", (count as u64).into()), ("days", days.into())];
        t.filled("rhythm-days", places)
    });
    match (days, weekdays) {
        (Some(days), Some(weekdays)) => {
            let places = [("days", days.into()), ("weekdays", weekdays.into())];
            Some(t.filled("rhythm-either", places))
        }
        (days, weekdays) => days.or(weekdays),
    }
}

fn weekdays_of(t: Texts, weekdays: Numbers) -> String {
    let mut numbers: Vec<u8> = weekdays.iter().collect();
    match numbers[..] {
        [1, 2, 3, 4, 5] => return t.get("rhythm-monday-to-friday"),
        [0, 6] => return t.get("rhythm-weekends"),
        [0, 1, 2, 3, 4, 5, 6] => return t.get("rhythm-daily"),
        // A week begins on Monday where these languages are spoken, and reads well elsewhere.
        _ => numbers.sort_by_key(|day| (day + 6) % 7),
    }
    let names = numbers
        .iter()
        .map(|day| t.named("rhythm-weekday", &day.to_string()));
    t.with("rhythm-weekdays", "weekdays", joined(t, names.collect()))
}

fn months(t: Texts, cron: &Cron) -> String {
    let count = cron.months().iter().count();
    if count == 12 {
        return String::new();
    }
    let names = cron.months().iter();
    let names = names.map(|month| t.named("rhythm-month", &month.to_string()));
    let months = joined(t, names.collect());
    let places = [("n", (count as u64).into()), ("months", months.into())];
    t.filled("rhythm-months", places)
}

fn is_all(numbers: Numbers, end: u8) -> bool {
    numbers.iter().count() == usize::from(end)
}

/// The step of numbers that come at even distances around the clock: more than one, fewer than all.
fn every(numbers: Numbers, end: u8) -> Option<u8> {
    let count = u8::try_from(numbers.iter().count()).unwrap_or(end);
    let step = (2..end).contains(&count).then(|| end / count)?;
    let even = (0..count).all(|index| numbers.has(index * step));
    (even && step * count == end && step > 1).then_some(step)
}

/// Numbers as ranges from the first to the last of those that follow each other.
fn ranges(numbers: Numbers) -> Vec<(u8, u8)> {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for number in numbers.iter() {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

fn written(ranges: &[(u8, u8)], write: impl Fn(u8) -> String) -> Vec<String> {
    let range = |(from, to): &(u8, u8)| match to - from {
        0 => vec![write(*from)],
        1 => vec![write(*from), write(*to)],
        _ => vec![format!("{}–{}", write(*from), write(*to))],
    };
    ranges.iter().flat_map(range).collect()
}

fn listed_minutes(t: Texts, minutes: Numbers) -> String {
    let minutes = minutes.iter().map(|minute| format!(":{minute:02}"));
    joined(t, minutes.collect())
}

fn clock(hour: u8, minute: u8) -> String {
    format!("{hour:02}:{minute:02}")
}

/// "a, b and c" in the language.
fn joined(t: Texts, mut parts: Vec<String>) -> String {
    let Some(last) = parts.pop() else {
        return String::new();
    };
    if parts.is_empty() {
        return last;
    }
    let places = [("first", parts.join(", ").into()), ("last", last.into())];
    t.filled("rhythm-and", places)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cron: &str, english: &str, russian: &str, uzbek: &str) {
        let parsed = Cron::parse(cron).unwrap();
        let found = ["en", "ru", "uz"].map(|code| describe(&parsed, code).unwrap());
        assert_eq!(found, [english, russian, uzbek], "{cron}");
    }

    #[test]
    fn common_schedules_read_naturally() {
        check("* * * * *", "Every minute", "Каждую минуту", "Har daqiqada");
        check(
            "*/5 * * * *",
            "Every 5 minutes",
            "Каждые 5 минут",
            "Har 5 daqiqada",
        );
        check(
            "*/2 * * * *",
            "Every 2 minutes",
            "Каждые 2 минуты",
            "Har 2 daqiqada",
        );
        check(
            "0 * * * *",
            "Every hour at :00",
            "Каждый час в :00",
            "Har soatning :00 daqiqasida",
        );
        check(
            "5,20,35 * * * *",
            "Every hour at :05, :20 and :35",
            "Каждый час в :05, :20 и :35",
            "Har soatning :05, :20 va :35 daqiqasida",
        );
        check(
            "0 9 * * *",
            "At 09:00 every day",
            "В 09:00 каждый день",
            "Har kuni soat 09:00 da",
        );
        check(
            "0 9 * * 1-5",
            "At 09:00 from Monday to Friday",
            "В 09:00 с понедельника по пятницу",
            "Dushanbadan jumagacha soat 09:00 da",
        );
        check(
            "30 8,20 * * 1,3,0",
            "At 08:30 and 20:30 on Mondays, Wednesdays and Sundays",
            "В 08:30 и 20:30 по понедельникам, средам и воскресеньям",
            "Dushanba, chorshanba va yakshanba kunlari soat 08:30 va 20:30 da",
        );
        check(
            "*/15 9-17 * * 1-5",
            "Every 15 minutes from 09:00 to 17:59 from Monday to Friday",
            "Каждые 15 минут с 09:00 до 17:59 с понедельника по пятницу",
            "Dushanbadan jumagacha har 15 daqiqada 09:00 dan 17:59 gacha",
        );
    }

    #[test]
    fn days_and_months_are_told() {
        check(
            "0 9 1 * *",
            "At 09:00 on day 1 of the month",
            "В 09:00 1 числа",
            "Oyning 1-kuni soat 09:00 da",
        );
        check(
            "0 0 1-7,15 1,7 *",
            "At 00:00 on days 1–7 and 15 of the month in January and July",
            "В 00:00 1–7 и 15 числа в январе и июле",
            "Yanvar va iyul oylarida oyning 1–7 va 15-kunlari soat 00:00 da",
        );
        check(
            "0 12 1 * mon",
            "At 12:00 on day 1 of the month or on Mondays",
            "В 12:00 1 числа или по понедельникам",
            "Oyning 1-kuni yoki dushanba kunlari soat 12:00 da",
        );
        check(
            "0 12 * 2 6,7",
            "At 12:00 on Saturdays and Sundays in February",
            "В 12:00 по субботам и воскресеньям в феврале",
            "Fevral oyida shanba va yakshanba kunlari soat 12:00 da",
        );
    }

    #[test]
    fn what_cannot_be_listed_is_told_by_how_often_it_comes() {
        check(
            "0 */2 * * *",
            "Every 2 hours at :00",
            "Каждые 2 часа в :00",
            "Har 2 soatda :00 daqiqasida",
        );
        check(
            "30 */6 * * 1",
            "Every 6 hours at :30 on Mondays",
            "Каждые 6 часов в :30 по понедельникам",
            "Dushanba kunlari har 6 soatda :30 daqiqasida",
        );
        check(
            "1-59/2 * * * *",
            "30 times an hour",
            "30 раз в час",
            "Soatiga 30 marta",
        );
        check(
            "* 1,5-7,9 * * *",
            "Every minute in the hours 01, 05–07 and 09 every day",
            "Каждую минуту в часы 01, 05–07 и 09 каждый день",
            "Har kuni har daqiqada soat 01, 05–07 va 09 da",
        );
    }

    #[test]
    fn every_expression_has_a_sentence_without_gaps() {
        for minute in ["*", "0", "*/7", "3-40", "1,2,9"] {
            for hour in ["*", "4", "*/5", "8-18/3", "0,1,2,3,22"] {
                for day in ["*", "31", "*/2"] {
                    for month in ["*", "12", "1-11"] {
                        for weekday in ["*", "5", "0-6"] {
                            let text = format!("{minute} {hour} {day} {month} {weekday}");
                            let Ok(cron) = Cron::parse(&text) else {
                                continue;
                            };
                            for (code, _) in Locale::ALL {
                                let sentence = describe(&cron, code).unwrap();
                                let broken = ["{", "Unknown", "  ", "$", " ,"];
                                let broken = broken.iter().find(|part| sentence.contains(*part));
                                assert_eq!(broken, None, "{text}: {sentence}");
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(describe(&Cron::parse("@daily").unwrap(), "fr"), None);
    }
}
