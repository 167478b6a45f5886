//! Outgoing rules: who writes them, what is refused, and what they come to for a script.

use scriptorium::ErrorKind;
use scriptorium::model::Ctx;
use scriptorium::model::outgoing::{OutgoingCredential, OutgoingHeader, OutgoingRules};
use scriptorium::model::permission::Role;
use scriptorium::model::trigger::Trigger;
use scriptorium::{Execute, Mode, SecretInput};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::world::{World, definition, json as doc};

fn header(name: &str, text: &str, secret: Option<&str>) -> OutgoingHeader {
    OutgoingHeader {
        name: name.to_owned(),
        text: text.to_owned(),
        secret: secret.map(str::to_owned),
    }
}

fn credential(origin: &str, headers: Vec<OutgoingHeader>) -> OutgoingRules {
    OutgoingRules {
        credentials: vec![OutgoingCredential {
            origin: origin.to_owned(),
            headers,
            certificate: None,
        }],
        ..OutgoingRules::default()
    }
}

#[tokio::test]
async fn rules_are_written_by_who_keeps_secrets() {
    let world = World::new().await;
    let outgoing = world.platform.outgoing();
    let developer = Ctx {
        permissions: Role::Developer.permissions(),
        ..world.ctx.clone()
    };
    let rules = OutgoingRules::default();
    let denied = outgoing.set_rules(&developer, &rules).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Forbidden);
    let denied = outgoing.rules(&developer).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Forbidden);
    outgoing.set_rules(&world.ctx, &rules).await.unwrap();
}

#[tokio::test]
async fn what_is_refused() {
    let world = World::new().await;
    let check = async |rules: OutgoingRules, expected: Option<(&str, &str)>| {
        let set = world
            .platform
            .outgoing()
            .set_rules(&world.ctx, &rules)
            .await;
        let refused = set.as_ref().err().and_then(|error| error.invalid());
        let errors = refused.map_or(&[][..], |invalid| &invalid.errors);
        let fields: Vec<(String, &str)> = errors
            .iter()
            .map(|one| (one.field.clone(), one.code))
            .collect();
        let expected: Vec<(String, &str)> = expected
            .iter()
            .map(|(field, code)| ((*field).to_owned(), *code))
            .collect();
        assert_eq!(fields, expected, "{rules:?}");
    };
    let hosts = |only: &str, never: &str| OutgoingRules {
        only: Some(vec![only.to_owned()]),
        never: vec![never.to_owned()],
        credentials: Vec::new(),
    };
    check(hosts("*.example.com", "a.example.com"), None).await;
    check(
        hosts("http://a", "a.example.com"),
        Some(("only.0", "bad_host")),
    )
    .await;
    check(
        hosts("a.example.com", "127.1"),
        Some(("never.0", "bad_host")),
    )
    .await;
    let key = || vec![header("x-key", "1", None)];
    check(credential("https://api.example.com", key()), None).await;
    check(credential("https://api.example.com:8443", key()), None).await;
    let origin = Some(("credentials.0.origin", "bad_outgoing_origin"));
    for text in [
        "",
        "api.example.com",
        "https://api.example.com/",
        "https://api.example.com:443",
        "HTTPS://api.example.com",
        "https://user@api.example.com",
        "https://localhost",
        "http://169.254.169.254",
        "ftp://api.example.com",
    ] {
        check(credential(text, key()), origin).await;
    }
    let name = Some(("credentials.0.headers.0.name", "bad_header"));
    for text in ["", "a b", "host", "Content-Length", "x-forwarded-for"] {
        check(
            credential("https://api.example.com", vec![header(text, "1", None)]),
            name,
        )
        .await;
    }
    let line = vec![header("x-key", "a\r\nb: c", None)];
    check(
        credential("https://api.example.com", line),
        Some(("credentials.0.headers.0.text", "bad_header_text")),
    )
    .await;
    check(
        credential("https://api.example.com", Vec::new()),
        Some(("credentials.0.headers", "required")),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_sends_what_it_does_not_see() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // It answers each request with its own head, as a text.
    let mut server = JoinSet::new();
    server.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 8 << 10];
            let count = stream.read(&mut head).await.unwrap_or(0);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {count}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(&[answer.as_bytes(), &head[..count]].concat()).await;
        }
    });
    let world = World::with(|builder| builder.http_allow([address])).await;
    let source = format!(
        "async function main() {{
            const {{ body }} = await http.get('http://{address}/', {{ headers: {{ 'x-key': 'mine' }} }}).catch((e) => ({{ body: e.code }}));
            return [body.split('\\r\\n').find((line) => line.startsWith('x-key')) ?? body, body.includes('ref-live-1234')];
        }}"
    );
    let script = world
        .active(definition("caller", Trigger::OneOff, &source))
        .await;
    let run = async || {
        let executions = world.platform.executions();
        let what = Execute::new(script.id, doc(Value::Null), Mode::Sync);
        let ended = executions.execute(&world.ctx, what).await.unwrap();
        ended.output.unwrap().to_value()
    };
    assert_eq!(run().await, json!(["x-key: mine", false]));
    let outgoing = world.platform.outgoing();
    let rules = credential(
        &format!("http://{address}"),
        vec![header("x-key", "Key ", Some("partner"))],
    );
    outgoing.set_rules(&world.ctx, &rules).await.unwrap();
    assert_eq!(run().await, json!(["NOT_FOUND", false]));
    let input = SecretInput {
        value: Some("ref-live-1234".to_owned()),
        ..SecretInput::default()
    };
    world
        .platform
        .secrets()
        .put(&world.ctx, "partner", input)
        .await
        .unwrap();
    // The host has got it and sends it back, which the execution's record does not show.
    assert_eq!(run().await, json!(["x-key: Key ***", true]));
    let closed = OutgoingRules {
        only: Some(vec!["api.example.com".to_owned()]),
        ..OutgoingRules::default()
    };
    outgoing.set_rules(&world.ctx, &closed).await.unwrap();
    assert_eq!(run().await, json!(["SSRF_BLOCKED", false]));
}
