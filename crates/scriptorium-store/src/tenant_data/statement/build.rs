//! Statements from objects: what `db.findMany(table, conditions)` and its like mean in SQL. Names
//! come from the declaration, values are bound; nothing of a script becomes text.

use std::collections::{BTreeMap, BTreeSet};

use scriptorium_model::Invalid;
use serde_json::{Map, Value};

use super::super::decimal::Fit;
use super::super::schema::{Column, ColumnType, Table, quoted, quoted_list};
use super::{Dialect, Kind, Names, Statement, may_write, shown};
use crate::error::{Error, Result};

/// Most values of one statement: the databases stop a little later.
pub const MOST_VALUES: usize = 30_000;
/// Most conditions of one call.
const CONDITIONS: usize = 100;
/// How deep conditions may be in each other.
const DEPTH: usize = 8;

/// What rows to find, as a script says it: an object of columns, or a list of objects with `field`,
/// `operator` and `value`.
pub type Conditions = Value;

/// What of the rows to give, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    /// Columns; all of them when there is none.
    pub select: Vec<String>,
    /// Columns to sort by, and whether downwards.
    pub order_by: Vec<(String, bool)>,
    /// Most rows.
    pub limit: Option<u64>,
    /// Rows to pass over.
    pub offset: u64,
}

/// A row that is changed where it is, and made where it is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Upsert {
    pub(in super::super) update: Statement,
    pub(in super::super) insert: Statement,
}

impl Upsert {
    /// The table.
    pub fn table(&self) -> &str {
        self.insert.writes().unwrap_or_default()
    }
}

/// A text in the making.
struct Text {
    dialect: Dialect,
    text: String,
    params: Vec<Value>,
    /// Placeholders that stand for decimals.
    decimals: BTreeSet<usize>,
    conditions: usize,
    /// Whether it looks for patterns in texts.
    has_patterns: bool,
}

impl Names {
    pub(in super::super) fn find(
        &self,
        table: &str,
        conditions: &Conditions,
        find: &Find,
    ) -> Result<Statement> {
        let table = self.table(table)?;
        let mut made = self.text();
        made.push("select ");
        if find.select.is_empty() {
            made.push("*");
        } else {
            for name in &find.select {
                column(table, name, "options.select")?;
            }
            let distinct: BTreeSet<&String> = find.select.iter().collect();
            if distinct.len() < find.select.len() {
                return Err(wrong("options.select", "must name each column once"));
            }
            made.push(&quoted_list(&find.select));
        }
        made.push(&format!(" from {}", quoted(&table.name)));
        made.filter(table, conditions)?;
        made.order(table, find)?;
        if let Some(limit) = find.limit {
            // A number, because SQLite prepares a statement anew for another value of a limit.
            made.push(&format!(" limit {limit}"));
        }
        if find.offset > 0 {
            // SQLite has no offset without a limit.
            if find.limit.is_none() {
                made.push(" limit 1000000");
            }
            let offset = made.bind(find.offset.into());
            made.push(&format!(" offset {offset}"));
        }
        made.finish(Kind::Select, table, Some(&find.select))
    }

    fn text(&self) -> Text {
        Text {
            dialect: self.dialect,
            text: String::new(),
            params: Vec::new(),
            decimals: BTreeSet::new(),
            conditions: 0,
            has_patterns: false,
        }
    }

    pub(in super::super) fn count(
        &self,
        table: &str,
        conditions: &Conditions,
    ) -> Result<Statement> {
        let table = self.table(table)?;
        let mut made = self.text();
        made.push(&format!(
            "select count(*) as n from {}",
            quoted(&table.name)
        ));
        made.filter(table, conditions)?;
        // A table without conditions is counted in one step, however long that takes.
        let brief = made.conditions > 0 && !made.has_patterns;
        // No column of the table.
        let gives_rows = true;
        Ok(Statement {
            gives_rows,
            brief,
            ..made.finish(Kind::Select, table, None)?
        })
    }

    /// `new_id` gives a new UUID for keys that a row leaves out.
    pub(in super::super) fn insert(
        &self,
        table: &str,
        mut rows: Vec<Map<String, Value>>,
        mut new_id: impl FnMut() -> String,
    ) -> Result<Statement> {
        let table = self.table(table)?;
        may_write(table)?;
        if rows.is_empty() {
            return Err(wrong("data", "must be at least one row"));
        }
        for row in &mut rows {
            for name in row.keys() {
                column(table, name, name)?;
            }
            for key in table.columns.iter().filter(|c| table.key.contains(&c.name)) {
                if key.ty == ColumnType::Uuid && row.get(&key.name).is_none_or(Value::is_null) {
                    row.insert(key.name.clone(), new_id().into());
                }
            }
        }
        let named: Vec<&Column> = table
            .columns
            .iter()
            .filter(|c| !c.nullable || rows.iter().any(|row| row.contains_key(&c.name)))
            .collect();
        if named.len() * rows.len() > MOST_VALUES {
            let message = format!("must have at most {MOST_VALUES} values together");
            return Err(wrong("data", message));
        }
        let names: Vec<String> = named.iter().map(|c| c.name.clone()).collect();
        let mut made = self.text();
        made.push(&format!(
            "insert into {} ({}) values ",
            quoted(&table.name),
            quoted_list(&names)
        ));
        let whole = |row: &Map<String, Value>| {
            let cell = |column: &Column| {
                let value = row.get(&column.name).cloned().unwrap_or_default();
                (column.name.clone(), value)
            };
            table.columns.iter().map(cell).collect()
        };
        for row in &mut rows {
            for column in &named {
                if let Some(value) = row.get_mut(&column.name) {
                    *value = decimal(column, value.take())?;
                }
            }
        }
        let given = rows.iter().map(whole).collect();
        for (index, mut row) in rows.into_iter().enumerate() {
            made.push(if index == 0 { "(" } else { ", (" });
            for (place, column) in named.iter().enumerate() {
                let value = row.remove(&column.name).unwrap_or(Value::Null);
                let value = made.value(column, stored(column, value)?);
                made.push(if place == 0 { "" } else { ", " });
                made.push(&value);
            }
            made.push(")");
        }
        made.push(" returning *");
        Ok(Statement {
            given: Some(given),
            ..made.finish(Kind::Insert, table, Some(&[]))?
        })
    }

    pub(in super::super) fn update(
        &self,
        table: &str,
        conditions: &Conditions,
        data: Map<String, Value>,
    ) -> Result<Statement> {
        let table = self.table(table)?;
        may_write(table)?;
        some(conditions)?;
        let mut made = self.text();
        made.assign(table, data)?;
        made.filter(table, conditions)?;
        made.finish(Kind::Update, table, None)
    }

    pub(in super::super) fn delete(
        &self,
        table: &str,
        conditions: &Conditions,
    ) -> Result<Statement> {
        let table = self.table(table)?;
        may_write(table)?;
        some(conditions)?;
        let mut made = self.text();
        made.push(&format!("delete from {}", quoted(&table.name)));
        made.filter(table, conditions)?;
        made.finish(Kind::Delete, table, None)
    }

    /// Finds the row by the columns of `on`, or by the table's key.
    pub(in super::super) fn upsert(
        &self,
        table: &str,
        data: Map<String, Value>,
        on: &[String],
        new_id: impl FnMut() -> String,
    ) -> Result<Upsert> {
        let found = self.table(table)?;
        may_write(found)?;
        let on = if on.is_empty() { &found.key } else { on };
        let unique = |name: &String| found.columns.iter().any(|c| c.unique && c.name == *name);
        let sole = on.len() == 1 && on.iter().all(unique);
        let mut sorted: Vec<&String> = on.iter().collect();
        let mut key: Vec<&String> = found.key.iter().collect();
        sorted.sort();
        key.sort();
        if !sole && sorted != key {
            let message = "must be the table's key or a unique column";
            return Err(wrong("options.on", message));
        }
        let mut conditions = Map::new();
        for name in on {
            let value = data.get(name).filter(|value| !value.is_null());
            let value = value.ok_or_else(|| wrong(name, "is needed to find the row"))?;
            conditions.insert(name.clone(), value.clone());
        }
        let conditions = Value::Object(conditions);
        let mut changed = data.clone();
        changed.retain(|name, _| !on.contains(name));
        let update = if changed.is_empty() {
            self.find(table, &conditions, &Find::default())?
        } else {
            let mut made = self.text();
            made.assign(found, changed)?;
            made.filter(found, &conditions)?;
            made.push(" returning *");
            made.finish(Kind::Update, found, Some(&[]))?
        };
        let insert = self.insert(table, vec![data], new_id)?;
        Ok(Upsert { update, insert })
    }
}

impl Text {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn push_like(&mut self, name: &str, pattern: &str) {
        self.has_patterns = true;
        self.push(&format!("{name} like {pattern} escape '\\'"));
    }

    fn bind(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    /// A value for a column.
    fn value(&mut self, column: &Column, value: Value) -> String {
        let place = self.bind(value);
        if let ColumnType::Decimal { .. } = column.ty {
            self.decimals.insert(self.params.len());
        }
        place
    }

    /// The text with its decimals as the database has them. Nothing but placeholders has a `$`.
    fn told(&self) -> String {
        let mut parts = self.text.split('$');
        let mut told = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_digit());
            let (number, rest) = part.split_at(end.unwrap_or(part.len()));
            let place = format!("${number}");
            let is_decimal = number.parse().is_ok_and(|n| self.decimals.contains(&n));
            told.push_str(&match is_decimal {
                true => self.dialect.decimal(&place),
                false => place,
            });
            told.push_str(rest);
        }
        told
    }

    /// `gives` are the columns that it gives, all of them when it is empty.
    fn finish(self, kind: Kind, table: &Table, gives: Option<&[String]>) -> Result<Statement> {
        if self.params.len() > MOST_VALUES {
            let message = format!("must have at most {MOST_VALUES} values together");
            return Err(wrong("conditions", message));
        }
        let reads = kind == Kind::Select;
        let columns = table.columns.iter();
        let is_decimal = |column: &Column| matches!(column.ty, ColumnType::Decimal { .. });
        let all = columns.map(|column| (column.name.clone(), is_decimal(column)));
        let given: Vec<(String, bool)> = match gives {
            None => Vec::new(),
            Some([]) => all.collect(),
            Some(names) => {
                let all: BTreeMap<String, bool> = all.collect();
                let decimal = |name: &String| all.get(name).is_some_and(|decimal| *decimal);
                let names = names.iter();
                names.map(|name| (name.clone(), decimal(name))).collect()
            }
        };
        Ok(Statement {
            text: self.dialect.giving(self.told(), !reads, &given),
            shown: self.text,
            params: self.params,
            kind,
            reads: reads.then(|| table.name.clone()).into_iter().collect(),
            writes: (!reads).then(|| table.name.clone()),
            gives_rows: gives.is_some(),
            brief: !self.has_patterns,
            given: None,
        })
    }

    fn assign(&mut self, table: &Table, data: Map<String, Value>) -> Result<()> {
        if data.is_empty() {
            return Err(wrong("data", "must change at least one column"));
        }
        self.push(&format!("update {} set ", quoted(&table.name)));
        for (index, (name, value)) in data.into_iter().enumerate() {
            let column = column(table, &name, &name)?;
            let value = self.value(column, stored(column, value)?);
            self.push(if index == 0 { "" } else { ", " });
            self.push(&format!("{} = {value}", quoted(&name)));
        }
        Ok(())
    }

    /// One after the other, with what makes the order the same on both databases and at each call.
    fn order(&mut self, table: &Table, find: &Find) -> Result<()> {
        if find.order_by.is_empty() && find.limit.is_none() && find.offset == 0 {
            return Ok(());
        }
        let mut parts = Vec::new();
        for (name, down) in &find.order_by {
            let column = column(table, name, "options.orderBy")?;
            if column.ty == ColumnType::Json {
                return Err(wrong("options.orderBy", "JSON has no order"));
            }
            let down = if *down { " desc" } else { "" };
            let nulls = if column.nullable { " nulls last" } else { "" };
            parts.push(format!("{}{down}{nulls}", quoted(name)));
        }
        let sorted = |key: &&String| !find.order_by.iter().any(|(name, _)| name == *key);
        parts.extend(table.key.iter().filter(sorted).map(|key| quoted(key)));
        self.push(&format!(" order by {}", parts.join(", ")));
        Ok(())
    }

    fn filter(&mut self, table: &Table, conditions: &Conditions) -> Result<()> {
        let before = self.text.len();
        self.push(" where ");
        if !self.all(table, conditions, 0)? {
            self.text.truncate(before);
        }
        Ok(())
    }

    /// Whether there was a condition.
    fn all(&mut self, table: &Table, conditions: &Conditions, depth: usize) -> Result<bool> {
        if depth > DEPTH {
            let message = format!("must not be nested deeper than {DEPTH} levels");
            return Err(wrong("conditions", message));
        }
        let before = self.params.len() + self.conditions;
        match conditions {
            Value::Null => {}
            Value::Object(columns) => {
                for (name, wanted) in columns {
                    self.and(before);
                    match name.as_str() {
                        "$and" => self.group(table, wanted, " and ", depth)?,
                        "$or" => self.group(table, wanted, " or ", depth)?,
                        "$not" => {
                            self.push("not (");
                            if !self.all(table, wanted, depth + 1)? {
                                return Err(wrong("$not", "must have a condition"));
                            }
                            self.push(")");
                        }
                        _ => self.column(table, name, wanted)?,
                    }
                }
            }
            Value::Array(list) => {
                for one in list {
                    self.and(before);
                    self.listed(table, one)?;
                }
            }
            _ => {
                let message =
                    "must be an object of columns, or a list of { field, operator, value }";
                return Err(wrong("conditions", message));
            }
        }
        Ok(self.params.len() + self.conditions > before)
    }

    fn and(&mut self, before: usize) {
        if self.params.len() + self.conditions > before {
            self.push(" and ");
        }
    }

    fn group(&mut self, table: &Table, wanted: &Value, between: &str, depth: usize) -> Result<()> {
        let Value::Array(list) = wanted else {
            return Err(wrong(between.trim(), "must be a list of conditions"));
        };
        if list.is_empty() {
            return Err(wrong(between.trim(), "must have a condition"));
        }
        for (index, one) in list.iter().enumerate() {
            self.push(if index == 0 { "((" } else { between });
            if index > 0 {
                self.push("(");
            }
            if !self.all(table, one, depth + 1)? {
                return Err(wrong(between.trim(), "must have a condition"));
            }
            self.push(")");
        }
        self.push(")");
        Ok(())
    }

    /// `{ field, operator, value }`.
    fn listed(&mut self, table: &Table, one: &Value) -> Result<()> {
        let refuse = || wrong("conditions", "must have field, operator and value each");
        let one = one.as_object().ok_or_else(refuse)?;
        let known = |name: &String| matches!(name.as_str(), "field" | "operator" | "value");
        if !one.keys().all(known) {
            return Err(refuse());
        }
        let field = one.get("field").and_then(Value::as_str);
        let operator = one.get("operator").map_or(Some("eq"), Value::as_str);
        let (Some(field), Some(operator)) = (field, operator) else {
            return Err(refuse());
        };
        let column = column(table, field, field)?;
        self.compare(column, operator, one.get("value").unwrap_or(&Value::Null))
    }

    fn column(&mut self, table: &Table, name: &str, wanted: &Value) -> Result<()> {
        let column = column(table, name, name)?;
        match wanted {
            Value::Object(operators) if operators.is_empty() => {
                Err(wrong(name, "must have an operator, such as { gt: 1 }"))
            }
            Value::Object(operators) => {
                for (index, (operator, value)) in operators.iter().enumerate() {
                    self.push(if index == 0 { "" } else { " and " });
                    self.compare(column, operator, value)?;
                }
                Ok(())
            }
            Value::Array(_) => self.compare(column, "in", wanted),
            value => self.compare(column, "eq", value),
        }
    }

    fn compare(&mut self, column: &Column, operator: &str, value: &Value) -> Result<()> {
        self.conditions += 1;
        if self.conditions > CONDITIONS {
            let message = format!("must be at most {CONDITIONS}");
            return Err(wrong("conditions", message));
        }
        let name = quoted(&column.name);
        let operator = operator.strip_prefix('$').unwrap_or(operator);
        match (operator, value) {
            ("eq" | "is", Value::Null) => self.push(&format!("{name} is null")),
            ("ne", Value::Null) => self.push(&format!("{name} is not null")),
            ("isNull", Value::Bool(true)) => self.push(&format!("{name} is null")),
            ("isNull", Value::Bool(false)) => self.push(&format!("{name} is not null")),
            _ if column.ty == ColumnType::Json => {
                return Err(wrong(&column.name, "is JSON, which is not compared"));
            }
            ("in" | "notIn", Value::Array(list)) => {
                let not = if operator == "in" { "" } else { " not" };
                if list.is_empty() {
                    // Nothing is in it.
                    self.push(if operator == "in" { "1 = 0" } else { "1 = 1" });
                    return Ok(());
                }
                self.push(&format!("{name}{not} in ("));
                for (index, value) in list.iter().enumerate() {
                    let value = compared(column, value).map(|value| self.value(column, value))?;
                    self.push(if index == 0 { "" } else { ", " });
                    self.push(&value);
                }
                self.push(")");
            }
            ("between", Value::Array(ends)) if ends.len() == 2 => {
                let from = compared(column, &ends[0]).map(|value| self.value(column, value))?;
                let to = compared(column, &ends[1]).map(|value| self.value(column, value))?;
                self.push(&format!("{name} between {from} and {to}"));
            }
            ("like", Value::String(pattern)) if is_text(column) => {
                let pattern = self.bind(pattern.clone().into());
                self.push_like(&name, &pattern);
            }
            ("startsWith" | "endsWith" | "contains", Value::String(part)) if is_text(column) => {
                let part = part.replace('\\', "\\\\");
                let part = part.replace('%', "\\%").replace('_', "\\_");
                let before = if operator == "startsWith" { "" } else { "%" };
                let after = if operator == "endsWith" { "" } else { "%" };
                let pattern = self.bind(format!("{before}{part}{after}").into());
                self.push_like(&name, &pattern);
            }
            _ => {
                let sign = match operator {
                    "eq" => "=",
                    "ne" => "<>",
                    "gt" => ">",
                    "gte" => ">=",
                    "lt" => "<",
                    "lte" => "<=",
                    _ => {
                        let message = format!(
                            "has the operator {}: there are eq, ne, gt, gte, lt, lte, in, notIn, \
                             between, like, startsWith, endsWith, contains, isNull, each with what \
                             it is for",
                            shown(operator)
                        );
                        return Err(wrong(&column.name, message));
                    }
                };
                let value = compared(column, value).map(|value| self.value(column, value))?;
                self.push(&format!("{name} {sign} {value}"));
            }
        }
        Ok(())
    }
}

/// Without a condition all rows would be meant, which is seldom what a script wants to lose.
fn some(conditions: &Conditions) -> Result<()> {
    let none = match conditions {
        Value::Object(columns) => columns.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => true,
    };
    if none {
        let message = "must have a condition; db.execute changes all rows";
        return Err(wrong("conditions", message));
    }
    Ok(())
}

fn column<'a>(table: &'a Table, name: &str, field: &str) -> Result<&'a Column> {
    let found = table.columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| {
        let message = format!("{} has no column {}", table.name, shown(name));
        let end = field.floor_char_boundary(63);
        Invalid::field(&field[..end], "unknown_column", message).into()
    })
}

fn is_text(column: &Column) -> bool {
    matches!(
        column.ty,
        ColumnType::Text | ColumnType::Timestamp | ColumnType::Uuid
    )
}

/// A value to compare a column with.
fn compared(column: &Column, value: &Value) -> Result<Value> {
    if value.is_null() {
        let message = "cannot be compared with null: use { isNull: true }";
        return Err(wrong(&column.name, message));
    }
    match column.ty {
        // It need not fit the column, as long as it is as fine.
        ColumnType::Decimal { scale, .. } => fit(column, Fit::of_scale(scale), value),
        _ => fitting(column, value.clone()),
    }
}

/// A value for a column to hold.
fn stored(column: &Column, value: Value) -> Result<Value> {
    if !value.is_null() {
        return fitting(column, value);
    }
    if column.nullable {
        return Ok(value);
    }
    Err(wrong(&column.name, "must have a value"))
}

/// A value that fits a column, as a decimal when the column is one.
fn decimal(column: &Column, value: Value) -> Result<Value> {
    match column.ty {
        ColumnType::Decimal { precision, scale } => fit(column, Fit { precision, scale }, &value),
        _ => Ok(value),
    }
}

fn fit(column: &Column, fit: Fit, value: &Value) -> Result<Value> {
    let fitting = fit.value(value);
    fitting.map_err(|message| wrong(&column.name, message))
}

fn fitting(column: &Column, value: Value) -> Result<Value> {
    let (fits, what) = match column.ty {
        ColumnType::Decimal { .. } => return decimal(column, value),
        ColumnType::Text | ColumnType::Uuid => (value.is_string(), "a text"),
        ColumnType::Timestamp => (value.is_string(), "a Date, or a text in RFC 3339"),
        ColumnType::Integer => {
            let text = value.as_str().and_then(|text| text.parse::<i64>().ok());
            if let Some(number) = text {
                return Ok(number.into());
            }
            if let Some(whole) = value
                .as_f64()
                .filter(|n| n.fract() == 0.0 && n.abs() < 9e15)
                && !value.is_i64()
            {
                return Ok((whole as i64).into());
            }
            (value.is_i64(), "a whole number")
        }
        ColumnType::Real => (value.is_number(), "a number"),
        ColumnType::Boolean => (value.is_boolean(), "true or false"),
        ColumnType::Json => (true, "JSON"),
    };
    if !fits {
        return Err(wrong(&column.name, format!("must be {what}")));
    }
    if column.ty == ColumnType::Json {
        // A text would be read as JSON.
        return Ok(Value::String(value.to_string()));
    }
    Ok(value)
}

fn wrong(field: &str, message: impl Into<String>) -> Error {
    Invalid::field(field, "refused", message).into()
}
