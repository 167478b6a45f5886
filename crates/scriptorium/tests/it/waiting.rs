//! Executions whose caller waits: seen, followed and stopped like those that have a record.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, pin_mut};
use scriptorium::model::audit::AuditFilter;
use scriptorium::model::endpoint::Method;
use scriptorium::model::execution::{ExecutionStatus, TriggerKind};
use scriptorium::model::page::PageRequest;
use scriptorium::model::permission::Role;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::model::{Ctx, ExecutionId};
use scriptorium::{
    EndpointRequest, Error, ErrorKind, Execute, ExecutionFilter, ExecutionSummary, Live, Mode,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{World, definition, json as doc};

/// Less than what a run would be given that is not stopped.
const SOON: Duration = Duration::from_secs(20);
const ENDLESS: &str = "console.log('on'); for (;;);";

/// The three ways to wait for a script.
#[derive(Clone, Copy, Debug)]
enum Way {
    Hand,
    Name,
    Request,
}

async fn endless(world: &World, way: Way) -> Script {
    let trigger = match way {
        Way::Hand => Trigger::OneOff,
        Way::Name => Trigger::Embedded,
        Way::Request => Trigger::Http(Endpoint::new(
            "/endless",
            &[Method::Get],
            EndpointAuth::Public,
        )),
    };
    let source = match way {
        Way::Request => format!("function handleRequest() {{ {ENDLESS} }}"),
        Way::Hand | Way::Name => ENDLESS.to_owned(),
    };
    let mut definition = definition(&format!("{way:?}"), trigger, &source);
    definition.limits.wall = Duration::from_secs(300);
    definition.limits.cpu = Duration::from_secs(300);
    world.active(definition).await
}

/// Somebody who waits for the script; the status that they are told.
fn waits(world: &World, script: &Script, way: Way) -> JoinSet<ExecutionStatus> {
    let (platform, ctx, script) = (world.platform.clone(), world.ctx.clone(), script.clone());
    let mut waiting = JoinSet::new();
    waiting.spawn(async move {
        let executions = platform.executions();
        match way {
            Way::Hand => {
                let what = Execute {
                    trigger: TriggerKind::Manual,
                    ..Execute::new(script.id, doc(json!({"n": 1})), Mode::Sync)
                };
                executions.execute(&ctx, what).await.unwrap().status
            }
            Way::Name => {
                let ended = executions.invoke(&ctx, &script.name, doc(json!({"n": 1})));
                ended.await.unwrap().status
            }
            Way::Request => {
                let request = EndpointRequest {
                    method: "GET".into(),
                    path: "/endless".into(),
                    query: None,
                    headers: Vec::new(),
                    body: Bytes::new(),
                    ip: [127, 0, 0, 1].into(),
                    url: "http://localhost/api/scripts/endless".into(),
                };
                let endpoints = platform.endpoints();
                match endpoints.handle(ctx.tenant, None, request).await {
                    Err(scriptorium::EndpointRefusal::Failed(ended)) => ended.status,
                    other => panic!("{other:?}"),
                }
            }
        }
    });
    waiting
}

async fn listed(world: &World, ctx: &Ctx, status: ExecutionStatus) -> Vec<ExecutionSummary> {
    let filter = ExecutionFilter {
        status: Some(status),
        ..ExecutionFilter::default()
    };
    let executions = world.platform.executions();
    let page = executions.list(ctx, &filter, &PageRequest::first()).await;
    page.unwrap().items
}

/// The one execution that runs, once it does.
async fn running(world: &World) -> ExecutionSummary {
    let found = async {
        loop {
            if let Some(one) = listed(world, &world.ctx, ExecutionStatus::Running)
                .await
                .pop()
            {
                return one;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, found).await.unwrap()
}

async fn check_seen_and_stopped(way: Way) {
    let world = World::new().await;
    let script = endless(&world, way).await;
    let mut waiter = waits(&world, &script, way);
    let one = running(&world).await;
    assert_eq!((one.script, one.completed_at), (script.id, None));
    assert!(one.started_at.is_some());
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let found = executions.find(ctx, one.id).await.unwrap();
    assert_eq!(
        (found.status, found.started_at),
        (ExecutionStatus::Running, one.started_at)
    );
    assert_eq!(listed(&world, ctx, ExecutionStatus::Completed).await, []);

    let stream = executions.watch(ctx, one.id).await.unwrap();
    pin_mut!(stream);
    let mut ended = None;
    while let Some(item) = stream.next().await {
        match item.unwrap() {
            Live::Progress(_) => {}
            Live::Log(line) => {
                assert_eq!(line.message, "on");
                let so_far = executions.logs(ctx, one.id, 0, 10).await.unwrap();
                assert_eq!(so_far.len(), 1);
                executions.cancel(ctx, one.id).await.unwrap();
            }
            Live::Done(execution) => ended = Some(execution),
            Live::Status(_) => {}
        }
    }
    let cancelled = ExecutionStatus::Cancelled;
    assert_eq!(ended.unwrap().status, cancelled);
    let told = tokio::time::timeout(SOON, waiter.join_next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told.unwrap(), cancelled);
    let found = executions.find(ctx, one.id).await.unwrap();
    assert_eq!((found.id, found.status), (one.id, cancelled));
    assert_eq!(listed(&world, ctx, ExecutionStatus::Running).await, []);
    assert_eq!(listed(&world, ctx, cancelled).await.len(), 1);
    let filter = AuditFilter {
        action: Some("execution.cancelled".into()),
        ..AuditFilter::default()
    };
    let audit = world.platform.audit();
    let noted = audit.list(ctx, &filter, &PageRequest::first()).await;
    let noted = noted.unwrap().items.remove(0);
    assert_eq!(noted.subject.id, Some(one.id.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_waits_for_is_seen_followed_and_stopped() {
    for way in [Way::Hand, Way::Name, Way::Request] {
        check_seen_and_stopped(way).await;
    }
}

#[track_caller]
fn missing<T>(result: Result<T, Error>) {
    let refused = result.err().expect("another tenant's");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

async fn check_unseen(world: &World, other: &Ctx, id: ExecutionId) {
    let executions = world.platform.executions();
    missing(executions.find(other, id).await);
    missing(executions.logs(other, id, 0, 10).await);
    missing(executions.watch(other, id).await.map(|_| ()));
    missing(executions.cancel(other, id).await);
    assert_eq!(listed(world, other, ExecutionStatus::Running).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_waited_for_is_its_tenants_and_stopped_by_who_may() {
    let world = World::new().await;
    let admin = Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    };
    let tenants = world.platform.tenants();
    let other = tenants.create(&admin, "other", "Other").await.unwrap();
    let script = endless(&world, Way::Hand).await;
    let mut waiter = waits(&world, &script, Way::Hand);
    let id = running(&world).await.id;
    check_unseen(&world, &Ctx::host(other.id), id).await;

    let executions = world.platform.executions();
    let viewer = world.user("vera", Role::Viewer).await;
    executions.find(&viewer, id).await.unwrap();
    let refused = executions.cancel(&viewer, id).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    assert!(waiter.try_join_next().is_none());
    executions.cancel(&world.ctx, id).await.unwrap();
    tokio::time::timeout(SOON, waiter.join_next())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_stays_as_long_as_was_asked_for_and_goes_on_behind_it() {
    let world = World::new().await;
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let script = definition("quick", Trigger::OneOff, "return 1");
    let script = world.active(script).await;
    let quick = || Execute {
        trigger: TriggerKind::Manual,
        ..Execute::new(script.id, doc(json!(null)), Mode::Sync)
    };
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.push(executions.execute(ctx, quick()).await.unwrap().id);
        world.advance(Duration::from_millis(1));
    }
    let endless = endless(&world, Way::Name).await;
    let mut waiter = waits(&world, &endless, Way::Name);
    let waiting = running(&world).await.id;
    expected.push(waiting);
    expected.reverse();
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: 2, cursor };
        let all = ExecutionFilter::default();
        let page = executions.list(ctx, &all, &page).await.unwrap();
        assert!(page.items.len() <= 2);
        found.extend(page.items.into_iter().map(|one| one.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    executions.cancel(ctx, waiting).await.unwrap();
    tokio::time::timeout(SOON, waiter.join_next())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_script_stops_what_runs_of_it() {
    let world = World::new().await;
    let (executions, ctx) = (world.platform.executions(), &world.ctx);
    let script = endless(&world, Way::Hand).await;
    let other = endless(&world, Way::Name).await;
    let mut stays = waits(&world, &other, Way::Name);
    running(&world).await;
    let mut waiter = waits(&world, &script, Way::Hand);
    let promised = Execute {
        trigger: TriggerKind::Manual,
        ..Execute::new(script.id, doc(json!(null)), Mode::Async)
    };
    let promised = executions.execute(ctx, promised).await.unwrap().id;
    let all = async {
        while listed(&world, ctx, ExecutionStatus::Running).await.len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, all).await.unwrap();

    world
        .platform
        .scripts()
        .delete(ctx, script.id)
        .await
        .unwrap();
    let told = tokio::time::timeout(SOON, waiter.join_next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(told.unwrap(), ExecutionStatus::Cancelled);
    let ended = async {
        while !executions
            .find(ctx, promised)
            .await
            .unwrap()
            .status
            .is_final()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, ended).await.unwrap();
    let left = listed(&world, ctx, ExecutionStatus::Running).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].script, other.id);
    assert!(stays.try_join_next().is_none());
    executions.cancel(ctx, left[0].id).await.unwrap();
    let told = tokio::time::timeout(SOON, stays.join_next()).await.unwrap();
    told.unwrap().unwrap();
}
