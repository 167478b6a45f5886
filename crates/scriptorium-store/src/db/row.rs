//! Rows of either database, taken apart by the names of their columns.

use rusqlite::types::ValueRef;
use scriptorium_model::Uuid;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use super::Micros;
use crate::error::{Error, Result};

/// One row of an answer, where it is for the moment.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a PgRow),
}

/// What a row is read into; derived.
pub(crate) trait FromRow: Sized + Send + 'static {
    /// Takes the columns that it knows, and passes over others.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

/// What a column may hold.
pub(crate) trait Column: Sized {
    /// As PostgreSQL's driver gives it.
    type Given: for<'r> Decode<'r, Postgres> + Type<Postgres>;

    fn from_given(given: Self::Given) -> Self;

    /// From what SQLite has there; nothing for another type.
    fn from_stored(stored: ValueRef<'_>) -> Option<Self>;
}

impl Row<'_> {
    /// The value of a column.
    pub(crate) fn get<C: Column>(&self, column: &str) -> Result<C> {
        let read = match self {
            Self::Sqlite(row) => row.get_ref(column).map(C::from_stored).map_err(Into::into),
            Self::Postgres(row) => {
                let given = row.try_get::<C::Given, _>(column);
                given.map(|given| Some(C::from_given(given)))
            }
            .map_err(Into::into),
        };
        read.and_then(|value| value.ok_or_else(|| "it is of another type".into()))
            .map_err(|error: Box<dyn std::error::Error + Send + Sync>| {
                Error::caused(format!("the column {column} cannot be read"), error)
            })
    }
}

impl<C: Column> Column for Option<C> {
    type Given = Option<C::Given>;

    fn from_given(given: Self::Given) -> Self {
        given.map(C::from_given)
    }

    fn from_stored(stored: ValueRef<'_>) -> Option<Self> {
        match stored {
            ValueRef::Null => Some(None),
            stored => C::from_stored(stored).map(Some),
        }
    }
}

macro_rules! columns {
    ($($ty:ty: $stored:pat => $value:expr;)*) => {$(
        impl Column for $ty {
            type Given = $ty;

            fn from_given(given: $ty) -> Self {
                given
            }

            fn from_stored(stored: ValueRef<'_>) -> Option<Self> {
                match stored {
                    $stored => $value,
                    _ => None,
                }
            }
        }
    )*};
}

columns! {
    i64: ValueRef::Integer(number) => Some(number);
    i32: ValueRef::Integer(number) => number.try_into().ok();
    bool: ValueRef::Integer(number) => Some(number != 0);
    String: ValueRef::Text(text) => std::str::from_utf8(text).ok().map(str::to_owned);
    Vec<u8>: ValueRef::Blob(bytes) => Some(bytes.to_vec());
    Uuid: ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok();
}

impl Column for Micros {
    type Given = i64;

    fn from_given(given: i64) -> Self {
        Self(given)
    }

    fn from_stored(stored: ValueRef<'_>) -> Option<Self> {
        i64::from_stored(stored).map(Self)
    }
}
