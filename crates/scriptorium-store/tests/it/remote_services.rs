//! Remote services: what is declared, who sees it, and where the key of requests can be read.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Json;
use scriptorium_model::audit::{Action, AuditFilter};
use scriptorium_model::remote_service::{Manifest, Parameter, RemoteMethod, SERVICES, TIMEOUT};
use scriptorium_model::script::ScriptType;
use scriptorium_store::{Change, Error, Store};
use serde_json::json;

use crate::audit::trail;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_missing};

const KEY: [u8; 32] = *b"CANARY-CANARY-CANARY-CANARY-32by";

fn manifest(name: &str) -> Manifest {
    Manifest {
        name: name.to_owned(),
        description: "Bills.".to_owned(),
        url: "https://erp.example.com/services".to_owned(),
        script_types: Some(vec![ScriptType::Http, ScriptType::OneOff]),
        methods: vec![RemoteMethod {
            name: "charge".to_owned(),
            description: "Charges.".to_owned(),
            parameters: vec![Parameter {
                name: "amount".to_owned(),
                schema: json!({"type": "number", "minimum": 0.5}).into(),
                is_optional: true,
            }],
            result: Some(json!({"type": "string"}).into()),
            is_safe: true,
            is_list: true,
            timeout: Duration::from_millis(250),
            permission: Some("billing.charge".to_owned()),
        }],
    }
}

#[rstest]
#[tokio::test]
async fn a_service_is_what_was_declared(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx, other) = (&world.store, &world.ctx, &world.other);
    let mut changes = store.changes(Change::Services);
    let declared = manifest("billing");
    let added = store.add_remote_service(ctx, &declared, &KEY, true).await;
    let added = added.unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert_eq!(added.manifest, declared);
    assert_eq!((added.revision, added.by_operator), (1, true));
    assert_eq!(
        store.list_remote_services(ctx).await.unwrap(),
        std::slice::from_ref(&added)
    );
    let found = store.find_remote_service(ctx, "billing").await.unwrap();
    assert_eq!(found, added);
    let opened = store.open_remote_services(ctx).await.unwrap();
    assert_eq!(opened, [(added, KEY.to_vec())]);

    // Without another key the one there was stays.
    let fewer = Manifest {
        script_types: None,
        methods: vec![RemoteMethod {
            parameters: Vec::new(),
            result: None,
            permission: None,
            timeout: TIMEOUT,
            ..declared.methods[0].clone()
        }],
        ..declared.clone()
    };
    let change = async |key| store.change_remote_service(ctx, &fewer, key, false).await;
    let changed = change(None).await.unwrap();
    assert_eq!((changed.revision, changed.by_operator), (2, false));
    let opened = store.open_remote_services(ctx).await.unwrap();
    assert_eq!(opened, [(changed, KEY.to_vec())]);
    let changed = change(Some(&[9; 16])).await.unwrap();
    assert_eq!(changed.manifest, fewer);
    let opened = store.open_remote_services(ctx).await.unwrap();
    assert_eq!(opened, [(changed.clone(), vec![9; 16])]);
    assert!(changes.has_changed().unwrap());

    // Another tenant has no part in it.
    assert_eq!(store.list_remote_services(other).await.unwrap(), []);
    assert_eq!(store.open_remote_services(other).await.unwrap(), []);
    assert_missing(store.find_remote_service(other, "billing").await);
    assert_missing(store.change_remote_service(other, &fewer, None, true).await);
    assert_missing(store.delete_remote_service(other, "billing").await);
    let theirs = store.add_remote_service(other, &declared, &[3; 16], false);
    theirs.await.unwrap();
    store.delete_remote_service(other, "billing").await.unwrap();
    assert_eq!(store.list_remote_services(ctx).await.unwrap(), [changed]);

    store.delete_remote_service(ctx, "billing").await.unwrap();
    assert_missing(store.delete_remote_service(ctx, "billing").await);
    assert_eq!(store.list_remote_services(ctx).await.unwrap(), []);
    let filter = AuditFilter {
        action: Some("service".to_owned()),
        ..AuditFilter::default()
    };
    let mut told = trail(&world, ctx, &filter).await;
    told.sort_by_key(|entry| entry.seq);
    let actions: Vec<_> = told.iter().map(|entry| entry.action).collect();
    assert_eq!(
        actions,
        [
            Action::ServiceChanged,
            Action::ServiceChanged,
            Action::ServiceChanged,
            Action::ServiceDeleted,
        ]
    );
    // Whether the key is new is told, and nothing of it.
    let keys = told.iter().map(|entry| {
        let after = entry.after.as_ref().map(Json::to_value);
        after.is_some_and(|after| after["secret"] == "changed")
    });
    assert_eq!(keys.collect::<Vec<_>>(), [true, false, true, false]);
}

#[rstest]
#[tokio::test]
async fn what_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let add = async |manifest: &Manifest, key: &[u8]| match store
        .add_remote_service(ctx, manifest, key, false)
        .await
    {
        Ok(_) => None,
        Err(Error::Conflict { what, field }) => Some((field.to_owned(), what)),
        Err(Error::Invalid(invalid)) => {
            let error = &invalid.errors[0];
            Some((error.field.clone(), error.code))
        }
        Err(error) => panic!("{error}"),
    };
    let of = |field: &str, code| Some((field.to_owned(), code));
    assert_eq!(
        add(&manifest("a b"), &KEY).await,
        of("name", "bad_identifier")
    );
    assert_eq!(
        add(&manifest("a"), &KEY[..15]).await,
        of("secret", "bad_secret")
    );
    assert_eq!(add(&manifest("a"), &KEY).await, None);
    assert_eq!(add(&manifest("a"), &KEY).await, of("name", "not_unique"));
    for number in 1..SERVICES {
        assert_eq!(add(&manifest(&format!("s{number}")), &KEY).await, None);
    }
    assert_eq!(add(&manifest("more"), &KEY).await, of("name", "too_many"));
}

#[tokio::test]
async fn the_key_is_nowhere_in_the_database() {
    let world = World::new().await;
    let declared = manifest("billing");
    let (store, ctx) = (&world.store, &world.ctx);
    let added = store.add_remote_service(ctx, &declared, &KEY, false).await;
    added.unwrap();
    let world = world.reopen().await;
    for entry in std::fs::read_dir(world.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(7).any(|part| part == b"CANARY-");
            assert!(!found, "{}", path.display());
        }
    }
    // It is all that there is of secrets, and still the key of secrets has to be the one.
    world.store.close().await;
    let key = world.path().join("keys/secrets.key");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let opened = Store::open(world.options.clone(), world.ambient.clone()).await;
    let refused = opened.unwrap_err().to_string();
    assert!(refused.contains("key of secrets"), "{refused}");
}
