//! Halts: what they keep from beginning, in the same statement that would begin it.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Ctx;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::execution::TriggerKind;
use scriptorium_model::halt::HaltScope::{self, Operator, Platform, Tenant};
use scriptorium_model::halt::{Halt, HaltKey};
use scriptorium_model::page::PageRequest;
use scriptorium_model::trigger::Trigger;
use scriptorium_store::{Error, LeaseId};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, cron, definition};

const LEASE: Duration = Duration::from_secs(60);

fn halt(world: &World, ctx: &Ctx, scope: HaltScope, trigger: Option<TriggerKind>) -> Halt {
    Halt {
        key: HaltKey {
            tenant: ctx.tenant,
            scope,
            trigger,
        },
        reason: "the supplier's API is down".into(),
        stop_running: false,
        by: None,
        since: world.now(),
    }
}

/// How many of each tenant a claim takes; they are given back.
async fn claimed(world: &World) -> [usize; 2] {
    let store = &world.store;
    let claimed = store.claim_pending(10, LEASE, &[], &|_| u32::MAX);
    let claimed = claimed.await.unwrap();
    let of = |ctx: &Ctx| {
        let own = claimed
            .iter()
            .filter(|one| one.execution.tenant == ctx.tenant);
        own.count()
    };
    let counts = [of(&world.ctx), of(&world.other)];
    let leases: Vec<LeaseId> = claimed.iter().map(|one| one.lease).collect();
    store.release(&leases).await.unwrap();
    counts
}

#[rstest]
#[tokio::test]
async fn what_is_halted_stays_in_the_queue(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mine = world.script("mine").await;
    let theirs = world
        .add(&world.other, definition("theirs", Trigger::OneOff))
        .await;
    let pending = world.pending(&world.ctx, &mine).await;
    world.pending(&world.other, &theirs).await;
    let kind = pending.trigger;
    let another = TriggerKind::ALL.into_iter().find(|one| *one != kind);
    assert_eq!(claimed(&world).await, [1, 1]);

    for (scope, trigger, expected) in [
        (Tenant, None, [0, 1]),
        (Tenant, Some(kind), [0, 1]),
        (Tenant, another, [1, 1]),
        (Operator, None, [0, 1]),
        (Platform, None, [0, 0]),
        (Platform, Some(kind), [0, 0]),
        (Platform, another, [1, 1]),
    ] {
        let halt = halt(&world, &world.ctx, scope, trigger);
        let key = halt.key;
        world.store.put_halt(&world.ctx, halt).await.unwrap();
        assert_eq!(claimed(&world).await, expected, "{scope:?} {trigger:?}");
        // An operator who starts one by hand knows what stands.
        let by_hand = world.store.claim_execution(&world.ctx, pending.id, LEASE);
        let by_hand = by_hand.await.unwrap().unwrap();
        world.store.release(&[by_hand.lease]).await.unwrap();
        world.store.lift_halt(&world.ctx, &key).await.unwrap();
        assert_eq!(claimed(&world).await, [1, 1], "lifted");
    }
}

#[rstest]
#[tokio::test]
async fn a_halted_schedule_waits_and_is_not_looked_for(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    world
        .active(&world.ctx, definition("mine", cron("0 9 * * *")))
        .await;
    world.advance(Duration::from_secs(48 * 3600));
    let due = async || {
        let due = world.store.due_schedules(world.now(), 10).await.unwrap();
        (
            due.len(),
            world.store.next_due_at().await.unwrap().is_some(),
        )
    };
    assert_eq!(due().await, (1, true));
    for (scope, trigger, expected) in [
        (Tenant, None, 0),
        (Tenant, Some(TriggerKind::Cron), 0),
        (Tenant, Some(TriggerKind::Http), 1),
        (Platform, Some(TriggerKind::Cron), 0),
    ] {
        let halt = halt(&world, &world.ctx, scope, trigger);
        let key = halt.key;
        world.store.put_halt(&world.ctx, halt).await.unwrap();
        assert_eq!(
            due().await,
            (expected, expected == 1),
            "{scope:?} {trigger:?}"
        );
        world.store.lift_halt(&world.ctx, &key).await.unwrap();
    }
    assert_eq!(due().await, (1, true));
}

#[rstest]
#[tokio::test]
async fn a_halt_is_kept_renewed_lifted_and_told(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let first = halt(&world, ctx, Tenant, Some(TriggerKind::Event));
    store.put_halt(ctx, first.clone()).await.unwrap();
    world.advance(Duration::from_secs(60));
    let renewed = Halt {
        reason: "it is down for longer".into(),
        stop_running: true,
        ..halt(&world, ctx, Tenant, Some(TriggerKind::Event))
    };
    store.put_halt(ctx, renewed.clone()).await.unwrap();
    assert_eq!(store.list_halts().await.unwrap(), vec![renewed.clone()]);

    let silent = Halt {
        reason: " ".into(),
        ..first
    };
    assert!(matches!(
        store.put_halt(ctx, silent).await,
        Err(Error::Invalid(_))
    ));

    // Another tenant's halt looks like a missing one, whoever it is said to be of.
    assert_missing(store.put_halt(&world.other, renewed.clone()).await);
    assert_missing(store.lift_halt(&world.other, &renewed.key).await);
    let own = HaltKey {
        tenant: world.other.tenant,
        ..renewed.key
    };
    assert_missing(store.lift_halt(&world.other, &own).await);
    assert_eq!(store.list_halts().await.unwrap(), vec![renewed.clone()]);

    store.lift_halt(ctx, &renewed.key).await.unwrap();
    assert_missing(store.lift_halt(ctx, &renewed.key).await);
    assert_eq!(store.list_halts().await.unwrap(), []);
    let all = AuditFilter::default();
    let trail = store.list_audit(ctx, &all, &PageRequest::first()).await;
    let subjects = trail.unwrap().items.into_iter();
    let told = subjects.filter(|entry| entry.subject.name == "halt tenant event");
    assert_eq!(told.count(), 3);
}

#[rstest]
#[tokio::test]
async fn what_runs_is_asked_to_stop_where_a_halt_concerns_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let mine = world.script("mine").await;
    let pending = world.pending(&world.ctx, &mine).await;
    let claimed = store.claim_execution(&world.ctx, pending.id, LEASE).await;
    let lease = claimed.unwrap().unwrap().lease;
    let another = TriggerKind::ALL
        .into_iter()
        .find(|one| *one != pending.trigger);
    for (ctx, scope, trigger, expected) in [
        (&world.other, Tenant, None, 0),
        (&world.ctx, Tenant, another, 0),
        (&world.ctx, Tenant, Some(pending.trigger), 1),
        (&world.other, Platform, None, 1),
    ] {
        let key = halt(&world, ctx, scope, trigger).key;
        assert_eq!(
            store.cancel_halted(&key).await.unwrap(),
            expected,
            "{key:?}"
        );
    }
    let alive = store.heartbeat(&[lease], LEASE).await.unwrap();
    assert!(alive[0].cancel_requested);
}
