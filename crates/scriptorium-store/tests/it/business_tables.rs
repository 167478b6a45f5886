//! The tenants' own tables on PostgreSQL: two locks, each of which holds alone; what the worst
//! statement reaches; who makes the tables; several servers.

use std::sync::mpsc;
use std::time::Duration;

use scriptorium_model::Ctx;
use scriptorium_store::tenant_data::TenantData;
use scriptorium_store::{Error, Options, PostgresOptions, Result, Store};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::Database::Postgres;
use crate::support::{World, logins};
use crate::tenant_data::{ENDLESS, INSERT, add, assert_invalid, count, grown, open, schema};

/// The base table of the declared `clients`.
const BASE: &str = "scriptorium_tables.clients";

/// Takes the predicate out of every view.
pub(crate) const WITHOUT_PREDICATE: &str = "do $$ declare v regclass; begin \
    for v in select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace \
    where n.nspname like 'scriptorium\\_data\\_%' and c.relkind = 'v' loop \
    execute format('create or replace view %s with (security_barrier, security_invoker) as %s', \
    v, regexp_replace(pg_get_viewdef(v), 'WHERE.*', '')); end loop; end $$";

const WITHOUT_SECURITY: &str = "alter table scriptorium_tables.clients disable row level security";

#[tokio::test]
async fn each_lock_between_tenants_holds_alone() {
    for (holes, reached) in [
        (&[][..], [0, 0, 0]),
        (&[WITHOUT_PREDICATE], [0, 0, 0]),
        (&[WITHOUT_SECURITY], [0, 0, 0]),
        // And both were open: nothing holds without either.
        (&[WITHOUT_PREDICATE, WITHOUT_SECURITY], [1, 1, 1]),
    ] {
        let world = World::with_tables(Postgres).await;
        let data = open(&world);
        add(&data, &world.other, "theirs").await.unwrap();
        for hole in holes {
            psql(&world, hole);
        }
        assert_eq!(reach(&data, &world.ctx).await, reached, "{holes:?}");
        if reached == [0, 0, 0] {
            // What is taken in another tenant is neither told nor in the way.
            add(&data, &world.ctx, "theirs").await.unwrap();
            assert_eq!(count(&data, &world.ctx).await, 1, "{holes:?}");
        }
    }
}

/// How many rows of another tenant are seen, changed and removed, in a transaction that is undone.
async fn reach(data: &TenantData, ctx: &Ctx) -> [u64; 3] {
    let (tell, told) = mpsc::channel();
    let undone: Result<()> = data
        .transaction(ctx, move |tx| {
            let seen = tx.query("select id from clients where id = 'theirs'", &[])?;
            let changed = tx.execute("update clients set points = 9 where id = 'theirs'", &[])?;
            let removed = tx.execute("delete from clients where id = 'theirs'", &[])?;
            tell.send([seen.len() as u64, changed, removed]).unwrap();
            Err(Error::NotFound)
        })
        .await;
    assert!(matches!(undone, Err(Error::NotFound)), "{undone:?}");
    told.recv().unwrap()
}

#[tokio::test]
async fn hostile_statements_are_refused_and_the_transaction_stays_in_its_tenant() {
    let world = World::with_tables(Postgres).await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    add(&data, &world.other, "theirs").await.unwrap();
    let theirs = world.other.tenant.0;
    for sql in [
        // Acting for another tenant.
        format!("set local app.tenant = '{theirs}'"),
        format!("set app.tenant = '{theirs}'"),
        "reset all".into(),
        "discard all".into(),
        format!("select set_config('app.tenant', '{theirs}', true) as x"),
        format!("update pg_settings set setting = '{theirs}' where name = 'app.tenant'"),
        format!(
            "select ts_rewrite('a'::tsquery, 'select set_config(''app.tenant'', ''{theirs}'', true), null::tsquery')::text as x"
        ),
        format!(
            "select query_to_xml('set local app.tenant = ''{theirs}''', true, true, '')::text as x"
        ),
        format!("do $$ begin set local app.tenant = '{theirs}'; end $$"),
        format!("select 1 as x; set local app.tenant = '{theirs}'"),
        format!("prepare p as select 1; set local app.tenant = '{theirs}'"),
        "set role scriptorium_migrator".into(),
        "set session authorization default".into(),
        "set local row_security = off".into(),
        // Leaving the tables.
        format!("select id from {BASE}"),
        format!("insert into {BASE} (tenant_id, id) values ('{theirs}', 'x')"),
        format!("insert into clients (tenant_id, id) values ('{theirs}', 'x')"),
        format!("update clients set tenant_id = '{theirs}'"),
        "select tenant_id::text as t from clients".into(),
        "select ctid::text as t from clients".into(),
        "select slug from scriptorium.tenants".into(),
        "select source from scriptorium.script_versions".into(),
        "select scriptorium.first_id_at(1)::text as x".into(),
        "select rolpassword from pg_authid".into(),
        // What others do, and how much of it there is.
        "select query from pg_stat_activity".into(),
        "select pid from pg_stat_get_activity(null)".into(),
        "select statement from pg_prepared_statements".into(),
        "select statement from pg_cursors".into(),
        "select mode from pg_locks".into(),
        "select n_live_tup from pg_stat_user_tables".into(),
        "select pg_relation_size('pg_class') as x".into(),
        // Beyond the statement.
        "copy clients to stdout".into(),
        "copy clients from program 'id'".into(),
        "copy (select 1) to program 'id'".into(),
        "select pg_sleep(0)::text as x".into(),
        "select pg_notify('scriptorium', 'x')::text as x".into(),
        "notify scriptorium, 'x'".into(),
        "listen scriptorium".into(),
        "select pg_advisory_lock(1)::text as x".into(),
        "select pg_terminate_backend(1)::text as x".into(),
        "select pg_cancel_backend(1)::text as x".into(),
        "select lo_create(0)::text as x".into(),
        "select pg_read_file('/etc/passwd') as x".into(),
        "select pg_ls_dir('/')::text as x".into(),
        "lock table clients".into(),
        "declare c cursor for select 1".into(),
        "prepare p as select 1".into(),
        "deallocate all".into(),
        "execute p".into(),
        "call scriptorium.seal_by_tenant('pg_class')".into(),
        "truncate clients".into(),
        "grant select on clients to public".into(),
        "create function f() returns int language sql as 'select 1'".into(),
        "select 1 as x into t".into(),
        "select 1 as x into temp t".into(),
        "prepare transaction 'x'".into(),
        "set transaction read only".into(),
        "commit and chain".into(),
        "show data_directory".into(),
        "explain analyze delete from clients".into(),
        // Texts that try to end or to hide something.
        "select 1 as x \0; set local app.tenant = ''".into(),
        "/* /* */ select id from clients".into(),
        "-- nothing".into(),
        String::new(),
        ";".into(),
    ] {
        for way in ["query", "execute", "transaction"] {
            let refused = match way {
                "query" => data.query(&world.ctx, &sql, vec![]).await.map(drop),
                "execute" => data.execute(&world.ctx, &sql, vec![]).await.map(drop),
                _ => {
                    let text = sql.clone();
                    let asked = data.transaction(&world.ctx, move |tx| {
                        let asked = tx.query(&text, &[]).map(drop);
                        let rows = tx.query("select id from clients", &[])?;
                        Ok((asked, rows))
                    });
                    let (asked, rows) = asked.await.unwrap();
                    assert_eq!(rows.len(), 1, "{sql}");
                    assert_eq!(rows[0]["id"], "mine", "{sql}");
                    asked
                }
            };
            match refused {
                Err(Error::Invalid(invalid)) => assert_eq!(invalid.errors[0].field, "sql", "{sql}"),
                other => panic!("{way} {sql}: {other:?}"),
            }
        }
    }
    let base = psql(&world, &format!("select id from {BASE} order by id"));
    assert_eq!(base, "mine\ntheirs");
}

/// What may be asked, and says nothing that is not the tenant's.
#[tokio::test]
async fn statements_that_look_around_find_the_tenants_own() {
    let world = World::with_tables(Postgres).await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    add(&data, &world.other, "theirs").await.unwrap();
    psql(&world, "analyze scriptorium_tables.clients");
    for (sql, expected) in [
        (
            "select table_schema || '.' || table_name as t from information_schema.tables \
             where table_schema not in ('pg_catalog', 'information_schema') and table_type <> 'VIEW' \
             and table_name <> 'clients'",
            json!([]),
        ),
        (
            "select most_common_vals::text as v from pg_stats where tablename = 'clients'",
            json!([]),
        ),
        (
            "select word from ts_stat('select to_tsvector(''simple'', id) from clients')",
            json!([{"word": "mine"}]),
        ),
        (
            "select current_setting('statement_timeout') as s, current_user::text as u, \
             current_setting('idle_in_transaction_session_timeout') as i",
            json!([{"s": "5s", "u": "scriptorium_script", "i": "1min"}]),
        ),
        (
            "with gone as (delete from clients returning id) select id from gone",
            json!([{"id": "mine"}]),
        ),
    ] {
        let rows = data.query(&world.ctx, sql, vec![]).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
        assert_eq!(Value::Array(rows), expected, "{sql}");
    }
    assert_eq!(psql(&world, &format!("select id from {BASE}")), "theirs");
}

#[tokio::test]
async fn a_tenant_that_goes_takes_its_rows_along() {
    let world = World::with_tables(Postgres).await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    add(&data, &world.other, "theirs").await.unwrap();
    let gone = world.other.tenant.0;
    psql(
        &world,
        &format!("delete from scriptorium.tenants where id = '{gone}'"),
    );
    assert_eq!(psql(&world, &format!("select id from {BASE}")), "mine");
    // And where there is no such tenant, none of its rows can be made.
    let late = add(&data, &world.other, "late").await;
    assert_invalid(late, "params");
}

/// Servers of one declaration that start at the same instant, and one of the next release.
#[tokio::test]
async fn servers_that_start_at_once_make_the_tables_once() {
    let world = World::with_tables(Postgres).await;
    let stores = further(&world, 4).await;
    let declared = [schema(), schema(), grown(), grown()];
    let mut started = JoinSet::new();
    for (number, (store, schema)) in stores.iter().zip(declared).enumerate() {
        let data = store.tenant_data(schema).unwrap();
        let (store, ctx) = (store.clone(), world.ctx.clone());
        started.spawn(async move {
            store.make_tables(&data).await.unwrap();
            add(&data, &ctx, &number.to_string()).await
        });
    }
    for added in started.join_all().await {
        assert_eq!(added.unwrap(), 1);
    }
    assert_eq!(count(&open(&world), &world.ctx).await, 4);
    // Each declaration has its views, and there is one table.
    let views = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname like 'scriptorium\\_data\\_%' and c.relname = 'clients'";
    assert_eq!(psql(&world, views), "2");
    for store in stores {
        store.close().await;
    }
}

/// Further stores on the world's database.
async fn further(world: &World, number: usize) -> Vec<Store> {
    let mut stores = Vec::new();
    for _ in 0..number {
        let opened = Store::open(world.options.clone(), world.ambient.clone()).await;
        stores.push(opened.unwrap());
    }
    stores
}

/// On any server, one transaction or change of a tenant is made at a time: what it read still holds
/// when it writes. On SQLite the lock of the file sees to that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_transaction_read_holds_until_it_ends() {
    const EACH: i64 = 25;
    let world = World::with_tables(Postgres).await;
    let data = open(&world);
    add(&data, &world.ctx, "counter").await.unwrap();
    let stores = further(&world, 2).await;
    let mut tasks = JoinSet::new();
    for (index, store) in stores.iter().chain(&stores).enumerate() {
        let data = store.tenant_data(schema()).unwrap();
        let ctx = world.ctx.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                if index == 0 {
                    let add = "update clients set points = points + 1 where id = 'counter'";
                    data.execute(&ctx, add, vec![]).await.unwrap();
                    continue;
                }
                let added = data.transaction(&ctx, |tx| {
                    let rows = tx.query("select points from clients where id = 'counter'", &[])?;
                    let next = rows[0]["points"].as_i64().unwrap() + 1;
                    tx.execute("update clients set points = $1", &[json!(next)])
                });
                assert_eq!(added.await.unwrap(), 1);
            }
        });
    }
    tasks.join_all().await;
    let rows = data
        .query(&world.ctx, "select points from clients", vec![])
        .await
        .unwrap();
    assert_eq!(rows[0]["points"], 4 * EACH);
}

/// Neither a long transaction nor statements that go on keep other tenants waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_leaves_connections_to_the_others() {
    let mut world = World::with_tables(Postgres).await;
    world.options.postgres.as_mut().unwrap().connections = 4;
    let world = world.reopen().await;
    let data = open(&world);
    add(&data, &world.ctx, "mine").await.unwrap();
    let mut busy = JoinSet::new();
    for _ in 0..8 {
        let (data, ctx) = (data.clone(), world.ctx.clone());
        busy.spawn(async move { data.query(&ctx, ENDLESS, vec![]).await });
    }
    let (begun, begin) = tokio::sync::oneshot::channel();
    let (end, ended) = mpsc::channel::<()>();
    let third = crate::support::tenant(&world.store, &world.ambient, "initech").await;
    let mut long = JoinSet::new();
    let theirs = data.clone();
    long.spawn(async move {
        let work = theirs.transaction(&third, move |_| {
            begun.send(()).unwrap();
            Ok(ended.recv().is_ok())
        });
        work.await
    });
    begin.await.unwrap();
    add(&data, &world.other, "theirs").await.unwrap();
    assert_eq!(count(&data, &world.other).await, 1);
    assert!(busy.try_join_next().is_none(), "they are still busy");
    end.send(()).unwrap();
    assert!(long.join_next().await.unwrap().unwrap().unwrap());
}

#[tokio::test]
async fn only_the_owner_makes_tables_and_everybody_finds_them() {
    let world = World::with_tables(Postgres).await;
    let server = world.server.as_ref().unwrap();
    let without_owner = || {
        let script = server.url("scriptorium_script");
        logins(server).with_script(&script).unwrap()
    };
    let store = store(&world, without_owner()).await;
    let refused = |error: Error| error.to_string();
    let data = store.tenant_data(schema()).unwrap();
    let message = refused(store.make_tables(&data).await.unwrap_err());
    assert!(message.contains("database_url_migrator"), "{message}");
    let message = refused(add(&data, &world.ctx, "a").await.unwrap_err());
    assert!(message.contains("database_url_migrator"), "{message}");

    // Once they are made, the same declaration finds them, and a larger one misses something.
    add(&open(&world), &world.ctx, "a").await.unwrap();
    assert_eq!(count(&data, &world.ctx).await, 1);
    let larger = store.tenant_data(grown()).unwrap();
    let message = refused(store.make_tables(&larger).await.unwrap_err());
    assert!(message.contains("city"), "{message}");

    // What a restore left out is renewed by the owner, and missed without.
    psql(
        &world,
        &format!("revoke update on {BASE} from scriptorium_script"),
    );
    let again = store.tenant_data(schema()).unwrap();
    assert!(store.make_tables(&again).await.is_err());
    let renewed = world.store.tenant_data(schema()).unwrap();
    world.store.make_tables(&renewed).await.unwrap();
    store.make_tables(&again).await.unwrap();

    let nobody = self::store(&world, logins(server)).await;
    let data = nobody.tenant_data(schema()).unwrap();
    assert_invalid(nobody.make_tables(&data).await, "database_url_script");
    assert_invalid(
        count_refused(&data, &world.ctx).await,
        "database_url_script",
    );
}

async fn count_refused(data: &TenantData, ctx: &Ctx) -> Result<usize> {
    let rows = data.query(ctx, "select id from clients", vec![]).await?;
    Ok(rows.len())
}

async fn store(world: &World, postgres: PostgresOptions) -> Store {
    let mut options: Options = world.options.clone();
    options.postgres = Some(postgres);
    let opened = Store::open(options, world.ambient.clone()).await;
    opened.unwrap()
}

/// Both locks ask for the tenant by a setting, so a login that could change it is not used.
#[tokio::test]
async fn a_login_that_reaches_past_the_wall_is_refused() {
    for (grant, reason) in [
        (
            "execute on function pg_catalog.set_config(text, text, boolean)",
            "may call functions",
        ),
        (
            "execute on function pg_catalog.pg_stat_get_activity(integer)",
            "may call functions",
        ),
        ("usage on schema scriptorium", "past the wall"),
        ("usage on schema scriptorium_tables", "past the wall"),
        ("create on schema public", "may make tables"),
    ] {
        let world = World::with_tables(Postgres).await;
        psql(&world, &format!("grant {grant} to scriptorium_script"));
        let data = open(&world);
        let message = world
            .store
            .make_tables(&data)
            .await
            .unwrap_err()
            .to_string();
        assert!(message.contains(reason), "{grant}: {message}");
    }
    let world = World::with_tables(Postgres).await;
    let server = world.server.as_ref().unwrap();
    server.psql(
        "do $$ begin execute format('grant temporary on database %I to scriptorium_script', \
         current_database()); end $$",
    );
    let message = add(&open(&world), &world.ctx, "a").await.unwrap_err();
    assert!(message.to_string().contains("may make tables"), "{message}");
}

/// A caller that goes away leaves what it asked for to be done, as on SQLite.
#[tokio::test]
async fn what_was_asked_is_done_whoever_waits() {
    let world = World::with_tables(Postgres).await;
    let data = open(&world);
    world.store.make_tables(&data).await.unwrap();
    {
        let asked = data.execute(&world.ctx, INSERT, vec![json!("a")]);
        let asked = tokio::time::timeout(Duration::ZERO, asked);
        assert!(asked.await.is_err(), "it was dropped before it was done");
    }
    // A change waits for the one before it.
    add(&data, &world.ctx, "b").await.unwrap();
    assert_eq!(count(&data, &world.ctx).await, 2);
}

fn psql(world: &World, sql: &str) -> String {
    world.server.as_ref().unwrap().psql(sql)
}
