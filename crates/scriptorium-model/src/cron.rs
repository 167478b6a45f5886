//! The language of cron expressions: five fields of numbers, names, lists, ranges and steps, or a word
//! such as `@daily` (R-CRON-01, X-22). What an expression means on a clock is in [`crate::calendar`].

use jiff::civil::Date;

use crate::Invalid;

/// A cron expression that was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Numbers,
    hours: Numbers,
    days: Numbers,
    months: Numbers,
    weekdays: Numbers,
    days_named: bool,
    weekdays_named: bool,
    interval: bool,
}

/// Numbers that a field allows, each a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers(u64);

/// What may stand in one of the five places.
struct Field {
    name: &'static str,
    min: u8,
    max: u8,
    /// Words for its numbers, from `min` on.
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    field("minute", 0, 59, &[]),
    field("hour", 0, 23, &[]),
    field("day", 1, 31, &[]),
    field(
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    // Sunday is 0, and 7 as well.
    field(
        "weekday",
        0,
        7,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

const fn field(name: &'static str, min: u8, max: u8, words: &'static [&'static str]) -> Field {
    Field {
        name,
        min,
        max,
        words,
    }
}

/// Words for whole expressions, and what they stand for.
const SHORT: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The field of a definition that an expression stands in.
const PLACE: &str = "schedule.cron";

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// `schedule.cron`, with the part of it, the character and what is expected there; `never` when it
    /// names only dates that no calendar has.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let written = text.trim_matches([' ', '\t']);
        if written.is_empty() {
            return Err(Invalid::field(PLACE, "required", "is required"));
        }
        let cron = if written.starts_with('@') {
            let known = SHORT.iter().find(|(word, _)| *word == written);
            let (_, meaning) = known.ok_or_else(|| unknown_word(written))?;
            Self::of_fields(meaning)?
        } else {
            Self::of_fields(text)?
        };
        if cron.is_possible() {
            Ok(cron)
        } else {
            let message = "names a date that never comes";
            Err(Invalid::field(PLACE, "never", message))
        }
    }

    fn of_fields(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.split([' ', '\t']).filter(|p| !p.is_empty()).collect();
        let Ok([minute, hour, day, month, weekday]) = <[&str; 5]>::try_from(parts) else {
            let message = "must have five fields: minute hour day month weekday";
            return Err(Invalid::field(PLACE, "bad_cron", message));
        };
        let read = |place: usize, part: &str| {
            let field = &FIELDS[place];
            let wrong = |wrong: Wrong<'_>| wrong.refusal(field, text);
            field.numbers(part).map_err(wrong)
        };
        Ok(Self {
            minutes: read(0, minute)?,
            hours: read(1, hour)?,
            days: read(2, day)?,
            months: read(3, month)?,
            weekdays: read(4, weekday)?.with_sunday_as_zero(),
            days_named: day != "*",
            weekdays_named: weekday != "*",
            interval: minute.contains(['*', '/']) || hour.contains(['*', '/']),
        })
    }

    /// Minutes of the hour.
    pub fn minutes(&self) -> Numbers {
        self.minutes
    }

    /// Hours of the day.
    pub fn hours(&self) -> Numbers {
        self.hours
    }

    /// Days of the month; `None` when the expression says `*`.
    pub fn days(&self) -> Option<Numbers> {
        self.days_named.then_some(self.days)
    }

    /// Months of the year.
    pub fn months(&self) -> Numbers {
        self.months
    }

    /// Days of the week from Sunday, which is 0; `None` when the expression says `*`.
    pub fn weekdays(&self) -> Option<Numbers> {
        self.weekdays_named.then_some(self.weekdays)
    }

    /// Whether it means "every so often" instead of times of day: it follows the clock through a
    /// change, and neither makes up for what is skipped nor leaves out what comes twice.
    pub fn is_interval(&self) -> bool {
        self.interval
    }

    /// Whether it runs on a date. A day of the month and a day of the week that are both named are
    /// alternatives.
    pub(crate) fn runs_on(&self, date: Date) -> bool {
        let day = self.days.has(date.day().unsigned_abs());
        let weekday = date.weekday().to_sunday_zero_offset().unsigned_abs();
        let weekday = self.weekdays.has(weekday);
        let either = self.days_named && self.weekdays_named;
        self.runs_in(date)
            && if either {
                day || weekday
            } else {
                day && weekday
            }
    }

    /// Whether it runs on any date of the month.
    pub(crate) fn runs_in(&self, date: Date) -> bool {
        self.months.has(date.month().unsigned_abs())
    }

    /// Whether the calendar has a date of it: some month is as long as its first day.
    fn is_possible(&self) -> bool {
        const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let first = self.days.first();
        let long_enough = |month: u8| LONGEST[usize::from(month) - 1] >= first;
        self.weekdays_named || self.months.iter().any(long_enough)
    }
}

impl Numbers {
    /// Whether a number is among them.
    pub fn has(self, number: u8) -> bool {
        self.0 >> number & 1 == 1
    }

    /// All of them, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |number| self.has(*number))
    }

    /// The least; a field allows at least one.
    pub(crate) fn first(self) -> u8 {
        self.0.trailing_zeros() as u8
    }

    /// The greatest.
    pub(crate) fn last(self) -> u8 {
        63 - self.0.leading_zeros() as u8
    }

    /// The least that is not below `number`.
    pub(crate) fn from(self, number: u8) -> Option<u8> {
        let rest = Self(self.0 & u64::MAX << number);
        (rest.0 != 0).then(|| rest.first())
    }

    /// The greatest that is not above `number`.
    pub(crate) fn until(self, number: u8) -> Option<u8> {
        let rest = Self(self.0 & u64::MAX >> (63 - number));
        (rest.0 != 0).then(|| rest.last())
    }

    fn add(&mut self, number: u8) {
        self.0 |= 1 << number;
    }

    fn with_sunday_as_zero(self) -> Self {
        Self(self.0 & 0x7f | self.0 >> 7 & 1)
    }
}

/// What cannot be read: which part of the text, and what should stand there.
struct Wrong<'a> {
    found: &'a str,
    expected: String,
    /// The least number that could stand there; the greatest is the field's.
    min: u8,
}

impl Field {
    /// The numbers of a list.
    fn numbers<'a>(&self, list: &'a str) -> Result<Numbers, Wrong<'a>> {
        let mut numbers = Numbers::default();
        for part in list.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, self.step(step)?),
                None => (part, 1),
            };
            let (first, last) = self.range(range)?;
            if range.len() < part.len() && range != "*" && !range.contains('-') {
                let expected = "a step needs * or a range before it, such as */5 or 10-40/5";
                return Err(self.wrong(part, expected.into()));
            }
            for number in (first..=last).step_by(step) {
                numbers.add(number);
            }
        }
        Ok(numbers)
    }

    /// The first and the last number of `*`, of a range or of a single number.
    fn range<'a>(&self, text: &'a str) -> Result<(u8, u8), Wrong<'a>> {
        if text == "*" {
            return Ok((self.min, self.max));
        }
        let Some((first, last)) = text.split_once('-') else {
            let number = self.number(text, text)?;
            return Ok((number, number));
        };
        let first = self.number(first, text)?;
        let last = match self.number(last, text)? {
            // A week that ends on Sunday.
            0 if first > 0
                && self
                    .words
                    .first()
                    .is_some_and(|w| w.eq_ignore_ascii_case(last)) =>
            {
                7
            }
            last => last,
        };
        if first <= last {
            return Ok((first, last));
        }
        let expected = "a range begins with the smaller number".into();
        Err(self.wrong(text, expected))
    }

    /// A number, or the word for one. Where nothing is written, what is around it is told.
    fn number<'a>(&self, text: &'a str, around: &'a str) -> Result<u8, Wrong<'a>> {
        let found = if text.is_empty() { around } else { text };
        let word = |word: &&str| word.eq_ignore_ascii_case(text);
        let named = self.words.iter().position(word);
        named
            .and_then(|index| u8::try_from(index).ok())
            .map(|index| self.min + index)
            .or_else(|| digits(text))
            .filter(|number| (self.min..=self.max).contains(number))
            .ok_or_else(|| self.wrong(found, self.expected()))
    }

    fn step<'a>(&self, text: &'a str) -> Result<usize, Wrong<'a>> {
        let step = digits(text).filter(|step| (1..=self.max).contains(step));
        step.map(usize::from).ok_or_else(|| Wrong {
            found: text,
            expected: format!("a step is 1 to {}", self.max),
            min: 1,
        })
    }

    fn wrong<'a>(&self, found: &'a str, expected: String) -> Wrong<'a> {
        Wrong {
            found,
            expected,
            min: self.min,
        }
    }

    fn expected(&self) -> String {
        let numbers = format!("must be {} to {}", self.min, self.max);
        match self.words {
            [] => numbers,
            [first, .., last] => format!("{numbers} or {first} to {last}"),
            [only] => format!("{numbers} or {only}"),
        }
    }
}

impl Wrong<'_> {
    /// `text` is the whole expression, of which `found` is a part.
    fn refusal(self, field: &Field, text: &str) -> Invalid {
        let offset = self.found.as_ptr() as usize - text.as_ptr() as usize;
        let at = text.get(..offset).unwrap_or_default().chars().count() + 1;
        let (name, expected) = (field.name, self.expected);
        let found = match self.found {
            "" => "nothing is there".to_owned(),
            found => format!("not `{found}`"),
        };
        let message = format!("{name}, character {at}: {expected}, and {found}");
        let mut invalid = Invalid::default();
        let error = invalid.push(PLACE, "bad_cron", message);
        error.with("part", name).with("at", at);
        error.with("min", self.min).with("max", field.max);
        invalid
    }
}

fn unknown_word(word: &str) -> Invalid {
    let known: Vec<&str> = SHORT.iter().map(|(word, _)| *word).collect();
    let message = match word {
        "@reboot" => "must be times: a schedule does not know when a server starts".to_owned(),
        _ => format!("must be five fields, or one of {}", known.join(", ")),
    };
    Invalid::field(PLACE, "bad_cron", message)
}

/// A number of ASCII digits.
fn digits(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}
