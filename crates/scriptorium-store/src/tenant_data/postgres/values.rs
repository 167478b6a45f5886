//! JSON on its way into statements and out of rows, as SQLite has it: a parameter becomes what its
//! place asks for where that loses nothing, and a column gives the JSON of its declared type.

use scriptorium_model::Uuid;
use serde_json::{Number, Value};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{
    PgArgumentBuffer, PgArguments, PgColumn, PgRow, PgTypeInfo, PgTypeKind, PgValueRef, Postgres,
};
use sqlx::{Arguments, Column, Decode, Row as _, Type, TypeInfo, ValueRef};

use super::super::{Row, refused};
use super::{numeric, times};
use crate::error::{Error, Result};

/// The values of `$1`, `$2` and so on, as the types that the database has found for them.
pub(super) fn arguments(types: &[PgTypeInfo], params: &[Value]) -> Result<PgArguments> {
    if params.len() > types.len() {
        let message = format!("{} values for {} placeholders", params.len(), types.len());
        return Err(refused("params", message));
    }
    let mut arguments = PgArguments::default();
    for (index, ty) in types.iter().enumerate() {
        let number = index + 1;
        let value = params
            .get(index)
            .ok_or_else(|| refused("params", format!("there is no value for ${number}")))?;
        let bytes = encoded(ty, value).ok_or_else(|| {
            let message = format!("the value of ${number} is not of the type {}", ty.name());
            refused("params", message)
        })?;
        let argument = Argument {
            ty: ty.clone(),
            bytes,
        };
        arguments
            .add(argument)
            .map_err(|error| refused("params", error.to_string()))?;
    }
    Ok(arguments)
}

/// A row by the names of its columns.
pub(super) fn row(row: &PgRow) -> Result<Row> {
    let mut values = Row::new();
    for (index, column) in row.columns().iter().enumerate() {
        let value = decoded(column, row.try_get_raw(index)?)?;
        values.insert(column.name().to_owned(), value);
    }
    Ok(values)
}

/// A value in the form in which it travels, or null.
struct Argument {
    ty: PgTypeInfo,
    bytes: Option<Vec<u8>>,
}

impl Type<Postgres> for Argument {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Argument {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(match &self.bytes {
            None => IsNull::Yes,
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                IsNull::No
            }
        })
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.ty.clone())
    }
}

/// What travels for a value where a type is asked for; `None` when it does not fit.
fn encoded(ty: &PgTypeInfo, value: &Value) -> Option<Option<Vec<u8>>> {
    if value.is_null() {
        return Some(None);
    }
    let said = || value.as_str();
    Some(Some(match ty.name() {
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => text(value).into_bytes(),
        "INT8" => whole(value)?.to_be_bytes().into(),
        "INT4" => i32::try_from(whole(value)?).ok()?.to_be_bytes().into(),
        "INT2" => i16::try_from(whole(value)?).ok()?.to_be_bytes().into(),
        "FLOAT8" => real(value)?.to_be_bytes().into(),
        "NUMERIC" => numeric::encode(&decimal(value)?),
        "BOOL" => match whole(value)? {
            0 => vec![0],
            1 => vec![1],
            _ => return None,
        },
        "JSON" => json(value)?.into_bytes(),
        // Types that tables of the host's own have.
        "JSONB" => [&[1], json(value)?.as_bytes()].concat(),
        "UUID" => Uuid::parse_str(said()?).ok()?.as_bytes().into(),
        "FLOAT4" => {
            let narrow = real(value)? as f32;
            narrow.is_finite().then(|| narrow.to_be_bytes().into())?
        }
        "TIMESTAMP" | "TIMESTAMPTZ" => times::read_instant(said()?)?.to_be_bytes().into(),
        "DATE" => times::read_day(said()?)?.to_be_bytes().into(),
        _ if matches!(ty.kind(), PgTypeKind::Enum(_)) => said()?.as_bytes().into(),
        _ => return None,
    }))
}

/// As text, in the way in which SQLite's text columns take anything.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\0', "\u{2400}"),
        Value::Bool(value) => u8::from(*value).to_string(),
        value => value.to_string(),
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(value) => Some((*value).into()),
        Value::Number(number) => number.as_i64().or_else(|| exactly(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| exactly(text.parse().ok()?))
        }
        _ => None,
    }
}

/// The whole number that a floating-point number is.
fn exactly(number: f64) -> Option<i64> {
    // Beyond this, neighbours of whole numbers are no longer floating-point numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let fits = number.fract() == 0.0 && number.abs() <= EXACT;
    fits.then_some(number as i64)
}

fn real(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A number written without an exponent. A text that is one is not read as anything else, so that
/// nothing of it is lost.
fn decimal(value: &Value) -> Option<String> {
    if let Value::String(text) = value
        && numeric::is_plain(text)
    {
        return Some(text.clone());
    }
    match whole(value) {
        Some(number) => Some(number.to_string()),
        None => real(value).map(|number| number.to_string()),
    }
}

/// As JSON text: what a text holds has to be some.
fn json(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
            read.ok().map(|_| text.clone())
        }
        value => Some(text(value)),
    }
}

/// The JSON of a column: by its declared type when it is one, as SQLite has it when it is an expression.
fn decoded(column: &PgColumn, value: PgValueRef<'_>) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let declared = column.relation_id().is_some();
    Ok(match column.type_info().name() {
        "BOOL" => {
            let value: bool = of(value)?;
            if declared {
                value.into()
            } else {
                u8::from(value).into()
            }
        }
        "INT8" => of::<i64>(value)?.into(),
        "INT4" => of::<i32>(value)?.into(),
        "INT2" => of::<i16>(value)?.into(),
        "FLOAT8" => of::<f64>(value)?.into(),
        // As the shortest text that it is, not as what it is among wider ones.
        "FLOAT4" => {
            let text = of::<f32>(value)?.to_string();
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map_or(Value::Null, Value::Number)
        }
        "NUMERIC" => number(value.as_bytes().map_err(unreadable)?),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => of::<&str>(value)?.into(),
        "JSON" => {
            let text = value.as_str().map_err(unreadable)?;
            if declared {
                serde_json::from_str(text).unwrap_or(Value::Null)
            } else {
                text.into()
            }
        }
        "JSONB" => {
            let bytes = value.as_bytes().map_err(unreadable)?;
            let text = bytes.get(1..).unwrap_or_default();
            if declared {
                serde_json::from_slice(text).unwrap_or(Value::Null)
            } else {
                String::from_utf8_lossy(text).into()
            }
        }
        "UUID" => of::<Uuid>(value)?.to_string().into(),
        "TIMESTAMP" | "TIMESTAMPTZ" => {
            let bytes = value.as_bytes().map_err(unreadable)?;
            let bytes = bytes
                .try_into()
                .map_err(|_| unreadable("eight bytes".into()))?;
            times::instant(i64::from_be_bytes(bytes)).into()
        }
        "DATE" => {
            let bytes = value.as_bytes().map_err(unreadable)?;
            let bytes = bytes
                .try_into()
                .map_err(|_| unreadable("four bytes".into()))?;
            times::day(i32::from_be_bytes(bytes)).into()
        }
        _ if matches!(column.type_info().kind(), PgTypeKind::Enum(_)) => {
            value.as_str().map_err(unreadable)?.into()
        }
        other => {
            let message = format!(
                "{} is of the type {other}, which no business table has: make it text",
                column.name()
            );
            return Err(refused("sql", message));
        }
    })
}

/// A sum of whole numbers is one; an average is not, and is written with a point.
fn number(bytes: &[u8]) -> Value {
    let Some(text) = numeric::decode(bytes) else {
        return Value::Null;
    };
    match text.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => text
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number),
    }
}

fn of<'r, T: Decode<'r, Postgres>>(value: PgValueRef<'r>) -> Result<T> {
    T::decode(value).map_err(unreadable)
}

fn unreadable(error: BoxDynError) -> Error {
    Error::caused("a value of a business table cannot be read", error)
}
