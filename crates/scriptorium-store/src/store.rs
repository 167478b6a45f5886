//! The store as a whole: opened once, shared by everyone, closed last.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use scriptorium_model::storage::Quota;
use scriptorium_model::{Ambient, Ctx, TenantId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::{self, Heads, Trail};
use crate::db::migrations::{self, MigrationStatus};
use crate::db::postgres::{self, Postgres, PostgresOptions, Replica, ReplicaStatus};
use crate::db::{self, Db, Dialect};
use crate::error::{Error, Result};
use crate::files::{self, LockFile};
use crate::history::{HistoryWriter, Quotas};
use crate::keys;
use crate::recall::Recall;
use crate::seal::Seal;
use crate::secrets;
use crate::storage::Gates;
use crate::system::nodes::Relay;
use crate::system::queue::{NextDue, Rotation};
use crate::tenant_data::{TenantData, TenantSchema};
use crate::turns::InOrder;

/// Where the data is and how much of the machine to use.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of `scriptorium.db` and of the tenants' own files; made when missing.
    pub data_dir: PathBuf,
    /// The PostgreSQL server of the platform's tables; `None` for `scriptorium.db`.
    pub postgres: Option<PostgresOptions>,
    /// What this server is called among those that share a PostgreSQL database.
    pub node_name: String,
    /// Connections that read the platform's file, 1 to 64.
    pub readers: u32,
    /// Records that may wait for the history writer before `record` waits itself.
    pub history_queue: usize,
    /// How large the platform's SQLite file may grow, in bytes; what would make it larger is
    /// refused as [`crate::Unavailable::Space`]. As large as the disk when `None`.
    pub max_bytes: Option<u64>,
    /// File with the key of the audit trail, shared by all servers of one database. By default
    /// `keys/audit.key` in the data directory, made when missing.
    pub audit_key_file: Option<PathBuf>,
    /// File with the key that secrets are sealed with, shared by all servers of one database. By
    /// default `keys/secrets.key` in the data directory, made when missing.
    pub secrets_key_file: Option<PathBuf>,
    /// How much storage a tenant may have.
    pub storage_quota: Quota,
    /// How many notifications a tenant may send a day, by the clock of UTC; 1,000 by default.
    pub notifications_per_day: u64,
}

impl Options {
    /// SQLite in a directory, with 4 readers and room for 4,096 waiting records.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            postgres: None,
            node_name: "scriptorium".into(),
            readers: 4,
            history_queue: 4_096,
            max_bytes: None,
            audit_key_file: None,
            secrets_key_file: None,
            storage_quota: Quota::default(),
            notifications_per_day: 1_000,
        }
    }
}

/// Everything durable. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) ambient: Ambient,
    pub(crate) writer: HistoryWriter,
    pub(crate) signals: Arc<Signals>,
    pub(crate) rotation: Rotation,
    pub(crate) next_due: NextDue,
    pub(crate) ids: InOrder,
    /// What seals the secrets of all tenants.
    pub(crate) seal: Seal,
    pub(crate) recall: Recall,
    pub(crate) trail: Trail,
    pub(crate) notifications_per_day: u64,
    pub(crate) storage_quota: Quota,
    pub(crate) gates: Gates,
    pub(crate) heads: Heads,
    data_dir: PathBuf,
    lock: Mutex<Option<LockFile>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Something that others may want to look at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An endpoint was added, changed, switched or removed.
    Endpoints,
    /// A schedule was added, changed, switched or removed.
    Schedules,
    /// An execution became pending.
    Pending,
    /// Somebody asked to cancel a running execution.
    Cancel,
    /// Something ended or changed that is not in the search index yet.
    Documents,
    /// An event was recorded that waits for its delivery.
    Events,
    /// Executions are kept from beginning, or no longer.
    Halts,
    /// A notification waits to be sent.
    Notifications,
    /// A remote service was registered, changed or removed.
    Services,
}

/// What changed, for whoever watches. `seen` moves with every change, `told` with those of this
/// process, which other nodes do not know of.
#[derive(Debug)]
pub(crate) struct Signals {
    seen: [watch::Sender<u64>; Change::ALL.len()],
    told: [watch::Sender<u64>; Change::ALL.len()],
}

impl Store {
    /// Opens the store, migrating it as needed. On SQLite it makes its files and gives back to the
    /// queue what an earlier process left running; on PostgreSQL others may be running, so there
    /// only the end of a lease says that.
    ///
    /// # Errors
    /// The directory is not writable, another server has it, SQLite is older than 3.51.3 or
    /// PostgreSQL than 15, the server is not reached, a login is not what it should be, the schema
    /// is newer than this release, or older and no `migrator` was given.
    pub async fn open(options: Options, ambient: Ambient) -> Result<Self> {
        files::make_private_dir(&options.data_dir)?;
        let (db, lock) = match &options.postgres {
            None => {
                let lock = LockFile::take(&options.data_dir)?;
                files::refuse_half_restored(&options.data_dir)?;
                let path = options.data_dir.join("scriptorium.db");
                let readers = options.readers.clamp(1, 64);
                let db = db::open(&path, readers, options.max_bytes).await?;
                (db, Some(lock))
            }
            Some(server) => {
                postgres::prepare(server).await?;
                (Db::Postgres(Postgres::open(server, &ambient).await?), None)
            }
        };
        let key = audit::key(&db, &options, &ambient).await?;
        let trail = Trail::new(key, ambient.clone());
        let seal = secrets::key(&db, &options, &ambient).await?;
        let recall = Recall::new(&db);
        let signals = Arc::new(Signals::new());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        if let Db::Postgres(server) = &db {
            let relay = Relay::enter(server.system(), &signals, &ambient, options.node_name);
            tasks.spawn(relay.await?.run(stop.clone()));
        }
        tasks.close();
        let writer = HistoryWriter::start(
            db.clone(),
            trail.clone(),
            ambient.clone(),
            Arc::clone(&signals),
            options.history_queue,
            Quotas {
                storage: options.storage_quota,
                notifications_per_day: options.notifications_per_day,
            },
        );
        let store = Self {
            inner: Arc::new(Inner {
                db,
                ambient,
                writer,
                signals,
                rotation: Rotation::default(),
                next_due: NextDue::default(),
                ids: InOrder::default(),
                trail,
                notifications_per_day: options.notifications_per_day,
                storage_quota: options.storage_quota,
                gates: Gates::default(),
                seal,
                recall,
                heads: Heads::new(&options.data_dir),
                data_dir: options.data_dir,
                lock: Mutex::new(lock),
                stop,
                tasks,
            }),
        };
        if store.db().dialect() == Dialect::Sqlite {
            store.recover_all_running().await?;
        }
        Ok(store)
    }

    /// Makes the logins and the schema of a PostgreSQL database, or renews them: named after
    /// `prefix`, with passwords made from `key`. `privileged` is the URL of a superuser. The tables
    /// come with [`Store::migrate`].
    ///
    /// # Errors
    /// `Invalid` for a bad URL or prefix; `Platform` when the login is no superuser.
    pub async fn create_roles(privileged: &str, key: &[u8; 32], prefix: &str) -> Result<()> {
        postgres::create_roles(privileged, key, prefix).await
    }

    /// The key that the derived logins' passwords are made from, in `keys/database.key`; `None` when
    /// there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn database_key(data_dir: &Path) -> Result<Option<[u8; 32]>> {
        keys::find(data_dir, "database", None)
    }

    /// Makes that key.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn make_database_key(data_dir: &Path, ambient: &Ambient) -> Result<[u8; 32]> {
        keys::make(data_dir, "database", ambient)
    }

    /// Applies the migrations that a PostgreSQL database misses, as its `migrator`, and renews what
    /// the other logins may do.
    ///
    /// # Errors
    /// There is no `migrator`, the schema is newer than this release, or a migration fails.
    pub async fn migrate(server: &PostgresOptions) -> Result<()> {
        postgres::migrate(server).await
    }

    /// How far the database of `options` has come; nothing is made or changed.
    ///
    /// # Errors
    /// `Platform` when it cannot be read.
    pub async fn migration_status(options: &Options) -> Result<MigrationStatus> {
        let applied = match &options.postgres {
            None => db::applied(&options.data_dir.join("scriptorium.db")).await?,
            Some(server) => postgres::applied(server).await?,
        };
        let known = migrations::known();
        Ok(MigrationStatus { applied, known })
    }

    /// Makes the partitions of executions and their logs for the month of now and `ahead` months
    /// after it, where they are missing; how many were made. SQLite has none.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn make_partitions(&self, ahead: u32) -> Result<u32> {
        match self.db() {
            Db::Sqlite(_) => Ok(0),
            Db::Postgres(server) => {
                let now = self.inner.ambient.now().as_microsecond();
                server.make_partitions(now, ahead.min(36)).await
            }
        }
    }

    /// Commits what was handed to the history writer, then closes the files and lets another
    /// process have them. Later calls fail.
    pub async fn close(&self) {
        self.inner.writer.stop().await;
        self.inner.stop.cancel();
        self.inner.tasks.wait().await;
        if let Err(error) = self.anchor_audit_heads().await {
            tracing::warn!(%error, "the heads of the audit trail were not anchored");
        }
        self.inner.db.close().await;
        let mut lock = self
            .inner
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *lock = None;
    }

    /// A counter that moves after each change of this kind was committed: a hint to look again,
    /// not a queue of what happened.
    pub fn changes(&self, change: Change) -> watch::Receiver<u64> {
        self.inner.signals.seen[change as usize].subscribe()
    }

    /// Moves with every change of an endpoint; for caches of the routing table.
    pub fn routes_version(&self) -> u64 {
        *self.inner.signals.seen[Change::Endpoints as usize].borrow()
    }

    /// The business tables that the host declares, kept apart from the platform's (D5). They are
    /// made when they are used first.
    ///
    /// # Errors
    /// The schema breaks a rule: a bad or repeated name, no key, an unknown column.
    pub fn tenant_data(&self, schema: TenantSchema) -> Result<TenantData> {
        let dir = self.inner.data_dir.join("tenants");
        TenantData::new(self, dir, schema)
    }

    /// Fills in what there is of the tables that a schema attaches: their columns and keys, as the host
    /// has them in the platform's database.
    ///
    /// # Errors
    /// `Invalid` on the table for what is not there or not as it is declared, for what the owner of the
    /// schema may not do with it, and where the platform is in a file.
    pub async fn attach_tables(&self, schema: TenantSchema) -> Result<TenantSchema> {
        TenantData::attach(self.db(), schema).await
    }

    /// Makes now what is missing of declared tables, where they are one set for all tenants: on
    /// PostgreSQL, as the owner of the schema.
    ///
    /// # Errors
    /// `Platform` when something is missing and there is no login of the owner, or one of the logins
    /// is not what it should be; `Invalid` for a column that cannot be added.
    pub async fn make_tables(&self, data: &TenantData) -> Result<()> {
        data.bring_up().await
    }

    /// How the replica is, and what it was used for; `None` when none is set.
    pub fn replica(&self) -> Option<ReplicaStatus> {
        match self.db() {
            Db::Sqlite(_) => None,
            Db::Postgres(server) => server.replica().map(Replica::status),
        }
    }

    /// Looks whether there is a replica that is well, and how far it is behind.
    pub async fn look_at_replica(&self) {
        if let Db::Postgres(server) = self.db()
            && let Some(replica) = server.replica()
        {
            replica.look_again(server.system()).await;
        }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.inner.data_dir
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn signal(&self, change: Change) {
        self.inner.signals.send(change);
    }
}

impl Change {
    /// Every kind.
    pub(crate) const ALL: [Self; 9] = [
        Self::Endpoints,
        Self::Schedules,
        Self::Pending,
        Self::Cancel,
        Self::Documents,
        Self::Events,
        Self::Halts,
        Self::Notifications,
        Self::Services,
    ];

    /// Its name among nodes.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::Schedules => "schedules",
            Self::Pending => "pending",
            Self::Cancel => "cancel",
            Self::Documents => "documents",
            Self::Events => "events",
            Self::Halts => "halts",
            Self::Notifications => "notifications",
            Self::Services => "services",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == name)
    }
}

impl Signals {
    fn new() -> Self {
        Self {
            seen: std::array::from_fn(|_| watch::Sender::new(0)),
            told: std::array::from_fn(|_| watch::Sender::new(0)),
        }
    }

    /// This process changed something.
    pub(crate) fn send(&self, change: Change) {
        self.told[change as usize].send_modify(|count| *count += 1);
        self.receive(change);
    }

    /// Another node may have changed something.
    pub(crate) fn receive(&self, change: Change) {
        self.seen[change as usize].send_modify(|count| *count += 1);
    }

    /// Moves with what this process changes.
    pub(crate) fn told(&self, change: Change) -> watch::Receiver<u64> {
        self.told[change as usize].subscribe()
    }
}

/// Refuses a value of another tenant the way a missing one is refused.
pub(crate) fn of_tenant(ctx: &Ctx, tenant: TenantId) -> Result<()> {
    #[cfg(test)]
    let tenant = crate::db::mutants::unchecked(ctx, tenant);
    if ctx.tenant == tenant {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}
