//! The declared tables on SQLite: a file per tenant, opened on first use, and kept open while it is
//! used. One call at a time in each.

mod connection;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::{Ambient, TenantId};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

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
        self.until(tenant, limit, CancellationToken::new(), work)
            .await
    }

    /// The same, given up when `stop` says so.
    pub(super) async fn until<T, F>(
        self: Arc<Self>,
        tenant: TenantId,
        limit: Duration,
        stop: CancellationToken,
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
            let done = connection.within(limit, stop, work);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant_data::{ColumnType, Table};

    /// The parser would have refused them before: here it is asked nothing.
    #[test]
    fn sqlite_refuses_scripts_what_the_parser_does() {
        let dir = tempfile::tempdir().unwrap();
        let table = |name: &str| Table::new(name).column("id", ColumnType::Text);
        let schema = TenantSchema {
            tables: vec![table("orders").written_by_scripts(), table("salaries")],
        };
        let (_, ambient) = crate::support::ambient(1);
        let path = dir.path().join("tenant.db");
        let file = Connection::open(&path, &schema, &ambient).unwrap();
        file.execute("insert into salaries (id) values ('secret')", &[])
            .unwrap();
        for sql in [
            "select * from salaries",
            "select count(*) as n from orders, salaries",
            "select * from sqlite_schema",
            "select * from pragma_table_info('salaries')",
            "select randomblob(8) as x",
            "select printf('%100d', 1) as x",
            "select load_extension('x') as x",
            "select sqlite_version() as x",
            "with recursive n (i) as (select 1 union all select i + 1 from n) select i from n limit 1",
            "insert into salaries (id) values ('x') returning id",
            "update salaries set id = 'x' returning id",
            "delete from salaries returning id",
        ] {
            assert!(
                file.as_script(|file| file.query(sql, &[])).is_err(),
                "{sql}"
            );
        }
        for sql in [
            "select upper(id) || '' as x, coalesce(max(id), '') as y from orders where id like 'a%' group by id",
            "select substr(trim(id), 1, 2) as x, row_number() over (order by id) as y from orders",
            "insert into orders (id) values ('x') returning id",
        ] {
            let done = file.as_script(|file| file.query(sql, &[]));
            done.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        // The host is asked for nothing of it.
        assert_eq!(file.query("select * from salaries", &[]).unwrap().len(), 1);
    }
}
