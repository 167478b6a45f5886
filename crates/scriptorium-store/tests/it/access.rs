//! Tenants, users, sessions, tokens.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::audit::AuditFilter;
use scriptorium_model::draft::DraftText;
use scriptorium_model::permission::{PermissionSet, Role};
use scriptorium_model::tenant::Tenant;
use scriptorium_model::trigger::Trigger;
use scriptorium_model::user::{Session, Token};
use scriptorium_model::{Actor, Ctx, UserId};

use crate::audit::trail;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict, assert_missing, definition, user};

#[rstest]
#[tokio::test]
async fn tenants_are_found_by_slug_and_id_and_slugs_are_unique(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let tenant = store.find_tenant_by_slug("acme").await.unwrap().unwrap();
    assert_eq!(tenant.id, world.ctx.tenant);
    assert_eq!(store.find_tenant(tenant.id).await.unwrap(), tenant);
    let tenants = store.list_tenants().await.unwrap();
    let slugs: Vec<&str> = tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
    assert_eq!(slugs, ["acme", "globex"]);
    assert_eq!(store.find_tenant_by_slug("nobody").await.unwrap(), None);
    let again = Tenant {
        id: world.ambient.new_id(),
        ..tenant
    };
    assert_conflict(
        store.create_tenant(&world.ctx, &again).await,
        ("not_unique", "slug"),
    );
}

#[rstest]
#[tokio::test]
async fn a_user_reads_back_as_written_and_an_address_is_unique_in_its_tenant_only(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let store = &world.store;
    let mut ada = user(&world.ambient, world.ctx.tenant, "ada@acme.test");
    store.create_user(&world.ctx, &ada).await.unwrap();
    let address = "ada@acme.test";
    let found = store.find_user_by_email(&world.ctx, address).await.unwrap();
    assert_eq!(found.as_ref(), Some(&ada));
    let found = store.find_user_by_email(&world.other, address).await;
    assert_eq!(found.unwrap(), None);

    ada.role = Role::Viewer;
    ada.active = false;
    ada.password_hash = None;
    store.update_user(&world.ctx, &ada).await.unwrap();
    assert_eq!(store.find_user(&world.ctx, ada.id).await.unwrap(), ada);
    assert_eq!(store.count_users().await.unwrap(), 3);
    assert_eq!(store.list_users(&world.ctx).await.unwrap().len(), 2);

    let taken = ("not_unique", "email");
    let again = user(&world.ambient, world.ctx.tenant, address);
    assert_conflict(store.create_user(&world.ctx, &again).await, taken);
    let mut elsewhere = user(&world.ambient, world.other.tenant, address);
    elsewhere.created_at += jiff::SignedDuration::from_secs(1);
    store.create_user(&world.other, &elsewhere).await.unwrap();
    let of = async |tenant, most| store.users_of_email(address, tenant, most).await.unwrap();
    assert_eq!(of(None, 8).await, [ada.clone(), elsewhere.clone()]);
    assert_eq!(of(None, 1).await, [ada.clone()]);
    assert_eq!(of(Some("globex"), 8).await, [elsewhere]);
    assert_eq!(of(Some("nowhere"), 8).await, []);
    ada.email = "admin@acme.test".into();
    assert_conflict(store.update_user(&world.ctx, &ada).await, taken);
}

#[rstest]
#[tokio::test]
async fn a_session_ends_at_its_time_on_demand_and_with_all_of_its_user(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let user = ctx.actor.user().unwrap();
    let find = async |session: &Session| {
        let found = store.find_session_by_hash(&session.secret_hash).await;
        found.unwrap()
    };
    let first = signed_in(&world, ctx, user, 1).await;
    let second = signed_in(&world, ctx, user, 2).await;
    assert_eq!(find(&first).await.as_ref(), Some(&first));

    store.delete_session(ctx, first.id).await.unwrap();
    assert_eq!(find(&first).await, None);
    assert_missing(store.delete_session(ctx, first.id).await);

    world.advance(Duration::from_secs(3600));
    assert_eq!(find(&second).await, None, "at its end it has ended");
    assert_eq!(store.purge_expired().await.unwrap(), 1);

    let third = signed_in(&world, ctx, user, 3).await;
    assert_eq!(store.delete_sessions_of_user(ctx, user).await.unwrap(), 1);
    assert_eq!(find(&third).await, None);
}

#[rstest]
#[tokio::test]
async fn a_session_of_a_strangers_user_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let stranger = world.other.actor.user().unwrap();
    let session = session(&world, &world.ctx, stranger, 1);
    assert_missing(world.store.create_session(&world.ctx, &session).await);
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_leaves_their_id_and_nothing_else(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let ada = user(&world.ambient, ctx.tenant, "ada@acme.test");
    store.create_user(ctx, &ada).await.unwrap();
    let session = signed_in(&world, ctx, ada.id, 1).await;
    let by_ada = Ctx {
        actor: Actor::User {
            id: ada.id,
            session: None,
        },
        ..ctx.clone()
    };
    let hers = definition("hers", Trigger::OneOff);
    let hers = world.active(&by_ada, hers).await;
    let draft = DraftText {
        source: "typed".into(),
        settings: None,
        base_version: 1,
    };
    store.put_draft(ctx, hers.id, ada.id, draft).await.unwrap();
    let token = |created_by, secret| Token {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        name: "deploy".into(),
        secret_hash: [secret; 32],
        permissions: PermissionSet::all(),
        created_by,
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    for (by, secret) in [(Some(ada.id), 7), (ctx.actor.user(), 8), (None, 9)] {
        store.create_token(ctx, &token(by, secret)).await.unwrap();
    }

    assert_missing(store.delete_user(&world.other, ada.id).await);
    store.find_user(ctx, ada.id).await.unwrap();
    store.delete_user(ctx, ada.id).await.unwrap();
    assert_missing(store.delete_user(ctx, ada.id).await);
    assert_missing(store.find_user(ctx, ada.id).await);
    assert_missing(store.find_person(ctx, ada.id).await);
    let found = store.find_session_by_hash(&session.secret_hash).await;
    assert_eq!(found.unwrap(), None);
    let draft = store.find_draft(ctx, hers.id, ada.id).await.unwrap();
    assert_eq!(draft, None);
    let revoked = async |secret: u8| {
        let token = store.find_token_by_hash(&[secret; 32]).await.unwrap();
        token.unwrap().revoked_at.is_some()
    };
    assert_eq!(
        (revoked(7).await, revoked(8).await, revoked(9).await),
        (true, false, false)
    );
    // Who is gone is not nobody: nobody is the host, whose rights have no bound.
    let script = store.find_script(ctx, hers.id).await.unwrap();
    let people = [script.created_by, script.owner, script.activated_by];
    assert_eq!(people, [Some(ada.id); 3]);
    let version = store.find_version(ctx, hers.id, 1).await.unwrap();
    assert_eq!(version.created_by, Some(ada.id));
    let told = trail(&world, ctx, &AuditFilter::default()).await;
    assert_eq!(told[0].action.as_str(), "user.deleted");
    assert_eq!(told[0].subject.name, "ada@acme.test");
}

#[rstest]
#[tokio::test]
async fn last_use_is_recorded_once_a_minute(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let session = signed_in(&world, ctx, ctx.actor.user().unwrap(), 1).await;
    for (after, expected) in [(59, 0), (1, 60)] {
        world.advance(Duration::from_secs(after));
        store.touch_session(ctx, &session).await.unwrap();
        let stored = store.find_session_by_hash(&session.secret_hash).await;
        let last = stored.unwrap().unwrap().last_used_at;
        assert_eq!(last.duration_since(session.created_at).as_secs(), expected);
    }
}

#[rstest]
#[tokio::test]
async fn a_token_is_found_by_its_hash_and_keeps_when_it_was_first_revoked(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::on(database).await;
    let (store, ctx) = (&world.store, &world.ctx);
    let token = Token {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        name: "deploy".into(),
        secret_hash: [7; 32],
        permissions: PermissionSet::from_names(["scripts.read", "reports.view"]),
        created_by: ctx.actor.user(),
        created_at: world.now(),
        expires_at: Some(world.now()),
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(ctx, &token).await.unwrap();
    let find = async || store.find_token_by_hash(&[7; 32]).await.unwrap().unwrap();
    assert_eq!(find().await, token);

    store.touch_token(ctx, &token).await.unwrap();
    assert_eq!(find().await.last_used_at, Some(world.now()));

    let revoked_at = world.now();
    for _ in 0..2 {
        store.revoke_token(ctx, token.id).await.unwrap();
        world.advance(Duration::from_secs(1));
    }
    assert_eq!(find().await.revoked_at, Some(revoked_at));
    assert_eq!(store.list_tokens(ctx).await.unwrap().len(), 1);
    assert_missing(store.revoke_token(ctx, world.ambient.new_id()).await);
}

async fn signed_in(world: &World, ctx: &Ctx, user: UserId, secret: u8) -> Session {
    let session = session(world, ctx, user, secret);
    world.store.create_session(ctx, &session).await.unwrap();
    session
}

fn session(world: &World, ctx: &Ctx, user: UserId, secret: u8) -> Session {
    Session {
        id: world.ambient.new_id(),
        tenant: ctx.tenant,
        user,
        secret_hash: [secret; 32],
        created_at: world.now(),
        last_used_at: world.now(),
        expires_at: world.now() + Duration::from_secs(3600),
    }
}
