//! A client certificate: who a tenant is to a host that asks for one.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Most bytes of a certificate with its chain and key.
const PEM_BYTES: usize = 64 << 10;

/// A certificate, with its chain and key.
#[derive(Clone)]
pub struct Identity(Arc<Parts>);

struct Parts {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    digest: [u8; 32],
}

impl Identity {
    /// Reads PEM: the certificate first, then what it was signed by, and its private key anywhere.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no certificate or key in it, or the key is not the certificate's.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let invalid = |expectation: &str| Error::invalid("certificate", expectation);
        if text.len() > PEM_BYTES {
            return Err(invalid("must have at most 65536 bytes"));
        }
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        let chain = chain
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| invalid("must hold a certificate as PEM"))?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| invalid("must hold the certificate's private key as PEM"))?;
        let provider = rustls::crypto::ring::default_provider();
        rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider)
            .map_err(|_| invalid("must hold the private key of its first certificate"))?;
        let digest = Sha256::digest(text.as_bytes()).into();
        Ok(Self(Arc::new(Parts { chain, key, digest })))
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        self.0.digest
    }

    pub(crate) fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.0.chain.clone(), self.0.key.clone_key())
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identity(…)")
    }
}
