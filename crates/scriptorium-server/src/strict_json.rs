//! JSON as strictly as an interface wants it: one document, no key twice, at most 128 deep.
//! serde_json alone keeps the last of two equal keys, so that two readers of one request could
//! disagree on what was asked (WEB-15). Not the shape of a document; that is [`crate::input`].

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Checks a whole body.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Strict.deserialize(&mut reader)?;
    reader.end()
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("duplicate key {key:?}")));
            }
            seen.insert(key);
            members.next_value_seed(Self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(text: &str, complaint: Option<&str>) {
        match (super::check(text.as_bytes()), complaint) {
            (Ok(()), None) => {}
            (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{error}"),
            (outcome, _) => panic!("{text:.60}: {outcome:?}"),
        }
    }

    #[test]
    fn one_well_formed_document_with_distinct_keys_is_accepted() {
        check(
            r#"{"a": [1, -2, 3.5e3, null, true, "x"], "b": {"a": 1}}"#,
            None,
        );
        check("7", None);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        check(r#"{"a": 1, "a": 2}"#, Some("duplicate key \"a\""));
        check(
            r#"{"x": [{"a": 1, "\u0061": 2}]}"#,
            Some("duplicate key \"a\""),
        );
        check("{} {}", Some("trailing characters"));
        check(r#"{"a": NaN}"#, Some("expected"));
        check(r#"{"a": 1e999}"#, Some("out of range"));
        check("\u{feff}{}", Some("expected"));
        check("", Some("EOF"));
        check(&"[".repeat(100_000), Some("recursion limit"));
    }
}
