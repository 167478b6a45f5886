//! Numbers, dates and words as English, Russian and Uzbek have them: the work behind `Intl` of scripts,
//! by the rules of ECMA-402. Pure functions: no clock, no state but tables. What a stranger gives is
//! refused or answered, never a panic. How the JavaScript of it looks is the runtime's.

mod choice;
mod collator;
mod data;
mod date;
mod locale;
mod number;
mod part;
mod plural;

pub use choice::Options;
pub use collator::Collator;
pub use date::{DateTimeFormat, Purpose};
pub use locale::{Locales, canonical, supported};
pub use number::{NumberFormat, Value};
pub use part::{Part, joined};
pub use plural::PluralRules;

/// Why a call is answered with an error of the language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A `RangeError`.
    #[error("{0}")]
    Range(String),
    /// A `TypeError`.
    #[error("{0}")]
    Type(String),
}

impl Refusal {
    fn range(message: impl Into<String>) -> Self {
        Self::Range(message.into())
    }

    fn kind(message: impl Into<String>) -> Self {
        Self::Type(message.into())
    }
}

/// Cuts a stranger's text for a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST)])
}
