//! `cargo xtask tidy`: the rules of the house that a compiler does not know, checked on the tree.
//! Each rule names its violations by file and line, and says what to do instead.

mod codes;
mod edges;
mod fields;
mod floors;
mod mutants;
mod names;
mod prose;
mod rust;
pub(crate) mod source;
mod texts;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use crate::mutants::list::MUTANTS;
use source::Tree;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// Path from the repository's root.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Violation {
    fn new(file: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Prints every violation; succeeds when there is none.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let violations = check(root)?;
    for violation in &violations {
        eprintln!("{violation}");
    }
    if violations.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("tidy: {} to put in order", violations.len());
    Ok(ExitCode::FAILURE)
}

/// Every violation in the tree below `root`, in the order of its files.
fn check(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let tree = Tree::read(root)?;
    let mut found = edges::check(root)?;
    found.extend(names::check(&tree));
    found.extend(rust::check(&tree));
    found.extend(texts::check(&tree));
    found.extend(codes::check(&tree));
    found.extend(fields::check(&tree));
    found.extend(floors::check(&std::fs::read_to_string(
        root.join("Cargo.lock"),
    )?));
    found.extend(mutants::check(&tree, &MUTANTS));
    found.extend(prose::check(&tree));
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let violations = check(crate::root()).unwrap();
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}
