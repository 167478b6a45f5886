//! Schedules over a real store: which planned instants run, which are skipped and why, and that each is
//! decided once, whatever is killed and however clocks jump.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]

mod policies;
mod servers;
mod world;
mod years;
