//! What a script says about a request beside its URL and data.

use std::time::Duration;

use scriptorium_engine::HostError;
use scriptorium_model::Json;
use scriptorium_outbound::{
    HeaderMap, HeaderName, HeaderValue, REDIRECTS, RETRIES, TIMEOUT, is_refused,
};
use serde_json::{Map, Value};

use super::answer;
use crate::capabilities::invalid;

/// Time for one call when the script says nothing, in milliseconds.
const TIMEOUT_MS: u64 = 10_000;
/// Largest body of a response in bytes.
const RESPONSE_BYTES: usize = 10 << 20;
/// What options there are.
const KNOWN: &str =
    "is not known; there are headers, query, form, timeout, retries, redirect, maxBytes, signal";

/// The last argument of a call.
pub(super) struct Options {
    pub(super) headers: HeaderMap,
    pub(super) query: Vec<(String, String)>,
    /// Sent in place of data.
    pub(super) form: Option<Vec<(String, String)>>,
    pub(super) timeout: Duration,
    pub(super) retries: usize,
    pub(super) redirects: usize,
    pub(super) largest: usize,
    /// The prelude's number for an `AbortSignal`.
    pub(super) signal: Option<i64>,
}

impl Options {
    pub(super) fn read(given: Map<String, Value>) -> Result<Self, HostError> {
        let mut options = Self {
            headers: HeaderMap::new(),
            query: Vec::new(),
            form: None,
            timeout: Duration::from_millis(TIMEOUT_MS),
            retries: 0,
            redirects: REDIRECTS,
            largest: RESPONSE_BYTES,
            signal: None,
        };
        let longest = u64::try_from(TIMEOUT.as_millis()).unwrap_or(u64::MAX);
        for (name, value) in given {
            if value.is_null() {
                continue;
            }
            let field = format!("options.{name}");
            match name.as_str() {
                "headers" => options.headers = headers(object(&field, value)?)?,
                "query" => options.query = pairs(&field, object(&field, value)?)?,
                "form" => options.form = Some(pairs(&field, object(&field, value)?)?),
                "timeout" => {
                    let millis = number(&field, &value, 1..=longest)?;
                    options.timeout = Duration::from_millis(millis);
                }
                "retries" => {
                    let most = RETRIES as u64;
                    options.retries = number(&field, &value, 0..=most)? as usize;
                }
                "maxBytes" => {
                    let most = RESPONSE_BYTES as u64;
                    options.largest = number(&field, &value, 1..=most)? as usize;
                }
                "redirect" => match value.as_str() {
                    Some("follow") => {}
                    Some("manual") => options.redirects = 0,
                    _ => return Err(invalid(&field, "must be follow or manual")),
                },
                "signal" => options.signal = value.as_i64(),
                _ => return Err(invalid(&field, KNOWN)),
            }
        }
        Ok(options)
    }
}

fn object(field: &str, value: Value) -> Result<Map<String, Value>, HostError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(invalid(field, "must be an object")),
    }
}

fn number(
    field: &str,
    value: &Value,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, HostError> {
    let number = value.as_u64().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let expectation = format!(
            "must be a whole number, {} to {}",
            range.start(),
            range.end()
        );
        invalid(field, expectation)
    })
}

fn headers(given: Map<String, Value>) -> Result<HeaderMap, HostError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let field = format!("options.headers.{name}");
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(invalid(&field, "is not the name of a header"));
        };
        if is_refused(&parsed) {
            return Err(invalid(&field, "is set by the platform"));
        }
        let value = scalar(&value)
            .and_then(|text| HeaderValue::from_str(&text).ok())
            .ok_or_else(|| invalid(&field, "must be one line of printable ASCII text"))?;
        if headers.insert(parsed, value).is_some() {
            return Err(invalid(&field, "is there twice, in other letters"));
        }
    }
    Ok(headers)
}

fn pairs(field: &str, given: Map<String, Value>) -> Result<Vec<(String, String)>, HostError> {
    let mut pairs = Vec::new();
    for (name, value) in given {
        let values = match value {
            Value::Array(values) => values,
            Value::Null => continue,
            value => vec![value],
        };
        for value in values {
            let Some(text) = scalar(&value) else {
                let field = format!("{field}.{name}");
                return Err(invalid(&field, "must be text, a number or a boolean"));
            };
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn encoded(pairs: &[(String, String)]) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(pairs);
    out.finish()
}

/// Adds parameters to the query of a URL, before its fragment. What is a URL, the way out decides.
pub(super) fn extend(url: &mut String, pairs: &[(String, String)]) {
    let end = url.find('#').unwrap_or(url.len());
    let glue = match url[..end].find('?') {
        None => "?",
        Some(at) if at + 1 == end => "",
        Some(_) => "&",
    };
    url.insert_str(end, &format!("{glue}{}", encoded(pairs)));
}

/// Text and bytes go as they are, a form as one, everything else as JSON; the content type follows unless
/// the script has set one.
pub(super) fn body(
    data: Json,
    form: Option<Vec<(String, String)>>,
    headers: &mut HeaderMap,
) -> Result<Vec<u8>, HostError> {
    let (bytes, content_type) = match (data.to_value(), form) {
        (Value::Null, None) => return Ok(Vec::new()),
        (Value::Null, Some(form)) => (
            encoded(&form).into_bytes(),
            "application/x-www-form-urlencoded",
        ),
        (_, Some(_)) => return Err(invalid("options.form", "cannot go with data")),
        (Value::String(text), None) => (text.into_bytes(), "text/plain; charset=utf-8"),
        (Value::Object(object), None) if object.len() == 1 && object.contains_key("$bytes") => {
            let bytes = object
                .get("$bytes")
                .and_then(Value::as_str)
                .and_then(answer::decode)
                .ok_or_else(|| invalid("data", "must be JSON, text or a Uint8Array"))?;
            (bytes, "application/octet-stream")
        }
        _ => (data.as_str().as_bytes().to_vec(), "application/json"),
    };
    headers
        .entry("content-type")
        .or_insert(HeaderValue::from_static(content_type));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let mut url = url.to_owned();
        extend(&mut url, &[("a b".to_owned(), "1&2".to_owned())]);
        assert_eq!(url, expected);
    }

    #[test]
    fn parameters_are_added_to_a_query() {
        check("http://h/p", "http://h/p?a+b=1%262");
        check("http://h/p?", "http://h/p?a+b=1%262");
        check("http://h/p?x=1", "http://h/p?x=1&a+b=1%262");
        check("http://h/p?x=1#part", "http://h/p?x=1&a+b=1%262#part");
        check("http://h/p#?", "http://h/p?a+b=1%262#?");
        check("", "?a+b=1%262");
    }
}
