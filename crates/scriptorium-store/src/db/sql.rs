//! A statement being written: fixed text and bound values, so that nothing a user typed can become
//! SQL. Placeholders are `$1`, `$2`, …, which both databases understand,
//! but for the many of a multi-row insert.

use std::fmt::Write;

use crate::db::Value;

use super::Dialect;

/// Text with the values of its placeholders.
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
    dialect: Dialect,
}

impl Sql {
    pub(super) fn new(text: &'static str, first: Option<Value>, dialect: Dialect) -> Self {
        Self {
            text: text.into(),
            values: first.into_iter().collect(),
            dialect,
        }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder and its value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// Adds a parenthesised list of placeholders and their values.
    pub(crate) fn bind_list(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        self.text.push('(');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.bind(value);
        }
        self.text.push(')');
        self
    }

    /// Adds `rows` groups of `columns` placeholders, for values that follow by [`Sql::with`]. SQLite
    /// gets anonymous ones, because it looks up the name of every placeholder in a list: with names,
    /// a statement of two thousand of them spends a third of its time there. PostgreSQL knows only
    /// names.
    pub(crate) fn push_rows(&mut self, rows: usize, columns: usize) -> &mut Self {
        let mut next = self.values.len();
        for row in 0..rows {
            self.text.push_str(if row == 0 { "(" } else { "), (" });
            for column in 0..columns {
                self.text.push_str(if column == 0 { "" } else { ", " });
                next += 1;
                // Writing to a String cannot fail.
                let _ = match self.dialect {
                    Dialect::Sqlite => self.text.write_char('?'),
                    Dialect::Postgres => write!(self.text, "${next}"),
                };
            }
        }
        self.text.push(')');
        self
    }

    /// Gives the values of a fixed text: they are `$2`, `$3` and so on in a tenant's scope, `$1`,
    /// `$2` and so on across tenants.
    pub(crate) fn with(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    pub(super) fn into_parts(self) -> (String, Vec<Value>) {
        // PostgreSQL takes a value that the text has no use for, once: with another number of them the
        // prepared statement is refused. SQLite never looks.
        debug_assert!(
            self.text.contains('?') || placeholders(&self.text) == self.values.len(),
            "{} values for: {}",
            self.values.len(),
            self.text
        );
        (self.text, self.values)
    }
}

/// The highest number of a placeholder.
fn placeholders(text: &str) -> usize {
    let numbers = text.split('$').skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    numbers.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_groups_of_placeholders() {
        for (dialect, expected) in [
            (Dialect::Sqlite, "values (?, ?, ?), (?, ?, ?)"),
            (Dialect::Postgres, "values ($1, $2, $3), ($4, $5, $6)"),
        ] {
            let mut sql = Sql::new("values ", None, dialect);
            sql.push_rows(2, 3);
            assert_eq!(sql.text, expected);
        }
    }

    #[test]
    fn values_never_enter_the_text() {
        let mut sql = Sql::new("select ", None, Dialect::Sqlite);
        sql.bind("'; drop table scripts").push(" in ");
        sql.bind_list([1.into(), 2.into()]);
        assert_eq!(sql.text, "select $1 in ($2, $3)");
    }
}
