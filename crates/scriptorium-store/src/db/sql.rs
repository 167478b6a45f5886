//! A statement being written: fixed text and bound values, so that nothing a user typed can become
//! SQL. Placeholders are `$1`, `$2`, …, which both databases understand.

use std::fmt::Write;

use sea_orm::Value;

/// Text with the values of its placeholders.
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: &'static str, first: Option<Value>) -> Self {
        Self {
            text: text.into(),
            values: first.into_iter().collect(),
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

    /// Adds text whose placeholders are already numbered, as [`placeholders`] writes it.
    pub(crate) fn push_numbered(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Gives the values of a fixed text: they are `$2`, `$3` and so on in a tenant's scope, `$1`,
    /// `$2` and so on across tenants.
    pub(crate) fn with(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    pub(super) fn into_parts(self) -> (String, Vec<Value>) {
        (self.text, self.values)
    }
}

/// `rows` groups of `columns` placeholders from `$1`: `($1, $2), ($3, $4)`.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 7);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let separator = if column == 0 { "" } else { ", " };
            let _ = write!(text, "{separator}${}", row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_number_across_rows() {
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }

    #[test]
    fn values_never_enter_the_text() {
        let mut sql = Sql::new("select ", None);
        sql.bind("'; drop table scripts").push(" in ");
        sql.bind_list([1.into(), 2.into()]);
        assert_eq!(sql.text, "select $1 in ($2, $3)");
    }
}
