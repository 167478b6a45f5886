//! How what people write is sealed (D17), secrets of scripts and what endpoints accept signatures of:
//! XChaCha20-Poly1305 with a key that is kept outside the database, a nonce that is used once, and what the
//! value is of as data that has to match.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use scriptorium_model::{Ambient, ScriptId, SigningSecretId, TenantId};
use sha2::Sha256;

use crate::error::{Error, Result};

/// The first byte of what is sealed so.
const FORMAT: u8 = 1;
const FINGERPRINT: usize = 8;
const NONCE: usize = 24;

/// What seals and opens.
#[derive(Clone)]
pub(crate) struct Seal {
    cipher: XChaCha20Poly1305,
    fingerprint: [u8; FINGERPRINT],
}

/// Which value of a tenant it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot<'a> {
    /// Of the secret of this name.
    Value(&'a str),
    /// The one for trials of the secret of this name.
    Test(&'a str),
    /// What an endpoint accepts signatures of.
    Signing(ScriptId, SigningSecretId),
    /// What requests to the remote service of this name are signed with.
    Service(&'a str),
}

impl Seal {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // Tells the key from another, and nothing about it. A short key is filled up with zeroes, says
        // RFC 2104.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(b"scriptorium secrets");
        let mut fingerprint = [0; FINGERPRINT];
        fingerprint.copy_from_slice(&mac.finalize().into_bytes()[..FINGERPRINT]);
        Self {
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
            fingerprint,
        }
    }

    /// What everything begins with that this key has sealed.
    pub(crate) fn beginning(&self) -> Vec<u8> {
        let mut beginning = vec![FORMAT];
        beginning.extend(self.fingerprint);
        beginning
    }

    pub(crate) fn seal(
        &self,
        ambient: &Ambient,
        whose: &Whose<'_>,
        value: &[u8],
    ) -> Result<Vec<u8>> {
        let nonce = ambient.random::<NONCE>();
        let payload = Payload {
            msg: value,
            aad: &whose.bound(),
        };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::platform("a secret could not be sealed"))?;
        let mut stored = self.beginning();
        stored.extend(nonce);
        stored.extend(sealed);
        Ok(stored)
    }

    pub(crate) fn open(&self, whose: &Whose<'_>, stored: &[u8]) -> Result<Vec<u8>> {
        let rest = stored.strip_prefix(self.beginning().as_slice());
        let rest = rest.ok_or_else(|| Error::platform(OTHER))?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or_else(damaged)?;
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| damaged())?;
        let payload = Payload {
            msg: sealed,
            aad: &whose.bound(),
        };
        let value = self.cipher.decrypt(&XNonce::from(nonce), payload);
        value.map_err(|_| damaged())
    }
}

pub(crate) const OTHER: &str = "the key of secrets is not the one this database's were sealed with: \
    servers of one database share one key file, and a restored database needs its own";

pub(crate) fn damaged() -> Error {
    Error::platform("a secret cannot be opened: it was changed, or moved from elsewhere")
}

impl std::fmt::Debug for Seal {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

/// What a value is of: in another place it cannot be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) slot: Slot<'a>,
}

impl Whose<'_> {
    fn bound(&self) -> Vec<u8> {
        let mut bound = self.tenant.0.as_bytes().to_vec();
        match self.slot {
            Slot::Value(name) => {
                bound.push(0);
                bound.extend(name.as_bytes());
            }
            Slot::Test(name) => {
                bound.push(1);
                bound.extend(name.as_bytes());
            }
            Slot::Signing(script, secret) => {
                bound.push(2);
                bound.extend(script.0.as_bytes());
                bound.extend(secret.0.as_bytes());
            }
            Slot::Service(name) => {
                bound.push(3);
                bound.extend(name.as_bytes());
            }
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scriptorium_model::ambient::{Clock, Entropy};
    use scriptorium_model::{Timestamp, Uuid};

    use super::*;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn only_the_same_key_and_place_open_a_value() {
        let ambient = Ambient::new(Arc::new(Fixed), Arc::new(Fixed));
        let seal = Seal::new(&[1; 32]);
        let whose = |tenant: u128, slot| Whose {
            tenant: TenantId(Uuid::from_u128(tenant)),
            slot,
        };
        let signing = |script: u128, secret: u128| {
            let script = ScriptId(Uuid::from_u128(script));
            Slot::Signing(script, SigningSecretId(Uuid::from_u128(secret)))
        };
        let text = "hush ✓".as_bytes();
        let here = whose(1, signing(1, 2));
        let stored = seal.seal(&ambient, &here, text).unwrap();
        assert_eq!(seal.open(&here, &stored).unwrap(), text);
        for elsewhere in [
            whose(2, signing(1, 2)),
            whose(1, signing(1, 1)),
            whose(1, signing(2, 2)),
        ] {
            assert!(seal.open(&elsewhere, &stored).is_err());
        }
        let here = whose(1, Slot::Value("a"));
        let stored = seal.seal(&ambient, &here, text).unwrap();
        assert_eq!(seal.open(&here, &stored).unwrap(), text);
        assert!(!stored.windows(4).any(|part| part == b"hush"));
        for elsewhere in [
            whose(2, Slot::Value("a")),
            whose(1, Slot::Value("b")),
            whose(1, Slot::Test("a")),
            whose(1, Slot::Service("a")),
            whose(1, signing(0, 0)),
        ] {
            assert!(seal.open(&elsewhere, &stored).is_err());
        }
        assert!(Seal::new(&[2; 32]).open(&here, &stored).is_err());
        for index in 0..stored.len() {
            let mut changed = stored.clone();
            changed[index] ^= 1;
            assert!(seal.open(&here, &changed).is_err(), "byte {index}");
            assert!(seal.open(&here, &stored[..index]).is_err(), "{index} bytes");
        }
    }
}
