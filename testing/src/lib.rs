//! What tests of several crates need and the product does not: a private PostgreSQL cluster from
//! Debian's package, and in it a database for each test, cloned from a template that was migrated
//! once; and native code that tries the wall of a process. Failing to get one is a failed test, so
//! everything here panics with what went wrong.

mod cluster;
mod database;
pub mod escape;

pub use cluster::Cluster;
pub use database::Database;
