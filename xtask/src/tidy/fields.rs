//! Every code that refuses a field has a text of its own in the catalogue that the browser reads,
//! and every such text is a code's (R-VAL-20): who fills in a form is told why in their language.
//! That the other languages have the same texts is `texts.rs`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::source::{File, Token, Tree};

const CATALOGUE: &str = "crates/scriptorium-ui/locales/en/browser.ftl";
const PREFIX: &str = "js-field-";

/// Crates whose refusals may reach a form.
const PACKAGES: [&str; 5] = [
    "scriptorium",
    "scriptorium-model",
    "scriptorium-runtime",
    "scriptorium-server",
    "scriptorium-store",
];

/// What only operators and hosts are told: the setup of a platform, its database, its backups.
const NO_FORM: [&str; 11] = [
    "crates/scriptorium/src/builder.rs",
    "crates/scriptorium/src/database.rs",
    "crates/scriptorium/src/local.rs",
    // Told to scripts, by their own codes.
    "crates/scriptorium-runtime/src/capabilities/",
    "crates/scriptorium-model/src/notification.rs",
    // Read once, at the start.
    "crates/scriptorium-runtime/src/notifications/",
    "crates/scriptorium-runtime/src/runtime.rs",
    "crates/scriptorium-runtime/src/service.rs",
    "crates/scriptorium-store/src/backup/",
    "crates/scriptorium-store/src/db/",
    "crates/scriptorium-store/src/tenant_data/",
];

/// The crate whose errors about a source refuse the field it was written in.
const FINDER: &str = "scriptorium-lang";

/// What codes of such errors begin with, and what looks like one and is a file.
const FINDINGS: [&str; 2] = ["script.", "platform."];
const SCRIPT_FILE: &str = "script.ts";

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(catalogue) = tree.find(CATALOGUE) else {
        return Vec::new();
    };
    let used = used(tree);
    let texts = texts(catalogue);
    let mut found = Vec::new();
    for (code, (file, line)) in &used {
        if !texts.contains_key(code) {
            let message = format!(
                "code `{code}` has no text `{PREFIX}{code}` in {CATALOGUES}; say there what is wrong"
            );
            found.push(Violation::new(file, *line, message));
        }
    }
    for (code, line) in &texts {
        if !used.contains_key(code) {
            let message = format!("no field is refused as `{code}`; remove the text");
            found.push(Violation::new(CATALOGUE, *line, message));
        }
    }
    for (key, line) in bounded(catalogue) {
        if !texts.contains_key(&key) {
            let message = format!("`{key}` needs a text without figures as well");
            found.push(Violation::new(CATALOGUE, line, message));
        }
    }
    found
}

const CATALOGUES: &str = "crates/scriptorium-ui/locales/{en,ru,uz}/browser.ftl";

/// Codes with the first place that names each.
fn used(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut used = BTreeMap::new();
    let reaches = |file: &&File| {
        file.package().is_some_and(|name| PACKAGES.contains(&name))
            && !file.is_test()
            && !NO_FORM.iter().any(|path| file.path.starts_with(path))
    };
    for file in tree.rust().filter(reaches) {
        for (code, line) in codes(&file.tokens()) {
            used.entry(code).or_insert((file.path.clone(), line));
        }
    }
    let finds = |file: &&File| file.package() == Some(FINDER) && !file.is_test();
    for file in tree.rust().filter(finds) {
        for (code, line) in findings(&file.tokens()) {
            used.entry(code).or_insert((file.path.clone(), line));
        }
    }
    used
}

/// The codes of errors in a source, as their texts' keys spell them. A warning refuses nothing.
fn findings(tokens: &[Token]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(code) = token.string().filter(|text| *text != SCRIPT_FILE) else {
            continue;
        };
        let name = FINDINGS.iter().find_map(|area| code.strip_prefix(area));
        let of_warning = at >= 2 && tokens[at - 2].text == "warning";
        if name.is_some_and(is_code) && !of_warning {
            found.push((code.replace('.', "_"), token.line));
        }
    }
    found
}

/// The codes of calls that refuse a field: `Invalid::field(field, code, message)` and its like, and
/// the shorthands `refuse(code, message)` of functions that are about one field.
fn codes(tokens: &[Token]) -> Vec<(String, usize)> {
    let mut codes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !is_call(tokens, at) {
            continue;
        }
        let arguments = arguments(&tokens[at + 2..]);
        let place = match (token.text.as_str(), arguments.len()) {
            ("push" | "field" | "new", 3) => 1,
            ("refuse", 2) => 0,
            _ => continue,
        };
        let [literal] = arguments[place] else {
            continue;
        };
        let Some(code) = literal.string().filter(|text| is_code(text)) else {
            continue;
        };
        codes.push((code.to_owned(), literal.line));
    }
    codes
}

fn is_call(tokens: &[Token], at: usize) -> bool {
    let name = tokens[at].text.as_str();
    let opens = tokens.get(at + 1).is_some_and(|next| next.text == "(");
    let owner = at.checked_sub(3).map(|of| tokens[of].text.as_str());
    let of_refusal = matches!(owner, Some("Invalid" | "Problem" | "FieldProblem"));
    opens && (matches!(name, "push" | "refuse") || matches!(name, "field" | "new") && of_refusal)
}

/// The arguments of a call, from behind its parenthesis on.
fn arguments(tokens: &[Token]) -> Vec<&[Token]> {
    let mut arguments = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" if depth == 0 => {
                arguments.extend((begin < at).then(|| &tokens[begin..at]));
                break;
            }
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                arguments.push(&tokens[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    arguments
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Codes that have a text without figures, each with its line.
fn texts(catalogue: &File) -> BTreeMap<String, usize> {
    keys(catalogue)
        .filter(|(key, _)| !key.contains('-'))
        .map(|(key, line)| (key.to_owned(), line))
        .collect()
}

/// Codes that have texts with figures, such as `too_long-max`.
fn bounded(catalogue: &File) -> BTreeSet<(String, usize)> {
    keys(catalogue)
        .filter_map(|(key, line)| Some((key.split_once('-')?.0.to_owned(), line)))
        .collect()
}

fn keys(catalogue: &File) -> impl Iterator<Item = (&str, usize)> {
    catalogue
        .text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let (key, _) = line.strip_prefix(PREFIX)?.split_once(" =")?;
            Some((key, index + 1))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, catalogue: &str, expected: &[(usize, &str)]) {
        check_in(
            "crates/scriptorium-model/src/a.rs",
            source,
            catalogue,
            expected,
        );
    }

    #[track_caller]
    fn check_in(path: &str, source: &str, catalogue: &str, expected: &[(usize, &str)]) {
        let found = super::check(&Tree::of(&[(path, source), (CATALOGUE, catalogue)]));
        let as_expected = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(one, (line, part))| one.line == *line && one.message.contains(part));
        assert!(as_expected, "{expected:?}: {found:#?}");
    }

    const TEXT: &str = "js-field-bad_name = is bad\n";

    #[test]
    fn codes_and_texts_are_paired() {
        for source in [
            "fn a() { Invalid::field(\"name\", \"bad_name\", \"is bad\") }",
            "fn a() { invalid.push(format!(\"a.{b}\", 1), \"bad_name\", \"is, bad\"); }",
            "fn a() { refuse(\"bad_name\", format!(\"{a}, {b}\")) }",
            "fn a() { Problem::field(&name, \"bad_name\", \"is bad\",) }",
            "fn a() { FieldProblem::new(\"name\", \"bad_name\", \"is bad\") }",
        ] {
            check(source, TEXT, &[]);
            check(source, "", &[(1, "`bad_name` has no text")]);
        }
        check("fn a() {}", TEXT, &[(1, "no field is refused")]);
    }

    #[test]
    fn other_calls_and_what_operators_are_told_need_no_text() {
        check(
            "fn a() { list.push(\"bad_name\"); b::new(1, \"bad_name\", 2) }",
            "",
            &[],
        );
        let source = "fn a() { Invalid::field(\"data_dir\", \"not_empty\", \"is not empty\") }";
        check_in("crates/scriptorium-store/src/backup/a.rs", source, "", &[]);
        check_in("crates/scriptorium-lang/src/a.rs", source, "", &[]);
    }

    #[test]
    fn a_text_with_figures_has_one_without() {
        let source = "fn a() { invalid.push(\"a\", \"too_long\", \"is too long\"); }";
        let with = "js-field-too_long-max = at most { $max }\n";
        check(
            source,
            &format!("js-field-too_long = too long\n{with}"),
            &[],
        );
        check(
            source,
            with,
            &[(1, "`too_long` has no text"), (1, "without figures")],
        );
    }

    #[test]
    fn errors_in_a_source_have_texts_and_warnings_need_none() {
        let lang = "crates/scriptorium-lang/src/a.rs";
        let source = "const ENTRY: &str = \"script.entry\";\nconst PATH: &str = \"script.ts\";\n\
                      fn a() { Finding::warning(\"script.entry_called\", span, message) }";
        check_in(lang, source, "js-field-script_entry = no function\n", &[]);
        check_in(lang, source, "", &[(1, "`script_entry` has no text")]);
        let other = "js-field-script_entry = a\njs-field-script_gone = b\n";
        check_in(lang, source, other, &[(2, "no field is refused")]);
    }
}
