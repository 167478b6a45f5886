//! Asking for a part of a list. A cursor is opaque outside the store and is bound to the tenant
//! and filter it was made for.

use crate::Invalid;

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items, 1 to 200.
    pub limit: u32,
    /// Where the previous page ended; the first page without.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// Items of a page when nothing is said.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// Most items of a page.
    pub const MAX_LIMIT: u32 = 200;

    /// Checks the wanted page size.
    ///
    /// # Errors
    /// `limit` outside 1 to 200.
    pub fn new(limit: Option<u32>, cursor: Option<String>) -> Result<Self, Invalid> {
        let limit = limit.unwrap_or(Self::DEFAULT_LIMIT);
        if (1..=Self::MAX_LIMIT).contains(&limit) {
            return Ok(Self { limit, cursor });
        }
        let mut invalid = Invalid::default();
        invalid
            .push(
                "limit",
                "out_of_range",
                format!("must be 1 to {}", Self::MAX_LIMIT),
            )
            .with("min", 1)
            .with("max", Self::MAX_LIMIT);
        Err(invalid)
    }

    /// The first page of the default size.
    pub fn first() -> Self {
        Self {
            limit: Self::DEFAULT_LIMIT,
            cursor: None,
        }
    }
}

/// A part of a list, and where the next part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items in the asked order.
    pub items: Vec<T>,
    /// Cursor of the next page; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each item turned into another.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(turn).collect(),
            next_cursor: self.next_cursor,
        }
    }
}
