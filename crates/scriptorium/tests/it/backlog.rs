//! What of a tenant may wait, and what becomes of more (P4.7, REL-13).

use std::time::Duration;

use scriptorium::model::Ctx;
use scriptorium::model::halt::HaltScope;
use scriptorium::model::permission::PermissionSet;
use scriptorium::model::script::Script;
use scriptorium::model::trigger::{Subscription, Trigger};
use scriptorium::{Backlog, ErrorKind, Execute, Mode, NewEvent, Result, TenantShare, WhichHalt};
use serde_json::json;

use crate::world::{World, definition, json as doc};

/// More than what the platform publishes of itself while a script is made.
const MOST: u32 = 9;

/// Nothing begins by itself, so what is let in stays.
async fn world() -> World {
    let share = TenantShare {
        backlog: MOST,
        ..TenantShare::TRUSTED
    };
    let still =
        |builder: scriptorium::Builder| builder.tenant_share("default", share).triggers(false);
    World::with(still).await
}

async fn publish(world: &World, ctx: &Ctx) -> Result<()> {
    let new = NewEvent {
        kind: "order.created".into(),
        payload: doc(json!({})),
        id: None,
        key: None,
    };
    world.platform.events().publish(ctx, new).await.map(drop)
}

async fn ask(world: &World, script: &Script) -> Result<()> {
    let what = Execute::new(script.id, doc(json!({})), Mode::Async);
    let asked = world.platform.executions().execute(&world.ctx, what).await;
    asked.map(drop)
}

/// Asks for executions until as much waits as may.
async fn fill(world: &World, script: &Script) {
    loop {
        ask(world, script).await.unwrap();
        let backlog = world.platform.backlog().await.unwrap();
        if backlog.events + backlog.executions == u64::from(MOST) {
            return;
        }
    }
}

#[track_caller]
fn refused(answer: Result<()>) {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShareExhausted);
    assert_eq!(error.code(), "backlog_full");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
}

#[tokio::test]
async fn what_is_beyond_the_backlog_is_refused_and_not_recorded() {
    let world = world().await;
    let trigger = Trigger::Event(Subscription::to(["order.created"]));
    let script = world.active(definition("abc", trigger, "return 1")).await;
    for _ in 0..3 {
        publish(&world, &world.ctx).await.unwrap();
    }
    fill(&world, &script).await;
    // At once, by what was let in; and later, by what is counted.
    for pause in [0, 60] {
        world.advance(Duration::from_secs(pause));
        refused(publish(&world, &world.ctx).await);
        refused(ask(&world, &script).await);
    }
    let backlog = world.platform.backlog().await.unwrap();
    assert_eq!(backlog.events + backlog.executions, u64::from(MOST));
    // Others have a backlog of their own.
    let operator = Ctx {
        permissions: PermissionSet::from_names(["tenants.manage"]),
        ..world.ctx.clone()
    };
    let tenants = world.platform.tenants();
    tenants.create(&operator, "other", "Other").await.unwrap();
    let other = world.platform.tenant("other").await.unwrap();
    publish(&world, other.ctx()).await.unwrap();
}

#[tokio::test]
async fn there_is_room_again_when_what_waited_has_begun() {
    let share = TenantShare {
        backlog: MOST,
        ..TenantShare::TRUSTED
    };
    let world = World::with(|builder| builder.tenant_share("default", share)).await;
    let script = world
        .active(definition("abc", Trigger::OneOff, "return 1"))
        .await;
    let own = WhichHalt {
        scope: HaltScope::Tenant,
        tenant: None,
        trigger: None,
    };
    let halts = world.platform.halts();
    halts.put(&world.ctx, &own, "audit", false).await.unwrap();
    let mut asked = 0;
    let full = loop {
        match ask(&world, &script).await {
            Ok(_) => asked += 1,
            full => break full,
        }
    };
    refused(full);
    assert!(asked <= MOST);
    halts.lift(&world.ctx, &own).await.unwrap();
    let begun = async {
        let nothing = Backlog {
            events: 0,
            executions: 0,
        };
        while world.platform.backlog().await.unwrap() != nothing {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, begun).await.unwrap();
    world.advance(Duration::from_secs(1));
    ask(&world, &script).await.unwrap();
}
