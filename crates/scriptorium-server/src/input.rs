//! Extractors for what a request brings: JSON body, query, path. Each refuses with a problem that
//! names the field; none of them knows a rule of the domain.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::{FieldProblem, Problem};
use crate::strict_json;

/// Largest body of a management request in bytes.
pub(crate) const API_BODY_BYTES: usize = 1 << 20;
/// Bodies up to this size are read without asking the gate.
const SMALL_BODY_BYTES: usize = 256 << 10;
/// How long a body may take to arrive, as the listener notes with each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyDeadline(pub(crate) Duration);

/// The same where nobody has noted it.
const BODY_DEADLINE: BodyDeadline = BodyDeadline(Duration::from_secs(30));
/// How much of a body that is too large is read and thrown away, so that an honest client is
/// still writing when the answer comes and not cut off before it.
const DRAINED_BYTES: usize = 16 << 20;

/// A JSON body of the given shape.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

/// A JSON body of any shape, kept as text.
pub(crate) struct AnyJsonBody(pub(crate) scriptorium::model::Json);

/// A query string of the given shape.
pub(crate) struct Query<T>(pub(crate) T);

/// Parameters of the path. One that cannot be right names nothing: 404.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = json_bytes(request).await?;
        parse(&bytes).map(Self)
    }
}

impl<S: Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let typed = request.headers().contains_key(CONTENT_TYPE);
        if !typed {
            let bytes = read_body(request, API_BODY_BYTES).await?;
            return if bytes.is_empty() {
                Ok(Self(T::default()))
            } else {
                Err(unsupported())
            };
        }
        let bytes = json_bytes(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

impl<S: Sync> FromRequest<S> for AnyJsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = json_bytes(request).await?;
        strict_json::check(&bytes).map_err(|error| malformed(&error))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| not_utf8())?;
        Ok(Self(scriptorium::model::Json::from_written(text)))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut names = Vec::new();
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            if names.contains(&name) {
                return Err(Problem::field(&name, "duplicate", "may be given once"));
            }
            names.push(name);
        }
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
            .map(Self)
            .map_err(|error| misshapen(&error.path().to_string(), &error.inner().to_string()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Problem::not_found())
    }
}

/// A body, with the permit that a large one needs as long as it is in memory.
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// Like [`receive`].
pub(crate) async fn read_body(request: Request, limit: usize) -> Result<Bytes, Problem> {
    Ok(receive(request, limit, None).await?.bytes)
}

/// Reads a whole body of at most `limit` bytes. Beyond [`SMALL_BODY_BYTES`] it goes on only with a
/// permit of `gate`, so that many large bodies at once wait in the sockets, not in memory.
///
/// # Errors
/// 413 beyond the limit, 408 when it does not arrive in time, 400 when it breaks off.
pub(crate) async fn receive(
    request: Request,
    limit: usize,
    gate: Option<Arc<Semaphore>>,
) -> Result<Received, Problem> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let noted = request.extensions().get::<BodyDeadline>().copied();
    let BodyDeadline(deadline) = noted.unwrap_or(BODY_DEADLINE);
    let body = request.into_body();
    within(deadline, collect(body, announced, limit, gate)).await
}

async fn within(
    deadline: Duration,
    arrival: impl Future<Output = Result<Received, Problem>>,
) -> Result<Received, Problem> {
    let late = |_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout")
            .detail("The body did not arrive in time.")
    };
    timeout(deadline, arrival).await.map_err(late)?
}

async fn collect(
    mut body: Body,
    announced: Option<usize>,
    limit: usize,
    mut gate: Option<Arc<Semaphore>>,
) -> Result<Received, Problem> {
    let mut kept = Vec::with_capacity(announced.unwrap_or(0).min(limit).min(SMALL_BODY_BYTES));
    let mut seen = 0usize;
    let mut permit = None;
    while let Some(frame) = body.frame().await {
        let broken = |_| {
            Problem::new(StatusCode::BAD_REQUEST, "body_incomplete").detail("The body broke off.")
        };
        let Ok(data) = frame.map_err(broken)?.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > SMALL_BODY_BYTES
            && let Some(gate) = gate.take()
        {
            permit = gate.acquire_owned().await.ok();
        }
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else {
            kept = Vec::new();
        }
        if seen > limit.saturating_add(DRAINED_BYTES) {
            break;
        }
    }
    if seen > limit {
        return Err(too_large(limit));
    }
    Ok(Received {
        bytes: kept.into(),
        permit,
    })
}

/// Reads a JSON body that may be larger than others, while it has one of the places of `gate`. It is
/// taken apart on a thread for long work.
///
/// # Errors
/// Like [`JsonBody`].
pub(crate) async fn large_json<T: DeserializeOwned + Send + 'static>(
    request: Request,
    limit: usize,
    gate: &Arc<Semaphore>,
) -> Result<(T, Option<OwnedSemaphorePermit>), Problem> {
    if !is_json(request.headers()) {
        return Err(unsupported());
    }
    let received = receive(request, limit, Some(Arc::clone(gate))).await?;
    let bytes = received.bytes;
    let parsed = tokio::task::spawn_blocking(move || parse(&bytes)).await;
    let parsed = parsed.map_err(|_| Problem::internal())??;
    Ok((parsed, received.permit))
}

async fn json_bytes(request: Request) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(unsupported());
    }
    read_body(request, API_BODY_BYTES).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = parts.all(|parameter| {
        let parameter = parameter.to_ascii_lowercase().replace('"', "");
        !parameter.starts_with("charset=") || parameter == "charset=utf-8"
    });
    essence == "application/json" && utf8
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    strict_json::check(bytes).map_err(|error| malformed(&error))?;
    // serde would also take an array with the members in order.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::field(
            "body",
            "wrong_type",
            "must be a JSON object",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // serde_json appends the position, which says nothing to who built the document.
        let message = message.split(" at line ").next().unwrap_or_default();
        misshapen(&path, message)
    })
}

/// Turns serde's words for a wrong shape into a field problem with a stable code.
fn misshapen(path: &str, message: &str) -> Problem {
    let named = message.split('`').nth(1).unwrap_or_default();
    let (code, member) = match message {
        m if m.starts_with("unknown field") => ("unknown_field", named),
        m if m.starts_with("missing field") => ("required", named),
        m if m.starts_with("duplicate field") => ("duplicate", named),
        m if m.starts_with("unknown variant") => ("unknown_value", ""),
        m if m.starts_with("invalid type") => ("wrong_type", ""),
        _ => ("bad_value", ""),
    };
    let message = match code {
        "unknown_field" => format!("is not known here{}", expectation(message)),
        "required" => "is required".to_owned(),
        "unknown_value" => format!("is not one of the known values{}", expectation(message)),
        _ => message.to_owned(),
    };
    Problem::field(&join(path, member), code, message)
}

/// The part of serde's message that says what was expected.
fn expectation(message: &str) -> String {
    match message.split_once(", expected ") {
        Some((_, expected)) => format!("; expected {}", expected.replace('`', "")),
        None => String::new(),
    }
}

fn join(path: &str, member: &str) -> String {
    match (path, member) {
        ("." | "", "") => "body".to_owned(),
        ("." | "", member) => member.to_owned(),
        (path, "") => path.to_owned(),
        (path, member) if path == member || path.ends_with(&format!(".{member}")) => {
            path.to_owned()
        }
        (path, member) => format!("{path}.{member}"),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let code = if message.starts_with("duplicate key") {
        "duplicate_key"
    } else {
        "malformed_json"
    };
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json")
        .detail(format!("The body is not acceptable JSON: {message}."))
        .with_error(FieldProblem::new("body", code, message))
}

fn not_utf8() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json").detail("The body is not UTF-8.")
}

fn unsupported() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        .detail("Send the body as application/json in UTF-8.")
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
        .detail(format!("A body may have at most {limit} bytes here."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        count: u32,
    }

    #[track_caller]
    fn check(body: &str, field: &str, code: &str) {
        let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
        let value = serde_json::to_value(problem).unwrap();
        assert_eq!(value["errors"][0]["field"], field, "{value}");
        assert_eq!(value["errors"][0]["code"], code, "{value}");
    }

    #[test]
    fn a_misshapen_body_names_the_field_and_the_rule() {
        check(r#"{"name": 1}"#, "name", "wrong_type");
        check(r#"{}"#, "name", "required");
        check(r#"{"name": "a", "extra": 1}"#, "extra", "unknown_field");
        check(
            r#"{"name": "a", "inner": {"count": -1}}"#,
            "inner.count",
            "bad_value",
        );
        check(
            r#"{"name": "a", "inner": {"count": "1"}}"#,
            "inner.count",
            "wrong_type",
        );
        check(
            r#"{"name": "a", "inner": {"size": 1}}"#,
            "inner.size",
            "unknown_field",
        );
        check(r#"{"name": "a", "inner": {}}"#, "inner.count", "required");
        check(r#"["a", null]"#, "body", "wrong_type");
        check(r#"{"name": "a", "name": "b"}"#, "body", "duplicate_key");
        check(r#"{"name": "#, "body", "malformed_json");
    }

    #[test]
    fn only_utf8_json_is_json() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=utf-16", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_json(&headers), expected, "{value}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_with_or_without_a_length() {
        for announced in [true, false] {
            let mut request = Request::new(Body::from(vec![b' '; 11]));
            if announced {
                request.headers_mut().insert(CONTENT_LENGTH, 11.into());
            }
            let problem = read_body(request, 10).await.unwrap_err();
            let value = serde_json::to_value(problem).unwrap();
            assert_eq!(value["code"], "payload_too_large");
        }
        let exact = Request::new(Body::from(vec![b' '; 10]));
        assert_eq!(read_body(exact, 10).await.unwrap().len(), 10);
    }

    #[tokio::test]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let silent = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let arrival = collect(Body::from_stream(silent), None, 10, None);
        let problem = within(Duration::from_millis(1), arrival)
            .await
            .err()
            .unwrap();
        let value = serde_json::to_value(problem).unwrap();
        assert_eq!(value["code"], "body_timeout");
    }
}
