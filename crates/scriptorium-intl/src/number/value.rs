//! Numbers as a script gives them: exact decimals of any length that makes sense.

use fixed_decimal::{Decimal, Sign};

use crate::Refusal;

/// Longest text of a number, in bytes.
const TEXT_BYTES: usize = 20_000;
/// Largest power of ten that a number may be written with: far more than any double's, and what is
/// written of it stays small.
const LARGEST_POWER: i32 = 10_000;

/// A number that has a value.
pub(crate) type Exact = Decimal;

/// A number as the language has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not a number.
    NaN,
    /// Infinite, with its sign.
    Infinite {
        /// Below zero.
        negative: bool,
    },
    /// A decimal; zero has a sign too.
    #[doc(hidden)]
    Exact(Box<Decimal>),
}

impl Value {
    /// The value of a numeric text, as JavaScript writes numbers: white space around it does not
    /// count, nothing is zero, and what is no number is `NaN`.
    ///
    /// # Errors
    ///
    /// It is too long to be written out.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.len() > TEXT_BYTES {
            return Err(too_large());
        }
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if text.is_empty() {
            return Ok(Self::Exact(Box::new(Decimal::from(0))));
        }
        match text {
            "Infinity" | "+Infinity" => return Ok(Self::Infinite { negative: false }),
            "-Infinity" => return Ok(Self::Infinite { negative: true }),
            _ => {}
        }
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Some(power)),
            None => (text, None),
        };
        let Some(mut value) = read_decimal(mantissa) else {
            return Ok(Self::NaN);
        };
        if let Some(power) = power {
            match read_power(power) {
                Power::Of(ten) => multiply(&mut value, ten)?,
                Power::None => return Ok(Self::NaN),
                Power::TooLarge => return Err(too_large()),
            }
        }
        value.absolute.trim_start();
        value.absolute.trim_end();
        Ok(Self::Exact(Box::new(value)))
    }
}

enum Power {
    Of(i16),
    TooLarge,
    None,
}

fn read_power(text: &str) -> Power {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Power::None;
    }
    match text.parse::<i32>() {
        Ok(power) if power.abs() <= LARGEST_POWER => Power::Of(power as i16),
        _ => Power::TooLarge,
    }
}

fn multiply(value: &mut Decimal, power: i16) -> Result<(), Refusal> {
    let of = |edge: i16| i32::from(edge) + i32::from(power);
    let range = value.absolute.magnitude_range();
    let within = -30_000..=30_000;
    if !within.contains(&of(*range.start())) || !within.contains(&of(*range.end())) {
        return Err(too_large());
    }
    value.absolute.multiply_pow10(power);
    Ok(())
}

/// Sign, digits, a point and digits; one of them at least.
fn read_decimal(text: &str) -> Option<Decimal> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (Sign::Negative, rest),
        None => (Sign::None, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + rest.len() == 0 || !all_digits(whole) || !all_digits(rest) {
        return None;
    }
    let regular = match (whole, rest) {
        ("", rest) => format!("0.{rest}"),
        (whole, "") => whole.to_owned(),
        (whole, rest) => format!("{whole}.{rest}"),
    };
    let value = Decimal::try_from_str(&regular).ok()?;
    Some(value.with_sign(sign))
}

fn too_large() -> Refusal {
    Refusal::range("the number has too many digits to be written out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let got = match Value::read(text) {
            Ok(Value::NaN) => "NaN".to_owned(),
            Ok(Value::Infinite { negative }) => format!("infinite {negative}"),
            Ok(Value::Exact(value)) => value.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, wanted, "{text}");
    }

    #[test]
    fn numbers_are_read_exactly() {
        check("0", "0");
        check("-0", "-0");
        check("", "0");
        check(" 12.50 ", "12.5");
        check("+1.", "1");
        check(".5", "0.5");
        check("-.5e1", "-5");
        check("1e21", "1000000000000000000000");
        check("1.5e-7", "0.00000015");
        check("12345678901234567890123.456", "12345678901234567890123.456");
        check("007", "7");
        for nothing in [
            ".", "-", "1e", "1e+", "e5", "1,5", "0x10", "abc", "--1", "1 2", "NaN", "infinity",
        ] {
            check(nothing, "NaN");
        }
        check("-Infinity", "infinite true");
        check(
            "1e99999",
            "the number has too many digits to be written out",
        );
        check(
            "1e99999999999999999999",
            "the number has too many digits to be written out",
        );
        check(
            &"9".repeat(30_000),
            "the number has too many digits to be written out",
        );
    }
}
