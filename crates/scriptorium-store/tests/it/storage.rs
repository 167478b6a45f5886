//! Storage entries, templates and events.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::event::Event;
use scriptorium_model::page::PageRequest;
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
