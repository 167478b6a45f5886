//! The answer of an endpoint script: what the prelude made of the returned value, checked before
//! any of it goes on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::HeaderName;
use scriptorium_model::Json;
use scriptorium_model::execution::Failure;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::streaming::StreamHead;

/// Most headers of a reply.
const HEADERS: usize = 100;
/// Most bytes of one header's value.
const HEADER_BYTES: usize = 8 << 10;
/// Headers that describe the connection or the framing: the server's own, dropped in silence.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "date",
];

/// The answer to a request, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// 200 to 599.
    pub status: u16,
    /// Headers with valid names and values; a `content-type` unless the body is empty.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What the prelude hands back for a request.
#[derive(Deserialize)]
struct Returned<'a> {
    status: Option<f64>,
    headers: Vec<(String, String)>,
    kind: Kind,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Empty,
    Json,
    Text,
    Bytes,
    Stream,
}

/// Reads what goes before an answer in parts.
pub(crate) fn read_head(status: &str, headers: &str) -> Result<StreamHead, Failure> {
    let shape = |_| bad("the response is not an object of status, headers and body");
    let status: Option<f64> = serde_json::from_str(status).map_err(shape)?;
    let headers: Vec<(String, String)> = serde_json::from_str(headers).map_err(shape)?;
    Ok(StreamHead {
        status: read_status(status)?,
        headers: read_headers(headers)?,
        events: false,
    })
}

/// Reads the sandbox's output of an endpoint script into the answer and what is recorded of it;
/// `sent` is what there was of it in parts.
pub(crate) fn read(output: &str, sent: impl Fn() -> Value) -> Result<(HttpReply, Json), Failure> {
    let returned: Returned<'_> = serde_json::from_str(output)
        .map_err(|_| bad("the response is not an object of status, headers and body"))?;
    let status = read_status(returned.status)?;
    let mut headers = read_headers(returned.headers)?;
    let (body, default_type) = read_body(returned.kind, returned.body)?;
    let body = if matches!(status, 204 | 205 | 304) {
        Bytes::new()
    } else {
        body
    };
    if let Some(default_type) = default_type
        && !headers.iter().any(|(name, _)| name == "content-type")
    {
        headers.push(("content-type".into(), default_type.into()));
    }
    let record = match returned.kind {
        Kind::Stream => record(status, &headers, &sent().to_string()),
        kind => record(status, &headers, &body_of_record(kind, &body)),
    };
    let reply = HttpReply {
        status,
        headers,
        body,
    };
    Ok((reply, record))
}

fn read_status(status: Option<f64>) -> Result<u16, Failure> {
    let Some(status) = status else { return Ok(200) };
    if status.fract() == 0.0 && (200.0..=599.0).contains(&status) {
        // In range and whole: the cast keeps the value.
        return Ok(status as u16);
    }
    Err(bad(format!(
        "the response's status must be 200 to 599, not {status}"
    )))
}

fn read_headers(pairs: Vec<(String, String)>) -> Result<Vec<(String, String)>, Failure> {
    if pairs.len() > HEADERS {
        return Err(bad(format!(
            "the response must have at most {HEADERS} headers"
        )));
    }
    let mut headers = Vec::with_capacity(pairs.len() + 1);
    for (name, value) in pairs {
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(bad(format!("{name:?} is not the name of a header")));
        };
        if value.len() > HEADER_BYTES || !value.bytes().all(is_printable) {
            return Err(bad(format!(
                "the header {parsed} must be at most {HEADER_BYTES} printable ASCII characters; \
                 encode others, as in filename*=UTF-8''%D0%B6.csv"
            )));
        }
        if !FRAMING.contains(&parsed.as_str()) {
            headers.push((parsed.as_str().to_owned(), value));
        }
    }
    Ok(headers)
}

/// What every client reads alike: beyond ASCII some take a header for Latin, some for UTF-8.
fn is_printable(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

fn read_body(
    kind: Kind,
    body: Option<&RawValue>,
) -> Result<(Bytes, Option<&'static str>), Failure> {
    let raw = body.map_or("null", RawValue::get);
    let text = || serde_json::from_str::<String>(raw).map_err(|_| bad("the body is not text"));
    Ok(match kind {
        Kind::Empty => (Bytes::new(), None),
        Kind::Stream => (Bytes::new(), Some("text/event-stream")),
        Kind::Json => (
            Bytes::copy_from_slice(raw.as_bytes()),
            Some("application/json"),
        ),
        Kind::Text => (Bytes::from(text()?), Some("text/plain; charset=utf-8")),
        Kind::Bytes => {
            let bytes = STANDARD
                .decode(text()?)
                .map_err(|_| bad("the body is not bytes"))?;
            (Bytes::from(bytes), Some("application/octet-stream"))
        }
    })
}

/// Bytes only by their number.
fn body_of_record(kind: Kind, body: &Bytes) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default();
    match kind {
        Kind::Json if !body.is_empty() => text.to_owned(),
        Kind::Empty | Kind::Json | Kind::Stream => "null".to_owned(),
        Kind::Text => Value::from(text).to_string(),
        Kind::Bytes => json!({ "bytes": body.len() }).to_string(),
    }
}

/// What history shows of the answer.
fn record(status: u16, headers: &[(String, String)], body: &str) -> Json {
    let headers: serde_json::Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let mut record = json!({ "status": status, "headers": headers }).to_string();
    record.pop();
    record.push_str(",\"body\":");
    record.push_str(body);
    record.push('}');
    Json::from_written(record)
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new("script.bad_result", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, status: u16, content_type: &str, body: &str) {
        let (reply, _) = read(output, || Value::Null).unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(reply.body, body);
        let header = reply
            .headers
            .iter()
            .find(|(name, _)| name == "content-type");
        assert_eq!(header.map_or("", |(_, value)| value.as_str()), content_type);
    }

    #[track_caller]
    fn check_refused(output: &str, part: &str) {
        let failure = read(output, || Value::Null).unwrap_err();
        assert_eq!(failure.code, "script.bad_result");
        assert!(failure.message.contains(part), "{}", failure.message);
    }

    #[test]
    fn body_decides_the_content_type_unless_the_script_does() {
        let json = r#"{"status":null,"headers":[],"kind":"json","body":{"a":1}}"#;
        check(json, 200, "application/json", r#"{"a":1}"#);
        let text = r#"{"status":404,"headers":[],"kind":"text","body":"gone"}"#;
        check(text, 404, "text/plain; charset=utf-8", "gone");
        let own =
            r#"{"status":200,"headers":[["Content-Type","text/csv"]],"kind":"text","body":"a,b"}"#;
        check(own, 200, "text/csv", "a,b");
        let bytes = r#"{"status":200,"headers":[],"kind":"bytes","body":"aGk="}"#;
        check(bytes, 200, "application/octet-stream", "hi");
        let empty = r#"{"status":302,"headers":[["Location","/x"]],"kind":"empty"}"#;
        check(empty, 302, "", "");
        let none = r#"{"status":204,"headers":[],"kind":"json","body":{"a":1}}"#;
        check(none, 204, "application/json", "");
    }

    #[test]
    fn what_would_break_the_answer_is_refused() {
        let with = |status: &str, headers: &str| {
            format!(r#"{{"status":{status},"headers":{headers},"kind":"empty"}}"#)
        };
        check_refused(&with("99", "[]"), "200 to 599");
        check_refused(&with("600", "[]"), "200 to 599");
        check_refused(&with("200.5", "[]"), "200 to 599");
        check_refused(&with("101", "[]"), "200 to 599");
        check_refused(&with("200", r#"[["X-A","a\r\nSet-Cookie: b"]]"#), "x-a");
        check_refused(&with("200", r#"[["X-A","a\u0000"]]"#), "x-a");
        check_refused(&with("200", r#"[["X-A","отчёт"]]"#), "printable ASCII");
        check_refused(&with("200", r#"[["X-A","a\u007f"]]"#), "printable ASCII");
        check_refused(&with("200", r#"[["X-A","a\u0080"]]"#), "printable ASCII");
        check_refused(&with("200", r#"[["X A","a"]]"#), "X A");
        check_refused(&with("200", r#"[["","a"]]"#), "name of a header");
    }

    #[test]
    fn framing_headers_stay_the_servers() {
        let output = r#"{"status":200,"headers":[["Content-Length","5"],["Transfer-Encoding","chunked"],["x-b","1"]],"kind":"empty"}"#;
        let (reply, record) = read(output, || Value::Null).unwrap();
        assert_eq!(reply.headers, [("x-b".to_owned(), "1".to_owned())]);
        assert_eq!(
            record.as_str(),
            r#"{"headers":{"x-b":"1"},"status":200,"body":null}"#
        );
    }
}
