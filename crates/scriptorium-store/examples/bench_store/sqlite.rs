//! Filling and asking SQLite. The file is filled without a journal and with the larger indexes made
//! at the end, by their own definitions; then it is opened as a server opens it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags, params};
use scriptorium_store::{Options, Store};

use crate::asking::Asker;
use crate::filling::{COPIED, COPIES, NOTE_COPIES, ahead, copies};
use crate::home::{Filled, Home};
use crate::number;
use crate::plans::{Logged, Plan};
use crate::questions::Dialect;
use crate::report::Measured;
use crate::rows::{Generated, Source};
use crate::shape::Shape;
use crate::world::{World, ambient};

pub(crate) async fn measure(shape: Shape, home: &Home) -> Result<Measured> {
    let options = Options::new(home.path());
    let filled = match home.filled(shape) {
        Some(filled) => filled,
        None => make(shape, home, &options).await?,
    };
    let file = file_of(home);
    let bytes = std::fs::metadata(&file)?.len();
    println!("SQLite: filled in {:.0?}, {} MiB", filled.took, bytes >> 20);
    let store = Store::open(options, ambient()).await?;
    let world = World::again(&store, filled.now_us, ambient()).await?;
    let source = world.source(shape);

    let explained = Connection::open(&file)?;
    let asker = Asker::new(&store, &world, &source);
    let deep = asker.deep_cursors().await?;
    let logged = Logged(|sql: &str| explain(&explained, sql));
    let plans = asker.plans(&logged, &deep).await?;
    drop(explained);
    let answers = asker.time(Dialect::Sqlite, plans, &deep).await?;
    store.close().await;
    let version: String =
        Connection::open(&file)?.query_row("select sqlite_version()", [], |row| row.get(0))?;
    Ok(Measured {
        database: format!("SQLite {version}"),
        settings:
            "as the server opens it: WAL, `synchronous=full`, a cache of 8 MiB for each of 4 \
                   readers"
                .into(),
        filled: filled.took,
        bytes,
        answers,
    })
}

async fn make(shape: Shape, home: &Home, options: &Options) -> Result<Filled> {
    home.clear()?;
    let store = Store::open(options.clone(), ambient()).await?;
    let world = World::begin(&store, shape, ambient()).await?;
    store.close().await;
    drop(store);

    let begin = Instant::now();
    let (file, source) = (file_of(home), world.source(shape));
    let (templates, now_us) = (world.template_ids(), world.now_us);
    tokio::task::spawn_blocking(move || fill(&file, &source, &templates, now_us)).await??;
    let store = Store::open(options.clone(), ambient()).await?;
    while store.index_pending().await?.more {}
    store.close().await;
    let filled = Filled {
        now_us,
        took: begin.elapsed(),
    };
    home.note_filled(shape, filled)?;
    Ok(filled)
}

fn file_of(home: &Home) -> PathBuf {
    home.path().join("scriptorium.db")
}

fn fill(file: &Path, source: &Arc<Source>, templates: &[[u8; 16]], now_us: i64) -> Result<()> {
    // One thread at a time has it, so that no mutex is needed.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(file, flags)?;
    db.execute_batch(
        "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -524288; \
         pragma foreign_keys = off; pragma locking_mode = exclusive;",
    )?;
    fill_scripts(&mut db, source, templates, now_us)?;
    let indexes = drop_indexes(&db, "executions")?;
    fill_executions(&mut db, source)?;
    fill_events(&mut db, source)?;
    for definition in indexes {
        db.execute_batch(&definition)?;
    }
    // Back to what the store's connections expect to find.
    db.execute_batch("pragma journal_mode = wal; pragma locking_mode = normal;")?;
    Ok(())
}

fn fill_scripts(
    db: &mut Connection,
    source: &Source,
    templates: &[[u8; 16]],
    now_us: i64,
) -> Result<()> {
    let tx = db.transaction()?;
    tx.execute_batch(COPIES)?;
    {
        let mut insert =
            tx.prepare("insert into copies values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        for copy in copies(source, now_us) {
            insert.execute(params![
                templates[copy.template],
                copy.tenant.0.as_bytes(),
                copy.id.as_bytes(),
                copy.name,
                copy.description,
                copy.tag,
                copy.path,
                copy.event,
                copy.status,
                copy.status == "active",
                copy.next_at,
                copy.at,
                copy.words,
            ])?;
        }
        for copied in &COPIED {
            let mut columns = tx.prepare("select name from pragma_table_info(?)")?;
            let columns = columns
                .query_map([copied.table], |row| row.get(0))?
                .collect::<Result<Vec<String>, _>>()?;
            tx.execute_batch(&copied.statement(&columns))
                .with_context(|| copied.table)?;
        }
    }
    tx.execute_batch(NOTE_COPIES)?;
    tx.commit()?;
    Ok(())
}

/// Drops the indexes of every row that are not a key; the statements that make them again.
fn drop_indexes(db: &Connection, table: &str) -> Result<Vec<String>> {
    let mut rows = db.prepare(
        "select name, sql from sqlite_master where type = 'index' and tbl_name = ? \
         and sql is not null and sql not like '% where %'",
    )?;
    let found = rows.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, String)> = found.collect::<Result<_, _>>()?;
    let mut definitions = Vec::new();
    for (name, sql) in found {
        db.execute_batch(&format!("drop index {name}"))?;
        definitions.push(sql);
    }
    Ok(definitions)
}

/// Rows of one transaction, and of one segment of the index.
const CHUNK: u64 = 100_000;

fn fill_executions(db: &mut Connection, source: &Arc<Source>) -> Result<()> {
    db.execute_batch(
        "insert into execution_words (execution_words, rank) values ('hashsize', 268435456)",
    )?;
    let rows = source.shape().executions;
    let source = Arc::clone(source);
    let mut made = ahead(rows, CHUNK, move |numbers| {
        let rows = numbers.map(|number| source.execution(number));
        rows.collect::<Vec<Generated>>()
    });
    while let Some(rows) = made.blocking_recv() {
        let tx = db.transaction()?;
        insert_executions(&tx, rows)?;
        tx.commit()?;
    }
    db.execute_batch("delete from execution_words_config where k = 'hashsize'")?;
    Ok(())
}

fn insert_executions(db: &Connection, rows: Vec<Generated>) -> Result<()> {
    let mut execution = db.prepare_cached(
        "insert into executions (tenant_id, id, script_id, script_name, version, status, \
         trigger_kind, attempt, test, created_at, started_at, completed_at, queued_us, \
         duration_us, cpu_us, memory_peak_bytes, api_calls, db_queries, dropped_logs, \
         failure_code, failure_message, input, output) values (?, ?, ?, ?, 1, ?, ?, 1, 0, ?7, ?7, \
         ?7, 150, 900, 400, 65536, 3, 0, 0, ?8, ?9, ?10, ?11)",
    )?;
    let mut line = db.prepare_cached(
        "insert into execution_logs (tenant_id, execution_id, seq, level, at, message, data) \
         values (?, ?, 1, 'info', ?, ?, ?)",
    )?;
    let mut document = db.prepare_cached(
        "insert into execution_documents (docid, tenant_id, id) values (?, ?, ?) \
         on conflict (docid) do nothing",
    )?;
    let mut words =
        db.prepare_cached("insert into execution_words (rowid, words) values (?, ?)")?;
    let mut documents = Vec::with_capacity(rows.len());
    for row in rows {
        let failure = row.failure.as_ref();
        execution.execute(params![
            row.tenant.0.as_bytes(),
            row.id.as_bytes(),
            row.script.as_bytes(),
            row.script_name,
            row.status,
            row.trigger,
            row.created_at,
            failure.map(|(code, _)| *code),
            failure.map(|(_, message)| message.as_str()),
            row.input,
            row.output,
        ])?;
        line.execute(params![
            row.tenant.0.as_bytes(),
            row.id.as_bytes(),
            row.created_at,
            row.line,
            row.line_data,
        ])?;
        let mut docid = number::of(row.id);
        while document.execute(params![docid, row.tenant.0.as_bytes(), row.id.as_bytes()])? == 0 {
            docid += 1;
        }
        documents.push((docid, row.words_of_index()));
    }
    documents.sort_unstable_by_key(|(docid, _)| *docid);
    for (docid, text) in documents {
        words.execute(params![docid, text])?;
    }
    Ok(())
}

fn fill_events(db: &mut Connection, source: &Source) -> Result<()> {
    let tx = db.transaction()?;
    {
        let mut insert = tx.prepare(
            "insert into events (tenant_id, id, kind, created_at, payload) values (?, ?, ?, ?, ?)",
        )?;
        for event in (0..source.shape().events()).map(|number| source.event(number)) {
            insert.execute(params![
                event.tenant.0.as_bytes(),
                event.id.as_bytes(),
                event.kind,
                event.created_at,
                event.payload,
            ])?;
        }
    }
    tx.commit()?;
    Ok(())
}

fn explain(db: &Connection, sql: &str) -> Result<Plan> {
    let mut statement = db.prepare(&format!("explain query plan {sql}"))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get::<_, String>("detail")?);
    }
    // What is read from end to end without being a table: a virtual table's own index, a list of
    // values, and what was made of one.
    let harmless = [
        "VIRTUAL TABLE",
        "CONSTANT ROW",
        "SCAN w",
        "SCAN wanted",
        "SCAN h",
        "SCAN hop",
    ];
    let page = steps.iter().any(|step| step == "CO-ROUTINE s");
    let reads_all = |step: &&String| {
        step.starts_with("SCAN ")
            && !harmless.iter().any(|word| step.contains(word))
            && !(page && *step == "SCAN s")
    };
    let flaw = steps.iter().find(reads_all);
    let flaw = flaw.map(|step| format!("reads a whole table: {step}"));
    let sorts = steps.iter().find(|step| step.contains("TEMP B-TREE"));
    let sorts = sorts.map(|step| format!("sorts: {step}"));
    Ok(Plan {
        flaw: flaw.or(sorts),
        text: steps.join("; "),
    })
}
