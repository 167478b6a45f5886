//! Signed requests to endpoints: accepted once, of any of the endpoint's secrets, within five minutes
//! by the platform's clock (WEB-18).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use scriptorium::model::endpoint::Method;
use scriptorium::model::page::PageRequest;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, SignatureScheme, Trigger};
use scriptorium::{
    BadSignature, EndpointBody, EndpointRefusal, EndpointRequest, ErrorKind, ExecutionFilter,
    NewSigningSecret,
};
use sha2::Sha256;
use std::time::Duration;

use crate::world::{World, definition};

const SOURCE: &str = "function handleRequest(req) {
    if (req.body.fail) throw new Error('not now');
    if (req.body.status) return { status: req.body.status };
    return req.headers['webhook-id'] + ' ' + req.rawBody.length;
}";

fn signed(scheme: SignatureScheme) -> Trigger {
    Trigger::Http(Endpoint {
        signature: Some(scheme),
        ..Endpoint::new("/hook", &[Method::Post], EndpointAuth::Signature)
    })
}

async fn hook(world: &World) -> Script {
    let script = definition("hook", signed(SignatureScheme::Standard), SOURCE);
    world.active(script).await
}

/// A request in the form of Standard Webhooks, signed with a secret now and a bit.
fn request(world: &World, secret: &str, id: &str, late: i64, body: &str) -> EndpointRequest {
    let now = world.platform.ambient().now().as_second() + late;
    let key = STANDARD
        .decode(secret.trim_start_matches("whsec_"))
        .unwrap();
    let mut code = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    code.update(format!("{id}.{now}.{body}").as_bytes());
    let signature = STANDARD.encode(code.finalize().into_bytes());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", now.to_string()),
        ("webhook-signature", format!("v1,{signature}")),
    ];
    EndpointRequest {
        method: "POST".into(),
        path: "/hook".into(),
        query: None,
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        ip: [127, 0, 0, 1].into(),
        url: "http://localhost/api/scripts/hook".into(),
    }
}

/// The answer's status and body, or the refusal's code.
async fn answer(world: &World, request: EndpointRequest) -> String {
    let endpoints = world.platform.endpoints();
    match endpoints.handle(world.ctx.tenant, None, request).await {
        Ok(reply) => match &reply.body {
            EndpointBody::Whole(body) => {
                format!("{} {}", reply.status, String::from_utf8_lossy(body))
            }
            EndpointBody::Parts(_) => panic!("{reply:?}"),
        },
        Err(EndpointRefusal::BadSignature(bad)) => bad.code().to_owned(),
        Err(EndpointRefusal::Failed(execution)) => execution.status.as_str().to_owned(),
        Err(EndpointRefusal::BadRequest(_)) => "bad request".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

async fn new_secret(world: &World, script: &Script) -> NewSigningSecret {
    let scripts = world.platform.scripts();
    let made = scripts.add_signing_secret(&world.ctx, script.id, None);
    made.await.unwrap()
}

#[tokio::test]
async fn a_signed_request_is_answered_once_and_within_five_minutes() {
    let world = World::new().await;
    let script = hook(&world).await;
    let unsigned = request(&world, "whsec_AAAA", "msg_0", 0, "{}");
    // Without a secret nobody comes in.
    assert_eq!(answer(&world, unsigned).await, "signature_wrong");
    let secret = new_secret(&world, &script).await.text.unwrap();
    let first = request(&world, &secret, "msg_1", 0, "{}");
    assert_eq!(answer(&world, first.clone()).await, "200 msg_1 2");
    assert_eq!(answer(&world, first.clone()).await, "signature_replayed");
    // The sender's own second attempt has another time, and is another request.
    let again = request(&world, &secret, "msg_1", 1, "{}");
    assert_eq!(answer(&world, again).await, "200 msg_1 2");
    for (late, expected) in [
        (300, "200 msg_2 2"),
        (-300, "200 msg_2 2"),
        (301, "signature_stale"),
        (-301, "signature_stale"),
    ] {
        let request = request(&world, &secret, "msg_2", late, "{}");
        assert_eq!(answer(&world, request).await, expected, "{late}");
    }
    world.advance(Duration::from_secs(301));
    assert_eq!(answer(&world, first).await, "signature_stale");
    let mut unsigned = request(&world, &secret, "msg_3", 0, "{}");
    unsigned.headers.truncate(1);
    assert_eq!(answer(&world, unsigned).await, "signature_missing");
    let mut changed = request(&world, &secret, "msg_4", 0, "{}");
    changed.body = Bytes::from_static(b"{ }");
    assert_eq!(answer(&world, changed).await, "signature_wrong");
    // What was refused has run nothing.
    let filter = ExecutionFilter::default();
    let executions = world.platform.executions();
    let page = PageRequest::first();
    let ran = executions.list(&world.ctx, &filter, &page).await.unwrap();
    assert_eq!(ran.items.len(), 4);
}

#[tokio::test]
async fn what_came_to_nothing_may_come_again() {
    let world = World::new().await;
    let script = hook(&world).await;
    let secret = new_secret(&world, &script).await.text.unwrap();
    for (id, body, expected, again) in [
        ("msg_1", r#"{"fail":true}"#, "failed", "failed"),
        ("msg_2", r#"{"status":503}"#, "503 ", "503 "),
        ("msg_3", "{", "bad request", "bad request"),
        ("msg_4", r#"{"status":422}"#, "422 ", "signature_replayed"),
    ] {
        let request = request(&world, &secret, id, 0, body);
        assert_eq!(answer(&world, request.clone()).await, expected, "{id}");
        assert_eq!(answer(&world, request).await, again, "{id}");
    }
}

#[tokio::test]
async fn one_secret_follows_another_and_takes_effect_at_once() {
    let world = World::new().await;
    let script = hook(&world).await;
    let old = new_secret(&world, &script).await;
    let new = new_secret(&world, &script).await;
    let (first, second) = (old.text.unwrap(), new.text.unwrap());
    assert_ne!(first, second);
    let by = |secret: &str, id: &str| request(&world, secret, id, 0, "{}");
    assert_eq!(answer(&world, by(&first, "msg_1")).await, "200 msg_1 2");
    assert_eq!(answer(&world, by(&second, "msg_2")).await, "200 msg_2 2");
    let scripts = world.platform.scripts();
    let removed = scripts.remove_signing_secret(&world.ctx, script.id, old.secret.id);
    removed.await.unwrap();
    assert_eq!(answer(&world, by(&first, "msg_3")).await, "signature_wrong");
    assert_eq!(answer(&world, by(&second, "msg_4")).await, "200 msg_4 2");
    let listed = scripts.signing_secrets(&world.ctx, script.id).await;
    assert_eq!(listed.unwrap(), [new.secret]);
}

#[tokio::test]
async fn only_an_endpoint_that_takes_signatures_has_secrets() {
    let world = World::new().await;
    let open = Trigger::Http(Endpoint::new("/a", &[Method::Get], EndpointAuth::Public));
    let open = world.active(definition("open", open, "return 1")).await;
    let scripts = world.platform.scripts();
    let added = scripts.add_signing_secret(&world.ctx, open.id, None).await;
    assert_eq!(added.unwrap_err().kind(), ErrorKind::Invalid);
    let hook = hook(&world).await;
    let added = scripts.add_signing_secret(&world.ctx, hook.id, Some("short"));
    let refused = added.await.unwrap_err();
    let errors = &refused.invalid().unwrap().errors;
    assert_eq!(
        (errors[0].field.as_str(), errors[0].code),
        ("http.signature.secret", "bad_secret")
    );
    assert_eq!(BadSignature::Wrong.code(), "signature_wrong");
}
