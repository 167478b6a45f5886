//! Storage while a transaction in a tenant's file ends (D6). What it read is looked at once more, what it
//! leaves is committed with its rows, and becomes the platform's: in between nobody else changes entries of the
//! tenant. Should the last step not be reached, it comes before the next access to them. All of it is for
//! SQLite: on PostgreSQL rows and entries are one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use scriptorium_model::storage::{Batch, Quota};
use scriptorium_model::{Ctx, Json, TenantId, Timestamp};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::{Written, changed_meanwhile, over_quota};
use crate::Store;
use crate::audit::unaudited;
use crate::db::{Dialect, FromRow, Micros};
use crate::error::{Error, Result};
use crate::tenant_data::{Connection, Files};

/// The gates of all tenants.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    /// Of tenants at whose gate somebody is now.
    tenants: Mutex<HashMap<TenantId, Arc<RwLock<()>>>>,
    /// Tenants whose file may have entries that are not the platform's yet.
    unsettled: Mutex<BTreeSet<TenantId>>,
    files: Mutex<Weak<Files>>,
}

/// Somebody is at a tenant's gate; `G` says whether alone.
pub(crate) struct At<G> {
    store: Store,
    tenant: TenantId,
    guard: Option<G>,
}

/// Among others who change entries one by one.
pub(crate) type Pass = At<OwnedRwLockReadGuard<()>>;

/// What a transaction leaves in storage, with nobody else at the gate until it is the platform's.
pub(crate) struct Leaving {
    _alone: At<OwnedRwLockWriteGuard<()>>,
    number: i64,
    written: Written,
}

impl Gates {
    /// The files that entries may wait in, and the tenants of whom that is so.
    pub(crate) fn open(&self, files: &Arc<Files>, unsettled: impl IntoIterator<Item = TenantId>) {
        *lock(&self.files) = Arc::downgrade(files);
        lock(&self.unsettled).extend(unsettled);
    }

    /// Whether the platform has all entries of a tenant.
    pub(crate) fn is_settled(&self, tenant: TenantId) -> bool {
        !lock(&self.unsettled).contains(&tenant)
    }

    fn of(&self, tenant: TenantId) -> Arc<RwLock<()>> {
        Arc::clone(lock(&self.tenants).entry(tenant).or_default())
    }
}

impl<G> Drop for At<G> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut tenants = lock(&self.store.inner.gates.tenants);
        if tenants
            .get(&self.tenant)
            .is_some_and(|gate| Arc::strong_count(gate) == 1)
        {
            tenants.remove(&self.tenant);
        }
    }
}

impl Store {
    /// Waits until the platform has all entries of a tenant, and keeps transactions of its file from adding to
    /// them meanwhile. Who changes entries has this; on PostgreSQL there is nothing to have.
    pub(super) async fn pass(&self, tenant: TenantId) -> Result<Option<Pass>> {
        if self.db().dialect() == Dialect::Postgres {
            return Ok(None);
        }
        let gates = &self.inner.gates;
        loop {
            let guard = gates.of(tenant).read_owned().await;
            let pass = self.at(tenant, guard);
            if gates.is_settled(tenant) {
                return Ok(Some(pass));
            }
            drop(pass);
            self.settle_entries(tenant).await?;
        }
    }

    /// Has the platform take over what the last transaction in a tenant's file has left in storage, if it has
    /// not.
    pub(crate) async fn settle_entries(&self, tenant: TenantId) -> Result<()> {
        if self.inner.gates.is_settled(tenant) {
            return Ok(());
        }
        let files = lock(&self.inner.gates.files).upgrade();
        let closed =
            || Error::platform("the tenants' files are closed, and one has entries to hand over");
        let files = files.ok_or_else(closed)?;
        let store = self.clone();
        let settled = files.if_there(tenant, move |file| store.settle_in(file, tenant));
        if settled.await?.is_none() {
            // It went with its tenant.
            lock(&self.inner.gates.unsettled).remove(&tenant);
        }
        Ok(())
    }

    /// The same for who uses the file, on a thread for blocking work.
    pub(crate) fn settle_in(&self, file: &Connection, tenant: TenantId) -> Result<()> {
        if self.inner.gates.is_settled(tenant) {
            return Ok(());
        }
        // Always the file first, and then the gate.
        let alone = self.alone(tenant);
        if self.inner.gates.is_settled(tenant) {
            return Ok(());
        }
        match file.entries()? {
            Some((number, written)) => self.block_on(self.hand_over(Leaving {
                _alone: alone,
                number,
                written,
            })),
            None => {
                lock(&self.inner.gates.unsettled).remove(&tenant);
                Ok(())
            }
        }
    }

    /// Looks at what a transaction in a tenant's file has read of storage, and puts what it leaves there into
    /// the file, to be committed with its rows. What comes back is handed over once they are. On a thread for
    /// blocking work.
    ///
    /// # Errors
    /// `Invalid` on `storage` (`changed`) when something that it read is not so any more, on `value` (`quota`)
    /// for more than the tenant may have.
    pub(crate) fn leave_entries(
        &self,
        file: &Connection,
        tenant: TenantId,
        batch: Batch,
    ) -> Result<Option<Leaving>> {
        let alone = self.alone(tenant);
        let number = self.block_on(self.admit_entries(tenant, &batch))?;
        if batch.written.is_empty() {
            return Ok(None);
        }
        file.put_entries(number, &batch.written)?;
        // Should the commit fail, what is found in the file is what was handed over before.
        lock(&self.inner.gates.unsettled).insert(tenant);
        Ok(Some(Leaving {
            _alone: alone,
            number,
            written: batch.written,
        }))
    }

    /// Keeps what a transaction without rows read and wrote, on PostgreSQL. On a thread for blocking work.
    ///
    /// # Errors
    /// As for [`Store::leave_entries`].
    pub(crate) fn keep_alone(&self, tenant: TenantId, batch: &Batch) -> Result<()> {
        self.block_on(async {
            let tx = self.db().write(&Ctx::platform(tenant)).await?;
            let told = Told::of(batch, self.inner.ambient.now(), self.inner.storage_quota);
            let sql = tx
                .sql(
                    "select scriptorium_data.keep_entries($2::jsonb, $3::jsonb, $4, $5, $6) as came_to \
                     where $1::uuid is not null",
                )
                .with([
                    told.read.into(),
                    told.written.into(),
                    told.at.into(),
                    told.entries.into(),
                    told.bytes.into(),
                ]);
            let row: Option<KeptRow> = tx.one(sql).await?;
            came_to(&row.map(|row| row.came_to).unwrap_or_default(), told.quota)?;
            tx.commit(unaudited("scripts keep entries")).await
        })
    }

    /// Makes what a committed transaction has left the platform's.
    pub(crate) async fn hand_over(&self, leaving: Leaving) -> Result<()> {
        let Leaving {
            _alone: alone,
            number,
            written,
        } = leaving;
        let tenant = alone.tenant;
        match self.inner.writer.hand_over(tenant, number, written).await {
            Ok(_) => {}
            Err(Error::NotFound) => {
                tracing::warn!(%tenant, "entries of a tenant that is gone were not kept");
            }
            Err(error) => return Err(error),
        }
        lock(&self.inner.gates.unsettled).remove(&tenant);
        Ok(())
    }

    /// Whether a batch may be kept as the entries are now; the number that it is handed over under.
    async fn admit_entries(&self, tenant: TenantId, batch: &Batch) -> Result<i64> {
        let now = self.inner.ambient.now();
        let db = self.db().read(&Ctx::platform(tenant)).await?;
        let keys: BTreeSet<&String> = batch.read.keys().chain(batch.written.keys()).collect();
        let sql = db
            .sql(
                "select key, value, expires_at is null or expires_at > $3 as lives from storage \
                 where tenant_id = $1 and key in (select value from json_each($2))",
            )
            .with([json!(keys).to_string().into(), Micros::from(now).into()]);
        let found: Vec<EntryRow> = db.all(sql).await?;
        let found: BTreeMap<&str, &EntryRow> =
            found.iter().map(|row| (row.key.as_str(), row)).collect();
        for (key, value) in &batch.read {
            let there = found.get(key.as_str()).filter(|row| row.lives);
            if there.map(|row| row.value.as_str()) != value.as_ref().map(Json::as_str) {
                return Err(changed_meanwhile());
            }
        }
        let sql =
            db.sql("select entries, bytes, handed_over from storage_usage where tenant_id = $1");
        let usage: UsageRow = db.one(sql).await?.unwrap_or_default();
        let (mut entries, mut bytes) = (0, 0);
        for (key, kept) in &batch.written {
            // What has expired is counted with the dead.
            if let Some(row) = found.get(key.as_str()).filter(|row| row.lives) {
                entries -= 1;
                bytes -= size(key, &row.value);
            }
            if let Some(kept) = kept {
                entries += 1;
                bytes += size(key, kept.value.as_str());
            }
        }
        let quota = self.inner.storage_quota;
        let over = |more: i64, there: i64, most: u64| {
            more > 0 && there + more > i64::try_from(most).unwrap_or(i64::MAX)
        };
        let fits = |dead: &DeadRow| {
            !over(entries, usage.entries - dead.entries, quota.entries)
                && !over(bytes, usage.bytes - dead.bytes, quota.bytes)
        };
        if fits(&DeadRow::default()) {
            return Ok(usage.handed_over + 1);
        }
        // What has expired is no use to anybody; it is counted only where it decides.
        let sql = db.sql(
            "select count(*) as entries, coalesce(sum(length(cast(key as blob)) + \
             length(cast(value as blob))), 0) as bytes from storage \
             where tenant_id = $1 and expires_at <= $2",
        );
        let dead: Option<DeadRow> = db.one(sql.with([Micros::from(now).into()])).await?;
        if !fits(&dead.unwrap_or_default()) {
            return Err(over_quota(quota));
        }
        Ok(usage.handed_over + 1)
    }

    fn alone(&self, tenant: TenantId) -> At<OwnedRwLockWriteGuard<()>> {
        let guard = self.block_on(self.inner.gates.of(tenant).write_owned());
        self.at(tenant, guard)
    }

    fn at<G>(&self, tenant: TenantId, guard: G) -> At<G> {
        At {
            store: self.clone(),
            tenant,
            guard: Some(guard),
        }
    }

    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        Handle::current().block_on(work)
    }
}

/// A batch as PostgreSQL's function takes it.
pub(crate) struct Told {
    /// Keys and values that were read, as JSON.
    pub(crate) read: String,
    /// Keys, values and ends that are written, as JSON.
    pub(crate) written: String,
    pub(crate) at: i64,
    pub(crate) entries: i64,
    pub(crate) bytes: i64,
    pub(crate) quota: Quota,
}

impl Told {
    pub(crate) fn of(batch: &Batch, now: Timestamp, quota: Quota) -> Self {
        let read: Vec<_> = (batch.read.iter())
            .map(|(key, value)| (key, value.as_ref().map(Json::as_str)))
            .collect();
        let written: Vec<_> = (batch.written.iter())
            .map(|(key, kept)| {
                let value = kept.as_ref().map(|kept| kept.value.as_str());
                let ends = kept.as_ref().and_then(|kept| kept.expires_at);
                (key, value, ends.map(Timestamp::as_microsecond))
            })
            .collect();
        let most = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            read: json!(read).to_string(),
            written: json!(written).to_string(),
            at: now.as_microsecond(),
            entries: most(quota.entries),
            bytes: most(quota.bytes),
            quota,
        }
    }
}

/// What PostgreSQL's function said.
pub(crate) fn came_to(said: &str, quota: Quota) -> Result<()> {
    match said {
        "kept" => Ok(()),
        "quota" => Err(over_quota(quota)),
        _ => Err(changed_meanwhile()),
    }
}

fn size(key: &str, value: &str) -> i64 {
    i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(FromRow)]
struct EntryRow {
    key: String,
    value: String,
    lives: bool,
}

#[derive(FromRow)]
struct KeptRow {
    came_to: String,
}

#[derive(Default, FromRow)]
struct UsageRow {
    entries: i64,
    bytes: i64,
    handed_over: i64,
}

#[derive(Default, FromRow)]
struct DeadRow {
    entries: i64,
    bytes: i64,
}
