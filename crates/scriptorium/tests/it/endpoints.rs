//! Answering requests with scripts.

use bytes::Bytes;
use scriptorium::model::endpoint::Method;
use scriptorium::model::permission::Role;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::{EndpointBody, EndpointRefusal, EndpointReply, EndpointRequest};

use crate::world::{World, definition};

fn http(path: &str, methods: &[Method], auth: EndpointAuth) -> Trigger {
    Trigger::Http(Endpoint::new(path, methods, auth))
}

fn request(method: &str, path: &str, body: &str) -> EndpointRequest {
    EndpointRequest {
        method: method.into(),
        path: path.into(),
        query: Some("a=1&a=2&b=x".into()),
        headers: vec![("content-type".into(), "application/json".into())],
        body: Bytes::copy_from_slice(body.as_bytes()),
        ip: [127, 0, 0, 1].into(),
        url: format!("http://localhost/api/scripts{path}"),
    }
}

fn text(reply: &EndpointReply) -> String {
    let EndpointBody::Whole(body) = &reply.body else {
        panic!("{reply:?}")
    };
    format!("{} {}", reply.status, String::from_utf8_lossy(body))
}

#[tokio::test]
async fn a_body_that_does_not_suit_the_schema_is_the_callers_error() {
    let world = World::new().await;
    let source = "function handleRequest(req) { return { body: req.body ?? 'none' } }";
    let methods = [Method::Get, Method::Post];
    let mut definition = definition("abc", http("/a", &methods, EndpointAuth::Public), source);
    let schema = serde_json::json!({"type": "object", "required": ["n"]});
    definition.input_schema = Some(schema.into());
    world.active(definition).await;
    let endpoints = world.platform.endpoints();
    let answer = async |method: &str, body: &str| {
        let request = request(method, "/a", body);
        match endpoints.handle(world.ctx.tenant, None, request).await {
            Ok(reply) => text(&reply),
            Err(EndpointRefusal::BadRequest(invalid)) => invalid.errors[0].field.clone(),
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(answer("POST", r#"{"n":1}"#).await, r#"200 {"n":1}"#);
    assert_eq!(answer("POST", r#"{"m":1}"#).await, "body.n");
    assert_eq!(answer("POST", "[]").await, "body");
    assert_eq!(answer("GET", "").await, "200 none");
}

#[tokio::test]
async fn a_script_sees_the_request_and_shapes_the_answer() {
    let world = World::new().await;
    let source = "function handleRequest(req) {
        return { status: 201, headers: { 'X-Kind': 'test' },
                 body: { id: req.params.id, q: req.query, body: req.body, m: req.method } }
    }";
    let trigger = http("/things/{id}", &[Method::Post], EndpointAuth::Public);
    world.active(definition("abc", trigger, source)).await;
    let endpoints = world.platform.endpoints();
    let reply = endpoints
        .handle(
            world.ctx.tenant,
            None,
            request("POST", "/things/42", r#"{"n":1}"#),
        )
        .await
        .unwrap();
    assert_eq!(
        text(&reply),
        r#"201 {"id":"42","q":{"a":["1","2"],"b":"x"},"body":{"n":1},"m":"POST"}"#
    );
    let recorded = world
        .platform
        .executions()
        .find(&world.ctx, reply.execution)
        .await
        .unwrap();
    assert_eq!(recorded.input.to_value()["params"]["id"], "42");

    let refused = |result: Result<EndpointReply, EndpointRefusal>| match result.unwrap_err() {
        EndpointRefusal::NotFound => "not found".to_owned(),
        EndpointRefusal::MethodNotAllowed { allow } => allow.join(","),
        EndpointRefusal::BadRequest(_) => "bad request".into(),
        other => format!("{other:?}"),
    };
    let tenant = world.ctx.tenant;
    for (method, path, body, expected) in [
        ("GET", "/things/42", "{}", "POST"),
        ("POST", "/nothing", "{}", "not found"),
        ("POST", "/things/42", "{", "bad request"),
    ] {
        let answer = endpoints
            .handle(tenant, None, request(method, path, body))
            .await;
        assert_eq!(refused(answer), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn callers_are_admitted_by_the_endpoints_mode() {
    let world = World::new().await;
    let trigger = http("/own", &[Method::Get], EndpointAuth::Required);
    world
        .active(definition("abc", trigger, "return context.user.email"))
        .await;
    let endpoints = world.platform.endpoints();
    let tenant = world.ctx.tenant;
    let call = |caller| endpoints.handle(tenant, caller, request("GET", "/own", ""));
    assert!(matches!(
        call(None).await,
        Err(EndpointRefusal::Unauthenticated)
    ));
    let viewer = world.user("vera", Role::Viewer).await;
    let denied = call(Some(&viewer)).await;
    assert!(
        matches!(denied, Err(EndpointRefusal::Forbidden { missing }) if missing == "scripts.execute")
    );
    let developer = world.user("dev", Role::Developer).await;
    assert_eq!(
        text(&call(Some(&developer)).await.unwrap()),
        "200 dev@example.com"
    );
}

#[tokio::test]
async fn a_failing_script_is_recorded_and_told_apart() {
    let world = World::new().await;
    let trigger = http("/bad", &[Method::Get], EndpointAuth::Public);
    world
        .active(definition(
            "abc",
            trigger,
            "throw new Error('secret detail')",
        ))
        .await;
    let endpoints = world.platform.endpoints();
    let failed = endpoints
        .handle(world.ctx.tenant, None, request("GET", "/bad", ""))
        .await;
    let Err(EndpointRefusal::Failed(execution)) = failed else {
        panic!("{failed:?}")
    };
    let recorded = world
        .platform
        .executions()
        .find(&world.ctx, execution.id)
        .await
        .unwrap();
    assert_eq!(recorded.failure.unwrap().code, "script.threw");
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_neither_script_nor_record() {
    let world = World::new().await;
    let trigger = http("/slow", &[Method::Get], EndpointAuth::Public);
    let source = "await storage.set('begun', true); return 'done'";
    world.active(definition("abc", trigger, source)).await;
    let endpoints = world.platform.endpoints();
    let call = endpoints.handle(world.ctx.tenant, None, request("GET", "/slow", ""));
    let page = scriptorium::model::page::PageRequest::first();
    let executions = world.platform.executions();
    tokio::select! {
        biased;
        _ = call => panic!("the answer cannot be ready before the script has begun"),
        // The client goes away as soon as the script has begun.
        () = async {
            while world.platform.storage().get(&world.ctx, "begun").await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let ended = loop {
        let list = executions
            .list(&world.ctx, &Default::default(), &page)
            .await
            .unwrap();
        if let Some(found) = list.items.first()
            && found.status.is_final()
        {
            break found.status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(ended.as_str(), "completed");
}
