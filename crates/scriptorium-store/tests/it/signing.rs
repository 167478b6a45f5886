//! Signing secrets of endpoints: nothing of them can be read in the database, and none opens in
//! another's place (WEB-13); signed requests are accepted once.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::endpoint::Method::Post;
use scriptorium_model::page::PageRequest;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict, assert_missing, definition, http};

const SECRET: &[u8] = b"the secret of a canary";

#[rstest]
#[tokio::test]
async fn secrets_are_given_used_and_taken_and_never_seen(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let script = world
        .active(ctx, definition("hook", http("/hook", &[Post])))
        .await;
    let id = script.id;
    let first = store.add_signing_secret(ctx, id, SECRET).await.unwrap();
    world.advance(Duration::from_secs(1));
    let second = store.add_signing_secret(ctx, id, b"next").await.unwrap();
    assert_eq!(first.created_by, ctx.actor.user());
    let listed = store.list_signing_secrets(ctx, id).await.unwrap();
    assert_eq!(listed, [first.clone(), second.clone()]);
    let keys = store.signing_keys(ctx, id).await.unwrap();
    assert_eq!(keys, [SECRET, b"next"]);

    // Neither its versions nor its trail know of the text, nor does any file.
    let version = store.find_version(ctx, id, 1).await.unwrap();
    let trail = store
        .list_audit(ctx, &AuditFilter::default(), &PageRequest::first())
        .await
        .unwrap();
    let said = format!("{version:?} {trail:?}");
    assert!(said.contains("signing_secret_added"), "{said}");
    let text = String::from_utf8_lossy(SECRET);
    assert!(!said.contains(&*text), "{said}");
    for file in std::fs::read_dir(world.dir.path()).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let found = bytes.windows(SECRET.len()).any(|part| part == SECRET);
        assert!(!found, "{}", file.path().display());
    }

    store
        .remove_signing_secret(ctx, id, first.id)
        .await
        .unwrap();
    assert_missing(store.remove_signing_secret(ctx, id, first.id).await);
    assert_eq!(store.signing_keys(ctx, id).await.unwrap(), [b"next"]);
    for _ in 0..4 {
        store.add_signing_secret(ctx, id, b"more").await.unwrap();
    }
    let sixth = store.add_signing_secret(ctx, id, b"sixth").await;
    assert_conflict(sixth, ("too_many_secrets", "secret"));
    let keys = store.signing_keys(ctx, id).await.unwrap();

    // With the platform's key they open in another process, too.
    let world = world.reopen().await;
    let found = world.store.signing_keys(&world.ctx, id).await.unwrap();
    assert_eq!(found, keys);
}

#[tokio::test]
async fn a_secret_opens_in_its_own_place_only() {
    let world = World::new().await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut scripts = Vec::new();
    for path in ["/a", "/b"] {
        let script = definition(&format!("at {path}").replace('/', ""), http(path, &[Post]));
        scripts.push(world.active(ctx, script).await.id);
    }
    let [a, b] = scripts[..] else { panic!() };
    store.add_signing_secret(ctx, a, SECRET).await.unwrap();
    store.add_signing_secret(ctx, b, b"other").await.unwrap();
    let db = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    for tampering in [
        // The text of one endpoint's secret under another's.
        "update signing_secrets set sealed = (select sealed from signing_secrets o \
         where o.script_id <> signing_secrets.script_id) where script_id = ?1",
        "update signing_secrets set sealed = substr(sealed, 1, 20) where script_id = ?1",
        "update signing_secrets set sealed = x'00' where script_id = ?1",
        "update signing_secrets set sealed = x'' where script_id = ?1",
    ] {
        let changed = db.execute(tampering, [a.0.as_bytes()]).unwrap();
        assert_eq!(changed, 1, "{tampering}");
        assert!(store.signing_keys(ctx, a).await.is_err(), "{tampering}");
        assert!(store.signing_keys(ctx, b).await.is_ok(), "{tampering}");
    }
}

#[rstest]
#[tokio::test]
async fn a_signed_request_is_accepted_once_until_it_could_not_come_again(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let one = world.script("one").await.id;
    let two = world.script("two").await.id;
    let until = world.now() + Duration::from_secs(300);
    let accept = async |script, digest: u8| {
        let digest = [digest; 32];
        let accepted = store.accept_signed(ctx, script, &digest, until);
        accepted.await.unwrap()
    };
    assert!(accept(one, 1).await && !accept(one, 1).await);
    assert!(accept(one, 2).await && accept(two, 1).await);
    store.forget_signed(ctx, one, &[1; 32]).await.unwrap();
    assert!(accept(one, 1).await && !accept(one, 2).await);
    world.advance(Duration::from_secs(299));
    assert!(!accept(one, 1).await);
    world.advance(Duration::from_secs(1));
    assert!(accept(one, 1).await);
    store.delete_script(ctx, two).await.unwrap();
    store.purge_script(ctx, two).await.unwrap();
    assert_missing(store.accept_signed(ctx, two, &[3; 32], until).await);
}
