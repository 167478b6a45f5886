//! An answer in parts as a response: each part goes out when it is there, and a stream of events that is
//! quiet says that it is alive.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use scriptorium::{EndpointStream, StreamBroken};
use tokio::time::timeout;

use crate::layers::{InParts, OfScript};

/// How often a quiet stream of events says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A comment, which clients pass over.
const ALIVE: Bytes = Bytes::from_static(b":\n\n");
/// Asks nginx and its like not to hold the parts back.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// A response with these headers whose parts go out as they come.
pub(super) fn response(parts: EndpointStream, headers: HeaderMap) -> Response {
    let body = match parts.is_events() {
        true => Body::from_stream(alive(parts)),
        false => Body::from_stream(parts),
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    let (name, value) = UNBUFFERED;
    response.headers_mut().insert(name, value);
    response.extensions_mut().insert(OfScript);
    response.extensions_mut().insert(InParts);
    response
}

fn alive(parts: EndpointStream) -> impl Stream<Item = Result<Bytes, StreamBroken>> {
    stream::unfold(parts, async |mut parts| {
        match timeout(KEEP_ALIVE, parts.next()).await {
            Ok(part) => part.map(|part| (part, parts)),
            Err(_) => Some((Ok(ALIVE), parts)),
        }
    })
}
