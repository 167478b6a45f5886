//! A PostgreSQL server: one pool for each login, and transactions that say which tenant they act
//! for. The tenant is set for the transaction only, in the message that begins it, and a connection
//! that comes back with anything left of it is closed instead of used again (security.md F12).

#[cfg(test)]
mod pool_tests;
mod replica;
mod roles;
mod settings;
mod transaction;

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scriptorium_model::{Ambient, Invalid, TenantId};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Row};
use tokio_util::task::TaskTracker;

pub(crate) use self::replica::Replica;
pub use self::replica::ReplicaStatus;
use self::roles::{check_logins, grant};
pub(crate) use self::roles::{check_script, create_roles, quoted};
pub use self::settings::{Clock, PostgresOptions};
pub(crate) use self::transaction::Transaction;
use super::{Dialect, migrations};
use crate::error::{Error, Result};

/// Where the platform's tables are; a session finds them by this search path.
pub(crate) const SCHEMA: &str = "scriptorium";

/// The first half of the name of the advisory lock that whoever migrates holds.
const MIGRATION: i32 = i32::from_be_bytes(*b"migr");

/// Migrates as the owner of the schema when there is a login for it; otherwise refuses a database
/// that is not where this release needs it.
pub(crate) async fn prepare(options: &PostgresOptions) -> Result<()> {
    if options.migrator().is_some() {
        return migrate(options).await;
    }
    let (applied, known) = (applied(options).await?, migrations::known());
    match applied.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(migrations::newer(applied)),
        Ordering::Less => Err(Error::platform(format!(
            "the database has the schema {applied:04}, and this release needs {known:04}: run \
             `scriptorium migrate up` with database_url_migrator"
        ))),
    }
}

/// Applies the migrations that are missing and renews what the logins may do.
pub(crate) async fn migrate(options: &PostgresOptions) -> Result<()> {
    let owner = options.migrator().ok_or_else(|| {
        Error::platform("there is no login that may migrate: give database_url_migrator")
    })??;
    let mut owner = connect(&owner).await?;
    // Grants of two servers that start at once would trip over each other. The session ends below.
    sqlx::query("select pg_advisory_lock($1, 0)")
        .bind(MIGRATION)
        .execute(&mut owner)
        .await?;
    migrations::migrator(Dialect::Postgres)
        .run(&mut owner)
        .await
        .map_err(migrations::failed)?;
    grant(&mut owner, options).await?;
    Ok(owner.close().await?)
}

/// The number of the last migration that the database has had.
pub(crate) async fn applied(options: &PostgresOptions) -> Result<i64> {
    let mut connection = connect(&options.system()?).await?;
    let begun: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut connection)
        .await?;
    let applied = if begun {
        sqlx::query_scalar(migrations::APPLIED)
            .fetch_one(&mut connection)
            .await?
    } else {
        0
    };
    connection.close().await?;
    Ok(applied)
}

/// One connection, which belongs to no pool.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    let failed = |error| {
        let shown = settings::shown(options);
        Error::caused(format!("cannot connect to {shown}"), error)
    };
    options.connect().await.map_err(failed)
}

/// How long a caller waits for a connection: longer than a server needs to restart, shorter than
/// the patience of who waits.
const ACQUIRE: Duration = Duration::from_secs(5);

/// A connection that was used so lately is taken to be there still; who is busy need not ask each time. One that
/// is not says so when a transaction begins on it, which then begins on another.
const LATELY: Duration = Duration::from_secs(1);

/// How long a statement waits for a connection to the replica: not long, because it may be asked elsewhere.
const ACQUIRE_REPLICA: Duration = Duration::from_secs(1);

/// The pools of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    app: PgPool,
    system: PgPool,
    /// Of the login of scripts' own SQL, one for each declaration of business tables.
    scripts: Arc<Mutex<Vec<PgPool>>>,
    /// A copy of its database that scripts may be sent to.
    replica: Option<Arc<Replica>>,
    /// Work that goes on whether or not its caller still waits.
    tasks: TaskTracker,
    options: Arc<PostgresOptions>,
    clock: Clock,
}

/// What a transaction may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Postgres {
    /// Connects with both logins and refuses those that would pass the wall.
    pub(crate) async fn open(options: &PostgresOptions, ambient: &Ambient) -> Result<Self> {
        let app = pool(options.app()?, options.connections).await?;
        let system = pool(options.system()?, options.connections).await?;
        let opened = Self {
            app,
            system,
            scripts: Arc::default(),
            replica: Replica::of(options, ambient)?.map(Arc::new),
            tasks: TaskTracker::new(),
            options: Arc::new(options.clone()),
            clock: options.clock,
        };
        check_logins(options, &opened.app, &opened.system).await?;
        if let Some(replica) = &opened.replica {
            replica.open(&opened.system).await?;
        }
        Ok(opened)
    }

    /// Begins a transaction in one tenant, as the login that row-level security watches, or across
    /// tenants. One message to the server, whatever has to be said.
    pub(crate) async fn begin(
        &self,
        tenant: Option<TenantId>,
        access: Access,
    ) -> Result<Transaction> {
        let begin = match access {
            Access::Read => "begin read only",
            Access::Write => "begin",
        };
        let (pool, begin) = match tenant {
            Some(tenant) => (&self.app, format!("{begin}; {}", name(tenant))),
            None => (&self.system, begin.to_owned()),
        };
        Transaction::begin(pool, begin, self.clock).await
    }

    /// The pool of the login that acts across tenants.
    pub(crate) fn system(&self) -> &PgPool {
        &self.system
    }

    /// A pool of the login of scripts' own SQL, for sessions with these settings that find their
    /// tables in `schema`. It connects when it is used, and is closed with the others.
    pub(crate) fn script_pool(&self, schema: &str, settings: &[(&str, String)]) -> Result<PgPool> {
        let login = self.options.script(schema).ok_or_else(|| {
            let message = "is needed: the business tables are used as this login";
            Invalid::field("database_url_script", "required", message)
        })??;
        Ok(self.of_scripts(login, settings, ACQUIRE))
    }

    /// The same at the replica; `None` when there is none.
    pub(crate) fn replica_pool(
        &self,
        schema: &str,
        settings: &[(&str, String)],
    ) -> Result<Option<PgPool>> {
        let login = self.options.replica(schema).transpose()?;
        Ok(login.map(|login| self.of_scripts(login, settings, ACQUIRE_REPLICA)))
    }

    fn of_scripts(
        &self,
        login: PgConnectOptions,
        settings: &[(&str, String)],
        acquire: Duration,
    ) -> PgPool {
        let login = login.options(settings.iter().map(|(name, value)| (*name, value)));
        let pool = pooled(self.options.connections).acquire_timeout(acquire);
        let pool = pool.connect_lazy_with(login);
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.push(pool.clone());
        pool
    }

    /// The replica, when one is set.
    pub(crate) fn replica(&self) -> Option<&Replica> {
        self.replica.as_deref()
    }

    /// What has to end before the pools are closed.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// The logins.
    pub(crate) fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Begins a transaction as the login that row-level security watches, in no tenant yet.
    pub(crate) async fn begin_watched(&self) -> Result<Transaction> {
        Transaction::begin(&self.app, "begin".into(), self.clock).await
    }

    /// Makes the partitions of the month of an instant and of `ahead` months after it.
    pub(crate) async fn make_partitions(&self, at: i64, ahead: u32) -> Result<u32> {
        let made: i32 = sqlx::query_scalar("select make_partitions($1, $2::int)")
            .bind(at)
            .bind(i64::from(ahead))
            .fetch_one(&self.system)
            .await?;
        Ok(made.unsigned_abs())
    }

    pub(crate) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        let scripts =
            std::mem::take(&mut *self.scripts.lock().unwrap_or_else(PoisonError::into_inner));
        for pool in scripts {
            pool.close().await;
        }
        self.app.close().await;
        self.system.close().await;
    }
}

/// Tells row-level security the tenant, until the transaction ends. The id is a UUID, written by its
/// own formatter: nothing a user typed can be in it.
pub(crate) fn name(tenant: TenantId) -> String {
    format!("set local app.tenant = '{}'", tenant.0)
}

async fn pool(options: PgConnectOptions, connections: u32) -> Result<PgPool> {
    let shown = settings::shown(&options);
    pooled(connections)
        .connect_with(options)
        .await
        .map_err(|error| Error::caused(format!("cannot connect to {shown}"), error))
}

fn pooled(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections.max(1))
        .min_connections(0)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                if used.idle_for >= LATELY {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move { Ok(is_clean(connection).await.unwrap_or(false)) })
        })
}

/// Whether nothing of the last use is left: no tenant, no open transaction. The clock of a
/// transaction stands still, so inside one it is behind that of the statement; in a plain message of
/// its own, because preparing a statement begins the transaction before the statement.
async fn is_clean(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::raw_sql(
        "select coalesce(current_setting('app.tenant', true), '') = '' \
         and transaction_timestamp() = statement_timestamp()",
    )
    .fetch_one(connection)
    .await?;
    row.try_get(0)
}
