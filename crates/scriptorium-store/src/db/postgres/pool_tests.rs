//! One connection for everybody (security.md T3.4): ten thousand uses by two tenants, with errors,
//! panics and futures that are dropped somewhere, leave nothing behind that the next one could see.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use scriptorium_model::{TenantId, Uuid};
use sqlx::Row;
use sqlx::postgres::PgPool;
use tokio::task::JoinSet;

use super::{Access, Clock, Postgres, PostgresOptions, create_roles, migrate};

const USES: u64 = 10_000;
const TASKS: u64 = 4;

/// What a use does before its connection goes back.
#[derive(Clone, Copy, Debug)]
enum Use {
    Commit,
    Rollback,
    Drop,
    /// A statement fails, so the transaction is aborted, and is dropped so.
    Fail,
    /// The task panics in the middle.
    Panic,
    /// The future is dropped after some polls, wherever it is.
    Cancel(u64),
    /// A part is left open and the whole is dropped.
    Savepoint,
    /// Across tenants, as the other login.
    Across,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_use_is_left_on_its_connection() {
    let (_database, server) = server().await;
    let seen = AtomicUsize::new(0);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let server = server.clone();
        tasks.spawn(async move {
            let mut dice = Dice(task + 1);
            let mut cancelled = 0;
            for _ in 0..USES / TASKS {
                let tenant = TenantId(Uuid::from_u128(1 + u128::from(dice.roll(2))));
                let how = dice.choose();
                cancelled += usize::from(use_once(&server, tenant, how).await);
                if let Err(left) = inspect(&server.app).await {
                    panic!("after {how:?}: {left}");
                }
            }
            cancelled
        });
    }
    for cancelled in tasks.join_all().await {
        seen.fetch_add(cancelled, Ordering::Relaxed);
    }
    // Otherwise it would show nothing about being dropped in the middle. How many are depends on how
    // soon the server answers.
    let seen = seen.into_inner();
    assert!(seen > 100, "{seen} were dropped in the middle");
    inspect(&server.system).await.unwrap();
    server.close().await;
}

#[tokio::test]
async fn a_connection_with_something_left_on_it_is_closed() {
    let (_database, server) = server().await;
    for leftover in [
        "begin",
        "begin; set local app.tenant = 'x'",
        "set app.tenant = 'x'",
    ] {
        let mut connection = server.app.acquire().await.unwrap();
        let before = pid(&mut connection).await;
        sqlx::raw_sql(leftover)
            .execute(&mut *connection)
            .await
            .unwrap();
        drop(connection);
        let mut connection = server.app.acquire().await.unwrap();
        assert_ne!(pid(&mut connection).await, before, "{leftover}");
        drop(connection);
        inspect(&server.app).await.unwrap();
    }
    // And one that is clean is kept.
    let first = pid(&mut server.app.acquire().await.unwrap()).await;
    let second = pid(&mut server.app.acquire().await.unwrap()).await;
    assert_eq!(first, second);
}

/// It is not asked whether it is there still, and nobody notices that it is not.
#[tokio::test]
async fn a_connection_that_was_cut_is_replaced() {
    let (database, server) = server().await;
    for access in [Access::Read, Access::Write] {
        let tx = server.begin(None, access).await.unwrap();
        tx.rollback().await.unwrap();
        let cut = pid(&mut server.system.acquire().await.unwrap()).await;
        database.psql(&format!("select pg_terminate_backend({cut}, 5000)"));
        let tx = server.begin(None, access).await.unwrap();
        let count = "select count(*) from tenants".to_owned();
        tx.query(count, Vec::new()).await.unwrap();
        tx.rollback().await.unwrap();
    }
}

async fn pid(connection: &mut sqlx::PgConnection) -> i32 {
    let pid = sqlx::query_scalar("select pg_backend_pid()");
    pid.fetch_one(connection).await.unwrap()
}

/// Uses a connection once; whether it was dropped before it was done.
async fn use_once(server: &Postgres, tenant: TenantId, how: Use) -> bool {
    let server = server.clone();
    match how {
        Use::Cancel(polls) => {
            let mut work = pin!(work(&server, tenant, Use::Commit));
            let mut left = polls;
            std::future::poll_fn(|context| {
                let poll = work.as_mut().poll(context);
                if poll.is_ready() {
                    return Poll::Ready(false);
                }
                left = left.saturating_sub(1);
                if left == 0 {
                    Poll::Ready(true)
                } else {
                    Poll::Pending
                }
            })
            .await
        }
        Use::Panic => {
            let mut task = JoinSet::new();
            task.spawn(async move { work(&server, tenant, how).await });
            assert!(task.join_next().await.unwrap().is_err());
            false
        }
        _ => {
            work(&server, tenant, how).await;
            false
        }
    }
}

async fn work(server: &Postgres, tenant: TenantId, how: Use) {
    let across = matches!(how, Use::Across);
    let whose = (!across).then_some(tenant);
    let tx = server.begin(whose, Access::Write).await.unwrap();
    let value = || vec![tenant.0.into()];
    let count = "select count(*) from tenants where id <> $1".to_owned();
    tx.query(count.clone(), value()).await.unwrap();
    match how {
        Use::Drop => drop(tx),
        Use::Rollback => tx.rollback().await.unwrap(),
        Use::Fail => {
            let refused = tx.query("select 1 / 0".into(), Vec::new()).await;
            assert!(refused.is_err());
        }
        Use::Panic => std::panic::resume_unwind(Box::new("no hook prints what is meant")),
        Use::Savepoint => {
            let part = tx.savepoint().await.unwrap();
            part.query(count, value()).await.unwrap();
        }
        Use::Commit | Use::Across | Use::Cancel(_) => {
            tx.execute(count, value()).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}

/// What the next user of the connection could notice of the last.
async fn inspect(pool: &PgPool) -> Result<(), String> {
    let left = sqlx::raw_sql(
        "select concat_ws(', ', \
         case when coalesce(current_setting('app.tenant', true), '') <> '' then 'a tenant' end, \
         case when transaction_timestamp() <> statement_timestamp() then 'a transaction' end, \
         case when current_setting('search_path') <> 'scriptorium' then 'a search path' end, \
         case when pg_my_temp_schema() <> 0 then 'temporary tables' end, \
         case when current_user <> session_user then 'a role' end, \
         (select 'an advisory lock' from pg_locks where pid = pg_backend_pid() \
          and locktype = 'advisory' limit 1), \
         (select 'a prepared statement' from pg_prepared_statements where from_sql limit 1))",
    )
    .fetch_one(pool)
    .await
    .map_err(|error| error.to_string())?;
    let left: String = left.try_get(0).unwrap();
    if left.is_empty() { Ok(()) } else { Err(left) }
}

/// A database of its own, with pools of one connection.
async fn server() -> (scriptorium_testing::Database, Postgres) {
    const KEY: [u8; 32] = [7; 32];
    let database = scriptorium_testing::Database::cloned("pool", async |superuser| {
        create_roles(&superuser, &KEY, "scriptorium").await.unwrap();
        let options = PostgresOptions::derived(&superuser, &KEY, "scriptorium").unwrap();
        migrate(&options).await.unwrap();
    })
    .await;
    // For `inspect`, which the login may not ask otherwise.
    database.psql(
        "grant execute on function pg_lock_status(), pg_prepared_statement() to scriptorium_app",
    );
    let url = |login: &str| database.url(login);
    let logins = PostgresOptions::new(&url("scriptorium_app"), &url("scriptorium_system"));
    let mut options = logins.unwrap();
    options.connections = 1;
    options.clock = Clock::Server;
    let (_, ambient) = crate::support::ambient(1);
    let server = Postgres::open(&options, &ambient).await.unwrap();
    (database, server)
}

/// The same throws in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn choose(&mut self) -> Use {
        match self.roll(16) {
            0..=5 => Use::Commit,
            6 => Use::Rollback,
            7 => Use::Drop,
            8 => Use::Fail,
            9 => Use::Panic,
            10 => Use::Savepoint,
            11 => Use::Across,
            _ => Use::Cancel(1 + self.roll(8)),
        }
    }
}
