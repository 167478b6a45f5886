//! Rules of the model, checked as tables.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that fails by panic is fine"
)]

mod cron;
mod dates;
mod machines;
mod oracle;
mod policies;
mod policy;
mod rules;
mod validation;
