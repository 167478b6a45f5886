//! What the engine promises, against the real guest. Scripts are files in
//! `tests/scripts`, whose header says what must come of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may panic, that is how it fails"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tasks end with their test, and there is no clock but the machine's"
)]

mod calls;
mod cancel;
mod corpus;
mod fuzzed;
mod images;
mod isolation;
mod libraries;
mod meter;
mod numbers;
mod pool;
mod setup;
mod support;
