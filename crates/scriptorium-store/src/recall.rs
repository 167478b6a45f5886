//! Scripts, people and what tenants are kept from, as they were read last. Every execution asks for its script, for
//! everybody whose rights bound it, and before it changes rows whether its tenant may, as of now (D12). On SQLite nobody but this process writes, so that a row stands
//! until a transaction that writes to its table begins ([`crate::db::Writes`]). On PostgreSQL, where other
//! servers write, nothing is remembered, but many who ask at once are given one answer: whoever asks while a
//! row is being read waits for the next reading, which begins after they asked and so is as of now for all
//! of them.

use std::sync::Arc;

use moka::sync::Cache;
use scriptorium_model::script::Script;
use scriptorium_model::user::User;
use scriptorium_model::{ScriptId, TenantId, UserId};

use crate::db::{Db, Moment, Writes};
use crate::error::Result;
use crate::readings::Readings;

/// Bytes of what is remembered, about.
const BYTES: u64 = 32 << 20;
/// What an entry takes beside its text.
const ENTRY: usize = 1_024;

/// What was read, each with the moment it was read at.
pub(crate) struct Recall {
    /// `None` where others write.
    writes: Option<Arc<Writes>>,
    rows: Cache<Key, (Moment, Row)>,
    /// Where nothing is remembered.
    readings: Readings<Key, Row>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Script(TenantId, ScriptId),
    Named(TenantId, Arc<str>),
    Person(TenantId, UserId),
    Mode(TenantId),
}

#[derive(Clone)]
enum Row {
    Script(Arc<Script>),
    Person(Arc<User>),
    Mode { read_only: bool },
}

impl Recall {
    pub(crate) fn new(db: &Db) -> Self {
        let weigh = |_: &Key, (_, row): &(Moment, Row)| {
            let text = match row {
                Row::Script(script) => script.definition.source.len(),
                Row::Person(_) | Row::Mode { .. } => 0,
            };
            u32::try_from(ENTRY + text).unwrap_or(u32::MAX)
        };
        Self {
            writes: db.writes(),
            readings: Readings::new(),
            rows: Cache::builder().max_capacity(BYTES).weigher(weigh).build(),
        }
    }

    /// A script by its id.
    pub(crate) async fn script(
        &self,
        tenant: TenantId,
        id: ScriptId,
        read: impl AsyncFnOnce() -> Result<Script>,
    ) -> Result<Script> {
        let read = async || Ok(Some(Row::Script(Arc::new(read().await?))));
        let found = self.find(Key::Script(tenant, id), read).await?;
        script(found).ok_or(crate::error::Error::NotFound)
    }

    /// A script by its name. That there is none is not remembered.
    pub(crate) async fn named(
        &self,
        tenant: TenantId,
        name: &str,
        read: impl AsyncFnOnce() -> Result<Option<Script>>,
    ) -> Result<Option<Script>> {
        let read = async || Ok(read().await?.map(|script| Row::Script(Arc::new(script))));
        let found = self.find(Key::Named(tenant, name.into()), read).await?;
        Ok(script(found))
    }

    /// A person that a tenant may know, by their id.
    pub(crate) async fn person(
        &self,
        tenant: TenantId,
        id: UserId,
        read: impl AsyncFnOnce() -> Result<User>,
    ) -> Result<User> {
        let read = async || Ok(Some(Row::Person(Arc::new(read().await?))));
        match self.find(Key::Person(tenant, id), read).await? {
            Some(Row::Person(user)) => Ok(Arc::unwrap_or_clone(user)),
            _ => Err(crate::error::Error::NotFound),
        }
    }

    /// Whether a tenant's scripts only read.
    pub(crate) async fn read_only(
        &self,
        tenant: TenantId,
        read: impl AsyncFnOnce() -> Result<bool>,
    ) -> Result<bool> {
        let read = async || {
            let read_only = read().await?;
            Ok(Some(Row::Mode { read_only }))
        };
        let found = self.find(Key::Mode(tenant), read).await?;
        Ok(matches!(found, Some(Row::Mode { read_only: true })))
    }

    async fn find(
        &self,
        key: Key,
        read: impl AsyncFnOnce() -> Result<Option<Row>>,
    ) -> Result<Option<Row>> {
        // Before it is read: what is written meanwhile makes this moment the past.
        let now = self.writes.as_ref().and_then(|writes| writes.now());
        let Some(now) = now else {
            return self.readings.join(key, read).await;
        };
        if let Some((at, row)) = self.rows.get(&key)
            && at == now
        {
            return Ok(Some(row));
        }
        // Apart from the future of whoever asks, which hosts make part of theirs.
        let row = Box::pin(read()).await?;
        if let Some(row) = &row {
            self.rows.insert(key, (now, row.clone()));
        }
        Ok(row)
    }
}

impl std::fmt::Debug for Recall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recall").finish_non_exhaustive()
    }
}

fn script(row: Option<Row>) -> Option<Script> {
    match row {
        Some(Row::Script(script)) => Some(Arc::unwrap_or_clone(script)),
        _ => None,
    }
}
