//! `Intl.NumberFormat`: what its options come to, and numbers as text.

mod digits;
mod pattern;
mod value;
mod write;

use serde::{Deserialize, Serialize};

pub(crate) use digits::Digits;
pub(crate) use value::Exact;
pub use value::Value;
pub(crate) use write::whole;

use crate::choice::words;
use crate::data::shared;
use crate::locale::Tag;
use crate::part::{Part, joined};
use crate::{Locales, Options, Refusal, shown};

/// A resolved `Intl.NumberFormat`; as JSON it is what `resolvedOptions` gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberFormat {
    locale: Tag,
    numbering_system: Latin,
    style: Style,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_display: Option<CurrencyDisplay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_sign: Option<CurrencySign>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_display: Option<UnitDisplay>,
    #[serde(flatten)]
    digits: Digits,
    use_grouping: Grouping,
    notation: Notation,
    #[serde(skip_serializing_if = "Option::is_none")]
    compact_display: Option<CompactDisplay>,
    sign_display: SignDisplay,
}

words!(
    /// The only digits there are.
    Latin { Latn = "latn" }
);
words!(Style { Decimal = "decimal", Percent = "percent", Currency = "currency", Unit = "unit" });
words!(CurrencyDisplay { Code = "code", Symbol = "symbol", Narrow = "narrowSymbol", Name = "name" });
words!(CurrencySign { Standard = "standard", Accounting = "accounting" });
words!(UnitDisplay { Short = "short", Narrow = "narrow", Long = "long" });
words!(Notation {
    Standard = "standard",
    Scientific = "scientific",
    Engineering = "engineering",
    Compact = "compact",
});
words!(CompactDisplay { Short = "short", Long = "long" });
words!(SignDisplay {
    Auto = "auto",
    Never = "never",
    Always = "always",
    ExceptZero = "exceptZero",
    Negative = "negative",
});

/// Whether thousands are set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Grouping {
    Chosen(GroupingWord),
    /// `false`: never.
    Flag(bool),
}

words!(GroupingWord { Min2 = "min2", Auto = "auto", Always = "always" });
words!(
    /// Truth values as texts mean the default.
    GroupingText {
        Min2 = "min2",
        Auto = "auto",
        Always = "always",
        True = "true",
        False = "false",
    }
);

impl NumberFormat {
    /// What the options of the constructor come to.
    ///
    /// # Errors
    ///
    /// A tag or an option is not what the standard allows.
    pub fn resolve(locales: Locales<'_>, options: &Options) -> Result<Self, Refusal> {
        let mut found = locales.choose(options)?;
        found.keep_digits();
        options.kind("numberingSystem")?;
        let style = options.word("style")?.unwrap_or(Style::Decimal);
        let is_currency = style == Style::Currency;
        let currency = read_currency(options, is_currency)?;
        let currency_display = options.word("currencyDisplay")?;
        let currency_sign = options.word("currencySign")?;
        let unit = read_unit(options, style == Style::Unit)?;
        let unit_display = options.word("unitDisplay")?;
        let notation = options.word("notation")?.unwrap_or(Notation::Standard);
        let (least, most) = match (style, notation) {
            (Style::Currency, Notation::Standard) => {
                let minor = minor_digits(currency.as_deref().unwrap_or_default());
                (minor, minor)
            }
            (Style::Currency | Style::Percent, _) => (0, 0),
            _ => (0, 3),
        };
        let is_compact = notation == Notation::Compact;
        let digits = Digits::resolve(options, least, most, is_compact)?;
        let compact_display = options.word("compactDisplay")?;
        let use_grouping = read_grouping(options, is_compact)?;
        let sign_display = options.word("signDisplay")?.unwrap_or(SignDisplay::Auto);
        Ok(Self {
            locale: found.into(),
            numbering_system: Latin::Latn,
            style,
            currency: currency.filter(|_| is_currency),
            currency_display: is_currency
                .then_some(currency_display.unwrap_or(CurrencyDisplay::Symbol)),
            currency_sign: is_currency.then_some(currency_sign.unwrap_or(CurrencySign::Standard)),
            unit: unit.filter(|_| style == Style::Unit),
            unit_display: (style == Style::Unit)
                .then_some(unit_display.unwrap_or(UnitDisplay::Short)),
            digits,
            use_grouping,
            notation,
            compact_display: is_compact.then_some(compact_display.unwrap_or(CompactDisplay::Short)),
            sign_display,
        })
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It did not write that.
    pub fn from_json(json: &str) -> Result<Self, Refusal> {
        let read: Self = serde_json::from_str(json).map_err(|_| unread())?;
        read.digits.check()?;
        let is_code = |code: &String| is_currency_code(code);
        let is_unit = |unit: &String| is_unit(unit);
        if !read.currency.iter().all(is_code) || !read.unit.iter().all(is_unit) {
            return Err(unread());
        }
        Ok(read)
    }

    /// The resolved options as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A number in parts.
    pub fn parts(&self, value: &Value) -> Vec<Part> {
        write::parts(self, value)
    }

    /// A number as text.
    pub fn format(&self, value: &Value) -> String {
        joined(&self.parts(value))
    }
}

/// A description that this crate did not write.
pub(crate) fn unread() -> Refusal {
    Refusal::kind("the format cannot be read")
}

fn read_currency(options: &Options, needed: bool) -> Result<Option<String>, Refusal> {
    match options.text("currency") {
        Some(code) if is_currency_code(code) => Ok(Some(code.to_ascii_uppercase())),
        Some(code) => Err(Refusal::range(format!(
            "Invalid currency code : {}",
            shown(code)
        ))),
        None if needed => Err(Refusal::kind(
            "Currency code is required with currency style.",
        )),
        None => Ok(None),
    }
}

fn is_currency_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn minor_digits(currency: &str) -> u8 {
    let unlike = shared().currency_digits.get(currency);
    unlike.copied().unwrap_or(2)
}

fn read_unit(options: &Options, needed: bool) -> Result<Option<String>, Refusal> {
    match options.text("unit") {
        Some(unit) if is_unit(unit) => Ok(Some(unit.to_owned())),
        Some(unit) => Err(Refusal::range(format!(
            "Invalid unit argument for Intl.NumberFormat() '{}'",
            shown(unit)
        ))),
        None if needed => Err(Refusal::kind("Unit is required with unit style.")),
        None => Ok(None),
    }
}

/// One of the units of the standard, or one of them per another.
fn is_unit(unit: &str) -> bool {
    let units = &crate::locale::Language::English.table().units;
    let simple =
        |name: &str| !name.contains("per") && units.contains_key(name) || name == "percent";
    simple(unit)
        || unit
            .split_once("-per-")
            .is_some_and(|(of, per)| simple(of) && simple(per))
}

fn read_grouping(options: &Options, is_compact: bool) -> Result<Grouping, Refusal> {
    let default = if is_compact {
        GroupingWord::Min2
    } else {
        GroupingWord::Auto
    };
    match options.flag("useGrouping") {
        Some(true) => return Ok(Grouping::Chosen(GroupingWord::Always)),
        Some(false) => return Ok(Grouping::Flag(false)),
        None => {}
    }
    Ok(Grouping::Chosen(match options.word("useGrouping")? {
        Some(GroupingText::Min2) => GroupingWord::Min2,
        Some(GroupingText::Auto) => GroupingWord::Auto,
        Some(GroupingText::Always) => GroupingWord::Always,
        Some(GroupingText::True | GroupingText::False) | None => default,
    }))
}
