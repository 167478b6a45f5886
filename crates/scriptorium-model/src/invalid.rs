//! Why an input was refused, by field. The code names the rule and is what the UI translates;
//! the message says the same in English; the parameters are the figures in it (R-VAL-20).

use std::fmt;

/// One refused field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field as the API spells it, such as `schedule.cron`.
    pub field: String,
    /// The rule that was broken: `required`, `too_short`, `too_long`, `not_unique`, `bad_cron`, …
    pub code: &'static str,
    /// The rule in English, with its figures.
    pub message: String,
    /// The figures of the message by name, for translation.
    pub params: Vec<(&'static str, String)>,
}

/// A refused input: at least one field with its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid {
    /// The refused fields in the order they were found.
    pub errors: Vec<FieldError>,
}

impl Invalid {
    /// A refusal of one field.
    pub fn field(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let mut invalid = Self::default();
        invalid.push(field, code, message);
        invalid
    }

    /// Adds a refused field.
    pub fn push(
        &mut self,
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut FieldError {
        self.errors.push(FieldError {
            field: field.into(),
            code,
            message: message.into(),
            params: Vec::new(),
        });
        let last = self.errors.len() - 1;
        &mut self.errors[last]
    }

    /// Adds all of another refusal's fields.
    pub fn extend(&mut self, other: Self) {
        self.errors.extend(other.errors);
    }

    /// Keeps the value of a check, or its refusal.
    pub fn check<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(other) => {
                self.extend(other);
                None
            }
        }
    }

    /// `value` if nothing was refused.
    ///
    /// # Errors
    /// This refusal, when it holds at least one field.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// Whether nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }
}

impl FieldError {
    /// Adds a figure of the message.
    pub fn with(&mut self, name: &'static str, value: impl ToString) -> &mut Self {
        self.params.push((name, value.to_string()));
        self
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", error.field, error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Adds that a number is not between two bounds.
pub(crate) fn out_of_range(field: &str, min: u32, max: u32, invalid: &mut Invalid) {
    let message = format!("must be {min} to {max}");
    let error = invalid.push(field, "out_of_range", message);
    error.with("min", min).with("max", max);
}
