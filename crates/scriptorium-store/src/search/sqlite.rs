//! The index in SQLite: two FTS5 tables without content, and beside each the table that leads from
//! a document's number to what it describes.

use std::collections::BTreeMap;

use scriptorium_model::{TenantId, Uuid};

use super::{Document, Kind, Query, number, prefix};
use crate::db::{FromRow, Scope, Sql, Tx, Value};
use crate::error::{Error, Result};
use crate::executions::IdRow;
use crate::history::chunks;

pub(super) async fn store(tx: &Tx, documents: &[Document]) -> Result<()> {
    let of = |kind| {
        documents
            .iter()
            .filter(move |document| document.kind == kind)
    };
    let mut scripts: BTreeMap<TenantId, Vec<Uuid>> = BTreeMap::new();
    for document in of(Kind::Script) {
        scripts
            .entry(document.tenant)
            .or_default()
            .push(document.id);
    }
    for (tenant, ids) in scripts {
        forget(tx, tenant, Kind::Script, &ids).await?;
    }
    for kind in [Kind::Execution, Kind::Script] {
        let mut numbered = give_numbers(tx, kind, of(kind).collect()).await?;
        // FTS5 writes a segment whenever a number is smaller than the one before.
        numbered.sort_unstable_by_key(|(number, _)| *number);
        for some in chunks(&numbered) {
            let mut sql = tx.sql(match kind {
                Kind::Execution => "insert into execution_words (rowid, words) values ",
                Kind::Script => "insert into script_words (rowid, words) values ",
            });
            sql.push_rows(some.len(), 2);
            let bound = some.iter().flat_map(|(number, document)| {
                [(*number).into(), document.words_of_index().into()] as [Value; 2]
            });
            tx.execute(sql.with(bound)).await?;
        }
    }
    Ok(())
}

/// Takes for each document the first free number of those it may have.
async fn give_numbers<'a>(
    tx: &Tx,
    kind: Kind,
    mut waiting: Vec<&'a Document>,
) -> Result<Vec<(i64, &'a Document)>> {
    const COLUMNS: usize = 3;
    let mut numbered = Vec::with_capacity(waiting.len());
    for choice in 0..number::CHOICES {
        let mut taken = Vec::new();
        for some in chunks(&waiting) {
            let mut sql = tx.sql(match kind {
                Kind::Execution => "insert into execution_documents (docid, tenant_id, id) values ",
                Kind::Script => "insert into script_documents (docid, tenant_id, id) values ",
            });
            sql.push_rows(some.len(), COLUMNS);
            sql.push(" on conflict (docid) do nothing returning id");
            let bound = some.iter().flat_map(|document| {
                [
                    (number::of(document.id) + choice).into(),
                    document.tenant.0.into(),
                    document.id.into(),
                ] as [Value; COLUMNS]
            });
            taken.extend(tx.all::<IdRow>(sql.with(bound)).await?);
        }
        let taken: std::collections::HashSet<Uuid> = taken.into_iter().map(|row| row.id).collect();
        waiting.retain(|document| {
            let took = taken.contains(&document.id);
            if took {
                numbered.push((number::of(document.id) + choice, *document));
            }
            !took
        });
        if waiting.is_empty() {
            return Ok(numbered);
        }
    }
    Err(Error::platform("no number is free for a search document"))
}

pub(super) async fn forget(tx: &Tx, tenant: TenantId, kind: Kind, ids: &[Uuid]) -> Result<()> {
    for some in chunks(ids) {
        let mut sql = tx.sql_of(tenant, "with wanted (number, id) as (values ");
        for (index, id) in some.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " });
            sql.bind_list([number::of(*id).into(), (*id).into()]);
        }
        sql.push(match kind {
            Kind::Execution => ") select d.docid from wanted w cross join execution_documents d",
            Kind::Script => ") select d.docid from wanted w cross join script_documents d",
        });
        sql.push(" on d.docid >= w.number and d.docid < w.number + ");
        sql.bind(number::CHOICES);
        sql.push(" where d.tenant_id = $1 and d.id = w.id");
        let numbers: Vec<NumberRow> = tx.all(sql).await?;
        if numbers.is_empty() {
            continue;
        }
        // The words say no tenant; the numbers beside them do.
        let [words, documents] = match kind {
            Kind::Execution => [
                "delete from execution_words where rowid in \
                 (select docid from execution_documents where tenant_id = $1 and docid in ",
                "delete from execution_documents where tenant_id = $1 and docid in ",
            ],
            Kind::Script => [
                "delete from script_words where rowid in \
                 (select docid from script_documents where tenant_id = $1 and docid in ",
                "delete from script_documents where tenant_id = $1 and docid in ",
            ],
        };
        for (delete, end) in [(words, ")"), (documents, "")] {
            let mut sql = tx.sql_of(tenant, delete);
            sql.bind_list(numbers.iter().map(|row| row.docid.into()));
            sql.push(end);
            tx.execute(sql).await?;
        }
    }
    Ok(())
}

/// Most days of one statement.
const MOST_DAYS: u32 = 64;

/// FTS5 gathers every document of a word that begins as asked before it gives the first one, so it
/// is asked for the newest day alone, then for twice as many before it, and so on: a common word is
/// found in a few days, and the many that a rare one takes have few documents of it.
pub(super) async fn executions(
    db: &Scope,
    query: &Query,
    (above, below): (Uuid, Uuid),
    most: u32,
) -> Result<Vec<Uuid>> {
    let mut found = Vec::new();
    let Some((first, mut last)) = days(db, above, below).await? else {
        return Ok(found);
    };
    let mut days = 1;
    loop {
        let from = last.saturating_sub(days - 1).max(first);
        // The numbers bound what the index reads; the ids decide.
        let sql = db
            .sql(
                "select d.id from execution_words w cross join execution_documents d \
                 on d.docid = w.rowid where w.execution_words match $2 and w.rowid >= $3 \
                 and w.rowid < $4 and d.tenant_id = $1 and d.id >= $5 and d.id < $6 \
                 order by w.rowid desc limit $7",
            )
            .with([
                query.of_days_for_sqlite(from..=last).into(),
                number::of(above).into(),
                number::of(below).saturating_add(number::CHOICES).into(),
                above.into(),
                below.into(),
                (most - found.len() as u32).into(),
            ]);
        let rows: Vec<IdRow> = db.all(sql).await?;
        found.extend(rows.into_iter().map(|row| row.id));
        if found.len() >= most as usize || from == first {
            return Ok(found);
        }
        last = from - 1;
        days = (days * 2).min(MOST_DAYS);
    }
}

/// The days of the tenant's first and last execution in a range.
async fn days(db: &Scope, above: Uuid, below: Uuid) -> Result<Option<(u32, u32)>> {
    let sql = db
        .sql(
            "select (select e.id from executions e where e.tenant_id = $1 and e.id >= $2 \
             order by e.id limit 1) as oldest, \
             (select e.id from executions e where e.tenant_id = $1 and e.id < $3 \
             order by e.id desc limit 1) as newest",
        )
        .with([above.into(), below.into()]);
    let row: Option<RangeRow> = db.one(sql).await?;
    let range = row.and_then(|row| row.oldest.zip(row.newest));
    let range = range.filter(|(oldest, newest)| oldest <= newest);
    Ok(range.map(|(oldest, newest)| (prefix::day_of(oldest), prefix::day_of(newest))))
}

/// In the order of the list, as the plus has it: the other way round, all that hold a common word
/// would be sorted.
pub(super) fn narrow_scripts(sql: &mut Sql, query: &Query) {
    sql.push(
        " and +s.id in (select d.id from script_words w cross join script_documents d \
         on d.docid = w.rowid where d.tenant_id = $1 and w.script_words match ",
    );
    sql.bind(query.of_scripts_for_sqlite()).push(")");
}

#[derive(FromRow)]
struct NumberRow {
    docid: i64,
}

#[derive(FromRow)]
struct RangeRow {
    oldest: Option<Uuid>,
    newest: Option<Uuid>,
}
