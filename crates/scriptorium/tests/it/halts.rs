//! Halts: what waits, who is refused, who may make and lift them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use scriptorium::model::endpoint::Method;
use scriptorium::model::execution::{Execution, ExecutionStatus, TriggerKind};
use scriptorium::model::halt::HaltScope;
use scriptorium::model::permission::Role;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Endpoint, EndpointAuth, Trigger};
use scriptorium::model::{Ctx, TenantId};
use scriptorium::{EndpointRefusal, EndpointRequest, ErrorKind, Execute, Live, Mode, WhichHalt};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{World, definition, json as doc};

fn which(scope: HaltScope, trigger: Option<TriggerKind>) -> WhichHalt {
    WhichHalt {
        scope,
        tenant: None,
        trigger,
    }
}

fn operator(world: &World) -> Ctx {
    Ctx {
        permissions: Role::Superadmin.permissions(),
        ..world.ctx.clone()
    }
}

async fn ended(world: &World, execution: &Execution) -> Execution {
    let executions = world.platform.executions();
    let stream = executions.watch(&world.ctx, execution.id).await.unwrap();
    let items: Vec<Live> = stream.map(Result::unwrap).collect().await;
    let Some(Live::Done(ended)) = items.into_iter().next_back() else {
        panic!("the last item is the end")
    };
    *ended
}

async fn endpoint(world: &World) -> Script {
    let endpoint = Endpoint::new("/hook", &[Method::Get], EndpointAuth::Public);
    let endpoint = Trigger::Http(endpoint);
    let source = "function handleRequest() { return 'here' }";
    world.active(definition("hook", endpoint, source)).await
}

/// The code that a stranger is refused with, or the status.
async fn call(world: &World, tenant: TenantId) -> Result<u16, String> {
    let request = EndpointRequest {
        method: "GET".into(),
        path: "/hook".into(),
        query: None,
        headers: Vec::new(),
        body: Bytes::new(),
        ip: [127, 0, 0, 1].into(),
        url: "http://localhost/api/scripts/hook".into(),
    };
    match world
        .platform
        .endpoints()
        .handle(tenant, None, request)
        .await
    {
        Ok(reply) => Ok(reply.status),
        Err(EndpointRefusal::Busy(error)) => Err(error.code().to_owned()),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_on_and_who_waits_is_refused() {
    let world = World::new().await;
    let halts = world.platform.halts();
    let executions = world.platform.executions();
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    endpoint(&world).await;
    let own = which(HaltScope::Tenant, None);
    let halt = halts
        .put(&world.ctx, &own, "  audit  ", false)
        .await
        .unwrap();
    assert_eq!(halt.reason, "audit");
    assert_eq!(halts.list(&world.ctx).unwrap(), vec![halt.clone()]);
    assert_eq!(world.platform.halted(world.ctx.tenant), Some(halt));

    let ask = |mode| Execute::new(script.id, doc(json!({})), mode);
    let queued = executions
        .execute(&world.ctx, ask(Mode::Async))
        .await
        .unwrap();
    let refused = executions
        .execute(&world.ctx, ask(Mode::Sync))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.code()),
        (ErrorKind::Busy, "halted")
    );
    assert!(refused.retry_after().is_some());
    assert_eq!(call(&world, world.ctx.tenant).await, Err("halted".into()));

    // Who operates the platform looks into it by hand.
    let by_hand = Execute {
        trigger: TriggerKind::Manual,
        ..ask(Mode::Sync)
    };
    let operator = operator(&world);
    let tried = executions.execute(&operator, by_hand).await.unwrap();
    assert_eq!(tried.status, ExecutionStatus::Completed);
    let still = executions.find(&world.ctx, queued.id).await.unwrap();
    assert_eq!(still.status, ExecutionStatus::Pending);

    halts.lift(&world.ctx, &own).await.unwrap();
    assert_eq!(
        ended(&world, &queued).await.status,
        ExecutionStatus::Completed
    );
    assert_eq!(call(&world, world.ctx.tenant).await, Ok(200));
    assert_eq!(world.platform.halted(world.ctx.tenant), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_kind_of_trigger_is_halted_and_the_others_are_not() {
    let world = World::new().await;
    let executions = world.platform.executions();
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    endpoint(&world).await;
    let http = which(HaltScope::Tenant, Some(TriggerKind::Http));
    let halts = world.platform.halts();
    halts
        .put(&world.ctx, &http, "too many", false)
        .await
        .unwrap();
    assert_eq!(call(&world, world.ctx.tenant).await, Err("halted".into()));
    let sync = Execute::new(script.id, doc(json!({})), Mode::Sync);
    let ended = executions.execute(&world.ctx, sync).await.unwrap();
    assert_eq!(ended.status, ExecutionStatus::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_that_wants_it_stops_what_runs() {
    let world = World::new().await;
    let executions = world.platform.executions();
    let mut endless = definition("endless", Trigger::OneOff, "console.log('on'); for (;;);");
    endless.limits.wall = Duration::from_secs(300);
    endless.limits.cpu = Duration::from_secs(300);
    let script = world.active(endless).await;
    let ask = |mode| Execute::new(script.id, doc(json!({})), mode);
    let queued = executions
        .execute(&world.ctx, ask(Mode::Async))
        .await
        .unwrap();
    let (platform, ctx, sync) = (world.platform.clone(), world.ctx.clone(), ask(Mode::Sync));
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { platform.executions().execute(&ctx, sync).await });
    while world.platform.status().runtime.running < 2 {
        tokio::task::yield_now().await;
    }
    let stop = which(HaltScope::Tenant, Some(TriggerKind::Api));
    let halts = world.platform.halts();
    halts
        .put(&world.ctx, &stop, "it loops", true)
        .await
        .unwrap();
    assert_eq!(
        waiting.join_next().await.unwrap().unwrap().unwrap().status,
        ExecutionStatus::Cancelled
    );
    assert_eq!(
        ended(&world, &queued).await.status,
        ExecutionStatus::Cancelled
    );
}

#[tokio::test]
async fn who_may_not_halt_changes_nothing() {
    use HaltScope::{Operator, Platform, Tenant};
    let world = World::new().await;
    let halts = world.platform.halts();
    let operator = operator(&world);
    world
        .platform
        .tenants()
        .create(&operator, "acme", "Acme")
        .await
        .unwrap();
    let acme = world.platform.tenant("acme").await.unwrap();
    let of_acme = WhichHalt {
        tenant: Some("acme".into()),
        ..which(Operator, None)
    };
    let developer = world.user("developer", Role::Developer).await;
    let admin = world.user("admin", Role::OrgAdmin).await;
    for (ctx, which, kind) in [
        (&developer, which(Tenant, None), ErrorKind::Forbidden),
        (&admin, which(Platform, None), ErrorKind::Forbidden),
        (&admin, of_acme.clone(), ErrorKind::Forbidden),
        (&operator, which(Operator, None), ErrorKind::Invalid),
        (
            &operator,
            WhichHalt {
                tenant: Some("acme".into()),
                ..which(Tenant, None)
            },
            ErrorKind::Invalid,
        ),
        (
            &operator,
            WhichHalt {
                tenant: Some("nobody".into()),
                ..which(Operator, None)
            },
            ErrorKind::NotFound,
        ),
    ] {
        let refused = halts.put(ctx, &which, "why", false).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{which:?}");
        let refused = halts.lift(ctx, &which).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{which:?}");
    }
    let reasonless = halts.put(&admin, &which(Tenant, None), "", false).await;
    assert_eq!(reasonless.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(halts.list(&operator).unwrap(), []);

    // What the operator has halted, the tenant sees and cannot lift.
    let halt = halts
        .put(&operator, &of_acme, "unpaid", false)
        .await
        .unwrap();
    assert_eq!(halts.list(acme.ctx()).unwrap(), vec![halt.clone()]);
    let refused = halts.lift(acme.ctx(), &which(Tenant, None)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        halts.list(&admin).unwrap(),
        [],
        "another tenant's is nobody's business"
    );
    halts.lift(&operator, &of_acme).await.unwrap();
    assert_eq!(halts.list(acme.ctx()).unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_outlives_a_restart() {
    let world = World::new().await;
    let operator = operator(&world);
    let all = which(HaltScope::Platform, None);
    let halts = world.platform.halts();
    halts.put(&operator, &all, "upgrade", false).await.unwrap();
    let world = world.restarted(|builder| builder).await;
    endpoint(&world).await;
    assert_eq!(call(&world, world.ctx.tenant).await, Err("halted".into()));
    world.platform.halts().lift(&operator, &all).await.unwrap();
    assert_eq!(call(&world, world.ctx.tenant).await, Ok(200));
}
