//! Scripts that only read: what they may not do on any database, and a streaming replica of PostgreSQL that they
//! are sent to while it is well.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use scriptorium_model::storage::{Batch, Kept};
use scriptorium_model::{Ambient, Ctx, Json};
use scriptorium_store::tenant_data::{Answer, Ask, Bounds, Find, ScriptData, ScriptTx, TenantData};
use scriptorium_store::{Clock, Error, Options, PostgresOptions, ReplicaStatus, Result, Store};
use scriptorium_testing::Cluster;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::business_tables::WITHOUT_PREDICATE;
use crate::script_data::{HOSTILE, refusal, schema};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::{KEY, PATIENCE, PREFIX, VirtualClock, World, ambient, tenant};

const BOUNDS: Bounds = Bounds {
    rows: 1_000,
    bytes: 1 << 20,
};
const MAX_LAG: Duration = Duration::from_secs(10);
const LOCK: &str = "begin; lock table scriptorium_tables.orders in access exclusive mode";
/// Sessions that wait for it.
const WAITS: &str = "wait_event_type = 'Lock'";
const NUMBERS: &str = "select number from orders order by number";

/// A primary and its replica, a store on them, and rows of two tenants.
struct Pair {
    store: Store,
    data: TenantData,
    scripts: ScriptData,
    ctx: Ctx,
    other: Ctx,
    clock: Arc<VirtualClock>,
    ambient: Ambient,
    dir: TempDir,
    replica: Cluster,
    primary: Cluster,
}

impl Pair {
    async fn new() -> Self {
        let primary = Cluster::private();
        let superuser = primary.superuser("postgres");
        Store::create_roles(&superuser, &KEY, PREFIX).await.unwrap();
        let (clock, ambient) = ambient(3);
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(on(&dir, derived(&primary)), ambient.clone());
        let store = store.await.unwrap();
        let ctx = tenant(&store, &ambient, "acme").await;
        let other = tenant(&store, &ambient, "globex").await;
        let data = store.tenant_data(schema()).unwrap();
        for (ctx, numbers) in [(&ctx, ["a", "b"]), (&other, ["CANARY 1", "CANARY 2"])] {
            for number in numbers {
                add(&data, ctx, number).await;
            }
        }
        store.close().await;
        let replica = primary.replica("-c max_standby_streaming_delay=0");
        primary.wait_for(&replica);
        let options = derived(&primary).with_replica(&replica.superuser("postgres"), MAX_LAG);
        let store = Store::open(on(&dir, options.unwrap()), ambient.clone());
        let store = store.await.unwrap();
        let data = store.tenant_data(schema()).unwrap();
        store.make_tables(&data).await.unwrap();
        Self {
            scripts: data.for_scripts().reading(),
            store,
            data,
            ctx,
            other,
            clock,
            ambient,
            dir,
            replica,
            primary,
        }
    }

    /// What a script that only reads sees of its tenant's orders.
    async fn seen(&self, ctx: &Ctx) -> Vec<String> {
        numbers(self.ask(ctx, NUMBERS).await.unwrap())
    }

    async fn ask(&self, ctx: &Ctx, sql: &str) -> Result<Answer> {
        let ask = self.scripts.statement(sql, Vec::new())?;
        let stop = CancellationToken::new();
        self.scripts.ask(ctx, ask, BOUNDS, stop).await
    }

    /// What every other script sees.
    async fn there(&self, ctx: &Ctx) -> Vec<String> {
        let scripts = self.data.for_scripts();
        let ask = scripts.statement(NUMBERS, Vec::new()).unwrap();
        let answer = scripts.ask(ctx, ask, BOUNDS, CancellationToken::new());
        numbers(answer.await.unwrap())
    }

    fn pause(&self) {
        self.replica
            .psql("postgres", "select pg_wal_replay_pause()");
        self.until(|| {
            let state = "select pg_get_wal_replay_pause_state()";
            self.replica.psql("postgres", state) == "paused"
        });
    }

    fn resume(&self) {
        self.replica
            .psql("postgres", "select pg_wal_replay_resume()");
        self.primary.wait_for(&self.replica);
    }

    async fn look(&self) -> ReplicaStatus {
        self.store.look_at_replica().await;
        self.status()
    }

    /// Looks until it is well: what the primary writes by itself is on its way for a moment.
    async fn well(&self) -> ReplicaStatus {
        let looks = async {
            while !self.look().await.well {
                tokio::task::yield_now().await;
            }
        };
        let looked = tokio::time::timeout(PATIENCE, looks).await;
        looked.expect("it is well again");
        self.status()
    }

    fn status(&self) -> ReplicaStatus {
        self.store.replica().unwrap()
    }

    /// Looks again and again, by a process each.
    fn until(&self, mut reached: impl FnMut() -> bool) {
        let began = std::time::Instant::now();
        while !reached() {
            assert!(began.elapsed() < PATIENCE, "it does not come to that");
        }
    }

    /// Locks the orders of both servers, so that whoever reads them waits until the session ends.
    async fn hold(&self) -> PgConnection {
        let url = self.primary.superuser("postgres");
        let mut holder = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(LOCK).execute(&mut holder).await.unwrap();
        self.primary.wait_for(&self.replica);
        holder
    }

    /// So many who read orders of the tenant.
    fn asking(self: &Arc<Self>, count: usize) -> JoinSet<Vec<String>> {
        let mut asked = JoinSet::new();
        for _ in 0..count {
            let pair = Arc::clone(self);
            asked.spawn(async move { pair.seen(&pair.ctx).await });
        }
        asked
    }

    /// How many sessions of scripts at the replica are in a state.
    fn sessions(&self, state: &str) -> String {
        self.replica.psql(
            "postgres",
            &format!("select count(*) {}", of_scripts(state)),
        )
    }

    fn terminate(&self, state: &str) {
        let terminate = format!(
            "select pg_terminate_backend(pid, 5000) {}",
            of_scripts(state)
        );
        self.replica.psql("postgres", &terminate);
    }
}

/// Sessions of the login of scripts in a database, but that of the looks.
fn of_scripts(state: &str) -> String {
    format!("from pg_stat_activity where usename = '{PREFIX}_script' and {state}")
}

fn derived(primary: &Cluster) -> PostgresOptions {
    let logins = PostgresOptions::derived(&primary.superuser("postgres"), &KEY, PREFIX);
    let mut options = logins.unwrap();
    options.connections = 4;
    options.clock = Clock::Ambient;
    options
}

fn on(dir: &TempDir, logins: PostgresOptions) -> Options {
    Options {
        postgres: Some(logins),
        ..Options::new(dir.path())
    }
}

async fn add(data: &TenantData, ctx: &Ctx, number: &str) {
    let insert =
        "insert into orders (id, number, customer, total, paid) values ($1, $2, 'c', 1, true)";
    let id = scriptorium_model::Uuid::from_u128(
        number
            .bytes()
            .fold(0, |id, byte| id << 8 | u128::from(byte)),
    );
    let row = vec![json!(id.to_string()), json!(number)];
    data.execute(ctx, insert, row).await.unwrap();
}

fn numbers(answer: Answer) -> Vec<String> {
    let Answer::Rows(rows) = answer else {
        panic!("no rows: {answer:?}")
    };
    let number = |row: &serde_json::Map<String, Value>| row["number"].as_str().unwrap().to_owned();
    rows.iter().map(number).collect()
}

fn entry(value: &str) -> Batch {
    let kept = Kept {
        value: Json::parse(value).unwrap(),
        expires_at: None,
    };
    Batch {
        written: [("seen".to_owned(), Some(kept))].into(),
        ..Batch::default()
    }
}

/// Everything that changes a row, each in the way in which a script asks for it.
fn changes(scripts: &ScriptData) -> Vec<Ask> {
    let row = |number: &str| {
        let row = json!({ "number": number, "customer": "c", "total": 1, "paid": true });
        row.as_object().unwrap().clone()
    };
    let id = scriptorium_model::Uuid::nil;
    let (all, one) = (json!({ "total": { "gte": 0 } }), json!({ "note": "n" }));
    let mut asks = vec![
        scripts.insert("orders", vec![row("x")], id).unwrap(),
        scripts
            .update("orders", &all, one.as_object().unwrap().clone())
            .unwrap(),
        scripts
            .upsert("orders", row("x"), &["number".to_owned()], id)
            .unwrap(),
        scripts.delete("orders", &all).unwrap(),
    ];
    for sql in [
        "insert into orders (id, number, customer, total, paid) values ('00000000-0000-0000-0000-000000000009', 'x', 'c', 1, true)",
        "insert into orders (id, number, customer, total, paid) values ('00000000-0000-0000-0000-000000000008', 'y', 'c', 1, true) returning number",
        "update orders set note = 'n' where total >= 0",
        "update orders set note = 'n' where total >= 0 returning number",
        "delete from orders where total >= 0",
        "delete from orders where total >= 0 returning number",
    ] {
        asks.push(scripts.statement(sql, Vec::new()).unwrap());
    }
    asks
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_only_reads_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let world = World::with_tables(database).await;
    let data = world.store.tenant_data(schema()).unwrap();
    add(&data, &world.ctx, "a").await;
    let before = data.query(&world.ctx, "select * from orders", Vec::new());
    let before = before.await.unwrap();
    let scripts = data.for_scripts().reading();
    for change in changes(&scripts) {
        let (stop, ctx) = (CancellationToken::new(), &world.ctx);
        let alone = scripts.ask(ctx, change.clone(), BOUNDS, stop.clone()).await;
        let (field, code, _) = refusal(alone);
        assert_eq!((field.as_str(), code), ("table", "forbidden"), "{change:?}");
        // Within a transaction it is refused alone, and what is read after it is answered.
        let find = scripts
            .find("orders", &json!({}), &Find::default())
            .unwrap();
        let asked = change.clone();
        let work = move |tx: &ScriptTx<'_>| {
            let refused = refusal(tx.ask(&asked, BOUNDS));
            Ok((refused.1, tx.ask(&find, BOUNDS)?))
        };
        let (code, answer) = scripts.transaction(ctx, stop, work).await.unwrap();
        assert_eq!(
            (code, numbers(answer)),
            ("forbidden", vec!["a".to_owned()]),
            "{change:?}"
        );
    }
    let after = data.query(&world.ctx, "select * from orders", Vec::new());
    assert_eq!(after.await.unwrap(), before);
    // And the same is done for a script that may.
    let writes = data.for_scripts();
    for change in changes(&writes) {
        let done = writes.ask(&world.ctx, change, BOUNDS, CancellationToken::new());
        done.await.unwrap();
    }
}

/// Nothing of the tables is changed, so that what is kept of storage is kept by itself.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn storage_is_kept_when_a_reading_transaction_ends_well(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let world = World::with_tables(database).await;
    let data = world.store.tenant_data(schema()).unwrap();
    let scripts = data.for_scripts().reading();
    for (fails, expected) in [(true, None), (false, Some("1"))] {
        let find = scripts.count("orders", &json!({})).unwrap();
        let work = move |tx: &ScriptTx<'_>| {
            tx.ask(&find, BOUNDS)?;
            if fails {
                return Err(Error::NotFound);
            }
            tx.keep_entries(entry("1"))
        };
        let done = scripts.transaction(&world.ctx, CancellationToken::new(), work);
        assert_eq!(done.await.is_err(), fails);
        let kept = world.store.get_entry(&world.ctx, "seen").await.unwrap();
        let kept = kept.map(|entry| entry.value.as_str().to_owned());
        assert_eq!(kept.as_deref(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_is_sent_to_the_replica_and_stays_in_its_tenant() {
    let pair = Pair::new().await;
    let (ctx, other) = (&pair.ctx, &pair.other);
    // What the replica has not seen yet tells who was asked.
    pair.pause();
    add(&pair.data, ctx, "c").await;
    add(&pair.data, other, "CANARY 3").await;
    assert_eq!(pair.seen(ctx).await, ["a", "b"]);
    assert_eq!(pair.seen(other).await, ["CANARY 1", "CANARY 2"]);
    assert_eq!(pair.there(ctx).await, ["a", "b", "c"]);
    assert_eq!(
        pair.there(other).await,
        ["CANARY 1", "CANARY 2", "CANARY 3"]
    );
    pair.resume();
    assert_eq!(pair.seen(ctx).await, ["a", "b", "c"]);
    assert_eq!((pair.status().at_replica, pair.status().at_primary), (3, 0));

    let mut wrong = String::new();
    for sql in HOSTILE {
        if let Ok(got) = pair.ask(ctx, sql).await {
            wrong.push_str(&format!("\n{sql}\n    {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for sql in [
        "select * from orders where 1 = 1 or number like 'CANARY%'",
        "select number from orders union all select name from customers",
        "with all_of_them as (select * from orders) select number from all_of_them",
    ] {
        let answer = format!("{:?}", pair.ask(ctx, sql).await.unwrap());
        assert!(!answer.contains("CANARY"), "{sql}: {answer}");
    }

    // Each of the two locks alone: here the predicate is gone, and row-level security holds.
    pair.primary.psql("postgres", WITHOUT_PREDICATE);
    pair.primary.wait_for(&pair.replica);
    assert_eq!(pair.seen(ctx).await, ["a", "b", "c"]);
    assert_eq!(pair.status().at_primary, 0);
}

/// Past the rules of statements, as the login itself: the replica is closed as the primary is.
#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_scripts_reaches_no_further_at_the_replica() {
    let pair = Pair::new().await;
    let url = pair.replica.url(&format!("{PREFIX}_script"), "postgres");
    let mut session = PgConnection::connect(&url).await.unwrap();
    let theirs = pair.other.tenant.0;
    let views = "select nspname from pg_namespace where nspname like 'scriptorium\\_data\\_%'";
    let views = pair.replica.psql("postgres", views);
    for (sql, code) in [
        (
            format!("select set_config('app.tenant', '{theirs}', true)"),
            "42501",
        ),
        (
            "select query_to_xml('select 1', true, true, '')".into(),
            "42501",
        ),
        ("select pg_sleep(0)".into(), "42501"),
        ("select pg_read_file('/etc/passwd')".into(), "42501"),
        ("select * from scriptorium.tenants".into(), "42501"),
        ("create temp table x (y int)".into(), "25006"),
        ("select * from scriptorium_tables.orders".into(), "42501"),
        (format!("delete from {views}.orders"), "25006"),
        ("set role postgres".into(), "42501"),
    ] {
        let refused = sqlx::raw_sql(AssertSqlSafe(sql.clone()));
        let refused = refused.execute(&mut session).await.unwrap_err();
        let found = refused.as_database_error().and_then(|error| error.code());
        assert_eq!(found.as_deref(), Some(code), "{sql}: {refused}");
    }
    // Nobody was named, so nobody's rows are there.
    let count = format!("select count(*) from {views}.orders");
    let rows: i64 = sqlx::query_scalar(AssertSqlSafe(count))
        .fetch_one(&mut session)
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[rstest]
#[case::of_the_replica(true)]
#[case::of_the_primary(false)]
#[tokio::test(flavor = "multi_thread")]
async fn a_reading_transaction_sees_one_state_and_keeps_nobody_waiting(#[case] well: bool) {
    let pair = Pair::new().await;
    if !well {
        pair.clock.advance(MAX_LAG * 2);
    }
    let pair = Arc::new(pair);
    let (within, runtime) = (Arc::clone(&pair), tokio::runtime::Handle::current());
    let work = move |tx: &ScriptTx<'_>| {
        let ask = within.scripts.statement(NUMBERS, Vec::new())?;
        let first = numbers(tx.ask(&ask, BOUNDS)?);
        runtime.block_on(add(&within.data, &within.ctx, "c"));
        within.primary.wait_for(&within.replica);
        Ok((first, numbers(tx.ask(&ask, BOUNDS)?)))
    };
    let read = pair
        .scripts
        .transaction(&pair.ctx, CancellationToken::new(), work);
    let (first, second) = read.await.unwrap();
    assert_eq!(first, ["a", "b"]);
    assert_eq!(second, first);
    assert_eq!(pair.seen(&pair.ctx).await, ["a", "b", "c"]);
    let status = pair.status();
    let (there, here) = (status.at_replica, status.at_primary);
    assert_eq!((there, here), if well { (3, 0) } else { (0, 3) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_late_or_gone_is_passed_by_until_it_is_well_again() {
    let pair = Pair::new().await;
    let ctx = &pair.ctx;
    let second = Duration::from_secs(1);

    // Nothing happens for an hour, and nothing is late.
    pair.clock.advance(Duration::from_secs(3_600));
    let idle = pair.well().await;
    assert_eq!(idle.behind, Some(Duration::ZERO));

    // Nobody has looked for too long.
    pair.clock.advance(MAX_LAG + second);
    assert!(!pair.status().well);
    pair.well().await;

    // It is as late as it may be, and then later.
    pair.pause();
    add(&pair.data, ctx, "c").await;
    pair.clock.advance(MAX_LAG);
    assert!(pair.look().await.well);
    assert_eq!(pair.seen(ctx).await, ["a", "b"]);
    pair.clock.advance(second);
    let late = pair.look().await;
    assert_eq!((late.well, late.behind), (false, Some(MAX_LAG + second)));
    assert_eq!(pair.seen(ctx).await, ["a", "b", "c"]);
    pair.resume();
    pair.well().await;

    // It stops, and whoever asks it is answered all the same; it comes back, and is asked again.
    for _ in 0..2 {
        let before = pair.status();
        assert_eq!(pair.seen(ctx).await, ["a", "b", "c"]);
        pair.replica.stop_at_once();
        for _ in 0..3 {
            assert_eq!(pair.seen(ctx).await, ["a", "b", "c"]);
        }
        let after = pair.status();
        assert!(!after.well);
        assert_eq!(after.at_replica, before.at_replica + 1);
        assert_eq!(after.at_primary, before.at_primary + 3);
        assert!(!pair.look().await.well);
        pair.replica.start();
        pair.primary.wait_for(&pair.replica);
        // Who comes first may find a connection that broke while it rested, and is answered all the same.
        for _ in 0..2 {
            pair.well().await;
            assert_eq!(pair.seen(ctx).await, ["a", "b", "c"]);
        }
        assert!(pair.status().at_replica > after.at_replica);
        pair.well().await;
    }

    // It goes its own way, and is no replica any more.
    pair.replica.psql("postgres", "select pg_promote()");
    assert!(!pair.look().await.well);
    add(&pair.data, ctx, "d").await;
    assert_eq!(pair.seen(ctx).await, ["a", "b", "c", "d"]);
}

/// A statement is in the middle of its work when its session ends.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_replica_breaks_off_is_asked_of_the_primary() {
    let pair = Arc::new(Pair::new().await);
    for stops in [false, true] {
        let holder = pair.hold().await;
        let mut asked = pair.asking(1);
        pair.until(|| pair.sessions(WAITS) == "1");
        if stops {
            pair.replica.stop_at_once();
        } else {
            pair.terminate(WAITS);
        }
        holder.close().await.unwrap();
        assert_eq!(
            asked.join_next().await.unwrap().unwrap(),
            ["a", "b"],
            "{stops}"
        );
        assert_eq!(pair.status().at_primary, if stops { 2 } else { 1 });
        assert!(!pair.status().well);
        assert_eq!(pair.look().await.well, !stops);
    }
}

/// A server that is out of reach: it does not answer, and says to nobody that it will not.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_falls_silent_is_not_waited_for() {
    let pair = Arc::new(Pair::new().await);
    let holder = pair.hold().await;
    let mut asked = pair.asking(1);
    pair.until(|| pair.sessions(WAITS) == "1");
    pair.replica.freeze();
    holder.close().await.unwrap();
    assert!(!pair.look().await.well);
    assert_eq!(asked.join_next().await.unwrap().unwrap(), ["a", "b"]);
    assert_eq!(pair.status().at_primary, 1);
    pair.replica.thaw();
    pair.well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_leaves_connections_to_the_replica_to_others() {
    let pair = Arc::new(Pair::new().await);
    let holder = pair.hold().await;
    let mut asked = pair.asking(4);
    // Half of four.
    pair.until(|| pair.sessions(WAITS) == "2");
    let other = pair.ask(&pair.other, "select name from customers").await;
    assert_eq!(other.unwrap(), Answer::Rows(Vec::new()));
    assert_eq!(pair.sessions(WAITS), "2");
    assert_eq!(pair.status().at_replica, 1);
    holder.close().await.unwrap();
    while let Some(seen) = asked.join_next().await {
        assert_eq!(seen.unwrap(), ["a", "b"]);
    }
    assert_eq!((pair.status().at_replica, pair.status().at_primary), (5, 0));
}

/// Rows that a statement reads there are locked by the primary's log meanwhile: it has to give way.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_in_the_way_of_the_replica_is_asked_of_the_primary() {
    let pair = Arc::new(Pair::new().await);
    for index in 0..38 {
        add(&pair.data, &pair.ctx, &format!("n{index}")).await;
    }
    pair.primary.wait_for(&pair.replica);
    let (locking, stop) = (Arc::clone(&pair), CancellationToken::new());
    let (over, until) = (stop.clone(), stop.drop_guard());
    let locked = tokio::task::spawn_blocking(move || {
        let lock = "begin; lock table scriptorium_tables.orders in access exclusive mode; commit";
        while !over.is_cancelled() {
            locking.primary.psql("postgres", lock);
        }
    });
    let conflicts = || {
        let sql = "select confl_lock from pg_stat_database_conflicts where datname = 'postgres'";
        pair.replica.psql("postgres", sql)
    };
    let began = std::time::Instant::now();
    while pair.status().at_primary == 0 {
        assert!(began.elapsed() < PATIENCE, "nothing was in the way");
        let ask = "select count(*) as n from orders a, orders b, orders c, orders d";
        let answer = pair.ask(&pair.ctx, ask).await.unwrap();
        let Answer::Rows(rows) = answer else { panic!() };
        assert_eq!(rows[0]["n"], 40_i64.pow(4));
    }
    drop(until);
    locked.await.unwrap();
    pair.until(|| conflicts() != "0");
    // It has cut nobody off: others go on there.
    assert!(pair.status().well);
}

/// Before its first answer it begins again elsewhere; afterwards nobody could tell what it has seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_reading_transaction_that_is_broken_off_begins_again_or_fails() {
    const IDLE: &str = "state = 'idle in transaction'";
    let pair = Arc::new(Pair::new().await);
    for answered in [false, true] {
        assert!(pair.look().await.well);
        let within = Arc::clone(&pair);
        let work = move |tx: &ScriptTx<'_>| {
            let ask = within.scripts.statement(NUMBERS, Vec::new())?;
            let mut seen = Vec::new();
            if answered {
                seen.push(tx.ask(&ask, BOUNDS)?);
            }
            assert_eq!(within.sessions(IDLE), "1");
            within.terminate(IDLE);
            if answered {
                // Whether or not the script catches the first of these, nothing is kept.
                for _ in 0..2 {
                    let (field, code, _) = refusal(tx.ask(&ask, BOUNDS));
                    assert_eq!((field.as_str(), code), ("transaction", "changed"));
                }
            } else {
                seen.push(tx.ask(&ask, BOUNDS)?);
                seen.push(tx.ask(&ask, BOUNDS)?);
            }
            tx.keep_entries(entry("1"))?;
            Ok(seen.into_iter().map(numbers).collect::<Vec<_>>())
        };
        let done = pair
            .scripts
            .transaction(&pair.ctx, CancellationToken::new(), work);
        let done = done.await;
        let kept = pair.store.get_entry(&pair.ctx, "seen").await.unwrap();
        assert_eq!(kept.is_some(), !answered);
        if answered {
            assert_eq!(refusal(done).1, "changed");
        } else {
            assert_eq!(done.unwrap(), [["a", "b"], ["a", "b"]]);
        }
        pair.store.delete_entry(&pair.ctx, "seen").await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_replica_of_the_database_is_refused_or_not_used() {
    let pair = Pair::new().await;
    let elsewhere = scriptorium_testing::Database::cloned("foreign", async |superuser| {
        Store::create_roles(&superuser, &KEY, PREFIX).await.unwrap();
    });
    let elsewhere = elsewhere.await;
    let nowhere = "postgres://somebody@127.0.0.1:1/postgres".to_owned();
    for (url, refused) in [
        (elsewhere.superuser(), true),
        // Another database of the same servers.
        (pair.replica.superuser("template1"), true),
        (pair.primary.superuser("template1"), true),
        // What it is can change, and whether it answers.
        (pair.primary.superuser("postgres"), false),
        (nowhere, false),
    ] {
        let options = derived(&pair.primary).with_replica(&url, MAX_LAG).unwrap();
        let opened = Store::open(on(&pair.dir, options), pair.ambient.clone()).await;
        if refused {
            let (field, code, message) = refusal(opened);
            assert_eq!((field.as_str(), code), ("database_url_replica", "refused"));
            assert!(message.contains("is a copy of another one"), "{message}");
            continue;
        }
        let store = opened.unwrap();
        assert!(!store.replica().unwrap().well, "{url}");
        let scripts = store.tenant_data(schema()).unwrap().for_scripts().reading();
        let ask = scripts.statement(NUMBERS, Vec::new()).unwrap();
        let answer = scripts.ask(&pair.ctx, ask, BOUNDS, CancellationToken::new());
        assert_eq!(numbers(answer.await.unwrap()), ["a", "b"], "{url}");
        assert_eq!(store.replica().unwrap().at_primary, 1);
        store.close().await;
    }
}

#[test]
fn a_replica_that_cannot_be_right_is_refused() {
    let url = |login: &str| format!("postgres://{login}:secret@db.example/erp");
    let plain = || PostgresOptions::new(&url("app"), &url("system")).unwrap();
    let with_script = || plain().with_script(&url("script")).unwrap();
    let quick = || PostgresOptions::derived(&url("postgres"), &KEY, PREFIX).unwrap();
    let lag = MAX_LAG;
    for (options, given, lag, expected) in [
        (
            plain(),
            url("script"),
            lag,
            Some(("database_url_script", "required")),
        ),
        (with_script(), url("script"), lag, None),
        // Scripts would read as the superuser.
        (
            with_script(),
            url("postgres"),
            lag,
            Some(("database_url_replica", "refused")),
        ),
        (
            with_script(),
            "mysql://a/b".into(),
            lag,
            Some(("database_url_replica", "bad_url")),
        ),
        (quick(), url("postgres"), lag, None),
        (quick(), "postgres://replica.example/erp".into(), lag, None),
        (
            quick(),
            url("x"),
            Duration::from_secs(1),
            Some(("replica_max_lag", "out_of_range")),
        ),
        (
            quick(),
            url("x"),
            Duration::from_secs(3_601),
            Some(("replica_max_lag", "out_of_range")),
        ),
        (quick(), url("x"), Duration::from_secs(2), None),
        (quick(), url("x"), Duration::from_secs(3_600), None),
    ] {
        let made = options.with_replica(&given, lag);
        let found = made.err().map(|error| {
            let first = error.invalid().unwrap().errors[0].clone();
            assert!(!first.message.contains("secret"), "{}", first.message);
            (first.field, first.code)
        });
        let found = found.as_ref().map(|(field, code)| (field.as_str(), *code));
        assert_eq!(found, expected, "{given} {lag:?}");
    }
}
