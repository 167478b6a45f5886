//! The list of mutants keeps up with the tree: the text that each takes out occurs exactly once, and
//! the page of attacks says of each what noticed it.

use std::collections::BTreeSet;

use super::Violation;
use super::source::Tree;
use crate::mutants::list::Mutant;

const LIST: &str = "xtask/src/mutants/list.rs";
const PAGE: &str = "docs/attacks.md";
/// Where the page's table begins.
const HEADING: &str = "## Mutants";

pub(crate) fn check(tree: &Tree, mutants: &[Mutant]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for mutant in mutants {
        let line = line_of(tree, mutant.name);
        let mut say = |message: String| found.push(Violation::new(LIST, line, message));
        if !names.insert(mutant.name) {
            say(format!("there are two mutants `{}`", mutant.name));
        }
        let text = tree.find(mutant.file).map_or("", |file| &file.text);
        let times = text.matches(mutant.from).count();
        if times != 1 {
            say(format!(
                "what `{}` takes out occurs {times} times in {}; write it as it is there now",
                mutant.name, mutant.file
            ));
        }
    }
    let told = told(tree);
    for (name, line) in &told {
        if !names.contains(name.as_str()) {
            let message = format!("there is no mutant `{name}`; take the row out");
            found.push(Violation::new(PAGE, *line, message));
        }
    }
    for name in names {
        if !told.iter().any(|(other, _)| other == name) {
            let message = format!("`{name}` has no row under {HEADING} in {PAGE}");
            found.push(Violation::new(LIST, line_of(tree, name), message));
        }
    }
    found
}

/// Where a mutant is in the list.
fn line_of(tree: &Tree, name: &str) -> usize {
    let quoted = format!("\"{name}\"");
    let list = tree.find(LIST).map_or("", |file| &file.text);
    let before = list.lines().take_while(|line| !line.contains(&quoted));
    before.count() + 1
}

/// The names in the first column of the page's table, with their lines.
fn told(tree: &Tree) -> Vec<(String, usize)> {
    let page = tree.find(PAGE).map_or("", |file| &file.text);
    (1..)
        .zip(page.lines())
        .skip_while(|(_, line)| *line != HEADING)
        .filter_map(|(number, line)| {
            let name = line.strip_prefix("| `")?.split('`').next()?;
            Some((name.to_owned(), number))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expects one violation that says `complaint`, or none.
    #[track_caller]
    fn check(source: &str, page: &str, complaint: Option<&str>) {
        let mutant = Mutant {
            name: "wall",
            removes: "a wall",
            file: "a.rs",
            from: "stop()",
            to: "go()",
            package: "a",
            tests: "all()",
            says: "wall",
        };
        let page = format!("# Attacks\n| `other` | is another table |\n{page}");
        let tree = Tree::of(&[("a.rs", source), (PAGE, &page)]);
        let found = super::check(&tree, &[mutant]);
        match complaint {
            None => assert!(found.is_empty(), "{found:?}"),
            Some(part) => assert!(
                matches!(&found[..], [only] if only.message.contains(part)),
                "{part}: {found:?}"
            ),
        }
    }

    #[test]
    fn a_mutant_that_fits_nowhere_or_is_not_told_of_is_a_violation() {
        let page = "## Mutants\n| Name | Red |\n| `wall` | a test |\n";
        check("stop();", page, None);
        check("halt();", page, Some("0 times"));
        check("stop(); stop();", page, Some("2 times"));
        check("stop();", "## Mutants\n", Some("no row"));
        let stale = format!("{page}| `door` | a test |\n");
        check("stop();", &stale, Some("no mutant `door`"));
    }
}
