//! Any text as the settings of a script.
#![no_main]

use scriptorium_model as model;

#[path = "../../crates/scriptorium-cli/src/manifest/entry.rs"]
mod entry;
#[path = "../properties/settings.rs"]
mod settings;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| settings::check(bytes, entry::of));
