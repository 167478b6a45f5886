//! Reading options: each has a name and values to choose from; what is none of them is a `RangeError`.

use serde_json::{Map, Value};

use crate::{Refusal, shown};

/// The options of a constructor as the script gave them: texts, numbers and truth values by name.
/// Those that were left out, or `undefined`, are not there.
#[derive(Debug, Clone, Default)]
pub struct Options(Map<String, Value>);

impl From<Map<String, Value>> for Options {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

/// Values to choose from, with the words they are written as.
pub(crate) trait Word: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

/// An enum of words of ECMA-402.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub(crate) enum $name {
            $(#[serde(rename = $word)] $variant),+
        }

        impl $crate::choice::Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }
    };
}
pub(crate) use words;

impl Options {
    /// Whether anything was given under this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text as it is.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A truth value.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// One of the words.
    pub(crate) fn word<W: Word>(&self, name: &str) -> Result<Option<W>, Refusal> {
        let Some(given) = self.0.get(name) else {
            return Ok(None);
        };
        let given = given.as_str().unwrap_or_default();
        let found = W::WORDS.iter().find(|(word, _)| *word == given);
        match found {
            Some((_, value)) => Ok(Some(*value)),
            None => Err(out_of_range(given, name)),
        }
    }

    /// A number, rounded down, within bounds.
    pub(crate) fn integer(&self, name: &str, min: u16, max: u16) -> Result<Option<u16>, Refusal> {
        let Some(given) = self.0.get(name) else {
            return Ok(None);
        };
        let number = given.as_f64().unwrap_or(f64::NAN);
        if number >= f64::from(min) && number <= f64::from(max) {
            return Ok(Some(number.floor() as u16));
        }
        Err(Refusal::range(format!("{name} value is out of range.")))
    }

    /// `numberingSystem`, and `calendar`: a well-formed name is ignored when it is not known here.
    pub(crate) fn kind(&self, name: &str) -> Result<(), Refusal> {
        let well_formed = |text: &str| {
            text.split('-').all(|part| {
                (3..=8).contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        };
        match self.text(name) {
            Some(text) if !well_formed(text) => Err(out_of_range(text, name)),
            _ => Ok(()),
        }
    }
}

fn out_of_range(given: &str, name: &str) -> Refusal {
    Refusal::range(format!(
        "Value {} out of range for option {name}",
        shown(given)
    ))
}
