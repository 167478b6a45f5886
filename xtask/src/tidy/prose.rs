//! Rules on what is written for people: links in documents lead somewhere, each decision has a
//! number of its own and a line in the index, and no work is left over in comments.

use std::collections::BTreeSet;

use super::Violation;
use super::source::{File, Tree};

/// Words that leave work to somebody, split so that this file does not hold them.
const LEFTOVERS: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X")];

const DECISIONS: &str = "docs/decisions/";
const INDEX: &str = "docs/decisions/README.md";

/// Endings of files that people write.
const WRITTEN: [&str; 12] = [
    "rs", "md", "toml", "js", "mjs", "ts", "css", "html", "sql", "ftl", "c", "sh",
];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in &tree.files {
        let ending = file.path.rsplit('.').next().unwrap_or_default();
        if WRITTEN.contains(&ending) {
            leftovers(file, &mut found);
        }
        if ending == "md" {
            links(tree, file, &mut found);
        }
    }
    decisions(tree, &mut found);
    found
}

fn decisions(tree: &Tree, found: &mut Vec<Violation>) {
    let index = tree.find(INDEX).map_or("", |file| file.text.as_str());
    let mut taken = BTreeSet::new();
    for file in &tree.files {
        let Some(name) = file.path.strip_prefix(DECISIONS) else {
            continue;
        };
        if file.path == INDEX {
            continue;
        }
        let number = name.split('-').next().unwrap_or_default();
        if !taken.insert(number) {
            let message = format!("decision {number} exists already; take the next free number");
            found.push(Violation::new(&file.path, 1, message));
        }
        if !file.text.starts_with(&format!("# {number}: ")) {
            let message =
                format!("the title must begin with `# {number}: `, as the file name does");
            found.push(Violation::new(&file.path, 1, message));
        }
        if !index.contains(&format!("]({name})")) {
            let message = format!("not in {INDEX}; add its line");
            found.push(Violation::new(&file.path, 1, message));
        }
    }
}

fn leftovers(file: &File, found: &mut Vec<Violation>) {
    for (index, line) in file.text.lines().enumerate() {
        for (start, end) in LEFTOVERS {
            let word = format!("{start}{end}");
            if line
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|part| part == word)
            {
                let message = format!("`{word}` leaves work in the tree; do it, or open an issue");
                found.push(Violation::new(&file.path, index + 1, message));
            }
        }
    }
}

fn links(tree: &Tree, file: &File, found: &mut Vec<Violation>) {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (index, line) in file.text.lines().enumerate() {
        for target in link_targets(line) {
            if !leads_somewhere(tree, file, folder, target) {
                let message =
                    format!("the link to `{target}` leads nowhere; write the page or correct it");
                found.push(Violation::new(&file.path, index + 1, message));
            }
        }
    }
}

/// The targets of `[text](target)` in `line`, without those of other sites.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

fn leads_somewhere(tree: &Tree, file: &File, folder: &str, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let page = if path.is_empty() {
        Some(file)
    } else {
        tree.find(&joined(folder, path))
    };
    let has_anchor = |page: &File| anchor.is_empty() || anchors(page).any(|known| known == anchor);
    match page {
        Some(page) => has_anchor(page),
        None => {
            let inside = format!("{}/", joined(folder, path).trim_end_matches('/'));
            tree.files.iter().any(|file| file.path.starts_with(&inside))
        }
    }
}

/// `path` as seen from `folder`, with `..` resolved.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Anchors of the page's headings, as they are made everywhere.
fn anchors(page: &File) -> impl Iterator<Item = String> {
    let headings = page.text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        kept.map(|letter| if letter == ' ' { '-' } else { letter })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: Option<(usize, &str)>) {
        let page = ("docs/guide/page.md", "# A page\n\n## Limits and `codes`\n");
        let found = super::check(&Tree::of(&[(path, text), page]));
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some((line, part)) => assert!(
                matches!(&found[..], [only] if only.line == line && only.message.contains(part)),
                "{part}: {found:?}"
            ),
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_a_violation() {
        check(
            "README.md",
            "[a](docs/guide/page.md) [b](https://example.org/x)",
            None,
        );
        check(
            "docs/errors/a.md",
            "[a](../guide/page.md#limits-and-codes)",
            None,
        );
        check("README.md", "[a](docs/guide)", None);
        check("README.md", "# Here\n[a](#here)", None);
        check(
            "README.md",
            "\n[a](docs/gone.md)",
            Some((2, "`docs/gone.md`")),
        );
        check(
            "docs/errors/a.md",
            "[a](guide/page.md)",
            Some((1, "leads nowhere")),
        );
        check(
            "README.md",
            "[a](docs/guide/page.md#gone)",
            Some((1, "#gone")),
        );
    }

    #[test]
    fn work_left_in_comments_is_a_violation() {
        let (start, end) = LEFTOVERS[0];
        check(
            "a.rs",
            &format!("//! A.\n// {start}{end}: finish"),
            Some((2, "leaves work")),
        );
        check(
            "a.rs",
            &format!("//! {start}{end}S and the method of it"),
            None,
        );
        check("a.png", &format!("{start}{end}"), None);
    }

    #[test]
    fn decisions_have_numbers_of_their_own_and_a_line_in_the_index() {
        let index = (INDEX, "[0001](0001-a.md) [0002](0002-b.md)\n");
        let first = ("docs/decisions/0001-a.md", "# 0001: A\n");
        let messages = |files: &[(&str, &str)]| -> Vec<String> {
            let found = super::check(&Tree::of(files)).into_iter();
            found
                .filter(|one| one.file != INDEX)
                .map(|one| one.message)
                .collect()
        };
        let second = ("docs/decisions/0002-b.md", "# 0002: B\n");
        assert!(messages(&[index, first, second]).is_empty());

        for (path, text, complaint) in [
            ("docs/decisions/0002-b.md", "# 0003: B\n", "title"),
            ("docs/decisions/0003-c.md", "# 0003: C\n", "not in"),
        ] {
            let found = messages(&[index, first, (path, text)]);
            assert!(
                matches!(&found[..], [only] if only.contains(complaint)),
                "{path}: {found:?}"
            );
        }
        let twice = ("docs/decisions/0001-b.md", "# 0001: B\n");
        let indexed = (INDEX, "[0001](0001-a.md) [0001](0001-b.md)\n");
        let found = messages(&[indexed, first, twice]);
        assert!(
            matches!(&found[..], [only] if only.contains("exists already")),
            "{found:?}"
        );
    }
}
