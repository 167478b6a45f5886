//! Formatted text in parts, each with the name ECMA-402 gives it.

use std::fmt;

use writeable::PartsWrite;

/// A piece of formatted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is: `integer`, `literal`, `month`, …
    pub kind: &'static str,
    /// How it reads.
    pub text: String,
}

/// The whole text.
pub fn joined(parts: &[Part]) -> String {
    parts.iter().map(|part| part.text.as_str()).collect()
}

/// Adds text, to the part before if it is of the same kind.
pub(crate) fn add(parts: &mut Vec<Part>, kind: &'static str, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.kind == kind => last.text.push_str(text),
        _ => parts.push(Part {
            kind,
            text: text.to_owned(),
        }),
    }
}

/// Takes what a library writes in parts of its own; those that `name` does not know are of the kind
/// around them.
pub(crate) struct Sink<'a> {
    pub(crate) parts: &'a mut Vec<Part>,
    pub(crate) kind: &'static str,
    pub(crate) name: fn(writeable::Part) -> Option<&'static str>,
}

impl fmt::Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        add(self.parts, self.kind, text);
        Ok(())
    }
}

impl PartsWrite for Sink<'_> {
    type SubPartsWrite = Self;

    fn with_part(
        &mut self,
        part: writeable::Part,
        mut write: impl FnMut(&mut Self::SubPartsWrite) -> fmt::Result,
    ) -> fmt::Result {
        let around = self.kind;
        self.kind = (self.name)(part).unwrap_or(around);
        let written = write(self);
        self.kind = around;
        written
    }
}
