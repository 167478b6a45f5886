//! Remote services: who registers them, and what comes of a call, against a host on this machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use scriptorium::model::endpoint::Method;
use scriptorium::model::execution::{Execution, ExecutionStatus};
use scriptorium::model::permission::{PermissionSet, Role};
use scriptorium::model::remote_service::{Manifest, Parameter, RemoteMethod, TIMEOUT};
use scriptorium::model::script::{Script, ScriptType};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::model::{Ctx, Json};
use scriptorium::outbound::{Outbound, Policy};
use scriptorium::{ErrorKind, Execute, Live, Mode, Service};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::world::{World, definition, json as doc};

/// What requests are signed with, and the bytes of it.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A request that came.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Asked {
    fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The host application, elsewhere.
struct Host {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Hears of each connection whose client went away without an answer.
    gone: mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

impl Host {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (tell, gone) = mpsc::unbounded_channel();
        let (shared, mut tasks) = (asked.clone(), JoinSet::new());
        tasks.spawn(async move {
            let mut answers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                answers.spawn(answer(stream, shared.clone(), tell.clone()));
            }
        });
        Self {
            address,
            asked,
            gone,
            _tasks: tasks,
        }
    }

    /// The requests since the last time.
    fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lines = head.lines();
        let line = lines.next()?.to_owned();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        if body.len().to_string() == headers["content-length"] {
            let body = body.to_owned();
            return Some(Asked {
                line,
                headers,
                body,
            });
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    all: Arc<Mutex<Vec<Asked>>>,
    tell: mpsc::UnboundedSender<()>,
) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    let body = asked.value();
    let again = {
        let mut all = all.lock().unwrap();
        let id = &asked.headers["webhook-id"];
        let again = all.iter().any(|one| &one.headers["webhook-id"] == id);
        all.push(asked.clone());
        again
    };
    let arguments = &body["arguments"];
    let charged =
        json!({ "id": "c1", "amount": arguments["order"]["amount"], "note": arguments["note"] });
    let none = || "{}".to_owned();
    let (status, answer) = match body["method"].as_str().unwrap() {
        "charge" | "find" | "secret" => ("200 OK", charged.to_string()),
        "nothing" => ("204 No Content", String::new()),
        "busy" | "busySafe" if !again => ("503 Busy", "<h1>busy</h1>".to_owned()),
        "busy" | "busySafe" => ("200 OK", json!("at last").to_string()),
        "breaks" => ("500 Broken", "at /srv/erp/db.rs:7".to_owned()),
        "refuses" => (
            "422 Refused",
            json!({"code": "OUT_OF_STOCK", "message": "none left", "field": "sku", "details": {"left": 0}})
                .to_string(),
        ),
        "wrong" => ("200 OK", json!({ "id": 7 }).to_string()),
        "garbled" => ("200 OK", "<html>".to_owned()),
        "large" => ("200 OK", format!("\"{}\"", "x".repeat(2 << 20))),
        "page" => ("200 OK", json!({"items": [1, 2], "next_cursor": "n"}).to_string()),
        "noPage" => ("200 OK", json!([1, 2]).to_string()),
        "moved" => ("302 Found\r\nlocation: http://169.254.169.254/", none()),
        "silent" | "slow" => {
            // It ends when the client goes away.
            let mut rest = [0; 16];
            while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
            let _ = tell.send(());
            return;
        }
        other => panic!("there is no method {other}"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    let _ = stream.write_all((head + &answer).as_bytes()).await;
}

fn method(name: &str) -> RemoteMethod {
    RemoteMethod {
        name: name.to_owned(),
        description: format!("Does {name}."),
        parameters: Vec::new(),
        result: None,
        is_safe: false,
        is_list: false,
        timeout: TIMEOUT,
        permission: None,
    }
}

/// What the host declares.
fn manifest(name: &str, address: SocketAddr) -> Manifest {
    let order = json!({
        "type": "object", "required": ["amount"], "additionalProperties": false,
        "properties": {"amount": {"type": "integer"}, "currency": {"type": "string", "default": "UZS"}}
    });
    let parameter = |name: &str, schema: &Value, is_optional| Parameter {
        name: name.to_owned(),
        schema: schema.into(),
        is_optional,
    };
    let charge = |name: &str| RemoteMethod {
        parameters: vec![
            parameter("order", &order, false),
            parameter("note", &json!({"type": "string"}), true),
        ],
        result: Some(json!({"type": "object", "properties": {"id": {"type": "string"}}}).into()),
        ..method(name)
    };
    let safe = |method: RemoteMethod| RemoteMethod {
        is_safe: true,
        ..method
    };
    let list = |name: &str| RemoteMethod {
        is_list: true,
        result: Some(json!({"type": "integer"}).into()),
        ..safe(method(name))
    };
    let slow = RemoteMethod {
        timeout: Duration::from_millis(50),
        ..method("slow")
    };
    let secret = RemoteMethod {
        permission: Some("billing.secret".to_owned()),
        ..method("secret")
    };
    let wrong = RemoteMethod {
        result: charge("").result,
        ..method("wrong")
    };
    let plain = [
        "nothing", "busy", "breaks", "refuses", "garbled", "large", "moved", "silent",
    ];
    Manifest {
        name: name.to_owned(),
        description: "The host's books.".to_owned(),
        url: format!("http://{address}/services/"),
        script_types: None,
        methods: [charge("charge"), safe(charge("find")), slow, secret, wrong]
            .into_iter()
            .chain([list("page"), list("noPage"), safe(method("busySafe"))])
            .chain(plain.map(method))
            .collect(),
    }
}

/// A way out that lets tenants reach the host, and does not wait long before it asks again.
fn way_out(address: SocketAddr) -> Outbound {
    let policy = Policy::default().allow([address]);
    let mut parts = scriptorium::outbound::Parts::new(policy);
    parts.first_wait = Duration::from_millis(1);
    Outbound::with(parts).unwrap()
}

async fn world_with(host: &Host) -> World {
    let address = host.address;
    let world = World::with(|builder| {
        let web = Service::new("web", "For endpoints.")
            .only_for([ScriptType::Http])
            .method("peek", "", "Promise<number>", "Peeks.", async |_| {
                Ok(json!(1))
            });
        builder.outbound(way_out(address)).service(web)
    })
    .await;
    register(&world, &world.ctx, &manifest("erp", address)).await;
    world
}

async fn register(world: &World, ctx: &Ctx, manifest: &Manifest) {
    let services = world.platform.remote_services();
    let made = services.add(ctx, manifest, Some(SECRET)).await.unwrap();
    assert_eq!(made.secret, None);
}

/// A script that does something, and gives code and field of an error that it catches.
async fn script(world: &World, ctx: &Ctx, code: &str) -> Script {
    let source = format!(
        "export default async function main() {{
            try {{ return await ({code}); }}
            catch (e) {{ return [e.code, e.field ?? null, e.message, e.details ?? null]; }}
        }}"
    );
    let name = format!(
        "script {}",
        world
            .platform
            .ambient()
            .new_id::<scriptorium::model::ScriptId>()
    );
    let made = definition(&name, Trigger::OneOff, &source);
    let scripts = world.platform.scripts();
    scripts.create(ctx, made, "").await.unwrap()
}

async fn run_as(world: &World, ctx: &Ctx, code: &str, dry_run: bool) -> Execution {
    let script = script(world, ctx, code).await;
    let what = Execute {
        dry_run,
        ..Execute::new(script.id, doc(Value::Null), Mode::Sync)
    };
    let executions = world.platform.executions();
    executions.execute(ctx, what).await.unwrap()
}

async fn run(world: &World, code: &str) -> Value {
    let ended = run_as(world, &world.ctx, code, false).await;
    assert_eq!(ended.failure, None, "{code}");
    ended.output.as_ref().map_or(Value::Null, Json::to_value)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_a_call() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    // What is done, what the script gets (of an error its code and its field), how many requests came.
    let check = async |code: &str, expected: Value, requests: usize| {
        let told = run(&world, code).await;
        let seen = match (&told, &expected) {
            (Value::Array(error), Value::Array(wanted))
                if error.len() == 4 && wanted.len() == 2 =>
            {
                // Where the host is, and what it says to itself, is not for scripts.
                let text = told.to_string();
                assert!(
                    !text.contains("127.0.0.1") && !text.contains("/srv/"),
                    "{text}"
                );
                json!([error[0], error[1]])
            }
            _ => told,
        };
        assert_eq!(seen, expected, "{code}");
        let asked = host.take();
        assert_eq!(asked.len(), requests, "{code}: {asked:?}");
    };
    let charged = json!({"id": "c1", "amount": 5, "note": null});
    check("services.erp.charge({ amount: 5 })", charged, 1).await;
    let noted = json!({"id": "c1", "amount": 5, "note": "now"});
    check("ctx.services.erp.find({ amount: 5 }, 'now')", noted, 1).await;
    check("services.erp.nothing()", Value::Null, 1).await;

    let invalid = |field: &str| json!(["VALIDATION_ERROR", field]);
    check("services.erp.charge()", invalid("order"), 0).await;
    check("services.erp.charge({})", invalid("order.amount"), 0).await;
    check(
        "services.erp.charge({ amount: 'five' })",
        invalid("order.amount"),
        0,
    )
    .await;
    check(
        "services.erp.charge({ amount: 5, more: 1 })",
        invalid("order"),
        0,
    )
    .await;
    check("services.erp.charge({ amount: 5 }, 7)", invalid("note"), 0).await;
    let many = "services.erp.charge({ amount: 5 }, 'a', 'b')";
    check(many, json!(["VALIDATION_ERROR", null]), 0).await;

    check("services.erp.refuses()", json!(["OUT_OF_STOCK", "sku"]), 1).await;
    check("services.erp.wrong()", json!(["SERVICE_ERROR", null]), 1).await;
    check("services.erp.garbled()", json!(["SERVICE_ERROR", null]), 1).await;
    check("services.erp.breaks()", json!(["SERVICE_ERROR", null]), 1).await;
    check("services.erp.moved()", json!(["SERVICE_ERROR", null]), 1).await;
    check(
        "services.erp.large()",
        json!(["RESPONSE_TOO_LARGE", null]),
        1,
    )
    .await;
    check("services.erp.slow()", json!(["TIMEOUT", null]), 1).await;
    // Only what changes nothing is asked for again.
    check(
        "services.erp.busy()",
        json!(["SERVICE_UNAVAILABLE", null]),
        1,
    )
    .await;
    check("services.erp.busySafe()", json!("at last"), 2).await;

    let page =
        "services.erp.page().then((list) => [Array.isArray(list), ...list, list.nextCursor])";
    check(page, json!([true, 1, 2, "n"]), 1).await;
    check("services.erp.noPage()", json!(["SERVICE_ERROR", null]), 1).await;
    let parts = "[Object.keys(services.erp).includes('charge'), Object.isFrozen(services.erp), services.erp.charge.name, typeof services.erp.other]";
    check(parts, json!([true, true, "charge", "undefined"]), 0).await;
    let inside = "db.transaction(() => services.erp.nothing())";
    check(inside, json!(["TRANSACTION_OPEN", null]), 0).await;
}

/// HMAC as RFC 2104 says it, with nothing of what signs.
fn hmac(key: &[u8], text: &str) -> String {
    let padded = |with: u8| -> Vec<u8> {
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text);
    let outer = Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner.finalize());
    STANDARD.encode(outer.finalize())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_says_under_its_signature_who_asks_for_what() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    let ada = world.user("ada", Role::OrgAdmin).await;
    let twice = "(async () => { for (const _ of [1, 2]) await services.erp.charge({ amount: 5 }); await services.erp.busySafe(); })()";
    let ended = run_as(&world, &ada, twice, false).await;
    assert_eq!(ended.failure, None);
    let asked = host.take();
    for one in &asked {
        let of = |name: &str| one.headers[name].as_str();
        let (id, time) = (of("webhook-id"), of("webhook-timestamp"));
        let signed = hmac(KEY, &format!("{id}.{time}.{}", one.body));
        assert_eq!(of("webhook-signature"), format!("v1,{signed}"));
        assert_eq!(of("idempotency-key"), id);
        assert_eq!(time, world.clock_seconds().to_string());
        assert!(!id.contains('.'), "{id}");
    }
    assert_eq!(asked[0].line, "POST /services/charge HTTP/1.1");
    let user = ada.actor.user().unwrap();
    let body = asked[0].value();
    let now = world.platform.ambient().now();
    assert_eq!(
        body,
        json!({
            "id": asked[0].headers["webhook-id"],
            "service": "erp",
            "method": "charge",
            // What the schema has a default for is filled in.
            "arguments": {"order": {"amount": 5, "currency": "UZS"}},
            "tenant": {"id": ada.tenant.0, "slug": "default"},
            "principal": {
                "user": {"id": user.0, "email": "ada@example.com"},
                "permissions": ["*"],
            },
            "script": {
                "id": ended.script.0, "name": ended.script_name, "type": "oneoff", "version": 1,
            },
            "execution": {
                "id": ended.id.0, "trigger": ended.trigger.as_str(), "attempt": ended.attempt, "dry_run": false,
            },
            "deadline": (now + TIMEOUT).to_string(),
        })
    );
    // Each call has an id of its own; what is sent again has the same.
    let ids: Vec<&str> = asked
        .iter()
        .map(|one| one.headers["webhook-id"].as_str())
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[2], ids[3]);
    assert_eq!(ids.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_call_it() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    let mut of_endpoints = manifest("endpoints", host.address);
    of_endpoints.script_types = Some(vec![ScriptType::Http, ScriptType::Event]);
    register(&world, &world.ctx, &of_endpoints).await;

    // The run's rights count, not the author's.
    let denied = "services.erp.secret()";
    let grace = world.user("grace", Role::Developer).await;
    let told = run_as(&world, &grace, denied, false)
        .await
        .output
        .unwrap()
        .to_value();
    assert_eq!(told[0], "PERMISSION_DENIED");
    assert_eq!(host.take().len(), 0);
    let may = Ctx {
        permissions: PermissionSet::from_names(
            grace
                .permissions
                .names()
                .map(str::to_owned)
                .chain(["billing.secret".to_owned()]),
        ),
        actor: world.ctx.actor.clone(),
        ..grace
    };
    let told = run_as(&world, &may, denied, false)
        .await
        .output
        .unwrap()
        .to_value();
    assert_eq!(told["id"], "c1");

    // What is for scripts of other types is not there, whose ever it is.
    let there = "Object.keys(services).sort()";
    assert_eq!(run(&world, there).await, json!(["erp", "notifications"]));
    let scripts = world.platform.scripts();
    let saved = async |trigger: Trigger, names: &[&str]| {
        let mut made = definition(
            &names.join(" "),
            trigger,
            "export default () => Object.keys(services)",
        );
        made.allowed_services = Some(names.iter().map(|name| (*name).to_owned()).collect());
        scripts.create(&world.ctx, made, "").await
    };
    for (names, code) in [
        (["endpoints"], "not_for_type"),
        (["web"], "not_for_type"),
        (["nowhere"], "not_found"),
    ] {
        let refused = saved(Trigger::OneOff, &names).await.unwrap_err();
        let refused = refused.invalid().unwrap().errors[0].clone();
        assert_eq!(
            (refused.field.as_str(), refused.code),
            ("allowed_services", code)
        );
    }
    let endpoint = Trigger::Http(Endpoint::new(
        "/keys",
        &[Method::Get],
        EndpointAuth::Required,
    ));
    saved(endpoint, &["endpoints", "web", "erp"]).await.unwrap();
    // What a script names is all that it has.
    let script = saved(Trigger::OneOff, &["erp"]).await.unwrap();
    let what = Execute::new(script.id, doc(Value::Null), Mode::Sync);
    let ended = world
        .platform
        .executions()
        .execute(&world.ctx, what)
        .await
        .unwrap();
    assert_eq!(ended.output.unwrap().to_value(), json!(["erp"]));

    // Another tenant has none of it, until it registers one.
    let operator = operator(&world);
    let tenants = world.platform.tenants();
    tenants.create(&operator, "acme", "Acme").await.unwrap();
    let acme = world.platform.tenant("acme").await.unwrap().ctx().clone();
    let theirs = run_as(&world, &acme, there, false).await.output.unwrap();
    assert_eq!(theirs.to_value(), json!(["notifications"]));
    let services = world.platform.remote_services();
    assert_eq!(services.list(&acme).await.unwrap(), []);
    let missing = services.delete(&acme, "erp").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let typings = world.platform.typings(&acme).await.unwrap();
    assert!(!typings.contains("ErpService"));

    // What is changed or removed holds for the next execution.
    let fewer = Manifest {
        methods: vec![method("nothing")],
        ..manifest("erp", host.address)
    };
    services.change(&world.ctx, &fewer, None).await.unwrap();
    let methods = run(&world, "Object.keys(services.erp)").await;
    assert_eq!(methods, json!(["nothing"]));
    services.delete(&world.ctx, "erp").await.unwrap();
    assert_eq!(run(&world, there).await, json!(["notifications"]));
}

fn operator(world: &World) -> Ctx {
    Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    }
}

#[tokio::test]
async fn authors_see_what_is_declared() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    let typings = world.platform.typings(&world.ctx).await.unwrap();
    for part in [
        "charge(order: { amount: number; currency?: string; }, note?: string): Promise<{ id?: string; [name: string]: any; }>;",
        "/** Does secret. Needs the permission billing.secret. */",
        "page(): Promise<Array<number> & { nextCursor: string | null }>;",
        "  /** The host's books. */\n  readonly erp: ErpService;",
        "/** For endpoints. For scripts of type http only. */",
    ] {
        assert!(typings.contains(part), "{part}\n{typings}");
    }
    let names = world.platform.service_names(&world.ctx).await.unwrap();
    let names: Vec<String> = names.into_iter().collect();
    assert_eq!(names, ["erp", "notifications", "web"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_for_what_changes_nothing() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    let code = "(async () => [await services.erp.charge({ amount: 5 }), (await services.erp.find({ amount: 6 })).amount])()";
    let ended = run_as(&world, &world.ctx, code, true).await;
    assert_eq!(ended.output.unwrap().to_value(), json!([null, 6]));
    let effects = ended.effects.items.iter();
    let effects: Vec<_> = effects
        .map(|one| (one.target.as_str(), one.summary.as_str()))
        .collect();
    let noted = r#"({"amount":5,"currency":"UZS"})"#;
    assert_eq!(effects, [("erp.charge", noted)]);
    let asked = host.take();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].value()["method"], "find");
    assert_eq!(asked[0].value()["execution"]["dry_run"], true);
    // What would be refused is refused all the same.
    let ended = run_as(&world, &world.ctx, "services.erp.charge({})", true).await;
    assert_eq!(ended.output.unwrap().to_value()[1], "order.amount");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_gives_its_request_up() {
    let mut host = Host::start().await;
    let world = world_with(&host).await;
    let waits = "(console.log('asks'), services.erp.silent())";
    let script = script(&world, &world.ctx, waits).await;
    let executions = world.platform.executions();
    let what = Execute::new(script.id, doc(Value::Null), Mode::Async);
    let started = executions.execute(&world.ctx, what).await.unwrap();
    let mut stream = Box::pin(executions.watch(&world.ctx, started.id).await.unwrap());
    let mut last = None;
    while let Some(item) = stream.next().await {
        let item = item.unwrap();
        if matches!(item, Live::Log(_)) {
            while host.asked.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            executions.cancel(&world.ctx, started.id).await.unwrap();
        }
        last = Some(item);
    }
    let Some(Live::Done(ended)) = last else {
        panic!("the last item is the end")
    };
    assert_eq!(ended.status, ExecutionStatus::Cancelled);
    // Long before the ten seconds that the call would have had.
    let heard = tokio::time::timeout(Duration::from_secs(5), host.gone.recv()).await;
    assert_eq!(heard.expect("the host sees that nobody waits"), Some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_failing_is_held_back() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    register(&world, &world.ctx, &manifest("books", host.address)).await;
    let breaks = "(async () => { for (let i = 0; i < 10; i++) await services.erp.breaks().catch(() => 0); })()";
    run(&world, breaks).await;
    assert_eq!(host.take().len(), 10);
    let told = run(&world, "services.erp.charge({ amount: 5 })").await;
    assert_eq!(told[0], "SERVICE_UNAVAILABLE");
    assert!(
        told[3]["retryAfterSeconds"]
            .as_u64()
            .is_some_and(|left| left <= 31),
        "{told}"
    );
    assert_eq!(host.take().len(), 0);
    let services = world.platform.remote_services();
    let circuit = services.circuit(&world.ctx, "erp").unwrap();
    assert!(!circuit.half_open);
    assert_eq!(circuit.since, world.platform.ambient().now());
    assert_eq!(world.platform.status().runtime.service_circuits.open, 1);
    // Another service is asked, and so is this one once it is declared anew.
    assert_eq!(run(&world, "services.books.nothing()").await, Value::Null);
    let anew = manifest("erp", host.address);
    services.change(&world.ctx, &anew, None).await.unwrap();
    assert_eq!(run(&world, "services.erp.nothing()").await, Value::Null);
    assert_eq!(services.circuit(&world.ctx, "erp"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_what() {
    let host = Host::start().await;
    let address = host.address;
    let world = World::with(|builder| builder.service_allow([address])).await;
    let services = world.platform.remote_services();
    let operator = operator(&world);
    let erp = manifest("erp", address);

    // An address inside is the operator's to open, and to use.
    let check =
        async |ctx: &Ctx, manifest: &Manifest, secret: Option<&str>, expected: (&str, &str)| {
            let refused = services.add(ctx, manifest, secret).await.unwrap_err();
            let errors = &refused.invalid().unwrap().errors;
            assert_eq!((errors[0].field.as_str(), errors[0].code), expected);
        };
    check(&world.ctx, &erp, None, ("url", "bad_url")).await;
    let with_url = |url: &str| Manifest {
        url: url.to_owned(),
        ..erp.clone()
    };
    for url in [
        "http://169.254.169.254/latest",
        "http://10.0.0.7/",
        "ftp://example.com/",
        "https://user:pass@example.com/",
        "https://example.com/?key=1",
        "nonsense",
    ] {
        check(&operator, &with_url(url), None, ("url", "bad_url")).await;
    }
    check(
        &operator,
        &erp,
        Some("whsec_c2hvcnQ="),
        ("secret", "bad_secret"),
    )
    .await;
    check(
        &operator,
        &manifest("notifications", address),
        None,
        ("name", "not_unique"),
    )
    .await;
    let mut bad = erp.clone();
    bad.methods[0].parameters[0].schema = json!({"type": "nothing"}).into();
    check(
        &operator,
        &bad,
        None,
        ("methods.0.parameters.0.schema", "bad_schema"),
    )
    .await;

    let developer = world.user("grace", Role::Developer).await;
    let denied = services.add(&developer, &erp, None).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Forbidden);
    let denied = services.list(&developer).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Forbidden);

    // A secret that is made up is shown once.
    let made = services.add(&operator, &erp, None).await.unwrap();
    let secret = made.secret.clone().unwrap();
    assert!(secret.starts_with("whsec_") && !format!("{made:?}").contains(&secret));
    let listed = services.list(&world.ctx).await.unwrap();
    assert!(listed[0].by_operator);
    assert_eq!(run(&world, "services.erp.nothing()").await, Value::Null);
    let asked = host.take().remove(0);
    let key = STANDARD
        .decode(secret.trim_start_matches("whsec_"))
        .unwrap();
    let of = |name: &str| asked.headers[name].as_str();
    let signed = format!(
        "{}.{}.{}",
        of("webhook-id"),
        of("webhook-timestamp"),
        asked.body
    );
    assert_eq!(
        of("webhook-signature"),
        format!("v1,{}", hmac(&key, &signed))
    );

    // What the operator opened for services is not open to scripts' own requests.
    let told = run(&world, &format!("http.get('http://{address}/')")).await;
    assert_eq!(told[0], "SSRF_BLOCKED");
    let denied = services.change(&world.ctx, &erp, None).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Forbidden);
    let denied = services.delete(&world.ctx, "erp").await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Forbidden);
    services.delete(&operator, "erp").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_rule_holds_for_its_services() {
    let host = Host::start().await;
    let world = world_with(&host).await;
    let closed = scriptorium::model::outgoing::OutgoingRules {
        never: vec!["127.0.0.1".to_owned()],
        ..Default::default()
    };
    let outgoing = world.platform.outgoing();
    outgoing.set_rules(&world.ctx, &closed).await.unwrap();
    let told = run(&world, "services.erp.nothing()").await;
    assert_eq!(told[0], "SSRF_BLOCKED");
    assert!(!told.to_string().contains("127.0.0.1"), "{told}");
    assert_eq!(host.take().len(), 0);
}
