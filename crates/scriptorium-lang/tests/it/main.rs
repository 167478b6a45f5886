//! The crate from outside: what is accepted, what it becomes, where errors are said to be.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "these are tests"
)]

mod entries;
mod forbidden;
mod fuzzed;
mod guide;
mod hostile;
mod libraries;
mod positions;
mod samples;
mod syntax;
mod watched;

use scriptorium_lang::{Convention, Language, Options};

/// A script of unknown type without an entry setting.
const fn any(language: Language) -> Options<'static> {
    Options {
        language,
        convention: Convention::Any,
        entry: None,
        libraries: &[],
        is_library: false,
    }
}

const JS: Options<'static> = any(Language::JavaScript);
const TS: Options<'static> = any(Language::TypeScript);
