//! A statement being written: fixed text and bound values, so that nothing a user typed can become
//! SQL. Placeholders are `$1`, `$2`, …, which both databases understand,
//! but for the many of a multi-row insert.

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

    /// Adds `rows` groups of `columns` anonymous placeholders. They are anonymous because SQLite
    /// looks up the name of every placeholder in a list: with names, a statement of two thousand
    /// of them spends a third of its time there.
    pub(crate) fn push_rows(&mut self, rows: usize, columns: usize) -> &mut Self {
        let group = format!("({})", vec!["?"; columns].join(", "));
        self.text.push_str(&vec![group.as_str(); rows].join(", "));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_groups_of_placeholders() {
        let mut sql = Sql::new("values ", None);
        sql.push_rows(2, 3);
        assert_eq!(sql.text, "values (?, ?, ?), (?, ?, ?)");
    }

    #[test]
    fn values_never_enter_the_text() {
        let mut sql = Sql::new("select ", None);
        sql.bind("'; drop table scripts").push(" in ");
        sql.bind_list([1.into(), 2.into()]);
        assert_eq!(sql.text, "select $1 in ($2, $3)");
    }
}
