//! What is asked for.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{HeaderMap, Method};
use uuid::Uuid;

use crate::error::Error;
use crate::identity::Identity;
use crate::policy::Rules;

/// Longest time for one request.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// Most redirects that are followed.
pub const REDIRECTS: usize = 5;
/// Most times that a request is sent again.
pub const RETRIES: usize = 5;
/// Most headers that a caller sets.
const HEADERS: usize = 100;
/// Most bytes of their names and values.
const HEADER_BYTES: usize = 32 << 10;

/// Headers that decide where and how a request goes, or who is said to have sent it.
const REFUSED: [&str; 17] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
    "true-client-ip",
];

/// What goes along to another origin: nothing that could be a credential.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, USER_AGENT];

/// A request on behalf of a tenant.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose it is: quotas and connections are this tenant's.
    pub tenant: Uuid,
    /// What the tenant says about where its requests go.
    pub rules: Arc<Rules>,
    /// The method.
    pub method: Method,
    /// The URL, as somebody wrote it.
    pub url: String,
    /// Headers. Those that the client sets itself are refused.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// Time for all of it, the body of the answer included. At most [`TIMEOUT`], which is the default.
    pub timeout: Duration,
    /// Redirects that are followed, at most [`REDIRECTS`], which is the default. With 0 a redirect is an answer
    /// like others.
    pub redirects: usize,
    /// How often it is sent again when it failed on its way, or the host was busy: at most [`RETRIES`], default
    /// 0. Only of methods that change nothing, unless `repeatable`.
    pub retries: usize,
    /// Whether sending it twice does no harm, whatever its method is. Default no.
    pub repeatable: bool,
    /// Most bytes of the answer's body, as they are after decompression. Default 10 MiB.
    pub largest: usize,
    /// What goes along to some origins only.
    pub credentials: Vec<Credential>,
    /// How many requests somebody of the tenant may send in a minute. Default: as many as come.
    pub pace: Option<Pace>,
}

/// A bound on the requests of one script, or whoever else of the tenant sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pace {
    /// Who.
    pub of: Uuid,
    /// How many in a minute, all of which may come at once.
    pub per_minute: NonZeroU32,
}

/// What a tenant's requests to one origin carry, and no others: neither those before nor after a redirect.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Scheme, host and port unless it is the scheme's own: `https://api.example.com`.
    pub origin: String,
    /// Headers, in place of those of the same name.
    pub headers: HeaderMap,
    /// A client certificate.
    pub identity: Option<Identity>,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(tenant: Uuid, method: Method, url: impl Into<String>) -> Self {
        Self {
            tenant,
            rules: Arc::default(),
            method,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: TIMEOUT,
            redirects: REDIRECTS,
            retries: 0,
            repeatable: false,
            largest: 10 << 20,
            credentials: Vec::new(),
            pace: None,
        }
    }

    pub(crate) fn may_be_repeated(&self) -> bool {
        self.repeatable || matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    pub(crate) fn check_headers(&self) -> Result<(), Error> {
        let headers = &self.headers;
        let bytes =
            |(name, value): (&HeaderName, &http::HeaderValue)| name.as_str().len() + value.len();
        if headers.len() > HEADERS || headers.iter().map(bytes).sum::<usize>() > HEADER_BYTES {
            let most = format!("must be at most {HEADERS} with {HEADER_BYTES} bytes");
            return Err(Error::invalid("headers", most));
        }
        match headers.keys().find(|name| is_refused(name)) {
            Some(name) => Err(Error::invalid(
                &format!("headers.{name}"),
                "is set by the platform",
            )),
            None => Ok(()),
        }
    }
}

/// Whether the client sets a header itself, or nobody may.
#[must_use]
pub fn is_refused(name: &HeaderName) -> bool {
    let name = name.as_str();
    REFUSED.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("proxy-")
}

/// What is left of the headers when a redirect leads to another origin.
pub(crate) fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| HARMLESS.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
