//! The declared tables on SQLite: a file per tenant, opened on first use, and kept open while it is
//! used. One call at a time in each.

mod connection;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::{Ambient, TenantId};
use tokio::sync::Mutex;

pub(super) use self::connection::Connection;
use super::schema::TenantSchema;
use crate::error::{Error, Result};
use crate::files;

/// Tenant files kept open, the most recently used.
const OPEN_FILES: u64 = 128;
/// A file that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(300);

/// The files of all tenants.
pub(super) struct Files {
    dir: PathBuf,
    schema: Arc<TenantSchema>,
    ambient: Ambient,
    open: Cache<TenantId, Slot>,
}

/// The place of a tenant's connection, empty until it is used. Whoever waits for it holds no thread,
/// so a tenant with slow statements does not take the threads of the others.
type Slot = Arc<Mutex<Option<Connection>>>;

impl Files {
    pub(super) fn new(dir: PathBuf, schema: Arc<TenantSchema>, ambient: Ambient) -> Result<Self> {
        files::make_private_dir(&dir)?;
        let open = Cache::builder()
            .max_capacity(OPEN_FILES)
            .time_to_idle(IDLE)
            .build();
        Ok(Self {
            dir,
            schema,
            ambient,
            open,
        })
    }

    /// Does work in the tenant's file, on a thread for blocking work.
    pub(super) async fn within<T, F>(
        self: Arc<Self>,
        tenant: TenantId,
        limit: Duration,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let slot = self.open.get_with(tenant, Slot::default);
        let mut slot = slot.lock_owned().await;
        tokio::task::spawn_blocking(move || {
            // It leaves its place while it works: one whose work panics is not used again.
            let connection = match slot.take() {
                Some(connection) => connection,
                None => self.connect(tenant)?,
            };
            let done = connection.within(limit, work);
            *slot = Some(connection);
            done
        })
        .await
        .map_err(|error| Error::caused("work on a tenant's tables did not end", error))?
    }

    /// Closes the tenant's file and removes it, with everything in it.
    pub(super) async fn remove(self: Arc<Self>, tenant: TenantId) -> Result<()> {
        let slot = self.open.get_with(tenant, Slot::default);
        let mut slot = slot.lock_owned().await;
        let removed = tokio::task::spawn_blocking(move || {
            drop(slot.take());
            self.open.invalidate(&tenant);
            let path = self.dir.join(format!("{tenant}.db"));
            // The file itself first: what is beside it means nothing without it.
            ["", "-wal", "-shm"].into_iter().try_for_each(|ending| {
                let mut path = path.clone().into_os_string();
                path.push(ending);
                files::remove(Path::new(&path))
            })
        });
        removed
            .await
            .map_err(|error| Error::caused("a tenant's file was not removed", error))?
    }

    /// Opens the tenant's file, makes it, brings it up to the schema.
    fn connect(&self, tenant: TenantId) -> Result<Connection> {
        #[cfg(test)]
        let tenant = crate::db::mutants::filed(tenant);
        let path = self.dir.join(format!("{tenant}.db"));
        files::make_private(&path)?;
        Connection::open(&path, &self.schema, &self.ambient)
    }
}
