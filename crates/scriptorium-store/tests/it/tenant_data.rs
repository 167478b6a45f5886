//! The tenants' own tables.

use std::time::Duration;

use scriptorium_store::tenant_data::{Column, ColumnType, Table, TenantData, TenantSchema};
use scriptorium_store::{Error, Result};
use serde_json::{Value, json};

use crate::support::{World, assert_conflict};

#[tokio::test]
async fn values_of_every_type_come_back_as_the_json_they_went_in_as() {
    let world = World::new().await;
    let data = open(&world);
    let row = [
        json!("c1"),
        json!("Oʻktam"),
        json!(9_007_199_254_740_993_i64),
        json!(2.5),
        json!(true),
        json!("2026-11-21T00:00:00.000000Z"),
        json!({"tags": ["a", 1, null]}),
        json!("018f0000-0000-7000-8000-000000000000"),
        Value::Null,
    ];
    let insert = "insert into clients values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let inserted = data.execute(&world.ctx, insert, row.to_vec()).await;
    assert_eq!(inserted.unwrap(), 1);
    let rows = data
        .query(
            &world.ctx,
            "select * from clients where id = $1",
            vec![json!("c1")],
        )
        .await
        .unwrap();
    let columns = [
        "id", "name", "points", "debt", "vip", "since", "extra", "manager", "note",
    ];
    assert_eq!(rows[0].len(), columns.len());
    for (column, value) in columns.iter().zip(&row) {
        assert_eq!(&rows[0][*column], value, "{column}");
    }
}

#[tokio::test]
async fn values_of_the_wrong_type_are_refused() {
    let world = World::new().await;
    let data = open(&world);
    for (column, wrong) in [
        ("name", json!(1.5)),
        ("points", json!("many")),
        ("debt", json!("much")),
        ("vip", json!(2)),
        ("extra", json!("not json")),
        ("name", Value::Null),
    ] {
        let mut row = vec![json!("c1"), json!("n"), json!(1), json!(1.0), json!(true)];
        let position = ["id", "name", "points", "debt", "vip", "extra"];
        let place = position.iter().position(|name| *name == column).unwrap();
        row.push(json!({}));
        row[place] = wrong.clone();
        let insert = "insert into clients (id, name, points, debt, vip, extra) \
                      values ($1, $2, $3, $4, $5, $6)";
        let result = data.execute(&world.ctx, insert, row).await;
        if column == "name" && wrong == json!(1.5) {
            // A text column takes a number as text, as SQLite does.
            result.unwrap();
        } else {
            assert_invalid(result, "params");
        }
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_tables_only() {
    let world = World::new().await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    let count = "select count(*) as n from clients";
    for (ctx, expected) in [(&world.ctx, 1), (&world.other, 0)] {
        let rows = data.query(ctx, count, Vec::new()).await.unwrap();
        assert_eq!(rows[0]["n"], expected);
    }
}

#[tokio::test]
async fn statements_cannot_leave_the_file_or_change_its_schema() {
    let world = World::new().await;
    let data = open(&world);
    add(&data, &world.other, "theirs").await.unwrap();
    let theirs = world
        .path()
        .join(format!("tenants/{}.db", world.other.tenant));
    assert!(theirs.exists());
    for sql in [
        format!("attach '{}' as theirs", theirs.display()),
        "attach ':memory:' as m".into(),
        "drop table clients".into(),
        "create table t (x)".into(),
        "alter table clients add column x".into(),
        "pragma writable_schema = on".into(),
        "vacuum into '/tmp/copy.db'".into(),
        "select load_extension('x')".into(),
        "insert into sqlite_schema values (1, 2, 3, 4, 5)".into(),
    ] {
        assert_invalid(data.execute(&world.ctx, &sql, Vec::new()).await, "sql");
        assert_invalid(data.query(&world.ctx, &sql, Vec::new()).await, "sql");
    }
    for (sql, params, field) in [
        ("select 1; select 2", vec![], "sql"),
        ("selec 1", vec![], "sql"),
        ("select * from nowhere", vec![], "sql"),
        ("select $1", vec![], "params"),
        ("select $1", vec![json!(1), json!(2)], "params"),
        ("select $name", vec![json!(1)], "sql"),
    ] {
        assert_invalid(data.query(&world.ctx, sql, params).await, field);
    }
}

#[tokio::test]
async fn a_transaction_is_stored_whole_or_not_at_all() {
    let world = World::new().await;
    let data = open(&world);
    let count = async || {
        let sql = "select count(*) as n from clients";
        let rows = data.query(&world.ctx, sql, Vec::new()).await.unwrap();
        rows[0]["n"].as_i64().unwrap()
    };
    let insert = "insert into clients (id, name, points, debt, vip, extra) \
                  values ($1, 'n', 0, 0.0, false, '{}')";
    let failed: Result<()> = data
        .transaction(&world.ctx, move |tx| {
            tx.execute(insert, &[json!("a")])?;
            assert_eq!(tx.query("select id from clients", &[])?.len(), 1);
            Err(Error::NotFound)
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(count().await, 0);

    let panicked: Result<()> = data
        .transaction(&world.ctx, move |tx| {
            tx.execute(insert, &[json!("a")])?;
            panic!("a service that breaks");
        })
        .await;
    assert!(panicked.is_err());
    assert_eq!(count().await, 0, "what it had done is rolled back");

    let done = data.transaction(&world.ctx, move |tx| {
        tx.execute(insert, &[json!("a")])?;
        tx.execute(insert, &[json!("b")])
    });
    assert_eq!(done.await.unwrap(), 1);
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn a_statement_that_goes_on_is_stopped() {
    let world = World::new().await;
    let data = open(&world);
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) \
                   select count(*) from n";
    let passing = async {
        loop {
            world.advance(Duration::from_millis(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = data.query(&world.ctx, endless, Vec::new()) => assert_invalid(result, "sql"),
        () = passing => {}
    }
    data.query(&world.ctx, "select 1", Vec::new())
        .await
        .unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    add(&open(&world), &world.ctx, "a").await.unwrap();
    let tenant = format!("tenants/{}.db", world.ctx.tenant);
    for file in [
        "scriptorium.db",
        "scriptorium.db-wal",
        "scriptorium.lock",
        &tenant,
    ] {
        let metadata = std::fs::metadata(world.path().join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "{file}");
    }
}

#[tokio::test]
async fn keys_and_unique_columns_are_kept() {
    let world = World::new().await;
    let data = open(&world);
    add(&data, &world.ctx, "same").await.unwrap();
    assert_conflict(
        add(&data, &world.ctx, "same").await,
        ("not_unique", "params"),
    );
}

#[tokio::test]
async fn a_schema_grows_by_nullable_columns_and_tables() {
    let world = World::new().await;
    add(&open(&world), &world.ctx, "old").await.unwrap();

    let mut grown = schema();
    grown.tables[0] = grown.tables[0].clone().optional("city", ColumnType::Text);
    grown.tables.push(
        Table::new("orders")
            .column("id", ColumnType::Integer)
            .index(["id"]),
    );
    let data = world.store.tenant_data(grown).unwrap();
    let sql = "select id, city from clients";
    let rows = data.query(&world.ctx, sql, Vec::new()).await.unwrap();
    assert_eq!(rows[0]["city"], Value::Null);
    let sql = "insert into orders values ($1)";
    data.execute(&world.ctx, sql, vec![json!(1)]).await.unwrap();

    let mut strict = schema();
    strict.tables[0] = strict.tables[0].clone().column("vat", ColumnType::Text);
    let data = world.store.tenant_data(strict).unwrap();
    let query = data.query(&world.ctx, "select 1", Vec::new()).await;
    assert_invalid(query, "tables.clients.vat");
}

#[tokio::test]
async fn bad_schemas_are_refused_by_name() {
    let world = World::new().await;
    let table = |name: &str| Table::new(name).column("id", ColumnType::Integer);
    for (tables, field) in [
        (vec![table("a"), table("a")], "tables.a"),
        (vec![table("a b")], "tables.a b"),
        (vec![table("sqlite_x")], "tables.sqlite_x"),
        (
            vec![table("a\"; drop table b; --")],
            "tables.a\"; drop table b; --",
        ),
        (
            vec![table("a").column("id", ColumnType::Text)],
            "tables.a.id",
        ),
        (vec![table("a").key(["b"])], "tables.a.b"),
        (vec![table("a").key([""; 0])], "tables.a.key"),
        (vec![table("a").index(["c"])], "tables.a.c"),
    ] {
        let opened = world.store.tenant_data(TenantSchema { tables });
        assert_invalid(opened, field);
    }
}

fn schema() -> TenantSchema {
    let clients = Table::new("clients")
        .column("id", ColumnType::Text)
        .column("name", ColumnType::Text)
        .column("points", ColumnType::Integer)
        .column("debt", ColumnType::Real)
        .column("vip", ColumnType::Boolean)
        .optional("since", ColumnType::Timestamp)
        .column("extra", ColumnType::Json)
        .optional("manager", ColumnType::Uuid)
        .with(Column {
            name: "note".into(),
            ty: ColumnType::Text,
            nullable: true,
            unique: true,
        })
        .index(["name", "points"]);
    TenantSchema {
        tables: vec![clients],
    }
}

fn open(world: &World) -> TenantData {
    world.store.tenant_data(schema()).unwrap()
}

async fn add(data: &TenantData, ctx: &scriptorium_model::Ctx, id: &str) -> Result<u64> {
    let insert = "insert into clients (id, name, points, debt, vip, extra) \
                  values ($1, 'n', 0, 0.0, false, '{}')";
    data.execute(ctx, insert, vec![json!(id)]).await
}

#[track_caller]
fn assert_invalid<T: std::fmt::Debug>(result: Result<T>, field: &str) {
    match result {
        Err(Error::Invalid(invalid)) => assert_eq!(invalid.errors[0].field, field),
        other => panic!("expected {field} to be refused, got {other:?}"),
    }
}
