//! A number in parts: digits by ICU4X, and around them what CLDR's patterns have.

use std::sync::LazyLock;

use fixed_decimal::UnsignedDecimal;
use icu_decimal::DecimalFormatter;
use icu_decimal::options::GroupingStrategy;
use icu_decimal::parts as icu;
use icu_plurals::{PluralCategory, PluralOperands};
use writeable::Writeable as _;

use super::digits::is_negative;
use super::pattern::{Piece, pieces, whole_digits};
use super::{
    CompactDisplay, CurrencyDisplay, CurrencySign, Exact, Grouping, GroupingWord, Notation,
    NumberFormat, SignDisplay, Style, UnitDisplay, Value,
};
use crate::data::{Counted, Currency, Numbers, Table};
use crate::locale::Language;
use crate::part::{Part, Sink, add};
use crate::plural::{Kind, category};

/// The digits to write, after rounding.
enum Digits {
    NaN,
    Infinite,
    Number {
        /// Without its sign, divided by the power of ten.
        digits: UnsignedDecimal,
        power: i16,
    },
}

struct Rounded {
    digits: Digits,
    negative: bool,
    zero: bool,
    /// For compact numbers: the place of the first digit.
    magnitude: i16,
}

/// Which sign is written.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    None,
    Minus,
    Plus,
}

pub(super) fn parts(format: &NumberFormat, value: &Value) -> Vec<Part> {
    let language = format.locale.language();
    let rounded = round(format, language.table(), value);
    let (standing, counted) = plural(language, &rounded.digits);
    let writer = Writer {
        format,
        table: language.table(),
        language,
        standing,
        counted,
        sign: sign(format.sign_display, &rounded),
        rounded,
    };
    writer.write()
}

/// A whole number as it is written within dates: no thousands, so many digits at least.
pub(crate) fn whole(language: Language, number: u32, least: u8) -> String {
    let mut digits = fixed_decimal::Decimal::from(number);
    digits.absolute.pad_start(i16::from(least));
    formatter(language, GroupingStrategy::Never).map_or_else(
        || digits.to_string(),
        |formatter| formatter.format(&digits).write_to_string().into_owned(),
    )
}

fn round(format: &NumberFormat, table: &Table, value: &Value) -> Rounded {
    let value = match value {
        Value::NaN => {
            return Rounded {
                digits: Digits::NaN,
                negative: false,
                zero: false,
                magnitude: 0,
            };
        }
        Value::Infinite { negative } => {
            return Rounded {
                digits: Digits::Infinite,
                negative: *negative,
                zero: false,
                magnitude: 0,
            };
        }
        Value::Exact(value) => value,
    };
    let mut value = Exact::clone(value);
    if format.style == Style::Percent {
        value.absolute.multiply_pow10(2);
    }
    let (rounded, power) = scale(format, table, &value);
    Rounded {
        negative: is_negative(&rounded),
        zero: rounded.absolute.is_zero(),
        magnitude: rounded.absolute.nonzero_magnitude_start() + power,
        digits: Digits::Number {
            digits: rounded.absolute,
            power,
        },
    }
}

/// The number divided by a power of ten, as the notation wants it, and rounded.
fn scale(format: &NumberFormat, table: &Table, value: &Exact) -> (Exact, i16) {
    let divided = |power: i16| {
        let mut value = value.clone();
        value.absolute.multiply_pow10(-power);
        format.digits.round(&value)
    };
    if value.absolute.is_zero() {
        return (divided(0), 0);
    }
    let magnitude = value.absolute.nonzero_magnitude_start();
    let power = power_of(format, table, magnitude);
    let rounded = divided(power);
    let carried = rounded.absolute.nonzero_magnitude_start() > magnitude - power;
    if rounded.absolute.is_zero() || !carried {
        return (rounded, power);
    }
    // 999,999 became 1,000 thousands: it is a million.
    let power = power_of(format, table, magnitude + 1);
    (divided(power), power)
}

fn power_of(format: &NumberFormat, table: &Table, magnitude: i16) -> i16 {
    match format.notation {
        Notation::Standard => 0,
        Notation::Scientific => magnitude,
        Notation::Engineering => magnitude.div_euclid(3) * 3,
        Notation::Compact => {
            let Some(row) = compact_row(&compact_patterns(format, &table.numbers)[..], magnitude)
            else {
                return 0;
            };
            let zeros = whole_digits(&row.other);
            if zeros == 0 || row.other == "0" {
                return 0;
            }
            magnitude.min(14) - zeros + 1
        }
    }
}

fn compact_patterns<'a>(format: &NumberFormat, numbers: &'a Numbers) -> &'a Vec<Counted> {
    match format.compact_display {
        Some(CompactDisplay::Long) => &numbers.compact_long,
        _ => &numbers.compact_short,
    }
}

fn compact_row(rows: &[Counted], magnitude: i16) -> Option<&Counted> {
    let index = usize::try_from(magnitude - 3).ok()?;
    rows.get(index).or(rows.last())
}

/// Of the digits as they stand, and of the number that they mean: `1,2 тысячи`, but `1,2 тысячи рублей`
/// as in 1200. The two differ for compact numbers only.
fn plural(language: Language, digits: &Digits) -> (PluralCategory, PluralCategory) {
    let Digits::Number { digits, power } = digits else {
        return (PluralCategory::Other, PluralCategory::Other);
    };
    let power = u8::try_from(*power).unwrap_or_default();
    let whole = PluralOperands::from_significand_and_exponent(digits, power);
    let of = |operands| category(language, Kind::Cardinal, operands);
    (of(PluralOperands::from(digits)), of(whole))
}

fn sign(display: SignDisplay, rounded: &Rounded) -> Shown {
    let is_nan = matches!(rounded.digits, Digits::NaN);
    match display {
        SignDisplay::Never => Shown::None,
        SignDisplay::Auto if rounded.negative => Shown::Minus,
        SignDisplay::Auto => Shown::None,
        SignDisplay::Always if rounded.negative => Shown::Minus,
        SignDisplay::Always => Shown::Plus,
        SignDisplay::ExceptZero if rounded.zero || is_nan => Shown::None,
        SignDisplay::ExceptZero if rounded.negative => Shown::Minus,
        SignDisplay::ExceptZero => Shown::Plus,
        SignDisplay::Negative if rounded.negative && !rounded.zero => Shown::Minus,
        SignDisplay::Negative => Shown::None,
    }
}

struct Writer<'a> {
    format: &'a NumberFormat,
    table: &'static Table,
    language: Language,
    rounded: Rounded,
    standing: PluralCategory,
    counted: PluralCategory,
    sign: Shown,
}

impl Writer<'_> {
    fn write(&self) -> Vec<Part> {
        let format = self.format;
        match format.style {
            Style::Decimal => self.plain(),
            Style::Percent => {
                let pattern = pieces(&self.table.numbers.percent);
                self.signed(&pattern, "literal")
            }
            Style::Unit => self.with_unit(),
            Style::Currency => {
                let code = format.currency.as_deref().unwrap_or_default();
                let currency = self.table.currencies.get(code);
                if format.currency_display == Some(CurrencyDisplay::Name) {
                    return self.with_currency_name(code, currency);
                }
                self.with_currency(self.symbol(code, currency))
            }
        }
    }

    /// Sign and digits, and the word for thousands when the notation is compact.
    fn plain(&self) -> Vec<Part> {
        let rows = compact_patterns(self.format, &self.table.numbers);
        match self.compact(rows) {
            Some(pattern) => self.signed(&pieces(pattern), "compact"),
            None => self.signed(&[Piece::Number], "literal"),
        }
    }

    fn compact<'t>(&self, rows: &'t [Counted]) -> Option<&'t str> {
        let is_number = matches!(self.rounded.digits, Digits::Number { power, .. } if power > 0);
        if self.format.notation != Notation::Compact || !is_number {
            return None;
        }
        compact_row(rows, self.rounded.magnitude).map(|row| row.get(self.standing))
    }

    /// The sign before everything else of the pattern.
    fn signed(&self, pattern: &[Piece], word: &'static str) -> Vec<Part> {
        let mut parts = Vec::new();
        self.write_sign(&mut parts);
        self.fill(pattern, word, "", &mut parts);
        parts
    }

    fn write_sign(&self, parts: &mut Vec<Part>) {
        let symbols = &self.table.numbers.symbols;
        match self.sign {
            Shown::None => {}
            Shown::Minus => add(parts, "minusSign", &symbols.minus_sign),
            Shown::Plus => add(parts, "plusSign", &symbols.plus_sign),
        }
    }

    fn with_currency(&self, symbol: &str) -> Vec<Part> {
        let numbers = &self.table.numbers;
        let begins_as_letters = symbol.chars().next_back().is_some_and(is_letter);
        let rows = if begins_as_letters {
            &numbers.compact_currency_letters
        } else {
            &numbers.compact_currency
        };
        let mut parts = Vec::new();
        if let Some(pattern) = self.compact(rows) {
            self.write_sign(&mut parts);
            self.fill(&pieces(pattern), "compact", symbol, &mut parts);
            return parts;
        }
        let pattern = match self.format.currency_sign {
            Some(CurrencySign::Accounting) => &numbers.accounting,
            _ => &numbers.currency,
        };
        let (positive, negative) = match pattern.split_once(';') {
            Some((positive, negative)) => (positive, Some(negative)),
            None => (pattern.as_str(), None),
        };
        match negative {
            Some(negative) if self.sign == Shown::Minus => {
                self.fill(&pieces(negative), "literal", symbol, &mut parts);
            }
            _ => {
                self.write_sign(&mut parts);
                self.fill(&pieces(positive), "literal", symbol, &mut parts);
            }
        }
        parts
    }

    fn symbol<'t>(&self, code: &'t str, currency: Option<&'t Currency>) -> &'t str {
        let symbol = currency.and_then(|currency| currency.symbol.as_deref());
        let narrow = currency.and_then(|currency| currency.narrow.as_deref());
        match self.format.currency_display {
            Some(CurrencyDisplay::Code) => code,
            Some(CurrencyDisplay::Narrow) => narrow.or(symbol).unwrap_or(code),
            _ => symbol.unwrap_or(code),
        }
    }

    fn with_currency_name(&self, code: &str, currency: Option<&Currency>) -> Vec<Part> {
        let name = currency.map_or(code, |currency| {
            let name = currency.names.get(self.counted);
            if name.is_empty() {
                &currency.name
            } else {
                name
            }
        });
        let pattern = self.table.numbers.currency_names.get(self.counted);
        let mut parts = Vec::new();
        for (index, text) in pattern.split("{0}").enumerate() {
            if index > 0 {
                parts.append(&mut self.plain());
            }
            for (index, text) in text.split("{1}").enumerate() {
                if index > 0 {
                    add(&mut parts, "currency", name);
                }
                add(&mut parts, "literal", text);
            }
        }
        parts
    }

    fn with_unit(&self) -> Vec<Part> {
        let pattern = self.unit_pattern(self.format.unit.as_deref().unwrap_or_default());
        let mut parts = Vec::new();
        for (index, text) in pattern.split("{0}").enumerate() {
            if index > 0 {
                parts.append(&mut self.plain());
            }
            add_word(&mut parts, "unit", text);
        }
        parts
    }

    fn unit_pattern(&self, unit: &str) -> String {
        // The sign stands as it does with the style of that name.
        if unit == "percent" && self.format.unit_display != Some(UnitDisplay::Long) {
            return self.table.numbers.percent.replace("#,##0", "{0}");
        }
        if let Some(row) = self.unit(unit) {
            return row.get(self.counted).to_owned();
        }
        let Some((of, per)) = unit.split_once("-per-") else {
            return "{0}".to_owned();
        };
        let (Some(of), Some(by)) = (self.unit(of), self.unit(per)) else {
            return "{0}".to_owned();
        };
        let of = of.get(self.counted);
        if let Some(pattern) = &by.per {
            return pattern.replace("{0}", of);
        }
        let name = by.get(PluralCategory::One).replace("{0}", "");
        let both = self.unit("per").map_or("{0}/{1}", |row| row.other.as_str());
        both.replace("{1}", name.trim()).replace("{0}", of)
    }

    fn unit(&self, unit: &str) -> Option<&'static Counted> {
        let widths = self.table.units.get(unit)?;
        Some(match self.format.unit_display {
            Some(UnitDisplay::Long) => &widths.long,
            Some(UnitDisplay::Narrow) => &widths.narrow,
            _ => &widths.short,
        })
    }

    fn fill(&self, pattern: &[Piece], word: &'static str, symbol: &str, parts: &mut Vec<Part>) {
        let spacing = match self.rounded.digits {
            Digits::Number { .. } => self.table.numbers.currency_spacing.as_str(),
            _ => "",
        };
        for (index, piece) in pattern.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| pattern.get(before));
            match piece {
                Piece::Number => {
                    let letters = symbol.chars().next_back().is_some_and(is_letter);
                    if before == Some(&Piece::Currency) && letters {
                        add(parts, "literal", spacing);
                    }
                    self.write_digits(parts);
                }
                Piece::Currency => {
                    let letters = symbol.chars().next().is_some_and(is_letter);
                    if before == Some(&Piece::Number) && letters {
                        add(parts, "literal", spacing);
                    }
                    add(parts, "currency", symbol);
                }
                Piece::Percent => {
                    add(
                        parts,
                        "percentSign",
                        &self.table.numbers.symbols.percent_sign,
                    );
                }
                Piece::Text(text) => add_word(parts, word, text),
            }
        }
    }

    fn write_digits(&self, parts: &mut Vec<Part>) {
        let symbols = &self.table.numbers.symbols;
        let (digits, power) = match &self.rounded.digits {
            Digits::NaN => return add(parts, "nan", &symbols.nan),
            Digits::Infinite => return add(parts, "infinity", &symbols.infinity),
            Digits::Number { digits, power } => (digits, *power),
        };
        let grouping = match self.format.use_grouping {
            Grouping::Flag(_) => GroupingStrategy::Never,
            Grouping::Chosen(GroupingWord::Min2) => GroupingStrategy::Min2,
            Grouping::Chosen(GroupingWord::Auto) => GroupingStrategy::Auto,
            Grouping::Chosen(GroupingWord::Always) => GroupingStrategy::Always,
        };
        let number = fixed_decimal::Decimal::new(fixed_decimal::Sign::None, digits.clone());
        match formatter(self.language, grouping) {
            Some(formatter) => {
                let mut sink = Sink {
                    parts,
                    kind: "integer",
                    name: part_name,
                };
                // The sink takes everything.
                let _ = formatter.format(&number).write_to_parts(&mut sink);
            }
            None => add(parts, "integer", &number.to_string()),
        }
        if matches!(
            self.format.notation,
            Notation::Scientific | Notation::Engineering
        ) {
            add(parts, "exponentSeparator", &symbols.exponential);
            if power < 0 {
                add(parts, "exponentMinusSign", &symbols.minus_sign);
            }
            let power = u32::from(power.unsigned_abs());
            add(parts, "exponentInteger", &whole(self.language, power, 1));
        }
    }
}

/// Text of a pattern: white space at its ends is no part of the word.
fn add_word(parts: &mut Vec<Part>, kind: &'static str, text: &str) {
    let word = text.trim();
    let (before, after) = text.split_once(word).unwrap_or(("", ""));
    add(parts, "literal", before);
    add(parts, kind, word);
    if !word.is_empty() {
        add(parts, "literal", after);
    } else {
        add(parts, "literal", text);
    }
}

fn part_name(part: writeable::Part) -> Option<&'static str> {
    match part {
        icu::INTEGER => Some("integer"),
        icu::FRACTION => Some("fraction"),
        icu::GROUP => Some("group"),
        icu::DECIMAL => Some("decimal"),
        _ => None,
    }
}

/// What must not touch a digit: anything but a sign of money, or a space.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '\'' | '’' | '‘' | 'ʻ' | 'ʼ')
}

fn formatter(language: Language, grouping: GroupingStrategy) -> Option<&'static DecimalFormatter> {
    const GROUPINGS: [GroupingStrategy; 4] = [
        GroupingStrategy::Auto,
        GroupingStrategy::Never,
        GroupingStrategy::Always,
        GroupingStrategy::Min2,
    ];
    static FORMATTERS: LazyLock<Vec<Option<DecimalFormatter>>> = LazyLock::new(|| {
        let pairs = Language::ALL
            .iter()
            .flat_map(|language| GROUPINGS.map(|grouping| (*language, grouping)));
        pairs
            .map(|(language, grouping)| {
                DecimalFormatter::try_new(language.icu().into(), grouping.into()).ok()
            })
            .collect()
    });
    let at = GROUPINGS.iter().position(|known| *known == grouping)?;
    FORMATTERS
        .get(language.index() * GROUPINGS.len() + at)
        .and_then(Option::as_ref)
}
