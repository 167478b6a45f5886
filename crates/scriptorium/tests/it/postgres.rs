//! The platform on a PostgreSQL server, with logins derived from a superuser's URL as an operator
//! would have it: nothing above the store can tell.

use scriptorium::model::execution::ExecutionStatus;
use scriptorium::model::page::PageRequest;
use scriptorium::model::trigger::Trigger;
use scriptorium::{Database, ExecutionFilter, database};
use serde_json::{Value, json};

use crate::world::{World, definition};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_lives_on_a_server_as_it_does_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let made = scriptorium_testing::Database::cloned("platform", async |superuser| {
        let database = of(superuser);
        database::create_roles(folder.path(), &database)
            .await
            .unwrap();
    });
    let server = made.await;
    let database = of(server.superuser());
    let world = World::on(database.clone()).await;
    let source = "export default ({ total }) => ({ ok: total > 0 });";
    world
        .active(definition("check", Trigger::Embedded, source))
        .await;
    let verdict: Value = world
        .platform
        .invoke("check", &json!({ "total": 5 }))
        .await
        .unwrap();
    assert_eq!(verdict, json!({ "ok": true }));

    let world = world.restarted(|builder| builder.database(database)).await;
    let page = PageRequest::first();
    let all = ExecutionFilter::default();
    let history = world
        .platform
        .executions()
        .list(&world.ctx, &all, &page)
        .await
        .unwrap();
    assert_eq!(history.items.len(), 1);
    assert_eq!(history.items[0].status, ExecutionStatus::Completed);
    world
        .platform
        .shutdown(std::time::Duration::from_secs(5))
        .await;
}

#[tokio::test]
async fn a_server_whose_logins_were_not_made_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let builder = scriptorium::Platform::builder().data_dir(folder.path());
    let database = of("postgres://postgres@localhost/none".into());
    let message = builder
        .database(database)
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(message.contains("migrate up --create-roles"), "{message}");
}

fn of(url: String) -> Database {
    Database {
        url,
        ..Database::default()
    }
}
