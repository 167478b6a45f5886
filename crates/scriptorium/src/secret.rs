//! Secrets of sessions and tokens: 256 random bits, kept as their SHA-256 only (D14).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use scriptorium_model::Ambient;
use sha2::{Digest, Sha256};

/// Begins every API token, so that one can be recognised in a leak.
const TOKEN_PREFIX: &str = "scr_";

/// A new secret of a session.
pub(crate) fn new_session(ambient: &Ambient) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(ambient.random::<32>())
}

/// A new secret of a token.
pub(crate) fn new_token(ambient: &Ambient) -> String {
    format!(
        "{TOKEN_PREFIX}{}",
        BASE64_URL_SAFE_NO_PAD.encode(ambient.random::<32>())
    )
}

/// What is stored of a secret. A fast hash suffices for 256 random bits (ASVS 6.5.2).
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A password for a first sign-in: 96 random bits as text that is easy to copy.
pub(crate) fn new_password(ambient: &Ambient) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(ambient.random::<12>())
}
