//! Libraries before and after an endpoint script: part of its run, fixed by version (R-HTTP-14).

use bytes::Bytes;
use scriptorium::model::endpoint::Method;
use scriptorium::model::script::{Definition, Script, ScriptStatus};
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::{EndpointBody, EndpointRefusal, EndpointRequest, Update};

use crate::world::{World, definition};

const LIBRARIES: [(&str, &str); 5] = [
    (
        "partner",
        "export function before(req) {
            if (req.headers.partner === 'no') return { status: 403, body: 'not you' };
            req.partner = req.headers.partner;
        }
        export function after(res, req) { res.headers['x-partner'] = String(req.partner); }",
    ),
    (
        "loud",
        "export default async (res) => ({ ...res, body: res.body + '!' })",
    ),
    (
        "counts",
        "export const after = (res) => { res.status += 1; };",
    ),
    (
        "fails",
        "export const before = () => { throw new Error('in a library') };",
    ),
    ("endless", "export const before = () => { for (;;); };"),
];

fn endpoint(before: &[&str], after: &[&str]) -> Trigger {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Trigger::Http(Endpoint {
        before: names(before),
        after: names(after),
        ..Endpoint::new("/a", &[Method::Get], EndpointAuth::Public)
    })
}

async fn library(world: &World, name: &str, source: &str) -> Script {
    let library = Definition {
        library: true,
        ..definition(name, Trigger::Embedded, source)
    };
    world.active(library).await
}

async fn world() -> World {
    let world = World::new().await;
    for (name, source) in LIBRARIES {
        library(&world, name, source).await;
    }
    world
}

/// Status, `x-partner` and body, or the failure's code.
async fn answer(world: &World, partner: &str) -> String {
    let request = EndpointRequest {
        method: "GET".into(),
        path: "/a".into(),
        query: None,
        headers: vec![("partner".into(), partner.into())],
        body: Bytes::new(),
        ip: [127, 0, 0, 1].into(),
        url: "http://localhost/api/scripts/a".into(),
    };
    let endpoints = world.platform.endpoints();
    match endpoints.handle(world.ctx.tenant, None, request).await {
        Ok(reply) => {
            let EndpointBody::Whole(body) = &reply.body else {
                panic!("{reply:?}")
            };
            let header = reply.headers.iter().find(|(name, _)| name == "x-partner");
            let partner = header.map_or("", |(_, value)| value);
            format!(
                "{} {partner} {}",
                reply.status,
                String::from_utf8_lossy(body)
            )
        }
        Err(EndpointRefusal::Failed(execution)) => execution.failure.unwrap().code,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn those_before_may_answer_and_those_after_see_every_answer() {
    let source = "function handleRequest(req) { return 'hello ' + req.partner }";
    for (before, after, partner, expected) in [
        (&[][..], &[][..], "acme", "200  hello undefined"),
        (&["partner"], &[], "acme", "200  hello acme"),
        (&["partner"], &["partner"], "acme", "200 acme hello acme"),
        (
            &["partner"],
            &["partner", "loud"],
            "no",
            "403 undefined not you!",
        ),
        (
            &[],
            &["loud", "loud twice"],
            "acme",
            "200  hello undefined!!",
        ),
        (&[], &["counts"], "acme", "201  hello undefined"),
        (&["fails"], &["loud"], "acme", "script.threw"),
        (&["endless"], &[], "acme", "limit.cpu"),
    ] {
        let world = world().await;
        library(&world, "loud twice", LIBRARIES[1].1).await;
        let mut script = definition("the endpoint", endpoint(before, after), source);
        script.limits.cpu = std::time::Duration::from_millis(100);
        world.active(script).await;
        assert_eq!(
            answer(&world, partner).await,
            expected,
            "{before:?} {after:?}"
        );
    }
}

#[tokio::test]
async fn a_library_that_is_not_there_or_exports_nothing_to_call_is_refused() {
    let world = world().await;
    library(&world, "words", "export const words = 1").await;
    let scripts = world.platform.scripts();
    for (before, after, field) in [
        (&["nobody"][..], &[][..], "http.before"),
        (&["loud"], &["words"], "http.after"),
        (&["counts"], &[], "http.before"),
    ] {
        let definition = definition("refused", endpoint(before, after), "return 1");
        let script = scripts.create(&world.ctx, definition, "").await.unwrap();
        let activated = scripts.set_status(&world.ctx, script.id, ScriptStatus::Active, None);
        let refused = activated.await.unwrap_err();
        let errors = &refused.invalid().unwrap().errors;
        let found: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(found, [(field, "not_found")]);
        scripts.delete(&world.ctx, script.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_version_keeps_the_libraries_that_it_was_activated_with() {
    let world = world().await;
    let loud = library(
        &world,
        "mark",
        "export const after = (res) => { res.body += ' one' }",
    )
    .await;
    let script = definition(
        "the endpoint",
        endpoint(&[], &["mark"]),
        "return { body: 'v' }",
    );
    let script = world.active(script).await;
    assert_eq!(answer(&world, "").await, "200  v one");
    let scripts = world.platform.scripts();
    let mut changed = loud.definition.clone();
    changed.source = "export const after = (res) => { res.body += ' two' }".into();
    let update = Update {
        base_version: None,
        definition: changed,
        change_description: String::new(),
    };
    scripts.update(&world.ctx, loud.id, update).await.unwrap();
    assert_eq!(answer(&world, "").await, "200  v one");
    // It is needed: nobody takes it away.
    let deleted = scripts.delete(&world.ctx, loud.id).await.unwrap_err();
    assert_eq!(deleted.code(), "library_in_use");
    for status in [ScriptStatus::Paused, ScriptStatus::Active] {
        let moved = scripts.set_status(&world.ctx, script.id, status, None);
        moved.await.unwrap();
    }
    assert_eq!(answer(&world, "").await, "200  v two");
}
