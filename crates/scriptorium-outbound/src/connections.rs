//! The connections of one tenant: HTTP/1.1 and HTTP/2, TLS where the URL says so, bounded in what comes back.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tower_http::decompression::Decompression;

use crate::dial::Dialer;
use crate::error::{Error, SetupError};
use crate::identity::Identity;

/// Most bytes of the headers of an answer.
const HEADER_BYTES: usize = 64 << 10;
/// Most headers of an answer.
const HEADERS: usize = 256;
/// Connections to one host that are kept without a request.
const KEPT: usize = 4;
/// How long.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// The client of one tenant and, if there is one, of one certificate.
pub(crate) type Connections = Decompression<Client<HttpsConnector<Dialer>, Full<Bytes>>>;

/// Whom the client trusts to say who a host is.
#[derive(Clone)]
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
}

impl Trust {
    /// The authorities that the system trusts.
    pub(crate) fn of_system() -> Self {
        let found = rustls_native_certs::load_native_certs();
        let trust = Self::new(found.certs);
        if trust.roots.is_empty() {
            tracing::warn!(errors = ?found.errors, "the system trusts no certificate authority; requests by https will fail");
        }
        trust
    }

    pub(crate) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates);
        Self {
            roots: Arc::new(roots),
        }
    }

    fn config(&self, identity: Option<&Identity>) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots.clone());
        match identity {
            None => Ok(builder.with_no_client_auth()),
            Some(identity) => {
                let (chain, key) = identity.parts();
                builder.with_client_auth_cert(chain, key)
            }
        }
    }

    /// Connections for one tenant.
    pub(crate) fn connections(
        &self,
        dialer: Dialer,
        identity: Option<&Identity>,
    ) -> Result<Connections, SetupError> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.config(identity)?)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(dialer);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(KEPT)
            .http1_max_buf_size(HEADER_BYTES)
            .http1_max_headers(HEADERS)
            .http2_max_header_list_size(HEADER_BYTES as u32)
            .build(connector);
        Ok(Decompression::new(client))
    }
}

/// What went wrong, in words that say nothing of the network's inside.
pub(crate) fn failure(error: &(dyn StdError + 'static), host: &str) -> Error {
    if let Some(ours) = find::<Error>(error) {
        return ours.clone();
    }
    let host = host.to_owned();
    if let Some(rustls::Error::InvalidCertificate(_)) = find::<rustls::Error>(error) {
        return Error::Untrusted { host };
    }
    let connecting = find::<hyper_util::client::legacy::Error>(error);
    if connecting.is_some_and(hyper_util::client::legacy::Error::is_connect) {
        return Error::Unreachable { host };
    }
    Error::Garbled { host }
}

/// A cause of one type, wherever it is among the causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut error = error;
    loop {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An `io::Error` passes over what it holds when it is asked for its source.
        let held = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|held| held as &(dyn StdError + 'static));
        error = held.or_else(|| error.source())?;
    }
}
