//! The tenants' own tables: business data that the host declares, apart from the platform's: a file
//! per tenant on SQLite, a schema of their own on PostgreSQL. For host services; what scripts may ask
//! is decided above.

mod attached;
mod bounds;
mod decimal;
mod joined;
mod outbox;
mod postgres;
mod schema;
mod scripts;
mod sqlite;
mod statement;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scriptorium_model::event::Event;
use scriptorium_model::storage::Batch;
use scriptorium_model::{Ambient, Ctx, EventId, ExecutionId, Invalid, ScriptId, TenantId};
use serde_json::{Map, Value};

use tokio_util::sync::CancellationToken;

pub use self::attached::{Attached, Keys, Named};
pub use self::bounds::Bounds;
use self::joined::Joined;
pub use self::outbox::Outgoing;
use self::outbox::{Cause, Publishing};
use self::postgres::{Running, Server};
pub use self::schema::{Column, ColumnType, ScriptAccess, Table, TenantSchema};
pub use self::scripts::{Answer, Ask, ScriptData, ScriptTx};
pub(crate) use self::sqlite::{Connection, Files};
pub use self::statement::{Conditions, Find, Kind, MOST_VALUES, Statement, TEXT_BYTES, Upsert};
use self::statement::{Dialect, Names};
use crate::Store;
use crate::db::Db;
use crate::db::postgres::Access;
use crate::error::{Error, Result};
use crate::storage::Leaving;
use crate::store::Change;

/// A row: values by column name.
pub type Row = Map<String, Value>;

/// How long one statement may take (D5).
const STATEMENT: Duration = Duration::from_secs(5);
/// How long one transaction may take.
const TRANSACTION: Duration = Duration::from_secs(60);

/// The business tables of all tenants; each call reaches those of its context's tenant only.
/// Cheap to clone.
///
/// # Statements
///
/// One statement that reads or changes rows of the declared tables, with placeholders `$1`, `$2` and
/// so on without a gap. It is stopped after five seconds, a transaction after sixty; in a tenant one
/// transaction or change is made at a time. `select *` gives the declared columns.
///
/// The same text does the same on both databases as long as it
///
/// - has names in lower case, quoted when they are words of SQL, and gives results of expressions a
///   name by `as`;
/// - names the columns of an `insert`;
/// - compares booleans with `true` and `false`, and a column with values of its own type;
/// - compares a parameter with a column before it asks whether the parameter is null;
/// - groups by every column that it gives and does not aggregate;
/// - reads, writes, and takes JSON apart by `->` and `->>`, and does not compare, sort or group by it;
/// - says `escape` when a pattern of `like` has a backslash, and `nulls first` or `nulls last` when a
///   column to sort by may be null;
/// - uses what both have: joins, subqueries, `with`, `union`, `case`, `in`, `between`, `exists`,
///   `returning`, `limit` and `offset`, `on conflict do nothing`, window functions, `coalesce`,
///   `nullif`, `count`, `sum`, `avg`, `min`, `max`, `string_agg`, `length`, `substr`, `trim`, `replace`,
///   `lower`, `upper`, `abs`, `||`.
///
/// Where a statement names a table with decimals ([`ColumnType::Decimal`]), it is read by the parser that
/// scripts' statements are read by, and has to be one that it understands; the databases get it written
/// anew. What meets a decimal is one: a value, as text or number, becomes it without being rounded, and
/// is refused when it has more digits. Decimals are compared, sorted, grouped, given and put together
/// with others of the same scale, and go through `count`, `sum`, `min`, `max`, `coalesce`, `nullif`, `case`,
/// `first_value`, `last_value`, `nth_value`, `lag` and `lead`; everything else that touches one is
/// refused, because the databases would round differently.
///
/// Columns are compared and sorted by their bytes, and `lower` and `upper` of them know the letters
/// of ASCII only, on both. What is not the same:
///
/// - `on conflict (column) do update` needs SQLite: PostgreSQL's keys begin with the tenant;
/// - dividing by zero gives `null` on SQLite and is refused on PostgreSQL;
/// - `->>` gives a number as a number on SQLite and as text on PostgreSQL; a placeholder that stands
///   alone in a result is text there;
/// - a parameter that does not fit the column it is compared with is refused on PostgreSQL and equal
///   to nothing on SQLite;
/// - PostgreSQL's text cannot hold U+0000, and U+2400 stands for it; text in a key or an index has
///   2,600 bytes at most there;
/// - functions of dates and of time, types beside those of [`ColumnType`], and whatever only one of
///   the two has.
#[derive(Clone)]
pub struct TenantData {
    schema: Arc<TenantSchema>,
    names: Arc<Names>,
    place: Place,
    ambient: Ambient,
    store: Store,
    cause: Option<Arc<Cause>>,
}

#[derive(Clone)]
enum Place {
    Files(Arc<Files>),
    Server(Arc<Server>),
    Joined(Joined),
}

/// One transaction in a tenant's tables: statements, and events that are published with them.
pub struct DataTx<'a> {
    data: &'a TenantData,
    publishing: &'a Publishing,
    inside: Inside<'a>,
    left: &'a Left,
}

/// What a transaction in a file has left in storage.
type Left = Mutex<Option<Leaving>>;

#[derive(Clone, Copy)]
enum Inside<'a> {
    File(&'a Connection),
    Server(&'a Running),
}

impl TenantData {
    pub(crate) fn new(store: &Store, dir: PathBuf, schema: TenantSchema) -> Result<Self> {
        if matches!(store.db(), Db::Sqlite(_)) {
            needs_postgres(&schema)?;
        }
        let ambient = store.inner.ambient.clone();
        let schema = Arc::new(schema.validated()?);
        let declared = Arc::clone(&schema);
        let dialect = match store.db() {
            Db::Sqlite(_) => Dialect::Sqlite,
            Db::Postgres(_) => Dialect::Postgres,
        };
        let place = match store.db() {
            Db::Sqlite(_) => {
                let files = Arc::new(Files::new(dir, declared, ambient.clone())?);
                store.inner.gates.open(&files, files.waiting());
                Place::Files(files)
            }
            Db::Postgres(server) => {
                Place::Server(Arc::new(Server::new(server, declared, ambient.clone())))
            }
        };
        let names = Arc::new(Names::new(&schema, dialect));
        Ok(Self {
            schema,
            names,
            place,
            ambient,
            store: store.clone(),
            cause: None,
        })
    }

    /// Fills in what there is of the tables that a schema attaches.
    pub(crate) async fn attach(db: &Db, schema: TenantSchema) -> Result<TenantSchema> {
        match db {
            Db::Sqlite(_) => needs_postgres(&schema).map(|()| schema),
            Db::Postgres(server) => postgres::look_up(server, schema).await,
        }
    }

    /// The schema as it was declared.
    pub fn schema(&self) -> &TenantSchema {
        &self.schema
    }

    /// The same tables, for code that an execution calls: what that publishes is said to come of it, and of
    /// what led to it, so that a loop of events has an end.
    #[must_use]
    pub fn on_behalf(
        &self,
        script: ScriptId,
        execution: ExecutionId,
        lineage: Vec<String>,
    ) -> Self {
        Self {
            cause: Some(Arc::new(Cause {
                script,
                execution,
                lineage,
            })),
            ..self.clone()
        }
    }

    /// The rows of a query. Placeholders are `$1`, `$2` and so on.
    ///
    /// # Errors
    /// `Invalid` on `sql` or `params` for what the database refuses to read.
    pub async fn query(&self, ctx: &Ctx, sql: &str, params: Vec<Value>) -> Result<Vec<Row>> {
        let (sql, params) = self.for_host(sql, params)?;
        match self.place.clone() {
            Place::Files(files) => {
                let work = move |file: &Connection| file.query(&sql, &params);
                files.within(ctx.tenant, STATEMENT, work).await
            }
            Place::Server(server) => server.query(ctx.tenant, sql, params).await,
            Place::Joined(joined) => joined.query(ctx, sql, params).await,
        }
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// Like [`TenantData::query`]; `Conflict` for a key that is taken.
    pub async fn execute(&self, ctx: &Ctx, sql: &str, params: Vec<Value>) -> Result<u64> {
        let (sql, params) = self.for_host(sql, params)?;
        match self.place.clone() {
            Place::Files(files) => {
                let work = move |file: &Connection| file.execute(&sql, &params);
                files.within(ctx.tenant, STATEMENT, work).await
            }
            Place::Server(server) => server.execute(ctx.tenant, sql, params).await,
            Place::Joined(joined) => joined.execute(ctx, sql, params).await,
        }
    }

    /// A statement with its decimals as the database has them. Where a transaction is joined, that is
    /// done by who holds it.
    fn for_host(&self, sql: &str, params: Vec<Value>) -> Result<(String, Vec<Value>)> {
        let told = match self.place {
            Place::Joined(_) => None,
            Place::Files(_) | Place::Server(_) => self.names.for_host(sql, &params)?,
        };
        Ok(told.unwrap_or_else(|| (sql.to_owned(), params)))
    }

    /// Runs a closure whose statements commit together, or not at all when it fails. It runs on a
    /// thread for blocking work, one transaction of a tenant at a time. A statement that is refused
    /// leaves nothing behind, and the closure may go on. So do events that it publishes: they are durable with
    /// the rows, or never were.
    ///
    /// # Errors
    /// Those of the closure, and of committing.
    pub async fn transaction<T, F>(&self, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&DataTx<'_>) -> Result<T> + Send + 'static,
    {
        self.transaction_until(ctx, Access::Write, CancellationToken::new(), work)
            .await
    }

    /// The same, given up when `stop` says so: its statement is interrupted, and nothing is kept. One that only
    /// reads keeps nobody from writing on PostgreSQL; in a file there is one transaction at a time.
    async fn transaction_until<T, F>(
        &self,
        ctx: &Ctx,
        access: Access,
        stop: CancellationToken,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&DataTx<'_>) -> Result<T> + Send + 'static,
    {
        let (data, publishing) = (self.clone(), self.publishing(ctx));
        match self.place.clone() {
            Place::Files(files) => {
                let left = Arc::new(Left::default());
                let (leaving, tenant) = (Arc::clone(&left), ctx.tenant);
                let work = move |file: &Connection| {
                    // What was left before is read by this one.
                    data.store.settle_in(file, tenant)?;
                    file.transaction(|file| {
                        work(&DataTx {
                            data: &data,
                            publishing: &publishing,
                            inside: Inside::File(file),
                            left: &leaving,
                        })
                    })
                };
                let done = Arc::clone(&files).until(tenant, TRANSACTION, stop, work);
                let done = done.await;
                let left = left.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(left) = left.filter(|_| done.is_ok()) {
                    // It is kept in any case, so that the answer stays what it is.
                    if let Err(error) = self.store.hand_over(left).await {
                        tracing::warn!(%error, cause = ?error, %tenant, "entries wait to be handed over");
                    }
                    files.remember(tenant);
                }
                done
            }
            Place::Server(server) => {
                let work = move |running: &Running| {
                    let done = work(&DataTx {
                        data: &data,
                        publishing: &publishing,
                        inside: Inside::Server(running),
                        left: &Left::default(),
                    })?;
                    Ok((done, publishing.any()))
                };
                let done = server.transaction(ctx.tenant, access, stop, work);
                let (done, published) = done.await?;
                if published {
                    self.store.signal(Change::Events);
                }
                Ok(done)
            }
            Place::Joined(joined) => {
                let work = move |tx: &DataTx<'_>| {
                    let done = work(&DataTx {
                        publishing: &publishing,
                        ..*tx
                    })?;
                    // Whoever holds the transaction tells of all of it.
                    tx.publishing.add(&publishing);
                    Ok(done)
                };
                joined.transaction(ctx, work).await
            }
        }
    }

    fn publishing(&self, ctx: &Ctx) -> Publishing {
        Publishing::new(ctx.tenant, self.ambient.clone(), self.cause.clone())
    }

    /// The files whose events are relayed; none on PostgreSQL, where they are the platform's at once.
    pub(crate) fn files(&self) -> Option<Arc<Files>> {
        match &self.place {
            Place::Files(files) => Some(Arc::clone(files)),
            Place::Server(_) | Place::Joined(_) => None,
        }
    }

    /// Makes what is missing of the tables, where they are one set for all tenants.
    pub(crate) async fn bring_up(&self) -> Result<()> {
        match &self.place {
            Place::Files(_) | Place::Joined(_) => Ok(()),
            Place::Server(server) => server.bring_up().await,
        }
    }

    /// Removes what a tenant that is deleted has in its file; on PostgreSQL its rows go with the tenant's
    /// own.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub async fn remove(&self, ctx: &Ctx) -> Result<()> {
        match self.place.clone() {
            Place::Files(files) => files.remove(ctx.tenant).await,
            Place::Server(_) | Place::Joined(_) => Ok(()),
        }
    }
}

impl DataTx<'_> {
    /// Whose tables they are.
    pub fn tenant(&self) -> TenantId {
        self.publishing.tenant
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// Like [`TenantData::query`].
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let told = self.data.names.for_host(sql, params)?;
        let (sql, params) = match &told {
            Some((sql, params)) => (sql.as_str(), params.as_slice()),
            None => (sql, params),
        };
        match self.inside {
            Inside::File(file) => file.query(sql, params),
            Inside::Server(running) => running.query(sql, params, Bounds::NONE),
        }
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// Like [`TenantData::execute`].
    pub fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        let told = self.data.names.for_host(sql, params)?;
        let (sql, params) = match &told {
            Some((sql, params)) => (sql.as_str(), params.as_slice()),
            None => (sql, params),
        };
        match self.inside {
            Inside::File(file) => file.execute(sql, params),
            Inside::Server(running) => running.execute(sql, params),
        }
    }

    /// Publishes an event with the rows of this transaction; its id. Scripts that subscribe to it start once
    /// the transaction has committed.
    ///
    /// # Errors
    /// `Invalid` on `type`, `payload` or `key`, and on `type` (`event_loop`) when too many runs led to it;
    /// the transaction may go on.
    pub fn publish<P: serde::Serialize + ?Sized>(
        &self,
        kind: &str,
        payload: &P,
    ) -> Result<EventId> {
        self.publish_event(Outgoing::new(kind, payload)?)
    }

    /// The same, with an id or a key of the publisher's.
    ///
    /// # Errors
    /// Like [`DataTx::publish`].
    pub fn publish_event(&self, event: Outgoing) -> Result<EventId> {
        let event = self.publishing.event(event)?;
        self.put(&event)?;
        Ok(event.id)
    }

    /// Publishes what a run in this transaction has published, as it was made there.
    ///
    /// # Errors
    /// `NotFound` for an event of another tenant.
    pub fn publish_of_run(&self, events: &[Event]) -> Result<()> {
        for event in events {
            if event.tenant != self.tenant() {
                return Err(Error::NotFound);
            }
            self.put(event)?;
        }
        Ok(())
    }

    /// Keeps what was read and written of storage with the rows.
    fn keep_entries(&self, batch: Batch) -> Result<()> {
        let store = &self.data.store;
        match self.inside {
            Inside::File(file) => {
                let left = store.leave_entries(file, self.tenant(), batch)?;
                *self.left.lock().unwrap_or_else(PoisonError::into_inner) = left;
                Ok(())
            }
            // There are no rows to keep them with, and nobody may do it in that place.
            Inside::Server(_) if self.data.schema.tables.is_empty() => {
                store.keep_alone(self.tenant(), &batch)
            }
            // No rows were changed, and where they were read nothing may be.
            Inside::Server(running) if running.only_reads() => {
                running.check_whole()?;
                store.keep_alone(self.tenant(), &batch)
            }
            Inside::Server(running) => running.keep_entries(&batch, store.inner.storage_quota),
        }
    }

    fn put(&self, event: &Event) -> Result<()> {
        match self.inside {
            Inside::File(file) => file.put(event)?,
            Inside::Server(running) => running.publish(event)?,
        }
        self.publishing.count();
        Ok(())
    }
}

impl std::fmt::Debug for TenantData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantData").finish_non_exhaustive()
    }
}

fn needs_postgres(schema: &TenantSchema) -> Result<()> {
    match schema.tables.iter().find(|table| table.attached.is_some()) {
        None => Ok(()),
        Some(table) => {
            let message = "is attached from a PostgreSQL database, and the platform is in a file: set \
                           database_url";
            let field = format!("tables.{}", table.name);
            Err(Invalid::field(field, "needs_postgres", message).into())
        }
    }
}

fn refused(field: &str, message: impl Into<String>) -> Error {
    Invalid::field(field, "refused", message).into()
}

fn too_long() -> Error {
    Invalid::field("sql", "timeout", "took too long and was stopped").into()
}

fn stopped() -> Error {
    Invalid::field("sql", "stopped", "was stopped: nobody waits for it").into()
}

fn gives_rows() -> Error {
    refused("sql", "gives rows: ask for them by a query")
}
