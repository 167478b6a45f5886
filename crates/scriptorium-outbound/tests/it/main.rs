//! The way out, tried from the inside: hostile URLs, names, redirects and bodies against servers on this
//! machine. Nothing leaves it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]

mod addresses;
mod bodies;
mod credentials;
mod names;
mod networks;
mod redirects;
mod server;
mod tls;
mod urls;
mod zone;
