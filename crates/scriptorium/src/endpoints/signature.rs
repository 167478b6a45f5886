//! Signed requests, in the forms of Standard Webhooks, Stripe and GitHub: HMAC-SHA256 over the body
//! as it was sent (WEB-18). Who sends them knows a secret of the endpoint; several are accepted at
//! once, so that one can follow another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use scriptorium_model::trigger::SignatureScheme;
use scriptorium_model::{Invalid, Timestamp};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How far the time in a signature may be from ours, both ways.
const TOLERANCE: Duration = Duration::from_secs(300);
/// How long a delivery of GitHub's, which tells no time, is remembered: as long as it can be sent
/// again from there.
const GITHUB_MEMORY: Duration = Duration::from_secs(72 * 60 * 60);
/// Most signatures that one request may bring; more are not looked at.
const SIGNATURES: usize = 10;
/// What a Standard Webhooks secret begins with.
const STANDARD_PREFIX: &str = "whsec_";
/// Bytes of a secret: too few can be guessed, more than these add nothing.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// What is wrong with a signature. The caller learns the code, never which part of it was nearly right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSignature {
    /// A header that belongs to it is not there, or there twice.
    Missing,
    /// It is not written as it should be.
    Malformed,
    /// It is of no secret of the endpoint.
    Wrong,
    /// Its time is too long ago, or to come.
    Stale,
    /// This very request was accepted before.
    Replayed,
}

impl BadSignature {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Malformed => "signature_malformed",
            Self::Wrong => "signature_wrong",
            Self::Stale => "signature_stale",
            Self::Replayed => "signature_replayed",
        }
    }
}

/// A signature that is right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// By what the same request is known when it comes again; nothing of it is a secret. `None` when
    /// the sender gives nothing to know it by.
    pub(crate) digest: Option<[u8; 32]>,
    /// Until when it has to be known.
    pub(crate) until: Timestamp,
}

/// Headers of a request by lower-case name.
pub(crate) type Headers = [(String, String)];

/// Checks the signature of a request against an endpoint's secrets.
pub(crate) fn check(
    scheme: SignatureScheme,
    keys: &[Vec<u8>],
    headers: &Headers,
    body: &[u8],
    now: Timestamp,
) -> Result<Signed, BadSignature> {
    match scheme {
        SignatureScheme::Standard => standard(keys, headers, body, now),
        SignatureScheme::Stripe => stripe(keys, headers, body, now),
        SignatureScheme::GitHub => github(keys, headers, body, now),
    }
}

/// The key that a secret is, as the sender's settings show it.
///
/// # Errors
/// `bad_secret` when it cannot be one of the scheme.
pub(crate) fn key_of(scheme: SignatureScheme, secret: &str) -> Result<Vec<u8>, Invalid> {
    let field = "http.signature.secret";
    let refuse = |message: &str| Err(Invalid::field(field, "bad_secret", message));
    let key = match scheme {
        SignatureScheme::Standard => {
            let digits = secret.strip_prefix(STANDARD_PREFIX).unwrap_or(secret);
            match STANDARD.decode(digits) {
                Ok(key) => key,
                Err(_) => return refuse("must be whsec_ and base64, as Standard Webhooks says"),
            }
        }
        // Both sign with the text as it is.
        SignatureScheme::Stripe | SignatureScheme::GitHub => secret.as_bytes().to_vec(),
    };
    if secret.trim() != secret || secret.chars().any(char::is_control) {
        return refuse("must not have blanks around it, nor control characters");
    }
    if !SECRET_BYTES.contains(&key.len()) {
        return refuse("must be of 16 to 256 bytes");
    }
    Ok(key)
}

/// A secret from unpredictable bytes, in the form that the scheme gives them.
pub(crate) fn written(bytes: &[u8; 32]) -> String {
    format!("{STANDARD_PREFIX}{}", STANDARD.encode(bytes))
}

fn standard(
    keys: &[Vec<u8>],
    headers: &Headers,
    body: &[u8],
    now: Timestamp,
) -> Result<Signed, BadSignature> {
    let id = only(headers, "webhook-id")?;
    let time = only(headers, "webhook-timestamp")?;
    let signatures = only(headers, "webhook-signature")?;
    // With a dot in the id, parts could be moved from one to the other.
    if id.is_empty() || id.contains('.') {
        return Err(BadSignature::Malformed);
    }
    let signed_at = instant(time)?;
    let given = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .map(|digits| STANDARD.decode(digits).ok());
    verify(
        keys,
        &[id.as_bytes(), b".", time.as_bytes(), b".", body],
        given,
    )?;
    recent(signed_at, now)?;
    Ok(Signed {
        digest: Some(digest(&["standard", id, time])),
        until: after(signed_at, TOLERANCE),
    })
}

fn stripe(
    keys: &[Vec<u8>],
    headers: &Headers,
    body: &[u8],
    now: Timestamp,
) -> Result<Signed, BadSignature> {
    let header = only(headers, "stripe-signature")?;
    let parts = || {
        header
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let mut times = parts().filter(|(name, _)| *name == "t");
    let (Some((_, time)), None) = (times.next(), times.next()) else {
        return Err(BadSignature::Malformed);
    };
    let signed_at = instant(time)?;
    let given = parts()
        .filter(|(name, _)| *name == "v1")
        .map(|(_, digits)| hex(digits));
    let code = verify(keys, &[time.as_bytes(), b".", body], given)?;
    recent(signed_at, now)?;
    Ok(Signed {
        digest: Some(digest(&["stripe", time, &STANDARD.encode(code)])),
        until: after(signed_at, TOLERANCE),
    })
}

/// Without a time in it, an old request cannot be told from a new one: what helps against its being
/// sent again is the delivery's id, which is not signed.
fn github(
    keys: &[Vec<u8>],
    headers: &Headers,
    body: &[u8],
    now: Timestamp,
) -> Result<Signed, BadSignature> {
    let header = only(headers, "x-hub-signature-256")?;
    let digits = header
        .strip_prefix("sha256=")
        .ok_or(BadSignature::Malformed)?;
    verify(keys, &[body], std::iter::once(hex(digits)))?;
    let delivery = match only(headers, "x-github-delivery") {
        Ok(delivery) => Some(delivery),
        Err(_) if count(headers, "x-github-delivery") == 0 => None,
        Err(twice) => return Err(twice),
    };
    Ok(Signed {
        digest: delivery.map(|delivery| digest(&["github", delivery])),
        until: after(now, GITHUB_MEMORY),
    })
}

/// The code of the first signature that one of the keys makes. Every key is tried with every
/// signature, and each comparison takes the same time however much is right.
fn verify(
    keys: &[Vec<u8>],
    parts: &[&[u8]],
    given: impl Iterator<Item = Option<Vec<u8>>>,
) -> Result<[u8; 32], BadSignature> {
    let given: Vec<Option<Vec<u8>>> = given.take(SIGNATURES).collect();
    if given.is_empty() || given.iter().all(Option::is_none) {
        return Err(BadSignature::Malformed);
    }
    let mut found = None;
    for key in keys {
        // A code takes a key of any length.
        let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else {
            continue;
        };
        for part in parts {
            code.update(part);
        }
        for signature in given.iter().flatten() {
            if code.clone().verify_slice(signature).is_ok() {
                found = Some(code.clone().finalize().into_bytes().into());
            }
        }
    }
    found.ok_or(BadSignature::Wrong)
}

/// A header that is there once. Values of a repeated header are not joined here: which of them is
/// signed, nobody could say.
fn only<'a>(headers: &'a Headers, name: &str) -> Result<&'a str, BadSignature> {
    let mut found = headers.iter().filter(|(header, _)| header == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err(BadSignature::Missing),
    }
}

fn count(headers: &Headers, name: &str) -> usize {
    headers.iter().filter(|(header, _)| header == name).count()
}

/// Whole seconds, written in one way only.
fn instant(text: &str) -> Result<Timestamp, BadSignature> {
    let seconds: i64 = text.parse().map_err(|_| BadSignature::Malformed)?;
    if seconds.to_string() != text {
        return Err(BadSignature::Malformed);
    }
    Timestamp::from_second(seconds).map_err(|_| BadSignature::Malformed)
}

fn recent(signed_at: Timestamp, now: Timestamp) -> Result<(), BadSignature> {
    if now.duration_since(signed_at).unsigned_abs() <= TOLERANCE {
        Ok(())
    } else {
        Err(BadSignature::Stale)
    }
}

fn after(at: Timestamp, time: Duration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// Hexadecimal digits in lower case.
fn hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = digits.as_bytes();
    if bytes.is_empty() || !bytes.len().is_multiple_of(2) || bytes.len() > 128 {
        return None;
    }
    let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    bytes.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests;
