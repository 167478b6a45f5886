//! One tenant's file: opened, brought up to the declared schema, and used with JSON values. After
//! the migration the connection refuses to attach other files, change the schema or set pragmas.

use std::path::Path;
use std::time::Duration;

use rusqlite::hooks::{AuthAction, Authorization};
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{ErrorCode, OptionalExtension, Statement, Transaction, TransactionBehavior};
use scriptorium_model::{Ambient, Invalid};
use serde_json::Value;

use super::Row;
use super::schema::{ColumnType, Table, TenantSchema};
use crate::error::{Error, Result, Unavailable};

/// An open file.
pub(super) struct Connection(rusqlite::Connection);

impl Connection {
    /// Opens the file, making it and what is missing of its tables.
    pub(super) fn open(path: &Path, schema: &TenantSchema) -> Result<Self> {
        let connection = rusqlite::Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma trusted_schema = off; pragma temp_store = memory;",
        )?;
        migrate(&connection, schema)?;
        connection.authorizer(Some(|context: rusqlite::hooks::AuthContext<'_>| {
            if is_plain(context.action) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }))?;
        Ok(Self(connection))
    }

    pub(super) fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns: Vec<(String, Option<ColumnType>)> = statement
            .columns()
            .iter()
            .map(|column| {
                let ty = column.decl_type().and_then(ColumnType::from_declared);
                (column.name().to_owned(), ty)
            })
            .collect();
        bind(&mut statement, params)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Row::new();
            for (index, (name, ty)) in columns.iter().enumerate() {
                values.insert(name.clone(), to_json(row.get_ref(index)?, *ty));
            }
            found.push(values);
        }
        Ok(found)
    }

    pub(super) fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, params)?;
        Ok(statement.raw_execute()? as u64)
    }

    pub(super) fn transaction<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        // Dropped without a commit, or with one that failed, it rolls back what is still open.
        let tx = Transaction::new_unchecked(&self.0, TransactionBehavior::Immediate)?;
        let done = work(self)?;
        tx.commit()?;
        Ok(done)
    }

    /// Runs work whose statements are stopped when they go on after `limit`.
    pub(super) fn within<T>(
        &self,
        limit: Duration,
        ambient: &Ambient,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let begin = ambient.now();
        let ambient = ambient.clone();
        let late = move || ambient.now().duration_since(begin).unsigned_abs() > limit;
        self.0.progress_handler(CHECK_EVERY, Some(late))?;
        let done = work(self);
        self.0.progress_handler(0, None::<fn() -> bool>)?;
        done
    }
}

/// Steps of SQLite's machine between two looks at the watch: about a millisecond.
const CHECK_EVERY: i32 = 20_000;

/// What statements of services may do once the tables are there.
fn is_plain(action: AuthAction<'_>) -> bool {
    matches!(
        action,
        AuthAction::Select
            | AuthAction::Read { .. }
            | AuthAction::Insert { .. }
            | AuthAction::Update { .. }
            | AuthAction::Delete { .. }
            | AuthAction::Function { .. }
            | AuthAction::Recursive
            | AuthAction::Transaction { .. }
            | AuthAction::Savepoint { .. }
    )
}

/// Adds tables, columns and indexes that are declared and missing; removes and changes nothing.
fn migrate(connection: &rusqlite::Connection, schema: &TenantSchema) -> Result<()> {
    let tx = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
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
                let field = format!("tables.{}.{}", table.name, column.name);
                let message = "a column added to a table that exists must be nullable";
                return Err(Invalid::field(field, "not_additive", message).into());
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
        (ValueRef::Blob(bytes), _) => String::from_utf8_lossy(bytes).into(),
    }
}

fn refused(field: &str, message: impl Into<String>) -> Error {
    Invalid::field(field, "refused", message).into()
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
                ErrorCode::OperationInterrupted => {
                    Invalid::field("sql", "timeout", "took too long and was stopped").into()
                }
                ErrorCode::DiskFull => Self::unavailable(Unavailable::Space, error),
                _ => Self::caused("a tenant's tables could not be used", error),
            },
            rusqlite::Error::SqlInputError { msg, .. } => refused("sql", msg.clone()),
            rusqlite::Error::MultipleStatement => refused("sql", "must be one statement"),
            _ => Self::caused("a tenant's tables could not be used", error),
        }
    }
}
