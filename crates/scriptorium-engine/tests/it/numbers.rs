//! Numbers with few digits take a way of our own into the guest and out of it (`guest/numbers.h`).
//! Rust's own reading and writing, which is the shortest too, tells what is right.

use std::fmt::Write as _;

use scriptorium_engine::{Cancel, Engine, Limits};

use crate::support::{TestHost, config, output, run_with};

/// The bits of what is read, and what is written.
const SCRIPT: &str = "export default (texts) => texts.map((text) => {
    const value = JSON.parse(text);
    const [low, high] = new Uint32Array(new Float64Array([value]).buffer);
    return [high, low, String(value), JSON.stringify(value)];
})";

/// Spreads as chance does, the same each time.
struct Spread(u64);

impl Spread {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

fn texts() -> Vec<String> {
    let mut spread = Spread(7);
    let mut texts: Vec<String> = [
        "0",
        "-0",
        "1",
        "-1",
        "0.1",
        "-0.1",
        "0.5",
        "1.0",
        "10.50",
        "0.000001",
        "0.0000001",
        "-0.000001",
        "123456789012345",
        "1234567890123456",
        "999999999999999",
        "9999999999999999",
        "2147483647",
        "2147483648",
        "-2147483648",
        "9007199254740993",
        "0.30000000000000004",
        "99999999999999.9",
        "999999999999999.9",
        "100000000000000",
        "1e3",
        "1E-3",
        "1.5e300",
        "123.456e-7",
        "0.1e1",
        "179769313486231570000",
        "5e-324",
        "1.7976931348623157e308",
        "4.35",
        "0.285",
        "1.005",
        "8.345",
    ]
    .map(str::to_owned)
    .into();
    for _ in 0..20_000 {
        // As many digits and places as there may be, and some more.
        let digits = spread.next() % 10_u64.pow((spread.next() % 18) as u32 + 1);
        let places = (spread.next() % 20) as usize;
        let mut text = format!("{digits:0width$}", width = places + 1);
        if places > 0 {
            text.insert(text.len() - places, '.');
        }
        if spread.next().is_multiple_of(4) {
            text.insert(0, '-');
        }
        let zeros = text.trim_start_matches('-').trim_start_matches('0');
        // JSON has no leading zeros.
        let sign = if text.starts_with('-') { "-" } else { "" };
        let lead = if zeros.starts_with('.') || zeros.is_empty() {
            "0"
        } else {
            ""
        };
        texts.push(format!("{sign}{lead}{zeros}"));
    }
    for _ in 0..5_000 {
        let value = f64::from_bits(spread.next());
        if value.is_finite() {
            texts.push(format!("{value:e}"));
        }
    }
    texts
}

/// A double as ECMAScript writes it (ECMA-262, Number::toString), from its shortest digits.
fn written(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap();
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap() + 1;
    let count = digits.len() as i32;
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    match point {
        _ if count <= point && point <= 21 => {
            text.push_str(&digits);
            text.push_str(&"0".repeat((point - count) as usize));
        }
        1..=21 => {
            let (whole, fraction) = digits.split_at(point as usize);
            write!(text, "{whole}.{fraction}").unwrap();
        }
        -5..=0 => write!(text, "0.{}{digits}", "0".repeat(-point as usize)).unwrap(),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let sign = if point > 0 { "+" } else { "-" };
            write!(text, "{first}{dot}{rest}e{sign}{}", (point - 1).abs()).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn numbers_are_read_and_written_as_the_standard_says() {
    let engine = Engine::new(config()).unwrap();
    for texts in texts().chunks(1_000) {
        let input = serde_json::json!({ "args": [texts] }).to_string();
        let report = run_with(
            &engine,
            SCRIPT,
            &input,
            Limits::default(),
            TestHost::default(),
            Cancel::new(),
        )
        .await;
        let got: Vec<(u64, u64, String, String)> =
            serde_json::from_str(&output(report.outcome)).unwrap();
        for (text, (high, low, string, json)) in texts.iter().zip(got) {
            let value: f64 = text.parse().unwrap();
            assert_eq!(f64::from_bits(high << 32 | low), value, "{text} is read");
            assert_eq!(
                (high << 32 | low) >> 63,
                value.to_bits() >> 63,
                "the sign of {text}"
            );
            // Two decimals of the least length may be as near; which one, the standard leaves open.
            let as_short = string.len() == written(value).len() && string.parse() == Ok(value);
            assert!(
                string == written(value) || as_short,
                "{text} is written {string}"
            );
            assert_eq!(json, string, "{text} is written in JSON");
        }
    }
}
