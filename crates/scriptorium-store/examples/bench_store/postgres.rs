//! Filling and asking PostgreSQL: a private cluster from Debian's package, without fsync. Tables are
//! filled by COPY with the larger indexes made at the end, by their own definitions; plans are
//! those that the server logs of what it really ran.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use scriptorium_model::TenantId;
use scriptorium_store::{Options, PostgresOptions, Store};
use scriptorium_testing::Cluster;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection, Row};
use tokio::sync::Mutex;

use crate::filling::{COPIED, Copy, NOTE_COPIES, copies};
use crate::plans::{Plan, Plans};
use crate::questions::{Asker, Subscribed};
use crate::report::Measured;
use crate::rows::{Generated, Source};
use crate::shape::Shape;
use crate::world::{World, ambient};

const DATABASE: &str = "bench";
const KEY: [u8; 32] = [7; 32];
const PREFIX: &str = "bench";

pub(crate) async fn measure(shape: Shape) -> Result<Measured> {
    let cluster = Cluster::private();
    cluster.psql("postgres", "create database bench");
    let superuser = cluster.superuser(DATABASE);
    Store::create_roles(&superuser, &KEY, PREFIX).await?;
    let options = PostgresOptions::derived(&superuser, &KEY, PREFIX)?;
    Store::migrate(&options).await?;
    let dir = tempfile::tempdir()?;
    let mut opened = Options::new(dir.path());
    opened.postgres = Some(options);
    let store = Store::open(opened.clone(), ambient()).await?;
    let world = World::begin(&store, shape, ambient()).await?;

    let begin = Instant::now();
    let mut connection = connect(&superuser).await?;
    let source = fill(&mut connection, shape, &world).await?;
    while store.index_pending().await?.more {}
    connection.execute("vacuum analyze").await?;
    let filled = begin.elapsed();
    let bytes: i64 = sqlx::query_scalar("select pg_database_size(current_database())")
        .fetch_one(&mut connection)
        .await?;
    println!("PostgreSQL: filled in {filled:.0?}, {} MiB", bytes >> 20);
    store.close().await;

    // What the server does is logged for one pass, and the other is timed.
    explain(&cluster, true);
    let plans = {
        let store = Store::open(opened.clone(), ambient()).await?;
        let asker = Asker {
            store: &store,
            world: &world,
            source: &source,
            shape,
            subscribed: &Beside(Mutex::new(connect(&superuser).await?)),
        };
        let plans = asker.plans(&ServerLog::of(&cluster)).await?;
        store.close().await;
        plans
    };
    explain(&cluster, false);
    let store = Store::open(opened, ambient()).await?;
    let asker = Asker {
        store: &store,
        world: &world,
        source: &source,
        shape,
        subscribed: &Beside(Mutex::new(connect(&superuser).await?)),
    };
    let answers = asker.time(plans).await?;
    store.close().await;
    let version: String = sqlx::query_scalar("show server_version")
        .fetch_one(&mut connection)
        .await?;
    Ok(Measured {
        database: format!(
            "PostgreSQL {}",
            version.split(' ').next().unwrap_or_default()
        ),
        filled,
        bytes: bytes.unsigned_abs(),
        answers,
    })
}

/// The superuser, at the platform's tables.
async fn connect(url: &str) -> Result<PgConnection> {
    let options: sqlx::postgres::PgConnectOptions = url.parse()?;
    let mut connection = options.disable_statement_logging().connect().await?;
    connection
        .execute("set search_path = scriptorium; set maintenance_work_mem = '1GB'")
        .await?;
    Ok(connection)
}

async fn fill(db: &mut PgConnection, shape: Shape, world: &World) -> Result<Source> {
    let now_us = world.ambient.now().as_microsecond();
    let source = Source::new(shape, &world.tenants, now_us.unsigned_abs() / 1_000);
    // Foreign keys are checked row by row otherwise; the rows are made to fit.
    db.execute("set session_replication_role = replica").await?;
    let first = i64::try_from(source.begin_ms()).unwrap_or(0) * 1_000;
    sqlx::query("select make_partitions($1, 6)")
        .bind(first)
        .execute(&mut *db)
        .await?;
    fill_scripts(db, shape, world, &source, now_us).await?;
    let indexes = drop_indexes(db).await?;
    fill_executions(db, shape, &source).await?;
    for definition in indexes {
        db.execute(AssertSqlSafe(definition)).await?;
    }
    db.execute("set session_replication_role = origin").await?;
    Ok(source)
}

async fn fill_scripts(
    db: &mut PgConnection,
    shape: Shape,
    world: &World,
    source: &Source,
    now_us: i64,
) -> Result<()> {
    db.execute(
        "create temp table copies (template uuid, tenant_id uuid, id uuid, name text, path text, \
         event text, next_at bigint, words text)",
    )
    .await?;
    let rows = copies(shape, source, &world.tenants, now_us);
    copy_in(db, "copy copies from stdin", rows, |text, copy: Copy| {
        let template = world.templates[copy.template].id;
        let Copy {
            tenant,
            id,
            name,
            path,
            event,
            next_at,
            words,
            ..
        } = copy;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{template}\t{tenant}\t{id}\t{name}\t{path}\t{event}\t{next_at}\t{words}"
        );
    })
    .await?;
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

/// Drops the indexes of the large tables that are not a key; the statements that make them again.
async fn drop_indexes(db: &mut PgConnection) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "select c.relname::text, pg_get_indexdef(i.indexrelid) from pg_index i \
         join pg_class c on c.oid = i.indexrelid \
         where i.indrelid in ('executions'::regclass, 'execution_documents'::regclass) \
         and not i.indisprimary",
    )
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

async fn fill_executions(db: &mut PgConnection, shape: Shape, source: &Source) -> Result<()> {
    let rows = || (0..shape.executions).map(|number| source.execution(number));
    // Writing to a String cannot fail.
    let executions = "copy executions (tenant_id, id, script_id, script_name, version, status, \
        trigger_kind, attempt, test, created_at, started_at, completed_at, queued_us, duration_us, \
        cpu_us, memory_peak_bytes, api_calls, db_queries, dropped_logs, failure_code, \
        failure_message, input, output) from stdin";
    copy_in(db, executions, rows(), |text, row: Generated| {
        let failure = row.failure.unwrap_or("\\N");
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t1\t{}\t{}\t1\tf\t{at}\t{at}\t{at}\t150\t900\t400\t65536\t3\t0\t0\t\
             {failure}\t{failure}\t{}\t{}",
            row.tenant,
            row.id,
            row.script,
            row.script_name,
            row.status,
            row.trigger,
            row.input,
            row.output,
            at = row.created_at,
        );
    })
    .await?;
    let lines = "copy execution_logs (tenant_id, execution_id, seq, level, at, message) from stdin";
    copy_in(db, lines, rows(), |text, row: Generated| {
        let _ = writeln!(
            text,
            "{}\t{}\t1\tinfo\t{}\t{}",
            row.tenant, row.id, row.created_at, row.line
        );
    })
    .await?;
    let documents = "copy execution_documents (tenant_id, id, words) from stdin";
    copy_in(db, documents, rows(), |text, row: Generated| {
        let _ = writeln!(text, "{}\t{}\t{}", row.tenant, row.id, row.words);
    })
    .await
}

/// Sends rows by COPY, some megabytes at a time.
async fn copy_in<R>(
    db: &mut PgConnection,
    statement: &str,
    rows: impl Iterator<Item = R>,
    write: impl Fn(&mut String, R),
) -> Result<()> {
    let mut copy = db.copy_in_raw(statement).await?;
    let mut text = String::new();
    for row in rows {
        write(&mut text, row);
        if text.len() > 4 << 20 {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

/// A connection of its own, for the question that the store has no function for.
struct Beside(Mutex<PgConnection>);

impl Subscribed for Beside {
    async fn subscribed(&self, tenant: TenantId, event: &str) -> Result<usize> {
        let query = sqlx::query(
            "select script_id from subscriptions where tenant_id = $1 and event_type = $2 \
             and active = true",
        );
        let mut connection = self.0.lock().await;
        let rows = query.bind(tenant.0).bind(event).fetch_all(&mut *connection);
        Ok(rows.await?.len())
    }
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
        let load = "load 'auto_explain';";
        cluster.psql(DATABASE, load);
        cluster.psql(DATABASE, &format!("alter database {DATABASE} {change}"));
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
    let scan = lines.iter().enumerate().find(|(place, line)| {
        let removed = lines[*place + 1..].iter().take(3);
        let removed: u64 = removed
            .map(|line| number(line, "Rows Removed by Filter: "))
            .sum();
        line.contains("Seq Scan on ") && number(line, " rows=") + removed > FEW_ROWS
    });
    Plan {
        text: lines.join("\n"),
        scan: scan.map(|(_, line)| line.trim().to_owned()),
    }
}
