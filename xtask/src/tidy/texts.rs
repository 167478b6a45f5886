//! No visible text of the pages outside the catalogues, and the same keys with the same variables
//! in every language. Looks at templates and catalogues, not at what the pages do with them.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Resource};
use fluent_syntax::{parser, serializer};

use super::Violation;
use super::source::{File, Tree};

const TEMPLATES: &str = "crates/scriptorium-ui/templates/";
const CATALOGUES: &str = "crates/scriptorium-ui/locales/";

/// The language the others are compared with, and those.
const REFERENCE: &str = "en";
const TRANSLATIONS: [&str; 2] = ["ru", "uz"];

/// Words that read the same in every language.
const SAME_EVERYWHERE: [&str; 12] = [
    "Scriptorium",
    "JSON",
    "UTC",
    "HTTP",
    "Ctrl",
    "Cmd",
    "Enter",
    "Esc",
    "ms",
    "en",
    "ru",
    "uz",
];

/// Attributes that people see or hear.
const VISIBLE_ATTRIBUTES: [&str; 5] = ["title", "placeholder", "alt", "aria-label", "label"];

/// Elements whose content nobody reads.
const HIDDEN_ELEMENTS: [&str; 2] = ["script", "style"];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let templates = tree
        .files
        .iter()
        .filter(|file| file.path.starts_with(TEMPLATES));
    let mut found: Vec<Violation> = templates.flat_map(check_template).collect();
    found.extend(check_catalogues(tree));
    found
}

fn check_template(file: &File) -> Vec<Violation> {
    let mut found = Vec::new();
    for (offset, text) in visible_texts(&blank_expressions(&file.text)) {
        if let Some(word) = untranslated(text) {
            let line = line_of(&file.text, offset + text.find(word).unwrap_or(0));
            let message = format!(
                "`{word}` is text of the page; put it in {CATALOGUES}{{en,ru,uz}} and write its key here"
            );
            found.push(Violation::new(&file.path, line, message));
        }
    }
    found
}

/// The first word of a text that reads differently in other languages.
fn untranslated(text: &str) -> Option<&str> {
    // A path is the same everywhere; `&nbsp;` and its like are no words.
    let is_entity = |word: &str| word.starts_with('&') && word.ends_with(';');
    let words = text.split(char::is_whitespace);
    let words = words.filter(|word| !(word.starts_with('/') || is_entity(word)));
    words
        .flat_map(|word| word.split(|letter: char| !letter.is_alphabetic()))
        .find(|word| !word.is_empty() && !SAME_EVERYWHERE.contains(word))
}

/// `html` with template expressions, tags and comments of the template language as blanks.
fn blank_expressions(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest
        .find("{{")
        .into_iter()
        .chain(rest.find("{%"))
        .chain(rest.find("{#"))
        .min()
    {
        let closing = match rest.as_bytes().get(start + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => "#}",
        };
        let end = rest[start..]
            .find(closing)
            .map_or(rest.len(), |end| start + end + 2);
        out.push_str(&rest[..start]);
        out.extend(
            rest[start..end]
                .bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
        );
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Text nodes and visible attribute values, each with its offset.
fn visible_texts(html: &str) -> Vec<(usize, &str)> {
    let mut texts = Vec::new();
    let mut at = 0;
    while at < html.len() {
        let rest = &html[at..];
        let Some(open) = rest.find('<') else {
            texts.push((at, rest));
            break;
        };
        texts.push((at, &rest[..open]));
        at += open;
        let rest = &html[at..];
        if rest.starts_with("<!--") {
            at += rest.find("-->").map_or(rest.len(), |end| end + 3);
            continue;
        }
        let end = tag_end(rest);
        texts.extend(visible_attributes(&rest[..end]).map(|(offset, text)| (at + offset, text)));
        at += end;
        let hidden = HIDDEN_ELEMENTS.iter().find(|name| is_element(rest, name));
        if let Some(name) = hidden {
            let closing = format!("</{name}");
            at += html[at..].find(&closing).unwrap_or(html.len() - at);
        }
    }
    texts
}

fn is_element(tag: &str, name: &str) -> bool {
    let after = tag[1..].strip_prefix(name);
    after.is_some_and(|after| {
        !after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '-')
    })
}

/// Where the tag that `html` starts with ends; quoted values may hold `>`.
fn tag_end(html: &str) -> usize {
    let mut quote = None;
    for (offset, letter) in html.char_indices() {
        match (quote, letter) {
            (None, '>') => return offset + 1,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if letter == open => quote = None,
            _ => {}
        }
    }
    html.len()
}

/// Values of the attributes of `tag` that are seen or heard.
fn visible_attributes(tag: &str) -> impl Iterator<Item = (usize, &str)> {
    VISIBLE_ATTRIBUTES.iter().filter_map(move |name| {
        let written = format!(" {name}=\"");
        let start = tag.find(&written)? + written.len();
        let end = start + tag[start..].find('"')?;
        Some((start, &tag[start..end]))
    })
}

fn check_catalogues(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in &tree.files {
        let Some(name) = file.path.strip_prefix(&format!("{CATALOGUES}{REFERENCE}/")) else {
            continue;
        };
        let reference = catalogue(file, &mut found);
        for language in TRANSLATIONS {
            let path = format!("{CATALOGUES}{language}/{name}");
            let Some(translated) = tree.find(&path) else {
                let message = format!("{path} is missing; translate this file");
                found.push(Violation::new(&file.path, 1, message));
                continue;
            };
            let translation = catalogue(translated, &mut found);
            compare(file, &reference, translated, &translation, &mut found);
        }
    }
    found
}

/// Variables that each message of a catalogue uses, by the message's key.
type Catalogue = BTreeMap<String, BTreeSet<String>>;

fn catalogue(file: &File, found: &mut Vec<Violation>) -> Catalogue {
    let resource = match parser::parse(file.text.as_str()) {
        Ok(resource) => resource,
        Err((resource, errors)) => {
            for error in errors {
                let line = line_of(&file.text, error.pos.start);
                found.push(Violation::new(
                    &file.path,
                    line,
                    format!("not Fluent: {error}"),
                ));
            }
            resource
        }
    };
    let mut messages = Catalogue::new();
    for entry in resource.body {
        let key = match &entry {
            Entry::Message(message) => message.id.name.to_owned(),
            Entry::Term(term) => format!("-{}", term.id.name),
            _ => continue,
        };
        let text = serializer::serialize(&Resource { body: vec![entry] });
        if messages.insert(key.clone(), variables(&text)).is_some() {
            let line = line_of_key(file, &key);
            found.push(Violation::new(
                &file.path,
                line,
                format!("`{key}` is there twice; keep one"),
            ));
        }
    }
    messages
}

fn variables(message: &str) -> BTreeSet<String> {
    let names = message.split('$').skip(1);
    names
        .filter_map(|after| {
            after
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-')
                .next()
        })
        .map(str::to_owned)
        .collect()
}

fn compare(
    reference_file: &File,
    reference: &Catalogue,
    file: &File,
    catalogue: &Catalogue,
    found: &mut Vec<Violation>,
) {
    for (key, variables) in reference {
        match catalogue.get(key) {
            None => {
                let line = line_of_key(reference_file, key);
                let message = format!("`{key}` is missing in {}; translate it", file.path);
                found.push(Violation::new(&reference_file.path, line, message));
            }
            Some(translated) if translated != variables => {
                let line = line_of_key(file, key);
                let message =
                    format!("`{key}` must use the variables {variables:?}, as in English");
                found.push(Violation::new(&file.path, line, message));
            }
            Some(_) => {}
        }
    }
    for key in catalogue.keys().filter(|key| !reference.contains_key(*key)) {
        let line = line_of_key(file, key);
        let message = format!(
            "`{key}` is missing in {}; add it there or remove it",
            reference_file.path
        );
        found.push(Violation::new(&file.path, line, message));
    }
}

fn line_of_key(file: &File, key: &str) -> usize {
    let starts = |line: &str| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    file.text
        .lines()
        .position(starts)
        .map_or(1, |index| index + 1)
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_page(html: &str, expected: Option<(usize, &str)>) {
        let path = format!("{TEMPLATES}a.html");
        let found = super::check(&Tree::of(&[(path.as_str(), html)]));
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some((line, word)) => assert!(
                matches!(&found[..], [only] if only.line == line && only.message.contains(word)),
                "{word}: {found:?}"
            ),
        }
    }

    #[test]
    fn visible_text_in_a_template_is_a_violation() {
        check_page("<h1>{{ t.title }}</h1>", None);
        check_page("<h1>\n{{ t.title }}\nScripts</h1>", Some((3, "`Scripts`")));
        check_page("<h1>Скрипты</h1>", Some((1, "`Скрипты`")));
        check_page("{% if a > b %}{{ c }}{% endif %}{# a note #}", None);
        check_page("<!-- a note --><p>1 / 2 · {{ n }} ms</p>", None);
        check_page(
            "<script>let a = 1 < 2;</script>\n<b>Run</b>",
            Some((2, "`Run`")),
        );
        check_page("<scripts-list>Run</scripts-list>", Some((1, "`Run`")));
        check_page("<code>/api/scripts</code>&nbsp;", None);
        check_page("<a x-show=\"a > b\">{{ t.a }}</a>", None);
    }

    #[test]
    fn a_visible_attribute_is_text_too() {
        check_page("<a title=\"{{ t.a }}\" class=\"wide\"></a>", None);
        check_page("<a class=\"wide\"\n title=\"Run\"></a>", Some((2, "`Run`")));
        check_page("<input placeholder=\"Search\">", Some((1, "`Search`")));
    }

    #[track_caller]
    fn check_texts(en: &str, ru: &str, uz: &str, expected: &[(&str, usize, &str)]) {
        let path = |language| format!("{CATALOGUES}{language}/pages.ftl");
        let (en_path, ru_path, uz_path) = (path("en"), path("ru"), path("uz"));
        let files = [
            (en_path.as_str(), en),
            (ru_path.as_str(), ru),
            (uz_path.as_str(), uz),
        ];
        let mut found = super::check(&Tree::of(&files));
        found.sort();
        let as_expected = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(one, (language, line, part))| {
                    one.file == path(*language) && one.line == *line && one.message.contains(part)
                });
        assert!(as_expected, "{expected:?}: {found:#?}");
    }

    #[test]
    fn catalogues_have_the_same_keys_and_variables() {
        let good = "a = One\nb = { $n } of { $m }\n";
        check_texts(good, good, good, &[]);
        check_texts(good, "a = One\n", good, &[("en", 2, "`b` is missing in")]);
        check_texts(
            good,
            good,
            "c = Three\na = One\nb = { $m } { $n }\n",
            &[("uz", 1, "`c` is missing in")],
        );
        check_texts(
            good,
            "a = One\nb = { $n }\n",
            good,
            &[("ru", 2, "`b` must use")],
        );
        check_texts(
            good,
            good,
            "a = One\na = One\nb = { $n }{ $m }\n",
            &[("uz", 1, "twice")],
        );
    }

    #[test]
    fn a_missing_or_broken_catalogue_is_a_violation() {
        let en = format!("{CATALOGUES}en/pages.ftl");
        let found = super::check(&Tree::of(&[(en.as_str(), "a = One\n")]));
        assert_eq!(found.len(), 2, "one for each translation: {found:?}");
        check_texts(
            "a = One\n",
            "a = { \n",
            "a = One\n",
            &[("en", 1, "`a` is missing in"), ("ru", 2, "not Fluent")],
        );
    }
}
