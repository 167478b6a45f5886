//! Time zones by name: those of the IANA database, and fixed offsets.

use icu_time::TimeZone as Id;
use jiff::tz::{Offset, TimeZone};

use crate::{Refusal, shown};

/// Longest name, in bytes.
const NAME_BYTES: usize = 64;
/// Names of the same zone, which the standard writes as `UTC`.
const UTC: [&str; 5] = ["UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/UCT"];

/// A zone as the standard writes its name, and its rules.
pub(super) fn find(name: &str) -> Result<(String, TimeZone), Refusal> {
    let refuse = || Refusal::range(format!("Invalid time zone specified: {}", shown(name)));
    if name.len() > NAME_BYTES || !name.is_ascii() {
        return Err(refuse());
    }
    if UTC.iter().any(|utc| utc.eq_ignore_ascii_case(name)) {
        return Ok(("UTC".to_owned(), TimeZone::UTC));
    }
    if let Some(minutes) = read_offset(name) {
        let offset = Offset::from_seconds(minutes * 60).map_err(|_| refuse())?;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        return Ok((
            format!("{sign}{hours:02}:{rest:02}"),
            TimeZone::fixed(offset),
        ));
    }
    // Files that happen to lie beside the zones of the system are none.
    if Id::from_iana_id(name) == Id::UNKNOWN {
        return Err(refuse());
    }
    let zone = TimeZone::get(name).map_err(|_| refuse())?;
    let name = zone.iana_name().unwrap_or(name).to_owned();
    Ok((name, zone))
}

/// `+05`, `+0530` or `+05:30` in minutes.
fn read_offset(name: &str) -> Option<i32> {
    let (sign, rest) = match name.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits = match rest.len() {
        5 if rest.as_bytes().get(2) == Some(&b':') => rest.replacen(':', "", 1),
        2 | 4 => rest.to_owned(),
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits
        .get(2..)
        .filter(|rest| !rest.is_empty())
        .unwrap_or("0")
        .parse()
        .ok()?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, found: Option<&str>) {
        let got = find(name).ok().map(|(name, _)| name);
        assert_eq!(got.as_deref(), found, "{name}");
    }

    #[test]
    fn zones_are_known_by_name() {
        check("Asia/Tashkent", Some("Asia/Tashkent"));
        check("asia/tashkent", Some("Asia/Tashkent"));
        check("Asia/Calcutta", Some("Asia/Calcutta"));
        check("utc", Some("UTC"));
        check("Etc/GMT", Some("UTC"));
        check("+05", Some("+05:00"));
        check("-0330", Some("-03:30"));
        check("+05:30", Some("+05:30"));
        for none in [
            "",
            "Mars/Olympus",
            "+24",
            "+5",
            "+05:60",
            "+0x:00",
            "posixrules",
            "../UTC",
            "Etc/Unknown",
            "ё",
            "+é",
        ] {
            check(none, None);
        }
        check(&"A".repeat(100), None);
    }
}
