//! Any text as the source of a script.
#![no_main]

#[path = "../properties/source.rs"]
mod source;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| source::check(bytes));
