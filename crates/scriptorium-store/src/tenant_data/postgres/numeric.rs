//! PostgreSQL's `numeric` as it travels: groups of four decimal digits around a point. Decimals are
//! ones, sums and averages of whole numbers, and what they are compared with.

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;
/// Decimal digits of a group.
const DIGITS: usize = 4;

/// The longest text that is taken as it is.
const TEXT: usize = 100;

/// Whether a text is a number written as [`encode`] takes it.
pub(super) fn is_plain(text: &str) -> bool {
    let number = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.len() <= TEXT && digits(whole) && digits(fraction)
}

/// What travels for a number, written without an exponent, such as `-12.50`.
pub(super) fn encode(number: &str) -> Vec<u8> {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => (NEGATIVE, rest),
        None => (POSITIVE, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fill = |length: usize| "0".repeat(length.next_multiple_of(DIGITS) - length);
    let text = [&fill(whole.len()), whole, fraction, &fill(fraction.len())].concat();
    let groups = text.as_bytes().chunks(DIGITS).map(|group| {
        group
            .iter()
            .fold(0, |value, digit| value * 10 + u16::from(digit - b'0'))
    });
    let before = whole.len().div_ceil(DIGITS);
    // The longest is of the smallest number there is: some eighty groups.
    let header = [
        (text.len() / DIGITS) as u16,
        (before as u16).wrapping_sub(1),
        sign,
        fraction.len() as u16,
    ];
    let words = header.into_iter().chain(groups);
    words.flat_map(u16::to_be_bytes).collect()
}

/// The number that travelled, written without an exponent; `None` for what is none.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let mut words = bytes
        .chunks_exact(2)
        .map(|word| u16::from_be_bytes([word[0], word[1]]));
    let _count = words.next()?;
    let weight = i32::from(words.next()?.cast_signed());
    let sign = words.next()?;
    let scale = usize::from(words.next()?);
    let groups: Vec<u16> = words.collect();
    let group = |power: i32| {
        let place = usize::try_from(weight - power).ok();
        place
            .and_then(|place| groups.get(place))
            .copied()
            .unwrap_or(0)
    };
    let mut text = match sign {
        POSITIVE => String::new(),
        NEGATIVE => "-".to_owned(),
        _ => return None,
    };
    text.push_str(&group(weight.max(0)).to_string());
    for power in (0..weight.max(0)).rev() {
        text.push_str(&format!("{:04}", group(power)));
    }
    if scale > 0 {
        text.push('.');
        let places = (1..).map(|place| format!("{:04}", group(-place)));
        let digits: String = places.take(scale.div_ceil(DIGITS)).collect();
        text.push_str(&digits[..scale]);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: &str, words: &[u16]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(encode(number), bytes, "{number}");
        assert_eq!(decode(&bytes).unwrap(), number);
    }

    #[test]
    fn numbers_travel_as_groups_of_four_digits() {
        check("0", &[1, 0, 0, 0, 0]);
        check("7", &[1, 0, 0, 0, 7]);
        check("-12345", &[2, 1, NEGATIVE, 0, 1, 2345]);
        check("0.5", &[2, 0, 0, 1, 0, 5000]);
        check("1234567.00089", &[4, 1, 0, 5, 123, 4567, 8, 9000]);
    }

    /// PostgreSQL leaves out groups that are zero, at either end.
    #[test]
    fn groups_that_are_left_out_are_zero() {
        for (words, number) in [
            (&[0, 0, 0, 0][..], "0"),
            (&[1, 2, 0, 0, 3], "300000000"),
            (&[1, 0, 0, 16, 2], "2.0000000000000000"),
            (&[1, 65_535, 0, 3, 1230], "0.123"),
            (&[1, 65_534, NEGATIVE, 8, 9], "-0.00000009"),
        ] {
            let bytes: Vec<u8> = words
                .iter()
                .flat_map(|word: &u16| word.to_be_bytes())
                .collect();
            assert_eq!(decode(&bytes).unwrap(), number);
        }
        // NaN and the infinities.
        for sign in [0xC000_u16, 0xD000, 0xF000] {
            let bytes: Vec<u8> = [0, 0, sign, 0]
                .into_iter()
                .flat_map(u16::to_be_bytes)
                .collect();
            assert_eq!(decode(&bytes), None);
        }
    }
}
