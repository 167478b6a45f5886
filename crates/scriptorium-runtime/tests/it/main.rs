//! Tests of the runtime against the real engine and a real store in a temporary directory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]

mod attacks;
mod canary;
mod cases;
mod circuits;
mod compatibility;
mod fairness;
mod functions;
mod harness;
mod http;
mod libraries;
mod limits;
mod live;
mod principal;
mod scripts;
mod secrets;
mod tables;
mod typings;
mod worker;
