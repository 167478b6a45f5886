//! The crate against what Node.js prints for the same calls (`tests/node/generate.mjs`), and against
//! whatever a stranger may send.

mod anything;
mod collations;
mod dates;
mod numbers;
mod table;
