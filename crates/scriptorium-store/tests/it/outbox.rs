//! Events that a host publishes in the transaction of its own rows (D6): both or neither, once, also when the
//! process is killed between the commit and the relay.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rstest::rstest;
use scriptorium_model::delivery::MAX_DEPTH;
use scriptorium_model::page::PageRequest;
use scriptorium_model::trigger::{Subscription, Trigger};
use scriptorium_model::{Ctx, EventId};
use scriptorium_store::events::EventFilter;
use scriptorium_store::tenant_data::{ColumnType, Outgoing, Table, TenantData, TenantSchema};
use scriptorium_store::{Error, Store};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, ambient, definition, open};

fn orders(store: &Store) -> TenantData {
    let table = Table::new("orders")
        .column("id", ColumnType::Text)
        .column("number", ColumnType::Integer)
        .key(["id"]);
    let schema = TenantSchema {
        tables: vec![table],
    };
    store.tenant_data(schema).unwrap()
}

async fn with_orders(database: Database) -> (World, TenantData) {
    let world = World::with_tables(database).await;
    let data = orders(&world.store);
    world.store.make_tables(&data).await.unwrap();
    (world, data)
}

/// Stores an order and publishes it, in one transaction.
async fn order(data: &TenantData, ctx: &Ctx, number: u64) -> Result<EventId, Error> {
    let stored = data.transaction(ctx, move |tx| {
        let row = [json!(format!("o{number}")), json!(number)];
        tx.execute("insert into orders (id, number) values ($1, $2)", &row)?;
        tx.publish("order.created", &json!({ "number": number }))
    });
    stored.await
}

/// The numbers in the events, in the order in which they were recorded.
async fn published(store: &Store, ctx: &Ctx) -> Vec<u64> {
    let mut found = Vec::new();
    let mut page = PageRequest::new(Some(200), None).unwrap();
    let filter = EventFilter {
        kind: Some("order.created".into()),
    };
    loop {
        let part = store.list_events(ctx, &filter, &page).await.unwrap();
        let numbers = part.items.iter().map(|event| event.payload.to_value());
        found.extend(numbers.map(|payload| payload["number"].as_u64().unwrap()));
        match part.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => return found,
        }
    }
}

async fn stored(data: &TenantData, ctx: &Ctx) -> Vec<u64> {
    let rows = data.query(ctx, "select number from orders order by number", Vec::new());
    let rows = rows.await.unwrap();
    rows.iter()
        .map(|row| row["number"].as_u64().unwrap())
        .collect()
}

#[rstest]
#[tokio::test]
async fn an_event_is_kept_with_the_rows_or_not_at_all(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (world, data) = with_orders(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let subscription = Trigger::Event(Subscription::to(["order.created"]));
    world.active(ctx, definition("mine", subscription)).await;
    world.dispatch().await;

    let id = order(&data, ctx, 1).await.unwrap();
    let refused = order(&data, ctx, 1).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "the key is taken"
    );
    let undone = data.transaction(ctx, |tx| {
        tx.publish("order.created", &json!({ "number": 2 }))?;
        tx.execute("insert into orders (id, number) values ('o2', 2)", &[])?;
        Err::<(), _>(Error::NotFound)
    });
    assert!(matches!(undone.await, Err(Error::NotFound)));
    // What is refused is undone alone.
    let went_on = data.transaction(ctx, |tx| {
        tx.publish("order.created", &json!({ "number": 3 }))?;
        tx.execute("insert into nothing values (1)", &[])
            .unwrap_err();
        tx.publish("jsruntime.order", &json!({})).unwrap_err();
        tx.execute("insert into orders (id, number) values ('o3', 3)", &[])
    });
    went_on.await.unwrap();
    store.relay_outboxes(&data).await.unwrap();
    let mut found = published(store, ctx).await;
    found.sort_unstable();
    assert_eq!((found, stored(&data, ctx).await), (vec![1, 3], vec![1, 3]));
    assert_eq!(published(store, &world.other).await, [0; 0]);
    let event = store.find_event(ctx, id).await.unwrap();
    assert_eq!((event.script, event.lineage.len()), (None, 0));
    assert_eq!(world.dispatch().await.executions, 2);
    assert_eq!(store.relay_outboxes(&data).await.unwrap(), 0);
}

#[rstest]
#[tokio::test]
async fn a_publisher_gives_key_and_id(#[values(Sqlite, Postgres)] database: Database) {
    let (world, data) = with_orders(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let id: EventId = world.ambient.new_id();
    for number in [1, 2] {
        let published = data.transaction(ctx, move |tx| {
            let payload = json!({ "number": number, "text": "a\0b" });
            let event = Outgoing::new("order.created", &payload)?.keyed("o1");
            tx.publish_event(Outgoing {
                id: Some(id),
                ..event
            })
        });
        assert_eq!(published.await.unwrap(), id);
        store.relay_outboxes(&data).await.unwrap();
    }
    let event = store.find_event(ctx, id).await.unwrap();
    assert_eq!(event.key.as_deref(), Some("o1"));
    assert_eq!(event.payload.to_value()["number"], 1, "the first counts");
    assert_eq!(event.created_at, world.now());
}

#[rstest]
#[tokio::test]
async fn what_no_event_may_be_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let (world, data) = with_orders(database).await;
    let large = "x".repeat(256 << 10);
    for (field, kind, payload, key) in [
        ("type", "order", "x", None),
        ("type", "jsruntime.order.created", "x", None),
        ("type", "scriptorium.order.created", "x", None),
        ("payload", "order.created", large.as_str(), None),
        ("key", "order.created", "x", Some("")),
        ("key", "order.created", "x", Some(large.as_str())),
    ] {
        let (kind, payload) = (kind.to_owned(), json!(payload));
        let key = key.map(str::to_owned);
        let refused = data.transaction(&world.ctx, move |tx| {
            let mut event = Outgoing::new(&kind, &payload)?;
            event.key = key;
            tx.publish_event(event)
        });
        let Err(Error::Invalid(invalid)) = refused.await else {
            panic!("{field} was taken")
        };
        assert_eq!(invalid.errors[0].field, field);
    }
    let script = world.ambient.new_id();
    let steps = vec!["order.created → mine".to_owned(); MAX_DEPTH + 1];
    let looping = data.on_behalf(script, world.ambient.new_id(), steps);
    let refused = order(&looping, &world.ctx, 1).await;
    assert!(
        matches!(refused, Err(Error::Invalid(invalid)) if invalid.errors[0].code == "event_loop")
    );
    let steps = vec!["order.created → mine".to_owned()];
    let called = data.on_behalf(script, world.ambient.new_id(), steps.clone());
    let id = order(&called, &world.ctx, 2).await.unwrap();
    world.store.relay_outboxes(&data).await.unwrap();
    let event = world.store.find_event(&world.ctx, id).await.unwrap();
    assert_eq!((event.script, event.lineage), (Some(script), steps));
}

#[rstest]
#[tokio::test]
async fn statements_reach_no_outbox(#[values(Sqlite, Postgres)] database: Database) {
    let (world, data) = with_orders(database).await;
    let ctx = &world.ctx;
    order(&data, ctx, 1).await.unwrap();
    let id = "00000000-0000-0000-0000-000000000001";
    let call = format!(
        "select scriptorium_data.publish('{id}', 'jsruntime.x', '1', null, null, null, null, 1)"
    );
    for text in [
        "select * from _outbox",
        "delete from _outbox",
        "update _outbox set kind = 'jsruntime.x'",
        "insert into _outbox (id, kind, payload, key, script, execution, lineage, created_at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (id) do nothing",
        "select position, id, kind, payload, key, script, execution, lineage, created_at \
         from _outbox order by position limit ?1",
        "drop table _outbox",
        "select * from _entries",
        "insert into _entries (key, number, value, expires_at) values (?1, ?2, ?3, ?4)",
        "select number, key, value, expires_at from _entries",
        "select scriptorium_data.keep_entries('[]', '[[\"k\", \"1\", null]]', 1, 9, 9)",
        "with gone as (delete from _outbox returning id) select * from gone",
        "set local app.publishes = 'on'",
        "select set_config('app.publishes', 'on', true)",
        call.as_str(),
    ] {
        let text = text.to_owned();
        let inside = text.clone();
        let refused = data.query(ctx, &text, Vec::new()).await;
        assert!(
            matches!(refused, Err(Error::Invalid(_))),
            "{text}: {refused:?}"
        );
        // Also after the transaction has published something itself.
        let refused = data.transaction(ctx, move |tx| {
            tx.publish("order.created", &json!({ "number": 7 }))?;
            Ok(tx.query(&inside, &[]).is_err())
        });
        assert!(refused.await.unwrap(), "{text}");
    }
    world.store.relay_outboxes(&data).await.unwrap();
    let (filter, page) = (EventFilter::default(), PageRequest::first());
    let kinds = world.store.list_events(ctx, &filter, &page).await;
    let kinds = kinds.unwrap().items;
    assert!(kinds.iter().all(|event| event.kind != "jsruntime.x"));
    let bad = TenantSchema {
        tables: vec![
            Table::new("_outbox")
                .column("id", ColumnType::Text)
                .key(["id"]),
        ],
    };
    assert!(world.store.tenant_data(bad).is_err());
}

#[tokio::test]
async fn what_was_not_relayed_is_by_the_next_process_and_once() {
    let (world, data) = with_orders(Sqlite).await;
    order(&data, &world.ctx, 1).await.unwrap();
    drop(data);
    let world = world.reopen().await;
    assert_eq!(published(&world.store, &world.ctx).await, [0; 0]);
    let data = orders(&world.store);
    assert_eq!(world.store.relay_outboxes(&data).await.unwrap(), 1);
    assert_eq!(published(&world.store, &world.ctx).await, [1]);

    // A process that ended after the platform had the event, and before the file had forgotten it.
    order(&data, &world.ctx, 2).await.unwrap();
    drop(data);
    let world = world.reopen().await;
    let folder = world.path().join("tenants");
    let kept = world.path().join("kept");
    copy(&folder, &kept);
    let data = orders(&world.store);
    assert_eq!(world.store.relay_outboxes(&data).await.unwrap(), 1);
    drop(data);
    let world = world.reopen().await;
    std::fs::remove_dir_all(&folder).unwrap();
    copy(&kept, &folder);
    let data = orders(&world.store);
    assert_eq!(world.store.relay_outboxes(&data).await.unwrap(), 1);
    let mut found = published(&world.store, &world.ctx).await;
    found.sort_unstable();
    assert_eq!(found, [1, 2]);
    // Nothing is looked for any more.
    drop(data);
    let world = world.reopen().await;
    assert_eq!(
        world
            .store
            .relay_outboxes(&orders(&world.store))
            .await
            .unwrap(),
        0
    );
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_tenant_that_is_gone_gets_no_file_again() {
    let (world, data) = with_orders(Sqlite).await;
    order(&data, &world.ctx, 1).await.unwrap();
    data.remove(&world.ctx).await.unwrap();
    assert_eq!(world.store.relay_outboxes(&data).await.unwrap(), 0);
    let left = std::fs::read_dir(world.path().join("tenants")).unwrap();
    assert_eq!(left.count(), 0);
}

const CHILD_DIR: &str = "SCRIPTORIUM_STORE_OUTBOX_DIR";

/// A process that stores and publishes is killed again and again: rows and events are the same in the end, and
/// hold what was acknowledged.
#[tokio::test]
async fn rows_and_events_are_the_same_after_kill_9() {
    let (world, data) = with_orders(Sqlite).await;
    drop(data);
    let mut world = world;
    let mut acknowledged = BTreeSet::new();
    for round in 0..6 {
        world.store.close().await;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "outbox::child_that_publishes", "--nocapture"])
            .env(CHILD_DIR, world.path())
            .env("SCRIPTORIUM_STORE_OUTBOX_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = [1, 10, 150][round % 3];
        let number = |line: String| line.strip_prefix("stored ")?.parse::<u64>().ok();
        let said = lines.by_ref().map(Result::unwrap).filter_map(number);
        acknowledged.extend(said.take(enough));
        child.kill().unwrap();
        child.wait().unwrap();
        world = world.reopen().await;
        let data = orders(&world.store);
        world.store.relay_outboxes(&data).await.unwrap();
        let rows = stored(&data, &world.ctx).await;
        let mut events = published(&world.store, &world.ctx).await;
        events.sort_unstable();
        assert_eq!(events, rows, "round {round}");
        let rows: BTreeSet<u64> = rows.into_iter().collect();
        assert!(acknowledged.is_subset(&rows), "round {round}");
    }
    assert!(acknowledged.len() >= 300);
}

/// The child: stores and publishes in several tasks, and relays, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_publishes() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let round = std::env::var("SCRIPTORIUM_STORE_OUTBOX_ROUND").unwrap();
    let round: u64 = round.parse().unwrap();
    // Another seed than any other process on this database: ids must not repeat.
    let (_clock, ambient) = ambient(9_000 + round);
    let store = open(std::path::Path::new(&dir), &ambient).await;
    let tenant = store.find_tenant_by_slug("acme").await.unwrap().unwrap();
    let ctx = Ctx::platform(tenant.id);
    let data = orders(&store);
    let relaying = store
        .clone()
        .keep_relayed(data.clone(), CancellationToken::new());
    let mut relay = tokio::task::JoinSet::new();
    relay.spawn(relaying);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let (data, ctx) = (data.clone(), ctx.clone());
        writers.spawn(async move {
            for count in 0..10_000 {
                let number = round * 1_000_000 + writer * 100_000 + count;
                order(&data, &ctx, number).await.unwrap();
                println!("stored {number}");
            }
        });
    }
    writers.join_all().await;
}
