//! A request's body, read by its content type: JSON, forms, forms with files, text; anything else
//! stays bytes. What is not what it says it is, is the caller's error.

use std::convert::Infallible;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use futures_util::{FutureExt, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};
use scriptorium_model::Invalid;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// Most query parameters, and most fields of a form.
const PAIRS: usize = 1_000;
/// Most files of one body.
const FILES: usize = 100;
/// Most bytes of a text field in a form with files.
const FIELD_BYTES: u64 = 1 << 20;
/// Longest name of a field or file in bytes.
const NAME_BYTES: usize = 1_000;

/// A body as the script sees it.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    Json(Box<RawValue>),
    Form(Map<String, Value>),
    Multipart(Parts),
    Text(String),
    Bytes,
}

/// A form with files: texts by name, and of files an object each, in which `index` is their place
/// in the list.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) fields: Map<String, Value>,
    pub(crate) files: Vec<Bytes>,
}

impl Body {
    /// Reads a body.
    ///
    /// # Errors
    /// Field `body`, with what it is not.
    pub(crate) fn read(
        content_type: &str,
        encoding: Option<&str>,
        bytes: &Bytes,
    ) -> Result<Self, Invalid> {
        if bytes.is_empty() {
            return Ok(Self::None);
        }
        let kind = Kind::of(content_type);
        if kind == Kind::Bytes {
            return Ok(Self::Bytes);
        }
        if encoding.is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")) {
            return refuse("bad_encoding", "must not be compressed");
        }
        let charset = charset(content_type)?;
        if kind != Kind::Text && charset != UTF_8 {
            return refuse("bad_encoding", "must be UTF-8");
        }
        match kind {
            Kind::Json => read_json(bytes),
            Kind::Form => collect_pairs(bytes, "body").map(Self::Form),
            Kind::Multipart => read_multipart(content_type, bytes).map(Self::Multipart),
            Kind::Text => read_text(charset, bytes).map(Self::Text),
            Kind::Bytes => Ok(Self::Bytes),
        }
    }

    /// The body as JSON text; `null` when there is none, or when it is bytes.
    pub(crate) fn json(&self) -> String {
        match self {
            Self::None | Self::Bytes => "null".to_owned(),
            Self::Json(raw) => raw.get().to_owned(),
            Self::Form(fields) => Value::from(fields.clone()).to_string(),
            Self::Multipart(parts) => Value::from(parts.fields.clone()).to_string(),
            Self::Text(text) => Value::from(text.as_str()).to_string(),
        }
    }

    /// Bytes that it holds besides the body as it was sent.
    pub(crate) fn extra_bytes(&self) -> usize {
        match self {
            Self::Multipart(parts) => parts.files.iter().map(Bytes::len).sum(),
            _ => 0,
        }
    }

    /// A file of a form.
    pub(crate) fn file(&self, index: usize) -> Option<&Bytes> {
        match self {
            Self::Multipart(parts) => parts.files.get(index),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    Bytes,
}

impl Kind {
    fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or("");
        let essence = essence.trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::Multipart,
            other if other.ends_with("+json") => Self::Json,
            other if other.starts_with("text/") => Self::Text,
            _ => Self::Bytes,
        }
    }
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid::field("body", code, message))
}

/// The encoding that a content type names; UTF-8 when it names none.
fn charset(content_type: &str) -> Result<&'static Encoding, Invalid> {
    let parameters = content_type.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"'))
    });
    match named.next() {
        None => Ok(UTF_8),
        // For browsers it is windows-1252; as a name of ASCII it is UTF-8 here.
        Some(name) if name.eq_ignore_ascii_case("us-ascii") => Ok(UTF_8),
        Some(name) => Encoding::for_label_no_replacement(name.as_bytes()).map_or_else(
            || refuse("bad_encoding", "is in no encoding that is known"),
            Ok,
        ),
    }
}

fn read_text(charset: &'static Encoding, bytes: &Bytes) -> Result<String, Invalid> {
    let (charset, mark) = match Encoding::for_bom(bytes) {
        Some((found, length)) if found == charset => (found, length),
        _ => (charset, 0),
    };
    let rest = bytes.get(mark..).unwrap_or_default();
    match charset.decode_without_bom_handling_and_without_replacement(rest) {
        Some(text) => Ok(text.into_owned()),
        None => refuse("bad_encoding", format!("must be {} text", charset.name())),
    }
}

/// Checked as a value first: that bounds the depth, which the raw form does not.
fn read_json(bytes: &Bytes) -> Result<Body, Invalid> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let refused = |error: serde_json::Error| {
        Invalid::field("body", "bad_json", format!("is not valid JSON: {error}"))
    };
    serde_json::from_slice::<Value>(bytes).map_err(refused)?;
    serde_json::from_slice(bytes)
        .map(Body::Json)
        .map_err(refused)
}

/// Pairs of a query or a form: text, or an array when a name is repeated.
pub(crate) fn collect_pairs(bytes: &[u8], field: &str) -> Result<Map<String, Value>, Invalid> {
    let mut pairs: Map<String, Value> = Map::new();
    for (count, (name, value)) in form_urlencoded::parse(bytes).enumerate() {
        if count == PAIRS {
            return Err(too_many(field, PAIRS));
        }
        add(&mut pairs, name.into_owned(), value.into_owned().into());
    }
    Ok(pairs)
}

fn too_many(field: &str, most: usize) -> Invalid {
    let message = format!("must have at most {most} fields");
    Invalid::field(field, "too_many", message)
}

fn add(pairs: &mut Map<String, Value>, name: String, value: Value) {
    match pairs.get_mut(&name) {
        None => {
            pairs.insert(name, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = vec![first.take(), value].into(),
    }
}

fn read_multipart(content_type: &str, bytes: &Bytes) -> Result<Parts, Invalid> {
    let broken = "is not a form as multipart/form-data says";
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        return refuse("bad_multipart", "names no boundary of its parts");
    };
    let whole = stream::iter([Ok::<_, Infallible>(bytes.clone())]);
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(bytes.len() as u64));
    let multipart = Multipart::with_constraints(whole, boundary, limits);
    // All of it is there: nothing has to be waited for.
    match collect_parts(multipart).now_or_never() {
        Some(Ok(parts)) => Ok(parts),
        Some(Err(Unread::Invalid(invalid))) => Err(invalid),
        Some(Err(Unread::Broken)) | None => refuse("bad_multipart", broken),
    }
}

enum Unread {
    Invalid(Invalid),
    Broken,
}

impl From<Invalid> for Unread {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<multer::Error> for Unread {
    fn from(_: multer::Error) -> Self {
        Self::Broken
    }
}

async fn collect_parts(mut multipart: Multipart<'_>) -> Result<Parts, Unread> {
    let mut parts = Parts {
        fields: Map::new(),
        files: Vec::new(),
    };
    let mut count = 0;
    while let Some(field) = multipart.next_field().await? {
        count += 1;
        if count > PAIRS {
            return Err(too_many("body", PAIRS).into());
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let longest = name.len().max(file_name.as_ref().map_or(0, String::len));
        if longest > NAME_BYTES {
            let message = format!("has a name of more than {NAME_BYTES} bytes");
            return Err(Invalid::field("body", "too_long", message).into());
        }
        let value = match file_name {
            Some(file_name) => file(&name, file_name, field, &mut parts.files).await?,
            None => text(field).await?.into(),
        };
        add(&mut parts.fields, name, value);
    }
    Ok(parts)
}

async fn text(field: Field<'_>) -> Result<String, Unread> {
    let kind = field.content_type().map(ToString::to_string);
    let charset = charset(kind.as_deref().unwrap_or_default())?;
    let bytes = field.bytes().await?;
    if bytes.len() as u64 > FIELD_BYTES {
        let message = format!("has a field of more than {FIELD_BYTES} bytes that is no file");
        return Err(Invalid::field("body", "too_long", message).into());
    }
    Ok(read_text(charset, &bytes)?)
}

async fn file(
    name: &str,
    file_name: String,
    field: Field<'_>,
    files: &mut Vec<Bytes>,
) -> Result<Value, Unread> {
    if files.len() == FILES {
        let message = format!("must have at most {FILES} files");
        return Err(Invalid::field("body", "too_many", message).into());
    }
    let content_type = field.content_type().map(ToString::to_string);
    let bytes = field.bytes().await?;
    let value = json!({
        "name": name,
        "filename": file_name,
        "contentType": content_type,
        "size": bytes.len(),
        "index": files.len(),
    });
    files.push(bytes);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &str, body: &[u8], seen: &str) {
        let read = Body::read(content_type, None, &Bytes::copy_from_slice(body));
        let seen_now = match read {
            Ok(body) => body.json(),
            Err(invalid) => format!("{} {}", invalid.errors[0].field, invalid.errors[0].code),
        };
        assert_eq!(seen_now, seen, "{content_type}");
    }

    const FORM: &str = "multipart/form-data; boundary=b";

    fn part(head: &str, body: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    }

    #[test]
    fn a_body_is_read_by_its_content_type_and_encoding() {
        check("application/json", br#"{"a": [1]}"#, r#"{"a": [1]}"#);
        check("application/JSON; charset=utf-8", b"1", "1");
        check("application/json; charset=\"UTF-8\"", b"1", "1");
        check("application/problem+json", b"true", "true");
        check("application/json", b"\xEF\xBB\xBF1", "1");
        check("application/json", b"", "null");
        check(
            "application/x-www-form-urlencoded",
            b"a=1&b=2&a=%D0%B6",
            r#"{"a":["1","ж"],"b":"2"}"#,
        );
        check("text/plain", "ж".as_bytes(), "\"ж\"");
        check("text/plain; charset=windows-1251", b"\xe6", "\"ж\"");
        check("text/plain; charset=utf-16le", b"\x36\x04", "\"ж\"");
        check("text/csv; charset=us-ascii", b"a;b", "\"a;b\"");
        check("text/plain", b"\xEF\xBB\xBFx", "\"x\"");
        check("application/octet-stream", b"\xff", "null");
        check("image/png", b"\xff", "null");
        check("", b"hello", "null");
        check("nonsense", b"hello", "null");
    }

    #[test]
    fn what_is_not_what_it_says_is_refused() {
        let deep = "[".repeat(100_000);
        for (content_type, body, code) in [
            ("application/json", &b"{"[..], "bad_json"),
            ("application/json", b"{} trailing", "bad_json"),
            ("application/json", deep.as_bytes(), "bad_json"),
            ("application/json", b"\"\xff\"", "bad_json"),
            ("application/json", b"NaN", "bad_json"),
            ("application/json", b"\xff\xfe1\0", "bad_json"),
            ("application/json; charset=utf-16", b"1", "bad_encoding"),
            ("text/plain", b"\xff", "bad_encoding"),
            ("text/plain; charset=utf-7", b"+ADw-", "bad_encoding"),
            ("text/plain; charset=klingon", b"x", "bad_encoding"),
            (
                "application/x-www-form-urlencoded; charset=koi8-r",
                b"a=1",
                "bad_encoding",
            ),
            ("multipart/form-data", b"x", "bad_multipart"),
            (FORM, b"x", "bad_multipart"),
            (FORM, b"--b\r\nno head", "bad_multipart"),
            (
                FORM,
                b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\ncut off",
                "bad_multipart",
            ),
        ] {
            check(content_type, body, &format!("body {code}"));
        }
        let many = "a=1&".repeat(1_001);
        check(
            "application/x-www-form-urlencoded",
            many.as_bytes(),
            "body too_many",
        );
        let compressed = Body::read("application/json", Some("gzip"), &Bytes::from_static(b"1"));
        assert_eq!(compressed.unwrap_err().errors[0].code, "bad_encoding");
        let raw = Body::read("image/png", Some("gzip"), &Bytes::from_static(b"1"));
        assert!(raw.is_ok());
    }

    #[test]
    fn a_form_with_files_has_its_texts_and_files_by_name() {
        let whole = [
            part("name=\"title\"", "Отчёт"),
            part("name=\"tag\"", "a"),
            part("name=\"tag\"", "b"),
            part(
                "name=\"f\"; filename=\"../e.csv\"\r\nContent-Type: text/csv",
                "1;2\r\n",
            ),
            part("name=\"f\"; filename=\"\"", ""),
            "--b--\r\n".to_owned(),
        ];
        let bytes = Bytes::from(whole.concat());
        let body = Body::read(FORM, None, &bytes).unwrap();
        let seen: Value = serde_json::from_str(&body.json()).unwrap();
        assert_eq!(seen["title"], "Отчёт");
        assert_eq!(seen["tag"], json!(["a", "b"]));
        let file = json!({"name": "f", "filename": "../e.csv", "contentType": "text/csv", "size": 5, "index": 0});
        assert_eq!(seen["f"][0], file);
        assert_eq!(body.file(0).unwrap(), "1;2\r\n");
        assert_eq!(body.file(1).unwrap().len(), 0);
        assert!(body.file(2).is_none());
        assert_eq!(body.extra_bytes(), 5);
    }

    #[test]
    fn parts_are_bounded() {
        let form = |parts: &[String]| format!("{}--b--\r\n", parts.concat());
        let many = vec![part("name=\"a\"", ""); 1_001];
        check(FORM, form(&many).as_bytes(), "body too_many");
        let files = vec![part("name=\"a\"; filename=\"x\"", ""); 101];
        check(FORM, form(&files).as_bytes(), "body too_many");
        let long = part(&format!("name=\"{}\"", "x".repeat(1_001)), "");
        check(FORM, form(&[long]).as_bytes(), "body too_long");
        let large = part("name=\"a\"", &"x".repeat((1 << 20) + 1));
        check(FORM, form(&[large]).as_bytes(), "body too_long");
    }
}
