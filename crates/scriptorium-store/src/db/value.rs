//! Values on their way between the model and the database.

use std::fmt;

use rusqlite::types::{ToSql, ToSqlOutput, Value as Stored, ValueRef};
use scriptorium_model::{Json, Timestamp, Uuid};
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, Encode, Postgres, Type};

use crate::error::{Error, Result};

/// What a placeholder stands for. PostgreSQL wants to know of what type nothing is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(Option<bool>),
    Int(Option<i32>),
    BigInt(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Uuid(Option<Uuid>),
}

/// What a type is stored as when there is nothing.
pub(crate) trait Nothing: Into<Value> {
    /// That.
    const NOTHING: Value;
}

macro_rules! values {
    ($($variant:ident: $($ty:ty as $as:expr),+;)*) => {$($(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                let stored = $as;
                Self::$variant(Some(stored(value)))
            }
        }

        impl Nothing for $ty {
            const NOTHING: Value = Value::$variant(None);
        }
    )+)*};
}

values! {
    Bool: bool as |value| value;
    Int: i32 as |value| value;
    BigInt: i64 as |value| value, u32 as i64::from, Micros as |Micros(at)| at;
    Text: String as |value| value, &str as str::to_owned, &String as String::clone;
    Bytes: Vec<u8> as |value| value, &[u8] as <[u8]>::to_vec;
    Uuid: Uuid as |value| value;
}

impl<T: Nothing> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(T::NOTHING, Into::into)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let integer = |number| ToSqlOutput::Owned(Stored::Integer(number));
        let text = |text| ToSqlOutput::Borrowed(ValueRef::Text(text));
        let blob = |bytes| ToSqlOutput::Borrowed(ValueRef::Blob(bytes));
        Ok(match self {
            Self::Bool(value) => value.map(|value| integer(value.into())),
            Self::Int(value) => value.map(|value| integer(value.into())),
            Self::BigInt(value) => value.map(integer),
            Self::Text(value) => value.as_ref().map(|value| text(value.as_bytes())),
            Self::Bytes(value) => value.as_ref().map(|value| blob(value)),
            Self::Uuid(value) => value.as_ref().map(|value| blob(value.as_bytes())),
        }
        .unwrap_or(ToSqlOutput::Owned(Stored::Null)))
    }
}

/// Values as the driver of PostgreSQL takes them. Text there cannot hold U+0000; its picture stands for it.
pub(super) fn arguments(values: Vec<Value>) -> Result<PgArguments> {
    fn add<'q, T>(to: &mut PgArguments, value: T) -> Result<(), BoxDynError>
    where
        T: Encode<'q, Postgres> + Type<Postgres> + 'q,
    {
        to.add(value)
    }
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Bool(value) => add(&mut arguments, value),
            Value::Int(value) => add(&mut arguments, value),
            Value::BigInt(value) => add(&mut arguments, value),
            Value::Text(Some(text)) if text.contains('\0') => {
                add(&mut arguments, text.replace('\0', "\u{2400}"))
            }
            Value::Text(value) => add(&mut arguments, value),
            Value::Bytes(value) => add(&mut arguments, value),
            Value::Uuid(value) => add(&mut arguments, value),
        }
        .map_err(|error| Error::caused("a value cannot be sent to the database", error))?;
    }
    Ok(arguments)
}

/// An instant as it is stored: microseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Micros(pub(crate) i64);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

impl From<Micros> for Timestamp {
    /// A number beyond the range of instants reads as the end of the range.
    fn from(micros: Micros) -> Self {
        Timestamp::from_microsecond(micros.0).unwrap_or(if micros.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

/// An optional instant as it is stored.
pub(crate) fn micros(at: Option<Timestamp>) -> Option<Micros> {
    at.map(Micros::from)
}

/// JSON that was checked before it was stored.
pub(crate) fn json(text: String) -> Json {
    Json::from_written(text)
}

/// Optional JSON that was checked before it was stored.
pub(crate) fn opt_json(text: Option<String>) -> Option<Json> {
    text.map(Json::from_written)
}

/// The value of a stored name, or the platform error that it is none of ours.
pub(crate) fn known<T>(value: Option<T>, place: impl fmt::Display) -> Result<T> {
    value.ok_or_else(|| Error::corrupt(&place.to_string()))
}

/// A count that was a `u32` when it was stored.
pub(crate) fn number(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(if stored < 0 { 0 } else { u32::MAX })
}
