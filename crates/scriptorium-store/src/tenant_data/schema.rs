//! The business tables a host declares, and how they become tables of one tenant's file; on
//! PostgreSQL that is another file's part.

use std::collections::BTreeSet;
use std::fmt::Write;

use scriptorium_model::Invalid;

use super::attached::Attached;
use super::decimal::{self, Decimal, Fit};
use crate::error::Error;

/// The business tables of every tenant of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantSchema {
    /// The tables.
    pub tables: Vec<Table>,
}

/// One business table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name: lower-case letters, digits and `_`.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The columns of its primary key, at least one.
    pub key: Vec<String>,
    /// Further columns or groups of columns to look rows up by.
    pub indexes: Vec<Vec<String>>,
    /// What scripts may do with its rows; nothing until it is said.
    pub scripts: Option<ScriptAccess>,
    /// Where the host has it already; otherwise it is made.
    pub attached: Option<Attached>,
}

/// What scripts may do with the rows of a table that is open to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptAccess {
    /// Whether they may change them.
    pub write: bool,
    /// The permission that it takes to read them, beside `db.read`.
    pub read_permission: Option<String>,
    /// The permission that it takes to change them, beside `db.write`.
    pub write_permission: Option<String>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name: lower-case letters, digits and `_`.
    pub name: String,
    /// What it holds.
    pub ty: ColumnType,
    /// Whether it may hold nothing. A column added to a table that exists must allow it.
    pub nullable: bool,
    /// Whether no two rows may hold the same.
    pub unique: bool,
}

/// What a column holds, and the JSON it goes in and comes out as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text; a string.
    Text,
    /// A 64-bit whole number; a number.
    Integer,
    /// A 64-bit floating-point number; a number.
    Real,
    /// An exact number; a string with `scale` digits behind the point, such as `"12.50"`. It is
    /// written as such a string or as a number, and never rounded. It has at most 28 digits.
    Decimal {
        /// Most digits, those behind the point included.
        precision: u8,
        /// Digits behind the point, at most 12.
        scale: u8,
    },
    /// `true` or `false`.
    Boolean,
    /// An instant; an RFC 3339 string in UTC, which sorts by time when its digits are as many. It
    /// comes back as it was written.
    Timestamp,
    /// Any JSON. It is read, written, and taken apart by `->` and `->>`; never compared.
    Json,
    /// A UUID; a string, which comes back as it was written.
    Uuid,
}

/// The column of every table on PostgreSQL that says whose row it is.
pub(super) const TENANT: &str = "tenant_id";

impl Table {
    /// A table without columns, keyed by `id` until another key is said.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            columns: Vec::new(),
            key: vec!["id".into()],
            indexes: Vec::new(),
            scripts: None,
            attached: None,
        }
    }

    /// A table that the host has in the platform's PostgreSQL database already. Its columns are
    /// those whose types we know, or the declared ones, and its key is the one it has, unless it is
    /// declared.
    pub fn attached(name: impl Into<String>, attached: Attached) -> Self {
        Self {
            key: Vec::new(),
            attached: Some(attached),
            ..Self::new(name)
        }
    }

    /// Lets scripts read its rows, where they may do `db.read`.
    #[must_use]
    pub fn read_by_scripts(self) -> Self {
        self.open(false)
    }

    /// Lets scripts read and change its rows, where they may do `db.read` and `db.write`.
    #[must_use]
    pub fn written_by_scripts(self) -> Self {
        self.open(true)
    }

    /// Asks scripts for permissions of the host's, too: one to read its rows, one to change them.
    #[must_use]
    pub fn scripts_need(mut self, read: impl Into<String>, write: impl Into<String>) -> Self {
        if let Some(scripts) = &mut self.scripts {
            scripts.read_permission = Some(read.into());
            scripts.write_permission = Some(write.into());
        }
        self
    }

    fn open(mut self, write: bool) -> Self {
        self.scripts = Some(ScriptAccess {
            write,
            read_permission: None,
            write_permission: None,
        });
        self
    }

    /// Adds a column that always holds something.
    #[must_use]
    pub fn column(self, name: impl Into<String>, ty: ColumnType) -> Self {
        self.with(Column {
            name: name.into(),
            ty,
            nullable: false,
            unique: false,
        })
    }

    /// Adds a column that may hold nothing.
    #[must_use]
    pub fn optional(self, name: impl Into<String>, ty: ColumnType) -> Self {
        self.with(Column {
            name: name.into(),
            ty,
            nullable: true,
            unique: false,
        })
    }

    /// Adds a column.
    #[must_use]
    pub fn with(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Sets the primary key.
    #[must_use]
    pub fn key<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.key = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an index.
    #[must_use]
    pub fn index<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.indexes
            .push(columns.into_iter().map(Into::into).collect());
        self
    }

    fn check(&self, invalid: &mut Invalid) {
        let field = format!("tables.{}", self.name);
        check_name(&field, &self.name, invalid);
        if !self.check_attached(&field, invalid) {
            return;
        }
        let mut names = BTreeSet::new();
        for column in &self.columns {
            let field = format!("{field}.{}", column.name);
            check_name(&field, &column.name, invalid);
            if !names.insert(column.name.as_str()) {
                invalid.push(field, "not_unique", "is declared twice");
            }
        }
        if self.key.is_empty() {
            invalid.push(format!("{field}.key"), "required", "needs a column");
        }
        for column in self.key.iter().chain(self.indexes.iter().flatten()) {
            if !names.contains(column.as_str()) {
                let message = format!("{column} is not a column of the table");
                invalid.push(format!("{field}.{column}"), "unknown", message);
            }
        }
        for column in &self.columns {
            let field = format!("{field}.{}", column.name);
            if column.name == TENANT {
                let message = "is the platform's: every row is of one tenant";
                invalid.push(field, "reserved", message);
            } else if column.ty == ColumnType::Json && self.looks_up(column) {
                let message =
                    "JSON has no order: it cannot be unique, or part of a key or an index";
                invalid.push(field, "not_comparable", message);
            } else if let ColumnType::Decimal { precision, scale } = column.ty
                && !((1..=decimal::DIGITS).contains(&precision)
                    && scale <= decimal::SCALE.min(precision))
            {
                let message = format!(
                    "a decimal has 1 to {} digits, {} of them behind the point at most",
                    decimal::DIGITS,
                    decimal::SCALE
                );
                invalid.push(field, "out_of_range", message);
            }
        }
    }

    /// Whether what is attached can be used as it is declared, and was looked up.
    fn check_attached(&self, field: &str, invalid: &mut Invalid) -> bool {
        let Some(attached) = &self.attached else {
            return true;
        };
        attached.check(field, invalid);
        let mut refuse = |code, message: &str| {
            invalid.push(field, code, message);
            false
        };
        if attached.found.is_none() {
            return refuse("attached", "is attached, and has to be looked up first");
        }
        if !self.indexes.is_empty() {
            return refuse(
                "attached",
                "indexes of a table of the host's are the host's",
            );
        }
        if !attached.write && self.scripts.as_ref().is_some_and(|scripts| scripts.write) {
            return refuse(
                "read_only",
                "is only read: it is not attached to be written",
            );
        }
        true
    }

    /// Whether rows are found by the column.
    fn looks_up(&self, column: &Column) -> bool {
        let mut named = self.key.iter().chain(self.indexes.iter().flatten());
        column.unique || named.any(|name| *name == column.name)
    }

    /// What has an index beside the key: whether it is unique, and its columns.
    pub(super) fn lookups(&self) -> impl Iterator<Item = (bool, &[String])> {
        let unique = self.columns.iter().filter(|column| column.unique);
        let unique = unique.map(|column| (true, std::slice::from_ref(&column.name)));
        let plain = self
            .indexes
            .iter()
            .map(|columns| (false, columns.as_slice()));
        unique.chain(plain)
    }

    /// Why a column cannot be added: the rows that are there have nothing for it.
    pub(super) fn not_additive(&self, column: &Column) -> Error {
        let field = format!("tables.{}.{}", self.name, column.name);
        let message = "a column added to a table that exists must be nullable";
        Invalid::field(field, "not_additive", message).into()
    }

    /// The statement that makes the table.
    pub(super) fn create(&self) -> String {
        let mut sql = format!("create table {} (", quoted(&self.name));
        for column in &self.columns {
            // Writing to a String cannot fail.
            let _ = write!(sql, "{}, ", column.definition());
        }
        let _ = write!(sql, "primary key ({}))", quoted_list(&self.key));
        sql
    }

    /// The statement that adds a column to the table.
    pub(super) fn add(&self, column: &Column) -> String {
        format!(
            "alter table {} add column {}",
            quoted(&self.name),
            column.definition()
        )
    }

    /// The statements that make what is missing of the table's indexes.
    pub(super) fn create_indexes(&self) -> impl Iterator<Item = String> {
        self.lookups().map(|(unique, columns)| {
            let kind = if unique { "unique index" } else { "index" };
            let suffix = if unique { "unique" } else { "index" };
            let name = format!("{}_{}_{suffix}", self.name, columns.join("_"));
            format!(
                "create {kind} if not exists {} on {} ({})",
                quoted(&name),
                quoted(&self.name),
                quoted_list(columns)
            )
        })
    }
}

impl Column {
    /// Declares it with a type name that gives SQLite the right affinity, tells the reader what
    /// JSON to make of it, and a check, because SQLite itself would take anything.
    fn definition(&self) -> String {
        let name = quoted(&self.name);
        let nullable = if self.nullable { "" } else { " not null" };
        let check = match self.ty {
            ColumnType::Text | ColumnType::Timestamp | ColumnType::Uuid => {
                format!("typeof({name}) in ('text', 'null')")
            }
            ColumnType::Integer => format!("typeof({name}) in ('integer', 'null')"),
            ColumnType::Real => format!("typeof({name}) in ('real', 'null')"),
            ColumnType::Boolean => format!("{name} in (0, 1)"),
            // Bytes that sort as the numbers do.
            ColumnType::Decimal { precision, scale } => {
                let largest = Fit { precision, scale }.largest();
                let smallest = Decimal {
                    units: -largest.units,
                    scale,
                };
                let hex = |decimal: Decimal| {
                    let bytes = decimal.to_bytes();
                    bytes.map(|byte| format!("{byte:02x}")).concat()
                };
                format!(
                    "typeof({name}) in ('blob', 'null') and length({name}) = {} and {name} \
                     between x'{}' and x'{}'",
                    decimal::BYTES,
                    hex(smallest),
                    hex(largest)
                )
            }
            ColumnType::Json => format!("json_valid({name})"),
        };
        format!("{name} {}{nullable} check ({check})", self.ty.declared())
    }
}

impl ColumnType {
    /// The name that scripts see: `text`, `integer`, `real`, `decimal`, `boolean`, `timestamp`, `json`,
    /// `uuid`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
            Self::Uuid => "uuid",
        }
    }

    const PLAIN: [Self; 7] = [
        Self::Text,
        Self::Integer,
        Self::Real,
        Self::Boolean,
        Self::Timestamp,
        Self::Json,
        Self::Uuid,
    ];

    fn declared(self) -> String {
        match self {
            Self::Text | Self::Integer | Self::Real => self.as_str().to_owned(),
            Self::Boolean => "boolean integer".to_owned(),
            Self::Timestamp | Self::Json | Self::Uuid => format!("{} text", self.as_str()),
            Self::Decimal { precision, scale } => format!("{DECIMAL}({precision},{scale})"),
        }
    }

    /// The type of a column that was declared by [`Column::definition`].
    pub(super) fn from_declared(declared: &str) -> Option<Self> {
        let declared = declared.to_ascii_lowercase();
        if let Some(digits) = declared.strip_prefix(DECIMAL) {
            let digits = digits.strip_prefix('(')?.strip_suffix(')')?;
            let (precision, scale) = digits.split_once(',')?;
            return Some(Self::Decimal {
                precision: precision.trim().parse().ok()?,
                scale: scale.trim().parse().ok()?,
            });
        }
        Self::PLAIN.into_iter().find(|ty| ty.declared() == declared)
    }
}

/// A type whose values SQLite leaves as they are.
const DECIMAL: &str = "decimal blob";

impl TenantSchema {
    /// Checks names and references.
    pub(super) fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let mut names = BTreeSet::new();
        for table in &self.tables {
            table.check(&mut invalid);
            if !names.insert(table.name.as_str()) {
                let field = format!("tables.{}", table.name);
                invalid.push(field, "not_unique", "is declared twice");
            }
        }
        invalid.or(self)
    }
}

pub(super) fn check_name(field: &str, name: &str, invalid: &mut Invalid) {
    let fits = (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with("sqlite_")
        && !name.starts_with("pg_");
    if !fits {
        invalid.push(
            field,
            "bad_name",
            "must be 1 to 63 lower-case letters, digits and _, beginning with a letter",
        );
    }
}

/// Names are checked to hold no quote; they are quoted because a keyword is a fine name.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

pub(super) fn quoted_list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    quoted.join(", ")
}
