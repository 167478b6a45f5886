//! Secrets: what goes in, what comes out and for whom, what the database holds.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::outgoing::{OutgoingCredential, OutgoingHeader, OutgoingRules};
use scriptorium_model::secret::{SECRETS, SecretChange};
use scriptorium_model::{Ctx, ScriptId, Uuid};
use scriptorium_store::{Error, Store};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::World;

fn script(number: u128) -> ScriptId {
    ScriptId(Uuid::from_u128(number))
}

fn value(value: &str) -> SecretChange {
    SecretChange {
        value: Some(value.to_owned()),
        ..SecretChange::default()
    }
}

async fn open(
    store: &Store,
    ctx: &Ctx,
    name: &str,
    trial: bool,
) -> Option<(String, Option<String>)> {
    match store.open_secret(ctx, name, script(1), trial).await {
        Ok(opened) => Some((opened.value, opened.previous)),
        Err(Error::NotFound) => None,
        Err(error) => panic!("{error}"),
    }
}

#[rstest]
#[tokio::test]
async fn a_secret_is_written_and_given_to_scripts(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    assert_eq!(open(store, ctx, "key", false).await, None);
    let made = store
        .put_secret(ctx, "key", &value("first value"))
        .await
        .unwrap();
    assert_eq!(store.list_secrets(ctx).await.unwrap(), [made]);
    assert_eq!(
        open(store, ctx, "key", false).await,
        Some(("first value".into(), None))
    );
    // Trials have a value of their own, or none.
    assert_eq!(open(store, ctx, "key", true).await, None);
    let test = SecretChange {
        test_value: Some(Some("for trials".into())),
        ..SecretChange::default()
    };
    assert!(
        store
            .put_secret(ctx, "key", &test)
            .await
            .unwrap()
            .has_test_value
    );
    assert_eq!(
        open(store, ctx, "key", true).await,
        Some(("for trials".into(), None))
    );
    assert_eq!(
        open(store, ctx, "key", false).await,
        Some(("first value".into(), None))
    );
    let none = SecretChange {
        test_value: Some(None),
        ..SecretChange::default()
    };
    store.put_secret(ctx, "key", &none).await.unwrap();
    assert_eq!(open(store, ctx, "key", true).await, None);
    // Another tenant's of the same name is another.
    assert_eq!(open(store, &world.other, "key", false).await, None);
    store
        .put_secret(&world.other, "key", &value("theirs"))
        .await
        .unwrap();
    assert_eq!(
        open(store, ctx, "key", false).await,
        Some(("first value".into(), None))
    );
    assert!(store.delete_secret(ctx, "key").await.unwrap());
    assert!(!store.delete_secret(ctx, "key").await.unwrap());
    assert_eq!(open(store, ctx, "key", false).await, None);
    assert_eq!(
        open(store, &world.other, "key", false).await,
        Some(("theirs".into(), None))
    );
}

#[rstest]
#[tokio::test]
async fn during_a_rotation_both_values_are_given(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    store.put_secret(ctx, "key", &value("one")).await.unwrap();
    let kept = SecretChange {
        keep_previous_until: Some(world.now() + Duration::from_secs(60)),
        ..value("two")
    };
    assert!(
        store
            .put_secret(ctx, "key", &kept)
            .await
            .unwrap()
            .previous_until
            .is_some()
    );
    assert_eq!(
        open(store, ctx, "key", false).await,
        Some(("two".into(), Some("one".into())))
    );
    world.advance(Duration::from_secs(60));
    assert_eq!(
        open(store, ctx, "key", false).await,
        Some(("two".into(), None))
    );
    assert_eq!(
        store.list_secrets(ctx).await.unwrap()[0].previous_until,
        None
    );
    store.put_secret(ctx, "key", &value("three")).await.unwrap();
    assert_eq!(
        open(store, ctx, "key", false).await,
        Some(("three".into(), None))
    );
}

#[rstest]
#[tokio::test]
async fn a_secret_may_be_for_some_scripts(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let some = SecretChange {
        scripts: Some(Some(vec![script(2), script(3)])),
        ..value("value")
    };
    store.put_secret(ctx, "key", &some).await.unwrap();
    assert_eq!(open(store, ctx, "key", false).await, None);
    assert!(
        store
            .open_secret(ctx, "key", script(3), false)
            .await
            .is_ok()
    );
    let all = SecretChange {
        scripts: Some(None),
        ..SecretChange::default()
    };
    store.put_secret(ctx, "key", &all).await.unwrap();
    assert!(open(store, ctx, "key", false).await.is_some());
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_a_secret_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    for (name, change, field) in [
        ("", value("x"), "name"),
        ("../key", value("x"), "name"),
        ("key", value(""), "value"),
        ("key", value(&"x".repeat(20_000)), "value"),
        ("key", SecretChange::default(), "value"),
    ] {
        match store.put_secret(ctx, name, &change).await {
            Err(Error::Invalid(invalid)) => assert_eq!(invalid.errors[0].field, field),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(SECRETS, 500);
}

/// Neither the value nor base64 of it is anywhere in the files, and with another key nothing opens.
#[tokio::test]
async fn nothing_of_a_value_is_in_the_database() {
    let world = World::new().await;
    let (store, ctx) = (&world.store, &world.ctx);
    store
        .put_secret(ctx, "key", &value("CANARY-IN-PLAIN"))
        .await
        .unwrap();
    let mut replaced = value("CANARY-NEW");
    replaced.keep_previous_until = Some(world.now() + Duration::from_secs(60));
    replaced.test_value = Some(Some("CANARY-TEST".into()));
    store.put_secret(ctx, "key", &replaced).await.unwrap();
    let world = world.reopen().await;
    for entry in std::fs::read_dir(world.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(7).any(|part| part == b"CANARY-");
            assert!(!found, "{}", path.display());
        }
    }
    assert!(open(&world.store, &world.ctx, "key", false).await.is_some());
    world.store.close().await;
    let key = world.path().join("keys/secrets.key");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let ambient = world.ambient.clone();
    let opened = Store::open(world.options.clone(), ambient.clone()).await;
    assert!(
        opened
            .unwrap_err()
            .to_string()
            .contains("the key of secrets")
    );
    std::fs::remove_file(&key).unwrap();
    let opened = Store::open(world.options.clone(), ambient).await;
    assert!(
        opened
            .unwrap_err()
            .to_string()
            .contains("the key of secrets")
    );
}

#[rstest]
#[tokio::test]
async fn outgoing_rules_are_one_tenants(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let none = OutgoingRules::default();
    assert_eq!(store.outgoing_rules(ctx).await.unwrap(), none);
    let rules = OutgoingRules {
        only: Some(vec!["*.example.com".to_owned()]),
        never: vec!["old.example.com".to_owned()],
        credentials: vec![OutgoingCredential {
            origin: "https://api.example.com".to_owned(),
            headers: vec![OutgoingHeader {
                name: "authorization".to_owned(),
                text: "Bearer ".to_owned(),
                secret: Some("key".to_owned()),
            }],
            certificate: Some("certificate".to_owned()),
        }],
    };
    store.put_outgoing_rules(ctx, &rules).await.unwrap();
    assert_eq!(store.outgoing_rules(ctx).await.unwrap(), rules);
    assert_eq!(store.outgoing_rules(&world.other).await.unwrap(), none);
    let closed = OutgoingRules {
        only: Some(Vec::new()),
        ..OutgoingRules::default()
    };
    store
        .put_outgoing_rules(&world.other, &closed)
        .await
        .unwrap();
    assert_eq!(store.outgoing_rules(ctx).await.unwrap(), rules);
    store.put_outgoing_rules(ctx, &none).await.unwrap();
    assert_eq!(store.outgoing_rules(ctx).await.unwrap(), none);

    let mut wrong = rules.clone();
    wrong.credentials[0].headers[0].secret = Some("..".to_owned());
    wrong.credentials[0].certificate = Some(String::new());
    wrong.never = vec!["a.example".to_owned(); 101];
    let Error::Invalid(invalid) = store.put_outgoing_rules(ctx, &wrong).await.unwrap_err() else {
        panic!("it is refused by field");
    };
    let fields: Vec<_> = invalid
        .errors
        .iter()
        .map(|error| (error.field.as_str(), error.code))
        .collect();
    assert_eq!(
        fields,
        [
            ("never", "too_many"),
            ("credentials.0.headers.0.secret", "bad_name"),
            ("credentials.0.certificate", "bad_name"),
        ]
    );
}
