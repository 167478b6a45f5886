//! Messages to people, from a script to a mail server, a gateway or a webhook that takes or refuses them.

use std::time::Duration;

use rstest::rstest;
use scriptorium::model::execution::Execution;
use scriptorium::model::notification::{Notification, NotificationStatus, SendMode};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::Trigger;
use scriptorium::{
    Builder, ErrorKind, Execute, MailServer, MailTls, Mode, NotificationFilter,
    NotificationSettings, SecretInput, Service, SmsGateway,
};
use scriptorium_testing::{AUTHORITY, Mail, Offers, SmtpServer, WebServer};
use serde_json::{Value, json};

use crate::world::{World, definition, json as doc};

/// `\0acme\0correct horse`, as `AUTH PLAIN` sends it.
const LOGIN: &str = "AGFjbWUAY29ycmVjdCBob3JzZQ==";

const RECEIPT: &str = "export default async () => services.notifications.sendEmail({
    to: 'ada@example.com', subject: 'Your receipt', body: 'Thank you.\\nAda' });";

fn mail(server: &SmtpServer, tls: MailTls) -> MailServer {
    MailServer {
        host: "localhost".into(),
        port: Some(server.port()),
        tls,
        login: None,
        from: "Acme <no-reply@acme.example>".into(),
        authority: Some(AUTHORITY.to_vec()),
    }
}

/// A platform that sends nothing by itself, so that tests say when.
async fn world(settings: NotificationSettings) -> World {
    with(settings, |builder| builder).await
}

async fn with(settings: NotificationSettings, set: fn(Builder) -> Builder) -> World {
    World::with(|builder| set(builder.triggers(false).notifications(settings))).await
}

async fn mailing(server: &SmtpServer) -> World {
    world(NotificationSettings {
        mail: Some(mail(server, MailTls::Off)),
        ..NotificationSettings::default()
    })
    .await
}

async fn script(world: &World, source: &str) -> Script {
    world
        .active(definition("sender", Trigger::OneOff, source))
        .await
}

async fn run(world: &World, script: &Script) -> Execution {
    let asked = Execute::new(script.id, doc(Value::Null), Mode::Sync);
    world
        .platform
        .executions()
        .execute(&world.ctx, asked)
        .await
        .unwrap()
}

/// What a run of a source gives, or the code that it ends with.
async fn output(world: &World, source: &str) -> Value {
    let script = script(world, source).await;
    let execution = run(world, &script).await;
    let output = execution.output.as_ref().map(|output| output.to_value());
    output.unwrap_or_else(|| panic!("{:?}", execution.failure))
}

async fn all(world: &World) -> Vec<Notification> {
    let filter = NotificationFilter::default();
    let page = PageRequest::first();
    let found = world.platform.notifications();
    let found = found.list(&world.ctx, &filter, &page).await;
    found.unwrap().items
}

async fn only(world: &World) -> Notification {
    let mut all = all(world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Sends what is due, and says what became of the only one.
async fn sent(world: &World) -> Notification {
    world.platform.send_notifications().await.unwrap();
    only(world).await
}

fn only_mail(server: &SmtpServer) -> Mail {
    let mut received = server.received();
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

#[rstest]
#[tokio::test]
async fn an_email_arrives(
    #[values(
        (Offers::Nothing, MailTls::Off),
        (Offers::StartTls, MailTls::StartTls),
        (Offers::Tls, MailTls::Tls)
    )]
    kind: (Offers, MailTls),
    #[values(None, Some(LOGIN))] login: Option<&str>,
) {
    let server = SmtpServer::start(kind.0, login);
    let mut settings = mail(&server, kind.1);
    settings.login = login.map(|_| ("acme".into(), "correct horse".into()));
    let world = world(NotificationSettings {
        mail: Some(settings),
        ..NotificationSettings::default()
    })
    .await;
    let answer = output(&world, RECEIPT).await;
    let waits = only(&world).await;
    assert_eq!(waits.status, NotificationStatus::Pending);
    assert_eq!(
        answer,
        json!({ "id": waits.id.0, "channel": "email", "status": "pending" })
    );
    assert!(server.received().is_empty(), "not before it is recorded");
    let sent = sent(&world).await;
    assert_eq!(sent.status, NotificationStatus::Sent, "{:?}", sent.error);
    let mail = only_mail(&server);
    assert_eq!(mail.from, "no-reply@acme.example");
    assert_eq!(mail.to, ["ada@example.com"]);
    assert_eq!(mail.encrypted, kind.1 != MailTls::Off);
    assert_eq!(mail.login.as_deref(), login);
    for part in [
        "From: Acme <no-reply@acme.example>\n",
        "To: ada@example.com\n",
        "Subject: Your receipt\n",
        &format!("Message-ID: <{}@acme.example>\n", sent.id),
        "Date: Mon, 02 Mar 2026 08:59:00 +0000\n",
        "Auto-Submitted: auto-generated\n",
        "Thank you.\nAda",
    ] {
        assert!(mail.data.contains(part), "{part} in {}", mail.data);
    }
    assert_eq!(world.platform.send_notifications().await.unwrap(), 0);
    assert_eq!(server.received().len(), 1, "once");
}

#[tokio::test]
async fn hidden_recipients_stay_hidden_and_html_comes_beside_text() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let put = world.platform.templates();
    for (name, body) in [
        ("receipt", "Dear {{ name }}"),
        ("receipt.html", "<p>Dear {{ name }}</p>"),
    ] {
        put.put(&world.ctx, name, body).await.unwrap();
    }
    output(
        &world,
        "export default async () => services.notifications.sendEmail({
            to: ['ada@example.com'], cc: 'bob@example.com', bcc: ['eve@example.com'],
            replyTo: 'desk@acme.example', subject: 'Чек № 5', template: 'receipt',
            htmlTemplate: 'receipt.html', data: { name: '<b>Ada</b>' }, metadata: { order: 5 } });",
    )
    .await;
    let sent = sent(&world).await;
    assert_eq!(sent.status, NotificationStatus::Sent, "{:?}", sent.error);
    assert_eq!(sent.metadata.to_value(), json!({ "order": 5 }));
    let mail = only_mail(&server);
    assert_eq!(
        mail.to,
        ["ada@example.com", "bob@example.com", "eve@example.com"]
    );
    assert!(!mail.data.contains("eve"), "{}", mail.data);
    for part in [
        "Cc: bob@example.com",
        "Reply-To: desk@acme.example",
        "multipart/alternative",
        "Dear <b>Ada</b>",
        "<p>Dear &lt;b&gt;Ada&lt;&#x2f;b&gt;</p>",
    ] {
        assert!(mail.data.contains(part), "{part} in {}", mail.data);
    }
}

/// What a server says, what becomes of the mail then, and the code that is kept.
#[rstest]
#[case(
    "RCPT",
    "550 5.1.1 no such user",
    NotificationStatus::Failed,
    "notification.refused"
)]
#[case(
    "RCPT",
    "450 4.2.0 greylisted",
    NotificationStatus::Pending,
    "notification.refused"
)]
#[case(
    "MAIL",
    "421 4.3.0 closing",
    NotificationStatus::Pending,
    "notification.refused"
)]
#[case(
    "DATA",
    "554 5.7.1 spam",
    NotificationStatus::Failed,
    "notification.refused"
)]
#[case(
    "DATA",
    "452 4.3.1 full",
    NotificationStatus::Pending,
    "notification.refused"
)]
#[case(
    "EHLO",
    "nonsense",
    NotificationStatus::Pending,
    "notification.unreachable"
)]
#[tokio::test]
async fn what_a_server_refuses_for_now_is_tried_again(
    #[case] command: &'static str,
    #[case] reply: &str,
    #[case] status: NotificationStatus,
    #[case] code: &str,
) {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    output(&world, RECEIPT).await;
    server.answer(command, reply);
    let refused = sent(&world).await;
    assert_eq!(refused.status, status, "{:?}", refused.error);
    let (said, message) = refused.error.unwrap();
    assert_eq!(said, code, "{message}");
    assert!(server.received().is_empty());
    if status == NotificationStatus::Pending {
        assert_eq!(world.platform.send_notifications().await.unwrap(), 0);
        world.advance(Duration::from_secs(60));
        let sent = sent(&world).await;
        assert_eq!((sent.status, sent.attempts), (NotificationStatus::Sent, 2));
        assert_eq!(server.received().len(), 1);
    } else {
        // Somebody has put the address right, as it were.
        let notifications = world.platform.notifications();
        notifications.retry(&world.ctx, refused.id).await.unwrap();
        assert_eq!(sent(&world).await.status, NotificationStatus::Sent);
    }
}

/// Nothing goes to a server that would have it in clear, and no password to one that is not who it says.
#[tokio::test]
async fn a_server_that_cannot_be_trusted_is_sent_nothing() {
    let strange = SmtpServer::start(Offers::StartTls, Some(LOGIN));
    let clear = SmtpServer::start(Offers::Nothing, Some(LOGIN));
    let with_login = |server: &SmtpServer| MailServer {
        login: Some(("acme".into(), "correct horse".into())),
        ..mail(server, MailTls::StartTls)
    };
    let unknown = MailServer {
        authority: None,
        ..with_login(&strange)
    };
    let elsewhere = MailServer {
        host: "127.0.0.2".into(),
        ..with_login(&strange)
    };
    for (server, settings) in [
        (&clear, with_login(&clear)),
        (&strange, unknown),
        (&strange, elsewhere),
    ] {
        let shown = format!("{settings:?}");
        let world = world(NotificationSettings {
            mail: Some(settings),
            ..NotificationSettings::default()
        })
        .await;
        output(&world, RECEIPT).await;
        let refused = sent(&world).await;
        assert_eq!(refused.status, NotificationStatus::Pending, "{shown}");
        let (code, message) = refused.error.unwrap();
        assert!(
            ["notification.tls", "notification.unreachable"].contains(&code.as_str()),
            "{code} {message}"
        );
        let commands = server.commands();
        let told = |command: &String| {
            ["AUTH", "MAIL"]
                .iter()
                .any(|name| command.starts_with(name))
        };
        assert!(!commands.iter().any(told), "{shown}: {commands:?}");
        assert!(!shown.contains("horse"), "{shown}");
    }
}

#[tokio::test]
async fn a_login_that_is_refused_gives_no_message_up() {
    let server = SmtpServer::start(Offers::Nothing, Some("AGFjbWUAb3RoZXI="));
    let world = world(NotificationSettings {
        mail: Some(MailServer {
            login: Some(("acme".into(), "correct horse".into())),
            ..mail(&server, MailTls::Off)
        }),
        ..NotificationSettings::default()
    })
    .await;
    output(&world, RECEIPT).await;
    let refused = sent(&world).await;
    assert_eq!(refused.status, NotificationStatus::Pending);
    let (code, message) = refused.error.unwrap();
    assert_eq!(code, "notification.login");
    assert!(!message.contains("horse"), "{message}");
}

/// What a script asks for, and the field that is refused.
#[tokio::test]
async fn what_is_wrong_is_refused_while_it_can_be_put_right() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let source = "export default async ({ method, message }) => {
        try { await services.notifications[method](message); return 'sent'; }
        catch (error) { return `${error.code} ${error.field ?? ''}`.trim(); } };";
    let script = script(&world, source).await;
    let email = |change: Value| {
        let mut message = json!({ "to": "ada@example.com", "subject": "Hi", "body": "Hi" });
        let members = message.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        ("sendEmail", message)
    };
    let many: Vec<String> = (0..21).map(|n| format!("a{n}@example.com")).collect();
    let sms = |to: &str, message: &str| ("sendSMS", json!({ "to": to, "message": message }));
    for ((method, message), expected) in [
        (email(json!({})), "sent"),
        (email(json!({ "to": "ada" })), "VALIDATION_ERROR to"),
        (email(json!({ "to": [] })), "VALIDATION_ERROR to"),
        (email(json!({ "to": null })), "VALIDATION_ERROR to"),
        (email(json!({ "to": many })), "VALIDATION_ERROR to"),
        (
            email(json!({ "to": "a@b.example\r\nRCPT TO:<eve@b.example>" })),
            "VALIDATION_ERROR to",
        ),
        (
            email(json!({ "cc": "a@b.example\nX: y" })),
            "VALIDATION_ERROR cc",
        ),
        (
            email(json!({ "replyTo": "a@b.example\r\nBcc: eve@b.example" })),
            "VALIDATION_ERROR replyTo",
        ),
        (
            email(json!({ "subject": "Hi\r\nBcc: eve@example.com" })),
            "VALIDATION_ERROR subject",
        ),
        (email(json!({ "subject": "" })), "VALIDATION_ERROR subject"),
        (
            email(json!({ "subject": "x".repeat(201) })),
            "VALIDATION_ERROR subject",
        ),
        (email(json!({ "body": null })), "VALIDATION_ERROR body"),
        (
            email(json!({ "body": "x".repeat(262_145) })),
            "VALIDATION_ERROR body",
        ),
        (
            email(json!({ "html": "x".repeat(262_145) })),
            "VALIDATION_ERROR html",
        ),
        (
            email(json!({ "template": "receipt" })),
            "VALIDATION_ERROR template",
        ),
        (
            email(json!({ "body": null, "template": "nothing" })),
            "NOT_FOUND",
        ),
        (
            email(json!({ "from": "eve@example.com" })),
            "VALIDATION_ERROR from",
        ),
        (
            email(json!({ "metadata": [1] })),
            "VALIDATION_ERROR metadata",
        ),
        (
            email(json!({ "metadata": { "a": "x".repeat(5_000) } })),
            "VALIDATION_ERROR metadata",
        ),
        (
            ("sendEmail", json!("ada@example.com")),
            "VALIDATION_ERROR message",
        ),
        (sms("998901234567", "Hi"), "VALIDATION_ERROR to"),
        (sms("+998901234567", ""), "VALIDATION_ERROR message"),
        (
            sms("+998901234567", &"x".repeat(1_001)),
            "VALIDATION_ERROR message",
        ),
        (sms("+998901234567", "a\u{1b}b"), "VALIDATION_ERROR message"),
        (sms("+998901234567", "Hi"), "CHANNEL_UNAVAILABLE"),
        (
            ("sendChat", json!({ "channel": "icq", "message": "Hi" })),
            "VALIDATION_ERROR channel",
        ),
        (
            ("sendChat", json!({ "channel": "slack", "message": "Hi" })),
            "CHANNEL_UNAVAILABLE",
        ),
        (
            (
                "sendChat",
                json!({ "channel": "slack", "to": "x", "message": "Hi" }),
            ),
            "VALIDATION_ERROR to",
        ),
        (
            (
                "sendChat",
                json!({ "channel": "telegram", "message": "Hi" }),
            ),
            "VALIDATION_ERROR to",
        ),
        (
            (
                "sendChat",
                json!({ "channel": "slack", "secret": "none", "message": "Hi" }),
            ),
            "NOT_FOUND secret",
        ),
    ] {
        let input = json!({ "method": method, "message": message });
        let asked = Execute::new(script.id, doc(input.clone()), Mode::Sync);
        let ended = world.platform.executions().execute(&world.ctx, asked).await;
        let ended = ended.unwrap();
        let output = ended.output.map(|output| output.to_value());
        let shown: String = input.to_string().chars().take(200).collect();
        assert_eq!(output, Some(json!(expected)), "{shown} {:?}", ended.failure);
    }
    assert_eq!(all(&world).await.len(), 1, "only the good one");
}

#[tokio::test]
async fn a_run_sends_so_much_and_no_more() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let source = "export default async () => {
        const message = { to: 'ada@example.com', subject: 'Hi', body: 'x' };
        let sent = 0;
        try { for (;;) { await services.notifications.sendEmail(message); sent += 1; } }
        catch (error) { return [sent, error.code]; } };";
    assert_eq!(output(&world, source).await, json!([100, "QUOTA_EXCEEDED"]));
    assert_eq!(all(&world).await.len(), 50, "a page");
    let quota = with(
        NotificationSettings {
            mail: Some(mail(&server, MailTls::Off)),
            ..NotificationSettings::default()
        },
        |builder| builder.notifications_per_day(2),
    );
    let world = quota.await;
    assert_eq!(output(&world, source).await, json!([2, "QUOTA_EXCEEDED"]));
}

#[tokio::test]
async fn sms_goes_through_the_operators_gateway() {
    let gateway = WebServer::start();
    let world = world(NotificationSettings {
        sms: Some(SmsGateway {
            url: gateway.url("/send?key=hidden"),
            body: Some(SmsGateway::BODY.into()),
            content_type: SmsGateway::JSON.into(),
            authorization: Some("Bearer correct-horse".into()),
        }),
        ..NotificationSettings::default()
    })
    .await;
    let source = "export default async () => services.notifications.sendSMS({
        to: '+998901234567', message: 'Say \"hi\"', metadata: { client: 7 } });";
    output(&world, source).await;
    gateway.answer(503, "later");
    let refused = sent(&world).await;
    assert_eq!(refused.status, NotificationStatus::Pending);
    let (code, message) = refused.error.unwrap();
    assert_eq!(code, "notification.refused");
    assert!(
        !message.contains("hidden") && !message.contains("horse"),
        "{message}"
    );
    world.advance(Duration::from_secs(60));
    assert_eq!(sent(&world).await.status, NotificationStatus::Sent);
    let requests = gateway.received();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.line, "POST /send?key=hidden");
        assert_eq!(
            request.header("authorization"),
            Some("Bearer correct-horse")
        );
        let id = refused.id.to_string();
        assert_eq!(request.header("idempotency-key"), Some(id.as_str()));
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let expected = json!({ "to": "+998901234567", "message": "Say \"hi\"", "id": id });
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn chats_go_to_the_operators_address_or_to_the_tenants_secret() {
    let (operators, tenants) = (WebServer::start(), WebServer::start());
    let allowed = tenants.address();
    let world = World::with(|builder| {
        builder
            .triggers(false)
            .http_allow([allowed])
            .notifications(NotificationSettings {
                slack: Some(operators.url("/slack")),
                telegram: Some(operators.url("/botSECRET")),
                ..NotificationSettings::default()
            })
    })
    .await;
    let secrets = world.platform.secrets();
    let elsewhere = "http://169.254.169.254/latest".to_owned();
    for (name, value) in [("hook", tenants.url("/hook")), ("elsewhere", elsewhere)] {
        let input = SecretInput {
            value: Some(value),
            ..SecretInput::default()
        };
        secrets.put(&world.ctx, name, input).await.unwrap();
    }
    let source = "export default async () => {
        const { sendChat } = services.notifications;
        await sendChat({ channel: 'slack', message: 'to <!channel>' });
        await sendChat({ channel: 'telegram', to: '@acme', message: 'to the bot' });
        await sendChat({ channel: 'teams', secret: 'hook', message: 'to the hook' });
        await sendChat({ channel: 'slack', secret: 'elsewhere', message: 'nowhere' });
    };";
    output(&world, source).await;
    world.platform.send_notifications().await.unwrap();
    let all = all(&world).await;
    let with = |status| all.iter().filter(move |one| one.status == status);
    assert_eq!(with(NotificationStatus::Sent).count(), 3, "{all:?}");
    let blocked: Vec<_> = with(NotificationStatus::Failed).collect();
    let (code, message) = blocked[0].error.clone().unwrap();
    assert_eq!((blocked.len(), code.as_str()), (1, "notification.blocked"));
    assert!(message.contains("may not be reached"), "{message}");
    let mut lines: Vec<String> = operators
        .received()
        .into_iter()
        .map(|one| one.line)
        .collect();
    lines.sort();
    assert_eq!(lines, ["POST /botSECRET/sendMessage", "POST /slack"]);
    let slack = operators
        .received()
        .into_iter()
        .find(|one| one.line == "POST /slack");
    assert_eq!(slack.unwrap().body, r#"{"text":"to &lt;!channel&gt;"}"#);
    assert!(tenants.received()[0].body.contains("to the hook"));
}

#[tokio::test]
async fn nothing_is_sent_of_what_is_rolled_back() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let source = "export default async () => {
        const tell = subject => services.notifications.sendEmail({
            to: 'ada@example.com', subject, body: 'x' });
        await tell('before');
        await db.transaction(async () => { await tell('kept'); });
        try { await db.transaction(async () => { await tell('undone'); throw new Error('no'); }); }
        catch {}
        await tell('after');
    };";
    output(&world, source).await;
    let subjects: Vec<_> = all(&world)
        .await
        .into_iter()
        .filter_map(|one| one.subject)
        .collect();
    let mut subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["after", "before", "kept"]);
}

#[tokio::test]
async fn a_hosts_transaction_takes_its_scripts_messages_along() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let mut receipt = definition("receipt", Trigger::Embedded, RECEIPT);
    receipt.limits.wall = Duration::from_secs(60);
    receipt.limits.cpu = Duration::from_secs(60);
    world.active(receipt).await;
    let tenant = world.platform.tenant("default").await.unwrap();
    for commits in [false, true] {
        let minute = Duration::from_secs(60);
        let done: Result<(), scriptorium::Error> = tenant
            .transaction(move |tx| {
                let _: Value = tx.invoke_within("receipt", &json!(null), minute)?;
                match commits {
                    true => Ok(()),
                    false => tx.execute("nonsense", &[]).map(|_| ()),
                }
            })
            .await;
        assert_eq!(done.is_ok(), commits);
    }
    let patience = Duration::from_secs(30);
    let recorded = async {
        while all(&world).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, recorded)
        .await
        .expect("it is recorded");
    assert_eq!(all(&world).await.len(), 1);
}

#[tokio::test]
async fn trials_dry_runs_and_recording_tenants_reach_nobody() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let script = script(&world, RECEIPT).await;
    let executions = world.platform.executions();
    let run = |change: fn(&mut Execute)| {
        let mut asked = Execute::new(script.id, doc(Value::Null), Mode::Sync);
        change(&mut asked);
        executions.execute(&world.ctx, asked)
    };
    let dry = run(|asked| asked.dry_run = true).await.unwrap();
    let effect = &dry.effects.items[0];
    assert_eq!(effect.kind.as_str(), "notification");
    assert_eq!(effect.target, "email ada@example.com");
    assert_eq!(effect.summary, "Your receipt\nThank you.\nAda");
    let output = dry.output.unwrap().to_value();
    assert_eq!(output["status"], "recorded");
    assert!(all(&world).await.is_empty(), "a dry run leaves nothing");
    let notifications = world.platform.notifications();
    notifications
        .set_mode(&world.ctx, SendMode::Record)
        .await
        .unwrap();
    run(|_| ()).await.unwrap();
    let recorded = only(&world).await;
    assert_eq!(recorded.status, NotificationStatus::Recorded);
    assert!(recorded.content.as_str().contains("Thank you"));
    assert_eq!(world.platform.send_notifications().await.unwrap(), 0);
    assert!(server.commands().is_empty());
}

#[tokio::test]
async fn an_operator_may_record_for_all() {
    let world = world(NotificationSettings {
        mode: SendMode::Record,
        ..NotificationSettings::default()
    })
    .await;
    output(&world, RECEIPT).await;
    assert_eq!(only(&world).await.status, NotificationStatus::Recorded);
}

#[tokio::test]
async fn secrets_that_were_read_reach_nobody() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let input = SecretInput {
        value: Some("hidden-value".into()),
        ..SecretInput::default()
    };
    let secrets = world.platform.secrets();
    secrets.put(&world.ctx, "key", input).await.unwrap();
    let source = "export default async () => {
        const key = await secrets.get('key');
        await services.notifications.sendEmail({ to: 'ada@example.com',
            subject: `The key is ${key}`, body: key, metadata: { key } }); };";
    output(&world, source).await;
    let one = sent(&world).await;
    let stored = format!("{one:?}");
    assert!(
        !stored.contains("hidden-value") && stored.contains("***"),
        "{stored}"
    );
    assert!(!only_mail(&server).data.contains("hidden-value"));
}

#[tokio::test]
async fn who_may_not_send_does_not_and_a_hosts_own_service_stays() {
    let server = SmtpServer::start(Offers::Nothing, None);
    let world = mailing(&server).await;
    let viewer = world.user("viewer", Role::Viewer).await;
    let notifications = world.platform.notifications();
    let page = PageRequest::first();
    let refused = notifications
        .list(&viewer, &NotificationFilter::default(), &page)
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);
    let developer = world.user("developer", Role::Developer).await;
    let refused = notifications.set_mode(&developer, SendMode::Send).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);

    let own = with(NotificationSettings::default(), |builder| {
        builder.service(Service::new("notifications", "The host's.").method(
            "sendEmail",
            "",
            "Promise<string>",
            "Ours.",
            |_| async { Ok(json!("the host's")) },
        ))
    });
    assert_eq!(output(&own.await, RECEIPT).await, "the host's");
}
