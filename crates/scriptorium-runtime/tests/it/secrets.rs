//! Secrets across runs: trials, what is noted of their use, what is sent and what is stored.

use std::sync::Arc;

use scriptorium_model::endpoint::Method;
use scriptorium_model::secret::SecretChange;
use scriptorium_model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium_runtime::Call;
use serde_json::json;

use crate::harness::Harness;

const READ: &str =
    "async function main() { return (await secrets.get('stripe').catch((e) => e.code)).length; }";

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_given_the_value_for_trials_only() {
    let harness = Harness::new().await;
    let run = async || {
        let mut job = harness.main(READ);
        job.execution.test = true;
        let finished = harness.runtime.run(job).await;
        finished.execution.output.unwrap().to_value()
    };
    assert_eq!(run().await, json!("NOT_FOUND".len()));
    let test = SecretChange {
        test_value: Some(Some("sk_test_1".to_owned())),
        ..SecretChange::default()
    };
    let ctx = harness.ctx();
    let put = harness.store.put_secret(&ctx, "stripe", &test).await;
    put.unwrap();
    assert_eq!(run().await, json!(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_is_sent_as_it_is_and_stored_without_the_value() {
    let harness = Harness::new().await;
    let source = "async function handleRequest() { const key = await secrets.get('stripe'); return { status: 200, body: { key } }; }";
    let endpoint = Endpoint::new("/key", &[Method::Post], EndpointAuth::Required);
    let endpoint = Trigger::Http(endpoint);
    let request = crate::cases::empty_request();
    let job = harness.job(source, endpoint, Call::Request(Arc::new(request)));
    let finished = harness.runtime.run(job).await;
    let reply = finished.reply.unwrap();
    assert!(String::from_utf8_lossy(&reply.body).contains("sk_live/51+H?abcdef"));
    let stored = finished.execution.output.unwrap();
    assert!(!stored.as_str().contains("sk_live"), "{stored}");
    assert!(stored.as_str().contains("***"), "{stored}");
}
