//! How many digits are shown, and how the rest is rounded away.

use fixed_decimal::{RoundingIncrement, Sign, SignedRoundingMode, UnsignedRoundingMode};
use serde::{Deserialize, Serialize};

use super::{Exact, unread};
use crate::choice::words;
use crate::{Options, Refusal};

/// Most digits of a fraction, and most that count.
const FRACTION: u16 = 100;
const SIGNIFICANT: u16 = 21;

/// The digit options of a format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Digits {
    minimum_integer_digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_fraction_digits: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_fraction_digits: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_significant_digits: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_significant_digits: Option<u8>,
    rounding_increment: u16,
    rounding_mode: RoundingMode,
    rounding_priority: RoundingPriority,
    trailing_zero_display: TrailingZeros,
}

words!(RoundingMode {
    Ceil = "ceil",
    Floor = "floor",
    Expand = "expand",
    Trunc = "trunc",
    HalfCeil = "halfCeil",
    HalfFloor = "halfFloor",
    HalfExpand = "halfExpand",
    HalfTrunc = "halfTrunc",
    HalfEven = "halfEven",
});
words!(RoundingPriority { Auto = "auto", More = "morePrecision", Less = "lessPrecision" });
words!(TrailingZeros { Auto = "auto", Strip = "stripIfInteger" });

/// What an increment is: a step of the last digits, and how many zeros follow it.
const INCREMENTS: [(u16, RoundingIncrement, i16); 15] = [
    (1, RoundingIncrement::MultiplesOf1, 0),
    (2, RoundingIncrement::MultiplesOf2, 0),
    (5, RoundingIncrement::MultiplesOf5, 0),
    (10, RoundingIncrement::MultiplesOf1, 1),
    (20, RoundingIncrement::MultiplesOf2, 1),
    (25, RoundingIncrement::MultiplesOf25, 0),
    (50, RoundingIncrement::MultiplesOf5, 1),
    (100, RoundingIncrement::MultiplesOf1, 2),
    (200, RoundingIncrement::MultiplesOf2, 2),
    (250, RoundingIncrement::MultiplesOf25, 1),
    (500, RoundingIncrement::MultiplesOf5, 2),
    (1000, RoundingIncrement::MultiplesOf1, 3),
    (2000, RoundingIncrement::MultiplesOf2, 3),
    (2500, RoundingIncrement::MultiplesOf25, 2),
    (5000, RoundingIncrement::MultiplesOf5, 3),
];

impl Digits {
    /// `SetNumberFormatDigitOptions` of the standard.
    pub(crate) fn resolve(
        options: &Options,
        least: u8,
        most: u8,
        is_compact: bool,
    ) -> Result<Self, Refusal> {
        let minimum_integer_digits = options.integer("minimumIntegerDigits", 1, 21)?.unwrap_or(1);
        let increment = options.integer("roundingIncrement", 1, 5000)?.unwrap_or(1);
        if !INCREMENTS.iter().any(|(known, ..)| *known == increment) {
            return Err(Refusal::range("roundingIncrement value is out of range."));
        }
        let rounding_mode = options
            .word("roundingMode")?
            .unwrap_or(RoundingMode::HalfExpand);
        let priority = options
            .word("roundingPriority")?
            .unwrap_or(RoundingPriority::Auto);
        let zeros = options
            .word("trailingZeroDisplay")?
            .unwrap_or(TrailingZeros::Auto);
        let most = if increment == 1 { most } else { least };
        let has_significant =
            options.has("minimumSignificantDigits") || options.has("maximumSignificantDigits");
        let has_fraction =
            options.has("minimumFractionDigits") || options.has("maximumFractionDigits");
        let is_auto = priority == RoundingPriority::Auto;
        let wants_significant = !is_auto || has_significant;
        let wants_fraction = !is_auto || !(wants_significant || (!has_fraction && is_compact));
        let significant = wants_significant
            .then(|| read_significant(options))
            .transpose()?;
        let fraction = wants_fraction
            .then(|| read_fraction(options, least, most))
            .transpose()?;
        let (significant, fraction, priority) = match (significant, fraction) {
            // A compact number has two digits, or its whole part.
            (None, None) => (Some((1, 2)), Some((0, 0)), RoundingPriority::More),
            other => (other.0, other.1, priority),
        };
        if increment != 1 {
            if significant.is_some() {
                return Err(Refusal::kind(
                    "roundingIncrement needs fraction digits alone",
                ));
            }
            if fraction.is_some_and(|(min, max)| min != max) {
                return Err(Refusal::range(
                    "roundingIncrement needs as many fraction digits at least as at most",
                ));
            }
        }
        Ok(Self {
            minimum_integer_digits: minimum_integer_digits as u8,
            minimum_fraction_digits: fraction.map(|(min, _)| min),
            maximum_fraction_digits: fraction.map(|(_, max)| max),
            minimum_significant_digits: significant.map(|(min, _)| min),
            maximum_significant_digits: significant.map(|(_, max)| max),
            rounding_increment: increment,
            rounding_mode,
            rounding_priority: priority,
            trailing_zero_display: zeros,
        })
    }

    /// Holds what was read against the bounds it was written in.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let within = |digits: Option<u8>, most: u16| digits.is_none_or(|n| u16::from(n) <= most);
        let sound = self.minimum_integer_digits <= 21
            && within(self.minimum_fraction_digits, FRACTION)
            && within(self.maximum_fraction_digits, FRACTION)
            && within(self.minimum_significant_digits, SIGNIFICANT)
            && within(self.maximum_significant_digits, SIGNIFICANT);
        if sound { Ok(()) } else { Err(unread()) }
    }

    /// The number with the digits that are shown.
    pub(crate) fn round(&self, value: &Exact) -> Exact {
        let mut rounded = match (self.significant(), self.fraction()) {
            (Some(significant), Some(fraction)) => {
                let by_significant = significant_edge(value, significant.1);
                let is_finer = by_significant <= -i16::from(fraction.1);
                if is_finer == (self.rounding_priority == RoundingPriority::More) {
                    self.to_significant(value, significant)
                } else {
                    self.to_fraction(value, fraction)
                }
            }
            (Some(significant), None) => self.to_significant(value, significant),
            (None, fraction) => self.to_fraction(value, fraction.unwrap_or((0, 3))),
        };
        if self.trailing_zero_display == TrailingZeros::Strip {
            rounded.absolute.trim_end_if_integer();
        }
        rounded
            .absolute
            .pad_start(i16::from(self.minimum_integer_digits));
        rounded
    }

    fn significant(&self) -> Option<(u8, u8)> {
        Some((
            self.minimum_significant_digits?,
            self.maximum_significant_digits?,
        ))
    }

    fn fraction(&self) -> Option<(u8, u8)> {
        Some((self.minimum_fraction_digits?, self.maximum_fraction_digits?))
    }

    fn to_fraction(&self, value: &Exact, (min, max): (u8, u8)) -> Exact {
        let known = INCREMENTS
            .iter()
            .find(|(known, ..)| *known == self.rounding_increment);
        let (_, step, zeros) = known.unwrap_or(&INCREMENTS[0]);
        let mut rounded = value.clone();
        let position = *zeros - i16::from(max);
        rounded.round_with_mode_and_increment(position, self.rounding_mode.into(), *step);
        rounded.absolute.trim_end();
        rounded.absolute.pad_end(-i16::from(min));
        rounded
    }

    fn to_significant(&self, value: &Exact, (min, max): (u8, u8)) -> Exact {
        let mut rounded = value.clone();
        rounded.round_with_mode(significant_edge(value, max), self.rounding_mode.into());
        rounded.absolute.trim_start();
        rounded.absolute.trim_end();
        let edge = significant_edge(&rounded, min);
        rounded.absolute.pad_end(edge.min(0));
        rounded
    }
}

/// The place of the last of so many digits that count.
fn significant_edge(value: &Exact, digits: u8) -> i16 {
    value.absolute.nonzero_magnitude_start() - i16::from(digits) + 1
}

impl From<RoundingMode> for SignedRoundingMode {
    fn from(mode: RoundingMode) -> Self {
        use UnsignedRoundingMode as U;
        match mode {
            RoundingMode::Ceil => Self::Ceil,
            RoundingMode::Floor => Self::Floor,
            RoundingMode::Expand => Self::Unsigned(U::Expand),
            RoundingMode::Trunc => Self::Unsigned(U::Trunc),
            RoundingMode::HalfCeil => Self::HalfCeil,
            RoundingMode::HalfFloor => Self::HalfFloor,
            RoundingMode::HalfExpand => Self::Unsigned(U::HalfExpand),
            RoundingMode::HalfTrunc => Self::Unsigned(U::HalfTrunc),
            RoundingMode::HalfEven => Self::Unsigned(U::HalfEven),
        }
    }
}

fn read_significant(options: &Options) -> Result<(u8, u8), Refusal> {
    let min = options
        .integer("minimumSignificantDigits", 1, SIGNIFICANT)?
        .unwrap_or(1);
    let max = options.integer("maximumSignificantDigits", min, SIGNIFICANT)?;
    Ok((min as u8, max.unwrap_or(SIGNIFICANT) as u8))
}

fn read_fraction(options: &Options, least: u8, most: u8) -> Result<(u8, u8), Refusal> {
    let min = options
        .integer("minimumFractionDigits", 0, FRACTION)?
        .map(|n| n as u8);
    let max = options
        .integer("maximumFractionDigits", 0, FRACTION)?
        .map(|n| n as u8);
    match (min, max) {
        (None, None) => Ok((least, most)),
        (None, Some(max)) => Ok((least.min(max), max)),
        (Some(min), None) => Ok((min, most.max(min))),
        (Some(min), Some(max)) if min <= max => Ok((min, max)),
        _ => Err(Refusal::range(
            "maximumFractionDigits value is out of range.",
        )),
    }
}

/// Whether the sign is that below zero.
pub(super) fn is_negative(value: &Exact) -> bool {
    value.sign() == Sign::Negative
}
