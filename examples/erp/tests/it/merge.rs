//! `merge-duplicate-clients`.

use rstest::rstest;
use scriptorium::model::execution::Execution;
use serde_json::{Value, json};

use crate::world::Database::{self, Postgres, Sqlite};
use crate::world::{World, output};

/// How many groups it said to have dealt with.
fn progress(execution: &Execution) -> f64 {
    execution.progress.as_ref().unwrap().done
}

async fn count(world: &World, sql: &str) -> i64 {
    world.row(sql).await["total"].as_i64().unwrap()
}

const CLIENTS: &str = "SELECT COUNT(*) AS total FROM clients";
const ORPHANS: &str =
    "SELECT COUNT(*) AS total FROM orders WHERE customer_id NOT IN (SELECT id FROM clients)";

#[rstest]
#[tokio::test]
async fn a_dry_run_tells_and_a_real_one_merges(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::on(database).await;
    let before = count(&world, CLIENTS).await;

    let dry = world
        .execute("default", "merge-duplicate-clients", Value::Null)
        .await;
    let told = output(&dry);
    let groups = told["groups"].as_u64().unwrap();
    assert!(groups >= 5, "{told}");
    assert_eq!(told["removed"], 0);
    assert_eq!(progress(&dry) as u64, groups);
    assert_eq!(count(&world, CLIENTS).await, before);

    // An order of a duplicate, which has to follow its client.
    let pair = &told["merged"][0];
    let tenant = world.default().await;
    let move_one = "UPDATE orders SET customer_id = $1 WHERE id IN (SELECT id FROM orders LIMIT 1)";
    let moved = tenant
        .data()
        .execute(tenant.ctx(), move_one, vec![pair["remove"].clone()]);
    assert_eq!(moved.await.unwrap(), 1);

    let real = world
        .execute(
            "default",
            "merge-duplicate-clients",
            json!({"dryRun": false}),
        )
        .await;
    let done = output(&real);
    assert_eq!(done["groups"], groups);
    assert_eq!(done["removed"], groups);
    assert_eq!(progress(&real) as u64, groups);
    assert_eq!(
        count(&world, CLIENTS).await,
        before - i64::try_from(groups).unwrap()
    );
    assert_eq!(count(&world, ORPHANS).await, 0);

    let again = world
        .execute(
            "default",
            "merge-duplicate-clients",
            json!({"dryRun": false}),
        )
        .await;
    assert_eq!(output(&again)["groups"], 0);
}
