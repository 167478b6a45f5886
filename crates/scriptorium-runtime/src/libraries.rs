//! The libraries a script brings along: which versions, in which order, and what they export. The
//! store says which version uses which; whoever saves or activates a script asks here what the
//! names in its source mean now.

use std::collections::HashMap;
use std::sync::Arc;

use moka::sync::Cache;
use scriptorium_lang as lang;
use scriptorium_model::execution::Failure;
use scriptorium_model::library::{MOST, PREFIX, Pin};
use scriptorium_model::script::{Definition, Language, ScriptStatus};
use scriptorium_model::trigger::Endpoint;
use scriptorium_model::{Ctx, ScriptId, TenantId, UserId};
use scriptorium_store::{Error, Store};
use sha2::{Digest, Sha256};

use crate::host::World;
use crate::prepared::Programs;

/// Most bundles kept.
const BUNDLES: u64 = 1_000;

/// The libraries of one version of a script, those of its libraries included. Cheap to clone;
/// mostly there are none.
#[derive(Clone, Debug, Default)]
pub struct Bundle(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Each after what it imports.
    modules: Vec<Module>,
    imports: Imports,
    hash: [u8; 32],
}

/// One version of a library.
#[derive(Debug)]
pub(crate) struct Module {
    /// What the engine and stack traces call it: `lib/name@3`.
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) language: Language,
    pub(crate) imports: Imports,
    script: ScriptId,
    author: Option<UserId>,
}

/// What a source calls a module, and which one it is.
pub(crate) type Imports = Vec<(String, usize)>;

/// What an import in a source means.
#[derive(Clone, Debug)]
pub struct ResolvedLibrary {
    /// As the source writes it: `lib/name`.
    pub specifier: String,
    /// The library, or a sentence that says why there is none.
    pub found: Result<FoundLibrary, String>,
}

impl ResolvedLibrary {
    /// The pins of all of them; `None` when one is missing.
    pub fn pins(libraries: &[Self]) -> Option<Vec<Pin>> {
        let pin = |library: &Self| library.found.as_ref().ok().map(|found| found.pin.clone());
        libraries.iter().map(pin).collect()
    }
}

/// A library that may be imported.
#[derive(Clone, Debug)]
pub struct FoundLibrary {
    /// Its present version.
    pub pin: Pin,
    /// The names it exports, sorted.
    pub exports: Vec<String>,
}

/// Why there is no bundle of some pins.
pub(crate) enum Unbundled {
    /// A sentence for the author.
    Refused(String),
    Store(Error),
}

impl From<Error> for Unbundled {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// What is known of versions that ran: neither changes any more.
pub(crate) struct Bundles {
    /// What the source of a version imports.
    imports: Cache<(ScriptId, u32), Arc<[String]>>,
    /// What pins stand for.
    bundles: Cache<(TenantId, Vec<Pin>), Bundle>,
}

/// A version of a library on its way into a bundle.
struct Node {
    pin: Pin,
    definition: Definition,
    author: Option<UserId>,
    imports: Vec<Pin>,
}

impl Bundle {
    pub(crate) fn modules(&self) -> &[Module] {
        self.0.as_ref().map_or(&[], |inner| &inner.modules)
    }

    /// What the script itself imports.
    pub(crate) fn imports(&self) -> &[(String, usize)] {
        self.0.as_ref().map_or(&[], |inner| &inner.imports)
    }

    /// Distinguishes bundles.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.0.as_ref().map_or([0; 32], |inner| inner.hash)
    }

    /// Who wrote the libraries: their rights bound the run (D12).
    pub(crate) fn authors(&self) -> impl Iterator<Item = UserId> {
        self.modules().iter().filter_map(|module| module.author)
    }

    fn uses(&self, script: ScriptId) -> bool {
        self.modules().iter().any(|module| module.script == script)
    }
}

impl Bundles {
    pub(crate) fn new() -> Self {
        Self {
            imports: Cache::new(BUNDLES),
            bundles: Cache::new(BUNDLES),
        }
    }

    /// The bundle of a stored version; what it is not known to use, is resolved as of now.
    pub(crate) async fn find(
        &self,
        world: &World,
        programs: &Arc<Programs>,
        ctx: &Ctx,
        script: ScriptId,
        version: u32,
        definition: &Definition,
    ) -> Result<Result<Bundle, Vec<ResolvedLibrary>>, Error> {
        if self
            .imports(world, script, version, definition)
            .await
            .is_empty()
        {
            return Ok(Ok(Bundle::default()));
        }
        let pins = world.store.pins(ctx, script, version).await?;
        if pins.is_empty() {
            return resolved_bundle(world, programs, ctx, script, definition).await;
        }
        let key = (ctx.tenant, pins);
        if let Some(bundle) = self.bundles.get(&key) {
            return Ok(Ok(bundle));
        }
        match assemble(&world.store, ctx, &key.1).await {
            Ok(bundle) => {
                self.bundles.insert(key, bundle.clone());
                Ok(Ok(bundle))
            }
            Err(Unbundled::Store(error)) => Err(error),
            // A library was purged since: what its name means now, may do.
            Err(Unbundled::Refused(_)) => {
                resolved_bundle(world, programs, ctx, script, definition).await
            }
        }
    }

    async fn imports(
        &self,
        world: &World,
        script: ScriptId,
        version: u32,
        definition: &Definition,
    ) -> Arc<[String]> {
        let key = (script, version);
        if let Some(known) = self.imports.get(&key) {
            return known;
        }
        // What could not be looked at is looked at again.
        let Some(found) = look_for_imports(world, definition).await else {
            return Arc::default();
        };
        let found: Arc<[String]> = found.into();
        self.imports.insert(key, Arc::clone(&found));
        found
    }
}

/// The bundle of a source as of now, or what stands in its way.
pub(crate) async fn resolved_bundle(
    world: &World,
    programs: &Arc<Programs>,
    ctx: &Ctx,
    importer: ScriptId,
    definition: &Definition,
) -> Result<Result<Bundle, Vec<ResolvedLibrary>>, Error> {
    let specifiers = imports(world, definition).await;
    let libraries = resolve(world, programs, ctx, specifiers, Some(importer)).await?;
    let Some(pins) = ResolvedLibrary::pins(&libraries) else {
        return Ok(Err(libraries));
    };
    match assemble(&world.store, ctx, &pins).await {
        Ok(bundle) => Ok(Ok(bundle)),
        Err(Unbundled::Store(error)) => Err(error),
        Err(Unbundled::Refused(reason)) => Ok(Err(libraries
            .into_iter()
            .map(|library| ResolvedLibrary {
                found: Err(reason.clone()),
                ..library
            })
            .collect())),
    }
}

/// What these names mean now, to a script that may be saved already.
pub(crate) async fn resolve(
    world: &World,
    programs: &Arc<Programs>,
    ctx: &Ctx,
    specifiers: Vec<String>,
    importer: Option<ScriptId>,
) -> Result<Vec<ResolvedLibrary>, Error> {
    let mut resolved = Vec::with_capacity(specifiers.len());
    for specifier in specifiers {
        let found = match look_up(world, programs, ctx, &specifier, importer).await {
            Ok(found) => Ok(found),
            Err(Unbundled::Refused(reason)) => Err(reason),
            Err(Unbundled::Store(error)) => return Err(error),
        };
        resolved.push(ResolvedLibrary { specifier, found });
    }
    Ok(resolved)
}

async fn look_up(
    world: &World,
    programs: &Arc<Programs>,
    ctx: &Ctx,
    specifier: &str,
    importer: Option<ScriptId>,
) -> Result<FoundLibrary, Unbundled> {
    let refuse = |reason: String| Err(Unbundled::Refused(reason));
    let name = specifier.strip_prefix(PREFIX).unwrap_or(specifier);
    let Some(script) = world.store.find_script_by_name(ctx, name).await? else {
        return refuse(format!("There is no library `{specifier}`"));
    };
    if Some(script.id) == importer {
        return refuse("A library cannot import itself".to_owned());
    }
    if !script.library {
        return refuse(format!(
            "`{name}` is no library: its setting `library` is off"
        ));
    }
    if script.status != ScriptStatus::Active {
        return refuse(format!(
            "The library `{specifier}` is {}; activate it first",
            script.status.as_str()
        ));
    }
    let pin = Pin::of(&script);
    let bundle = assemble(&world.store, ctx, std::slice::from_ref(&pin)).await?;
    if importer.is_some_and(|importer| bundle.uses(importer)) {
        return refuse(format!(
            "`{specifier}` uses this script itself: libraries cannot import each other in a circle"
        ));
    }
    let programs = Arc::clone(programs);
    let compile = move || -> Result<Option<Vec<String>>, Failure> {
        let libraries = programs.libraries(&bundle)?;
        Ok(libraries.last().map(|last| last.exports.clone()))
    };
    match world.blocking(compile).await {
        Some(Ok(exports)) => Ok(FoundLibrary {
            pin,
            exports: exports.unwrap_or_default(),
        }),
        Some(Err(failure)) => refuse(format!(
            "The library `{specifier}` cannot be used: {}",
            failure.message
        )),
        None => refuse(format!("The library `{specifier}` could not be read")),
    }
}

/// The specifiers in a source, and of the libraries around an endpoint; of a source none when it is no
/// program at all, which others tell.
pub(crate) async fn imports(world: &World, definition: &Definition) -> Vec<String> {
    let found = look_for_imports(world, definition).await;
    found.unwrap_or_default()
}

/// `None` when the platform broke down over it.
async fn look_for_imports(world: &World, definition: &Definition) -> Option<Vec<String>> {
    let endpoint = definition.trigger.endpoint();
    let around = endpoint.map(Endpoint::around).unwrap_or_default();
    if !lang::may_import(&definition.source) {
        return Some(around);
    }
    let (source, language) = (definition.source.clone(), definition.language);
    let work = move || lang::imports(&source, language_of(language)).unwrap_or_default();
    let mut found = world.blocking(work).await?;
    for specifier in around {
        if !found.contains(&specifier) {
            found.push(specifier);
        }
    }
    Some(found)
}

pub(crate) fn language_of(language: Language) -> lang::Language {
    match language {
        Language::JavaScript => lang::Language::JavaScript,
        Language::TypeScript => lang::Language::TypeScript,
    }
}

/// The libraries behind these pins, and what they use themselves.
async fn assemble(store: &Store, ctx: &Ctx, pins: &[Pin]) -> Result<Bundle, Unbundled> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut known: HashMap<(ScriptId, u32), usize> = HashMap::new();
    let mut wanted: Vec<Pin> = pins.to_vec();
    while let Some(pin) = wanted.pop() {
        let key = (pin.library, pin.version);
        if known.contains_key(&key) {
            continue;
        }
        if nodes.len() == MOST {
            let message = format!("A script can bring at most {MOST} libraries along");
            return Err(Unbundled::Refused(message));
        }
        let version = match store.find_version(ctx, pin.library, pin.version).await {
            Ok(version) => version,
            Err(Error::NotFound) => {
                let message = format!(
                    "Version {} of the library `{}` is gone",
                    pin.version, pin.specifier
                );
                return Err(Unbundled::Refused(message));
            }
            Err(error) => return Err(error.into()),
        };
        let imports = match lang::may_import(&version.definition.source) {
            true => store.pins(ctx, pin.library, pin.version).await?,
            false => Vec::new(),
        };
        wanted.extend(imports.iter().cloned());
        known.insert(key, nodes.len());
        nodes.push(Node {
            pin,
            definition: version.definition,
            author: version.created_by,
            imports,
        });
    }
    let order = in_order(&nodes, &known).ok_or_else(|| {
        Unbundled::Refused("Libraries cannot import each other in a circle".to_owned())
    })?;
    Ok(Bundle::new(pins, nodes, &order, &known))
}

/// The nodes, each after what it imports; `None` for a circle.
fn in_order(nodes: &[Node], known: &HashMap<(ScriptId, u32), usize>) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(nodes.len());
    // There are at most MOST of them: going over the rest again and again is quick.
    while order.len() < nodes.len() {
        let ready = (0..nodes.len()).find(|index| {
            let is_done = |pin: &Pin| {
                let at = known.get(&(pin.library, pin.version));
                at.is_some_and(|at| order.contains(at))
            };
            !order.contains(index) && nodes[*index].imports.iter().all(is_done)
        })?;
        order.push(ready);
    }
    Some(order)
}

impl Bundle {
    fn new(
        pins: &[Pin],
        nodes: Vec<Node>,
        order: &[usize],
        known: &HashMap<(ScriptId, u32), usize>,
    ) -> Self {
        if pins.is_empty() {
            return Self::default();
        }
        let place = |pin: &Pin| {
            let at = known.get(&(pin.library, pin.version));
            let place = at.and_then(|at| order.iter().position(|one| one == at));
            (pin.specifier.clone(), place.unwrap_or_default())
        };
        let mut modules: Vec<Module> = Vec::with_capacity(nodes.len());
        let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
        for index in order {
            let Some(node) = nodes.get_mut(*index).and_then(Option::take) else {
                continue;
            };
            let name = format!("{PREFIX}{}@{}", node.definition.name, node.pin.version);
            // A name may have belonged to another library before.
            let taken = modules.iter().filter(|module| module.name == name).count();
            let name = match taken {
                0 => name,
                others => format!("{name}~{others}"),
            };
            modules.push(Module {
                name,
                imports: node.imports.iter().map(place).collect(),
                source: node.definition.source,
                language: node.definition.language,
                script: node.pin.library,
                author: node.author,
            });
        }
        let imports: Imports = pins.iter().map(place).collect();
        let hash = hash(&modules, &imports);
        Self(Some(Arc::new(Inner {
            modules,
            imports,
            hash,
        })))
    }
}

fn hash(modules: &[Module], imports: &Imports) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    for module in modules {
        add(&module.name);
        add(module.language.as_str());
        add(&module.source);
        add_imports(&module.imports, &mut add);
    }
    add_imports(imports, &mut add);
    hash.finalize().into()
}

fn add_imports(imports: &Imports, add: &mut impl FnMut(&str)) {
    add(&imports.len().to_string());
    for (specifier, index) in imports {
        add(specifier);
        add(&index.to_string());
    }
}

#[cfg(test)]
mod tests {
    use scriptorium_model::Uuid;
    use scriptorium_model::trigger::Trigger;

    use super::*;

    fn pin(name: &str, number: u128, version: u32) -> Pin {
        Pin {
            specifier: format!("lib/{name}"),
            library: ScriptId(Uuid::from_u128(number)),
            version,
        }
    }

    /// A bundle of nodes given as name, id, version and imports; the script imports the first.
    fn bundle(nodes: &[(&str, u128, u32, &[Pin])]) -> Option<Bundle> {
        let nodes: Vec<Node> = nodes
            .iter()
            .map(|(name, number, version, imports)| Node {
                pin: pin(name, *number, *version),
                definition: Definition {
                    name: (*name).to_owned(),
                    ..Definition::blank(Trigger::Embedded)
                },
                author: None,
                imports: imports.to_vec(),
            })
            .collect();
        let known = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| ((node.pin.library, node.pin.version), at))
            .collect();
        let pins = [nodes[0].pin.clone()];
        let order = in_order(&nodes, &known)?;
        Some(Bundle::new(&pins, nodes, &order, &known))
    }

    fn shown(bundle: &Bundle) -> Vec<String> {
        let modules = bundle.modules().iter();
        modules
            .map(|module| {
                let imports: Vec<_> = module
                    .imports
                    .iter()
                    .map(|(_, at)| at.to_string())
                    .collect();
                format!("{} [{}]", module.name, imports.join(" "))
            })
            .collect()
    }

    #[test]
    fn libraries_come_after_what_they_import() {
        let (b, c) = (pin("b", 2, 1), pin("c", 3, 7));
        let bundle = bundle(&[
            ("a", 1, 1, &[b.clone(), c.clone()]),
            ("b", 2, 1, std::slice::from_ref(&c)),
            ("c", 3, 7, &[]),
        ])
        .unwrap();
        assert_eq!(
            shown(&bundle),
            ["lib/c@7 []", "lib/b@1 [0]", "lib/a@1 [1 0]"]
        );
        assert_eq!(bundle.imports(), [("lib/a".to_owned(), 2)]);
        assert!(bundle.uses(c.library) && !bundle.uses(ScriptId(Uuid::from_u128(9))));
    }

    #[test]
    fn circles_have_no_order() {
        let (a, b) = (pin("a", 1, 1), pin("b", 2, 1));
        assert!(bundle(&[("a", 1, 1, &[b]), ("b", 2, 1, &[a])]).is_none());
    }

    #[test]
    fn libraries_of_one_name_are_told_apart() {
        let other = pin("a", 2, 1);
        let bundle = bundle(&[("a", 1, 1, std::slice::from_ref(&other)), ("a", 2, 1, &[])]);
        assert_eq!(shown(&bundle.unwrap()), ["lib/a@1 []", "lib/a@1~1 [0]"]);
    }
}
