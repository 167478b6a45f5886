//! Puts what has ended or changed into the search index, some documents at a time. It runs beside
//! the history writer and not inside it: one segment of the index for five hundred documents costs
//! a third of one for sixteen, and an acknowledged end does not wait for it (decision 0015).

use std::collections::HashSet;
use std::time::Duration;

use scriptorium_model::execution::{Execution, LogLine};
use scriptorium_model::{Ctx, ExecutionId, ScriptId, TenantId, Uuid};
use tokio_util::sync::CancellationToken;

use super::ACROSS_TENANTS;
use crate::Store;
use crate::audit::unaudited;
use crate::db::{FromRow, Tx, known};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::search::{self, Document, Kind};
use crate::store::Change;

/// Most documents of one transaction: about 20 ms of the one writer of SQLite.
const BATCH: u32 = 500;
/// Most log lines that are read back to index an execution.
const LINES: u32 = 1_000;

/// What one step of the indexer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Documents it put into the index.
    pub documents: u32,
    /// Whether more may wait.
    pub more: bool,
}

/// How long documents gather before they are indexed together.
const GATHER: Duration = Duration::from_millis(200);
/// After how long the indexer looks without having been told: another server may have ended before
/// it indexed what it recorded.
const RECHECK: Duration = Duration::from_secs(30);
/// While others write, the indexer rests for this many times the time that its last step took: the
/// history writer keeps four fifths of the database (decision 0015).
const REST: u32 = 4;
/// Longest time that a step is taken to have lasted: a clock can be put right meanwhile.
const LONGEST_STEP: Duration = Duration::from_millis(250);

impl Store {
    /// Keeps the search index up with what ends and changes, until `stop`.
    pub async fn keep_indexed(self, stop: CancellationToken) {
        let mut changes = self.changes(Change::Documents);
        changes.mark_changed();
        let work = async {
            loop {
                let _ = tokio::time::timeout(RECHECK, changes.changed()).await;
                changes.mark_unchanged();
                tokio::time::sleep(GATHER).await;
                while self.index_step().await {}
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    /// One step, and a rest after it; whether to make another.
    async fn index_step(&self) -> bool {
        let before = self.history_stats().records;
        let begin = self.inner.ambient.now();
        match self.index_pending().await {
            Ok(Indexed { more: false, .. }) => return false,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the search index could not be brought up to date");
                return false;
            }
        }
        if self.history_stats().records != before {
            let took = self.inner.ambient.now().duration_since(begin);
            let took = took.unsigned_abs().min(LONGEST_STEP);
            tokio::time::sleep(took * REST).await;
        }
        true
    }

    /// Puts the longest waiting documents into the search index. Call it again while there are
    /// more, and when [`crate::Change::Documents`] moves.
    ///
    /// # Errors
    /// `Platform` only; what was not indexed waits on.
    pub async fn index_pending(&self) -> Result<Indexed> {
        let db = self.db().read_all(ACROSS_TENANTS).await?;
        let sql = db
            .sql(
                "select seq, tenant_id, kind, id, words from search_pending \
                 order by seq limit $1",
            )
            .with([BATCH.into()]);
        let rows: Vec<PendingRow> = db.all(sql).await?;
        drop(db);
        if rows.is_empty() {
            return Ok(Indexed::default());
        }
        let more = rows.len() == BATCH as usize;
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            documents.push((row.seq, self.document(row).await?));
        }
        let tx = self.db().write_all(ACROSS_TENANTS).await?;
        let documents = still_there(&tx, take(&tx, documents).await?).await?;
        search::store(&tx, &documents).await?;
        tx.commit(unaudited("an index of what is recorded already"))
            .await?;
        Ok(Indexed {
            documents: u32::try_from(documents.len()).unwrap_or(u32::MAX),
            more,
        })
    }

    /// The document of a row; `None` when what it describes is gone.
    async fn document(&self, row: PendingRow) -> Result<Option<Document>> {
        let kind = known(Kind::from_name(&row.kind), "search_pending.kind")?;
        let tenant = TenantId(row.tenant_id);
        let words = match row.words {
            Some(words) => Some(words),
            None => {
                self.read_words(&Ctx::platform(tenant), kind, row.id)
                    .await?
            }
        };
        Ok(words.map(|words| Document {
            tenant,
            kind,
            id: row.id,
            words,
        }))
    }

    async fn read_words(&self, ctx: &Ctx, kind: Kind, id: Uuid) -> Result<Option<String>> {
        let read = match kind {
            Kind::Execution => self.read_execution(ctx, ExecutionId(id)).await,
            Kind::Script => self
                .find_script(ctx, ScriptId(id))
                .await
                .map(|script| search::words_of_script(&script.definition)),
        };
        match read {
            Ok(words) => Ok(Some(words)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn read_execution(&self, ctx: &Ctx, id: ExecutionId) -> Result<String> {
        let execution: Execution = self.find_execution(ctx, id).await?;
        let lines: Vec<LogLine> = self.list_logs(ctx, id, 0, LINES).await?;
        Ok(search::words_of_execution(&execution, &lines))
    }
}

/// Takes the rows off the list; the documents of those that nobody else has taken meanwhile. Of one
/// script, the latest counts.
async fn take(tx: &Tx, documents: Vec<(i64, Option<Document>)>) -> Result<Vec<Document>> {
    let mut sql = tx.sql("delete from search_pending where seq in ");
    sql.bind_list(documents.iter().map(|(seq, _)| (*seq).into()));
    sql.push(" returning seq");
    let rows: Vec<TakenRow> = tx.all(sql).await?;
    let taken: HashSet<i64> = rows.into_iter().map(|row| row.seq).collect();
    let mut seen = HashSet::new();
    let mut wanted: Vec<Document> = documents
        .into_iter()
        .rev()
        .filter(|(seq, _)| taken.contains(seq))
        .filter_map(|(_, document)| document)
        .filter(|document| seen.insert(document.id))
        .collect();
    wanted.reverse();
    Ok(wanted)
}

/// Those that describe what is still there. What was removed since it was read took its document along,
/// and nobody would remove another one.
async fn still_there(tx: &Tx, mut documents: Vec<Document>) -> Result<Vec<Document>> {
    let of_executions = |one: &&Document| one.kind == Kind::Execution;
    let tenants = documents.iter().filter(of_executions).map(|one| one.tenant);
    let tenants: HashSet<TenantId> = tenants.collect();
    let mut there = HashSet::new();
    for tenant in tenants {
        let own = documents.iter().filter(of_executions);
        let own = own.filter(|one| one.tenant == tenant);
        let mut sql = tx.sql_of(
            tenant,
            "select id from executions where tenant_id = $1 and id in ",
        );
        sql.bind_list(own.map(|one| one.id.into()));
        let rows: Vec<IdRow> = tx.all(sql).await?;
        there.extend(rows.into_iter().map(|row| row.id));
    }
    documents.retain(|one| one.kind == Kind::Script || there.contains(&one.id));
    Ok(documents)
}

#[derive(FromRow)]
struct PendingRow {
    seq: i64,
    tenant_id: Uuid,
    kind: String,
    id: Uuid,
    words: Option<String>,
}

#[derive(FromRow)]
struct TakenRow {
    seq: i64,
}
