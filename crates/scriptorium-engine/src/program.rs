//! Source text going in, compiled programs coming out.

use std::sync::Arc;

use crate::failure::Origin;

/// The text of one ECMAScript module whose default export is the entry function.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file name shown in stack traces; not resolved to anything.
    pub name: &'a str,
    /// The module's text.
    pub code: &'a str,
}

/// A compiled program. Cheap to clone; valid for the engine that compiled it only.
#[derive(Clone, Debug)]
pub struct Program(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) hash: [u8; 32],
    pub(crate) origin: Arc<Origin>,
    pub(crate) bytecode: Box<[u8]>,
}

impl Program {
    /// SHA-256 over the source, its name and the engine that compiled it.
    pub fn hash(&self) -> [u8; 32] {
        self.0.hash
    }
}
