//! Values on their way between the model and the database.

use std::fmt;

use scriptorium_model::{Json, Timestamp};
use sea_orm::DeriveValueType;

use crate::error::{Error, Result};

/// An instant as it is stored: microseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveValueType)]
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
