//! What goes to a remote service: one JSON document that says who asks for what and until when, under a
//! signature in the form of Standard Webhooks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use scriptorium_outbound::{HeaderName, HeaderValue, Method, Request, Rules};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Target;
use super::answer::ANSWER_BYTES;
use crate::host::Run;

/// How often a safe method is asked again.
const RETRIES: usize = 2;

/// How often a run has asked for the same.
#[derive(Default)]
pub(crate) struct Asked(Mutex<HashMap<[u8; 32], u32>>);

impl Asked {
    /// The id of a call: the same when the execution is run again, because its worker was lost, and asks for
    /// the same again, whatever else it does meanwhile.
    fn id(&self, run: &Run, path: &str, arguments: &Map<String, Value>) -> String {
        let mut hash = Sha256::new();
        hash.update(run.execution.0.as_bytes());
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(Value::Object(arguments.clone()).to_string());
        let same: [u8; 32] = hash.finalize().into();
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(same).or_default();
        *times += 1;
        let mut hash = Sha256::new();
        hash.update(same);
        hash.update(times.to_be_bytes());
        let digits = hash.finalize();
        let digits = digits.iter().take(16).map(|byte| format!("{byte:02x}"));
        format!("call_{}", digits.collect::<String>())
    }
}

/// The request of a call.
pub(super) fn signed(
    run: &Run,
    target: &Target,
    arguments: Map<String, Value>,
    rules: Arc<Rules>,
) -> Request {
    let now = run.now();
    let left = run.deadline().duration_since(now);
    let timeout = target
        .method
        .timeout
        .min(left.try_into().unwrap_or_default());
    let id = run.asked.id(run, &target.path(), &arguments);
    let (job, execution) = (&run.job, &run.job.execution);
    let user = job.principal.user.as_ref();
    let permissions: Vec<&str> = run.ctx.permissions.names().collect();
    let body = json!({
        "id": id,
        "service": target.service,
        "method": target.method.name,
        "arguments": arguments,
        "tenant": { "id": job.tenant.id.0, "slug": job.tenant.slug },
        "principal": {
            "user": user.map(|user| json!({ "id": user.id.0, "email": user.email })),
            "permissions": permissions,
        },
        "script": {
            "id": run.script.0,
            "name": job.definition.name,
            "type": job.definition.trigger.kind().as_str(),
            "version": execution.version,
        },
        "execution": {
            "id": run.execution.0,
            "trigger": execution.trigger.as_str(),
            "attempt": execution.attempt,
            "dry_run": execution.dry_run,
        },
        "deadline": now.saturating_add(timeout).unwrap_or(now).to_string(),
    })
    .to_string();
    let time = now.as_second().to_string();
    let signature = format!("v1,{}", signature(&target.key, &id, &time, &body));
    let mut request = Request::new(run.ctx.tenant.0, Method::POST, &target.url);
    for (name, value) in [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("idempotency-key", &id),
        ("webhook-id", &id),
        ("webhook-timestamp", &time),
        ("webhook-signature", &signature),
    ] {
        // Digits, letters and what base64 has.
        if let Ok(value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            request.headers.insert(name, value);
        }
    }
    request.rules = rules;
    request.body = body.into();
    request.timeout = timeout;
    request.redirects = 0;
    request.repeatable = target.method.is_safe;
    request.retries = RETRIES;
    request.largest = ANSWER_BYTES;
    request
}

/// HMAC-SHA256 over id, time and body, as Standard Webhooks says.
fn signature(key: &[u8], id: &str, time: &str, body: &str) -> String {
    // No length of a key is refused.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    for part in [id, ".", time, ".", body] {
        mac.update(part.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of its specification, made with the library that goes with it.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, time) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let signed = signature(&key, id, time, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
