//! Filling and asking SQLite. The file is filled without a journal and with the larger indexes made
//! at the end, by their own definitions; then it is opened as a server opens it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};
use scriptorium_model::TenantId;
use scriptorium_store::{Options, Store};

use crate::filling::{COPIED, COPIES, NOTE_COPIES, copies};
use crate::number;
use crate::plans::{Logged, Plan};
use crate::questions::{Asker, Subscribed};
use crate::report::Measured;
use crate::rows::Source;
use crate::shape::Shape;
use crate::world::{World, ambient};

pub(crate) async fn measure(shape: Shape, parent: &Path) -> Result<Measured> {
    let dir = tempfile::tempdir_in(parent)?;
    let options = Options::new(dir.path());
    let store = Store::open(options.clone(), ambient()).await?;
    let world = World::begin(&store, shape, ambient()).await?;
    store.close().await;
    drop(store);

    let begin = Instant::now();
    let file = dir.path().join("scriptorium.db");
    let source = fill(&file, shape, &world)?;
    let store = Store::open(options, ambient()).await?;
    while store.index_pending().await?.more {}
    let filled = begin.elapsed();
    let bytes = std::fs::metadata(&file)?.len();
    println!("SQLite: filled in {filled:.0?}, {} MiB", bytes >> 20);

    let asked = Connection::open(&file)?;
    let explained = Connection::open(&file)?;
    let asker = Asker {
        store: &store,
        world: &world,
        source: &source,
        shape,
        subscribed: &Beside(asked),
    };
    let plans = asker
        .plans(&Logged(|sql: &str| explain(&explained, sql)))
        .await?;
    let answers = asker.time(plans).await?;
    store.close().await;
    let version: String =
        Connection::open(&file)?.query_row("select sqlite_version()", [], |row| row.get(0))?;
    Ok(Measured {
        database: format!("SQLite {version}"),
        filled,
        bytes,
        answers,
    })
}

fn fill(file: &Path, shape: Shape, world: &World) -> Result<Source> {
    let mut db = Connection::open(file)?;
    db.execute_batch(
        "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -1048576; \
         pragma temp_store = memory; pragma foreign_keys = off; pragma locking_mode = exclusive;",
    )?;
    let now_us = world.ambient.now().as_microsecond();
    let source = Source::new(shape, &world.tenants, now_us.unsigned_abs() / 1_000);
    fill_scripts(&mut db, shape, world, &source, now_us)?;
    let indexes = drop_indexes(&db, &["executions"])?;
    fill_executions(&mut db, shape, &source)?;
    for definition in indexes {
        db.execute_batch(&definition)?;
    }
    // Back to what the store's connections expect to find.
    db.execute_batch("pragma journal_mode = wal; pragma locking_mode = normal;")?;
    Ok(source)
}

fn fill_scripts(
    db: &mut Connection,
    shape: Shape,
    world: &World,
    source: &Source,
    now_us: i64,
) -> Result<()> {
    let tx = db.transaction()?;
    tx.execute_batch(COPIES)?;
    {
        let mut insert = tx.prepare("insert into copies values (?, ?, ?, ?, ?, ?, ?, ?)")?;
        for copy in copies(shape, source, &world.tenants, now_us) {
            insert.execute(params![
                world.templates[copy.template].id.0.as_bytes(),
                copy.tenant.0.as_bytes(),
                copy.id.as_bytes(),
                copy.name,
                copy.path,
                copy.event,
                copy.next_at,
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

/// Drops the indexes that are not a key; the statements that make them again.
fn drop_indexes(db: &Connection, tables: &[&str]) -> Result<Vec<String>> {
    let mut definitions = Vec::new();
    for table in tables {
        let mut rows = db.prepare(
            "select name, sql from sqlite_master where type = 'index' and tbl_name = ? \
             and sql is not null",
        )?;
        let found = rows.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: Vec<(String, String)> = found.collect::<Result<_, _>>()?;
        for (name, sql) in found {
            db.execute_batch(&format!("drop index {name}"))?;
            definitions.push(sql);
        }
    }
    Ok(definitions)
}

/// Rows of one transaction, and of one segment of the index.
const CHUNK: u64 = 100_000;

fn fill_executions(db: &mut Connection, shape: Shape, source: &Source) -> Result<()> {
    db.execute_batch(
        "insert into execution_words (execution_words, rank) values ('hashsize', 67108864)",
    )?;
    let mut next = 0;
    while next < shape.executions {
        let end = (next + CHUNK).min(shape.executions);
        let tx = db.transaction()?;
        insert_chunk(&tx, source, next..end)?;
        tx.commit()?;
        next = end;
    }
    db.execute_batch("delete from execution_words_config where k = 'hashsize'")?;
    Ok(())
}

fn insert_chunk(db: &Connection, source: &Source, range: std::ops::Range<u64>) -> Result<()> {
    let mut execution = db.prepare_cached(
        "insert into executions (tenant_id, id, script_id, script_name, version, status, \
         trigger_kind, attempt, test, created_at, started_at, completed_at, queued_us, \
         duration_us, cpu_us, memory_peak_bytes, api_calls, db_queries, dropped_logs, \
         failure_code, failure_message, input, output) values (?, ?, ?, ?, 1, ?, ?, 1, 0, ?7, ?7, \
         ?7, 150, 900, 400, 65536, 3, 0, 0, ?8, ?8, ?9, ?10)",
    )?;
    let mut line = db.prepare_cached(
        "insert into execution_logs (tenant_id, execution_id, seq, level, at, message) \
         values (?, ?, 1, 'info', ?, ?)",
    )?;
    let mut document = db.prepare_cached(
        "insert into execution_documents (docid, tenant_id, id) values (?, ?, ?) \
         on conflict (docid) do nothing",
    )?;
    let mut words =
        db.prepare_cached("insert into execution_words (rowid, words) values (?, ?)")?;
    let mut documents = Vec::with_capacity((range.end - range.start) as usize);
    for row in range.map(|number| source.execution(number)) {
        execution.execute(params![
            row.tenant.0.as_bytes(),
            row.id.as_bytes(),
            row.script.as_bytes(),
            row.script_name,
            row.status,
            row.trigger,
            row.created_at,
            row.failure,
            row.input,
            row.output,
        ])?;
        line.execute(params![
            row.tenant.0.as_bytes(),
            row.id.as_bytes(),
            row.created_at,
            row.line
        ])?;
        let mut docid = number::of(row.id);
        while document.execute(params![docid, row.tenant.0.as_bytes(), row.id.as_bytes()])? == 0 {
            docid += 1;
        }
        documents.push((docid, row.words));
    }
    documents.sort_unstable_by_key(|(docid, _)| *docid);
    for (docid, text) in documents {
        words.execute(params![docid, text])?;
    }
    Ok(())
}

/// A connection of its own, for the question that the store has no function for.
struct Beside(Connection);

const SUBSCRIBED: &str = "select script_id from subscriptions where tenant_id = ? \
    and event_type = ? and active = true";

impl Subscribed for Beside {
    async fn subscribed(&self, tenant: TenantId, event: &str) -> Result<usize> {
        // As sqlx would, for whoever listens.
        tracing::debug!(target: "sqlx::query", summary = SUBSCRIBED);
        let mut statement = self.0.prepare_cached(SUBSCRIBED)?;
        let rows = statement.query_map(params![tenant.0.as_bytes(), event], |_| Ok(()))?;
        Ok(rows.count())
    }
}

fn explain(db: &Connection, sql: &str) -> Result<Plan> {
    let mut statement = db.prepare(&format!("explain query plan {sql}"))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get::<_, String>("detail")?);
    }
    // An index that is read from end to end has a name behind USING; neither a virtual table's
    // index nor a list of values is a table.
    let harmless = ["VIRTUAL TABLE", "USING", "CONSTANT ROW"];
    let scans = |step: &&String| {
        step.starts_with("SCAN ") && !harmless.iter().any(|word| step.contains(word))
    };
    let scan = steps.iter().find(scans).cloned();
    Ok(Plan {
        text: steps.join("; "),
        scan,
    })
}
