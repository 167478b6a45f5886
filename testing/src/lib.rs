//! What tests of several crates need and the product does not: a private PostgreSQL cluster from
//! Debian's package, with a replica where one is wanted, and in it a database for each test, cloned from a template that was migrated
//! once, or a folder copied from one; servers of mail and web on the loopback, which tell what came; and native code that tries the wall of a process. Failing to get one is a failed test, so
//! everything here panics with what went wrong.

mod cluster;
mod database;
pub mod escape;
mod folder;
mod smtp;
mod web;

pub use cluster::Cluster;
pub use database::Database;
pub use folder::copied;
pub use smtp::{AUTHORITY, Mail, Offers, SmtpServer};
pub use web::{Request, WebServer};
