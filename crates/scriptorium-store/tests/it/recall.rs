//! What every execution asks for is as of now, though it may be remembered (D12).

use rstest::rstest;
use scriptorium_model::permission::Role;
use scriptorium_model::script::{Script, ScriptStatus};
use scriptorium_model::trigger::Trigger;

use crate::support::Database::{Postgres, Sqlite};
use crate::support::{Database, World, assert_missing, definition, user};

#[rstest]
#[tokio::test]
async fn who_is_changed_is_seen_as_changed(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let mut ada = user(&world.ambient, ctx.tenant, "ada@acme.test");
    assert_missing(store.find_person(ctx, ada.id).await);
    store.create_user(ctx, &ada).await.unwrap();
    for (role, active) in [
        (Role::Viewer, true),
        (Role::OrgAdmin, true),
        (Role::OrgAdmin, false),
    ] {
        // Twice, so that the second may be remembered.
        for _ in 0..2 {
            assert_eq!(store.find_person(ctx, ada.id).await.unwrap(), ada);
            assert_missing(store.find_person(&world.other, ada.id).await);
        }
        (ada.role, ada.active) = (role, active);
        store.update_user(ctx, &ada).await.unwrap();
    }
    assert_eq!(store.find_person(ctx, ada.id).await.unwrap(), ada);
    store.delete_user(ctx, ada.id).await.unwrap();
    assert_missing(store.find_person(ctx, ada.id).await);
}

#[rstest]
#[tokio::test]
async fn a_script_that_is_changed_is_seen_as_changed(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let check = async |script: &Script| {
        for _ in 0..2 {
            assert_eq!(&store.find_script(ctx, script.id).await.unwrap(), script);
            let named = store.find_script_by_name(ctx, &script.name).await.unwrap();
            assert_eq!(named.as_ref(), Some(script));
            assert_missing(store.find_script(&world.other, script.id).await);
            let named = store.find_script_by_name(&world.other, &script.name).await;
            assert_eq!(named.unwrap(), None);
        }
    };
    let draft = world.add(ctx, definition("abc", Trigger::Embedded)).await;
    check(&draft).await;
    let (from, to) = (ScriptStatus::Draft, ScriptStatus::Active);
    let active = store
        .set_status(ctx, draft.id, from, to, None)
        .await
        .unwrap();
    check(&active).await;
    let (from, to) = (ScriptStatus::Active, ScriptStatus::Paused);
    let paused = store
        .set_status(ctx, draft.id, from, to, Some("later"))
        .await
        .unwrap();
    check(&paused).await;
}

/// R-GEN-13.
#[rstest]
#[tokio::test]
async fn a_tenant_that_is_only_read_is_seen_so(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let tenant = store.find_tenant(ctx.tenant).await.unwrap();
    let reads_only = async |tenant| store.scripts_read_only(tenant).await.unwrap();
    for read_only in [false, true, false, true] {
        store
            .set_scripts_read_only(ctx, &tenant, read_only)
            .await
            .unwrap();
        for _ in 0..2 {
            assert_eq!(reads_only(ctx.tenant).await, read_only);
            assert!(!reads_only(world.other.tenant).await);
        }
    }
}
