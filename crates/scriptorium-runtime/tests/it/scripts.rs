//! Every method of every capability, as scripts see it.

use crate::cases::check;

#[test]
fn console() {
    check("console", &[]);
}

#[test]
fn context() {
    check("context", &[]);
}

#[test]
fn dry() {
    check("dry", &[]);
}

#[test]
fn storage() {
    check("storage", &[]);
}

#[test]
fn cache() {
    check("cache", &[]);
}

#[test]
fn secrets() {
    check("secrets", &[]);
}

#[test]
fn db() {
    check("db", &[]);
}

#[test]
fn events() {
    check("events", &[]);
}

#[test]
fn utils() {
    check("utils", &[]);
}

#[test]
fn services() {
    check("services", &[]);
}

#[test]
fn endpoint() {
    check("endpoint", &[]);
}

#[test]
fn limits() {
    check("limits", &[]);
}

#[test]
fn language() {
    check("language", &[]);
}

#[test]
fn text() {
    check("text", &[]);
}

#[test]
fn clone() {
    check("clone", &[]);
}

#[test]
fn timers() {
    check("timers", &[]);
}

#[test]
fn abort() {
    check("abort", &[]);
}

#[test]
fn url() {
    check("url", &[]);
}

#[test]
fn webcrypto() {
    check("webcrypto", &[]);
}

#[test]
fn intl() {
    check("intl", &[]);
}
