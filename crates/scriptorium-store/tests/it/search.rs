//! Full text: what is found by which words, in whose tenant, in which order.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::concurrency::{Concurrency, WhenFull};
use scriptorium_model::execution::{ExecutionStatus, Failure, LogLevel, LogLine};
use scriptorium_model::page::PageRequest;
use scriptorium_model::script::{Definition, Script};
use scriptorium_model::trigger::Trigger;
use scriptorium_model::{Ctx, ExecutionId, Json, Timestamp};
use scriptorium_store::{DeadLetterFilter, ExecutionFilter, Finished, ScriptFilter, Store};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, completed, dead_letter, definition, logins, on};

fn about(q: &str) -> ExecutionFilter {
    ExecutionFilter {
        q: Some(q.into()),
        ..ExecutionFilter::default()
    }
}

/// An execution that ended with this output and one log line, recorded a second after the last.
async fn ended(world: &World, ctx: &Ctx, script: &Script, output: &str, line: &str) -> ExecutionId {
    world.advance(Duration::from_secs(1));
    let mut execution = completed(world.execution(script), world.now());
    execution.output = Some(Json::parse(output).unwrap());
    let id = execution.id;
    let logs = vec![LogLine {
        seq: 1,
        level: LogLevel::Info,
        message: line.into(),
        data: Some(Json::parse(r#"{"courier":"Rustam"}"#).unwrap()),
        at: world.now(),
    }];
    let finished = Finished {
        execution,
        lease: None,
        logs,
        events: Vec::new(),
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
    id
}

async fn found(world: &World, ctx: &Ctx, q: &str) -> Vec<ExecutionId> {
    let items = world.executions(ctx, &about(q)).await;
    items.into_iter().map(|item| item.id).collect()
}

#[rstest]
#[tokio::test]
async fn an_execution_is_found_by_every_part_of_it(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world.script("Buyurtma tekshiruvi").await;
    let output = r#"{"client":"O\u2018ktam","note":"yetkazib berish\nertaga"}"#;
    let id = ended(&world, ctx, &script, output, "Заказ принят").await;
    let other = world.script("other").await;
    let mut failed = completed(world.execution(&other), world.now());
    failed.status = ExecutionStatus::Failed;
    failed.failure = Some(Failure::new("limit.memory", "too much of it"));
    world.record(ctx, failed, None).await.await.unwrap();
    assert_eq!(found(&world, ctx, "buyurtma").await, []);
    world.index().await;
    for q in [
        "tekshiruv",
        "o'ktam",
        "oʻKTAM",
        "ertaga",
        "заказ",
        "ПРИНЯТ заказ",
        "rustam",
        "courier",
        "yetkaz ertag",
    ] {
        assert_eq!(found(&world, ctx, q).await, [id], "{q}");
    }
    for q in [
        "заказ нет",
        "tekshiruvlar",
        "nertaga",
        "ru",
        "_",
        "\"",
        "заказ*x",
    ] {
        assert_eq!(found(&world, ctx, q).await, [], "{q}");
    }
    assert_eq!(found(&world, ctx, "limit memory").await.len(), 1);
    assert_eq!(found(&world, ctx, "  ").await.len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_stranger_finds_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = world.script("private").await;
    ended(&world, &world.ctx, &script, "{}", "canary").await;
    world.index().await;
    assert_eq!(found(&world, &world.ctx, "canary").await.len(), 1);
    assert_eq!(found(&world, &world.other, "canary").await, []);
    let filter = ScriptFilter {
        q: Some("private".into()),
        ..ScriptFilter::default()
    };
    assert_eq!(world.scripts(&world.ctx, &filter).await.len(), 1);
    assert_eq!(world.scripts(&world.other, &filter).await, []);
}

#[rstest]
#[tokio::test]
async fn pages_of_a_search_hold_each_match_once_newest_first(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let (one, two) = (world.script("one").await, world.script("two").await);
    let mut expected = Vec::new();
    for n in 0..700 {
        let script = if n % 5 == 0 { &one } else { &two };
        let mut execution = completed(world.execution(script), world.now());
        if n % 2 == 0 {
            execution.output = Some(Json::parse(r#"{"word":"juice"}"#).unwrap());
        }
        if n % 10 == 0 {
            expected.push(execution.id);
        }
        // Nobody waits: they are committed together.
        drop(world.record(ctx, execution, None).await);
        // Twenty in the same millisecond.
        if n % 20 == 19 {
            world.advance(Duration::from_millis(1));
        }
    }
    world.finished(ctx, &one).await;
    world.index().await;
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let filter = ExecutionFilter {
        script: Some(one.id),
        ..about("juice")
    };
    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let request = PageRequest::new(Some(7), cursor).unwrap();
        let page = world.store.list_executions(ctx, &filter, &request).await;
        let page = page.unwrap();
        paged.extend(page.items.into_iter().map(|item| item.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, expected);
}

/// Two months of executions, newest first: one a day, but for two days of four hundred; every third
/// holds the word.
async fn two_months(world: &World) -> (Vec<ExecutionId>, Vec<Timestamp>) {
    let script = world.script("daily").await;
    let (mut found, mut days) = (Vec::new(), Vec::new());
    for day in 0..60 {
        for n in 0..if day == 30 || day == 59 { 400 } else { 1 } {
            let mut execution = completed(world.execution(&script), world.now());
            if (day + n) % 3 == 0 {
                execution.output = Some(Json::parse(r#"{"word":"juice"}"#).unwrap());
                found.push(execution.id);
                days.push(world.now());
            }
            // Nobody waits: they are committed together.
            drop(world.record(&world.ctx, execution, None).await);
            world.advance(Duration::from_millis(2));
        }
        world.advance(Duration::from_secs(86_400));
    }
    world.finished(&world.ctx, &script).await;
    world.index().await;
    found.reverse();
    days.reverse();
    (found, days)
}

#[rstest]
#[tokio::test]
async fn a_search_goes_through_the_days_and_misses_none(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (expected, at) = two_months(&world).await;
    assert_eq!(expected.len(), 286);
    for (limit, from, to) in [
        (200, 0, expected.len()),
        (7, 0, expected.len()),
        // From behind the busy day of the middle to before it, and each alone.
        (50, 140, 280),
        (50, 0, 1),
        (50, 5, 5),
        (50, expected.len() - 3, expected.len()),
    ] {
        let filter = ExecutionFilter {
            from: at.get(to.saturating_sub(1)).copied(),
            to: from.checked_sub(1).and_then(|newer| at.get(newer)).copied(),
            ..about("juice")
        };
        let mut paged = Vec::new();
        let mut cursor = None;
        loop {
            let request = PageRequest::new(Some(limit), cursor).unwrap();
            let page = world
                .store
                .list_executions(&world.ctx, &filter, &request)
                .await
                .unwrap();
            paged.extend(page.items.into_iter().map(|item| item.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, expected[from..to], "{limit} {from} {to}");
    }
}

#[rstest]
#[tokio::test]
async fn a_script_is_found_by_what_it_is_now(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let ctx = &world.ctx;
    let script = world
        .add(ctx, definition("first name", Trigger::OneOff))
        .await;
    world.index().await;
    let changed = Definition {
        name: "second name".into(),
        ..definition("second name", Trigger::OneOff)
    };
    for _ in 0..2 {
        let updated = world
            .store
            .update_script(ctx, script.id, None, changed.clone(), "")
            .await;
        updated.unwrap();
    }
    world.index().await;
    let named = |q: &str| ScriptFilter {
        q: Some(q.into()),
        ..ScriptFilter::default()
    };
    assert_eq!(world.scripts(ctx, &named("first")).await, []);
    assert_eq!(world.scripts(ctx, &named("second")).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn what_was_cancelled_lost_or_replaced_is_found_too(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world.script("stopped").await;
    let cancelled = world.pending(ctx, &script).await;
    store.request_cancel(ctx, cancelled.id).await.unwrap();
    world.advance(Duration::from_secs(1));
    let lost = world.pending(ctx, &script).await;
    let lease = Duration::from_secs(60);
    for _ in 0..3 {
        assert_eq!(
            store
                .claim_pending(1, lease, &[], &|_| u32::MAX)
                .await
                .unwrap()
                .len(),
            1
        );
        world.advance(lease);
        store.recover_orphans(world.now()).await.unwrap();
    }
    // Of two letters that are taken up the second takes the place of the first.
    let definition = Definition {
        concurrency: Some(Concurrency {
            when_full: WhenFull::Replace,
            ..Concurrency::default()
        }),
        ..definition("crowded", on(&["order.paid"]))
    };
    let crowded = world.active(ctx, definition).await;
    let all = DeadLetterFilter::default();
    for _ in 0..2 {
        world.advance(Duration::from_secs(1));
        let letter = dead_letter(&world, &crowded);
        store.insert_dead_letter(ctx, &letter).await.unwrap();
        let retried = store.retry_dead_letters(ctx, &all, 10, Duration::ZERO);
        assert_eq!(retried.await.unwrap(), 1);
    }
    world.index().await;
    assert_eq!(found(&world, ctx, "stopped").await, [lost.id, cancelled.id]);
    assert_eq!(found(&world, ctx, "platform.lost").await, [lost.id]);
    assert_eq!(found(&world, ctx, "platform.replaced").await.len(), 1);
    assert_eq!(found(&world, ctx, "crowded").await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn documents_survive_the_process(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let script = world.script("durable").await;
    let id = ended(&world, &world.ctx, &script, "{}", "before the end").await;
    let world = world.reopen().await;
    assert!(world.index().await > 0);
    assert_eq!(found(&world, &world.ctx, "before end").await, [id]);
    assert_eq!(world.index().await, 0);
}

/// What takes migration 0019 back, on both databases.
const BEFORE_DAYS: &str = "drop index scripts_type; drop index scripts_status; \
    drop index schedules_upcoming; drop index executions_failures; \
    drop index search_pending_id; \
    create index scripts_type_status on scripts (tenant_id, type, status); \
    delete from _sqlx_migrations where version = 19;";

#[rstest]
#[tokio::test]
async fn documents_from_before_words_had_days_are_made_anew(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let script = world.script("old").await;
    let id = ended(&world, &world.ctx, &script, "{}", "before days").await;
    world.pending(&world.ctx, &script).await;
    world.index().await;
    world.store.close().await;
    match &world.server {
        None => {
            let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
            file.execute_batch(BEFORE_DAYS).unwrap();
        }
        Some(server) => {
            server.psql(&format!(
                "set search_path = scriptorium; drop function day_of; drop function name_of; \
                 {BEFORE_DAYS}"
            ));
            let owner = server.url("scriptorium_migrator");
            let options = logins(server).with_migrator(&owner).unwrap();
            Store::migrate(&options).await.unwrap();
        }
    }
    let world = world.reopen().await;
    assert_eq!(found(&world, &world.ctx, "before").await, []);
    assert_eq!(world.index().await, 1, "what has ended, and nothing twice");
    assert_eq!(found(&world, &world.ctx, "before").await, [id]);
}
