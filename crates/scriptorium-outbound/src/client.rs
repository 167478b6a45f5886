//! The client: one request is a series of hops, each of which is checked as if it were the first.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpInfo;
use moka::sync::Cache;
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tower_http::decompression::DecompressionBody;
use uuid::Uuid;

use crate::connections::{Connections, Trust, failure};
use crate::destination::Destination;
use crate::dial::Dialer;
use crate::error::{Blocked, Error, SetupError};
use crate::identity::Identity;
use crate::policy::{Policy, Rules};
use crate::request::{Credential, REDIRECTS, RETRIES, Request, TIMEOUT, without_secrets};
use crate::resolve::{Resolve, Servers};
use crate::response::{Deadline, Response};
use crate::tenant::Tenant;

/// Tenants whose quotas and connections are kept.
const TENANTS: u64 = 10_000;
/// After how long without a request a tenant's are given up.
const IDLE: Duration = Duration::from_secs(300);
/// Between a request and its first repetition; the next wait twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Between any two.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

type Answer = http::Response<DecompressionBody<Incoming>>;

/// The way out for whatever happens on behalf of tenants: scripts' requests, notifications, imports. Cheap to
/// clone; make one for the process, inside of a tokio runtime.
#[derive(Clone)]
pub struct Outbound(Arc<Shared>);

impl std::fmt::Debug for Outbound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let policy = &self.0.policy;
        out.debug_struct("Outbound")
            .field("policy", policy)
            .finish_non_exhaustive()
    }
}

struct Shared {
    policy: Arc<Policy>,
    resolver: Arc<dyn Resolve>,
    trust: Trust,
    tenants: Cache<Uuid, Arc<Tenant>>,
    first_wait: Duration,
}

/// What the client is made of, where it is not the system's.
pub struct Parts {
    /// Where requests may go.
    pub policy: Policy,
    /// Where names are looked up. Default: [`Servers::of_system`].
    pub resolver: Arc<dyn Resolve>,
    /// Authorities that say who a host is, in place of those that the system trusts.
    pub authorities: Option<Vec<CertificateDer<'static>>>,
    /// Between a request and its first repetition. Default 200 ms.
    pub first_wait: Duration,
}

impl Parts {
    /// The system's, with a policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            resolver: Arc::new(Servers::of_system()),
            authorities: None,
            first_wait: FIRST_WAIT,
        }
    }
}

impl Outbound {
    /// With the system's name servers and authorities, both as they are now.
    ///
    /// # Errors
    /// What could not be set up.
    pub fn new(policy: Policy) -> Result<Self, SetupError> {
        Self::with(Parts::new(policy))
    }

    /// With parts of one's own.
    ///
    /// # Errors
    /// What could not be set up.
    pub fn with(parts: Parts) -> Result<Self, SetupError> {
        let outbound = Self(Arc::new(Shared {
            policy: Arc::new(parts.policy),
            resolver: parts.resolver,
            trust: match parts.authorities {
                Some(certificates) => Trust::new(certificates),
                None => Trust::of_system(),
            },
            tenants: Cache::builder()
                .max_capacity(TENANTS)
                .time_to_idle(IDLE)
                .build(),
            first_wait: parts.first_wait,
        }));
        // Whatever the TLS library does not take, it does not take now.
        outbound.connections(&outbound.tenant(Uuid::nil()), None)?;
        Ok(outbound)
    }

    /// Whether a request to a URL would be refused as far as that can be said without asking anybody: its
    /// form, its name, the address that it names, the tenant's rules. For those who keep a URL for later.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Blocked`].
    pub fn check(&self, rules: &Rules, url: &str) -> Result<(), Error> {
        self.admit(rules, &Destination::read(url)?)
    }

    /// Sends a request and gives the answer once its headers are here.
    ///
    /// # Errors
    /// Everything of [`Error`]: a status is not one.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let start = Destination::read(&request.url)?;
        self.admit(&request.rules, &start)?;
        request.check_headers()?;
        let limit = request.timeout.min(TIMEOUT);
        let deadline = Deadline {
            at: Instant::now() + limit,
            limit,
        };
        let shown = start.shown.clone();
        let tenant = self.tenant(request.tenant);
        if let Some(pace) = request.pace {
            tenant.keep_pace(pace)?;
        }
        deadline
            .bound(&shown, self.repeat(&tenant, &request, &start, deadline))
            .await
    }

    /// Sends it, and again while that may help.
    async fn repeat(
        &self,
        tenant: &Arc<Tenant>,
        request: &Request,
        start: &Destination,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        let times = if request.may_be_repeated() {
            request.retries.min(RETRIES)
        } else {
            0
        };
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(self.0.first_wait)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(times)
            .with_jitter()
            .build();
        let mut attempts = 1;
        loop {
            let outcome = self.attempt(tenant, request, start, deadline).await;
            let again = match &outcome {
                Ok(response) => is_busy(response.status),
                Err(error) => error.is_transient(),
            };
            let wait = waits.next().filter(|_| again).map(|wait| {
                let asked = outcome
                    .as_ref()
                    .ok()
                    .and_then(|answer| asked_to_wait(&answer.headers));
                asked.unwrap_or_default().max(wait)
            });
            // Who would be late anyway has what there is.
            match wait.filter(|wait| Instant::now() + *wait < deadline.at) {
                None => {
                    return outcome.map(|response| Response {
                        attempts,
                        ..response
                    });
                }
                Some(wait) => {
                    drop(outcome);
                    tokio::time::sleep(wait).await;
                    attempts += 1;
                }
            }
        }
    }

    /// One attempt: the first hop, and those that redirects lead to.
    async fn attempt(
        &self,
        tenant: &Arc<Tenant>,
        request: &Request,
        start: &Destination,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        let room = tenant.request().await.ok_or(Error::TooOften {
            what: "the client is closed",
        })?;
        let most = request.redirects.min(REDIRECTS);
        let mut hop = Hop {
            to: start.clone(),
            method: request.method.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        let mut redirects = 0;
        loop {
            self.admit(&request.rules, &hop.to)?;
            let answer = self.exchange(tenant, request, &hop).await?;
            let location = if most == 0 { None } else { location(&answer)? };
            let Some(location) = location else {
                let (head, body) = answer.into_parts();
                return Ok(Response {
                    status: head.status,
                    headers: head.headers,
                    url: hop.to.url.into(),
                    redirects,
                    attempts: 1,
                    host: hop.to.shown,
                    body: Box::new(body),
                    read: 0,
                    largest: request.largest,
                    deadline,
                    _room: room,
                });
            };
            if redirects == most {
                return Err(Error::TooManyRedirects { limit: most });
            }
            redirects += 1;
            hop = hop.follow(&location, answer.status())?;
        }
    }

    /// Before each hop: what its URL tells already.
    fn admit(&self, rules: &Rules, to: &Destination) -> Result<(), Error> {
        to.within(rules)?;
        let Some(ip) = to.literal else {
            let known = self.0.policy.knows_port(to.port());
            return if known { Ok(()) } else { Err(blocked(to)) };
        };
        let address = (ip, to.port()).into();
        self.0.policy.permits(address).map_err(|reason| {
            tracing::warn!(%address, reason, "a request was blocked");
            blocked(to)
        })
    }

    /// One hop.
    async fn exchange(
        &self,
        tenant: &Arc<Tenant>,
        request: &Request,
        hop: &Hop,
    ) -> Result<Answer, Error> {
        let mut headers = hop.headers.clone();
        headers.entry(USER_AGENT).or_insert(AGENT);
        let origin = hop.to.origin();
        let mut identity = None;
        let meant = |one: &&Credential| one.origin == origin;
        for credential in request.credentials.iter().filter(meant) {
            for (name, value) in &credential.headers {
                headers.insert(name, value.clone());
            }
            identity = credential.identity.as_ref().or(identity);
        }
        let failed = |_| Error::Unreachable {
            host: hop.to.shown.clone(),
        };
        let connections = self.connections(tenant, identity).map_err(failed)?;
        let mut sent = http::Request::new(Full::new(hop.body.clone()));
        *sent.method_mut() = hop.method.clone();
        *sent.uri_mut() = hop.to.uri.clone();
        *sent.headers_mut() = headers;
        let answer = connections
            .oneshot(sent)
            .await
            .map_err(|error| failure(&error, &hop.to.shown))?;
        // A tripwire behind the check before dialling.
        let peer = answer.extensions().get::<HttpInfo>();
        if let Some(peer) = peer.map(HttpInfo::remote_addr)
            && let Err(reason) = self.0.policy.permits(peer)
        {
            tracing::error!(%peer, reason, "a request went where it must not");
            return Err(blocked(&hop.to));
        }
        // Nobody has asked for another protocol.
        if answer.status().is_informational() {
            return Err(Error::Garbled {
                host: hop.to.shown.clone(),
            });
        }
        Ok(answer)
    }

    fn tenant(&self, id: Uuid) -> Arc<Tenant> {
        let make = || Arc::new(Tenant::new(id));
        self.0.tenants.get_with(id, make)
    }

    /// A tenant's own connections; those of a certificate are apart.
    fn connections(
        &self,
        tenant: &Arc<Tenant>,
        identity: Option<&Identity>,
    ) -> Result<Connections, SetupError> {
        let key = identity.map(Identity::digest).unwrap_or_default();
        if let Some(kept) = tenant.pools.get(&key) {
            return Ok(kept);
        }
        let dialer = Dialer {
            policy: self.0.policy.clone(),
            resolver: self.0.resolver.clone(),
            lookups: tenant.lookups.clone(),
        };
        let made = self.0.trust.connections(dialer, identity)?;
        tenant.pools.insert(key, made.clone());
        Ok(made)
    }
}

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("scriptorium/", env!("CARGO_PKG_VERSION")));

/// One request of a series.
struct Hop {
    to: Destination,
    method: Method,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Hop {
    /// The one that a redirect leads to.
    fn follow(self, location: &str, status: StatusCode) -> Result<Self, Error> {
        let to = self.to.follow(location)?;
        if self.to.is_protected() && !to.is_protected() {
            return Err(Error::Blocked(Blocked::Downgrade));
        }
        let mut next = Self { to, ..self };
        if next.to.origin() != self.to.origin() {
            next.headers = without_secrets(&next.headers);
        }
        let asks_instead = match status {
            StatusCode::SEE_OTHER => next.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => next.method == Method::POST,
            _ => false,
        };
        if asks_instead {
            next.method = Method::GET;
            next.body = bytes::Bytes::new();
            for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE] {
                next.headers.remove(name);
            }
        }
        Ok(next)
    }
}

/// Where an answer sends its reader, if it does.
fn location(answer: &Answer) -> Result<Option<String>, Error> {
    let redirects = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let mut given = answer.headers().get_all(LOCATION).iter();
    let Some(first) = given.next().filter(|_| redirects) else {
        return Ok(None);
    };
    if given.next().is_some() {
        return Err(Error::url("a redirect leads to two places"));
    }
    match first.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Error::url(
            "a redirect leads to a URL that is not written plainly",
        )),
    }
}

/// Whether a host says that it would answer later.
fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// For how long a host asks to be left alone, when it says so in seconds.
fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn blocked(to: &Destination) -> Error {
    Error::Blocked(Blocked::Address {
        host: to.shown.clone(),
    })
}
