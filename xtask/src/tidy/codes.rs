//! Every stable code of a failure, and every code that scripts can catch, has a section in
//! `docs/errors/codes.md`, and every section there belongs to a code.

use std::collections::BTreeMap;

use super::Violation;
use super::source::Tree;

const PAGE: &str = "docs/errors/codes.md";

/// First words of the stable codes: what failed.
const AREAS: [&str; 3] = ["script", "limit", "platform"];

/// Codes that are one word.
const PLAIN: [&str; 2] = ["cancelled", "TIMEOUT"];

/// File names that look like codes.
const NOT_CODES: [&str; 2] = ["script.js", "script.ts"];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(page) = tree.find(PAGE) else {
        return Vec::new();
    };
    let used = codes_in_sources(tree);
    let sections = sections(&page.text);
    let mut found = Vec::new();
    for (code, (file, line)) in &used {
        if !sections.contains_key(code) {
            let message =
                format!("code `{code}` has no section in {PAGE}; add its cause and remedy");
            found.push(Violation::new(file, *line, message));
        }
    }
    for (code, line) in &sections {
        if !used.contains_key(code) {
            let message = format!("no source uses code `{code}`; remove the section");
            found.push(Violation::new(PAGE, *line, message));
        }
    }
    found
}

/// Codes with the first place that names each.
fn codes_in_sources(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut codes = BTreeMap::new();
    let files = tree
        .rust()
        .filter(|file| file.package().is_some() && !file.is_test());
    for file in files {
        let for_scripts = file.package() == Some("scriptorium-runtime");
        for token in file.tokens() {
            // A statement may hold a code in quotes of its own.
            let texts = token.string().into_iter().flat_map(|text| text.split('\''));
            for code in texts.filter(|text| is_code(text) || for_scripts && is_script_code(text)) {
                let place = (file.path.clone(), token.line);
                codes.entry(code.to_owned()).or_insert(place);
            }
        }
    }
    codes
}

/// Such as `NOT_FOUND`.
fn is_script_code(text: &str) -> bool {
    text.split('_').count() > 1
        && !text.starts_with("CARGO_")
        && text
            .split('_')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase()))
}

fn is_code(text: &str) -> bool {
    let Some((area, name)) = text.split_once('.') else {
        return PLAIN.contains(&text);
    };
    AREAS.contains(&area)
        && !NOT_CODES.contains(&text)
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Codes of the headings, each with its line.
fn sections(page: &str) -> BTreeMap<String, usize> {
    let headings = page.lines().enumerate().filter_map(|(index, line)| {
        let code = line.strip_prefix("### `")?.strip_suffix('`')?;
        Some((code.to_owned(), index + 1))
    });
    headings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, page: &str, expected: Option<(&str, usize, &str)>) {
        let rust = "crates/scriptorium-engine/src/a.rs";
        let found = super::check(&Tree::of(&[(rust, source), (PAGE, page)]));
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some((file, line, part)) => assert!(
                matches!(&found[..], [only]
                    if only.file.ends_with(file) && only.line == line && only.message.contains(part)),
                "{part}: {found:?}"
            ),
        }
    }

    #[test]
    fn codes_that_scripts_catch_are_told_from_other_names() {
        for (text, is_one) in [
            ("NOT_FOUND", true),
            ("VALIDATION_ERROR", true),
            ("SHA", false),
            ("CARGO_PKG_VERSION", false),
            ("Not_Found", false),
            ("NOT_", false),
        ] {
            assert_eq!(is_script_code(text), is_one, "{text}");
        }
    }

    #[test]
    fn codes_and_sections_are_paired() {
        let source = "//! A.\nconst A: &str = \"limit.wall\";";
        check(source, "# Codes\n\n### `limit.wall`\n", None);
        check(source, "# Codes\n", Some(("a.rs", 2, "no section")));
        check(
            "//! A.",
            "# Codes\n\n### `limit.wall`\n",
            Some((PAGE, 3, "no source uses")),
        );
        check(
            "//! A.\nconst A: &str = \"limit.wall seconds\";",
            "# Codes\n",
            None,
        );
        check(
            "#[cfg(test)]\nmod tests { const A: &str = \"limit.wall\"; }",
            "",
            None,
        );
    }
}
