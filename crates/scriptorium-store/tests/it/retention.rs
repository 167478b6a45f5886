//! Retention: what is past it goes, whatever its end; what is not over stays.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::event::Event;
use scriptorium_model::execution::{ExecutionStatus, LogLevel, LogLine};
use scriptorium_model::page::PageRequest;
use scriptorium_model::retention::Retention;
use scriptorium_model::{Ctx, Json};
use scriptorium_store::events::EventFilter;
use scriptorium_store::{Error, ExecutionFilter, Finished, Maintained};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing, completed};

const DAY: Duration = Duration::from_secs(86_400);

/// What [`one_of_each_end`] leaves: an event of each execution, that each began and ended, and that
/// their script was created.
const ALL_EVENTS: u64 = 4 + 4 * 2 + 1;

/// One execution for every way to end, each with a log line and an event.
async fn one_of_each_end(world: &World, ctx: &Ctx, name: &str) {
    let script = world.draft(
        ctx,
        crate::support::definition(name, scriptorium_model::trigger::Trigger::OneOff),
    );
    world.store.create_script(ctx, &script, "").await.unwrap();
    for status in ExecutionStatus::ALL
        .into_iter()
        .filter(|status| status.is_final())
    {
        let mut execution = completed(world.execution(&script), world.now());
        execution.status = status;
        let event = Event {
            id: world.ambient.new_id(),
            tenant: ctx.tenant,
            kind: "order.checked".into(),
            payload: Json::null(),
            script: Some(script.id),
            execution: Some(execution.id),
            lineage: Vec::new(),
            key: None,
            created_at: world.now(),
        };
        let line = LogLine {
            seq: 1,
            level: LogLevel::Info,
            message: "spoken".into(),
            data: None,
            at: world.now(),
        };
        let finished = Finished {
            execution,
            lease: None,
            logs: vec![line],
            events: vec![event],
            notifications: Vec::new(),
            incidents: Vec::new(),
        };
        world
            .store
            .record(ctx, finished)
            .await
            .unwrap()
            .await
            .unwrap();
    }
    world.index().await;
}

/// The upkeep of a store whose events have been delivered.
async fn maintain(world: &World) -> Maintained {
    world.dispatch().await;
    world.store.maintain(world.now()).await.unwrap()
}

async fn found(world: &World, ctx: &Ctx, q: &str) -> usize {
    let filter = ExecutionFilter {
        q: Some(q.into()),
        ..ExecutionFilter::default()
    };
    world.executions(ctx, &filter).await.len()
}

async fn counts(world: &World, ctx: &Ctx) -> (usize, usize) {
    let executions = world.executions(ctx, &ExecutionFilter::default()).await;
    let page = PageRequest::first();
    let published = EventFilter {
        kind: Some("order.checked".into()),
    };
    let events = world.store.list_events(ctx, &published, &page).await;
    (executions.len(), events.unwrap().items.len())
}

#[rstest]
#[tokio::test]
async fn history_goes_after_ninety_days_whatever_its_end(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    one_of_each_end(&world, ctx, "old").await;
    let script = world.script("waiting").await;
    let waiting = world.pending(ctx, &script).await;
    let running = world.pending(ctx, &script).await;
    store
        .claim_execution(ctx, running.id, DAY * 400)
        .await
        .unwrap()
        .unwrap();

    world.advance(DAY * 89);
    assert_eq!(maintain(&world).await, Maintained::default());
    assert_eq!(counts(&world, ctx).await, (6, 4));

    one_of_each_end(&world, ctx, "young").await;
    world.advance(DAY + Duration::from_secs(1));
    let removed = maintain(&world).await;
    assert_eq!(
        removed,
        Maintained {
            executions: 4,
            // And that the other script was created, and one of its executions began.
            events: ALL_EVENTS + 2,
            ..Maintained::default()
        }
    );
    assert_eq!(counts(&world, ctx).await, (6, 4));
    assert_eq!(found(&world, ctx, "old").await, 0);
    assert_eq!(found(&world, ctx, "young").await, 4);
    for kept in [waiting.id, running.id] {
        store.find_execution(ctx, kept).await.unwrap();
    }
    assert_eq!(maintain(&world).await, Maintained::default());
}

#[rstest]
#[tokio::test]
async fn each_tenant_keeps_its_own_for_as_long_as_it_says(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let longer = Retention {
        execution_days: 730,
        log_days: 30,
        event_days: 30,
        audit_days: 730,
    };
    store.set_retention(&world.ctx, longer).await.unwrap();
    assert_eq!(store.find_retention(&world.ctx).await.unwrap(), longer);
    assert_eq!(
        store.find_retention(&world.other).await.unwrap(),
        Retention::default()
    );
    for ctx in [&world.ctx, &world.other] {
        one_of_each_end(&world, ctx, "kept").await;
    }
    world.advance(DAY * 31);
    let removed = maintain(&world).await;
    assert_eq!(
        removed,
        Maintained {
            log_lines: 4,
            events: ALL_EVENTS,
            ..Maintained::default()
        }
    );
    world.index().await;
    assert_eq!(
        (
            found(&world, &world.ctx, "kept").await,
            found(&world, &world.ctx, "spoken").await
        ),
        (4, 0)
    );
    assert_eq!(found(&world, &world.other, "spoken").await, 4);

    world.advance(DAY * 60);
    let removed = maintain(&world).await;
    assert_eq!((removed.executions, removed.log_lines), (4, 0));
    assert_eq!(counts(&world, &world.ctx).await, (4, 0));
    assert_eq!(counts(&world, &world.other).await, (0, 0));
}

#[rstest]
#[tokio::test]
async fn retention_outside_its_range_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let never = Retention {
        execution_days: 0,
        ..Retention::default()
    };
    let refused = world.store.set_retention(&world.ctx, never).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let nowhere = Ctx::platform(world.ambient.new_id());
    assert_missing(
        world
            .store
            .set_retention(&nowhere, Retention::default())
            .await,
    );
}

#[rstest]
#[tokio::test]
async fn more_than_a_batch_goes_while_others_write(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("many").await;
    for _ in 0..1_200 {
        let execution = completed(world.execution(&script), world.now());
        drop(world.record(ctx, execution, None).await);
    }
    world.finished(ctx, &script).await;
    world.index().await;
    world.advance(DAY * 91);
    let (store, now) = (world.store.clone(), world.now());
    let mut maintenance = tokio::task::JoinSet::new();
    maintenance.spawn(async move { store.maintain(now).await });
    let mut written = Vec::new();
    let maintained = loop {
        if let Some(ended) = maintenance.try_join_next() {
            break ended.unwrap().unwrap();
        }
        written.push(world.finished(ctx, &script).await.id);
    };
    assert_eq!(maintained.executions, 1_201);
    assert!(written.len() > 2, "{}", written.len());
    for id in written {
        world.store.find_execution(ctx, id).await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn what_leaves_the_trash_has_no_history_left(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("thrown away").await;
    let execution = world.finished(ctx, &script).await;
    world.index().await;
    store.delete_script(ctx, script.id).await.unwrap();
    world.advance(DAY * 29);
    maintain(&world).await;
    store.find_execution(ctx, execution.id).await.unwrap();
    world.advance(DAY * 2);
    assert_eq!(maintain(&world).await.executions, 1);
    assert_missing(store.find_execution(ctx, execution.id).await);
}

#[tokio::test]
async fn months_that_nobody_keeps_are_dropped_whole_unless_something_of_them_goes_on() {
    let world = World::on(Postgres).await;
    let (store, ctx) = (&world.store, &world.ctx);
    // The database was made in the month that it really is.
    store.make_partitions(3).await.unwrap();
    one_of_each_end(&world, ctx, "november").await;
    world.advance(DAY * 20);
    one_of_each_end(&world, ctx, "december").await;
    let script = world.script("waiting").await;
    let waiting = world.pending(ctx, &script).await;
    let server = world.server.as_ref().unwrap();
    let months = || {
        let names = server.psql(
            "select string_agg(relname, ' ' order by relname) from pg_class \
             where relkind = 'r' and relname ~ '^execution.*_2026_1[12]$'",
        );
        names.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(months().len(), 6);
    world.advance(DAY * 135);
    let removed = maintain(&world).await;
    assert_eq!((removed.months, removed.executions), (1, 4));
    let of_december = ["execution_documents", "execution_logs", "executions"];
    assert_eq!(months(), of_december.map(|name| format!("{name}_2026_12")));
    assert_eq!(counts(&world, ctx).await.0, 1);
    store.find_execution(ctx, waiting.id).await.unwrap();

    // The months to come are made ahead, as tight as the others.
    let unsealed = server.psql(
        "select count(*) from pg_class where relkind in ('r', 'p') and relname ~ '^execution' \
         and not (relrowsecurity and relforcerowsecurity)",
    );
    assert_eq!(unsealed, "0");
    let ahead = server.psql("select to_regclass('scriptorium.executions_2027_07') is null");
    assert_eq!(ahead, "f");
}

/// What waits for the index when it is removed is not found afterwards, nor are its words kept.
#[rstest]
#[tokio::test]
async fn what_is_removed_before_it_was_indexed_is_not_indexed(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("hasty").await;
    world.index().await;
    world.finished(ctx, &script).await;
    world.advance(DAY * 91);
    let removed = maintain(&world).await;
    assert_eq!(removed.executions, 1);
    assert_eq!(world.index().await, 0);
}
