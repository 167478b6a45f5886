//! Decimals: numbers with a fixed number of digits behind the point, which are never floating-point
//! numbers on their way. JSON has them as strings, PostgreSQL as `numeric`, and a file as bytes that
//! sort as the numbers do, whatever expression they went through: collations end at a column.

use std::fmt;

use serde_json::Value;

/// Most digits of a decimal: as many as `utils.decimal` computes with.
pub(super) const DIGITS: u8 = 28;
/// Most digits behind the point.
pub(super) const SCALE: u8 = 12;
/// Bytes of a decimal in a file: how many digits are behind the point, and the number without it.
pub(super) const BYTES: usize = 17;

/// The longest text that is read as a number.
const TEXT: usize = 100;
/// What makes negative numbers sort before the others.
const SIGN: u128 = 1 << 127;

/// A whole number of the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) units: i128,
    pub(super) scale: u8,
}

/// Which decimals a place takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) precision: u8,
    pub(super) scale: u8,
}

impl Fit {
    /// What may be compared with a decimal.
    pub(super) fn of_scale(scale: u8) -> Self {
        Self {
            precision: DIGITS,
            scale,
        }
    }

    /// The decimal that a value is, as it is written everywhere; otherwise what the value must be.
    pub(super) fn value(self, value: &Value) -> Result<Value, String> {
        let read = match value {
            Value::Null => return Ok(Value::Null),
            Value::String(text) => self.read(text),
            // The shortest text that is this number.
            Value::Number(number) => self.read(&number.to_string()),
            _ => Err(NO_NUMBER.to_owned()),
        };
        read.map(|decimal| decimal.to_string().into())
    }

    /// Reads digits with a sign, a point and an exponent. Nothing is rounded.
    pub(super) fn read(self, text: &str) -> Result<Decimal, String> {
        let scale = i32::from(self.scale);
        let (digits, exponent) = parts(text).ok_or(NO_NUMBER)?;
        let whole = digits.trim_start_matches(['-', '0']);
        if whole.is_empty() {
            return Ok(self.units(0));
        }
        let power = exponent.saturating_add(scale);
        if power < 0 {
            return Err(match self.scale {
                0 => "must be a whole number".to_owned(),
                1 => "must have at most 1 digit behind the point".to_owned(),
                scale => format!("must have at most {scale} digits behind the point"),
            });
        }
        let most = usize::from(self.precision.min(DIGITS));
        let fill = usize::try_from(power).unwrap_or(usize::MAX);
        let units = Some(format!("{whole}{}", "0".repeat(fill.min(TEXT))))
            .filter(|units| units.len() <= most)
            .and_then(|units| units.parse::<i128>().ok());
        let units = units.ok_or_else(|| {
            let before = self.precision.saturating_sub(self.scale);
            format!("must have at most {before} digits before the point")
        })?;
        Ok(self.units(if digits.starts_with('-') {
            -units
        } else {
            units
        }))
    }

    /// The largest there is; the smallest is its negative.
    pub(super) fn largest(self) -> Decimal {
        self.units(10_i128.pow(u32::from(self.precision.min(DIGITS))) - 1)
    }

    fn units(self, units: i128) -> Decimal {
        Decimal {
            units,
            scale: self.scale,
        }
    }
}

const NO_NUMBER: &str = "must be a decimal number, as a text or a number";

/// The digits of a number without point and without zeros at the end, after `-` when it is negative,
/// and the power of ten they are multiplied with.
fn parts(text: &str) -> Option<(String, i32)> {
    if text.len() > TEXT {
        return None;
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, exponent) = match rest.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = digits.trim_end_matches('0');
    let moved = digits.len() - kept.len();
    let power = i32::try_from(moved).ok()? - i32::try_from(fraction.len()).ok()?;
    Some((format!("{sign}{kept}"), exponent.checked_add(power)?))
}

impl Decimal {
    /// Reads what was written by [`Decimal::fmt`].
    pub(super) fn read(text: &str) -> Option<Self> {
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let scale = u8::try_from(fraction.len()).ok()?;
        Fit::of_scale(scale).read(text).ok()
    }

    /// As it is in a file. Of the same scale they sort as the numbers do.
    pub(super) fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [self.scale; BYTES];
        let units = self.units.cast_unsigned() ^ SIGN;
        bytes[1..].copy_from_slice(&units.to_be_bytes());
        bytes
    }

    /// What [`Decimal::to_bytes`] has made.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (scale, units) = bytes.split_first()?;
        let units = u128::from_be_bytes(units.try_into().ok()?) ^ SIGN;
        (*scale <= SCALE).then_some(Self {
            units: units.cast_signed(),
            scale: *scale,
        })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.units < 0 { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expected: Result<&str, &str>) {
        let fit = Fit {
            precision: 6,
            scale: 2,
        };
        let read = fit.value(&value);
        let expected = expected.map(Value::from).map_err(str::to_owned);
        assert_eq!(read, expected, "{value}");
    }

    #[test]
    fn numbers_are_read_and_never_rounded() {
        for (value, written) in [
            (json!("12.5"), "12.50"),
            (json!("-12.5"), "-12.50"),
            (json!("+1"), "1.00"),
            (json!("0012.500"), "12.50"),
            (json!("-0.00"), "0.00"),
            (json!(".5"), "0.50"),
            (json!("5."), "5.00"),
            (json!("1.25e2"), "125.00"),
            (json!("125e-2"), "1.25"),
            (json!("9999.99"), "9999.99"),
            (json!("0e99"), "0.00"),
            (json!(0.1), "0.10"),
            (json!(-7), "-7.00"),
            (json!(1e3), "1000.00"),
            (json!(0.07), "0.07"),
        ] {
            check(value, Ok(written));
        }
        let fine = Err("must have at most 2 digits behind the point");
        let long = Err("must have at most 4 digits before the point");
        for (value, expected) in [
            (json!("0.001"), fine),
            (json!("1e-99"), fine),
            (json!(0.1 + 0.2), fine),
            (json!("10000"), long),
            (json!("-10000.00"), long),
            (json!("1e99"), long),
            (json!("1e2147483647"), long),
            (json!(u64::MAX), long),
            (json!(""), Err(NO_NUMBER)),
            (json!("."), Err(NO_NUMBER)),
            (json!("1 "), Err(NO_NUMBER)),
            (json!("1,5"), Err(NO_NUMBER)),
            (json!("NaN"), Err(NO_NUMBER)),
            (json!("Infinity"), Err(NO_NUMBER)),
            (json!("0x10"), Err(NO_NUMBER)),
            (json!("1e"), Err(NO_NUMBER)),
            (json!("1e99999999999"), Err(NO_NUMBER)),
            (json!("--1"), Err(NO_NUMBER)),
            (json!("٣"), Err(NO_NUMBER)),
            (json!("1".repeat(101)), Err(NO_NUMBER)),
            (json!(true), Err(NO_NUMBER)),
            (json!(["1"]), Err(NO_NUMBER)),
        ] {
            check(value, expected);
        }
        assert_eq!(Fit::of_scale(2).value(&Value::Null), Ok(Value::Null));
    }

    #[test]
    fn bytes_sort_as_the_numbers_do() {
        let fit = Fit::of_scale(3);
        let largest = fit.largest().to_string();
        let smallest = format!("-{largest}");
        let sorted = [
            smallest.as_str(),
            "-10",
            "-9.999",
            "-0.001",
            "0",
            "0.001",
            "2",
            "10",
            &largest,
        ];
        let bytes = sorted.map(|number| fit.read(number).unwrap().to_bytes());
        assert!(bytes.is_sorted());
        for (bytes, number) in bytes.iter().zip(sorted) {
            let decimal = Decimal::from_bytes(bytes).unwrap();
            assert_eq!(decimal, fit.read(number).unwrap());
            assert_eq!(Decimal::read(&decimal.to_string()), Some(decimal));
        }
        for other in [&b""[..], b"text", &[13; BYTES], &[0; BYTES + 1]] {
            assert_eq!(Decimal::from_bytes(other), None);
        }
    }
}
