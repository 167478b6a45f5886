//! The path below which tenants' scripts answer, taken apart once and strictly, so that no
//! spelling of it reaches something else (WEB-26). Not the match against endpoints.

use percent_encoding::percent_decode_str;

/// The path an endpoint is matched by: each segment decoded once. `None` for a path that no
/// endpoint can have, however it is spelt.
pub(crate) fn decode(raw: &str) -> Option<String> {
    let mut path = String::with_capacity(raw.len());
    for segment in raw.strip_prefix('/')?.split('/') {
        path.push('/');
        path.push_str(&decode_segment(segment)?);
    }
    Some(path)
}

fn decode_segment(raw: &str) -> Option<String> {
    let escapes_are_whole = raw.split('%').skip(1).all(|after| {
        after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    });
    if !escapes_are_whole {
        return None;
    }
    let text = percent_decode_str(raw).decode_utf8().ok()?;
    let hides_structure = text
        .chars()
        .any(|c| c.is_control() || c == '/' || c == '\\');
    let is_plain = !text.is_empty() && text != "." && text != ".." && !hides_structure;
    is_plain.then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(raw: &str, expected: Option<&str>) {
        assert_eq!(super::decode(raw).as_deref(), expected, "{raw}");
    }

    #[test]
    fn segments_are_decoded_once() {
        check("/reports/2026", Some("/reports/2026"));
        check("/clients/%C3%A9t%C3%A9", Some("/clients/été"));
        check("/a/%252e", Some("/a/%2e"));
        check("/a;b/c=d", Some("/a;b/c=d"));
        check("/api/v1/tokens", Some("/api/v1/tokens"));
    }

    #[test]
    fn spellings_that_hide_structure_name_nothing() {
        for raw in [
            "",
            "/",
            "a",
            "/a/",
            "//a",
            "/a//b",
            "/.",
            "/a/..",
            "/a/%2e%2e/b",
            "/a/.%2E",
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/a%00",
            "/a%0d%0a",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%ff",
        ] {
            check(raw, None);
        }
    }
}
