//! Any text as the source of a script or a library: it is answered with what there is to say, at places
//! inside of the text; or translated into a module that reads the same when it is read again.

use std::sync::LazyLock;

use scriptorium_lang::{
    Convention, Diagnostic, Diagnostics, Entry, Language, Library, Module, Options, Translated,
    imports, translate,
};

/// What a source may be told; `platform.translate` is a defect.
const CODES: [&str; 7] = [
    "script.syntax",
    "script.forbidden",
    "script.import",
    "script.entry",
    "script.entry_called",
    "script.too_deep",
    "script.too_large",
];
const MOST_DIAGNOSTICS: usize = 100;
/// The longest message, and the longest line that is shown.
const MOST_CHARS: usize = 500;

static EXPORTS: LazyLock<Vec<String>> =
    LazyLock::new(|| ["default", "total"].map(str::to_owned).into());

/// One library that is there, under the name it is asked for by, and one that is not.
static LIBRARIES: LazyLock<[Library<'static>; 2]> = LazyLock::new(|| {
    [
        Library {
            specifier: "lib/a",
            found: Ok(Module {
                name: "lib/a",
                exports: &EXPORTS,
            }),
        },
        Library {
            specifier: "lib/b",
            found: Err("The library `lib/b` is archived"),
        },
    ]
});

/// The property.
pub(crate) fn check(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes);
    for language in [Language::JavaScript, Language::TypeScript] {
        for is_library in [false, true] {
            let options = Options {
                language,
                convention: Convention::Any,
                entry: None,
                libraries: &*LIBRARIES,
                is_library,
            };
            answered(&source, &options);
        }
        if let Ok(specifiers) = imports(&source, language) {
            assert!(specifiers.iter().all(|one| one.starts_with("lib/")));
        }
    }
}

fn answered(source: &str, options: &Options<'_>) {
    let widths = widths(source);
    let diagnostics = match translate(source, options) {
        Ok(translated) => {
            leads_back(&translated, &widths);
            reads_the_same(&translated, options);
            translated.warnings
        }
        Err(errors) => {
            assert!(errors.first_error().is_some());
            errors.0
        }
    };
    assert!(diagnostics.len() <= MOST_DIAGNOSTICS);
    for diagnostic in &diagnostics {
        is_placed(diagnostic, &widths);
        let frame = diagnostic.render(source, "script");
        assert!(frame.contains(diagnostic.code) || frame.contains(&diagnostic.message));
    }
}

fn is_placed(diagnostic: &Diagnostic, widths: &[usize]) {
    assert!(CODES.contains(&diagnostic.code), "{diagnostic}");
    let start = (diagnostic.line, diagnostic.column);
    let end = (diagnostic.end_line, diagnostic.end_column);
    is_inside(start, widths);
    is_inside(end, widths);
    assert!(start <= end, "{diagnostic:?}");
    for text in [&diagnostic.message, &diagnostic.source_line] {
        assert!(text.chars().count() <= MOST_CHARS, "{text}");
    }
}

/// Whatever place of the code fails, the user is shown one of theirs.
fn leads_back(translated: &Translated, widths: &[usize]) {
    let mut lines = 0;
    for line in translated.code.split(['\n', '\r', '\u{2028}', '\u{2029}']) {
        lines += 1;
        let end = u32::try_from(line.len()).unwrap();
        for column in [0, 1, end / 2, end, end + 1, u32::MAX] {
            if let Some(place) = translated.map.original(lines, column) {
                is_inside(place, widths);
            }
        }
    }
    assert_eq!(translated.map.original(0, 1), None);
    assert_eq!(translated.map.original(lines + 1, 1), None);
}

fn reads_the_same(translated: &Translated, options: &Options<'_>) {
    let options = Options {
        language: Language::JavaScript,
        ..*options
    };
    match translate(&translated.code, &options) {
        Ok(again) if options.is_library => assert_eq!(again.exports, translated.exports),
        Ok(again) => assert_eq!(again.entry, Entry::Export, "{}", translated.code),
        Err(Diagnostics(errors)) => panic!("{errors:?}: {}", translated.code),
    }
}

/// The UTF-16 units of each line, as an editor counts.
fn widths(source: &str) -> Vec<usize> {
    source
        .replace("\r\n", "\n")
        .split(['\n', '\r'])
        .map(|line| line.encode_utf16().count())
        .collect()
}

/// A column may stand after its line, and between the two characters that end it.
#[track_caller]
fn is_inside((line, column): (u32, u32), widths: &[usize]) {
    let width = widths[line as usize - 1];
    let columns = 1..=width + 2;
    assert!(columns.contains(&(column as usize)), "{line}:{column}");
}
