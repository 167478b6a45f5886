//! The pages as a browser is answered: status, headers and what stands in them. How they look and
//! what their scripts do is tested in a browser, in `e2e/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]

mod events;
mod notifications;
mod pages;
mod site;
