//! The tables of `data/`, which are CLDR's (see `data/extract.mjs`): patterns, currencies, units.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::locale::Language;

/// What is said of one language.
#[derive(Deserialize)]
pub(crate) struct Table {
    pub(crate) numbers: Numbers,
    pub(crate) currencies: HashMap<String, Currency>,
    pub(crate) units: HashMap<String, Widths<Counted>>,
    pub(crate) dates: Dates,
}

/// By plural category; `other` is always there.
#[derive(Deserialize, Default)]
pub(crate) struct Counted {
    pub(crate) one: Option<String>,
    pub(crate) few: Option<String>,
    pub(crate) many: Option<String>,
    #[serde(default)]
    pub(crate) other: String,
    /// How the unit reads as what another is divided by.
    pub(crate) per: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Widths<T> {
    pub(crate) long: T,
    pub(crate) short: T,
    pub(crate) narrow: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Numbers {
    pub(crate) symbols: Symbols,
    pub(crate) percent: String,
    pub(crate) currency: String,
    pub(crate) accounting: String,
    pub(crate) currency_spacing: String,
    pub(crate) currency_names: Counted,
    /// From a thousand on, by power of ten.
    pub(crate) compact_long: Vec<Counted>,
    pub(crate) compact_short: Vec<Counted>,
    pub(crate) compact_currency: Vec<Counted>,
    pub(crate) compact_currency_letters: Vec<Counted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Symbols {
    pub(crate) plus_sign: String,
    pub(crate) minus_sign: String,
    pub(crate) percent_sign: String,
    pub(crate) exponential: String,
    pub(crate) infinity: String,
    pub(crate) nan: String,
}

#[derive(Deserialize)]
pub(crate) struct Currency {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) names: Counted,
    pub(crate) symbol: Option<String>,
    pub(crate) narrow: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dates {
    pub(crate) date: Styles,
    pub(crate) time: Styles,
    pub(crate) glue: Styles,
    /// Patterns by skeleton.
    pub(crate) available: BTreeMap<String, String>,
    /// How a field that no pattern has is put behind one: by its name in CLDR.
    pub(crate) append: HashMap<String, String>,
    /// Names of the fields.
    pub(crate) fields: HashMap<String, String>,
    /// Names of the parts of a day, by width.
    pub(crate) day_periods: HashMap<String, HashMap<String, String>>,
}

#[derive(Deserialize)]
pub(crate) struct Styles {
    pub(crate) full: String,
    pub(crate) long: String,
    pub(crate) medium: String,
    pub(crate) short: String,
}

/// What is the same in all languages, or kept for all in one place.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shared {
    /// Minor digits of the currencies that do not have two.
    pub(crate) currency_digits: HashMap<String, u8>,
    /// When the parts of a day are, by language.
    pub(crate) day_periods: HashMap<String, BTreeMap<String, DayPeriod>>,
}

#[derive(Deserialize)]
pub(crate) struct DayPeriod {
    #[serde(rename = "_from")]
    pub(crate) from: Option<String>,
    #[serde(rename = "_before")]
    pub(crate) before: Option<String>,
}

impl Counted {
    /// The form of a category.
    pub(crate) fn get(&self, category: icu_plurals::PluralCategory) -> &str {
        use icu_plurals::PluralCategory::{Few, Many, One};
        let form = match category {
            One => self.one.as_deref(),
            Few => self.few.as_deref(),
            Many => self.many.as_deref(),
            _ => None,
        };
        form.unwrap_or(&self.other)
    }
}

impl Language {
    pub(crate) fn table(self) -> &'static Table {
        static TABLES: [LazyLock<Table>; 4] = [
            LazyLock::new(|| read(include_str!("../data/en.json"))),
            LazyLock::new(|| read(include_str!("../data/en-GB.json"))),
            LazyLock::new(|| read(include_str!("../data/ru.json"))),
            LazyLock::new(|| read(include_str!("../data/uz.json"))),
        ];
        &TABLES[self.index()]
    }
}

pub(crate) fn shared() -> &'static Shared {
    static SHARED: LazyLock<Shared> = LazyLock::new(|| read(include_str!("../data/shared.json")));
    &SHARED
}

#[expect(
    clippy::expect_used,
    reason = "the tables are part of the program, and a test reads each of them"
)]
fn read<T: for<'a> Deserialize<'a>>(json: &str) -> T {
    serde_json::from_str(json).expect("a table of data/ is as its type has it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_whole() {
        for language in Language::ALL {
            let table = language.table();
            assert_eq!(table.numbers.compact_long.len(), 12);
            assert!(table.currencies.contains_key("UZS"));
            assert!(table.units.values().all(|unit| !unit.long.other.is_empty()));
        }
        assert_eq!(shared().currency_digits["JPY"], 0);
    }
}
