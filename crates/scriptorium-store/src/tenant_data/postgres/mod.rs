//! The declared tables on PostgreSQL: one set of them for all tenants in a schema of their own, seen
//! through views that hold the tenant's predicate, by the login of scripts' own SQL. Row-level
//! security is the other lock (decision 0013).

mod attach;
mod numeric;
mod reading;
mod session;
mod tables;
mod times;
mod values;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::event::Event;
use scriptorium_model::storage::{Batch, Quota};
use scriptorium_model::{Ambient, TenantId, Timestamp};
use serde_json::Value;
use sqlx::postgres::PgPool;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub(super) use self::attach::look_up;
use self::reading::{Reading, until_silent};
use self::session::{Checked, Failure, Session};
use super::bounds::Bounds;
use super::schema::TenantSchema;
use super::{Row, STATEMENT, TRANSACTION, stopped, too_long};
use crate::db::postgres::{self, Access, Postgres};
use crate::error::{Error, Result};

/// What is known of a tenant that did nothing for so long is forgotten.
const IDLE: Duration = Duration::from_secs(300);

/// The tables of all tenants.
pub(super) struct Server {
    server: Postgres,
    schema: Arc<TenantSchema>,
    ambient: Ambient,
    /// There when the tables are.
    pool: OnceCell<PgPool>,
    /// That of the replica; `None` when none is set.
    replica_pool: OnceCell<Option<PgPool>>,
    tenants: Cache<TenantId, Arc<Share>>,
    checked: Checked,
}

/// A tenant's share of the pool, so that one with slow statements leaves connections to the others.
struct Share {
    /// Whoever changes rows waits here first, and for the other servers with a connection.
    writing: Arc<Mutex<()>>,
    connections: Arc<Semaphore>,
    at_replica: Arc<Semaphore>,
}

/// A seat in a tenant's share.
struct Seat {
    _writing: Option<OwnedMutexGuard<()>>,
    _connection: OwnedSemaphorePermit,
}

impl Server {
    pub(super) fn new(server: &Postgres, schema: Arc<TenantSchema>, ambient: Ambient) -> Self {
        Self {
            server: server.clone(),
            schema,
            ambient,
            pool: OnceCell::new(),
            replica_pool: OnceCell::new(),
            tenants: Cache::builder().time_to_idle(IDLE).build(),
            checked: Checked::new(),
        }
    }

    /// Makes what is missing of the tables.
    pub(super) async fn bring_up(&self) -> Result<()> {
        if self.schema.tables.is_empty() {
            return Ok(());
        }
        self.pool().await.map(drop)
    }

    pub(super) async fn query(
        self: Arc<Self>,
        tenant: TenantId,
        sql: String,
        params: Vec<Value>,
    ) -> Result<Vec<Row>> {
        let server = self.server.clone();
        let work = async move {
            let read = self.ask(tenant, Access::Read, &sql, &params).await;
            match read {
                // Rows that a change gives.
                Err(failure) if failure.wants_to_write() => {
                    self.ask(tenant, Access::Write, &sql, &params).await
                }
                done => done,
            }
        };
        to_its_end(&server, work).await
    }

    pub(super) async fn execute(
        self: Arc<Self>,
        tenant: TenantId,
        sql: String,
        params: Vec<Value>,
    ) -> Result<u64> {
        let server = self.server.clone();
        let work = async move {
            let (_seat, mut session) = self.begin(tenant, Access::Write).await?;
            let changed = session.execute(&sql, &params).await;
            session.end(changed).await
        };
        to_its_end(&server, work).await
    }

    /// One statement of a script. Dropped, it is stopped.
    pub(super) async fn query_bounded(
        &self,
        tenant: TenantId,
        writes: bool,
        sql: &str,
        params: &[Value],
        bounds: Bounds,
    ) -> Result<Vec<Row>> {
        let access = if writes { Access::Write } else { Access::Read };
        let (_seat, mut session) = self.begin(tenant, access).await?;
        let rows = session.query(sql, params, bounds).await;
        Ok(session.end(rows).await?)
    }

    /// One change of a script.
    pub(super) async fn execute_dropped(
        &self,
        tenant: TenantId,
        sql: &str,
        params: &[Value],
    ) -> Result<u64> {
        let (_seat, mut session) = self.begin(tenant, Access::Write).await?;
        let changed = session.execute(sql, params).await;
        Ok(session.end(changed).await?)
    }

    /// Given up when `stop` says so.
    pub(super) async fn transaction<T, F>(
        self: Arc<Self>,
        tenant: TenantId,
        access: Access,
        stop: CancellationToken,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Running) -> Result<T> + Send + 'static,
    {
        let (seat, reading, session) = match access {
            Access::Write => {
                let (seat, session) = self.begin(tenant, Access::Write).await?;
                (Some(seat), None, session)
            }
            Access::Read => {
                let (reading, session) = self.begin_reading(tenant).await?;
                (None, Some(reading), session)
            }
        };
        let running = Running {
            reading,
            session: RefCell::new(session),
            runtime: Handle::current(),
            ends: self.ambient.now() + TRANSACTION,
            ambient: self.ambient.clone(),
            parts: Cell::new(0),
            broken: Cell::new(false),
            stop,
        };
        tokio::task::spawn_blocking(move || {
            let _seat = seat;
            match work(&running) {
                Ok(done) => running.commit().map(|()| done),
                Err(error) => {
                    running.rollback();
                    Err(error)
                }
            }
        })
        .await
        .map_err(unended)?
    }

    async fn ask(
        &self,
        tenant: TenantId,
        access: Access,
        sql: &str,
        params: &[Value],
    ) -> Result<Vec<Row>, Failure> {
        let (_seat, mut session) = self.begin(tenant, access).await?;
        let rows = session.query(sql, params, Bounds::NONE).await;
        session.end(rows).await
    }

    /// Begins a transaction in a tenant: one message to the server, whatever has to be said.
    async fn begin(&self, tenant: TenantId, access: Access) -> Result<(Seat, Session), Failure> {
        let pool = self.pool().await?;
        let seat = self.seat(tenant, access).await?;
        let name = postgres::name(tenant);
        let begin = match access {
            Access::Read => format!("begin read only; {name}"),
            // Nobody may call it where there are no tables.
            Access::Write if self.schema.tables.is_empty() => format!("begin; {name}"),
            Access::Write => format!(
                "begin; {name}; {}; select {}.alone(); {}",
                stop_after(TRANSACTION),
                tables::SHARED,
                stop_after(STATEMENT)
            ),
        };
        let session = Session::begin(pool, begin, &self.checked).await?;
        Ok((seat, session))
    }

    async fn pool(&self) -> Result<&PgPool> {
        let made = self.pool.get_or_try_init(async || {
            if !self.schema.tables.is_empty() {
                tables::bring_up(&self.server, &self.schema).await?;
            }
            let views = tables::views_of(&self.schema);
            self.server.script_pool(&views, &settings())
        });
        made.await
    }

    async fn replica_pool(&self) -> Result<Option<&PgPool>> {
        let made = self.replica_pool.get_or_try_init(async || {
            let views = tables::views_of(&self.schema);
            self.server.replica_pool(&views, &settings())
        });
        Ok(made.await?.as_ref())
    }

    fn share(&self, tenant: TenantId) -> Arc<Share> {
        self.tenants.get_with(tenant, || {
            let connections = (self.server.options().connections / 2).max(1);
            let connections = || Arc::new(Semaphore::new(connections as usize));
            Arc::new(Share {
                writing: Arc::default(),
                connections: connections(),
                at_replica: connections(),
            })
        })
    }

    async fn seat(&self, tenant: TenantId, access: Access) -> Result<Seat> {
        let share = self.share(tenant);
        let writing = match access {
            Access::Read => None,
            Access::Write => Some(Arc::clone(&share.writing).lock_owned().await),
        };
        Seat::at(&share.connections, writing).await
    }

    async fn seat_at_replica(&self, tenant: TenantId) -> Result<Seat> {
        Seat::at(&self.share(tenant).at_replica, None).await
    }
}

impl Seat {
    async fn at(
        connections: &Arc<Semaphore>,
        writing: Option<OwnedMutexGuard<()>>,
    ) -> Result<Self> {
        let connection = Arc::clone(connections).acquire_owned().await;
        let closed = |error| Error::caused("a tenant's share of connections is gone", error);
        Ok(Self {
            _writing: writing,
            _connection: connection.map_err(closed)?,
        })
    }
}

/// What sessions of scripts' own SQL go by, on every server.
fn settings() -> [(&'static str, String); 3] {
    [
        ("statement_timeout", milliseconds(STATEMENT)),
        (
            "idle_in_transaction_session_timeout",
            milliseconds(TRANSACTION),
        ),
        // Whoever does not wait any more has closed the connection.
        ("client_connection_check_interval", "100".to_owned()),
    ]
}

/// The transaction of a closure. Each statement is a part of its own, so that one that is refused is
/// undone alone, as on SQLite.
pub(super) struct Running {
    /// There when it only reads.
    reading: Option<Reading>,
    session: RefCell<Session>,
    runtime: Handle,
    ends: Timestamp,
    ambient: Ambient,
    /// Statements so far.
    parts: Cell<u64>,
    /// Whether a part neither ended well nor was undone: nothing of the transaction is kept then.
    broken: Cell<bool>,
    /// Whether it is still wanted.
    stop: CancellationToken,
}

impl Running {
    pub(super) fn query(&self, sql: &str, params: &[Value], bounds: Bounds) -> Result<Vec<Row>> {
        let ask = async |session: &mut Session| session.query(sql, params, bounds).await;
        match &self.reading {
            Some(reading) => self.query_reading(reading, ask),
            None => Ok(self.part(ask)?),
        }
    }

    /// Hands an event over to the platform, to be kept with this transaction.
    pub(super) fn publish(&self, event: &Event) -> Result<()> {
        Ok(self.part(async |session| session.publish(event).await)?)
    }

    /// Keeps what the transaction read and wrote of storage with it.
    pub(super) fn keep_entries(&self, batch: &Batch, quota: Quota) -> Result<()> {
        let now = self.ambient.now();
        Ok(self.part(async |session| session.keep_entries(batch, now, quota).await)?)
    }

    pub(super) fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        Ok(self.part(async |session| session.execute(sql, params).await)?)
    }

    fn part<T>(
        &self,
        work: impl AsyncFnOnce(&mut Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let left = self.ends.duration_since(self.ambient.now());
        let Ok(left) = Duration::try_from(left) else {
            return Err(too_long().into());
        };
        if self.broken.replace(true) {
            return Err(spoiled().into());
        }
        let mut session = self.session.borrow_mut();
        let part = async {
            session.say(self.begin_part(left)).await?;
            let done = work(&mut session).await;
            let kept = match &done {
                Ok(_) => true,
                Err(_) => {
                    let undo = "rollback to savepoint part".to_owned();
                    session.say(undo).await.is_ok()
                }
            };
            self.broken.set(!kept);
            done
        };
        // Broken off in the middle it stays broken, and its end closes the connection.
        let part = until_silent(self.replica(), part);
        let done = self.runtime.block_on(self.stop.run_until_cancelled(part));
        done.unwrap_or_else(|| Err(stopped().into()))
    }

    /// Runs work whose statements are kept together or not at all. A part begins by ending the one
    /// before, so none of those may be open around it.
    pub(super) fn nested<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.broken.get() {
            return Err(spoiled());
        }
        let open = self.parts.replace(0) > 0;
        self.say(if open {
            "release savepoint part; savepoint nested"
        } else {
            "savepoint nested"
        })?;
        let done = work();
        self.parts.set(0);
        self.say(match done {
            Ok(_) => "release savepoint nested",
            Err(_) => "rollback to savepoint nested; release savepoint nested",
        })?;
        done
    }

    /// Tells the database something of ours, without which the transaction is of no use.
    fn say(&self, text: &str) -> Result<()> {
        self.broken.set(true);
        let mut session = self.session.borrow_mut();
        self.runtime.block_on(session.say(text.to_owned()))?;
        self.broken.set(false);
        Ok(())
    }

    fn begin_part(&self, left: Duration) -> String {
        let first = self.parts.replace(self.parts.get() + 1) == 0;
        let last = if first {
            ""
        } else {
            "release savepoint part; "
        };
        let stop = if left < STATEMENT {
            stop_after(left)
        } else {
            String::new()
        };
        format!("{last}savepoint part; {stop}")
    }

    fn commit(self) -> Result<()> {
        self.check_whole()?;
        if self.broken.get() || self.stop.is_cancelled() {
            let refusal = if self.stop.is_cancelled() {
                stopped()
            } else {
                spoiled()
            };
            self.rollback();
            return Err(refusal);
        }
        if self.only_reads() {
            // All of it was answered: nothing is left that could fail.
            self.rollback();
            return Ok(());
        }
        let session = self.session.into_inner();
        Ok(self.runtime.block_on(session.commit())?)
    }

    fn rollback(self) {
        if self.stop.is_cancelled() {
            return;
        }
        let session = self.session.into_inner();
        // When it cannot be said, the connection is closed, which does it too.
        drop(self.runtime.block_on(session.rollback()));
    }
}

fn spoiled() -> Error {
    Error::platform("a statement of the transaction could not be undone, so nothing of it is kept")
}

fn unended(error: tokio::task::JoinError) -> Error {
    Error::caused("work on a tenant's tables did not end", error)
}

/// Does work whether or not its caller still waits, as work on a file is done. The server waits for it
/// before it is closed.
async fn to_its_end<T: Send + 'static>(
    server: &Postgres,
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T> {
    Ok(server.tasks().spawn(work).await.map_err(unended)??)
}

fn stop_after(limit: Duration) -> String {
    format!("set local statement_timeout = {}", milliseconds(limit))
}

/// Zero would be no limit.
fn milliseconds(limit: Duration) -> String {
    limit.as_millis().max(1).to_string()
}
