//! Failures of the platform around a script. What a script does wrong is a value, not one of these.

use scriptorium_model::Invalid;

/// The runtime could not be set up, or could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sandbox could not be set up.
    #[error("the script engine could not be set up")]
    Engine(#[from] scriptorium_engine::Error),
    /// The database refused or failed.
    #[error("the store failed")]
    Store(#[from] scriptorium_store::Error),
    /// A service, template or option is not well formed.
    #[error("the runtime's options are not valid: {0}")]
    Options(Invalid),
    /// The threads that run scripts could not be started.
    #[error("the threads that run scripts could not be started")]
    Threads(#[source] std::io::Error),
    /// The client for outgoing requests could not be set up.
    #[error("the client for outgoing requests could not be set up")]
    Client(#[from] scriptorium_outbound::SetupError),
    /// The client for the operator's own addresses could not be set up.
    #[error("the client for the operator's own addresses could not be set up")]
    Web(#[source] reqwest::Error),
    /// The runtime was made outside of an async runtime, which its I/O needs.
    #[error("the runtime must be made inside a tokio runtime")]
    NoReactor,
}
