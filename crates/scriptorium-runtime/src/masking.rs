//! What a run has read of secrets does not show up in what is stored or shown of it: not as it is, not
//! in base64, not as a part of a URL. It is the last wall, not the first: who writes a script can turn
//! a value into anything.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use scriptorium_model::Json;
use scriptorium_model::execution::Failure;
use scriptorium_model::secret::MASKED_CHARS;
use serde_json::Value;

/// What stands for a value.
const MASK: &str = "***";

/// The values that a run has read, in the forms in which they may turn up.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    /// The longest first: a form that holds another is masked as a whole.
    forms: Vec<String>,
}

impl Mask {
    /// Adds a value; one with fewer than eight characters is not masked.
    pub(crate) fn add(&mut self, value: &str) {
        if value.chars().count() < MASKED_CHARS {
            return;
        }
        for form in forms(value) {
            if !self.forms.contains(&form) {
                self.forms.push(form);
            }
        }
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// A text without the values.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for form in &self.forms {
            if masked.contains(form.as_str()) {
                masked = Cow::Owned(masked.replace(form.as_str(), MASK));
            }
        }
        masked
    }

    /// JSON without the values; as it was written when there is none in it.
    pub(crate) fn json(&self, json: Json) -> Json {
        if !self
            .forms
            .iter()
            .any(|form| json.as_str().contains(form.as_str()))
        {
            return json;
        }
        self.value(json.to_value()).into()
    }

    /// What went wrong, without the values.
    pub(crate) fn failure(&self, failure: Failure) -> Failure {
        Failure {
            message: self.text(&failure.message).into_owned(),
            stack: failure.stack.map(|stack| self.text(&stack).into_owned()),
            details: failure.details.map(|details| self.json(details)),
            ..failure
        }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into_owned().into(),
            Value::Number(number) => {
                let text = number.to_string();
                match self.text(&text) {
                    Cow::Borrowed(_) => Value::Number(number),
                    Cow::Owned(masked) => masked.into(),
                }
            }
            Value::Array(list) => list.into_iter().map(|one| self.value(one)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(key, one)| (self.text(&key).into_owned(), self.value(one)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other,
        }
    }
}

fn forms(value: &str) -> Vec<String> {
    let quoted = Value::from(value).to_string();
    let mut forms = vec![
        value.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        component(value, false),
        component(value, true),
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        hex(value, false),
        hex(value, true),
    ];
    for shift in 0..3 {
        let (plain, safe) = within_base64(value, shift);
        forms.extend([plain, safe]);
    }
    let long = |form: &String| form.chars().count() >= MASKED_CHARS;
    forms.into_iter().filter(long).collect()
}

/// As `encodeURIComponent` writes it, with either kind of digits.
fn component(value: &str, lower: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        // Writing to a String does not fail.
        let _ = match byte {
            b if b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b) => {
                out.push(char::from(b));
                Ok(())
            }
            b if lower => write!(out, "%{b:02x}"),
            b => write!(out, "%{b:02X}"),
        };
    }
    out
}

fn hex(value: &str, upper: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        let _ = if upper {
            write!(out, "{byte:02X}")
        } else {
            write!(out, "{byte:02x}")
        };
    }
    out
}

/// What of base64 is the value's alone when `shift` bytes of another stand before it, such as a user's
/// name before a password: in either alphabet.
fn within_base64(value: &str, shift: usize) -> (String, String) {
    let bytes = [&[0; 2][..shift.min(2)], value.as_bytes()].concat();
    // Six bits are a character: those that the value shares with its neighbours are not looked for.
    let from = (shift * 8).div_ceil(6);
    let to = bytes.len() * 8 / 6;
    let cut = |text: String| text.get(from..to).unwrap_or_default().to_owned();
    (
        cut(STANDARD_NO_PAD.encode(&bytes)),
        cut(URL_SAFE_NO_PAD.encode(&bytes)),
    )
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    const VALUE: &str = "sk_live/51+H?\"ключ\"";

    fn mask() -> Mask {
        let mut mask = Mask::default();
        mask.add(VALUE);
        mask
    }

    #[track_caller]
    fn check(text: &str) {
        let masked = mask().text(text).into_owned();
        assert_ne!(masked, text);
        for form in forms(VALUE) {
            assert!(!masked.contains(&form), "{text}: {masked}");
        }
    }

    #[test]
    fn values_are_masked_in_every_form() {
        check(&format!("the key is {VALUE}!"));
        check(&format!("{VALUE}{VALUE}"));
        check(&component(VALUE, false));
        check(&component(VALUE, true));
        let form: String = url::form_urlencoded::byte_serialize(VALUE.as_bytes()).collect();
        check(&form);
        check(&json!({ "a": VALUE }).to_string());
        check(&hex(VALUE, false));
        check(&hex(VALUE, true));
        for before in ["", "u", "us", "use", "user:", "Basic user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{VALUE}{after}");
                check(&STANDARD.encode(&text));
                check(&URL_SAFE_NO_PAD.encode(&text));
            }
        }
    }

    #[test]
    fn short_values_and_other_texts_stay() {
        let mut mask = Mask::default();
        mask.add("1234567");
        mask.add("");
        assert_eq!(mask.text("1234567 apples"), "1234567 apples");
        assert!(matches!(
            super::tests::mask().text("apples"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn json_stays_json() {
        let mut mask = Mask::default();
        mask.add("12345678");
        let masked = mask.json(Json::from(
            json!({ "n": 12345678, "12345678": [true, "a12345678b"] }),
        ));
        let expected = json!({ "n": "***", "***": [true, "a***b"] });
        assert_eq!(masked.to_value(), expected);
        let untouched = Json::from_written("{\"b\":1.0,\"a\":2}");
        assert_eq!(mask.json(untouched.clone()).as_str(), untouched.as_str());
    }

    #[test]
    fn a_value_within_another_leaves_nothing_of_it() {
        let mut mask = Mask::default();
        mask.add("password");
        mask.add("password-and-more");
        assert_eq!(mask.text("is password-and-more, password"), "is ***, ***");
    }
}
