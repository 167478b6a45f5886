//! The answer of an endpoint script: what the prelude made of the returned value, checked before
//! any of it goes on the wire.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use scriptorium_model::Json;
use scriptorium_model::execution::Failure;
use scriptorium_outbound::HeaderName;
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

/// Reads the sandbox's output of an endpoint script into the answer and what is recorded of it: enough
/// to give the answer again when somebody may ask for that, otherwise what people want to see. `sent` is
/// what there was of it in parts, which are not given again.
pub(crate) fn read(
    output: &str,
    is_repeatable: bool,
    sent: impl Fn() -> Value,
) -> Result<(HttpReply, Json), Failure> {
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
    let shown = match returned.kind {
        Kind::Stream => sent().to_string(),
        kind => body_of_record(kind, &body, is_repeatable),
    };
    let kind = returned.kind.as_str();
    let record = record(status, &headers, is_repeatable.then_some(kind), &shown);
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

/// Bytes only by their number, unless they are to be given again.
fn body_of_record(kind: Kind, body: &Bytes, is_repeatable: bool) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default();
    match kind {
        Kind::Json if !body.is_empty() => text.to_owned(),
        Kind::Empty | Kind::Json | Kind::Stream => "null".to_owned(),
        Kind::Text => Value::from(text).to_string(),
        Kind::Bytes if is_repeatable => {
            json!({ "bytes": body.len(), "base64": STANDARD.encode(body) }).to_string()
        }
        Kind::Bytes => json!({ "bytes": body.len() }).to_string(),
    }
}

/// What history shows of the answer. One that is repeatable says its kind, and has what tells answers apart
/// that look alike: headers that come twice, whether a text was JSON, and which bytes.
fn record(status: u16, headers: &[(String, String)], kind: Option<&str>, body: &str) -> Json {
    let mut shown: serde_json::Map<String, Value> = serde_json::Map::new();
    for (name, value) in headers {
        match shown.get_mut(name).filter(|_| kind.is_some()) {
            None => {
                shown.insert(name.clone(), value.as_str().into());
            }
            Some(Value::Array(values)) => values.push(value.as_str().into()),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    let mut record = json!({ "status": status, "headers": shown });
    if let Some(kind) = kind {
        record["kind"] = kind.into();
    }
    let mut record = record.to_string();
    record.pop();
    record.push_str(",\"body\":");
    record.push_str(body);
    record.push('}');
    Json::from_written(record)
}

/// A record that is repeatable.
#[derive(Deserialize)]
struct Recorded<'a> {
    status: u16,
    headers: BTreeMap<String, Values>,
    kind: Kind,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct RecordedBytes {
    base64: String,
}

impl HttpReply {
    /// The answer that was recorded of an execution which may be asked for again; `None` when the
    /// record does not hold it whole.
    pub fn from_record(record: &Json) -> Option<Self> {
        let record: Recorded<'_> = serde_json::from_str(record.as_str()).ok()?;
        let mut headers = Vec::with_capacity(record.headers.len());
        for (name, values) in record.headers {
            let values = match values {
                Values::One(value) => vec![value],
                Values::Many(values) => values,
            };
            headers.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        let raw = record.body.get();
        let body = match record.kind {
            // Its parts are gone.
            Kind::Stream => return None,
            Kind::Empty => Bytes::new(),
            _ if matches!(record.status, 204 | 205 | 304) => Bytes::new(),
            Kind::Json => Bytes::copy_from_slice(raw.as_bytes()),
            Kind::Text => Bytes::from(serde_json::from_str::<String>(raw).ok()?),
            Kind::Bytes => {
                let bytes: RecordedBytes = serde_json::from_str(raw).ok()?;
                Bytes::from(STANDARD.decode(bytes.base64).ok()?)
            }
        };
        Some(Self {
            status: record.status,
            headers,
            body,
        })
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json => "json",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Stream => "stream",
        }
    }
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new("script.bad_result", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, status: u16, content_type: &str, body: &str) {
        let (reply, _) = read(output, false, || Value::Null).unwrap();
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
        let failure = read(output, false, || Value::Null).unwrap_err();
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
        let (reply, record) = read(output, false, || Value::Null).unwrap();
        assert_eq!(reply.headers, [("x-b".to_owned(), "1".to_owned())]);
        assert_eq!(
            record.as_str(),
            r#"{"headers":{"x-b":"1"},"status":200,"body":null}"#
        );
    }

    #[test]
    fn a_repeatable_record_holds_the_answer_whole() {
        for output in [
            r#"{"status":201,"headers":[["x-a","1"]],"kind":"json","body":{"b":[1,null,"é"],"a":1.5}}"#,
            r#"{"status":200,"headers":[],"kind":"json","body":"text"}"#,
            r#"{"status":200,"headers":[],"kind":"text","body":"text"}"#,
            r#"{"status":200,"headers":[["content-type","application/json"]],"kind":"text","body":"{\"a\": 1}"}"#,
            r#"{"status":200,"headers":[],"kind":"json","body":{"bytes":2}}"#,
            r#"{"status":200,"headers":[],"kind":"bytes","body":"//4AgA=="}"#,
            r#"{"status":302,"headers":[["set-cookie","a=1"],["set-cookie","b=2"],["set-cookie","c=3"]],"kind":"empty"}"#,
            r#"{"status":204,"headers":[],"kind":"json","body":{"a":1}}"#,
        ] {
            let (mut reply, record) = read(output, true, || Value::Null).unwrap();
            let mut again = HttpReply::from_record(&record).unwrap();
            // Which of two different headers comes first says nothing.
            reply.headers.sort();
            again.headers.sort();
            assert_eq!(again, reply, "{output}");
            let (_, shown) = read(output, false, || Value::Null).unwrap();
            assert_eq!(HttpReply::from_record(&shown), None, "{output}");
        }
    }
}
