//! Tables that a host has in the same PostgreSQL database already: tenants see their rows of them through
//! views, change what they may, and nothing else of the host's; what is not as it is declared is said at
//! the start.

use scriptorium_model::Ctx;
use scriptorium_store::tenant_data::{
    Answer, Attached, Bounds, ColumnType, Find, Keys, Named, ScriptData, Table, TenantData,
    TenantSchema,
};
use scriptorium_store::{Error, Result};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::script_data::HOSTILE;
use crate::support::Database::Postgres;
use crate::support::World;

const BOUNDS: Bounds = Bounds {
    rows: 1_000,
    bytes: 1 << 20,
};

/// What a host has had for long. Each of its tables names tenants in a way of its own.
const SHOP: &str = "create schema shop; \
    create type shop.state as enum ('open', 'paid'); \
    create table shop.companies (id integer primary key, slug text not null unique); \
    insert into shop.companies values (1, 'acme'), (2, 'globex'), (3, 'initech'); \
    create table shop.orders (company_id integer not null references shop.companies, \
        id uuid not null default gen_random_uuid(), number varchar(20) not null, \
        customer text not null default 'c', total bigint not null default 0, \
        paid boolean not null default false, price numeric(12, 2), state shop.state \
        not null default 'open', placed timestamptz, delivered date, rate real, pieces smallint, \
        extra jsonb, note text, tags text[], \"Odd\" integer, vague numeric, \
        primary key (company_id, id), unique (company_id, number)); \
    create table shop.customers (tenant uuid not null, id text not null, name text not null, \
        city char(8), seen timestamp, primary key (tenant, id)); \
    create table shop.salaries (tenant varchar(40) collate \"C\" not null, id text primary key, \
        amount integer); \
    create table shop.untouched (id integer primary key); \
    grant usage on schema shop to scriptorium_migrator; \
    grant select, insert, update, delete on shop.orders, shop.salaries to scriptorium_migrator; \
    grant select on shop.customers, shop.companies to scriptorium_migrator";

fn keys() -> Named {
    Named::Key(Keys {
        schema: "shop".into(),
        table: "companies".into(),
        key: "id".into(),
        tenant: "slug".into(),
    })
}

fn orders() -> Table {
    let orders = Attached::new("shop", "orders", "company_id");
    Table::attached("orders", orders.named(keys()).written()).written_by_scripts()
}

fn shop() -> TenantSchema {
    let customers = Attached::new("shop", "customers", "tenant");
    let salaries = Attached::new("shop", "salaries", "tenant");
    TenantSchema {
        tables: vec![
            orders(),
            Table::attached("customers", customers).read_by_scripts(),
            Table::attached("salaries", salaries.named(Named::Slug).written()),
            Table::new("own")
                .column("id", ColumnType::Text)
                .written_by_scripts(),
        ],
    }
}

struct Shop {
    world: World,
    data: TenantData,
    scripts: ScriptData,
}

impl Shop {
    async fn new() -> Self {
        let world = World::with_tables(Postgres).await;
        psql(&world, SHOP);
        for (ctx, whose) in [(&world.ctx, "own"), (&world.other, "CANARY")] {
            let (id, number) = (ctx.tenant, if whose == "own" { 1 } else { 2 });
            let slug = if whose == "own" { "acme" } else { "globex" };
            psql(
                &world,
                &format!(
                    "insert into shop.orders (company_id, number, total, extra) \
                     select {number}, '{whose}-' || n, n, '{{\"a\": 1}}' from generate_series(1, 5) n; \
                     insert into shop.customers values ('{id}', '{whose}', 'n', 'c'); \
                     insert into shop.salaries values ('{slug}', '{whose} SECRET', 7)"
                ),
            );
        }
        let data = open(&world, shop()).await.unwrap();
        let scripts = data.for_scripts();
        Self {
            world,
            data,
            scripts,
        }
    }

    async fn say_as(&self, ctx: &Ctx, sql: &str, params: Vec<Value>) -> Result<Answer> {
        let ask = self.scripts.statement(sql, params)?;
        let stop = CancellationToken::new();
        self.scripts.ask(ctx, ask, BOUNDS, stop).await
    }

    async fn say(&self, sql: &str, params: Vec<Value>) -> Result<Answer> {
        self.say_as(&self.world.ctx, sql, params).await
    }

    fn psql(&self, sql: &str) -> String {
        psql(&self.world, sql)
    }

    /// Everything the host has.
    fn all(&self) -> String {
        ["orders", "customers", "salaries", "companies", "untouched"]
            .map(|table| self.psql(&format!("select * from shop.{table} t order by t::text")))
            .join("\n")
    }
}

async fn open(world: &World, schema: TenantSchema) -> Result<TenantData> {
    let schema = world.store.attach_tables(schema).await?;
    let data = world.store.tenant_data(schema)?;
    world.store.make_tables(&data).await?;
    Ok(data)
}

fn psql(world: &World, sql: &str) -> String {
    world.server.as_ref().unwrap().psql(sql)
}

fn rows(answer: Result<Answer>) -> Vec<Value> {
    match answer.unwrap() {
        Answer::Rows(rows) => rows.into_iter().map(Value::from).collect(),
        Answer::Changed(count) => panic!("changed {count}"),
    }
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (String, &'static str, String) {
    match result {
        Err(Error::Invalid(invalid)) => {
            let first = &invalid.errors[0];
            (first.field.clone(), first.code, first.message.clone())
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn tenants_see_and_change_their_own_rows() {
    let shop = Shop::new().await;
    let (own, theirs) = (&shop.world.ctx, &shop.world.other);
    let numbers = "select number from orders order by number";
    assert_eq!(rows(shop.say(numbers, vec![]).await).len(), 5);
    for (sql, changed) in [
        (
            "insert into orders (number, total) values ('CANARY-1', 9)",
            1,
        ),
        ("update orders set note = 'mine' where total < 100", 6),
        ("delete from orders where number like 'CANARY%'", 1),
        ("delete from orders where total = 5", 1),
    ] {
        let done = shop.say(sql, vec![]).await.unwrap();
        assert_eq!(done, Answer::Changed(changed), "{sql}");
    }
    let base = "select company_id, count(*), count(note) from shop.orders group by 1 order by 1";
    assert_eq!(shop.psql(base), "1|4|4\n2|5|0");
    assert_eq!(rows(shop.say_as(theirs, numbers, vec![]).await).len(), 5);
    // Whoever is no tenant there sees nothing, and can add nothing.
    let third = crate::support::tenant(&shop.world.store, &shop.world.ambient, "unlisted").await;
    assert!(rows(shop.say_as(&third, numbers, vec![]).await).is_empty());
    let add = "insert into orders (number) values ('x')";
    assert_eq!(refusal(shop.say_as(&third, add, vec![]).await).0, "params");
    // By id, and by slug; what a host's service asks goes the same way.
    for (ctx, id) in [(own, "own"), (theirs, "CANARY")] {
        let customers = shop.say_as(ctx, "select id, city from customers", vec![]);
        assert_eq!(
            rows(customers.await),
            [json!({ "id": id, "city": "c       " })]
        );
        let paid = shop.data.query(ctx, "select * from salaries", vec![]).await;
        let expected = json!({ "id": format!("{id} SECRET"), "amount": 7 });
        assert_eq!(Value::from(paid.unwrap()[0].clone()), expected);
    }
    let raise = "insert into salaries (id, amount) values ('new', 1) returning id";
    let raised = shop.data.query(theirs, raise, vec![]).await.unwrap();
    assert_eq!(raised.len(), 1);
    let whose = "select tenant from shop.salaries where id = 'new'";
    assert_eq!(shop.psql(whose), "globex");
    // What is only read, is.
    for sql in [
        "update customers set name = 'x'",
        "delete from customers",
        "insert into customers (id, name) values ('x', 'y')",
    ] {
        assert_eq!(refusal(shop.say(sql, vec![]).await).1, "forbidden");
        let host = shop.data.execute(own, sql, vec![]).await;
        assert_eq!(refusal(host).0, "sql", "{sql}");
    }
    // Together with tables of ours.
    shop.say("insert into own (id) values ('own')", vec![])
        .await
        .unwrap();
    let joined = "select c.id from customers c join own o on o.id = c.id";
    assert_eq!(rows(shop.say(joined, vec![]).await).len(), 1);
}

#[tokio::test]
async fn values_are_those_of_the_types() {
    let shop = Shop::new().await;
    let ctx = &shop.world.ctx;
    let table = shop.scripts.table("orders").unwrap();
    let columns: Vec<(&str, &str, bool)> = table
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.ty.as_str(), column.unique))
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "uuid", true),
            ("number", "text", true),
            ("customer", "text", false),
            ("total", "integer", false),
            ("paid", "boolean", false),
            ("price", "decimal", false),
            ("state", "text", false),
            ("placed", "timestamp", false),
            ("delivered", "text", false),
            ("rate", "real", false),
            ("pieces", "integer", false),
            ("extra", "json", false),
            ("note", "text", false),
        ]
    );
    assert_eq!(table.key, ["id"]);
    let row = json!({
        "id": "01890a5d-ac96-774b-bcce-b302099a8057", "number": "n", "customer": "x", "total": 7, "paid": true,
        "price": 12.5, "state": "paid", "placed": "2026-03-01T09:00:00.000Z", "delivered": "2026-03-02",
        "rate": 0.1, "pieces": 3, "extra": { "a": [1, null] }, "note": null,
    });
    let insert = shop.scripts.insert(
        "orders",
        vec![row.as_object().unwrap().clone()],
        scriptorium_model::Uuid::nil,
    );
    let stop = CancellationToken::new;
    let added = shop.scripts.ask(ctx, insert.unwrap(), BOUNDS, stop()).await;
    let mut expected = row.clone();
    expected["price"] = json!("12.50");
    assert_eq!(rows(added), [expected.clone()]);
    for conditions in [
        json!({ "id": row["id"] }),
        json!({ "placed": { "gte": "2026-03-01T14:00:00+05:00", "lt": "2026-03-02" } }),
        json!({ "delivered": "2026-03-02T00:00:00.000Z" }),
        json!({ "price": { "between": ["12.50", 13] } }),
        json!({ "state": "paid", "rate": { "lt": 0.2 } }),
        json!({ "pieces": [3, 4], "number": { "startsWith": "n" } }),
    ] {
        let find = shop.scripts.find("orders", &conditions, &Find::default());
        let found = shop.scripts.ask(ctx, find.unwrap(), BOUNDS, stop()).await;
        assert_eq!(rows(found), [expected.clone()], "{conditions}");
    }
    let sql = "select sum(price) as s, max(placed) as at, max(delivered) as day, count(distinct state) as n from orders";
    let sums =
        json!({ "s": "12.50", "at": "2026-03-01T09:00:00.000Z", "day": "2026-03-02", "n": 2 });
    assert_eq!(rows(shop.say(sql, vec![]).await), [sums]);
    for (sql, value, field) in [
        ("update orders set state = $1", json!("lost"), "params"),
        ("update orders set placed = $1", json!("soon"), "params"),
        ("update orders set delivered = $1", json!(7), "params"),
        ("update orders set id = $1", json!("x"), "params"),
        ("update orders set pieces = $1", json!(70_000), "params"),
        (
            "update orders set number = $1",
            json!("x".repeat(21)),
            "params",
        ),
        ("update orders set price = $1", json!("0.001"), "params"),
        (
            "select id from orders where price * 2 > $1",
            json!(1),
            "sql",
        ),
        ("select tags from orders where total = $1", json!(1), "sql"),
        (
            "select company_id from orders where total = $1",
            json!(1),
            "sql",
        ),
        ("update orders set company_id = $1", json!(2), "sql"),
    ] {
        let refused = refusal(shop.say(sql, vec![value]).await);
        assert_eq!(refused.0, field, "{sql}");
    }
    let upsert = shop.scripts.upsert(
        "orders",
        json!({ "number": "n", "total": 8, "customer": "x", "paid": true })
            .as_object()
            .unwrap()
            .clone(),
        &["number".to_owned()],
        scriptorium_model::Uuid::nil,
    );
    let kept = shop.scripts.ask(ctx, upsert.unwrap(), BOUNDS, stop()).await;
    let kept = rows(kept);
    assert_eq!((&kept[0]["id"], &kept[0]["total"]), (&row["id"], &json!(8)));
    let gone = "insert into orders (number, price) values ('m', 0.5) returning paid, extra, price";
    let given = json!({ "paid": false, "extra": null, "price": "0.50" });
    assert_eq!(rows(shop.say(gone, vec![]).await), [given]);
}

#[tokio::test]
async fn hostile_statements_reach_nothing_of_the_host() {
    let shop = Shop::new().await;
    let before = shop.all();
    let mut wrong = String::new();
    let further = [
        "select * from shop.orders",
        "select * from companies",
        "select * from untouched",
        "select * from \"orders *\"",
        "select \"tenant *\" from orders",
        "select company_id from orders",
        "update orders set company_id = 2",
        "insert into orders (company_id, number) values (2, 'x')",
        "select \"tenant of orders\"()",
        "delete from shop.orders",
    ];
    for sql in HOSTILE.iter().chain(&further) {
        if let Ok(got) = shop.say(sql, Vec::new()).await {
            wrong.push_str(&format!("\n{sql}\n    {got:?}"));
        }
    }
    // A service may say more, and gets no further.
    for sql in [
        "select * from shop.orders",
        "select * from shop.untouched",
        "select * from shop.companies",
        "insert into shop.orders (company_id, number) values (2, 'x')",
        "update shop.salaries set amount = 0",
        "select \"tenant *\" from \"own\"",
        "select tenant from salaries",
        "update salaries set tenant = 'globex'",
        "truncate shop.customers",
    ] {
        let asked = shop.data.query(&shop.world.ctx, sql, vec![]).await;
        if let Ok(got) = asked {
            wrong.push_str(&format!("\n{sql}\n    {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(shop.all(), before);
}

/// Whatever reaches the view below ours cannot give a row away, or take one.
#[tokio::test]
async fn no_row_changes_its_tenant() {
    let shop = Shop::new().await;
    let views = shop.psql(
        "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where c.relname = 'orders *'",
    );
    let acting = format!(
        "begin; set local app.tenant = '{}'; ",
        shop.world.ctx.tenant.0
    );
    for sql in [
        format!("update {views}.\"orders *\" set \"tenant *\" = 2 where total = 1"),
        format!("insert into {views}.\"orders *\" (number, \"tenant *\") values ('x', 2)"),
    ] {
        let refused = shop
            .world
            .server
            .as_ref()
            .unwrap()
            .refusal(&format!("{acting}{sql}; commit"));
        assert!(refused.contains("violates check option"), "{refused}");
    }
    let taken = format!(
        "{acting}update {views}.\"orders *\" set \"tenant *\" = 1 where \"tenant *\" = 2; commit"
    );
    shop.psql(&taken);
    let base = "select company_id, count(*) from shop.orders group by 1 order by 1";
    assert_eq!(shop.psql(base), "1|5\n2|5");
    let granted = "select count(*) from information_schema.role_table_grants \
        where grantee = 'scriptorium_script' and (table_schema = 'shop' or table_name like '% *')";
    assert_eq!(shop.psql(granted), "0");
}

/// The inner view is what holds: without its predicate and its check all rows are everybody's.
#[tokio::test]
async fn nothing_holds_without_the_inner_view() {
    let shop = Shop::new().await;
    let seen = "select count(*) as n from orders";
    assert_eq!(rows(shop.say(seen, vec![]).await), [json!({ "n": 5 })]);
    shop.psql(
        "do $$ declare v regclass; begin \
         select c.oid into v from pg_class c where c.relname = 'orders *'; \
         execute format('create or replace view %s with (security_barrier) as %s', v, \
         regexp_replace(pg_get_viewdef(v), 'WHERE.*', '')); end $$",
    );
    assert_eq!(rows(shop.say(seen, vec![]).await), [json!({ "n": 10 })]);
    let taken = "update orders set note = 'taken' where number like 'CANARY%'";
    assert_eq!(shop.say(taken, vec![]).await.unwrap(), Answer::Changed(5));
}

#[tokio::test]
async fn a_tenant_that_goes_leaves_the_hosts_rows() {
    let shop = Shop::new().await;
    let before = shop.all();
    let gone = shop.world.other.tenant.0;
    shop.psql(&format!(
        "delete from scriptorium.tenants where id = '{gone}'"
    ));
    assert_eq!(shop.all(), before);
    let numbers = "select number from orders";
    let seen = shop.say_as(&shop.world.other, numbers, vec![]).await;
    assert!(rows(seen).is_empty(), "it is nobody there any more");
}

/// Policies of the host's are those of the owner of our schema.
#[tokio::test]
async fn security_of_the_hosts_own_holds_as_well() {
    let shop = Shop::new().await;
    shop.psql("alter table shop.orders enable row level security");
    let numbers = "select number from orders order by number";
    assert!(rows(shop.say(numbers, vec![]).await).is_empty());
    shop.psql(
        "create policy few on shop.orders to scriptorium_migrator \
         using (number like '%-1' or number like '%-2') with check (total < 10)",
    );
    let expected = [json!({ "number": "own-1" }), json!({ "number": "own-2" })];
    assert_eq!(rows(shop.say(numbers, vec![]).await), expected);
    let much = "insert into orders (number, total) values ('x', 10)";
    assert_eq!(refusal(shop.say(much, vec![]).await).0, "sql");
}

#[tokio::test]
async fn what_is_not_as_declared_is_said_at_the_start() {
    let world = World::with_tables(Postgres).await;
    psql(&world, SHOP);
    let one = |attached: Attached| Table::attached("orders", attached);
    let to = |table: &str, tenant: &str| Attached::new("shop", table, tenant);
    let salaries = || to("salaries", "tenant").named(Named::Slug);
    let company = |key: &str, tenant: &str| {
        to("orders", "company_id").named(Named::Key(Keys {
            schema: "shop".into(),
            table: "companies".into(),
            key: key.into(),
            tenant: tenant.into(),
        }))
    };
    for (table, code, reason) in [
        (
            one(to("order", "x")),
            "unknown",
            "there is no table shop.order",
        ),
        (one(to("orders", "x")), "unknown", "there is no column x"),
        (one(to("or\"ders", "x")), "bad_name", "is no name"),
        (one(to("orders", "company_id")), "bad_tenant", "is integer"),
        (
            one(to("orders", "company_id").named(Named::Slug)),
            "bad_tenant",
            "is integer",
        ),
        (
            one(to("untouched", "id")),
            "lacks_privileges",
            "grant select on \"shop\".\"untouched\" to \"scriptorium_migrator\"",
        ),
        (
            one(to("customers", "tenant").written()),
            "lacks_privileges",
            "grant select, insert, update, delete on",
        ),
        (
            one(company("slug", "slug")),
            "bad_tenant",
            "the key of a tenant text",
        ),
        (one(company("id", "id")), "bad_tenant", "is integer"),
        (
            one(company("id", "name")),
            "unknown",
            "there is no column name",
        ),
        (
            one(salaries()).column("nothing", ColumnType::Text),
            "unknown",
            "there is no column nothing",
        ),
        (
            one(salaries()).column("amount", ColumnType::Text),
            "bad_type",
            "amount is integer there",
        ),
        (
            one(salaries()).column("tenant", ColumnType::Text),
            "reserved",
            "cannot be shown",
        ),
        (
            one(salaries()).written_by_scripts(),
            "read_only",
            "only read",
        ),
        (one(salaries()).index(["amount"]), "attached", "indexes"),
        (
            one(company("id", "slug")).column(
                "price",
                ColumnType::Decimal {
                    precision: 10,
                    scale: 2,
                },
            ),
            "bad_type",
            "numeric(12,2)",
        ),
    ] {
        let shown = format!("{table:?}");
        let opened = open(
            &world,
            TenantSchema {
                tables: vec![table],
            },
        )
        .await;
        let (field, found, message) = refusal(opened.map(drop));
        assert!(field.starts_with("tables.orders"), "{field}: {shown}");
        assert_eq!(found, code, "{message}: {shown}");
        assert!(message.contains(reason), "{message}: {shown}");
    }
    // It has to be looked up.
    let unread = world.store.tenant_data(shop()).map(drop);
    assert_eq!(refusal(unread).1, "attached");
    // Everybody may read it, scripts past the views.
    psql(
        &world,
        "grant usage on schema shop to public; grant select on shop.salaries to public",
    );
    let opened = open(
        &world,
        TenantSchema {
            tables: vec![one(salaries())],
        },
    )
    .await;
    assert_eq!(refusal(opened.map(drop)).1, "open");

    let files = World::new().await;
    let schema = || TenantSchema {
        tables: vec![one(to("orders", "id"))],
    };
    assert_eq!(
        refusal(files.store.attach_tables(schema()).await).1,
        "needs_postgres"
    );
    assert_eq!(
        refusal(files.store.tenant_data(schema()).map(drop)).1,
        "needs_postgres"
    );
}

/// The host's tables change from one start to the next.
#[tokio::test]
async fn what_became_of_a_table_is_seen_at_the_next_start() {
    let shop = Shop::new().await;
    let only = || TenantSchema {
        tables: vec![
            orders()
                .column("id", ColumnType::Uuid)
                .column("note", ColumnType::Text),
        ],
    };
    open(&shop.world, only()).await.unwrap();
    // Our views hold what they show: who removes it, says that they go, too.
    let refused = shop.world.server.as_ref().unwrap();
    let refused = refused.refusal("alter table shop.orders drop column note");
    assert!(refused.contains("other objects depend on it"), "{refused}");
    shop.psql("alter table shop.orders drop column note cascade");
    let (_, code, message) = refusal(open(&shop.world, only()).await.map(drop));
    assert_eq!(
        (code, message.as_str()),
        ("unknown", "there is no column note there")
    );
    // What shows all columns shows what is left.
    let data = open(&shop.world, self::shop()).await.unwrap();
    let found = data
        .query(&shop.world.ctx, "select * from orders", vec![])
        .await
        .unwrap();
    assert_eq!(found.len(), 5);
    assert!(!found[0].contains_key("note"));

    shop.psql("alter table shop.orders rename to old_orders");
    let (_, code, _) = refusal(open(&shop.world, self::shop()).await.map(drop));
    assert_eq!(code, "unknown");
    // A new one of that name is another table, with views of its own.
    shop.psql(
        "create table shop.orders (like shop.old_orders including all); \
         grant select, insert, update, delete on shop.orders to scriptorium_migrator",
    );
    let data = open(&shop.world, self::shop()).await.unwrap();
    let found = data
        .query(&shop.world.ctx, "select * from orders", vec![])
        .await
        .unwrap();
    assert!(found.is_empty());
}
