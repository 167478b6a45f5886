//! Scripts that only read, on a server with a replica, as an operator would set it up.

use std::time::Duration;

use scriptorium::model::script::{Definition, ScriptDatabase};
use scriptorium::model::trigger::Trigger;
use scriptorium::tenant_data::{ColumnType, Table};
use scriptorium::{
    Builder, Database, Error, Platform, Replica, TenantHandle, TenantSchema, database,
};
use scriptorium_testing::Cluster;
use serde_json::json;

use crate::world::{World, definition};

/// How long it may take until a look finds what there is, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn with_notes(builder: Builder) -> Builder {
    let notes = Table::new("notes")
        .column("id", ColumnType::Text)
        .key(["id"])
        .written_by_scripts();
    let tables = vec![notes];
    builder
        .tenant_schema(TenantSchema { tables })
        .triggers(false)
}

fn note(tx: &scriptorium::Transaction<'_>, id: &str) -> Result<u64, Error> {
    tx.execute("insert into notes (id) values ($1)", &[json!(id)])
}

async fn count(tenant: &TenantHandle, name: &str) -> u32 {
    tenant.invoke(name, &json!({})).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_reads_from_the_replica_and_does_without_it() {
    let primary = Cluster::private();
    let database = Database {
        url: primary.superuser("postgres"),
        ..Database::default()
    };
    let folder = tempfile::tempdir().unwrap();
    database::create_roles(folder.path(), &database)
        .await
        .unwrap();
    // A copy of another database, at the first start or at any.
    let elsewhere = Database {
        replica: Some(Replica::new(primary.superuser("template1"))),
        ..database.clone()
    };
    let builder = Platform::builder()
        .data_dir(folder.path())
        .database(elsewhere);
    let refused = builder.start().await.unwrap_err();
    let error = &refused.invalid().unwrap().errors[0];
    assert_eq!(
        (error.field.as_str(), error.code),
        ("database_url_replica", "refused")
    );

    let world = World::on_with(database.clone(), with_notes).await;
    let source = "export default () => db.count('notes');";
    let report = Definition {
        database: ScriptDatabase::Replica,
        ..definition("report", Trigger::Embedded, source)
    };
    world.active(report).await;
    world
        .active(definition("other", Trigger::Embedded, source))
        .await;

    let replica = primary.replica("");
    primary.wait_for(&replica);
    let with_replica = Database {
        replica: Some(Replica::new(replica.superuser("postgres"))),
        ..database
    };
    let set = |builder: Builder| with_notes(builder.database(with_replica));
    let world = world.restarted(set).await;
    let tenant = world.platform.tenant("default").await.unwrap();

    // What the replica has not seen yet tells who was asked.
    replica.psql("postgres", "select pg_wal_replay_pause()");
    while replica.psql("postgres", "select pg_get_wal_replay_pause_state()") != "paused" {}
    let added = tenant.transaction(|tx| note(tx, "a")).await;
    assert_eq!(added.unwrap(), 1);
    assert_eq!(
        (
            count(&tenant, "report").await,
            count(&tenant, "other").await
        ),
        (0, 1)
    );
    // In its host's transaction it sees what that has done.
    let within = tenant.transaction(|tx| {
        note(tx, "b")?;
        tx.invoke::<_, u32>("report", &json!({}))
    });
    assert_eq!(within.await.unwrap(), 2);
    replica.psql("postgres", "select pg_wal_replay_resume()");
    primary.wait_for(&replica);
    assert_eq!(count(&tenant, "report").await, 2);

    let status = || world.platform.status().replica.unwrap();
    assert_eq!((status().well, status().at_replica), (true, 2));
    replica.stop_at_once();
    assert_eq!(count(&tenant, "report").await, 2);
    assert!(!status().well);
    replica.start();
    let well = async {
        while !status().well {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, well)
        .await
        .expect("it is well again");
    assert_eq!(count(&tenant, "report").await, 2);
    assert_eq!(status().at_replica, 3);
    world.platform.shutdown(Duration::from_secs(5)).await;
}
