//! The rule of security.md 5.2, read word by word: walk UTC minute by minute, ask the zone what its
//! clocks show, and compare. It shares nothing with the product but the zone data, and is as slow
//! as it is plain; the product is held against it around every clock change of every zone from 1970
//! to 2037 (CRON-02).

use std::collections::HashSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use scriptorium_model::calendar;
use scriptorium_model::schedule::{Schedule, Times};

/// What an expression allows, spelt out.
struct Pattern {
    text: &'static str,
    fields: [Vec<bool>; 5],
    interval: bool,
    either_day: bool,
}

/// Fixed and interval, at the hours where clocks change and far from them, on all kinds of days.
const PATTERNS: [&str; 40] = [
    "* * * * *",
    "*/15 * * * *",
    "*/7 * * * *",
    "0 * * * *",
    "59 * * * *",
    "0 */2 * * *",
    "0 */6 * * *",
    "30 1-3/2 * * *",
    "*/30 2 * * *",
    "*/20 0,23 * * *",
    "17 */5 */2 * *",
    "0-59/10 0-3 * * 0",
    "0 0 * * *",
    "1 0 * * *",
    "30 0 * * *",
    "59 23 * * *",
    "0 1 * * *",
    "30 1 * * *",
    "45 1 * * *",
    "0 2 * * *",
    "1 2 * * *",
    "15 2 * * *",
    "30 2 * * *",
    "59 2 * * *",
    "0 3 * * *",
    "30 3 * * *",
    "0 12 * * *",
    "0 9 * * 1-5",
    "0,30 0-4 * * *",
    "5,25,45 1,2 * * *",
    "10-20 2 * * *",
    "0 0 1 * *",
    "0 0 31 * *",
    "30 2 * 3,10 0",
    "0 0 1 1 *",
    "0 2 25-31 * *",
    "30 2 25-31 3,10 0",
    "0 0 * 4,9 *",
    "15 0,1,2,3,23 * * 6,0",
    "0 0 29 2 *",
];

impl Pattern {
    fn new(text: &'static str) -> Self {
        let parts: Vec<&str> = text.split(' ').collect();
        let ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
        let fields = std::array::from_fn(|place| {
            let (min, max) = ranges[place];
            let mut allowed = vec![false; max + 1];
            for part in parts[place].split(',') {
                let (range, step) = part.split_once('/').unwrap_or((part, "1"));
                let (from, to) = match range.split_once('-') {
                    Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
                    None if range == "*" => (min, max),
                    None => (range.parse().unwrap(), range.parse().unwrap()),
                };
                let mut number: usize = from;
                while number <= to {
                    allowed[number] = true;
                    number += step.parse::<usize>().unwrap();
                }
            }
            allowed
        });
        let clock = format!("{} {}", parts[0], parts[1]);
        Self {
            text,
            fields,
            interval: clock.contains('*') || clock.contains('/'),
            either_day: parts[2] != "*" && parts[4] != "*",
        }
    }

    fn matches(&self, shown: DateTime) -> bool {
        let [minutes, hours, days, months, weekdays] = &self.fields;
        let weekday = shown.weekday().to_sunday_zero_offset() as usize;
        let (day, weekday) = (days[shown.day() as usize], weekdays[weekday]);
        minutes[shown.minute() as usize]
            && hours[shown.hour() as usize]
            && months[shown.month() as usize]
            && if self.either_day {
                day || weekday
            } else {
                day && weekday
            }
    }
}

/// Two and a half days before a window: no clock shows again what it showed before that.
const BEFORE: i64 = 60 * 60;
/// How far a window goes to either side of a change.
const AROUND: i64 = 30 * 60;

/// What the clocks of a zone show, minute by minute, around one change.
struct Window {
    first: i64,
    shown: Vec<DateTime>,
    /// Minutes whose local time was not there before.
    new: Vec<bool>,
}

impl Window {
    fn around(zone: &TimeZone, change: Timestamp) -> Self {
        let middle = change.as_second().div_euclid(60);
        let first = middle - AROUND - BEFORE;
        let minutes = first..middle + AROUND;
        let shown: Vec<DateTime> = minutes
            .map(|minute| {
                let instant = Timestamp::from_second(minute * 60).unwrap();
                let shown = zone.to_datetime(instant);
                shown.with().second(0).build().unwrap()
            })
            .collect();
        let mut seen = HashSet::new();
        let new = shown.iter().map(|shown| seen.insert(*shown)).collect();
        Self { first, shown, new }
    }

    /// The minutes at which a pattern runs, in the part of the window that can be known.
    fn runs(&self, pattern: &Pattern) -> Vec<i64> {
        let known = BEFORE as usize..self.shown.len();
        let runs = known.filter(|&index| {
            let shown = self.shown[index];
            if pattern.interval {
                return pattern.matches(shown);
            }
            let mut skipped = self.shown[index - 1] + 1.minute();
            while skipped < shown {
                if pattern.matches(skipped) {
                    return true;
                }
                skipped += 1.minute();
            }
            pattern.matches(shown) && self.new[index]
        });
        runs.map(|index| self.first + index as i64).collect()
    }
}

/// A generator of its own, so that the same instants are asked every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// What was compared.
#[derive(Debug, Default)]
struct Compared {
    zones: usize,
    changes: usize,
    instants: usize,
}

/// Compares a pattern with the product at random instants of a window, in both directions, and at each run
/// and beside it.
fn compare(window: &Window, pattern: &Pattern, times: &Times, dice: &mut Dice) -> usize {
    let runs = window.runs(pattern);
    let start = window.first + BEFORE;
    let end = window.first + window.shown.len() as i64 - 1;
    let mut asked: Vec<i64> = (0..24)
        .map(|_| start + dice.roll((end - start) as usize) as i64)
        .collect();
    for run in runs.iter().take(12) {
        asked.extend([run - 1, *run, run + 1]);
    }
    let mut instants = 0;
    for minute in asked
        .into_iter()
        .filter(|minute| (start..=end).contains(minute))
    {
        // Somewhere within the minute.
        let seconds = minute * 60 + [0, 0, 1, 59][dice.roll(4)];
        let instant = Timestamp::from_second(seconds).unwrap();
        let expected = runs.iter().find(|run| **run > minute);
        let found = times.next_after(instant).map(|at| at.as_second());
        let context = || format!("{} at {instant}", pattern.text);
        match expected {
            Some(run) => assert_eq!(found, Some(run * 60), "next: {}", context()),
            None => assert!(found.is_none_or(|at| at > end * 60), "next: {}", context()),
        }
        let expected = runs.iter().rev().find(|run| **run <= minute);
        let found = times.latest_until(instant).map(|at| at.as_second());
        match expected {
            Some(run) => assert_eq!(found, Some(run * 60), "latest: {}", context()),
            None => assert!(
                found.is_none_or(|at| at < start * 60),
                "latest: {}",
                context()
            ),
        }
        instants += 1;
    }
    instants
}

/// Compares around every `stride`th change of all zones, each with some of the patterns.
fn compare_all(stride: usize, patterns_each: usize) -> Compared {
    let patterns = PATTERNS.map(Pattern::new);
    let from: Timestamp = "1970-01-08T00:00Z".parse().unwrap();
    let until: Timestamp = "2037-12-25T00:00Z".parse().unwrap();
    let (mut compared, mut dice, mut turn) = (Compared::default(), Dice(0x9e37_79b9_7f4a_7c15), 0);
    let mut zones = calendar::zones();
    zones.sort();
    for name in zones {
        let zone = calendar::zone(&name).unwrap();
        let mut times = Vec::new();
        for pattern in &patterns {
            let (cron, timezone) = (pattern.text, name.clone());
            times.push(Schedule::new(cron, timezone).times().unwrap());
        }
        let changes = zone.following(from).map(|change| change.timestamp());
        // A zone without changes is asked as well, around an ordinary day.
        let ordinary = from + SignedDuration::from_hours(24 * 365 * 40);
        let changes = changes.take_while(|at| *at < until).chain([ordinary]);
        for change in changes {
            turn += 1;
            if turn % stride != 0 {
                continue;
            }
            let window = Window::around(&zone, change);
            for _ in 0..patterns_each {
                let index = dice.roll(patterns.len());
                compared.instants += compare(&window, &patterns[index], &times[index], &mut dice);
            }
            compared.changes += 1;
        }
        compared.zones += 1;
    }
    compared
}

#[test]
fn the_oracle_reads_the_rule() {
    let zone = calendar::zone("Europe/Stockholm").unwrap();
    let spring: Timestamp = "2026-03-29T01:00Z".parse().unwrap();
    let runs = Window::around(&zone, spring).runs(&Pattern::new("30 2 * * *"));
    let runs: Vec<String> = runs
        .iter()
        .map(|run| Timestamp::from_second(run * 60).unwrap().to_string())
        .collect();
    assert_eq!(
        runs,
        [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:30:00Z"
        ]
    );
}

#[test]
fn a_sample_of_all_clock_changes_is_as_the_oracle_says() {
    let compared = compare_all(211, 3);
    assert!(compared.instants > 10_000, "{compared:?}");
}

/// `make cron`: a few minutes.
#[test]
#[ignore = "minutes; make cron"]
fn every_clock_change_of_every_zone_is_as_the_oracle_says() {
    let compared = compare_all(1, 2);
    println!("{compared:?}");
    assert!(compared.instants > 1_000_000, "{compared:?}");
}
