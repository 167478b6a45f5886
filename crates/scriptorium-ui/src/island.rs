//! JSON inside a page, for its scripts to read. Nothing in it can end the element that holds it.

use std::fmt;

use askama::filters::HtmlSafe;
use serde::Serialize;

/// A JSON document that is safe between `<script type="application/json">` tags.
pub(crate) struct Island(String);

impl Island {
    /// Writes the value. What cannot be written becomes `null`, which no page has a value for.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let json = serde_json::to_string(value).unwrap_or_else(|_| "null".into());
        let mut safe = String::with_capacity(json.len());
        for c in json.chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    safe.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                _ => safe.push(c),
            }
        }
        Self(safe)
    }
}

impl fmt::Display for Island {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Sound because `of`, the only constructor, escapes every character that HTML gives a meaning.
impl HtmlSafe for Island {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_close_its_element() {
        let hostile = "</script><!-- & \u{2028}";
        let island = Island::of(&hostile).to_string();
        assert!(!island.contains(['<', '>', '&', '\u{2028}']), "{island}");
        let read: String = serde_json::from_str(&island).unwrap();
        assert_eq!(read, hostile);
    }
}
