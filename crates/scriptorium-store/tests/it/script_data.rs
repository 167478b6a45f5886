//! The tenants' tables as scripts reach them: what they may say, on both databases.

use std::time::Duration;

use rstest::rstest;
use scriptorium_model::Ctx;
use scriptorium_store::tenant_data::{
    Answer, Ask, Bounds, Column, ColumnType, Find, ScriptData, ScriptTx, Table, TenantData,
    TenantSchema,
};
use scriptorium_store::{Error, Result};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::World;

const BOUNDS: Bounds = Bounds {
    rows: 1_000,
    bytes: 1 << 20,
};

const MONEY: ColumnType = ColumnType::Decimal {
    precision: 12,
    scale: 2,
};
const WEIGHT: ColumnType = ColumnType::Decimal {
    precision: 8,
    scale: 3,
};

pub(crate) fn schema() -> TenantSchema {
    let unique = |name: &str| Column {
        name: name.into(),
        ty: ColumnType::Text,
        nullable: false,
        unique: true,
    };
    let orders = Table::new("orders")
        .column("id", ColumnType::Uuid)
        .with(unique("number"))
        .column("customer", ColumnType::Text)
        .column("total", ColumnType::Integer)
        .column("paid", ColumnType::Boolean)
        .optional("rate", ColumnType::Real)
        .optional("placed", ColumnType::Timestamp)
        .optional("extra", ColumnType::Json)
        .optional("note", ColumnType::Text)
        .optional("price", MONEY)
        .optional("weight", WEIGHT)
        .written_by_scripts();
    let customers = Table::new("customers")
        .column("id", ColumnType::Text)
        .column("name", ColumnType::Text)
        .column("city", ColumnType::Text)
        .optional("credit", MONEY)
        .read_by_scripts();
    let rates = Table::new("rates")
        .column("rate", WEIGHT)
        .column("name", ColumnType::Text)
        .key(["rate"])
        .written_by_scripts();
    let salaries = Table::new("salaries")
        .column("id", ColumnType::Text)
        .column("amount", ColumnType::Integer);
    TenantSchema {
        tables: vec![orders, customers, rates, salaries],
    }
}

struct Tables {
    world: World,
    data: TenantData,
    scripts: ScriptData,
    ids: std::sync::atomic::AtomicU32,
}

impl Tables {
    async fn on(database: Database) -> Self {
        let world = World::with_tables(database).await;
        let data = world.store.tenant_data(schema()).unwrap();
        let scripts = data.for_scripts();
        let tables = Self {
            world,
            data,
            scripts,
            ids: Default::default(),
        };
        for (ctx, whose, rows) in [
            (&tables.world.ctx, "own", 40),
            (&tables.world.other, "CANARY", 7),
        ] {
            tables.fill(ctx, whose, rows).await;
        }
        tables
    }

    async fn fill(&self, ctx: &Ctx, whose: &str, rows: usize) {
        for index in 0..rows {
            let row = json!({
                "number": format!("{whose}-{index}"),
                "customer": format!("{whose}-c{}", index % 5),
                "total": (index * 37) % 101,
                "paid": index % 3 == 0,
                "rate": if index % 4 == 0 { Value::Null } else { json!(index as f64 / 4.0) },
                "placed": format!("2026-03-{:02}T00:00:00.000Z", index % 28 + 1),
                "extra": { "whose": whose, "n": index },
                "note": if index % 2 == 0 { json!(format!("note {index}")) } else { Value::Null },
                "price": match index % 5 {
                    0 => Value::Null,
                    1 => json!(format!("-{}.5", index * 7)),
                    2 => json!(index as f64 / 10.0),
                    3 => json!(index),
                    _ => json!(format!("90071992{:02}.{:02}", index % 3, index)),
                },
                "weight": if index % 3 == 0 { Value::Null } else { json!(format!("{index}.125")) },
            });
            let ask = self.insert("orders", row);
            self.ask(ctx, ask).await.unwrap();
        }
        for index in 0..5 {
            let insert = "insert into customers (id, name, city, credit) values ($1, $2, $3, $4)";
            let row = vec![
                json!(format!("{whose}-c{index}")),
                json!(format!("{whose} {index}")),
                json!(["Tashkent", "Samarkand"][index % 2]),
                json!(["3.00", "-42.5"][index % 2]),
            ];
            self.data.execute(ctx, insert, row).await.unwrap();
        }
        let insert = "insert into salaries (id, amount) values ($1, 1000)";
        let id = vec![json!(format!("{whose} SECRET"))];
        self.data.execute(ctx, insert, id).await.unwrap();
    }

    fn insert(&self, table: &str, row: Value) -> Result<Ask> {
        let rows = match row {
            Value::Array(list) => list,
            one => vec![one],
        };
        let rows = rows.into_iter().map(|row| row.as_object().unwrap().clone());
        let id = || {
            let id = self.ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            scriptorium_model::Uuid::from_u128(id.into())
        };
        self.scripts.insert(table, rows.collect(), id)
    }

    async fn ask(&self, ctx: &Ctx, ask: Result<Ask>) -> Result<Answer> {
        let stop = CancellationToken::new();
        self.scripts.ask(ctx, ask?, BOUNDS, stop).await
    }

    async fn say(&self, sql: &str, params: Vec<Value>) -> Result<Answer> {
        let ask = self.scripts.statement(sql, params);
        self.ask(&self.world.ctx, ask).await
    }

    async fn rows(&self, sql: &str) -> Vec<Value> {
        rows(self.say(sql, Vec::new()).await.unwrap())
    }

    async fn find(&self, conditions: Value, find: Find) -> Result<Vec<Value>> {
        let ask = self.scripts.find("orders", &conditions, &find);
        self.ask(&self.world.ctx, ask).await.map(rows)
    }

    /// Everything there is of a tenant, as its host sees it.
    async fn all(&self, ctx: &Ctx) -> Vec<Value> {
        let mut all = Vec::new();
        for sql in [
            "select * from orders order by number",
            "select * from customers order by id",
            "select * from salaries order by id",
        ] {
            let rows = self.data.query(ctx, sql, Vec::new()).await.unwrap();
            all.extend(rows.into_iter().map(Value::from));
        }
        all
    }
}

fn rows(answer: Answer) -> Vec<Value> {
    match answer {
        Answer::Rows(rows) => rows.into_iter().map(Value::from).collect(),
        Answer::Changed(count) => panic!("changed {count}"),
    }
}

#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (String, &'static str, String) {
    match result {
        Err(Error::Invalid(invalid)) => {
            let first = &invalid.errors[0];
            (first.field.clone(), first.code, first.message.clone())
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// What a script must not get: refused, whoever refuses it.
pub(crate) const HOSTILE: &[&str] = &[
    // Acting for another tenant, or as somebody else.
    "select set_config('app.tenant', '00000000-0000-0000-0000-000000000000', true)",
    "select current_setting('app.tenant')",
    "set app.tenant = 'x'",
    "set local app.tenant = 'x'",
    "reset all",
    "discard all",
    "set role postgres",
    "set session authorization default",
    "set local row_security = off",
    "insert into orders (tenant_id, id) values ('x', 'y')",
    "update orders set tenant_id = 'x'",
    "select tenant_id from orders",
    "select current_user",
    "select session_user",
    "select user",
    "select current_schema",
    "select current_catalog",
    "select current_role",
    // Several statements.
    "select 1; delete from orders",
    "select 1; set local app.tenant = 'x'",
    "select 1;; select 2",
    "select 1; -- x\n drop table orders",
    "begin; delete from orders; commit",
    "commit",
    "rollback",
    "savepoint s",
    "end",
    // Other kinds of statements.
    "create table x (y integer)",
    "create temp table x as select 1",
    "drop table orders",
    "alter table orders add column x text",
    "truncate orders",
    "vacuum",
    "analyze orders",
    "grant all on orders to public",
    "copy orders to stdout",
    "copy orders from program 'id'",
    "copy (select 1) to program 'id'",
    "do $$ begin perform 1; end $$",
    "call x()",
    "execute x",
    "prepare x as select 1",
    "deallocate all",
    "declare c cursor for select 1",
    "fetch all from c",
    "listen x",
    "notify x",
    "lock table orders",
    "load 'x'",
    "explain select * from orders",
    "explain analyze delete from orders",
    "show all",
    "pragma database_list",
    "attach database '/etc/passwd' as x",
    "detach database main",
    "reindex",
    "merge into orders using customers on true when matched then delete",
    "replace into orders (id) values ('x')",
    "insert or replace into orders (id) values ('x')",
    "table orders",
    "values (1)  union select 1 into x",
    "select * into x from orders",
    // Writes where a query reads.
    "with x as (delete from orders returning *) select * from x",
    "with x as (insert into orders (id) values ('x') returning *) select * from x",
    "with x as (update orders set total = 0 returning *) select * from x",
    "select * from (delete from orders returning *) as x",
    "insert into customers (id, name, city) values ('x', 'y', 'z')",
    "update customers set name = 'x'",
    "delete from customers",
    "insert into orders (id) values ('x') on conflict (number) do update set total = 0",
    // Tables that are not for scripts.
    "select * from salaries",
    "select amount from salaries",
    "select * from SALARIES",
    "select * from \"salaries\"",
    "select o.*, (select max(amount) from salaries) from orders o",
    "select * from orders where exists (select 1 from salaries)",
    "with salaries as (select 1 as amount) select * from salaries",
    "select * from (with salaries as (select 1 as y) select y from salaries) q, salaries",
    "insert into orders (id, number, customer, total, paid) select id, id, id, amount, true from salaries",
    "update orders set total = (select amount from salaries limit 1)",
    "update orders set total = s.amount from salaries s",
    "delete from orders where total in (select amount from salaries)",
    "select * from pg_class",
    "select * from pg_catalog.pg_class",
    "select rolpassword from pg_authid",
    "select * from pg_stat_activity",
    "select * from information_schema.tables",
    "select * from scriptorium.tenants",
    "select * from scriptorium_tables.orders",
    "select * from public.orders",
    "select * from main.orders",
    "select * from sqlite_schema",
    "select * from sqlite_master",
    "select * from pragma_database_list",
    "select * from pragma_table_info('salaries')",
    "select * from json_each('[1]')",
    "select * from generate_series(1, 1000000000)",
    "select * from unnest(array[1])",
    "with pg_class as (select 1 as x) select relname from pg_class",
    // Functions that read, wait, tell or take.
    "select pg_sleep(10)",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select dblink('', 'select 1')",
    "select query_to_xml('select 1', true, true, '')",
    "select pg_notify('x', 'y')",
    "select pg_advisory_lock(1)",
    "select pg_terminate_backend(1)",
    "select pg_cancel_backend(1)",
    "select version()",
    "select inet_server_addr()",
    "select current_database()",
    "select nextval('x')",
    "select repeat('x', 1000000000)",
    "select lpad('x', 1000000000)",
    "select random()",
    "select randomblob(1000000000)",
    "select zeroblob(1000000000)",
    "select printf('%1000000000d', 1)",
    "select format('%1000000000s', 1)",
    "select hex(zeroblob(1000000000))",
    "select load_extension('x')",
    "select readfile('/etc/passwd')",
    "select writefile('/tmp/x', 'y')",
    "select edit('x')",
    "select sqlite_version()",
    "select char(0)",
    "select current_timestamp",
    "select now()",
    "select pg_catalog.pg_sleep(10)",
    "select \"pg_sleep\"(10)",
    "select \"lower\"('x')",
    "select PG_SLEEP(10)",
    "select count(*) filter (where pg_sleep(1) is null) from orders",
    "select max(total) over (order by pg_sleep(1)) from orders",
    "select * from orders order by pg_sleep(1)",
    "select * from orders limit (select pg_sleep(1))",
    "select * from orders group by pg_sleep(1)",
    "select * from orders having pg_sleep(1) is null",
    "update orders set note = pg_read_file('/etc/passwd')",
    "delete from orders returning pg_sleep(1)",
    "insert into orders (id) values (pg_sleep(1))",
    // Other ways to write things.
    "select/**/pg_sleep(1)",
    "select $$x$$",
    "select $x$ ' $x$",
    "select E'\\x27 or 1=1 --'",
    "select U&'\\0027'",
    "select U&\"d\\0061t\\+000061\"",
    "select X'41'",
    "select B'01'",
    "select N'x'",
    "select 1::regclass",
    "select 'salaries'::regclass",
    "select cast('salaries' as regclass)",
    "select cast('x' as bytea)",
    "select date '2026-01-01'",
    "select interval '1 day'",
    "select array[1, 2]",
    "select row(1, 2)",
    "select (orders).number from orders",
    "select orders.* from orders, lateral (select 1) x",
    "select * from only orders",
    "select * from orders tablesample system (1)",
    "select * from orders for update",
    "select * from orders for share",
    "select * from orders fetch first 1 rows only",
    "select distinct on (customer) * from orders",
    "select * from orders where number ~ 'x'",
    "select * from orders where number similar to 'x'",
    "select * from orders where number ilike 'x'",
    "select * from orders where number glob 'x'",
    "select * from orders where number regexp 'x'",
    "select * from orders where number match 'x'",
    "select * from orders where number operator(pg_catalog.=) 'x'",
    "select number collate \"C\" from orders",
    "select * from orders where total = any (array[1])",
    "select * from orders group by rollup (customer)",
    "select * from orders group by all",
    "select rowid from orders",
    "select _rowid_ from orders",
    "select oid from orders",
    "select ctid from orders",
    "select xmin from orders",
    "select tableoid from orders",
    "select 1 as pg_x, pg_x.lower from orders",
    "select @@version",
    "select @x := 1",
    "select * from orders where `number` = 'x'",
    "select * from orders where [number] = 'x'",
    "select * from ｏｒｄｅｒｓ",
    "select * from orders where number = ‘x’",
    "select * from orders\u{0} where false",
    "ѕelect * from orders",
    "select * from orders where number = 'x' \u{2028} or true; drop table orders",
    // Endless and enormous ones.
    "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n",
    "with recursive n as (select 1 as i) select i from n",
    "select * from orders natural join orders left semi join orders on true",
    "",
    "   ",
    ";",
    "--",
    "select",
    "select * from orders where",
    "select * from orders where number = '",
];

#[rstest]
#[tokio::test]
async fn hostile_statements_are_refused(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let (own, theirs) = (&tables.world.ctx, &tables.world.other);
    let before = (tables.all(own).await, tables.all(theirs).await);
    let mut wrong = String::new();
    for sql in HOSTILE {
        if let Ok(got) = tables.say(sql, Vec::new()).await {
            wrong.push_str(&format!("\n{sql}\n    {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(HOSTILE.len() >= 60);
    assert_eq!((tables.all(own).await, tables.all(theirs).await), before);
}

/// What would be an attack elsewhere, and here only reaches what is one's own.
#[rstest]
#[tokio::test]
async fn what_is_allowed_stays_in_its_tenant(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let theirs = &tables.world.other;
    let before = tables.all(theirs).await;
    for (sql, params) in [
        (
            "select * from orders where 1 = 1 or number = 'CANARY-1'",
            vec![],
        ),
        (
            "select * from orders where number like $1",
            vec![json!("CANARY%")],
        ),
        (
            "select * from orders union all select * from orders",
            vec![],
        ),
        (
            "select number from orders where customer = $1",
            vec![json!("x' or '1'='1")],
        ),
        (
            "select 'it''s' || '\\' as text, '--' as a, '/*' as b",
            vec![],
        ),
        (
            "update orders set note = $1 where number = 'CANARY-1'",
            vec![json!("'; drop table orders; --")],
        ),
        ("select 1 as n /* /* */ ; drop table orders -- */", vec![]),
        ("select 'a\\'' or pg_sleep(1) is null --' as text", vec![]),
        ("delete from orders where customer like 'CANARY%'", vec![]),
        (
            "insert into orders (id, number, customer, total, paid) select id || 'x', 'CANARY-' || number, customer, total, paid from orders where total > 90 returning number",
            vec![],
        ),
        (
            "update orders set total = total + 1, note = 'CANARY?' where paid = true",
            vec![],
        ),
        ("delete from orders where not paid is true", vec![]),
        ("delete from orders", vec![]),
    ] {
        let got = tables.say(sql, params).await;
        let got = got.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let shown = format!("{got:?}");
        assert!(!shown.contains("CANARY-c"), "{sql}: {shown}");
        assert_eq!(tables.all(theirs).await, before, "{sql}");
    }
}

#[rstest]
#[tokio::test]
async fn long_and_deep_statements_are_refused_in_time(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let tables = Tables::on(database).await;
    let chain = |part: &str, count: usize| part.repeat(count);
    for sql in [
        format!("select 1 {}", chain("+ 1 ", 2_000)),
        format!("select 1 {}", chain("union select 1 ", 2_000)),
        format!("select {} 1", chain("- ", 5_000)),
        format!("select {} true", chain("not ", 5_000)),
        format!("select {}1{}", chain("(", 5_000), chain(")", 5_000)),
        format!("select {}1{}", chain("(select ", 120), chain(")", 120)),
        format!("select {}1{}", chain("abs(", 5_000), chain(")", 5_000)),
        format!("select {} end", chain("case when true then ", 300)),
        format!("select 1 {}", chain("is null ", 5_000)),
        format!("select 1 {}", chain("in (1) ", 5_000)),
        format!("select '{}'", "x".repeat(1 << 20)),
        format!("select {}1", chain("1, ", 6_000)),
        format!("select /*{}*/ 1", chain("/*", 30_000)),
        format!("select {}", chain("'", 9_999)),
        format!("select \"{}\"", "x".repeat(64)),
    ] {
        let (_, code, _) = refusal(tables.say(&sql, Vec::new()).await);
        let shown: String = sql.chars().take(60).collect();
        assert!(matches!(code, "refused" | "forbidden"), "{shown}: {code}");
    }
    // As many as there may be.
    let most = format!("select 1 {} as n", chain("+ 1 ", 240));
    assert_eq!(tables.rows(&most).await, [json!({ "n": 241 })]);
}

#[rstest]
#[tokio::test]
async fn values_and_placeholders_match(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    for (sql, values) in [
        ("select number from orders where total = $1", 0),
        ("select number from orders where total = $1", 2),
        ("select number from orders where total = $2", 2),
        ("select number from orders", 1),
        ("select number from orders where total in (?, ?)", 1),
    ] {
        let params = vec![json!(1); values];
        let (field, ..) = refusal(tables.say(sql, params).await);
        assert_eq!(field, "params", "{sql} {values}");
    }
    for sql in [
        "select count(*) as n from orders where total in (?, ?) and 1 < ?",
        "select count(*) as n from orders where total in ($1, $2) and 1 < $3;",
        "SELECT count(*) AS n FROM orders -- all\n WHERE total IN ($1, $2) AND $3 > 1",
    ] {
        let params = vec![json!(0), json!(37), json!(2)];
        let got = rows(tables.say(sql, params).await.unwrap());
        assert_eq!(got, [json!({ "n": 2 })], "{sql}");
    }
    // Words of SQL that are values stay values.
    let sql = "select number from orders where number = $1 or customer = $1";
    let odd = vec![json!("' or true --")];
    assert!(rows(tables.say(sql, odd).await.unwrap()).is_empty());
}

#[rstest]
#[tokio::test]
async fn rows_and_bytes_have_bounds(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let all = "select a.number as n from orders a cross join orders b";
    let (_, code, _) = refusal(tables.say(all, Vec::new()).await);
    assert_eq!(code, "too_many_rows");
    let most = format!("{all} limit 1000");
    assert_eq!(tables.rows(&most).await.len(), 1_000);
    let note = "x".repeat(100_000);
    let fill = "update orders set note = $1";
    tables.say(fill, vec![json!(note)]).await.unwrap();
    let (_, code, _) = refusal(tables.say("select note from orders", Vec::new()).await);
    assert_eq!(code, "too_large");
    // A change that gives too much is not made, within a transaction and alone.
    let change = tables
        .scripts
        .statement("update orders set total = -1 returning note", Vec::new());
    let change = change.unwrap();
    let alone = tables.ask(&tables.world.ctx, Ok(change.clone())).await;
    assert_eq!(refusal(alone).1, "too_large");
    let work = move |tx: &ScriptTx<'_>| {
        let refused = tx.ask(&change, BOUNDS);
        assert_eq!(refusal(refused).1, "too_large");
        Ok(())
    };
    let stop = CancellationToken::new();
    let done = tables.scripts.transaction(&tables.world.ctx, stop, work);
    done.await.unwrap();
    let changed = tables.rows("select count(*) as n from orders where total = -1");
    assert_eq!(changed.await, [json!({ "n": 0 })]);
}

/// Compares some hundred conditions with what the same rows say in Rust.
#[rstest]
#[tokio::test]
async fn conditions_find_what_they_say(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let all = tables.find(Value::Null, Find::default()).await.unwrap();
    assert_eq!(all.len(), 40);
    let count = |keep: &dyn Fn(&Value) -> bool| all.iter().filter(|row| keep(row)).count();
    let total = |row: &Value| row["total"].as_i64().unwrap();
    for (conditions, expected) in [
        (json!({ "total": 37 }), count(&|r| total(r) == 37)),
        (json!({ "total": { "gt": 50 } }), count(&|r| total(r) > 50)),
        (
            json!({ "total": { "$gte": 10, "$lt": 50 } }),
            count(&|r| (10..50).contains(&total(r))),
        ),
        (
            json!({ "total": { "lte": "50", "ne": 37 } }),
            count(&|r| total(r) <= 50 && total(r) != 37),
        ),
        (json!({ "total": [0, 37, 74] }), 3),
        (json!({ "total": { "in": [] } }), 0),
        (json!({ "total": { "notIn": [0, 37] } }), 38),
        (json!({ "total": { "notIn": [] } }), 40),
        (
            json!({ "total": { "between": [10, 50] } }),
            count(&|r| (10..=50).contains(&total(r))),
        ),
        (json!({ "paid": true }), count(&|r| r["paid"] == true)),
        (json!({ "note": null }), 20),
        (json!({ "note": { "ne": null } }), 20),
        (json!({ "note": { "isNull": true } }), 20),
        (json!({ "rate": { "isNull": false } }), 30),
        (
            json!({ "rate": { "gt": 5 } }),
            count(&|r| r["rate"].as_f64() > Some(5.0)),
        ),
        (json!({ "extra": { "isNull": true } }), 0),
        (json!({ "note": { "startsWith": "note 1" } }), 5),
        (json!({ "note": { "endsWith": "8" } }), 4),
        (json!({ "note": { "contains": "te 3" } }), 5),
        (json!({ "note": { "contains": "%" } }), 0),
        (json!({ "note": { "contains": "_" } }), 0),
        (json!({ "note": { "contains": "\\" } }), 0),
        (json!({ "note": { "like": "NOTE%" } }), 0),
        (json!({ "note": { "like": "n_te %" } }), 20),
        (json!({ "placed": { "lt": "2026-03-02" } }), 2),
        (
            json!({ "$or": [{ "total": 0 }, { "total": 37, "paid": false }] }),
            2,
        ),
        (json!({ "$and": [{ "paid": true }, { "note": null }] }), 7),
        (json!({ "$not": { "paid": true }, "note": null }), 13),
        (
            json!([{ "field": "total", "operator": "lt", "value": 10 }, { "field": "paid", "value": true }]),
            count(&|r| total(r) < 10 && r["paid"] == true),
        ),
        (json!({}), 40),
        (json!([]), 40),
    ] {
        let found = tables.find(conditions.clone(), Find::default()).await;
        let found = found.unwrap_or_else(|error| panic!("{conditions}: {error}"));
        assert_eq!(found.len(), expected, "{conditions}");
        let counted = tables.scripts.count("orders", &conditions);
        let counted = rows(tables.ask(&tables.world.ctx, counted).await.unwrap());
        assert_eq!(counted, [json!({ "n": expected })], "{conditions}");
    }
    for (conditions, field) in [
        (json!({ "nothing": 1 }), "nothing"),
        (json!({ "tenant_id": 1 }), "tenant_id"),
        (json!({ "total": "many" }), "total"),
        (json!({ "total": 1.5 }), "total"),
        (json!({ "total": { "gt": null } }), "total"),
        (json!({ "total": { "like": "1" } }), "total"),
        (json!({ "total": { "sleep": 1 } }), "total"),
        (json!({ "total": {} }), "total"),
        (json!({ "total": { "between": [1] } }), "total"),
        (json!({ "extra": "x" }), "extra"),
        (json!({ "paid": 1 }), "paid"),
        (json!({ "number": 1 }), "number"),
        (json!({ "$or": [] }), "or"),
        (json!({ "$or": [{}] }), "or"),
        (json!({ "$not": {} }), "$not"),
        (json!("x"), "conditions"),
        (json!([{ "column": "total" }]), "conditions"),
        (json!({ "a\" or 1=1 --": 1 }), "a\" or 1=1 --"),
    ] {
        let refused = tables.find(conditions.clone(), Find::default()).await;
        assert_eq!(refusal(refused).0, field, "{conditions}");
    }
    let deep = (0..20).fold(json!({ "total": 1 }), |inner, _| json!({ "$not": inner }));
    assert_eq!(
        refusal(tables.find(deep, Find::default()).await).0,
        "conditions"
    );
}

#[rstest]
#[tokio::test]
async fn rows_come_in_the_order_and_form_that_was_asked_for(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let tables = Tables::on(database).await;
    let find = Find {
        select: vec!["number".into(), "rate".into()],
        order_by: vec![("rate".into(), true), ("number".into(), false)],
        limit: Some(2),
        offset: 29,
    };
    let found = tables.find(Value::Null, find.clone()).await.unwrap();
    // Rows without a rate are last, in either direction.
    let expected = [
        json!({ "number": "own-1", "rate": 0.25 }),
        json!({ "number": "own-0", "rate": null }),
    ];
    assert_eq!(found, expected);
    for (change, field) in [
        (
            Find {
                select: vec!["no".into()],
                ..find.clone()
            },
            "options.select",
        ),
        (
            Find {
                select: vec!["rate".into(); 2],
                ..find.clone()
            },
            "options.select",
        ),
        (
            Find {
                order_by: vec![("extra".into(), true)],
                ..find.clone()
            },
            "options.orderBy",
        ),
        (
            Find {
                order_by: vec![("1; drop".into(), true)],
                ..find
            },
            "options.orderBy",
        ),
    ] {
        let refused = tables.find(Value::Null, change).await;
        assert_eq!(refusal(refused).0, field);
    }
}

#[rstest]
#[tokio::test]
async fn rows_are_added_changed_and_removed(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let ctx = &tables.world.ctx;
    let row = |number: &str| json!({ "number": number, "customer": "own-c1", "total": 5, "paid": false, "extra": ["a", null, 1.5] });
    let added = tables.insert("orders", json!([row("n1"), row("n2")]));
    let added = rows(tables.ask(ctx, added).await.unwrap());
    assert_eq!(added.len(), 2);
    assert_eq!(added[1]["number"], "n2");
    assert_eq!(added[1]["extra"], json!(["a", null, 1.5]));
    assert_eq!(added[1]["rate"], Value::Null);
    assert_eq!(added[1]["id"].as_str().unwrap().len(), 36);
    let again = tables.ask(ctx, tables.insert("orders", row("n1"))).await;
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    for (row, field) in [
        (json!({ "number": "n3" }), "customer"),
        (json!({ "nothing": 1 }), "nothing"),
        (
            json!({ "number": 7, "customer": "c", "total": 1, "paid": true }),
            "number",
        ),
        (
            json!({ "number": "n", "customer": null, "total": 1, "paid": true }),
            "customer",
        ),
        (
            json!({ "number": "n", "customer": "c", "total": "x", "paid": true }),
            "total",
        ),
        (
            json!({ "number": "n", "customer": "c", "total": 1, "paid": "yes" }),
            "paid",
        ),
    ] {
        let refused = tables.ask(ctx, tables.insert("orders", row)).await;
        assert_eq!(refusal(refused).0, field);
    }
    let refused = tables
        .ask(ctx, tables.insert("customers", json!({ "id": "x" })))
        .await;
    assert_eq!(refusal(refused).1, "forbidden");
    let refused = tables
        .ask(ctx, tables.insert("salaries", json!({ "id": "x" })))
        .await;
    assert_eq!(refusal(refused).1, "unknown_table");

    let conditions = json!({ "number": ["n1", "n2"] });
    let changes = json!({ "paid": true, "extra": { "b": 2 }, "note": null });
    let changes = changes.as_object().unwrap().clone();
    let changed = tables
        .scripts
        .update("orders", &conditions, changes.clone());
    assert_eq!(tables.ask(ctx, changed).await.unwrap(), Answer::Changed(2));
    let all = tables.scripts.update("orders", &json!({}), changes);
    assert_eq!(refusal(all).0, "conditions");

    let upsert = |row: Value, on: &[&str]| {
        let on: Vec<String> = on.iter().map(|name| (*name).into()).collect();
        let row = row.as_object().unwrap().clone();
        tables.scripts.upsert("orders", row, &on, || {
            scriptorium_model::Uuid::from_u128(0xfeed)
        })
    };
    let mut changed = row("n1");
    changed["total"] = json!(6);
    let kept = rows(tables.ask(ctx, upsert(changed, &["number"])).await.unwrap());
    assert_eq!(kept[0]["id"], added[0]["id"]);
    assert_eq!(kept[0]["total"], 6);
    let made = rows(
        tables
            .ask(ctx, upsert(row("n9"), &["number"]))
            .await
            .unwrap(),
    );
    assert_eq!(made[0]["number"], "n9");
    assert_eq!(refusal(upsert(row("n9"), &[])).0, "id");
    assert_eq!(refusal(upsert(row("n9"), &["total"])).0, "options.on");

    let removed = tables.scripts.delete("orders", &conditions);
    assert_eq!(tables.ask(ctx, removed).await.unwrap(), Answer::Changed(2));
    assert_eq!(
        refusal(tables.scripts.delete("orders", &Value::Null)).0,
        "conditions"
    );
}

#[rstest]
#[tokio::test]
async fn what_nobody_waits_for_is_stopped(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let (ctx, scripts) = (tables.world.ctx.clone(), tables.scripts.clone());
    let endless = "select count(*) as n from orders a, orders b, orders c, orders d, orders e, orders f, orders g";
    let endless = scripts.statement(endless, Vec::new()).unwrap();
    // By its token, and by being dropped.
    let stop = CancellationToken::new();
    let asked = scripts.ask(&ctx, endless.clone(), BOUNDS, stop.clone());
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    };
    let (asked, ()) = tokio::join!(asked, stopping);
    assert_eq!(refusal(asked).1, "stopped");
    let asked = scripts.ask(&ctx, endless.clone(), BOUNDS, CancellationToken::new());
    let dropped = tokio::time::timeout(Duration::from_millis(100), asked).await;
    assert!(dropped.is_err());
    // In a transaction, of which nothing is kept.
    let remove = scripts.statement("update orders set note = 'gone'", Vec::new());
    let remove = remove.unwrap();
    let stop = CancellationToken::new();
    let work = move |tx: &ScriptTx<'_>| {
        tx.ask(&remove, BOUNDS)?;
        tx.ask(&endless, BOUNDS)?;
        Ok(())
    };
    let (told, stopping) = (stop.clone(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.cancel();
    });
    let (done, ()) = tokio::join!(scripts.transaction(&ctx, told, work), stopping);
    assert_eq!(refusal(done).1, "stopped");
    // What follows need not wait for it.
    let began = std::time::Instant::now();
    let count = "select count(*) as n from orders where note <> 'gone' or note is null";
    let count = tables.rows(count).await;
    assert_eq!(count, [json!({ "n": 40 })]);
    let change = tables.say("update orders set note = 'x'", Vec::new()).await;
    assert_eq!(change.unwrap(), Answer::Changed(40));
    assert!(began.elapsed() < Duration::from_secs(3));
}

/// However they are written, decimals are stored and given with as many digits as their column has.
#[rstest]
#[tokio::test]
async fn decimals_come_back_as_exact_texts(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let ctx = &tables.world.ctx;
    let own = json!({ "number": "own-0" });
    for (given, expected) in [
        (json!("12.5"), "12.50"),
        (json!(12.5), "12.50"),
        (json!(0.1), "0.10"),
        (json!(7), "7.00"),
        (json!("+7"), "7.00"),
        (json!("-0.00"), "0.00"),
        (json!("-0.01"), "-0.01"),
        (json!("1.50000"), "1.50"),
        (json!("1e3"), "1000.00"),
        (json!("9999999999.99"), "9999999999.99"),
        (json!("-9999999999.99"), "-9999999999.99"),
    ] {
        let change = json!({ "price": given }).as_object().unwrap().clone();
        let update = tables.scripts.update("orders", &own, change);
        assert_eq!(tables.ask(ctx, update).await.unwrap(), Answer::Changed(1));
        let mut all = vec![tables.find(own.clone(), Find::default()).await.unwrap()];
        for condition in [json!({ "eq": given }), json!({ "in": [given] })] {
            let condition = json!({ "number": "own-0", "price": condition });
            all.push(tables.find(condition, Find::default()).await.unwrap());
        }
        let row =
            json!({ "number": "own-0", "customer": "c", "total": 1, "paid": true, "price": given });
        let upsert = tables.scripts.upsert(
            "orders",
            row.as_object().unwrap().clone(),
            &["number".to_owned()],
            scriptorium_model::Uuid::nil,
        );
        all.push(rows(tables.ask(ctx, upsert).await.unwrap()));
        let new = tables.insert(
            "orders",
            json!({ "number": "new", "customer": "c", "total": 1, "paid": true, "price": given }),
        );
        // What a dry run tells and gives back is as it would be stored.
        let told = new.as_ref().unwrap().summary();
        assert!(told.starts_with("insert into \"orders\" "), "{told}");
        assert!(told.contains(&format!("\"{expected}\"")), "{told}");
        let Answer::Rows(noted) = new.as_ref().unwrap().without_doing() else {
            panic!("an insert gives rows");
        };
        all.push(noted.into_iter().map(Value::from).collect());
        all.push(rows(tables.ask(ctx, new).await.unwrap()));
        let plain = given.to_string().replace('"', "");
        for sql in [
            "update orders set price = $1 where number = 'own-0' returning price",
            "insert into orders (id, number, customer, total, paid, price) values ('x', 'x', 'c', 1, true, $1) returning price, paid",
            "insert into orders (id, number, customer, total, paid, price) select 'y', 'y', 'c', 1, false, $1 returning *",
            "select price from orders where price = $1 and number = 'own-0'",
            "select coalesce(null, price, $1) as price from orders where number = 'own-0'",
            "select max(o.price) as price from orders o where number = 'own-0' having max(o.price) <= $1",
            "select sum(price) as price from orders where number = 'own-0'  and $1 = price",
            "select * from (select case when paid then price else $1 end as price from orders where number = 'own-0') as x",
            "select price from orders where number = 'own-0' union select price from orders where price = $1",
            "delete from orders where number in ('new', 'x', 'y') and price = $1 returning price",
        ] {
            let literal = sql.replace("$1", &plain);
            for (sql, params) in [(sql, vec![given.clone()]), (literal.as_str(), vec![])] {
                let sql = sql.replace("'x'", if params.is_empty() { "'z'" } else { "'x'" });
                let sql = sql.replace("'y'", if params.is_empty() { "'w'" } else { "'y'" });
                let params = if sql.contains("$1") { params } else { vec![] };
                // The same is what the host gets.
                if sql.starts_with("select") {
                    let host = tables.data.query(ctx, &sql, params.clone()).await;
                    let host = host.unwrap_or_else(|error| panic!("{sql}: {error}"));
                    all.push(host.into_iter().map(Value::from).collect());
                }
                let got = tables.say(&sql, params).await;
                all.push(rows(got.unwrap_or_else(|error| panic!("{sql}: {error}"))));
            }
        }
        for found in all {
            assert!(!found.is_empty() || given.is_null(), "{given}");
            for row in found {
                assert_eq!(row["price"], expected, "{given} {row}");
                if let Some(paid) = row.get("paid") {
                    assert!(paid.is_boolean(), "{row}");
                }
            }
        }
        tables
            .say(
                "delete from orders where number in ('new', 'x', 'y', 'z', 'w')",
                vec![],
            )
            .await
            .unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn decimals_are_keys_and_compared_as_numbers(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let ctx = &tables.world.ctx;
    for rate in ["-10", "-9.999", "-0.001", "0", "2", "10", "9.5"] {
        let add = "insert into rates (rate, name) values ($1, $1)";
        let (field, ..) = refusal(tables.say(add, vec![json!(rate)]).await);
        assert_eq!(field, "sql", "one value is not a decimal and a text");
        let add = tables.insert("rates", json!({ "rate": rate, "name": rate }));
        tables.ask(ctx, add).await.unwrap();
    }
    for rate in [json!("2.000"), json!(2), json!("2e0")] {
        let again = tables.insert("rates", json!({ "rate": rate, "name": "again" }));
        let again = tables.ask(ctx, again).await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
        let add = "insert into rates (rate, name) values ($1, 'again')";
        let again = tables.data.execute(ctx, add, vec![rate.clone()]).await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
        let row = json!({ "rate": rate, "name": "two" });
        let row = row.as_object().unwrap().clone();
        let upsert = tables
            .scripts
            .upsert("rates", row, &[], scriptorium_model::Uuid::nil);
        let kept = rows(tables.ask(ctx, upsert).await.unwrap());
        assert_eq!(kept, [json!({ "rate": "2.000", "name": "two" })]);
    }
    let names = |found: Vec<Value>| -> Vec<String> {
        let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
        found.iter().map(name).collect()
    };
    let sorted = "select name from rates order by rate";
    let expected = ["-10", "-9.999", "-0.001", "0", "two", "9.5", "10"];
    assert_eq!(names(tables.rows(sorted).await), expected);
    let find = Find {
        order_by: vec![("rate".into(), true)],
        limit: Some(2),
        ..Find::default()
    };
    let conditions = json!({ "rate": { "between": ["-9.9990", 9.5], "ne": 0 } });
    let found = tables.scripts.find("rates", &conditions, &find);
    let found = rows(tables.ask(ctx, found).await.unwrap());
    assert_eq!(names(found), ["9.5", "two"]);
    // Beyond what a column holds there may be comparisons and sums.
    let many = "select count(*) as n from rates where rate < 123456789012.5 and -99999999 < rate";
    assert_eq!(tables.rows(many).await, [json!({ "n": 7 })]);
    let fill = "update rates set rate = '99999.999' where name = '10'";
    tables.say(fill, vec![]).await.unwrap();
    let total = "select sum(a.rate) as s from rates a cross join rates b cross join rates c";
    assert_eq!(tables.rows(total).await, [json!({ "s": "4899583.451" })]);
    // A sum that the column cannot hold.
    let much = "update rates set rate = (select sum(a.rate) from rates a cross join rates b) where name = 'two'";
    assert_eq!(refusal(tables.say(much, vec![]).await).0, "params");
}

#[rstest]
#[tokio::test]
async fn a_decimal_that_does_not_fit_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let ctx = &tables.world.ctx;
    for given in [
        json!("0.001"),
        json!(0.001),
        json!(0.1 + 0.2),
        json!("1e-9"),
        json!("10000000000"),
        json!("-10000000000.00"),
        json!(1e15),
        json!("x"),
        json!(""),
        json!(" 1"),
        json!("1,5"),
        json!("NaN"),
        json!("Infinity"),
        json!(true),
        json!([1]),
    ] {
        let row =
            json!({ "number": "n", "customer": "c", "total": 1, "paid": true, "price": given });
        let insert = tables.ask(ctx, tables.insert("orders", row)).await;
        let change = json!({ "price": given }).as_object().unwrap().clone();
        let update = tables
            .scripts
            .update("orders", &json!({ "total": 1 }), change);
        for refused in [insert, tables.ask(ctx, update).await] {
            let (field, code, _) = refusal(refused);
            assert_eq!((field.as_str(), code), ("price", "refused"), "{given}");
        }
        let sql = "update orders set price = $1";
        for refused in [
            tables.say(sql, vec![given.clone()]).await.map(drop),
            tables
                .data
                .execute(ctx, sql, vec![given.clone()])
                .await
                .map(drop),
        ] {
            let (field, code, _) = refusal(refused);
            assert_eq!((field.as_str(), code), ("params", "refused"), "{given}");
        }
        let Value::String(text) = given else { continue };
        let sql = format!("update orders set price = '{text}'");
        let (field, code, _) = refusal(tables.say(&sql, vec![]).await);
        assert_eq!((field.as_str(), code), ("sql", "refused"), "{text}");
    }
    let fine = tables.find(json!({ "price": { "gt": "0.001" } }), Find::default());
    assert_eq!(refusal(fine.await).0, "price");
    assert_eq!(
        tables.rows("select count(*) as n from orders").await,
        [json!({ "n": 40 })]
    );
}

/// What the databases would do in different ways, or by floating-point numbers.
const NOT_WITH_DECIMALS: &[&str] = &[
    "select price + 1 as x from orders",
    "select 1 - price as x from orders",
    "select -price as x from orders",
    "select - (price) as x from orders",
    "select price * total as x from orders",
    "select price / 2 as x from orders",
    "select price % 2 as x from orders",
    "select abs(price) as x from orders",
    "select avg(price) as x from orders",
    "select sum(price) + 1 as x from orders",
    "select max(price) * 2 as x from orders",
    "select coalesce(price, 0) + 1 as x from orders",
    "select (select max(price) from orders) + 1 as x",
    "select o.price + 1 as x from orders o",
    "select \"price\" + 1 as x from orders",
    "select id as \"Price\", \"Price\" || 'x' as y from orders",
    "select price || '' as x from orders",
    "select extra -> price as x from orders",
    "select length(price) as x from orders",
    "select upper(price) as x from orders",
    "select trim(price) as x from orders",
    "select replace(price, '1', '2') as x from orders",
    "select substr(price, 1, 1) as x from orders",
    "select string_agg(price, ',') as x from orders",
    "select cast(price as text) as x from orders",
    "select cast(price as bigint) as x from orders",
    "select cast(price as double precision) as x from orders",
    "select number from orders where price like '1%'",
    "select number from orders where price",
    "select number from orders where not price",
    "select number from orders where price is true",
    "select number from orders where price and paid",
    "select number from orders where price = total",
    "select number from orders where total < price",
    "select number from orders where price = rate",
    "select number from orders where price = number",
    "select number from orders where price = weight",
    "select number from orders where price = true",
    "select number from orders where price = 5 + 1",
    "select number from orders where price = 'x'",
    "select number from orders where price = 0.001",
    "select number from orders where price between total and 5",
    "select number from orders where price in (1, total)",
    "select number from orders where price in (select total from orders)",
    "select number from orders where total in (select price from orders)",
    "select number from orders where price is distinct from total",
    "select number from orders where (price, total) = (total, price)",
    "select number from orders where (price, paid) in (select total, paid from orders)",
    "select number from orders where exists (select price + 1 from orders)",
    "select coalesce(price, total) as x from orders",
    "select coalesce(price, weight) as x from orders",
    "select nullif(price, total) as x from orders",
    "select case when paid then price else total end as x from orders",
    "select case price when total then 1 else 0 end as x from orders",
    "select case when price then 1 else 0 end as x from orders",
    "select lag(price, 1, total) over (order by number) as x from orders",
    "select lag(total, price) over (order by number) as x from orders",
    "select sum(price) over (order by price range between 1 preceding and current row) as x from orders",
    "select price from orders union select total from orders",
    "select total from orders union all select price from orders",
    "select price from orders except select weight from orders",
    "select price from orders order by price + 1",
    "select count(*) as n from orders group by price * 2",
    "select customer from orders group by customer having sum(price) / 2 > 1",
    "select count(*) as n from orders limit (select max(price) from orders)",
    "select number, total as price from orders order by price",
    "with x as (select price as p from orders) select p + 1 as q from x",
    "with x (p) as (select price from orders) select p + 1 as q from x",
    "with x as (select * from orders) select price + 1 as q from x",
    "with x as (select o.* from orders o) select price + 1 as q from x",
    "select p / 2 as q from (select sum(price) as p from orders) as x",
    "select x.b + 1 as q from (select number, price from orders) as x (a, b)",
    "select sum(p) as s from (select price as p from orders union all select total from orders) as x",
    "select o.number from orders o join customers c on c.credit = o.total",
    "select o.number from orders o join customers c on c.credit + 1 = o.price",
    "select number from (orders o join customers c on c.credit = o.total)",
    "select rate from (select price from orders) as a (name) join rates using (name)",
    "select * from orders join (select name as note from rates) as r using (note)",
    "select number from orders natural join (select total as price from orders) as x",
    "update orders set price = total",
    "update orders set price = price + 1",
    "update orders set price = weight",
    "update orders set total = price",
    "update orders set note = price",
    "update orders set price = c.name from customers c",
    "update orders set price = true",
    "update orders set note = 'x' where price = total",
    "delete from orders where price = total",
    "delete from orders where total = 1 returning price + 1",
    "insert into rates (rate, name) select total, number from orders",
    "insert into rates (rate, name) select price, number from orders",
    "insert into rates (rate, name) select weight, price from orders",
    "insert into rates (rate, name) values ((select max(total) from orders), 'x')",
];

#[rstest]
#[tokio::test]
async fn nothing_computes_with_decimals_but_sums(#[values(Sqlite, Postgres)] database: Database) {
    let tables = Tables::on(database).await;
    let ctx = &tables.world.ctx;
    let before = tables.all(ctx).await;
    let mut wrong = String::new();
    for sql in NOT_WITH_DECIMALS {
        let host = tables.data.query(ctx, sql, vec![]).await.map(Answer::Rows);
        for got in [tables.say(sql, vec![]).await, host] {
            match got {
                Err(Error::Invalid(invalid)) if invalid.errors[0].field == "sql" => {}
                got => wrong.push_str(&format!("\n{sql}\n    {got:?}")),
            }
        }
    }
    for sql in [
        "select number from orders where price = $1 and total = $1",
        "select number from orders where price = $1 and weight = $1",
        "select number from orders where price = -$1",
    ] {
        if let Ok(got) = tables.say(sql, vec![json!(1)]).await {
            wrong.push_str(&format!("\n{sql}\n    {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(tables.all(ctx).await, before);
}

/// A thousand queries that were made up, against what the database says itself, on both.
#[tokio::test]
async fn a_thousand_legal_queries_give_what_the_database_gives() {
    let sqlite = Tables::on(Sqlite).await;
    let postgres = Tables::on(Postgres).await;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..1_000 {
        let (sql, params) = dice.query();
        let mut answers = Vec::new();
        for tables in [&sqlite, &postgres] {
            let own = tables.data.query(&tables.world.ctx, &sql, params.clone());
            let own = own.await;
            let asked = tables.say(&sql, params.clone()).await;
            match (own, asked) {
                (Ok(own), Ok(Answer::Rows(asked))) => {
                    assert_eq!(asked, own, "{round}: {sql} {params:?}");
                    answers.push(asked);
                }
                (own, asked) => panic!("{round}: {sql} {params:?}\n{own:?}\n{asked:?}"),
            }
        }
        assert_eq!(answers[0], answers[1], "{round}: {sql} {params:?}");
    }
}

/// Makes up queries that both databases understand.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn query(&mut self) -> (String, Vec<Value>) {
        let mut params = Vec::new();
        let filter = self.filter(&mut params, 2);
        let sql = match self.roll(10) {
            6 => format!(
                "select o.customer as who, sum(o.price) as s, min(o.price) as low, max(o.price) as top, count(distinct o.price) as n, coalesce(sum(o.weight), 0) as w from orders o where {filter} group by o.customer having coalesce(sum(o.price), 0) {} {}.5 order by coalesce(sum(o.price), -1) {}, o.customer",
                self.one(&["<", ">=", "<>"]),
                self.roll(500),
                self.one(&["asc", "desc"])
            ),
            7 => format!(
                "with p as (select o.price as p, o.number as n from orders o where {filter} {} select c.credit, c.id from customers c) select p, n, case when p is null then 0 when p < {}.25 then p else {} end as x, sum(p) over (order by n rows between 2 preceding and current row) as s, lag(p, 1, 0) over (order by n) as l from p order by p {} nulls last, n",
                self.one(&["union", "union all", "except", "intersect"]),
                self.roll(60),
                self.roll(9),
                self.one(&["asc", "desc"])
            ),
            8 => format!(
                "select distinct o.price, nullif(o.weight, {}.125) as w, o.paid from orders o where {filter} order by o.price nulls last, w nulls last, o.paid limit {}",
                self.roll(40),
                self.roll(20) + 1
            ),
            9 => format!(
                "select o.number, o.price, c.* from orders o join customers c on o.price {} c.credit where {filter} order by o.number, c.id limit 50",
                self.one(&["=", "<", ">=", "<>"])
            ),
            0 => format!(
                "select o.number, c.city, o.total from orders o {} customers c on c.id = o.customer where {filter} order by o.number",
                self.one(&["join", "left join", "inner join"])
            ),
            1 => format!(
                "select o.customer as who, count(*) as n, sum(o.total) as s, min(o.total) as low, max(o.number) as top from orders o where {filter} group by o.customer having count(*) > {} order by o.customer",
                self.roll(3)
            ),
            2 => format!(
                "with chosen as (select o.number as n, o.total as t from orders o where {filter}) select n, t, row_number() over (order by t desc, n) as place from chosen order by n {}",
                self.one(&["asc", "desc"])
            ),
            3 => format!(
                "select o.number as n from orders o where {filter} {} select c.id as n from customers c where c.city = 'Tashkent' order by n",
                self.one(&["union", "union all", "except", "intersect"])
            ),
            4 => format!(
                "select distinct coalesce(o.note, 'none') as note, case when o.total > 50 then 'much' when o.total > {} then 'some' else 'little' end as much, upper(substr(o.number, 1, 5)) as part from orders o where {filter} order by note, much, part limit {} offset {}",
                self.roll(50),
                self.roll(20) + 1,
                self.roll(3)
            ),
            _ => format!(
                "select o.number, length(o.customer) as l, o.total {} {} as x, o.customer || '-' || coalesce(o.note, '') as text from orders o where {filter} and exists (select 1 from customers c where c.id = o.customer) order by o.total, o.number",
                self.one(&["+", "-", "*", "%"]),
                self.roll(9) + 1
            ),
        };
        (sql, params)
    }

    fn filter(&mut self, params: &mut Vec<Value>, depth: usize) -> String {
        if depth > 0 && self.roll(2) == 0 {
            let (left, right) = (
                self.filter(params, depth - 1),
                self.filter(params, depth - 1),
            );
            let not = self.one(&["", "not "]);
            return format!("{not}({left} {} {right})", self.one(&["and", "or"]));
        }
        match self.roll(13) {
            9 => {
                let value = self.roll(60);
                params.push(match self.roll(3) {
                    0 => json!(value),
                    1 => json!(value as f64 / 10.0),
                    _ => json!(format!("-{value}.50")),
                });
                let sign = self.one(&["=", "<>", "<", "<=", ">", ">="]);
                format!("o.price {sign} ${}", params.len())
            }
            10 => format!(
                "o.price {}between -{}.5 and {}",
                self.one(&["", "not "]),
                self.roll(200),
                self.roll(30)
            ),
            11 => {
                params.push(json!(self.roll(10)));
                format!(
                    "o.price in ({}, '{}.50', ${}, -{}.5, 9007199200.04)",
                    self.roll(40),
                    self.roll(9),
                    params.len(),
                    self.roll(20) * 7
                )
            }
            12 => format!(
                "coalesce(o.weight, {}) {} (select max(r.weight) from orders r where r.price < {})",
                self.roll(3),
                self.one(&["<", "=", ">="]),
                self.roll(40)
            ),
            0 => {
                params.push(json!(self.roll(100)));
                let sign = self.one(&["=", "<>", "<", "<=", ">", ">=", "!="]);
                format!("o.total {sign} ${}", params.len())
            }
            1 => format!("o.paid = {}", self.one(&["true", "false"])),
            2 => format!("o.note is {}null", self.one(&["", "not "])),
            3 => format!("o.number like 'own-{}%'", self.roll(10)),
            4 => format!(
                "o.total between {} and {}",
                self.roll(50),
                50 + self.roll(50)
            ),
            5 => format!(
                "o.customer in ('own-c{}', 'own-c{}', 'CANARY-c1')",
                self.roll(5),
                self.roll(5)
            ),
            6 => {
                params.push(json!("2026-03-15T00:00:00.000Z"));
                format!("o.placed {} ${}", self.one(&["<", ">="]), params.len())
            }
            7 => format!(
                "o.customer {}in (select c.id from customers c where c.city = '{}')",
                self.one(&["", "not "]),
                self.one(&["Tashkent", "Samarkand", "it''s"])
            ),
            _ => format!("coalesce(o.rate, 0.5) > {}.25", self.roll(9)),
        }
    }
}
