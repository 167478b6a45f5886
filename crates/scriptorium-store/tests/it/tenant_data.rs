//! The tenants' own tables: the same behaviour on both databases.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Ctx;
use scriptorium_store::tenant_data::{Column, ColumnType, Table, TenantData, TenantSchema};
use scriptorium_store::{Error, Result};
use serde_json::{Value, json};

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{World, assert_conflict};

#[rstest]
#[tokio::test]
async fn values_of_every_type_come_back_as_the_json_they_went_in_as(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let row = [
        json!("c1"),
        json!("Oʻktam"),
        json!(9_007_199_254_740_993_i64),
        json!(2.5),
        json!(true),
        json!("2026-11-21T00:00:00.000000Z"),
        json!({"tags": ["a", 1, null], "large": 1e300, "b": 1.0}),
        json!("018F0000-0000-7000-8000-000000000000"),
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

/// What SQLite's columns make of values that are almost of their type.
#[rstest]
#[tokio::test]
async fn values_that_lose_nothing_are_taken(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    for (column, given, stored) in [
        ("name", json!(1.5), json!("1.5")),
        ("name", json!(7), json!("7")),
        ("name", json!({"a": [1]}), json!(r#"{"a":[1]}"#)),
        ("points", json!(2.0), json!(2)),
        ("points", json!("12"), json!(12)),
        ("points", json!(true), json!(1)),
        ("debt", json!(3), json!(3.0)),
        ("debt", json!("0.5"), json!(0.5)),
        ("vip", json!(1), json!(true)),
        ("vip", json!(false), json!(false)),
        ("extra", json!("[1, 2]"), json!([1, 2])),
        ("extra", json!(2.5), json!(2.5)),
        ("since", json!("yesterday"), json!("yesterday")),
    ] {
        let update = format!("update clients set {column} = $1");
        let select = format!("select {column} from clients");
        let rows = data.transaction(&world.ctx, move |tx| {
            tx.execute(INSERT, &[json!("c1")])?;
            tx.execute(&update, &[given])?;
            let rows = tx.query(&select, &[])?;
            tx.execute("delete from clients", &[])?;
            Ok(rows)
        });
        assert_eq!(rows.await.unwrap()[0][column], stored, "{column}");
    }
}

#[rstest]
#[tokio::test]
async fn values_of_the_wrong_type_are_refused(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    for (column, wrong) in [
        ("points", json!("many")),
        ("points", json!(1.5)),
        ("points", json!(u64::MAX)),
        ("debt", json!("much")),
        ("debt", json!([1])),
        ("vip", json!(2)),
        ("vip", json!("true")),
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
        assert_invalid(result, "params");
    }
}

#[rstest]
#[tokio::test]
async fn a_tenant_sees_its_own_tables_only(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    let count = "select count(*) as n from clients";
    for (ctx, expected) in [(&world.ctx, 1), (&world.other, 0)] {
        let rows = data.query(ctx, count, Vec::new()).await.unwrap();
        assert_eq!(rows[0]["n"], expected);
    }
    // A key that is taken in one tenant is free in another.
    add(&data, &world.other, "mine").await.unwrap();
}

/// What the documentation of `TenantData` says is the same.
#[rstest]
#[tokio::test]
async fn the_common_part_of_sql_gives_the_same_rows(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let insert = "insert into clients (id, name, points, debt, vip, extra, note) \
                  values ($1, $2, $3, $4, $5, $6, $7)";
    for (id, name, points, vip, note) in [
        ("a", "Ümit", 1, true, Value::Null),
        ("b", "zafar", 2, false, json!("x_y")),
        ("c", "Zafar", 4, false, json!("xzy")),
    ] {
        let row = vec![
            json!(id),
            json!(name),
            json!(points),
            json!(0.5),
            json!(vip),
            json!({"city": "Nukus", "age": 7}),
            note,
        ];
        data.execute(&world.ctx, insert, row).await.unwrap();
    }
    for (sql, params, expected) in [
        (
            "select name from clients order by name",
            vec![],
            json!([{"name": "Zafar"}, {"name": "zafar"}, {"name": "Ümit"}]),
        ),
        (
            "select id from clients where name like $1 order by id",
            vec![json!("z%")],
            json!([{"id": "b"}]),
        ),
        (
            "select id from clients where note like 'x!_y' escape '!'",
            vec![],
            json!([{"id": "b"}]),
        ),
        (
            "select lower(name) as l from clients where id in ($1, $2) order by id",
            vec![json!("a"), json!("c")],
            json!([{"l": "Ümit"}, {"l": "zafar"}]),
        ),
        (
            "select id from clients order by note desc nulls last, id limit $1 offset $2",
            vec![json!(2), json!(1)],
            json!([{"id": "b"}, {"id": "a"}]),
        ),
        (
            "select sum(points) as s, avg(points) as a, count(note) as n, min(name) as m, sum(debt) as d from clients",
            vec![],
            json!([{"s": 7, "a": 7.0 / 3.0, "n": 2, "m": "Zafar", "d": 1.5}]),
        ),
        (
            "select sum(points) as s, max(points) as m from clients where id = 'none'",
            vec![],
            json!([{"s": null, "m": null}]),
        ),
        (
            "select avg(points) as a from clients where id = 'b'",
            vec![],
            json!([{"a": 2.0}]),
        ),
        (
            "select vip, count(*) as n from clients group by vip having sum(points) > $1 order by n",
            vec![json!(0.5)],
            json!([{"vip": true, "n": 1}, {"vip": false, "n": 2}]),
        ),
        (
            "select points / 2 as q, points * 1.5 as p, points % 3 as r from clients where id = 'c'",
            vec![],
            json!([{"q": 2, "p": 6.0, "r": 1}]),
        ),
        (
            "select id = 'a' as same, vip and points > 0 as v, exists (select 1 from clients where points > $1) as e from clients where id = 'a'",
            vec![json!(3)],
            json!([{"same": 1, "v": 1, "e": 1}]),
        ),
        (
            "select id from clients where vip = $1 and vip = true and vip",
            vec![json!(true)],
            json!([{"id": "a"}]),
        ),
        (
            "select extra -> 'city' as j, extra ->> 'city' as t from clients where extra ->> 'city' = $1 limit 1",
            vec![json!("Nukus")],
            json!([{"j": "\"Nukus\"", "t": "Nukus"}]),
        ),
        (
            "select c.id, d.extra from clients c join clients d on d.points = c.points * 2 where c.id = 'a'",
            vec![],
            json!([{"id": "a", "extra": {"city": "Nukus", "age": 7}}]),
        ),
        (
            "with w as (select id, vip from clients where points > 1) select id, vip from w order by id desc limit 1",
            vec![],
            json!([{"id": "c", "vip": false}]),
        ),
        (
            "select id from clients where points between 2 and 3 union select 'd' as id order by id",
            vec![],
            json!([{"id": "b"}, {"id": "d"}]),
        ),
        (
            "select case when points > 3 then 'many' else 'few' end as c, coalesce(note, 'none') as n, length(name) as l, substr(name, 2, 3) as s from clients where id = 'a'",
            vec![],
            json!([{"c": "few", "n": "none", "l": 4, "s": "mit"}]),
        ),
        (
            "select string_agg(id, ',' order by id) as ids from clients",
            vec![],
            json!([{"ids": "a,b,c"}]),
        ),
        (
            "select id, row_number() over (order by points desc) as place from clients order by place limit 1",
            vec![],
            json!([{"id": "c", "place": 1}]),
        ),
        (
            "select trim('  a ') || replace('b-b', '-', '') as t, abs(-3) as a, nullif(1, 1) as n, 2.5 as d, upper('x') as u",
            vec![],
            json!([{"t": "abb", "a": 3, "n": null, "d": 2.5, "u": "X"}]),
        ),
        (
            "/* a remark */ select id -- and another\nfrom clients where (id = $1 or $1 is null) order by id limit 1;",
            vec![Value::Null],
            json!([{"id": "a"}]),
        ),
        (
            "insert into clients (id, name, points, debt, vip, extra) values ('a', 'n', 0, 0, true, '{}') on conflict do nothing returning id",
            vec![],
            json!([]),
        ),
        (
            "update clients set points = points + $1, debt = debt * 2 where id = 'a' returning id, points, debt, vip, extra ->> 'city' as city",
            vec![json!(1)],
            json!([{"id": "a", "points": 2, "debt": 1.0, "vip": true, "city": "Nukus"}]),
        ),
        (
            "delete from clients where id = 'a' returning id",
            vec![],
            json!([{"id": "a"}]),
        ),
        (
            "select count(*) as n from clients",
            vec![],
            json!([{"n": 2}]),
        ),
    ] {
        let rows = data.query(&world.ctx, sql, params).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
        assert_eq!(Value::Array(rows), expected, "{sql}");
    }
}

#[rstest]
#[tokio::test]
async fn a_statement_reads_or_changes_rows_and_nothing_else(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    for sql in [
        "drop table clients",
        "create table t (x integer)",
        "create temp table t (x integer)",
        "create table t as select id from clients",
        "alter table clients add column x integer",
        "create index i on clients (name)",
        "begin",
        "commit",
        "end",
        "rollback",
        "savepoint a",
        "vacuum",
        "reindex",
        "explain select 1",
        "select 1; select 2",
        "select 1; commit",
        "selec 1",
        "select * from nowhere",
        "select nothing from clients",
    ] {
        assert_invalid(data.execute(&world.ctx, sql, Vec::new()).await, "sql");
        assert_invalid(data.query(&world.ctx, sql, Vec::new()).await, "sql");
        // Also in the middle of a transaction, which goes on as if nothing had been asked.
        let (asked, rows) = in_transaction(&data, &world.ctx, sql).await;
        assert_invalid(asked, "sql");
        assert_eq!(rows, 1, "{sql}");
    }
    for (sql, params, field) in [
        ("select $1", vec![], "params"),
        ("select $1", vec![json!(1), json!(2)], "params"),
        ("select 1", vec![json!(1)], "params"),
        ("select $name", vec![json!(1)], "sql"),
    ] {
        assert_invalid(data.query(&world.ctx, sql, params).await, field);
    }
    // Rows are for who asks for them: what gives some is no plain change, and changes nothing then.
    for sql in ["select id from clients", "delete from clients returning id"] {
        assert_invalid(data.execute(&world.ctx, sql, Vec::new()).await, "sql");
    }
    assert_eq!(count(&data, &world.ctx).await, 1);
}

/// What a statement says in the middle of a transaction, and how many clients the next one sees.
async fn in_transaction(data: &TenantData, ctx: &Ctx, sql: &str) -> (Result<u64>, usize) {
    let sql = sql.to_owned();
    let done = data.transaction(ctx, move |tx| {
        let asked = tx.execute(&sql, &[]);
        Ok((asked, tx.query("select id from clients", &[])?.len()))
    });
    done.await.unwrap()
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
        "pragma writable_schema = on".into(),
        "vacuum into '/tmp/copy.db'".into(),
        "select load_extension('x')".into(),
        "insert into sqlite_schema values (1, 2, 3, 4, 5)".into(),
    ] {
        assert_invalid(data.execute(&world.ctx, &sql, Vec::new()).await, "sql");
        assert_invalid(data.query(&world.ctx, &sql, Vec::new()).await, "sql");
    }
}

#[rstest]
#[tokio::test]
async fn a_transaction_is_stored_whole_or_not_at_all(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let failed: Result<()> = data
        .transaction(&world.ctx, move |tx| {
            tx.execute(INSERT, &[json!("a")])?;
            assert_eq!(tx.query("select id from clients", &[])?.len(), 1);
            Err(Error::NotFound)
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(count(&data, &world.ctx).await, 0);

    let panicked: Result<()> = data
        .transaction(&world.ctx, move |tx| {
            tx.execute(INSERT, &[json!("a")])?;
            panic!("a service that breaks");
        })
        .await;
    assert!(panicked.is_err());
    let seen = count(&data, &world.ctx).await;
    assert_eq!(seen, 0, "what it had done is rolled back");

    let done = data.transaction(&world.ctx, move |tx| {
        tx.execute(INSERT, &[json!("a")])?;
        tx.execute(INSERT, &[json!("b")])
    });
    assert_eq!(done.await.unwrap(), 1);
    assert_eq!(count(&data, &world.ctx).await, 2);
}

#[rstest]
#[tokio::test]
async fn a_statement_that_is_refused_is_undone_alone(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let done = data.transaction(&world.ctx, move |tx| {
        tx.execute(INSERT, &[json!("a")])?;
        assert_conflict(tx.execute(INSERT, &[json!("a")]), ("not_unique", "params"));
        let many = "insert into clients (id, name, points, debt, vip, extra) \
                    select 'b', name, points, debt, vip, extra from clients \
                    union all select id, name, points, debt, vip, extra from clients";
        assert_conflict(tx.execute(many, &[]), ("not_unique", "params"));
        assert_invalid(tx.query("select nothing", &[]), "sql");
        tx.execute(INSERT, &[json!("c")])?;
        tx.query("select id from clients order by id", &[])
    });
    let ids: Vec<Value> = done
        .await
        .unwrap()
        .into_iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(count(&data, &world.ctx).await, 2);
}

#[rstest]
#[tokio::test]
async fn a_statement_that_goes_on_is_stopped(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let endless = data.query(&world.ctx, ENDLESS, Vec::new());
    match database {
        // By the store's clock.
        Sqlite => {
            let passing = async {
                loop {
                    world.advance(Duration::from_millis(1));
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                result = endless => assert_invalid(result, "sql"),
                () = passing => {}
            }
        }
        // By the server's.
        Postgres => assert_invalid(endless.await, "sql"),
    }
    data.query(&world.ctx, "select 1 as one", Vec::new())
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn a_transaction_that_goes_on_is_stopped(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    let clock = std::sync::Arc::clone(&world.clock);
    let late = data.transaction(&world.ctx, move |tx| {
        clock.advance(Duration::from_secs(59));
        tx.execute(INSERT, &[json!("a")])?;
        clock.advance(Duration::from_secs(2));
        tx.execute(INSERT, &[json!("b")])
    });
    match late.await {
        Err(Error::Invalid(invalid)) => assert_eq!(invalid.errors[0].code, "timeout"),
        other => panic!("{other:?}"),
    }
    assert_eq!(count(&data, &world.ctx).await, 0);
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

#[rstest]
#[tokio::test]
async fn keys_and_unique_columns_are_kept(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = open(&world);
    add(&data, &world.ctx, "same").await.unwrap();
    assert_conflict(
        add(&data, &world.ctx, "same").await,
        ("not_unique", "params"),
    );
    add(&data, &world.ctx, "another").await.unwrap();
    let note = "update clients set note = 'once' where id = $1";
    let params = |id: &str| vec![json!(id)];
    data.execute(&world.ctx, note, params("same"))
        .await
        .unwrap();
    assert_conflict(
        data.execute(&world.ctx, note, params("another")).await,
        ("not_unique", "params"),
    );
}

#[rstest]
#[tokio::test]
async fn a_schema_grows_by_nullable_columns_and_tables(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    add(&open(&world), &world.ctx, "old").await.unwrap();

    let data = world.store.tenant_data(grown()).unwrap();
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

/// As a server of the release before does, beside one of this release or after it was taken back.
#[rstest]
#[tokio::test]
async fn an_earlier_declaration_works_on_tables_of_a_later_one(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let earlier = open(&world);
    add(&earlier, &world.ctx, "a").await.unwrap();
    let later = world.store.tenant_data(grown()).unwrap();
    let city = "update clients set city = 'Nukus' where id = 'a'";
    later.execute(&world.ctx, city, Vec::new()).await.unwrap();

    let world = world.reopen().await;
    let earlier = open(&world);
    add(&earlier, &world.ctx, "b").await.unwrap();
    let all = "select * from clients order by id";
    let rows = earlier.query(&world.ctx, all, Vec::new()).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].len(), 9, "{rows:?}");
    let expression = "select count(*) as city from clients";
    let rows = earlier.query(&world.ctx, expression, Vec::new()).await;
    assert_eq!(rows.unwrap()[0]["city"], 2);

    let later = world.store.tenant_data(grown()).unwrap();
    let rows = later.query(&world.ctx, all, Vec::new()).await.unwrap();
    assert_eq!(rows[0]["city"], "Nukus");
    assert_eq!(rows[1]["city"], Value::Null);
}

#[tokio::test]
async fn bad_schemas_are_refused_by_name() {
    let world = World::new().await;
    let table = |name: &str| Table::new(name).column("id", ColumnType::Integer);
    let json = table("a").column("j", ColumnType::Json);
    let decimal =
        |precision, scale| vec![table("a").column("d", ColumnType::Decimal { precision, scale })];
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
        (
            vec![table("a").optional("tenant_id", ColumnType::Uuid)],
            "tables.a.tenant_id",
        ),
        (vec![json.clone().key(["j"])], "tables.a.j"),
        (vec![json.index(["id", "j"])], "tables.a.j"),
        (decimal(0, 0), "tables.a.d"),
        (decimal(29, 2), "tables.a.d"),
        (decimal(20, 13), "tables.a.d"),
        (decimal(2, 3), "tables.a.d"),
    ] {
        let opened = world.store.tenant_data(TenantSchema { tables });
        assert_invalid(opened, field);
    }
}

pub(crate) fn schema() -> TenantSchema {
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

/// What the next release declares.
pub(crate) fn grown() -> TenantSchema {
    let mut grown = schema();
    grown.tables[0] = grown.tables[0].clone().optional("city", ColumnType::Text);
    grown.tables.push(
        Table::new("orders")
            .column("id", ColumnType::Integer)
            .index(["id"]),
    );
    grown
}

pub(crate) fn open(world: &World) -> TenantData {
    world.store.tenant_data(schema()).unwrap()
}

pub(crate) const INSERT: &str = "insert into clients (id, name, points, debt, vip, extra) \
     values ($1, 'n', 0, 0.0, false, '{}')";

pub(crate) const ENDLESS: &str = "with recursive n (i) as (select 1 union all select i + 1 from n) \
     select count(*) as n from n";

pub(crate) async fn add(data: &TenantData, ctx: &Ctx, id: &str) -> Result<u64> {
    data.execute(ctx, INSERT, vec![json!(id)]).await
}

pub(crate) async fn count(data: &TenantData, ctx: &Ctx) -> i64 {
    let sql = "select count(*) as n from clients";
    let rows = data.query(ctx, sql, Vec::new()).await.unwrap();
    rows[0]["n"].as_i64().unwrap()
}

#[track_caller]
pub(crate) fn assert_invalid<T: std::fmt::Debug>(result: Result<T>, field: &str) {
    match result {
        Err(Error::Invalid(invalid)) => {
            assert_eq!(invalid.errors[0].field, field, "{invalid:?}");
        }
        other => panic!("expected {field} to be refused, got {other:?}"),
    }
}
