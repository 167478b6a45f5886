//! The crate against what Node.js prints for the same calls (`tests/node/generate.mjs`), and against
//! whatever a stranger may send.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]

mod anything;
mod collations;
mod dates;
mod numbers;
mod table;
