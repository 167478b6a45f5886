//! Joining a transaction in a tenant's tables.

use rstest::rstest;
use scriptorium_model::Ctx;
use scriptorium_store::Error;
use scriptorium_store::tenant_data::TenantData;
use serde_json::json;
use tokio::runtime::Handle;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict};
use crate::tenant_data::{INSERT, add, open};

async fn ids(tables: &TenantData, ctx: &Ctx) -> Vec<String> {
    let rows = tables.query(ctx, "select id from clients order by id", vec![]);
    let rows = rows.await.unwrap().into_iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What joins: it sees what the holder has changed, and changes more, some of it in vain.
async fn joining(tables: TenantData, ctx: Ctx, other: Ctx) -> TenantData {
    assert_eq!(ids(&tables, &ctx).await, ["host"]);
    let theirs = tables.query(&other, "select id from clients", vec![]).await;
    assert!(matches!(theirs, Err(Error::NotFound)), "another tenant's");
    add(&tables, &ctx, "joined").await.unwrap();
    assert_conflict(add(&tables, &ctx, "host").await, ("not_unique", "params"));

    let in_vain = tables.transaction(&ctx, |tx| {
        tx.execute(INSERT, &[json!("in vain")])?;
        Err::<(), _>(Error::NotFound)
    });
    assert!(matches!(in_vain.await, Err(Error::NotFound)));
    let nested = tables.transaction(&ctx, |tx| {
        tx.execute(INSERT, &[json!("nested")])?;
        assert_conflict(
            tx.execute(INSERT, &[json!("host")]),
            ("not_unique", "params"),
        );
        tx.execute(INSERT, &[json!("twice nested")])
    });
    assert_eq!(nested.await.unwrap(), 1);
    add(&tables, &ctx, "last").await.unwrap();
    tables
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_joins_is_kept_or_undone_with_the_rest(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let all = ["host", "joined", "last", "nested", "twice nested"];
    for commits in [false, true] {
        let (ctx, other) = (world.ctx.clone(), world.other.clone());
        let ended = data.transaction(&world.ctx, move |tx| {
            tx.execute(INSERT, &[json!("host")])?;
            let own = ctx.clone();
            let tables = tx.join(|tables| joining(tables, own, other))?;
            let late = tables.query(&ctx, "select id from clients", vec![]);
            let late = Handle::current().block_on(late);
            assert!(matches!(late, Err(Error::Invalid(_))), "after its end");
            let rows = tx.query("select id from clients", &[])?;
            assert_eq!(rows.len(), all.len());
            if commits {
                Ok(())
            } else {
                Err(Error::NotFound)
            }
        });
        assert_eq!(ended.await.is_ok(), commits);
        let left: &[&str] = if commits { &all } else { &[] };
        assert_eq!(ids(&data, &world.ctx).await, left);
    }
}

/// A panic of what joins is told, and the transaction can be given up.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_down_leaves_nothing_behind(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let ctx = world.ctx.clone();
    let ended = data.transaction(&world.ctx, move |tx| {
        tx.join(|tables| async move {
            add(&tables, &ctx, "joined").await.unwrap();
            assert!(tables.schema().tables.is_empty(), "breaks down");
        })
    });
    assert!(matches!(ended.await, Err(Error::Platform(_))));
    assert_eq!(ids(&data, &world.ctx).await, [""; 0]);
}
