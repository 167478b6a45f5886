//! Names that say nothing are refused for crates, modules and folders of source.

use super::Violation;
use super::source::Tree;

/// Words that fit any code, and so explain none.
const EMPTY: [&str; 9] = [
    "common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils",
];

/// Paths that may carry such a word: path prefix, why.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "crates/scriptorium-runtime/src/capabilities/utils",
    "scripts call this capability `utils`",
)];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.rust() {
        if EXCEPTIONS
            .iter()
            .any(|(prefix, _)| file.path.starts_with(prefix))
        {
            continue;
        }
        let path = file.path.trim_end_matches(".rs");
        let mut words = path.split(['/', '-', '_']);
        if let Some(word) = words.find(|word| EMPTY.contains(word)) {
            let message =
                format!("`{word}` is a name that says nothing; name it after what it holds");
            found.push(Violation::new(&file.path, 1, message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, clean: bool) {
        assert_eq!(
            super::check(&Tree::of(&[(path, "")])).is_empty(),
            clean,
            "{path}"
        );
    }

    #[test]
    fn empty_names_are_violations() {
        check("crates/scriptorium-model/src/script.rs", true);
        check("crates/scriptorium-runtime/src/capabilities/utils.rs", true);
        check("crates/scriptorium-common/src/lib.rs", false);
        check("crates/scriptorium-model/src/utils.rs", false);
        check("crates/scriptorium-store/src/pool_manager.rs", false);
        check("crates/scriptorium-store/src/helpers/row.rs", false);
    }
}
