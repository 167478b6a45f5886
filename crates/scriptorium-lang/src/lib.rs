//! Parses, scans and translates script source; knows nothing of running it.
//!
//! Whatever a user may write (a module, a function, a bare body, in JavaScript or
//! TypeScript) becomes the one thing the engine runs: an ES module whose default
//! export is the entry function, with a map back to the user's lines and columns.

mod diagnostic;
mod effort;
mod entry;
mod guard;
mod modules;
mod parse;
mod pipeline;
mod position;
mod render;
mod rewrite;
mod scan;
mod signature;
mod strip;
mod survey;
mod text;
mod tokens;
mod watch;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use modules::{Library, Module};
pub use position::PositionMap;
pub use watch::Watched;

/// The largest source this crate reads, in bytes.
///
/// The product's own limit on a script's source is lower and is checked by whoever stores
/// scripts; this one keeps the memory of a translation bounded whatever the caller forgot.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;

/// The language a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// ECMAScript, as the engine runs it. JSX is not part of it.
    JavaScript,
    /// TypeScript; types are removed, never checked.
    TypeScript,
}

/// The function name that a script's type promises to call, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `main(input, ctx)`: scheduled and one-off scripts.
    Main,
    /// `handleRequest(req, ctx)`: http scripts.
    HandleRequest,
    /// `handleEvent(event, ctx)`: event scripts.
    HandleEvent,
    /// Any of the three names, in that order: embedded scripts, and files of unknown type.
    Any,
}

/// What [`translate`] and [`diagnose`] need to know beside the source.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The language of the source.
    pub language: Language,
    /// The convention of the script's type.
    pub convention: Convention,
    /// The script's `entry` setting: the name of a top-level or exported function.
    pub entry: Option<&'a str>,
    /// The libraries that the source asks for, as [`imports`] says; one that is missing here is
    /// one that there is not.
    pub libraries: &'a [Library<'a>],
    /// Whether the source is a library itself: a module that needs no entry function, and
    /// exports something.
    pub is_library: bool,
}

/// How the entry function was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The source has a default export.
    Export,
    /// The named top-level or exported function.
    Function(String),
    /// The source is the body of the function: its `return`, or its last expression.
    Body,
}

/// A script the engine can compile.
#[derive(Debug, Clone)]
pub struct Translated {
    /// An ES module whose default export is the entry function.
    pub code: String,
    /// From positions in [`code`](Self::code) to positions in the user's source.
    pub map: PositionMap,
    /// How the entry function was found.
    pub entry: Entry,
    /// The names that the source exports, sorted.
    pub exports: Vec<String>,
    /// What deserves the user's attention but does not stop the script.
    pub warnings: Vec<Diagnostic>,
}

/// Translates a script into the module that the engine runs.
///
/// Takes milliseconds and blocks its thread meanwhile; call it from a blocking context.
///
/// # Errors
///
/// All that is wrong with the source, in the order of the text; at least one is an error.
pub fn translate(source: &str, options: &Options<'_>) -> Result<Translated, Diagnostics> {
    pipeline::run(source, options)
}

/// All that an editor should mark: syntax errors, forbidden constructs, a missing or
/// unusable entry function, and warnings, in the order of the text.
///
/// Takes milliseconds and blocks its thread meanwhile; call it from a blocking context.
#[must_use]
pub fn diagnose(source: &str, options: &Options<'_>) -> Vec<Diagnostic> {
    match pipeline::run(source, options) {
        Ok(translated) => translated.warnings,
        Err(diagnostics) => diagnostics.0,
    }
}

/// The largest schema that [`input_schema`] makes, in bytes.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// The JSON Schema of what the entry function asks for as its input, as its first parameter's type says it:
/// TypeScript's, or JSDoc's. `None` when it says nothing, or there is no entry function.
///
/// Takes milliseconds and blocks its thread meanwhile; call it from a blocking context.
#[must_use]
pub fn input_schema(source: &str, options: &Options<'_>) -> Option<String> {
    if source.len() > MAX_SOURCE_BYTES || options.is_library {
        return None;
    }
    let work = || signature::input_schema(source, options);
    guard::with_stack_for(source, work).ok().flatten()
}

/// The places where a source names one of these functions of the script API, with the function's path: as itself, of `ctx`, of `sdk`, or
/// taken out of its object by a pattern. A name of the script's own is none. Nothing of a source that has
/// mistakes.
///
/// Takes milliseconds and blocks its thread meanwhile; call it from a blocking context.
#[must_use]
pub fn watch<'w>(
    source: &str,
    language: Language,
    watched: &'w [Watched<'w>],
) -> Vec<(&'w str, Diagnostic)> {
    if watched.is_empty() || source.len() > MAX_SOURCE_BYTES {
        return Vec::new();
    }
    let work = || watch::watch(source, language, watched);
    guard::with_stack_for(source, work)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The libraries that a source asks for, as it writes them (`lib/name`), each once. Other modules
/// are no libraries, and [`translate`] refuses them.
///
/// Takes milliseconds and blocks its thread meanwhile; call it from a blocking context.
///
/// # Errors
///
/// The source is not in its language.
pub fn imports(source: &str, language: Language) -> Result<Vec<String>, Diagnostics> {
    match may_import(source) {
        true => pipeline::specifiers(source, language),
        false => Ok(Vec::new()),
    }
}

/// Whether it is worth to ask [`imports`]: most sources certainly import no library.
#[must_use]
pub fn may_import(source: &str) -> bool {
    source.contains(modules::PREFIX)
}

/// Names the translation rules, for keys of caches that hold translated code.
///
/// Changes whenever the same source might translate differently.
#[must_use]
pub fn version() -> &'static str {
    concat!(
        "scriptorium-lang ",
        env!("CARGO_PKG_VERSION"),
        ".4 oxc 0.146.0"
    )
}
