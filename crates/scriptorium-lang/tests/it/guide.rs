//! Whatever the guide shows as a script is one: readers copy it.

use std::fs;
use std::path::Path;

use scriptorium_lang::{Library, Module, Options, diagnose, translate};

use crate::{JS, TS};

/// A fenced block that is a script.
struct Block {
    /// The line it starts on.
    line: usize,
    options: Options<'static>,
    source: String,
    /// What it is called where it is a library: the fence says `js library=name`.
    library: Option<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else {
            continue;
        };
        let (language, library) = match fence.split_once(" library=") {
            Some((language, name)) => (language, Some(format!("lib/{name}"))),
            None => (fence, None),
        };
        let options = match language {
            "js" => JS,
            "ts" => TS,
            _ => continue,
        };
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        found.push(Block {
            line: index + 1,
            options,
            source: body.join("\n"),
            library,
        });
    }
    found
}

/// What the libraries of a page export.
fn exports(blocks: &[Block]) -> Vec<(String, Vec<String>)> {
    let libraries = blocks.iter().filter_map(|block| {
        let name = block.library.clone()?;
        let options = Options {
            is_library: true,
            ..block.options
        };
        Some((name, translate(&block.source, &options).unwrap().exports))
    });
    libraries.collect()
}

#[test]
fn every_script_of_the_guide_is_accepted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let blocks = blocks(&fs::read_to_string(&path).unwrap());
        let exports = exports(&blocks);
        let libraries: Vec<Library<'_>> = exports
            .iter()
            .map(|(name, exports)| Library {
                specifier: name,
                found: Ok(Module { name, exports }),
            })
            .collect();
        for block in &blocks {
            let options = Options {
                libraries: &libraries,
                is_library: block.library.is_some(),
                ..block.options
            };
            let diagnostics = diagnose(&block.source, &options);
            assert!(
                diagnostics.is_empty(),
                "{}:{}: {diagnostics:?}",
                path.display(),
                block.line
            );
            count += 1;
        }
    }
    assert!(count >= 5, "one for each type at least, found {count}");
}
