//! The sample business on a real platform: every sample script runs, and what it did is looked at.
//! The clock stands still until a test moves it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod embedding;
mod merge;
mod orders;
mod price;
mod recipes;
mod reminder;
mod report;
mod seed;
mod services;
mod validation;
mod webhook;
mod world;
