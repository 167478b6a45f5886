//! `utils.crypto`: digests, keyed digests, and bytes nobody can predict.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use scriptorium_engine::HostError;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::text;
use crate::capabilities::args::Args;
use crate::capabilities::language::code;
use crate::host::Run;

/// Names scripts may give; the first is the default.
pub(super) const ALGORITHMS: &[&str] = &["sha256", "sha384", "sha512"];
/// Names scripts may give; the first is the default.
pub(super) const ENCODINGS: &[&str] = &["hex", "base64"];
/// Most random bytes of one call.
pub(super) const RANDOM_BYTES: i64 = 65_536;

pub(super) fn hash(_: &Run, mut args: Args) -> Result<String, HostError> {
    let data = args.bytes(0);
    let digest = match args.text(1).as_deref() {
        Some("sha384") => Sha384::digest(&data).to_vec(),
        Some("sha512") => Sha512::digest(&data).to_vec(),
        _ => Sha256::digest(&data).to_vec(),
    };
    Ok(encoded(&digest, args.text(2).as_deref()))
}

pub(super) fn hmac(_: &Run, mut args: Args) -> Result<String, HostError> {
    let (data, key) = (args.bytes(0), args.bytes(1));
    let code = match args.text(2).as_deref() {
        Some("sha384") => code::<Hmac<Sha384>>(&key, &data),
        Some("sha512") => code::<Hmac<Sha512>>(&key, &data),
        _ => code::<Hmac<Sha256>>(&key, &data),
    }?;
    Ok(encoded(&code, args.text(3).as_deref()))
}

pub(super) fn timing_safe_equal(_: &Run, mut args: Args) -> Result<String, HostError> {
    let (a, b) = (args.bytes(0), args.bytes(1));
    Ok(bool::from(a.ct_eq(&b)).to_string())
}

pub(super) fn random_bytes(run: &Run, mut args: Args) -> Result<String, HostError> {
    let length = args.integer(0).unwrap_or_default();
    let length = usize::try_from(length).unwrap_or_default();
    let mut bytes = Vec::with_capacity(length + 32);
    while bytes.len() < length {
        bytes.extend_from_slice(&run.world.ambient.random::<32>());
    }
    bytes.truncate(length);
    Ok(text(STANDARD.encode(bytes)))
}

fn encoded(bytes: &[u8], encoding: Option<&str>) -> String {
    text(match encoding {
        Some("base64") => STANDARD.encode(bytes),
        _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}
