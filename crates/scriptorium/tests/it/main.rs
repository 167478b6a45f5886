//! The façade against the real engine and a real database, each test in a directory of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panic"
)]

mod access;
mod around;
mod backlog;
mod compatibility;
mod dead_letters;
mod dry;
mod embedded;
mod endpoints;
mod events;
mod executions;
mod halts;
mod idempotency;
mod nodes;
mod notifications;
mod operations;
mod outgoing;
mod postgres;
mod remote_services;
mod replay;
mod replica;
mod schedules;
mod scripts;
mod signatures;
mod tenants;
mod transfer;
mod users;
mod waiting;
mod world;
