//! `Intl.DateTimeFormat`: what its options come to, and instants as text. Which offset holds when is
//! jiff's to say, names are ICU4X's, patterns are CLDR's.

mod field;
mod names;
mod skeleton;
mod write;
mod zone;

use serde::{Deserialize, Serialize};

use crate::choice::words;
use crate::data::Styles;
use crate::locale::{Found, Language, Tag};
use crate::number::unread;
use crate::part::{Part, joined};
use crate::{Locales, Options, Refusal};
use field::{Field, Item};
use skeleton::Skeleton;

/// Longest pattern that is read back, in bytes: far more than any has.
const PATTERN_BYTES: usize = 1000;

/// Which fields a format has when none is asked for, and which it may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `Intl.DateTimeFormat`: the date, unless anything is asked for.
    Format,
    /// `Date.prototype.toLocaleString`: date and time.
    Both,
    /// `toLocaleDateString`: a date in any case.
    Date,
    /// `toLocaleTimeString`: a time in any case.
    Time,
}

impl Purpose {
    /// Of the word that the prelude has for it.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "format" => Self::Format,
            "both" => Self::Both,
            "date" => Self::Date,
            "time" => Self::Time,
            _ => return None,
        })
    }
}

/// A resolved `Intl.DateTimeFormat`.
#[derive(Debug, Clone)]
pub struct DateTimeFormat {
    format: Format,
    items: Vec<Item>,
    zone: jiff::tz::TimeZone,
}

/// What is needed to write a date.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format {
    locale: Tag,
    time_zone: String,
    pattern: String,
}

/// What `resolvedOptions` gives.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resolved<'a> {
    locale: &'a Tag,
    calendar: &'static str,
    numbering_system: &'static str,
    time_zone: &'a str,
    #[serde(flatten)]
    hours: Option<Hours>,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hours {
    hour_cycle: HourCycle,
    hour12: bool,
}

/// Fields by name, or styles.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Shape {
    Styles(Chosen),
    Fields(serde_json::Map<String, serde_json::Value>),
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Chosen {
    #[serde(skip_serializing_if = "Option::is_none")]
    date_style: Option<Style>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_style: Option<Style>,
}

words!(Style { Full = "full", Long = "long", Medium = "medium", Short = "short" });
words!(HourCycle { H11 = "h11", H12 = "h12", H23 = "h23", H24 = "h24" });
words!(Name { Narrow = "narrow", Short = "short", Long = "long" });
words!(Number { Two = "2-digit", Numeric = "numeric" });
words!(Month {
    Two = "2-digit",
    Numeric = "numeric",
    Narrow = "narrow",
    Short = "short",
    Long = "long",
});
words!(ZoneName {
    Short = "short",
    Long = "long",
    ShortOffset = "shortOffset",
    LongOffset = "longOffset",
    ShortGeneric = "shortGeneric",
    LongGeneric = "longGeneric",
});
words!(Matcher { Basic = "basic", Best = "best fit" });

impl HourCycle {
    fn letter(self) -> char {
        match self {
            Self::H11 => 'K',
            Self::H12 => 'h',
            Self::H23 => 'H',
            Self::H24 => 'k',
        }
    }

    fn is_12(self) -> bool {
        matches!(self, Self::H11 | Self::H12)
    }
}

impl DateTimeFormat {
    /// What the options of the constructor come to: the format, and `resolvedOptions` as JSON.
    /// `zone` is the time zone of the run.
    ///
    /// # Errors
    ///
    /// A tag or an option is not what the standard allows, or does not go with another.
    pub fn resolve(
        locales: Locales<'_>,
        options: &Options,
        purpose: Purpose,
        zone: &str,
    ) -> Result<(Self, String), Refusal> {
        let mut found = locales.choose(options)?;
        found.keep_digits();
        if found.keyword("ca").as_deref() == Some("gregory") {
            found.keep("ca", "gregory");
        }
        options.kind("calendar")?;
        options.kind("numberingSystem")?;
        let language = Language::of(&found.tag);
        let cycle = read_cycle(options, &mut found, language)?;
        let (time_zone, zone) = match options.text("timeZone") {
            Some(name) => zone::find(name)?,
            None => zone::find(zone).or_else(|_| zone::find("UTC"))?,
        };
        let wanted = read_fields(options, cycle)?;
        options.word::<Matcher>("formatMatcher")?;
        let styles = Chosen {
            date_style: options.word("dateStyle")?,
            time_style: options.word("timeStyle")?,
        };
        let has_styles = styles.date_style.is_some() || styles.time_style.is_some();
        let mut items = if has_styles {
            if wanted != Skeleton::default() {
                return Err(Refusal::kind(
                    "Can't set fields when dateStyle or timeStyle is used",
                ));
            }
            styled(language, styles, purpose, cycle)?
        } else {
            skeleton::best(language, with_defaults(wanted, purpose, cycle))
        };
        for item in &mut items {
            if let Item::Field(field) = item
                && field.is_hour()
            {
                field.letter = cycle.letter();
            }
        }
        let format = Format {
            locale: found.into(),
            time_zone,
            pattern: field::pattern(&items),
        };
        let resolved = Resolved {
            locale: &format.locale,
            calendar: "gregory",
            numbering_system: "latn",
            time_zone: &format.time_zone,
            hours: has_hour(&items).then_some(Hours {
                hour_cycle: cycle,
                hour12: cycle.is_12(),
            }),
            shape: if has_styles {
                Shape::Styles(styles)
            } else {
                Shape::Fields(shown_fields(&items))
            },
        };
        let resolved = serde_json::to_string(&resolved).unwrap_or_default();
        let made = Self {
            format,
            items,
            zone,
        };
        Ok((made, resolved))
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It did not write that.
    pub fn from_json(json: &str) -> Result<Self, Refusal> {
        let format: Format = serde_json::from_str(json).map_err(|_| unread())?;
        if format.pattern.len() > PATTERN_BYTES {
            return Err(unread());
        }
        Ok(Self {
            items: field::items(&format.pattern).ok_or_else(unread)?,
            zone: zone::find(&format.time_zone)?.1,
            format,
        })
    }

    /// What is needed to write dates, as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.format).unwrap_or_default()
    }

    /// An instant in parts.
    ///
    /// # Errors
    ///
    /// It is too far from now: years go from -9999 to 9999.
    pub fn parts(&self, millis: f64) -> Result<Vec<Part>, Refusal> {
        write::parts(
            self.format.locale.language(),
            &self.items,
            &self.zone,
            millis,
        )
    }

    /// An instant as text.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parts`].
    pub fn format(&self, millis: f64) -> Result<String, Refusal> {
        self.parts(millis).map(|parts| joined(&parts))
    }
}

/// The hours of a format: `hour12` before `hourCycle` before the tag before the language.
fn read_cycle(
    options: &Options,
    found: &mut Found,
    language: Language,
) -> Result<HourCycle, Refusal> {
    let asked = options.word::<HourCycle>("hourCycle")?;
    let default = if language.hour() == 'h' {
        HourCycle::H12
    } else {
        HourCycle::H23
    };
    match options.flag("hour12") {
        Some(true) => return Ok(HourCycle::H12),
        Some(false) => return Ok(HourCycle::H23),
        None => {}
    }
    let tagged = match found.keyword("hc").as_deref() {
        Some("h11") => Some((HourCycle::H11, "h11")),
        Some("h12") => Some((HourCycle::H12, "h12")),
        Some("h23") => Some((HourCycle::H23, "h23")),
        Some("h24") => Some((HourCycle::H24, "h24")),
        _ => None,
    };
    if let Some((cycle, word)) = tagged
        && asked.is_none_or(|asked| asked == cycle)
    {
        found.keep("hc", word);
        return Ok(cycle);
    }
    Ok(asked.unwrap_or(default))
}

/// The fields that the options ask for.
fn read_fields(options: &Options, cycle: HourCycle) -> Result<Skeleton, Refusal> {
    let mut wanted = Skeleton::default();
    let mut put = |letter: char, length: Option<u8>| {
        if let Some(length) = length {
            wanted.put(Field { letter, length });
        }
    };
    let name = |name: &str| -> Result<Option<u8>, Refusal> {
        Ok(options.word(name)?.map(|name| match name {
            Name::Short => 3,
            Name::Long => 4,
            Name::Narrow => 5,
        }))
    };
    let number = |name: &str| -> Result<Option<u8>, Refusal> {
        Ok(options.word(name)?.map(|number| match number {
            Number::Numeric => 1,
            Number::Two => 2,
        }))
    };
    put('E', name("weekday")?);
    put('G', name("era")?);
    put('y', number("year")?);
    let month = options.word("month")?.map(|month| match month {
        Month::Numeric => 1,
        Month::Two => 2,
        Month::Short => 3,
        Month::Long => 4,
        Month::Narrow => 5,
    });
    put('M', month);
    put('d', number("day")?);
    put('B', name("dayPeriod")?);
    put(cycle.letter(), number("hour")?);
    put('m', number("minute")?);
    put('s', number("second")?);
    let fraction = options.integer("fractionalSecondDigits", 1, 3)?;
    put('S', fraction.map(|digits| digits as u8));
    if let Some(zone) = options.word("timeZoneName")? {
        let (letter, length) = match zone {
            ZoneName::Short => ('z', 1),
            ZoneName::Long => ('z', 4),
            ZoneName::ShortOffset => ('O', 1),
            ZoneName::LongOffset => ('O', 4),
            ZoneName::ShortGeneric => ('v', 1),
            ZoneName::LongGeneric => ('v', 4),
        };
        wanted.put(Field { letter, length });
    }
    Ok(wanted)
}

/// What is there when nothing of a kind was asked for.
fn with_defaults(mut wanted: Skeleton, purpose: Purpose, cycle: HourCycle) -> Skeleton {
    let (has_date, has_time) = (wanted.has_date(), wanted.has_time());
    let needs = match purpose {
        Purpose::Format | Purpose::Both => !has_date && !has_time,
        Purpose::Date => !has_date,
        Purpose::Time => !has_time,
    };
    let mut put = |letters: [char; 3]| {
        for letter in letters {
            wanted.put(Field { letter, length: 1 });
        }
    };
    if needs && purpose != Purpose::Time {
        put(['y', 'M', 'd']);
    }
    if needs && matches!(purpose, Purpose::Both | Purpose::Time) {
        put([cycle.letter(), 'm', 's']);
    }
    wanted
}

/// The pattern of styles.
fn styled(
    language: Language,
    styles: Chosen,
    purpose: Purpose,
    cycle: HourCycle,
) -> Result<Vec<Item>, Refusal> {
    let misplaced = match purpose {
        Purpose::Date if styles.time_style.is_some() => Some("timeStyle"),
        Purpose::Time if styles.date_style.is_some() => Some("dateStyle"),
        _ => None,
    };
    if let Some(name) = misplaced {
        return Err(Refusal::kind(format!("Invalid option : {name}")));
    }
    let dates = &language.table().dates;
    let read = |styles: &Styles, style: Style| field::items(styles.get(style)).unwrap_or_default();
    let date = styles.date_style.map(|style| read(&dates.date, style));
    let time = styles.time_style.map(|style| {
        let usual = read(&dates.time, style);
        if cycle.is_12() == (language.hour() == 'h') {
            return usual;
        }
        // The other hours: the same fields, by the pattern that the language has for those.
        let mut wanted = Skeleton::default();
        for item in &usual {
            match item {
                Item::Field(field) if field.is_hour() => wanted.put(Field {
                    letter: cycle.letter(),
                    length: field.length,
                }),
                Item::Field(field) if field.letter != 'a' => wanted.put(*field),
                _ => {}
            }
        }
        skeleton::best(language, wanted)
    });
    Ok(match (date, time) {
        (Some(date), Some(time)) => {
            let style = styles.date_style.unwrap_or(Style::Short);
            skeleton::glue(dates.glue.get(style), &date, &time)
        }
        (one, other) => one.or(other).unwrap_or_default(),
    })
}

impl Styles {
    fn get(&self, style: Style) -> &str {
        match style {
            Style::Full => &self.full,
            Style::Long => &self.long,
            Style::Medium => &self.medium,
            Style::Short => &self.short,
        }
    }
}

fn has_hour(items: &[Item]) -> bool {
    let is_hour = |item: &Item| matches!(item, Item::Field(field) if field.is_hour());
    items.iter().any(is_hour)
}

/// The fields of a pattern by the names of their options.
fn shown_fields(items: &[Item]) -> serde_json::Map<String, serde_json::Value> {
    const ORDER: [&str; 11] = [
        "weekday",
        "era",
        "year",
        "month",
        "day",
        "dayPeriod",
        "hour",
        "minute",
        "second",
        "fractionalSecondDigits",
        "timeZoneName",
    ];
    let shown = |name: &str| {
        items.iter().find_map(|item| match item {
            Item::Field(field) if field.option() == Some(name) => Some(field.value()),
            _ => None,
        })
    };
    let pairs = ORDER
        .into_iter()
        .filter_map(|name| Some((name, shown(name)?)));
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl Field {
    /// The option that asks for it; none does for half days.
    fn option(self) -> Option<&'static str> {
        match self.letter {
            'a' => None,
            'S' => Some("fractionalSecondDigits"),
            _ => Some(self.kind()),
        }
    }

    fn value(self) -> serde_json::Value {
        let word = match (self.letter, self.length) {
            ('S', digits) => return digits.into(),
            ('y' | 'M' | 'L' | 'd' | 'h' | 'H' | 'K' | 'k' | 'm' | 's', 1) => "numeric",
            ('y' | 'M' | 'L' | 'd' | 'h' | 'H' | 'K' | 'k' | 'm' | 's', 2) => "2-digit",
            ('O', 4) => "longOffset",
            ('O', _) => "shortOffset",
            ('v', 4) => "longGeneric",
            ('v', _) => "shortGeneric",
            (_, ..=3) => "short",
            (_, 4) => "long",
            _ => "narrow",
        };
        word.into()
    }
}
