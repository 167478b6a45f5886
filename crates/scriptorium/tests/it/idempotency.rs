//! The same request under the same idempotency key (REL-18): done once, answered as before, and by
//! nobody else's key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use scriptorium::model::endpoint::Method;
use scriptorium::model::execution::{Execution, ExecutionStatus};
use scriptorium::model::permission::Role;
use scriptorium::model::script::ScriptStatus;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Subscription, Trigger};
use scriptorium::{
    Answer, DeadLetterFilter, EndpointBody, EndpointRefusal, EndpointReply, EndpointRequest, Error,
    ErrorKind, Execute, Mode, NewEvent, Replay, RetryMany, Service,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::world::{World, definition, json as doc};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Every run that waits for a permit of the gate counts, and gives its number.
const COUNTS: &str = "function main(input) { return services.till.pay() }";

/// Counts its calls, each of which takes a permit.
fn till(paid: &Arc<AtomicU64>, gate: &Arc<Semaphore>) -> Service {
    let (paid, gate) = (Arc::clone(paid), Arc::clone(gate));
    Service::new("till", "Takes money").method("pay", "", "Promise<number>", "Pays.", move |_| {
        let (paid, gate) = (Arc::clone(&paid), Arc::clone(&gate));
        async move {
            let number = paid.fetch_add(1, Ordering::SeqCst) + 1;
            gate.acquire().await.unwrap().forget();
            Ok(json!(number))
        }
    })
}

struct Till {
    world: World,
    paid: Arc<AtomicU64>,
    gate: Arc<Semaphore>,
}

impl Till {
    async fn open(permits: usize) -> Self {
        let (paid, gate) = (Arc::default(), Arc::new(Semaphore::new(permits)));
        let world = World::with(|builder| builder.service(till(&paid, &gate))).await;
        world
            .active(definition("pay", Trigger::Embedded, COUNTS))
            .await;
        Self { world, paid, gate }
    }

    async fn pay(&self, amount: u32, key: &str) -> Result<Answer<Execution>, Error> {
        let executions = self.world.platform.executions();
        let input = doc(json!({ "amount": amount }));
        let ctx = &self.world.ctx;
        executions.invoke_once(ctx, "pay", input, Some(key)).await
    }

    fn paid(&self) -> u64 {
        self.paid.load(Ordering::SeqCst)
    }
}

fn told(answer: Result<Answer<Execution>, Error>) -> (Value, bool) {
    match answer {
        Ok(Answer { value, repeated }) => {
            let output = value.output.map(|output| output.to_value());
            (output.unwrap_or_default(), repeated)
        }
        Err(error) => (error.code().into(), false),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_calls_at_once_one_runs() {
    let till = Arc::new(Till::open(0).await);
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let till = Arc::clone(&till);
        calls.spawn(async move { told(till.pay(5, "order-1").await) });
    }
    // All the others are told to come back, the first one waits for the till.
    for _ in 0..49 {
        let answer = calls.join_next().await.unwrap().unwrap();
        assert_eq!(answer, (json!("idempotency_key_in_use"), false));
    }
    till.gate.add_permits(100);
    assert_eq!(calls.join_next().await.unwrap().unwrap(), (json!(1), false));
    for _ in 0..3 {
        assert_eq!(told(till.pay(5, "order-1").await), (json!(1), true));
    }
    assert_eq!(till.paid(), 1);
}

#[tokio::test]
async fn another_request_or_caller_is_another_matter() {
    let till = Till::open(100).await;
    let (world, reused) = (&till.world, json!("idempotency_key_reused"));
    assert_eq!(told(till.pay(5, "k").await), (json!(1), false));
    assert_eq!(told(till.pay(6, "k").await), (reused.clone(), false));
    assert_eq!(told(till.pay(6, "l").await), (json!(2), false));

    // A key is for whatever its caller does.
    let event = NewEvent {
        kind: "order.paid".into(),
        payload: doc(json!(5)),
        id: None,
        key: None,
    };
    let events = world.platform.events();
    let refused = events.publish_once(&world.ctx, event, Some("k")).await;
    assert_eq!(refused.unwrap_err().code(), "idempotency_key_reused");

    // Nobody is answered what somebody else was.
    let executions = world.platform.executions();
    let input = || doc(json!({ "amount": 5 }));
    for (name, expected) in [("ada", json!(3)), ("bob", json!(4))] {
        let ctx = world.user(name, Role::OrgAdmin).await;
        let call = async || {
            executions
                .invoke_once(&ctx, "pay", input(), Some("k"))
                .await
        };
        assert_eq!(told(call().await), (expected.clone(), false), "{name}");
        assert_eq!(told(call().await), (expected, true), "{name}");
    }
    assert_eq!(till.paid(), 4);

    for key in ["", "a b", &"k".repeat(256)] {
        let refused = till.pay(5, key).await.unwrap_err();
        assert_eq!(refused.code(), "validation_failed", "{key}");
    }
    world.advance(DAY);
    assert_eq!(told(till.pay(6, "k").await), (json!(5), false));
}

#[tokio::test]
async fn what_was_answered_is_answered_whatever_became_of_the_script() {
    let till = Till::open(100).await;
    let world = &till.world;
    let (platform, ctx) = (&world.platform, &world.ctx);
    let script = world
        .active(definition("once", Trigger::OneOff, COUNTS))
        .await;
    let ask = async |mode: Mode, key: &str| {
        let what = Execute {
            idempotency_key: Some(key.into()),
            ..Execute::new(script.id, doc(json!({})), mode)
        };
        platform.executions().execute_once(ctx, what).await
    };
    let first = ask(Mode::Sync, "a").await.unwrap();
    let later = ask(Mode::Async, "b").await.unwrap();
    let first_id = first.value.id;
    let replayed = async || {
        let what = Replay {
            idempotency_key: Some("c".into()),
            ..Replay::default()
        };
        let executions = platform.executions();
        executions.replay_once(ctx, first_id, what).await
    };
    let again = replayed().await.unwrap();
    assert!(![&first, &later, &again].iter().any(|one| one.repeated));

    let scripts = platform.scripts();
    let paused = scripts.set_status(ctx, script.id, ScriptStatus::Paused, None);
    paused.await.unwrap();
    let refused = ask(Mode::Sync, "d").await.unwrap_err();
    assert_eq!(refused.code(), "not_active");
    for (before, now) in [
        (first, ask(Mode::Sync, "a").await),
        (later, ask(Mode::Async, "b").await),
        (again, replayed().await),
    ] {
        let now = now.unwrap();
        assert_eq!((now.value.id, now.repeated), (before.value.id, true));
    }
    // It is about the waiting, too.
    let refused = ask(Mode::Async, "a").await.unwrap_err();
    assert_eq!(refused.code(), "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_hands_over_what_it_promised() {
    let till = Till::open(0).await;
    let (paid, gate) = (Arc::clone(&till.paid), Arc::clone(&till.gate));
    let asking = {
        let (platform, ctx) = (till.world.platform.clone(), till.world.ctx.clone());
        let input = doc(json!({ "amount": 5 }));
        #[expect(clippy::disallowed_methods, reason = "the test joins it")]
        tokio::spawn(async move {
            let executions = platform.executions();
            let answer = executions.invoke_once(&ctx, "pay", input, Some("k")).await;
            drop(answer);
        })
    };
    while till.paid() == 0 {
        tokio::task::yield_now().await;
    }
    let set = |builder: scriptorium::Builder| builder.service(self::till(&paid, &gate));
    let world = till.world.restarted_after(Duration::ZERO, set).await;
    asking.abort();
    gate.add_permits(100);
    let till = Till { world, paid, gate };
    // Until the other process is through with it.
    let answer = loop {
        match told(till.pay(5, "k").await) {
            (Value::String(code), _) if code == "idempotency_key_in_use" => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            answer => break answer,
        }
    };
    assert_eq!(answer, (json!(2), true));
    assert_eq!(till.paid(), 2, "once by each process");
}

fn post(path: &str, body: &str, headers: &[(&str, &str)]) -> EndpointRequest {
    let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
    EndpointRequest {
        method: "POST".into(),
        path: path.into(),
        query: None,
        headers: headers.iter().map(owned).collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        ip: [192, 0, 2, 1].into(),
        url: format!("http://localhost/api/scripts{path}"),
    }
}

fn endpoint(path: &str) -> Trigger {
    let methods = [Method::Get, Method::Post];
    Trigger::Http(Endpoint::new(path, &methods, EndpointAuth::Public))
}

/// Status, body and how often a cookie is set; and whether that was so before.
fn shown(answer: Result<EndpointReply, EndpointRefusal>) -> (String, bool) {
    match answer {
        Ok(reply) => {
            let named = |name: &str| reply.headers.iter().filter(|(own, _)| own == name).count();
            let EndpointBody::Whole(body) = &reply.body else {
                panic!("{reply:?}")
            };
            let body = String::from_utf8_lossy(body);
            let cookies = named("set-cookie");
            (format!("{} {body} {cookies}", reply.status), reply.repeated)
        }
        Err(EndpointRefusal::Failed(execution)) => (failed(&execution), false),
        Err(EndpointRefusal::FailedBefore(execution)) => (failed(&execution), true),
        Err(EndpointRefusal::BadRequest(invalid)) => (invalid.errors[0].code.into(), false),
        Err(EndpointRefusal::Platform(error)) => (error.code().to_owned(), false),
        Err(other) => panic!("{other:?}"),
    }
}

fn failed(execution: &Execution) -> String {
    assert_eq!(execution.status, ExecutionStatus::Failed);
    execution.failure.clone().unwrap().code
}

#[tokio::test]
async fn an_endpoint_answers_the_same_request_once_more() {
    let till = Till::open(100).await;
    let world = &till.world;
    let source = "async function handleRequest(req) {
        const number = await services.till.pay();
        if (req.body?.fail) throw new Error('no');
        return { status: 201, body: new Uint8Array([48 + number]),
                 headers: { 'set-cookie': ['a=1', 'b=2'] } };
    }";
    world
        .active(definition("abc", endpoint("/a"), source))
        .await;
    let endpoints = world.platform.endpoints();
    let call = async |request: EndpointRequest| {
        shown(endpoints.handle(world.ctx.tenant, None, request).await)
    };
    let json = ("content-type", "application/json");
    let key = ("idempotency-key", "k");
    let plain = || post("/a", "1", &[json, key]);
    assert_eq!(call(plain()).await, ("201 1 2".into(), false));
    assert_eq!(call(plain()).await, ("201 1 2".into(), true));
    let reused = ("idempotency_key_reused".to_owned(), false);
    assert_eq!(call(post("/a", "2", &[json, key])).await, reused);
    let query = EndpointRequest {
        query: Some("a=1".into()),
        ..plain()
    };
    assert_eq!(call(query).await, reused);

    // What one stranger was answered is nothing for another.
    let elsewhere = EndpointRequest {
        ip: [192, 0, 2, 2].into(),
        ..plain()
    };
    assert_eq!(call(elsewhere).await, ("201 2 2".into(), false));
    let known = post("/a", "1", &[json, key, ("cookie", "session=1")]);
    assert_eq!(call(known).await, ("201 3 2".into(), false));

    let failing = || post("/a", r#"{"fail":1}"#, &[json, ("idempotency-key", "l")]);
    assert_eq!(call(failing()).await, ("script.threw".into(), false));
    assert_eq!(call(failing()).await, ("script.threw".into(), true));

    // What changes nothing may be asked as often as one likes.
    let get = || EndpointRequest {
        method: "GET".into(),
        ..post("/a", "", &[key])
    };
    assert_eq!(call(get()).await, ("201 5 2".into(), false));
    assert_eq!(call(get()).await, ("201 6 2".into(), false));
    let twice = post("/a", "1", &[json, key, key]);
    assert_eq!(call(twice).await, ("bad_value".into(), false));
    assert_eq!(till.paid(), 6);
}

/// A client writes another line between the parts of a form each time that it sends it.
#[tokio::test]
async fn a_form_is_the_same_request_whatever_is_between_its_parts() {
    let till = Till::open(100).await;
    let world = &till.world;
    let source = "export default async (req) => `${req.body.amount} ${await services.till.pay()}`";
    world
        .active(definition("abc", endpoint("/a"), source))
        .await;
    let endpoints = world.platform.endpoints();
    let call = async |boundary: &str, amount: &str, text: &str| {
        let head = "content-disposition: form-data";
        let body = format!(
            "--{boundary}\r\n{head}; name=\"amount\"\r\n\r\n{amount}\r\n--{boundary}\r\n\
             {head}; name=\"bill\"; filename=\"a.txt\"\r\n\r\n{text}\r\n--{boundary}--\r\n"
        );
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let headers = [("content-type", &*content_type), ("idempotency-key", "k")];
        let request = post("/a", &body, &headers);
        shown(endpoints.handle(world.ctx.tenant, None, request).await)
    };
    assert_eq!(call("b1", "5", "x").await, ("200 5 1 0".into(), false));
    assert_eq!(call("b2", "5", "x").await, ("200 5 1 0".into(), true));
    let reused = ("idempotency_key_reused".to_owned(), false);
    assert_eq!(call("b3", "6", "x").await, reused);
    assert_eq!(call("b3", "5", "y").await, reused);
    assert_eq!(till.paid(), 1);
}

/// An answer in parts is given once: under a key it is refused before any of it is made.
#[tokio::test]
async fn an_answer_in_parts_is_refused_before_it_is_made() {
    let till = Till::open(100).await;
    let world = &till.world;
    let source =
        "export default async function* handleRequest() { yield await services.till.pay(); }";
    world
        .active(definition("parts", endpoint("/p"), source))
        .await;
    let endpoints = world.platform.endpoints();
    let refused = ("answer_in_parts".to_owned(), false);
    for _ in 0..2 {
        let request = post("/p", "", &[("idempotency-key", "k")]);
        let answer = endpoints.handle(world.ctx.tenant, None, request).await;
        assert_eq!(shown(answer), refused);
    }
    assert_eq!(till.paid(), 0);
    let answer = endpoints.handle(world.ctx.tenant, None, post("/p", "", &[]));
    let EndpointBody::Parts(parts) = answer.await.unwrap().body else {
        panic!("no parts")
    };
    let parts: Vec<_> = futures_util::StreamExt::collect(parts).await;
    assert_eq!(parts.len(), 1);
    assert_eq!(till.paid(), 1);
}

#[tokio::test]
async fn an_event_and_a_dead_letter_are_taken_up_once() {
    let world = World::new().await;
    let (platform, ctx) = (&world.platform, &world.ctx);
    let mut subscription = Subscription::to(["order.paid"]);
    subscription.max_attempts = 1;
    let source = "throw new Error('no')";
    let failing = definition("failing", Trigger::Event(subscription), source);
    world.active(failing).await;
    let publish = async |key: &str| {
        let event = NewEvent {
            kind: "order.paid".into(),
            payload: doc(json!(1)),
            id: None,
            key: None,
        };
        let events = platform.events();
        let answer = events.publish_once(ctx, event, Some(key)).await.unwrap();
        (answer.value.id, answer.repeated)
    };
    let (event, repeated) = publish("a").await;
    assert!(!repeated);
    assert_eq!(publish("a").await, (event, true));

    let letters = platform.dead_letters();
    let letter = loop {
        let page = scriptorium::model::page::PageRequest::first();
        let found = letters.list(ctx, &Default::default(), &page).await.unwrap();
        match found.items.first() {
            Some(letter) => break letter.id,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let retry = async |key: &str| {
        let answer = letters.retry_once(ctx, letter, None, Some(key)).await;
        answer.map(|answer| (answer.value.id, answer.repeated))
    };
    let (first, repeated) = retry("b").await.unwrap();
    assert!(!repeated);
    assert_eq!(retry("b").await.unwrap(), (first, true));
    assert_eq!(
        retry("a").await.unwrap_err().code(),
        "idempotency_key_reused"
    );
}

#[tokio::test]
async fn many_dead_letters_are_taken_up_once() {
    let world = World::new().await;
    let (platform, ctx) = (&world.platform, &world.ctx);
    let letters = platform.dead_letters();
    let ask = async |limit: u32, dry_run: bool, key: &str| {
        let how = RetryMany {
            limit,
            dry_run,
            ..RetryMany::default()
        };
        let all = DeadLetterFilter::default();
        let asked = letters.retry_all_once(ctx, &all, how, Some(key));
        match asked.await {
            Ok(answer) => format!("{} {}", answer.value.retried, answer.repeated),
            Err(error) => error.code().to_owned(),
        }
    };
    // Counting takes no key.
    assert_eq!(ask(10, true, "k").await, "0 false");
    assert_eq!(ask(10, false, "k").await, "0 false");
    assert_eq!(ask(10, false, "k").await, "0 true");
    assert_eq!(ask(11, false, "k").await, "idempotency_key_reused");
    assert_eq!(ask(10, false, "a b").await, "validation_failed");
    let viewer = world.user("viewer", Role::Viewer).await;
    let all = DeadLetterFilter::default();
    let asked = letters.retry_all_once(&viewer, &all, RetryMany::default(), None);
    assert_eq!(asked.await.unwrap_err().kind(), ErrorKind::Forbidden);
}
