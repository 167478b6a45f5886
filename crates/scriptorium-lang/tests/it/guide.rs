//! Whatever the guide shows as a script is one: readers copy it.

use std::fs;
use std::path::Path;

use scriptorium_lang::{Options, diagnose};

use crate::{JS, TS};

/// The fenced blocks of a page that are scripts, each with the line it starts on.
fn scripts(page: &str) -> Vec<(usize, Options<'static>, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let options = match line {
            "```js" => JS,
            "```ts" => TS,
            _ => continue,
        };
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        found.push((index + 1, options, body.join("\n")));
    }
    found
}

#[test]
fn every_script_of_the_guide_is_accepted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        for (line, options, source) in scripts(&page) {
            let diagnostics = diagnose(&source, &options);
            assert!(
                diagnostics.is_empty(),
                "{}:{line}: {diagnostics:?}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 5, "one for each type at least, found {count}");
}
