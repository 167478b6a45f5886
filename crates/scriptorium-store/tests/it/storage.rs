//! Storage entries, templates and events.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::event::Event;
use scriptorium_model::page::PageRequest;
use scriptorium_model::storage::{Change, Quota};
use scriptorium_model::{Ctx, Json};
use scriptorium_store::Error;
use scriptorium_store::events::EventFilter;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing};

#[rstest]
#[tokio::test]
async fn an_entry_is_there_until_it_is_replaced_deleted_or_expired(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let get = async |key: &str| {
        let entry = store.get_entry(ctx, key).await.unwrap();
        entry.map(|entry| entry.value.as_str().to_owned())
    };
    for value in ["1", r#"{"два":2}"#] {
        let set = store.set_entry(ctx, "k", json(value), None).await.unwrap();
        assert_eq!(store.get_entry(ctx, "k").await.unwrap(), Some(set));
    }
    assert_eq!(get("k").await.as_deref(), Some(r#"{"два":2}"#));
    assert!(store.delete_entry(ctx, "k").await.unwrap());
    assert!(!store.delete_entry(ctx, "k").await.unwrap());
    assert_eq!(get("k").await, None);

    let end = world.now() + Duration::from_secs(10);
    for key in ["a", "b"] {
        store
            .set_entry(ctx, key, json("1"), Some(end))
            .await
            .unwrap();
    }
    let theirs = store.set_entry(&world.other, "a", json("1"), Some(end));
    theirs.await.unwrap();
    world.advance(Duration::from_micros(9_999_999));
    assert_eq!(get("a").await.as_deref(), Some("1"));
    world.advance(Duration::from_micros(1));
    assert_eq!(get("a").await, None, "expired reads as missing");
    assert!(!store.delete_entry(ctx, "a").await.unwrap());
    assert_eq!(store.purge_expired().await.unwrap(), 3);
    store.set_entry(ctx, "a", json("2"), None).await.unwrap();
    assert_eq!(get("a").await.as_deref(), Some("2"));
}

#[rstest]
#[tokio::test]
async fn writes_of_a_key_happen_in_the_order_they_were_made(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    for round in 0..20 {
        let key = format!("k{round}");
        let (_, deleted, _) = tokio::join!(
            store.set_entry(ctx, &key, json("1"), None),
            store.delete_entry(ctx, &key),
            store.set_entry(ctx, &key, json("3"), None),
        );
        assert!(deleted.unwrap());
        let entry = store.get_entry(ctx, &key).await.unwrap().unwrap();
        assert_eq!(entry.value.as_str(), "3");
    }
}

#[rstest]
#[tokio::test]
async fn bad_keys_and_large_values_are_refused_by_field(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let large = format!("\"{}\"", "x".repeat(256 << 10));
    for (key, value, field) in [
        ("", "1", "key"),
        ("a\nb", "1", "key"),
        ("k", large.as_str(), "value"),
    ] {
        let set = world.store.set_entry(&world.ctx, key, json(value), None);
        match set.await {
            Err(Error::Invalid(invalid)) => assert_eq!(invalid.errors[0].field, field),
            other => panic!("expected {field} to be refused, got {other:?}"),
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_template_is_written_replaced_listed_and_deleted(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    store.put_template(ctx, "b", "old").await.unwrap();
    world.advance(Duration::from_secs(1));
    let b = store.put_template(ctx, "b", "new").await.unwrap();
    let a = store
        .put_template(ctx, "a", "Hello {{ name }}")
        .await
        .unwrap();
    assert_eq!(
        store.find_template(ctx, "b").await.unwrap().as_ref(),
        Some(&b)
    );
    assert_eq!(store.list_templates(ctx).await.unwrap(), [a, b]);
    assert!(store.delete_template(ctx, "b").await.unwrap());
    assert!(!store.delete_template(ctx, "b").await.unwrap());
    assert_eq!(store.find_template(ctx, "b").await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn an_event_is_recorded_once_and_listed_by_type(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let paid = event(&world, ctx, "order.paid");
    assert!(store.insert_event(ctx, paid.clone()).await.unwrap());
    assert!(!store.insert_event(ctx, paid.clone()).await.unwrap());
    world.advance(Duration::from_secs(1));
    let created = event(&world, ctx, "order.created");
    store.insert_event(ctx, created.clone()).await.unwrap();

    assert_eq!(store.find_event(ctx, paid.id).await.unwrap(), paid);
    let page = PageRequest::first();
    let all = store.list_events(ctx, &EventFilter::default(), &page).await;
    assert_eq!(all.unwrap().items, [created, paid.clone()]);
    let filter = EventFilter {
        kind: Some("order.paid".into()),
    };
    let some = store.list_events(ctx, &filter, &page).await;
    assert_eq!(some.unwrap().items, [paid]);
    assert_missing(store.find_event(ctx, world.ambient.new_id()).await);
}

fn event(world: &World, ctx: &Ctx, kind: &str) -> Event {
    Event {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        kind: kind.into(),
        payload: json(r#"{"sum":10}"#),
        script: None,
        execution: None,
        lineage: Vec::new(),
        key: None,
        created_at: world.now(),
    }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[rstest]
#[tokio::test]
async fn changes_are_decided_where_they_are_written(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let replace = |expected: Option<&str>, value: Option<&str>| Change::Replace {
        expected: expected.map(json),
        value: value.map(json),
        expires_at: None,
    };
    for (change, done, value) in [
        (replace(Some("1"), Some("2")), false, None),
        (
            replace(None, Some(r#"{"a":1,"b":2}"#)),
            true,
            Some(r#"{"a":1,"b":2}"#),
        ),
        (replace(None, Some("3")), false, Some(r#"{"a":1,"b":2}"#)),
        (
            replace(Some(r#"{"b":2.0,"a":1}"#), Some("5")),
            true,
            Some("5"),
        ),
        (replace(Some("5"), None), true, None),
        (replace(None, None), true, None),
        (Change::Expire(None), false, None),
    ] {
        let changed = store.change_entry(ctx, "k", change.clone()).await.unwrap();
        assert_eq!(changed.done, done, "{change:?}");
        assert_eq!(changed.value, value.map(json), "{change:?}");
        let there = store.get_entry(ctx, "k").await.unwrap();
        assert_eq!(
            there.map(|entry| entry.value),
            value.map(json),
            "{change:?}"
        );
    }
    let add = |delta: f64| Change::Add {
        delta,
        expires_at: Some(world.now() + Duration::from_secs(10)),
    };
    // A hundred at once, and none is lost.
    let adding = (0..100).map(|_| store.change_entry(ctx, "n", add(1.0)));
    let added = futures_util::future::join_all(adding).await;
    assert!(added.iter().all(Result::is_ok));
    assert!(
        added
            .iter()
            .any(|c| c.as_ref().unwrap().value == Some(json("100")))
    );
    let half = store.change_entry(ctx, "n", add(0.5)).await.unwrap();
    assert_eq!(half.value, Some(json("100.5")));
    world.advance(Duration::from_secs(10));
    let again = store.change_entry(ctx, "n", add(1.0)).await.unwrap();
    assert_eq!(again.value, Some(json("1")), "it had expired");
    store
        .set_entry(ctx, "t", json("\"x\""), None)
        .await
        .unwrap();
    let refused = store.change_entry(ctx, "t", add(1.0)).await;
    assert_refused(refused, "not_a_number");
    // Another tenant's is another.
    let theirs = store
        .change_entry(&world.other, "t", add(1.0))
        .await
        .unwrap();
    assert_eq!(theirs.value, Some(json("1")));
}

#[rstest]
#[tokio::test]
async fn lists_go_by_prefix_and_page(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let end = world.now() + Duration::from_secs(1);
    for key in ["a", "b/1", "b/2", "b/3", "b/ü", "c", "B/1", "b%", "b_"] {
        store.set_entry(ctx, key, json("1"), None).await.unwrap();
        store
            .set_entry(&world.other, key, json("2"), None)
            .await
            .unwrap();
    }
    store
        .set_entry(ctx, "b/0", json("1"), Some(end))
        .await
        .unwrap();
    world.advance(Duration::from_secs(1));
    for (prefix, after, limit, expected) in [
        ("b/", None, 10, &["b/1", "b/2", "b/3", "b/ü"][..]),
        ("b/", None, 2, &["b/1", "b/2"]),
        ("b/", Some("b/2"), 10, &["b/3", "b/ü"]),
        ("b/", Some("b/ü"), 10, &[]),
        ("b/", Some("zzz"), 10, &[]),
        ("b/", Some("a"), 1, &["b/1"]),
        ("b%", None, 10, &["b%"]),
        ("", None, 3, &["B/1", "a", "b%"]),
        ("zzz", None, 10, &[]),
    ] {
        let found = store.list_entries(ctx, prefix, after, limit).await.unwrap();
        let keys: Vec<&str> = found.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, expected, "{prefix} {after:?} {limit}");
        assert!(found.iter().all(|entry| entry.value == json("1")));
    }
    // As many bytes as there may be, and the first however large it is.
    let large = json(&format!("\"{}\"", "x".repeat(250 << 10)));
    for index in 0..10 {
        let key = format!("large/{index}");
        store
            .set_entry(ctx, &key, large.clone(), None)
            .await
            .unwrap();
    }
    let found = store.list_entries(ctx, "large/", None, 10).await.unwrap();
    assert_eq!(found.len(), 8);
}

#[rstest]
#[tokio::test]
async fn a_tenant_has_a_quota_of_entries_and_bytes(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let world = world
        .reopen_with(|options| {
            options.storage_quota = Quota {
                entries: 5,
                bytes: 100,
            }
        })
        .await;
    let (store, ctx) = (&world.store, &world.ctx);
    let set = async |key: &str, bytes: usize| {
        // Two quotes are part of it.
        let value = json(&format!("\"{}\"", "x".repeat(bytes - key.len() - 2)));
        store.set_entry(ctx, key, value, None).await
    };
    for key in ["a", "b", "c", "d"] {
        set(key, 20).await.unwrap();
    }
    assert_refused(set("e", 21).await, "quota");
    set("e", 20).await.unwrap();
    assert_refused(set("f", 10).await, "quota");
    assert_refused(set("a", 21).await, "quota");
    // What is no larger may always be written, and what is gone makes room.
    set("a", 20).await.unwrap();
    set("a", 10).await.unwrap();
    assert!(store.delete_entry(ctx, "b").await.unwrap());
    set("f", 25).await.unwrap();
    let add = Change::Add {
        delta: 1.0,
        expires_at: None,
    };
    assert_refused(store.change_entry(ctx, "g", add).await, "quota");
    // Expired entries make room before maintenance has come by.
    assert!(store.delete_entry(ctx, "c").await.unwrap());
    let end = Some(world.now() + Duration::from_secs(1));
    store.set_entry(ctx, "g", json("1"), end).await.unwrap();
    assert_refused(set("h", 10).await, "quota");
    world.advance(Duration::from_secs(1));
    set("h", 10).await.unwrap();
    // Nobody else is held to what this tenant has.
    let theirs = store.set_entry(&world.other, "a", json("1"), None);
    theirs.await.unwrap();
    // Many at once are no way around it.
    for key in ["a", "d", "e", "f", "h"] {
        store.delete_entry(ctx, key).await.unwrap();
    }
    let many = (0..50).map(|index| {
        let key = format!("m{index}");
        async move { store.set_entry(ctx, &key, json("1"), None).await }
    });
    let many = futures_util::future::join_all(many).await;
    assert_eq!(many.iter().filter(|set| set.is_ok()).count(), 5);
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, code: &str) {
    match result {
        Err(Error::Invalid(invalid)) => assert_eq!(invalid.errors[0].code, code),
        other => panic!("expected {code}, got {other:?}"),
    }
}
