//! Which logins and which schemas the store opens (D4): none that would pass the wall, none that it
//! does not know, and it says what to do instead.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Json;
use scriptorium_store::{Clock, Options, PostgresOptions, Store};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{KEY, PREFIX, Server, World, ambient, server};

/// Opens the store as these two logins and says why it was refused.
async fn refusal(server: &Server, app: &str, system: &str) -> String {
    let options = PostgresOptions::new(&server.url(app), &server.url(system)).unwrap();
    open(options).await.unwrap_err().to_string()
}

async fn open(postgres: PostgresOptions) -> scriptorium_store::Result<Store> {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::new(dir.path());
    options.postgres = Some(postgres);
    Store::open(options, ambient(5).1).await
}

#[tokio::test]
async fn logins_that_pass_the_wall_are_refused_with_the_reason() {
    let server = server().await;
    for (app, system, reason) in [
        ("postgres", "scriptorium_system", "is a superuser"),
        ("scriptorium_system", "scriptorium_system", "has BYPASSRLS"),
        (
            "scriptorium_migrator",
            "scriptorium_system",
            "owns the platform's tables",
        ),
        ("scriptorium_app", "scriptorium_app", "must have BYPASSRLS"),
    ] {
        let message = refusal(&server, app, system).await;
        assert!(message.contains(reason), "{app}, {system}: {message}");
    }
    for (grant, reason) in [
        ("truncate on scriptorium.storage", "may truncate"),
        ("create on schema scriptorium", "may create tables"),
    ] {
        server.psql(&format!("grant {grant} to scriptorium_app"));
        let message = refusal(&server, "scriptorium_app", "scriptorium_system").await;
        assert!(message.contains(reason), "{grant}: {message}");
        server.psql(&format!("revoke {grant} from scriptorium_app"));
    }
    // The login of scripts' own SQL is held to the same, though the store never signs in as it.
    let url = |login: &str| server.url(login);
    let options = PostgresOptions::new(&url("scriptorium_app"), &url("scriptorium_system"));
    let options = options.unwrap().with_script(&url("scriptorium_system"));
    let message = open(options.unwrap()).await.unwrap_err().to_string();
    assert!(
        message.contains("database_url_script has BYPASSRLS"),
        "{message}"
    );
}

#[tokio::test]
async fn only_a_superuser_makes_the_logins() {
    let server = server().await;
    let made = Store::create_roles(&server.url("scriptorium_migrator"), &KEY, PREFIX).await;
    let message = made.unwrap_err().to_string();
    assert!(message.contains("is no superuser"), "{message}");
    for (url, prefix, field) in [
        ("mysql://a@b/c", PREFIX, "database_url"),
        (
            &*server.superuser(),
            "a\"; drop role b",
            "database_role_prefix",
        ),
    ] {
        match Store::create_roles(url, &KEY, prefix).await {
            Err(scriptorium_store::Error::Invalid(invalid)) => {
                assert_eq!(invalid.errors[0].field, field);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_schema_that_is_not_this_releases_is_refused_and_an_older_one_migrated_by_its_owner() {
    let server = server().await;
    let url = |login: &str| server.url(login);
    let options = PostgresOptions::new(&url("scriptorium_app"), &url("scriptorium_system"));
    let options = options.unwrap();
    let mut all = Options::new("unused");
    all.postgres = Some(options.clone());
    let status = Store::migration_status(&all).await.unwrap();
    assert_eq!(status.applied, status.known);

    server.psql(
        "insert into scriptorium._sqlx_migrations \
                 select 9999, 'later', now(), true, '\\x00', 0",
    );
    let message = open(options.clone()).await.unwrap_err().to_string();
    assert!(message.contains("has the schema 9999"), "{message}");
    let owner = options.clone().with_migrator(&url("scriptorium_migrator"));
    let message = open(owner.unwrap()).await.unwrap_err().to_string();
    assert!(message.contains("has the schema 9999"), "{message}");

    server.psql("drop schema scriptorium cascade");
    server.psql(
        "create schema scriptorium authorization scriptorium_migrator; \
                 grant usage on schema scriptorium to scriptorium_app, scriptorium_system",
    );
    let message = open(options.clone()).await.unwrap_err().to_string();
    assert!(message.contains("scriptorium migrate up"), "{message}");
    let owner = options.with_migrator(&url("scriptorium_migrator")).unwrap();
    open(owner).await.unwrap().close().await;
    assert_eq!(Store::migration_status(&all).await.unwrap(), status);
}

#[tokio::test]
async fn a_file_of_a_later_release_is_refused() {
    let world = World::new().await;
    world.store.close().await;
    let file = rusqlite::Connection::open(world.path().join("scriptorium.db")).unwrap();
    file.execute(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'later', true, x'00', 0)",
        [],
    )
    .unwrap();
    drop(file);
    let status = Store::migration_status(&world.options).await.unwrap();
    assert_eq!(status.applied, 9999);
    let opened = Store::open(world.options.clone(), world.ambient.clone()).await;
    let message = opened.unwrap_err().to_string();
    assert!(message.contains("has the schema 9999"), "{message}");
}

#[tokio::test]
async fn leases_end_by_the_servers_clock() {
    let mut world = World::on(Postgres).await;
    let mut options = world.options.clone();
    options.postgres.as_mut().unwrap().clock = Clock::Server;
    world.store.close().await;
    world.store = Store::open(options, world.ambient.clone()).await.unwrap();
    let script = world.script("held").await;
    world.pending(&world.ctx, &script).await;
    let lease = Duration::from_secs(600);
    let claimed = world
        .store
        .claim_pending(1, lease, &[], &|_| u32::MAX)
        .await
        .unwrap();
    // This node's clock runs ahead by a year; the lease has not ended for all that.
    world.advance(Duration::from_secs(365 * 86_400));
    let recovered = world.store.recover_orphans(world.now()).await.unwrap();
    assert_eq!(
        recovered,
        scriptorium_store::system::queue::Recovered::default()
    );
    let held = world
        .store
        .heartbeat(&[claimed[0].lease], lease)
        .await
        .unwrap();
    assert_eq!(held.len(), 1);
}

#[rstest]
#[tokio::test]
async fn text_with_u_0000_is_stored(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let mut script = world.draft(
        &world.ctx,
        crate::support::definition("nul", scriptorium_model::trigger::Trigger::OneOff),
    );
    script.definition.description = "a\0b".into();
    world
        .store
        .create_script(&world.ctx, &script, "")
        .await
        .unwrap();
    let found = world
        .store
        .find_script(&world.ctx, script.id)
        .await
        .unwrap();
    // PostgreSQL's text cannot hold it; its picture stands for it there.
    let expected = match database {
        Sqlite => "a\0b",
        Postgres => "a\u{2400}b",
    };
    assert_eq!(found.definition.description, expected);
    let json = Json::parse(r#""a\u0000b""#).unwrap();
    let set = world
        .store
        .set_entry(&world.ctx, "k", json.clone(), None)
        .await;
    set.unwrap();
    let entry = world
        .store
        .get_entry(&world.ctx, "k")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entry.value, json);
}
