//! Filling and asking PostgreSQL: a cluster of its own from Debian's package. It is filled by COPY
//! without any durability, with the larger indexes made at the end by their own definitions, and
//! asked after a restart with the settings of a server in use; plans are those that the server logs
//! of what it really ran.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use scriptorium_store::{Options, PostgresOptions, Store};
use scriptorium_testing::Cluster;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection, Row};

use crate::asking::Asker;
use crate::filling::{COPIED, Copy, NOTE_COPIES, ahead, copies};
use crate::home::{Filled, Home};
use crate::plans::{Plan, Plans};
use crate::questions::Dialect;
use crate::report::Measured;
use crate::rows::{Generated, GeneratedEvent, Source};
use crate::shape::Shape;
use crate::world::{World, ambient};

const DATABASE: &str = "bench";
const KEY: [u8; 32] = [7; 32];
const PREFIX: &str = "bench";

/// Nothing is durable, and what one transaction makes anew is not logged.
const FILLING: &str = "-c fsync=off -c wal_level=minimal -c max_wal_senders=0 \
    -c max_wal_size=4GB -c shared_buffers=256MB -c autovacuum=off -c checkpoint_timeout=1h";
/// A small server in use; autovacuum waits, so that no figure is another's.
const ASKED: &str = "-c fsync=on -c full_page_writes=on -c shared_buffers=1GB \
    -c effective_cache_size=4GB -c random_page_cost=1.1 -c autovacuum=off";
/// The same, for the table.
const SETTINGS: &str = "`fsync=on`, `shared_buffers=1GB`, `random_page_cost=1.1`, the rest as \
    Debian has it; asked through the watched logins, behind row-level security";

pub(crate) async fn measure(shape: Shape, home: &Home) -> Result<Measured> {
    let data = home.path().join("data");
    let base = home.path().join("server");
    let (cluster, filled) = match home.filled(shape) {
        Some(filled) => (Cluster::resumed(base, ASKED), filled),
        None => {
            home.clear()?;
            let mut cluster = Cluster::tuned(base, FILLING, home.keeps());
            let filled = make(shape, &cluster, &data).await?;
            cluster.restart(ASKED);
            home.note_filled(shape, filled)?;
            (cluster, filled)
        }
    };
    let bytes: u64 = cluster
        .psql(DATABASE, "select pg_database_size(current_database())")
        .parse()?;
    println!(
        "PostgreSQL: filled in {:.0?}, {} MiB",
        filled.took,
        bytes >> 20
    );

    let options = options(&cluster, &data)?;
    let store = Store::open(options.clone(), ambient()).await?;
    let world = World::again(&store, filled.now_us, ambient()).await?;
    let source = world.source(shape);
    let deep = Asker::new(&store, &world, &source).deep_cursors().await?;
    store.close().await;
    // What the server does is logged for one pass, and the other is timed.
    explain(&cluster, true);
    let store = Store::open(options.clone(), ambient()).await?;
    let plans = Asker::new(&store, &world, &source)
        .plans(&ServerLog::of(&cluster), &deep)
        .await?;
    store.close().await;
    explain(&cluster, false);
    let store = Store::open(options, ambient()).await?;
    let asker = Asker::new(&store, &world, &source);
    let answers = asker.time(Dialect::Postgres, plans, &deep).await?;
    store.close().await;
    let version = cluster.psql(DATABASE, "show server_version");
    let version = version.split(' ').next().unwrap_or_default();
    Ok(Measured {
        database: format!("PostgreSQL {version}"),
        settings: SETTINGS.into(),
        filled: filled.took,
        bytes,
        answers,
    })
}

fn options(cluster: &Cluster, data: &Path) -> Result<Options> {
    let mut options = Options::new(data);
    let server = PostgresOptions::derived(&cluster.superuser(DATABASE), &KEY, PREFIX)?;
    options.postgres = Some(server);
    Ok(options)
}

async fn make(shape: Shape, cluster: &Cluster, data: &Path) -> Result<Filled> {
    cluster.psql("postgres", "create database bench");
    let superuser = cluster.superuser(DATABASE);
    Store::create_roles(&superuser, &KEY, PREFIX).await?;
    let store = Store::open(options(cluster, data)?, ambient()).await?;
    let world = World::begin(&store, shape, ambient()).await?;
    let begin = Instant::now();
    fill(&superuser, &world, &world.source(shape)).await?;
    while store.index_pending().await?.more {}
    store.close().await;
    cluster.psql(DATABASE, "vacuum analyze");
    Ok(Filled {
        now_us: world.now_us,
        took: begin.elapsed(),
    })
}

/// The superuser, at the platform's tables. Foreign keys are not checked row by row: the rows are
/// made to fit.
async fn connect(url: &str) -> Result<PgConnection> {
    let options: sqlx::postgres::PgConnectOptions = url.parse()?;
    let mut connection = options.disable_statement_logging().connect().await?;
    connection
        .execute(
            "set search_path = scriptorium; set maintenance_work_mem = '1GB'; \
             set max_parallel_maintenance_workers = 1; set session_replication_role = replica",
        )
        .await?;
    Ok(connection)
}

async fn fill(url: &str, world: &World, source: &Arc<Source>) -> Result<()> {
    let mut db = connect(url).await?;
    let first = i64::try_from(source.begin_ms()).unwrap_or(0) * 1_000;
    sqlx::query("select make_partitions($1, 6)")
        .bind(first)
        .execute(&mut db)
        .await?;
    fill_scripts(&mut db, world, source).await?;
    // Two connections for two cores: what is found beside what it is found by.
    let mut other = connect(url).await?;
    tokio::try_join!(
        fill_executions(&mut db, source),
        fill_documents(&mut other, source),
    )?;
    Ok(())
}

async fn fill_scripts(db: &mut PgConnection, world: &World, source: &Source) -> Result<()> {
    db.execute(
        "create temp table copies (template uuid, tenant_id uuid, id uuid, name text, \
         description text, tag text, path text, event text, status text, active boolean, \
         next_at bigint, at bigint, words text)",
    )
    .await?;
    let mut text = String::new();
    for copy in copies(source, world.now_us) {
        let template = world.templates[copy.template].id;
        let active = copy.status == "active";
        let Copy {
            tenant,
            id,
            name,
            description,
            tag,
            path,
            event,
            status,
            next_at,
            at,
            words,
            ..
        } = copy;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{template}\t{tenant}\t{id}\t{name}\t{description}\t{tag}\t{path}\t{event}\t{status}\t\
             {active}\t{next_at}\t{at}\t{words}"
        );
    }
    let mut copy = db.copy_in_raw("copy copies from stdin").await?;
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    for copied in &COPIED {
        let columns: Vec<String> = sqlx::query_scalar(
            "select column_name::text from information_schema.columns \
             where table_schema = 'scriptorium' and table_name = $1 and is_generated = 'NEVER' \
             order by ordinal_position",
        )
        .bind(copied.table)
        .fetch_all(&mut *db)
        .await?;
        db.execute(AssertSqlSafe(copied.statement(&columns)))
            .await
            .context(copied.table)?;
    }
    db.execute(NOTE_COPIES).await?;
    Ok(())
}

/// Executions, their log lines, and the events.
async fn fill_executions(db: &mut PgConnection, source: &Arc<Source>) -> Result<()> {
    let executions = "copy executions (tenant_id, id, script_id, script_name, version, status, \
        trigger_kind, attempt, test, created_at, started_at, completed_at, queued_us, duration_us, \
        cpu_us, memory_peak_bytes, api_calls, db_queries, dropped_logs, failure_code, \
        failure_message, input, output) from stdin";
    let indexes = drop_indexes(db, "executions").await?;
    db.execute("begin; truncate executions").await?;
    copy_in(db, executions, source, |text, row: Generated| {
        let (code, message) = row
            .failure
            .as_ref()
            .map_or(("\\N", "\\N"), |(code, message)| (*code, message.as_str()));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t1\t{}\t{}\t1\tf\t{at}\t{at}\t{at}\t150\t900\t400\t65536\t3\t0\t0\t\
             {code}\t{message}\t{}\t{}",
            row.tenant,
            row.id,
            row.script,
            row.script_name,
            row.status,
            row.trigger,
            row.input,
            row.output.as_deref().unwrap_or("\\N"),
            at = row.created_at,
        );
    })
    .await?;
    db.execute("commit").await?;
    make_indexes(db, indexes).await?;
    let lines = "copy execution_logs (tenant_id, execution_id, seq, level, at, message, data) \
        from stdin";
    db.execute("begin; truncate execution_logs").await?;
    copy_in(db, lines, source, |text, row: Generated| {
        let _ = writeln!(
            text,
            "{}\t{}\t1\tinfo\t{}\t{}\t{}",
            row.tenant, row.id, row.created_at, row.line, row.line_data
        );
    })
    .await?;
    db.execute("commit").await?;
    let events = "copy events (tenant_id, id, kind, created_at, payload) from stdin";
    let mut text = String::new();
    for event in (0..source.shape().events()).map(|number| source.event(number)) {
        let GeneratedEvent {
            tenant,
            id,
            kind,
            created_at,
            payload,
        } = event;
        let _ = writeln!(text, "{tenant}\t{id}\t{kind}\t{created_at}\t{payload}");
    }
    let mut copy = db.copy_in_raw(events).await?;
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

async fn fill_documents(db: &mut PgConnection, source: &Arc<Source>) -> Result<()> {
    let documents = "copy execution_documents (tenant_id, id, words) from stdin";
    let indexes = drop_indexes(db, "execution_documents").await?;
    db.execute("begin; truncate execution_documents").await?;
    copy_in(db, documents, source, |text, row: Generated| {
        let _ = write!(text, "{}\t{}\t", row.tenant, row.id);
        text.push_str(&row.words_of_index());
        text.push('\n');
    })
    .await?;
    db.execute("commit").await?;
    make_indexes(db, indexes).await
}

/// Drops the indexes of a table that are not a key; the statements that make them again.
async fn drop_indexes(db: &mut PgConnection, table: &str) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "select c.relname::text, pg_get_indexdef(i.indexrelid) from pg_index i \
         join pg_class c on c.oid = i.indexrelid \
         where i.indrelid = $1::regclass and not i.indisprimary",
    )
    .bind(table)
    .fetch_all(&mut *db)
    .await?;
    let mut definitions = Vec::new();
    for row in rows {
        let (name, definition): (String, String) = (row.get(0), row.get(1));
        db.execute(AssertSqlSafe(format!("drop index {name}")))
            .await?;
        definitions.push(definition.replace(" ON ONLY ", " ON "));
    }
    Ok(definitions)
}

async fn make_indexes(db: &mut PgConnection, definitions: Vec<String>) -> Result<()> {
    for definition in definitions {
        db.execute(AssertSqlSafe(definition)).await?;
    }
    Ok(())
}

/// Sends the rows of every execution by COPY, some thousands at a time.
async fn copy_in(
    db: &mut PgConnection,
    statement: &str,
    source: &Arc<Source>,
    write: impl Fn(&mut String, Generated) + Send + 'static,
) -> Result<()> {
    let (rows, source) = (source.shape().executions, Arc::clone(source));
    let mut made = ahead(rows, 5_000, move |numbers| {
        let mut text = String::with_capacity(4 << 20);
        for number in numbers {
            write(&mut text, source.execution(number));
        }
        text
    });
    let mut copy = db.copy_in_raw(statement).await?;
    while let Some(text) = made.recv().await {
        copy.send(text.as_bytes()).await?;
    }
    copy.finish().await?;
    Ok(())
}

/// Switches the logging of plans for new connections.
fn explain(cluster: &Cluster, on: bool) {
    for (name, value) in [
        ("session_preload_libraries", "'auto_explain'"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_nested_statements", "on"),
    ] {
        let change = if on {
            format!("set {name} = {value}")
        } else {
            format!("reset {name}")
        };
        // The setting is known once the library is loaded.
        let change = format!("load 'auto_explain'; alter database {DATABASE} {change}");
        cluster.psql(DATABASE, &change);
    }
}

/// The plans that the server logs.
struct ServerLog {
    path: PathBuf,
    from: std::cell::Cell<u64>,
}

impl ServerLog {
    fn of(cluster: &Cluster) -> Self {
        let data = PathBuf::from(cluster.psql(DATABASE, "show data_directory"));
        Self {
            path: data.with_file_name("server.log"),
            from: std::cell::Cell::new(0),
        }
    }
}

impl Plans for ServerLog {
    fn begin(&self) -> Result<()> {
        self.from.set(std::fs::metadata(&self.path)?.len());
        Ok(())
    }

    fn end(&self) -> Result<Vec<Plan>> {
        let log = std::fs::read(&self.path)?;
        let from = usize::try_from(self.from.get())?;
        let text = String::from_utf8_lossy(&log[from..]).into_owned();
        Ok(text.split("plan:\n").skip(1).map(read_plan).collect())
    }
}

/// Rows that reading a table from end to end may touch; a partition without rows is read so.
const FEW_ROWS: u64 = 1_000;
/// Rows that may be read and thrown away, or sorted, for one page.
const SOME_ROWS: u64 = 10_000;

fn read_plan(block: &str) -> Plan {
    let lines: Vec<&str> = block
        .lines()
        .take_while(|line| line.starts_with('\t'))
        .collect();
    let number = |line: &str, before: &str| -> u64 {
        let digits = line.rsplit_once(before).map_or("", |(_, rest)| rest);
        let digits = digits.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let flaw = lines.iter().enumerate().find_map(|(place, line)| {
        let (rows, step) = (number(line, " rows="), line.trim());
        let removed = lines[place + 1..].iter().take(4);
        let removed: u64 = removed
            .take_while(|line| !line.contains("->"))
            .map(|line| number(line, "Rows Removed by Filter: "))
            .sum();
        if line.contains("Seq Scan on ") && rows + removed > FEW_ROWS {
            Some(format!("reads a whole table: {step}"))
        } else if removed > SOME_ROWS {
            Some(format!("throws {removed} rows away: {step}"))
        } else if line.contains("Sort ") && rows > SOME_ROWS {
            Some(format!("sorts: {step}"))
        } else {
            None
        }
    });
    Plan {
        text: lines.join("\n"),
        flaw,
    }
}
