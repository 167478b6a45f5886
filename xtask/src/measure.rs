//! `cargo xtask measure`: sizes of files and functions and the share of tests, crate by crate.
//! Figures to look at in a review; nothing fails by them.

use std::collections::BTreeMap;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tidy::source::{File, Tree, is_cfg_test, is_hash};

/// What a reader meets in one crate.
#[derive(Default)]
struct Sizes {
    /// Lines outside tests, one entry for each file.
    files: Vec<usize>,
    functions: Vec<Function>,
    test_lines: usize,
    longest_file: (usize, String),
}

/// One function outside tests; `lines` counts its body with the braces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    lines: usize,
    name: String,
}

#[expect(clippy::print_stdout, reason = "the table is the data this task gives")]
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::read(root)?;
    let mut crates: BTreeMap<&str, Sizes> = BTreeMap::new();
    for file in tree.rust() {
        let owner = file.package().unwrap_or_else(|| first_folder(&file.path));
        crates.entry(owner).or_default().add(file);
    }
    println!(
        "{:<21} {:>5} {:>6} {:>6} {:>4} {:>4} {:>5} {:>5} {:>5} {:>6}  longest file, longest function",
        "crate", "files", "lines", "median", "p90", "max", "fns", "<=10", "<=70", "tests"
    );
    for (name, sizes) in &mut crates {
        println!("{name:<21} {}", sizes.line());
    }
    Ok(())
}

fn first_folder(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

impl Sizes {
    fn add(&mut self, file: &File) {
        let all = file.text.lines().count();
        if file.is_test() {
            self.test_lines += all;
            return;
        }
        let mut tests = 0;
        if let Ok(stream) = file.text.parse::<TokenStream>() {
            walk(stream, &mut self.functions, &mut tests);
        }
        let lines = all - tests;
        self.test_lines += tests;
        self.files.push(lines);
        self.longest_file = std::mem::take(&mut self.longest_file).max((lines, file.path.clone()));
    }

    fn line(&mut self) -> String {
        self.files.sort_unstable();
        self.functions.sort();
        let lines: usize = self.files.iter().sum();
        let longest = self.functions.last();
        format!(
            "{:>5} {lines:>6} {:>6} {:>4} {:>4} {:>5} {:>4}% {:>4}% {:>5}%  {}, {}",
            self.files.len(),
            percentile(&self.files, 50),
            percentile(&self.files, 90),
            self.longest_file.0,
            self.functions.len(),
            self.functions_up_to(10),
            self.functions_up_to(70),
            share(self.test_lines, lines + self.test_lines),
            self.longest_file.1,
            longest.map_or(String::new(), |one| format!("{} ({})", one.name, one.lines)),
        )
    }

    fn functions_up_to(&self, lines: usize) -> usize {
        let short = self
            .functions
            .iter()
            .filter(|one| one.lines <= lines)
            .count();
        share(short, self.functions.len())
    }
}

fn percentile(sorted: &[usize], percent: usize) -> usize {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(0)
}

/// `part` of `whole` in per cent; of nothing, nothing.
fn share(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(0)
}

/// Collects the functions of `stream` and counts the lines of its `#[cfg(test)]` items.
fn walk(stream: TokenStream, functions: &mut Vec<Function>, test_lines: &mut usize) {
    let mut trees = stream.into_iter().peekable();
    let mut name = None;
    while let Some(tree) = trees.next() {
        if is_hash(&tree) && trees.peek().is_some_and(is_cfg_test) {
            *test_lines += item_lines(tree.span().start().line, &mut trees);
            continue;
        }
        match tree {
            TokenTree::Ident(word) if word == "fn" => {
                name = trees.peek().map(ToString::to_string);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => name = None,
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Brace
                    && let Some(name) = name.take()
                {
                    let span = group.span();
                    let lines = span.end().line - span.start().line + 1;
                    functions.push(Function { lines, name });
                }
                walk(group.stream(), functions, test_lines);
            }
            _ => {}
        }
    }
}

/// Leaves `trees` after the item that starts on line `from`, and counts its lines.
fn item_lines(from: usize, trees: &mut impl Iterator<Item = TokenTree>) -> usize {
    for tree in trees {
        let ends = match &tree {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        if ends {
            return tree.span().end().line - from + 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_tests_are_counted_apart() {
        let text = "//! A.\nfn short() {}\nfn long<T>(a: fn(T)) -> [u8; 3] {\n    b();\n}\n\
                    trait A { fn none(&self); }\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let tree = Tree::of(&[("crates/a/src/lib.rs", text)]);
        let mut sizes = Sizes::default();
        sizes.add(&tree.files[0]);

        let counted: Vec<_> = sizes
            .functions
            .iter()
            .map(|one| (one.name.as_str(), one.lines))
            .collect();
        assert_eq!(counted, [("short", 1), ("long", 3)]);
        assert_eq!((sizes.files[0], sizes.test_lines), (6, 4));
    }

    #[test]
    fn percentiles_stay_inside_the_list() {
        for (list, percent, expected) in [
            (&[][..], 50, 0),
            (&[7], 90, 7),
            (&[1, 2, 3, 4], 50, 3),
            (&[1, 2], 100, 2),
        ] {
            assert_eq!(percentile(list, percent), expected, "{percent} of {list:?}");
        }
    }
}
