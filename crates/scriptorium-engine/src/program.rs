//! Source text going in, compiled programs coming out.

use std::sync::Arc;

use crate::failure::{Origin, Origins};
use crate::image::Print;
use crate::pool::Habit;

/// The text of one ECMAScript module whose default export is the entry function.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file name shown in stack traces; not resolved to anything.
    pub name: &'a str,
    /// The module's text.
    pub code: &'a str,
}

/// A compiled program. Cheap to clone; valid for the engine that compiled it only.
#[derive(Clone)]
pub struct Program(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) hash: [u8; 32],
    /// Its own text, then its libraries'.
    pub(crate) origins: Origins,
    bytecode: Box<[u8]>,
    /// What it imports, and what that imports, each once.
    libraries: Vec<Program>,
    /// What the guest loads: how many libraries, each with its length in front, and the
    /// program itself.
    pub(crate) image: Box<[u8]>,
    pub(crate) habit: Habit,
    pub(crate) print: Print,
}

impl Program {
    pub(crate) fn new(
        hash: [u8; 32],
        origin: Arc<Origin>,
        bytecode: Vec<u8>,
        imports: &[Program],
    ) -> Self {
        let mut libraries: Vec<Self> = Vec::new();
        for library in imports
            .iter()
            .flat_map(|one| one.0.libraries.iter().chain([one]))
        {
            if !libraries.iter().any(|known| known.0.hash == library.0.hash) {
                libraries.push(library.clone());
            }
        }
        let mut image = word(libraries.len()).to_vec();
        for Self(library) in &libraries {
            image.extend(word(library.bytecode.len()));
            image.extend(&*library.bytecode);
        }
        image.extend(&bytecode);
        let own = libraries
            .iter()
            .filter_map(|library| library.0.origins.first().cloned());
        Self(Arc::new(Inner {
            hash,
            origins: std::iter::once(origin).chain(own).collect(),
            bytecode: bytecode.into(),
            libraries,
            image: image.into(),
            habit: Habit::default(),
            print: Print::default(),
        }))
    }

    /// SHA-256 over the source, its name, its libraries and the engine that compiled it.
    pub fn hash(&self) -> [u8; 32] {
        self.0.hash
    }

    /// The name of its source, under which others import it.
    pub(crate) fn name(&self) -> &str {
        self.0.origins.first().map_or("", |origin| origin.name())
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Program").field(&self.name()).finish()
    }
}

/// Bytecode is far smaller than 4 GiB: the guest that wrote it is.
fn word(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}
