//! The command as its users meet it: real processes, their output and their exit status.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod attached;
mod backup;
mod check;
mod command;
mod config;
mod crash;
mod help;
mod ledger;
mod migrate;
mod run;
mod serve;
mod stop;
mod transfer;
mod wall;
