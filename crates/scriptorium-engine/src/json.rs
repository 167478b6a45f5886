//! JSON as the guest writes it. A script's string may hold half of a surrogate pair, a text that
//! was cut within an emoji for one; `JSON.stringify` escapes it, and no reader of ours takes that.

use std::borrow::Cow;

/// The text with the replacement character in place of each lone surrogate, as in texts that are
/// no JSON.
pub(crate) fn well_formed(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("\\ud") {
        return text;
    }
    let bytes = text.as_bytes();
    let (mut out, mut from, mut at) = (String::with_capacity(text.len()), 0, 0);
    while let Some(byte) = bytes.get(at) {
        at += match (byte, half(bytes, at), half(bytes, at + 6)) {
            (b'\\', Some(Half::High), Some(Half::Low)) => 12,
            (b'\\', Some(_), _) => {
                out.push_str(&text[from..at]);
                out.push_str("\\ufffd");
                from = at + 6;
                6
            }
            (b'\\', None, _) => 2,
            _ => 1,
        };
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Which part of a pair.
enum Half {
    High,
    Low,
}

/// What the escape at this place stands for, if it is a surrogate.
fn half(bytes: &[u8], at: usize) -> Option<Half> {
    let [b'\\', b'u', b'd', kind, rest @ ..] = bytes.get(at..at + 6)? else {
        return None;
    };
    let is_escape = rest.iter().all(u8::is_ascii_hexdigit);
    match kind {
        b'8' | b'9' | b'a' | b'b' if is_escape => Some(Half::High),
        b'c'..=b'f' if is_escape => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(well_formed(text.into()), expected);
    }

    #[test]
    fn lone_surrogates_become_the_replacement_character() {
        check(r#""a\ud800b""#, r#""a\ufffdb""#);
        check(
            r#"["\udfff","\udc00\ud800"]"#,
            r#"["\ufffd","\ufffd\ufffd"]"#,
        );
        check(r#"{"\ud83d":"\ud83d"}"#, r#"{"\ufffd":"\ufffd"}"#);
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            r#""\ud83d\ude00""#,
            r#""\\ud800""#,
            r#""\\\\ud800 \u00e9 \n""#,
            r#""\ud7ff\ue000""#,
            r#""\ud8"#,
            "\"\\ud8ы\"",
            "\"ы\\",
        ] {
            check(text, text);
        }
    }
}
