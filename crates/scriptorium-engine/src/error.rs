//! Failures of the platform, as opposed to failures of a script.

use std::path::PathBuf;

use crate::Failure;

/// The engine itself failed. Never the consequence of what a script did, except
/// [`Error::Guest`], which an attack on the guest may cause and which stays inside it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The prelude does not evaluate to an object with an `enter` function.
    #[error("the prelude failed: {0}")]
    Prelude(String),
    /// The guest module could not be prepared, compiled or instantiated.
    #[error("the sandbox could not be set up")]
    Setup(#[source] wasmtime::Error),
    /// The guest stopped in a way that no script should be able to cause.
    #[error("the sandbox stopped unexpectedly")]
    Guest(#[source] wasmtime::Error),
    /// The directory of compiled guests cannot be used.
    #[error("the cache directory {path} cannot be used")]
    Cache {
        /// The file or directory at fault.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A background thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[source] std::io::Error),
}

/// Why a source did not become a program.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The source is at fault: a syntax error, an import, or too much for the compiler's limits.
    #[error("{}: {}", .0.code, .0.message)]
    Script(Failure),
    /// The engine is at fault.
    #[error(transparent)]
    Platform(#[from] Error),
}
