//! From source to a program the engine can run, and the cache of those. Failures are not kept:
//! a source with a mistake is on its way to being another one.

use std::sync::Arc;

use moka::sync::Cache;
use scriptorium_engine::{CompileError, Engine, Program, Source};
use scriptorium_lang::{Convention, Diagnostic, PositionMap, translate};
use scriptorium_model::execution::Failure;
use scriptorium_model::script::{Definition, Language, ScriptType};
use sha2::{Digest, Sha256};

use crate::failure;

/// The name of the user's source in stack traces.
pub(crate) const SOURCE_NAME: &str = "script";
/// Most programs kept (R-ENG-01).
const PROGRAMS: u64 = 1_000;

/// A script ready to run; cheap to clone.
#[derive(Clone)]
pub struct Prepared(Arc<Inner>);

struct Inner {
    program: Program,
    map: PositionMap,
}

/// What decides which program a source becomes.
#[derive(Clone, Copy)]
pub(crate) struct Recipe<'a> {
    pub(crate) source: &'a str,
    pub(crate) language: Language,
    pub(crate) kind: ScriptType,
    pub(crate) entry: Option<&'a str>,
}

/// Programs by the hash of all they are made from.
pub(crate) struct Programs {
    engine: Engine,
    cache: Cache<[u8; 32], Prepared>,
}

impl Prepared {
    pub(crate) fn program(&self) -> &Program {
        &self.0.program
    }

    pub(crate) fn map(&self) -> &PositionMap {
        &self.0.map
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl<'a> Recipe<'a> {
    pub(crate) fn of(definition: &'a Definition) -> Self {
        Self {
            source: &definition.source,
            language: definition.language,
            kind: definition.trigger.kind(),
            entry: definition.entry.as_deref(),
        }
    }

    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let convention = format!("{:?}", convention(self.kind));
        for part in [
            scriptorium_lang::version(),
            self.language.as_str(),
            &convention,
            self.entry.unwrap_or(""),
            self.source,
        ] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl Programs {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            cache: Cache::new(PROGRAMS),
        }
    }

    /// The program if it is known.
    pub(crate) fn find(&self, recipe: &Recipe<'_>) -> Option<Prepared> {
        self.cache.get(&recipe.hash())
    }

    /// The program, made if it is not known: up to a second of the calling thread.
    pub(crate) fn prepare(&self, recipe: &Recipe<'_>) -> Result<Prepared, Failure> {
        let hash = recipe.hash();
        if let Some(prepared) = self.cache.get(&hash) {
            return Ok(prepared);
        }
        let prepared = self.make(recipe)?;
        self.cache.insert(hash, prepared.clone());
        Ok(prepared)
    }

    fn make(&self, recipe: &Recipe<'_>) -> Result<Prepared, Failure> {
        let options = options(recipe.language, convention(recipe.kind), recipe.entry);
        let translated = translate(recipe.source, &options)
            .map_err(|diagnostics| failure::of_diagnostics(&diagnostics))?;
        let source = Source {
            name: SOURCE_NAME,
            code: &translated.code,
        };
        let program = self.engine.compile(source).map_err(|error| match error {
            CompileError::Script(script) => failure::of_script(&script, &translated.map),
            CompileError::Platform(error) => failure::of_platform("platform.engine", &error),
        })?;
        Ok(Prepared(Arc::new(Inner {
            program,
            map: translated.map,
        })))
    }
}

/// What an editor should mark in a source: mistakes of syntax, what the static scan forbids, and
/// entry points that cannot be found. Any entry rule may apply when the type is not known. Blocks
/// the thread for some milliseconds.
pub fn diagnose(
    source: &str,
    language: Language,
    kind: Option<ScriptType>,
    entry: Option<&str>,
) -> Vec<Diagnostic> {
    let convention = kind.map_or(Convention::Any, convention);
    scriptorium_lang::diagnose(source, &options(language, convention, entry))
}

fn options(
    language: Language,
    convention: Convention,
    entry: Option<&str>,
) -> scriptorium_lang::Options<'_> {
    let language = match language {
        Language::JavaScript => scriptorium_lang::Language::JavaScript,
        Language::TypeScript => scriptorium_lang::Language::TypeScript,
    };
    scriptorium_lang::Options {
        language,
        convention,
        entry,
    }
}

fn convention(kind: ScriptType) -> Convention {
    match kind {
        ScriptType::Scheduled | ScriptType::OneOff => Convention::Main,
        ScriptType::Http => Convention::HandleRequest,
        ScriptType::Event => Convention::HandleEvent,
        ScriptType::Embedded => Convention::Any,
    }
}
