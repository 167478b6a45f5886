//! JSON across the wall.
#![no_main]

use std::sync::LazyLock;

#[path = "../properties/values.rs"]
mod values;

static VALUES: LazyLock<values::Values> = LazyLock::new(|| values::Values::new(None));

// No input's time: the guest is compiled first.
libfuzzer_sys::fuzz_target!(
    init: { LazyLock::force(&VALUES); },
    |bytes: &[u8]| VALUES.check(bytes)
);
