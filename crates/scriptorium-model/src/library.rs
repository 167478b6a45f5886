//! Libraries: embedded scripts whose exports other scripts of the tenant import, and which version
//! of each a version of a script uses.

use crate::ScriptId;
use crate::script::Script;

/// What the name of a library begins with where a source imports it.
pub const PREFIX: &str = "lib/";
/// Most libraries that one script brings along, those of its libraries included.
pub const MOST: usize = 32;

/// Which version of a library a version of a script uses. Fixed when the script is saved or
/// activated, so that a change of the library changes nobody who did not ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pin {
    /// As the source writes it: `lib/name`.
    pub specifier: String,
    /// The library.
    pub library: ScriptId,
    /// Its version.
    pub version: u32,
}

impl Pin {
    /// The present version of a library.
    pub fn of(library: &Script) -> Self {
        Self {
            specifier: format!("{PREFIX}{}", library.name),
            library: library.id,
            version: library.version,
        }
    }
}
