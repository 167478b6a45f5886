//! The declared tables on SQLite: a file per tenant, opened on first use, and kept open while it is
//! used. One call at a time in each.

mod connection;
mod functions;
mod mark;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as Plain, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use scriptorium_model::event::Event;
use scriptorium_model::{Ambient, TenantId};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

pub(crate) use self::connection::Connection;
use self::mark::Mark;
use super::STATEMENT;
use super::schema::TenantSchema;
use crate::error::{Error, Result};
use crate::files;

/// Tenant files kept open, the most recently used.
const OPEN_FILES: u64 = 128;
/// A file that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(300);

/// Events that are relayed at once.
const RELAYED: u32 = 128;

/// The files of all tenants.
pub(crate) struct Files {
    dir: PathBuf,
    schema: Arc<TenantSchema>,
    ambient: Ambient,
    open: Cache<TenantId, Slot>,
    /// Tenants whose file may hold something for the platform: events, entries of storage.
    outgoing: Plain<BTreeSet<TenantId>>,
    told: Notify,
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
        let outgoing = mark::marked(&dir)?.into_iter().collect();
        Ok(Self {
            dir,
            schema,
            ambient,
            open,
            outgoing: Plain::new(outgoing),
            told: Notify::new(),
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
        let slot = self.slot(tenant).await;
        self.elsewhere(tenant, slot, limit, stop, work).await
    }

    /// Asks something that changes nothing and can be stopped at any time: here, if that is done at once, because
    /// handing it to another thread takes longer than most.
    pub(super) async fn ask<T, F>(
        self: Arc<Self>,
        tenant: TenantId,
        limit: Duration,
        stop: CancellationToken,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        let mut slot = self.slot(tenant).await;
        if let Some(connection) = slot.take() {
            let done = connection.in_passing(limit, stop.clone(), &work);
            *slot = Some(connection);
            if let Some(done) = done {
                return Ok(done);
            }
        }
        self.elsewhere(tenant, slot, limit, stop, work).await
    }

    /// The place of a tenant's connection, once nobody else works with it.
    async fn slot(&self, tenant: TenantId) -> OwnedMutexGuard<Option<Connection>> {
        let slot = self.open.get_with(tenant, Slot::default);
        slot.lock_owned().await
    }

    /// On a thread for blocking work.
    async fn elsewhere<T, F>(
        self: Arc<Self>,
        tenant: TenantId,
        mut slot: OwnedMutexGuard<Option<Connection>>,
        limit: Duration,
        stop: CancellationToken,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        tokio::task::spawn_blocking(move || {
            // It leaves its place while it works: one whose work panics is not used again.
            let connection = match slot.take() {
                Some(connection) => connection,
                None => self.connect(tenant)?,
            };
            let done = connection.within(limit, stop, work);
            if connection.has_put() {
                self.remember(tenant);
            }
            *slot = Some(connection);
            done
        })
        .await
        .map_err(|error| Error::caused("work on a tenant's tables did not end", error))?
    }

    /// Does work in the tenant's file if there is one.
    pub(crate) async fn if_there<T, F>(
        self: Arc<Self>,
        tenant: TenantId,
        work: F,
    ) -> Result<Option<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        // A tenant that is gone gets no file again.
        if !self.path(tenant).exists() {
            Mark::of(&self.dir, tenant).remove()?;
            return Ok(None);
        }
        self.within(tenant, STATEMENT, work).await.map(Some)
    }

    /// The tenants whose files may hold something for the platform.
    pub(super) fn waiting(&self) -> BTreeSet<TenantId> {
        self.lock().clone()
    }

    /// The tenants whose outbox may hold events. Who takes them relays those, or remembers them again.
    pub(crate) fn take_outgoing(&self) -> BTreeSet<TenantId> {
        std::mem::take(&mut *self.lock())
    }

    /// Has the outbox of a tenant looked at.
    pub(crate) fn remember(&self, tenant: TenantId) {
        self.lock().insert(tenant);
        self.told.notify_one();
    }

    /// Waits until there is an outbox to look at.
    pub(crate) async fn outgoing(&self) {
        if self.lock().is_empty() {
            self.told.notified().await;
        }
    }

    /// The first events of a tenant's outbox, and the place of the last of them. `settled` says whether the
    /// platform has the entries that were left with them.
    pub(crate) async fn outbox(
        self: &Arc<Self>,
        tenant: TenantId,
        settled: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<(Vec<Event>, Option<i64>)> {
        let work = move |file: &Connection| file.outbox(tenant, RELAYED, settled());
        let found = Arc::clone(self)
            .if_there(tenant, work)
            .await?
            .unwrap_or_default();
        let last = found.last().map(|(position, _)| *position);
        Ok((found.into_iter().map(|(_, event)| event).collect(), last))
    }

    /// Forgets the events of a tenant's outbox that are the platform's now.
    pub(crate) async fn relayed(self: &Arc<Self>, tenant: TenantId, up_to: i64) -> Result<()> {
        let work = move |file: &Connection| file.relayed(up_to);
        Arc::clone(self).within(tenant, STATEMENT, work).await
    }

    fn path(&self, tenant: TenantId) -> PathBuf {
        self.dir.join(format!("{tenant}.db"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<TenantId>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the tenant's file and removes it, with everything in it.
    pub(super) async fn remove(self: Arc<Self>, tenant: TenantId) -> Result<()> {
        let mut slot = self.slot(tenant).await;
        let removed = tokio::task::spawn_blocking(move || {
            drop(slot.take());
            self.open.invalidate(&tenant);
            let path = self.path(tenant);
            // The file itself first: what is beside it means nothing without it.
            Mark::of(&self.dir, tenant).remove()?;
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
        let path = self.path(tenant);
        files::make_private(&path)?;
        let mark = Mark::of(&self.dir, tenant);
        Connection::open(&path, &self.schema, &self.ambient, mark)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use scriptorium_model::Timestamp;
    use scriptorium_model::ambient::{Clock, Entropy};

    use super::super::statement::{Dialect, Names};
    use super::*;
    use crate::tenant_data::{ColumnType, Table};

    /// Goes on by so many microseconds with each look.
    struct Ticking(AtomicI64, i64);

    impl Clock for Ticking {
        fn now(&self) -> Timestamp {
            Timestamp::from_microsecond(self.0.fetch_add(self.1, Ordering::Relaxed)).unwrap()
        }
    }

    impl Entropy for Ticking {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn schema() -> TenantSchema {
        let table = |name: &str| Table::new(name).column("id", ColumnType::Text);
        TenantSchema {
            tables: vec![table("orders").written_by_scripts(), table("salaries")],
        }
    }

    /// Nothing stops SQLite within a step.
    #[test]
    fn a_statement_with_long_steps_is_not_asked_in_passing() {
        let names = Names::new(&schema(), Dialect::Sqlite);
        for (sql, brief) in [
            ("select id from orders where id = $1", true),
            ("select id from orders where id in ('a', 'b')", true),
            ("select count(*) as n from orders", false),
            (
                "select a.id from orders a join orders b on a.id > b.id order by a.id limit 3",
                true,
            ),
            ("select id from orders where id like $1", false),
            (
                "select id from orders where exists (select 1 from orders where id like 'a')",
                false,
            ),
            ("select id || id as x from orders", false),
            ("select replace(id, 'a', 'b') as x from orders", false),
            ("select trim(id) as x from orders", false),
            ("select substring(id, 1, 2) as x from orders", false),
            ("select cast(id as text) as x from orders", false),
            ("select max(id) as x from orders", false),
        ] {
            let values = vec!["a".into(); usize::from(sql.contains("$1"))];
            assert_eq!(names.read(sql, values).unwrap().brief, brief, "{sql}");
        }
        for (operator, brief) in [("eq", true), ("contains", false), ("startsWith", false)] {
            let conditions = serde_json::json!({ "id": { operator: "a" } });
            let found = names.find("orders", &conditions, &Default::default());
            assert_eq!(found.unwrap().brief, brief, "{operator}");
            let counted = names.count("orders", &conditions);
            assert_eq!(counted.unwrap().brief, brief, "{operator}");
        }
        let all = names.count("orders", &serde_json::json!({})).unwrap();
        assert!(!all.brief, "a table is counted in one step");
    }

    #[test]
    fn what_is_asked_in_passing_ends_soon() {
        // By its time, or by its steps when they take none.
        for ticks in [50, 0] {
            ends_soon(ticks);
        }
    }

    fn ends_soon(ticks: i64) {
        let dir = tempfile::tempdir().unwrap();
        let ticking = Arc::new(Ticking(AtomicI64::new(0), ticks));
        let ambient = Ambient::new(ticking.clone(), ticking);
        let path = dir.path().join("tenant.db");
        let mark = Mark::of(dir.path(), ambient.new_id());
        let file = Connection::open(&path, &schema(), &ambient, mark).unwrap();
        let all = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000) \
                   select count(*) as n from n";
        let in_passing = |sql: &str| {
            let stop = CancellationToken::new();
            file.in_passing(STATEMENT, stop, |file| file.query(sql, &[]))
        };
        assert!(in_passing("select 1 as x").is_some());
        // Long values take long, however few steps they are.
        let text = "x".repeat(100_000);
        file.execute("insert into orders (id) values (?1)", &[text.into()])
            .unwrap();
        assert!(in_passing("select id from orders").is_none());
        assert!(in_passing("select 1 as x").is_some());
        assert_eq!(file.query("select id from orders", &[]).unwrap().len(), 1);
        assert!(
            in_passing(all).is_none(),
            "it takes longer than a millisecond"
        );
        let passed_over =
            std::iter::from_fn(|| in_passing("select 1 as x").is_none().then_some(()));
        assert_eq!(passed_over.count(), 200);
        // Elsewhere it goes on to its end.
        let stop = CancellationToken::new();
        let asked = file.within(STATEMENT, stop, |file| file.query(all, &[]));
        assert_eq!(asked.unwrap()[0]["n"], 20_000);
    }

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
        let mark = Mark::of(dir.path(), ambient.new_id());
        let file = Connection::open(&path, &schema, &ambient, mark).unwrap();
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
