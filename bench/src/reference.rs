//! The work of the comparison: script, world and input, the same for every engine.

/// About 60 lines with three host calls.
pub(crate) const SCRIPT: &str =
    include_str!("../../crates/scriptorium-engine/examples/reference.js");

/// The body of a function of `host` that makes fifteen host functions, and returns `{ enter }`.
pub(crate) const PRELUDE: &str =
    include_str!("../../crates/scriptorium-engine/examples/reference_prelude.js");

/// An order of about 1 KB as JSON.
pub(crate) const INPUT: &str =
    include_str!("../../crates/scriptorium-engine/examples/reference_input.json");
