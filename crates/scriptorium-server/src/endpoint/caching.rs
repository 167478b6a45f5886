//! For how long a script's answers may be kept, and what is not sent twice: an answer to GET that the
//! caller has already (RFC 9110 13, RFC 9111). The script runs all the same: what it would answer,
//! only it knows.

use axum::body::Bytes;
use axum_extra::headers::{HeaderMapExt, IfNoneMatch};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use scriptorium::model::trigger::{Endpoint, EndpointAuth};
use sha2::{Digest, Sha256};

/// What caching of the answer depends on; taken before the request is given away.
pub(super) struct Caching {
    /// `max-age` and who may keep it; `None` when nobody may.
    control: Option<HeaderValue>,
    /// Whether the answer depends on who asks.
    personal: bool,
    asked: HeaderMap,
    applies: bool,
}

impl Caching {
    pub(super) fn of(settings: &Endpoint, method: &Method, headers: &HeaderMap) -> Self {
        let personal = settings.auth != EndpointAuth::Public;
        let scope = if personal { "private" } else { "public" };
        let control = settings
            .cache_seconds
            .and_then(|seconds| HeaderValue::from_str(&format!("{scope}, max-age={seconds}")).ok());
        let mut asked = HeaderMap::new();
        for value in headers.get_all(IF_NONE_MATCH) {
            asked.append(IF_NONE_MATCH, value.clone());
        }
        Self {
            control,
            personal,
            asked,
            applies: matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// Completes the headers of an answer. True when the caller has it already: then it goes out as
    /// 304 without its body.
    pub(super) fn complete(
        &self,
        status: StatusCode,
        headers: &mut HeaderMap,
        body: Option<&Bytes>,
    ) -> bool {
        if !self.applies || status != StatusCode::OK {
            return false;
        }
        // What the script says itself stands.
        if let (Some(control), false) = (&self.control, headers.contains_key(CACHE_CONTROL)) {
            headers.insert(CACHE_CONTROL, control.clone());
            if self.personal {
                headers.append(VARY, HeaderValue::from_static("authorization, cookie"));
            }
            if let (Some(body), false) = (body, headers.contains_key(ETAG)) {
                headers.insert(ETAG, tag_of(headers, body));
            }
        }
        if body.is_none() || !self.is_known(headers) {
            return false;
        }
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
            headers.remove(name);
        }
        true
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        let asked = self.asked.typed_try_get::<IfNoneMatch>().ok().flatten();
        let tag = headers
            .typed_try_get::<axum_extra::headers::ETag>()
            .ok()
            .flatten();
        match (asked, tag) {
            (Some(asked), Some(tag)) => !asked.precondition_passes(&tag),
            _ => false,
        }
    }
}

/// A weak tag: the same text may go out compressed in several ways.
fn tag_of(headers: &HeaderMap, body: &Bytes) -> HeaderValue {
    let mut digest = Sha256::new();
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        digest.update(kind.as_bytes());
    }
    digest.update([0]);
    digest.update(body);
    let digits: String = digest.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    HeaderValue::from_str(&format!("W/\"{digits}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Auth, `cache_seconds`, method and `if-none-match` of a request; what the script set; the
    /// headers that go out, and whether the caller has the answer.
    #[track_caller]
    fn check(
        (auth, seconds, method, asked): (EndpointAuth, Option<u32>, Method, &str),
        own: &[(&'static str, &'static str)],
        expected: &[(&'static str, &str)],
        known: bool,
    ) {
        let mut settings = Endpoint::new("/a", &[], auth);
        settings.cache_seconds = seconds;
        let mut request = HeaderMap::new();
        if !asked.is_empty() {
            request.insert(IF_NONE_MATCH, asked.parse().unwrap());
        }
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let caching = Caching::of(&settings, &method, &request);
        let body = Bytes::from_static(b"hello");
        let is_known = caching.complete(StatusCode::OK, &mut headers, Some(&body));
        assert_eq!(is_known, known);
        let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        let wanted: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, wanted);
        for (name, value) in expected {
            assert!(
                headers[*name].to_str().unwrap().starts_with(value),
                "{name}: {headers:?}"
            );
        }
    }

    #[test]
    fn an_answer_may_be_kept_by_those_it_is_for_and_is_not_sent_twice() {
        use EndpointAuth::{Public, Required};
        let own = [("content-type", "text/plain")];
        check((Public, None, Method::GET, ""), &own, &own, false);
        let kept = [
            ("cache-control", "public, max-age=60"),
            ("content-type", "text/plain"),
            ("etag", "W/\""),
        ];
        check((Public, Some(60), Method::GET, ""), &own, &kept, false);
        check((Public, Some(60), Method::HEAD, ""), &own, &kept, false);
        check((Public, Some(60), Method::POST, ""), &own, &own, false);
        let private = [
            ("cache-control", "private, max-age=60"),
            ("etag", "W/\""),
            ("vary", "authorization, cookie"),
        ];
        check((Required, Some(60), Method::GET, ""), &[], &private, false);
        // What the script says stands, and its tag is compared, too.
        let own = [("cache-control", "no-cache"), ("etag", "\"7\"")];
        check((Public, Some(60), Method::GET, ""), &own, &own, false);
        for (asked, known) in [
            ("\"7\"", true),
            ("W/\"7\"", true),
            ("\"6\", \"7\"", true),
            ("*", true),
            ("\"8\"", false),
            ("7", false),
        ] {
            check((Public, None, Method::GET, asked), &own, &own, known);
            check((Public, None, Method::POST, asked), &own, &own, false);
        }
    }
}
