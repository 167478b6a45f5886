//! Why a request did not come back with an answer.

use std::time::Duration;

/// A request that was refused, or that failed on its way. Everything in it may be told to the tenant: what is
/// refused because of where it leads says the same for every such place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request itself is not well formed.
    #[error("{field} {expectation}")]
    Invalid {
        /// Which part of it.
        field: String,
        /// What it must be.
        expectation: String,
    },
    /// It must not go where it would.
    #[error("{0}")]
    Blocked(Blocked),
    /// Nobody knows the host's name.
    #[error("{host} cannot be found")]
    Unresolved {
        /// The name.
        host: String,
    },
    /// No connection came about, or it did not hold.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// Name or address, and port.
        host: String,
    },
    /// Whoever answered there could not prove to be the host.
    #[error("{host} has no certificate that proves its name")]
    Untrusted {
        /// Name or address, and port.
        host: String,
    },
    /// What came back is not an answer in HTTP, or too much of one: headers have 64 KiB.
    #[error("{host} did not answer in HTTP")]
    Garbled {
        /// Name or address, and port.
        host: String,
    },
    /// The time for all of it was over.
    #[error("{host} did not answer within {} ms", .limit.as_millis())]
    Timeout {
        /// Name or address, and port.
        host: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The body is larger than the caller takes, as it is after decompression.
    #[error("the response has more than {limit} bytes")]
    TooLarge {
        /// Most bytes.
        limit: usize,
    },
    /// One redirect led to the next.
    #[error("there were more than {limit} redirects")]
    TooManyRedirects {
        /// Most redirects.
        limit: usize,
    },
    /// The tenant asks for more than its part.
    #[error("{what}; try again later")]
    TooOften {
        /// Of what.
        what: &'static str,
    },
}

/// Why a request must not go where it would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Blocked {
    /// Its URL is one that different readers read differently, or none for HTTP.
    #[error("{0}")]
    Url(String),
    /// Where the host is, or its port. It says neither which address was found nor what is there.
    #[error(
        "{host} is not open to requests; the operator may open private networks and single addresses"
    )]
    Address {
        /// Name or address as the URL has it, and port.
        host: String,
    },
    /// The tenant's own rules leave it out.
    #[error("{host} is not among the hosts that this tenant's requests may go to")]
    Host {
        /// The name or address.
        host: String,
    },
    /// A redirect led from a protected connection to an open one.
    #[error("a redirect from https to http is not followed")]
    Downgrade,
}

impl Error {
    /// The stable name, as scripts catch it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "VALIDATION_ERROR",
            Self::Blocked(_) => "SSRF_BLOCKED",
            Self::Unresolved { .. }
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Garbled { .. } => "HTTP_ERROR",
            Self::Timeout { .. } => "TIMEOUT",
            Self::TooLarge { .. } => "RESPONSE_TOO_LARGE",
            Self::TooManyRedirects { .. } => "TOO_MANY_REDIRECTS",
            Self::TooOften { .. } => "RATE_LIMIT",
        }
    }

    /// Whether the same request might succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unresolved { .. } | Self::Unreachable { .. } | Self::Garbled { .. }
        )
    }

    pub(crate) fn invalid(field: &str, expectation: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            expectation: expectation.into(),
        }
    }

    pub(crate) fn url(reason: impl Into<String>) -> Self {
        Self::Blocked(Blocked::Url(reason.into()))
    }
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The TLS library refused its configuration.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    /// An operator's setting is not one.
    #[error("{field} {expectation}")]
    Setting {
        /// Which.
        field: &'static str,
        /// What it must be.
        expectation: String,
    },
}
