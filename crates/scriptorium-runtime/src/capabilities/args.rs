//! The arguments of a host call. A script chose them, so each is checked against its declaration
//! before a handler sees it; a refusal names the argument and what was expected.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use scriptorium_engine::HostError;
use scriptorium_model::Json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::invalid;

/// Most bytes of one call's arguments as JSON: what is read here is held by the host, outside of
/// the script's memory limit.
const ARGUMENTS_BYTES: usize = 24 << 20;
/// Most bytes of a `Uint8Array` or text to be hashed, as JSON.
const BYTES_BYTES: usize = 16 << 20;
/// Most bytes of an options object as JSON.
const OBJECT_BYTES: usize = 2 << 20;

/// One declared parameter.
pub(crate) struct Param {
    /// Its name in declarations and errors.
    pub(crate) name: &'static str,
    /// Its TypeScript type.
    pub(crate) ts: &'static str,
    /// What the host accepts.
    pub(crate) check: Check,
    /// Whether it may be left out.
    pub(crate) optional: bool,
}

/// What the host accepts for a parameter.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// Not looked at: the prelude uses it.
    Any,
    /// Text of at most this many bytes.
    Text(usize),
    /// A whole number in a range, both ends included.
    Integer(i64, i64),
    /// A number that is zero or more.
    Amount,
    /// Any JSON value of at most this many bytes.
    Json(usize),
    /// An object.
    Object,
    /// A `Uint8Array`, or text as UTF-8.
    Bytes,
    /// A `Date`, milliseconds since the epoch, or an ISO 8601 text.
    Instant,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A parameter that must be given.
pub(crate) const fn required(name: &'static str, ts: &'static str, check: Check) -> Param {
    Param {
        name,
        ts,
        check,
        optional: false,
    }
}

/// A parameter that may be left out.
pub(crate) const fn optional(name: &'static str, ts: &'static str, check: Check) -> Param {
    Param {
        name,
        ts,
        check,
        optional: true,
    }
}

/// Checked arguments, taken by place. The checks have matched kinds with places: a handler that
/// asks for another kind than declared gets the empty value of it.
pub(crate) struct Args(Vec<Arg>);

enum Arg {
    Missing,
    Text(String),
    Integer(i64),
    Amount(f64),
    Json(Json),
    Object(serde_json::Map<String, Value>),
    Bytes(Vec<u8>),
    Instant(Timestamp),
}

/// How the prelude writes bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBytes {
    #[serde(rename = "$bytes")]
    base64: String,
}

impl Param {
    /// `name?: type`.
    pub(crate) fn declaration(&self) -> String {
        let mark = if self.optional { "?" } else { "" };
        if let Some(rest) = self.name.strip_prefix("...") {
            return format!("...{rest}: {}", self.ts);
        }
        format!("{}{mark}: {}", self.name, self.ts)
    }

    /// Bytes of JSON beyond which an argument is not even read.
    fn most(&self) -> usize {
        match self.check {
            // A character takes at most six bytes as JSON.
            Check::Text(max) => 6 * max + 2,
            Check::Any | Check::Json(_) => usize::MAX,
            Check::Object => OBJECT_BYTES,
            Check::Bytes => BYTES_BYTES,
            Check::Integer(..) | Check::Amount | Check::Instant | Check::Word(_) => 200,
        }
    }

    fn read(&self, raw: Option<&RawValue>, zone: &TimeZone) -> Result<Arg, HostError> {
        let raw = raw.map_or("null", RawValue::get);
        if raw.len() > self.most() {
            return Err(invalid(self.name, "is too long"));
        }
        if raw == "null" && self.optional {
            return Ok(Arg::Missing);
        }
        match self.check {
            Check::Any => Ok(Arg::Missing),
            Check::Text(max) => self.read_text(raw, max),
            Check::Integer(min, max) => self.read_integer(raw, min, max),
            Check::Amount => serde_json::from_str(raw)
                .ok()
                .filter(|number: &f64| number.is_finite() && *number >= 0.0)
                .map(Arg::Amount)
                .ok_or_else(|| invalid(self.name, "must be a number, 0 or more")),
            Check::Json(max) => self.read_json(raw, max),
            Check::Object => serde_json::from_str(raw)
                .map(Arg::Object)
                .map_err(|_| invalid(self.name, "must be an object")),
            Check::Bytes => self.read_bytes(raw),
            Check::Instant => read_instant(raw, zone)
                .map(Arg::Instant)
                .ok_or_else(|| invalid(self.name, "must be a date, such as 2026-03-01T09:00")),
            Check::Word(words) => match serde_json::from_str::<String>(raw) {
                Ok(word) if words.contains(&word.as_str()) => Ok(Arg::Text(word)),
                _ => Err(invalid(
                    self.name,
                    format!("must be one of {}", words.join(", ")),
                )),
            },
        }
    }

    fn read_text(&self, raw: &str, max: usize) -> Result<Arg, HostError> {
        let text: String =
            serde_json::from_str(raw).map_err(|_| invalid(self.name, "must be a string"))?;
        if text.len() > max {
            return Err(invalid(
                self.name,
                format!("must have at most {max} bytes, not {}", text.len()),
            ));
        }
        Ok(Arg::Text(text))
    }

    fn read_integer(&self, raw: &str, min: i64, max: i64) -> Result<Arg, HostError> {
        let refuse = || invalid(self.name, format!("must be a whole number, {min} to {max}"));
        let number: f64 = serde_json::from_str(raw).map_err(|_| refuse())?;
        // Bounds are far inside what both types hold exactly.
        if number.fract() != 0.0 || number < min as f64 || number > max as f64 {
            return Err(refuse());
        }
        Ok(Arg::Integer(number as i64))
    }

    fn read_json(&self, raw: &str, max: usize) -> Result<Arg, HostError> {
        if raw.len() > max {
            let message = format!("must have at most {max} bytes as JSON, not {}", raw.len());
            return Err(invalid(self.name, message));
        }
        Json::parse(raw)
            .map(Arg::Json)
            .map_err(|_| invalid(self.name, "must not be nested deeper than 128 levels"))
    }

    fn read_bytes(&self, raw: &str) -> Result<Arg, HostError> {
        if let Ok(text) = serde_json::from_str::<String>(raw) {
            return Ok(Arg::Bytes(text.into_bytes()));
        }
        serde_json::from_str::<WrittenBytes>(raw)
            .ok()
            .and_then(|written| STANDARD.decode(written.base64).ok())
            .map(Arg::Bytes)
            .ok_or_else(|| invalid(self.name, "must be a string or a Uint8Array"))
    }
}

impl Args {
    /// Reads the JSON array of arguments against the declaration; more than declared are ignored,
    /// as JavaScript does.
    pub(crate) fn read(
        json: &str,
        params: &'static [Param],
        zone: &TimeZone,
    ) -> Result<Self, HostError> {
        if json.len() > ARGUMENTS_BYTES {
            let message =
                format!("the arguments must have at most {ARGUMENTS_BYTES} bytes as JSON");
            return Err(HostError::new("VALIDATION_ERROR", message));
        }
        let raw: Vec<&RawValue> = serde_json::from_str(json)
            .map_err(|_| HostError::new("VALIDATION_ERROR", "the arguments are not JSON"))?;
        params
            .iter()
            .enumerate()
            .map(|(index, param)| param.read(raw.get(index).copied(), zone))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn take(&mut self, index: usize) -> Arg {
        self.0
            .get_mut(index)
            .map_or(Arg::Missing, |arg| std::mem::replace(arg, Arg::Missing))
    }

    /// Text, if given.
    pub(crate) fn text(&mut self, index: usize) -> Option<String> {
        match self.take(index) {
            Arg::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, if given.
    pub(crate) fn integer(&mut self, index: usize) -> Option<i64> {
        match self.take(index) {
            Arg::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// A number, if given.
    pub(crate) fn amount(&mut self, index: usize) -> Option<f64> {
        match self.take(index) {
            Arg::Amount(number) => Some(number),
            _ => None,
        }
    }

    /// A JSON value; `null` if not given.
    pub(crate) fn json(&mut self, index: usize) -> Json {
        match self.take(index) {
            Arg::Json(json) => json,
            _ => Json::null(),
        }
    }

    /// An object; empty if not given.
    pub(crate) fn object(&mut self, index: usize) -> serde_json::Map<String, Value> {
        match self.take(index) {
            Arg::Object(object) => object,
            _ => serde_json::Map::new(),
        }
    }

    /// Bytes; none if not given.
    pub(crate) fn bytes(&mut self, index: usize) -> Vec<u8> {
        match self.take(index) {
            Arg::Bytes(bytes) => bytes,
            _ => Vec::new(),
        }
    }

    /// An instant; the epoch if not given.
    pub(crate) fn instant(&mut self, index: usize) -> Timestamp {
        match self.take(index) {
            Arg::Instant(instant) => instant,
            _ => Timestamp::UNIX_EPOCH,
        }
    }
}

/// A number is milliseconds; text without an offset is local to the zone.
fn read_instant(raw: &str, zone: &TimeZone) -> Option<Timestamp> {
    match serde_json::from_str(raw).ok()? {
        Value::Number(number) => {
            let millis = number.as_f64()?;
            // Outside of these bounds no calendar of ours reaches, and the cast is exact inside.
            (millis.abs() < 1e15)
                .then(|| Timestamp::from_millisecond(millis as i64).ok())
                .flatten()
        }
        Value::String(text) => parse_iso(&text, zone),
        _ => None,
    }
}

/// ISO 8601: an instant with an offset, or a local date with or without a time.
pub(super) fn parse_iso(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let local: civil::DateTime = text.parse().ok()?;
    let zoned = local.to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp())
}
