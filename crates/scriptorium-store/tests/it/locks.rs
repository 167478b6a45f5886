//! Two transactions never wait for each other: everybody locks scripts before executions, those before
//! schedules, turns and what waits for them (decision 0045). On PostgreSQL; SQLite has one writer.

use std::future::Future;
use std::time::Duration;

use scriptorium_model::concurrency::{Concurrency, Seat, WhenFull};
use scriptorium_model::event::Event;
use scriptorium_model::execution::{Execution, Failure, Terms};
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{ExecutionId, Json, ScriptId};
use scriptorium_store::{Claimed, DeadLetterFilter, Finished, Store};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Database, World, completed, dead_letter, definition, run};

const LEASE: Duration = Duration::from_secs(15);

fn one_at_once() -> Option<Seat> {
    Some(Seat {
        key: "a".into(),
        limit: 1,
        when_full: WhenFull::Queue,
    })
}

struct Held {
    world: World,
    script: Script,
}

impl Held {
    async fn new() -> Self {
        let world = World::on(Database::Postgres).await;
        let script = world.script("about").await;
        Self { world, script }
    }

    async fn accept(&self, change: impl FnOnce(&mut Execution)) -> ExecutionId {
        let mut execution = self.world.execution(&self.script);
        execution.seat = one_at_once();
        change(&mut execution);
        self.world.advance(Duration::from_millis(1));
        let id = execution.id;
        let store = &self.world.store;
        store
            .insert_pending(&self.world.ctx, execution)
            .await
            .unwrap();
        id
    }

    async fn claim(&self) -> Vec<Claimed> {
        let claim = self
            .world
            .store
            .claim_pending(10, LEASE, &[], &|_| u32::MAX);
        claim.await.unwrap()
    }

    /// Lets it wait for the script's row, and takes the execution's meanwhile: who has locked that before
    /// would wait for us, and we for them.
    async fn check<F>(&self, id: ExecutionId, act: impl FnOnce(Store) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut session = self.world.session().await;
        let lock = |table: &str, id: &dyn std::fmt::Display, how: &str| {
            format!("select from scriptorium.{table} where id = '{id}' for {how}")
        };
        run(&mut session, "begin".into()).await;
        let of_script = lock("scripts", &self.script.id, "no key update");
        run(&mut session, of_script).await;
        let mut acting = JoinSet::new();
        acting.spawn(act(self.world.store.clone()));
        self.world.waiting(1).await;
        run(&mut session, lock("executions", &id, "update nowait")).await;
        run(&mut session, "commit".into()).await;
        acting.join_next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn who_cancels_locks_the_script_first() {
    let held = Held::new().await;
    let id = held.accept(|_| {}).await;
    let ctx = held.world.ctx.clone();
    held.check(id, async move |store: Store| {
        store.request_cancel(&ctx, id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_takes_back_locks_the_script_first() {
    let held = Held::new().await;
    let id = held
        .accept(|execution| execution.terms.max_attempts = 1)
        .await;
    assert_eq!(held.claim().await.len(), 1);
    held.world.advance(LEASE);
    let now = held.world.now();
    held.check(id, async move |store: Store| {
        let recovered = store.recover_orphans(now).await.unwrap();
        assert_eq!(recovered.lost, 1);
    })
    .await;
}

#[tokio::test]
async fn who_gives_back_locks_the_script_first() {
    let held = Held::new().await;
    let id = held.accept(|_| {}).await;
    let [claimed] = held.claim().await.try_into().unwrap();
    let ctx = &held.world.ctx;
    held.world.store.request_cancel(ctx, id).await.unwrap();
    held.check(id, async move |store: Store| {
        store.release(&[claimed.lease]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_becomes_due_locks_the_script_first() {
    let held = Held::new().await;
    let later = held.world.now() + Duration::from_secs(5);
    let id = held
        .accept(|execution| {
            execution.terms = Terms {
                run_after: Some(later),
                ..Terms::default()
            };
        })
        .await;
    assert!(held.claim().await.is_empty());
    held.world.advance(Duration::from_secs(5));
    held.check(id, async move |store: Store| {
        let claim = store.claim_pending(10, LEASE, &[], &|_| u32::MAX);
        assert_eq!(claim.await.unwrap().len(), 1);
    })
    .await;
}

/// Leases are extended while somebody else has locked one of the executions.
#[tokio::test]
async fn a_sign_of_life_waits_for_nobody() {
    let held = Held::new().await;
    let mut leases = Vec::new();
    for _ in 0..3 {
        held.accept(|execution| execution.seat = None).await;
    }
    let claimed = held.claim().await;
    leases.extend(claimed.iter().map(|one| one.lease));
    let mut session = held.world.session().await;
    let lock = format!(
        "begin; select from scriptorium.executions where id = '{}' for update",
        claimed[1].execution.id
    );
    run(&mut session, lock).await;
    held.world.advance(Duration::from_secs(5));
    let alive = held.world.store.heartbeat(&leases, LEASE).await.unwrap();
    assert_eq!(alive.len(), 3);
    run(&mut session, "commit".into()).await;
    // The two others hold for longer than the one that was passed over.
    held.world.advance(Duration::from_secs(11));
    let recovered = held.world.store.recover_orphans(held.world.now()).await;
    assert_eq!(recovered.unwrap().requeued, 1);
}

/// Letters of two scripts are taken up: the scripts are locked in their order, not the letters'.
#[tokio::test]
async fn who_takes_up_letters_locks_their_scripts_in_order() {
    let held = Held::new().await;
    let world = &held.world;
    let mut scripts: Vec<Script> = Vec::new();
    for name in ["one", "two"] {
        let definition = Definition {
            concurrency: Some(Concurrency::default()),
            ..definition(name, Trigger::Event(Subscription::to(["order.paid"])))
        };
        scripts.push(world.active(&world.ctx, definition).await);
    }
    scripts.sort_by_key(|script| script.id);
    // The letter of the later script is the older one.
    for script in scripts.iter().rev() {
        world.advance(Duration::from_millis(1));
        let letter = dead_letter(world, script);
        let inserted = world.store.insert_dead_letter(&world.ctx, &letter).await;
        inserted.unwrap();
    }
    let mut session = world.session().await;
    let lock = |id: ScriptId, how: &str| {
        format!("select from scriptorium.scripts where id = '{id}' for no key update{how}")
    };
    run(&mut session, "begin".into()).await;
    run(&mut session, lock(scripts[0].id, "")).await;
    let (store, ctx) = (world.store.clone(), world.ctx.clone());
    let mut acting = JoinSet::new();
    acting.spawn(async move {
        let all = DeadLetterFilter::default();
        let done = store.retry_dead_letters(&ctx, &all, 10, Duration::ZERO);
        done.await.unwrap()
    });
    world.waiting(1).await;
    run(&mut session, lock(scripts[1].id, " nowait")).await;
    run(&mut session, "commit".into()).await;
    assert_eq!(acting.join_next().await.unwrap().unwrap(), 2);
}

/// Everything at once, on several connections: publishing, delivering, claiming, ending, failing,
/// cancelling, suspending, taking back. PostgreSQL counts the deadlocks that it has to break.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_meets_no_deadlock() {
    let held = Held::new().await;
    let world = &held.world;
    let mut scripts = Vec::new();
    for (name, order_by, concurrency) in [
        ("ordered", Some("n"), None),
        ("seated", None, Some(Concurrency::default())),
        ("both", Some("n"), Some(Concurrency::default())),
        (
            "replaces",
            None,
            Some(Concurrency {
                when_full: WhenFull::Replace,
                key: Some("n".into()),
                ..Concurrency::default()
            }),
        ),
    ] {
        let definition = Definition {
            concurrency,
            ..definition(
                name,
                Trigger::Event(Subscription {
                    order_by: order_by.map(str::to_owned),
                    max_attempts: 2,
                    ..Subscription::to(["order.paid"])
                }),
            )
        };
        scripts.push(world.active(&world.ctx, definition).await.id);
    }
    let mut tasks = JoinSet::new();
    for part in 0..6_u32 {
        let (store, ctx) = (world.store.clone(), world.ctx.clone());
        let (ambient, scripts) = (world.ambient.clone(), scripts.clone());
        tasks.spawn(async move {
            for round in 0..40_u32 {
                match (part, round % 4) {
                    (0 | 1, _) => {
                        let event = Event {
                            id: ambient.new_id(),
                            tenant: ctx.tenant,
                            kind: "order.paid".into(),
                            payload: Json::from(json!({ "n": round % 3 })),
                            key: None,
                            script: None,
                            execution: None,
                            lineage: Vec::new(),
                            created_at: ambient.now(),
                        };
                        store.insert_event(&ctx, event).await.unwrap();
                        store.dispatch_events().await.unwrap();
                    }
                    (2, 3) => {
                        let of = scripts[(round / 4 % 4) as usize];
                        // Somebody else may have done it.
                        let _ = store.suspend(&ctx, of, None).await;
                        let _ = store.resume(&ctx, of, None).await;
                    }
                    (3, 3) => {
                        store.recover_orphans(ambient.now()).await.unwrap();
                        store.mend_turns().await.unwrap();
                        let all = DeadLetterFilter::default();
                        let retried = store.retry_dead_letters(&ctx, &all, 10, Duration::ZERO);
                        retried.await.unwrap();
                    }
                    (_, way) => {
                        let claim = store.claim_pending(4, LEASE, &[], &|_| u32::MAX);
                        let claimed = claim.await.unwrap();
                        let leases: Vec<_> = claimed.iter().map(|one| one.lease).collect();
                        store.heartbeat(&leases, LEASE).await.unwrap();
                        if way == 2 {
                            for one in &claimed {
                                let cancelled = store.request_cancel(&ctx, one.execution.id);
                                cancelled.await.unwrap();
                            }
                            store.release(&leases).await.unwrap();
                            continue;
                        }
                        for one in claimed {
                            let mut execution = completed(one.execution, ambient.now());
                            if way == 1 {
                                let failure = Failure::new("script.bad_input", "no");
                                execution.status = failure.status();
                                execution.output = None;
                                execution.failure = Some(failure);
                            }
                            let finished = Finished {
                                execution,
                                lease: Some(one.lease),
                                logs: vec![],
                                events: vec![],
                                notifications: vec![],
                                incidents: vec![],
                            };
                            let commit = store.record(&ctx, finished).await.unwrap();
                            commit.await.unwrap();
                        }
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    let server = world.server.as_ref().unwrap();
    // What a session knows of is counted at its end at the latest. An open store connects again.
    world.store.close().await;
    let others = "select count(*) from pg_stat_activity where datname = current_database() \
        and backend_type = 'client backend' and pid <> pg_backend_pid()";
    while server.psql(others) != "0" {
        tokio::task::yield_now().await;
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(server.psql(deadlocks), "0");
}
