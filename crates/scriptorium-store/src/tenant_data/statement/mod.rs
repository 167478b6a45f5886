//! What scripts may ask of business tables (D5). A text is read by a parser of SQL, compared with
//! lists of what there may be in it, and written anew from what was read: the database is given the
//! words that were checked, without what a comment or an escape could make of them. The database
//! refuses what it can, too.

mod build;
mod decimals;
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
use sqlparser::tokenizer::Token;

pub use self::build::{Conditions, Find, MOST_VALUES, Upsert};
use self::decimals::Decimals;
pub(super) use self::rules::is_known_function;
use super::Row;
use super::decimal::Fit;
use super::schema::{Table, TenantSchema, quoted};
use crate::error::{Error, Result};

/// Most bytes of a statement's text.
pub const TEXT_BYTES: usize = 64 << 10;

/// How deep brackets and queries may be in each other.
const NESTED: usize = 50;
/// What reading the deepest text takes, several times over; not touched otherwise.
const STACK: usize = 32 << 20;
/// Bytes of texts that are remembered.
const KNOWN_BYTES: u64 = 4 << 20;

/// What makes a decimal of a text in a file.
pub(super) const TO_DECIMAL: &str = "to_decimal";
/// What `sum` of decimals is in a file.
pub(super) const SUM_OF_DECIMALS: &str = "sum_of_decimals";

/// The database that statements are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Files.
    Sqlite,
    /// A server.
    Postgres,
}

/// A statement that was checked, with the values of its placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(super) text: String,
    /// The text for people, without what decimals take.
    pub(super) shown: String,
    pub(super) params: Vec<Value>,
    kind: Kind,
    reads: BTreeSet<String>,
    writes: Option<String>,
    pub(super) gives_rows: bool,
    /// Whether none of its steps takes long, so that it can be stopped at any time.
    pub(super) brief: bool,
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
    dialect: Dialect,
    /// All tables, when there are decimals among them.
    decimals: Option<decimals::Tables>,
    /// What was checked, as far as there is room.
    known: Cache<Arc<str>, Arc<Checked>>,
    /// What was written anew for the host because of decimals.
    told: Cache<Arc<str>, Arc<Told>>,
}

impl Names {
    pub(super) fn new(schema: &TenantSchema, dialect: Dialect) -> Self {
        let (open, closed): (Vec<_>, Vec<_>) = schema
            .tables
            .iter()
            .partition(|table| table.scripts.is_some());
        let columns = open.iter().flat_map(|table| &table.columns);
        Self {
            known: remembering(),
            told: remembering(),
            dialect,
            decimals: decimals::Tables::new(schema),
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
                let checked = Arc::new(apart(|| self.check(sql))?);
                self.known.insert(sql.into(), Arc::clone(&checked));
                checked
            }
        };
        tokens::count_values(&checked.places, params.len())?;
        let found = &checked.found;
        Ok(Statement {
            text: checked.told.text.clone(),
            shown: checked.told.shown.clone(),
            params: checked.told.values(params)?,
            kind: found.kind,
            reads: found.reads.clone(),
            writes: found.writes.clone(),
            gives_rows: found.gives_rows,
            brief: found.brief,
            given: None,
        })
    }

    /// What a host's statement becomes because there are decimals in it, and its values; nothing when
    /// it stays as it is.
    pub(super) fn for_host(
        &self,
        sql: &str,
        params: &[Value],
    ) -> Result<Option<(String, Vec<Value>)>> {
        let Some(tables) = self.decimals.as_ref().filter(|all| all.may_be_in(sql)) else {
            return Ok(None);
        };
        let told = match self.told.get(sql) {
            Some(told) => told,
            None => {
                let told = Arc::new(apart(|| {
                    let tokens = tokens::read(sql)?;
                    let parsed = parsed(&tokens)?;
                    self.tell(&tokens, &parsed, Some(tables))
                })?);
                self.told.insert(sql.into(), Arc::clone(&told));
                told
            }
        };
        Ok(Some((told.text.clone(), told.values(params.to_vec())?)))
    }

    fn check(&self, sql: &str) -> Result<Checked> {
        let tokens = tokens::read(sql)?;
        let parsed = parsed(&tokens)?;
        let found = rules::check(&parsed, self)?;
        if let Some(written) = &found.writes {
            may_write(self.table(written)?)?;
        }
        let decimals = self.decimals.as_ref().filter(|all| {
            let mut used = found.reads.iter().chain(&found.writes);
            used.any(|table| all.has_decimals(table))
        });
        Ok(Checked {
            places: tokens::places(&tokens),
            told: self.tell(&tokens, &parsed, decimals)?,
            found,
        })
    }

    /// Writes a statement for the database.
    fn tell(
        &self,
        tokens: &[Token],
        parsed: &sqlparser::ast::Statement,
        tables: Option<&decimals::Tables>,
    ) -> Result<Told> {
        let found = match tables {
            Some(tables) => tables.find(parsed)?,
            None => Decimals::default(),
        };
        let text = tokens::write(tokens, self.dialect, &found)?;
        let shown = tokens::write(tokens, self.dialect, &Decimals::default())?;
        let changes = !matches!(parsed, sqlparser::ast::Statement::Query(_));
        Ok(Told {
            text: self.dialect.giving(text, changes, &found.given),
            shown,
            decimals: tokens::decimals(tokens, &found)?,
        })
    }
}

impl Dialect {
    /// A word that stands for a decimal: a text in quotes, or a placeholder.
    fn decimal(self, word: &str) -> String {
        match self {
            Self::Sqlite => format!("{TO_DECIMAL}({word})"),
            Self::Postgres => format!("cast({word} as numeric)"),
        }
    }

    /// The statement with its decimals as texts, when it gives any: a server sends sums and averages
    /// of numbers as the same type. A file has bytes of which one knows.
    fn giving(self, text: String, changes: bool, given: &[(String, bool)]) -> String {
        if self == Self::Sqlite || !given.iter().any(|(_, decimal)| *decimal) {
            return text;
        }
        let names: Vec<String> = (1..=given.len()).map(|n| format!("c{n}")).collect();
        let list: Vec<String> = names
            .iter()
            .zip(given)
            .map(|(place, (name, decimal))| match decimal {
                true => format!("cast({place} as text) as {}", quoted(name)),
                false => format!("{place} as {}", quoted(name)),
            })
            .collect();
        let (list, names) = (list.join(", "), names.join(", "));
        if changes {
            format!("with given ({names}) as ({text}) select {list} from given")
        } else {
            format!("select {list} from ({text}) as given ({names})")
        }
    }
}

/// Texts by what was made of them, as far as there is room.
fn remembering<T: Send + Sync + 'static>() -> Cache<Arc<str>, Arc<T>> {
    let bytes = |text: &Arc<str>, _: &Arc<T>| u32::try_from(2 * text.len()).unwrap_or(u32::MAX);
    let texts = Cache::builder().weigher(bytes).max_capacity(KNOWN_BYTES);
    texts.build()
}

/// On a stack of its own: whoever asks may be on one with little room, and parser and visitor recurse
/// as deep as a text nests.
fn apart<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let broken = |cause| Error::caused("a statement could not be read", cause);
    thread::scope(|scope| {
        let apart = thread::Builder::new()
            .name("statement".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        let apart = apart.map_err(|error| broken(error.to_string()))?;
        let done = apart.join();
        done.unwrap_or_else(|_| Err(broken("the parser stopped unexpectedly".to_owned())))
    })
}

/// The one statement that words are.
fn parsed(tokens: &[Token]) -> Result<sqlparser::ast::Statement> {
    let mut parser = Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(NESTED)
        .with_tokens_with_locations(tokens::placed(tokens));
    let mut parsed = parser.parse_statements().map_err(|error| {
        let message = error.to_string();
        let message = message.trim_start_matches("sql parser error: ").to_owned();
        refused(message)
    })?;
    match (parsed.pop(), parsed.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(refused("must be one statement")),
    }
}

/// A text that was checked.
#[derive(Debug)]
struct Checked {
    told: Told,
    /// The numbers of its placeholders.
    places: BTreeSet<usize>,
    found: rules::Found,
}

/// A text as it was written for the database.
#[derive(Debug)]
struct Told {
    text: String,
    shown: String,
    /// Which values are decimals, by the numbers of their placeholders.
    decimals: BTreeMap<usize, Fit>,
}

impl Told {
    /// Values with decimals as they are written everywhere.
    fn values(&self, mut params: Vec<Value>) -> Result<Vec<Value>> {
        for (number, fit) in &self.decimals {
            if let Some(value) = number.checked_sub(1).and_then(|at| params.get_mut(at)) {
                *value = fit.value(value).map_err(|message| {
                    let message = format!("the value of ${number} {message}");
                    super::refused("params", message)
                })?;
            }
        }
        Ok(params)
    }
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
