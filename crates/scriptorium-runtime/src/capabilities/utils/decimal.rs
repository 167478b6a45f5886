//! `utils.decimal` and `utils.money`: numbers with a point that are exact. They come and go as text,
//! because a number of JavaScript has no tenths.

use rust_decimal::{Decimal, RoundingStrategy};
use scriptorium_engine::HostError;
use serde_json::Value;

use super::text;
use crate::capabilities::args::Args;
use crate::capabilities::invalid;
use crate::host::Run;

/// Ways to round; the first is the default.
pub(super) const ROUNDINGS: &[&str] = &["halfUp", "halfEven", "up", "down", "floor", "ceiling"];
/// Most digits behind the point.
pub(super) const DIGITS: i64 = 28;
/// Most parts of an amount, or numbers of a sum.
const MANY: usize = 10_000;
/// Digits of a quotient that does not end, unless it is said.
const QUOTIENT: u32 = 20;

/// Currencies without hundredths, and those with thousandths and more (ISO 4217).
const WHOLE: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "XAF", "XOF",
];
const WHOLE_TOO: [&str; 2] = ["VUV", "XPF"];
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
const TEN_THOUSANDTHS: [&str; 2] = ["CLF", "UYW"];

type Answer = Result<String, HostError>;

pub(super) fn add(_: &Run, args: Args) -> Answer {
    both(args, Decimal::checked_add)
}

pub(super) fn subtract(_: &Run, args: Args) -> Answer {
    both(args, Decimal::checked_sub)
}

pub(super) fn multiply(_: &Run, args: Args) -> Answer {
    both(args, Decimal::checked_mul)
}

pub(super) fn divide(_: &Run, mut args: Args) -> Answer {
    let [a, b] = two(&mut args)?;
    if b.is_zero() {
        return Err(invalid("b", "must not be zero"));
    }
    let quotient = a.checked_div(b).ok_or_else(too_large)?;
    let digits = args
        .integer(2)
        .and_then(|digits| u32::try_from(digits).ok());
    let rounded = quotient.round_dp_with_strategy(
        digits.unwrap_or(QUOTIENT),
        strategy(args.text(3).as_deref()),
    );
    Ok(written(match digits {
        Some(_) => rounded,
        None => rounded.normalize(),
    }))
}

pub(super) fn compare(_: &Run, mut args: Args) -> Answer {
    let [a, b] = two(&mut args)?;
    Ok((a.cmp(&b) as i8).to_string())
}

pub(super) fn abs(_: &Run, mut args: Args) -> Answer {
    Ok(written(one(args.json(0).to_value(), "value")?.abs()))
}

pub(super) fn round(_: &Run, mut args: Args) -> Answer {
    let value = one(args.json(0).to_value(), "value")?;
    let digits = u32::try_from(args.integer(1).unwrap_or(0)).unwrap_or_default();
    let mut rounded = value.round_dp_with_strategy(digits, strategy(args.text(2).as_deref()));
    rounded.rescale(digits);
    Ok(written(rounded))
}

pub(super) fn sum(_: &Run, mut args: Args) -> Answer {
    let mut sum = Decimal::ZERO;
    for value in list(args.json(0).to_value(), "values")? {
        sum = sum.checked_add(value).ok_or_else(too_large)?;
    }
    Ok(written(sum))
}

pub(super) fn money_round(_: &Run, mut args: Args) -> Answer {
    let amount = one(args.json(0).to_value(), "amount")?;
    let digits = digits_of(args.text(1))?;
    let mut rounded = amount.round_dp_with_strategy(digits, strategy(args.text(2).as_deref()));
    rounded.rescale(digits);
    Ok(written(rounded))
}

pub(super) fn to_minor(_: &Run, mut args: Args) -> Answer {
    let amount = one(args.json(0).to_value(), "amount")?;
    let digits = digits_of(args.text(1))?;
    if amount.normalize().scale() > digits {
        let message = format!("has more than {digits} digits behind the point");
        return Err(invalid("amount", message));
    }
    let mut scaled = amount;
    scaled.rescale(digits);
    let minor = i64::try_from(scaled.mantissa()).ok();
    let minor = minor.filter(|minor| minor.unsigned_abs() < 1 << 53);
    Ok(minor.ok_or_else(too_large)?.to_string())
}

pub(super) fn from_minor(_: &Run, mut args: Args) -> Answer {
    let minor = args.integer(0).unwrap_or_default();
    let digits = digits_of(args.text(1))?;
    Ok(written(Decimal::new(minor, digits)))
}

/// In proportion, and to the last of the smallest unit: what is left over goes to the first ones.
pub(super) fn allocate(_: &Run, mut args: Args) -> Answer {
    let amount = one(args.json(0).to_value(), "amount")?;
    let ratios = list(args.json(1).to_value(), "ratios")?;
    let digits = digits_of(args.text(2))?;
    if amount.normalize().scale() > digits {
        let message = format!("has more than {digits} digits behind the point");
        return Err(invalid("amount", message));
    }
    let whole = ratios.iter().try_fold(Decimal::ZERO, |sum, one| {
        (!one.is_sign_negative()).then_some(())?;
        sum.checked_add(*one)
    });
    let whole = whole.filter(|sum| !sum.is_zero());
    let whole = whole.ok_or_else(|| invalid("ratios", "must be positive, and not all zero"))?;
    let unit = Decimal::new(1, digits);
    let step = if amount.is_sign_negative() {
        -unit
    } else {
        unit
    };
    let mut parts = Vec::with_capacity(ratios.len());
    let mut left = amount;
    for ratio in &ratios {
        let part = amount.checked_mul(*ratio).ok_or_else(too_large)? / whole;
        let mut part = part.round_dp_with_strategy(digits, RoundingStrategy::ToZero);
        part.rescale(digits);
        left -= part;
        parts.push(part);
    }
    for (part, ratio) in parts.iter_mut().zip(&ratios) {
        if left.is_zero() {
            break;
        }
        if !ratio.is_zero() {
            *part += step;
            left -= step;
        }
    }
    let parts: Value = parts.into_iter().map(|part| part.to_string()).collect();
    Ok(parts.to_string())
}

fn both(mut args: Args, how: fn(Decimal, Decimal) -> Option<Decimal>) -> Answer {
    let [a, b] = two(&mut args)?;
    Ok(written(how(a, b).ok_or_else(too_large)?))
}

fn two(args: &mut Args) -> Result<[Decimal; 2], HostError> {
    Ok([
        one(args.json(0).to_value(), "a")?,
        one(args.json(1).to_value(), "b")?,
    ])
}

fn one(value: Value, field: &str) -> Result<Decimal, HostError> {
    let refuse = || {
        invalid(
            field,
            "must be a decimal as text, such as \"12.50\", or a number, with 28 digits at most",
        )
    };
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return Err(refuse()),
    };
    // What only looks like a number would be read: digits grouped by `_`.
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if text.len() > 64 || !plain {
        return Err(refuse());
    }
    let read = if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
    } else {
        Decimal::from_str_exact(&text)
    };
    read.map_err(|_| refuse())
}

fn list(value: Value, field: &str) -> Result<Vec<Decimal>, HostError> {
    match value {
        Value::Array(list) if list.len() <= MANY => {
            list.into_iter().map(|value| one(value, field)).collect()
        }
        _ => Err(invalid(
            field,
            format!("must be a list of at most {MANY} decimals"),
        )),
    }
}

fn strategy(name: Option<&str>) -> RoundingStrategy {
    match name {
        Some("halfEven") => RoundingStrategy::MidpointNearestEven,
        Some("up") => RoundingStrategy::AwayFromZero,
        Some("down") => RoundingStrategy::ToZero,
        Some("floor") => RoundingStrategy::ToNegativeInfinity,
        Some("ceiling") => RoundingStrategy::ToPositiveInfinity,
        _ => RoundingStrategy::MidpointAwayFromZero,
    }
}

fn digits_of(currency: Option<String>) -> Result<u32, HostError> {
    let currency = currency.unwrap_or_default();
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(invalid("currency", "must be a code such as UZS or USD"));
    }
    let of = |list: &[&str]| list.contains(&currency.as_str());
    Ok(if of(&WHOLE) || of(&WHOLE_TOO) {
        0
    } else if of(&THOUSANDTHS) {
        3
    } else if of(&TEN_THOUSANDTHS) {
        4
    } else {
        2
    })
}

fn written(value: Decimal) -> String {
    // Nothing has a sign that is nothing.
    let value = if value.is_zero() { value.abs() } else { value };
    text(value.to_string())
}

fn too_large() -> HostError {
    HostError::new(
        "VALIDATION_ERROR",
        "the result has more digits than are kept",
    )
}
