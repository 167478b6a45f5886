//! The servers that share one PostgreSQL database: which there are, how one tells the others what
//! changed, and who alone does a duty. A SQLite file has one server, so there all of this is nothing.
//!
//! What another node must know is in the database; telling is a hint, after the commit. A change of
//! endpoints, schedules or halts also leaves a mark of its transaction, and every few seconds a node looks for
//! marks of transactions that have ended since it looked last: so it finds what nobody told it. That
//! the queue has work or an event waits, or that somebody wants an execution stopped, leaves none: who
//! does not hear it polls the queue and the events, and extends leases, anyway.

use std::sync::Arc;
use std::time::Duration;

use scriptorium_model::{Ambient, Timestamp, Uuid};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgListener, PgPool};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::ACROSS_TENANTS;
use crate::Store;
use crate::db::{Db, Dialect, FromRow, Micros, Tx, count_statement};
use crate::error::Result;
use crate::store::{Change, Signals};

/// How often a node says that it is there, and looks for changes that it was not told of.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// A server that shares the database and was not seen for so long is gone, in microseconds.
const GONE: i64 = 60_000_000;
/// Pause before a lost listener is replaced.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// The first half of the names of our advisory locks.
const LOCKS: i32 = i32::from_be_bytes(*b"scri");

/// A server that shares the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Made when it started.
    pub id: Uuid,
    /// What the operator calls it.
    pub name: String,
    /// The version of the product that it runs.
    pub version: String,
    /// When it started, by the database's clock.
    pub started_at: Timestamp,
    /// When it was there last, by the database's clock.
    pub seen_at: Timestamp,
}

/// Work that one node does for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Retention, partitions, pruning.
    Maintenance,
    /// Operations on many executions.
    Operations,
}

/// The right to do a duty, until dropped.
#[derive(Debug)]
#[must_use = "the duty ends when it is dropped"]
pub struct OnDuty {
    /// The session whose lock it is. It ends with the process, whatever happens to that.
    _session: Option<PgConnection>,
}

impl Store {
    /// The servers that share the database, the longest running first; none on SQLite.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn list_nodes(&self) -> Result<Vec<Node>> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db.sql("select * from nodes order by started_at, id");
        let rows: Vec<NodeRow> = db.all(sql).await?;
        Ok(rows.into_iter().map(Node::from).collect())
    }

    /// Takes a duty, unless another node has it.
    ///
    /// # Errors
    /// `Platform` only.
    pub async fn take_duty(&self, duty: Duty) -> Result<Option<OnDuty>> {
        let Db::Postgres(server) = self.db() else {
            return Ok(Some(OnDuty { _session: None }));
        };
        // The lock is the session's: it must not come back to the pool, nor keep that from closing.
        let mut session = server.system().acquire().await?.detach();
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(LOCKS)
            .bind(duty as i32)
            .fetch_one(&mut session)
            .await?;
        Ok(taken.then_some(OnDuty {
            _session: Some(session),
        }))
    }
}

/// Marks that the tenant's endpoints and schedules change in this transaction, for nodes that will not
/// be told. Nothing on SQLite, which no other node shares.
pub(crate) async fn mark_routes(tx: &Tx) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        let sql = tx.sql(
            "insert into change_marks (tenant_id, kind, changed_in) values \
             ($1, 'endpoints', pg_current_xact_id()), ($1, 'schedules', pg_current_xact_id()) \
             on conflict (tenant_id, kind) do update set changed_in = excluded.changed_in",
        );
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Marks that a halt of the tenant changes in this transaction.
pub(crate) async fn mark_halts(tx: &Tx) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        let sql = tx.sql(
            "insert into change_marks (tenant_id, kind, changed_in) values \
             ($1, 'halts', pg_current_xact_id()) \
             on conflict (tenant_id, kind) do update set changed_in = excluded.changed_in",
        );
        tx.execute(sql).await?;
    }
    Ok(())
}

/// One node's part in the conversation.
pub(crate) struct Relay {
    pool: PgPool,
    signals: Arc<Signals>,
    id: Uuid,
    name: String,
    /// The snapshot of the database that it has looked through, as the database writes it.
    seen: Option<String>,
}

impl Relay {
    /// Enters this process among the nodes.
    pub(crate) async fn enter(
        pool: &PgPool,
        signals: &Arc<Signals>,
        ambient: &Ambient,
        name: String,
    ) -> Result<Self> {
        let mut relay = Self {
            pool: pool.clone(),
            signals: Arc::clone(signals),
            id: ambient.new_id(),
            name,
            seen: None,
        };
        relay.beat().await?;
        Ok(relay)
    }

    /// Listens and tells until `stop`, whatever happens to the connection.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut endpoints = self.signals.told(Change::Endpoints);
        let mut schedules = self.signals.told(Change::Schedules);
        let mut pending = self.signals.told(Change::Pending);
        let mut cancel = self.signals.told(Change::Cancel);
        let mut events = self.signals.told(Change::Events);
        let mut halts = self.signals.told(Change::Halts);
        let mut services = self.signals.told(Change::Services);
        let (ears, mut heard) = mpsc::channel(256);
        // Ends with this function.
        let mut listening = JoinSet::new();
        listening.spawn(listen(self.pool.clone(), ears));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = heartbeat.tick() => self.look().await,
                Some(said) = heard.recv() => self.take(&said),
                () = moved(&mut endpoints) => self.tell(Change::Endpoints).await,
                () = moved(&mut schedules) => self.tell(Change::Schedules).await,
                () = moved(&mut pending) => self.tell(Change::Pending).await,
                () = moved(&mut cancel) => self.tell(Change::Cancel).await,
                () = moved(&mut events) => self.tell(Change::Events).await,
                () = moved(&mut halts) => self.tell(Change::Halts).await,
                () = moved(&mut services) => self.tell(Change::Services).await,
            }
        }
        self.leave().await;
    }

    fn take(&self, heard: &Heard) {
        match heard {
            Heard::Said(text) => {
                // A kind of change, and by which node.
                let (kind, node) = text.split_once(' ').unwrap_or((text, ""));
                if let Some(change) = Change::from_name(kind)
                    && node != self.id.to_string()
                {
                    self.signals.receive(change);
                }
            }
            Heard::Silence => Change::ALL
                .into_iter()
                .for_each(|c| self.signals.receive(c)),
        }
    }

    async fn tell(&self, change: Change) {
        count_statement();
        // Nothing in it comes from a user: a name of ours and an id.
        let text = format!("notify scriptorium, '{} {}'", change.as_str(), self.id);
        let told = sqlx::raw_sql(AssertSqlSafe(text)).execute(&self.pool);
        if let Err(error) = told.await {
            tracing::warn!(%error, "other nodes were not told; they poll");
        }
    }

    /// Says that this node is there, and finds what changed, told or not.
    async fn look(&mut self) {
        match self.beat().await {
            Ok(changed) => changed
                .iter()
                .filter_map(|kind| Change::from_name(kind))
                .for_each(|change| self.signals.receive(change)),
            Err(error) => tracing::warn!(%error, "this node could not say that it is there"),
        }
    }

    /// Kinds of which something changed since the last beat. One statement, because an idle server
    /// should not keep the database busy. A mark from beyond the present is of another cluster, whose
    /// dump was restored into this one.
    async fn beat(&mut self) -> Result<Vec<String>> {
        count_statement();
        let (seen, changed): (String, Vec<String>) = sqlx::query_as(
            "with clock (now) as (select (extract(epoch from clock_timestamp()) * 1000000)::bigint), \
             here as (insert into nodes (id, name, version, started_at, seen_at) \
             select $1, $2, $3, now, now from clock \
             on conflict (id) do update set seen_at = excluded.seen_at), \
             gone as (delete from nodes using clock where seen_at < now - $4) \
             select pg_current_snapshot()::text, array(select distinct kind from change_marks \
             where changed_in >= pg_snapshot_xmin($5::text::pg_snapshot) \
             and changed_in < pg_snapshot_xmax(pg_current_snapshot()) \
             and not pg_visible_in_snapshot(changed_in, $5::text::pg_snapshot))",
        )
        .bind(self.id)
        .bind(&self.name)
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(GONE)
        .bind(&self.seen)
        .fetch_one(&self.pool)
        .await?;
        self.seen = Some(seen);
        Ok(changed)
    }

    /// Others see at once that this node is no more.
    async fn leave(&self) {
        let left = sqlx::query("delete from nodes where id = $1").bind(self.id);
        if let Err(error) = left.execute(&self.pool).await {
            tracing::debug!(%error, "the others will notice that this node is gone");
        }
    }
}

/// What came over the channel of all nodes.
enum Heard {
    /// A message.
    Said(String),
    /// Nobody listened for a while: anything may have been said.
    Silence,
}

/// Listens until nobody wants to know, whatever happens to the connection.
async fn listen(pool: PgPool, ears: mpsc::Sender<Heard>) {
    loop {
        let listener = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen("scriptorium").await?;
            Ok::<_, sqlx::Error>(listener)
        };
        if let Err(error) = match listener.await {
            Ok(listener) => pass_on(listener, &ears).await,
            Err(error) => Err(error),
        } {
            tracing::warn!(%error, "other nodes are not heard; changes are polled");
        }
        if ears.is_closed() {
            return;
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn pass_on(mut listener: PgListener, ears: &mpsc::Sender<Heard>) -> Result<(), sqlx::Error> {
    let mut heard = Heard::Silence;
    while ears.send(heard).await.is_ok() {
        heard = match listener.try_recv().await? {
            Some(said) => Heard::Said(said.payload().to_owned()),
            None => Heard::Silence,
        };
    }
    Ok(())
}

/// The sender lives as long as the relay does.
async fn moved(signal: &mut watch::Receiver<u64>) {
    if signal.changed().await.is_err() {
        std::future::pending().await
    }
}

#[derive(FromRow)]
struct NodeRow {
    id: Uuid,
    name: String,
    version: String,
    started_at: Micros,
    seen_at: Micros,
}

impl From<NodeRow> for Node {
    fn from(row: NodeRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            version: row.version,
            started_at: row.started_at.into(),
            seen_at: row.seen_at.into(),
        }
    }
}
