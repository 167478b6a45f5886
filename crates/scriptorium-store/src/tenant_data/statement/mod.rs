//! What scripts may ask of business tables (D5). A text is read by a parser of SQL, compared with
//! lists of what there may be in it, and written anew from what was read: the database is given the
//! words that were checked, without what a comment or an escape could make of them. The database
//! refuses what it can, too.

mod build;
mod rules;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use moka::sync::Cache;
use scriptorium_model::Invalid;
use serde_json::Value;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

pub use self::build::{Conditions, Find, MOST_VALUES, Upsert};
pub(super) use self::rules::is_known_function;
use super::Row;
use super::schema::{Table, TenantSchema};
use crate::error::{Error, Result};

/// Most bytes of a statement's text.
pub const TEXT_BYTES: usize = 64 << 10;

/// How deep brackets and queries may be in each other.
const NESTED: usize = 50;
/// What reading the deepest text takes, several times over; not touched otherwise.
const STACK: usize = 32 << 20;
/// Bytes of texts that are remembered.
const KNOWN_BYTES: u64 = 4 << 20;

/// A statement that was checked, with the values of its placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(super) text: String,
    pub(super) params: Vec<Value>,
    kind: Kind,
    reads: BTreeSet<String>,
    writes: Option<String>,
    pub(super) gives_rows: bool,
    /// The rows that an insert of objects adds.
    pub(super) given: Option<Vec<Row>>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `select`.
    Select,
    /// `insert`.
    Insert,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
}

/// The tables and columns that scripts see.
#[derive(Debug)]
pub(super) struct Names {
    /// Tables that are open to scripts.
    tables: BTreeMap<String, Table>,
    /// Tables that are not.
    closed: BTreeSet<String>,
    columns: BTreeSet<String>,
    /// What was checked, as far as there is room.
    known: Cache<Arc<str>, Arc<Checked>>,
}

impl Names {
    pub(super) fn new(schema: &TenantSchema) -> Self {
        let (open, closed): (Vec<_>, Vec<_>) = schema
            .tables
            .iter()
            .partition(|table| table.scripts.is_some());
        let columns = open.iter().flat_map(|table| &table.columns);
        let bytes =
            |text: &Arc<str>, _: &Arc<Checked>| u32::try_from(2 * text.len()).unwrap_or(u32::MAX);
        Self {
            known: Cache::builder()
                .weigher(bytes)
                .max_capacity(KNOWN_BYTES)
                .build(),
            columns: columns.map(|column| column.name.clone()).collect(),
            closed: closed.into_iter().map(|t| t.name.clone()).collect(),
            tables: open
                .into_iter()
                .map(|table| (table.name.clone(), table.clone()))
                .collect(),
        }
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// A table that is open to scripts.
    pub(super) fn table(&self, name: &str) -> Result<&Table> {
        self.tables.get(name).ok_or_else(|| {
            let message = format!("there is no table {} for scripts", shown(name));
            Invalid::field("table", "unknown_table", message).into()
        })
    }

    /// Reads a text that a script wrote.
    pub(super) fn read(&self, sql: &str, params: Vec<Value>) -> Result<Statement> {
        if sql.len() > TEXT_BYTES {
            let message = format!("must have at most {TEXT_BYTES} bytes, not {}", sql.len());
            return Err(refused(message));
        }
        let checked = match self.known.get(sql) {
            Some(checked) => checked,
            None => {
                let checked = Arc::new(self.check_apart(sql)?);
                self.known.insert(sql.into(), Arc::clone(&checked));
                checked
            }
        };
        tokens::count_values(&checked.places, params.len())?;
        let found = &checked.found;
        Ok(Statement {
            text: checked.text.clone(),
            params,
            kind: found.kind,
            reads: found.reads.clone(),
            writes: found.writes.clone(),
            gives_rows: found.gives_rows,
            given: None,
        })
    }

    /// On a stack of its own: whoever asks may be on one with little room, and parser and visitor
    /// recurse as deep as a text nests.
    fn check_apart(&self, sql: &str) -> Result<Checked> {
        let broken = |cause| Error::caused("a statement could not be read", cause);
        thread::scope(|scope| {
            let apart = thread::Builder::new()
                .name("statement".to_owned())
                .stack_size(STACK)
                .spawn_scoped(scope, || self.check(sql));
            let apart = apart.map_err(|error| broken(error.to_string()))?;
            let done = apart.join();
            done.unwrap_or_else(|_| Err(broken("the parser stopped unexpectedly".to_owned())))
        })
    }

    fn check(&self, sql: &str) -> Result<Checked> {
        let tokens = tokens::read(sql)?;
        let (text, places) = (tokens::write(&tokens), tokens::places(&tokens));
        let mut parser = Parser::new(&PostgreSqlDialect {})
            .with_recursion_limit(NESTED)
            .with_tokens(tokens);
        let parsed = parser.parse_statements().map_err(|error| {
            let message = error.to_string();
            let message = message.trim_start_matches("sql parser error: ").to_owned();
            refused(message)
        })?;
        let [parsed] = parsed.as_slice() else {
            return Err(refused("must be one statement"));
        };
        let found = rules::check(parsed, self)?;
        if let Some(written) = &found.writes {
            may_write(self.table(written)?)?;
        }
        Ok(Checked {
            text,
            places,
            found,
        })
    }
}

/// A text that was checked.
#[derive(Debug)]
struct Checked {
    text: String,
    /// The numbers of its placeholders.
    places: BTreeSet<usize>,
    found: rules::Found,
}

impl Statement {
    /// What it does.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The table whose rows it changes.
    pub fn writes(&self) -> Option<&str> {
        self.writes.as_deref()
    }

    /// The tables whose rows it reads.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(String::as_str)
    }
}

/// Refuses a table whose rows only the host changes.
fn may_write(table: &Table) -> Result<()> {
    if table.scripts.as_ref().is_some_and(|scripts| scripts.write) {
        return Ok(());
    }
    let message = format!("{} is read by scripts, not changed", table.name);
    Err(Invalid::field("table", "forbidden", message).into())
}

/// What is wrong with a text.
fn refused(message: impl Into<String>) -> Error {
    Invalid::field("sql", "refused", message).into()
}

/// What no statement of a script may have.
fn forbidden(message: impl Into<String>) -> Error {
    Invalid::field("sql", "forbidden", message).into()
}

/// A word of a script in a message.
fn shown(word: &str) -> String {
    let end = word.floor_char_boundary(63);
    let cut: String = word[..end].chars().filter(|c| !c.is_control()).collect();
    format!("{cut:?}")
}
