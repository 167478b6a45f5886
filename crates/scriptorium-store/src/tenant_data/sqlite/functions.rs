//! What SQLite is taught about decimals: to make one of a text, and to sum them exactly. Everything else it
//! does with their bytes.

use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

use super::super::decimal::{BYTES, Decimal};
use super::super::statement::{SUM_OF_DECIMALS, TO_DECIMAL};

/// Makes the functions known to a connection. What is stored does not name them.
pub(super) fn register(file: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    file.create_scalar_function(TO_DECIMAL, 1, flags, |context| match context.get_raw(0) {
        ValueRef::Null => Ok(None),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| unfit())?;
            let decimal = Decimal::read(text).ok_or_else(unfit)?;
            Ok(Some(decimal.to_bytes()))
        }
        _ => Err(unfit()),
    })?;
    file.create_window_function(SUM_OF_DECIMALS, 1, flags, Sums)
}

struct Sums;

/// A sum so far. The scale is that of its first number; all have the same.
#[derive(Default)]
struct Sum {
    numbers: u64,
    units: i128,
    scale: u8,
}

impl Sum {
    fn total(&self) -> Option<[u8; BYTES]> {
        let total = Decimal {
            units: self.units,
            scale: self.scale,
        };
        (self.numbers > 0).then(|| total.to_bytes())
    }
}

impl Aggregate<Sum, Option<[u8; BYTES]>> for Sums {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        if let Some(number) = number(context)? {
            if sum.numbers > 0 && sum.scale != number.scale {
                return Err(unfit());
            }
            sum.numbers += 1;
            sum.scale = number.scale;
            sum.units = sum.units.checked_add(number.units).ok_or_else(unfit)?;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Option<[u8; BYTES]>> {
        Ok(sum.unwrap_or_default().total())
    }
}

impl WindowAggregate<Sum, Option<[u8; BYTES]>> for Sums {
    fn value(&self, sum: Option<&mut Sum>) -> Result<Option<[u8; BYTES]>> {
        Ok(sum.and_then(|sum| sum.total()))
    }

    fn inverse(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        if let Some(number) = number(context)? {
            sum.numbers -= 1;
            sum.units = sum.units.checked_sub(number.units).ok_or_else(unfit)?;
        }
        Ok(())
    }
}

fn number(context: &Context<'_>) -> Result<Option<Decimal>> {
    match context.get_raw(0) {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(bytes) => Decimal::from_bytes(bytes).map(Some).ok_or_else(unfit),
        _ => Err(unfit()),
    }
}

fn unfit() -> Error {
    Error::UserFunctionError("is no decimal of the same scale".into())
}
