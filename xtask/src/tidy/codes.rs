//! Every stable code is explained in `docs/errors/codes.md`, and everything explained there is a
//! code: failures and what scripts catch in a section each, problems of the API in a row each.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::source::{File, Token, Tree};

const PAGE: &str = "docs/errors/codes.md";

/// First words of the stable codes: what failed.
const AREAS: [&str; 4] = ["script", "limit", "platform", "notification"];

/// Names of what people did, which look like codes of what failed; the guide's page lists them.
const ACTIONS: &str = "crates/scriptorium-model/src/audit.rs";

/// Codes that are one word.
const PLAIN: [&str; 5] = ["cancelled", "CONFLICT", "DEPRECATED", "REMOVED", "TIMEOUT"];

/// Endings of file names, which look like codes.
const ENDINGS: [&str; 4] = ["css", "html", "js", "ts"];

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
    found.extend(check_problems(tree, &page.text));
    found
}

fn check_problems(tree: &Tree, page: &str) -> Vec<Violation> {
    let rows = rows(page);
    let mut literals = BTreeSet::new();
    let mut found = Vec::new();
    for file in shipped(tree) {
        let tokens = file.tokens();
        for (code, line) in problems(&tokens) {
            if !rows.contains_key(code) {
                let message =
                    format!("problem `{code}` has no row in {PAGE}; add why and what to do");
                found.push(Violation::new(&file.path, line, message));
            }
        }
        literals.extend(tokens.iter().filter_map(Token::string).map(str::to_owned));
    }
    for (code, line) in &rows {
        if !literals.contains(code) {
            let message = format!("no source uses `{code}`; remove the row");
            found.push(Violation::new(PAGE, *line, message));
        }
    }
    found
}

/// Codes written as the second argument of a function that makes a problem or a conflict.
fn problems(tokens: &[Token]) -> impl Iterator<Item = (&str, usize)> {
    tokens.windows(7).filter_map(|window| {
        let words: Vec<&str> = window.iter().map(|token| token.text.as_str()).collect();
        let code = match words[..] {
            ["StatusCode", ":", ":", _, ",", _, ")"] => &window[5],
            ["conflict", "(", _, ",", ..] => &window[2],
            _ => return None,
        };
        Some((code.string()?, code.line))
    })
}

/// Codes of the table's rows, each with its line.
fn rows(page: &str) -> BTreeMap<String, usize> {
    let rows = page.lines().enumerate().filter_map(|(index, line)| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let is_status = cells
            .next()?
            .starts_with(|letter: char| letter.is_ascii_digit());
        let code = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        is_status.then(|| (code.to_owned(), index + 1))
    });
    rows.collect()
}

fn shipped(tree: &Tree) -> impl Iterator<Item = &File> {
    let files = tree.rust();
    files.filter(|file| file.package().is_some() && !file.is_test())
}

/// Codes with the first place that names each.
fn codes_in_sources(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut codes = BTreeMap::new();
    for file in shipped(tree).filter(|file| file.path != ACTIONS) {
        let for_scripts = matches!(
            file.package(),
            Some("scriptorium-runtime" | "scriptorium-outbound")
        );
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
        && !ENDINGS.contains(&name)
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

    #[test]
    fn problems_and_rows_are_paired() {
        let made = "//! A.\nfn a() { Problem::new(StatusCode::CONFLICT, \"taken\") }";
        let conflict = "//! A.\nfn a() { Error::conflict(\"taken\", None, \"it is\") }";
        let row = "| 409 | `taken` | somebody has it | choose another |\n";
        check(made, row, None);
        check(conflict, row, None);
        check(made, "", Some(("a.rs", 2, "problem `taken` has no row")));
        check(
            conflict,
            "",
            Some(("a.rs", 2, "problem `taken` has no row")),
        );
        check("//! A.", row, Some((PAGE, 1, "no source uses `taken`")));
    }
}
