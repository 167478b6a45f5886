//! What the fuzzer starts from and what it once found in settings (docs/attacks.md).

use scriptorium::model;

#[path = "../../../../fuzz/properties/replay.rs"]
mod replay;
#[path = "../../../../fuzz/properties/settings.rs"]
mod settings;

#[test]
fn settings_are_refused_or_sound() {
    replay::replay("settings", |bytes| {
        settings::check(bytes, super::entry::of);
    });
}
