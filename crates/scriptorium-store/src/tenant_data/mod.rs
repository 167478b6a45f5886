//! The tenants' own tables: business data that the host declares, in one file per tenant, apart
//! from the platform's. For host services; what scripts may ask is decided above.

mod connection;
mod schema;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::{Ctx, TenantId};
use serde_json::{Map, Value};

use self::connection::Connection;
pub use self::schema::{Column, ColumnType, Table, TenantSchema};
use crate::error::{Error, Result};

/// A row: values by column name, in the order of the query.
pub type Row = Map<String, Value>;

/// Tenant files kept open, the most recently used.
const OPEN_FILES: u64 = 128;
/// A file that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(300);

/// The business tables of all tenants; each call reaches those of its context's tenant only.
/// Cheap to clone.
#[derive(Clone)]
pub struct TenantData {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    schema: TenantSchema,
    open: Cache<TenantId, Arc<Mutex<Connection>>>,
}

/// The statements of one transaction in a tenant's tables.
pub struct DataTx<'a> {
    connection: &'a Connection,
}

impl TenantData {
    pub(crate) fn new(dir: PathBuf, schema: TenantSchema) -> Result<Self> {
        let schema = schema.validated()?;
        std::fs::create_dir_all(&dir)
            .map_err(|error| Error::caused(format!("cannot make {}", dir.display()), error))?;
        let open = Cache::builder()
            .max_capacity(OPEN_FILES)
            .time_to_idle(IDLE)
            .build();
        Ok(Self {
            inner: Arc::new(Inner { dir, schema, open }),
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
        self.blocking(ctx, move |connection| connection.query(&sql, &params))
            .await
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// Like [`TenantData::query`]; `Conflict` for a key that is taken.
    pub async fn execute(&self, ctx: &Ctx, sql: &str, params: Vec<Value>) -> Result<u64> {
        let sql = sql.to_owned();
        self.blocking(ctx, move |connection| connection.execute(&sql, &params))
            .await
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
        self.blocking(ctx, move |connection| {
            connection.transaction(|connection| work(&DataTx { connection }))
        })
        .await
    }

    async fn blocking<T, F>(&self, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let tenant = ctx.tenant;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            let connection = inner.connection(tenant)?;
            let connection = connection
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            // A closure that panicked may have left its transaction open.
            connection.end_abandoned()?;
            work(&connection)
        })
        .await
        .map_err(|error| Error::caused("work on a tenant's tables did not end", error))?
    }
}

impl Inner {
    /// The tenant's file, made and brought up to the schema when it is opened.
    fn connection(&self, tenant: TenantId) -> Result<Arc<Mutex<Connection>>> {
        let path = self.dir.join(format!("{tenant}.db"));
        self.open
            .try_get_with(tenant, || {
                let connection = Connection::open(&path, &self.schema)?;
                Ok(Arc::new(Mutex::new(connection)))
            })
            .map_err(|error: Arc<Error>| {
                Error::caused("a tenant's tables could not be opened", error)
            })
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
