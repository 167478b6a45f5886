//! One tenant's file: opened, brought up to the declared schema, and used with JSON values. After
//! the migration the connection refuses to attach other files, change the schema, set pragmas or
//! end a transaction.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::{AuthAction, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{
    CachedStatement, ErrorCode, OptionalExtension, Statement, Transaction, TransactionBehavior,
};
use scriptorium_model::event::Event;
use scriptorium_model::storage::Kept;
use scriptorium_model::{Ambient, EventId, ExecutionId, Json, ScriptId, TenantId, Timestamp, Uuid};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::bounds::{Bounds, Filling};
use super::super::decimal::Decimal;
use super::super::schema::{ColumnType, Table, TenantSchema};
use super::super::statement::is_known_function;
use super::super::{Row, STATEMENT, gives_rows, refused, stopped, too_long};
use super::functions;
use super::mark::Mark;
use crate::error::{Error, Result, Unavailable};
use crate::storage::Written;

/// An open file.
pub(crate) struct Connection {
    file: rusqlite::Connection,
    ambient: Ambient,
    watch: Arc<Watch>,
    gate: Arc<Gate>,
    mark: Mark,
    /// Whether the transaction that is open has put something into the hidden tables.
    put: Cell<bool>,
    /// Work to come that is not tried in passing.
    long: Cell<u16>,
}

/// Until when what runs may go on, in microseconds since 1970, and whether it is still wanted.
struct Watch {
    whole: AtomicI64,
    statement: AtomicI64,
    /// Until when what is asked in passing may go on, and how often it may be looked at.
    passing: AtomicI64,
    looks: AtomicU32,
    /// Whether it has gone on for longer.
    ran_over: AtomicBool,
    stop: Mutex<CancellationToken>,
}

impl Watch {
    fn stopped(&self) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        stop.is_cancelled()
    }

    /// Whether what runs has to stop by now.
    fn ends(&self, now: i64) -> bool {
        let passing = self.passing.load(Ordering::Relaxed);
        if passing < i64::MAX {
            let looks = self.looks.fetch_sub(1, Ordering::Relaxed);
            if now > passing || looks <= 1 {
                self.ran_over.store(true, Ordering::Relaxed);
                return true;
            }
        }
        now > self.statement.load(Ordering::Relaxed) || self.stopped()
    }
}

/// The hidden tables. No table that is declared begins so.
const HIDDEN: [&str; 2] = ["_outbox", "_entries"];

/// Events that wait to be relayed.
const CREATE_OUTBOX: &str = "create table if not exists _outbox (\
    position integer primary key autoincrement, id blob not null unique, kind text not null, \
    payload text not null, key text, script blob, execution blob, lineage text not null, \
    created_at integer not null)";

/// What the last transaction that changed storage has left there, under its number, until the next.
const CREATE_ENTRIES: &str = "create table if not exists _entries (\
    key text not null primary key, number integer not null, value text, expires_at integer) without rowid";

/// What statements may do beside reading and changing rows.
#[derive(Default)]
struct Gate {
    /// Whether the transaction that begins or ends is ours.
    ours: AtomicBool,
    /// Whether a script asks: it reaches the tables that are open to it, and functions off a list.
    script: AtomicBool,
    open: BTreeSet<String>,
    /// Columns by table that the file has of a later declaration. Statements do not see them.
    undeclared: BTreeMap<String, BTreeSet<String>>,
    /// Those that the statement which was prepared last would have seen.
    unseen: Mutex<BTreeSet<String>>,
}

impl Connection {
    /// Opens the file, making it and what is missing of its tables. `mark` tells of what waits in the hidden ones.
    pub(super) fn open(
        path: &Path,
        schema: &TenantSchema,
        ambient: &Ambient,
        mark: Mark,
    ) -> Result<Self> {
        let file = rusqlite::Connection::open(path)?;
        file.busy_timeout(Duration::from_secs(5))?;
        // PostgreSQL's `like` tells upper from lower case.
        file.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma trusted_schema = off; pragma temp_store = memory; \
             pragma case_sensitive_like = on;",
        )?;
        functions::register(&file)?;
        migrate(&file, schema)?;
        // A value doubled a few dozen times would be all the memory there is.
        file.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES)?;
        let open = schema.tables.iter().filter(|table| table.scripts.is_some());
        let gate = Arc::new(Gate {
            open: open.map(|table| table.name.clone()).collect(),
            undeclared: undeclared(&file, schema)?,
            ..Gate::default()
        });
        let asked = Arc::clone(&gate);
        file.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
            asked.answer(context.action)
        }))?;
        let watch = Arc::new(Watch {
            whole: AtomicI64::new(i64::MAX),
            statement: AtomicI64::new(i64::MAX),
            passing: AtomicI64::new(i64::MAX),
            looks: AtomicU32::new(0),
            ran_over: AtomicBool::new(false),
            stop: Mutex::default(),
        });
        let (seen, clock) = (Arc::clone(&watch), ambient.clone());
        let late = move || seen.ends(clock.now().as_microsecond());
        file.progress_handler(CHECK_EVERY, Some(late))?;
        let opened = Self {
            file,
            ambient: ambient.clone(),
            watch,
            gate,
            mark,
            put: Cell::new(false),
            long: Cell::new(0),
        };
        // Of a file that was put into its place without its mark.
        opened.put.set(opened.is_waiting()?);
        Ok(opened)
    }

    pub(in super::super) fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.query_bounded(sql, params, Bounds::NONE)
    }

    /// Does work with what a script may reach.
    pub(in super::super) fn as_script<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        self.gate.script.store(true, Ordering::Relaxed);
        let done = work(self);
        self.gate.script.store(false, Ordering::Relaxed);
        done
    }

    pub(in super::super) fn query_bounded(
        &self,
        sql: &str,
        params: &[Value],
        bounds: Bounds,
    ) -> Result<Vec<Row>> {
        let mut statement = self.prepare(sql)?;
        let columns: Vec<(String, Option<ColumnType>)> = statement
            .columns()
            .iter()
            .map(|column| {
                let ty = column.decl_type().and_then(ColumnType::from_declared);
                (column.name().to_owned(), ty)
            })
            .collect();
        let unseen = self.gate.unseen();
        bind(&mut statement, params)?;
        let mut rows = statement.raw_query();
        let mut found = Filling::new(bounds);
        while let Some(row) = rows.next()? {
            let mut values = Row::new();
            for (index, (name, ty)) in columns.iter().enumerate() {
                if ty.is_some() || !unseen.contains(name) {
                    values.insert(name.clone(), to_json(row.get_ref(index)?, *ty));
                }
            }
            found.push(values)?;
        }
        Ok(found.rows())
    }

    pub(in super::super) fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        let mut statement = self.prepare(sql)?;
        if statement.column_count() > 0 {
            return Err(gives_rows());
        }
        bind(&mut statement, params)?;
        Ok(statement.raw_execute()? as u64)
    }

    pub(in super::super) fn transaction<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        // Dropped without a commit, or with one that failed, it rolls back what is still open. When
        // the work panics, closing the file does.
        let tx = self
            .gate
            .for_us(|| Transaction::new_unchecked(&self.file, TransactionBehavior::Immediate))?;
        self.put.set(false);
        let mut done = work(self);
        if self.put.get() && done.is_ok() {
            // Before the commit: a process that ends right after it is to find the events.
            if let Err(error) = self.mark.set() {
                done = Err(error);
            }
        }
        self.watch.statement.store(i64::MAX, Ordering::Relaxed);
        self.gate.for_us(|| match done {
            Ok(done) => Ok(tx.commit().map(|()| done)?),
            Err(error) => {
                drop(tx);
                Err(error)
            }
        })
    }

    /// Runs work inside of a transaction whose statements are kept together or not at all.
    pub(in super::super) fn nested<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let say = |text| self.gate.for_us(|| self.file.execute_batch(text));
        say("savepoint nested")?;
        let done = work();
        self.watch.statement.store(i64::MAX, Ordering::Relaxed);
        say(match done {
            Ok(_) => "release nested",
            Err(_) => "rollback to nested; release nested",
        })?;
        done
    }

    /// Puts an event into the outbox, in the transaction that is open.
    pub(in super::super) fn put(&self, event: &Event) -> Result<()> {
        let lineage = serde_json::Value::from(event.lineage.clone()).to_string();
        let id = |id: Option<Uuid>| id.map(|id| id.as_bytes().to_vec());
        self.hidden(|file| {
            // Not from the cache, where the text would be found by whoever writes the same.
            let mut statement = file.prepare(
                "insert into _outbox (id, kind, payload, key, script, execution, lineage, \
                 created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (id) do nothing",
            )?;
            statement.execute((
                event.id.0.as_bytes().to_vec(),
                &event.kind,
                event.payload.as_str(),
                &event.key,
                id(event.script.map(|id| id.0)),
                id(event.execution.map(|id| id.0)),
                lineage,
                event.created_at.as_microsecond(),
            ))?;
            Ok(())
        })?;
        self.put.set(true);
        Ok(())
    }

    /// Puts what the transaction that is open leaves in storage in place of what the one before has left.
    pub(crate) fn put_entries(&self, number: i64, written: &Written) -> Result<()> {
        self.hidden(|file| {
            file.prepare("delete from _entries")?.execute([])?;
            let mut statement = file.prepare(
                "insert into _entries (key, number, value, expires_at) values (?1, ?2, ?3, ?4)",
            )?;
            for (key, kept) in written {
                let kept = kept.as_ref();
                let ends = kept.and_then(|kept| kept.expires_at);
                let value = kept.map(|kept| kept.value.as_str());
                let ends = ends.map(Timestamp::as_microsecond);
                statement.execute((key, number, value, ends))?;
            }
            Ok(())
        })?;
        self.put.set(true);
        Ok(())
    }

    /// What the last transaction that changed storage has left there, and its number.
    pub(crate) fn entries(&self) -> Result<Option<(i64, Written)>> {
        self.hidden(|file| {
            let mut statement =
                file.prepare("select number, key, value, expires_at from _entries")?;
            let (mut number, mut written) = (None, Written::new());
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                number = Some(row.get(0)?);
                let value: Option<String> = row.get(2)?;
                let ends: Option<i64> = row.get(3)?;
                let ends = ends.and_then(|at| Timestamp::from_microsecond(at).ok());
                let kept = value.map(|value| Kept {
                    value: Json::from_written(value),
                    expires_at: ends,
                });
                written.insert(row.get(1)?, kept);
            }
            Ok(number.map(|number| (number, written)))
        })
    }

    fn is_waiting(&self) -> Result<bool> {
        self.hidden(|file| {
            let mut statement = file.prepare(
                "select exists (select 1 from _outbox) or exists (select 1 from _entries)",
            )?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }

    /// Whether the last transaction put events into the outbox or left something in storage, and kept it.
    pub(super) fn has_put(&self) -> bool {
        self.put.take()
    }

    /// The first events of the outbox, each with its place; when there are none, and the platform has the
    /// entries, the mark goes.
    pub(super) fn outbox(
        &self,
        tenant: TenantId,
        limit: u32,
        settled: bool,
    ) -> Result<Vec<(i64, Event)>> {
        let found = self.hidden(|file| {
            let mut statement = file.prepare(
                "select position, id, kind, payload, key, script, execution, lineage, created_at \
                 from _outbox order by position limit ?1",
            )?;
            let rows = statement.query_map([limit], |row| event_of(tenant, row))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        if found.is_empty() && settled {
            self.mark.remove()?;
        }
        Ok(found)
    }

    /// Forgets events that were relayed.
    pub(super) fn relayed(&self, up_to: i64) -> Result<()> {
        self.hidden(|file| {
            let mut statement = file.prepare("delete from _outbox where position <= ?1")?;
            statement.execute([up_to])?;
            Ok(())
        })
    }

    /// Work of ours with the hidden table.
    fn hidden<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> Result<T>) -> Result<T> {
        self.gate.for_us(|| work(&self.file))
    }

    /// Runs work whose statements are stopped when all of it goes on after `limit`, and when nobody
    /// wants it any more.
    pub(super) fn within<T>(
        &self,
        limit: Duration,
        stop: CancellationToken,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let end = after(self.ambient.now().as_microsecond(), limit);
        *self
            .watch
            .stop
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = stop;
        self.watch.whole.store(end, Ordering::Relaxed);
        self.watch.statement.store(end, Ordering::Relaxed);
        work(self).map_err(|error| {
            if self.watch.stopped() {
                stopped()
            } else {
                error
            }
        })
    }

    /// The same, if it is done at once. Nothing when it takes longer or fails, so that it has to be done again where
    /// others do not wait for it; after what took longer, so have those that follow.
    pub(super) fn in_passing<T>(
        &self,
        limit: Duration,
        stop: CancellationToken,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Option<T> {
        if let Some(left) = self.long.get().checked_sub(1) {
            self.long.set(left);
            return None;
        }
        let end = after(self.ambient.now().as_microsecond(), PASSING);
        self.watch.looks.store(LOOKS, Ordering::Relaxed);
        self.watch.passing.store(end, Ordering::Relaxed);
        let done = self
            .values_of_most(PASSING_BYTES)
            .and_then(|()| self.within(limit, stop, work));
        self.watch.passing.store(i64::MAX, Ordering::Relaxed);
        let restored = self.values_of_most(VALUE_BYTES);
        let ran_over = self.watch.ran_over.swap(false, Ordering::Relaxed);
        if ran_over && done.is_err() {
            self.long.set(LONG);
        }
        done.and_then(|done| restored.map(|()| done)).ok()
    }

    fn values_of_most(&self, bytes: i32) -> Result<()> {
        self.file.set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes)?;
        Ok(())
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        let now = self.ambient.now().as_microsecond();
        let whole = self.watch.whole.load(Ordering::Relaxed);
        if self.watch.stopped() {
            return Err(stopped());
        }
        if now > whole {
            return Err(too_long());
        }
        let end = after(now, STATEMENT).min(whole);
        self.watch.statement.store(end, Ordering::Relaxed);
        if !self.gate.undeclared.is_empty() {
            // Which columns are passed over is known only while a statement is prepared.
            self.file.flush_prepared_statement_cache();
            self.gate.forget();
        }
        let statement = self.file.prepare_cached(sql)?;
        if statement.is_explain() != 0 {
            return Err(refused("sql", "must read or change rows"));
        }
        Ok(statement)
    }
}

/// Most bytes of a value, a row or a statement.
const VALUE_BYTES: i32 = 32 << 20;

/// Steps of SQLite's machine between two looks at the watch: some microseconds, unless values are long.
const CHECK_EVERY: i32 = 200;

/// How long a statement that is asked in passing may go on.
const PASSING: Duration = Duration::from_millis(1);

/// Most bytes of a value that it comes across: longer ones take long to read and to compare.
const PASSING_BYTES: i32 = 64 << 10;

/// How often such a one is looked at.
const LOOKS: u32 = 100;

/// Work after such a one that is not tried in passing.
const LONG: u16 = 200;

fn after(now: i64, limit: Duration) -> i64 {
    now.saturating_add(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))
}

impl Gate {
    /// What statements may do once the tables are there.
    fn answer(&self, action: AuthAction<'_>) -> Authorization {
        if self.script.load(Ordering::Relaxed) && !self.is_for_scripts(&action) {
            return Authorization::Deny;
        }
        let allowed = match action {
            AuthAction::Read { table_name, .. }
            | AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name }
                if HIDDEN.contains(&table_name) =>
            {
                self.ours.load(Ordering::Relaxed)
            }
            AuthAction::Read {
                table_name,
                column_name,
            } => {
                let columns = self.undeclared.get(table_name);
                if columns.is_some_and(|columns| columns.contains(column_name)) {
                    self.lock().insert(column_name.to_owned());
                    return Authorization::Ignore;
                }
                true
            }
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                self.ours.load(Ordering::Relaxed)
            }
            AuthAction::Select
            | AuthAction::Insert { .. }
            | AuthAction::Update { .. }
            | AuthAction::Delete { .. }
            | AuthAction::Function { .. }
            | AuthAction::Recursive => true,
            _ => false,
        };
        if allowed {
            Authorization::Allow
        } else {
            Authorization::Deny
        }
    }

    /// What the parser has compared with the same lists, said again by SQLite.
    fn is_for_scripts(&self, action: &AuthAction<'_>) -> bool {
        match action {
            AuthAction::Read { table_name, .. }
            | AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => self.open.contains(*table_name),
            AuthAction::Function { function_name } => is_known_function(function_name),
            AuthAction::Recursive => false,
            _ => true,
        }
    }

    /// Begins or ends a transaction, or does something with the hidden table.
    fn for_us<T>(&self, work: impl FnOnce() -> T) -> T {
        self.ours.store(true, Ordering::Relaxed);
        let done = work();
        self.ours.store(false, Ordering::Relaxed);
        done
    }

    fn unseen(&self) -> BTreeSet<String> {
        self.lock().clone()
    }

    fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.unseen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn event_of(tenant: TenantId, row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, Event)> {
    let id = |bytes: Vec<u8>| Uuid::from_slice(&bytes).unwrap_or_default();
    let lineage: String = row.get(7)?;
    let event = Event {
        id: EventId(id(row.get(1)?)),
        tenant,
        kind: row.get(2)?,
        payload: Json::from_written(row.get::<_, String>(3)?),
        key: row.get(4)?,
        script: row.get::<_, Option<Vec<u8>>>(5)?.map(id).map(ScriptId),
        execution: row.get::<_, Option<Vec<u8>>>(6)?.map(id).map(ExecutionId),
        lineage: serde_json::from_str(&lineage).unwrap_or_default(),
        created_at: Timestamp::from_microsecond(row.get(8)?).unwrap_or_default(),
    };
    Ok((row.get(0)?, event))
}

/// The columns that declared tables have and the declaration has not.
fn undeclared(
    file: &rusqlite::Connection,
    schema: &TenantSchema,
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found = BTreeMap::new();
    for table in &schema.tables {
        let mut columns = file.prepare("select name from pragma_table_info(?1)")?;
        let columns = columns.query_map([&table.name], |row| row.get::<_, String>(0))?;
        let mut columns = columns.collect::<Result<BTreeSet<_>, _>>()?;
        for column in &table.columns {
            columns.remove(&column.name);
        }
        if !columns.is_empty() {
            found.insert(table.name.clone(), columns);
        }
    }
    Ok(found)
}

/// Adds tables, columns and indexes that are declared and missing; removes and changes nothing.
fn migrate(connection: &rusqlite::Connection, schema: &TenantSchema) -> Result<()> {
    let tx = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    connection.execute_batch(CREATE_OUTBOX)?;
    connection.execute_batch(CREATE_ENTRIES)?;
    for table in &schema.tables {
        migrate_table(connection, table)?;
    }
    Ok(tx.commit()?)
}

fn migrate_table(connection: &rusqlite::Connection, table: &Table) -> Result<()> {
    let exists = connection
        .query_row(
            "select 1 from sqlite_schema where type = 'table' and name = ?1",
            [&table.name],
            |_| Ok(()),
        )
        .optional()?
        .is_some();
    if exists {
        for column in &table.columns {
            if connection.column_exists(None::<&str>, &table.name, &column.name)? {
                continue;
            }
            if !column.nullable {
                return Err(table.not_additive(column));
            }
            connection.execute_batch(&table.add(column))?;
        }
    } else {
        connection.execute_batch(&table.create())?;
    }
    for sql in table.create_indexes() {
        connection.execute_batch(&sql)?;
    }
    Ok(())
}

/// Binds `$1`, `$2`, … (and `?1`, `?`) to the values of that number.
fn bind(statement: &mut Statement<'_>, params: &[Value]) -> Result<()> {
    let mut highest = 0;
    for index in 1..=statement.parameter_count() {
        let number = match statement.parameter_name(index) {
            Some(name) => name
                .trim_start_matches(['$', '?'])
                .parse()
                .map_err(|_| refused("sql", format!("{name} must be $ and a number")))?,
            None => index,
        };
        let value = number
            .checked_sub(1)
            .and_then(|place: usize| params.get(place))
            .ok_or_else(|| refused("params", format!("there is no value for ${number}")))?;
        highest = highest.max(number);
        statement.raw_bind_parameter(index, from_json(value))?;
    }
    if highest < params.len() {
        let message = format!("{} values for {highest} placeholders", params.len());
        return Err(refused("params", message));
    }
    Ok(())
}

fn from_json(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Owned(Stored::Null),
        Value::Bool(value) => ToSqlOutput::Owned(Stored::Integer((*value).into())),
        Value::Number(number) => ToSqlOutput::Owned(match number.as_i64() {
            Some(number) => Stored::Integer(number),
            None => Stored::Real(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::String(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Array(_) | Value::Object(_) => ToSqlOutput::Owned(Stored::Text(value.to_string())),
    }
}

fn to_json(value: ValueRef<'_>, ty: Option<ColumnType>) -> Value {
    match (value, ty) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number), Some(ColumnType::Boolean)) => Value::Bool(number != 0),
        (ValueRef::Integer(number), _) => number.into(),
        (ValueRef::Real(number), _) => number.into(),
        (ValueRef::Text(text), Some(ColumnType::Json)) => {
            serde_json::from_slice(text).unwrap_or(Value::Null)
        }
        (ValueRef::Text(text), _) => String::from_utf8_lossy(text).into(),
        (ValueRef::Blob(bytes), _) => match Decimal::from_bytes(bytes) {
            Some(decimal) => decimal.to_string().into(),
            None => String::from_utf8_lossy(bytes).into(),
        },
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(cause, _) => match cause.code {
                ErrorCode::ConstraintViolation
                    if matches!(
                        cause.extended_code,
                        rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    ) =>
                {
                    Self::not_unique("params")
                }
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig => {
                    refused("params", error.to_string())
                }
                ErrorCode::Unknown | ErrorCode::AuthorizationForStatementDenied => {
                    refused("sql", error.to_string())
                }
                ErrorCode::OperationInterrupted => too_long(),
                ErrorCode::DiskFull => Self::unavailable(Unavailable::Space, error),
                _ => Self::caused("a tenant's tables could not be used", error),
            },
            rusqlite::Error::SqlInputError { msg, .. } => refused("sql", msg.clone()),
            rusqlite::Error::MultipleStatement => refused("sql", "must be one statement"),
            _ => Self::caused("a tenant's tables could not be used", error),
        }
    }
}
