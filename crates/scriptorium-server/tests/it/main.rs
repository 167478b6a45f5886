//! The server as its clients see it: a real platform in a temporary directory behind a bound
//! port. One file per promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set itself up has failed"
)]

mod audit;
mod bad_input;
mod compatibility;
mod conformance;
mod connections;
mod documents;
mod doors;
mod drafts;
mod endpoints;
mod fixture;
mod headers;
mod idempotency;
mod neighbours;
mod parts;
mod proxies;
mod raw;
mod roles;
mod room;
mod schedules;
mod script_database;
mod sessions;
mod streams;
