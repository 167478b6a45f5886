//! Storage that a script changes in a transaction of its rows (D6): both or neither, once, also when the process
//! ends between the commit and the hand-over; and nobody's change in between is lost.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rstest::rstest;
use scriptorium_model::storage::{Batch, Change, Kept, Quota};
use scriptorium_model::{Ctx, Json};
use scriptorium_store::tenant_data::{Bounds, ColumnType, Table, TenantData, TenantSchema};
use scriptorium_store::{Error, Store};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, ambient, open};

const BOUNDS: Bounds = Bounds {
    rows: 10,
    bytes: 1 << 20,
};

fn counters(store: &Store) -> TenantData {
    let table = Table::new("orders")
        .column("id", ColumnType::Text)
        .written_by_scripts();
    let schema = TenantSchema {
        tables: vec![table],
    };
    store.tenant_data(schema).unwrap()
}

async fn with_counters(database: Database) -> (World, TenantData) {
    let world = World::with_tables(database).await;
    let data = counters(&world.store);
    world.store.make_tables(&data).await.unwrap();
    (world, data)
}

fn kept(value: &str) -> Option<Kept> {
    Some(Kept {
        value: Json::parse(value).unwrap(),
        expires_at: None,
    })
}

fn batch(read: &[(&str, Option<&str>)], written: &[(&str, Option<&str>)]) -> Batch {
    let json = |value: &str| Json::parse(value).unwrap();
    Batch {
        read: (read.iter())
            .map(|(key, value)| ((*key).to_owned(), value.map(json)))
            .collect(),
        written: (written.iter())
            .map(|(key, value)| ((*key).to_owned(), value.and_then(kept)))
            .collect(),
    }
}

/// Adds an order, and keeps a batch with it.
async fn order(data: &TenantData, ctx: &Ctx, id: &str, batch: Batch) -> Result<(), Error> {
    let scripts = data.for_scripts();
    let row = json!({ "id": id }).as_object().unwrap().clone();
    let ask = scripts.insert("orders", vec![row], || unreachable!())?;
    let work = move |tx: &scriptorium_store::tenant_data::ScriptTx<'_>| {
        tx.ask(&ask, BOUNDS)?;
        tx.keep_entries(batch)
    };
    scripts
        .transaction(ctx, CancellationToken::new(), work)
        .await
}

async fn orders(data: &TenantData, ctx: &Ctx) -> Vec<String> {
    let rows = data.query(ctx, "select id from orders order by id", Vec::new());
    let rows = rows.await.unwrap();
    let ids = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned());
    ids.collect()
}

async fn entry(store: &Store, ctx: &Ctx, key: &str) -> Option<String> {
    let entry = store.get_entry(ctx, key).await.unwrap();
    entry.map(|entry| entry.value.as_str().to_owned())
}

fn code(refused: Result<(), Error>) -> &'static str {
    match refused {
        Err(Error::Invalid(invalid)) => invalid.errors[0].code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn entries_are_kept_with_the_rows_or_not_at_all(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, data) = with_counters(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let set = async |key: &str, value: &str| {
        let value = Json::parse(value).unwrap();
        store.set_entry(ctx, key, value, None).await.unwrap();
    };
    let theirs = Json::parse("\"CANARY\"").unwrap();
    store
        .set_entry(&world.other, "n", theirs, None)
        .await
        .unwrap();
    set("gone", "true").await;
    let first = batch(
        &[("n", None), ("gone", Some("true"))],
        &[("n", Some("1")), ("gone", None)],
    );
    order(&data, ctx, "a", first.clone()).await.unwrap();
    assert_eq!(entry(store, ctx, "n").await.as_deref(), Some("1"));
    assert_eq!(entry(store, ctx, "gone").await, None);

    // What was read is not so any more: neither row nor entry.
    assert_eq!(code(order(&data, ctx, "b", first).await), "changed");
    let stale = batch(&[("n", Some("0"))], &[("n", Some("5")), ("new", Some("5"))]);
    assert_eq!(code(order(&data, ctx, "b", stale).await), "changed");
    // It is enough to have read it.
    let read = batch(&[("n", Some("2"))], &[]);
    assert_eq!(code(order(&data, ctx, "b", read).await), "changed");
    // A row that is refused takes the entries with it.
    let again = order(&data, ctx, "a", batch(&[], &[("n", Some("9"))])).await;
    assert!(matches!(again, Err(Error::Conflict { .. })));
    assert_eq!(orders(&data, ctx).await, ["a"]);
    assert_eq!(entry(store, ctx, "n").await.as_deref(), Some("1"));
    assert_eq!(entry(store, ctx, "new").await, None);

    // An entry whose time is over is none.
    let soon = Kept {
        value: Json::parse("1").unwrap(),
        expires_at: Some(world.now() + std::time::Duration::from_secs(1)),
    };
    let mut short = Batch::default();
    short.written.insert("short".into(), Some(soon));
    order(&data, ctx, "b", short).await.unwrap();
    assert_eq!(entry(store, ctx, "short").await.as_deref(), Some("1"));
    world.advance(std::time::Duration::from_secs(2));
    order(
        &data,
        ctx,
        "c",
        batch(&[("short", None)], &[("n", Some("2"))]),
    )
    .await
    .unwrap();
    // And others go on where it left off.
    let add = Change::Add {
        delta: 1.0,
        expires_at: None,
    };
    let changed = store.change_entry(ctx, "n", add).await.unwrap();
    assert_eq!(changed.value.unwrap().as_str(), "3");
    assert_eq!(
        entry(store, &world.other, "n").await.as_deref(),
        Some("\"CANARY\"")
    );
    assert_eq!(orders(&data, ctx).await, ["a", "b", "c"]);
}

/// A host without tables has no rows to keep them with: several entries at once, all or none.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn entries_are_kept_together_without_tables(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = world.store.tenant_data(TenantSchema::default()).unwrap();
    world.store.make_tables(&data).await.unwrap();
    let (store, ctx) = (&world.store, &world.ctx);
    let keep = async |batch: Batch| {
        let scripts = data.for_scripts();
        let work = move |tx: &scriptorium_store::tenant_data::ScriptTx<'_>| tx.keep_entries(batch);
        scripts
            .transaction(ctx, CancellationToken::new(), work)
            .await
    };
    keep(batch(
        &[("a", None)],
        &[("a", Some("\"a\\u0000\"")), ("b", Some("2"))],
    ))
    .await
    .unwrap();
    assert_eq!(
        entry(store, ctx, "a").await.as_deref(),
        Some("\"a\\u0000\"")
    );
    let stale = batch(&[("b", Some("1"))], &[("a", None), ("b", Some("3"))]);
    assert_eq!(code(keep(stale).await), "changed");
    let moved = batch(&[("b", Some("2"))], &[("a", None), ("b", Some("3"))]);
    keep(moved).await.unwrap();
    assert_eq!(entry(store, ctx, "a").await, None);
    assert_eq!(entry(store, ctx, "b").await.as_deref(), Some("3"));
    assert_eq!(entry(store, &world.other, "b").await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_keeps_to_the_quota(#[values(Sqlite, Postgres)] database: Database) {
    let quota = Quota {
        entries: 3,
        bytes: 40,
    };
    let world = World::with_tables(database).await;
    let world = world
        .reopen_with(|options| options.storage_quota = quota)
        .await;
    let data = counters(&world.store);
    world.store.make_tables(&data).await.unwrap();
    let (store, ctx) = (&world.store, &world.ctx);
    let three = [("a", Some("1")), ("b", Some("2")), ("c", Some("3"))];
    order(&data, ctx, "1", batch(&[], &three)).await.unwrap();
    assert_eq!(
        code(order(&data, ctx, "2", batch(&[], &[("d", Some("4"))])).await),
        "quota"
    );
    // One for another is as many.
    let moved = batch(&[], &[("c", None), ("d", Some("4"))]);
    order(&data, ctx, "2", moved).await.unwrap();
    let large = format!("\"{}\"", "x".repeat(40));
    assert_eq!(
        code(order(&data, ctx, "3", batch(&[], &[("a", Some(&large))])).await),
        "quota"
    );
    assert_eq!(orders(&data, ctx).await, ["1", "2"]);
    let keys = store.list_entries(ctx, "", None, 10).await.unwrap();
    let keys: Vec<&str> = keys.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "d"]);
}

/// A counter that transactions and others add to at the same time.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_changes_entries_while_a_transaction_ends(
    #[values(Sqlite, Postgres)] database: Database,
) {
    const EACH: usize = 30;
    let (world, data) = with_counters(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let within = async |writer: usize| {
        let mut conflicts = 0;
        for number in 0..EACH {
            loop {
                let there = entry(store, ctx, "n").await;
                let sum = there.as_deref().map_or(0, |n| n.parse::<i64>().unwrap()) + 1;
                let sum = sum.to_string();
                let batch = batch(&[("n", there.as_deref())], &[("n", Some(&sum))]);
                match order(&data, ctx, &format!("{writer}-{number}"), batch).await {
                    Ok(()) => break,
                    refused => assert_eq!(code(refused), "changed"),
                }
                conflicts += 1;
            }
        }
        conflicts
    };
    let alone = async || {
        for _ in 0..EACH {
            let add = Change::Add {
                delta: 1.0,
                expires_at: None,
            };
            assert!(store.change_entry(ctx, "n", add).await.unwrap().done);
        }
    };
    let (one, two, (), ()) = tokio::join!(within(1), within(2), alone(), alone());
    assert_eq!(entry(store, ctx, "n").await.as_deref(), Some("120"));
    assert_eq!(orders(&data, ctx).await.len(), 2 * EACH);
    assert!(one + two > 0, "they never met");
}

/// The process ended after the commit in the tenant's file, and before the platform had the entries.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_is_handed_over_once() {
    let (world, data) = with_counters(Sqlite).await;
    order(&data, &world.ctx, "a", batch(&[], &[("n", Some("1"))]))
        .await
        .unwrap();
    drop(data);
    world.store.close().await;
    let platform = ["", "-wal"].map(|ending| world.path().join(format!("scriptorium.db{ending}")));
    let before = platform.each_ref().map(|path| std::fs::read(path).ok());

    let world = world.reopen().await;
    let data = counters(&world.store);
    let second = batch(&[("n", Some("1"))], &[("n", Some("2")), ("m", Some("2"))]);
    order(&data, &world.ctx, "b", second).await.unwrap();
    drop(data);
    world.store.close().await;
    for (path, before) in platform.iter().zip(before) {
        match before {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => drop(std::fs::remove_file(path)),
        }
    }
    let tenant = world.ctx.tenant;
    let mark = world.path().join(format!("tenants/{tenant}.outbox"));
    assert!(mark.exists(), "who starts has nothing to look at");

    let world = world.reopen().await;
    let data = counters(&world.store);
    // Whoever comes first finds it, reading or writing.
    let add = Change::Add {
        delta: 1.0,
        expires_at: None,
    };
    let changed = world
        .store
        .change_entry(&world.ctx, "n", add)
        .await
        .unwrap();
    assert_eq!(changed.value.unwrap().as_str(), "3");
    assert_eq!(
        entry(&world.store, &world.ctx, "m").await.as_deref(),
        Some("2")
    );
    assert_eq!(orders(&data, &world.ctx).await, ["a", "b"]);

    // It was handed over, and nobody does it again.
    drop(data);
    let world = world.reopen().await;
    assert!(mark.exists());
    let data = counters(&world.store);
    assert_eq!(
        entry(&world.store, &world.ctx, "n").await.as_deref(),
        Some("3")
    );
    world.store.relay_outboxes(&data).await.unwrap();
    assert!(!mark.exists(), "nothing waits");
    assert_eq!(
        entry(&world.store, &world.ctx, "n").await.as_deref(),
        Some("3")
    );
}

/// A file of a tenant that is gone, or was made anew, hands over what comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_made_anew_hands_over() {
    let (world, data) = with_counters(Sqlite).await;
    let ctx = &world.ctx;
    for number in ["1", "2", "3"] {
        order(&data, ctx, number, batch(&[], &[("n", Some(number))]))
            .await
            .unwrap();
    }
    data.remove(ctx).await.unwrap();
    order(
        &data,
        ctx,
        "1",
        batch(&[("n", Some("3"))], &[("n", Some("4"))]),
    )
    .await
    .unwrap();
    assert_eq!(entry(&world.store, ctx, "n").await.as_deref(), Some("4"));
}

const CHILD_DIR: &str = "SCRIPTORIUM_STORE_ENTRIES_DIR";

/// Orders that a counter in storage numbers: the next row, and the number after it.
async fn numbered(store: &Store, data: &TenantData, ctx: &Ctx) -> Result<String, Error> {
    let there = entry(store, ctx, "next").await;
    let id = there.clone().unwrap_or_else(|| "0".into());
    let next = (id.parse::<u64>().unwrap() + 1).to_string();
    let batch = batch(&[("next", there.as_deref())], &[("next", Some(&next))]);
    order(data, ctx, &format!("{id:0>6}"), batch)
        .await
        .map(|()| id)
}

/// A process that numbers rows by a counter in storage is killed again and again: no number is missing and none is
/// there twice.
#[tokio::test(flavor = "multi_thread")]
async fn rows_and_entries_are_the_same_after_kill_9() {
    let (mut world, data) = with_counters(Sqlite).await;
    drop(data);
    for round in 0..6 {
        world.store.close().await;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "storage_in_transactions::child_that_numbers",
                "--nocapture",
            ])
            .env(CHILD_DIR, world.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines
            .map(Result::unwrap)
            .filter(|line| line.starts_with("numbered "));
        let enough = [1, 10, 60][round % 3];
        assert_eq!(said.take(enough).count(), enough);
        child.kill().unwrap();
        child.wait().unwrap();
        world = world.reopen().await;
        let data = counters(&world.store);
        let next = entry(&world.store, &world.ctx, "next").await.unwrap();
        let expected: Vec<String> = (0..next.parse().unwrap())
            .map(|n: u64| format!("{n:0>6}"))
            .collect();
        assert_eq!(orders(&data, &world.ctx).await, expected, "round {round}");
    }
}

/// The child: numbers in two tasks until it is killed, while what waits is relayed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_numbers() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let (_clock, ambient) = ambient(u64::from(std::process::id()));
    let store = open(Path::new(&dir), &ambient).await;
    let tenant = store.find_tenant_by_slug("acme").await.unwrap().unwrap();
    let ctx = Ctx::platform(tenant.id);
    let data = counters(&store);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(
        store
            .clone()
            .keep_relayed(data.clone(), CancellationToken::new()),
    );
    for _ in 0..2 {
        let (store, data, ctx) = (store.clone(), data.clone(), ctx.clone());
        tasks.spawn(async move {
            loop {
                match numbered(&store, &data, &ctx).await {
                    Ok(id) => println!("numbered {id}"),
                    // The other was faster: the row is there, or the counter went on.
                    Err(Error::Conflict { .. }) => {}
                    refused => assert_eq!(code(refused.map(drop)), "changed"),
                }
            }
        });
    }
    tasks.join_all().await;
}
