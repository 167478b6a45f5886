//! A request to an endpoint script: read once, before the script runs, so that what is wrong
//! with it is the caller's error and not the script's (design 4.3).

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use scriptorium_model::trigger::Endpoint;
use scriptorium_model::{Invalid, Json};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::body::{Body, collect_pairs};

/// Largest body kept with the execution's record, in bytes.
const RECORDED_BODY: usize = 64 << 10;
/// Headers whose values are never recorded (G-22): credentials and signatures.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
];

/// Member of a record that names what of the request it does not hold.
const NOT_KEPT: &str = "not_kept";

/// What the server knows of a request, before the body is read.
#[derive(Clone, Debug)]
pub struct RequestParts {
    /// The method in capitals.
    pub method: String,
    /// The path below `/api/scripts`.
    pub path: String,
    /// The parameters in the endpoint's path, decoded.
    pub params: Vec<(String, String)>,
    /// The query without its question mark.
    pub query: Option<String>,
    /// Headers by lower-case name, without what the platform consumed as its own credential.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Who sent it.
    pub ip: IpAddr,
    /// The whole address that was asked for.
    pub url: String,
}

/// A request whose body could be read.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    method: String,
    path: String,
    params: Map<String, Value>,
    query: Map<String, Value>,
    headers: Map<String, Value>,
    raw: Bytes,
    body: Body,
    ip: IpAddr,
    url: String,
}

impl HttpRequest {
    /// Reads the query and the body by its content type: JSON, forms, text; anything else stays
    /// bytes.
    ///
    /// # Errors
    /// Field `body` when it is not what its content type says, `query` when it has more than
    /// 1,000 parameters.
    pub fn new(parts: RequestParts) -> Result<Self, Invalid> {
        let headers = collect_headers(parts.headers);
        let header = |name: &str| headers.get(name).and_then(Value::as_str);
        let content_type = header("content-type").unwrap_or("");
        let body = Body::read(content_type, header("content-encoding"), &parts.body)?;
        let query = parts.query.unwrap_or_default();
        Ok(Self {
            method: parts.method,
            path: parts.path,
            params: parts
                .params
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
            query: collect_pairs(query.as_bytes(), "query")?,
            headers,
            raw: parts.body,
            body,
            ip: parts.ip,
            url: parts.url,
        })
    }

    /// The body as a value, to be held against a schema; `None` for a method that has none, and for
    /// what is no text.
    ///
    /// # Errors
    /// Field `body` when it is nested deeper than a value can be.
    pub(crate) fn value(&self) -> Result<Option<Value>, Invalid> {
        if matches!(self.method.as_str(), "GET" | "HEAD" | "DELETE") {
            return Ok(None);
        }
        Ok(match &self.body {
            Body::None => Some(Value::Null),
            Body::Json(raw) => {
                let value = serde_json::from_str(raw.get());
                Some(value.map_err(|_| Invalid::field("body", "unfit", "is nested too deep"))?)
            }
            Body::Form(fields) => Some(Value::Object(fields.clone())),
            Body::Multipart(parts) => Some(Value::Object(parts.fields.clone())),
            Body::Text(text) => Some(Value::String(text.clone())),
            Body::Bytes => None,
        })
    }

    /// A request from its record, or from what someone wrote by hand to try an endpoint out. The
    /// body is a value; text for a text body.
    ///
    /// # Errors
    /// `input` when it is not an object, `input.params` and so on when they are not.
    pub fn from_record(endpoint: &Endpoint, record: &Json) -> Result<Self, Invalid> {
        let mut record = match record.to_value() {
            Value::Object(record) => record,
            Value::Null => Map::new(),
            _ => return Err(Invalid::field("input", "bad_type", "must be an object")),
        };
        let mut object = |name: &str| match record.remove(name) {
            Some(Value::Object(object)) => Ok(object),
            Some(Value::Null) | None => Ok(Map::new()),
            Some(_) => {
                let field = format!("input.{name}");
                Err(Invalid::field(field, "bad_type", "must be an object"))
            }
        };
        let (params, query, headers) = (object("params")?, object("query")?, object("headers")?);
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let method = endpoint
            .methods
            .first()
            .map_or("GET", |first| first.as_str());
        let path = text("path").unwrap_or_else(|| endpoint.path.clone());
        let (raw, body) = match record.get("body") {
            None | Some(Value::Null) => (Bytes::new(), Body::None),
            Some(Value::String(text)) => (Bytes::from(text.clone()), Body::Text(text.clone())),
            Some(value) => {
                let json = value.to_string();
                let raw = RawValue::from_string(json.clone())
                    .map_err(|_| Invalid::field("input.body", "bad_json", "must be JSON"))?;
                (Bytes::from(json), Body::Json(raw))
            }
        };
        Ok(Self {
            method: text("method").unwrap_or_else(|| method.to_owned()),
            url: path.clone(),
            path,
            params,
            query,
            headers,
            raw,
            body,
            ip: IpAddr::from([127, 0, 0, 1]),
        })
    }

    /// What is recorded as the execution's input: secrets in headers replaced, a body of more
    /// than 64 KiB or of bytes by its size (G-22). What is missing of the request is named.
    pub fn recorded(&self) -> Json {
        let mut not_kept = Vec::new();
        let mut headers = self.headers.clone();
        for (name, value) in &mut headers {
            if SECRET_HEADERS.contains(&name.as_str()) || name.contains("signature") {
                *value = "[redacted]".into();
                not_kept.push(format!("headers.{name}"));
            }
        }
        let body = match &self.body {
            Body::None => Value::Null,
            _ if self.raw.len() > RECORDED_BODY => json!({ "bytes": self.raw.len() }),
            Body::Json(raw) => serde_json::from_str(raw.get()).unwrap_or(Value::Null),
            Body::Form(fields) => fields.clone().into(),
            Body::Multipart(parts) => parts.fields.clone().into(),
            Body::Text(text) => text.clone().into(),
            Body::Bytes => json!({ "bytes": self.raw.len() }),
        };
        let has_bytes = matches!(self.body, Body::Bytes) || self.body.file(0).is_some();
        if self.raw.len() > RECORDED_BODY || has_bytes {
            not_kept.push("body".to_owned());
        }
        let mut record = json!({
            "method": self.method,
            "path": self.path,
            "params": self.params,
            "query": self.query,
            "headers": headers,
            "body": body,
        });
        if !not_kept.is_empty() {
            record[NOT_KEPT] = not_kept.into();
        }
        record.into()
    }

    /// The record with the body whole: what of the request the execution is about, is in it.
    pub fn told(&self) -> Json {
        let mut told = self.recorded().to_value();
        told["body"] = serde_json::from_str(&self.body.json()).unwrap_or_default();
        told.into()
    }

    /// What a record does not hold of its request, such as `body` or `headers.cookie`.
    pub fn not_kept(record: &Json) -> Vec<String> {
        let record = record.to_value();
        let names = record[NOT_KEPT].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The request as JSON text for the sandbox. Bytes are left out; the script fetches them
    /// when it reads them.
    pub(crate) fn to_guest(&self) -> String {
        let mut text = json!({
            "method": self.method,
            "path": self.path,
            "params": self.params,
            "query": self.query,
            "headers": self.headers,
            "ip": self.ip.to_string(),
            "url": self.url,
            "binary": matches!(self.body, Body::Bytes),
            "files": self.body.file(0).is_some(),
            "size": self.raw.len(),
        })
        .to_string();
        text.pop();
        text.push_str(",\"body\":");
        text.push_str(&self.body.json());
        text.push('}');
        text
    }

    /// The parsed body as JSON text; `null` when there is none, or when it is bytes.
    pub(crate) fn body_json(&self) -> String {
        self.body.json()
    }

    /// What the body says, in parts: as it was sent, and of a form with files what is in it, whatever line is
    /// between its parts.
    pub fn content(&self) -> Vec<Cow<'_, [u8]>> {
        match &self.body {
            Body::Multipart(parts) => {
                let fields = Cow::Owned(self.body.json().into_bytes());
                let files = parts.files.iter().map(|file| Cow::Borrowed(&file[..]));
                std::iter::once(fields).chain(files).collect()
            }
            _ => vec![Cow::Borrowed(&self.raw[..])],
        }
    }

    /// Bytes of it that are held for a run.
    pub(crate) fn len(&self) -> usize {
        self.raw.len() + self.body.extra_bytes()
    }

    /// A file of a form.
    pub(crate) fn file(&self, index: usize) -> Option<&Bytes> {
        self.body.file(index)
    }

    /// The body as it was sent.
    pub(crate) fn raw(&self) -> &Bytes {
        &self.raw
    }
}

/// Values of a repeated header are joined as RFC 9110 allows; cookies with a semicolon.
fn collect_headers(pairs: Vec<(String, String)>) -> Map<String, Value> {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        let name = name.to_ascii_lowercase();
        let joiner = if name == "cookie" { "; " } else { ", " };
        match headers.get_mut(&name) {
            Some(Value::String(old)) => {
                old.push_str(joiner);
                old.push_str(&value);
            }
            _ => {
                headers.insert(name, value.into());
            }
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(content_type: &str, body: &str) -> RequestParts {
        RequestParts {
            method: "POST".into(),
            path: "/orders/7".into(),
            params: vec![("id".into(), "7".into())],
            query: Some("a=1&b=x%20y&a=2".into()),
            headers: vec![
                ("Content-Type".into(), content_type.into()),
                ("Authorization".into(), "Bearer secret".into()),
                ("X-Hub-Signature-256".into(), "sha256=secret".into()),
                ("accept".into(), "a".into()),
                ("accept".into(), "b".into()),
            ],
            body: Bytes::copy_from_slice(body.as_bytes()),
            ip: IpAddr::from([127, 0, 0, 1]),
            url: "http://localhost/api/scripts/orders/7".into(),
        }
    }

    fn request(content_type: &str, body: &str) -> Result<HttpRequest, Invalid> {
        HttpRequest::new(parts(content_type, body))
    }

    #[test]
    fn too_many_parameters_are_the_callers_error() {
        let many = RequestParts {
            query: Some("a=1&".repeat(1_001)),
            ..parts("text/plain", "")
        };
        let invalid = HttpRequest::new(many).unwrap_err();
        assert_eq!(
            (invalid.errors[0].field.as_str(), invalid.errors[0].code),
            ("query", "too_many")
        );
    }

    #[test]
    fn a_form_says_the_same_whatever_is_between_its_parts() {
        let form = |boundary: &str, name: &str, text: &str| {
            let head = "content-disposition: form-data";
            let body = format!(
                "--{boundary}\r\n{head}; name=\"a\"\r\n\r\n{text}\r\n--{boundary}\r\n\
                 {head}; name=\"f\"; filename=\"{name}\"\r\n\r\nfile\r\n--{boundary}--\r\n"
            );
            let content_type = format!("multipart/form-data; boundary={boundary}");
            let request = request(&content_type, &body).unwrap();
            let content = request.content();
            content.into_iter().map(Cow::into_owned).collect::<Vec<_>>()
        };
        let first = form("b", "n", "one");
        assert_eq!(first, form("another", "n", "one"));
        assert_ne!(first, form("b", "n", "two"));
        assert_ne!(first, form("b", "m", "one"));
        let text = request("text/plain", "one").unwrap();
        assert_eq!(text.content(), [&b"one"[..]]);
    }

    #[test]
    fn record_holds_no_secret_and_no_large_body() {
        let record = request("text/plain", "hello")
            .unwrap()
            .recorded()
            .to_value();
        assert_eq!(record["headers"]["authorization"], "[redacted]");
        assert_eq!(record["headers"]["x-hub-signature-256"], "[redacted]");
        assert_eq!(record["headers"]["accept"], "a, b");
        assert_eq!(record["query"], json!({ "a": ["1", "2"], "b": "x y" }));
        assert_eq!(record["body"], "hello");
        assert_eq!(
            record["not_kept"],
            json!(["headers.authorization", "headers.x-hub-signature-256"])
        );
        let large = "x".repeat(RECORDED_BODY + 1);
        let record = request("text/plain", &large).unwrap().recorded().to_value();
        assert_eq!(record["body"], json!({ "bytes": RECORDED_BODY + 1 }));
        assert_eq!(record["not_kept"][2], "body");
    }

    #[test]
    fn a_record_is_whole_or_says_what_is_missing() {
        let whole = |content_type: &str, body: &str| {
            let mut request = request(content_type, body).unwrap();
            request.headers.clear();
            HttpRequest::not_kept(&request.recorded())
        };
        assert_eq!(whole("application/json", r#"{"bytes":5}"#), [""; 0]);
        assert_eq!(whole("application/octet-stream", ""), [""; 0]);
        assert_eq!(whole("application/octet-stream", "hello"), ["body"]);
    }
}
