//! The pattern for a set of fields, by the matching of UTS 35 as ICU does it: the nearest of a
//! language's patterns, its fields made as long as was asked for, and what it lacks put behind.

use std::sync::LazyLock;

use super::field::{Field, Item, items};
use crate::data::Dates;
use crate::locale::Language;

/// The places of a skeleton, from the largest unit to the smallest.
const ERA: usize = 0;
const YEAR: usize = 1;
const MONTH: usize = 2;
const WEEKDAY: usize = 3;
const DAY: usize = 4;
const DAY_PERIOD: usize = 5;
const HOUR: usize = 6;
const MINUTE: usize = 7;
const SECOND: usize = 8;
const FRACTION: usize = 9;
const ZONE: usize = 10;
const PLACES: usize = 11;

const DATE: u16 = (1 << DAY_PERIOD) - 1;
const TIME: u16 = ((1 << PLACES) - 1) ^ DATE;

/// How far kinds of fields are from each other; figures are ICU's.
const NARROW: i32 = -0x101;
const SHORT: i32 = -0x103;
const LONG: i32 = -0x104;
const NUMERIC: i32 = 0x100;
const STEP: i32 = 0x10;
const FIELD_TOO_MANY: i32 = 0x10000;
const FIELD_MISSING: i32 = 0x1000;

/// Fields without an order or text between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Skeleton([Option<Field>; PLACES]);

struct Candidate {
    skeleton: Skeleton,
    pattern: Vec<Item>,
    /// CLDR gave the skeleton with the pattern.
    specified: bool,
}

/// All patterns of a language.
struct Patterns(Vec<Candidate>);

impl Skeleton {
    pub(super) fn put(&mut self, field: Field) {
        if let Some(place) = place(field.letter) {
            self.0[place] = Some(field);
        }
    }

    pub(super) fn of(items: &[Item]) -> Self {
        let mut skeleton = Self::default();
        for item in items {
            if let Item::Field(field) = item {
                skeleton.put(*field);
            }
        }
        skeleton
    }

    /// Half days belong to hours that are counted to twelve, and to no others.
    fn settled(mut self) -> Self {
        match self.0[HOUR].map(|hour| hour.letter) {
            Some('h' | 'K') if self.0[DAY_PERIOD].is_none() => {
                self.0[DAY_PERIOD] = Some(Field {
                    letter: 'a',
                    length: 1,
                });
            }
            Some('H' | 'k') => self.0[DAY_PERIOD] = None,
            _ => {}
        }
        self
    }

    pub(super) fn has_date(&self) -> bool {
        [YEAR, MONTH, WEEKDAY, DAY]
            .iter()
            .any(|place| self.0[*place].is_some())
    }

    pub(super) fn has_time(&self) -> bool {
        (DAY_PERIOD..ZONE).any(|place| self.0[place].is_some())
    }

    fn kinds(&self) -> [i32; PLACES] {
        self.0.map(|field| field.map_or(0, kind))
    }

    fn mask(&self) -> u16 {
        let there = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, field)| field.is_some());
        there.fold(0, |mask, (place, _)| mask | 1 << place)
    }

    fn length(&self, place: usize) -> u8 {
        self.0[place].map_or(0, |field| field.length)
    }
}

/// The pattern for the fields that are asked for.
pub(super) fn best(language: Language, wanted: Skeleton) -> Vec<Item> {
    static PATTERNS: [LazyLock<Patterns>; 4] = [
        LazyLock::new(|| Patterns::of(Language::English)),
        LazyLock::new(|| Patterns::of(Language::BritishEnglish)),
        LazyLock::new(|| Patterns::of(Language::Russian)),
        LazyLock::new(|| Patterns::of(Language::Uzbek)),
    ];
    let search = Search {
        patterns: &PATTERNS[language.index()],
        dates: &language.table().dates,
        hour: language.hour(),
        decimal: if matches!(language, Language::English | Language::BritishEnglish) {
            "."
        } else {
            ","
        },
        wanted: wanted.settled(),
    };
    search.whole()
}

impl Language {
    /// The letter of the hours that its speakers prefer.
    pub(super) fn hour(self) -> char {
        if self == Self::English { 'h' } else { 'H' }
    }
}

impl Patterns {
    fn of(language: Language) -> Self {
        let dates = &language.table().dates;
        let mut patterns = Self(Vec::new());
        for letter in ["G", "y", "M", "E", "d", "a", "H", "m", "s", "S", "v"] {
            patterns.add(letter, None);
        }
        for styles in [&dates.date, &dates.time] {
            for style in [&styles.full, &styles.long, &styles.medium, &styles.short] {
                patterns.add(style, None);
            }
        }
        for (skeleton, pattern) in &dates.available {
            patterns.add(pattern, Some(skeleton));
        }
        patterns
    }

    /// What CLDR has a skeleton for replaces what was only derived from a pattern.
    fn add(&mut self, pattern: &str, given: Option<&str>) {
        // Weeks and quarters have no place here.
        let Some(pattern) = items(pattern) else {
            return;
        };
        let skeleton = match given.map(items) {
            Some(Some(given)) => Skeleton::of(&given),
            Some(None) => return,
            None => Skeleton::of(&pattern),
        };
        let skeleton = skeleton.settled();
        let candidate = Candidate {
            skeleton,
            pattern,
            specified: given.is_some(),
        };
        let same = self.0.iter_mut().find(|known| known.skeleton == skeleton);
        match same {
            Some(known) if candidate.specified && !known.specified => *known = candidate,
            Some(_) => {}
            None => self.0.push(candidate),
        }
    }
}

/// What a pattern lacks.
struct Nearest<'a> {
    candidate: &'a Candidate,
    missing: u16,
    has_too_many: bool,
}

struct Search<'a> {
    patterns: &'a Patterns,
    dates: &'a Dates,
    hour: char,
    decimal: &'static str,
    wanted: Skeleton,
}

impl Search<'_> {
    fn whole(&self) -> Vec<Item> {
        let Some(nearest) = self.nearest(u16::MAX) else {
            return Vec::new();
        };
        if nearest.missing == 0 && !nearest.has_too_many {
            return self.adjusted(nearest.candidate, false);
        }
        let mask = self.wanted.mask();
        let date = self.appending(mask & DATE);
        let time = self.appending(mask & TIME);
        match (date, time) {
            (None, None) => Vec::new(),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(date), Some(time)) => glue(self.glue_pattern(), &date, &time),
        }
    }

    fn glue_pattern(&self) -> &str {
        let glue = &self.dates.glue;
        match self.wanted.length(MONTH) {
            4 if self.wanted.0[WEEKDAY].is_some() => &glue.full,
            4 => &glue.long,
            3 => &glue.medium,
            _ => &glue.short,
        }
    }

    /// The nearest of all patterns, by the wanted fields of a mask.
    fn nearest(&self, mask: u16) -> Option<Nearest<'_>> {
        let wanted = self.wanted.kinds();
        let mut best: Option<(i32, Nearest<'_>)> = None;
        for candidate in &self.patterns.0 {
            let (mut distance, mut missing, mut has_too_many) = (0, 0_u16, false);
            for (place, theirs) in candidate.skeleton.kinds().into_iter().enumerate() {
                let ours = if mask & (1 << place) == 0 {
                    0
                } else {
                    wanted[place]
                };
                if ours == theirs {
                    continue;
                }
                if ours == 0 {
                    distance += FIELD_TOO_MANY;
                    has_too_many = true;
                } else if theirs == 0 {
                    distance += FIELD_MISSING;
                    missing |= 1 << place;
                } else {
                    distance += (ours - theirs).abs();
                }
            }
            let is_better = best.as_ref().is_none_or(|(least, nearest)| {
                distance < *least || (distance == *least && nearest.missing < missing)
            });
            if is_better {
                let nearest = Nearest {
                    candidate,
                    missing,
                    has_too_many,
                };
                best = Some((distance, nearest));
            }
        }
        best.map(|(_, nearest)| nearest)
    }

    /// The pattern of some of the wanted fields, with those that no pattern has put behind.
    fn appending(&self, mask: u16) -> Option<Vec<Item>> {
        if mask == 0 {
            return None;
        }
        let nearest = self.nearest(mask)?;
        let mut found = self.adjusted(nearest.candidate, false);
        let mut missing = nearest.missing;
        while missing != 0 {
            const SECONDS: u16 = 1 << SECOND | 1 << FRACTION;
            if missing & SECONDS == 1 << FRACTION && mask & SECONDS == SECONDS {
                let bare = Candidate {
                    skeleton: nearest.candidate.skeleton,
                    pattern: found,
                    specified: nearest.candidate.specified,
                };
                found = self.adjusted(&bare, true);
                missing &= !(1 << FRACTION);
                continue;
            }
            let next = self.nearest(missing)?;
            let covered = missing & !next.missing;
            if covered == 0 {
                break;
            }
            let top = (u16::BITS - 1 - covered.leading_zeros()) as usize;
            let more = self.adjusted(next.candidate, false);
            found = self.append(top, &found, &more);
            missing = next.missing;
        }
        Some(found)
    }

    fn append(&self, place: usize, before: &[Item], more: &[Item]) -> Vec<Item> {
        const NAMES: [(&str, &str); PLACES] = [
            ("Era", "era"),
            ("Year", "year"),
            ("Month", "month"),
            ("Day-Of-Week", "weekday"),
            ("Day", "day"),
            ("", ""),
            ("Hour", "hour"),
            ("Minute", "minute"),
            ("Second", "second"),
            ("", ""),
            ("Timezone", "zone"),
        ];
        let (item, field) = NAMES[place];
        let pattern = self
            .dates
            .append
            .get(item)
            .map_or("{0} {1}", String::as_str);
        let name = self.dates.fields.get(field).map_or("", String::as_str);
        let name = [Item::Text(name.to_owned())];
        fill(pattern, [before, more, &name])
    }

    /// A pattern with its fields as long as they are wanted.
    fn adjusted(&self, candidate: &Candidate, adds_fraction: bool) -> Vec<Item> {
        let mut adjusted = Vec::new();
        for item in &candidate.pattern {
            let Item::Field(field) = item else {
                adjusted.push(item.clone());
                continue;
            };
            let Some(place) = place(field.letter) else {
                continue;
            };
            let field = match self.wanted.0[place] {
                Some(wanted) => self.adjusted_field(candidate, place, *field, wanted),
                None => *field,
            };
            adjusted.push(Item::Field(field));
            if let (true, SECOND, Some(fraction)) = (adds_fraction, place, self.wanted.0[FRACTION])
            {
                adjusted.push(Item::Text(self.decimal.to_owned()));
                adjusted.push(Item::Field(fraction));
            }
        }
        adjusted
    }

    fn adjusted_field(
        &self,
        candidate: &Candidate,
        place: usize,
        field: Field,
        wanted: Field,
    ) -> Field {
        let wanted_length = match wanted {
            Field {
                letter: 'E',
                length,
            } => length.max(3),
            Field { length, .. } => length,
        };
        let mut length = wanted_length;
        if place == MINUTE || place == SECOND {
            length = field.length;
        } else if candidate.specified {
            let theirs = candidate.skeleton.length(place);
            let is_numeric = kind(field) > 0;
            if theirs == wanted_length || is_numeric != (kind(wanted) > 0) {
                length = field.length;
            }
        }
        let mut letter = match place {
            HOUR | MONTH | WEEKDAY | YEAR => field.letter,
            _ => wanted.letter,
        };
        if place == HOUR && wanted.letter == self.hour {
            letter = self.hour;
        }
        Field { letter, length }
    }
}

/// A pattern of date and time from both.
pub(super) fn glue(pattern: &str, date: &[Item], time: &[Item]) -> Vec<Item> {
    fill(pattern, [time, date, &[]])
}

/// A pattern with `{0}`, `{1}` and `{2}` replaced.
fn fill(pattern: &str, by: [&[Item]; 3]) -> Vec<Item> {
    let mut filled = Vec::new();
    let text = items(pattern).unwrap_or_default();
    for item in text {
        let Item::Text(text) = item else {
            filled.push(item);
            continue;
        };
        let mut rest = text.as_str();
        while let Some(at) = rest.find('{') {
            let (before, place) = rest.split_at(at);
            filled.push(Item::Text(before.to_owned()));
            let number = place
                .as_bytes()
                .get(1)
                .map_or(0, |byte| byte.wrapping_sub(b'0'));
            filled.extend_from_slice(by.get(usize::from(number)).copied().unwrap_or_default());
            rest = place.get(3..).unwrap_or_default();
        }
        filled.push(Item::Text(rest.to_owned()));
    }
    filled
}

fn place(letter: char) -> Option<usize> {
    Some(match letter {
        'G' => ERA,
        'y' => YEAR,
        'M' | 'L' => MONTH,
        'E' | 'c' => WEEKDAY,
        'd' => DAY,
        'a' | 'B' => DAY_PERIOD,
        'h' | 'H' | 'K' | 'k' => HOUR,
        'm' => MINUTE,
        's' => SECOND,
        'S' => FRACTION,
        'z' | 'O' | 'v' => ZONE,
        _ => return None,
    })
}

/// What sort a field is of: numbers are positive, names are not.
fn kind(field: Field) -> i32 {
    let length = i32::from(field.length);
    let name = match length {
        ..=3 => SHORT,
        4 => LONG,
        _ => NARROW,
    };
    match field.letter {
        'y' | 'd' | 'm' | 's' | 'S' | 'h' => NUMERIC + length,
        'K' => NUMERIC + STEP + length,
        'H' => NUMERIC + 10 * STEP + length,
        'k' => NUMERIC + 11 * STEP + length,
        'M' if length <= 2 => NUMERIC + length,
        'L' if length <= 2 => NUMERIC + STEP + length,
        'L' => name - STEP,
        'c' if length <= 2 => NUMERIC + 2 * STEP + length,
        'c' => name - 2 * STEP,
        'B' => name - 3 * STEP,
        'v' => name - 2 * STEP,
        'O' => name - STEP,
        _ => name,
    }
}
