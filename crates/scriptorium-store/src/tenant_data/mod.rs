//! The tenants' own tables: business data that the host declares, in one file per tenant, apart
//! from the platform's. For host services; what scripts may ask is decided above.

mod connection;
mod schema;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::{Ambient, Ctx, TenantId};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use self::connection::Connection;
pub use self::schema::{Column, ColumnType, Table, TenantSchema};
use crate::error::{Error, Result};
use crate::files;

/// A row: values by column name.
pub type Row = Map<String, Value>;

/// Tenant files kept open, the most recently used.
const OPEN_FILES: u64 = 128;
/// A file that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(300);
/// How long one statement may take (D5).
const STATEMENT: Duration = Duration::from_secs(5);
/// How long one transaction may take.
const TRANSACTION: Duration = Duration::from_secs(60);

/// The business tables of all tenants; each call reaches those of its context's tenant only.
/// Cheap to clone.
#[derive(Clone)]
pub struct TenantData {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    schema: TenantSchema,
    ambient: Ambient,
    open: Cache<TenantId, Slot>,
}

/// The place of a tenant's connection, empty until it is used. Whoever waits for it holds no thread,
/// so a tenant with slow statements does not take the threads of the others.
type Slot = Arc<Mutex<Option<Connection>>>;

/// The statements of one transaction in a tenant's tables.
pub struct DataTx<'a> {
    connection: &'a Connection,
}

impl TenantData {
    pub(crate) fn new(dir: PathBuf, schema: TenantSchema, ambient: Ambient) -> Result<Self> {
        let schema = schema.validated()?;
        files::make_private_dir(&dir)?;
        let open = Cache::builder()
            .max_capacity(OPEN_FILES)
            .time_to_idle(IDLE)
            .build();
        Ok(Self {
            inner: Arc::new(Inner {
                dir,
                schema,
                ambient,
                open,
            }),
        })
    }

    /// The schema as it was declared.
    pub fn schema(&self) -> &TenantSchema {
        &self.inner.schema
    }

    /// The rows of a query. Placeholders are `$1`, `$2` and so on.
    ///
    /// # Errors
    /// `Invalid` on `sql` or `params` for what the database refuses to read.
    pub async fn query(&self, ctx: &Ctx, sql: &str, params: Vec<Value>) -> Result<Vec<Row>> {
        let sql = sql.to_owned();
        let work = move |connection: &Connection| connection.query(&sql, &params);
        self.blocking(ctx, STATEMENT, work).await
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// Like [`TenantData::query`]; `Conflict` for a key that is taken.
    pub async fn execute(&self, ctx: &Ctx, sql: &str, params: Vec<Value>) -> Result<u64> {
        let sql = sql.to_owned();
        let work = move |connection: &Connection| connection.execute(&sql, &params);
        self.blocking(ctx, STATEMENT, work).await
    }

    /// Runs a closure whose statements commit together, or not at all when it fails. It runs on a
    /// thread for blocking work, one transaction of a tenant at a time.
    ///
    /// # Errors
    /// Those of the closure, and of committing.
    pub async fn transaction<T, F>(&self, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&DataTx<'_>) -> Result<T> + Send + 'static,
    {
        let work = move |connection: &Connection| {
            connection.transaction(|connection| work(&DataTx { connection }))
        };
        self.blocking(ctx, TRANSACTION, work).await
    }

    async fn blocking<T, F>(&self, ctx: &Ctx, limit: Duration, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let tenant = ctx.tenant;
        let inner = Arc::clone(&self.inner);
        let mut slot = inner
            .open
            .get_with(tenant, Slot::default)
            .lock_owned()
            .await;
        tokio::task::spawn_blocking(move || {
            // It leaves its place while it works: one whose work panics is not used again.
            let connection = match slot.take() {
                Some(connection) => connection,
                None => inner.connect(tenant)?,
            };
            let done = connection.within(limit, &inner.ambient, work);
            *slot = Some(connection);
            done
        })
        .await
        .map_err(|error| Error::caused("work on a tenant's tables did not end", error))?
    }
}

impl Inner {
    /// Opens the tenant's file, makes it, brings it up to the schema.
    fn connect(&self, tenant: TenantId) -> Result<Connection> {
        let path = self.dir.join(format!("{tenant}.db"));
        files::make_private(&path)?;
        Connection::open(&path, &self.schema)
    }
}

impl DataTx<'_> {
    /// The rows of a query.
    ///
    /// # Errors
    /// Like [`TenantData::query`].
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.connection.query(sql, params)
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// Like [`TenantData::execute`].
    pub fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        self.connection.execute(sql, params)
    }
}

impl std::fmt::Debug for TenantData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantData")
            .field("dir", &self.inner.dir)
            .finish_non_exhaustive()
    }
}
