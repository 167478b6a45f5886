//! How many executions of a script go on at once that are about the same thing: one customer, one
//! document. What they are about is a part of their input, the concurrency key; the bound holds over all
//! servers.

use crate::{Invalid, Json};

/// Settings of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Where in the input the key is: names of members joined by dots. The whole script is one when
    /// `None`.
    pub key: Option<String>,
    /// Executions with one key at once, 1 to 20.
    pub limit: u32,
    /// What becomes of a further one.
    pub when_full: WhenFull,
}

/// What becomes of an execution when as many as may go on have its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WhenFull {
    /// It waits for its seat, behind those that came before.
    #[default]
    Queue,
    /// It ends as cancelled without having begun.
    Drop,
    /// It takes the place of those before it, which are cancelled.
    Replace,
}

/// Of one execution: its key, and what the script's settings said when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// What it is about, as JSON text.
    pub key: String,
    /// Executions with this key at once.
    pub limit: u32,
    /// What becomes of this one when there are as many.
    pub when_full: WhenFull,
}

/// The key of a script that bounds all its executions together. No JSON text is that.
pub const WHOLE_SCRIPT: &str = "*";
/// Most executions with one key at once, as of a script.
const MAX_LIMIT: u32 = 20;
/// Bytes of the longest path to a key.
const PATH_BYTES: usize = 200;

impl WhenFull {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Drop, Self::Replace];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Drop => "drop",
            Self::Replace => "replace",
        }
    }

    /// The policy of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

impl Default for Concurrency {
    /// One at a time, in their order.
    fn default() -> Self {
        Self {
            key: None,
            limit: 1,
            when_full: WhenFull::Queue,
        }
    }
}

impl Concurrency {
    /// Checks the settings.
    ///
    /// # Errors
    /// Every refused field, as `concurrency.key` and so on.
    pub fn validated(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if let Some(path) = &self.key {
            invalid.check(validate_path("concurrency.key", path));
        }
        if !(1..=MAX_LIMIT).contains(&self.limit) {
            let message = format!("must be 1 to {MAX_LIMIT}");
            let error = invalid.push("concurrency.limit", "out_of_range", message);
            error.with("min", 1).with("max", MAX_LIMIT);
        }
        invalid.or(())
    }

    /// The seat of an execution with this input. Those whose input has nothing there share a key.
    pub fn seat(&self, input: &Json) -> Seat {
        Seat {
            key: key_of(self.key.as_deref(), input),
            limit: self.limit,
            when_full: self.when_full,
        }
    }
}

/// Checks a path to a part of an input.
///
/// # Errors
/// It is empty, too long, or has an empty name.
pub fn validate_path(field: &str, path: &str) -> Result<(), Invalid> {
    let long = path.len() > PATH_BYTES;
    if long || path.split('.').any(str::is_empty) {
        let message = "must be names of members joined by dots, such as customer.id";
        return Err(Invalid::field(field, "bad_member", message));
    }
    Ok(())
}

/// What a path leads to, as JSON text; `null` when there is nothing.
pub fn key_of(path: Option<&str>, input: &Json) -> String {
    let Some(path) = path else {
        return WHOLE_SCRIPT.to_owned();
    };
    let input = input.to_value();
    let found = path
        .split('.')
        .try_fold(&input, |value, name| value.get(name));
    bounded(found.map_or_else(|| "null".to_owned(), ToString::to_string))
}

/// Bytes of the longest key. Of a longer one a digest stands for what is cut off.
const KEY_BYTES: usize = 200;

fn bounded(mut key: String) -> String {
    if key.len() > KEY_BYTES {
        // FNV-1a: whoever makes two keys alike keeps their own executions from each other.
        let digest = key.bytes().fold(
            0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
            |sum, byte| (sum ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b),
        );
        let mut end = KEY_BYTES - 40;
        while !key.is_char_boundary(end) {
            end -= 1;
        }
        key.truncate(end);
        key.push_str(&format!("…{digest:032x}"));
    }
    key
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_key_is_what_the_path_leads_to() {
        let input = json!({"customer": {"id": 7, "tags": ["a"]}, "a.b": 1, "none": null});
        for (path, expected) in [
            (Some("customer.id"), "7"),
            (Some("customer"), r#"{"id":7,"tags":["a"]}"#),
            (Some("customer.name"), "null"),
            (Some("customer.id.more"), "null"),
            (Some("customer.tags.0"), "null"),
            (Some("none"), "null"),
            (None, "*"),
        ] {
            let input: Json = input.clone().into();
            assert_eq!(key_of(path, &input), expected, "{path:?}");
        }
        // A text and a number are not the same, and no value is the whole script.
        for (one, other) in [
            (json!({"id": "7"}), json!({"id": 7})),
            (json!({"id": "*"}), json!({"id": null})),
        ] {
            let key = |value: Value| key_of(Some("id"), &value.into());
            assert_ne!(key(one), key(other));
        }
        assert_ne!(key_of(Some("id"), &json!({"id": "*"}).into()), "*");
    }

    #[test]
    fn a_long_key_is_cut_and_stays_its_own() {
        let key = |text: String| key_of(Some("id"), &json!({ "id": text }).into());
        let long = "ключ".repeat(100);
        let (one, other) = (key(format!("{long}1")), key(format!("{long}2")));
        assert_ne!(one, other);
        assert!(one.len() <= KEY_BYTES && other.len() <= KEY_BYTES);
        assert_eq!(one, key(format!("{long}1")));
    }

    #[test]
    fn settings_are_checked_field_by_field() {
        let longest = "k".repeat(PATH_BYTES);
        for (key, limit, expected) in [
            (None, 1, None),
            (Some("customer.id"), 20, None),
            (Some(longest.as_str()), 1, None),
            (Some(&*format!("{longest}k")), 1, Some("concurrency.key")),
            (Some(""), 1, Some("concurrency.key")),
            (Some("a..b"), 1, Some("concurrency.key")),
            (Some("a."), 1, Some("concurrency.key")),
            (None, 0, Some("concurrency.limit")),
            (None, 21, Some("concurrency.limit")),
        ] {
            let settings = Concurrency {
                key: key.map(str::to_owned),
                limit,
                ..Concurrency::default()
            };
            let refused = settings.validated().err();
            let field = refused.map(|invalid| invalid.errors[0].field.clone());
            assert_eq!(field.as_deref(), expected, "{settings:?}");
        }
    }

    #[test]
    fn policies_have_names() {
        for policy in WhenFull::ALL {
            assert_eq!(WhenFull::from_name(policy.as_str()), Some(policy));
        }
        assert_eq!(WhenFull::from_name("Queue"), None);
    }
}
