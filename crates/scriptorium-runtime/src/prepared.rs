//! From source to a program the engine can run, and the cache of those. Failures are not kept:
//! a source with a mistake is on its way to being another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;
use scriptorium_engine::{CompileError, Engine, Program, Source};
use scriptorium_lang::{
    self as lang, Convention, Diagnostic, Library, Options, PositionMap, Severity, Watched,
    translate,
};
use scriptorium_model::compatibility::FIRST;
use scriptorium_model::execution::Failure;
use scriptorium_model::library::PREFIX;
use scriptorium_model::script::{Definition, Language, ScriptType};
use scriptorium_model::{Date, Json};
use sha2::{Digest, Sha256};

use crate::compatibility::Deprecations;
use crate::failure;
use crate::libraries::{Bundle, Module, ResolvedLibrary, language_of};

/// The name of the module that joins a script and the libraries around it.
const CHAIN_NAME: &str = "endpoint";
/// The name of the user's source in stack traces.
pub(crate) const SOURCE_NAME: &str = "script";
/// Most programs kept (R-ENG-01).
const PROGRAMS: u64 = 1_000;

/// A script ready to run; cheap to clone.
#[derive(Clone)]
pub struct Prepared(Arc<Inner>);

struct Inner {
    program: Program,
    maps: Maps,
}

/// From places in what runs to places in what people wrote.
pub(crate) struct Maps {
    script: PositionMap,
    libraries: Vec<Arc<LibraryProgram>>,
}

/// A library ready to be linked.
pub(crate) struct LibraryProgram {
    /// What the engine calls it.
    name: String,
    /// The names it exports, sorted.
    pub(crate) exports: Vec<String>,
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
    pub(crate) libraries: &'a Bundle,
    /// Names of the libraries before and after it, which are among `libraries`.
    pub(crate) around: [&'a [String]; 2],
}

/// Programs by the hash of all they are made from.
pub(crate) struct Programs {
    engine: Engine,
    cache: Cache<[u8; 32], Prepared>,
    libraries: Cache<[u8; 32], Arc<LibraryProgram>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A reading of the counters of the programs kept ready. Libraries are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramStatistics {
    /// Times that a program was there already.
    pub hits: u64,
    /// Times that a source had to be translated and compiled.
    pub misses: u64,
}

impl Prepared {
    pub(crate) fn program(&self) -> &Program {
        &self.0.program
    }

    pub(crate) fn maps(&self) -> &Maps {
        &self.0.maps
    }
}

impl Maps {
    /// The line and column in the text of that name.
    pub(crate) fn original(&self, source: &str, line: u32, column: u32) -> Option<(u32, u32)> {
        if source == SOURCE_NAME {
            return self.script.original(line, column);
        }
        let library = self.libraries.iter().find(|one| one.name == source)?;
        library.map.original(line, column)
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl<'a> Recipe<'a> {
    pub(crate) fn of(definition: &'a Definition, libraries: &'a Bundle) -> Self {
        Self {
            source: &definition.source,
            language: definition.language,
            kind: definition.trigger.kind(),
            entry: definition.entry.as_deref(),
            libraries,
            around: definition
                .trigger
                .endpoint()
                .map_or([&[], &[]], |endpoint| [&endpoint.before, &endpoint.after]),
        }
    }

    fn is_alone(&self) -> bool {
        self.around.iter().all(|names| names.is_empty())
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
        hash.update(self.libraries.hash());
        for names in self.around {
            hash.update(names.len().to_le_bytes());
            for name in names {
                hash.update(name.len().to_le_bytes());
                hash.update(name);
            }
        }
        hash.finalize().into()
    }
}

impl Programs {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            cache: Cache::new(PROGRAMS),
            libraries: Cache::new(PROGRAMS),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(crate) fn statistics(&self) -> ProgramStatistics {
        ProgramStatistics {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    /// The program if it is known.
    pub(crate) fn find(&self, recipe: &Recipe<'_>) -> Option<Prepared> {
        self.known(&recipe.hash())
    }

    fn known(&self, hash: &[u8; 32]) -> Option<Prepared> {
        let found = self.cache.get(hash)?;
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(found)
    }

    /// The program, made if it is not known: up to a second of the calling thread, and as much for
    /// each library that is not known.
    pub(crate) fn prepare(&self, recipe: &Recipe<'_>) -> Result<Prepared, Failure> {
        let hash = recipe.hash();
        if let Some(prepared) = self.known(&hash) {
            return Ok(prepared);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let prepared = self.make(recipe)?;
        self.cache.insert(hash, prepared.clone());
        Ok(prepared)
    }

    fn make(&self, recipe: &Recipe<'_>) -> Result<Prepared, Failure> {
        let libraries = self.libraries(recipe.libraries)?;
        let imports = Imported::new(recipe.libraries.imports(), &libraries);
        let options = Options {
            libraries: &imports.known,
            ..options(recipe.language, convention(recipe.kind), recipe.entry)
        };
        let translated = translate(recipe.source, &options)
            .map_err(|diagnostics| failure::of_diagnostics(&diagnostics))?;
        let source = Source {
            name: SOURCE_NAME,
            code: &translated.code,
        };
        let mut linked = self.engine.link(source, &imports.programs);
        if let (Ok(script), false) = (&linked, recipe.is_alone()) {
            linked = self.in_chain(recipe, script, &imports);
        }
        let maps = Maps {
            script: translated.map,
            libraries,
        };
        match linked {
            Ok(program) => Ok(Prepared(Arc::new(Inner { program, maps }))),
            Err(CompileError::Script(script)) => Err(failure::of_script(&script, &maps)),
            Err(CompileError::Platform(error)) => {
                Err(failure::of_platform("platform.engine", &error))
            }
        }
    }

    /// The script with the libraries around it: a module that imports all of them and says who comes
    /// when. The prelude calls them.
    fn in_chain(
        &self,
        recipe: &Recipe<'_>,
        script: &Program,
        imports: &Imported<'_>,
    ) -> Result<Program, CompileError> {
        let mut code = format!("import handle from {};\n", quoted(SOURCE_NAME));
        let mut roles = Vec::new();
        for (names, role) in recipe.around.iter().zip(["before", "after"]) {
            let mut steps = Vec::new();
            for (at, name) in names.iter().enumerate() {
                let specifier = format!("{PREFIX}{name}");
                let Some(module) = imports.name_of(&specifier) else {
                    continue;
                };
                let (module, shown) = (quoted(module), quoted(&specifier));
                code.push_str(&format!("import * as {role}{at} from {module};\n"));
                steps.push(format!(
                    "{{ name: {shown}, call: {role}{at}.{role} ?? {role}{at}.default }}"
                ));
            }
            roles.push(format!("{role}: [{}]", steps.join(", ")));
        }
        code.push_str(&format!(
            "export default () => ({{ handle, {} }});\n",
            roles.join(", ")
        ));
        let source = Source {
            name: CHAIN_NAME,
            code: &code,
        };
        let mut programs = imports.programs.clone();
        programs.push(script.clone());
        self.engine.link(source, &programs)
    }

    /// The libraries of a bundle, in its order.
    pub(crate) fn libraries(&self, bundle: &Bundle) -> Result<Vec<Arc<LibraryProgram>>, Failure> {
        let mut done: Vec<Arc<LibraryProgram>> = Vec::with_capacity(bundle.modules().len());
        for module in bundle.modules() {
            let imports = Imported::new(&module.imports, &done);
            let library = self.library(module, &imports)?;
            done.push(library);
        }
        Ok(done)
    }

    fn library(
        &self,
        module: &Module,
        imports: &Imported<'_>,
    ) -> Result<Arc<LibraryProgram>, Failure> {
        let hash = imports.hash_of(module);
        if let Some(library) = self.libraries.get(&hash) {
            return Ok(library);
        }
        let options = Options {
            libraries: &imports.known,
            is_library: true,
            ..options(module.language, Convention::Any, None)
        };
        let translated = translate(&module.source, &options)
            .map_err(|diagnostics| failure::of_library(&module.name, &diagnostics))?;
        let source = Source {
            name: &module.name,
            code: &translated.code,
        };
        let linked = self.engine.link(source, &imports.programs);
        let program = linked.map_err(|error| match error {
            CompileError::Script(script) => Failure::new(
                "script.import",
                format!("{}: {}", module.name, script.message),
            ),
            CompileError::Platform(error) => failure::of_platform("platform.engine", &error),
        })?;
        let library = Arc::new(LibraryProgram {
            name: module.name.clone(),
            exports: translated.exports,
            program,
            map: translated.map,
        });
        self.libraries.insert(hash, Arc::clone(&library));
        Ok(library)
    }
}

/// What one source imports, for translation and for linking.
struct Imported<'a> {
    known: Vec<Library<'a>>,
    programs: Vec<Program>,
}

impl<'a> Imported<'a> {
    fn new(imports: &'a [(String, usize)], libraries: &'a [Arc<LibraryProgram>]) -> Self {
        let found = imports.iter().filter_map(|(specifier, index)| {
            let library = libraries.get(*index)?;
            Some((specifier.as_str(), library))
        });
        let (known, programs) = found
            .map(|(specifier, library)| {
                let module = lang::Module {
                    name: &library.name,
                    exports: &library.exports,
                };
                let known = Library {
                    specifier,
                    found: Ok(module),
                };
                (known, library.program.clone())
            })
            .unzip();
        Self { known, programs }
    }

    /// What the engine calls the module of a specifier.
    fn name_of(&self, specifier: &str) -> Option<&str> {
        let known = self.known.iter().find(|one| one.specifier == specifier)?;
        known.found.ok().map(|module| module.name)
    }

    fn hash_of(&self, module: &Module) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [
            scriptorium_lang::version(),
            module.language.as_str(),
            &module.name,
            &module.source,
        ] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        for (library, program) in self.known.iter().zip(&self.programs) {
            hash.update(library.specifier.len().to_le_bytes());
            hash.update(library.specifier);
            hash.update(program.hash());
        }
        hash.finalize().into()
    }
}

/// A source to look at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The text.
    pub source: &'a str,
    /// Its language.
    pub language: Language,
    /// The type it is meant for; any entry rule may apply when it is not known.
    pub kind: Option<ScriptType>,
    /// The function that is to be called.
    pub entry: Option<&'a str>,
    /// What its imports mean; one that is missing here is one that there is not.
    pub libraries: &'a [ResolvedLibrary],
    /// Whether it is a library, which needs no entry and exports something.
    pub is_library: bool,
    /// Its compatibility date.
    pub compatibility: Date,
    /// What it should not use.
    pub deprecations: &'a Deprecations,
}

/// What an editor should mark in a source: mistakes of syntax, what the static scan forbids,
/// libraries that are not there, and entry points that cannot be found. Blocks the thread for some
/// milliseconds.
pub fn look_at(look: &Look<'_>) -> Vec<Diagnostic> {
    let convention = look.kind.map_or(Convention::Any, convention);
    let libraries: Vec<Library<'_>> = look
        .libraries
        .iter()
        .map(|library| Library {
            specifier: &library.specifier,
            found: match &library.found {
                Ok(found) => Ok(lang::Module {
                    name: &library.specifier,
                    exports: &found.exports,
                }),
                Err(reason) => Err(reason),
            },
        })
        .collect();
    let options = Options {
        libraries: &libraries,
        is_library: look.is_library,
        ..options(look.language, convention, look.entry)
    };
    let mut found = lang::diagnose(look.source, &options);
    let uses = deprecated_uses(
        look.source,
        look.language,
        look.compatibility,
        look.deprecations,
    );
    found.extend(uses.into_iter().map(|one| one.diagnostic));
    found.sort_by_key(|found| (found.line, found.column));
    found
}

/// A place where a source names a deprecated function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeprecatedUse {
    /// The function's path.
    pub function: String,
    /// Where, and what to do: a warning, or an error when the function does not exist for the script.
    pub diagnostic: Diagnostic,
}

/// Where a source names what is deprecated: warnings, or errors for what does not exist any more for scripts
/// with its compatibility date. Blocks the thread for some milliseconds, if anything is deprecated.
pub fn deprecated_uses(
    source: &str,
    language: Language,
    compatibility: Date,
    deprecations: &Deprecations,
) -> Vec<DeprecatedUse> {
    let told =
        deprecations
            .iter()
            .map(|deprecation| match deprecation.is_gone_for(compatibility) {
                true => (
                    deprecation,
                    Severity::Error,
                    "script.removed",
                    deprecation.refusal(),
                ),
                false => (
                    deprecation,
                    Severity::Warning,
                    "script.deprecated",
                    deprecation.warning(),
                ),
            });
    let told: Vec<_> = told.collect();
    let watched = told
        .iter()
        .map(|(deprecation, severity, code, message)| Watched {
            path: &deprecation.function,
            severity: *severity,
            code,
            message,
        });
    let watched: Vec<_> = watched.collect();
    let found = lang::watch(source, language_of(language), &watched);
    let found = found
        .into_iter()
        .map(|(function, diagnostic)| DeprecatedUse {
            function: function.to_owned(),
            diagnostic,
        });
    found.collect()
}

/// The JSON Schema of the input that a source's entry function asks for, as its signature says it; `None`
/// when that says nothing. Blocks the thread for some milliseconds.
pub fn signature(look: &Look<'_>) -> Option<Json> {
    let convention = look.kind.map_or(Convention::Any, convention);
    let options = Options {
        is_library: look.is_library,
        ..options(look.language, convention, look.entry)
    };
    lang::input_schema(look.source, &options).and_then(|text| Json::parse(&text).ok())
}

/// What an editor should mark in a source of which nothing else is known, and which has no
/// libraries at hand; see [`look_at`].
pub fn diagnose(
    source: &str,
    language: Language,
    kind: Option<ScriptType>,
    entry: Option<&str>,
) -> Vec<Diagnostic> {
    look_at(&Look {
        source,
        language,
        kind,
        entry,
        libraries: &[],
        is_library: false,
        compatibility: FIRST,
        deprecations: &Deprecations::own(),
    })
}

/// A text as JavaScript writes it. JSON does it alike, but for two characters that may not stand in
/// the name of a script.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Why a script cannot run with these libraries.
pub(crate) fn missing_libraries(definition: &Definition, libraries: &[ResolvedLibrary]) -> Failure {
    let found = look_at(&Look {
        source: &definition.source,
        language: definition.language,
        kind: Some(definition.trigger.kind()),
        entry: definition.entry.as_deref(),
        libraries,
        is_library: false,
        compatibility: definition.compatibility_date(),
        deprecations: &Deprecations::default(),
    });
    if !found.is_empty() {
        return failure::of_diagnostics(&lang::Diagnostics(found));
    }
    // It is one of those around the script, which no line of it names.
    let reasons = libraries
        .iter()
        .filter_map(|library| library.found.as_ref().err());
    let reason = reasons.map(String::as_str).next();
    Failure::new("script.import", reason.unwrap_or("a library is not there"))
}

fn options(language: Language, convention: Convention, entry: Option<&str>) -> Options<'_> {
    Options {
        language: language_of(language),
        convention,
        entry,
        libraries: &[],
        is_library: false,
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
