//! `utils.jwt`: tokens that both sides know the key of (RFC 7519, HS256 to HS512). The algorithm is
//! the caller's choice, never the token's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use scriptorium_engine::HostError;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::text;
use crate::capabilities::args::Args;
use crate::capabilities::invalid;
use crate::capabilities::language::code;
use crate::host::Run;

/// Most bytes of a payload as JSON, and of a token.
pub(super) const PAYLOAD_BYTES: usize = 32 << 10;
pub(super) const TOKEN_BYTES: usize = 64 << 10;
const ALGORITHMS: [&str; 3] = ["HS256", "HS384", "HS512"];
/// Seconds by which clocks may differ, at most.
const LEEWAY: i64 = 600;
/// A hundred years.
const LONGEST: i64 = 100 * 366 * 86_400;

pub(super) fn sign(run: &Run, mut args: Args) -> Result<String, HostError> {
    let mut payload = args.object(0);
    let (key, mut options) = (key(&mut args)?, args.object(2));
    let algorithm = match options.remove("algorithm") {
        None | Some(Value::Null) => ALGORITHMS[0].to_owned(),
        Some(value) => known("options.algorithm", &value)?,
    };
    let now = run.now().as_second();
    payload.entry("iat").or_insert(now.into());
    let mut header = json!({ "alg": algorithm, "typ": "JWT" });
    for (name, value) in options {
        let claim = match name.as_str() {
            "expiresIn" | "notBefore" => {
                let seconds = value.as_i64().filter(|s| s.abs() <= LONGEST);
                let seconds = seconds
                    .ok_or_else(|| invalid(&format!("options.{name}"), "must be seconds"))?;
                let claim = if name == "expiresIn" { "exp" } else { "nbf" };
                payload.insert(claim.into(), (now + seconds).into());
                continue;
            }
            "issuer" => "iss",
            "subject" => "sub",
            "audience" => "aud",
            "keyId" => {
                header["kid"] = word(&name, value)?.into();
                continue;
            }
            _ => {
                let message =
                    "may have algorithm, expiresIn, notBefore, issuer, subject, audience and keyId";
                return Err(invalid("options", message));
            }
        };
        payload.insert(claim.into(), word(&name, value)?.into());
    }
    let payload = Value::Object(payload).to_string();
    if payload.len() > PAYLOAD_BYTES {
        return Err(invalid(
            "payload",
            format!("must have at most {PAYLOAD_BYTES} bytes"),
        ));
    }
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header.to_string()), encode(payload));
    let signature = signature(&algorithm, &key, signed.as_bytes())?;
    Ok(text(format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(signature)
    )))
}

pub(super) fn verify(run: &Run, mut args: Args) -> Result<String, HostError> {
    let token = args.text(0).unwrap_or_default();
    let (key, options) = (key(&mut args)?, args.object(2));
    let wanted = Wanted::read(options)?;
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(given), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(refused("malformed", "is no token of three parts"));
    };
    let head = decoded(header).ok_or_else(|| refused("malformed", "has no header"))?;
    let algorithm = head.get("alg").and_then(Value::as_str).unwrap_or_default();
    if !wanted.algorithms.iter().any(|known| known == algorithm) {
        return Err(refused("algorithm", "is not signed as it has to be"));
    }
    if head.contains_key("crit") {
        return Err(refused("critical", "asks for what is not known here"));
    }
    let given = URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
    let signed = &token.as_bytes()[..header.len() + 1 + payload.len()];
    // In a time that does not tell where they differ.
    if !bool::from(signature(algorithm, &key, signed)?.ct_eq(&given)) {
        return Err(refused("signature", "has another signature"));
    }
    let payload = decoded(payload).ok_or_else(|| refused("malformed", "has no payload"))?;
    wanted.check(&payload, run.now().as_second())?;
    Ok(Value::Object(payload).to_string())
}

/// What a token has to be.
#[derive(Default)]
struct Wanted {
    algorithms: Vec<String>,
    issuer: Option<String>,
    subject: Option<String>,
    audience: Option<String>,
    leeway: i64,
}

impl Wanted {
    fn read(options: Map<String, Value>) -> Result<Self, HostError> {
        let mut wanted = Self {
            algorithms: vec![ALGORITHMS[0].to_owned()],
            ..Self::default()
        };
        for (name, value) in options {
            if value.is_null() {
                continue;
            }
            match name.as_str() {
                "algorithms" => {
                    let field = "options.algorithms";
                    let list = value.as_array().filter(|list| !list.is_empty());
                    let list = list.ok_or_else(|| {
                        invalid(field, "must name one or more of HS256, HS384 and HS512")
                    })?;
                    let known = list.iter().map(|name| known(field, name));
                    wanted.algorithms = known.collect::<Result<_, _>>()?;
                }
                "issuer" => wanted.issuer = Some(word(&name, value)?),
                "subject" => wanted.subject = Some(word(&name, value)?),
                "audience" => wanted.audience = Some(word(&name, value)?),
                "leeway" => {
                    let leeway = value.as_i64().filter(|s| (0..=LEEWAY).contains(s));
                    let message = format!("must be seconds, {LEEWAY} at most");
                    wanted.leeway = leeway.ok_or_else(|| invalid("options.leeway", message))?;
                }
                _ => {
                    let message = "may have algorithms, issuer, subject, audience and leeway";
                    return Err(invalid("options", message));
                }
            }
        }
        Ok(wanted)
    }

    fn check(&self, payload: &Map<String, Value>, now: i64) -> Result<(), HostError> {
        let time = |name: &str| match payload.get(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(refused("malformed", "has a time that is none")),
            },
        };
        let (now, leeway) = (now as f64, self.leeway as f64);
        if time("exp")?.is_some_and(|exp| now >= exp + leeway) {
            return Err(refused("expired", "has expired"));
        }
        if time("nbf")?.is_some_and(|nbf| now < nbf - leeway) {
            return Err(refused("not_yet", "is not valid yet"));
        }
        let is = |name: &str, wanted: &Option<String>| match wanted {
            None => true,
            Some(wanted) => payload.get(name).and_then(Value::as_str) == Some(wanted),
        };
        if !is("iss", &self.issuer) {
            return Err(refused("issuer", "is from somebody else"));
        }
        if !is("sub", &self.subject) {
            return Err(refused("subject", "is about somebody else"));
        }
        let heard = match (&self.audience, payload.get("aud")) {
            (None, _) => true,
            (Some(wanted), Some(Value::Array(all))) => {
                all.iter().any(|one| one.as_str() == Some(wanted))
            }
            (Some(wanted), Some(one)) => one.as_str() == Some(wanted),
            (Some(_), None) => false,
        };
        if heard {
            Ok(())
        } else {
            Err(refused("audience", "is for somebody else"))
        }
    }
}

fn key(args: &mut Args) -> Result<Vec<u8>, HostError> {
    let key = args.bytes(1);
    if key.is_empty() {
        return Err(invalid("key", "must not be empty"));
    }
    Ok(key)
}

fn known(field: &str, value: &Value) -> Result<String, HostError> {
    let name = value.as_str().filter(|name| ALGORITHMS.contains(name));
    let refuse = || invalid(field, "must be HS256, HS384 or HS512");
    name.map(str::to_owned).ok_or_else(refuse)
}

fn word(name: &str, value: Value) -> Result<String, HostError> {
    match value {
        Value::String(text) if text.len() <= 1_000 => Ok(text),
        _ => Err(invalid(&format!("options.{name}"), "must be a string")),
    }
}

fn decoded(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn refused(reason: &str, message: &str) -> HostError {
    HostError {
        field: Some("token".to_owned()),
        details: Some(json!({ "reason": reason }).to_string()),
        ..HostError::new("JWT_INVALID", format!("the token {message}"))
    }
}

fn signature(algorithm: &str, key: &[u8], data: &[u8]) -> Result<Vec<u8>, HostError> {
    match algorithm {
        "HS512" => code::<Hmac<Sha512>>(key, data),
        "HS384" => code::<Hmac<Sha384>>(key, data),
        _ => code::<Hmac<Sha256>>(key, data),
    }
}
