//! The queue: order, fairness, leases, recovery.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::execution::ExecutionStatus::{Cancelled, Failed, Pending, Running};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{ExecutionId, TenantId};
use scriptorium_store::system::queue::Recovered;
use scriptorium_store::{Claimed, Lanes};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, definition, tenant};

const LEASE: Duration = Duration::from_secs(60);

#[rstest]
#[tokio::test]
async fn a_tenants_executions_are_claimed_in_their_order_and_each_once(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("queued").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.pending(&world.ctx, &script).await.id);
        world.advance(Duration::from_millis(1));
    }
    let first = world
        .store
        .claim_pending(3, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap();
    assert_eq!(executions(&first), ids[..3]);
    assert!(
        first
            .iter()
            .all(|claimed| claimed.execution.status == Running)
    );
    assert!(first.iter().all(|claimed| claimed.execution.attempt == 1));
    let second = world
        .store
        .claim_pending(3, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap();
    assert_eq!(executions(&second), ids[3..]);
    assert_eq!(
        world
            .store
            .claim_pending(3, LEASE, &[], &|_| u32::MAX)
            .await
            .unwrap(),
        []
    );
}

#[rstest]
#[tokio::test]
async fn concurrent_claims_share_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = world.script("contested").await;
    for _ in 0..40 {
        world.pending(&world.ctx, &script).await;
    }
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = world.store.clone();
        claims.spawn(async move {
            store
                .claim_pending(10, LEASE, &[], &|_| u32::MAX)
                .await
                .unwrap()
        });
    }
    let claimed = claims.join_all().await.concat();
    let mut ids = executions(&claimed);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claimed.len(), "an execution was claimed twice");
}

#[rstest]
#[tokio::test]
async fn a_tenant_with_many_leaves_room_for_those_with_few(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let crowd = world.script("crowd").await;
    for _ in 0..100 {
        world.pending(&world.ctx, &crowd).await;
    }
    world.advance(Duration::from_secs(1));
    let mut few = vec![world.other.clone()];
    for slug in ["initech", "umbrella"] {
        few.push(tenant(&world.store, &world.ambient, slug).await);
    }
    for ctx in &few {
        let script = world.add(ctx, definition("quiet", Trigger::OneOff)).await;
        world.pending(ctx, &script).await;
    }
    let claimed = world
        .store
        .claim_pending(8, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 8, "room that is left goes to the crowd");
    for ctx in &few {
        let of_tenant = |claimed: &&Claimed| claimed.execution.tenant == ctx.tenant;
        assert_eq!(claimed.iter().filter(of_tenant).count(), 1);
    }
}

/// What tenants have had, by what one of their executions takes.
struct Served<'a> {
    had: &'a Mutex<HashMap<TenantId, f64>>,
    cost: &'a HashMap<TenantId, f64>,
}

impl Lanes for Served<'_> {
    fn room(&self, _: TenantId) -> u32 {
        u32::MAX
    }

    fn had(&self, tenant: TenantId) -> f64 {
        *self.had.lock().unwrap().get(&tenant).unwrap_or(&0.0)
    }

    fn cost(&self, tenant: TenantId) -> f64 {
        self.cost[&tenant]
    }
}

/// One floods the queue with executions that each take four times as long as one of the other's, who
/// comes later: by what they have had the other's are nearly all among the first 25 (REL-14).
#[rstest]
#[tokio::test]
async fn who_has_had_the_least_is_served_first(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(1, 5)] at_once: u32,
) {
    let world = World::on(database).await;
    let flood = world.script("flood").await;
    let quiet = definition("quiet", Trigger::OneOff);
    let quiet = world.add(&world.other, quiet).await;
    for _ in 0..60 {
        world.pending(&world.ctx, &flood).await;
    }
    world.advance(Duration::from_secs(1));
    for _ in 0..20 {
        world.pending(&world.other, &quiet).await;
    }
    let cost = HashMap::from([(world.ctx.tenant, 4.0), (world.other.tenant, 1.0)]);
    let had = Mutex::new(HashMap::new());
    let mut claimed = Vec::new();
    while claimed.len() < 25 {
        let served = Served {
            had: &had,
            cost: &cost,
        };
        let some = world
            .store
            .claim_pending(at_once, LEASE, &[], &served)
            .await;
        for one in some.unwrap() {
            let tenant = one.execution.tenant;
            *had.lock().unwrap().entry(tenant).or_insert(0.0) += cost[&tenant];
            claimed.push(tenant);
        }
    }
    let others = claimed.iter().filter(|one| **one == world.other.tenant);
    assert_eq!(others.count(), 20, "{claimed:?}");
    // What is left is the flood's alone, and nothing waits for somebody who has nothing.
    let served = Served {
        had: &had,
        cost: &cost,
    };
    let rest = world.store.claim_pending(100, LEASE, &[], &served).await;
    assert_eq!(rest.unwrap().len(), 55);
}

#[rstest]
#[tokio::test]
async fn one_at_a_time_tenants_take_turns(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mine = world.script("mine").await;
    let theirs = definition("theirs", Trigger::OneOff);
    let theirs = world.add(&world.other, theirs).await;
    for _ in 0..3 {
        world.pending(&world.ctx, &mine).await;
        world.pending(&world.other, &theirs).await;
    }
    let mut turns = Vec::new();
    for _ in 0..6 {
        let [claimed] = world
            .store
            .claim_pending(1, LEASE, &[], &|_| u32::MAX)
            .await
            .unwrap()
            .try_into()
            .unwrap();
        turns.push(claimed.execution.tenant);
    }
    assert!(turns.windows(2).all(|pair| pair[0] != pair[1]), "{turns:?}");
}

#[rstest]
#[tokio::test]
async fn executions_of_a_busy_script_are_passed_over(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (busy, free) = (world.script("busy").await, world.script("free").await);
    for _ in 0..3 {
        world.pending(&world.ctx, &busy).await;
    }
    let wanted = world.pending(&world.ctx, &free).await.id;
    let claim = world
        .store
        .claim_pending(10, LEASE, std::slice::from_ref(&busy.id), &|_| u32::MAX);
    assert_eq!(executions(&claim.await.unwrap()), [wanted]);
}

#[rstest]
#[tokio::test]
async fn no_more_of_a_tenant_are_claimed_than_there_is_room_for(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let mine = world.script("mine").await;
    let theirs = definition("theirs", Trigger::OneOff);
    let theirs = world.add(&world.other, theirs).await;
    for _ in 0..20 {
        world.pending(&world.ctx, &mine).await;
        world.pending(&world.other, &theirs).await;
    }
    let me = world.ctx.tenant;
    for (room, expected) in [(0, 0), (2, 2), (9, 7)] {
        let bounded = move |tenant| if tenant == me { room } else { u32::MAX };
        let claim = world.store.claim_pending(14, LEASE, &[], &bounded);
        let claimed = claim.await.unwrap();
        let of_mine = |claimed: &&Claimed| claimed.execution.tenant == me;
        assert_eq!(claimed.iter().filter(of_mine).count(), expected);
        assert_eq!(claimed.len(), 14, "what is left goes to the other");
        let leases: Vec<_> = claimed.iter().map(|claimed| claimed.lease).collect();
        world.store.release(&leases).await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn one_execution_is_claimed_by_name_while_it_is_pending(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("wanted").await;
    let id = world.pending(ctx, &script).await.id;
    assert_eq!(
        store
            .claim_execution(&world.other, id, LEASE)
            .await
            .unwrap(),
        None
    );
    let claimed = store
        .claim_execution(ctx, id, LEASE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claimed.execution.id, id);
    assert_eq!(store.claim_execution(ctx, id, LEASE).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_heartbeat_keeps_a_lease_and_silence_loses_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("long").await;
    let mut leases = Vec::new();
    for _ in 0..2 {
        world.pending(ctx, &script).await;
    }
    for claimed in store
        .claim_pending(2, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap()
    {
        leases.push(claimed.lease);
    }
    world.advance(LEASE / 2);
    let held = store.heartbeat(&leases[..1], LEASE).await.unwrap();
    assert_eq!(held.len(), 1);
    assert!(!held[0].cancel_requested);
    world.advance(LEASE / 2);
    let recovered = store.recover_orphans(world.now()).await.unwrap();
    assert_eq!(recovered.requeued, 1);
    let held = store.heartbeat(&leases, LEASE).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].id, leases[0]);
}

/// If one of them is what ends its worker, it takes few of the others with it (P4.5).
#[rstest]
#[tokio::test]
async fn what_was_lost_together_begins_again_one_after_the_other(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("lost").await;
    for _ in 0..3 {
        world.pending(ctx, &script).await;
    }
    let claim = async || {
        let claimed = store.claim_pending(3, LEASE, &[], &|_| u32::MAX).await;
        claimed.unwrap().len()
    };
    assert_eq!(claim().await, 3);
    world.advance(LEASE);
    let recovered = store.recover_orphans(world.now()).await.unwrap();
    assert_eq!(recovered.requeued, 3);
    for _ in 0..3 {
        assert_eq!(claim().await, 1);
        assert_eq!(claim().await, 0);
        world.advance(Duration::from_millis(50));
    }
}

#[rstest]
#[tokio::test]
async fn a_released_execution_is_pending_without_having_been_attempted(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("given back").await;
    let id = world.pending(ctx, &script).await.id;
    for _ in 0..5 {
        let [claimed] = store
            .claim_pending(1, LEASE, &[], &|_| u32::MAX)
            .await
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(claimed.execution.attempt, 1);
        assert_eq!(claimed.execution.started_at, Some(world.now()));
        store.release(&[claimed.lease]).await.unwrap();
        world.advance(LEASE);
    }
    let found = store.find_execution(ctx, id).await.unwrap();
    assert_eq!((found.status, found.attempt), (Pending, 1));
    assert_eq!(found.started_at, None);
}

#[rstest]
#[tokio::test]
async fn what_kills_its_worker_three_times_is_given_up(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("deadly").await;
    let id = world.pending(ctx, &script).await.id;
    for attempt in 1..=3 {
        let [claimed] = store
            .claim_pending(1, LEASE, &[], &|_| u32::MAX)
            .await
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(claimed.execution.attempt, attempt);
        world.advance(LEASE);
        store.recover_orphans(world.now()).await.unwrap();
    }
    let found = store.find_execution(ctx, id).await.unwrap();
    assert_eq!((found.status, found.attempt), (Failed, 3));
    assert_eq!(found.failure.unwrap().code, "platform.lost");
    assert_eq!(found.completed_at, Some(world.now()));
    assert_eq!(
        store
            .claim_pending(1, LEASE, &[], &|_| u32::MAX)
            .await
            .unwrap(),
        []
    );
}

#[rstest]
#[tokio::test]
async fn an_orphan_that_should_stop_is_cancelled_not_requeued(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("unwanted").await;
    let id = world.pending(ctx, &script).await.id;
    store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap();
    store.request_cancel(ctx, id).await.unwrap();
    world.advance(LEASE);
    let recovered = store.recover_orphans(world.now()).await.unwrap();
    let expected = Recovered {
        cancelled: 1,
        ..Recovered::default()
    };
    assert_eq!(recovered, expected);
    let found = store.find_execution(ctx, id).await.unwrap();
    assert_eq!(found.status, Cancelled);
}

#[rstest]
#[tokio::test]
async fn a_cancel_is_final_though_the_worker_gives_the_execution_back(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("unwanted").await;
    let (stopped, other) = (
        world.pending(ctx, &script).await.id,
        world.pending(ctx, &script).await.id,
    );
    let claim = || store.claim_pending(2, LEASE, &[], &|_| u32::MAX);
    let leases: Vec<_> = claim().await.unwrap().iter().map(|one| one.lease).collect();
    let asked = store.request_cancel(ctx, stopped).await.unwrap();
    assert_eq!(asked.status, Running);
    store.release(&leases).await.unwrap();

    let found = store.find_execution(ctx, stopped).await.unwrap();
    assert_eq!(found.status, Cancelled);
    assert_eq!(found.failure.unwrap().code, "cancelled");
    assert_eq!(found.completed_at, Some(world.now()));
    let again = claim().await.unwrap();
    assert_eq!(
        executions(&again),
        [other],
        "nobody wanted that one stopped"
    );
    assert!(store.heartbeat(&leases, LEASE).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn what_is_to_begin_later_is_claimed_when_it_is_due(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("later").await;
    let claim = || store.claim_pending(10, LEASE, &[], &|_| u32::MAX);
    let mut ids = Vec::new();
    for seconds in [20, 10] {
        let mut execution = world.execution(&script);
        execution.terms.run_after = Some(world.now() + Duration::from_secs(seconds));
        store.insert_pending(ctx, execution.clone()).await.unwrap();
        let found = store.find_execution(ctx, execution.id).await.unwrap();
        assert_eq!(found, execution);
        ids.push(execution.id);
    }
    let [second, first] = ids.try_into().unwrap();
    assert_eq!(claim().await.unwrap(), []);
    assert_eq!(
        store.next_due(),
        Some(world.now() + Duration::from_secs(10))
    );
    let by_name = store.claim_execution(ctx, first, LEASE).await;
    assert_eq!(by_name.unwrap(), None, "not by name either");
    let at_once = world.pending(ctx, &script).await.id;
    assert_eq!(executions(&claim().await.unwrap()), [at_once]);

    world.advance(Duration::from_secs(10));
    let claimed = claim().await.unwrap();
    assert_eq!(executions(&claimed), [first]);
    assert_eq!(claimed[0].execution.attempt, 1);
    assert_eq!(
        store.next_due(),
        Some(world.now() + Duration::from_secs(10))
    );
    // Given back, it is due at once.
    store.release(&[claimed[0].lease]).await.unwrap();
    assert_eq!(executions(&claim().await.unwrap()), [first]);
    world.advance(Duration::from_secs(11));
    assert_eq!(executions(&claim().await.unwrap()), [second]);
    assert_eq!(store.next_due(), None);
}

#[rstest]
#[tokio::test]
async fn what_is_not_begun_in_time_expires_without_having_begun(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("brief").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut execution = world.execution(&script);
        execution.terms.expires_at = Some(world.now() + Duration::from_secs(10));
        ids.push(execution.id);
        store.insert_pending(ctx, execution).await.unwrap();
    }
    let lasting = world.pending(ctx, &script).await.id;
    world.advance(Duration::from_secs(9));
    let nothing = store.recover_orphans(world.now()).await.unwrap();
    assert_eq!(nothing, Recovered::default());
    let begun = store.claim_execution(ctx, ids[0], LEASE).await.unwrap();
    assert!(begun.is_some(), "it is in time");

    world.advance(Duration::from_secs(1));
    let late = store.claim_execution(ctx, ids[1], LEASE).await.unwrap();
    assert_eq!(late, None);
    let claimed = store.claim_pending(10, LEASE, &[], &|_| u32::MAX).await;
    assert_eq!(executions(&claimed.unwrap()), [lasting]);
    let expected = Recovered {
        expired: 2,
        ..Recovered::default()
    };
    assert_eq!(store.recover_orphans(world.now()).await.unwrap(), expected);
    for id in &ids[1..] {
        let found = store.find_execution(ctx, *id).await.unwrap();
        assert_eq!(found.status, Failed);
        assert_eq!(found.failure.unwrap().code, "platform.expired");
        assert_eq!(
            (found.started_at, found.completed_at),
            (None, Some(world.now()))
        );
    }
    let found = store.find_execution(ctx, ids[0]).await.unwrap();
    assert_eq!(found.status, Running);
}

#[rstest]
#[tokio::test]
async fn of_a_tenants_executions_the_more_urgent_begin_first(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("mixed").await;
    let mut expected = Vec::new();
    for priority in [0, 9, 5, 9, 0] {
        let mut execution = world.execution(&script);
        execution.terms.priority = priority;
        expected.push((std::cmp::Reverse(priority), execution.id));
        let inserted = world.store.insert_pending(&world.ctx, execution).await;
        inserted.unwrap();
        world.advance(Duration::from_millis(1));
    }
    expected.sort_by_key(|(priority, _)| *priority);
    let mut claimed = Vec::new();
    for limit in [1, 3, 9] {
        let some = world.store.claim_pending(limit, LEASE, &[], &|_| u32::MAX);
        claimed.extend(executions(&some.await.unwrap()));
    }
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    assert_eq!(claimed, expected);
}

#[tokio::test]
async fn a_new_process_takes_back_everything_that_was_running() {
    let world = World::new().await;
    let script = world.script("interrupted").await;
    let id = world.pending(&world.ctx, &script).await.id;
    world
        .store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap();
    let world = world.reopen().await;
    let found = world.store.find_execution(&world.ctx, id).await.unwrap();
    assert_eq!(found.status, Pending);
    let [again] = world
        .store
        .claim_pending(1, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(again.execution.attempt, 2);
}

fn executions(claimed: &[Claimed]) -> Vec<ExecutionId> {
    claimed.iter().map(|claimed| claimed.execution.id).collect()
}

/// What a server does that has nothing to do, by how often it does it at most; the sum is to be one
/// statement a second at most, whatever the number of tenants (design 5). The periods are those of the
/// worker, the dispatcher, the schedules, the indexer, the upkeep and the conversation of servers.
#[rstest]
#[tokio::test]
async fn an_idle_server_sends_at_most_one_statement_a_second(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    for number in 0..20 {
        let ctx = tenant(store, &world.ambient, &format!("idle-{number}")).await;
        for (name, trigger) in [
            ("every day", crate::support::cron("0 9 * * *")),
            ("on events", crate::support::on(&["order.paid"])),
            ("by hand", Trigger::OneOff),
        ] {
            world.active(&ctx, definition(name, trigger)).await;
        }
    }
    // What that has left to do is done.
    world.dispatch().await;
    world.index().await;
    let now = world.now();
    let before = |done: u64| store.statements() - done;
    let mut told = Vec::new();
    let mut tell = |what, statements: u64, every: f64| told.push((what, statements as f64 / every));

    let sent = store.statements();
    store
        .claim_pending(8, LEASE, &[], &|_| u32::MAX)
        .await
        .unwrap();
    tell("a look at the queue", before(sent), 16.0);
    let sent = store.statements();
    store.recover_orphans(now).await.unwrap();
    tell("a look for lost executions", before(sent), 5.0);
    let sent = store.statements();
    store.dispatch_events().await.unwrap();
    tell("a look for events", before(sent), 8.0);
    let sent = store.statements();
    store.failing_schedules(1_000).await.unwrap();
    store.due_schedules(now, 1_000).await.unwrap();
    store.next_due_at().await.unwrap();
    tell("a look at schedules", before(sent), 30.0);
    let sent = store.statements();
    world.index().await;
    tell("a look of the indexer", before(sent), 30.0);
    let sent = store.statements();
    store.anchor_audit_heads().await.unwrap();
    tell("writing down heads", before(sent), 60.0);
    if matches!(database, Postgres) {
        tell("a sign of life", 1, 5.0);
    }
    let sum: f64 = told.iter().map(|(_, rate)| rate).sum();
    assert!(told.iter().all(|(_, rate)| *rate > 0.0), "{told:?}");
    assert!(sum <= 1.0, "{sum} a second: {told:?}");
}
