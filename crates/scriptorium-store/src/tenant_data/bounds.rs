//! How much a statement may give.

use scriptorium_model::Invalid;
use serde_json::Value;

use super::Row;
use crate::error::{Error, Result};

/// Most rows of a statement, and bytes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most rows.
    pub rows: usize,
    /// Most bytes, about as many as the rows are as JSON.
    pub bytes: usize,
}

impl Bounds {
    pub(super) const NONE: Self = Self {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
}

/// Rows as they come.
pub(super) struct Filling {
    rows: Vec<Row>,
    bytes: usize,
    bounds: Bounds,
}

impl Filling {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            rows: Vec::new(),
            bytes: 0,
            bounds,
        }
    }

    /// # Errors
    /// `too_many_rows` or `too_large`, when this one is beyond the bounds.
    pub(super) fn push(&mut self, row: Row) -> Result<()> {
        if self.rows.len() >= self.bounds.rows {
            return Err(self.too_many());
        }
        if self.bounds.bytes < usize::MAX {
            self.bytes = self.bytes.saturating_add(weight_of(&row));
            if self.bytes > self.bounds.bytes {
                return Err(self.too_large());
            }
        }
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn rows(self) -> Vec<Row> {
        self.rows
    }

    fn too_many(&self) -> Error {
        let message = format!(
            "gives more than {} rows: narrow it, or ask page by page with limit",
            self.bounds.rows
        );
        Invalid::field("sql", "too_many_rows", message).into()
    }

    fn too_large(&self) -> Error {
        let message = format!(
            "gives more than {} bytes: ask for fewer rows or columns",
            self.bounds.bytes
        );
        Invalid::field("sql", "too_large", message).into()
    }
}

fn weight_of(row: &Row) -> usize {
    row.iter()
        .map(|(name, value)| name.len() + 4 + weight(value))
        .sum()
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(list) => list.iter().map(|value| weight(value) + 1).sum::<usize>() + 2,
        Value::Object(row) => weight_of(row) + 2,
    }
}
