//! The id of a request: one that the client sent if it is harmless, otherwise a random one. It is
//! in the response, in every problem, in the log, and in the operation context.

use http::{HeaderMap, HeaderName};

/// The header that carries it, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The id a client gave, if it cannot disturb a log line, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get(X_REQUEST_ID)
            .and_then(|value| value.to_str().ok());
        match given.filter(|id| is_harmless(id)) {
            Some(id) => Self(id.to_owned()),
            None => Self::random(),
        }
    }

    fn random() -> Self {
        let mut bytes = [0; 12];
        // An id is for finding a line in a log; without randomness all share one, and nothing
        // else suffers.
        let _ = getrandom::fill(&mut bytes);
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn is_harmless(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (8..=64).contains(&id.len()) && id.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_is_kept_only_when_it_is_harmless() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, value.parse().unwrap());
            RequestId::of(&headers).0
        };
        assert_eq!(of("0199a-trace.1"), "0199a-trace.1");
        for bad in ["short", "has spaces in it", "quote\"quote", &"a".repeat(65)] {
            assert_ne!(of(bad), bad);
        }
        assert_ne!(RequestId::random(), RequestId::random());
    }
}
