//! Full-text search over executions and scripts. A document is the words of one of them; what ends
//! or changes is noted in `search_pending` within its own transaction, and `system::indexer` puts it
//! into the index soon after. Why not at once is in decision 0015.

mod number;
mod postgres;
mod prefix;
mod query;
mod sqlite;
mod words;

use scriptorium_model::execution::{Execution, ExecutionStatus, LogLine, TriggerKind};
use scriptorium_model::script::Definition;
use scriptorium_model::{ScriptId, TenantId, Uuid};

pub(crate) use self::query::{Query, Wanted};
use self::words::Words;
use crate::db::{Dialect, Scope, Sql, Tx, Value};
use crate::error::Result;
use crate::history::chunks;

/// What a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An execution that has ended.
    Execution,
    /// A script, by its current version.
    Script,
}

/// The words of one thing, not yet in the index.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) tenant: TenantId,
    pub(crate) kind: Kind,
    pub(crate) id: Uuid,
    pub(crate) words: String,
}

impl Document {
    /// Its words as the index has them.
    fn words_of_index(&self) -> String {
        let before = match self.kind {
            Kind::Execution => prefix::of_execution(self.tenant, self.id),
            Kind::Script => prefix::of(self.tenant),
        };
        prefix::before_each(&before, &self.words)
    }
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::Script => "script",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Execution, Self::Script]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// What an execution is found by: the script's name, what went wrong, what was logged, what came
/// out and what went in. Each of the last three adds a bounded number of words.
pub(crate) fn words_of_execution<'a>(
    execution: &'a Execution,
    logs: impl IntoIterator<Item = &'a LogLine>,
) -> String {
    let mut words = Words::default();
    for mark in marks(
        Some(execution.script),
        Some(execution.status),
        Some(execution.trigger),
    ) {
        words.mark(&mark);
    }
    words.add(&execution.script_name);
    if let Some(failure) = &execution.failure {
        words.part([failure.code.as_str(), failure.message.as_str()]);
    }
    words.log(logs.into_iter().map(|line| {
        let data = line.data.as_ref().map(scriptorium_model::Json::as_str);
        (line.message.as_str(), data)
    }));
    if let Some(output) = &execution.output {
        words.json(output.as_str());
    }
    words.json(execution.input.as_str());
    words.into_text()
}

/// The marks of what a list can be narrowed by beside words, so that a common word in what is rare
/// costs as little as the rare. An execution that has ended keeps all three for ever.
pub(crate) fn marks(
    script: Option<ScriptId>,
    status: Option<ExecutionStatus>,
    trigger: Option<TriggerKind>,
) -> impl Iterator<Item = String> {
    let script = script.map(|id| id.0.simple().to_string());
    let status = status.map(|status| status.as_str().to_owned());
    let trigger = trigger.map(|trigger| trigger.as_str().to_owned());
    [script, status, trigger].into_iter().flatten()
}

/// What a script is found by: its name, its description, its tags.
pub(crate) fn words_of_script(definition: &Definition) -> String {
    let mut words = Words::default();
    words.add(&definition.name).add(&definition.description);
    words.part(definition.tags.iter().map(String::as_str));
    words.into_text()
}

/// Notes documents for the index, in a transaction across tenants.
pub(crate) async fn note(tx: &Tx, documents: &[&Document]) -> Result<()> {
    const COLUMNS: usize = 4;
    for some in chunks(documents) {
        let mut sql = tx.sql("insert into search_pending (tenant_id, kind, id, words) values ");
        sql.push_rows(some.len(), COLUMNS);
        let mut bound: Vec<Value> = Vec::with_capacity(some.len() * COLUMNS);
        for document in some {
            bound.extend([
                document.tenant.0.into(),
                document.kind.as_str().into(),
                document.id.into(),
                document.words.as_str().into(),
            ] as [Value; COLUMNS]);
        }
        tx.execute(sql.with(bound)).await?;
    }
    Ok(())
}

/// Notes a script for the index, in the transaction that changes it.
pub(crate) async fn note_script(tx: &Tx, script: Uuid, definition: &Definition) -> Result<()> {
    let sql = tx
        .sql(
            "insert into search_pending (tenant_id, kind, id, words) \
             values ($1, 'script', $2, $3)",
        )
        .with([script.into(), words_of_script(definition).into()]);
    tx.execute(sql).await?;
    Ok(())
}

/// Notes an execution for the index whose words are not at hand, but in its record. Its values are
/// the tenant and the execution's id.
pub(crate) const NOTE_UNREAD: &str =
    "insert into search_pending (tenant_id, kind, id) values ($1, 'execution', $2)";

/// Puts documents into the index, in a transaction across tenants; a script's replaces the one it
/// had.
pub(crate) async fn store(tx: &Tx, documents: &[Document]) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::store(tx, documents).await,
        Dialect::Postgres => postgres::store(tx, documents).await,
    }
}

/// Takes documents of a tenant out of the index and off the list of what waits for it, in a transaction
/// of the tenant or of all. First off the list: whoever is indexing them has them there, and ends
/// before this goes on.
pub(crate) async fn forget(tx: &Tx, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<()> {
    for some in chunks(ids) {
        let delete = match kind {
            Kind::Execution => {
                "delete from search_pending where tenant_id = $1 and kind = 'execution' and id in "
            }
            Kind::Script => {
                "delete from search_pending where tenant_id = $1 and kind = 'script' and id in "
            }
        };
        let mut sql = tx.sql_of(tenant, delete);
        sql.bind_list(some.iter().map(|id| (*id).into()));
        tx.execute(sql).await?;
    }
    match tx.dialect() {
        Dialect::Sqlite => sqlite::forget(tx, tenant, kind, ids).await,
        Dialect::Postgres => postgres::forget(tx, tenant, kind, ids).await,
    }
}

/// The tenant's newest executions that hold the words, with ids from `above` up to below `below`.
pub(crate) async fn executions(
    db: &Scope,
    query: &Query,
    range: (Uuid, Uuid),
    most: u32,
) -> Result<Vec<Uuid>> {
    match db.dialect() {
        Dialect::Sqlite => sqlite::executions(db, query, range, most).await,
        Dialect::Postgres => postgres::executions(db, query, range, most).await,
    }
}

/// Adds the condition that the script `s` holds the words.
pub(crate) fn narrow_scripts(db: &Scope, sql: &mut Sql, query: &Query) {
    match db.dialect() {
        Dialect::Sqlite => sqlite::narrow_scripts(sql, query),
        Dialect::Postgres => postgres::narrow_scripts(sql, query),
    }
}
